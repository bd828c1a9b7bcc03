// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/series.hpp"

namespace {

// Fixed point A of isa/american_boundary.cpp contracts while the drift is small against the
// deviation; B always does, slowly. Below this volatility a series takes B: its values there may
// differ from A's by the error of the method. The twin is _numba/american_method.py.
inline double steep_volatility(const riskarray::OptionSeries& series, std::size_t row) noexcept {
    constexpr double steep_drift = 0.6; // over the deviation
    constexpr double steep_fall = 8.0;
    constexpr double least_deviation = 1e-7;
    const double root_time = __builtin_sqrt(series.time_to_expiry[row]);
    const double put_drift =
        -static_cast<double>(series.right[row]) * (series.rate[row] - series.dividend_yield[row]);
    const double steep =
        put_drift * root_time * (put_drift > 0.0 ? 1.0 / steep_drift : -1.0 / steep_fall);
    const double least = least_deviation / root_time;
    return steep < least ? least : steep;
}

} // namespace
