// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/pricing.hpp"

namespace riskarray {

inline constexpr std::size_t max_block = 256;

// Values of up to max_block series, each by its model, at every spot: value[i * n_spots + j]. Sorts
// the rows by method, so that each method fills its lanes; the answer for a row depends on that row
// alone.
void block_value(const OptionSeries& series,
                 std::span<const Model> model,
                 const UnderlyingSpots& market,
                 std::span<double> value) noexcept;

} // namespace riskarray
