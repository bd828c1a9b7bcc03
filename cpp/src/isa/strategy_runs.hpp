// SPDX-License-Identifier: Apache-2.0
#pragma once

// Legs allotted to strategies: as one program, or in runs where they are too many for one.

#include "isa/strategy_order.hpp"
#include "isa/strategy_solve.hpp"
#include "isa/strategy_writer.hpp"

namespace {

constexpr double kSame = 1e-6; // USD: closer than that, two costs are equal
constexpr int kRun = 128;      // options solved together where not all are

// The least power of two that is not below x >= 1, for exact scaling.
inline double power_near(double x) noexcept {
    constexpr std::uint64_t mantissa = (std::uint64_t{1} << 52) - 1;
    return std::bit_cast<double>((std::bit_cast<std::uint64_t>(x) + mantissa) & ~mantissa);
}

// Takes legs [0, n_legs) of the workspace as one problem: bounds of kinds, scales, columns, rows.
inline bool set_up(Workspace& w, const Regime& regime) noexcept {
    int at = 0;
    while (at < w.n_legs && w.legs[at].kind == kStock) {
        ++at;
    }
    w.first_option = at;
    while (at < w.n_legs && w.legs[at].kind == kOption) {
        ++at;
    }
    w.last_option = at;
    w.is_whole = true;
    w.reference_multiplier =
        w.first_option < w.last_option ? w.legs[w.first_option].multiplier : 1.0;
    double price = 1.0, contracts = 1.0;
    w.n_shorts = 0;
    bool are_several = false; // multipliers
    for (int i = w.first_option; i < w.last_option; ++i) {
        const Leg& leg = w.legs[i];
        w.shorts[w.n_shorts] = i;
        w.n_shorts += leg.is_long ? 0 : 1;
        w.is_whole = w.is_whole && is_whole_number(leg.quantity);
        price = std::max(price, leg.strike);
        contracts = std::max(contracts, leg.quantity);
        are_several = are_several || leg.multiplier != w.reference_multiplier;
    }
    w.scale = power_near(price);
    w.unit = contracts > 64.0 ? power_near(contracts) / 64.0 : 1.0;
    w.per_scale = 1.0 / w.scale;
    w.per_unit = 1.0 / w.unit;
    w.per_money = 1.0 / (w.reference_multiplier * w.scale);
    for (int i = 0; i < w.n_legs; ++i) {
        w.weight[i] = w.legs[i].multiplier / w.reference_multiplier;
    }
    number_sizes(w, are_several);
    add_columns(w, regime);
    if (!w.is_too_large) {
        number_rows(w);
    }
    return !w.is_too_large;
}

inline bool is_one_basis(const Workspace& w) noexcept {
    for (int j = 0; j < w.n_columns; ++j) {
        if (w.columns[j].cost[kInitial] != w.columns[j].cost[kMaintenance]) {
            return false;
        }
    }
    return true;
}

// Solves on both bases and writes one allocation if it serves both, else one for each; false: the
// program was not solved, and nothing is written.
inline bool allocate(Workspace& w,
                     const Regime& regime,
                     bool is_last,
                     bool is_joint,
                     Writer& out,
                     Solution* solution) noexcept {
    double* const of_maintenance = w.chosen[kMaintenance];
    double* const of_initial = w.chosen[kInitial];
    solution[kInitial] = solution[kMaintenance] = {0.0, true};
    if (w.n_columns == 0) {
        write_allocation(w, regime, of_maintenance, is_last, out);
        return true;
    }
    const Tableau t = make_tableau(w);
    solution[kMaintenance] = solution[kInitial] = solve(w, regime, t, kMaintenance, of_maintenance);
    const bool is_one = is_joint || is_one_basis(w);
    if (!is_one) {
        solution[kInitial] = solve(w, regime, t, kInitial, of_initial);
    }
    if (!is_solved(solution[kMaintenance]) || !is_solved(solution[kInitial])) {
        return false;
    }
    if (is_one) {
        write_allocation(w, regime, of_maintenance, is_last, out);
        return true;
    }
    const auto costs = [&](const double* x, int basis) {
        return allocation_cost(w, regime, x, basis);
    };
    if (costs(of_maintenance, kInitial) <= costs(of_initial, kInitial) + kSame) {
        write_allocation(w, regime, of_maintenance, is_last, out);
    } else if (costs(of_initial, kMaintenance) <= costs(of_maintenance, kMaintenance) + kSame) {
        write_allocation(w, regime, of_initial, is_last, out);
    } else {
        out.basis = 1;
        write_allocation(w, regime, of_initial, is_last, out);
        out.basis = 2;
        write_allocation(w, regime, of_maintenance, is_last, out);
        out.basis = 3;
    }
    return true;
}

// A group too large for one program: runs of options in the order that they stand in, each solved
// with the stock that those before it left.
inline void allocate_in_order(
    Workspace& w, const Regime& regime, int n_stock, int count, Writer& out) noexcept {
    int at = n_stock;
    int run = kRun;
    while (at < count) {
        const int size = std::min(run, count - at);
        restore_order(w.gathered, size, w.order + at);
        take_legs(w, 0, 0, n_stock);
        take_legs(w, n_stock, at, size);
        Solution solution[kBases];
        if (!set_up(w, regime) || !allocate(w, regime, at + size == count, true, out, solution)) {
            run = std::max(size / 2, 1);
            continue;
        }
        for (int i = 0; i < n_stock; ++i) {
            w.gathered[w.order[i]].quantity = w.left[i];
        }
        at += size;
    }
}

// Runs by expiry or by strike, whichever needs less on both bases together.
inline void allocate_runs(Workspace& w, const Regime& regime, int count, Writer& out) noexcept {
    int n_stock = 0;
    while (n_stock < count && w.gathered[w.order[n_stock]].kind == kStock) {
        ++n_stock;
    }
    n_stock = std::min(n_stock, kMaxLegs / 2);
    double held[kMaxLegs / 2];
    for (int i = 0; i < n_stock; ++i) {
        held[i] = w.gathered[w.order[i]].quantity;
    }
    const Writer start = out;
    double needed[2];
    for (int pass = 0; pass < 3; ++pass) { // the third writes the first anew if that needed less
        if (pass == 2 && needed[1] < needed[0] - kSame) {
            return;
        }
        for (int i = 0; i < n_stock; ++i) {
            w.gathered[w.order[i]].quantity = held[i];
        }
        restore_order(w.gathered, count - n_stock, w.order + n_stock);
        if (pass == 1) {
            order_by_strike(w.gathered, count - n_stock, w.order + n_stock);
        }
        out = start;
        allocate_in_order(w, regime, n_stock, count, out);
        needed[pass % 2] = out.total[kInitial] + out.total[kMaintenance];
    }
}

} // namespace
