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
    int uses[kMaxLegs] = {};
    for (int j = 0; j < w.n_columns; ++j) {
        for (int k = 0; k < w.columns[j].n_legs; ++k) {
            ++uses[w.columns[j].leg[k]];
        }
    }
    int rows = 0;
    for (int i = 0; i < w.n_legs; ++i) {
        w.capacity_row[i] = uses[i] > 1 ? rows++ : -1;
    }
    for (int i = w.first_option; i < w.last_option; ++i) {
        w.total_row[i] = w.total_column[i] >= 0 ? rows++ : -1;
    }
    for (int p = 0; p < w.n_pools; ++p) {
        for (int& row : w.pools[p].balance_row) {
            row = row < 0 ? -1 : rows++;
        }
    }
    for (int s = 0; s < w.n_shelters; ++s) {
        w.shelters[s].row = rows++;
    }
    for (int p = 0; p < w.n_pools; ++p) {
        w.pools[p].first_row = rows;
        rows += w.pools[p].n_points;
    }
    w.n_rows = rows;
    w.is_too_large = w.is_too_large || tableau_size(rows, w.n_columns) > kTableauDoubles;
}

// Adds an amount in the rows of shelter that a short option of an underlying gives to the other
// right, or takes with its own.
inline void
add_shelter(const Workspace& w, double* cells, int i, bool is_taken, double amount) noexcept {
    const Leg& leg = w.legs[i];
    for (int s = w.first_shelter[i]; s < w.n_shelters; ++s) {
        const Shelter& shelter = w.shelters[s];
        const Leg& last = w.legs[shelter.last_leg];
        if (last.underlying != leg.underlying || last.multiplier != leg.multiplier) {
            return;
        }
        cells[shelter.row] += (shelter.right == leg.right) == is_taken ? amount : 0.0;
    }
}

inline void fill_spread(const Workspace& w, double* cells, const Column& column) noexcept {
    const Pool& pool = w.pools[column.pool];
    if (column.use == Use::loss) {
        std::fill_n(cells + pool.first_row, pool.n_points, -1.0);
        return;
    }
    const Leg& leg = w.legs[column.leg[0]];
    const double short_weight = leg.is_long ? -weight(w, leg) : weight(w, leg);
    cells[pool.balance_row[leg.right < 0]] = short_weight;
    // Beyond the pool's points come the rows of later pools, where this column has 0.
    const Vec loss = broadcast(short_weight / w.scale);
    const double* const points = w.points + pool.first_point;
    Vec left = broadcast(pool.n_points) - lane_numbers();
    for (int k = 0; k < pool.n_points; k += kVec) {
        const Vec cell = loss * intrinsic_at(leg, points + k);
        store(cells + pool.first_row + k, select(left > Vec{}, cell, Vec{}));
        left -= static_cast<double>(kLanes);
    }
}

// Fills a column but for the capacities.
inline void fill_column(const Workspace& w, double* cells, const Column& column) noexcept {
    if (column.use == Use::spread || column.use == Use::loss) {
        fill_spread(w, cells, column);
    }
    const bool is_shared = column.use == Use::cover || column.use == Use::total;
    if (is_shared && w.total_row[column.leg[0]] >= 0) {
        cells[w.total_row[column.leg[0]]] = column.use == Use::cover ? 1.0 : -1.0;
    }
    for (int k = 0; k < column.n_legs && w.n_shelters > 0; ++k) {
        const int i = column.leg[k];
        const Leg& leg = w.legs[i];
        if (leg.kind != kOption || leg.is_long) {
            continue;
        }
        add_shelter(w, cells, i, false, weight(w, leg));
        if (column.use == Use::sheltered) {
            add_shelter(w, cells, i, true, weight(w, leg));
        }
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

inline double* cells_of(const Tableau& t, int column) noexcept {
    return t.coefficient + static_cast<std::ptrdiff_t>(column) * t.row_stride;
}

// Puts what is left of short options by themselves in the place of what is spread.
inline void take_rests(const Workspace& w, const Tableau& t) noexcept {
    for (int j = 0; j < w.n_columns; ++j) {
        const Column& column = w.columns[j];
        for (int k = 0; k < column.n_legs; ++k) {
            const int spread = w.spread_column[column.leg[k]];
            if (spread >= 0 && spread != j) {
                add_multiple(cells_of(t, j), cells_of(t, spread), -1.0, t.row_stride);
            }
        }
    }
    for (int i = w.first_option; i < w.last_option; ++i) {
        if (w.spread_column[i] >= 0) {
            double* const cells = cells_of(t, w.spread_column[i]);
            add_multiple(t.right_side, cells, -(w.legs[i].quantity / w.unit), t.row_stride);
            for (int row = 0; row < t.row_stride; ++row) {
                cells[row] = -cells[row];
            }
        }
    }
}

inline void fill_right_sides(const Workspace& w, const Tableau& t) noexcept {
    std::fill_n(t.right_side, t.row_stride, 0.0);
    std::fill_n(t.slack_upper, t.row_stride, kInfinite);
    for (int i = 0; i < w.n_legs; ++i) {
        const Leg& leg = w.legs[i];
        if (w.capacity_row[i] >= 0) {
            t.right_side[w.capacity_row[i]] = capacity(w, i) / w.unit;
        }
        if (leg.kind == kOption && !leg.is_long && w.n_shelters > 0) {
            add_shelter(w, t.right_side, i, false, weight(w, leg) * leg.quantity / w.unit);
        }
    }
    for (int i = w.first_option; i < w.last_option; ++i) {
        if (w.total_row[i] >= 0) {
            t.slack_upper[w.total_row[i]] = 0.0;
        }
    }
    for (int p = 0; p < w.n_pools; ++p) {
        for (const int row : w.pools[p].balance_row) {
            if (row >= 0) {
                t.slack_upper[row] = 0.0;
            }
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
    for (int j = 0; j < w.n_columns; ++j) {
        fill_column(w, cells_of(t, j), w.columns[j]);
    }
    fill_right_sides(w, t);
    take_rests(w, t);
    for (int j = 0; j < w.n_columns; ++j) {
        const Column& column = w.columns[j];
        for (int k = 0; k < column.n_legs; ++k) {
            const int i = column.leg[k];
            const Leg& leg = w.legs[i];
            if (w.capacity_row[i] >= 0) {
                cells_of(t, j)[w.capacity_row[i]] =
                    leg.kind == kStock
                        ? shares_of(w.legs[column.leg[0]], leg) / w.reference_multiplier
                        : 1.0;
            }
        }
    }
    return t;
}

// Stands long options that cost nothing in a spread at their upper bounds, until they balance the
// short options that start there: the last pool first, calls from the lowest strike of the first
// expiry, puts from the other end.
inline void balance_pools(const Workspace& w, const Tableau& t) noexcept {
    bool is_taken[kMaxLegs] = {};
    for (int p = w.n_pools - 1; p >= 0; --p) {
        const Pool& pool = w.pools[p];
        for (int side = 0; side < 2; ++side) {
            const int row = pool.balance_row[side];
            const int size = pool.loss_column - pool.first_column;
            double missing = row < 0 ? 0.0 : -t.right_side[row];
            for (int k = 0; k < size && missing > 0.0; ++k) {
                const int j = pool.first_column + (side == 0 ? k : size - 1 - k);
                const int i = w.columns[j].leg[0];
                const Leg& leg = w.legs[i];
                if (leg.is_long && (leg.right < 0) == (side == 1) && !is_taken[i] &&
                    t.reduced[j] == 0.0) {
                    is_taken[i] = true;
                    t.sign[j] = -1.0;
                    missing -= t.upper[j] * weight(w, leg);
                }
            }
        }
    }
}

// Sets the costs of one basis and starts from all that may be spread in spreads.
inline void
start_on(const Workspace& w, const Regime& regime, const Tableau& t, int basis) noexcept {
    const double money = w.reference_multiplier * w.scale;
    *t.objective = 0.0;
    std::fill_n(t.reduced, t.stride, 0.0);
    for (int j = 0; j < w.n_columns; ++j) {
        const Column& column = w.columns[j];
        if (column.use == Use::loss) {
            t.reduced[j] = regime[StrategyRule::spread_rate];
            t.upper[j] = kInfinite;
            t.sign[j] = 1.0;
            continue;
        }
        double cost = column.cost[basis];
        for (int k = 0; k < column.n_legs; ++k) {
            const int spread = w.spread_column[column.leg[k]];
            const double of_spread = spread >= 0 ? w.columns[spread].cost[basis] : 0.0;
            *t.objective += spread == j ? of_spread / money * (column.upper / w.unit) : 0.0;
            cost = (spread == j ? 0.0 : cost) - of_spread;
        }
        t.reduced[j] = cost / money;
        t.upper[j] = column.upper / w.unit;
        t.sign[j] = cost < 0.0 ? -1.0 : 1.0;
    }
    balance_pools(w, t);
}

} // namespace
