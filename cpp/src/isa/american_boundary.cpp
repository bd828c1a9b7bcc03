// SPDX-License-Identifier: Apache-2.0
//
// American options with one exercise boundary and no cash dividends: collocation of the boundary
// after Andersen, Lake and Offengenden (2016), "High-performance American option pricing", J. Comp.
// Finance 20(1). Calls are puts with S and K, r and q exchanged (McDonald and Schroder 1998).
//
// What is solved for is b(t) = ln(B(t) / B(0+)) <= 0, B the boundary over the strike at time t to
// expiry; b^2 is interpolated in the root of time. One lane is one series. Times, boundary and
// quadrature are shares of the time to expiry, so that interpolation is one constant matrix; every
// root in the integrands is taken out by an angle (boundary_rule.hpp), so that 7 nodes, 6 points a
// node and 14 points a price do.
//
// Fixed point A unless the drift is steep against the deviation (batch_of), where A swings and B
// takes its place; no case is left to another method but two boundaries (american_method.hpp).
//
// Error in units of spot against QuantLib's high-precision scheme, 20,000 random series of 1 day to
// 2.5 years, volatility 5 to 300 %, strike 40 to 250 % of spot, rate -1 to 8 %, yield 0 to 12 %:
// worst 2.3e-6, 99 % below 4e-7, median below 1e-12; volatility 0.2 to 40 % with rates and yields
// to 12 %: worst 6e-6. Bounds are asserted by tests/test_american_value.py.

#include "block_value.hpp"
#include "isa/european_terms.hpp"
#include "isa/exercise_boundary.hpp"
#include "isa_methods.hpp"
#include "steep_volatility.hpp"

namespace riskarray::RISKARRAY_ISA {
namespace {

// Drift over deviation at which the spot has left the boundary for good.
constexpr double kGreatestDrift = 4.0;

// The sum that gives the premium of early exercise at one spot: Phi(-d2) with
// d2 / sqrt(2) = log_spot * scale + shift.
struct PremiumTerms {
    std::array<Vec, n_price_points> scale, shift, rate_weight, yield_weight;
};

template <bool has_yield>
PremiumTerms premium_terms(const PutTerms& put, const NodeVec& boundary) noexcept {
    NodeVec square;
    for (std::size_t i = 0; i < n_nodes; ++i) {
        square[i] = boundary[i] * boundary[i];
    }
    const Vec rate_time = put.rate * put.time;
    const Vec yield_time = put.yield * put.time;
    PremiumTerms premium;
    for (std::size_t k = 0; k < n_price_points; ++k) {
        const double y = price_point[k];
        const Vec log_boundary = interpolate(price_interpolation[k], square) + put.log_start;
        premium.scale[k] = put.scale * (1.0 / y);
        premium.shift[k] = put.tilt * y - log_boundary * premium.scale[k];
        premium.rate_weight[k] = rate_time * price_weight[k] * exp_coarse(rate_time * (-y * y));
        premium.yield_weight[k] =
            has_yield ? yield_time * price_weight[k] * exp_coarse(yield_time * (-y * y)) : Vec{};
    }
    return premium;
}

// Premium at a spot whose log over the strike is log_spot, in units of (strike, spot).
template <bool has_yield>
Vec premium_at_spot(
    const PremiumTerms& terms, const PutTerms& put, Vec log_spot, Vec strike, Vec spot) noexcept {
    Vec sum_rate{};
    for (std::size_t k = 0; k < n_price_points; ++k) {
        const Vec h2 = log_spot * terms.scale[k] + terms.shift[k];
        sum_rate += terms.rate_weight[k] * norm_cdf_coarse(-h2);
    }
    Vec sum_yield{};
    if constexpr (has_yield) {
        for (std::size_t k = 0; k < n_price_points; ++k) {
            const Vec h2 = log_spot * terms.scale[k] + terms.shift[k];
            const Vec h1 = h2 + put.deviation * price_point[k];
            sum_yield += terms.yield_weight[k] * norm_cdf_coarse(-h1);
        }
    }
    return strike * sum_rate - spot * sum_yield;
}

// The value without volatility: exercise at the best time. A stationary time is best when the yield
// is above the rate.
Vec certain_value(const PutTerms& put, Vec log_spot, Vec strike, Vec spot) noexcept {
    const Vec best =
        select(put.yield > put.rate, (log_spot - put.log_start) / (put.yield - put.rate), Vec{});
    const Vec at_best = min(max(best, Vec{}), put.time);
    const Vec then = strike * exp(-put.rate * at_best) - spot * exp(-put.yield * at_best);
    const Vec late = strike * exp(-put.rate * put.time) - spot * exp(-put.yield * put.time);
    return max(max(then, late), max(strike - spot, Vec{}));
}

// Time to expiry, or an earlier time after which exercise is worth nothing more: where the drift is
// steep the spot has left the boundary for good (error below e^(-8) of the time value).
Vec useful_time(const SeriesLanes& lanes) noexcept {
    const Vec drift = lanes.sign * (lanes.dividend_yield - lanes.rate);
    const Vec ratio = lanes.volatility * kGreatestDrift / drift;
    return select(drift > 0.0, min(lanes.time_to_expiry, ratio * ratio), lanes.time_to_expiry);
}

template <FixedPoint fixed_point, bool has_yield>
void value_lanes(const UnderlyingSpots& market,
                 SeriesLanes lanes,
                 std::span<double> value) noexcept {
    const Mask is_certain = lanes.volatility * sqrt(lanes.time_to_expiry) < kLeastDeviation;
    const PutTerms certain = put_terms(lanes);
    if constexpr (fixed_point == FixedPoint::b) {
        lanes.time_to_expiry = useful_time(lanes);
    }
    const PutTerms put = put_terms(lanes);
    const EuropeanTerms european = european_terms(lanes);
    const NodeVec boundary = solve_boundary<fixed_point, has_yield>(put);
    const PremiumTerms premium = premium_terms<has_yield>(put, boundary);
    const Vec log_exercise = boundary[0] + put.log_start;
    const Mask is_call = lanes.sign > 0.0;
    const Vec log_strike = log_of_positive(lanes.strike);
    const Vec without_source = lanes.volatility - lanes.volatility; // 0, or NaN without volatility
    Vec at_spot[max_spots];
    gather_spots(lanes, market, at_spot);
    for (std::size_t j = 0; j < market.n_spots; ++j) {
        const Vec spot = at_spot[j];
        const Vec log_spot = log_of_positive(spot);
        const Vec put_log_spot = lanes.sign * (log_strike - log_spot);
        const Vec put_strike = select(is_call, spot, lanes.strike);
        const Vec put_spot = select(is_call, lanes.strike, spot);
        const Vec intrinsic = max(put_strike - put_spot, Vec{});
        Vec early = max(
            premium_at_spot<has_yield>(premium, put, put_log_spot, put_strike, put_spot), Vec{});
        Vec least = intrinsic;
        if constexpr (fixed_point == FixedPoint::b) {
            early = select(is_certain, Vec{}, early);
            least = certain_value(certain, put_log_spot, put_strike, put_spot);
        }
        const Vec best = max(european_at_spot(european, lanes.sign, spot, log_spot) + early, least);
        const Mask is_exercised = (put_log_spot <= log_exercise) | (spot <= 0.0);
        at_spot[j] = select(is_exercised, intrinsic, min(best, put_strike)) + without_source;
    }
    scatter_values(lanes, market.n_spots, at_spot, value);
}

// Rows that one instance of the solver prices together.
struct Batch {
    std::array<std::int32_t, max_block> row;
    std::size_t size = 0;
};

// 0 or 1: fixed point A without or with a yield; 2 or 3: fixed point B.
std::size_t batch_of(const OptionSeries& series, std::size_t row) noexcept {
    const double q = series.right[row] < 0 ? series.dividend_yield[row] : series.rate[row];
    const bool is_steep = series.volatility[row] < steep_volatility(series, row);
    return (is_steep ? 2U : 0U) + (q == 0.0 ? 0U : 1U);
}

using ValueLanes = void (*)(const UnderlyingSpots& market,
                            SeriesLanes lanes,
                            std::span<double> value) noexcept;

} // namespace

void american_boundary(const OptionSeries& series,
                       const UnderlyingSpots& market,
                       std::span<const std::int32_t> rows,
                       std::span<double> value) noexcept {
    constexpr ValueLanes value_by_batch[] = {value_lanes<FixedPoint::a, false>,
                                             value_lanes<FixedPoint::a, true>,
                                             value_lanes<FixedPoint::b, false>,
                                             value_lanes<FixedPoint::b, true>};
    std::array<Batch, 4> batches;
    for (const std::int32_t row : rows) {
        Batch& batch = batches[batch_of(series, static_cast<std::size_t>(row))];
        batch.row[batch.size++] = row;
    }
    for (std::size_t k = 0; k < batches.size(); ++k) {
        const std::span<const std::int32_t> batch(batches[k].row.data(), batches[k].size);
        for (std::size_t first = 0; first < batch.size(); first += kLanes) {
            value_by_batch[k](market, gather_lanes(series, market, batch, first), value);
        }
    }
}

} // namespace riskarray::RISKARRAY_ISA
