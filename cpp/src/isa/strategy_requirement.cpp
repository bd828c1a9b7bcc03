// SPDX-License-Identifier: Apache-2.0
#include "isa/strategy_branch.hpp"
#include "isa/strategy_order.hpp"
#include "isa/strategy_writer.hpp"
#include "strategy_methods.hpp"

#include <bit>
#include <cstdint>

namespace riskarray::RISKARRAY_ISA {
namespace {

constexpr double kSame = 1e-6; // USD: closer than that, two costs are equal
constexpr int kRun = 32; // options solved together in a group that is too large for one program

// The least power of two that is not below x >= 1, for exact scaling.
double power_near(double x) noexcept {
    constexpr std::uint64_t mantissa = (std::uint64_t{1} << 52) - 1;
    return std::bit_cast<double>((std::bit_cast<std::uint64_t>(x) + mantissa) & ~mantissa);
}

bool is_whole_number(double x) noexcept {
    return x == std::floor(x);
}

// Takes legs [0, n_legs) of the workspace as one problem: bounds of kinds, scales, columns, rows.
bool set_up(Workspace& w, const Regime& regime) noexcept {
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

bool is_one_basis(const Workspace& w) noexcept {
    for (int j = 0; j < w.n_columns; ++j) {
        if (w.columns[j].cost[kInitial] != w.columns[j].cost[kMaintenance]) {
            return false;
        }
    }
    return true;
}

// Solves on both bases and writes one allocation if it serves both, else one for each.
void allocate(Workspace& w,
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
        return;
    }
    const Tableau t = make_tableau(w);
    solution[kMaintenance] = solution[kInitial] = solve(w, regime, t, kMaintenance, of_maintenance);
    if (is_joint || is_one_basis(w)) {
        write_allocation(w, regime, of_maintenance, is_last, out);
        return;
    }
    solution[kInitial] = solve(w, regime, t, kInitial, of_initial);
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
}

// A group too large for one program: runs of options in the order that they stand in, each solved
// with the stock that those before it left.
void allocate_in_order(
    Workspace& w, const Regime& regime, int n_stock, int count, Writer& out) noexcept {
    int at = n_stock;
    int run = kRun;
    while (at < count) {
        const int size = std::min(run, count - at);
        restore_order(w.gathered, size, w.order + at);
        take_legs(w, 0, 0, n_stock);
        take_legs(w, n_stock, at, size);
        if (!set_up(w, regime)) {
            run = size / 2;
            continue;
        }
        Solution solution[kBases];
        allocate(w, regime, at + size == count, true, out, solution);
        for (int i = 0; i < n_stock; ++i) {
            w.gathered[w.order[i]].quantity = w.left[i];
        }
        at += size;
    }
}

// Runs by expiry or by strike, whichever needs less on both bases together.
void allocate_runs(Workspace& w, const Regime& regime, int count, Writer& out) noexcept {
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

// Margins legs [0, n_legs) of the workspace as one program; false: they are too many.
bool require_at_once(Workspace& w, const Regime& regime, Writer& out, double* bound) noexcept {
    if (!set_up(w, regime)) {
        return false;
    }
    const double before[kBases] = {out.total[kInitial], out.total[kMaintenance]};
    Solution solution[kBases];
    allocate(w, regime, true, false, out, solution);
    for (int basis = 0; basis < kBases; ++basis) {
        if (solution[basis].is_complete) {
            bound[basis] += out.total[basis] - before[basis];
            continue;
        }
        double needed = 0.0, least = 0.0; // by every leg by itself, and whatever it is in
        for (int i = 0; i < w.n_legs; ++i) {
            needed += w.legs[i].quantity * alone(w.legs[i], basis);
            least += trivial_bound(w.legs[i]);
        }
        bound[basis] += std::max(needed + solution[basis].bound, least);
    }
    return true;
}

// Margins some positions of a group, as one program if they fit.
void require_positions(Workspace& w,
                       const StrategyTerms& terms,
                       std::size_t row,
                       const Positions& held,
                       Writer& out,
                       double* bound) noexcept {
    const Regime regime{terms.rules.data() + row * n_strategy_rules};
    if (held.count <= kMaxLegs) {
        place_legs(w, terms, row, held);
        if (require_at_once(w, regime, out, bound)) {
            return;
        }
    }
    gather_legs(w, terms, row, held);
    double least = 0.0;
    for (int i = 0; i < held.count; ++i) {
        least += trivial_bound(w.gathered[w.order[i]]);
    }
    bound[kInitial] += least;
    bound[kMaintenance] += least;
    allocate_runs(w, regime, held.count, out);
}

// A bound that differs from the total by rounding is the total.
double close_bound(double bound, double total) noexcept {
    return bound < total - kSame - 1e-12 * std::fabs(total) ? bound : total;
}

void require_group(const StrategyBook& book,
                   const StrategyTerms& terms,
                   std::size_t group,
                   Workspace& w,
                   Writer& out,
                   const StrategyResult& result) noexcept {
    const auto row = static_cast<std::size_t>(book.group_regime[group]);
    const auto begin = static_cast<std::size_t>(book.group_offset[group]);
    const auto end = static_cast<std::size_t>(book.group_offset[group + 1]);
    const std::int32_t strategies = out.strategies, legs = out.legs;
    out.total[kInitial] = out.total[kMaintenance] = 0.0;
    double bound[kBases] = {0.0, 0.0};
    for (std::size_t at = begin; at < end; at += kMaxGathered) {
        const Positions held =
            net_positions(book, at, std::min(end, at + kMaxGathered), w.instrument, w.quantity);
        require_positions(w, terms, row, held, out, bound);
    }
    result.group_initial[group] = out.total[kInitial];
    result.group_maintenance[group] = out.total[kMaintenance];
    result.group_initial_bound[group] = close_bound(bound[kInitial], out.total[kInitial]);
    result.group_maintenance_bound[group] =
        close_bound(bound[kMaintenance], out.total[kMaintenance]);
    result.strategy_count[group] = out.strategies - strategies;
    result.leg_count[group] = out.legs - legs;
}

} // namespace

std::size_t strategy_workspace() noexcept {
    return (sizeof(Workspace) + 63) / 64 * 64;
}

void strategy_groups(const StrategyBook& book,
                     const StrategyTerms& terms,
                     std::size_t begin,
                     std::size_t end,
                     std::byte* workspace,
                     const StrategyResult& result) noexcept {
    auto& w = *reinterpret_cast<Workspace*>(workspace);
    Writer out(result,
               static_cast<std::size_t>(book.group_offset[begin]),
               static_cast<std::size_t>(book.group_offset[end]));
    for (std::size_t group = begin; group < end; ++group) {
        require_group(book, terms, group, w, out, result);
    }
}

} // namespace riskarray::RISKARRAY_ISA
