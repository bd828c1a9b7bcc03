// SPDX-License-Identifier: Apache-2.0
#include "riskarray/pricing.hpp"

#include "block_value.hpp"
#include "parallel.hpp"

#include <array>

namespace riskarray {
namespace {

// Small enough for the stack with 65 spots, large enough to fill the lanes of every method.
constexpr std::size_t block_size = max_block;

template <Model model>
void value_all(const OptionSeries& series,
               const UnderlyingSpots& market,
               int threads,
               std::span<double> value) noexcept {
    for_blocks(series.size(), block_size, threads, [&](std::size_t begin, std::size_t end) {
        const std::size_t count = end - begin;
        std::array<Model, block_size> models;
        models.fill(model);
        block_value(series.slice(begin, count),
                    std::span<const Model>(models.data(), count),
                    market,
                    value.subspan(begin * market.n_spots, count * market.n_spots));
    });
}

} // namespace

void european_value(const OptionSeries& series,
                    const UnderlyingSpots& market,
                    int threads,
                    std::span<double> value) noexcept {
    value_all<Model::european>(series, market, threads, value);
}

void american_value(const OptionSeries& series,
                    const UnderlyingSpots& market,
                    int threads,
                    std::span<double> value) noexcept {
    value_all<Model::american>(series, market, threads, value);
}

void risk_arrays(std::span<const std::int8_t> model,
                 const OptionSeries& series,
                 std::span<const double> multiplier,
                 const UnderlyingSpots& market,
                 int threads,
                 std::span<double> base,
                 std::span<double> pnl) noexcept {
    const std::size_t n_spots = market.n_spots;
    for_blocks(series.size(), block_size, threads, [&](std::size_t begin, std::size_t end) {
        const std::size_t count = end - begin;
        std::array<Model, block_size> models;
        for (std::size_t i = 0; i < count; ++i) {
            models[i] = static_cast<Model>(model[begin + i]);
        }
        std::array<double, block_size * max_spots> value;
        block_value(series.slice(begin, count),
                    std::span<const Model>(models.data(), count),
                    market,
                    std::span<double>(value.data(), count * n_spots));
        for (std::size_t i = 0; i < count; ++i) {
            const double* row = value.data() + i * n_spots;
            base[begin + i] = row[0];
            for (std::size_t j = 1; j < n_spots; ++j) {
                pnl[(begin + i) * (n_spots - 1) + j - 1] =
                    multiplier[begin + i] * (row[j] - row[0]);
            }
        }
    });
}

} // namespace riskarray
