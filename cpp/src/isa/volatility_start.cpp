// SPDX-License-Identifier: Apache-2.0
#include "volatility_start.hpp"

#include "black_inversion.hpp"
#include "isa/lanes.hpp"
#include "isa_methods.hpp"

namespace riskarray::RISKARRAY_ISA {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Terms of one lane group at the base spot.
struct PriceLanes {
    SeriesLanes series;
    Vec price, spot, escrowed, time;
    Vec asset;             // escrowed e^(-q T)
    Vec discounted_strike; // K e^(-r T)
};

PriceLanes gather_prices(const OptionSeries& series,
                         const UnderlyingSpots& market,
                         std::span<const std::int32_t> rows,
                         std::size_t first,
                         std::span<const double> price) noexcept {
    PriceLanes lanes;
    lanes.series = gather_lanes(series, market, rows, first);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        lanes.price[lane] = price[static_cast<std::size_t>(lanes.series.row[lane])];
    }
    gather_spots(lanes.series, market, &lanes.spot);
    lanes.escrowed = max(lanes.spot - lanes.series.dividends, Vec{});
    lanes.time = max(lanes.series.time_to_expiry, Vec{});
    lanes.asset = lanes.escrowed * exp(-lanes.series.dividend_yield * lanes.time);
    lanes.discounted_strike = lanes.series.strike * exp(-lanes.series.rate * lanes.time);
    return lanes;
}

struct StartLanes {
    Vec volatility, vega, floor, moneyness;
};

void scatter_start(const SeriesLanes& lanes,
                   const StartLanes& start,
                   const VolatilityStart& out) noexcept {
    for (std::size_t lane = 0; lane < lanes.count; ++lane) {
        const auto row = static_cast<std::size_t>(lanes.row[lane]);
        out.volatility[row] = start.volatility[lane];
        out.vega[row] = start.vega[lane];
        out.floor[row] = start.floor[lane];
        out.moneyness[row] = start.moneyness[lane];
    }
}

// The volatility at which the European value is the price, and the vega there.
template <int steps> StartLanes european_start(const PriceLanes& lanes) noexcept {
    const Vec strike = lanes.discounted_strike;
    const Vec sign = lanes.series.sign;
    const Mask has_asset = lanes.asset > 0.0;
    const Vec asset = select(has_asset, lanes.asset, strike);
    const Vec floor = max(sign * (lanes.asset - strike), Vec{});
    const Mask is_low = !(lanes.price > floor);
    const Vec bound = select(sign > 0.0, lanes.asset, strike);
    const Mask is_high = (!(lanes.price < bound)) | (!has_asset);
    const Vec x = -abs(log(asset / strike));
    const Vec half = exp(0.5 * x);
    const Vec scale = sqrt(asset * strike);
    const Vec time_value = select(is_low | is_high, 0.5 * half * scale, lanes.price - floor);
    const Vec s = invert_black<steps>(x, half, time_value / scale);
    const Vec root_time = sqrt(lanes.time);
    const Vec vega = scale * root_time * normalised_black(x, half, s).vega;
    const Vec volatility =
        select(is_low, Vec{}, select(is_high, broadcast(kInfinity), s / root_time));
    return {volatility, vega, floor, x * x / lanes.time};
}

// A lane group as puts: a call is a put with spot and strike, rate and yield exchanged (McDonald
// and Schroder 1998).
struct PutLanes {
    Vec spot, strike, rate, dividend_yield, root_time, discounted_strike, yield_discount;
    Vec log_spot, log_drift; // ln S; (r - q) T - ln K
};

PutLanes as_put(const PriceLanes& lanes) noexcept {
    const SeriesLanes& terms = lanes.series;
    const Mask is_put = terms.sign < 0.0;
    PutLanes put;
    put.spot = select(is_put, lanes.escrowed, terms.strike);
    put.strike = select(is_put, terms.strike, lanes.escrowed);
    put.rate = select(is_put, terms.rate, terms.dividend_yield);
    put.dividend_yield = select(is_put, terms.dividend_yield, terms.rate);
    put.root_time = sqrt(lanes.time);
    put.discounted_strike = select(is_put, lanes.discounted_strike, lanes.asset);
    put.yield_discount =
        select(is_put, lanes.asset / lanes.escrowed, lanes.discounted_strike / terms.strike);
    put.log_spot = log(put.spot);
    put.log_drift = (put.rate - put.dividend_yield) * lanes.time - log(put.strike);
    return put;
}

struct PutValue {
    Vec value, delta, gamma, vega;
};

// Black and Scholes (1973). S e^(-qT) n(d1) = K e^(-rT) n(d2) saves an exponential.
PutValue put_value(const PutLanes& put, Vec spot, Vec log_spot, Vec volatility) noexcept {
    const Vec deviation = volatility * put.root_time;
    const Vec d1 = (log_spot + put.log_drift) / deviation + 0.5 * deviation;
    const Vec d2 = d1 - deviation;
    const Vec asset = spot * put.yield_discount;
    const Vec density = exp(-0.5 * d1 * d1);
    const Vec tail1 = density * norm_tail(abs(d1));
    const Vec tail2 = asset * density * norm_tail(abs(d2));
    const Vec cdf1 = select(d1 > 0.0, tail1, 1.0 - tail1);
    const Vec strike_part = select(d2 > 0.0, tail2, put.discounted_strike - tail2);
    const Vec pdf = kInvSqrt2Pi * density;
    return {strike_part - asset * cdf1,
            -put.yield_discount * cdf1,
            put.yield_discount * pdf / (spot * deviation),
            asset * pdf * put.root_time};
}

// Exponent of the early-exercise premium and its derivative by volatility; decay = r / (1 - e^-rT)
// for the finite life and r for the perpetual put. Barone-Adesi and Whaley (1987), eq. 25, the
// negative root of q^2 + (N - 1) q = c / 4.
struct Exponent {
    Vec q, by_volatility;
    Vec c, root; // root = sqrt((N - 1)^2 + c)
};

Exponent premium_exponent(const PutLanes& put, Vec volatility, Vec decay) noexcept {
    const Vec inverse_variance = 1.0 / (volatility * volatility);
    const Vec n = 2.0 * (put.rate - put.dividend_yield) * inverse_variance;
    const Vec c = 8.0 * decay * inverse_variance;
    const Vec a = n - 1.0;
    const Vec root = sqrt(a * a + c);
    return {-0.5 * (a + root), (n + (a * n + 0.5 * c) / root) / volatility, c, root};
}

// First guess of the exercise boundary; Barone-Adesi and Whaley (1987), eq. 32.
Vec boundary_guess(const PutLanes& put, Vec volatility, Vec time) noexcept {
    const Vec q = premium_exponent(put, volatility, put.rate).q;
    const Vec perpetual = put.strike / (1.0 - 1.0 / q);
    const Vec gap = put.strike - perpetual;
    const Vec drift = (put.rate - put.dividend_yield) * time - 2.0 * volatility * put.root_time;
    return perpetual + gap * exp(min(drift * put.strike / gap, Vec{}));
}

// What the quadratic approximation leaves out, as a factor of the premium: 1 / (1 - chi) of Ju and
// Zhong (1999), "An approximate formula for pricing American options", J. Derivatives 7(2), eq. 11.
Vec premium_factor(const PutLanes& put,
                   Vec volatility,
                   const Exponent& exponent,
                   const PutValue& at_b,
                   Vec b,
                   Vec gain,
                   Vec log_ratio) noexcept {
    const Vec inverse_root = 1.0 / exponent.root;
    const Vec quarter = 0.25 * exponent.c;
    const Vec ratio = quarter * inverse_root;
    const Vec discount = put.discounted_strike / put.strike;
    const Vec theta = 0.5 * volatility * at_b.vega / (put.root_time * put.root_time) -
                      put.dividend_yield * b * at_b.delta -
                      put.rate * (at_b.value - b * at_b.delta);
    const Vec linear =
        2.0 * theta / (volatility * volatility * gain) + discount * (quarter - ratio * ratio);
    const Vec chi =
        log_ratio * (linear * inverse_root - 0.5 * discount * ratio * ratio * log_ratio);
    return 1.0 / (1.0 - min(max(chi, broadcast(-1.0)), broadcast(0.5)));
}

// Value in the quadratic approximation for a boundary b that need not be the best one: an error in
// b enters squared, so that b may follow the volatility with one Newton step of its own per step.
struct Approximation {
    Vec value, vega, next_boundary;
};

Approximation approximate(const PutLanes& put, Vec volatility, Vec decay, Vec b) noexcept {
    const Exponent exponent = premium_exponent(put, volatility, decay);
    const Vec log_b = log(b);
    const PutValue at_b = put_value(put, b, log_b, volatility);
    const PutValue at_spot = put_value(put, put.spot, put.log_spot, volatility);
    const Vec gain = put.strike - b - at_b.value;
    const Vec log_ratio = put.log_spot - log_b;
    const Vec factor = premium_factor(put, volatility, exponent, at_b, b, gain, log_ratio);
    const Vec ratio = exp(exponent.q * log_ratio) * factor;
    const Vec inverse_q = 1.0 / exponent.q;
    const Vec pull = (1.0 + at_b.delta) * inverse_q;
    const Vec miss = gain + pull * b;
    const Vec miss_by_b = pull - 1.0 - at_b.delta + at_b.gamma * b * inverse_q;
    const Vec stepped = b - miss / miss_by_b;
    return {at_spot.value + gain * ratio,
            at_spot.vega + ratio * (gain * log_ratio * exponent.by_volatility - at_b.vega),
            min(max(stepped, 0.5 * b), min(1.5 * b, 0.9999 * put.strike))};
}

// From the European volatility, which is the greater, down to that of the quadratic approximation.
StartLanes american_start(const PriceLanes& lanes) noexcept {
    constexpr int steps = 3;
    const StartLanes european = european_start<2>(lanes);
    const PutLanes put = as_put(lanes);
    const Vec exercise = max(put.strike - put.spot, Vec{});
    const Vec floor = max(exercise, european.floor);
    const Vec wanted = sqrt(max(lanes.price - floor, Vec{}));
    const Vec rate_time = put.rate * lanes.time;
    const Vec decay =
        select(rate_time > 1e-8, put.rate / (1.0 - exp(-rate_time)), 1.0 / lanes.time);
    Vec low = Vec{};
    Vec high = min(european.volatility, broadcast(4.0));
    Vec volatility = high;
    Vec slope = 0.5 * european.vega / wanted;
    Vec b = boundary_guess(put, volatility, lanes.time);
    for (int step = 0; step < steps; ++step) {
        const Approximation now = approximate(put, volatility, decay, b);
        const Vec root = sqrt(now.value - floor);
        const Mask is_alive = (put.spot > b) & (root > 0.0) & (now.vega > 0.0);
        const Mask is_below = (!is_alive) | (root < wanted);
        low = select(is_below, volatility, low);
        high = select(is_below, high, volatility);
        slope = select(is_alive, 0.5 * now.vega / root, slope);
        const Vec newton = volatility + (wanted - root) / slope;
        volatility =
            select(is_alive & (newton > low) & (newton <= high), newton, 0.5 * (low + high));
        b = select(now.next_boundary > 0.0, now.next_boundary, b);
    }
    const Mask is_usable = (volatility > 0.0) & (slope > 0.0);
    volatility = select(is_usable, volatility, european.volatility);
    const Mask is_floor = !(lanes.price > floor);
    return {select(is_floor, Vec{}, volatility),
            select(is_usable, 2.0 * slope * wanted, european.vega),
            floor,
            european.moneyness};
}

} // namespace

void european_volatility(const OptionSeries& series,
                         const UnderlyingSpots& market,
                         std::span<const std::int32_t> rows,
                         std::span<const double> price,
                         const VolatilityStart& out) noexcept {
    for (std::size_t first = 0; first < rows.size(); first += kLanes) {
        const PriceLanes lanes = gather_prices(series, market, rows, first, price);
        scatter_start(lanes.series, european_start<3>(lanes), out);
    }
}

void american_volatility(const OptionSeries& series,
                         const UnderlyingSpots& market,
                         std::span<const std::int32_t> rows,
                         std::span<const double> price,
                         const VolatilityStart& out) noexcept {
    for (std::size_t first = 0; first < rows.size(); first += kLanes) {
        const PriceLanes lanes = gather_prices(series, market, rows, first, price);
        scatter_start(lanes.series, american_start(lanes), out);
    }
}

} // namespace riskarray::RISKARRAY_ISA
