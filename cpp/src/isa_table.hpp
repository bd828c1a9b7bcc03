// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/series.hpp"
#include "riskarray/strategy.hpp"
#include "volatility_start.hpp"

namespace riskarray {

// A pricing method on one instruction set: fills value[row * n_spots + j] for each row listed.
using PricingMethod = void (*)(const OptionSeries& series,
                               const UnderlyingSpots& market,
                               std::span<const std::int32_t> rows,
                               std::span<double> value) noexcept;

// Where the search for the volatility of each row listed starts; the price of row i is price[i].
using VolatilityMethod = void (*)(const OptionSeries& series,
                                  const UnderlyingSpots& market,
                                  std::span<const std::int32_t> rows,
                                  std::span<const double> price,
                                  const VolatilityStart& start) noexcept;

// The strategies of groups [begin, end), with the memory of one worker.
using StrategyMethod = void (*)(const StrategyBook& book,
                                const StrategyTerms& terms,
                                std::size_t begin,
                                std::size_t end,
                                std::byte* workspace,
                                const StrategyResult& result) noexcept;

struct IsaTable {
    const char* name;
    bool (*is_supported)() noexcept;
    PricingMethod european_value;
    PricingMethod american_boundary;
    PricingMethod american_grid;
    PricingMethod american_dividend_call;
    VolatilityMethod european_volatility;
    VolatilityMethod american_volatility;
    StrategyMethod strategy_groups;
    // bytes of one worker whose largest group has so many positions
    std::size_t (*strategy_workspace)(std::size_t most_positions) noexcept;
};

// The entry in use. RISKARRAY_ISA is read once; see build_info.hpp for a name that cannot be
// honoured.
[[nodiscard]] const IsaTable* active_isa() noexcept;

} // namespace riskarray
