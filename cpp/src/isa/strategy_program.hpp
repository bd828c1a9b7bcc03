// SPDX-License-Identifier: Apache-2.0
#pragma once

// The choice of strategies as a linear program.
//
// Start from every leg by itself. A column takes a number of contracts out of that: into a spread,
// under stock, beside the other side of a straddle. Spreads of one underlying are pooled: by the
// universal spread rule the greatest loss of balanced options is the greatest over the strikes of a
// linear function of the quantities, and two spreads never need more together than apart. A pool
// has a last expiry of its short options; its long options expire then or later. Between short
// options of one multiplier sorted by requirement the shelter of a straddle only reaches downwards,
// so that one row per change of side says how much shelter there is.
//
// The tableau starts with short options in the first pool that spreads them. Their column there
// counts what leaves it; where that may stand sheltered, it is priced so, and the sheltered column
// counts the part that is uncovered after all.

#include "isa/strategy_legs.hpp"
#include "isa/strategy_tableau.hpp"

namespace {

constexpr int kMaxColumns = 8192;
constexpr int kMaxPools = 96;
constexpr int kMaxPoints = 4096;
constexpr int kMaxShelters = kMaxLegs;
constexpr std::ptrdiff_t kTableauDoubles = std::ptrdiff_t{1} << 20;
constexpr int kFewPositions = 40; // of a group: up to there that is room enough
constexpr std::ptrdiff_t kLargeTableauDoubles = std::ptrdiff_t{1} << 23;

enum class Use : std::int8_t { spread, loss, sheltered, total, excess, cover, hedge, collar, box };

struct Column {
    Use use;
    std::int8_t n_legs;
    bool is_whole;       // counts contracts that cannot be split
    std::int16_t leg[4]; // spread, sheltered: the option; cover, hedge: option, stock;
                         // collar: sold, bought, stock; box: long and short call, long and short
                         // put; excess: an option of the multiplier and side
    std::int16_t pool;
    double cost[kBases]; // against every leg by itself, in USD per contract
    double upper;        // contracts
};

struct Pool {
    double cutoff; // the short options expire then or before
    int exercise;  // 0: any
    bool is_index; // only options on an index
    int first_column, loss_column;
    int first_point, n_points;
    int balance_row[2]; // calls, puts; -1: none of that right
    int first_row;      // of the points
};

// Row that limits what is sheltered: short options of one right and multiplier down to a rank. The
// rows of an underlying stand in order of rank.
struct Shelter {
    int right; // of the sheltered
    int row;
};

// Memory of one worker.
struct alignas(64) Workspace {
    std::int32_t instrument[kMaxGathered];
    double quantity[kMaxGathered];
    Leg gathered[kMaxGathered];
    std::int32_t order[kMaxGathered]; // the gathered legs in canonical order

    Leg legs[kMaxLegs];
    int n_legs;
    int first_option, last_option; // the options within the legs
    double reference_multiplier, scale, unit;
    double per_scale, per_unit; // reciprocals, exact
    double per_money;           // of a contract's money
    bool is_whole;
    double least; // objective of the best allocation so far; 0: every leg by itself
    int n_sizes;  // multipliers of the options
    int size_of[kMaxLegs];
    int rank[kMaxLegs], by_rank[kMaxLegs];
    double weight[kMaxLegs];     // shares per unit in those of the reference multiplier
    int first_shelter[kMaxLegs]; // first row of shelter at or below the rank of a short option
    int shelter_end[kMaxLegs];   // behind the last of its underlying and multiplier
    double shelter_right[kMaxShelters + kPad];
    int first_shelter_row;
    int shorts[kMaxLegs], n_shorts; // the short options
    int uses[kMaxLegs];             // columns that want a leg
    int capacity_row[kMaxLegs];     // -1: none
    int shared[kMaxLegs], n_shared; // legs with a row of capacity

    Column columns[kMaxColumns];
    int n_columns;
    Pool pools[kMaxPools];
    int n_pools;
    double points[kMaxPoints + kPad];
    int n_points;
    Shelter shelters[kMaxShelters];
    int n_shelters;
    int total_column[kMaxLegs], total_row[kMaxLegs]; // -1: none
    int spread_column[kMaxLegs]; // first column that spreads a short option; -1: none
    int sheltered_column[kMaxLegs], part_row[kMaxLegs]; // -1: none
    int n_rows;
    bool is_too_large;

    double rounded[kMaxColumns], chosen[kBases][kMaxColumns];
    double left[kMaxLegs + kPad], straddled[kMaxLegs];
    double alone[kMaxLegs]; // contracts that an answer with fractions leaves by themselves
    double payoff[kMaxLegs * (kMaxLegs + kPad)]; // of the spread that is written, at its points

    double* tableau;             // behind the workspace
    std::ptrdiff_t tableau_room; // doubles that the group may take there
};

// The room of a group depends on nothing else that is margined with it.
inline std::ptrdiff_t tableau_room(std::size_t positions) noexcept {
    return positions <= kFewPositions ? kTableauDoubles : kLargeTableauDoubles;
}

// Whether an option starts in a spread and may stand sheltered outside: then its first column
// counts all that stands outside, its sheltered column what of that is uncovered.
inline bool is_parted(const Workspace& w, int i) noexcept {
    return (w.spread_column[i] >= 0) & (w.sheltered_column[i] >= 0);
}

inline Column* add_column(Workspace& w, Use use, int n_legs, int a, int b, int c, int d) noexcept {
    if (w.n_columns == kMaxColumns) {
        w.is_too_large = true;
        return nullptr;
    }
    Column& column = w.columns[w.n_columns++];
    column.use = use;
    column.n_legs = static_cast<std::int8_t>(n_legs);
    column.is_whole = w.is_whole && use != Use::loss;
    column.leg[0] = static_cast<std::int16_t>(a);
    column.leg[1] = static_cast<std::int16_t>(b);
    column.leg[2] = static_cast<std::int16_t>(c);
    column.leg[3] = static_cast<std::int16_t>(d);
    column.pool = -1;
    column.cost[0] = column.cost[1] = 0.0;
    column.upper = kInfinite;
    for (int k = 0; k < n_legs; ++k) {
        ++w.uses[column.leg[k]];
    }
    return &column;
}

// Intrinsic values of an option at some points, per share.
inline Vec intrinsic_at(const Leg& leg, const double* price) noexcept {
    return max(broadcast(leg.right) * (load(price) - broadcast(leg.strike)), Vec{});
}

// What a leg needs by itself, per unit.
inline double alone(const Leg& leg, int basis) noexcept {
    if (leg.kind == kStock) {
        return stock_alone(leg, basis);
    }
    return leg.kind == kFuture || !leg.is_long ? leg.uncovered : -leg.loan_value;
}

inline int underlying_end(const Workspace& w, int begin) noexcept {
    int end = begin + 1;
    while (end < w.last_option && w.legs[end].underlying == w.legs[begin].underlying) {
        ++end;
    }
    return end;
}

} // namespace
