// SPDX-License-Identifier: Apache-2.0
#pragma once

// Options of one underlying and expiry where the loss of their spread counts at one price alone, or
// half of it at each of two.
//
// What then stands in the spread needs no program. Short options cost what they pay there, long
// ones bring that. As those of one right balance, the long ones that bring most stay (calls
// from the lowest strike, puts from the highest), and the short ones that would cost most more
// outside. No allocation requires less than this choice costs: each loses there, too.

#include "isa/strategy_program.hpp"

#include <bit>
#include <cstdint>

namespace {

constexpr int kMaxAtPrice = 64;    // options: one bit each
constexpr double kRounding = 1e-9; // USD a contract

enum Right : int { kCalls = 0, kPuts = 1 };

inline Right other(Right right) noexcept {
    return right == kCalls ? kPuts : kCalls;
}

inline double sign_of(Right right) noexcept {
    return right == kCalls ? 1.0 : -1.0;
}

// Options in order of strike, and what is chosen of them at a price. Padded by options of no side.
struct AtPrice {
    int size;
    double factor;                    // what counts of what a contract pays a share
    bool may_straddle;                //
    std::uint64_t sold[2], bought[2]; // bits of the options of each right
    double spare[2];                  // long contracts less short ones
    alignas(64) double strike[kMaxAtPrice], right[kMaxAtPrice];
    alignas(64) double sold_right[kMaxAtPrice]; // 0: long
    alignas(64) double quantity[kMaxAtPrice], need[kMaxAtPrice], value[kMaxAtPrice];

    alignas(64) double paid[kMaxAtPrice]; // USD a contract
    alignas(64) double gain[kMaxAtPrice]; // of short options in the spread, against outside
    alignas(64) double cost[kMaxAtPrice]; // of short options: see choose
    alignas(64) double in[kMaxAtPrice];   // contracts in the spread
    double out[2];                        // short contracts outside
    bool is_all_in[2];
};

// The options for which a comparison is true, as bits.
template <typename Compare>
inline std::uint64_t options_where(int size, const Compare& compare) noexcept {
    std::uint64_t bits = 0;
    for (int at = 0; at < size; at += kVec) {
        bits |= bits_of(compare(at)) << at;
    }
    return bits & ~std::uint64_t{0} >> (64 - size);
}

// The short option in the spread that would cost least more outside.
inline int least_gain(const AtPrice& a) noexcept {
    Vec least = broadcast(kInfinite);
    for (int at = 0; at < a.size; at += kVec) {
        least = min(least, load(a.gain + at));
    }
    const Vec gain = broadcast(least_of(least));
    return std::countr_zero(
        options_where(a.size, [&](int at) { return load(a.gain + at) == gain; }));
}

// The long option of those that brings least.
inline int least_bought(std::uint64_t bought, Right right) noexcept {
    return right == kCalls ? 63 - std::countl_zero(bought) : std::countr_zero(bought);
}

inline void take_out(AtPrice& a, std::uint64_t& options, int i, double contracts) noexcept {
    a.in[i] -= contracts;
    options &= a.in[i] > kLeastQuantity ? ~std::uint64_t{0} : ~(std::uint64_t{1} << i);
}

// Takes long options out until no more are in than short ones.
inline void take_spare(AtPrice& a, Right right, std::uint64_t& bought, double& spare) noexcept {
    while (spare > kLeastQuantity && bought != 0) {
        const int i = least_bought(bought, right);
        const double contracts = std::min(a.in[i], spare);
        take_out(a, bought, i, contracts);
        spare -= contracts;
    }
}

// Takes short options out that lack long ones, then pairs that cost less outside. Returns the price
// at which contracts of the right balance.
inline double take_dear(AtPrice& a, Right right, std::uint64_t& bought, double spare) noexcept {
    std::uint64_t sold = a.sold[right];
    double price = -kInfinite;
    while (sold != 0) {
        const int i = least_gain(a);
        double contracts = std::min(a.in[i], -spare);
        if (!(spare < -kLeastQuantity)) {
            const int k = least_bought(bought, right);
            if (bought == 0 || a.gain[i] + a.paid[k] >= -kRounding) {
                break;
            }
            contracts = std::min(a.in[i], a.in[k]);
            take_out(a, bought, k, contracts);
            spare -= contracts;
        }
        price = a.gain[i];
        take_out(a, sold, i, contracts);
        spare += contracts;
        a.out[right] += contracts;
        if ((sold >> i & 1) == 0) {
            put(a.gain, i, kInfinite);
        }
    }
    return bought != 0 ? std::max(price, -a.paid[least_bought(bought, right)]) : price;
}

// Chooses what of a right stands in the spread when outside a short option costs so much. A short
// option's cost is the lesser of that and of what it costs in the spread: what it pays, and the
// price of a contract that balances it. These are the prices of the proof: where no straddle is
// worth more by them either, no allocation costs less.
inline void choose(AtPrice& a, Right right, const double* outside) noexcept {
    const Vec sign = broadcast(sign_of(right));
    for (int at = 0; at < a.size; at += kVec) {
        const Vec gain = load(outside + at) - load(a.paid + at);
        const Mask is_sold = load(a.sold_right + at) == sign;
        store(a.gain + at, select(is_sold, gain, broadcast(kInfinite)));
        const Mask is_right = load(a.right + at) == sign;
        store(a.in + at, select(is_right, load(a.quantity + at), load(a.in + at)));
    }
    std::uint64_t bought = a.bought[right];
    double spare = a.spare[right];
    a.out[right] = 0.0;
    a.is_all_in[right] = !(spare > kLeastQuantity);
    take_spare(a, right, bought, spare);
    const Vec price = broadcast(take_dear(a, right, bought, spare));
    a.is_all_in[right] = a.is_all_in[right] && a.out[right] == 0.0;
    for (int at = 0; at < a.size; at += kVec) {
        const Vec cost = min(load(outside + at), load(a.paid + at) + price);
        const Mask is_sold = load(a.sold_right + at) == sign;
        store(a.cost + at, select(is_sold, cost, load(a.cost + at)));
    }
}

// Whether a short option may carry another in a straddle: the one that requires more.
inline bool may_carry(const AtPrice& a, int carrier, int carried) noexcept {
    const double need = a.need[carrier] - a.need[carried];
    const double value = a.value[carrier] - a.value[carried];
    return need > 0.0 || (need == 0.0 && (value > 0.0 || (value == 0.0 && carrier < carried)));
}

// Whether no short option costs more than in a straddle with one of a right that carries it, and
// that then costs more than where it stands.
inline bool is_no_straddle_better(const AtPrice& a, Right carriers) noexcept {
    const Vec sign = broadcast(sign_of(carriers));
    Vec asked = broadcast(kInfinite), offered = broadcast(-kInfinite);
    for (int at = 0; at < a.size; at += kVec) {
        const Vec cost = load(a.cost + at);
        const Vec sold_right = load(a.sold_right + at);
        asked = min(asked, select(sold_right == sign, load(a.need + at) - cost, asked));
        offered = max(offered, select(sold_right == -sign, cost - load(a.value + at), offered));
    }
    if (greatest_of(offered) <= least_of(asked) + kRounding) {
        return true;
    }
    for (std::uint64_t left = a.sold[carriers]; left != 0; left &= left - 1) {
        const int i = std::countr_zero(left);
        const double least = a.need[i] - a.cost[i] + kRounding;
        for (std::uint64_t rest = a.sold[other(carriers)]; rest != 0; rest &= rest - 1) {
            const int k = std::countr_zero(rest);
            if (a.cost[k] - a.value[k] > least && may_carry(a, i, k)) {
                return false;
            }
        }
    }
    return true;
}

// Whether options of the other right that stand outside carry all of a right that do.
inline bool are_carried(const AtPrice& a, Right carried) noexcept {
    for (std::uint64_t left = a.sold[carried]; left != 0; left &= left - 1) {
        const int k = std::countr_zero(left);
        double room = a.in[k] - a.quantity[k];
        if (room >= -kLeastQuantity) {
            continue;
        }
        for (std::uint64_t rest = a.sold[kCalls] | a.sold[kPuts]; rest != 0; rest &= rest - 1) {
            const int i = std::countr_zero(rest);
            const double out = a.quantity[i] - a.in[i];
            const double more = (a.sold[carried] >> i & 1) != 0 ? -out : out;
            room += may_carry(a, i, k) ? more : 0.0;
        }
        if (room < -kLeastQuantity) {
            return false;
        }
    }
    return true;
}

// Who is carried in straddles by what the other right leaves outside.
enum class Carried : int { calls = kCalls, puts = kPuts, none, unknown };

// Lets one right stand outside uncovered and the other as far as that carries it.
inline Carried choose_straddles(AtPrice& a) noexcept {
    const Right more = a.out[kCalls] >= a.out[kPuts] ? kCalls : kPuts;
    const double out[2] = {a.out[kCalls], a.out[kPuts]};
    for (const Right carriers : {more, other(more)}) {
        if (out[carriers] == 0.0) {
            break;
        }
        const Right carried = other(carriers);
        choose(a, carried, a.value);
        if (are_carried(a, carried) && is_no_straddle_better(a, carried)) {
            return a.out[carried] > 0.0 ? static_cast<Carried>(carried) : Carried::none;
        }
        choose(a, carried, a.need);
    }
    return Carried::unknown;
}

// Where the loss counts: half of it at each of two prices, which may be one; none: nowhere.
struct Prices {
    const double *first = nullptr, *last = nullptr;

    bool operator==(const Prices&) const = default;
};

// Chooses what stands in the spread when its loss counts at such prices alone.
inline Carried choose_at(AtPrice& a, const Prices& prices) noexcept {
    const bool is_any = prices.first != nullptr;
    const Vec half = broadcast(is_any ? 0.5 * a.factor : 0.0);
    const Vec first = broadcast(is_any ? *prices.first : 0.0);
    const Vec last = broadcast(is_any ? *prices.last : 0.0);
    for (int at = 0; at < a.size; at += kVec) {
        const Vec right = load(a.right + at), strike = load(a.strike + at);
        const Vec paid = max(right * (first - strike), Vec{}) + max(right * (last - strike), Vec{});
        store(a.paid + at, half * paid);
    }
    choose(a, kCalls, a.need);
    choose(a, kPuts, a.need);
    if (!a.may_straddle) {
        return Carried::none;
    }
    if (a.out[kCalls] == 0.0 && a.out[kPuts] == 0.0) {
        const bool is_best = is_no_straddle_better(a, kCalls) && is_no_straddle_better(a, kPuts);
        return is_best ? Carried::none : Carried::unknown;
    }
    return choose_straddles(a);
}

} // namespace
