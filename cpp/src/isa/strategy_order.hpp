// SPDX-License-Identifier: Apache-2.0
#pragma once

// The legs of a group put into canonical order. In a small group each position's place is the
// number of those before it, counted in lanes: a sort would mispredict every other comparison.

#include "isa/strategy_program.hpp"

#include <bit>
#include <cstdint>

namespace {

// The keys of the order but for the last three, in which two positions seldom differ alone.
struct OrderKeys {
    alignas(64) double series[kMaxLegs];       // kind and underlying
    alignas(64) double time[kMaxLegs];         //
    alignas(64) std::int64_t strike[kMaxLegs]; // and right
};

// Strike, then call before put, as one number: the bits of doubles from 0 on rise as they do, and
// less 2^62 they have room for one more.
inline std::int64_t strike_key(double strike, std::int8_t right) noexcept {
    const auto bits = std::bit_cast<std::int64_t>(strike + 0.0); // no -0
    return 2 * (bits - (std::int64_t{1} << 62)) + (right < 0 ? 1 : 0);
}

// Returns how many keys all positions have in common.
inline int set_keys(const StrategyTerms& terms, const Positions& held, OrderKeys& keys) noexcept {
    bool is_one_series = true, is_one_time = true;
    for (int k = 0; k < held.count; ++k) {
        const auto i = static_cast<std::size_t>(held.instrument[k]);
        keys.series[k] = static_cast<double>(terms.kind[i]) * 0x1p32 + terms.underlying[i];
        keys.time[k] = terms.time_to_expiry[i];
        keys.strike[k] = strike_key(terms.strike[i], terms.right[i]);
        is_one_series = is_one_series & (keys.series[k] == keys.series[0]);
        is_one_time = is_one_time & (keys.time[k] == keys.time[0]);
    }
    for (int k = held.count; k < padded(held.count); ++k) { // these have none before them
        keys.series[k] = keys.time[k] = -kInfinite;
        keys.strike[k] = INT64_MIN;
    }
    return is_one_series ? 1 + is_one_time : 0;
}

inline Mask load_bits(const std::int64_t* p) noexcept {
    Mask m;
    std::memcpy(&m, p, sizeof m);
    return m;
}

// Counts the positions before each, which have some keys in common; false: some have all.
template <int Common>
inline bool count_before(const OrderKeys& keys, int count, std::int64_t* before) noexcept {
    Mask sum = {};
    for (int i = 0; i < count; i += kVec) {
        Mask rank = {};
        for (int j = 0; j < count; ++j) {
            Mask is_before = keys.strike[j] - Mask{} < load_bits(keys.strike + i);
            if (Common < 2) {
                const Vec time = load(keys.time + i), of_other = broadcast(keys.time[j]);
                is_before = (of_other < time) | ((of_other == time) & is_before);
            }
            if (Common < 1) {
                const Vec series = load(keys.series + i), of_other = broadcast(keys.series[j]);
                is_before = (of_other < series) | ((of_other == series) & is_before);
            }
            rank -= is_before;
        }
        std::memcpy(before + i, &rank, sizeof rank);
        sum += rank;
    }
    std::int64_t total = 0;
    for (int lane = 0; lane < kVec; ++lane) {
        total += sum[lane];
    }
    return total == std::int64_t{count} * (count - 1) / 2;
}

// Puts the legs of some positions, and their canonical order, into the workspace.
inline void gather_legs(Workspace& w,
                        const StrategyTerms& terms,
                        std::size_t regime,
                        const Positions& held) noexcept {
    for (int i = 0; i < held.count; ++i) {
        set_leg(w.gathered[i], terms, regime, held.instrument[i], held.quantity[i]);
        w.order[i] = i;
    }
    restore_order(w.gathered, held.count, w.order);
}

// Puts gathered legs in canonical order at the end of those that are solved together.
inline void take_legs(Workspace& w, int legs, int begin, int count) noexcept {
    for (int i = 0; i < count; ++i) {
        w.legs[legs + i] = w.gathered[w.order[begin + i]];
    }
    w.n_legs = legs + count;
}

// Makes at most kMaxLegs positions, in canonical order, the legs that are solved together.
inline void place_legs(Workspace& w,
                       const StrategyTerms& terms,
                       std::size_t regime,
                       const Positions& held) noexcept {
    OrderKeys keys;
    alignas(64) std::int64_t before[kMaxLegs];
    const int common = set_keys(terms, held, keys);
    const auto count = common == 0   ? count_before<0>
                       : common == 1 ? count_before<1>
                                     : count_before<2>;
    if (!count(keys, held.count, before)) {
        gather_legs(w, terms, regime, held);
        take_legs(w, 0, 0, held.count);
        return;
    }
    for (int k = 0; k < held.count; ++k) {
        set_leg(w.legs[before[k]], terms, regime, held.instrument[k], held.quantity[k]);
    }
    w.n_legs = held.count;
}

} // namespace
