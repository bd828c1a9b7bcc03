// SPDX-License-Identifier: Apache-2.0
#pragma once

// The least allocation in whole contracts: the linear program, and branch and bound where its
// answer has fractions.

#include "isa/strategy_pools.hpp"

namespace {

constexpr int kMaxNodes = 400;
constexpr int kMaxDepth = 64;
constexpr double kFraction = 1e-6;    // of a contract: closer to a whole number is whole
constexpr double kImprovement = 1e-9; // relative to the program's money scale

struct Solution {
    double bound;     // of the objective, USD against every leg by itself
    bool is_complete; // the allocation is proved least
};

// The basic variable furthest from a whole number (the first of several), by row; -1: all whole.
inline int fractional_row(const Workspace& w, const Tableau& t) noexcept {
    int chosen = -1;
    double furthest = kFraction;
    for (int i = 0; i < t.rows; ++i) {
        const int variable = t.basic[i];
        if (variable >= w.n_columns || !w.columns[variable].is_whole) {
            continue;
        }
        const double contracts = basic_value(t, i) * w.unit;
        const double away = std::fabs(contracts - std::floor(contracts + 0.5));
        const bool is_tie = chosen >= 0 && away == furthest;
        if (is_tie ? variable < t.basic[chosen] : away > furthest) {
            furthest = away;
            chosen = i;
        }
    }
    return chosen;
}

inline void branch_on(const Workspace& w, const Tableau& t, int row, bool is_upper) noexcept {
    const double contracts = basic_value(t, row) * w.unit;
    const double whole = is_upper ? std::floor(contracts) : std::ceil(contracts);
    tighten(t, row, whole / w.unit, is_upper);
}

inline void keep_solution(const Workspace& w, const Tableau& t, double* x) noexcept {
    read_solution(t, w.n_columns, x);
    for (int j = 0; j < w.n_columns; ++j) {
        x[j] *= w.unit;
        if (w.columns[j].is_whole) {
            x[j] = std::floor(x[j] + 0.5);
        }
    }
}

// A branch that waits: the tableau before it, and what to do there.
struct Waiting {
    int row;
    bool is_upper;
};

// Depth first, the nearer whole number first. Fills w.best; true when nothing was left out.
inline bool branch_and_bound(Workspace& w, const Tableau& t) noexcept {
    const std::ptrdiff_t size = tableau_size(t.rows, t.columns);
    const int depth_limit =
        static_cast<int>(std::min<std::ptrdiff_t>(kMaxDepth, kTableauDoubles / size - 1));
    Waiting waiting[kMaxDepth];
    int depth = 0;
    double least = 0.0; // every leg by itself
    std::fill_n(w.best, w.n_columns, 0.0);
    bool is_complete = true;
    bool is_open = true; // the tableau holds the optimum of a node still to be looked at
    for (int node = 0; node < kMaxNodes; ++node) {
        const int row = is_open ? fractional_row(w, t) : -1;
        if (is_open && row < 0 && objective(t) < least - kImprovement) {
            least = objective(t);
            keep_solution(w, t, w.best);
        }
        if (row >= 0) {
            const double contracts = basic_value(t, row) * w.unit;
            const bool is_upper = contracts - std::floor(contracts) <= 0.5;
            if (depth < depth_limit) {
                std::copy_n(t.cell, size, t.cell + (depth + 1) * size);
                waiting[depth++] = {row, !is_upper};
            } else {
                is_complete = false;
            }
            branch_on(w, t, row, is_upper);
        } else {
            if (depth == 0) {
                return is_complete;
            }
            --depth;
            std::copy_n(t.cell + (depth + 1) * size, size, t.cell);
            branch_on(w, t, waiting[depth].row, waiting[depth].is_upper);
        }
        const Outcome outcome = dual_simplex(t, least - kImprovement);
        is_open = outcome == Outcome::optimal;
        is_complete = is_complete && outcome != Outcome::out_of_steps;
    }
    return false;
}

// Solves the program on one basis; the allocation stands in x, in contracts per column.
inline Solution solve(Workspace& w, const Regime& regime, int basis, double* x) noexcept {
    const double money = w.reference_multiplier * w.scale * w.unit;
    const Tableau t = make_tableau(w, regime, basis);
    if (primal_simplex(t) != Outcome::optimal) {
        keep_solution(w, t, x);
        if (fractional_row(w, t) >= 0) {
            std::fill_n(x, w.n_columns, 0.0);
        }
        return {-kInfinite, false};
    }
    const double bound = objective(t) * money;
    if (fractional_row(w, t) < 0) {
        keep_solution(w, t, x);
        return {bound, true};
    }
    const bool is_complete = branch_and_bound(w, t);
    std::copy_n(w.best, w.n_columns, x);
    return {bound, is_complete};
}

// Loss at a point of the options that an allocation puts into a pool, in USD.
inline double loss_at(const Workspace& w, const Pool& pool, const double* x, int point) noexcept {
    const double price = w.points[pool.first_point + point];
    double loss = 0.0;
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        const Leg& leg = w.legs[w.columns[j].leg[0]];
        const double value = intrinsic(leg, price) * leg.multiplier * x[j];
        loss += leg.is_long ? -value : value;
    }
    return loss;
}

// Greatest loss of the pool, in USD times the spread rate.
inline double
pool_loss(const Workspace& w, const Regime& regime, const Pool& pool, const double* x) noexcept {
    double greatest = 0.0;
    for (int k = 0; k < pool.n_points; ++k) {
        greatest = std::max(greatest, loss_at(w, pool, x, k));
    }
    return greatest * regime[StrategyRule::spread_rate];
}

// What an allocation saves (below 0) against every leg by itself.
inline double
allocation_cost(const Workspace& w, const Regime& regime, const double* x, int basis) noexcept {
    double cost = 0.0;
    for (int j = 0; j < w.n_columns; ++j) {
        if (w.columns[j].use != Use::loss) {
            cost += w.columns[j].cost[basis] * x[j];
        } else {
            cost += pool_loss(w, regime, w.pools[w.columns[j].pool], x);
        }
    }
    return cost;
}

} // namespace
