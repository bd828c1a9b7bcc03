// SPDX-License-Identifier: Apache-2.0
#pragma once

// Columns of short straddles and strangles: short options on one number of shares, ranked by what
// they require.

#include "isa/strategy_program.hpp"

namespace {

inline bool ranks_before(const Workspace& w, int a, int b) noexcept {
    if (w.legs[a].multiplier != w.legs[b].multiplier) {
        return w.legs[a].multiplier < w.legs[b].multiplier;
    }
    if (w.need[a] != w.need[b]) {
        return w.need[a] > w.need[b];
    }
    return w.legs[a].right != w.legs[b].right ? w.legs[a].right > w.legs[b].right : a < b;
}

// Ranks the short options of an underlying: those of one multiplier together, by requirement, the
// greatest first; returns how many.
inline int rank_shorts(Workspace& w, int begin, int end) noexcept {
    int count = 0;
    for (int i = begin; i < end; ++i) {
        if (w.legs[i].is_long) {
            continue;
        }
        w.need[i] = w.legs[i].uncovered / w.legs[i].multiplier;
        int at = count++;
        for (; at > 0 && ranks_before(w, i, w.by_rank[begin + at - 1]); --at) {
            w.by_rank[begin + at] = w.by_rank[begin + at - 1];
        }
        w.by_rank[begin + at] = i;
    }
    for (int rank = 0; rank < count; ++rank) {
        w.rank[w.by_rank[begin + rank]] = rank;
    }
    return count;
}

// A short option may stand sheltered when one of the other right and its multiplier requires more.
// The last of each run of one right gives a row.
inline void add_straddle_columns(Workspace& w, const Regime& regime, int begin, int end) noexcept {
    const int count = rank_shorts(w, begin, end);
    if (!regime.has(StrategyRule::is_straddle_allowed)) {
        return;
    }
    std::fill_n(w.first_shelter + begin, end - begin, w.n_shelters);
    const Leg* first = nullptr; // of a multiplier
    bool has_other = false;     // one of the other right has come
    for (int rank = 0; rank < count; ++rank) {
        const int i = w.by_rank[begin + rank];
        const Leg& leg = w.legs[i];
        if (first == nullptr || leg.multiplier != first->multiplier) {
            first = &leg;
            has_other = false;
        }
        has_other = has_other || leg.right != first->right;
        w.first_shelter[i] = w.n_shelters;
        if (!has_other) {
            continue;
        }
        if (Column* column = add_column(w, Use::sheltered, 1, i, 0, 0, 0)) {
            column->cost[0] = column->cost[1] = leg.value - leg.uncovered;
            column->upper = leg.quantity;
        }
        const Leg* const next = rank + 1 < count ? &w.legs[w.by_rank[begin + rank + 1]] : nullptr;
        if (next == nullptr || next->right != leg.right || next->multiplier != leg.multiplier) {
            w.shelters[w.n_shelters++] = {i, leg.right, -1};
        }
    }
}

} // namespace
