// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/series.hpp"

#include <cstddef>
#include <cstdint>

// Internal linkage, for sources of every instruction set include this.
namespace {

struct CertainTerms {
    double sign; // +1 call, -1 put
    double strike, rate, dividend_yield, time_to_expiry;
    std::size_t underlying;
};

// Exercise at time t with the escrowed spot and the dividends to come, both discounted to now.
inline double exercise_at(const CertainTerms& terms, double asset, double time) noexcept {
    return terms.sign * (asset * __builtin_exp(-terms.dividend_yield * time) -
                         terms.strike * __builtin_exp(-terms.rate * time));
}

// The best of exercise at either end of a segment of time without ex-dates and where it is
// stationary between them, q S = r K.
inline double best_between(const CertainTerms& terms, double asset, double begin, double end) {
    const double at_begin = exercise_at(terms, asset, begin);
    const double at_end = exercise_at(terms, asset, end);
    double best = at_begin > at_end ? at_begin : at_end;
    const double ratio = terms.dividend_yield * asset / (terms.rate * terms.strike);
    const double gap = terms.dividend_yield - terms.rate;
    if (ratio > 0.0 && gap != 0.0) {
        const double time = __builtin_log(ratio) / gap;
        const double stationary =
            time > begin && time < end ? exercise_at(terms, asset, time) : 0.0;
        best = stationary > best ? stationary : best;
    }
    return best;
}

// Value at a full spot when the escrowed spot grows without risk: exercise at the best time, on the
// full spot. Dividends are sorted by time; those at one time of expiry or before count.
inline double certain_value(const CertainTerms& terms,
                            const riskarray::UnderlyingSpots& market,
                            double spot,
                            double dividends) noexcept {
    double asset = spot > dividends ? spot : dividends; // escrowed spot and dividends to come
    double begin = 0.0;
    double best = 0.0;
    const std::int64_t last = market.dividend_offset[terms.underlying + 1];
    for (std::int64_t k = market.dividend_offset[terms.underlying]; k < last; ++k) {
        const double time = market.dividend_time[static_cast<std::size_t>(k)];
        if (!(time > 0.0) || time > terms.time_to_expiry) {
            continue;
        }
        const double value = best_between(terms, asset, begin, time);
        best = value > best ? value : best;
        asset -= market.dividend_amount[static_cast<std::size_t>(k)] *
                 __builtin_exp((terms.dividend_yield - terms.rate) * time);
        begin = time;
    }
    asset = asset > 0.0 ? asset : 0.0; // rounding
    const double value = best_between(terms, asset, begin, terms.time_to_expiry);
    return value > best ? value : best;
}

} // namespace
