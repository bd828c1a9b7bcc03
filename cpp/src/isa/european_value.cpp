// SPDX-License-Identifier: Apache-2.0
#include "isa/european_terms.hpp"
#include "isa_methods.hpp"

namespace riskarray::RISKARRAY_ISA {
namespace {

constexpr std::size_t kPadded = (max_spots + kLanes - 1) / kLanes * kLanes;

// Spots of one underlying and their logs, kept while its series follow each other.
struct SpotRow {
    std::size_t underlying = SIZE_MAX;
    double spot[kPadded];
    double log_spot[kPadded];
};

void read_spots(SpotRow& row, const UnderlyingSpots& market, std::size_t underlying) noexcept {
    if (row.underlying == underlying) {
        return;
    }
    row.underlying = underlying;
    const double* spot = market.spot.data() + underlying * market.n_spots;
    for (std::size_t j = 0; j < kPadded; ++j) {
        row.spot[j] = j < market.n_spots && spot[j] > 0.0 ? spot[j] : 0.0;
    }
    for (std::size_t j = 0; j < market.n_spots; j += kLanes) {
        store(row.log_spot + j, log_of_positive(load(row.spot + j)));
    }
}

// Series of one underlying without cash dividends have their escrowed spots in common.
bool have_one_spot(const SeriesLanes& lanes) noexcept {
    bool is_one = !any(lanes.dividends != 0.0);
    for (std::size_t lane = 1; lane < kLanes; ++lane) {
        is_one = is_one && lanes.underlying[lane] == lanes.underlying[0];
    }
    return is_one;
}

void value_at_shared_spots(const EuropeanTerms& terms,
                           const SeriesLanes& lanes,
                           const SpotRow& row,
                           std::span<Vec> value) noexcept {
    const Vec without_source = lanes.volatility - lanes.volatility; // 0, or NaN without volatility
    for (std::size_t j = 0; j < value.size(); ++j) {
        const Vec spot = broadcast(row.spot[j]);
        const Vec log_spot = broadcast(row.log_spot[j]);
        value[j] = european_at_spot(terms, lanes.sign, spot, log_spot) + without_source;
    }
}

void value_at_own_spots(const EuropeanTerms& terms,
                        const SeriesLanes& lanes,
                        const UnderlyingSpots& market,
                        std::span<Vec> value) noexcept {
    gather_spots(lanes, market, value.data());
    const Vec without_source = lanes.volatility - lanes.volatility;
    for (Vec& at_spot : value) {
        const Vec escrowed = max(at_spot - lanes.dividends, Vec{});
        const Vec log_spot = log_of_positive(escrowed);
        at_spot = european_at_spot(terms, lanes.sign, escrowed, log_spot) + without_source;
    }
}

} // namespace

void european_value(const OptionSeries& series,
                    const UnderlyingSpots& market,
                    std::span<const std::int32_t> rows,
                    std::span<double> value) noexcept {
    SpotRow shared;
    for (std::size_t first = 0; first < rows.size(); first += kLanes) {
        const SeriesLanes lanes = gather_lanes(series, market, rows, first);
        const EuropeanTerms terms = european_terms(lanes);
        Vec at_spot[max_spots];
        if (have_one_spot(lanes)) {
            read_spots(shared, market, lanes.underlying[0]);
            value_at_shared_spots(terms, lanes, shared, {at_spot, market.n_spots});
        } else {
            value_at_own_spots(terms, lanes, market, {at_spot, market.n_spots});
        }
        scatter_values(lanes, market.n_spots, at_spot, value);
    }
}

} // namespace riskarray::RISKARRAY_ISA
