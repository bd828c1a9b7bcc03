// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace riskarray {

// Most spots that one solve prices: the base and 64 valuation points.
inline constexpr std::size_t max_spots = 65;

// Terms of n option series, structure of arrays; money in currency per share, time in years
// (ACT/365), rate and yield continuous per year.
struct OptionSeries {
    std::span<const std::int32_t> underlying; // row in UnderlyingSpots
    std::span<const std::int8_t> right;       // +1 call, -1 put
    std::span<const double> strike;
    std::span<const double> volatility; // NaN where a series has none: its values are NaN
    std::span<const double> rate;
    std::span<const double> dividend_yield;
    std::span<const double> time_to_expiry;

    [[nodiscard]] std::size_t size() const noexcept { return strike.size(); }
    [[nodiscard]] OptionSeries slice(std::size_t begin, std::size_t count) const noexcept {
        return {underlying.subspan(begin, count),
                right.subspan(begin, count),
                strike.subspan(begin, count),
                volatility.subspan(begin, count),
                rate.subspan(begin, count),
                dividend_yield.subspan(begin, count),
                time_to_expiry.subspan(begin, count)};
    }
};

// Spots (u, n_spots) of each underlying and its cash dividends (CSR, sorted by time); a dividend
// counts for a series when 0 < dividend_time <= time_to_expiry.
struct UnderlyingSpots {
    std::size_t n_spots = 0;
    std::span<const double> spot;
    std::span<const std::int64_t> dividend_offset;
    std::span<const double> dividend_time;
    std::span<const double> dividend_amount;
};

} // namespace riskarray
