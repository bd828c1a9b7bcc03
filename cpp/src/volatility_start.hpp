// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace riskarray {

// Where the search for the volatility of each row starts. `floor` is what the option is worth at
// least at any volatility: the value of a certain forward, or of exercise now when the method
// allows for that.
struct VolatilityStart {
    std::span<double> volatility; // 0: price at or below the floor; infinite: above the bound
    std::span<double> vega;
    std::span<double> floor;
    std::span<double> moneyness; // ln(strike / forward)^2 / T
};

} // namespace riskarray
