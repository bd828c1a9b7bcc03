// SPDX-License-Identifier: Apache-2.0
#include "parallel.hpp"
#include "portfolio_offsets.hpp"
#include "riskarray/portfolio.hpp"

#include <algorithm>
#include <array>

namespace riskarray {
namespace {

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

// The class group that is charged most so far, and the point where; -1 where a minimum charge
// binds.
struct Charged {
    double charge = -1.0;
    std::int32_t group = -1;
    std::int32_t point = -1;

    void consider(double loss, double minimum, std::size_t of_group, std::int32_t at) noexcept {
        if (std::max(loss, minimum) > charge) {
            charge = std::max(loss, minimum);
            group = static_cast<std::int32_t>(of_group);
            point = loss >= minimum ? at : -1;
        }
    }
};

// The class group with the greatest minimum charge of a run, where the sum of them binds.
Charged charged_by_minimum(const PortfolioResult& result, const PortfolioRun& run) noexcept {
    Charged most;
    for (std::size_t group = run.first; group < run.last; ++group) {
        most.consider(-1.0, result.group_minimum[group], group, -1);
    }
    return most;
}

struct RunRequirement {
    double requirement, loss, minimum;
    Charged most;
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
    if (minimum > worst.loss) {
        return {minimum, worst.loss, minimum, charged_by_minimum(result, run)};
    }
    Charged most;
    for (std::size_t group = run.first; group < run.last; ++group) {
        const auto at = group * rules.n_points + static_cast<std::size_t>(worst.point);
        most.consider(std::max(-result.group_pnl[at], 0.0), 0.0, group, worst.point);
    }
    return {worst.loss, worst.loss, minimum, most};
}

// Each class group at its own worst point, then the sum.
RunRequirement require_at_own_points(const PortfolioBook& book,
                                     const PortfolioRules& rules,
                                     const PortfolioResult& result,
                                     const PortfolioRun& run,
                                     double minimum) noexcept {
    double loss = 0.0;
    double per_class = 0.0;
    Charged most;
    const auto charge = [&](std::size_t group, const Worst& worst) {
        loss += worst.loss;
        const double floor = result.group_minimum[group];
        per_class += std::max(worst.loss, floor);
        most.consider(worst.loss, rules.is_minimum_per_class ? floor : 0.0, group, worst.point);
    };
    const auto pnl_of = [&](std::size_t group) {
        return result.group_pnl.data() + group * rules.n_points;
    };
    if (run.last - run.first == 1) { // nothing offsets: all of its loss is left
        charge(run.first, worst_point(pnl_of(run.first), run.begin, run.end));
    } else {
        for_each_residual(book, rules, result, run, [&](std::size_t group, const Points& share) {
            const double* pnl = pnl_of(group);
            Points left{};
            for (std::size_t j = run.begin; j < run.end; ++j) {
                left[j] = -std::max(-pnl[j], 0.0) * share[j];
            }
            charge(group, worst_point(left.data(), run.begin, run.end));
        });
    }
    if (rules.is_minimum_per_class) {
        return {per_class, loss, minimum, most};
    }
    if (minimum > loss) {
        return {minimum, loss, minimum, charged_by_minimum(result, run)};
    }
    return {loss, loss, minimum, most};
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
    std::array<Charged, max_points> most{};
    for_each_residual(book, rules, result, run, [&](std::size_t group, const Points& share) {
        const double* pnl = result.group_pnl.data() + group * rules.n_points;
        for (std::size_t j = run.begin; j < run.end; ++j) {
            const double left = std::max(-pnl[j], 0.0) * share[j];
            loss[j] += left;
            charge[j] -= std::max(left, result.group_minimum[group]);
            most[j].consider(
                left, result.group_minimum[group], group, static_cast<std::int32_t>(j));
        }
    });
    const Worst worst = worst_point(charge.data(), run.begin, run.end);
    const auto binding = static_cast<std::size_t>(worst.point);
    return {worst.loss, loss[binding], minimum, most[binding]};
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
    double greatest = -1.0; // requirement of the portfolio group that weighs most
    Charged most;           // and the class group in it
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
            total.most = of_run.most;
        }
        run.first = run.last;
    }
    return total;
}

void require_account(const PortfolioBook& book,
                     const PortfolioRules& rules,
                     std::size_t account,
                     const PortfolioResult& result) noexcept {
    const std::size_t n_sets = rules.set_offset.size() - 1;
    double* by_set = result.set_requirement.data() + account * n_sets;
    AccountRequirement binding = require_set(book, rules, result, account, 0);
    by_set[0] = binding.requirement;
    std::size_t binding_set = 0;
    for (std::size_t set = 1; set < n_sets; ++set) {
        const AccountRequirement of_set = require_set(book, rules, result, account, set);
        by_set[set] = of_set.requirement;
        if (of_set.requirement > binding.requirement) {
            binding = of_set;
            binding_set = set;
        }
    }
    result.account_requirement[account] = binding.requirement;
    result.account_loss[account] = binding.loss;
    result.account_minimum[account] = binding.minimum;
    result.account_set[account] = static_cast<std::int32_t>(binding_set);
    result.account_group[account] = binding.most.group;
    result.account_point[account] = binding.most.point;
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
