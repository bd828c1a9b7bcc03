// SPDX-License-Identifier: Apache-2.0
#include "riskarray/implied_volatility.hpp"

#include "american_method.hpp"
#include "block_value.hpp"
#include "isa_table.hpp"
#include "parallel.hpp"
#include "steep_volatility.hpp"
#include "volatility_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace riskarray {
namespace {

// Several blocks of the pricing methods, so that the rows left in the last rounds still fill lanes.
constexpr std::size_t block_size = 4 * max_block;
constexpr std::int8_t american = 2;

using BlockDoubles = std::array<double, block_size>;

struct Method {
    PricingMethod value;
    VolatilityMethod start;
    bool is_smooth; // in volatility, closely enough for a last step without a value
};

// The method of each list of rows, in the order of AmericanMethod.
std::array<Method, n_american_methods> list_methods(const IsaTable& isa) noexcept {
    return {Method{isa.european_value, isa.european_volatility, true},
            Method{isa.american_boundary, isa.american_volatility, true},
            Method{isa.american_grid, isa.european_volatility, false},
            Method{isa.american_dividend_call, isa.european_volatility, false}};
}

// One block of series; every array is indexed by the row within it.
struct Block {
    std::span<const double> price;
    std::span<const std::int8_t> exercise;
    OptionSeries series; // its volatilities are the trials
    const UnderlyingSpots& market;
    std::span<double> volatility; // the same memory as series.volatility
    std::span<std::int8_t> status;

    [[nodiscard]] double spot(std::size_t i) const noexcept {
        return market.spot[static_cast<std::size_t>(series.underlying[i])];
    }
    void end(std::size_t i, VolatilityStatus why) const noexcept {
        status[i] = static_cast<std::int8_t>(why);
        if (why != VolatilityStatus::ok) {
            volatility[i] = std::numeric_limits<double>::quiet_NaN();
        }
    }
};

double exercise_value(const Block& block, std::size_t i) noexcept {
    return std::max(block.series.right[i] * (block.spot(i) - block.series.strike[i]), 0.0);
}

// No option is worth more than what it delivers, now or at expiry.
double bound(const Block& block, std::size_t i) noexcept {
    const bool is_call = block.series.right[i] > 0;
    const double asset = is_call ? block.spot(i) : block.series.strike[i];
    const double decay = is_call ? block.series.dividend_yield[i] : block.series.rate[i];
    return asset * std::max(1.0, std::exp(-decay * block.series.time_to_expiry[i]));
}

// Ends the rows that need no search; returns whether row i needs one.
bool is_open(const Block& block, std::size_t i) noexcept {
    const double price = block.price[i];
    if (std::isnan(price)) {
        block.end(i, VolatilityStatus::no_price);
    } else if (!(block.series.time_to_expiry[i] > 0.0)) {
        block.end(i, VolatilityStatus::no_time);
    } else if (!(price > 0.0) ||
               (block.exercise[i] == american && price <= exercise_value(block, i))) {
        block.end(i, VolatilityStatus::below_intrinsic);
    } else if (price >= bound(block, i)) {
        block.end(i, VolatilityStatus::above_bound);
    } else {
        return true;
    }
    return false;
}

// Turns the starts into searches; a European price outside its bounds is decided here, an American
// one above the European bound is searched for.
std::size_t open_searches(const Block& block,
                          bool is_european,
                          bool is_smooth,
                          const VolatilityStart& start,
                          std::span<std::int32_t> rows,
                          std::span<VolatilitySearch> searches) noexcept {
    std::size_t n_open = 0;
    for (const std::int32_t row : rows) {
        const auto i = static_cast<std::size_t>(row);
        if (start.volatility[i] == 0.0) {
            block.end(i, VolatilityStatus::below_intrinsic);
            continue;
        }
        if (is_european && std::isinf(start.volatility[i])) {
            block.end(i, VolatilityStatus::above_bound);
            continue;
        }
        const double exercise = block.exercise[i] == american ? exercise_value(block, i) : 0.0;
        searches[i] = {.price = block.price[i],
                       .spot = block.spot(i),
                       .floor = std::max(start.floor[i], exercise),
                       .is_in_the_money = exercise > 0.0,
                       .is_smooth = is_smooth,
                       .turn = steep_volatility(block.series, i),
                       .moneyness = start.moneyness[i],
                       .time = block.series.time_to_expiry[i]};
        block.volatility[i] = open_search(searches[i], start.volatility[i], start.vega[i]);
        rows[n_open++] = row;
    }
    return n_open;
}

// Values the rows of one method at their trial volatilities until all have ended.
void search_rows(const Block& block,
                 const Method& method,
                 bool is_european,
                 std::span<std::int32_t> rows) noexcept {
    BlockDoubles start_volatility;
    BlockDoubles vega;
    BlockDoubles floor;
    BlockDoubles moneyness;
    const VolatilityStart start{start_volatility, vega, floor, moneyness};
    method.start(block.series, block.market, rows, block.price, start);
    std::array<VolatilitySearch, block_size> searches;
    std::size_t n_open = open_searches(block, is_european, method.is_smooth, start, rows, searches);
    BlockDoubles value;
    while (n_open > 0) {
        const std::span<std::int32_t> open = rows.first(n_open);
        for (std::size_t first = 0; first < n_open; first += max_block) {
            const std::size_t count = std::min(max_block, n_open - first);
            method.value(block.series, block.market, open.subspan(first, count), value);
        }
        n_open = 0;
        for (const std::int32_t row : open) {
            const auto i = static_cast<std::size_t>(row);
            const SearchStep step = next_step(searches[i], block.volatility[i], value[i]);
            block.volatility[i] = step.volatility;
            if (step.is_done) {
                block.end(i, step.status);
            } else {
                rows[n_open++] = row;
            }
        }
    }
}

void solve_block(const Block& block) noexcept {
    std::array<std::array<std::int32_t, block_size>, n_american_methods> rows;
    std::array<std::size_t, n_american_methods> count{};
    for (std::size_t i = 0; i < block.price.size(); ++i) {
        if (is_open(block, i)) {
            const auto method = static_cast<std::size_t>(
                block.exercise[i] == american ? american_method(block.series, block.market, i)
                                              : AmericanMethod::european);
            rows[method][count[method]++] = static_cast<std::int32_t>(i);
        }
    }
    const auto methods = list_methods(*active_isa());
    for (std::size_t k = 0; k < n_american_methods; ++k) {
        if (count[k] > 0) {
            const bool is_european = k == static_cast<std::size_t>(AmericanMethod::european);
            search_rows(block, methods[k], is_european, std::span(rows[k].data(), count[k]));
        }
    }
}

} // namespace

void implied_volatility(std::span<const double> price,
                        std::span<const std::int8_t> exercise,
                        const OptionSeries& series,
                        const UnderlyingSpots& market,
                        int threads,
                        std::span<double> volatility,
                        std::span<std::int8_t> status) noexcept {
    OptionSeries trials = series;
    trials.volatility = volatility;
    for_blocks(price.size(), block_size, threads, [&](std::size_t begin, std::size_t end) {
        const std::size_t count = end - begin;
        solve_block({price.subspan(begin, count),
                     exercise.subspan(begin, count),
                     trials.slice(begin, count),
                     market,
                     volatility.subspan(begin, count),
                     status.subspan(begin, count)});
    });
}

} // namespace riskarray
