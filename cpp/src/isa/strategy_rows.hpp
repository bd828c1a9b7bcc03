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
    w.is_too_large = w.is_too_large || tableau_size(rows, w.n_columns) > w.tableau_room;
}

inline double* cells_of(const Tableau& t, int column) noexcept {
    return t.coefficient + static_cast<std::ptrdiff_t>(column) * t.row_stride;
}

// Adds what one contract loses at the points of a pool, and its weight in the pool's balance, times
// a sign.
inline void
add_spread(const Workspace& w, double* cells, const Pool& pool, int i, double sign) noexcept {
    const Leg& leg = w.legs[i];
    const double signed_weight = leg.is_long ? -sign * w.weight[i] : sign * w.weight[i];
    cells[balance_row(w, pool, i)] += signed_weight;
    const Vec loss = broadcast(signed_weight * w.per_scale);
    for (int k = 0; k < pool.n_points; k += kVec) {
        const Vec cell = loss * intrinsic_at(leg, w.points + pool.first_point + k);
        double* const to = cells + pool.first_row + k;
        store_part(to, load(to) + cell, pool.n_points - k);
    }
}

// Adds amounts in the rows of shelter of a short option: those of its own right, that limit what
// is sheltered of it, and those of the other, that it gives shelter to.
inline void
add_shelter(const Workspace& w, double* cells, int i, double own, double other) noexcept {
    const Vec right = broadcast(w.legs[i].right);
    const int end = w.shelter_end[i];
    for (int s = w.first_shelter[i]; s < end; s += kVec) {
        const Vec cell =
            select(load(w.shelter_right + s) == right, broadcast(own), broadcast(other));
        double* const to = cells + w.first_shelter_row + s;
        store_part(to, load(to) + cell, end - s);
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
            add_spread(w, cells_of(t, j), pool, i, start == j ? -1.0 : 1.0);
            if (start >= 0 && start < pool.first_column) {
                add_spread(w, cells_of(t, j), w.pools[w.columns[start].pool], i, -1.0);
            }
        }
        std::fill_n(cells_of(t, pool.loss_column) + pool.first_row, pool.n_points, -1.0);
    }
    for (int s = 0; s < w.n_shorts && w.n_shelters > 0; ++s) {
        const int i = w.shorts[s];
        if (w.spread_column[i] >= 0) {
            const bool has_parts = is_parted(w, i);
            add_shelter(w,
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
        add_shelter(w, cells, i, -w.weight[i], -w.weight[i]);
        return;
    }
    for (int k = 0; k < column.n_legs; ++k) {
        const int i = column.leg[k];
        const int start = w.spread_column[i];
        const double own = column.use == Use::sheltered ? w.weight[i] : 0.0;
        if (start >= 0) {
            add_spread(w, cells, w.pools[w.columns[start].pool], i, -1.0);
        }
        if (w.n_shelters > 0 && w.legs[i].kind == kOption && !w.legs[i].is_long) {
            add_shelter(w, cells, i, own, start < 0 ? w.weight[i] : 0.0);
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

} // namespace
