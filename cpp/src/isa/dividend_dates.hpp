// SPDX-License-Identifier: Apache-2.0
#pragma once

// What exercise before each ex-date is worth, for one lane group of american_dividend_call.cpp.

#include "exercise_dates.hpp"
#include "isa/lanes.hpp"

#include <array>

namespace {

constexpr std::size_t kTerms = 10;
// Deviations beyond which holding is certain to be given up, and the normal density is 0.
constexpr double kFar = 4.5;
constexpr double kReach = 5.0;
// No critical value lies more deviations beyond the next one: its gain would be below kLeastGain.
constexpr double kMost = 6.0;
constexpr int kNewtonSteps = 7;
// What is held below this share of a later gain is lost in the error of the polynomials.
constexpr double kNoise = 1e-4;
// Least and greatest deviations; values no longer change beyond them (by 1e-6 of the strike).
constexpr double kLeastDeviation = 1e-5;
constexpr double kMostDeviation = 20.0;

// Gauss-Legendre on (-1, 1), the positive half.
constexpr std::array<double, 5> kPoint = {0.1488743389816312,
                                          0.4333953941292472,
                                          0.6794095682990244,
                                          0.8650633666889845,
                                          0.9739065285171717};
constexpr std::array<double, 5> kWeight = {0.2955242247147529,
                                           0.2692667193099964,
                                           0.2190863625159820,
                                           0.1494513491505806,
                                           0.0666713443086881};
// Chebyshev points in the order of Leja, which keeps divided differences small.
constexpr std::array<double, kTerms> kNode = {0.9876883405951378,
                                              -0.9876883405951378,
                                              0.1564344650402309,
                                              -0.7071067811865476,
                                              0.7071067811865476,
                                              -0.4539904997395468,
                                              0.4539904997395468,
                                              -0.8910065241883679,
                                              0.8910065241883679,
                                              -0.1564344650402309};

struct Date {
    Vec time;
    Vec gain;          // of exercise over holding, far in the money
    Vec critical, far; // eta from which exercise pays, and where holding is given up for nothing
    Vec middle, inverse_half;
    std::array<Vec, kTerms> kept; // polynomial: the part of the gain that exercise gives up
};

struct Dates {
    std::array<Date, kMostDates> date; // the last one first; a lane with fewer has gains of 0
    std::size_t count = 0;
    Vec log_strike, strike; // discounted
    Vec variance_rate, time_to_expiry;
};

struct Sloped {
    Vec value, slope; // by eta
};

inline Vec deviation_over(const Dates& dates, Vec time) noexcept {
    return max(sqrt(dates.variance_rate * max(time, Vec{})), broadcast(kLeastDeviation));
}

// Black and Scholes (1973), a put with discounted spot e^eta.
inline Sloped put_at(const Dates& dates, Vec eta, Vec deviation) noexcept {
    const Vec d1 = (eta - dates.log_strike) / deviation + 0.5 * deviation;
    const Vec spot_part = exp(eta) * norm_cdf(-d1);
    return {dates.strike * norm_cdf(deviation - d1) - spot_part, -spot_part};
}

// Share of a date's gain that is expected when eta has this mean and deviation at the date: all
// beyond the critical value, less what is kept by holding, one Gauss-Legendre sum.
inline Sloped expected_share(const Date& date, Vec mean, Vec deviation) noexcept {
    const Vec inverse = 1.0 / deviation;
    const Vec d = (mean - date.critical) * inverse;
    const Vec low = max(-d, broadcast(-kReach));
    const Vec high = max(min((date.far - mean) * inverse, broadcast(kReach)), low);
    const Vec half = 0.5 * (high - low);
    const Vec middle = low + half;
    const Vec start = (mean - date.middle) * date.inverse_half;
    const Vec scale = deviation * date.inverse_half;
    Vec sum = Vec{};
    Vec moment = Vec{};
    for (std::size_t k = 0; k < 2 * kPoint.size(); ++k) {
        const Vec u = middle + half * (k % 2 == 0 ? kPoint[k / 2] : -kPoint[k / 2]);
        const Vec t = start + scale * u;
        Vec kept = date.kept[kTerms - 1];
        for (std::size_t i = kTerms - 1; i > 0; --i) {
            kept = kept * t + date.kept[i - 1];
        }
        const Vec term = kWeight[k / 2] * exp(-0.5 * u * u) * kept;
        sum += term;
        moment += u * term;
    }
    const Vec factor = kInvSqrt2Pi * half;
    return {norm_cdf(d) - factor * sum, inverse * (norm_pdf(d) - factor * moment)};
}

// What holding just after date k is worth over the best certain exercise later.
inline Sloped held(const Dates& dates, std::size_t k, Vec eta) noexcept {
    const Vec time = dates.date[k].time;
    Sloped sum = put_at(dates, eta, deviation_over(dates, dates.time_to_expiry - time));
    for (std::size_t j = 0; j < k; ++j) {
        const Date& later = dates.date[j];
        const Vec deviation = deviation_over(dates, later.time - time);
        const Sloped share = expected_share(later, eta - 0.5 * deviation * deviation, deviation);
        sum.value -= later.gain * (1.0 - share.value);
        sum.slope += later.gain * share.slope;
    }
    return sum;
}

// Coefficients of the powers of t of the polynomial that has these values at the nodes.
inline void fit_polynomial(std::array<Vec, kTerms>& value) noexcept {
    for (std::size_t level = 1; level < kTerms; ++level) {
        for (std::size_t i = kTerms - 1; i >= level; --i) {
            value[i] = (value[i] - value[i - 1]) * (1.0 / (kNode[i] - kNode[i - level]));
        }
    }
    for (std::size_t i = kTerms - 1; i-- > 0;) {
        for (std::size_t j = i; j < kTerms - 1; ++j) {
            value[j] -= kNode[i] * value[j + 1];
        }
    }
}

// Deviation over the time to the date after date k, and where holding over it gains nothing.
struct Span {
    Vec deviation, far;
};

inline Span span_after(const Dates& dates, std::size_t k) noexcept {
    const Vec time = dates.date[k].time;
    const Vec to_expiry = deviation_over(dates, dates.time_to_expiry - time);
    const Vec far = dates.log_strike + to_expiry * (kFar + 0.5 * to_expiry);
    if (k == 0) {
        return {to_expiry, far};
    }
    const Vec deviation = deviation_over(dates, dates.date[k - 1].time - time);
    const Vec later = dates.date[k - 1].critical + deviation * (kFar + 0.5 * deviation);
    return {deviation, min(far, later)};
}

// Searched for from the critical value of the date after date k, or the strike if there is none.
// What is held, P, is convex in the spot and its log concave in eta: from anywhere a Newton step in
// the spot ends below the critical value, and one in the logs above. Half way between them is best
// for what lies between a line and an exponential function, and keeps both bounds.
inline Vec critical_value(const Dates& dates, std::size_t k, Vec deviation) noexcept {
    const Vec gain = dates.date[k].gain;
    Vec eta = k == 0 ? dates.log_strike : dates.date[k - 1].critical;
    Vec high = eta + deviation * (kMost + 0.5 * deviation);
    Vec low = dates.strike - gain; // P falls by no more than the spot rises
    Vec noise{};
    for (std::size_t j = 0; j < k; ++j) {
        low -= dates.date[j].gain;
        noise = max(noise, kNoise * dates.date[j].gain);
    }
    low = log(low);
    for (int step = 0; step < kNewtonSteps; ++step) {
        const Sloped at = held(dates, k, eta);
        const Mask is_clear = at.value > noise;
        const Vec in_spot = 1.0 + (gain - at.value) / at.slope;
        const Vec by_line = eta + log(max(in_spot, broadcast(1e-300)));
        const Vec by_log = eta + at.value / at.slope * log(gain / at.value);
        low = select(is_clear, max(low, by_line), low);
        high = min(high, select(is_clear, by_log, eta));
        const Vec between = min(max(0.5 * (by_line + by_log), low), high);
        eta = select(is_clear, between, 0.5 * (low + high));
    }
    return eta;
}

inline void solve_date(Dates& dates, std::size_t k) noexcept {
    Date& date = dates.date[k];
    const Span span = span_after(dates, k);
    const Vec eta = critical_value(dates, k, span.deviation);
    date.critical = eta;
    date.far = max(span.far, eta + 0.5 * span.deviation);
    const Vec half = 0.5 * (date.far - eta);
    date.middle = eta + half;
    date.inverse_half = 1.0 / half;
    for (std::size_t i = 0; i < kTerms; ++i) {
        date.kept[i] = held(dates, k, date.middle + half * kNode[i]).value / date.gain;
    }
    fit_polynomial(date.kept);
}

inline void set_dates(Dates& dates,
                      const SeriesLanes& lanes,
                      const riskarray::UnderlyingSpots& market) noexcept {
    double time[kMostDates][kLanes];
    double gain[kMostDates][kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const ExerciseDates found = exercise_dates(market,
                                                   lanes.underlying[lane],
                                                   lanes.strike[lane],
                                                   lanes.rate[lane],
                                                   lanes.time_to_expiry[lane]);
        dates.count = found.count > dates.count ? found.count : dates.count;
        for (std::size_t k = 0; k < kMostDates; ++k) {
            time[k][lane] = found.time[k];
            gain[k][lane] = found.gain[k];
        }
    }
    for (std::size_t k = 0; k < kMostDates; ++k) {
        dates.date[k].time = load(time[k]);
        dates.date[k].gain = load(gain[k]);
    }
    const Vec time_to_expiry = lanes.time_to_expiry;
    const Vec deviation = min(lanes.volatility * sqrt(time_to_expiry), broadcast(kMostDeviation));
    dates.variance_rate = deviation * deviation / time_to_expiry;
    dates.time_to_expiry = time_to_expiry;
    dates.log_strike = -lanes.rate * time_to_expiry;
    dates.strike = exp(dates.log_strike);
}

} // namespace
