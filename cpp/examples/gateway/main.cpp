// SPDX-License-Identifier: Apache-2.0
// An order gateway in small: the P&L of a covered call at the ten valuation points, from the
// library alone. Long 100 shares at 500, short one call struck at 510 with 30 days to go.

#include <riskarray/pricing.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

int main() {
    constexpr std::array spot{
        500.0, 425.0, 440.0, 455.0, 470.0, 485.0, 515.0, 530.0, 545.0, 560.0, 575.0};
    constexpr std::array<std::int64_t, 2> no_dividends{0, 0};
    constexpr std::array<std::int32_t, 2> underlying{0, 0};
    constexpr std::array<std::int8_t, 2> model{0, 2}; // a stock and an American option
    constexpr std::array<std::int8_t, 2> right{1, 1};
    constexpr std::array strike{1.0, 510.0};
    constexpr std::array volatility{0.0, 0.14};
    constexpr std::array rate{0.04, 0.04};
    constexpr std::array dividend_yield{0.0, 0.0};
    constexpr std::array time_to_expiry{0.0, 30.0 / 365.0};
    constexpr std::array multiplier{1.0, 100.0};
    constexpr std::array quantity{100.0, -1.0};

    const riskarray::OptionSeries series{
        underlying, right, strike, volatility, rate, dividend_yield, time_to_expiry};
    const riskarray::UnderlyingSpots market{spot.size(), spot, no_dividends, {}, {}};
    std::array<double, 2> base{};
    std::array<double, 20> pnl{};
    riskarray::risk_arrays(model, series, multiplier, market, 1, base, pnl);

    double worst = 0.0;
    for (std::size_t j = 0; j < 10; ++j) {
        const double total = quantity[0] * pnl[j] + quantity[1] * pnl[10 + j];
        std::printf("%+6.1f %%  %12.2f\n", 100.0 * (spot[j + 1] / spot[0] - 1.0), total);
        worst = std::max(worst, -total);
    }
    std::printf("worst loss %.2f\n", worst);
    return worst > 0.0 ? 0 : 1;
}
