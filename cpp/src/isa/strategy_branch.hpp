// SPDX-License-Identifier: Apache-2.0
#pragma once

// Branch and bound: the least allocation in whole contracts where that of the linear program has
// fractions.

#include "isa/strategy_rounding.hpp"
#include "isa/strategy_simplex.hpp"

#include <cstdint>

namespace {

constexpr int kMaxNodes = 400;
constexpr int kMaxDepth = 64;
constexpr std::ptrdiff_t kStackDoubles = std::ptrdiff_t{1} << 20; // the tableau included
constexpr double kImprovement = 1e-9; // relative to the program's money scale

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

// Writes the tableau's solution in contracts, whole ones where it is whole.
template <int N>
inline void
keep_solution(const Workspace& w, const Sized<N>& t, bool is_whole, double* x) noexcept {
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
        x[j] = is_whole && w.columns[j].is_whole ? std::floor(x[j] + 0.5) : x[j];
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
    search.depth_limit = static_cast<int>(std::clamp<std::ptrdiff_t>(
        (kStackDoubles - (search.stack - w.tableau)) / search.size, 0, kMaxDepth));
    bool is_open = true; // the tableau holds the optimum of a node still to be looked at
    for (int node = 0; node < kMaxNodes; ++node) {
        Branch branch;
        if (is_open) {
            branch = best_branch(w, t);
            if (branch.row < 0 && *t.objective < w.least - kImprovement) {
                w.least = *t.objective;
                keep_solution(w, t, true, x);
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

} // namespace
