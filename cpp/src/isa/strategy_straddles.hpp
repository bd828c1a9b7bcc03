// SPDX-License-Identifier: Apache-2.0
#pragma once

// Columns of short straddles and strangles: short options on one number of shares, ranked by what
// they require.

#include "isa/strategy_program.hpp"

#include <cstdint>

namespace {

// Ranks the short options of an underlying: those of one multiplier together, by requirement, the
// greatest first, of equal ones that of the greatest value, so that the other is carried; then in
// canonical order. Returns how many. Counts for each how many stand before it, as a sort would
// branch on what cannot be foreseen.
inline int rank_shorts(Workspace& w, int begin, int end) noexcept {
    int legs[kMaxLegs];
    double need[kMaxLegs], value[kMaxLegs], multiplier[kMaxLegs];
    std::int64_t rank[kMaxLegs];
    int count = 0;
    for (int i = begin; i < end; ++i) {
        const Leg& leg = w.legs[i];
        legs[count] = i;
        rank[count] = 0;
        need[count] = leg.uncovered;
        value[count] = leg.value;
        multiplier[count] = leg.multiplier;
        count += leg.is_long ? 0 : 1;
    }
    for (int k = 1; k < count; ++k) {
        std::int64_t ahead = 0;
        for (int other = 0; other < k; ++other) {
            const std::int64_t is_greater =
                (need[k] > need[other]) | ((need[k] == need[other]) & (value[k] > value[other]));
            const std::int64_t is_first = (multiplier[k] < multiplier[other]) |
                                          ((multiplier[k] == multiplier[other]) & is_greater);
            rank[other] += is_first;
            ahead += 1 - is_first;
        }
        rank[k] += ahead;
    }
    for (int k = 0; k < count; ++k) {
        w.rank[legs[k]] = static_cast<int>(rank[k]);
        w.by_rank[begin + rank[k]] = legs[k];
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
    const Leg* first = nullptr; // of a multiplier
    bool has_other = false;     // one of the other right has come
    for (int rank = 0, of_first = 0; rank < count; ++rank) {
        const int i = w.by_rank[begin + rank];
        const Leg& leg = w.legs[i];
        if (first == nullptr || leg.multiplier != first->multiplier) {
            first = &leg;
            of_first = rank;
            has_other = false;
        }
        has_other = has_other || leg.right != first->right;
        w.first_shelter[i] = w.n_shelters;
        if (Column* column = has_other ? add_column(w, Use::sheltered, 1, i, 0, 0, 0) : nullptr) {
            column->cost[0] = column->cost[1] = leg.value - leg.uncovered;
            column->upper = leg.quantity;
            w.sheltered_column[i] = w.n_columns - 1;
        }
        const Leg* const next = rank + 1 < count ? &w.legs[w.by_rank[begin + rank + 1]] : nullptr;
        const bool is_end = next == nullptr || next->multiplier != leg.multiplier;
        if (has_other && (is_end || next->right != leg.right)) {
            w.shelters[w.n_shelters++] = {leg.right, -1};
        }
        for (int k = of_first; is_end && k <= rank; ++k) {
            w.shelter_end[w.by_rank[begin + k]] = w.n_shelters;
        }
    }
}

} // namespace
