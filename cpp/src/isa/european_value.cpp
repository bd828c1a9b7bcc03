// SPDX-License-Identifier: Apache-2.0
#include "isa/lanes.hpp"
#include "isa_methods.hpp"

namespace riskarray::RISKARRAY_ISA {
namespace {

// What does not depend on the spot.
struct EuropeanTerms {
    Vec deviation;         // sigma sqrt(T)
    Vec log_drift;         // (r - q) T - ln K
    Vec yield_discount;    // e^(-q T)
    Vec discounted_strike; // K e^(-r T)
};

EuropeanTerms european_terms(const SeriesLanes& lanes) noexcept {
    const Vec time = max(lanes.time_to_expiry, Vec{});
    const Vec carry = (lanes.rate - lanes.dividend_yield) * time;
    return {lanes.volatility * sqrt(time),
            carry - log(lanes.strike),
            exp(-lanes.dividend_yield * time),
            lanes.strike * exp(-lanes.rate * time)};
}

// Without deviation the forward is certain and the value is the discounted intrinsic value.
Vec european_at_spot(const EuropeanTerms& terms, Vec sign, Vec escrowed) noexcept {
    const Vec is_certain_value =
        max(sign * (escrowed * terms.yield_discount - terms.discounted_strike), Vec{});
    const Vec d1 = (log(escrowed) + terms.log_drift) / terms.deviation + 0.5 * terms.deviation;
    const Vec d2 = d1 - terms.deviation;
    const Vec value = sign * (escrowed * terms.yield_discount * norm_cdf(sign * d1) -
                              terms.discounted_strike * norm_cdf(sign * d2));
    const Mask is_certain = (terms.deviation == 0.0) | (escrowed <= 0.0);
    return select(is_certain, is_certain_value, max(value, Vec{}));
}

} // namespace

void european_value(const OptionSeries& series,
                    const UnderlyingSpots& market,
                    std::span<const std::int32_t> rows,
                    std::span<double> value) noexcept {
    for (std::size_t first = 0; first < rows.size(); first += kLanes) {
        const SeriesLanes lanes = gather_lanes(series, market, rows, first);
        const EuropeanTerms terms = european_terms(lanes);
        const Vec without_source =
            lanes.volatility - lanes.volatility; // 0, or NaN without volatility
        for (std::size_t j = 0; j < market.n_spots; ++j) {
            const Vec escrowed = max(gather_spot(lanes, market, j) - lanes.dividends, Vec{});
            const Vec at_spot = european_at_spot(terms, lanes.sign, escrowed) + without_source;
            scatter_value(lanes, market.n_spots, j, at_spot, value);
        }
    }
}

} // namespace riskarray::RISKARRAY_ISA
