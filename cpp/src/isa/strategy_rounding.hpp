// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whole contracts near an answer with fractions, for the search to start from: fractions are
// dropped, pools brought back into balance, and what that leaves is spread in pairs.

#include "isa/strategy_program.hpp"

namespace {

constexpr double kFraction = 1e-6; // of a contract: closer to a whole number is whole

// Loss at a point of the options that an allocation puts into a pool, in USD.
inline double loss_at(const Workspace& w, const Pool& pool, const double* x, int point) noexcept {
    const double price = w.points[pool.first_point + point];
    double loss = 0.0;
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        const Leg& leg = w.legs[w.columns[j].leg[0]];
        const double value = intrinsic(leg, price) * leg.multiplier * x[j];
        loss += leg.is_long ? -value : value;
    }
    return loss;
}

// Greatest loss of the pool, in USD times the spread rate.
inline double
pool_loss(const Workspace& w, const Regime& regime, const Pool& pool, const double* x) noexcept {
    double greatest = 0.0;
    for (int k = 0; k < pool.n_points; ++k) {
        greatest = std::max(greatest, loss_at(w, pool, x, k));
    }
    return greatest * regime[StrategyRule::spread_rate];
}

// What an allocation saves (below 0) against every leg by itself.
inline double
allocation_cost(const Workspace& w, const Regime& regime, const double* x, int basis) noexcept {
    double cost = 0.0;
    for (int j = 0; j < w.n_columns; ++j) {
        if (w.columns[j].use != Use::loss) {
            cost += w.columns[j].cost[basis] * x[j];
        } else {
            cost += pool_loss(w, regime, w.pools[w.columns[j].pool], x);
        }
    }
    return cost;
}

// Contracts that stand outside all columns.
inline void find_left(Workspace& w, const double* x) noexcept {
    for (int i = 0; i < w.n_legs; ++i) {
        w.left[i] = w.legs[i].quantity;
    }
    for (int j = 0; j < w.n_columns; ++j) {
        for (int k = 0; k < w.columns[j].n_legs; ++k) {
            w.left[w.columns[j].leg[k]] -= x[j];
        }
    }
}

// Whether an option in a pool is of the right and multiplier of another.
inline bool is_alike(const Workspace& w, int j, int like) noexcept {
    const Leg& of = w.legs[w.columns[j].leg[0]];
    return of.right == w.legs[like].right && of.multiplier == w.legs[like].multiplier;
}

// Takes options like one out of a pool, from its end, until it balances.
inline void balance(Workspace& w, const Pool& pool, int like, double* x) noexcept {
    double longs = 0.0, shorts = 0.0;
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        if (is_alike(w, j, like)) {
            (w.legs[w.columns[j].leg[0]].is_long ? longs : shorts) += x[j];
        }
    }
    double surplus = std::fabs(longs - shorts);
    for (int j = pool.loss_column - 1; j >= pool.first_column && surplus > 0.0; --j) {
        const int i = w.columns[j].leg[0];
        if (is_alike(w, j, like) && w.legs[i].is_long == (longs > shorts)) {
            const double taken = std::min(surplus, x[j]);
            surplus -= taken;
            x[j] -= taken;
            w.left[i] += taken;
        }
    }
}

// The long option of a pool that a short one loses least with, if that needs less than the short
// one by itself; -1: none.
inline int best_partner(const Workspace& w, const Pool& pool, int sold, double rate) noexcept {
    const Leg& s = w.legs[sold];
    double least = s.uncovered;
    int best = -1;
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        const int i = w.columns[j].leg[0];
        const Leg& b = w.legs[i];
        if (!b.is_long || !is_alike(w, j, sold) || w.left[i] < 1.0) {
            continue;
        }
        const double loss = s.multiplier * std::max(s.right * (b.strike - s.strike), 0.0);
        if (rate * loss + b.loan_value < least) {
            least = rate * loss + b.loan_value;
            best = j;
        }
    }
    return best;
}

// Spreads short options that the answer had not left by themselves in pairs.
inline void pair_left(Workspace& w, const Pool& pool, double rate, double* x) noexcept {
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        const int i = w.columns[j].leg[0];
        if (w.legs[i].is_long) {
            continue;
        }
        while (w.left[i] - w.alone[i] >= 1.0) {
            const int partner = best_partner(w, pool, i, rate);
            if (partner < 0) {
                break;
            }
            double& of_partner = w.left[w.columns[partner].leg[0]];
            const double contracts = std::min(w.left[i] - w.alone[i], of_partner);
            x[j] += contracts;
            x[partner] += contracts;
            w.left[i] -= contracts;
            of_partner -= contracts;
        }
    }
}

// Covers as many contracts of an option that several stocks share as are covered in full.
inline void round_total(const Workspace& w, int total, double* x) noexcept {
    double rest = x[total];
    for (int j = 0; j < w.n_columns; ++j) {
        if (w.columns[j].use == Use::cover && w.columns[j].leg[0] == w.columns[total].leg[0]) {
            x[j] = std::min(x[j], rest);
            rest -= x[j];
        }
    }
}

// Makes an allocation whole, pools in balance by each multiplier.
inline void round_allocation(Workspace& w, const Regime& regime, double* x) noexcept {
    find_left(w, x);
    for (int i = 0; i < w.n_legs; ++i) {
        w.alone[i] = std::ceil(w.left[i] - kFraction);
    }
    for (int j = 0; j < w.n_columns; ++j) {
        x[j] = w.columns[j].is_whole ? std::floor(x[j] + kFraction) : x[j];
        if (w.columns[j].use == Use::total) {
            round_total(w, j, x);
        }
    }
    find_left(w, x);
    for (int p = 0; p < w.n_pools; ++p) {
        const Pool& pool = w.pools[p];
        for (int j = pool.first_column; j < pool.loss_column; ++j) {
            balance(w, pool, w.columns[j].leg[0], x);
        }
    }
    for (int p = 0; p < w.n_pools; ++p) {
        pair_left(w, w.pools[p], regime[StrategyRule::spread_rate], x);
    }
}

} // namespace
