// SPDX-License-Identifier: Apache-2.0
#pragma once

// Terms, nodes and time segments of the grid of american_grid.cpp, for one lane group.

#include "isa/lanes.hpp"

#include <algorithm>

namespace {

constexpr double kInvSqrt2 = 0.70710678118654752440;
constexpr std::size_t kFewNodes = 192;
constexpr std::size_t kMostNodes = 256;
constexpr double kNodesPerDeviation = 20.0; // most nodes are taken where few would be less dense
// Standard deviations between the end of the grid and the nearest place of exercise that depends on
// the spot. Beyond it exercise is as good as certain.
constexpr double kWidth = 3.5;
// How deep in the money the nodes go: no deeper than ln(1/4), and no further below the strike than
// so many deviations, for they must resolve them. Beyond, the value is that of the best certain
// time of exercise: less by at most 0.4 deviations times the yield of the time that the spot
// decides on.
constexpr double kDeepest = -1.3862943611198906;
constexpr double kMostDepth = 19.0;
// Beyond this sigma sqrt(T) values no longer change (by less than 1e-6 of the strike).
constexpr double kMostDeviation = 10.0;
constexpr double kLeastDeviation = 1e-8;
// Steps over the whole time, from the least for small deviations to the most for those of 1 and
// more, twice as many with two boundaries. They are dealt out by length; a segment between ex-dates
// takes at least kMostShort when these are few, kLeastShort when they are many.
constexpr double kLeastSteps = 48.0;
constexpr double kMostSteps = 96.0;
constexpr double kMostShort = 12.0;
constexpr double kLeastShort = 3.0;
constexpr double kSharedSteps = 40.0;
// The European is put right at an ex-date no more than so many nodes of deviation from expiry.
constexpr double kRough = 4.0;

// Exercise at one time, worth level - slope * (e^z times the growth of the frame).
struct Exercise {
    Vec level, slope;
};

struct Segment { // of time between ex-dates, counted from expiry; each lane stands in its own
    Vec begin, end, steps, done;
    Vec dividends; // still to come, grown to expiry at r - q, in strikes
};

struct Grid {
    Vec american[kMostNodes]; // u; during a step the intermediate values of the recursion
    Vec european[kMostNodes];
    Vec exp_z[kMostNodes];
    std::size_t nodes;
    Vec is_call;                    // 1 or 0
    Vec numeraire_rate, asset_rate; // r, q of a put; q, r of a call
    Vec half_variance, time, drift; // drift of the frame over the whole time
    Vec first, spacing;             // z of node 0, distance of nodes
    Vec all_steps, min_steps;
    Segment segment;
    std::int64_t next_dividend[kLanes];
    Exercise near, far; // the best so far if the path from the first or last node were certain
};

inline Vec frame_growth(const Grid& grid, Vec tau) noexcept {
    return exp(grid.half_variance * tau);
}

// Exercise at time to go tau, with the frame's growth divided out.
inline Exercise exercise_at(const Grid& grid, Vec tau) noexcept {
    const Vec numeraire = exp(grid.numeraire_rate * tau);
    const Vec asset = exp(grid.asset_rate * tau);
    const Vec on_call = grid.segment.dividends * grid.is_call;
    const Vec on_put = grid.segment.dividends - on_call;
    return {numeraire - on_put * asset, asset - on_call * numeraire};
}

inline Vec worth(const Exercise& exercise, Vec e) noexcept {
    return exercise.level - exercise.slope * e;
}

// Where allowed, keeps the better of two times of exercise on the certain path from e.
inline void keep_better(Exercise& best, const Exercise& other, Mask allowed, Vec e) noexcept {
    const Mask is_better = allowed & (worth(other, e) > worth(best, e));
    best.level = select(is_better, other.level, best.level);
    best.slope = select(is_better, other.slope, best.slope);
}

inline void keep_certain(Grid& grid, const Exercise& exercise, Mask allowed, Vec growth) noexcept {
    keep_better(grid.near, exercise, allowed, grid.exp_z[0] * growth);
    keep_better(grid.far, exercise, allowed, grid.exp_z[grid.nodes - 1] * growth);
}

// Row of the last dividend no later than time, or the one before the first.
inline std::int64_t last_dividend(const riskarray::UnderlyingSpots& market,
                                  std::size_t underlying,
                                  double time) noexcept {
    std::int64_t k = market.dividend_offset[underlying + 1] - 1;
    while (k >= market.dividend_offset[underlying] &&
           market.dividend_time[static_cast<std::size_t>(k)] > time) {
        --k;
    }
    return k;
}

// Number of dividends after now and no later than time.
inline std::int64_t n_dividends(const riskarray::UnderlyingSpots& market,
                                std::size_t underlying,
                                double time) noexcept {
    return last_dividend(market, underlying, time) - last_dividend(market, underlying, 0.0);
}

// Exercise between two boundaries: a put with q < r < 0, a call with r < q < 0.
inline bool has_two_boundaries(int right, double rate, double dividend_yield) noexcept {
    return right < 0 ? dividend_yield < rate && rate < 0.0
                     : rate < dividend_yield && dividend_yield < 0.0;
}

inline double all_steps(int right, double rate, double dividend_yield, double deviation) noexcept {
    const double steps =
        __builtin_rint(kLeastSteps + (kMostSteps - kLeastSteps) * std::min(1.0, deviation));
    return has_two_boundaries(right, rate, dividend_yield) ? 2.0 * steps : steps;
}

inline double min_steps(std::int64_t dividends) noexcept {
    const double share = __builtin_rint(kSharedSteps / static_cast<double>(dividends + 1));
    return std::max(kLeastShort, std::min(kMostShort, share));
}

// How far in the money (as ln x of a put, -ln x of a call) the time of exercise depends on the
// spot. Without ex-dates, and for calls, that is where rate and yield balance, r K = q S. A put
// waits for an ex-date where the dividend is worth more than r K - q S until then, which may be
// anywhere.
inline double deepest(int right, double rate, double dividend_yield, bool has_dividends) noexcept {
    const double numeraire = right < 0 ? rate : dividend_yield;
    const double asset = right < 0 ? dividend_yield : rate;
    const double sign = numeraire < 0.0 ? -1.0 : 1.0;
    if (sign * numeraire < 1e-5 || sign * asset < 1e-5) {
        return 0.0;
    }
    if (right < 0 && has_dividends) {
        return kDeepest;
    }
    return std::max(std::min(__builtin_log(numeraire / asset), 0.0), kDeepest);
}

struct Extent {
    double bottom, top; // z of the first and the last node
    double deviation;
};

// The nodes depend on the series alone: other spots beside one change nothing in its value. On
// either side they go beyond where the series is exercised, or where the time of exercise depends
// on the spot, by some deviations: z is what a path is expected to have at expiry, and exercise
// comes anywhere between there and the drift.
inline Extent extent_of(int right,
                        double rate,
                        double dividend_yield,
                        double time,
                        double volatility,
                        double share) noexcept {
    const double sign = right < 0 ? 1.0 : -1.0;
    const double total = volatility * __builtin_sqrt(time);
    const double deviation = std::min(std::max(total, kLeastDeviation), kMostDeviation);
    const double drift = sign * (rate - dividend_yield) * time - 0.5 * deviation * deviation;
    const double ex_dividends = std::max(__builtin_log(std::max(1.0 - share, 0.01)), kDeepest);
    const double on_put = right < 0 ? ex_dividends : 0.0;
    const double on_call = right < 0 ? 0.0 : ex_dividends;
    const double depth = deepest(right, rate, dividend_yield, share > 0.0);
    const double deep = std::max(std::min(depth, on_put), on_put - kMostDepth * deviation);
    return {deep + std::min(drift, 0.0) - kWidth * deviation,
            std::max(drift, 0.0) - on_call + kWidth * deviation,
            deviation};
}

// Of one series, by its own terms: its neighbours change nothing.
inline std::size_t nodes_for(const Extent& extent) noexcept {
    const double need = kNodesPerDeviation * (extent.top - extent.bottom) / extent.deviation;
    return need > static_cast<double>(kFewNodes) ? kMostNodes : kFewNodes;
}

// Moves a lane to its next segment; all dividends due at its beginning are taken up.
inline void next_segment(Grid& grid,
                         const SeriesLanes& lanes,
                         const riskarray::UnderlyingSpots& market,
                         std::size_t lane) noexcept {
    Segment& segment = grid.segment;
    const double begin = segment.end[lane];
    const double growth = lanes.rate[lane] - lanes.dividend_yield[lane];
    const std::int64_t first = market.dividend_offset[lanes.underlying[lane]];
    std::int64_t k = grid.next_dividend[lane];
    double end = grid.time[lane];
    for (; k >= first && market.dividend_time[static_cast<std::size_t>(k)] > 0.0; --k) {
        const double tau = grid.time[lane] - market.dividend_time[static_cast<std::size_t>(k)];
        if (tau > begin) {
            end = tau;
            break;
        }
        const double amount = market.dividend_amount[static_cast<std::size_t>(k)];
        segment.dividends[lane] += amount / lanes.strike[lane] * __builtin_exp(growth * tau);
    }
    grid.next_dividend[lane] = k;
    segment.begin[lane] = begin;
    segment.end[lane] = end;
    segment.done[lane] = 0.0;
    segment.steps[lane] =
        std::max(grid.min_steps[lane],
                 __builtin_rint(grid.all_steps[lane] * (end - begin) / grid.time[lane]));
}

inline void
set_terms(Grid& grid, const SeriesLanes& lanes, const riskarray::UnderlyingSpots& market) noexcept {
    const Mask is_put = lanes.sign < 0.0;
    grid.is_call = select(is_put, Vec{}, broadcast(1.0));
    grid.numeraire_rate = select(is_put, lanes.rate, lanes.dividend_yield);
    grid.asset_rate = select(is_put, lanes.dividend_yield, lanes.rate);
    grid.time = lanes.time_to_expiry;
    const Vec deviation = min(lanes.volatility * sqrt(grid.time), broadcast(kMostDeviation));
    grid.half_variance = 0.5 * deviation * deviation / grid.time;
    grid.drift = (grid.numeraire_rate - grid.asset_rate - grid.half_variance) * grid.time;
    grid.segment = Segment{Vec{}, Vec{}, Vec{}, Vec{}, Vec{}};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t underlying = lanes.underlying[lane];
        grid.next_dividend[lane] = last_dividend(market, underlying, grid.time[lane]);
        grid.all_steps[lane] = all_steps(lanes.sign[lane] < 0.0 ? -1 : 1,
                                         lanes.rate[lane],
                                         lanes.dividend_yield[lane],
                                         deviation[lane]);
        grid.min_steps[lane] = min_steps(n_dividends(market, underlying, grid.time[lane]));
    }
    grid.near = grid.far = {broadcast(1.0), broadcast(1.0)};
}

inline void set_nodes(Grid& grid, const SeriesLanes& lanes, std::size_t nodes) noexcept {
    double first[kLanes];
    double spacing[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const Extent extent = extent_of(lanes.sign[lane] < 0.0 ? -1 : 1,
                                        lanes.rate[lane],
                                        lanes.dividend_yield[lane],
                                        grid.time[lane],
                                        lanes.volatility[lane],
                                        lanes.dividends[lane] / lanes.strike[lane]);
        first[lane] = extent.bottom;
        spacing[lane] = (extent.top - extent.bottom) / (static_cast<double>(nodes) - 1.0);
    }
    // No node is put on the strike: values would jump where the number of nodes beside it changes.
    grid.nodes = nodes;
    grid.spacing = load(spacing);
    grid.first = load(first);
    const Vec ratio = exp(grid.spacing);
    Vec e = exp(grid.first);
    for (std::size_t i = 0; i < nodes; ++i) {
        grid.exp_z[i] = e;
        grid.american[i] = grid.european[i] = max(1.0 - e, Vec{});
        e *= ratio;
    }
}

} // namespace
