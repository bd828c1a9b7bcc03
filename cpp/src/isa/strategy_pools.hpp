// SPDX-License-Identifier: Apache-2.0
#pragma once

// Columns of spreads: pools of options whose greatest loss counts.

#include "isa/strategy_program.hpp"

namespace {

inline bool is_of_pool(const Pool& pool, const Leg& leg, bool is_same_expiry) noexcept {
    if (pool.is_index && leg.role != kIndex) {
        return false;
    }
    if (pool.exercise != 0 && leg.exercise != pool.exercise) {
        return false;
    }
    if (is_same_expiry) {
        return leg.time == pool.cutoff;
    }
    return leg.is_long ? leg.time >= pool.cutoff : leg.time <= pool.cutoff;
}

inline void add_point(Workspace& w, Pool& pool, double point) noexcept {
    double* const points = w.points + pool.first_point;
    int at = pool.n_points;
    while (at > 0 && points[at - 1] >= point) {
        if (points[at - 1] == point) {
            return;
        }
        --at;
    }
    if (w.n_points == kMaxPoints) {
        w.is_too_large = true;
        return;
    }
    std::copy_backward(points + at, points + pool.n_points, points + pool.n_points + 1);
    points[at] = point;
    ++pool.n_points;
    ++w.n_points;
}

// Adds the pool's columns if it has long and short options of one right. Its loss can only be
// greatest at a long strike or beyond all strikes.
inline void add_pool(Workspace& w, Pool pool, int begin, int end, bool is_same_expiry) noexcept {
    int count[2][2] = {{0, 0}, {0, 0}}; // right, side
    for (int i = begin; i < end; ++i) {
        if (is_of_pool(pool, w.legs[i], is_same_expiry)) {
            ++count[w.legs[i].right < 0][w.legs[i].is_long];
        }
    }
    const bool has[2] = {count[0][0] > 0 && count[0][1] > 0, count[1][0] > 0 && count[1][1] > 0};
    if (!has[0] && !has[1]) {
        return;
    }
    if (w.n_pools == kMaxPools) {
        w.is_too_large = true;
        return;
    }
    pool.first_point = w.n_points;
    pool.n_points = 0;
    pool.first_column = w.n_columns;
    double low = kInfinite, high = 0.0;
    for (int i = begin; i < end; ++i) {
        const Leg& leg = w.legs[i];
        if (!is_of_pool(pool, leg, is_same_expiry) || !has[leg.right < 0]) {
            continue;
        }
        if (Column* column = add_column(w, Use::spread, 1, i, 0, 0, 0)) {
            column->pool = static_cast<std::int16_t>(w.n_pools);
            column->cost[0] = column->cost[1] = leg.is_long ? leg.loan_value : -leg.uncovered;
            column->upper = leg.quantity;
            if (!leg.is_long && w.spread_column[i] < 0) {
                w.spread_column[i] = w.n_columns - 1;
            }
        }
        low = std::min(low, leg.strike);
        high = std::max(high, leg.strike);
        if (leg.is_long) {
            add_point(w, pool, leg.strike);
        }
    }
    if (has[1]) {
        add_point(w, pool, low);
    }
    if (has[0]) {
        add_point(w, pool, high);
    }
    pool.loss_column = w.n_columns;
    if (Column* column = add_column(w, Use::loss, 0, 0, 0, 0, 0)) {
        column->pool = static_cast<std::int16_t>(w.n_pools);
    }
    pool.balance_row[0] = has[0] ? 0 : -1;
    pool.balance_row[1] = has[1] ? 0 : -1;
    w.pools[w.n_pools++] = pool;
}

// One pool for each last expiry of short options behind which a long option expires before the
// next.
inline void
add_pools(Workspace& w, const Regime& regime, int begin, int end, int exercise) noexcept {
    const bool is_same_expiry = regime.has(StrategyRule::is_spread_same_expiry);
    const auto is_of_style = [&](const Leg& leg) {
        return exercise == 0 || leg.exercise == exercise;
    };
    double cutoff = -kInfinite; // last expiry of short options so far
    bool is_open = false;       // a short option waits for its pool
    for (int i = begin; i <= end; ++i) {
        const bool is_end = i == end;
        if (!is_end && !is_of_style(w.legs[i])) {
            continue;
        }
        // A later short option takes over the wait unless a long one expires in between.
        const bool is_next_short = !is_end && !w.legs[i].is_long && w.legs[i].time != cutoff;
        if (is_open && (is_end || is_next_short)) {
            bool is_needed = is_end || is_same_expiry;
            for (int k = begin; k < i && !is_needed; ++k) {
                const Leg& leg = w.legs[k];
                is_needed = leg.is_long && is_of_style(leg) && leg.time >= cutoff &&
                            leg.time < w.legs[i].time;
            }
            if (is_needed) {
                Pool pool{};
                pool.cutoff = cutoff;
                pool.exercise = exercise;
                pool.is_index = regime.has(StrategyRule::is_spread_index);
                add_pool(w, pool, begin, end, is_same_expiry);
            }
        }
        if (is_next_short) {
            cutoff = w.legs[i].time;
            is_open = true;
        }
    }
}

inline void add_spread_columns(Workspace& w, const Regime& regime, int begin, int end) noexcept {
    if (!regime.has(StrategyRule::is_spread_allowed)) {
        return;
    }
    if (regime.has(StrategyRule::is_spread_index)) {
        add_pools(w, regime, begin, end, kEuropean);
    } else if (!regime.has(StrategyRule::is_spread_same_style)) {
        add_pools(w, regime, begin, end, 0);
    } else {
        bool has[3] = {false, false, false};
        for (int i = begin; i < end; ++i) {
            has[w.legs[i].exercise] = true;
        }
        for (int exercise = 1; exercise < 3; ++exercise) {
            if (has[exercise]) {
                add_pools(w, regime, begin, end, exercise);
            }
        }
    }
}

} // namespace
