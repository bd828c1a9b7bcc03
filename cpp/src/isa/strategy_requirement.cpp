// SPDX-License-Identifier: Apache-2.0
#include "isa/strategy_writer.hpp"
#include "strategy_methods.hpp"

namespace riskarray::RISKARRAY_ISA {
namespace {

constexpr double kSame = 1e-6; // USD: closer than that, two costs are equal
constexpr int kRun = 32; // options solved together in a group that is too large for one program

// A power of two near x, for exact scaling.
double power_near(double x) noexcept {
    double power = 1.0;
    while (power < x) {
        power *= 2.0;
    }
    return power;
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
    double price = 1.0, contracts = 1.0;
    for (int i = w.first_option; i < w.last_option; ++i) {
        const Leg& leg = w.legs[i];
        w.is_whole = w.is_whole && is_whole_number(leg.quantity);
        price = std::max(price, leg.strike);
        contracts = std::max(contracts, leg.quantity);
    }
    w.reference_multiplier =
        w.first_option < w.last_option ? w.legs[w.first_option].multiplier : 1.0;
    w.scale = power_near(price);
    w.unit = contracts > 64.0 ? power_near(contracts) / 64.0 : 1.0;
    add_columns(w, regime);
    if (!w.is_too_large) {
        number_rows(w);
    }
    return !w.is_too_large;
}

struct Bounds {
    double initial = 0.0,
           maintenance = 0.0; // of what the allocation costs beyond each leg by itself
};

bool is_one_basis(const Workspace& w) noexcept {
    for (int j = 0; j < w.n_columns; ++j) {
        if (w.columns[j].cost[kInitial] != w.columns[j].cost[kMaintenance]) {
            return false;
        }
    }
    return true;
}

double least_possible(const Solution& solution, double cost) noexcept {
    return solution.is_complete ? cost : std::min(solution.bound, cost);
}

// Solves on both bases and writes one allocation if it serves both, else one for each.
Bounds
allocate(Workspace& w, const Regime& regime, bool is_last, bool is_joint, Writer& out) noexcept {
    double* const of_maintenance = w.chosen[kMaintenance];
    double* const of_initial = w.chosen[kInitial];
    if (w.n_columns == 0) {
        write_allocation(w, regime, of_maintenance, is_last, out);
        return {};
    }
    const Solution maintenance = solve(w, regime, kMaintenance, of_maintenance);
    const double cost = allocation_cost(w, regime, of_maintenance, kMaintenance);
    const double bound = least_possible(maintenance, cost);
    if (is_joint || is_one_basis(w)) {
        write_allocation(w, regime, of_maintenance, is_last, out);
        return {bound, bound};
    }
    const Solution initial = solve(w, regime, kInitial, of_initial);
    const double initial_cost = allocation_cost(w, regime, of_initial, kInitial);
    const Bounds bounds{least_possible(initial, initial_cost), bound};
    if (allocation_cost(w, regime, of_maintenance, kInitial) <= initial_cost + kSame) {
        write_allocation(w, regime, of_maintenance, is_last, out);
    } else if (allocation_cost(w, regime, of_initial, kMaintenance) <= cost + kSame) {
        write_allocation(w, regime, of_initial, is_last, out);
    } else {
        out.basis = 1;
        write_allocation(w, regime, of_initial, is_last, out);
        out.basis = 2;
        write_allocation(w, regime, of_maintenance, is_last, out);
        out.basis = 3;
    }
    return bounds;
}

// No allocation of these legs needs less: long options at their loan value, or as parts of boxes.
double trivial_bound(const Leg* legs, int count) noexcept {
    double bound = 0.0;
    for (int i = 0; i < count; ++i) {
        const Leg& leg = legs[i];
        if (leg.kind == kOption && leg.is_long) {
            const double box = leg.exercise == kEuropean ? leg.value : 0.0;
            bound -= leg.quantity * std::max(leg.loan_value, box);
        } else if (leg.kind == kFuture) {
            bound += leg.quantity * leg.uncovered;
        }
    }
    return bound;
}

// A group too large for one program: runs of options in canonical order, each solved with the stock
// that those before it left.
void allocate_runs(Workspace& w, const Regime& regime, int count, Writer& out) noexcept {
    int n_stock = 0;
    while (n_stock < count && w.gathered[n_stock].kind == kStock) {
        ++n_stock;
    }
    n_stock = std::min(n_stock, kMaxLegs / 2);
    int at = n_stock;
    int run = kRun;
    while (at < count) {
        const int size = std::min(run, count - at);
        std::copy_n(w.gathered, n_stock, w.legs);
        std::copy_n(w.gathered + at, size, w.legs + n_stock);
        w.n_legs = n_stock + size;
        if (!set_up(w, regime)) {
            run = size / 2;
            continue;
        }
        allocate(w, regime, at + size == count, true, out);
        for (int i = 0; i < n_stock; ++i) {
            w.gathered[i].quantity = w.left[i];
        }
        at += size;
    }
}

// Margins the gathered legs, as one program if they fit.
void require_legs(
    Workspace& w, const Regime& regime, int count, Writer& out, double* bound) noexcept {
    const double least = trivial_bound(w.gathered, count);
    if (count <= kMaxLegs) {
        std::copy_n(w.gathered, count, w.legs);
        w.n_legs = count;
        if (set_up(w, regime)) {
            Bounds bounds = allocate(w, regime, true, false, out);
            for (int i = 0; i < count; ++i) {
                const double quantity = w.legs[i].quantity;
                bounds.initial += quantity * alone(w.legs[i], kInitial);
                bounds.maintenance += quantity * alone(w.legs[i], kMaintenance);
            }
            bound[kInitial] += std::max(bounds.initial, least);
            bound[kMaintenance] += std::max(bounds.maintenance, least);
            return;
        }
    }
    bound[kInitial] += least;
    bound[kMaintenance] += least;
    allocate_runs(w, regime, count, out);
}

// A bound that differs from the total by rounding is the total.
double close_bound(double bound, double total) noexcept {
    return bound < total - kSame - 1e-12 * std::fabs(total) ? bound : total;
}

void require_group(const StrategyBook& book,
                   const StrategyTerms& terms,
                   std::size_t group,
                   Workspace& w,
                   const StrategyResult& result) noexcept {
    const auto row = static_cast<std::size_t>(book.group_regime[group]);
    const Regime regime{terms.rules.data() + row * n_strategy_rules};
    const auto begin = static_cast<std::size_t>(book.group_offset[group]);
    const auto end = static_cast<std::size_t>(book.group_offset[group + 1]);
    Writer out{&result,
               begin * strategies_per_position,
               (end - begin) * strategies_per_position,
               begin * legs_per_position,
               (end - begin) * legs_per_position};
    double bound[kBases] = {0.0, 0.0};
    for (std::size_t at = begin; at < end; at += kMaxGathered) {
        const int count =
            net_positions(book, at, std::min(end, at + kMaxGathered), w.instrument, w.quantity);
        for (int i = 0; i < count; ++i) {
            w.gathered[i] = leg_of(terms, row, w.instrument[i], w.quantity[i]);
        }
        sort_legs(w.gathered, count);
        require_legs(w, regime, count, out, bound);
    }
    result.group_initial[group] = out.total[kInitial];
    result.group_maintenance[group] = out.total[kMaintenance];
    result.group_initial_bound[group] = close_bound(bound[kInitial], out.total[kInitial]);
    result.group_maintenance_bound[group] =
        close_bound(bound[kMaintenance], out.total[kMaintenance]);
    result.strategy_count[group] = out.strategies;
    result.leg_count[group] = out.legs;
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
    for (std::size_t group = begin; group < end; ++group) {
        require_group(book, terms, group, w, result);
    }
}

} // namespace riskarray::RISKARRAY_ISA
