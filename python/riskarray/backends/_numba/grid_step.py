"""The steps in time of the grid; the twin of cpp/src/isa/grid_step.hpp."""

import math
from typing import Final

import numpy as np

from riskarray.array_types import F64, I32, I64, Bool
from riskarray.backends._numba.exercise_grid import (
    Field,
    Grid,
    exercise_at,
    keep_certain,
    next_segment,
)
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.math import norm_cdf_coarse

__all__ = ["solve"]

_INV_SQRT2: Final = 0.70710678118654752440
_ROUGH: Final = 4.0  # nodes of deviation up to which the European is put right at an ex-date


@jit
def elapsed(done: float, steps: float) -> float:
    """Share of a segment after some of its steps, which are shorter near its beginning."""
    f = min(done / steps, 1.0)
    return f * math.sqrt(f)


@jit
def exact_european(terms: F64, i: int, forward: float, deviation: float, lane: int) -> float:
    """European u at a node where e^z times the growth of the frame is `forward`."""
    z = terms[Field.FIRST, lane] + i * terms[Field.SPACING, lane]
    d2 = z * (_INV_SQRT2 / max(deviation, 1e-300))
    value: float = norm_cdf_coarse(-d2) - forward * norm_cdf_coarse(-d2 - _INV_SQRT2 * deviation)
    return value


@jit
def correct_european(grid: Grid, lane: int) -> None:
    """Put the exact European in the place of the grid's; the C++ twin says why."""
    terms = grid.terms
    tau = terms[Field.END, lane]
    growth = math.exp(terms[Field.HALF_VARIANCE, lane] * tau)
    deviation = math.sqrt(2.0 * terms[Field.HALF_VARIANCE, lane] * tau)
    level, slope = exercise_at(terms, tau, lane)
    for i in range(grid.exp_z.shape[0]):
        forward = grid.exp_z[i, lane] * growth
        exact = exact_european(terms, i, forward, deviation, lane)
        now = level - slope * forward
        u = grid.american[i, lane]
        if u > now + 1e-12:
            grid.american[i, lane] = max(u + (exact - grid.european[i, lane]), now)
        grid.european[i, lane] = exact


@jit
def is_rough(terms: F64, lane: int) -> bool:
    """Whether the deviation from expiry to the end of the segment is a few nodes only."""
    tau = terms[Field.END, lane]
    h = terms[Field.SPACING, lane]
    variance = 2.0 * terms[Field.HALF_VARIANCE, lane] * tau
    is_near: bool = tau > 0.0 and variance < _ROUGH * _ROUGH * h * h
    return is_near


@jit
def exercise_at_node(u: F64, e: F64, now: F64, i: int) -> None:
    """Keep exercise where it is worth more, at one node."""
    for lane in range(u.shape[1]):
        u[i, lane] = max(u[i, lane], now[0, lane] - now[1, lane] * e[i, lane])


@jit
def enter(grid: Grid, is_entering: Bool) -> None:
    """Exercise just before an ex-date, with the dividend still to come."""
    terms = grid.terms
    now = np.zeros((2, is_entering.shape[0]))
    for lane in range(is_entering.shape[0]):
        now[0, lane] = -math.inf
        if is_entering[lane]:
            tau = terms[Field.BEGIN, lane]
            growth = math.exp(terms[Field.HALF_VARIANCE, lane] * tau)
            level, slope = exercise_at(terms, tau, lane)
            now[0, lane] = level
            now[1, lane] = slope * growth
            keep_certain(terms, grid.exp_z, level, slope, growth, lane)
    for i in range(grid.exp_z.shape[0]):
        exercise_at_node(grid.american, grid.exp_z, now, i)


@jit
def set_factors(step: F64, h: float, variance: float, lane: int) -> None:
    """Fill the factors of the recursions: back, side, middle; no length leaves u as it is."""
    step_length = variance / (h * h)
    compact = 1.0 / 12.0 if step_length > 0.0 else 0.0
    implicit = 0.5 * step_length - compact
    weight = 0.5 * step_length + compact
    scale = 2.0 / (1.0 + 2.0 * implicit + math.sqrt(1.0 + 4.0 * implicit))
    step[0, lane] = implicit * scale
    step[1, lane] = weight * scale
    step[2, lane] = (1.0 - 2.0 * weight) * scale


@jit
def set_ends(step: F64, grid: Grid, tau: float, growth: float, is_moving: bool, lane: int) -> None:
    """Fill the first and last values of the recursions."""
    terms = grid.terms
    end = grid.exp_z.shape[0] - 1
    back = step[0, lane]
    deviation = math.sqrt(2.0 * terms[Field.HALF_VARIANCE, lane] * tau)
    first = grid.exp_z[0, lane] * growth
    last = grid.exp_z[end, lane] * growth
    before = grid.exp_z[end - 1, lane] * growth
    european_first = exact_european(terms, 0, first, deviation, lane)
    european_last = exact_european(terms, end, last, deviation, lane)
    european_before = exact_european(terms, end - 1, before, deviation, lane)
    far_level = terms[Field.FAR_LEVEL, lane]
    far_slope = terms[Field.FAR_SLOPE, lane]
    american = max(far_level - far_slope * last, european_last)
    american -= back * max(far_level - far_slope * before, european_before)
    european = european_last - back * european_before
    near = terms[Field.NEAR_LEVEL, lane] - terms[Field.NEAR_SLOPE, lane] * first
    step[5, lane] = max(near, european_first)
    step[6, lane] = american if is_moving else grid.american[end, lane]
    step[7, lane] = european_first
    step[8, lane] = european if is_moving else grid.european[end, lane]


@jit
def next_step(grid: Grid, step: F64) -> None:
    """Fill the step of each lane: back, side, middle, level, slope, first and last values."""
    terms = grid.terms
    for lane in range(terms.shape[1]):
        begin = terms[Field.BEGIN, lane]
        length = terms[Field.END, lane] - begin
        steps = terms[Field.STEPS, lane]
        before = begin + length * elapsed(terms[Field.DONE, lane], steps)
        terms[Field.DONE, lane] = min(terms[Field.DONE, lane] + 1.0, steps)
        tau = begin + length * elapsed(terms[Field.DONE, lane], steps)
        half_variance = terms[Field.HALF_VARIANCE, lane]
        growth = math.exp(half_variance * tau)
        set_factors(step, terms[Field.SPACING, lane], half_variance * (tau - before), lane)
        level, slope = exercise_at(terms, tau, lane)
        keep_certain(terms, grid.exp_z, level, slope, growth, lane)
        set_ends(step, grid, tau, growth, tau > before, lane)
        step[3, lane] = level
        step[4, lane] = slope * growth


@jit
def eliminate_at(u: F64, swept: F64, step: F64, i: int) -> None:
    """One node of the recursion away from the exercise side."""
    for lane in range(u.shape[1]):
        swept[i, lane] = (
            step[1, lane] * (u[i + 1, lane] + u[i - 1, lane])
            + step[2, lane] * u[i, lane]
            + step[0, lane] * swept[i + 1, lane]
        )


@jit
def substitute_american(u: F64, swept: F64, e: F64, step: F64, i: int) -> None:
    """One node of the recursion back, with exercise."""
    for lane in range(u.shape[1]):
        u[i, lane] = max(
            swept[i, lane] + step[0, lane] * u[i - 1, lane],
            step[3, lane] - step[4, lane] * e[i, lane],
        )


@jit
def substitute_european(u: F64, swept: F64, step: F64, i: int) -> None:
    """One node of the recursion back."""
    for lane in range(u.shape[1]):
        u[i, lane] = swept[i, lane] + step[0, lane] * u[i - 1, lane]


@jit
def take_step(u: F64, v: F64, e: F64, swept_u: F64, swept_v: F64, step: F64) -> None:
    """Take one step of all lanes; u American, v European."""
    nodes = u.shape[0]
    swept_u[nodes - 1] = step[6]
    swept_v[nodes - 1] = step[8]
    for i in range(nodes - 2, 0, -1):
        eliminate_at(u, swept_u, step, i)
        eliminate_at(v, swept_v, step, i)
    u[0] = step[5]
    v[0] = step[7]
    for i in range(1, nodes):
        substitute_american(u, swept_u, e, step, i)
        substitute_european(v, swept_v, step, i)


@jit
def advance(
    grid: Grid,
    is_entering: Bool,
    rows: I32,
    underlying: I32,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
) -> bool:
    """Enter the next segment in the lanes that have done theirs; whether any has time left."""
    terms = grid.terms
    has_time = False
    for lane in range(rows.shape[0]):
        i = rows[lane]
        is_done = terms[Field.DONE, lane] >= terms[Field.STEPS, lane]
        is_entering[lane] = is_done and terms[Field.END, lane] < terms[Field.TIME, lane]
        if is_entering[lane]:
            if is_rough(terms, lane):
                correct_european(grid, lane)
            next_segment(
                terms,
                grid.next_dividend,
                lane,
                strike[i],
                rate[i] - dividend_yield[i],
                dividend_offset,
                dividend_time,
                dividend_amount,
                underlying[i],
            )
        has_time |= terms[Field.DONE, lane] < terms[Field.STEPS, lane]
    if is_entering.any():
        enter(grid, is_entering)
    return has_time


@jit
def solve(
    grid: Grid,
    rows: I32,
    underlying: I32,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
) -> None:
    """Step from expiry to now; a lane that is done takes steps of no length."""
    step = np.empty((9, rows.shape[0]))
    is_entering = np.empty(rows.shape[0], dtype=np.bool_)
    swept_u = np.empty_like(grid.american)
    swept_v = np.empty_like(grid.american)
    while advance(
        grid,
        is_entering,
        rows,
        underlying,
        strike,
        rate,
        dividend_yield,
        dividend_offset,
        dividend_time,
        dividend_amount,
    ):
        next_step(grid, step)
        take_step(grid.american, grid.european, grid.exp_z, swept_u, swept_v, step)
