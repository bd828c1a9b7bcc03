// SPDX-License-Identifier: Apache-2.0
#include "isa/strategy_one_expiry.hpp"
#include "isa/strategy_runs.hpp"
#include "strategy_methods.hpp"

#include <bit>
#include <cstdint>

namespace riskarray::RISKARRAY_ISA {
namespace {

// What the legs need each by itself.
double needed_alone(const Workspace& w, int basis) noexcept {
    double needed = 0.0;
    for (int i = 0; i < w.n_legs; ++i) {
        needed += w.legs[i].quantity * alone(w.legs[i], basis);
    }
    return needed;
}

// Margins legs [0, n_legs) of the workspace as one program; false: they are too many for it.
bool require_at_once(Workspace& w, const Regime& regime, Writer& out, double* bound) noexcept {
    const double before[kBases] = {out.total[kInitial], out.total[kMaintenance]};
    if (require_one_expiry(w, regime, out)) {
        for (int basis = 0; basis < kBases; ++basis) {
            bound[basis] += out.total[basis] - before[basis];
        }
        return true;
    }
    if (!set_up(w, regime)) {
        return false;
    }
    Solution solution[kBases];
    if (!allocate(w, regime, true, false, out, solution)) {
        return false;
    }
    for (int basis = 0; basis < kBases; ++basis) {
        if (solution[basis].is_complete) {
            bound[basis] += out.total[basis] - before[basis];
            continue;
        }
        double least = 0.0;
        for (int i = 0; i < w.n_legs; ++i) {
            least += trivial_bound(w.legs[i]);
        }
        bound[basis] += std::max(needed_alone(w, basis) + solution[basis].bound, least);
    }
    return true;
}

// Raises the least that the workspace's legs can need to the linear program's value where every
// option may stand with every other as if all expired together: that program is small.
void bound_without_expiries(Workspace& w, const Regime& regime, double* least) noexcept {
    for (int i = 0; i < w.n_legs; ++i) {
        w.legs[i].time = 0.0;
    }
    if (!set_up(w, regime) || w.n_columns == 0) {
        return;
    }
    const Tableau t = make_tableau(w);
    for (int basis = 0; basis < kBases; ++basis) {
        const Solution relaxed = relax_program(w, regime, t, basis);
        least[basis] = std::max(least[basis], needed_alone(w, basis) + relaxed.bound);
    }
}

// Margins some positions of a group, as one program if they fit.
void require_positions(Workspace& w,
                       const StrategyTerms& terms,
                       std::size_t row,
                       const Positions& held,
                       Writer& out,
                       double* bound) noexcept {
    const Regime regime{terms.rules.data() + row * n_strategy_rules};
    w.tableau_room = tableau_room(static_cast<std::size_t>(held.count));
    if (held.count <= kMaxLegs) {
        place_legs(w, terms, row, held);
        if (require_at_once(w, regime, out, bound)) {
            return;
        }
    }
    gather_legs(w, terms, row, held);
    double least[kBases] = {0.0, 0.0};
    for (int i = 0; i < held.count; ++i) {
        least[kInitial] += trivial_bound(w.gathered[w.order[i]]);
    }
    least[kMaintenance] = least[kInitial];
    if (held.count <= kMaxLegs) {
        take_legs(w, 0, 0, held.count);
        bound_without_expiries(w, regime, least);
    }
    bound[kInitial] += least[kInitial];
    bound[kMaintenance] += least[kMaintenance];
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

std::size_t strategy_workspace(std::size_t most_positions) noexcept {
    return sizeof(Workspace) +
           static_cast<std::size_t>(tableau_room(most_positions)) * sizeof(double);
}

void strategy_groups(const StrategyBook& book,
                     const StrategyTerms& terms,
                     std::size_t begin,
                     std::size_t end,
                     std::byte* workspace,
                     const StrategyResult& result) noexcept {
    auto& w = *reinterpret_cast<Workspace*>(workspace);
    w.tableau = reinterpret_cast<double*>(workspace + sizeof(Workspace));
    Writer out(result,
               static_cast<std::size_t>(book.group_offset[begin]),
               static_cast<std::size_t>(book.group_offset[end]));
    for (std::size_t group = begin; group < end; ++group) {
        require_group(book, terms, group, w, out, result);
    }
}

} // namespace riskarray::RISKARRAY_ISA
