// SPDX-License-Identifier: Apache-2.0
#pragma once

// The least allocation: the linear program, and branch and bound where its answer has fractions.
// Contracts of several multipliers that balance by shares are hard to make whole, so that what is
// least with each multiplier in balance by itself is sought first.

#include "isa/strategy_branch.hpp"
#include "isa/strategy_start.hpp"

namespace {

constexpr int kFewLegs = 32;              // of few contracts: rounding costs more than it saves
constexpr double kRises[] = {1e-7, 1e-5}; // of the costs, to break ties

struct Solution {
    double bound;     // of the objective, USD against every leg by itself
    bool is_complete; // the allocation is proved least
};

inline bool is_solved(const Solution& solution) noexcept {
    return solution.bound != -kInfinite;
}

// What is sought: the program's optimum, whole contracts, whole contracts with each multiplier in
// balance by itself.
enum class Effort { relaxed, whole, apart };

// Takes whole contracts near the tableau's solution where they are less than what stands in x.
template <int N>
inline void
start_near(Workspace& w, const Regime& regime, const Sized<N>& t, int basis, double* x) noexcept {
    keep_solution(w, t, false, w.rounded);
    round_allocation(w, regime, w.rounded);
    const double money = w.reference_multiplier * w.scale * w.unit;
    const double least = allocation_cost(w, regime, w.rounded, basis) / money;
    if (least < w.least - kImprovement) {
        w.least = least;
        std::copy_n(w.rounded, w.n_columns, x);
    }
}

template <int N>
inline void start_program(const Workspace& w,
                          const Regime& regime,
                          const Sized<N>& t,
                          int basis,
                          Effort effort) noexcept {
    start_on(w, regime, t, basis);
    for (int j = 0; effort == Effort::apart && j < w.n_columns; ++j) {
        t.upper[j] = w.columns[j].use == Use::excess ? 0.0 : t.upper[j];
    }
}

// Where many columns cost nothing the simplex method may go round in a circle: then costs that are
// raised a little, each by another amount, break the ties. Sets the most that they add.
template <int N>
inline Outcome break_ties(const Workspace& w,
                          const Regime& regime,
                          const Sized<N>& t,
                          int basis,
                          Effort effort,
                          double& added) noexcept {
    Outcome outcome = Outcome::out_of_steps;
    for (const double rise : kRises) {
        start_program(w, regime, t, basis, effort);
        added = 0.0;
        for (int j = 0; j < w.n_columns; ++j) {
            if (w.columns[j].use != Use::loss) {
                const double part = j * 0.6180339887498949;
                const double of_column = rise * (1.0 + part - std::floor(part));
                t.reduced[j] += t.sign[j] * of_column;
                added += t.sign[j] > 0.0 ? of_column * t.upper[j] : 0.0;
            }
        }
        start(t);
        outcome = dual_simplex(t, kInfinite);
        if (outcome != Outcome::out_of_steps) {
            break;
        }
    }
    return outcome;
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
    start_program(w, regime, t, basis, effort);
    start(t);
    Outcome outcome = dual_simplex(t, kInfinite);
    const bool is_exact = outcome != Outcome::out_of_steps;
    double added = 0.0;
    if (!is_exact) {
        outcome = break_ties(w, regime, t, basis, effort, added);
    }
    if (outcome != Outcome::optimal) {
        return {-kInfinite, false};
    }
    const double bound = (*t.objective - added) * (w.reference_multiplier * w.scale * w.unit);
    if (is_whole_solution(w, t)) {
        w.least = *t.objective;
        keep_solution(w, t, true, x);
        return {bound, is_exact};
    }
    if (effort == Effort::relaxed) {
        return {bound, false};
    }
    const bool is_large = w.n_legs > kFewLegs || w.unit > 1.0;
    if (is_large && (w.n_sizes == 1 || effort == Effort::apart)) {
        start_near(w, regime, t, basis, x);
    }
    const bool is_complete = branch_and_bound(w, t, x);
    return {bound, is_complete && is_exact};
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
    case 56:
        return solve_sized(w, regime, Sized<56>(t), basis, effort, x);
    case 64:
        return solve_sized(w, regime, Sized<64>(t), basis, effort, x);
    default:
        return solve_sized(w, regime, Sized<0>(t), basis, effort, x);
    }
}

// Solves the program, in fractions of contracts where that needs less, for its bound.
inline Solution
relax_program(Workspace& w, const Regime& regime, const Tableau& t, int basis) noexcept {
    return solve_program(w, regime, t, basis, Effort::relaxed, w.rounded);
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

} // namespace
