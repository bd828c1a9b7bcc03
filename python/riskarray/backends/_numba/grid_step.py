"""The steps in time of the grid; the twin of cpp/src/isa/grid_step.hpp."""

import math

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

__all__ = ["solve"]


@jit
def elapsed(done: float, steps: float) -> float:
    """Share of a segment after some of its steps, which are shorter near its beginning."""
    f = min(done / steps, 1.0)
    return f * math.sqrt(f)


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
def set_ends(step: F64, grid: Grid, growth: float, is_moving: bool, lane: int) -> None:
    """Fill the first and last values of the recursions."""
    back = step[0, lane]
    first = grid.exp_z[0, lane] * growth
    last = grid.exp_z[-1, lane] * growth
    before = grid.exp_z[-2, lane] * growth
    far_level = grid.terms[Field.FAR_LEVEL, lane]
    far_slope = grid.terms[Field.FAR_SLOPE, lane]
    american = max(far_level - far_slope * last, 0.0)
    european = max(1.0 - last, 0.0)
    american -= back * max(far_level - far_slope * before, 0.0)
    european -= back * max(1.0 - before, 0.0)
    near_level = grid.terms[Field.NEAR_LEVEL, lane]
    near_slope = grid.terms[Field.NEAR_SLOPE, lane]
    step[5, lane] = max(near_level - near_slope * first, 0.0)
    step[6, lane] = american if is_moving else grid.american[-1, lane]
    step[7, lane] = max(1.0 - first, 0.0)
    step[8, lane] = european if is_moving else grid.european[-1, lane]


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
        set_ends(step, grid, growth, tau > before, lane)
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
