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
// Error below 1e-4 of the spot for sigma sqrt(T) <= 2 (99 % below 6e-5), with two boundaries, and
// down to no volatility; below 1e-3 up to 8 but for calls with dividends worth more than the
// strike: those are too dear by up to 1e-2, within what the share and the dividends can be worth.

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

// Value of each of some lanes if the path from a spot were certain; elsewhere 0.
Vec on_certain_path(const SeriesLanes& lanes,
                    const UnderlyingSpots& market,
                    Vec spot,
                    Mask is_wanted) noexcept {
    Vec value{};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (is_wanted[lane]) {
            const CertainTerms terms{lanes.sign[lane],
                                     lanes.strike[lane],
                                     lanes.rate[lane],
                                     lanes.dividend_yield[lane],
                                     lanes.time_to_expiry[lane],
                                     lanes.underlying[lane]};
            value[lane] = certain_value(terms, market, spot[lane], lanes.dividends[lane]);
        }
    }
    return value;
}

// With less deviation the nodes may not resolve it. The value is then kept within what the best
// time of exercise can add to the certain path: 0.8 deviations of the escrowed spot (the expected
// maximum of a Brownian path), and a little for its growth.
constexpr double kNearlyCertain = 5e-3;
constexpr double kMostAdded = 0.81;

struct Bounds {
    Vec growth;       // of a share's value by a negative yield, at most
    Vec on_dividends; // what a call's dividends to come are worth without the rest of the spot
    Vec added;        // to the certain path, per escrowed spot
    Mask is_nearly;
};

Bounds bounds_of(const SeriesLanes& lanes, const UnderlyingSpots& market, Vec time) noexcept {
    Bounds bounds;
    const Vec deviation = lanes.volatility * sqrt(time);
    const Vec at_most = exp(max((lanes.rate - lanes.dividend_yield) * time, Vec{}));
    const Mask is_above = (lanes.sign > 0.0) & (lanes.dividends * at_most > lanes.strike);
    bounds.growth = max(exp(-lanes.dividend_yield * time), broadcast(1.0));
    bounds.on_dividends = on_certain_path(lanes, market, lanes.dividends, is_above);
    bounds.added = kMostAdded * deviation * bounds.growth;
    bounds.is_nearly = deviation < kNearlyCertain;
    return bounds;
}

// American value from what the grid gives, or from the European one outside.
Vec within_bounds(const Bounds& bounds,
                  const SeriesLanes& lanes,
                  const UnderlyingSpots& market,
                  Vec spot,
                  Vec value,
                  Mask is_outside) noexcept {
    const Vec escrowed = max(spot - lanes.dividends, Vec{});
    if (any(is_outside | bounds.is_nearly)) {
        const Vec certain = on_certain_path(lanes, market, spot, is_outside | bounds.is_nearly);
        const Vec most = certain + bounds.added * escrowed;
        value = max(select(bounds.is_nearly, min(value, most), value), certain);
    }
    // A call is worth no more than the share and what is due of its dividends. When these are
    // worth more than the spot, they cannot all be paid: it loses what is missing.
    const Vec most = escrowed * bounds.growth + bounds.on_dividends;
    const Vec missing = max(lanes.dividends - spot, Vec{}) * bounds.growth;
    value = select(lanes.sign < 0.0, value, min(value, most) - missing);
    return max(value, max(lanes.sign * (spot - lanes.strike), Vec{}));
}

// American values, from European ones, at every spot of one lane group.
void add_premium(const Grid& grid,
                 const SeriesLanes& lanes,
                 const UnderlyingSpots& market,
                 const Vec* spot,
                 Vec* value) noexcept {
    const Vec bond = exp(-lanes.rate * grid.time);
    const Vec stock = exp(-lanes.dividend_yield * grid.time);
    const Mask is_put = lanes.sign < 0.0;
    const Bounds bounds = bounds_of(lanes, market, grid.time);
    for (std::size_t j = 0; j < market.n_spots; ++j) {
        const Vec x = max(spot[j] - lanes.dividends, Vec{}) / lanes.strike;
        const Vec numeraire = lanes.strike * select(is_put, bond, x * stock);
        const Vec place = (grid.drift - lanes.sign * log(x) - grid.first) / grid.spacing;
        const Mask is_outside = (place < 0.0) | (place > static_cast<double>(grid.nodes - 1));
        const Vec premium = max(numeraire * interpolate(grid, place), Vec{});
        const Vec american = value[j] + select(is_outside, Vec{}, premium);
        value[j] = within_bounds(bounds, lanes, market, spot[j], american, is_outside);
    }
}

// Rows in the order of their work, so that the lanes of a group end together.
struct WorkList {
    std::array<std::int32_t, max_block> row;
    std::size_t size = 0;
    std::size_t n_narrow = 0; // the first of them take few nodes, the others most
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
        const double dividends_now = dividend_value(market,
                                                    underlying,
                                                    series.rate[i] - series.dividend_yield[i],
                                                    series.time_to_expiry[i]);
        const Extent extent = extent_of(series.right[i],
                                        series.rate[i],
                                        series.dividend_yield[i],
                                        time,
                                        series.volatility[i],
                                        dividends_now / series.strike[i]);
        const bool is_wide = nodes_for(extent) > kFewNodes;
        const double steps =
            all_steps(series.right[i], series.rate[i], series.dividend_yield[i], extent.deviation);
        const auto work = static_cast<std::int64_t>(steps + static_cast<double>(dividends) *
                                                                min_steps(dividends));
        key[k] =
            (is_wide ? std::int64_t{1} << 62 : 0) + (work << 16) + static_cast<std::int64_t>(k);
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
