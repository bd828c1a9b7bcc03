// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/series.hpp"

namespace riskarray {

// The search keeps to this range; a price outside what the range can be worth has no volatility.
inline constexpr double min_volatility = 1e-4;
inline constexpr double max_volatility = 10.0;

enum class VolatilityStatus : std::int8_t {
    ok = 0,
    below_intrinsic = 1, // price at or below the value of exercise, or of the least volatility
    above_bound = 2,     // price at or above the no-arbitrage bound, or the value at the greatest
    no_time = 3,
    no_price = 4,
    not_converged = 5, // no volatility gives the price to the tolerance
};

// Volatility at which n series are worth their price at the one spot of their underlying: the
// value of the pricing kernel there is within 1e-7 * spot of the price. Volatility is NaN unless
// the status is ok. `exercise` is 1 (European) or 2 (American); series.volatility is not read and
// may be any span of size n. threads = 0 means all processors.
void implied_volatility(std::span<const double> price,
                        std::span<const std::int8_t> exercise,
                        const OptionSeries& series,
                        const UnderlyingSpots& market,
                        int threads,
                        std::span<double> volatility,
                        std::span<std::int8_t> status) noexcept;

} // namespace riskarray
