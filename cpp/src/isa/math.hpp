// SPDX-License-Identifier: Apache-2.0
#pragma once

// exp, log and the normal distribution for lanes, branch-free; the Numba twin is _numba/math.py.

#include "simd.hpp"

#include <limits>

namespace {

constexpr double kLog2e = 1.44269504088896340736;
constexpr double kLn2High = 6.93147180369123816490e-01; // trailing zeros: n * kLn2High is exact
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kRoundingShift = 0x1.8p52; // adding it leaves the nearest integer in the low bits
constexpr double kInvSqrt2Pi = 0.398942280401432677940;

// Relative error below 4e-16 for -708 <= x <= 709; beyond, the value at that end (3e-308, 8e307).
// NaN stays NaN.
inline Vec exp(Vec x) noexcept {
    const Vec clamped = min(max(x, broadcast(-708.0)), broadcast(709.0));
    const Vec shifted = clamped * kLog2e + kRoundingShift;
    const Vec n = shifted - kRoundingShift;
    const Vec r = (clamped - n * kLn2High) - n * kLn2Low;
    // Taylor to degree 12 on |r| <= ln(2)/2: remainder 1.7e-16.
    const Vec r2 = r * r;
    const Vec r4 = r2 * r2;
    const Vec low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
    const Vec middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
    const Vec high = (1.0 / 40320.0 + r * (1.0 / 362880.0)) +
                     r2 * (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) + r4 * (1.0 / 479001600.0);
    const Vec scale = as_double((as_bits(shifted) + 1023) << 52);
    return (low + r4 * (middle + r4 * high)) * scale;
}

// Relative error below 4e-16 for normal x > 0; any number otherwise.
inline Vec log_of_positive(Vec x) noexcept {
    // x = 2^exponent m with sqrt(1/2) <= m < sqrt(2).
    constexpr std::int64_t bits_of_sqrt_half = 0x3fe6a09e667f3bcd;
    constexpr std::int64_t bits_of_one = 0x3ff0000000000000;
    const Mask shifted = as_bits(x) + (bits_of_one - bits_of_sqrt_half);
    const Mask exponent_bits = ((shifted >> 52) & 0x7ff) | 0x4330000000000000;
    const Vec exponent = as_double(exponent_bits) - (0x1.0p52 + 1023.0);
    const Vec m = as_double((shifted & 0x000fffffffffffff) + bits_of_sqrt_half);
    // log(m) = 2 atanh(f), f = (m - 1) / (m + 1), |f| <= 0.1716: the series to f^21, remainder
    // 3e-19.
    const Vec f = (m - 1.0) / (m + 1.0);
    const Vec g = f * f;
    const Vec g2 = g * g;
    const Vec g4 = g2 * g2;
    const Vec low = (2.0 / 3.0 + g * (2.0 / 5.0)) + g2 * (2.0 / 7.0 + g * (2.0 / 9.0));
    const Vec high = (2.0 / 11.0 + g * (2.0 / 13.0)) + g2 * (2.0 / 15.0 + g * (2.0 / 17.0)) +
                     g4 * (2.0 / 19.0 + g * (2.0 / 21.0));
    const Vec tail = f * g * (low + g4 * high);
    return exponent * kLn2High + (2.0 * f + (exponent * kLn2Low + tail));
}

// The same; log(0) = -inf, NaN for x < 0 and NaN.
inline Vec log(Vec x) noexcept {
    const Vec nan = broadcast(std::numeric_limits<double>::quiet_NaN());
    const Vec at_zero = broadcast(-std::numeric_limits<double>::infinity());
    return select(x > 0.0, log_of_positive(x), select(x == 0.0, at_zero, nan));
}

inline Vec norm_pdf(Vec x) noexcept {
    return kInvSqrt2Pi * exp(-0.5 * x * x);
}

// norm_cdf(-z) / exp(-z^2 / 2) for 0 <= z <= 38 (Hart et al. 1968, no. 5666, as given by West 2005,
// "Better approximations to cumulative normal functions").
struct TailRatio {
    Vec top, bottom;
};

inline TailRatio tail_ratio(Vec z) noexcept {
    const Vec z2 = z * z;
    const Vec z4 = z2 * z2;
    const Vec top = (220.206867912376 + z * 221.213596169931) +
                    z2 * (112.079291497871 + z * 33.912866078383) +
                    z4 * ((6.37396220353165 + z * 0.700383064443688) + z2 * 3.52624965998911e-02);
    const Vec bottom = (440.413735824752 + z * 793.826512519948) +
                       z2 * (637.333633378831 + z * 296.564248779674) +
                       z4 * ((86.7807322029461 + z * 16.064177579207) +
                             z2 * (1.75566716318264 + z * 8.83883476483184e-02));
    return {top, bottom};
}

// Absolute error below 5e-16, NaN stays NaN.
inline Vec norm_cdf(Vec x) noexcept {
    const Vec z = min(abs(x), broadcast(38.0));
    const TailRatio ratio = tail_ratio(z);
    const Vec tail = exp(-0.5 * z * z) * ratio.top / ratio.bottom;
    return select(x > 0.0, 1.0 - tail, tail);
}

// For sums of many terms: relative error below 6e-11 for x <= 709; 2e-148 below -340, so that a
// product of two is not 0. NaN stays NaN. Interpolated at the Chebyshev points of |r| <= ln(2)/2.
inline Vec exp_coarse(Vec x) noexcept {
    constexpr double ln2 = 6.93147180559945309417e-01;
    const Vec clamped = max(x, broadcast(-340.0));
    const Vec shifted = clamped * kLog2e + kRoundingShift;
    const Vec r = clamped - (shifted - kRoundingShift) * ln2;
    const Vec r2 = r * r;
    const Vec low = (0.9999999999595618 + r * 0.999999999995509) +
                    r2 * (0.5000000107729166 + r * 0.16666666786308587);
    const Vec high = (0.041666218319291945 + r * 0.008333283538708528) +
                     r2 * (0.0013948578326459795 + r * 0.00019907569310848288);
    const Vec scale = as_double((as_bits(shifted) + 1023) << 52);
    return (low + (r2 * r2) * high) * scale;
}

// Phi(sqrt(2) h), the normal distribution at the h of which e^(-h^2) is the density; absolute error
// below 1e-9 (the tails end at 4.24), without exp and division: for sums of many terms. NaN stays
// NaN. (Phi - 1/2) / h interpolated in h^2 at the Chebyshev points of (0, 18).
inline Vec norm_cdf_coarse(Vec h) noexcept {
    constexpr double end = 4.242640687119285;
    const Vec z = min(max(h, broadcast(-end)), broadcast(end));
    const Vec t = z * z * (1.0 / 9.0) - 1.0;
    const Vec t2 = t * t;
    const Vec t4 = t2 * t2;
    const Vec t8 = t4 * t4;
    const Vec y0 = (0.1666629849171669 - t * 0.0832966846320038) +
                   t2 * (0.06231585183437889 - t * 0.051459570324191815);
    const Vec y4 = (0.043969828905955036 - t * 0.0376752382156222) +
                   t2 * (0.03167751621316786 - t * 0.02569681031600941);
    const Vec y8 = (0.019985685210158134 - t * 0.014954657061885486) +
                   t2 * (0.010382643161266969 - t * 0.006319678695891755);
    const Vec y12 = (0.004046577116734764 - t * 0.003200736073541372) +
                    t2 * (0.0016663732930942137 - t * 0.00012551582049696557);
    const Vec y16 =
        (0.00012768524004823657 - t * 0.00044033531751025396) + t2 * 0.0001852107356221585;
    return 0.5 + z * ((y0 + t4 * y4) + t8 * ((y8 + t4 * y12) + t8 * y16));
}

} // namespace
