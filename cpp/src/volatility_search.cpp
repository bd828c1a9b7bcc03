// SPDX-License-Identifier: Apache-2.0
#include "volatility_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace riskarray {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double tolerance = 1e-7;      // of spot: what an answer may miss the price by
constexpr double step_tolerance = 1e-8; // of spot: expected miss of a step that is not valued again
constexpr double exact = 1e-11;         // of spot: no step can do better
constexpr double unknown_mismatch = 1.0; // the slope is not known well enough to trust a step
constexpr double least_mismatch = 0.01;  // two slopes may agree by chance
constexpr double closing_ratio = 0.25;   // of two steps, for the second to be trusted
constexpr double widest_step = 3.0;      // greatest ratio of two trials outside a bracket
constexpr int n_free_values = 8;         // secant steps alone; then every third step halves
constexpr int max_values = 100;

SearchStep failed(VolatilityStatus status) noexcept {
    return {std::numeric_limits<double>::quiet_NaN(), true, status};
}

SearchStep best_or_failed(const VolatilitySearch& search) noexcept {
    if (search.best_error <= tolerance * search.spot) {
        return {search.best_volatility, true, VolatilityStatus::ok};
    }
    return failed(VolatilityStatus::not_converged);
}

// Infinite where the value is the floor: that says nothing of the slope beyond.
double level(const VolatilitySearch& search, double value) noexcept {
    const double excess = value - search.floor;
    if (!(excess > 0.0)) {
        return -infinity;
    }
    return search.is_in_the_money ? std::sqrt(excess) : std::log(excess);
}

// Updates the slope from the last two values; returns by how much it changed, relatively.
double update_slope(VolatilitySearch& search, double volatility, double here) noexcept {
    const double secant = (here - search.last_level) / (volatility - search.last_volatility);
    const bool has_last = search.last_volatility > 0.0 && std::isfinite(search.last_level);
    if (!has_last || !(secant > 0.0) || !std::isfinite(secant)) {
        return unknown_mismatch;
    }
    const double mismatch = std::abs(secant / search.slope - 1.0);
    search.slope = secant;
    return std::max(mismatch, least_mismatch);
}

// A trial inside the bracket: the wanted one if it lies there, else the middle; where one end is
// still unknown, a step of limited ratio towards it.
double bracketed(const VolatilitySearch& search, double volatility, double wanted) noexcept {
    const bool has_low = search.low > 0.0;
    const bool has_high = search.high > 0.0;
    const double least = has_low ? search.low : std::max(volatility / widest_step, min_volatility);
    const double most = has_high ? search.high : std::min(volatility * widest_step, max_volatility);
    if (has_low && has_high) {
        const bool is_inside = wanted > least && wanted < most;
        const bool is_slow = search.n_values > n_free_values && search.n_values % 3 == 0;
        return is_inside && !is_slow ? wanted : 0.5 * (least + most);
    }
    if (has_low) {
        return wanted > least ? std::min(wanted, most) : most;
    }
    return wanted < most ? std::max(wanted, least) : least;
}

// The end of a secant step, or the answer when that is good enough.
SearchStep
secant_step(VolatilitySearch& search, double volatility, double value, double miss) noexcept {
    const double here = level(search, value);
    const double mismatch = update_slope(search, volatility, here);
    const double wanted = volatility + (level(search, search.price) - here) / search.slope;
    const double trial = bracketed(search, volatility, wanted);
    const bool is_closing_in = std::abs(wanted - volatility) <
                               closing_ratio * std::abs(volatility - search.last_volatility);
    const bool is_trusted =
        search.is_smooth && mismatch < unknown_mismatch && trial == wanted && is_closing_in;
    search.last_volatility = volatility;
    search.last_level = here;
    if (is_trusted && miss * mismatch <= step_tolerance * search.spot) {
        return {trial, true, VolatilityStatus::ok};
    }
    if (!is_trusted && miss <= step_tolerance * search.spot) {
        return {volatility, true, VolatilityStatus::ok};
    }
    const bool is_stuck = trial == volatility || trial == search.low || trial == search.high;
    if (is_stuck || search.n_values >= max_values || std::isnan(value)) {
        return best_or_failed(search);
    }
    return {trial, false, VolatilityStatus::ok};
}

} // namespace

double open_search(VolatilitySearch& search, double start, double slope) noexcept {
    const double root = std::sqrt(search.price - search.floor);
    search.slope = search.is_in_the_money ? slope : 2.0 * slope / root;
    return std::isfinite(start) ? std::clamp(start, min_volatility, max_volatility) : 2.0;
}

SearchStep next_step(VolatilitySearch& search, double volatility, double value) noexcept {
    const double error = value - search.price;
    const double miss = std::abs(error);
    ++search.n_values;
    if (miss <= exact * search.spot) {
        return {volatility, true, VolatilityStatus::ok};
    }
    if (search.n_values == 1 || miss < search.best_error) {
        search.best_error = miss;
        search.best_volatility = volatility;
    }
    (error < 0.0 ? search.low : search.high) = volatility;
    if (error > 0.0 && volatility <= min_volatility) {
        return failed(VolatilityStatus::below_intrinsic);
    }
    if (error < 0.0 && volatility >= max_volatility) {
        return failed(VolatilityStatus::above_bound);
    }
    return secant_step(search, volatility, value, miss);
}

} // namespace riskarray
