// SPDX-License-Identifier: Apache-2.0
#pragma once

// Terms, nodes and time segments of the grid of american_grid.cpp, for one lane group.

#include "isa/lanes.hpp"

#include <algorithm>

namespace {

constexpr std::size_t kFewNodes = 160;
constexpr std::size_t kMostNodes = 256;
// Half-width of the grid in standard deviations. Beyond it exercise is as good as certain.
constexpr double kWidth = 3.25;
constexpr double kDeepest = -1.3862943611198906; // ln(1/4): the nodes go no deeper
constexpr double kWideFrom = -0.3;               // depth that takes most nodes
// Beyond this sigma sqrt(T) values no longer change (by less than 1e-6 of the strike).
constexpr double kMostDeviation = 10.0;
// Steps over the whole time, dealt out by length; at least kMostSteps in each segment between
// ex-dates when these are few, kLeastSteps when they are many. Twice kSteps with two boundaries.
constexpr double kSteps = 64.0;
constexpr double kMostSteps = 8.0;
constexpr double kLeastSteps = 3.0;
constexpr double kSharedSteps = 40.0;

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

inline double min_steps(std::int64_t dividends) noexcept {
    const double share = __builtin_rint(kSharedSteps / static_cast<double>(dividends + 1));
    return std::max(kLeastSteps, std::min(kMostSteps, share));
}

// Exercise between two boundaries: a put with q < r < 0, a call with r < q < 0.
inline bool has_two_boundaries(int right, double rate, double dividend_yield) noexcept {
    return right < 0 ? dividend_yield < rate && rate < 0.0
                     : rate < dividend_yield && dividend_yield < 0.0;
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
        const bool is_double = has_two_boundaries(
            lanes.sign[lane] < 0.0 ? -1 : 1, lanes.rate[lane], lanes.dividend_yield[lane]);
        grid.all_steps[lane] = is_double ? 2.0 * kSteps : kSteps;
        grid.min_steps[lane] = min_steps(n_dividends(market, underlying, grid.time[lane]));
    }
    grid.near = grid.far = {broadcast(1.0), broadcast(1.0)};
}

// The nodes depend on the series alone: other spots beside one change nothing in its value.
inline void set_nodes(Grid& grid, const SeriesLanes& lanes, std::size_t nodes) noexcept {
    const Vec deviation =
        max(min(lanes.volatility * sqrt(grid.time), broadcast(kMostDeviation)), broadcast(1e-3));
    const Vec share = lanes.dividends / lanes.strike;
    const Vec ex_dividends = max(log(max(1.0 - share, broadcast(0.01))), broadcast(kDeepest));
    double depth[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        depth[lane] = deepest(lanes.sign[lane] < 0.0 ? -1 : 1,
                              lanes.rate[lane],
                              lanes.dividend_yield[lane],
                              lanes.dividends[lane] > 0.0);
    }
    const Vec on_put = (1.0 - grid.is_call) * ex_dividends;
    const Vec deep = min(load(depth), on_put);
    const Vec bottom = deep + min(grid.drift, Vec{}) - kWidth * deviation;
    const Vec top = max(grid.drift + kWidth * deviation, deviation) - grid.is_call * ex_dividends;
    // No node is put on the strike: values would jump where the number of nodes beside it changes.
    const Vec h = (top - bottom) / (static_cast<double>(nodes) - 1.0);
    grid.nodes = nodes;
    grid.spacing = h;
    grid.first = bottom;
    const Vec ratio = exp(h);
    Vec e = exp(grid.first);
    for (std::size_t i = 0; i < nodes; ++i) {
        grid.exp_z[i] = e;
        grid.american[i] = grid.european[i] = max(1.0 - e, Vec{});
        e *= ratio;
    }
}

} // namespace
