// SPDX-License-Identifier: Apache-2.0
#include "isa/european_terms.hpp"
#include "isa_methods.hpp"

namespace riskarray::RISKARRAY_ISA {

void european_value(const OptionSeries& series,
                    const UnderlyingSpots& market,
                    std::span<const std::int32_t> rows,
                    std::span<double> value) noexcept {
    for (std::size_t first = 0; first < rows.size(); first += kLanes) {
        const SeriesLanes lanes = gather_lanes(series, market, rows, first);
        const EuropeanTerms terms = european_terms(lanes);
        const Vec without_source =
            lanes.volatility - lanes.volatility; // 0, or NaN without volatility
        Vec at_spot[max_spots];
        gather_spots(lanes, market, at_spot);
        for (std::size_t j = 0; j < market.n_spots; ++j) {
            const Vec escrowed = max(at_spot[j] - lanes.dividends, Vec{});
            at_spot[j] = european_at_spot(terms, lanes.sign, escrowed, log_of_positive(escrowed)) +
                         without_source;
        }
        scatter_values(lanes, market.n_spots, at_spot, value);
    }
}

} // namespace riskarray::RISKARRAY_ISA
