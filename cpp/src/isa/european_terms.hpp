// SPDX-License-Identifier: Apache-2.0
#pragma once

// The formula of european_value.cpp, which american_boundary.cpp adds the premium of early exercise
// to.

#include "lanes.hpp"

namespace {

// What does not depend on the spot.
struct EuropeanTerms {
    Vec deviation, inverse_deviation; // sigma sqrt(T)
    Vec log_drift;                    // (r - q) T - ln K
    Vec yield_discount;               // e^(-q T)
    Vec discounted_strike;            // K e^(-r T)
};

inline EuropeanTerms european_terms(const SeriesLanes& lanes) noexcept {
    const Vec time = max(lanes.time_to_expiry, Vec{});
    const Vec carry = (lanes.rate - lanes.dividend_yield) * time;
    const Vec deviation = lanes.volatility * sqrt(time);
    return {deviation,
            1.0 / deviation,
            carry - log_of_positive(lanes.strike),
            exp(-lanes.dividend_yield * time),
            lanes.strike * exp(-lanes.rate * time)};
}

// Without deviation the forward is certain and the value is the discounted intrinsic value.
inline Vec
european_at_spot(const EuropeanTerms& terms, Vec sign, Vec escrowed, Vec log_escrowed) noexcept {
    const Vec discounted_spot = escrowed * terms.yield_discount;
    const Vec certain_value = max(sign * (discounted_spot - terms.discounted_strike), Vec{});
    const Vec d1 =
        (log_escrowed + terms.log_drift) * terms.inverse_deviation + 0.5 * terms.deviation;
    const Vec d2 = d1 - terms.deviation;
    // S e^(-qT) n(d1) = K e^(-rT) n(d2): one exp serves both; the smaller |d| does not underflow.
    const Mask is_first = abs(d1) < abs(d2);
    const Vec d = select(is_first, d1, d2);
    const Vec density =
        select(is_first, discounted_spot, terms.discounted_strike) * exp(-0.5 * d * d);
    const TailRatio t1 = tail_ratio(min(abs(d1), broadcast(38.0)));
    const TailRatio t2 = tail_ratio(min(abs(d2), broadcast(38.0)));
    const Vec scale = density / (t1.bottom * t2.bottom);
    const Vec tail1 = scale * t1.top * t2.bottom;
    const Vec tail2 = scale * t2.top * t1.bottom;
    const Vec spot_part = select(sign * d1 > 0.0, discounted_spot - tail1, tail1);
    const Vec strike_part = select(sign * d2 > 0.0, terms.discounted_strike - tail2, tail2);
    const Vec value = sign * (spot_part - strike_part);
    const Mask is_certain = (terms.deviation == 0.0) | (escrowed <= 0.0);
    return select(is_certain, certain_value, max(value, Vec{}));
}

} // namespace
