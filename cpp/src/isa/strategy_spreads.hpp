// SPDX-License-Identifier: Apache-2.0
#pragma once

// The options of a pool as spreads of few legs.

#include "isa/strategy_output.hpp"

#include <bit>

namespace {

constexpr int kMaxSpreadPoints = kMaxLegs + kPad; // one for each long strike and two ends, padded

// What is left of a pool's options, in canonical order, and what they lose at the pool's points.
struct Spread {
    int size;      // options left
    int points;    // padded by the last
    double whole;  // greatest loss
    double rate;   // of the greatest loss
    double* loss;  // at the points
    double* rest;  // the same without a pair that may be taken out
    bool is_plain; // see find_nearness
    double near;   // USD per share
    std::int32_t leg[kMaxLegs];
    alignas(64) double net[kMaxLegs + kPad]; // contracts
    double strike[kMaxLegs + kPad], right[kMaxLegs + kPad];
    double shares[kMaxLegs + kPad]; // of a contract, below 0 for long
    const double* payoff[kMaxLegs]; // at the points, per share
    double price[kMaxSpreadPoints], losses[2][kMaxSpreadPoints];
};

// Drops the options of which nothing is left.
inline void compact(Spread& spread) noexcept {
    int kept = 0;
    for (int k = 0; k < spread.size; ++k) {
        spread.leg[kept] = spread.leg[k];
        spread.net[kept] = spread.net[k];
        spread.strike[kept] = spread.strike[k];
        spread.right[kept] = spread.right[k];
        spread.shares[kept] = spread.shares[k];
        spread.payoff[kept] = spread.payoff[k];
        kept += spread.net[k] > kLeastQuantity ? 1 : 0;
    }
    spread.size = kept;
}

// Sets the next member, which stays if there is anything of it.
inline void
add_member(Spread& spread, const Workspace& w, int i, double contracts, int& size) noexcept {
    const Leg& leg = w.legs[i];
    spread.leg[size] = i;
    spread.net[size] = contracts;
    spread.strike[size] = leg.strike;
    spread.right[size] = leg.right;
    spread.shares[size] = -side_of(leg) * leg.multiplier;
    size += contracts > kLeastQuantity ? 1 : 0;
}

// The options that an allocation puts into a pool.
inline void
gather_members(Spread& spread, const Workspace& w, const Pool& pool, const double* x) noexcept {
    int size = 0;
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        add_member(spread, w, w.columns[j].leg[0], x[j], size);
    }
    spread.size = size;
}

// Sets what the members lose together at some points.
inline void
gather_losses(Spread& spread, Workspace& w, const double* points, int n_points) noexcept {
    const Vec last = broadcast(points[n_points - 1]);
    spread.points = padded(n_points);
    spread.loss = spread.losses[0];
    spread.rest = spread.losses[1];
    Vec whole{};
    for (int at = 0; at < spread.points; at += kVec) {
        const Mask is_point = lane_numbers() < broadcast(n_points - at);
        const Vec price = select(is_point, load(points + at), last);
        Vec loss{};
        for (int k = 0; k < spread.size; ++k) {
            const Vec payoff =
                max(broadcast(spread.right[k]) * (price - broadcast(spread.strike[k])), Vec{});
            store(w.payoff + k * spread.points + at, payoff);
            loss += broadcast(spread.net[k] * spread.shares[k]) * payoff;
        }
        store(spread.price + at, price);
        store(spread.loss + at, loss);
        whole = max(whole, loss);
    }
    spread.whole = greatest_of(whole);
    for (int k = 0; k < spread.size; ++k) {
        spread.payoff[k] = w.payoff + k * spread.points;
    }
}

// Up to three legs, and four of one quantity whose sides go + - - + or - + + - (condors, iron
// condors and butterflies, boxes), stay together.
inline bool is_one_strategy(const Spread& spread) noexcept {
    if (spread.size != 4) {
        return spread.size < 4;
    }
    const double* const net = spread.net;
    const auto is_long = [&](int k) { return spread.shares[k] < 0.0; };
    return net[1] == net[0] && net[2] == net[0] && net[3] == net[0] && is_long(0) == is_long(3) &&
           is_long(1) == is_long(2);
}

inline void write_spread(const Spread& spread, const Workspace& w, Writer& out) noexcept {
    const double loss = spread.rate * spread.whole;
    out.begin(StrategyCode::spread, spread.size, loss, loss);
    for (int k = 0; k < spread.size; ++k) {
        out.add_leg(w.legs[spread.leg[k]], spread.net[k]);
    }
}

// Takes a pair out if anything is left of it and it loses by itself what the rest then loses less.
inline void
take_pair(Spread& spread, const Workspace& w, int first, int second, Writer& out) noexcept {
    // Looked up, for the sides come in an order that no processor guesses.
    const int pair_of[2] = {first, second};
    const bool is_first_long = spread.shares[first] < 0.0;
    const int sold = pair_of[is_first_long], bought = pair_of[!is_first_long];
    const double contracts = std::min(spread.net[first], spread.net[second]);
    const double lots = contracts * spread.shares[sold];
    const double pair =
        lots * std::max(spread.right[sold] * (spread.strike[bought] - spread.strike[sold]), 0.0);
    const double most = spread.whole + kTolerance * (spread.whole + 1.0);
    Mask is_more{};
    Vec whole{};
    for (int at = 0; at < spread.points; at += kVec) {
        const Vec payoff = load(spread.payoff[sold] + at) - load(spread.payoff[bought] + at);
        const Vec rest = load(spread.loss + at) - broadcast(lots) * payoff;
        store(spread.rest + at, rest);
        whole = max(whole, rest);
        is_more |= broadcast(pair) + max(rest, Vec{}) > broadcast(most);
    }
    if ((bits_of(is_more) != 0) | (contracts <= kLeastQuantity)) {
        return;
    }
    std::swap(spread.loss, spread.rest);
    spread.whole = greatest_of(whole);
    spread.net[first] -= contracts;
    spread.net[second] -= contracts;
    const double loss = spread.rate * pair;
    out.begin(StrategyCode::spread, 2, loss, loss);
    out.add_leg(w.legs[spread.leg[first]], contracts);
    out.add_leg(w.legs[spread.leg[second]], contracts);
}

inline bool is_pair(const Spread& spread, int first, int second) noexcept {
    return spread.right[first] == spread.right[second] &&
           spread.shares[first] == -spread.shares[second];
}

// Members of a spread of no more than 64 for which something holds, as bits.
template <class Holds> inline std::uint64_t members(const Spread& spread, Holds holds) noexcept {
    std::uint64_t bits = 0;
    for (int k = 0; k < spread.size; k += kVec) {
        bits |= bits_of(holds(k)) << k;
    }
    return bits & ~std::uint64_t{0} >> (64 - spread.size);
}

// A spread is plain where its members stand in order of strike, calls before puts, and count whole
// contracts of one size. Then a pair is taken only if the long strike lies between the short one
// and each point of the greatest loss, for otherwise the pair loses more than the rest loses less
// there. That costs a contract more than the tolerance unless two of these prices are nearer than
// `near`.
inline void find_nearness(Spread& spread, const Workspace& w) noexcept {
    spread.is_plain = false;
    if (spread.size > 64) {
        return;
    }
    const double size = std::fabs(spread.shares[0]);
    double highest = 0.0;
    for (int k = 0; k < spread.size; ++k) {
        highest = std::max(highest, spread.strike[k]);
    }
    spread.near = 2.0 * kTolerance * (spread.whole + 1.0) / size + kTolerance * highest;
    const std::uint64_t in_order = members(spread, [&](int k) {
        const Vec gap = load(spread.strike + k + 1) - load(spread.strike + k);
        const Vec turn = load(spread.right + k) - load(spread.right + k + 1);
        return (gap > broadcast(spread.near)) | ((gap == Vec{}) & (turn > Vec{}));
    });
    const std::uint64_t of_size =
        members(spread, [&](int k) { return abs(load(spread.shares + k)) == broadcast(size); });
    spread.is_plain = w.is_whole && std::popcount(of_size) == spread.size &&
                      (in_order | std::uint64_t{1} << (spread.size - 1)) == of_size;
}

// Members as bits: those that may stand in a pair.
struct Sides {
    struct Right {
        std::uint64_t sold;
        std::uint64_t before, after; // bought: may be the first, the second of a pair
    };
    Right rights[2];

    explicit Sides(const Spread& spread) noexcept {
        const std::uint64_t calls =
            members(spread, [&](int k) { return load(spread.right + k) > Vec{}; });
        const std::uint64_t sold =
            members(spread, [&](int k) { return load(spread.shares + k) > Vec{}; });
        const std::uint64_t bought =
            members(spread, [&](int k) { return load(spread.shares + k) < Vec{}; });
        std::uint64_t before = bought, after = bought;
        if (spread.is_plain) {
            narrow(spread, calls, before, after);
        }
        rights[0] = {sold & calls, before & calls, after & calls};
        rights[1] = {sold & ~calls, before & ~calls, after & ~calls};
    }

    // Drops long options on the wrong side of a point of the greatest loss. Where nothing is lost,
    // neither is in any pair.
    static void narrow(const Spread& spread,
                       std::uint64_t calls,
                       std::uint64_t& before,
                       std::uint64_t& after) noexcept {
        Vec low = broadcast(kInfinite), high = broadcast(-kInfinite);
        for (int at = 0; at < spread.points; at += kVec) {
            const Vec price = load(spread.price + at);
            const Mask is_greatest = load(spread.loss + at) == broadcast(spread.whole);
            low = min(low, select(is_greatest, price, low));
            high = max(high, select(is_greatest, price, high));
        }
        const Vec lowest = broadcast(least_of(low) + spread.near);
        const Vec highest = broadcast(greatest_of(high) - spread.near);
        after &= members(spread, [&](int k) { return load(spread.strike + k) <= lowest; });
        before &= members(spread, [&](int k) { return load(spread.strike + k) >= highest; });
        if (spread.whole == 0.0) {
            after &= ~calls;
            before &= calls;
        }
    }

    // The first of each pair that stands so far apart.
    std::uint64_t firsts(int away) const noexcept {
        std::uint64_t found = 0;
        for (const auto& [sold, before, after] : rights) {
            found |= (sold & after >> away) | (before & sold >> away);
        }
        return found;
    }

    // The same for several distances from the nearest on, so many bits to each.
    std::uint64_t firsts(int nearest, int distances, int stride) const noexcept {
        std::uint64_t found = 0;
        for (int away = nearest + distances; away-- > nearest;) {
            found = found << (stride - 1) << 1 | firsts(away);
        }
        return found;
    }
};

// Takes out pairs of a spread of no more than 64. A word holds the pairs of several distances, so
// that few loops end where the processor does not expect it.
inline void take_narrow_pairs(Spread& spread, const Workspace& w, Writer& out) noexcept {
    const Sides sides(spread);
    const int log = std::bit_width(static_cast<unsigned>(spread.size - 1));
    const int stride = 1 << log, distances = 64 >> log;
    for (int nearest = 1; nearest < spread.size; nearest += distances) {
        std::uint64_t left = sides.firsts(nearest, distances, stride);
        for (; left != 0; left &= left - 1) {
            const int at = std::countr_zero(left);
            const int first = at & (stride - 1);
            const int second = first + nearest + (at >> log);
            if (spread.shares[first] == -spread.shares[second]) {
                take_pair(spread, w, first, second, out);
            }
        }
    }
}

// Takes out pairs that come at no cost, the nearest in canonical order first.
inline void take_pairs(Spread& spread, const Workspace& w, Writer& out) noexcept {
    if (spread.size <= 64) {
        take_narrow_pairs(spread, w, out);
        return;
    }
    for (int away = 1; away < spread.size; ++away) {
        for (int first = 0; first + away < spread.size; ++first) {
            if (is_pair(spread, first, first + away)) {
                take_pair(spread, w, first, first + away, out);
            }
        }
    }
}

// Writes a spread, cut into strategies of few legs as far as that costs nothing: takes out pairs
// until one strategy is left or no pair comes at no cost.
inline void cut_spread(Spread& spread, const Workspace& w, Writer& out) noexcept {
    if (!is_one_strategy(spread)) {
        find_nearness(spread, w);
    }
    int before = 0;
    while (!is_one_strategy(spread) && spread.size != before) {
        before = spread.size;
        take_pairs(spread, w, out);
        compact(spread);
    }
    if (spread.size > 0) {
        write_spread(spread, w, out);
    }
}

// The options of each pool.
inline void
write_spreads(Workspace& w, const Regime& regime, const double* x, Writer& out) noexcept {
    Spread spread;
    spread.rate = regime[StrategyRule::spread_rate];
    for (int p = 0; p < w.n_pools; ++p) {
        const Pool& pool = w.pools[p];
        gather_members(spread, w, pool, x);
        if (spread.size > 0) {
            gather_losses(spread, w, w.points + pool.first_point, pool.n_points);
            cut_spread(spread, w, out);
        }
    }
}

} // namespace
