// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inversion of the Black formula for lanes, in the normalised form of Jaeckel (2015), "Let's be
// rational": x = -|ln(F / K)|, s = volatility sqrt(T), b = (undiscounted time value) / sqrt(F K).

#include "math.hpp"

namespace {

// N(-z) / exp(-z^2 / 2) for z >= 0: relative error below 1e-15 up to z = 1, 5e-11 up to 5, 4e-6 up
// to 38, where it stays.
inline Vec norm_tail(Vec z) noexcept {
    const TailRatio ratio = tail_ratio(min(z, broadcast(38.0)));
    return ratio.top / ratio.bottom;
}

// b and its derivatives by s, as ratios: b' = vega, b'' = vega * second, b''' = vega * third.
struct NormalisedBlack {
    Vec value, vega, second, third;
};

// half = exp(x / 2), the upper bound of b. With h = x / s and t = s / 2 both terms of
// b = e^(x/2) N(h + t) - e^(-x/2) N(h - t) share the factor exp(-(h^2 + t^2) / 2).
inline NormalisedBlack normalised_black(Vec x, Vec half, Vec s) noexcept {
    const Vec h = x / s;
    const Vec t = 0.5 * s;
    const Vec density = exp(-0.5 * (h * h + t * t));
    const Vec upper = density * norm_tail(abs(h + t));
    const Vec first_term = select(h + t > 0.0, half - upper, upper);
    const Vec value = first_term - density * norm_tail(t - h);
    const Vec h_by_s = h / s;
    const Vec second = h * h_by_s - 0.25 * s;
    return {value, density * kInvSqrt2Pi, second, second * second - 3.0 * h_by_s * h_by_s - 0.25};
}

// Where b'' = 0, s = sqrt(2|x|): b is convex below and concave above.
struct Inflection {
    Vec s, value, vega;
};

inline Inflection inflection(Vec x, Vec half) noexcept {
    const Vec s = sqrt(-2.0 * x);
    return {s, half * (0.5 - norm_tail(s)), half * kInvSqrt2Pi};
}

// Below the inflection ln b is taken as c - x^2 / (2 s^2) + m ln s with the value and the slope of
// the inflection; with z = ln(s_c^2 / s^2) that is |x|/4 (e^z - 1) + m z / 2 = ln(b_c / b), which
// is convex in z: Newton's iteration descends from the lesser of the two one-term solutions.
inline Vec low_start(Vec x, const Inflection& turn, Vec drop) noexcept {
    const Vec a = -0.25 * x;
    const Vec half_m = 0.5 * max(turn.s * turn.vega / turn.value + 0.5 * x, broadcast(1.0));
    Vec z = min(log(1.0 + drop / a), drop / half_m);
    for (int step = 0; step < 3; ++step) {
        const Vec growth = a * exp(z);
        z = z - (growth - a + half_m * z - drop) / (growth + half_m);
    }
    return turn.s * exp(-0.5 * z);
}

// One step of Householder's third-order iteration on f = 1 / ln b below the inflection, b in the
// middle and ln(half - b) near the upper bound; Jaeckel (2015), section 4.
inline Vec householder_step(const NormalisedBlack& black,
                            Vec target,
                            Vec log_target,
                            Vec half,
                            Mask is_low,
                            Mask is_high) noexcept {
    const Vec value = max(black.value, broadcast(1e-300));
    const Vec log_value = log(select(is_low, value, half - value));
    const Vec ratio = black.vega / value;
    const Vec inverse_log = 1.0 / log_value;
    const Vec bend = ratio * (1.0 + 2.0 * inverse_log);
    const Vec low_newton = (log_target - log_value) * log_value / (log_target * ratio);
    const Vec low_second = black.second - bend;
    const Vec low_third = black.third +
                          2.0 * ratio * ratio * (1.0 + 3.0 * inverse_log * (1.0 + inverse_log)) -
                          3.0 * black.second * bend;
    const Vec gap = black.vega / (half - value);
    const Vec high_newton = (log_value - log_target) / gap;
    const Vec high_second = black.second + gap;
    const Vec high_third = black.third + gap * (2.0 * gap + 3.0 * black.second);
    const Vec newton =
        select(is_low, low_newton, select(is_high, high_newton, (target - value) / black.vega));
    const Vec second = select(is_low, low_second, select(is_high, high_second, black.second));
    const Vec third = select(is_low, low_third, select(is_high, high_third, black.third));
    return newton * (1.0 + 0.5 * second * newton) /
           (1.0 + newton * (second + third * newton * (1.0 / 6.0)));
}

// s for 0 < target < half. Three steps leave a relative error below 1e-10 where target > 1e-14 and
// half - target > 1e-6 half; elsewhere fewer digits are there to be had.
template <int steps> inline Vec invert_black(Vec x, Vec half, Vec target) noexcept {
    const Inflection turn = inflection(x, half);
    const Mask is_low = target < turn.value;
    const Mask is_high = target > 0.5 * (turn.value + half);
    const Vec log_target = log(select(is_high, half - target, target));
    const Vec drop = log(max(turn.value, broadcast(1e-300))) - log_target;
    Vec s = select(
        is_low, low_start(x, turn, max(drop, Vec{})), turn.s + (target - turn.value) / turn.vega);
    for (int step = 0; step < steps; ++step) {
        const NormalisedBlack black = normalised_black(x, half, s);
        const Vec change = householder_step(black, target, log_target, half, is_low, is_high);
        // Far in a tail the rounding of b may spoil a step; the start is good then.
        s = select((change > -0.75 * s) & (change < 4.0 * s), s + change, s);
    }
    return s;
}

} // namespace
