// SPDX-License-Identifier: Apache-2.0
#include "volatility_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace riskarray {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double tolerance = 1e-7;        // of spot: what an answer may miss the price by
constexpr double step_tolerance = 5e-9;   // of scale: expected miss of a step not valued again
constexpr double exact = 1e-11;           // of scale: no step can do better
constexpr double greatest_mismatch = 0.3; // of two slopes, for the second to be trusted
constexpr double closing_ratio = 0.25;    // of two steps, for the second to be trusted
constexpr double relative_excess = 1e-5;  // of spot: price below which scale is less
constexpr double least_excess = 1e-4;     // of spot: over exercise; below it values are rough
constexpr double widest_step = 3.0;       // greatest ratio of two trials outside a bracket
constexpr int n_free_values = 8;          // secant steps alone; then every third step halves
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

// Half the second derivative of the level over its first, by volatility. Out of the money American
// and European values bend alike. In the money an American one bends less the nearer exercise is:
// times the volatility it is -0.65 to -0.2 where the European formula says -3 to -0.25.
double bend(const VolatilitySearch& search, double volatility, double slope, double here) noexcept {
    const double variance = volatility * volatility;
    const double vega_slope =
        search.moneyness / (variance * volatility) - 0.25 * volatility * search.time;
    if (!search.is_in_the_money) {
        return 0.5 * (vega_slope - slope);
    }
    const double european = 0.5 * (vega_slope - slope / here) * volatility;
    return std::clamp(european, -0.6, -0.25) / volatility;
}

// The slope between the last two values, and how far it is from the one expected there.
struct Secant {
    double slope;
    double mismatch; // infinite when there is no slope to be had
};

Secant secant_slope(const VolatilitySearch& search, double volatility, double here) noexcept {
    const double run = volatility - search.last_volatility;
    const double secant = (here - search.last_level) / run;
    const bool has_last = search.last_volatility > 0.0 && std::isfinite(search.last_level);
    if (!has_last || !(secant > 0.0) || !std::isfinite(secant)) {
        return {search.slope, infinity};
    }
    const double expected =
        search.slope * (1.0 + bend(search, volatility, search.slope, here) * run);
    return {secant, std::abs(secant / expected - 1.0)};
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

// The volatility wanted next: the root of the parabola through the last two values, or through the
// last one with its slope, that bends as expected.
double wanted_volatility(const VolatilitySearch& search,
                         double volatility,
                         double here,
                         bool is_first) noexcept {
    const double straight = (level(search, search.price) - here) / search.slope;
    const double run = is_first ? straight : volatility - search.last_volatility + straight;
    const double correction = bend(search, volatility, search.slope, here) * run;
    return volatility + straight * std::clamp(1.0 - correction, 0.5, 2.0);
}

// Whether the last two values and a trial come from the same branch of the method.
bool is_one_branch(const VolatilitySearch& search, double volatility, double trial) noexcept {
    const bool is_below = trial < search.turn;
    return (volatility < search.turn) == is_below &&
           (search.last_volatility < search.turn) == is_below;
}

// The end of a secant step, or the answer when that is good enough.
SearchStep
secant_step(VolatilitySearch& search, double volatility, double value, double miss) noexcept {
    const double here = level(search, value);
    const Secant secant = secant_slope(search, volatility, here);
    const bool is_first = std::isinf(secant.mismatch);
    search.slope = secant.slope;
    const double wanted = wanted_volatility(search, volatility, here, is_first);
    const double trial = bracketed(search, volatility, wanted);
    const double last_step = std::abs(volatility - search.last_volatility);
    const bool is_at_exercise =
        search.is_in_the_money && search.price - search.floor < least_excess * search.spot;
    const bool is_trusted = search.is_smooth && secant.mismatch < greatest_mismatch &&
                            trial == wanted &&
                            std::abs(wanted - volatility) < closing_ratio * last_step &&
                            !is_at_exercise && is_one_branch(search, volatility, trial);
    search.last_volatility = volatility;
    search.last_level = here;
    const double change = last_step / volatility;
    const double doubt = 0.2 * change + 3.0 * change * change + 0.1 * secant.mismatch;
    if (is_trusted && miss * doubt <= step_tolerance * search.scale) {
        return {trial, true, VolatilityStatus::ok};
    }
    if (!is_trusted && miss <= step_tolerance * search.scale) {
        return {volatility, true, VolatilityStatus::ok};
    }
    const bool is_stuck = trial == volatility || trial == search.low || trial == search.high;
    if (is_stuck || search.n_values >= max_values || std::isnan(value)) {
        return best_or_failed(search);
    }
    return {trial, false, VolatilityStatus::ok};
}

} // namespace

double open_search(VolatilitySearch& search, double start, double vega) noexcept {
    const double excess = search.price - search.floor;
    search.scale =
        search.is_in_the_money ? search.spot : std::min(search.spot, excess / relative_excess);
    search.slope = search.is_in_the_money ? 0.5 * vega / std::sqrt(excess) : vega / excess;
    return std::isfinite(start) ? std::clamp(start, min_volatility, max_volatility) : 2.0;
}

SearchStep next_step(VolatilitySearch& search, double volatility, double value) noexcept {
    const double error = value - search.price;
    const double miss = std::abs(error);
    ++search.n_values;
    if (miss <= exact * search.scale) {
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
