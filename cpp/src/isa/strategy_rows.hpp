// SPDX-License-Identifier: Apache-2.0
#pragma once

// The program: its columns, rows and coefficients.

#include "isa/strategy_combinations.hpp"
#include "isa/strategy_pools.hpp"
#include "isa/strategy_straddles.hpp"

namespace {

// The columns, in the order that settles ties.
inline void add_columns(Workspace& w, const Regime& regime) noexcept {
    w.n_columns = w.n_pools = w.n_points = w.n_shelters = 0;
    w.is_too_large = false;
    std::fill_n(w.spread_column, w.n_legs, -1);
    std::fill_n(w.sheltered_column, w.n_legs, -1);
    std::fill_n(w.uses, w.n_legs, 0);
    for (int begin = w.first_option; begin < w.last_option;) {
        const int end = underlying_end(w, begin);
        add_spread_columns(w, regime, begin, end);
        add_straddle_columns(w, regime, begin, end);
        begin = end;
    }
    add_stock_columns(w, regime);
    add_boxes(w, regime);
}

// Numbers the rows: capacities of legs that several columns want, balances and points of the pools,
// shelter.
inline void number_rows(Workspace& w) noexcept {
    int rows = 0; // of capacities, which come first
    for (int i = 0; i < w.n_legs; ++i) {
        const bool is_shared = w.uses[i] - (is_parted(w, i) ? 1 : 0) > 1;
        w.capacity_row[i] = is_shared ? rows : -1;
        w.shared[rows] = i;
        rows += is_shared ? 1 : 0;
    }
    w.n_shared = rows;
    for (int s = 0; s < w.n_shorts; ++s) {
        const int i = w.shorts[s];
        const bool has_parts = is_parted(w, i);
        w.part_row[i] = has_parts ? rows : -1;
        rows += has_parts ? 1 : 0;
    }
    for (int i = w.first_option; i < w.last_option; ++i) {
        w.total_row[i] = w.total_column[i] >= 0 ? rows++ : -1;
    }
    for (int p = 0; p < w.n_pools; ++p) {
        for (int& row : w.pools[p].balance_row) {
            row = row < 0 ? -1 : rows;
            rows += row < 0 ? 0 : balance_rows(w);
        }
    }
    w.first_shelter_row = rows;
    for (int s = 0; s < w.n_shelters; ++s) {
        w.shelters[s].row = rows++;
        w.shelter_right[s] = w.shelters[s].right;
    }
    for (int p = 0; p < w.n_pools; ++p) {
        w.pools[p].first_row = rows;
        rows += w.pools[p].n_points;
    }
    w.n_rows = rows;
    w.is_too_large = w.is_too_large || tableau_size(rows, w.n_columns) > kTableauDoubles;
}

inline double* cells_of(const Tableau& t, int column) noexcept {
    return t.coefficient + static_cast<std::ptrdiff_t>(column) * t.row_stride;
}

// Puts what one contract loses at the points of a pool, and its weight in the pool's balance, times
// a sign.
inline void
put_spread(const Workspace& w, double* cells, const Pool& pool, int i, double sign) noexcept {
    const Leg& leg = w.legs[i];
    const double signed_weight = leg.is_long ? -sign * w.weight[i] : sign * w.weight[i];
    cells[balance_row(w, pool, i)] = signed_weight;
    const Vec loss = broadcast(signed_weight * w.per_scale);
    for (int k = 0; k < pool.n_points; k += kVec) {
        const Vec cell = loss * intrinsic_at(leg, w.points + pool.first_point + k);
        store_part(cells + pool.first_row + k, cell, pool.n_points - k);
    }
}

// Puts amounts into the rows of shelter of a short option: those of its own right, that limit what
// is sheltered of it, and those of the other, that it gives shelter to.
inline void
put_shelter(const Workspace& w, double* cells, int i, double own, double other) noexcept {
    const Vec right = broadcast(w.legs[i].right);
    const int end = w.shelter_end[i];
    for (int s = w.first_shelter[i]; s < end; s += kVec) {
        const Vec cell =
            select(load(w.shelter_right + s) == right, broadcast(own), broadcast(other));
        store_part(cells + w.first_shelter_row + s, cell, end - s);
    }
}

// Fills the columns of the pools. Short options start in the first pool that spreads them: their
// column there counts what leaves it.
inline void fill_pools(const Workspace& w, const Tableau& t) noexcept {
    for (int p = 0; p < w.n_pools; ++p) {
        const Pool& pool = w.pools[p];
        for (int j = pool.first_column; j < pool.loss_column; ++j) {
            const int i = w.columns[j].leg[0];
            const int start = w.spread_column[i];
            put_spread(w, cells_of(t, j), pool, i, start == j ? -1.0 : 1.0);
            if (start >= 0 && start < pool.first_column) {
                put_spread(w, cells_of(t, j), w.pools[w.columns[start].pool], i, -1.0);
            }
        }
        std::fill_n(cells_of(t, pool.loss_column) + pool.first_row, pool.n_points, -1.0);
    }
    for (int s = 0; s < w.n_shorts && w.n_shelters > 0; ++s) {
        const int i = w.shorts[s];
        if (w.spread_column[i] >= 0) {
            const bool has_parts = is_parted(w, i);
            put_shelter(w,
                        cells_of(t, w.spread_column[i]),
                        i,
                        has_parts ? w.weight[i] : 0.0,
                        has_parts ? 0.0 : -w.weight[i]);
        }
    }
}

// Fills a column outside the pools: its short options leave the spread that they start in.
inline void fill_column(const Workspace& w, double* cells, const Column& column) noexcept {
    if (column.use == Use::excess) {
        fill_excess(w, cells, column);
        return;
    }
    if (column.use == Use::sheltered && is_parted(w, column.leg[0])) {
        const int i = column.leg[0];
        put_shelter(w, cells, i, -w.weight[i], -w.weight[i]);
        return;
    }
    for (int k = 0; k < column.n_legs; ++k) {
        const int i = column.leg[k];
        const int start = w.spread_column[i];
        const double own = column.use == Use::sheltered ? w.weight[i] : 0.0;
        if (start >= 0) {
            put_spread(w, cells, w.pools[w.columns[start].pool], i, -1.0);
        }
        if (w.n_shelters > 0 && w.legs[i].kind == kOption && !w.legs[i].is_long) {
            put_shelter(w, cells, i, own, start < 0 ? w.weight[i] : 0.0);
        }
    }
    const bool is_shared = column.use == Use::cover || column.use == Use::total;
    if (is_shared && w.total_row[column.leg[0]] >= 0) {
        cells[w.total_row[column.leg[0]]] = column.use == Use::cover ? 1.0 : -1.0;
    }
}

// Contracts of a leg; stock in contracts of the reference multiplier, without what is less than one
// when every use takes the same number of shares.
inline double capacity(const Workspace& w, int i) noexcept {
    const Leg& leg = w.legs[i];
    if (leg.kind != kStock) {
        return leg.quantity;
    }
    const double size = leg.quantity * leg.multiplier / w.reference_multiplier;
    double share = 0.0;
    for (int j = 0; j < w.n_columns && w.is_whole; ++j) {
        const Column& column = w.columns[j];
        if (column.n_legs < 2 || column.leg[column.n_legs - 1] != i) {
            continue;
        }
        if (!column.is_whole) {
            return size;
        }
        const double of_column = shares_of(w.legs[column.leg[0]], leg) / w.reference_multiplier;
        if (share != 0.0 && share != of_column) {
            return size;
        }
        share = of_column;
    }
    return share == 0.0 ? size : std::floor(size / share + kTolerance) * share;
}

// Adds up what the short options that start in a pool lose there.
inline void add_starts(const Workspace& w, const Tableau& t, const Pool& pool) noexcept {
    int starts[kMaxLegs];
    int count = 0;
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        starts[count] = j;
        count += w.spread_column[w.columns[j].leg[0]] == j ? 1 : 0;
    }
    for (int k = 0; k < pool.n_points; k += kVec) {
        const int row = pool.first_row + k;
        Vec sum = Vec{};
        for (int s = 0; s < count; ++s) {
            const double contracts = w.columns[starts[s]].upper * w.per_unit;
            sum += broadcast(contracts) * load(cells_of(t, starts[s]) + row);
        }
        store_part(t.right_side + row, sum, pool.n_points - k);
    }
    for (int s = 0; s < count; ++s) {
        const Column& column = w.columns[starts[s]];
        const int row = balance_row(w, pool, column.leg[0]);
        t.right_side[row] += column.upper * w.per_unit * cells_of(t, starts[s])[row];
    }
}

// Adds shelter for the other right to the rows of a short option's rank and below.
inline void give_shelter(const Workspace& w, double* right_side, int i, double amount) noexcept {
    for (int s = w.first_shelter[i]; s < w.shelter_end[i]; ++s) {
        right_side[w.shelters[s].row] += w.shelters[s].right != w.legs[i].right ? amount : 0.0;
    }
}

inline void fill_right_sides(const Workspace& w, const Tableau& t) noexcept {
    std::fill_n(t.right_side, t.row_stride, 0.0);
    std::fill_n(t.slack_upper, t.row_stride, kInfinite);
    for (int row = 0; row < w.n_shared; ++row) {
        t.right_side[row] = capacity(w, w.shared[row]) * w.per_unit;
    }
    for (int i = w.first_option; i < w.last_option; ++i) {
        if (w.total_row[i] >= 0) {
            t.slack_upper[w.total_row[i]] = 0.0;
        }
    }
    for (int s = 0; s < w.n_shorts && w.n_shelters > 0; ++s) {
        const int i = w.shorts[s];
        if (w.spread_column[i] < 0) {
            give_shelter(w, t.right_side, i, w.weight[i] * w.legs[i].quantity * w.per_unit);
        }
    }
    for (int p = 0; p < w.n_pools; ++p) {
        for (const int row : w.pools[p].balance_row) {
            if (row >= 0) {
                std::fill_n(t.slack_upper + row, balance_rows(w), 0.0);
            }
        }
        add_starts(w, t, w.pools[p]);
    }
}

// Fills the rows of the legs' capacities.
inline void fill_capacities(const Workspace& w, const Tableau& t) noexcept {
    double nowhere;
    for (int j = 0; j < w.n_columns; ++j) {
        const Column& column = w.columns[j];
        for (int k = 0; k < column.n_legs; ++k) {
            const int i = column.leg[k];
            const bool is_part = column.use == Use::sheltered && w.part_row[i] >= 0;
            const int row = is_part ? w.part_row[i] : w.capacity_row[i];
            double* const cell = row >= 0 ? cells_of(t, j) + row : &nowhere;
            *cell = w.legs[i].kind == kStock
                        ? shares_of(w.legs[column.leg[0]], w.legs[i]) / w.reference_multiplier
                        : 1.0;
        }
    }
    for (int s = 0; s < w.n_shorts; ++s) {
        const int i = w.shorts[s];
        if (w.part_row[i] >= 0) {
            cells_of(t, w.spread_column[i])[w.part_row[i]] = -1.0;
        }
    }
}

// Fills the coefficients. Quantities count in w.unit contracts and money in w.scale USD per share
// of the reference multiplier, so that all numbers are near 1.
inline Tableau make_tableau(Workspace& w) noexcept {
    const Tableau t = lay_out(w.tableau, w.n_rows, w.n_columns);
    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(t.columns) * t.row_stride;
    for (std::ptrdiff_t k = 0; k < size; k += kVec) { // shorter than a call to memset is worth
        store(t.coefficient + k, Vec{});
    }
    fill_pools(w, t);
    for (int j = 0; j < w.n_columns; ++j) {
        if (w.columns[j].use != Use::spread && w.columns[j].use != Use::loss) {
            fill_column(w, cells_of(t, j), w.columns[j]);
        }
    }
    fill_right_sides(w, t);
    fill_capacities(w, t);
    return t;
}

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
    bool is_taken[kMaxLegs] = {};
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
