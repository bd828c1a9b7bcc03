// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/series.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

// Internal linkage, for sources of every instruction set include this.
namespace {

constexpr std::size_t kMostDates = 6;
// Of the strike: a date that gains less is left out.
constexpr double kLeastGain = 1e-9;

// The dates, the last one first, just before which a call without yield may be exercised when the
// rate is not negative: those that gain over holding, far in the money, where the rest of the
// decision is certain. At any other date, to wait for the next of these is better for every spot.
struct ExerciseDates {
    std::array<double, kMostDates> time{};
    std::array<double, kMostDates> gain{}; // in strikes, discounted to now
    std::size_t count = 0;                 // may exceed what the arrays hold
    double most_dividends = 0.0;           // greatest value of the dividends to come at a date
};

inline ExerciseDates exercise_dates(const riskarray::UnderlyingSpots& market,
                                    std::size_t underlying,
                                    double strike,
                                    double rate,
                                    double time_to_expiry) noexcept {
    ExerciseDates dates;
    double dividends = 0.0;                                // present value, in strikes
    double later = -__builtin_exp(-rate * time_to_expiry); // best certain exercise after the date
    const std::int64_t first = market.dividend_offset[underlying];
    for (std::int64_t k = market.dividend_offset[underlying + 1] - 1; k >= first; --k) {
        const double time = market.dividend_time[static_cast<std::size_t>(k)];
        if (!(time > 0.0) || time > time_to_expiry) {
            continue;
        }
        const double discount = __builtin_exp(-rate * time);
        dividends += market.dividend_amount[static_cast<std::size_t>(k)] / strike * discount;
        const bool has_same =
            k > first && market.dividend_time[static_cast<std::size_t>(k - 1)] == time;
        const double gain = dividends - discount - later;
        if (has_same || !(gain > kLeastGain)) {
            continue;
        }
        later = dividends - discount;
        const double at_date = dividends / discount;
        dates.most_dividends = at_date > dates.most_dividends ? at_date : dates.most_dividends;
        if (dates.count < kMostDates) {
            dates.time[dates.count] = time;
            dates.gain[dates.count] = gain;
        }
        ++dates.count;
    }
    return dates;
}

} // namespace
