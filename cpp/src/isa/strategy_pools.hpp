// SPDX-License-Identifier: Apache-2.0
#pragma once

// Columns of spreads and straddles, and the program's tableau.

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

inline bool requires_more(const Workspace& w, int a, int b) noexcept {
    const double need_a = w.legs[a].uncovered / w.legs[a].multiplier;
    const double need_b = w.legs[b].uncovered / w.legs[b].multiplier;
    if (need_a != need_b) {
        return need_a > need_b;
    }
    return w.legs[a].right != w.legs[b].right ? w.legs[a].right > w.legs[b].right : a < b;
}

// Ranks the short options of an underlying by their requirement, the greatest first; returns how
// many.
inline int rank_shorts(Workspace& w, int begin, int end) noexcept {
    int count = 0;
    for (int i = begin; i < end; ++i) {
        if (w.legs[i].is_long) {
            continue;
        }
        int at = count++;
        for (; at > 0 && requires_more(w, i, w.by_rank[begin + at - 1]); --at) {
            w.by_rank[begin + at] = w.by_rank[begin + at - 1];
        }
        w.by_rank[begin + at] = i;
    }
    for (int rank = 0; rank < count; ++rank) {
        w.rank[w.by_rank[begin + rank]] = rank;
    }
    return count;
}

// A short option may stand sheltered when one of the other right requires more. The last of each
// run of one right gives a row.
inline void add_straddle_columns(Workspace& w, const Regime& regime, int begin, int end) noexcept {
    const int count = rank_shorts(w, begin, end);
    if (!regime.has(StrategyRule::is_straddle_allowed)) {
        return;
    }
    bool has_other = false; // one of the other right has come
    for (int rank = 0; rank < count; ++rank) {
        const int i = w.by_rank[begin + rank];
        const Leg& leg = w.legs[i];
        has_other = has_other || leg.right != w.legs[w.by_rank[begin]].right;
        if (!has_other) {
            continue;
        }
        if (Column* column = add_column(w, Use::sheltered, 1, i, 0, 0, 0)) {
            column->cost[0] = column->cost[1] = leg.value - leg.uncovered;
            column->upper = leg.quantity;
        }
        if (rank + 1 == count || w.legs[w.by_rank[begin + rank + 1]].right != leg.right) {
            w.shelters[w.n_shelters++] = {begin, leg.right, rank, -1};
        }
    }
}

inline int underlying_end(const Workspace& w, int begin) noexcept {
    int end = begin + 1;
    while (end < w.last_option && w.legs[end].underlying == w.legs[begin].underlying) {
        ++end;
    }
    return end;
}

// The columns, in the order that settles ties.
inline void add_columns(Workspace& w, const Regime& regime) noexcept {
    w.n_columns = w.n_pools = w.n_points = w.n_shelters = 0;
    w.is_too_large = false;
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
        w.pools[p].first_row = rows;
        rows += w.pools[p].n_points;
    }
    for (int s = 0; s < w.n_shelters; ++s) {
        w.shelters[s].row = rows++;
    }
    w.n_rows = rows;
    w.is_too_large = w.is_too_large || tableau_size(rows, w.n_columns) > kTableauDoubles;
}

inline bool is_shelter_of(const Workspace& w, const Shelter& shelter, int i) noexcept {
    const Leg& leg = w.legs[i];
    return leg.kind == kOption && !leg.is_long && leg.right != shelter.right &&
           leg.underlying == w.legs[shelter.underlying_leg].underlying && w.rank[i] < shelter.rank;
}

inline bool is_sheltered_by(const Workspace& w, const Shelter& shelter, int i) noexcept {
    const Leg& leg = w.legs[i];
    return leg.right == shelter.right && w.rank[i] <= shelter.rank &&
           leg.underlying == w.legs[shelter.underlying_leg].underlying;
}

inline void fill_spread(const Workspace& w, const Tableau& t, int column) noexcept {
    const Pool& pool = w.pools[w.columns[column].pool];
    if (w.columns[column].use == Use::loss) {
        for (int k = 0; k < pool.n_points; ++k) {
            row_of(t, pool.first_row + k)[column] = -1.0;
        }
        return;
    }
    const Leg& leg = w.legs[w.columns[column].leg[0]];
    const double short_weight = leg.is_long ? -weight(w, leg) : weight(w, leg);
    row_of(t, pool.balance_row[leg.right < 0])[column] = short_weight;
    const double loss = short_weight / w.scale;
    for (int k = 0; k < pool.n_points; ++k) {
        row_of(t, pool.first_row + k)[column] =
            loss * intrinsic(leg, w.points[pool.first_point + k]);
    }
}

inline void fill_column(const Workspace& w, const Tableau& t, int j) noexcept {
    const Column& column = w.columns[j];
    if (column.use == Use::spread || column.use == Use::loss) {
        fill_spread(w, t, j);
    }
    const bool is_shared = column.use == Use::cover || column.use == Use::total;
    if (is_shared && w.total_row[column.leg[0]] >= 0) {
        row_of(t, w.total_row[column.leg[0]])[j] = column.use == Use::cover ? 1.0 : -1.0;
    }
    for (int k = 0; k < column.n_legs; ++k) {
        const int i = column.leg[k];
        const Leg& leg = w.legs[i];
        if (w.capacity_row[i] >= 0) {
            row_of(t, w.capacity_row[i])[j] =
                leg.kind == kStock ? shares_of(w.legs[column.leg[0]], leg) / w.reference_multiplier
                                   : 1.0;
        }
        for (int s = 0; s < w.n_shelters && leg.kind == kOption; ++s) {
            const Shelter& shelter = w.shelters[s];
            if (is_shelter_of(w, shelter, i) ||
                (column.use == Use::sheltered && is_sheltered_by(w, shelter, i))) {
                row_of(t, shelter.row)[j] = weight(w, leg);
            }
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

// Fills the tableau for one basis, every leg standing by itself. Quantities count in w.unit
// contracts and money in w.scale USD per share of the reference multiplier, so that all numbers are
// near 1.
inline Tableau make_tableau(Workspace& w, const Regime& regime, int basis) noexcept {
    const Tableau t = lay_out(w.tableau, w.n_rows, w.n_columns);
    clear(t);
    const int rhs = w.n_columns;
    for (int i = 0; i < w.n_legs; ++i) {
        const Leg& leg = w.legs[i];
        if (w.capacity_row[i] >= 0) {
            row_of(t, w.capacity_row[i])[rhs] = capacity(w, i) / w.unit;
        }
        for (int s = 0; s < w.n_shelters; ++s) {
            if (is_shelter_of(w, w.shelters[s], i)) {
                row_of(t, w.shelters[s].row)[rhs] += weight(w, leg) * leg.quantity / w.unit;
            }
        }
    }
    for (int i = w.first_option; i < w.last_option; ++i) {
        if (w.total_row[i] >= 0) {
            t.upper[w.n_columns + w.total_row[i]] = 0.0;
        }
    }
    for (int p = 0; p < w.n_pools; ++p) {
        for (const int row : w.pools[p].balance_row) {
            if (row >= 0) {
                t.upper[w.n_columns + row] = 0.0;
            }
        }
    }
    double* const cost = row_of(t, w.n_rows);
    const double money = w.reference_multiplier * w.scale;
    for (int j = 0; j < w.n_columns; ++j) {
        fill_column(w, t, j);
        const bool is_loss = w.columns[j].use == Use::loss;
        t.upper[j] = is_loss ? kInfinite : w.columns[j].upper / w.unit;
        cost[j] = is_loss ? regime[StrategyRule::spread_rate] : w.columns[j].cost[basis] / money;
    }
    return t;
}

} // namespace
