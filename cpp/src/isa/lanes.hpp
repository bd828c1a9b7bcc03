// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gathers the terms of the series of one lane group.

#include "math.hpp"
#include "riskarray/series.hpp"

#include <span>

namespace {

struct SeriesLanes {
    Vec sign; // +1 call, -1 put
    Vec strike, volatility, rate, dividend_yield, time_to_expiry;
    Vec dividends; // present value of the cash dividends that count
    std::int32_t row[kLanes];
    std::size_t underlying[kLanes];
    std::size_t count; // lanes in use; the others repeat the first
};

// Present value at time 0 of the dividends of one series. The yield is earned on the full spot, so
// that dividends not yet paid grow at growth = rate - yield, as the spot does.
inline double dividend_value(const riskarray::UnderlyingSpots& market,
                             std::size_t underlying,
                             double growth,
                             double time_to_expiry) noexcept {
    double sum = 0.0;
    const std::int64_t end = market.dividend_offset[underlying + 1];
    for (std::int64_t k = market.dividend_offset[underlying]; k < end; ++k) {
        const auto dividend = static_cast<std::size_t>(k);
        const double time = market.dividend_time[dividend];
        if (time > 0.0 && time <= time_to_expiry) {
            sum += market.dividend_amount[dividend] * __builtin_exp(-growth * time);
        }
    }
    return sum;
}

// Elements of an array at the lanes' rows; neighbours, the common case, are one load.
inline Vec
gather(std::span<const double> values, const std::int32_t* row, bool are_neighbours) noexcept {
    if (are_neighbours) {
        return load(values.data() + row[0]);
    }
    double at_lane[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        at_lane[lane] = values[static_cast<std::size_t>(row[lane])];
    }
    return load(at_lane);
}

inline SeriesLanes gather_lanes(const riskarray::OptionSeries& series,
                                const riskarray::UnderlyingSpots& market,
                                std::span<const std::int32_t> rows,
                                std::size_t first) noexcept {
    SeriesLanes lanes;
    const std::size_t left = rows.size() - first;
    lanes.count = left < kLanes ? left : kLanes;
    double sign[kLanes];
    double dividends[kLanes];
    bool are_neighbours = true;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::int32_t row = rows[lane < lanes.count ? first + lane : first];
        const auto i = static_cast<std::size_t>(row);
        are_neighbours = are_neighbours && row == rows[first] + static_cast<std::int32_t>(lane);
        lanes.row[lane] = row;
        lanes.underlying[lane] = static_cast<std::size_t>(series.underlying[i]);
        sign[lane] = series.right[i];
        dividends[lane] = dividend_value(market,
                                         lanes.underlying[lane],
                                         series.rate[i] - series.dividend_yield[i],
                                         series.time_to_expiry[i]);
    }
    lanes.strike = gather(series.strike, lanes.row, are_neighbours);
    lanes.volatility = gather(series.volatility, lanes.row, are_neighbours);
    lanes.rate = gather(series.rate, lanes.row, are_neighbours);
    lanes.dividend_yield = gather(series.dividend_yield, lanes.row, are_neighbours);
    lanes.time_to_expiry = gather(series.time_to_expiry, lanes.row, are_neighbours);
    lanes.sign = load(sign);
    lanes.dividends = load(dividends);
    return lanes;
}

// Full spots of each lane, spot[j]. All are gathered before the first is used: a vector load that
// follows the scalar stores it gathers from waits until they retire.
inline void gather_spots(const SeriesLanes& lanes,
                         const riskarray::UnderlyingSpots& market,
                         Vec* spot) noexcept {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const double* row = market.spot.data() + lanes.underlying[lane] * market.n_spots;
        double* column = reinterpret_cast<double*>(spot) + lane;
        for (std::size_t j = 0; j < market.n_spots; ++j) {
            column[j * kLanes] = row[j];
        }
    }
}

// Values already known of each lane, value[j].
inline void gather_values(const SeriesLanes& lanes,
                          std::size_t n_spots,
                          std::span<const double> values,
                          Vec* value) noexcept {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const double* row = values.data() + static_cast<std::size_t>(lanes.row[lane]) * n_spots;
        double* column = reinterpret_cast<double*>(value) + lane;
        for (std::size_t j = 0; j < n_spots; ++j) {
            column[j * kLanes] = row[j];
        }
    }
}

// Writes value[j] of each lane in use to its row of the output.
inline void scatter_values(const SeriesLanes& lanes,
                           std::size_t n_spots,
                           const Vec* value,
                           std::span<double> out) noexcept {
    for (std::size_t lane = 0; lane < lanes.count; ++lane) {
        double* row = out.data() + static_cast<std::size_t>(lanes.row[lane]) * n_spots;
        const double* column = reinterpret_cast<const double*>(value) + lane;
        for (std::size_t j = 0; j < n_spots; ++j) {
            row[j] = column[j * kLanes];
        }
    }
}

} // namespace
