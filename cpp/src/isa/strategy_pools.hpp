// SPDX-License-Identifier: Apache-2.0
#pragma once

// Columns of spreads: pools of options whose greatest loss counts.

#include "isa/strategy_excess.hpp"

namespace {

inline bool is_of_pool(const Pool& pool, const Leg& leg, bool is_same_expiry) noexcept {
    const bool is_late = leg.time >= pool.cutoff, is_early = leg.time <= pool.cutoff;
    const bool is_in_time =
        is_same_expiry ? is_late & is_early : (leg.is_long ? is_late : is_early);
    const bool is_of_style = (pool.exercise == 0) | (leg.exercise == pool.exercise);
    return is_in_time & is_of_style & (!pool.is_index | (leg.role == kIndex));
}

inline void add_point(Workspace& w, Pool& pool, double point) noexcept {
    double* const points = w.points + pool.first_point;
    int at = pool.n_points;
    while (at > 0 && points[at - 1] > point) {
        --at;
    }
    const bool is_new = at == 0 || points[at - 1] != point;
    if (is_new && pool.first_point + pool.n_points == kMaxPoints) {
        w.is_too_large = true;
        return;
    }
    for (int k = pool.n_points; is_new && k > at; --k) {
        points[k] = points[k - 1];
    }
    points[at - (is_new ? 0 : 1)] = point;
    pool.n_points += is_new ? 1 : 0;
}

// Options of a pool, by what they are.
struct Members {
    int leg[kMaxLegs], bought[kMaxLegs];
    int count = 0, n_bought = 0;
    double low = kInfinite, high = 0.0; // strikes
};

// The options of a pool, of a right that has long and short ones.
inline Members
members_of(const Workspace& w, Pool& pool, int begin, int end, bool is_same_expiry) noexcept {
    bool is_in[kMaxLegs];
    int count[2][2] = {{0, 0}, {0, 0}}; // right, side
    for (int i = begin; i < end; ++i) {
        const Leg& leg = w.legs[i];
        is_in[i] = is_of_pool(pool, leg, is_same_expiry);
        count[leg.right < 0][leg.is_long] += is_in[i] ? 1 : 0;
    }
    bool has[2];
    for (int side = 0; side < 2; ++side) {
        has[side] = count[side][0] > 0 && count[side][1] > 0;
        pool.balance_row[side] = has[side] ? 0 : -1;
    }
    Members members;
    for (int i = begin; i < end && (has[0] || has[1]); ++i) {
        const Leg& leg = w.legs[i];
        const bool is_member = is_in[i] & has[leg.right < 0];
        members.leg[members.count] = members.bought[members.n_bought] = i;
        members.count += is_member ? 1 : 0;
        members.n_bought += is_member & leg.is_long ? 1 : 0;
        members.low = std::min(members.low, is_member ? leg.strike : kInfinite);
        members.high = std::max(members.high, is_member ? leg.strike : 0.0);
    }
    return members;
}

// Adds the pool's columns if it has long and short options of one right. Its loss can only be
// greatest at a long strike or beyond all strikes.
inline void add_pool(Workspace& w, Pool pool, int begin, int end, bool is_same_expiry) noexcept {
    const Members members = members_of(w, pool, begin, end, is_same_expiry);
    if (members.count == 0) {
        return;
    }
    if (w.n_pools == kMaxPools || w.n_columns + members.count >= kMaxColumns) {
        w.is_too_large = true;
        return;
    }
    pool.first_column = w.n_columns;
    for (int k = 0; k < members.count; ++k) {
        const int i = members.leg[k];
        const Leg& leg = w.legs[i];
        Column& column = *add_column(w, Use::spread, 1, i, 0, 0, 0);
        column.pool = static_cast<std::int16_t>(w.n_pools);
        const double cost[2] = {-leg.uncovered, leg.loan_value}; // not a branch
        column.cost[0] = column.cost[1] = cost[leg.is_long];
        column.upper = leg.quantity;
        const bool is_start = !leg.is_long & (w.spread_column[i] < 0);
        w.spread_column[i] = is_start ? w.n_columns - 1 : w.spread_column[i];
    }
    pool.first_point = w.n_points;
    pool.n_points = 0;
    for (int k = 0; k < members.n_bought; ++k) {
        add_point(w, pool, w.legs[members.bought[k]].strike);
    }
    if (pool.balance_row[1] == 0) {
        add_point(w, pool, members.low);
    }
    if (pool.balance_row[0] == 0) {
        add_point(w, pool, members.high);
    }
    w.n_points += pool.n_points;
    pool.loss_column = w.n_columns;
    add_column(w, Use::loss, 0, 0, 0, 0, 0)->pool = static_cast<std::int16_t>(w.n_pools);
    if (w.n_sizes > 1) {
        add_excesses(w, pool);
    }
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
        const bool is_next_short = !is_end && w.legs[i].time != cutoff && !w.legs[i].is_long;
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
