// SPDX-License-Identifier: Apache-2.0
#include "array_view.hpp"
#include "riskarray/strategy.hpp"

#include <memory>
#include <new>

namespace riskarray::bindings {
namespace {

using Doubles = Array<double>;
using Rows = Array<std::int32_t>;
using Codes = Array<std::int8_t>;
using Offsets = Array<std::int64_t>;

struct FreeAligned {
    void operator()(std::byte* memory) const noexcept {
        ::operator delete[](memory, std::align_val_t{64});
    }
};

std::unique_ptr<std::byte[], FreeAligned> aligned_bytes(std::size_t size) {
    return std::unique_ptr<std::byte[], FreeAligned>(
        static_cast<std::byte*>(::operator new[](size, std::align_val_t{64})));
}

void check_sizes(const StrategyBook& book, const StrategyTerms& terms, std::size_t n_regimes) {
    check_offsets(book.group_offset, book.instrument.size(), "group_offset");
    check_indexes(book.instrument, terms.n, "instrument");
    check_indexes(book.group_regime, n_regimes, "group_regime");
    check_indexes(terms.underlying, terms.n_underlyings, "underlying");
}

void bind_strategy_requirement(const Offsets& group_offset,
                               const Rows& group_regime,
                               const Rows& instrument,
                               const Doubles& quantity,
                               const Codes& kind,
                               const Rows& underlying,
                               const Codes& right,
                               const Doubles& strike,
                               const Doubles& time_to_expiry,
                               const Codes& exercise,
                               const Doubles& multiplier,
                               const Doubles& value,
                               const Doubles& uncovered,
                               const Doubles& loan_value,
                               const Doubles& spot,
                               const Rows& index_group,
                               const Codes& role,
                               const Doubles& initial_long,
                               const Doubles& maintenance_long,
                               const Doubles& initial_short,
                               const Doubles& maintenance_short,
                               const Doubles& rules,
                               Doubles& group_initial,
                               Doubles& group_maintenance,
                               Doubles& group_initial_bound,
                               Doubles& group_maintenance_bound,
                               Rows& strategy_count,
                               Rows& leg_count,
                               Codes& strategy_code,
                               Codes& strategy_basis,
                               Doubles& strategy_initial,
                               Doubles& strategy_maintenance,
                               Rows& strategy_legs,
                               Rows& leg_instrument,
                               Doubles& leg_quantity,
                               int threads) {
    const std::size_t g = size_of(group_regime);
    const std::size_t m = size_of(instrument);
    const std::size_t n = size_of(kind);
    const std::size_t u = size_of(spot);
    const std::size_t r = size_of(rules) / n_strategy_rules;
    const StrategyBook book{view(group_offset, g + 1, "group_offset"),
                            view(group_regime, g, "group_regime"),
                            view(instrument, m, "instrument"),
                            view(quantity, m, "quantity")};
    const StrategyTerms terms{n,
                              u,
                              view(kind, n, "kind"),
                              view(underlying, n, "underlying"),
                              view(right, n, "right"),
                              view(strike, n, "strike"),
                              view(time_to_expiry, n, "time_to_expiry"),
                              view(exercise, n, "exercise"),
                              view(multiplier, n, "multiplier"),
                              view(value, n, "value"),
                              view(uncovered, r * n, "uncovered"),
                              view(loan_value, r * n, "loan_value"),
                              view(spot, u, "spot"),
                              view(index_group, u, "index_group"),
                              view(role, u, "role"),
                              view(initial_long, r * u, "initial_long"),
                              view(maintenance_long, r * u, "maintenance_long"),
                              view(initial_short, r * u, "initial_short"),
                              view(maintenance_short, r * u, "maintenance_short"),
                              view(rules, r * n_strategy_rules, "rules")};
    check_sizes(book, terms, r);
    const std::size_t e = m * strategies_per_position;
    const std::size_t l = m * legs_per_position;
    const StrategyResult result{writable(group_initial, g, "group_initial"),
                                writable(group_maintenance, g, "group_maintenance"),
                                writable(group_initial_bound, g, "group_initial_bound"),
                                writable(group_maintenance_bound, g, "group_maintenance_bound"),
                                writable(strategy_count, g, "strategy_count"),
                                writable(leg_count, g, "leg_count"),
                                writable(strategy_code, e, "strategy_code"),
                                writable(strategy_basis, e, "strategy_basis"),
                                writable(strategy_initial, e, "strategy_initial"),
                                writable(strategy_maintenance, e, "strategy_maintenance"),
                                writable(strategy_legs, e, "strategy_legs"),
                                writable(leg_instrument, l, "leg_instrument"),
                                writable(leg_quantity, l, "leg_quantity")};
    const py::gil_scoped_release release;
    const std::size_t size = strategy_workspace_size(book, threads);
    const auto workspace = aligned_bytes(size);
    strategy_requirement(book, terms, threads, {workspace.get(), size}, result);
}

} // namespace

void bind_strategy(py::module_& module) {
    module.def("strategy_requirement",
               &bind_strategy_requirement,
               py::arg("group_offset").noconvert(),
               py::arg("group_regime").noconvert(),
               py::arg("instrument").noconvert(),
               py::arg("quantity").noconvert(),
               py::arg("kind").noconvert(),
               py::arg("underlying").noconvert(),
               py::arg("right").noconvert(),
               py::arg("strike").noconvert(),
               py::arg("time_to_expiry").noconvert(),
               py::arg("exercise").noconvert(),
               py::arg("multiplier").noconvert(),
               py::arg("value").noconvert(),
               py::arg("uncovered").noconvert(),
               py::arg("loan_value").noconvert(),
               py::arg("spot").noconvert(),
               py::arg("index_group").noconvert(),
               py::arg("role").noconvert(),
               py::arg("initial_long").noconvert(),
               py::arg("maintenance_long").noconvert(),
               py::arg("initial_short").noconvert(),
               py::arg("maintenance_short").noconvert(),
               py::arg("rules").noconvert(),
               py::arg("group_initial").noconvert(),
               py::arg("group_maintenance").noconvert(),
               py::arg("group_initial_bound").noconvert(),
               py::arg("group_maintenance_bound").noconvert(),
               py::arg("strategy_count").noconvert(),
               py::arg("leg_count").noconvert(),
               py::arg("strategy_code").noconvert(),
               py::arg("strategy_basis").noconvert(),
               py::arg("strategy_initial").noconvert(),
               py::arg("strategy_maintenance").noconvert(),
               py::arg("strategy_legs").noconvert(),
               py::arg("leg_instrument").noconvert(),
               py::arg("leg_quantity").noconvert(),
               py::arg("threads"));
}

} // namespace riskarray::bindings
