"""What exercise before each ex-date is worth; the twin of cpp/src/isa/dividend_dates.hpp."""

import math
from typing import Final

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.math import norm_cdf, norm_pdf

__all__ = [
    "GAIN",
    "MOST_DEVIATION",
    "N_FIELDS",
    "TIME",
    "deviation_over",
    "expected_share",
    "solve_date",
]

MOST_DEVIATION: Final = 20.0
_TERMS: Final = 10
_FAR: Final = 4.5
_REACH: Final = 5.0
_MOST: Final = 6.0
_NEWTON_STEPS: Final = 7
_NOISE: Final = 1e-4
_LEAST_DEVIATION: Final = 1e-5
_INV_SQRT_2PI: Final = 0.398942280401432677940

# Fields of a date, a row of numbers each; the polynomial follows.
TIME: Final = 0
GAIN: Final = 1
CRITICAL: Final = 2
FAR: Final = 3
MIDDLE: Final = 4
INVERSE_HALF: Final = 5
KEPT: Final = 6
N_FIELDS: Final = KEPT + _TERMS

_POINT: Final = np.array(
    [
        0.1488743389816312,
        0.4333953941292472,
        0.6794095682990244,
        0.8650633666889845,
        0.9739065285171717,
    ]
)
_WEIGHT: Final = np.array(
    [
        0.2955242247147529,
        0.2692667193099964,
        0.2190863625159820,
        0.1494513491505806,
        0.0666713443086881,
    ]
)
_NODE: Final = np.array(
    [
        0.9876883405951378,
        -0.9876883405951378,
        0.1564344650402309,
        -0.7071067811865476,
        0.7071067811865476,
        -0.4539904997395468,
        0.4539904997395468,
        -0.8910065241883679,
        0.8910065241883679,
        -0.1564344650402309,
    ]
)


@jit
def deviation_over(variance_rate: float, time: float) -> float:
    """Deviation of the log over a time."""
    deviation: float = max(math.sqrt(variance_rate * max(time, 0.0)), _LEAST_DEVIATION)
    return deviation


@jit
def put_at(log_strike: float, strike: float, eta: float, deviation: float) -> tuple[float, float]:
    """Black and Scholes (1973), a put with discounted spot e^eta, and its slope."""
    d1 = (eta - log_strike) / deviation + 0.5 * deviation
    spot_part = math.exp(eta) * norm_cdf(-d1)
    return strike * norm_cdf(deviation - d1) - spot_part, -spot_part


@jit
def expected_share(date: F64, mean: float, deviation: float) -> tuple[float, float]:
    """Share of a date's gain expected for this mean and deviation of eta, and its slope."""
    inverse = 1.0 / deviation
    d = (mean - date[CRITICAL]) * inverse
    low = max(-d, -_REACH)
    high = max(min((date[FAR] - mean) * inverse, _REACH), low)
    half = 0.5 * (high - low)
    middle = low + half
    start = (mean - date[MIDDLE]) * date[INVERSE_HALF]
    scale = deviation * date[INVERSE_HALF]
    total = 0.0
    moment = 0.0
    for k in range(_POINT.shape[0]):
        for sign in (1.0, -1.0):
            u = middle + half * (sign * _POINT[k])
            t = start + scale * u
            kept = date[KEPT + _TERMS - 1]
            for i in range(_TERMS - 1, 0, -1):
                kept = kept * t + date[KEPT + i - 1]
            term = _WEIGHT[k] * math.exp(-0.5 * u * u) * kept
            total += term
            moment += u * term
    factor = _INV_SQRT_2PI * half
    return norm_cdf(d) - factor * total, inverse * (norm_pdf(d) - factor * moment)


@jit
def held(
    dates: F64,
    k: int,
    eta: float,
    log_strike: float,
    strike: float,
    variance_rate: float,
    time_to_expiry: float,
) -> tuple[float, float]:
    """What holding just after date k is worth over the best certain exercise later; its slope."""
    time = dates[k, TIME]
    deviation = deviation_over(variance_rate, time_to_expiry - time)
    value, slope = put_at(log_strike, strike, eta, deviation)
    for j in range(k):
        deviation = deviation_over(variance_rate, dates[j, TIME] - time)
        share, share_slope = expected_share(dates[j], eta - 0.5 * deviation * deviation, deviation)
        value -= dates[j, GAIN] * (1.0 - share)
        slope += dates[j, GAIN] * share_slope
    return value, slope


@jit
def fit_polynomial(value: F64) -> None:
    """Turn values at the nodes into coefficients of the powers of t."""
    for level in range(1, _TERMS):
        for i in range(_TERMS - 1, level - 1, -1):
            value[i] = (value[i] - value[i - 1]) * (1.0 / (_NODE[i] - _NODE[i - level]))
    for i in range(_TERMS - 2, -1, -1):
        for j in range(i, _TERMS - 1):
            value[j] -= _NODE[i] * value[j + 1]


@jit
def span_after(
    dates: F64, k: int, log_strike: float, variance_rate: float, time_to_expiry: float
) -> tuple[float, float]:
    """Deviation to the date after date k, and where holding over it gains nothing."""
    time = dates[k, TIME]
    to_expiry = deviation_over(variance_rate, time_to_expiry - time)
    far = log_strike + to_expiry * (_FAR + 0.5 * to_expiry)
    if k == 0:
        return to_expiry, far
    deviation = deviation_over(variance_rate, dates[k - 1, TIME] - time)
    later = dates[k - 1, CRITICAL] + deviation * (_FAR + 0.5 * deviation)
    return deviation, min(far, later)


@jit
def critical_value(
    dates: F64, k: int, deviation: float, terms: tuple[float, float, float, float]
) -> float:
    """Search from the critical value of the date after date k, or the strike if there is none.

    What is held, P, is convex in the spot and its log concave in eta: from anywhere a Newton step
    in the spot ends below the critical value, and one in the logs above.
    """
    log_strike, strike, variance_rate, time_to_expiry = terms
    gain = dates[k, GAIN]
    eta = log_strike if k == 0 else dates[k - 1, CRITICAL]
    low, high = strike - gain, eta + deviation * (_MOST + 0.5 * deviation)
    noise = 0.0
    for j in range(k):
        low -= dates[j, GAIN]
        noise = max(noise, _NOISE * dates[j, GAIN])
    low = math.log(low)
    for _ in range(_NEWTON_STEPS):
        value, slope = held(dates, k, eta, log_strike, strike, variance_rate, time_to_expiry)
        if value > noise:
            by_line = eta + math.log(max(1.0 + (gain - value) / slope, 1e-300))
            by_log = eta + value / slope * math.log(gain / value)
            low, high = max(low, by_line), min(high, by_log)
            eta = min(max(0.5 * (by_line + by_log), low), high)
        else:
            high = min(high, eta)
            eta = 0.5 * (low + high)
    return eta


@jit
def solve_date(
    dates: F64,
    k: int,
    log_strike: float,
    strike: float,
    variance_rate: float,
    time_to_expiry: float,
) -> None:
    """Find the critical value of date k and the polynomial of what exercise gives up."""
    terms = (log_strike, strike, variance_rate, time_to_expiry)
    date = dates[k]
    deviation, far = span_after(dates, k, log_strike, variance_rate, time_to_expiry)
    eta = critical_value(dates, k, deviation, terms)
    date[CRITICAL] = eta
    date[FAR] = max(far, eta + 0.5 * deviation)
    half = 0.5 * (date[FAR] - eta)
    date[MIDDLE] = eta + half
    date[INVERSE_HALF] = 1.0 / half
    for i in range(_TERMS):
        value, _ = held(dates, k, date[MIDDLE] + half * _NODE[i], *terms)
        date[KEPT + i] = value / date[GAIN]
    fit_polynomial(date[KEPT:])
