// SPDX-License-Identifier: Apache-2.0
// What Python cannot reach: the dispatch table, and the same answer from every instruction set.

#include "isa_table.hpp"
#include "riskarray/build_info.hpp"
#include "riskarray/portfolio.hpp"
#include "riskarray/pricing.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

int failures = 0;

void check(bool condition, const char* what) {
    if (!condition) {
        std::fprintf(stderr, "failed: %s\n", what);
        ++failures;
    }
}

struct Chain {
    std::vector<std::int32_t> underlying;
    std::vector<std::int8_t> right;
    std::vector<double> strike, volatility, rate, dividend_yield, time_to_expiry;

    [[nodiscard]] riskarray::OptionSeries view() const {
        return {underlying, right, strike, volatility, rate, dividend_yield, time_to_expiry};
    }
};

Chain make_chain(std::size_t n) {
    Chain chain;
    for (std::size_t i = 0; i < n; ++i) {
        const auto x = static_cast<double>(i);
        chain.underlying.push_back(0);
        chain.right.push_back(i % 2 == 0 ? 1 : -1);
        chain.strike.push_back(60.0 + 0.25 * x);
        chain.volatility.push_back(0.15 + 0.001 * x);
        chain.rate.push_back(0.04);
        chain.dividend_yield.push_back(i % 3 == 0 ? 0.02 : 0.0);
        chain.time_to_expiry.push_back(0.02 + 0.005 * x);
    }
    return chain;
}

const std::vector<double> spots{100.0, 85.0, 92.5, 107.5, 115.0};
const std::vector<std::int64_t> no_dividends{0, 0};

std::vector<double> price(const Chain& chain, int threads) {
    const riskarray::UnderlyingSpots market{spots.size(), spots, no_dividends, {}, {}};
    std::vector<double> value(chain.strike.size() * spots.size());
    riskarray::american_value(chain.view(), market, threads, value);
    return value;
}

void test_the_active_set_is_the_forced_or_the_first_supported() {
    const auto sets = riskarray::instruction_sets();
    check(!sets.empty() && std::strcmp(sets.back().name, "baseline") == 0, "baseline comes last");
    const char* forced = std::getenv("RISKARRAY_ISA");
    for (const auto& set : sets) {
        const bool is_wanted = forced == nullptr || std::strcmp(forced, set.name) == 0;
        if (is_wanted && set.is_supported) {
            check(std::strcmp(set.name, riskarray::active_instruction_set()) == 0, "fastest first");
            break;
        }
    }
    check(riskarray::active_isa() != nullptr, "an instruction set is active");
}

void test_threads_change_no_bit() {
    const Chain chain = make_chain(1000);
    check(price(chain, 1) == price(chain, 2), "one answer for one and two threads");
}

void test_values_are_bounded() {
    const Chain chain = make_chain(400);
    const std::vector<double> value = price(chain, 0);
    for (std::size_t i = 0; i < chain.strike.size(); ++i) {
        for (std::size_t j = 0; j < spots.size(); ++j) {
            const double w = chain.right[i];
            const double intrinsic = std::fmax(w * (spots[j] - chain.strike[i]), 0.0);
            const double bound = w > 0 ? spots[j] : chain.strike[i];
            const double v = value[i * spots.size() + j];
            check(v >= intrinsic - 1e-9 && v <= bound, "value between intrinsic value and bound");
        }
    }
}

void test_minimum_charge_binds() {
    // Two contracts whose gains and losses cancel: 2 x 37.50 is left.
    const std::vector<std::int64_t> account_offset{0, 1};
    const std::vector<std::int32_t> group_class{0};
    const std::vector<std::int64_t> group_offset{0, 2};
    const std::vector<std::int32_t> instrument{0, 1};
    const std::vector<double> quantity{1.0, -1.0};
    const std::vector<double> pnl{-50.0, 50.0, -50.0, 50.0};
    const std::vector<double> charge{37.5, 37.5};
    const std::vector<std::int32_t> zero{0};
    const std::vector<double> no_offset{0.0};
    const std::vector<std::int32_t> sets{0, 2};
    std::vector<double> group_pnl(2), group_minimum(1), group_requirement(1);
    std::vector<double> requirement(1), by_set(1), loss(1), minimum(1);
    std::vector<std::int32_t> group_point(1), set(1), group(1), point(1);
    const riskarray::PortfolioBook book{
        account_offset, group_class, group_offset, instrument, quantity};
    riskarray::PortfolioRules rules;
    rules.n_points = 2;
    rules.pnl = pnl;
    rules.minimum_charge_long = charge;
    rules.minimum_charge_short = charge;
    rules.class_product = zero;
    rules.product_offset = no_offset;
    rules.product_portfolio = zero;
    rules.portfolio_offset = no_offset;
    rules.set_offset = sets;
    riskarray::portfolio_requirement(book,
                                     rules,
                                     1,
                                     {group_pnl,
                                      group_minimum,
                                      group_requirement,
                                      group_point,
                                      requirement,
                                      by_set,
                                      loss,
                                      minimum,
                                      set,
                                      group,
                                      point});
    check(by_set[0] == 75.0, "the only scenario set asks for what the account needs");
    check(requirement[0] == 75.0 && loss[0] == 0.0 && point[0] == -1, "the minimum charge binds");
}

} // namespace

int main() {
    test_the_active_set_is_the_forced_or_the_first_supported();
    test_threads_change_no_bit();
    test_values_are_bounded();
    test_minimum_charge_binds();
    return failures == 0 ? 0 : 1;
}
