// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/series.hpp"

namespace riskarray {

enum class Model : std::int8_t { linear = 0, european = 1, american = 2 };

// Values per share of n series at every spot of their underlying, out[i * n_spots + j].
// Black and Scholes (1973) with Merton's yield on the spot less the present value of the dividends
// to come; absolute error below 1e-13 * (spot + strike). threads = 0 means all processors.
void european_value(const OptionSeries& series,
                    const UnderlyingSpots& market,
                    int threads,
                    std::span<double> value) noexcept;

// The same for American exercise on the full spot, all spots from one solve per series; the error
// of each method is stated in its source under src/isa.
void american_value(const OptionSeries& series,
                    const UnderlyingSpots& market,
                    int threads,
                    std::span<double> value) noexcept;

// P&L of one unit (multiplier included) of n instruments at the spots 1..p against spot 0,
// pnl[i * p + j]; base[i] is the value per share at spot 0. A linear instrument (stock, future) is
// worth its spot.
void risk_arrays(std::span<const std::int8_t> model,
                 const OptionSeries& series,
                 std::span<const double> multiplier,
                 const UnderlyingSpots& market,
                 int threads,
                 std::span<double> base,
                 std::span<double> pnl) noexcept;

} // namespace riskarray
