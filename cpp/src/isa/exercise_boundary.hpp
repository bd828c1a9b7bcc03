// SPDX-License-Identifier: Apache-2.0
#pragma once

// The exercise boundary of american_boundary.cpp at its nodes, lane by lane; sources and notation
// stand there.

#include "boundary_rule.hpp"
#include "lanes.hpp"

namespace {

constexpr double kSqrt2 = 1.41421356237309504880;
constexpr double kSqrtPi = 1.77245385090551602730;
// Least deviation sigma sqrt(T) of which the density is taken; below, prices are those of
// certainty.
constexpr double kLeastDeviation = 1e-7;

enum class FixedPoint : std::uint8_t { a, b };

// The put that a series is, strike 1. Deviations of the log are counted in sqrt(2) sigma sqrt(T),
// so that the density is e^(-h^2).
struct PutTerms {
    Vec time, rate, yield;
    Vec deviation; // sigma sqrt(T / 2)
    Vec scale;     // 1 / (sigma sqrt(2 T))
    Vec tilt;      // drift of the log to expiry times scale
    Vec log_start; // ln B(0+)
};

using NodeVec = std::array<Vec, n_nodes>;

inline PutTerms put_terms(const SeriesLanes& lanes) noexcept {
    const Mask is_call = lanes.sign > 0.0;
    PutTerms put;
    put.time = lanes.time_to_expiry;
    put.rate = select(is_call, lanes.dividend_yield, lanes.rate);
    put.yield = select(is_call, lanes.rate, lanes.dividend_yield);
    put.deviation =
        max(lanes.volatility * sqrt(put.time), broadcast(kLeastDeviation)) * (1.0 / kSqrt2);
    put.scale = 0.5 / put.deviation;
    put.tilt = (put.rate - put.yield) * put.time * put.scale - 0.5 * put.deviation;
    put.log_start = select(put.yield > put.rate, log_of_positive(put.rate / put.yield), Vec{});
    return put;
}

// A first boundary: b = f (1 - e^(-c d / |f|)), f its perpetual limit and d the deviation to the
// node. The pace c falls with the log of the pull, what exercise at the strike earns per deviation;
// where the boundary starts far below the strike c is 0.65 (0.6388 in the limit; Evans, Kuske and
// Keller 2002). The two other numbers are fitted to solved boundaries, to 5 to 10 %: they decide
// how many iterations are needed, not what is found.
template <bool has_yield> NodeVec guess_boundary(const PutTerms& put) noexcept {
    const Vec variance = 2.0 * put.deviation * put.deviation;
    const Vec carry = (put.rate - put.yield) * put.time;
    const Vec half_slope = carry / variance - 0.5;
    const Vec product = 2.0 * put.rate * put.time / variance;
    const Vec root = sqrt(half_slope * half_slope + product);
    // The negative root of the perpetual equation, without cancellation.
    const Vec exponent =
        select(half_slope > 0.0, -half_slope - root, -product / (root - half_slope));
    const Vec perpetual =
        min(log_of_positive(exponent / (exponent - 1.0)) - put.log_start, broadcast(-1e-12));
    const Vec pull =
        max(carry, Vec{}) + max(put.yield * put.time, Vec{}) * (kSqrt2 * put.deviation);
    const Vec log_pull = log_of_positive(max(pull * (kSqrt2 * put.scale), broadcast(1e-6)));
    const Vec far = put.log_start * put.scale;
    NodeVec boundary;
    for (std::size_t i = 0; i < n_nodes; ++i) {
        Vec pace = 0.663 - 0.294 * (log_pull + node_log[i]);
        if constexpr (has_yield) {
            const Vec nodes_far = far * (1.0 / node[i]);
            pace *= exp_coarse(nodes_far * nodes_far * (-2.0 / 3.0));
        }
        pace = max(pace + 0.655, broadcast(0.6));
        const Vec paced = pace * put.deviation * (kSqrt2 * node[i]) / perpetual;
        boundary[i] = perpetual * (1.0 - exp_coarse(paced));
    }
    return boundary;
}

// b at a time between the nodes from the squares at the nodes.
inline Vec interpolate(const NodeArray& weight, const NodeVec& square) noexcept {
    constexpr double least = 1e-200;
    Vec sum = weight[0] * square[0];
    for (std::size_t j = 1; j < n_nodes; ++j) {
        sum += weight[j] * square[j];
    }
    return -sqrt_coarse(max(sum, broadcast(least)));
}

// What the equation of one node needs beside the boundary.
struct NodeTerms {
    Vec rate_time, yield_time, carry; // r t, q t, (r - q) t
    Vec deviation, scale, tilt;       // as in PutTerms, to the node
    // At the points: h2 = (b - b there) scale + shift; growth r s and q s, s the time from now to
    // the point; factor e^growth.
    std::array<Vec, n_points> point_scale, point_shift;
    std::array<Vec, n_points> rate_growth, yield_growth, rate_factor, yield_factor;
};

template <FixedPoint fixed_point, bool has_yield>
std::array<NodeTerms, n_nodes> node_terms(const PutTerms& put) noexcept {
    std::array<NodeTerms, n_nodes> terms;
    for (std::size_t i = 0; i < n_nodes; ++i) {
        NodeTerms& at = terms[i];
        const double root = node[i];
        at.rate_time = put.rate * put.time * (root * root);
        at.yield_time = put.yield * put.time * (root * root);
        at.carry = at.rate_time - at.yield_time;
        at.deviation = put.deviation * root;
        at.scale = put.scale * (1.0 / root);
        at.tilt = put.tilt * root;
        for (std::size_t k = 0; k < n_points; ++k) {
            const double rest = point_root[k] * point_root[k];
            at.point_scale[k] = at.scale * (1.0 / point[k]);
            at.point_shift[k] = at.tilt * point[k];
            at.rate_growth[k] = at.rate_time * rest;
            at.yield_growth[k] = at.yield_time * rest;
            if constexpr (fixed_point == FixedPoint::b) {
                at.rate_factor[k] = exp_coarse(at.rate_growth[k]);
            }
            if constexpr (has_yield) {
                at.yield_factor[k] = exp_coarse(at.yield_growth[k]);
            }
        }
    }
    return terms;
}

// Quadratures of the equation of one node: of the rate, of the yield, and A's third of the yield.
struct NodeSums {
    Vec rate{}, yield{}, yield_cdf{};
};

template <FixedPoint fixed_point, bool has_yield>
NodeSums node_sums(const NodeTerms& at, std::size_t i, Vec b, const NodeVec& square) noexcept {
    NodeSums sums;
    Vec h2[n_points];
    for (std::size_t k = 0; k < n_points; ++k) {
        const Vec earlier = interpolate(solve_interpolation[i][k], square);
        h2[k] = (b - earlier) * at.point_scale[k] + at.point_shift[k];
    }
    for (std::size_t k = 0; k < n_points; ++k) {
        if constexpr (fixed_point == FixedPoint::a) {
            sums.rate += point_weight[k] * exp_coarse(at.rate_growth[k] - h2[k] * h2[k]);
        } else {
            sums.rate +=
                (point_weight[k] * point[k]) * (at.rate_factor[k] * norm_cdf_coarse(h2[k]));
        }
    }
    if constexpr (has_yield) {
        Vec sum_density{};
        for (std::size_t k = 0; k < n_points; ++k) {
            const Vec h1 = h2[k] + at.deviation * point[k];
            sum_density += point_weight[k] * exp_coarse(at.yield_growth[k] - h1 * h1);
        }
        Vec sum_cdf{};
        for (std::size_t k = 0; k < n_points; ++k) {
            const Vec h1 = h2[k] + at.deviation * point[k];
            sum_cdf += (point_weight[k] * point[k]) * (at.yield_factor[k] * norm_cdf_coarse(h1));
        }
        if constexpr (fixed_point == FixedPoint::a) {
            sums.yield = sum_density;
            sums.yield_cdf = sum_cdf;
        } else {
            sums.yield = sum_cdf;
        }
    }
    return sums;
}

// Numerator and denominator of the fixed point, B = K e^(-(r - q) t) N / D, the derivatives of both
// against a shift of the log of the whole boundary, and K e^(-(r - q) t) / B.
struct Ratio {
    Vec numerator, denominator, numerator_slope, denominator_slope, gap;
};

// Andersen et al. (2016), eqs. 33 to 37, N and D times sigma sqrt(2 pi t); or eqs. 28 to 32.
template <FixedPoint fixed_point>
Ratio node_ratio(const NodeTerms& at, const NodeSums& sums, Vec log_boundary) noexcept {
    const Vec gap = exp_coarse(-(at.carry + log_boundary));
    const Vec h2 = log_boundary * at.scale + at.tilt;
    const Vec h1 = h2 + at.deviation;
    const Vec density2 = exp_coarse(-h2 * h2);
    const Vec density1 = density2 * gap;
    const Vec rates = at.rate_time * sums.rate;
    const Vec yields = at.yield_time * sums.yield;
    if constexpr (fixed_point == FixedPoint::a) {
        const Vec slope = -2.0 * h2 * at.scale;
        const Vec cdf = norm_cdf_coarse(h1) + at.yield_time * sums.yield_cdf;
        return {density2 + rates,
                density1 + (2.0 * kSqrtPi) * at.deviation * cdf + yields,
                slope * density2,
                slope * density1,
                gap};
    }
    const Vec slope = (1.0 / kSqrtPi) * at.scale;
    return {norm_cdf(kSqrt2 * h2) + rates,
            norm_cdf(kSqrt2 * h1) + yields,
            slope * density2,
            slope * density1,
            gap};
}

// One step of the fixed point for ln(B/K), over 1 - J with J the slope of ln(N / D). The log of the
// ratio x of new to old boundary is taken from (x - 1) / (x + 1): exact where they are equal.
inline Vec boundary_step(const Ratio& ratio) noexcept {
    const Vec wanted = ratio.numerator * ratio.gap;
    const Vec z = (wanted - ratio.denominator) / (wanted + ratio.denominator);
    const Vec z2 = z * z;
    const Vec step = 2.0 * z * (1.0 + z2 * (1.0 / 3.0 + z2 * (1.0 / 5.0)));
    const Vec product = ratio.numerator * ratio.denominator;
    const Vec slope =
        ratio.numerator_slope * ratio.denominator - ratio.denominator_slope * ratio.numerator;
    constexpr double greatest_slope = 0.6; // the step is lengthened by at most 1 / (1 - 0.6)
    return step * (product / (product - min(slope, greatest_slope * product)));
}

// Each loop here and above is a short row of independent work, which keeps the pipelines full: one
// loop over all of it takes a quarter longer.
template <FixedPoint fixed_point, bool has_yield>
NodeVec solve_boundary(const PutTerms& put) noexcept {
    constexpr int count = fixed_point == FixedPoint::b ? n_steep_iterations
                          : has_yield                  ? n_yield_iterations
                                                       : n_iterations;
    const std::array<NodeTerms, n_nodes> terms = node_terms<fixed_point, has_yield>(put);
    NodeVec boundary = guess_boundary<has_yield>(put);
    for (int iteration = 0; iteration < count; ++iteration) {
        NodeVec square;
        for (std::size_t i = 0; i < n_nodes; ++i) {
            square[i] = boundary[i] * boundary[i];
        }
        std::array<NodeSums, n_nodes> sums;
        for (std::size_t i = 0; i < n_nodes; ++i) {
            sums[i] = node_sums<fixed_point, has_yield>(terms[i], i, boundary[i], square);
        }
        std::array<Ratio, n_nodes> ratio;
        for (std::size_t i = 0; i < n_nodes; ++i) {
            ratio[i] = node_ratio<fixed_point>(terms[i], sums[i], boundary[i] + put.log_start);
        }
        for (std::size_t i = 0; i < n_nodes; ++i) {
            boundary[i] = min(boundary[i] + boundary_step(ratio[i]), Vec{});
        }
    }
    return boundary;
}

} // namespace
