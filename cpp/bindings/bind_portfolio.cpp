// SPDX-License-Identifier: Apache-2.0
#include "array_view.hpp"
#include "riskarray/portfolio.hpp"
#include "riskarray/series.hpp"

namespace riskarray::bindings {
namespace {

using Doubles = Array<double>;
using Rows = Array<std::int32_t>;
using Offsets = Array<std::int64_t>;

std::size_t columns(const Doubles& pnl) {
    if (pnl.ndim() != 2 || pnl.shape(1) < 1 ||
        static_cast<std::size_t>(pnl.shape(1)) >= max_spots) {
        throw std::invalid_argument("pnl must have 2 dimensions and 1 to 64 columns");
    }
    return static_cast<std::size_t>(pnl.shape(1));
}

void bind_position_pnl(const Rows& instrument,
                       const Doubles& quantity,
                       const Doubles& pnl,
                       Doubles& position_pnl_out,
                       int threads) {
    const std::size_t n_points = columns(pnl);
    const auto n = static_cast<std::size_t>(pnl.shape(0));
    const std::size_t m = size_of(instrument);
    const auto rows = view(instrument, m, "instrument");
    check_indexes(rows, n, "instrument");
    const auto quantities = view(quantity, m, "quantity");
    const auto risk = view(pnl, n * n_points, "pnl");
    const auto out = writable(position_pnl_out, m * n_points, "position_pnl");
    const py::gil_scoped_release release;
    position_pnl(rows, quantities, risk, n_points, threads, out);
}

PortfolioBook book_view(const Offsets& account_offset,
                        const Rows& group_class,
                        const Offsets& group_offset,
                        const Rows& instrument,
                        const Doubles& quantity) {
    const std::size_t n_groups = size_of(group_class);
    const std::size_t n_positions = size_of(instrument);
    const PortfolioBook book{
        view(account_offset, size_of(account_offset), "account_offset"),
        view(group_class, n_groups, "group_class"),
        view(group_offset, n_groups + 1, "group_offset"),
        view(instrument, n_positions, "instrument"),
        view(quantity, n_positions, "quantity"),
    };
    check_offsets(book.account_offset, n_groups, "account_offset");
    check_offsets(book.group_offset, n_positions, "group_offset");
    return book;
}

void check_rules(const PortfolioBook& book, const PortfolioRules& rules, std::size_t n) {
    check_indexes(book.instrument, n, "instrument");
    check_indexes(book.group_class, rules.class_product.size(), "group_class");
    check_indexes(rules.class_product, rules.product_offset.size(), "class_product");
    check_indexes(rules.product_portfolio, rules.portfolio_offset.size(), "product_portfolio");
    bool is_valid = rules.set_offset.size() >= 2 && rules.set_offset.front() == 0 &&
                    rules.set_offset.back() == static_cast<std::int32_t>(rules.n_points);
    for (std::size_t k = 1; is_valid && k < rules.set_offset.size(); ++k) {
        is_valid = rules.set_offset[k] > rules.set_offset[k - 1];
    }
    if (!is_valid) {
        throw std::invalid_argument("set_offset must rise strictly from 0 to the number of points");
    }
}

void bind_portfolio_requirement(const Offsets& account_offset,
                                const Rows& group_class,
                                const Offsets& group_offset,
                                const Rows& instrument,
                                const Doubles& quantity,
                                const Doubles& pnl,
                                const Doubles& minimum_charge_long,
                                const Doubles& minimum_charge_short,
                                const Rows& class_product,
                                const Doubles& product_offset,
                                const Rows& product_portfolio,
                                const Doubles& portfolio_offset,
                                const Rows& set_offset,
                                bool is_own_worst,
                                bool is_minimum_per_class,
                                bool is_residual_discounted,
                                Doubles& group_pnl,
                                Doubles& group_minimum,
                                Doubles& group_requirement,
                                Rows& group_point,
                                Doubles& account_requirement,
                                Doubles& set_requirement,
                                Doubles& account_loss,
                                Doubles& account_minimum,
                                Rows& account_set,
                                Rows& account_group,
                                Rows& account_point,
                                int threads) {
    const std::size_t n_points = columns(pnl);
    const auto n = static_cast<std::size_t>(pnl.shape(0));
    const PortfolioBook book =
        book_view(account_offset, group_class, group_offset, instrument, quantity);
    const PortfolioRules rules{
        n_points,
        view(pnl, n * n_points, "pnl"),
        view(minimum_charge_long, n, "minimum_charge_long"),
        view(minimum_charge_short, n, "minimum_charge_short"),
        view(class_product, size_of(class_product), "class_product"),
        view(product_offset, size_of(product_offset), "product_offset"),
        view(product_portfolio, size_of(product_offset), "product_portfolio"),
        view(portfolio_offset, size_of(portfolio_offset), "portfolio_offset"),
        view(set_offset, size_of(set_offset), "set_offset"),
        is_own_worst,
        is_minimum_per_class,
        is_residual_discounted,
    };
    check_rules(book, rules, n);
    const std::size_t g = book.group_class.size();
    const std::size_t a = book.account_offset.size() - 1;
    const PortfolioResult result{
        writable(group_pnl, g * n_points, "group_pnl"),
        writable(group_minimum, g, "group_minimum"),
        writable(group_requirement, g, "group_requirement"),
        writable(group_point, g, "group_point"),
        writable(account_requirement, a, "account_requirement"),
        writable(set_requirement, a * (rules.set_offset.size() - 1), "set_requirement"),
        writable(account_loss, a, "account_loss"),
        writable(account_minimum, a, "account_minimum"),
        writable(account_set, a, "account_set"),
        writable(account_group, a, "account_group"),
        writable(account_point, a, "account_point"),
    };
    const py::gil_scoped_release release;
    portfolio_requirement(book, rules, threads, result);
}

} // namespace

void bind_portfolio(py::module_& module) {
    module.def("position_pnl",
               &bind_position_pnl,
               py::arg("instrument").noconvert(),
               py::arg("quantity").noconvert(),
               py::arg("pnl").noconvert(),
               py::arg("position_pnl").noconvert(),
               py::arg("threads"));
    module.def("portfolio_requirement",
               &bind_portfolio_requirement,
               py::arg("account_offset").noconvert(),
               py::arg("group_class").noconvert(),
               py::arg("group_offset").noconvert(),
               py::arg("instrument").noconvert(),
               py::arg("quantity").noconvert(),
               py::arg("pnl").noconvert(),
               py::arg("minimum_charge_long").noconvert(),
               py::arg("minimum_charge_short").noconvert(),
               py::arg("class_product").noconvert(),
               py::arg("product_offset").noconvert(),
               py::arg("product_portfolio").noconvert(),
               py::arg("portfolio_offset").noconvert(),
               py::arg("set_offset").noconvert(),
               py::arg("is_own_worst"),
               py::arg("is_minimum_per_class"),
               py::arg("is_residual_discounted"),
               py::arg("group_pnl").noconvert(),
               py::arg("group_minimum").noconvert(),
               py::arg("group_requirement").noconvert(),
               py::arg("group_point").noconvert(),
               py::arg("account_requirement").noconvert(),
               py::arg("set_requirement").noconvert(),
               py::arg("account_loss").noconvert(),
               py::arg("account_minimum").noconvert(),
               py::arg("account_set").noconvert(),
               py::arg("account_group").noconvert(),
               py::arg("account_point").noconvert(),
               py::arg("threads"));
}

} // namespace riskarray::bindings
