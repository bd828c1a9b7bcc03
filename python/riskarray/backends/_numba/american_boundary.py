"""American options with one exercise boundary; the twin of cpp/src/isa/american_boundary.cpp.

The method and its sources stand there.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.boundary_rule import (
    N_ITERATIONS,
    N_STEEP_ITERATIONS,
    NODE,
    POINT,
    POINT_ROOT,
    POINT_WEIGHT,
    PRICE_INTERPOLATION,
    PRICE_POINT,
    PRICE_WEIGHT,
    SOLVE_INTERPOLATION,
)
from riskarray.backends._numba.european_terms import european_at_spot, european_terms
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.math import norm_cdf, norm_cdf_coarse, norm_pdf

__all__ = ["american_boundary"]

_SQRT_2PI: Final = 2.506628274631000502
_LEAST_DEVIATION: Final = 1e-7
_STEEP_DRIFT: Final = 0.6
_STEEP_FALL: Final = 8.0
_GREATEST_SLOPE: Final = 0.6
_N_NODES: Final = NODE.size
_N_POINTS: Final = POINT.size
_N_PRICE_POINTS: Final = PRICE_POINT.size


class PutTerms(NamedTuple):
    """The put that a series is, strike 1."""

    time: float
    rate: float
    dividend_yield: float
    deviation: float
    inverse_deviation: float
    tilt: float
    log_start: float


class NodeTerms(NamedTuple):
    """What one node needs beside the boundary."""

    inverse_deviation: float
    deviation: float
    tilt: float
    rate_time: float
    yield_time: float
    carry: float


@jit
def put_terms(
    sign: int, volatility: float, rate: float, dividend_yield: float, time: float
) -> PutTerms:
    """Exchange rate and yield for a call."""
    put_rate, put_yield = (dividend_yield, rate) if sign > 0 else (rate, dividend_yield)
    deviation = max(volatility * math.sqrt(time), _LEAST_DEVIATION)
    inverse_deviation = 1.0 / deviation
    tilt = (put_rate - put_yield) * time * inverse_deviation - 0.5 * deviation
    log_start = math.log(put_rate / put_yield) if put_yield > put_rate else 0.0
    return PutTerms(time, put_rate, put_yield, deviation, inverse_deviation, tilt, log_start)


@jit
def guess_boundary(put: PutTerms, boundary: F64) -> None:
    """Fill in the boundary of Barone-Adesi and Whaley (1987), eq. 31."""
    variance = put.deviation * put.deviation
    carry = (put.rate - put.dividend_yield) * put.time
    half_slope = carry / variance - 0.5
    product = 2.0 * put.rate * put.time / variance
    root = math.sqrt(half_slope * half_slope + product)
    exponent = -half_slope - root if half_slope > 0.0 else -product / (root - half_slope)
    perpetual = exponent / (exponent - 1.0)
    start = math.exp(put.log_start)
    for i in range(_N_NODES):
        fall = (carry * (NODE[i] * NODE[i]) - 2.0 * NODE[i] * put.deviation) * (1.0 - exponent)
        level = perpetual + (start - perpetual) * math.exp(min(fall, 0.0))
        boundary[i] = min(math.log(level) - put.log_start, 0.0)


@jit
def interpolate(weight: F64, square: F64) -> float:
    """Boundary at a time between the nodes from the squares at the nodes."""
    total = weight[0] * square[0]
    for j in range(1, _N_NODES):
        total += weight[j] * square[j]
    return -math.sqrt(max(total, 0.0))


@jit
def node_terms(put: PutTerms, root: float) -> NodeTerms:
    """Terms of the node at the time root^2 T."""
    rate_time = put.rate * put.time * (root * root)
    yield_time = put.dividend_yield * put.time * (root * root)
    return NodeTerms(
        put.inverse_deviation * (1.0 / root),
        put.deviation * root,
        put.tilt * root,
        rate_time,
        yield_time,
        rate_time - yield_time,
    )


@jit
def ratio_a(
    has_yield: bool, at: NodeTerms, square: F64, i: int, b: float, log_boundary: float
) -> tuple[float, float, float]:
    """Andersen et al. (2016), eqs. 33 to 37; numerator, denominator and slope."""
    sum_rate = 0.0
    sum_yield = 0.0
    sum_cdf = 0.0
    for k in range(_N_POINTS):
        y = POINT[k]
        rest = POINT_ROOT[k] * POINT_ROOT[k]
        earlier = interpolate(SOLVE_INTERPOLATION[i, k], square)
        d2 = (b - earlier) * at.inverse_deviation * (1.0 / y) + at.tilt * y
        sum_rate += POINT_WEIGHT[k] * math.exp(at.rate_time * rest - 0.5 * d2 * d2)
        if has_yield:
            d1 = d2 + at.deviation * y
            sum_yield += POINT_WEIGHT[k] * math.exp(at.yield_time * rest - 0.5 * d1 * d1)
            sum_cdf += (POINT_WEIGHT[k] * y) * math.exp(at.yield_time * rest) * norm_cdf_coarse(d1)
    d2 = log_boundary * at.inverse_deviation + at.tilt
    d1 = d2 + at.deviation
    density2 = math.exp(-0.5 * d2 * d2)
    density1 = math.exp(-0.5 * d1 * d1)
    numerator = density2 + at.rate_time * sum_rate
    cdf = norm_cdf(d1) + at.yield_time * sum_cdf
    denominator = density1 + _SQRT_2PI * at.deviation * cdf + at.yield_time * sum_yield
    slope = -d2 * at.inverse_deviation * (density2 / numerator - density1 / denominator)
    return numerator, denominator, slope


@jit
def ratio_b(
    has_yield: bool, at: NodeTerms, square: F64, i: int, b: float, log_boundary: float
) -> tuple[float, float, float]:
    """Andersen et al. (2016), eqs. 28 to 32; numerator, denominator and slope."""
    sum_rate = 0.0
    sum_yield = 0.0
    for k in range(_N_POINTS):
        y = POINT[k]
        rest = POINT_ROOT[k] * POINT_ROOT[k]
        earlier = interpolate(SOLVE_INTERPOLATION[i, k], square)
        d2 = (b - earlier) * at.inverse_deviation * (1.0 / y) + at.tilt * y
        sum_rate += (POINT_WEIGHT[k] * y) * math.exp(at.rate_time * rest) * norm_cdf_coarse(d2)
        if has_yield:
            d1 = d2 + at.deviation * y
            growth = math.exp(at.yield_time * rest)
            sum_yield += (POINT_WEIGHT[k] * y) * growth * norm_cdf_coarse(d1)
    d2 = log_boundary * at.inverse_deviation + at.tilt
    d1 = d2 + at.deviation
    numerator = norm_cdf(d2) + at.rate_time * sum_rate
    denominator = norm_cdf(d1) + at.yield_time * sum_yield
    slope = at.inverse_deviation * (norm_pdf(d2) / numerator - norm_pdf(d1) / denominator)
    return numerator, denominator, slope


@jit
def solve_boundary(
    is_steep: bool, has_yield: bool, put: PutTerms, boundary: F64, square: F64
) -> None:
    """Fill in the boundary at the nodes."""
    guess_boundary(put, boundary)
    for _ in range(N_STEEP_ITERATIONS if is_steep else N_ITERATIONS):
        for i in range(_N_NODES):
            square[i] = boundary[i] * boundary[i]
        for i in range(_N_NODES):
            at = node_terms(put, NODE[i])
            log_boundary = boundary[i] + put.log_start
            if is_steep:
                ratio = ratio_b(has_yield, at, square, i, boundary[i], log_boundary)
            else:
                ratio = ratio_a(has_yield, at, square, i, boundary[i], log_boundary)
            step = math.log(ratio[0] / ratio[1]) - at.carry - log_boundary
            gain = 1.0 - min(ratio[2], _GREATEST_SLOPE)
            boundary[i] = min(boundary[i] + step / gain, 0.0)


@jit
def premium_terms(has_yield: bool, put: PutTerms, boundary: F64, square: F64, premium: F64) -> None:
    """Fill in scale, shift and the weights of rate and yield at each price point."""
    for i in range(_N_NODES):
        square[i] = boundary[i] * boundary[i]
    rate_time = put.rate * put.time
    yield_time = put.dividend_yield * put.time
    for k in range(_N_PRICE_POINTS):
        y = PRICE_POINT[k]
        log_boundary = interpolate(PRICE_INTERPOLATION[k], square) + put.log_start
        premium[0, k] = put.inverse_deviation * (1.0 / y)
        premium[1, k] = put.tilt * y - log_boundary * premium[0, k]
        premium[2, k] = rate_time * PRICE_WEIGHT[k] * math.exp(rate_time * (-y * y))
        if has_yield:
            premium[3, k] = yield_time * PRICE_WEIGHT[k] * math.exp(yield_time * (-y * y))


@jit
def premium_at_spot(
    has_yield: bool, premium: F64, put: PutTerms, log_spot: float, strike: float, spot: float
) -> float:
    """Premium of early exercise at a spot whose log over the strike is `log_spot`."""
    sum_rate = 0.0
    sum_yield = 0.0
    for k in range(_N_PRICE_POINTS):
        d2 = log_spot * premium[0, k] + premium[1, k]
        sum_rate += premium[2, k] * norm_cdf_coarse(-d2)
        if has_yield:
            d1 = d2 + put.deviation * PRICE_POINT[k]
            sum_yield += premium[3, k] * norm_cdf_coarse(-d1)
    return strike * sum_rate - spot * sum_yield


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
def batch_of(sign: int, volatility: float, rate: float, dividend_yield: float, time: float) -> int:
    """0 or 1: fixed point A without or with a yield; 2 or 3: fixed point B."""
    r, q = (dividend_yield, rate) if sign > 0 else (rate, dividend_yield)
    deviation = volatility * math.sqrt(time)
    drift = (r - q) * time
    is_steep = (
        deviation < _LEAST_DEVIATION
        or drift > _STEEP_DRIFT * deviation
        or drift < -_STEEP_FALL * deviation
    )
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
    boundary: F64,
    square: F64,
    premium: F64,
    value: F64,
) -> None:
    """Fill in the values of one series at its spots; the twin of value_lanes."""
    is_steep, has_yield = batch >= 2, batch % 2 == 1
    put = put_terms(sign, volatility, rate, dividend_yield, time)
    european = european_terms(strike, volatility, rate, dividend_yield, time)
    solve_boundary(is_steep, has_yield, put, boundary, square)
    premium_terms(has_yield, put, boundary, square, premium)
    log_exercise = boundary[0] + put.log_start
    log_strike = math.log(strike)
    without_source = volatility - volatility  # 0, or NaN without volatility
    is_certain = volatility * math.sqrt(time) < _LEAST_DEVIATION
    for j in range(spot.shape[0]):
        put_strike, put_spot = (spot[j], strike) if sign > 0 else (strike, spot[j])
        intrinsic = max(put_strike - put_spot, 0.0)
        log_spot = math.log(spot[j]) if spot[j] > 0.0 else 0.0
        put_log_spot = sign * (log_strike - log_spot)
        if spot[j] <= 0.0 or put_log_spot <= log_exercise:
            value[j] = intrinsic + without_source
            continue
        early = premium_at_spot(has_yield, premium, put, put_log_spot, put_strike, put_spot)
        least = intrinsic
        if is_steep:
            early = 0.0 if is_certain else early
            least = certain_value(put, put_log_spot, put_strike, put_spot)
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
    boundary = np.empty(_N_NODES)
    square = np.empty(_N_NODES)
    premium = np.empty((4, _N_PRICE_POINTS))
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
            boundary,
            square,
            premium,
            value[row],
        )
