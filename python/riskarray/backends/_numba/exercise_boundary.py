"""The exercise boundary at its nodes; the twin of cpp/src/isa/exercise_boundary.hpp.

One series at a time. Loops run over the nodes, or over the points of all nodes with the nodes side
by side; both are padded to whole vectors and run to the end of the array, so that they vectorise.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.boundary_rule import (
    N_ITERATIONS,
    N_NODES,
    N_POINTS,
    N_STEEP_ITERATIONS,
    N_YIELD_ITERATIONS,
    NODE,
    NODE_LOG,
    POINT,
    POINT_ROOT,
    POINT_WEIGHT,
    SOLVE_INTERPOLATION,
)
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.math import exp_coarse, norm_cdf, norm_cdf_coarse

__all__ = [
    "LEAST_DEVIATION",
    "SQRT_2",
    "PutTerms",
    "Work",
    "interpolate",
    "new_work",
    "padded",
    "put_terms",
    "solve_boundary",
    "squares",
]

SQRT_2: Final = 1.41421356237309504880
SQRT_PI: Final = 1.77245385090551602730
LEAST_DEVIATION: Final = 1e-7
LEAST_SQUARE: Final = 1e-200
N_PADDED: Final = 8  # nodes, two of them without a use


def padded(values: F64, size: int, fill: float) -> F64:
    """Return `values` with `fill` up to `size` along the last axis."""
    width = [(0, 0)] * (values.ndim - 1) + [(0, size - values.shape[-1])]
    return np.pad(values, width, constant_values=fill)


_NODE: Final = padded(NODE, N_PADDED, 1.0)
_NODE_LOG: Final = padded(NODE_LOG, N_PADDED, 0.0)
# By point and node, flat: roots of time as shares of the root of the time to expiry.
_REACH: Final = np.outer(POINT, _NODE).ravel()
_INVERSE_REACH: Final = 1.0 / _REACH
_REST: Final = (np.outer(POINT_ROOT, _NODE) ** 2).ravel()
_INTERPOLATION: Final = np.ascontiguousarray(
    padded(SOLVE_INTERPOLATION.transpose(2, 1, 0), N_PADDED, 0.0).reshape(N_NODES, -1)
)
_AREA: Final = POINT_WEIGHT * POINT


class PutTerms(NamedTuple):
    """The put that a series is, strike 1; the fields are those of the C++ twin."""

    time: float
    rate: float
    dividend_yield: float
    deviation: float
    scale: float
    tilt: float
    log_start: float


class Work(NamedTuple):
    """Arrays that every series uses again."""

    boundary: F64  # (N_PADDED,)
    rate_sum: F64
    yield_sum: F64
    cdf_sum: F64
    h: F64  # (N_POINTS * N_PADDED,)


@jit
def new_work() -> Work:
    """Allocate the arrays."""
    return Work(
        np.zeros(N_PADDED),
        np.zeros(N_PADDED),
        np.zeros(N_PADDED),
        np.zeros(N_PADDED),
        np.zeros(N_POINTS * N_PADDED),
    )


@jit
def put_terms(
    sign: int, volatility: float, rate: float, dividend_yield: float, time: float
) -> PutTerms:
    """Exchange rate and yield for a call."""
    put_rate, put_yield = (dividend_yield, rate) if sign > 0 else (rate, dividend_yield)
    deviation = max(volatility * math.sqrt(time), LEAST_DEVIATION) * (1.0 / SQRT_2)
    scale = 0.5 / deviation
    tilt = (put_rate - put_yield) * time * scale - 0.5 * deviation
    log_start = math.log(put_rate / put_yield) if put_yield > put_rate else 0.0
    return PutTerms(time, put_rate, put_yield, deviation, scale, tilt, log_start)


@jit
def guess_boundary(has_yield: bool, put: PutTerms, boundary: F64) -> None:
    """Fill in a first boundary."""
    variance = 2.0 * put.deviation * put.deviation
    carry = (put.rate - put.dividend_yield) * put.time
    half_slope = carry / variance - 0.5
    product = 2.0 * put.rate * put.time / variance
    root = math.sqrt(half_slope * half_slope + product)
    exponent = -half_slope - root if half_slope > 0.0 else -product / (root - half_slope)
    level = max(exponent / (exponent - 1.0), 1e-308)
    perpetual = min(math.log(level) - put.log_start, -1e-12)
    pull = max(carry, 0.0) + max(put.dividend_yield * put.time, 0.0) * (SQRT_2 * put.deviation)
    log_pull = math.log(max(pull * (SQRT_2 * put.scale), 1e-6))
    far = put.log_start * put.scale
    for i in range(boundary.shape[0]):
        pace = 0.663 - 0.294 * (log_pull + _NODE_LOG[i])
        if has_yield:
            nodes_far = far / _NODE[i]
            pace *= exp_coarse(nodes_far * nodes_far * (-2.0 / 3.0))
        pace = max(pace + 0.655, 0.6)
        paced = pace * put.deviation * (SQRT_2 * _NODE[i]) / perpetual
        boundary[i] = perpetual * (1.0 - exp_coarse(paced))


@jit
def interpolate(weight: F64, p: int, square: tuple[float, ...]) -> float:
    """Boundary between the nodes from the squares at the nodes."""
    total = weight[0, p] * square[0]
    total += weight[1, p] * square[1]
    total += weight[2, p] * square[2]
    total += weight[3, p] * square[3]
    total += weight[4, p] * square[4]
    total += weight[5, p] * square[5]
    total += weight[6, p] * square[6]
    return -math.sqrt(max(total, LEAST_SQUARE))


@jit
def squares(b: F64) -> tuple[float, ...]:
    """Squares of the boundary at the nodes."""
    return (
        b[0] * b[0],
        b[1] * b[1],
        b[2] * b[2],
        b[3] * b[3],
        b[4] * b[4],
        b[5] * b[5],
        b[6] * b[6],
    )


@jit
def point_deviations(put: PutTerms, boundary: F64, h: F64) -> None:
    """Fill in h2 at the points of all nodes."""
    square = squares(boundary)
    for k in range(N_POINTS):
        for i in range(boundary.shape[0]):
            p = k * N_PADDED + i
            earlier = interpolate(_INTERPOLATION, p, square)
            shift = put.tilt * _REACH[p]
            h[p] = (boundary[i] - earlier) * (put.scale * _INVERSE_REACH[p]) + shift


@jit
def sum_densities(time: float, h: F64, total: F64) -> None:
    """Sum weight times e^(growth - h^2) over the points of each node."""
    for i in range(total.shape[0]):
        total[i] = 0.0
    for k in range(N_POINTS):
        width = POINT_WEIGHT[k]
        for i in range(total.shape[0]):
            p = k * N_PADDED + i
            total[i] += width * exp_coarse(time * _REST[p] - h[p] * h[p])


@jit
def sum_cdfs(time: float, h: F64, total: F64) -> None:
    """Sum area times e^growth Phi(sqrt(2) h) over the points of each node."""
    for i in range(total.shape[0]):
        total[i] = 0.0
    for k in range(N_POINTS):
        area = _AREA[k]
        for i in range(total.shape[0]):
            p = k * N_PADDED + i
            total[i] += area * (exp_coarse(time * _REST[p]) * norm_cdf_coarse(h[p]))


@jit
def node_sums(
    is_steep: bool,
    has_yield: bool,
    put: PutTerms,
    boundary: F64,
    rate_sum: F64,
    yield_sum: F64,
    cdf_sum: F64,
    h: F64,
) -> None:
    """Fill in the quadratures of the equation of each node."""
    rate_time, yield_time = put.rate * put.time, put.dividend_yield * put.time
    point_deviations(put, boundary, h)
    if is_steep:
        sum_cdfs(rate_time, h, rate_sum)
    else:
        sum_densities(rate_time, h, rate_sum)
    if has_yield:
        for p in range(h.shape[0]):
            h[p] += put.deviation * _REACH[p]  # now h1
        if is_steep:
            sum_cdfs(yield_time, h, yield_sum)
        else:
            sum_densities(yield_time, h, yield_sum)
            sum_cdfs(yield_time, h, cdf_sum)


@jit
def boundary_step(
    numerator: float,
    denominator: float,
    numerator_slope: float,
    denominator_slope: float,
    gap: float,
) -> float:
    """One step of the fixed point for ln(B/K), over 1 - J with J the slope of ln(N / D)."""
    wanted = numerator * gap
    z = (wanted - denominator) / (wanted + denominator)
    z2 = z * z
    step = 2.0 * z * (1.0 + z2 * (1.0 / 3.0 + z2 * (1.0 / 5.0)))
    product = numerator * denominator
    slope = numerator_slope * denominator - denominator_slope * numerator
    return step * (product / (product - min(slope, 0.6 * product)))


@jit
def step_a(put: PutTerms, boundary: F64, rate_sum: F64, yield_sum: F64, cdf_sum: F64) -> None:
    """Move the boundary by a step of fixed point A; the A half of node_ratio in the C++ twin."""
    for i in range(boundary.shape[0]):
        root = _NODE[i]
        log_boundary = boundary[i] + put.log_start
        rate_time = put.rate * put.time * (root * root)
        yield_time = put.dividend_yield * put.time * (root * root)
        scale = put.scale / root
        gap = exp_coarse(-((rate_time - yield_time) + log_boundary))
        h2 = log_boundary * scale + put.tilt * root
        h1 = h2 + put.deviation * root
        density2 = exp_coarse(-h2 * h2)
        density1 = density2 * gap
        slope = -2.0 * h2 * scale
        cdf = norm_cdf_coarse(h1) + yield_time * cdf_sum[i]
        step = boundary_step(
            density2 + rate_time * rate_sum[i],
            density1 + (2.0 * SQRT_PI) * (put.deviation * root) * cdf + yield_time * yield_sum[i],
            slope * density2,
            slope * density1,
            gap,
        )
        boundary[i] = min(boundary[i] + step, 0.0)


@jit
def step_b(put: PutTerms, boundary: F64, rate_sum: F64, yield_sum: F64) -> None:
    """Move the boundary by a step of fixed point B; the B half of node_ratio in the C++ twin."""
    for i in range(N_NODES):
        root = _NODE[i]
        log_boundary = boundary[i] + put.log_start
        rate_time = put.rate * put.time * (root * root)
        yield_time = put.dividend_yield * put.time * (root * root)
        scale = put.scale / root
        gap = exp_coarse(-((rate_time - yield_time) + log_boundary))
        h2 = log_boundary * scale + put.tilt * root
        h1 = h2 + put.deviation * root
        slope = (1.0 / SQRT_PI) * scale * exp_coarse(-h2 * h2)
        step = boundary_step(
            norm_cdf(SQRT_2 * h2) + rate_time * rate_sum[i],
            norm_cdf(SQRT_2 * h1) + yield_time * yield_sum[i],
            slope,
            slope * gap,
            gap,
        )
        boundary[i] = min(boundary[i] + step, 0.0)


@jit
def solve_boundary(is_steep: bool, has_yield: bool, put: PutTerms, work: Work) -> None:
    """Fill in the boundary at the nodes."""
    boundary, rate_sum, yield_sum, cdf_sum, h = work
    for i in range(boundary.shape[0]):
        yield_sum[i] = 0.0
        cdf_sum[i] = 0.0
    guess_boundary(has_yield, put, boundary)
    count = N_YIELD_ITERATIONS if has_yield else N_ITERATIONS
    for _ in range(N_STEEP_ITERATIONS if is_steep else count):
        node_sums(is_steep, has_yield, put, boundary, rate_sum, yield_sum, cdf_sum, h)
        if is_steep:
            step_b(put, boundary, rate_sum, yield_sum)
        else:
            step_a(put, boundary, rate_sum, yield_sum, cdf_sum)
