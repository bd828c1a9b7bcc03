// SPDX-License-Identifier: Apache-2.0
#pragma once

// Columns of stock against options (covers, hedges, collars), and of boxes.

#include "isa/strategy_program.hpp"

namespace {

// Adds a column unless it helps on neither basis.
inline void add_combination(
    Workspace& w, Use use, int n_legs, const int (&leg)[4], const double (&cost)[kBases]) noexcept {
    double net[kBases] = {cost[0], cost[1]};
    double upper = kInfinite;
    for (int k = 0; k < n_legs; ++k) {
        const Leg& of = w.legs[leg[k]];
        const double units =
            of.kind == kStock ? shares_of(w.legs[leg[0]], of) / of.multiplier : 1.0;
        upper = std::min(upper, of.quantity / units);
        for (int basis = 0; basis < kBases; ++basis) {
            net[basis] -= units * alone(of, basis);
        }
    }
    const bool is_shared = use == Use::cover && w.total_column[leg[0]] >= 0;
    upper = w.is_whole && !is_shared ? std::floor(upper + kTolerance) : upper;
    if (upper <= 0.0 || (net[0] >= 0.0 && net[1] >= 0.0)) {
        return;
    }
    if (Column* column = add_column(w, use, n_legs, leg[0], leg[1], leg[2], leg[3])) {
        column->cost[0] = net[0];
        column->cost[1] = net[1];
        column->upper = upper;
        column->is_whole = column->is_whole && !is_shared;
    }
}

inline bool may_cover(const Workspace& w, const Regime& regime, int option, int stock) noexcept {
    const Leg& o = w.legs[option];
    const Leg& s = w.legs[stock];
    if (o.is_long || (o.right > 0) != s.is_long) {
        return false;
    }
    if (!s.is_long && !regime.has(StrategyRule::is_put_cover_allowed)) {
        return false;
    }
    if (o.underlying == s.underlying) {
        return true;
    }
    return regime.has(StrategyRule::is_fund_cover_allowed) && o.role == kIndex && s.role == kFund &&
           o.index_group == s.index_group;
}

inline void add_collars(Workspace& w, const Regime& regime, int bought, int stock) noexcept {
    const Leg& b = w.legs[bought];
    const Leg& s = w.legs[stock];
    for (int sold = w.first_option; sold < w.last_option; ++sold) {
        const Leg& o = w.legs[sold];
        if (o.is_long || o.underlying != b.underlying || o.right == b.right ||
            o.multiplier != b.multiplier) {
            continue;
        }
        const bool is_same = o.time == b.time;
        const bool is_in_time =
            is_same || (!regime.has(StrategyRule::is_collar_same_expiry) && o.time < b.time);
        // Long stock: put at or below the call. Short stock: both at one strike.
        const bool is_placed = s.is_long ? b.strike <= o.strike : b.strike == o.strike;
        if (!is_in_time || !is_placed) {
            continue;
        }
        const double cost[kBases] = {collared(regime, o, b, s, kInitial),
                                     collared(regime, o, b, s, kMaintenance)};
        add_combination(w, Use::collar, 3, {sold, bought, stock, 0}, cost);
    }
}

// Where several stocks may cover an option (funds on its index), they may share a contract: a
// column of its own counts the contracts covered.
inline void add_totals(Workspace& w, const Regime& regime) noexcept {
    for (int option = w.first_option; option < w.last_option; ++option) {
        int stocks = 0;
        for (int stock = 0; stock < w.first_option; ++stock) {
            stocks += may_cover(w, regime, option, stock) ? 1 : 0;
        }
        w.total_column[option] = -1;
        if (stocks > 1) {
            w.total_column[option] = w.n_columns;
            if (Column* column = add_column(w, Use::total, 0, option, 0, 0, 0)) {
                column->upper = w.legs[option].quantity;
            }
        }
    }
}

// Stock against options: covers, hedges, collars.
inline void add_stock_columns(Workspace& w, const Regime& regime) noexcept {
    add_totals(w, regime);
    for (int stock = 0; stock < w.first_option; ++stock) {
        const Leg& s = w.legs[stock];
        for (int option = w.first_option; option < w.last_option; ++option) {
            const Leg& o = w.legs[option];
            if (may_cover(w, regime, option, stock)) {
                const double cost[kBases] = {covered(regime, o, s, kInitial),
                                             covered(regime, o, s, kMaintenance)};
                add_combination(w, Use::cover, 2, {option, stock, 0, 0}, cost);
            }
            const bool is_hedge = o.is_long && o.underlying == s.underlying &&
                                  (o.right < 0) == s.is_long &&
                                  regime.has(StrategyRule::is_hedge_allowed);
            if (is_hedge) {
                const double cost[kBases] = {hedged(regime, o, s, kInitial),
                                             hedged(regime, o, s, kMaintenance)};
                add_combination(w, Use::hedge, 2, {option, stock, 0, 0}, cost);
                add_collars(w, regime, option, stock);
            }
        }
    }
}

inline bool is_box(const Leg& lc, const Leg& sc, const Leg& lp, const Leg& sp) noexcept {
    const bool is_series = lc.underlying == sc.underlying && lc.underlying == lp.underlying &&
                           lc.underlying == sp.underlying && lc.time == sc.time &&
                           lc.time == lp.time && lc.time == sp.time;
    const bool is_unit = lc.multiplier == sc.multiplier && lc.multiplier == lp.multiplier &&
                         lc.multiplier == sp.multiplier;
    return is_series && is_unit && lc.role == kIndex && sc.exercise == kEuropean &&
           lp.exercise == kEuropean && sp.exercise == kEuropean && lc.strike == sp.strike &&
           sc.strike == lp.strike && lc.strike < sc.strike;
}

// Long boxes: for each long call the short put at its strike, and a short call and a long put
// above.
inline void add_boxes(Workspace& w, const Regime& regime) noexcept {
    if (regime[StrategyRule::box_rate] >= 1.0) {
        return;
    }
    const auto has = [&](int i, int right, bool is_long) {
        return w.legs[i].right == right && w.legs[i].is_long == is_long;
    };
    for (int lc = w.first_option; lc < w.last_option; ++lc) {
        if (w.legs[lc].exercise != kEuropean || !has(lc, 1, true)) {
            continue;
        }
        for (int sp = w.first_option; sp < w.last_option; ++sp) {
            if (!has(sp, -1, false) || w.legs[sp].strike != w.legs[lc].strike ||
                w.legs[sp].time != w.legs[lc].time) {
                continue;
            }
            for (int sc = lc + 1; sc < w.last_option; ++sc) {
                for (int lp = lc + 1; has(sc, 1, false) && lp < w.last_option; ++lp) {
                    if (has(lp, -1, true) &&
                        is_box(w.legs[lc], w.legs[sc], w.legs[lp], w.legs[sp])) {
                        const double value =
                            boxed(regime, w.legs[lc], w.legs[sc], w.legs[lp], w.legs[sp]);
                        add_combination(w, Use::box, 4, {lc, sc, lp, sp}, {value, value});
                    }
                }
            }
        }
    }
}

} // namespace
