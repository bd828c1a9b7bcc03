// SPDX-License-Identifier: Apache-2.0
#include "parallel.hpp"
#include "riskarray/portfolio.hpp"

namespace riskarray {

void position_pnl(std::span<const std::int32_t> instrument,
                  std::span<const double> quantity,
                  std::span<const double> pnl,
                  std::size_t n_points,
                  int threads,
                  std::span<double> pnl_out) noexcept {
    for_blocks(instrument.size(), 4096, threads, [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k) {
            const double* row = pnl.data() + static_cast<std::size_t>(instrument[k]) * n_points;
            double* out = pnl_out.data() + k * n_points;
            for (std::size_t j = 0; j < n_points; ++j) {
                out[j] = quantity[k] * row[j];
            }
        }
    });
}

} // namespace riskarray
