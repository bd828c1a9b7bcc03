// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace riskarray {

// pnl_out[k * p + j] = quantity[k] * pnl[instrument[k] * p + j]
void position_pnl(std::span<const std::int32_t> instrument,
                  std::span<const double> quantity,
                  std::span<const double> pnl,
                  std::size_t n_points,
                  int threads,
                  std::span<double> pnl_out) noexcept;

// Accounts -> class-group runs -> positions, both CSR. Class groups are numbered so that their
// order is that of (portfolio group, product group, class group); the runs of an account stand in
// that order.
struct PortfolioBook {
    std::span<const std::int64_t> account_offset; // (a + 1,) into the groups
    std::span<const std::int32_t> group_class;    // (g,) class group of each run
    std::span<const std::int64_t> group_offset;   // (g + 1,) into the positions
    std::span<const std::int32_t> instrument;     // (m,)
    std::span<const double> quantity;             // (m,) signed
};

struct PortfolioRules {
    std::size_t n_points = 0;
    std::span<const double> pnl;                     // (n, p) risk arrays
    std::span<const double> minimum_charge_long;     // (n,) currency per contract
    std::span<const double> minimum_charge_short;    // (n,)
    std::span<const std::int32_t> class_product;     // (c,) product group of a class group
    std::span<const double> product_offset;          // (k,) share of gains that counts
    std::span<const std::int32_t> product_portfolio; // (k,) portfolio group of a product group
    std::span<const double> portfolio_offset;        // (q,)
    std::span<const std::int32_t> set_offset;        // (z + 1,) scenario sets as runs of points
    bool is_own_worst = false;         // each class group at its own worst point, then the sum
    bool is_minimum_per_class = false; // the minimum charge is compared per class group
    bool is_residual_discounted =
        true; // a gain left in a product group is discounted a second time
};

struct PortfolioResult {
    std::span<double> group_pnl;           // (g, p)
    std::span<double> group_minimum;       // (g,)
    std::span<double> group_requirement;   // (g,) of the class group standing alone
    std::span<std::int32_t> group_point;   // (g,) its worst point; -1 where the minimum binds
    std::span<double> account_requirement; // (a,)
    std::span<double> set_requirement;     // (a, z) by each scenario set alone
    std::span<double> account_loss;        // (a,) sum of losses where they are charged
    std::span<double> account_minimum;     // (a,) sum of minimum charges
    std::span<std::int32_t> account_set;   // (a,) the scenario set that binds
    std::span<std::int32_t> account_group; // (a,) run that is charged most; -1 without one
    std::span<std::int32_t> account_point; // (a,) where; -1 where its minimum binds
};

void portfolio_requirement(const PortfolioBook& book,
                           const PortfolioRules& rules,
                           int threads,
                           const PortfolioResult& result) noexcept;

} // namespace riskarray
