// SPDX-License-Identifier: Apache-2.0
#pragma once

// The least allocation in whole contracts: the linear program, and branch and bound where its
// answer has fractions. Contracts of several multipliers that balance by shares are hard to make
// whole, so that what is least with each multiplier in balance by itself is sought first.

#include "isa/strategy_simplex.hpp"
#include "isa/strategy_start.hpp"

#include <cstdint>

namespace {

constexpr int kMaxNodes = 400;
constexpr int kMaxDepth = 64;
constexpr double kFraction = 1e-6;    // of a contract: closer to a whole number is whole
constexpr double kImprovement = 1e-9; // relative to the program's money scale

struct Solution {
    double bound;     // of the objective, USD against every leg by itself
    bool is_complete; // the allocation is proved least
};

// What is sought: the program's optimum, whole contracts, whole contracts with each multiplier in
// balance by itself.
enum class Effort { relaxed, whole, apart };

// A basic variable with a fraction, and the least that the objective rises on either side of it.
struct Branch {
    std::int64_t row = -1;
    double below = 0.0, above = 0.0; // whole numbers next to it
    double rise_below = 0.0, rise_above = 0.0;
};

// Least ratios of the reduced costs to the entries of a row: as the basic variable falls, as it
// rises.
template <int N>
inline void
least_rises(const Sized<N>& t, std::int64_t row, double& falling, double& rising) noexcept {
    const double* const cells = row_of(t, row);
    Vec fall = broadcast(kInfinite), rise = broadcast(kInfinite);
    for (int at = 0; at < t.width(); at += kVec) {
        const Vec cell = load(cells + at);
        const Mask may = load(t.room + at) > Vec{};
        const Vec ratio = max(load(t.reduced + at), Vec{}) / abs(cell);
        const Vec none = broadcast(kInfinite);
        fall = min(fall, select(may & (cell > broadcast(kTolerance)), ratio, none));
        rise = min(rise, select(may & (cell < broadcast(-kTolerance)), ratio, none));
    }
    falling = least_of(fall);
    rising = least_of(rise);
}

template <int N>
inline Branch branch_of(const Workspace& w, const Sized<N>& t, std::int64_t row) noexcept {
    const double contracts = basic_value(t, row) * w.unit;
    Branch branch{row, std::floor(contracts), 0.0};
    branch.above = branch.below + 1.0;
    double falling, rising;
    least_rises(t, row, falling, rising);
    if (t.sign[t.basic[row]] < 0.0) {
        std::swap(falling, rising);
    }
    branch.rise_below = falling * ((contracts - branch.below) / w.unit);
    branch.rise_above = rising * ((branch.above - contracts) / w.unit);
    return branch;
}

// Whether a basic variable ought to be whole and is not.
template <int N>
inline bool is_fractional(const Workspace& w, const Sized<N>& t, std::int64_t row) noexcept {
    if (!w.columns[t.basic[row]].is_whole) {
        return false;
    }
    const double contracts = basic_value(t, row) * w.unit;
    return std::fabs(contracts - std::floor(contracts + 0.5)) > kFraction;
}

template <int N> inline bool is_whole_solution(const Workspace& w, const Sized<N>& t) noexcept {
    for (std::int64_t row = 0; row < *t.n_basic; ++row) {
        if (is_fractional(w, t, row)) {
            return false;
        }
    }
    return true;
}

// The basic variable whose branches raise the objective most together, the first of several; what
// contracts of a multiplier exceed before all others.
template <int N> inline Branch best_branch(const Workspace& w, const Sized<N>& t) noexcept {
    Branch chosen;
    double most = -1.0;
    bool is_excess = false; // the chosen one
    for (std::int64_t row = 0; row < *t.n_basic; ++row) {
        if (!is_fractional(w, t, row)) {
            continue;
        }
        const Branch branch = branch_of(w, t, row);
        const double rise = branch.rise_below + branch.rise_above;
        const bool is_of_excess = w.columns[t.basic[row]].use == Use::excess;
        if (is_of_excess == is_excess ? rise > most : is_of_excess) {
            chosen = branch;
            most = rise;
            is_excess = is_of_excess;
        }
    }
    return chosen;
}

// Writes the tableau's solution in contracts.
template <int N>
inline void keep_solution(const Workspace& w, const Sized<N>& t, double* x) noexcept {
    read_solution(t, x);
    for (int s = 0; s < w.n_shorts; ++s) {
        const int i = w.shorts[s];
        if (is_parted(w, i)) {
            const double outside = x[w.spread_column[i]];
            x[w.spread_column[i]] = x[w.sheltered_column[i]];
            x[w.sheltered_column[i]] = outside - x[w.spread_column[i]];
        }
    }
    double taken[kMaxLegs];
    std::fill_n(taken, w.n_legs, 0.0);
    for (int j = 0; j < w.n_columns; ++j) {
        x[j] *= w.unit;
        x[j] = w.columns[j].is_whole ? std::floor(x[j] + 0.5) : x[j];
        for (int k = 0; k < w.columns[j].n_legs; ++k) {
            taken[w.columns[j].leg[k]] += x[j];
        }
    }
    for (int s = 0; s < w.n_shorts; ++s) {
        const int i = w.shorts[s];
        if (w.spread_column[i] >= 0) {
            const double spread = w.legs[i].quantity - taken[i];
            x[w.spread_column[i]] = spread > kTolerance * w.legs[i].quantity ? spread : 0.0;
        }
    }
}

// A branch that waits: the state before it lies on the stack.
struct Waiting {
    std::int64_t row;
    double whole;
    double least; // the objective is not below this there
    bool is_upper;
};

struct Search {
    Waiting waiting[kMaxDepth];
    int depth = 0, depth_limit = 0;
    double* stack = nullptr;
    std::ptrdiff_t size = 0;
    bool is_complete = true;
};

// Goes into one branch and leaves the other on the stack if it can hold anything better.
template <int N>
inline void
take_branch(const Workspace& w, const Sized<N>& t, const Branch& b, Search& search) noexcept {
    const bool is_upper = b.rise_below <= b.rise_above;
    const double other = *t.objective + (is_upper ? b.rise_above : b.rise_below);
    if (other < w.least - kImprovement) {
        if (search.depth < search.depth_limit) {
            std::copy_n(
                t.state, state_size(t, *t.n_basic), search.stack + search.depth * search.size);
            search.waiting[search.depth++] = {
                b.row, is_upper ? b.above : b.below, other, !is_upper};
        } else {
            search.is_complete = false;
        }
    }
    tighten(t, b.row, (is_upper ? b.below : b.above) / w.unit, is_upper);
}

// Returns to the last branch that can still hold anything better; false: there is none.
template <int N>
inline bool take_waiting(const Workspace& w, const Sized<N>& t, Search& search) noexcept {
    while (search.depth > 0) {
        const Waiting& next = search.waiting[--search.depth];
        if (next.least < w.least - kImprovement) {
            const double* const kept = search.stack + search.depth * search.size;
            const std::ptrdiff_t fixed = state_size(t, 0);
            std::copy_n(kept, fixed, t.state);
            std::copy_n(kept + fixed, state_size(t, *t.n_basic) - fixed, t.state + fixed);
            tighten(t, next.row, next.whole / w.unit, next.is_upper);
            return true;
        }
    }
    return false;
}

// Depth first, the branch of the lesser rise first. Replaces the allocation in x, whose objective
// is w.least, by what is less; true when nothing was left out.
template <int N> inline bool branch_and_bound(Workspace& w, const Sized<N>& t, double* x) noexcept {
    Search search;
    search.size = state_size(t, t.limit);
    search.stack = t.state + search.size;
    search.depth_limit = static_cast<int>(std::min<std::ptrdiff_t>(
        kMaxDepth, (kTableauDoubles - (search.stack - w.tableau)) / search.size));
    bool is_open = true; // the tableau holds the optimum of a node still to be looked at
    for (int node = 0; node < kMaxNodes; ++node) {
        Branch branch;
        if (is_open) {
            branch = best_branch(w, t);
            if (branch.row < 0 && *t.objective < w.least - kImprovement) {
                w.least = *t.objective;
                keep_solution(w, t, x);
            }
        }
        const double nearer = std::min(branch.rise_below, branch.rise_above);
        if (branch.row >= 0 && *t.objective + nearer < w.least - kImprovement) {
            take_branch(w, t, branch, search);
        } else if (!take_waiting(w, t, search)) {
            return search.is_complete;
        }
        const Outcome outcome = dual_simplex(t, w.least - kImprovement);
        is_open = outcome == Outcome::optimal;
        search.is_complete = search.is_complete && outcome != Outcome::out_of_steps;
    }
    return false;
}

// Solves the program on one basis: in x the allocation, in contracts per column, where that is less
// than what stands there.
template <int N>
inline Solution solve_sized(Workspace& w,
                            const Regime& regime,
                            const Sized<N>& t,
                            int basis,
                            Effort effort,
                            double* x) noexcept {
    start_on(w, regime, t, basis);
    for (int j = 0; j < w.n_columns && effort == Effort::apart; ++j) {
        t.upper[j] = w.columns[j].use == Use::excess ? 0.0 : t.upper[j];
    }
    start(t);
    if (dual_simplex(t, kInfinite) != Outcome::optimal) {
        return {-kInfinite, false};
    }
    const double bound = *t.objective * (w.reference_multiplier * w.scale * w.unit);
    if (is_whole_solution(w, t)) {
        w.least = *t.objective;
        keep_solution(w, t, x);
        return {bound, true};
    }
    return {bound, effort != Effort::relaxed && branch_and_bound(w, t, x)};
}

inline Solution solve_program(Workspace& w,
                              const Regime& regime,
                              const Tableau& t,
                              int basis,
                              Effort effort,
                              double* x) noexcept {
    switch (t.stride == t.row_stride ? t.stride : 0) {
    case 8:
        return solve_sized(w, regime, Sized<8>(t), basis, effort, x);
    case 16:
        return solve_sized(w, regime, Sized<16>(t), basis, effort, x);
    case 24:
        return solve_sized(w, regime, Sized<24>(t), basis, effort, x);
    case 32:
        return solve_sized(w, regime, Sized<32>(t), basis, effort, x);
    case 40:
        return solve_sized(w, regime, Sized<40>(t), basis, effort, x);
    case 48:
        return solve_sized(w, regime, Sized<48>(t), basis, effort, x);
    default:
        return solve_sized(w, regime, Sized<0>(t), basis, effort, x);
    }
}

// Solves the program of the tableau on one basis; the allocation stands in x, in contracts per
// column.
inline Solution
solve(Workspace& w, const Regime& regime, const Tableau& t, int basis, double* x) noexcept {
    std::fill_n(x, w.n_columns, 0.0);
    w.least = 0.0;
    if (w.n_sizes == 1 || !w.is_whole) {
        return solve_program(w, regime, t, basis, Effort::whole, x);
    }
    const Solution relaxed = solve_program(w, regime, t, basis, Effort::relaxed, x);
    if (relaxed.is_complete) {
        return relaxed;
    }
    solve_program(w, regime, t, basis, Effort::apart, x);
    return solve_program(w, regime, t, basis, Effort::whole, x);
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
