// SPDX-License-Identifier: Apache-2.0
//
// American options with one exercise boundary and no cash dividends: collocation of the boundary
// after Andersen, Lake and Offengenden (2016), "High-performance American option pricing", J. Comp.
// Finance 20(1). Calls are puts with S and K, r and q exchanged (McDonald and Schroder 1998).
//
// What is solved for is b(t) = ln(B(t) / B(0+)) <= 0, B the boundary over the strike at time t to
// expiry; b^2 is interpolated in the root of time. One lane is one series.
//
// Error against QuantLib's high-precision scheme, 1 day to 2.5 years, volatility 5 to 300 %, strike
// 40 to 250 % of spot, rate -1 to 8 %, yield 0 to 12 %: see tests/test_american_value.py.

#include "block_value.hpp"
#include "isa/boundary_rule.hpp"
#include "isa/european_terms.hpp"
#include "isa_methods.hpp"

namespace riskarray::RISKARRAY_ISA {
namespace {

constexpr double kSqrt2Pi = 2.506628274631000502;
// Least deviation sigma sqrt(T) of which the density is taken; below, prices are those of
// certainty.
constexpr double kLeastDeviation = 1e-7;
// Fixed point A contracts while the drift is small against the deviation; B always does, slowly.
constexpr double kSteepDrift = 0.6;
constexpr double kSteepFall = 8.0;
// A correction is at most so much larger than the plain step.
constexpr double kGreatestSlope = 0.6;

enum class FixedPoint : std::uint8_t { a, b };

// The put that a series is, strike 1.
struct PutTerms {
    Vec time, rate, yield;
    Vec deviation, inverse_deviation; // sigma sqrt(T)
    Vec tilt;                         // drift of the log over the deviation at expiry
    Vec log_start;                    // ln B(0+)
};

using NodeVec = std::array<Vec, n_nodes>;

PutTerms put_terms(const SeriesLanes& lanes) noexcept {
    const Mask is_call = lanes.sign > 0.0;
    PutTerms put;
    put.time = lanes.time_to_expiry;
    put.rate = select(is_call, lanes.dividend_yield, lanes.rate);
    put.yield = select(is_call, lanes.rate, lanes.dividend_yield);
    put.deviation = max(lanes.volatility * sqrt(put.time), broadcast(kLeastDeviation));
    put.inverse_deviation = 1.0 / put.deviation;
    put.tilt = (put.rate - put.yield) * put.time * put.inverse_deviation - 0.5 * put.deviation;
    put.log_start = select(put.yield > put.rate, log(put.rate / put.yield), Vec{});
    return put;
}

// The boundary after Barone-Adesi and Whaley (1987), eq. 31, with the exact perpetual boundary.
NodeVec guess_boundary(const PutTerms& put) noexcept {
    const Vec variance = put.deviation * put.deviation;
    const Vec carry = (put.rate - put.yield) * put.time;
    const Vec half_slope = carry / variance - 0.5;
    const Vec product = 2.0 * put.rate * put.time / variance;
    const Vec root = sqrt(half_slope * half_slope + product);
    // The negative root of the perpetual equation, without cancellation.
    const Vec exponent =
        select(half_slope > 0.0, -half_slope - root, -product / (root - half_slope));
    const Vec perpetual = exponent / (exponent - 1.0);
    const Vec start = exp(put.log_start);
    NodeVec boundary;
    for (std::size_t i = 0; i < n_nodes; ++i) {
        const Vec fall = (carry * (node[i] * node[i]) - 2.0 * node[i] * put.deviation) *
                         (1.0 - exponent); // 1 / (1 - perpetual)
        const Vec level = perpetual + (start - perpetual) * exp(min(fall, Vec{}));
        boundary[i] = min(log(level) - put.log_start, Vec{});
    }
    return boundary;
}

// b at a time between the nodes from the squares at the nodes.
Vec interpolate(const NodeArray& weight, const NodeVec& square) noexcept {
    Vec sum = weight[0] * square[0];
    for (std::size_t j = 1; j < n_nodes; ++j) {
        sum += weight[j] * square[j];
    }
    return -sqrt(max(sum, Vec{}));
}

// What one node needs beside the boundary.
struct NodeTerms {
    Vec inverse_deviation; // 1 / (sigma sqrt(t))
    Vec deviation, tilt;
    Vec rate_time, yield_time; // r t, q t
    Vec carry;                 // (r - q) t
};

NodeTerms node_terms(const PutTerms& put, double root) noexcept {
    const Vec rate_time = put.rate * put.time * (root * root);
    const Vec yield_time = put.yield * put.time * (root * root);
    return {put.inverse_deviation * (1.0 / root),
            put.deviation * root,
            put.tilt * root,
            rate_time,
            yield_time,
            rate_time - yield_time};
}

// Numerator and denominator of the fixed point, B = K e^(-(r - q) t) N / D, and the slope of
// ln(N / D) against a shift of the whole boundary.
struct Ratio {
    Vec numerator, denominator, slope;
};

// Andersen et al. (2016), eqs. 33 to 37; N and D times sigma sqrt(2 pi t).
template <bool has_yield>
Ratio ratio_a(const NodeTerms& at, const NodeVec& square, std::size_t i, Vec b, Vec log_boundary) {
    Vec sum_rate{};
    Vec sum_yield{};
    Vec sum_cdf{};
    for (std::size_t k = 0; k < n_points; ++k) {
        const double y = point[k];
        const double rest = point_root[k] * point_root[k];
        const Vec earlier = interpolate(solve_interpolation[i][k], square);
        const Vec d2 = (b - earlier) * at.inverse_deviation * (1.0 / y) + at.tilt * y;
        sum_rate += point_weight[k] * exp(at.rate_time * rest - 0.5 * d2 * d2);
        if constexpr (has_yield) {
            const Vec d1 = d2 + at.deviation * y;
            sum_yield += point_weight[k] * exp(at.yield_time * rest - 0.5 * d1 * d1);
            sum_cdf += (point_weight[k] * y) * exp(at.yield_time * rest) * norm_cdf_coarse(d1);
        }
    }
    const Vec d2 = log_boundary * at.inverse_deviation + at.tilt;
    const Vec d1 = d2 + at.deviation;
    const Vec density2 = exp(-0.5 * d2 * d2);
    const Vec density1 = exp(-0.5 * d1 * d1);
    Ratio ratio;
    ratio.numerator = density2 + at.rate_time * sum_rate;
    Vec cdf = norm_cdf(d1);
    if constexpr (has_yield) {
        cdf += at.yield_time * sum_cdf;
    }
    ratio.denominator = density1 + kSqrt2Pi * at.deviation * cdf;
    if constexpr (has_yield) {
        ratio.denominator += at.yield_time * sum_yield;
    }
    ratio.slope =
        -d2 * at.inverse_deviation * (density2 / ratio.numerator - density1 / ratio.denominator);
    return ratio;
}

// Andersen et al. (2016), eqs. 28 to 32.
template <bool has_yield>
Ratio ratio_b(const NodeTerms& at, const NodeVec& square, std::size_t i, Vec b, Vec log_boundary) {
    Vec sum_rate{};
    Vec sum_yield{};
    for (std::size_t k = 0; k < n_points; ++k) {
        const double y = point[k];
        const double rest = point_root[k] * point_root[k];
        const Vec earlier = interpolate(solve_interpolation[i][k], square);
        const Vec d2 = (b - earlier) * at.inverse_deviation * (1.0 / y) + at.tilt * y;
        sum_rate += (point_weight[k] * y) * exp(at.rate_time * rest) * norm_cdf_coarse(d2);
        if constexpr (has_yield) {
            const Vec d1 = d2 + at.deviation * y;
            sum_yield += (point_weight[k] * y) * exp(at.yield_time * rest) * norm_cdf_coarse(d1);
        }
    }
    const Vec d2 = log_boundary * at.inverse_deviation + at.tilt;
    const Vec d1 = d2 + at.deviation;
    Ratio ratio;
    ratio.numerator = norm_cdf(d2) + at.rate_time * sum_rate;
    ratio.denominator = norm_cdf(d1);
    if constexpr (has_yield) {
        ratio.denominator += at.yield_time * sum_yield;
    }
    ratio.slope =
        at.inverse_deviation * (norm_pdf(d2) / ratio.numerator - norm_pdf(d1) / ratio.denominator);
    return ratio;
}

template <FixedPoint fixed_point, bool has_yield>
NodeVec solve_boundary(const PutTerms& put) noexcept {
    constexpr int count = fixed_point == FixedPoint::a ? n_iterations : n_steep_iterations;
    NodeVec boundary = guess_boundary(put);
    for (int iteration = 0; iteration < count; ++iteration) {
        NodeVec square;
        for (std::size_t i = 0; i < n_nodes; ++i) {
            square[i] = boundary[i] * boundary[i];
        }
        for (std::size_t i = 0; i < n_nodes; ++i) {
            const NodeTerms at = node_terms(put, node[i]);
            const Vec log_boundary = boundary[i] + put.log_start;
            const Ratio ratio = fixed_point == FixedPoint::a
                                    ? ratio_a<has_yield>(at, square, i, boundary[i], log_boundary)
                                    : ratio_b<has_yield>(at, square, i, boundary[i], log_boundary);
            const Vec step = log(ratio.numerator / ratio.denominator) - at.carry - log_boundary;
            const Vec gain = 1.0 - min(ratio.slope, broadcast(kGreatestSlope));
            boundary[i] = min(boundary[i] + step / gain, Vec{});
        }
    }
    return boundary;
}

// The sum that gives the premium of early exercise at one spot: Phi(-d2) = Phi(-(x scale + shift)).
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
        premium.scale[k] = put.inverse_deviation * (1.0 / y);
        premium.shift[k] = put.tilt * y - log_boundary * premium.scale[k];
        premium.rate_weight[k] = rate_time * price_weight[k] * exp(rate_time * (-y * y));
        premium.yield_weight[k] =
            has_yield ? yield_time * price_weight[k] * exp(yield_time * (-y * y)) : Vec{};
    }
    return premium;
}

// Premium at a spot whose log over the strike is log_spot, in units of (strike, spot).
template <bool has_yield>
Vec premium_at_spot(
    const PremiumTerms& terms, const PutTerms& put, Vec log_spot, Vec strike, Vec spot) noexcept {
    Vec sum_rate{};
    Vec sum_yield{};
    for (std::size_t k = 0; k < n_price_points; ++k) {
        const Vec d2 = log_spot * terms.scale[k] + terms.shift[k];
        sum_rate += terms.rate_weight[k] * norm_cdf_coarse(-d2);
        if constexpr (has_yield) {
            const Vec d1 = d2 + put.deviation * price_point[k];
            sum_yield += terms.yield_weight[k] * norm_cdf_coarse(-d1);
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

template <FixedPoint fixed_point, bool has_yield>
void value_lanes(const UnderlyingSpots& market,
                 const SeriesLanes& lanes,
                 std::span<double> value) noexcept {
    const PutTerms put = put_terms(lanes);
    const EuropeanTerms european = european_terms(lanes);
    const NodeVec boundary = solve_boundary<fixed_point, has_yield>(put);
    const PremiumTerms premium = premium_terms<has_yield>(put, boundary);
    const Vec log_exercise = boundary[0] + put.log_start;
    const Mask is_call = lanes.sign > 0.0;
    const Vec log_strike = log_of_positive(lanes.strike);
    const Vec without_source = lanes.volatility - lanes.volatility; // 0, or NaN without volatility
    const Mask is_certain = lanes.volatility * sqrt(put.time) < kLeastDeviation;
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
            least = certain_value(put, put_log_spot, put_strike, put_spot);
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
    const bool is_put = series.right[row] < 0;
    const double r = is_put ? series.rate[row] : series.dividend_yield[row];
    const double q = is_put ? series.dividend_yield[row] : series.rate[row];
    const double time = series.time_to_expiry[row];
    const double deviation = series.volatility[row] * __builtin_sqrt(time);
    const double drift = (r - q) * time;
    const bool is_steep = deviation < kLeastDeviation || drift > kSteepDrift * deviation ||
                          drift < -kSteepFall * deviation;
    return (is_steep ? 2U : 0U) + (q == 0.0 ? 0U : 1U);
}

using ValueLanes = void (*)(const UnderlyingSpots& market,
                            const SeriesLanes& lanes,
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
