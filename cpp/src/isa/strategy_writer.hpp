// SPDX-License-Identifier: Apache-2.0
#pragma once

// An allocation as strategies: codes, legs, requirements.

#include "isa/strategy_spreads.hpp"

#include <bit>
#include <cstdint>

namespace {

inline double units_of(const Workspace& w, const Column& column, int k) noexcept {
    const Leg& leg = w.legs[column.leg[k]];
    return leg.kind == kStock ? shares_of(w.legs[column.leg[0]], leg) / leg.multiplier : 1.0;
}

// The first combination of stock and options, or box: they stand behind all other columns.
inline int first_combination(const Workspace& w) noexcept {
    int j = w.n_columns;
    while (j > 0 && w.columns[j - 1].use >= Use::cover) {
        --j;
    }
    return j;
}

// What the allocation leaves of each leg by itself, and what stands sheltered in a straddle; true
// if anything does.
inline bool take_out(Workspace& w, const double* x, int combinations) noexcept {
    for (int i = 0; i < w.n_legs; ++i) {
        w.left[i] = w.legs[i].quantity;
        w.straddled[i] = 0.0;
    }
    double sheltered = 0.0;
    for (int j = 0; j < combinations; ++j) {
        const Column& column = w.columns[j]; // of one leg, or of none
        w.left[column.leg[0]] -= column.n_legs * x[j];
        if (column.use == Use::sheltered) {
            w.straddled[column.leg[0]] = x[j];
            sheltered = std::max(sheltered, x[j]);
        }
    }
    for (int j = combinations; j < w.n_columns; ++j) {
        const Column& column = w.columns[j];
        for (int k = 0; k < column.n_legs; ++k) {
            w.left[column.leg[k]] -= units_of(w, column, k) * x[j];
        }
    }
    for (int i = 0; i < w.n_legs; ++i) {
        const double left = w.left[i];
        w.left[i] = left <= kTolerance * w.legs[i].quantity ? 0.0 : left;
    }
    return sheltered > 0.0;
}

inline StrategyCode code_of(const Workspace& w, const Column& column) noexcept {
    const Leg& first = w.legs[column.leg[0]];
    switch (column.use) {
    case Use::cover:
        return first.right > 0 ? StrategyCode::covered_call : StrategyCode::covered_put;
    case Use::hedge:
        return first.right < 0 ? StrategyCode::protective_put : StrategyCode::protective_call;
    case Use::collar:
        if (first.right < 0) {
            return StrategyCode::reverse_conversion;
        }
        return first.strike == w.legs[column.leg[1]].strike ? StrategyCode::conversion
                                                            : StrategyCode::collar;
    default:
        return StrategyCode::long_box;
    }
}

inline double
combination_cost(const Workspace& w, const Regime& regime, const Column& c, int basis) noexcept {
    const Leg& a = w.legs[c.leg[0]];
    const Leg& b = w.legs[c.leg[1]];
    const Leg& last = w.legs[c.leg[2]];
    switch (c.use) {
    case Use::cover:
        return covered(regime, a, b, basis);
    case Use::hedge:
        return hedged(regime, a, b, basis);
    case Use::collar:
        return collared(regime, a, b, last, basis);
    default:
        return boxed(regime, a, b, last, w.legs[c.leg[3]]);
    }
}

// Combinations of stock and options, and boxes.
inline void write_combinations(const Workspace& w,
                               const Regime& regime,
                               const double* x,
                               int combinations,
                               Writer& out) noexcept {
    for (int j = combinations; j < w.n_columns; ++j) {
        const Column& column = w.columns[j];
        if (x[j] <= kLeastQuantity) {
            continue;
        }
        out.begin(code_of(w, column),
                  column.n_legs,
                  x[j] * combination_cost(w, regime, column, kInitial),
                  x[j] * combination_cost(w, regime, column, kMaintenance));
        for (int k = 0; k < column.n_legs; ++k) {
            out.add_leg(w.legs[column.leg[k]], units_of(w, column, k) * x[j]);
        }
    }
}

// Sets a sheltered option beside uncovered ones of the other right and its multiplier that require
// more, the greatest first. What finds none stands uncovered, so that nothing can be lost.
inline void write_sheltered(Workspace& w, int begin, int i, Writer& out) noexcept {
    const Leg& leg = w.legs[i];
    for (int rank = 0; rank < w.rank[i] && w.straddled[i] > 0.0; ++rank) {
        const int k = w.by_rank[begin + rank];
        const Leg& greater = w.legs[k];
        const double contracts = std::min(w.straddled[i], w.left[k]);
        if (greater.right == leg.right || greater.multiplier != leg.multiplier ||
            contracts <= kTolerance * leg.quantity) {
            continue;
        }
        const double cost = contracts * greater.uncovered + contracts * leg.value;
        out.begin(StrategyCode::short_straddle, 2, cost, cost);
        out.add_leg(greater, contracts);
        out.add_leg(leg, contracts);
        w.straddled[i] -= contracts;
        w.left[k] -= contracts;
    }
    w.left[i] += w.straddled[i] > kTolerance * leg.quantity ? w.straddled[i] : 0.0;
}

// In order of rank, so that what little can stand above the first is not given to those below.
inline void write_straddles(Workspace& w, Writer& out) noexcept {
    for (int begin = w.first_option; begin < w.last_option;) {
        const int end = underlying_end(w, begin);
        int shorts = 0;
        for (int i = begin; i < end; ++i) {
            shorts += w.legs[i].is_long ? 0 : 1;
        }
        for (int rank = 0; rank < shorts; ++rank) {
            write_sheltered(w, begin, w.by_rank[begin + rank], out);
        }
        begin = end;
    }
}

// Stock or futures that are left.
inline void write_alone(const Workspace& w, int first, int last, Writer& out) noexcept {
    for (int i = first; i < last; ++i) {
        const Leg& leg = w.legs[i];
        if (w.left[i] <= kLeastQuantity) {
            continue;
        }
        StrategyCode code = StrategyCode::future;
        if (leg.kind == kStock) {
            code = leg.is_long ? StrategyCode::long_stock : StrategyCode::short_stock;
        }
        out.begin(code, 1, w.left[i] * alone(leg, kInitial), w.left[i] * alone(leg, kMaintenance));
        out.add_leg(leg, w.left[i]);
    }
}

inline void write_option(const Leg& leg, double contracts, Writer& out) noexcept {
    constexpr StrategyCode codes[2][2] = {
        {StrategyCode::uncovered_put, StrategyCode::uncovered_call},
        {StrategyCode::long_option, StrategyCode::long_option}};
    const double needs[2] = {leg.uncovered, -leg.loan_value};
    const double need = contracts * needs[leg.is_long];
    out.begin(codes[leg.is_long][leg.right > 0], 1, need, need);
    out.add_leg(leg, contracts);
}

// Options that are left. They are found first, then visited: a test for each would often go
// otherwise than the processor expects.
inline void write_options(const Workspace& w, Writer& out) noexcept {
    for (int begin = w.first_option; begin < w.last_option; begin += 64) {
        const int size = std::min(64, w.last_option - begin);
        std::uint64_t left = 0;
        for (int k = 0; k < size; k += kVec) {
            left |= bits_of(load(w.left + begin + k) > broadcast(kLeastQuantity)) << k;
        }
        for (left &= ~std::uint64_t{0} >> (64 - size); left != 0; left &= left - 1) {
            const int i = begin + std::countr_zero(left);
            write_option(w.legs[i], w.left[i], out);
        }
    }
}

// Writes an allocation; stock that is left waits when more options of the group follow.
inline void write_allocation(
    Workspace& w, const Regime& regime, const double* x, bool is_last, Writer& out) noexcept {
    const int combinations = first_combination(w);
    const bool is_any_sheltered = take_out(w, x, combinations);
    if (is_last) {
        write_alone(w, 0, w.first_option, out);
    }
    write_combinations(w, regime, x, combinations, out);
    write_spreads(w, regime, x, out);
    if (is_any_sheltered) {
        write_straddles(w, out);
    }
    write_options(w, out);
    write_alone(w, w.last_option, w.n_legs, out);
}

} // namespace
