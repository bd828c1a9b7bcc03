// SPDX-License-Identifier: Apache-2.0
#pragma once

// Contracts of several multipliers in one pool: each multiplier balances by itself but for what its
// contracts exceed, and that balances by shares with what those of the others exceed. A few whole
// numbers then decide how multipliers are mixed.

#include "isa/strategy_program.hpp"

namespace {

// Numbers the multipliers of the options in the order of their first ones, if there are several.
inline void number_sizes(Workspace& w, bool are_several) noexcept {
    w.n_sizes = 1;
    if (!are_several) {
        return;
    }
    w.n_sizes = 0;
    for (int i = w.first_option; i < w.last_option; ++i) {
        w.size_of[i] = -1;
        for (int k = i; k > w.first_option && w.size_of[i] < 0; --k) {
            w.size_of[i] = w.legs[k - 1].multiplier == w.legs[i].multiplier ? w.size_of[k - 1] : -1;
        }
        w.size_of[i] = w.size_of[i] < 0 ? w.n_sizes++ : w.size_of[i];
    }
}

// Rows that balance one right of a pool: where there are several multipliers one for each, and one
// for what those exceed.
inline int balance_rows(const Workspace& w) noexcept {
    return w.n_sizes == 1 ? 1 : w.n_sizes + 1;
}

// Row in which an option balances.
inline int balance_row(const Workspace& w, const Pool& pool, int i) noexcept {
    const int row = pool.balance_row[w.legs[i].right < 0];
    return w.n_sizes == 1 ? row : row + w.size_of[i];
}

inline double common_divisor(double a, double b) noexcept {
    while (b > 0.0) {
        const double rest = std::fmod(a, b);
        a = b;
        b = rest;
    }
    return a;
}

// What contracts of one multiplier exceed is in whole contracts a multiple of this, for those of
// the others to balance it.
inline double excess_lot(const Workspace& w, int i) noexcept {
    const Leg& leg = w.legs[i];
    double others = 0.0;
    for (int k = w.first_option; k < w.last_option; ++k) {
        const Leg& of = w.legs[k];
        if (of.underlying != leg.underlying) {
            continue;
        }
        if (of.multiplier != std::floor(of.multiplier)) {
            return 1.0;
        }
        others = of.multiplier != leg.multiplier ? common_divisor(of.multiplier, others) : others;
    }
    return others / common_divisor(leg.multiplier, others);
}

// Adds what short or long contracts of each multiplier exceed in the last pool.
inline void add_excesses(Workspace& w, const Pool& pool) noexcept {
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        const Leg& leg = w.legs[w.columns[j].leg[0]];
        double quantity = 0.0; // of the side and multiplier
        bool is_first = true, has_other = false;
        for (int k = pool.first_column; k < pool.loss_column && is_first; ++k) {
            const Leg& of = w.legs[w.columns[k].leg[0]];
            if (of.right != leg.right) {
                continue;
            }
            const bool is_side = of.is_long == leg.is_long;
            const bool is_size = of.multiplier == leg.multiplier;
            is_first = !is_side || !is_size || k >= j;
            quantity += is_side && is_size ? of.quantity : 0.0;
            has_other = has_other || (!is_side && !is_size);
        }
        if (!is_first || !has_other) {
            continue;
        }
        double upper = quantity / excess_lot(w, w.columns[j].leg[0]);
        upper = w.is_whole ? std::floor(upper) : upper;
        if (upper == 0.0) {
            continue;
        }
        if (Column* column = add_column(w, Use::excess, 0, w.columns[j].leg[0], 0, 0, 0)) {
            column->pool = static_cast<std::int16_t>(w.n_pools);
            column->upper = upper;
        }
    }
}

// Fills the balances of what contracts of a multiplier exceed.
inline void fill_excess(const Workspace& w, double* cells, const Column& column) noexcept {
    const Pool& pool = w.pools[column.pool];
    const int i = column.leg[0];
    const int last = pool.balance_row[w.legs[i].right < 0] + w.n_sizes;
    const double shares = w.weight[i] * excess_lot(w, i);
    cells[balance_row(w, pool, i)] = w.legs[i].is_long ? shares : -shares;
    cells[last] = w.legs[i].is_long ? -shares : shares;
}

} // namespace
