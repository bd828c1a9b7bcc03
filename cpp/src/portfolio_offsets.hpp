// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/portfolio.hpp"
#include "riskarray/series.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

// What the offsets between class groups, and between product groups, leave of losses at each point.
namespace riskarray {

constexpr std::size_t max_points = max_spots - 1;
using Points = std::array<double, max_points>;

struct Worst {
    double loss;        // 0 when no point loses
    std::int32_t point; // the first of the worst points
};

// USD: losses that differ by less are equal, so that the point named does not hang on rounding.
inline constexpr double equal_losses = 1e-6;

inline Worst worst_point(const double* pnl, std::size_t begin, std::size_t end) noexcept {
    Worst worst{0.0, static_cast<std::int32_t>(begin)};
    double least_of_point = equal_losses;
    for (std::size_t j = begin; j < end; ++j) {
        if (-pnl[j] > worst.loss) {
            worst.loss = -pnl[j];
        }
        if (-pnl[j] > least_of_point) {
            worst.point = static_cast<std::int32_t>(j);
            least_of_point = -pnl[j] + equal_losses;
        }
    }
    return worst;
}

// The runs [first, last) of one account that belong to one portfolio group, and the points that
// count.
struct PortfolioRun {
    std::size_t first, last;
    std::size_t begin, end;
};

inline std::size_t
product_of(const PortfolioBook& book, const PortfolioRules& rules, std::size_t group) noexcept {
    const auto class_group = static_cast<std::size_t>(book.group_class[group]);
    return static_cast<std::size_t>(rules.class_product[class_group]);
}

inline std::size_t
portfolio_of(const PortfolioBook& book, const PortfolioRules& rules, std::size_t group) noexcept {
    return static_cast<std::size_t>(rules.product_portfolio[product_of(book, rules, group)]);
}

// One past the last run of the product group that begins at a run.
inline std::size_t product_end(const PortfolioBook& book,
                               const PortfolioRules& rules,
                               const PortfolioRun& run,
                               std::size_t group) noexcept {
    const std::size_t product = product_of(book, rules, group);
    std::size_t end = group + 1;
    while (end < run.last && product_of(book, rules, end) == product) {
        ++end;
    }
    return end;
}

// Losses in full and gains, still undiscounted, of the level below at each point.
struct LossesAndGains {
    Points loss{}, gain{};

    void add(const double* pnl, const PortfolioRun& run) noexcept {
        for (std::size_t j = run.begin; j < run.end; ++j) {
            loss[j] += std::max(-pnl[j], 0.0);
            gain[j] += std::max(pnl[j], 0.0);
        }
    }
};

inline LossesAndGains class_pnl(const PortfolioRules& rules,
                                const PortfolioResult& result,
                                const PortfolioRun& run,
                                std::size_t first,
                                std::size_t last) noexcept {
    LossesAndGains pnl;
    for (std::size_t group = first; group < last; ++group) {
        pnl.add(result.group_pnl.data() + group * rules.n_points, run);
    }
    return pnl;
}

inline double residual_offset(const PortfolioBook& book,
                              const PortfolioRules& rules,
                              const PortfolioRun& run) noexcept {
    return rules.is_residual_discounted
               ? rules.portfolio_offset[portfolio_of(book, rules, run.first)]
               : 1.0;
}

// Losses and gains of the product groups of a portfolio group: class losses less the product
// group's percentage of class gains.
inline LossesAndGains product_pnl(const PortfolioBook& book,
                                  const PortfolioRules& rules,
                                  const PortfolioResult& result,
                                  const PortfolioRun& run) noexcept {
    LossesAndGains total;
    for (std::size_t group = run.first; group < run.last;) {
        const std::size_t end = product_end(book, rules, run, group);
        const LossesAndGains classes = class_pnl(rules, result, run, group, end);
        const double offset = rules.product_offset[product_of(book, rules, group)];
        Points net{};
        for (std::size_t j = run.begin; j < run.end; ++j) {
            net[j] = offset * classes.gain[j] - classes.loss[j];
        }
        total.add(net.data(), run);
        group = end;
    }
    return total;
}

// The part of a loss that is left when gains offset it in proportion.
inline double share_left(double loss, double credit) noexcept {
    return loss > credit ? (loss - credit) / loss : 0.0;
}

// Calls visit(group, share) for each class group of the run, where share[j] of its loss at a point
// is left after both levels of offsets; a level's credit is spread over its losses in proportion.
template <typename Visit>
void for_each_residual(const PortfolioBook& book,
                       const PortfolioRules& rules,
                       const PortfolioResult& result,
                       const PortfolioRun& run,
                       const Visit& visit) noexcept {
    const LossesAndGains products = product_pnl(book, rules, result, run);
    const double residual = residual_offset(book, rules, run);
    for (std::size_t group = run.first; group < run.last;) {
        const std::size_t end = product_end(book, rules, run, group);
        const LossesAndGains classes = class_pnl(rules, result, run, group, end);
        const double offset = rules.product_offset[product_of(book, rules, group)];
        Points share{};
        for (std::size_t j = run.begin; j < run.end; ++j) {
            share[j] = share_left(classes.loss[j], offset * classes.gain[j]) *
                       share_left(products.loss[j], residual * products.gain[j]);
        }
        for (; group < end; ++group) {
            visit(group, share);
        }
    }
}

} // namespace riskarray
