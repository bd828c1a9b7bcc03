// SPDX-License-Identifier: Apache-2.0
#include "block_value.hpp"
#include "isa/dividend_dates.hpp"
#include "isa_methods.hpp"

#include <algorithm>
#include <cassert>

// American calls with cash dividends, no yield and a rate that is not negative: exercise pays only
// just before an ex-date (Merton 1973), so that the value is the European one plus what exercise
// before each of those dates is expected to gain (backward induction over the dates).
//
// Money is in strikes, discounted to now, so that the escrowed spot is a martingale, e^eta. Far in
// the money all is certain, and exercise before date k gains g_k over the best exercise later. It
// gives up what holding is worth beyond that, P_k(eta), a put less the gains of later dates; it
// pays from the critical eta where P_k = g_k. The premium is the sum of g_k Phi(d_k) less the
// expected P_k beyond the critical value, where P_k is a polynomial up to where it vanishes.
//
// Error below 3e-6 of the spot for dividends of up to a tenth of the strike, however unequal.

namespace riskarray::RISKARRAY_ISA {
namespace {

// What early exercise adds to the value at an escrowed spot, both in strikes.
Vec premium_at(const Dates& dates, const std::array<Vec, kMostDates>& deviation, Vec x) noexcept {
    const Vec eta = log_of_positive(max(x, broadcast(1e-300)));
    Vec premium = Vec{};
    for (std::size_t k = 0; k < dates.count; ++k) {
        const Date& date = dates.date[k];
        const Vec mean = eta - 0.5 * deviation[k] * deviation[k];
        const Vec share = expected_share(date, mean, deviation[k]).value;
        premium += select(date.gain > 0.0, date.gain * max(share, Vec{}), Vec{});
    }
    return premium;
}

void value_lanes(const UnderlyingSpots& market,
                 const SeriesLanes& lanes,
                 std::span<double> value) noexcept {
    Dates dates;
    set_dates(dates, lanes, market);
    std::array<Vec, kMostDates> deviation;
    for (std::size_t k = 0; k < dates.count; ++k) {
        solve_date(dates, k);
        deviation[k] = deviation_over(dates, dates.date[k].time);
    }
    Vec spot[max_spots];
    Vec at_spot[max_spots];
    gather_spots(lanes, market, spot);
    gather_values(lanes, market.n_spots, value, at_spot);
    for (std::size_t j = 0; j < market.n_spots; ++j) {
        const Vec x = (spot[j] - lanes.dividends) / lanes.strike;
        const Vec american = at_spot[j] + lanes.strike * premium_at(dates, deviation, x);
        at_spot[j] = max(american, spot[j] - lanes.strike);
    }
    scatter_values(lanes, market.n_spots, at_spot, value);
}

// Rows by the number of their dates, so that the lanes of a group have equal work.
struct Batch {
    std::array<std::int32_t, max_block> row;
    std::size_t size = 0;
};

} // namespace

void american_dividend_call(const OptionSeries& series,
                            const UnderlyingSpots& market,
                            std::span<const std::int32_t> rows,
                            std::span<double> value) noexcept {
    assert(rows.size() <= max_block);
    european_value(series, market, rows, value);
    std::array<Batch, kMostDates + 1> batches;
    for (const std::int32_t row : rows) {
        const auto i = static_cast<std::size_t>(row);
        const ExerciseDates dates = exercise_dates(market,
                                                   static_cast<std::size_t>(series.underlying[i]),
                                                   series.strike[i],
                                                   series.rate[i],
                                                   series.time_to_expiry[i]);
        Batch& batch = batches[std::min(dates.count, kMostDates)];
        batch.row[batch.size++] = row;
    }
    for (const Batch& batch : batches) {
        const std::span<const std::int32_t> list(batch.row.data(), batch.size);
        for (std::size_t first = 0; first < list.size(); first += kLanes) {
            value_lanes(market, gather_lanes(series, market, list, first), value);
        }
    }
}

} // namespace riskarray::RISKARRAY_ISA
