// SPDX-License-Identifier: Apache-2.0
#pragma once

// Strategies and their legs as rows of the output.

#include "isa/strategy_program.hpp"

namespace {

using riskarray::legs_per_position;
using riskarray::strategies_per_position;
using riskarray::StrategyResult;

// Sign of a leg's quantity. Looked up, for the sides of legs come in an order that no processor
// guesses.
inline double side_of(const Leg& leg) noexcept {
    constexpr double sides[2] = {-1.0, 1.0};
    return sides[leg.is_long];
}

// Writes the strategies of a block of groups and adds up those of one.
struct Writer {
    // rows of the block
    std::int8_t *code, *basis_of;
    double *initial, *maintenance;
    std::int32_t* leg_count;
    std::int32_t* instrument;
    double* quantity;
    std::int32_t strategy_room, leg_room;
    std::int32_t strategies = 0, legs = 0;
    double total[kBases] = {0.0, 0.0};
    int basis = 3; // 1 initial, 2 maintenance, 3 both

    // For the positions [begin, end).
    Writer(const StrategyResult& result, std::size_t begin, std::size_t end) noexcept
        : code(result.strategy_code.data() + begin * strategies_per_position),
          basis_of(result.strategy_basis.data() + begin * strategies_per_position),
          initial(result.strategy_initial.data() + begin * strategies_per_position),
          maintenance(result.strategy_maintenance.data() + begin * strategies_per_position),
          leg_count(result.strategy_legs.data() + begin * strategies_per_position),
          instrument(result.leg_instrument.data() + begin * legs_per_position),
          quantity(result.leg_quantity.data() + begin * legs_per_position),
          strategy_room(static_cast<std::int32_t>((end - begin) * strategies_per_position)),
          leg_room(static_cast<std::int32_t>((end - begin) * legs_per_position)) {}

    void
    begin(StrategyCode strategy, int n_legs, double of_initial, double of_maintenance) noexcept {
        total[kInitial] += (basis & 1) != 0 ? of_initial : 0.0;
        total[kMaintenance] += (basis & 2) != 0 ? of_maintenance : 0.0;
        const std::int32_t at = strategies++;
        if (at < strategy_room) {
            initial[at] = of_initial;
            maintenance[at] = of_maintenance;
            leg_count[at] = n_legs;
            code[at] = static_cast<std::int8_t>(strategy);
            basis_of[at] = static_cast<std::int8_t>(basis);
        }
    }

    void add_leg(const Leg& leg, double contracts) noexcept {
        const std::int32_t at = legs++;
        if (at < leg_room) {
            instrument[at] = leg.instrument;
            quantity[at] = side_of(leg) * contracts;
        }
    }
};

} // namespace
