// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/implied_volatility.hpp"

namespace riskarray {

// Search for the volatility of one series: secant steps inside a bracket. They run in a level of
// value - floor that is close to linear in volatility: the logarithm out of the money, the square
// root in the money, where an American value leaves the value of exercise like a parabola. The
// curvature that is left is taken from the European formula. What the search does next depends on
// its own series alone.
struct VolatilitySearch {
    double price = 0.0;
    double spot = 0.0;
    double floor = 0.0; // least value at any volatility
    double scale = 0.0; // spot, less for small prices out of the money: the unit of tolerances
    bool is_in_the_money = false;
    bool is_smooth = true;        // in volatility: a last step may go without a value
    double turn = 0.0;            // but not across this volatility, where the method changes
    double moneyness = 0.0;       // ln(strike / forward)^2 / T
    double time = 0.0;            // to expiry
    double slope = 0.0;           // of the level by volatility
    double low = 0.0;             // greatest volatility known to be worth less; 0: none yet
    double high = 0.0;            // least volatility known to be worth more; 0: none yet
    double last_volatility = 0.0; // of the value before; 0: none yet
    double last_level = 0.0;
    double best_volatility = 0.0; // the one that came closest
    double best_error = 0.0;      // by how much it missed
    int n_values = 0;
};

struct SearchStep {
    double volatility; // to value next, or the answer
    bool is_done;
    VolatilityStatus status;
};

// Opens a search: sets the slope from the vega, and returns the start, brought into the range.
[[nodiscard]] double open_search(VolatilitySearch& search, double start, double vega) noexcept;

// The next step after `value` at `volatility`.
[[nodiscard]] SearchStep
next_step(VolatilitySearch& search, double volatility, double value) noexcept;

} // namespace riskarray
