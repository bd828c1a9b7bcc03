// SPDX-License-Identifier: Apache-2.0
#pragma once

// The legs of one group in canonical order, and what single strategies cost.

#include "riskarray/strategy.hpp"

#include <algorithm>
#include <cmath>

namespace {

using riskarray::StrategyBook;
using riskarray::StrategyCode;
using riskarray::StrategyRule;
using riskarray::StrategyTerms;

constexpr int kMaxLegs = 504; // solved together; no power of two, whose arrays share cache lines
constexpr double kLeastQuantity = 1e-9; // contracts or shares: less is the dust of sums
constexpr int kMaxGathered = riskarray::netted_rows; // sorted together

enum Kind : std::int8_t { kStock = 0, kOption = 1, kFuture = 2 };
enum Basis : int { kInitial = 0, kMaintenance = 1 };
constexpr int kBases = 2;
constexpr int kEuropean = 1;
constexpr int kIndex = 1, kFund = 2;

// A leg with its terms; quantity is what is left of it, never negative.
struct Leg {
    std::int32_t instrument;
    std::int32_t underlying, index_group;
    std::int8_t role, kind, right, exercise;
    bool is_long;
    double quantity;
    double strike, time, multiplier, value, uncovered, loan_value, spot;
    double figure[kBases]; // of stock: fraction if long, USD per share if short
};

// The figures of the group's regime.
struct Regime {
    const double* rules;

    double operator[](StrategyRule rule) const noexcept {
        return rules[static_cast<std::size_t>(rule)];
    }
    bool has(StrategyRule rule) const noexcept { return (*this)[rule] != 0.0; }
};

inline void set_leg(Leg& leg,
                    const StrategyTerms& terms,
                    std::size_t regime,
                    std::int32_t instrument,
                    double quantity) noexcept {
    const auto i = static_cast<std::size_t>(instrument);
    const auto u = static_cast<std::size_t>(terms.underlying[i]);
    const std::size_t of_instrument = regime * terms.n + i;
    const std::size_t of_underlying = regime * terms.n_underlyings + u;
    leg = {instrument,
           static_cast<std::int32_t>(u),
           terms.index_group[u],
           terms.role[u],
           terms.kind[i],
           terms.right[i],
           terms.exercise[i],
           quantity > 0.0,
           std::fabs(quantity),
           terms.strike[i],
           terms.time_to_expiry[i],
           terms.multiplier[i],
           terms.value[i],
           terms.uncovered[of_instrument],
           terms.loan_value[of_instrument],
           terms.spot[u],
           {0.0, 0.0}};
    if (leg.kind == kStock) { // not of options: there the side would be mispredicted
        const bool is_long = leg.is_long;
        leg.figure[kInitial] = (is_long ? terms.initial_long : terms.initial_short)[of_underlying];
        leg.figure[kMaintenance] =
            (is_long ? terms.maintenance_long : terms.maintenance_short)[of_underlying];
    }
}

inline int compare(double a, double b) noexcept {
    return a < b ? -1 : (a > b ? 1 : 0);
}

// Canonical order: stock, options, futures; underlying, expiry, strike, calls before puts,
// exercise, multiplier, value; the row of the instrument only between legs that are the same in all
// of these.
inline bool precedes(const Leg& a, const Leg& b) noexcept {
    if (a.kind != b.kind) {
        return a.kind < b.kind;
    }
    if (a.underlying != b.underlying) {
        return a.underlying < b.underlying;
    }
    int order = compare(a.time, b.time);
    order = order != 0 ? order : compare(a.strike, b.strike);
    order = order != 0 ? order : b.right - a.right;
    order = order != 0 ? order : a.exercise - b.exercise;
    order = order != 0 ? order : compare(a.multiplier, b.multiplier);
    order = order != 0 ? order : compare(a.value, b.value);
    return order != 0 ? order < 0 : a.instrument < b.instrument;
}

// What a group holds: each instrument once, by its row.
struct Positions {
    const std::int32_t* instrument;
    const double* quantity;
    int count;
};

// Sums the rows of each instrument and drops those that come to nothing: long and short contracts
// of one series cancel. Writes only where the rows of the book do not serve as they are.
inline Positions net_positions(const StrategyBook& book,
                               std::size_t begin,
                               std::size_t end,
                               std::int32_t* instrument,
                               double* quantity) noexcept {
    const std::int32_t* const row = book.instrument.data();
    const double* const held = book.quantity.data();
    bool is_net = true;
    std::int32_t before = -1;
    for (std::size_t k = begin; k < end; ++k) {
        is_net = is_net & (row[k] > before) & (std::abs(held[k]) > kLeastQuantity);
        before = row[k];
    }
    if (is_net) {
        return {row + begin, held + begin, static_cast<int>(end - begin)};
    }
    int count = 0;
    for (std::size_t k = begin; k < end; ++k) {
        int at = count;
        while (at > 0 && instrument[at - 1] > row[k]) {
            --at;
        }
        if (at > 0 && instrument[at - 1] == row[k]) {
            quantity[at - 1] += held[k];
            continue;
        }
        for (int i = count; i > at; --i) {
            instrument[i] = instrument[i - 1];
            quantity[i] = quantity[i - 1];
        }
        instrument[at] = row[k];
        quantity[at] = held[k];
        ++count;
    }
    int kept = 0;
    for (int i = 0; i < count; ++i) {
        if (std::abs(quantity[i]) > kLeastQuantity) {
            instrument[kept] = instrument[i];
            quantity[kept++] = quantity[i];
        }
    }
    return {instrument, quantity, kept};
}

// Puts legs, or a part of them, into canonical order.
inline void restore_order(const Leg* legs, int count, std::int32_t* order) noexcept {
    for (int i = 1; i < count; ++i) {
        const std::int32_t leg = order[i];
        int at = i;
        for (; at > 0 && precedes(legs[leg], legs[order[at - 1]]); --at) {
            order[at] = order[at - 1];
        }
        order[at] = leg;
    }
}

// Puts options in canonical order into that of their strikes.
inline void order_by_strike(const Leg* legs, int count, std::int32_t* order) noexcept {
    for (int i = 1; i < count; ++i) {
        const std::int32_t leg = order[i];
        int at = i;
        for (; at > 0; --at) {
            const Leg& before = legs[order[at - 1]];
            if (legs[leg].kind != before.kind || legs[leg].underlying != before.underlying ||
                legs[leg].strike >= before.strike) {
                break;
            }
            order[at] = order[at - 1];
        }
        order[at] = leg;
    }
}

inline bool is_whole_number(double x) noexcept {
    return x == std::floor(x);
}

inline double intrinsic(const Leg& leg, double spot) noexcept {
    return std::max(leg.right * (spot - leg.strike), 0.0);
}

// Requirement of one unit of stock held by itself.
inline double stock_alone(const Leg& stock, int basis) noexcept {
    return stock.multiplier *
           (stock.is_long ? stock.figure[basis] * stock.spot : stock.figure[basis]);
}

// No allocation needs less of a leg: a long option at its loan value, or as a part of a box.
inline double trivial_bound(const Leg& leg) noexcept {
    if (leg.kind == kOption && leg.is_long) {
        const double box = leg.exercise == kEuropean ? leg.value : 0.0;
        return -(leg.quantity * std::max(leg.loan_value, box));
    }
    return leg.kind == kFuture ? leg.quantity * leg.uncovered : 0.0;
}

// Shares that stand against one contract: shares of a fund by the value of its index.
inline double shares_of(const Leg& option, const Leg& stock) noexcept {
    return option.underlying == stock.underlying ? option.multiplier
                                                 : option.multiplier * (option.spot / stock.spot);
}

// Requirement of the shares and the short option that they cover, per contract. Long stock is
// valued at no more than the strike: its rate on that, and all that is above (12 CFR 220.4(b)).
inline double
covered(const Regime& regime, const Leg& option, const Leg& stock, int basis) noexcept {
    const double figure = stock.figure[basis];
    const double in_the_money = intrinsic(option, option.spot);
    if (!stock.is_long) {
        return shares_of(option, stock) * figure + option.multiplier * in_the_money;
    }
    const bool is_full = basis == kInitial && regime.has(StrategyRule::is_in_the_money_full);
    const double valued = is_full ? option.spot : std::min(option.spot, option.strike);
    return option.multiplier * (figure * valued + in_the_money);
}

// Most that hedged stock needs, in USD per share of a price: what it needs by itself, or the rule's
// own rate for long stock.
inline double hedge_cap(const Regime& regime, const Leg& stock, double price) noexcept {
    if (!stock.is_long) {
        return stock.figure[kMaintenance];
    }
    const double rate = regime[StrategyRule::hedge_cap_rate];
    return (rate > 0.0 ? std::min(rate, stock.figure[kMaintenance]) : stock.figure[kMaintenance]) *
           price;
}

// Whether a long option spares short stock its initial margin: an American call that could be
// exercised at no more than the price of the sale, for which the stock's stands (12 CFR 220.12(c)).
inline bool is_relieved(const Regime& regime, const Leg& option, const Leg& stock) noexcept {
    return !stock.is_long && regime.has(StrategyRule::is_long_call_relief) &&
           option.exercise != kEuropean && option.strike <= option.spot;
}

// Requirement of the shares and the long option that hedges them, per contract.
inline double
hedged(const Regime& regime, const Leg& option, const Leg& stock, int basis) noexcept {
    const double alone = stock_alone(stock, basis) / stock.multiplier;
    const double out_of_the_money = std::max(option.right * (option.strike - option.spot), 0.0);
    const double least =
        std::min(regime[StrategyRule::hedge_rate] * option.strike + out_of_the_money,
                 hedge_cap(regime, stock, stock.spot));
    if (basis == kMaintenance) {
        return option.multiplier * least;
    }
    return option.multiplier *
           (is_relieved(regime, option, stock) ? std::min(least, alone) : alone);
}

// Requirement of a collar, conversion or reverse conversion, per contract.
inline double collared(const Regime& regime,
                       const Leg& sold,
                       const Leg& bought,
                       const Leg& stock,
                       int basis) noexcept {
    if (basis == kInitial) {
        const double initial = covered(regime, sold, stock, basis);
        return is_relieved(regime, bought, stock)
                   ? std::min(initial, collared(regime, sold, bought, stock, kMaintenance))
                   : initial;
    }
    const double in_the_money = intrinsic(sold, sold.spot);
    double least = regime[StrategyRule::hedge_rate] * bought.strike;
    if (sold.strike != bought.strike) {
        const double out_of_the_money = std::max(bought.spot - bought.strike, 0.0);
        least = std::min(least + out_of_the_money, hedge_cap(regime, stock, sold.strike));
    }
    return sold.multiplier * (least + in_the_money);
}

// Requirement of a long European box less its value, at most the strike difference, per contract.
inline double boxed(const Regime& regime,
                    const Leg& long_call,
                    const Leg& short_call,
                    const Leg& long_put,
                    const Leg& short_put) noexcept {
    const double width = (short_call.strike - long_call.strike) * long_call.multiplier;
    const double value = long_call.value - short_call.value + long_put.value - short_put.value;
    return regime[StrategyRule::box_rate] * width - std::min(value, width);
}

} // namespace
