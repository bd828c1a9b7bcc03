// SPDX-License-Identifier: Apache-2.0
#include "array_view.hpp"
#include "riskarray/build_info.hpp"
#include "riskarray/implied_volatility.hpp"
#include "riskarray/pricing.hpp"

namespace riskarray::bindings {
namespace {

using Doubles = Array<double>;
using Bytes = Array<std::int8_t>;
using Rows = Array<std::int32_t>;
using Offsets = Array<std::int64_t>;

void check_isa() {
    if (active_instruction_set() == nullptr) {
        throw std::runtime_error(
            "RISKARRAY_ISA must name an instruction set of this build that the processor has");
    }
}

UnderlyingSpots market_view(const Doubles& spot,
                            const Offsets& dividend_offset,
                            const Doubles& dividend_time,
                            const Doubles& dividend_amount) {
    if (spot.ndim() != 2) {
        throw std::invalid_argument("spot must have 2 dimensions");
    }
    const auto n_underlyings = static_cast<std::size_t>(spot.shape(0));
    const auto n_spots = static_cast<std::size_t>(spot.shape(1));
    if (n_spots < 1 || n_spots > max_spots) {
        throw std::invalid_argument("spot must have 1 to 65 columns");
    }
    const std::size_t n_dividends = size_of(dividend_time);
    const UnderlyingSpots market{
        n_spots,
        view(spot, n_underlyings * n_spots, "spot"),
        view(dividend_offset, n_underlyings + 1, "dividend_offset"),
        view(dividend_time, n_dividends, "dividend_time"),
        view(dividend_amount, n_dividends, "dividend_amount"),
    };
    check_offsets(market.dividend_offset, n_dividends, "dividend_offset");
    return market;
}

OptionSeries series_view(const Doubles& spot,
                         const Rows& underlying,
                         const Bytes& right,
                         const Doubles& strike,
                         const Doubles& volatility,
                         const Doubles& rate,
                         const Doubles& dividend_yield,
                         const Doubles& time_to_expiry) {
    const std::size_t n = size_of(underlying);
    const OptionSeries series{
        view(underlying, n, "underlying"),
        view(right, n, "right"),
        view(strike, n, "strike"),
        view(volatility, n, "volatility"),
        view(rate, n, "rate"),
        view(dividend_yield, n, "dividend_yield"),
        view(time_to_expiry, n, "time_to_expiry"),
    };
    check_indexes(series.underlying, static_cast<std::size_t>(spot.shape(0)), "underlying");
    return series;
}

using ValueKernel = void (*)(const OptionSeries&,
                             const UnderlyingSpots&,
                             int,
                             std::span<double>) noexcept;

template <ValueKernel kernel>
void value(const Doubles& spot,
           const Rows& underlying,
           const Bytes& right,
           const Doubles& strike,
           const Doubles& volatility,
           const Doubles& rate,
           const Doubles& dividend_yield,
           const Doubles& time_to_expiry,
           const Offsets& dividend_offset,
           const Doubles& dividend_time,
           const Doubles& dividend_amount,
           Doubles& value,
           int threads) {
    check_isa();
    const UnderlyingSpots market =
        market_view(spot, dividend_offset, dividend_time, dividend_amount);
    const OptionSeries series = series_view(
        spot, underlying, right, strike, volatility, rate, dividend_yield, time_to_expiry);
    const std::span<double> out = writable(value, series.size() * market.n_spots, "value");
    const py::gil_scoped_release release;
    kernel(series, market, threads, out);
}

void bind_risk_arrays(const Doubles& spot,
                      const Bytes& model,
                      const Rows& underlying,
                      const Bytes& right,
                      const Doubles& strike,
                      const Doubles& volatility,
                      const Doubles& rate,
                      const Doubles& dividend_yield,
                      const Doubles& time_to_expiry,
                      const Doubles& multiplier,
                      const Offsets& dividend_offset,
                      const Doubles& dividend_time,
                      const Doubles& dividend_amount,
                      Doubles& base,
                      Doubles& pnl,
                      int threads) {
    check_isa();
    const UnderlyingSpots market =
        market_view(spot, dividend_offset, dividend_time, dividend_amount);
    const OptionSeries series = series_view(
        spot, underlying, right, strike, volatility, rate, dividend_yield, time_to_expiry);
    const std::size_t n = series.size();
    const auto models = view(model, n, "model");
    const auto multipliers = view(multiplier, n, "multiplier");
    const std::span<double> base_out = writable(base, n, "base");
    const std::span<double> pnl_out = writable(pnl, n * (market.n_spots - 1), "pnl");
    const py::gil_scoped_release release;
    risk_arrays(models, series, multipliers, market, threads, base_out, pnl_out);
}

void bind_implied_volatility(const Doubles& price,
                             const Bytes& exercise,
                             const Doubles& spot,
                             const Rows& underlying,
                             const Bytes& right,
                             const Doubles& strike,
                             const Doubles& rate,
                             const Doubles& dividend_yield,
                             const Doubles& time_to_expiry,
                             const Offsets& dividend_offset,
                             const Doubles& dividend_time,
                             const Doubles& dividend_amount,
                             Doubles& volatility,
                             Bytes& status,
                             int threads) {
    check_isa();
    const UnderlyingSpots market =
        market_view(spot, dividend_offset, dividend_time, dividend_amount);
    if (market.n_spots != 1) {
        throw std::invalid_argument("spot must have 1 column");
    }
    const OptionSeries series = series_view(
        spot, underlying, right, strike, volatility, rate, dividend_yield, time_to_expiry);
    const std::size_t n = series.size();
    const auto prices = view(price, n, "price");
    const auto exercises = view(exercise, n, "exercise");
    const std::span<double> volatility_out = writable(volatility, n, "volatility");
    const std::span<std::int8_t> status_out = writable(status, n, "status");
    const py::gil_scoped_release release;
    implied_volatility(prices, exercises, series, market, threads, volatility_out, status_out);
}

template <ValueKernel kernel> void define_value(py::module_& module, const char* name) {
    module.def(name,
               &value<kernel>,
               py::arg("spot").noconvert(),
               py::arg("underlying").noconvert(),
               py::arg("right").noconvert(),
               py::arg("strike").noconvert(),
               py::arg("volatility").noconvert(),
               py::arg("rate").noconvert(),
               py::arg("dividend_yield").noconvert(),
               py::arg("time_to_expiry").noconvert(),
               py::arg("dividend_offset").noconvert(),
               py::arg("dividend_time").noconvert(),
               py::arg("dividend_amount").noconvert(),
               py::arg("value").noconvert(),
               py::arg("threads"));
}

} // namespace

void bind_pricing(py::module_& module) {
    define_value<european_value>(module, "european_value");
    define_value<american_value>(module, "american_value");
    module.def("implied_volatility",
               &bind_implied_volatility,
               py::arg("price").noconvert(),
               py::arg("exercise").noconvert(),
               py::arg("spot").noconvert(),
               py::arg("underlying").noconvert(),
               py::arg("right").noconvert(),
               py::arg("strike").noconvert(),
               py::arg("rate").noconvert(),
               py::arg("dividend_yield").noconvert(),
               py::arg("time_to_expiry").noconvert(),
               py::arg("dividend_offset").noconvert(),
               py::arg("dividend_time").noconvert(),
               py::arg("dividend_amount").noconvert(),
               py::arg("volatility").noconvert(),
               py::arg("status").noconvert(),
               py::arg("threads"));
    module.def("risk_arrays",
               &bind_risk_arrays,
               py::arg("spot").noconvert(),
               py::arg("model").noconvert(),
               py::arg("underlying").noconvert(),
               py::arg("right").noconvert(),
               py::arg("strike").noconvert(),
               py::arg("volatility").noconvert(),
               py::arg("rate").noconvert(),
               py::arg("dividend_yield").noconvert(),
               py::arg("time_to_expiry").noconvert(),
               py::arg("multiplier").noconvert(),
               py::arg("dividend_offset").noconvert(),
               py::arg("dividend_time").noconvert(),
               py::arg("dividend_amount").noconvert(),
               py::arg("base").noconvert(),
               py::arg("pnl").noconvert(),
               py::arg("threads"));
}

} // namespace riskarray::bindings
