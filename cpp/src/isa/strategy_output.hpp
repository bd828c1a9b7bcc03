// SPDX-License-Identifier: Apache-2.0
#pragma once

// Strategies and their legs as rows of the output.

#include "isa/strategy_program.hpp"

namespace {

using riskarray::StrategyResult;

// Writes the strategies of one group and adds them up.
struct Writer {
    const StrategyResult* result;
    std::size_t first_strategy, strategy_room, first_leg, leg_room;
    std::int32_t strategies = 0, legs = 0;
    double total[kBases] = {0.0, 0.0};
    int basis = 3; // 1 initial, 2 maintenance, 3 both

    void begin(StrategyCode code, double initial, double maintenance) noexcept {
        total[kInitial] += (basis & 1) != 0 ? initial : 0.0;
        total[kMaintenance] += (basis & 2) != 0 ? maintenance : 0.0;
        const auto at = static_cast<std::size_t>(strategies++);
        if (at < strategy_room) {
            const std::size_t k = first_strategy + at;
            result->strategy_code[k] = static_cast<std::int8_t>(code);
            result->strategy_basis[k] = static_cast<std::int8_t>(basis);
            result->strategy_initial[k] = initial;
            result->strategy_maintenance[k] = maintenance;
            result->strategy_legs[k] = 0;
        }
    }

    void add_leg(const Leg& leg, double quantity) noexcept {
        const auto at = static_cast<std::size_t>(legs++);
        if (at < leg_room) {
            result->leg_instrument[first_leg + at] = leg.instrument;
            result->leg_quantity[first_leg + at] = leg.is_long ? quantity : -quantity;
        }
        const auto strategy = static_cast<std::size_t>(strategies - 1);
        if (strategy < strategy_room) {
            ++result->strategy_legs[first_strategy + strategy];
        }
    }
};

} // namespace
