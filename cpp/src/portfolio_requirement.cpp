// SPDX-License-Identifier: Apache-2.0
#include "parallel.hpp"
#include "riskarray/portfolio.hpp"

#include "riskarray/series.hpp"

#include <algorithm>
#include <array>

namespace riskarray {
namespace {

constexpr std::size_t max_points = max_spots - 1;
using Points = std::array<double, max_points>;

// The sum of risk arrays of one class-group run, and its minimum charge.
void sum_group(const PortfolioBook& book,
               const PortfolioRules& rules,
               std::size_t group,
               const PortfolioResult& result) noexcept {
    double* total = result.group_pnl.data() + group * rules.n_points;
    std::fill_n(total, rules.n_points, 0.0);
    double minimum = 0.0;
    for (std::int64_t k = book.group_offset[group]; k < book.group_offset[group + 1]; ++k) {
        const auto position = static_cast<std::size_t>(k);
        const auto i = static_cast<std::size_t>(book.instrument[position]);
        const double quantity = book.quantity[position];
        const double* row = rules.pnl.data() + i * rules.n_points;
        for (std::size_t j = 0; j < rules.n_points; ++j) {
            total[j] += quantity * row[j];
        }
        minimum += quantity > 0.0 ? quantity * rules.minimum_charge_long[i]
                                  : -quantity * rules.minimum_charge_short[i];
    }
    result.group_minimum[group] = minimum;
}

struct Worst {
    double loss;        // 0 when no point loses
    std::int32_t point; // the first of the worst points
};

Worst worst_point(const double* pnl, std::size_t begin, std::size_t end) noexcept {
    Worst worst{0.0, static_cast<std::int32_t>(begin)};
    for (std::size_t j = begin; j < end; ++j) {
        if (-pnl[j] > worst.loss) {
            worst = {-pnl[j], static_cast<std::int32_t>(j)};
        }
    }
    return worst;
}

// Stand-alone figures of one run: the greater of its worst loss over all points and its minimum.
void require_group(const PortfolioRules& rules,
                   std::size_t group,
                   const PortfolioResult& result) noexcept {
    const double* pnl = result.group_pnl.data() + group * rules.n_points;
    const Worst worst = worst_point(pnl, 0, rules.n_points);
    const double minimum = result.group_minimum[group];
    result.group_requirement[group] = std::max(worst.loss, minimum);
    result.group_point[group] = worst.loss >= minimum ? worst.point : -1;
}

// The runs [first, last) of one account that belong to one portfolio group, and the points that
// count.
struct PortfolioRun {
    std::size_t first, last;
    std::size_t begin, end;
};

std::size_t
product_of(const PortfolioBook& book, const PortfolioRules& rules, std::size_t group) noexcept {
    const auto class_group = static_cast<std::size_t>(book.group_class[group]);
    return static_cast<std::size_t>(rules.class_product[class_group]);
}

std::size_t
portfolio_of(const PortfolioBook& book, const PortfolioRules& rules, std::size_t group) noexcept {
    return static_cast<std::size_t>(rules.product_portfolio[product_of(book, rules, group)]);
}

// One past the last run of the product group that begins at a run.
std::size_t product_end(const PortfolioBook& book,
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

LossesAndGains class_pnl(const PortfolioRules& rules,
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

double residual_offset(const PortfolioBook& book,
                       const PortfolioRules& rules,
                       const PortfolioRun& run) noexcept {
    return rules.is_residual_discounted
               ? rules.portfolio_offset[portfolio_of(book, rules, run.first)]
               : 1.0;
}

// Losses and gains of the product groups of a portfolio group: class losses less the product
// group's percentage of class gains.
LossesAndGains product_pnl(const PortfolioBook& book,
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

struct RunRequirement {
    double requirement, loss, minimum;
    std::int32_t point; // -1 where the minimum binds
};

// One worst point for the portfolio group, against the sum of its minimum charges.
RunRequirement require_at_common_point(const PortfolioBook& book,
                                       const PortfolioRules& rules,
                                       const PortfolioResult& result,
                                       const PortfolioRun& run,
                                       double minimum) noexcept {
    const LossesAndGains products = product_pnl(book, rules, result, run);
    const double offset = residual_offset(book, rules, run);
    Points pnl{};
    for (std::size_t j = run.begin; j < run.end; ++j) {
        pnl[j] = offset * products.gain[j] - products.loss[j];
    }
    const Worst worst = worst_point(pnl.data(), run.begin, run.end);
    return {std::max(worst.loss, minimum),
            worst.loss,
            minimum,
            worst.loss >= minimum ? worst.point : -1};
}

// The part of a loss that is left when gains offset it in proportion.
double share_left(double loss, double credit) noexcept {
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

// Each class group at its own worst point, then the sum.
RunRequirement require_at_own_points(const PortfolioBook& book,
                                     const PortfolioRules& rules,
                                     const PortfolioResult& result,
                                     const PortfolioRun& run,
                                     double minimum) noexcept {
    double loss = 0.0;
    double per_class = 0.0;
    Worst greatest{0.0, static_cast<std::int32_t>(run.begin)};
    for_each_residual(book, rules, result, run, [&](std::size_t group, const Points& share) {
        const double* pnl = result.group_pnl.data() + group * rules.n_points;
        Points left{};
        for (std::size_t j = run.begin; j < run.end; ++j) {
            left[j] = -std::max(-pnl[j], 0.0) * share[j];
        }
        const Worst worst = worst_point(left.data(), run.begin, run.end);
        loss += worst.loss;
        per_class += std::max(worst.loss, result.group_minimum[group]);
        greatest = worst.loss > greatest.loss ? worst : greatest;
    });
    const double requirement = rules.is_minimum_per_class ? per_class : std::max(loss, minimum);
    return {requirement, loss, minimum, requirement > loss ? -1 : greatest.point};
}

// One common point, where each class group is charged the greater of its residual loss and its
// minimum.
RunRequirement require_minimum_per_class(const PortfolioBook& book,
                                         const PortfolioRules& rules,
                                         const PortfolioResult& result,
                                         const PortfolioRun& run,
                                         double minimum) noexcept {
    Points charge{};
    Points loss{};
    for_each_residual(book, rules, result, run, [&](std::size_t group, const Points& share) {
        const double* pnl = result.group_pnl.data() + group * rules.n_points;
        for (std::size_t j = run.begin; j < run.end; ++j) {
            const double left = std::max(-pnl[j], 0.0) * share[j];
            loss[j] += left;
            charge[j] -= std::max(left, result.group_minimum[group]);
        }
    });
    const Worst worst = worst_point(charge.data(), run.begin, run.end);
    const double at_worst = loss[static_cast<std::size_t>(worst.point)];
    return {worst.loss, at_worst, minimum, worst.loss > at_worst ? -1 : worst.point};
}

RunRequirement require_run(const PortfolioBook& book,
                           const PortfolioRules& rules,
                           const PortfolioResult& result,
                           const PortfolioRun& run) noexcept {
    double minimum = 0.0;
    for (std::size_t group = run.first; group < run.last; ++group) {
        minimum += result.group_minimum[group];
    }
    if (rules.is_own_worst) {
        return require_at_own_points(book, rules, result, run, minimum);
    }
    if (rules.is_minimum_per_class) {
        return require_minimum_per_class(book, rules, result, run, minimum);
    }
    return require_at_common_point(book, rules, result, run, minimum);
}

struct AccountRequirement {
    double requirement = 0.0, loss = 0.0, minimum = 0.0;
    double greatest = -1.0;          // requirement of the portfolio group that weighs most
    std::size_t first = 0, last = 0; // its runs
    std::int32_t point = -1;
};

AccountRequirement require_set(const PortfolioBook& book,
                               const PortfolioRules& rules,
                               const PortfolioResult& result,
                               std::size_t account,
                               std::size_t set) noexcept {
    AccountRequirement total;
    const auto end = static_cast<std::size_t>(book.account_offset[account + 1]);
    PortfolioRun run{static_cast<std::size_t>(book.account_offset[account]),
                     0,
                     static_cast<std::size_t>(rules.set_offset[set]),
                     static_cast<std::size_t>(rules.set_offset[set + 1])};
    while (run.first < end) {
        const std::size_t portfolio = portfolio_of(book, rules, run.first);
        run.last = run.first + 1;
        while (run.last < end && portfolio_of(book, rules, run.last) == portfolio) {
            ++run.last;
        }
        const RunRequirement of_run = require_run(book, rules, result, run);
        total.requirement += of_run.requirement;
        total.loss += of_run.loss;
        total.minimum += of_run.minimum;
        if (of_run.requirement > total.greatest) {
            total.greatest = of_run.requirement;
            total.first = run.first;
            total.last = run.last;
            total.point = of_run.point;
        }
        run.first = run.last;
    }
    return total;
}

void require_account(const PortfolioBook& book,
                     const PortfolioRules& rules,
                     std::size_t account,
                     const PortfolioResult& result) noexcept {
    AccountRequirement binding = require_set(book, rules, result, account, 0);
    std::size_t binding_set = 0;
    for (std::size_t set = 1; set + 1 < rules.set_offset.size(); ++set) {
        const AccountRequirement of_set = require_set(book, rules, result, account, set);
        if (of_set.requirement > binding.requirement) {
            binding = of_set;
            binding_set = set;
        }
    }
    std::int32_t greatest = -1;
    for (std::size_t group = binding.first; group < binding.last; ++group) {
        if (greatest < 0 || result.group_requirement[group] >
                                result.group_requirement[static_cast<std::size_t>(greatest)]) {
            greatest = static_cast<std::int32_t>(group);
        }
    }
    result.account_requirement[account] = binding.requirement;
    result.account_loss[account] = binding.loss;
    result.account_minimum[account] = binding.minimum;
    result.account_set[account] = static_cast<std::int32_t>(binding_set);
    result.account_group[account] = greatest;
    result.account_point[account] = binding.point;
}

} // namespace

void portfolio_requirement(const PortfolioBook& book,
                           const PortfolioRules& rules,
                           int threads,
                           const PortfolioResult& result) noexcept {
    const std::size_t n_accounts = book.account_offset.size() - 1;
    for_blocks(n_accounts, 64, threads, [&](std::size_t begin, std::size_t end) {
        for (std::size_t account = begin; account < end; ++account) {
            const auto first = static_cast<std::size_t>(book.account_offset[account]);
            const auto last = static_cast<std::size_t>(book.account_offset[account + 1]);
            for (std::size_t group = first; group < last; ++group) {
                sum_group(book, rules, group, result);
                require_group(rules, group, result);
            }
            require_account(book, rules, account, result);
        }
    });
}

} // namespace riskarray
