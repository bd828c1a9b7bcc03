// SPDX-License-Identifier: Apache-2.0
#pragma once

// Columns of short straddles and strangles: short options on one number of shares, ranked by what
// they require.

#include "isa/strategy_program.hpp"

namespace {

// The short options of an underlying, one to a lane.
struct Shorts {
    double need[kMaxLegs + kPad]; // USD per share by itself
    double right[kMaxLegs + kPad];
    double multiplier[kMaxLegs + kPad]; // padded by infinity
    int count = 0;
};

// How many others rank before one: those of a lesser multiplier, of a greater requirement, calls,
// those before it in canonical order.
inline int rank_of(const Shorts& shorts, int one) noexcept {
    const Vec need = broadcast(shorts.need[one]);
    const Vec right = broadcast(shorts.right[one]);
    const Vec multiplier = broadcast(shorts.multiplier[one]);
    int before = 0;
    Vec number = lane_numbers();
    for (int k = 0; k < shorts.count; k += kVec) {
        const Vec needs = load(shorts.need + k), rights = load(shorts.right + k);
        const Vec multipliers = load(shorts.multiplier + k);
        const Mask is_first = number < broadcast(one);
        const Mask of_right = (rights > right) | ((rights == right) & is_first);
        const Mask of_need = (needs > need) | ((needs == need) & of_right);
        const Mask is_before = (multipliers < multiplier) | ((multipliers == multiplier) & of_need);
        before += count_of(is_before);
        number += static_cast<double>(kLanes);
    }
    return before;
}

// Ranks the short options of an underlying: those of one multiplier together, by requirement, the
// greatest first; returns how many.
inline int rank_shorts(Workspace& w, int begin, int end) noexcept {
    Shorts shorts;
    int legs[kMaxLegs];
    for (int i = begin; i < end; ++i) {
        const Leg& leg = w.legs[i];
        legs[shorts.count] = i;
        shorts.need[shorts.count] = leg.uncovered / leg.multiplier;
        shorts.right[shorts.count] = leg.right;
        shorts.multiplier[shorts.count] = leg.multiplier;
        shorts.count += leg.is_long ? 0 : 1;
    }
    std::fill_n(shorts.multiplier + shorts.count, kPad, kInfinite);
    for (int k = 0; k < shorts.count; ++k) {
        w.rank[legs[k]] = rank_of(shorts, k);
        w.by_rank[begin + w.rank[legs[k]]] = legs[k];
    }
    return shorts.count;
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
