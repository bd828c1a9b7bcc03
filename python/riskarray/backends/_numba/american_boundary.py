"""American options with one exercise boundary; the twin of cpp/src/isa/american_boundary.cpp.

The method and its sources stand there.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.american_method import steep_volatility
from riskarray.backends._numba.boundary_rule import (
    N_PRICE_POINTS,
    PRICE_INTERPOLATION,
    PRICE_POINT,
    PRICE_WEIGHT,
)
from riskarray.backends._numba.european_terms import european_at_spot, european_terms
from riskarray.backends._numba.exercise_boundary import (
    LEAST_DEVIATION,
    PutTerms,
    Work,
    interpolate,
    new_work,
    padded,
    put_terms,
    solve_boundary,
    squares,
)
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.math import exp_coarse, norm_cdf_coarse

__all__ = ["american_boundary"]

_GREATEST_DRIFT: Final = 4.0


_N_PADDED: Final = 16  # price points, four of them without weight
_POINT: Final = padded(PRICE_POINT, _N_PADDED, 1.0)
_WEIGHT: Final = padded(PRICE_WEIGHT, _N_PADDED, 0.0)
_INTERPOLATION: Final = np.ascontiguousarray(padded(PRICE_INTERPOLATION.T, _N_PADDED, 0.0))


class PremiumTerms(NamedTuple):
    """Arrays (_N_PADDED,) of the sum that gives the premium; fields as in the C++ twin."""

    scale: F64
    shift: F64
    rate_weight: F64
    yield_weight: F64
    term: F64


@jit
def new_premium() -> PremiumTerms:
    """Allocate the arrays."""
    return PremiumTerms(
        np.zeros(_N_PADDED),
        np.zeros(_N_PADDED),
        np.zeros(_N_PADDED),
        np.zeros(_N_PADDED),
        np.zeros(_N_PADDED),
    )


@jit
def discounted_weights(time: float, weight: F64) -> None:
    """Fill in the weights of a rate or a yield."""
    for k in range(weight.shape[0]):
        y = _POINT[k]
        weight[k] = time * _WEIGHT[k] * exp_coarse(time * (-y * y))


@jit
def premium_terms(put: PutTerms, boundary: F64, premium: PremiumTerms) -> None:
    """Fill in scale, shift and the weights of rate and yield at each price point."""
    scale, shift = premium.scale, premium.shift
    square = squares(boundary)
    for k in range(scale.shape[0]):
        scale[k] = put.scale / _POINT[k]
    for k in range(shift.shape[0]):
        log_boundary = interpolate(_INTERPOLATION, k, square) + put.log_start
        shift[k] = put.tilt * _POINT[k] - log_boundary * scale[k]
    discounted_weights(put.rate * put.time, premium.rate_weight)
    discounted_weights(put.dividend_yield * put.time, premium.yield_weight)


@jit
def premium_sum(
    log_spot: float, deviation: float, scale: F64, shift: F64, weight: F64, term: F64
) -> float:
    """Sum weight times Phi(-d), d2 with a deviation of 0 and else d1."""
    for k in range(term.shape[0]):
        h = log_spot * scale[k] + shift[k] + deviation * _POINT[k]
        term[k] = weight[k] * norm_cdf_coarse(-h)
    total = 0.0
    for k in range(N_PRICE_POINTS):
        total += term[k]
    return total


@jit
def certain_value(put: PutTerms, log_spot: float, strike: float, spot: float) -> float:
    """Value without volatility: exercise at the best time."""
    best = 0.0
    if put.dividend_yield > put.rate:
        best = (log_spot - put.log_start) / (put.dividend_yield - put.rate)
    at_best = min(max(best, 0.0), put.time)
    then = strike * math.exp(-put.rate * at_best) - spot * math.exp(-put.dividend_yield * at_best)
    late = strike * math.exp(-put.rate * put.time) - spot * math.exp(-put.dividend_yield * put.time)
    return max(then, late, strike - spot, 0.0)


@jit
def useful_time(
    sign: int, volatility: float, rate: float, dividend_yield: float, time: float
) -> float:
    """Time to expiry, or an earlier time after which exercise is worth nothing more."""
    drift = sign * (dividend_yield - rate)
    if drift > 0.0:
        ratio = volatility * _GREATEST_DRIFT / drift
        return min(time, ratio * ratio)
    return time


@jit
def batch_of(sign: int, volatility: float, rate: float, dividend_yield: float, time: float) -> int:
    """0 or 1: fixed point A without or with a yield; 2 or 3: fixed point B."""
    q = rate if sign > 0 else dividend_yield
    is_steep = volatility < steep_volatility(sign, rate, dividend_yield, time)
    return (2 if is_steep else 0) + (0 if q == 0.0 else 1)


@jit
def value_series(
    batch: int,
    sign: int,
    strike: float,
    volatility: float,
    rate: float,
    dividend_yield: float,
    time: float,
    spot: F64,
    work: Work,
    premium: PremiumTerms,
    value: F64,
) -> None:
    """Fill in the values of one series at its spots; the twin of value_lanes."""
    is_steep, has_yield = batch >= 2, batch % 2 == 1
    is_certain = volatility * math.sqrt(time) < LEAST_DEVIATION
    certain = put_terms(sign, volatility, rate, dividend_yield, time)
    if is_steep:
        time = useful_time(sign, volatility, rate, dividend_yield, time)
    put = put_terms(sign, volatility, rate, dividend_yield, time)
    european = european_terms(strike, volatility, rate, dividend_yield, time)
    solve_boundary(is_steep, has_yield, put, work)
    premium_terms(put, work.boundary, premium)
    log_exercise = work.boundary[0] + put.log_start
    log_strike = math.log(strike)
    without_source = volatility - volatility  # 0, or NaN without volatility
    scale, shift, rate_weight, yield_weight, term = premium
    for j in range(spot.shape[0]):
        put_strike, put_spot = (spot[j], strike) if sign > 0 else (strike, spot[j])
        intrinsic = max(put_strike - put_spot, 0.0)
        log_spot = math.log(spot[j]) if spot[j] > 0.0 else 0.0
        put_log_spot = sign * (log_strike - log_spot)
        if spot[j] <= 0.0 or put_log_spot <= log_exercise:
            value[j] = intrinsic + without_source
            continue
        early = put_strike * premium_sum(put_log_spot, 0.0, scale, shift, rate_weight, term)
        if has_yield:
            early -= put_spot * premium_sum(
                put_log_spot, put.deviation, scale, shift, yield_weight, term
            )
        least = intrinsic
        if is_steep:
            early = 0.0 if is_certain else early
            least = certain_value(certain, put_log_spot, put_strike, put_spot)
        held = european_at_spot(european, sign, spot[j], log_spot) + max(early, 0.0)
        value[j] = min(max(held, least), put_strike) + without_source


@jit
def american_boundary(
    spot: F64,
    underlying: I32,
    right: I8,
    strike: F64,
    volatility: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    _dividend_offset: I64,  # none counts here
    _dividend_time: F64,
    _dividend_amount: F64,
    rows: I32,
    value: F64,
) -> None:
    """Fill ``value[row]`` at every spot for each of the rows listed."""
    work = new_work()
    premium = new_premium()
    for row in rows:
        terms = (right[row], volatility[row], rate[row], dividend_yield[row], time_to_expiry[row])
        value_series(
            batch_of(*terms),
            right[row],
            strike[row],
            volatility[row],
            rate[row],
            dividend_yield[row],
            time_to_expiry[row],
            spot[underlying[row]],
            work,
            premium,
            value[row],
        )
