// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/series.hpp"

#include <cstdint>

namespace riskarray {

// How an American series is priced; the twin is _numba/american_method.py.
enum class AmericanMethod : std::int8_t {
    european = 0, // exercise before expiry is never worth more
    boundary = 1, // no ex-date before expiry, one exercise boundary: collocation
    grid = 2,     // ex-dates before expiry, or two boundaries
};
inline constexpr std::size_t n_american_methods = 3;

// Is a cash dividend of the series' underlying due after now and no later than expiry?
inline bool
has_dividend(const UnderlyingSpots& market, std::size_t underlying, double time) noexcept {
    const std::int64_t end = market.dividend_offset[underlying + 1];
    for (std::int64_t k = market.dividend_offset[underlying]; k < end; ++k) {
        const double ex_time = market.dividend_time[static_cast<std::size_t>(k)];
        if (ex_time > 0.0 && ex_time <= time) {
            return true;
        }
    }
    return false;
}

// Without cash dividends a call with rate r and yield q is a put with r and q exchanged (McDonald
// and Schroder 1998). A put is exercised early only if r K > q S for some S < K: never when r <= 0
// and q >= r; between two boundaries when q < r < 0 (Andersen and Lake 2021).
inline AmericanMethod american_method(const OptionSeries& series,
                                      const UnderlyingSpots& market,
                                      std::size_t row) noexcept {
    const double time = series.time_to_expiry[row];
    if (has_dividend(market, static_cast<std::size_t>(series.underlying[row]), time)) {
        return AmericanMethod::grid;
    }
    const bool is_put = series.right[row] < 0;
    const double r = is_put ? series.rate[row] : series.dividend_yield[row];
    const double q = is_put ? series.dividend_yield[row] : series.rate[row];
    if (!(time > 0.0) || (r <= 0.0 && q >= r)) {
        return AmericanMethod::european;
    }
    return r < 0.0 ? AmericanMethod::grid : AmericanMethod::boundary;
}

} // namespace riskarray
