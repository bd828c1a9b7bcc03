// SPDX-License-Identifier: Apache-2.0
#include "block_value.hpp"

#include "american_method.hpp"
#include "isa_table.hpp"

#include <array>
#include <cassert>

namespace riskarray {
namespace {

struct RowList {
    std::array<std::int32_t, max_block> row;
    std::size_t size = 0;

    void add(std::size_t i) noexcept { row[size++] = static_cast<std::int32_t>(i); }
    [[nodiscard]] std::span<const std::int32_t> rows() const noexcept { return {row.data(), size}; }
};

// A linear instrument is worth its spot.
void linear_value(const OptionSeries& series,
                  const UnderlyingSpots& market,
                  std::size_t i,
                  std::span<double> value) noexcept {
    const std::size_t first = static_cast<std::size_t>(series.underlying[i]) * market.n_spots;
    for (std::size_t j = 0; j < market.n_spots; ++j) {
        value[i * market.n_spots + j] = market.spot[first + j];
    }
}

} // namespace

void block_value(const OptionSeries& series,
                 std::span<const Model> model,
                 const UnderlyingSpots& market,
                 std::span<double> value) noexcept {
    assert(series.size() <= max_block);
    const IsaTable& isa = *active_isa();
    const std::array<PricingMethod, n_american_methods> methods{
        isa.european_value, isa.american_boundary, isa.american_grid, isa.american_dividend_call};
    std::array<RowList, n_american_methods> lists;
    for (std::size_t i = 0; i < series.size(); ++i) {
        if (model[i] == Model::linear) {
            linear_value(series, market, i, value);
        } else {
            const AmericanMethod method = model[i] == Model::american
                                              ? american_method(series, market, i)
                                              : AmericanMethod::european;
            lists[static_cast<std::size_t>(method)].add(i);
        }
    }
    for (std::size_t k = 0; k < n_american_methods; ++k) {
        if (lists[k].size > 0) {
            methods[k](series, market, lists[k].rows(), value);
        }
    }
}

} // namespace riskarray
