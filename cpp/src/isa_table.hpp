// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/series.hpp"

namespace riskarray {

// A pricing method on one instruction set: fills value[row * n_spots + j] for each row listed.
using PricingMethod = void (*)(const OptionSeries& series,
                               const UnderlyingSpots& market,
                               std::span<const std::int32_t> rows,
                               std::span<double> value) noexcept;

struct IsaTable {
    const char* name;
    bool (*is_supported)() noexcept;
    PricingMethod european_value;
    PricingMethod american_boundary;
    PricingMethod american_grid;
};

// The entry in use. RISKARRAY_ISA is read once; see build_info.hpp for a name that cannot be
// honoured.
[[nodiscard]] const IsaTable* active_isa() noexcept;

} // namespace riskarray
