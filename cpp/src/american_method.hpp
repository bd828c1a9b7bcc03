// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "exercise_dates.hpp"
#include "riskarray/series.hpp"

#include <cstdint>

namespace riskarray {

// How an American series is priced; the twin is _numba/american_method.py.
enum class AmericanMethod : std::int8_t {
    european = 0,      // exercise before expiry is never worth more
    boundary = 1,      // no ex-date before expiry, one exercise boundary: collocation
    grid = 2,          // ex-dates before expiry, or two boundaries
    dividend_call = 3, // a call that is exercised just before a few ex-dates only
};
inline constexpr std::size_t n_american_methods = 4;

// Is a cash dividend of the series' underlying due after now and no later than expiry?
inline bool
has_dividend(const UnderlyingSpots& market, std::size_t underlying, double time) noexcept {
    const std::int64_t end = market.dividend_offset[underlying + 1];
    for (std::int64_t k = market.dividend_offset[underlying]; k < end; ++k) {
        const auto dividend = static_cast<std::size_t>(k);
        const double ex_time = market.dividend_time[dividend];
        if (ex_time > 0.0 && ex_time <= time && market.dividend_amount[dividend] > 0.0) {
            return true;
        }
    }
    return false;
}

// A call with cash dividends. Without a yield and with r >= 0, waiting costs nothing between
// ex-dates. Dividends of more than a tenth of the strike go to the grid, which errs less there:
// 1e-5 of the spot against 4e-4 at half of the strike.
inline AmericanMethod dividend_call_method(const OptionSeries& series,
                                           const UnderlyingSpots& market,
                                           std::size_t row) noexcept {
    const double rate = series.rate[row];
    if (series.dividend_yield[row] != 0.0 || rate < 0.0) {
        return AmericanMethod::grid;
    }
    const ExerciseDates dates = exercise_dates(market,
                                               static_cast<std::size_t>(series.underlying[row]),
                                               series.strike[row],
                                               rate,
                                               series.time_to_expiry[row]);
    if (dates.count == 0) {
        return AmericanMethod::european;
    }
    const bool is_usual = dates.count <= kMostDates && dates.most_dividends <= 0.1;
    return is_usual ? AmericanMethod::dividend_call : AmericanMethod::grid;
}

// Without cash dividends a call with rate r and yield q is a put with r and q exchanged (McDonald
// and Schroder 1998). A put is exercised early only if r K > q S for some S < K: never when r <= 0
// and q >= r, and dividends only make it wait; between two boundaries when q < r < 0 (Andersen and
// Lake 2021).
inline AmericanMethod american_method(const OptionSeries& series,
                                      const UnderlyingSpots& market,
                                      std::size_t row) noexcept {
    const double time = series.time_to_expiry[row];
    const bool is_put = series.right[row] < 0;
    const bool has_dividends =
        has_dividend(market, static_cast<std::size_t>(series.underlying[row]), time);
    if (has_dividends && !is_put) {
        return dividend_call_method(series, market, row);
    }
    const double r = is_put ? series.rate[row] : series.dividend_yield[row];
    const double q = is_put ? series.dividend_yield[row] : series.rate[row];
    if (!(time > 0.0) || (r <= 0.0 && q >= r)) {
        return AmericanMethod::european;
    }
    return has_dividends || r < 0.0 ? AmericanMethod::grid : AmericanMethod::boundary;
}

} // namespace riskarray
