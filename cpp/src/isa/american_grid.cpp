// SPDX-License-Identifier: Apache-2.0
#include "block_value.hpp"
#include "certain_exercise.hpp"
#include "isa/grid_step.hpp"
#include "isa_methods.hpp"

#include <array>
#include <cassert>

// American options with cash dividends, or with two exercise boundaries, on a grid.
//
// The escrowed spot x = X / K is lognormal; tau is the time to go. A put in units of the bond,
// u = e^(r tau) V / K, obeys the heat equation u_tau = sigma^2 / 2 u_zz in the moving frame
// z = ln x + (r - q - sigma^2 / 2) tau, a call in units of the spot, u = e^(q tau) V / X, in
// z = -ln x + (q - r - sigma^2 / 2) tau (put-call symmetry: r and q change places). Both are then
// puts on e^z with exercise value level - slope e^z, where the dividends still to come lower the
// level of a put and the slope of a call. Coefficients are constant and there is no drift, so that
// a step is one first-order recursion down the nodes and one up, with factors in closed form for
// any length of step. Space is of fourth order (compact scheme), time Crank-Nicolson in steps that
// grow away from expiry and from each ex-date. The projection onto the exercise value stands in the
// upward recursion, which starts on the exercise side (Brennan and Schwartz 1977).
// American = exact European + (American - European on the same grid): the errors at the strike's
// kink cancel.
//
// Error below 1e-4 of the spot for sigma sqrt(T) <= 2 (99 % below 6e-5), below 1e-3 up to 8; with
// two boundaries below 1e-4.

namespace riskarray::RISKARRAY_ISA {
namespace {

// American less European u at a place counted in nodes, cubic between them.
Vec interpolate(const Grid& grid, Vec place) noexcept {
    const double last = static_cast<double>(grid.nodes) - 3.0;
    const Vec node = min(max(broadcast(1.0), floor(place)), broadcast(last)); // 1 for NaN
    double u[4][kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const auto i = static_cast<std::size_t>(node[lane]);
        for (std::size_t k = 0; k < 4; ++k) {
            u[k][lane] = grid.american[i + k - 1][lane] - grid.european[i + k - 1][lane];
        }
    }
    const Vec s = place - node;
    return s * (s - 1.0) * ((s + 1.0) * load(u[3]) - (s - 2.0) * load(u[0])) * (1.0 / 6.0) +
           (s + 1.0) * (s - 2.0) * ((s - 1.0) * load(u[1]) - s * load(u[2])) * 0.5;
}

// Raises the values of some lanes to those of the certain path.
Vec at_certain_path(const SeriesLanes& lanes,
                    const UnderlyingSpots& market,
                    Vec spot,
                    Vec value,
                    Mask is_bounded) noexcept {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (is_bounded[lane]) {
            const CertainTerms terms{lanes.sign[lane],
                                     lanes.strike[lane],
                                     lanes.rate[lane],
                                     lanes.dividend_yield[lane],
                                     lanes.time_to_expiry[lane],
                                     lanes.underlying[lane]};
            const double certain = certain_value(terms, market, spot[lane], lanes.dividends[lane]);
            value[lane] = certain > value[lane] ? certain : value[lane];
        }
    }
    return value;
}

// With less deviation the path is as good as certain everywhere, or nearly so: what is certain is a
// lower bound of the value.
constexpr double kCertainBelow = 1e-4;
constexpr double kNearlyBelow = 5e-3;

// American values, from European ones, at every spot of one lane group.
void add_premium(const Grid& grid,
                 const SeriesLanes& lanes,
                 const UnderlyingSpots& market,
                 const Vec* spot,
                 Vec* value) noexcept {
    const Vec bond = exp(-lanes.rate * grid.time);
    const Vec stock = exp(-lanes.dividend_yield * grid.time);
    const Mask is_put = lanes.sign < 0.0;
    const Vec deviation = lanes.volatility * sqrt(grid.time);
    const Mask is_certain = deviation < kCertainBelow;
    const Mask is_nearly = deviation < kNearlyBelow;
    for (std::size_t j = 0; j < market.n_spots; ++j) {
        const Vec x = max(spot[j] - lanes.dividends, Vec{}) / lanes.strike;
        const Vec numeraire = lanes.strike * select(is_put, bond, x * stock);
        const Vec place = (grid.drift - lanes.sign * log(x) - grid.first) / grid.spacing;
        const Mask is_outside =
            is_certain | (place < 0.0) | (place > static_cast<double>(grid.nodes - 1));
        const Vec premium = max(numeraire * interpolate(grid, place), Vec{});
        Vec american = value[j] + select(is_outside, Vec{}, premium);
        if (any(is_outside | is_nearly)) {
            american = at_certain_path(lanes, market, spot[j], american, is_outside | is_nearly);
        }
        // Dividends worth more than the spot cannot all be paid: a call loses what is missing.
        const Vec missing = select(is_put, Vec{}, max(lanes.dividends - spot[j], Vec{}));
        const Vec exercise = max(lanes.sign * (spot[j] - lanes.strike), Vec{});
        value[j] = max(american - missing, exercise);
    }
}

// Rows in the order of their work, so that the lanes of a group end together.
struct WorkList {
    std::array<std::int32_t, max_block> row;
    std::size_t size = 0;
    std::size_t n_narrow = 0; // the first of them need few nodes, the others most
};

WorkList sort_by_work(const OptionSeries& series,
                      const UnderlyingSpots& market,
                      std::span<const std::int32_t> rows) noexcept {
    assert(rows.size() <= max_block);
    std::array<std::int64_t, max_block> key;
    WorkList list;
    list.size = rows.size();
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const auto i = static_cast<std::size_t>(rows[k]);
        const double time = series.time_to_expiry[i];
        const auto underlying = static_cast<std::size_t>(series.underlying[i]);
        const std::int64_t dividends = n_dividends(market, underlying, time);
        const double depth =
            deepest(series.right[i], series.rate[i], series.dividend_yield[i], dividends > 0);
        const bool is_wide =
            depth < kWideFrom ||
            has_two_boundaries(series.right[i], series.rate[i], series.dividend_yield[i]);
        key[k] = (is_wide ? std::int64_t{1} << 62 : 0) + (dividends << 16) +
                 static_cast<std::int64_t>(k);
        list.n_narrow += is_wide ? 0 : 1;
    }
    std::sort(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(rows.size()));
    for (std::size_t k = 0; k < rows.size(); ++k) {
        list.row[k] = rows[static_cast<std::size_t>(key[k] & 0xffff)];
    }
    return list;
}

void price(const OptionSeries& series,
           const UnderlyingSpots& market,
           std::span<const std::int32_t> rows,
           std::size_t nodes,
           std::span<double> value) noexcept {
    for (std::size_t begin = 0; begin < rows.size(); begin += kGroups * kLanes) {
        Grid grids[kGroups];
        SeriesLanes lanes[kGroups];
        for (std::size_t g = 0; g < kGroups; ++g) {
            const std::size_t first = begin + g * kLanes;
            lanes[g] = gather_lanes(series, market, rows, first < rows.size() ? first : begin);
            set_terms(grids[g], lanes[g], market);
            set_nodes(grids[g], lanes[g], nodes);
        }
        solve(grids, lanes, market);
        for (std::size_t g = 0; g < kGroups && begin + g * kLanes < rows.size(); ++g) {
            Vec spot[max_spots];
            Vec at_spot[max_spots];
            gather_spots(lanes[g], market, spot);
            gather_values(lanes[g], market.n_spots, value, at_spot);
            add_premium(grids[g], lanes[g], market, spot, at_spot);
            scatter_values(lanes[g], market.n_spots, at_spot, value);
        }
    }
}

} // namespace

void american_grid(const OptionSeries& series,
                   const UnderlyingSpots& market,
                   std::span<const std::int32_t> rows,
                   std::span<double> value) noexcept {
    european_value(series, market, rows, value);
    const WorkList list = sort_by_work(series, market, rows);
    const std::span<const std::int32_t> all(list.row.data(), list.size);
    price(series, market, all.first(list.n_narrow), kFewNodes, value);
    price(series, market, all.subspan(list.n_narrow), kMostNodes, value);
}

} // namespace riskarray::RISKARRAY_ISA
