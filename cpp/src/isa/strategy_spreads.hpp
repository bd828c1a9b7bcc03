// SPDX-License-Identifier: Apache-2.0
#pragma once

// The options of a pool as spreads of few legs.

#include "isa/strategy_output.hpp"

#include <bit>

namespace {

// What is left of a pool's options, in canonical order.
struct Spread {
    Workspace& w;
    int size = 0;       // options left
    int points = 0;     // of w.price and w.loss, padded by the last
    double whole = 0.0; // greatest loss
    double rate;        // of the greatest loss

    const Leg& leg(int k) const noexcept { return w.legs[w.member[k]]; }
};

// Drops the options of which nothing is left.
inline void compact(Spread& spread) noexcept {
    Workspace& w = spread.w;
    int kept = 0;
    for (int k = 0; k < spread.size; ++k) {
        w.member[kept] = w.member[k];
        w.net[kept] = w.net[k];
        kept += w.net[k] > 0.0 ? 1 : 0;
    }
    spread.size = kept;
}

// Greatest loss that is left at any point once some lots of a pair are taken out of it; 0: none.
inline double
loss_without(const Spread& spread, const Leg& sold, const Leg& bought, double lots) noexcept {
    Vec rest = Vec{};
    for (int k = 0; k < spread.points; k += kVec) {
        const double* const price = spread.w.price + k;
        const Vec pair =
            broadcast(lots) * (intrinsic_at(sold, price) - intrinsic_at(bought, price));
        rest = max(rest, load(spread.w.loss + k) - pair);
    }
    return greatest_of(rest);
}

// Sets the losses of all that an allocation puts into a pool.
inline void gather_spread(Spread& spread, const Pool& pool, const double* x) noexcept {
    Workspace& w = spread.w;
    spread.points = padded(pool.n_points);
    for (int k = 0; k < spread.points; ++k) {
        w.price[k] = w.points[pool.first_point + std::min(k, pool.n_points - 1)];
        w.loss[k] = 0.0;
    }
    spread.size = 0;
    for (int j = pool.first_column; j < pool.loss_column; ++j) {
        if (x[j] <= 0.0) {
            continue;
        }
        w.member[spread.size] = w.columns[j].leg[0];
        w.net[spread.size++] = x[j];
        const Leg& leg = w.legs[w.columns[j].leg[0]];
        const Vec units = broadcast(leg.is_long ? -(x[j] * leg.multiplier) : x[j] * leg.multiplier);
        for (int k = 0; k < spread.points; k += kVec) {
            store(w.loss + k, load(w.loss + k) + units * intrinsic_at(leg, w.price + k));
        }
    }
    spread.whole = 0.0;
    for (int k = 0; k < pool.n_points; ++k) {
        spread.whole = std::max(spread.whole, w.loss[k]);
    }
}

// Up to three legs, and four of one quantity whose sides go + - - + or - + + - (condors, iron
// condors and butterflies, boxes), stay together.
inline bool is_one_strategy(const Spread& spread) noexcept {
    if (spread.size != 4) {
        return spread.size < 4;
    }
    const double* const net = spread.w.net;
    return net[1] == net[0] && net[2] == net[0] && net[3] == net[0] &&
           spread.leg(0).is_long == spread.leg(3).is_long &&
           spread.leg(1).is_long == spread.leg(2).is_long;
}

inline void write_spread(const Spread& spread, Writer& out) noexcept {
    const double loss = spread.rate * spread.whole;
    out.begin(StrategyCode::spread, loss, loss);
    for (int k = 0; k < spread.size; ++k) {
        out.add_leg(spread.leg(k), spread.w.net[k]);
    }
}

// Takes a pair out if it loses by itself what the rest then loses less.
inline void take_pair(Spread& spread, int first, int second, Writer& out) noexcept {
    Workspace& w = spread.w;
    const Leg& sold = spread.leg(spread.leg(first).is_long ? second : first);
    const Leg& bought = spread.leg(spread.leg(first).is_long ? first : second);
    const double contracts = std::min(w.net[first], w.net[second]);
    const double lots = contracts * sold.multiplier;
    const double pair = lots * std::max(sold.right * (bought.strike - sold.strike), 0.0);
    const double most = spread.whole + kTolerance * (spread.whole + 1.0);
    if (pair > most) {
        return;
    }
    const double rest = loss_without(spread, sold, bought, lots);
    if (pair + rest > most) {
        return;
    }
    for (int k = 0; k < spread.points; k += kVec) {
        const Vec change =
            broadcast(lots) * (intrinsic_at(sold, w.price + k) - intrinsic_at(bought, w.price + k));
        store(w.loss + k, load(w.loss + k) - change);
    }
    spread.whole = rest;
    w.net[first] -= contracts;
    w.net[second] -= contracts;
    out.begin(StrategyCode::spread, spread.rate * pair, spread.rate * pair);
    out.add_leg(spread.leg(first), contracts);
    out.add_leg(spread.leg(second), contracts);
}

inline bool is_pair(const Spread& spread, int first, int second) noexcept {
    const Leg& a = spread.leg(first);
    const Leg& b = spread.leg(second);
    return a.is_long != b.is_long && a.right == b.right && a.multiplier == b.multiplier &&
           spread.w.net[first] > 0.0 && spread.w.net[second] > 0.0;
}

// Members of a spread of no more than 64 as bits, by right and side.
struct Sides {
    std::uint64_t bits[2][2] = {{0, 0}, {0, 0}};

    explicit Sides(const Spread& spread) noexcept {
        for (int k = 0; k < spread.size; ++k) {
            bits[spread.leg(k).right < 0][spread.leg(k).is_long] |= std::uint64_t{1} << k;
        }
    }
    // The first of each pair that stands so far apart.
    std::uint64_t firsts(int away) const noexcept {
        std::uint64_t found = 0;
        for (const auto& [sold, bought] : bits) {
            found |= (sold & bought >> away) | (bought & sold >> away);
        }
        return found;
    }
};

// Takes out pairs that come at no cost, the nearest in canonical order first.
inline void take_pairs(Spread& spread, Writer& out) noexcept {
    if (spread.size > 64) {
        for (int away = 1; away < spread.size; ++away) {
            for (int first = 0; first + away < spread.size; ++first) {
                if (is_pair(spread, first, first + away)) {
                    take_pair(spread, first, first + away, out);
                }
            }
        }
        return;
    }
    const Sides sides(spread);
    for (int away = 1; away < spread.size; ++away) {
        for (std::uint64_t left = sides.firsts(away); left != 0; left &= left - 1) {
            const int first = std::countr_zero(left);
            if (is_pair(spread, first, first + away)) {
                take_pair(spread, first, first + away, out);
            }
        }
    }
}

// The options of each pool, cut into strategies of few legs as far as that costs nothing.
inline void
write_spreads(Workspace& w, const Regime& regime, const double* x, Writer& out) noexcept {
    Spread spread{.w = w, .rate = regime[StrategyRule::spread_rate]};
    for (int p = 0; p < w.n_pools; ++p) {
        gather_spread(spread, w.pools[p], x);
        int before = 0;
        while (!is_one_strategy(spread) && spread.size != before) {
            before = spread.size;
            take_pairs(spread, out);
            compact(spread);
        }
        if (spread.size > 0) {
            write_spread(spread, out);
        }
    }
}

} // namespace
