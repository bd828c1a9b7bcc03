// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/strategy.hpp"

// The entry points of one instruction set; src/isa/strategy_requirement.cpp defines them.
#define RISKARRAY_DECLARE_STRATEGY(isa)                                                            \
    namespace riskarray::isa {                                                                     \
    std::size_t strategy_workspace(std::size_t most_positions) noexcept;                           \
    void strategy_groups(const StrategyBook& book,                                                 \
                         const StrategyTerms& terms,                                               \
                         std::size_t begin,                                                        \
                         std::size_t end,                                                          \
                         std::byte* workspace,                                                     \
                         const StrategyResult& result) noexcept;                                   \
    }

RISKARRAY_DECLARE_STRATEGY(baseline)
RISKARRAY_DECLARE_STRATEGY(v3)
RISKARRAY_DECLARE_STRATEGY(v4)
