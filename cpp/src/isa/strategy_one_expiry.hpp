// SPDX-License-Identifier: Apache-2.0
#pragma once

// Groups that need no program: options of one underlying and expiry whose spread, chosen as if its
// loss counted at one price alone, or half at each of two, loses nowhere more than there.

#include "isa/strategy_at_price.hpp"
#include "isa/strategy_straddles.hpp"
#include "isa/strategy_writer.hpp"

namespace {

constexpr int kMaxPrices = 3; // that are tried

// Whether the options, in order of strike, may hold a long box: there are two prices at which a
// call and a put stand, the call long at the lower one and the put at the other.
inline bool may_box(const Workspace& w, const Regime& regime) noexcept {
    const Leg& first = w.legs[0];
    if (first.exercise != kEuropean || first.role != kIndex ||
        regime[StrategyRule::box_rate] >= 1.0) {
        return false;
    }
    bool has_call[2], has_lower = false, has_upper = false;
    for (int i = 0; i < w.n_legs; ++i) {
        const Leg& leg = w.legs[i];
        if (i == 0 || leg.strike != w.legs[i - 1].strike) {
            has_call[0] = has_call[1] = false;
        }
        has_lower = has_lower || (leg.right < 0 && !leg.is_long && has_call[1]);
        has_upper = has_upper || (leg.right < 0 && leg.is_long && has_call[0]);
        has_call[leg.is_long] = has_call[leg.is_long] || leg.right > 0;
    }
    return has_lower && has_upper;
}

inline void take_leg(AtPrice& a, const Leg& leg, int i) noexcept {
    a.strike[i] = leg.strike;
    a.right[i] = leg.right;
    a.sold_right[i] = leg.is_long ? 0.0 : leg.right;
    a.quantity[i] = leg.quantity;
    a.need[i] = leg.uncovered;
    a.value[i] = leg.value;
    const Right right = leg.right < 0 ? kPuts : kCalls;
    const std::uint64_t bit = std::uint64_t{1} << i;
    a.sold[right] |= leg.is_long ? 0 : bit;
    a.bought[right] |= leg.is_long ? bit : 0;
    a.spare[right] += side_of(leg) * leg.quantity;
}

// Takes the legs if they are options of one underlying, expiry, style and multiplier without a loan
// value that the rules let stand in spreads, in straddles and by themselves, and nowhere else. Some
// must be able to stand in a spread (without any the program is small), and none may need less
// uncovered than it is worth, as it counts in a straddle.
inline bool take_options(AtPrice& a, const Workspace& w, const Regime& regime) noexcept {
    if (w.n_legs < 2 || w.n_legs > kMaxAtPrice) {
        return false;
    }
    const Leg& first = w.legs[0];
    const Leg& last = w.legs[w.n_legs - 1];
    if (first.kind != kOption || last.kind != kOption || first.underlying != last.underlying ||
        first.time != last.time || !regime.has(StrategyRule::is_spread_allowed) ||
        regime.has(StrategyRule::is_spread_index)) {
        return false;
    }
    a.size = w.n_legs;
    for (const Right right : {kCalls, kPuts}) {
        a.sold[right] = a.bought[right] = 0;
        a.spare[right] = 0.0;
    }
    bool is_common = true;
    for (int i = 0; i < w.n_legs; ++i) {
        const Leg& leg = w.legs[i];
        is_common = is_common & (leg.multiplier == first.multiplier) &
                    (leg.exercise == first.exercise) & (leg.loan_value == 0.0) &
                    (leg.is_long | (leg.uncovered >= leg.value));
        take_leg(a, leg, i);
    }
    for (int i = w.n_legs; i < padded(w.n_legs); ++i) {
        a.strike[i] = a.right[i] = a.sold_right[i] = 0.0;
        a.quantity[i] = a.need[i] = a.value[i] = 0.0;
    }
    a.factor = regime[StrategyRule::spread_rate] * first.multiplier;
    a.may_straddle =
        regime.has(StrategyRule::is_straddle_allowed) && a.sold[kCalls] != 0 && a.sold[kPuts] != 0;
    const bool may_spread = (a.sold[kCalls] != 0 && a.bought[kCalls] != 0) ||
                            (a.sold[kPuts] != 0 && a.bought[kPuts] != 0);
    return is_common && may_spread && !may_box(w, regime);
}

// Sets the spread of some contracts, and what it loses at each strike.
inline void set_spread(Spread& spread, Workspace& w, const double* contracts) noexcept {
    int size = 0;
    for (int i = 0; i < w.n_legs; ++i) {
        add_member(spread, w, i, contracts[i], size);
    }
    spread.size = size;
    gather_losses(spread, w, w.points, w.n_legs);
}

// The first and the last strike where a spread loses most; none: it loses nowhere.
inline Prices worst_prices(const Spread& spread, int n_points) noexcept {
    if (!(spread.whole > 0.0)) {
        return {};
    }
    const std::uint64_t worst = options_where(
        n_points, [&](int at) { return load(spread.loss + at) == broadcast(spread.whole); });
    return {spread.price + std::countr_zero(worst), spread.price + 63 - std::countl_zero(worst)};
}

// Finds a spread that is least, from all legs in it on; false: none is known to be.
inline bool find_spread(AtPrice& a, Workspace& w, Spread& spread, Carried& carried) noexcept {
    set_spread(spread, w, a.quantity);
    Prices prices = worst_prices(spread, w.n_legs);
    Prices before = prices;
    for (int trial = 0; trial < kMaxPrices; ++trial) {
        carried = choose_at(a, prices);
        if (carried == Carried::unknown) {
            return false;
        }
        if (trial > 0 || !a.is_all_in[kCalls] || !a.is_all_in[kPuts]) {
            set_spread(spread, w, a.in);
        }
        const double counted = prices.first == nullptr
                                   ? 0.0
                                   : 0.5 * (spread.loss[prices.first - spread.price] +
                                            spread.loss[prices.last - spread.price]);
        if (spread.whole <= counted + kTolerance * (spread.whole + 1.0)) {
            return true;
        }
        const Prices next = worst_prices(spread, w.n_legs);
        if (next == before) {
            return false;
        }
        before = prices;
        prices = next;
    }
    return false;
}

inline void
write_found(const AtPrice& a, Workspace& w, Spread& spread, Carried carried, Writer& out) noexcept {
    cut_spread(spread, w, out);
    for (int i = 0; i < w.n_legs; ++i) {
        const bool is_carried =
            a.sold_right[i] != 0.0 && (a.right[i] < 0.0) == (carried == Carried::puts);
        const double left = a.quantity[i] - a.in[i];
        w.left[i] = left;
        w.straddled[i] = 0.0;
        if (is_carried && carried != Carried::none) {
            std::swap(w.left[i], w.straddled[i]);
        }
    }
    if (carried != Carried::none) {
        rank_shorts(w, 0, w.n_legs);
        write_straddles(w, out);
    }
    write_options(w, out);
}

// Margins the legs without a program, in proof that nothing needs less; false: that is not known.
inline bool require_one_expiry(Workspace& w, const Regime& regime, Writer& out) noexcept {
    AtPrice a;
    if (!take_options(a, w, regime)) {
        return false;
    }
    w.first_option = 0;
    w.last_option = w.n_legs;
    w.is_whole = true;
    for (int i = 0; i < w.n_legs; ++i) {
        w.points[i] = w.legs[i].strike;
        w.is_whole = w.is_whole & is_whole_number(w.legs[i].quantity);
    }
    Spread spread;
    spread.rate = regime[StrategyRule::spread_rate];
    Carried carried;
    if (!find_spread(a, w, spread, carried)) {
        return false;
    }
    write_found(a, w, spread, carried, out);
    return true;
}

} // namespace
