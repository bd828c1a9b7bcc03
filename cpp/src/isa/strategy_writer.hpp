// SPDX-License-Identifier: Apache-2.0
#pragma once

// An allocation as strategies: codes, legs, requirements.

#include "isa/strategy_branch.hpp"

namespace {

using riskarray::StrategyResult;

// Writes the strategies of one group and adds them up.
struct Writer {
    const StrategyResult* result;
    std::size_t first_strategy, strategy_room, first_leg, leg_room;
    std::int32_t strategies = 0, legs = 0;
    double total[kBases] = {0.0, 0.0};
    int basis = 3; // 1 initial, 2 maintenance, 3 both

    void begin(StrategyCode code, double initial, double maintenance) noexcept {
        total[kInitial] += (basis & 1) != 0 ? initial : 0.0;
        total[kMaintenance] += (basis & 2) != 0 ? maintenance : 0.0;
        const auto at = static_cast<std::size_t>(strategies++);
        if (at < strategy_room) {
            const std::size_t k = first_strategy + at;
            result->strategy_code[k] = static_cast<std::int8_t>(code);
            result->strategy_basis[k] = static_cast<std::int8_t>(basis);
            result->strategy_initial[k] = initial;
            result->strategy_maintenance[k] = maintenance;
            result->strategy_legs[k] = 0;
        }
    }

    void add_leg(const Leg& leg, double quantity) noexcept {
        const auto at = static_cast<std::size_t>(legs++);
        if (at < leg_room) {
            result->leg_instrument[first_leg + at] = leg.instrument;
            result->leg_quantity[first_leg + at] = leg.is_long ? quantity : -quantity;
        }
        const auto strategy = static_cast<std::size_t>(strategies - 1);
        if (strategy < strategy_room) {
            ++result->strategy_legs[first_strategy + strategy];
        }
    }
};

inline double units_of(const Workspace& w, const Column& column, int k) noexcept {
    const Leg& leg = w.legs[column.leg[k]];
    return leg.kind == kStock ? shares_of(w.legs[column.leg[0]], leg) / leg.multiplier : 1.0;
}

// What the allocation leaves of each leg by itself, and what stands sheltered in a straddle.
inline void take_out(Workspace& w, const double* x) noexcept {
    for (int i = 0; i < w.n_legs; ++i) {
        w.left[i] = w.legs[i].quantity;
        w.straddled[i] = 0.0;
    }
    for (int j = 0; j < w.n_columns; ++j) {
        const Column& column = w.columns[j];
        for (int k = 0; k < column.n_legs; ++k) {
            w.left[column.leg[k]] -= units_of(w, column, k) * x[j];
        }
        if (column.use == Use::sheltered) {
            w.straddled[column.leg[0]] = x[j];
        }
    }
    for (int i = 0; i < w.n_legs; ++i) {
        if (w.left[i] <= kTolerance * w.legs[i].quantity) {
            w.left[i] = 0.0;
        }
    }
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
                               Writer& out) noexcept {
    for (int j = 0; j < w.n_columns; ++j) {
        const Column& column = w.columns[j];
        if (column.use < Use::cover || x[j] <= 0.0) {
            continue;
        }
        out.begin(code_of(w, column),
                  x[j] * combination_cost(w, regime, column, kInitial),
                  x[j] * combination_cost(w, regime, column, kMaintenance));
        for (int k = 0; k < column.n_legs; ++k) {
            out.add_leg(w.legs[column.leg[k]], units_of(w, column, k) * x[j]);
        }
    }
}

// A balanced set of options within a pool: its legs' quantities, and its loss at each point.
struct Spread {
    const Workspace& w;
    const Pool& pool;
    double* net;  // (columns of the pool,)
    double* loss; // (points of the pool,)

    const Leg& leg(int k) const noexcept { return w.legs[w.columns[pool.first_column + k].leg[0]]; }
    int size() const noexcept { return pool.loss_column - pool.first_column; }
    double point(int k) const noexcept { return w.points[pool.first_point + k]; }
    // Loss of one contract sold and one bought at a point.
    double pair_loss(int sold, int bought, int k) const noexcept {
        return leg(sold).multiplier * intrinsic(leg(sold), point(k)) -
               leg(bought).multiplier * intrinsic(leg(bought), point(k));
    }
    double greatest_loss() const noexcept {
        double greatest = 0.0;
        for (int k = 0; k < pool.n_points; ++k) {
            greatest = std::max(greatest, loss[k]);
        }
        return greatest;
    }
};

// Up to three legs, and four of one quantity whose sides go + - - + or - + + - (condors, iron
// condors and butterflies, boxes), stay together.
inline bool is_one_strategy(const Spread& spread) noexcept {
    double quantity = 0.0;
    int legs = 0;
    bool is_long[4] = {};
    for (int k = 0; k < spread.size(); ++k) {
        if (spread.net[k] <= 0.0) {
            continue;
        }
        if (legs == 4) {
            return false;
        }
        is_long[legs] = spread.leg(k).is_long;
        quantity = legs == 0 ? spread.net[k] : quantity;
        if (++legs == 4 && spread.net[k] != quantity) {
            return false;
        }
    }
    return legs < 4 || (is_long[0] == is_long[3] && is_long[1] == is_long[2]);
}

inline void write_spread(const Spread& spread, double loss, Writer& out) noexcept {
    out.begin(StrategyCode::spread, loss, loss);
    for (int k = 0; k < spread.size(); ++k) {
        if (spread.net[k] > 0.0) {
            out.add_leg(spread.leg(k), spread.net[k]);
        }
    }
}

// Takes a pair out if it loses by itself what the rest then loses less; true when it did.
inline bool take_pair(Spread& spread, int sold, int bought, double rate, Writer& out) noexcept {
    const double contracts = std::min(spread.net[sold], spread.net[bought]);
    double pair = 0.0, rest = 0.0;
    for (int k = 0; k < spread.pool.n_points; ++k) {
        const double loss = contracts * spread.pair_loss(sold, bought, k);
        pair = std::max(pair, loss);
        rest = std::max(rest, spread.loss[k] - loss);
    }
    const double whole = spread.greatest_loss();
    if (pair + rest > whole + kTolerance * (whole + 1.0)) {
        return false;
    }
    for (int k = 0; k < spread.pool.n_points; ++k) {
        spread.loss[k] -= contracts * spread.pair_loss(sold, bought, k);
    }
    spread.net[sold] -= contracts;
    spread.net[bought] -= contracts;
    out.begin(StrategyCode::spread, rate * pair, rate * pair);
    out.add_leg(spread.leg(std::min(sold, bought)), contracts);
    out.add_leg(spread.leg(std::max(sold, bought)), contracts);
    return true;
}

// The nearest pair, in canonical order, that can be taken out at no cost; true when there is one.
inline bool take_some_pair(Spread& spread, double rate, Writer& out) noexcept {
    const int size = spread.size();
    for (int away = 1; away < size; ++away) {
        for (int first = 0; first + away < size; ++first) {
            const int second = first + away;
            const bool is_first_sold = !spread.leg(first).is_long;
            const int sold = is_first_sold ? first : second;
            const int bought = is_first_sold ? second : first;
            const bool is_pair = spread.net[first] > 0.0 && spread.net[second] > 0.0 &&
                                 spread.leg(first).right == spread.leg(second).right &&
                                 spread.leg(first).multiplier == spread.leg(second).multiplier &&
                                 spread.leg(first).is_long != spread.leg(second).is_long;
            if (is_pair && take_pair(spread, sold, bought, rate, out)) {
                return true;
            }
        }
    }
    return false;
}

// The options of each pool, cut into strategies of few legs as far as that costs nothing.
inline void
write_spreads(Workspace& w, const Regime& regime, const double* x, Writer& out) noexcept {
    const double rate = regime[StrategyRule::spread_rate];
    for (int p = 0; p < w.n_pools; ++p) {
        const Pool& pool = w.pools[p];
        Spread spread{w, pool, w.net, w.loss};
        bool is_used = false;
        for (int k = 0; k < spread.size(); ++k) {
            spread.net[k] = x[pool.first_column + k];
            is_used = is_used || spread.net[k] > 0.0;
        }
        if (!is_used) {
            continue;
        }
        for (int k = 0; k < pool.n_points; ++k) {
            spread.loss[k] = loss_at(w, pool, x, k);
        }
        while (!is_one_strategy(spread) && take_some_pair(spread, rate, out)) {
        }
        is_used = false;
        for (int k = 0; k < spread.size(); ++k) {
            is_used = is_used || spread.net[k] > 0.0;
        }
        if (is_used) {
            write_spread(spread, rate * spread.greatest_loss(), out);
        }
    }
}

// Sets a sheltered option beside uncovered ones of the other right that require more, the greatest
// first.
inline void write_sheltered(Workspace& w, int begin, int i, Writer& out) noexcept {
    const Leg& leg = w.legs[i];
    for (int rank = 0; rank < w.rank[i] && w.straddled[i] > 0.0; ++rank) {
        const int k = w.by_rank[begin + rank];
        const Leg& greater = w.legs[k];
        const double shares =
            std::min(w.straddled[i] * leg.multiplier, w.left[k] * greater.multiplier);
        const double contracts = shares / leg.multiplier;
        if (greater.right == leg.right || contracts <= kTolerance * leg.quantity) {
            continue;
        }
        const double of_greater = shares / greater.multiplier;
        const double cost = of_greater * greater.uncovered + contracts * leg.value;
        out.begin(StrategyCode::short_straddle, cost, cost);
        out.add_leg(greater, of_greater);
        out.add_leg(leg, contracts);
        w.straddled[i] -= contracts;
        w.left[k] -= of_greater;
    }
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

inline void write_alone(const Workspace& w, int first, int last, Writer& out) noexcept {
    for (int i = first; i < last; ++i) {
        const Leg& leg = w.legs[i];
        if (w.left[i] <= 0.0) {
            continue;
        }
        StrategyCode code = StrategyCode::future;
        if (leg.kind == kStock) {
            code = leg.is_long ? StrategyCode::long_stock : StrategyCode::short_stock;
        } else if (leg.kind == kOption) {
            code = leg.right > 0 ? StrategyCode::uncovered_call : StrategyCode::uncovered_put;
            code = leg.is_long ? StrategyCode::long_option : code;
        }
        out.begin(code, w.left[i] * alone(leg, kInitial), w.left[i] * alone(leg, kMaintenance));
        out.add_leg(leg, w.left[i]);
    }
}

// Writes an allocation; stock that is left waits when more options of the group follow.
inline void write_allocation(
    Workspace& w, const Regime& regime, const double* x, bool is_last, Writer& out) noexcept {
    take_out(w, x);
    if (is_last) {
        write_alone(w, 0, w.first_option, out);
    }
    write_combinations(w, regime, x, out);
    write_spreads(w, regime, x, out);
    write_straddles(w, out);
    write_alone(w, w.first_option, w.n_legs, out);
}

} // namespace
