// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the dual simplex starts: the costs of one basis, and all that may be spread in spreads.

#include "isa/strategy_rows.hpp"

namespace {

// Columns of the long options of one right that cost nothing in a pool.
struct FreeLongs {
    int column[kMaxLegs];
    int count = 0;
};

// Sets the costs of a pool's columns on one basis; returns what the short options that start in the
// pool cost by themselves.
inline double cost_pool(const Workspace& w,
                        const Tableau& t,
                        const Pool& pool,
                        int basis,
                        FreeLongs (&longs)[2]) noexcept {
    double of_starts = 0.0;
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        const Column& column = w.columns[j];
        const int i = column.leg[0];
        const int start = w.spread_column[i];
        const bool is_start = start == j;
        const double own = column.cost[basis] * w.per_money;
        const double of_start = start >= 0 ? w.columns[start].cost[basis] * w.per_money : 0.0;
        t.upper[j] = column.upper * w.per_unit;
        const bool has_parts = is_start && is_parted(w, i);
        const double sheltered =
            has_parts ? w.columns[w.sheltered_column[i]].cost[basis] * w.per_money : 0.0;
        t.reduced[j] = (is_start ? sheltered : own) - of_start;
        of_starts += is_start ? own * t.upper[j] : 0.0;
        FreeLongs& side = longs[w.legs[i].right < 0];
        side.column[side.count] = j;
        side.count += w.legs[i].is_long && own == 0.0 ? 1 : 0;
    }
    return of_starts;
}

// Stands long options that cost nothing at their upper bounds until they balance the short options
// that start in the pool: calls from the lowest strike of the first expiry, puts from the other
// end. An option stands so in one pool.
inline void balance_pool(const Workspace& w,
                         const Tableau& t,
                         const Pool& pool,
                         const FreeLongs (&longs)[2],
                         bool* is_taken) noexcept {
    for (int side = 0; side < 2; ++side) {
        const int row = pool.balance_row[side];
        double missing = row < 0 ? 0.0 : -t.right_side[row];
        for (int k = 0; k < longs[side].count && missing > 0.0; ++k) {
            const int j = longs[side].column[side == 0 ? k : longs[side].count - 1 - k];
            const int i = w.columns[j].leg[0];
            if (!is_taken[i]) {
                is_taken[i] = true;
                t.sign[j] = -1.0;
                missing -= t.upper[j] * w.weight[i];
            }
        }
    }
}

// Sets the costs of columns outside the pools: the short options leave the spread that they start
// in.
inline void
cost_others(const Workspace& w, const Tableau& t, int begin, int end, int basis) noexcept {
    for (int j = begin; j < end; ++j) {
        const Column& column = w.columns[j];
        double cost = column.cost[basis] * w.per_money;
        const bool is_part = column.use == Use::sheltered && is_parted(w, column.leg[0]);
        cost = is_part ? -cost : cost;
        for (int k = 0; k < column.n_legs && !is_part; ++k) {
            const int start = w.spread_column[column.leg[k]];
            cost -= start >= 0 ? w.columns[start].cost[basis] * w.per_money : 0.0;
        }
        t.reduced[j] = cost;
        t.upper[j] = column.upper * w.per_unit;
        t.sign[j] = cost < 0.0 ? -1.0 : 1.0;
    }
}

// Sets the costs of one basis and starts from all that may be spread in spreads, the last pool
// balanced first.
inline void
start_on(const Workspace& w, const Regime& regime, const Tableau& t, int basis) noexcept {
    bool is_taken[kMaxLegs];
    std::fill_n(is_taken, w.n_legs, false);
    std::fill_n(t.reduced, t.stride, 0.0);
    std::fill_n(t.sign, t.stride, 1.0);
    *t.objective = 0.0;
    int next = w.n_columns;
    for (int p = w.n_pools - 1; p >= 0; --p) {
        const Pool& pool = w.pools[p];
        cost_others(w, t, pool.loss_column + 1, next, basis);
        FreeLongs longs[2];
        *t.objective += cost_pool(w, t, pool, basis, longs);
        t.reduced[pool.loss_column] = regime[StrategyRule::spread_rate];
        t.upper[pool.loss_column] = kInfinite;
        if (w.n_sizes == 1) {
            balance_pool(w, t, pool, longs, is_taken);
        }
        next = pool.first_column;
    }
    cost_others(w, t, 0, next, basis);
}

} // namespace
