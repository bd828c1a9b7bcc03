"""Terms, nodes and time segments of the grid; the twin of cpp/src/isa/exercise_grid.hpp.

The lanes of a group are the last axis of every array.
"""

import math
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.lanes import dividend_value

__all__ = [
    "FEW_NODES",
    "MOST_NODES",
    "Field",
    "Grid",
    "all_steps",
    "exercise_at",
    "extent_of",
    "keep_certain",
    "make_grid",
    "min_steps",
    "n_dividends",
    "next_segment",
    "nodes_for",
]

FEW_NODES: Final = 192
MOST_NODES: Final = 256
_NODES_PER_DEVIATION: Final = 20.0
_WIDTH: Final = 3.5
_DEEPEST: Final = -1.3862943611198906
_MOST_DEPTH: Final = 19.0
_MOST_DEVIATION: Final = 10.0
_LEAST_DEVIATION: Final = 1e-8
_LEAST_STEPS: Final = 48.0
_MOST_STEPS: Final = 96.0
_MOST_SHORT: Final = 12.0
_LEAST_SHORT: Final = 3.0
_SHARED_STEPS: Final = 40.0


class Field(IntEnum):
    """Rows of `Grid.terms`; the names are those of the C++ twin."""

    IS_CALL = 0
    NUMERAIRE_RATE = 1
    ASSET_RATE = 2
    HALF_VARIANCE = 3
    TIME = 4
    DRIFT = 5
    FIRST = 6
    SPACING = 7
    ALL_STEPS = 8
    MIN_STEPS = 9
    BEGIN = 10
    END = 11
    STEPS = 12
    DONE = 13
    DIVIDENDS = 14
    PRESENT_DIVIDENDS = 15
    NEAR_LEVEL = 16  # the best so far if the path from the first or last node were certain
    NEAR_SLOPE = 17
    FAR_LEVEL = 18
    FAR_SLOPE = 19


_N_FIELDS: Final = len(Field)


class Grid(NamedTuple):
    """State of one lane group."""

    american: F64  # (nodes, lanes)
    european: F64
    exp_z: F64
    terms: F64  # (fields, lanes)
    next_dividend: I64  # (lanes,)


@jit
def exercise_at(terms: F64, tau: float, lane: int) -> tuple[float, float]:
    """Level and slope of exercise at time to go `tau`, with the frame's growth divided out."""
    numeraire = math.exp(terms[Field.NUMERAIRE_RATE, lane] * tau)
    asset = math.exp(terms[Field.ASSET_RATE, lane] * tau)
    on_call = terms[Field.DIVIDENDS, lane] * terms[Field.IS_CALL, lane]
    on_put = terms[Field.DIVIDENDS, lane] - on_call
    return numeraire - on_put * asset, asset - on_call * numeraire


@jit
def keep_better(terms: F64, row: int, level: float, slope: float, e: float, lane: int) -> None:
    """Keep the better of two times of exercise on the certain path from e, at two rows of terms."""
    if level - slope * e > terms[row, lane] - terms[row + 1, lane] * e:
        terms[row, lane] = level
        terms[row + 1, lane] = slope


@jit
def keep_certain(
    terms: F64, exp_z: F64, level: float, slope: float, growth: float, lane: int
) -> None:
    """Keep the better time of exercise at the first and the last node."""
    keep_better(terms, Field.NEAR_LEVEL, level, slope, exp_z[0, lane] * growth, lane)
    keep_better(terms, Field.FAR_LEVEL, level, slope, exp_z[-1, lane] * growth, lane)


@jit
def last_dividend(dividend_offset: I64, dividend_time: F64, underlying: int, time: float) -> int:
    """Row of the last dividend no later than `time`, or the one before the first."""
    k: int = dividend_offset[underlying + 1] - 1
    while k >= dividend_offset[underlying] and dividend_time[k] > time:
        k -= 1
    return k


@jit
def n_dividends(dividend_offset: I64, dividend_time: F64, underlying: int, time: float) -> int:
    """Count the dividends after now and no later than `time`."""
    last = last_dividend(dividend_offset, dividend_time, underlying, time)
    return last - last_dividend(dividend_offset, dividend_time, underlying, 0.0)


@jit
def min_steps(dividends: int) -> float:
    """Return the least number of steps of a segment."""
    share: float = np.rint(_SHARED_STEPS / (dividends + 1))
    return max(_LEAST_SHORT, min(_MOST_SHORT, share))


@jit
def has_two_boundaries(right: int, rate: float, dividend_yield: float) -> bool:
    """Exercise between two boundaries: a put with q < r < 0, a call with r < q < 0."""
    if right < 0:
        return dividend_yield < rate < 0.0
    return rate < dividend_yield < 0.0


@jit
def all_steps(right: int, rate: float, dividend_yield: float, deviation: float) -> float:
    """Steps over the whole time of one series."""
    share = deviation if deviation < 1.0 else 1.0
    steps: float = np.rint(_LEAST_STEPS + (_MOST_STEPS - _LEAST_STEPS) * share)
    return 2.0 * steps if has_two_boundaries(right, rate, dividend_yield) else steps


@jit
def deepest(right: int, rate: float, dividend_yield: float, has_dividends: bool) -> float:
    """How far in the money the time of exercise depends on the spot; the C++ twin says why."""
    numeraire = rate if right < 0 else dividend_yield
    asset = dividend_yield if right < 0 else rate
    sign = -1.0 if numeraire < 0.0 else 1.0
    if sign * numeraire < 1e-5 or sign * asset < 1e-5:
        return 0.0
    if right < 0 and has_dividends:
        return _DEEPEST
    return max(min(math.log(numeraire / asset), 0.0), _DEEPEST)


@jit
def next_segment(
    terms: F64,
    next_dividend: I64,
    lane: int,
    strike: float,
    growth: float,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    underlying: int,
) -> None:
    """Move a lane to its next segment; all dividends due at its beginning are taken up."""
    begin = terms[Field.END, lane]
    first = dividend_offset[underlying]
    k = next_dividend[lane]
    end = terms[Field.TIME, lane]
    while k >= first and dividend_time[k] > 0.0:
        tau = terms[Field.TIME, lane] - dividend_time[k]
        if tau > begin:
            end = tau
            break
        terms[Field.DIVIDENDS, lane] += dividend_amount[k] / strike * math.exp(growth * tau)
        k -= 1
    next_dividend[lane] = k
    terms[Field.BEGIN, lane] = begin
    terms[Field.END, lane] = end
    terms[Field.DONE, lane] = 0.0
    share = np.rint(terms[Field.ALL_STEPS, lane] * (end - begin) / terms[Field.TIME, lane])
    terms[Field.STEPS, lane] = max(terms[Field.MIN_STEPS, lane], share)


@jit
def extent_of(
    right: int,
    rate: float,
    dividend_yield: float,
    time: float,
    volatility: float,
    share: float,
) -> tuple[float, float, float]:
    """Return z of the first and the last node, and the deviation; the C++ twin says why."""
    sign = 1.0 if right < 0 else -1.0
    deviation = min(max(volatility * math.sqrt(time), _LEAST_DEVIATION), _MOST_DEVIATION)
    drift = sign * (rate - dividend_yield) * time - 0.5 * deviation * deviation
    ex_dividends = max(math.log(max(1.0 - share, 0.01)), _DEEPEST)
    on_put = ex_dividends if right < 0 else 0.0
    on_call = 0.0 if right < 0 else ex_dividends
    depth = deepest(right, rate, dividend_yield, share > 0.0)
    deep = max(min(depth, on_put), on_put - _MOST_DEPTH * deviation)
    bottom = deep + min(drift, 0.0) - _WIDTH * deviation
    top = max(drift, 0.0) - on_call + _WIDTH * deviation
    return bottom, top, deviation


@jit
def nodes_for(bottom: float, top: float, deviation: float) -> int:
    """Number of nodes of one series."""
    need = _NODES_PER_DEVIATION * (top - bottom) / deviation
    return MOST_NODES if need > FEW_NODES else FEW_NODES


@jit
def set_nodes(grid: Grid, lane: int, bottom: float, top: float) -> None:
    """Lay the nodes of one lane; they depend on the series alone."""
    h = (top - bottom) / (grid.exp_z.shape[0] - 1.0)
    grid.terms[Field.SPACING, lane] = h
    grid.terms[Field.FIRST, lane] = bottom
    ratio = math.exp(h)
    e = math.exp(bottom)
    for i in range(grid.exp_z.shape[0]):
        grid.exp_z[i, lane] = e
        grid.american[i, lane] = grid.european[i, lane] = max(1.0 - e, 0.0)
        e *= ratio


@jit
def make_grid(
    nodes: int,
    rows: I32,
    underlying: I32,
    right: I8,
    strike: F64,
    volatility: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
) -> Grid:
    """Return the grid of the series in `rows`, one lane each, at expiry."""
    lanes = rows.shape[0]
    terms = np.zeros((_N_FIELDS, lanes))
    terms[Field.NEAR_LEVEL] = 1.0
    terms[Field.NEAR_SLOPE] = 1.0
    terms[Field.FAR_LEVEL] = 1.0
    terms[Field.FAR_SLOPE] = 1.0
    grid = Grid(
        np.empty((nodes, lanes)),
        np.empty((nodes, lanes)),
        np.empty((nodes, lanes)),
        terms,
        np.empty(lanes, dtype=np.int64),
    )
    for lane in range(lanes):
        i = rows[lane]
        u = underlying[i]
        time = time_to_expiry[i]
        is_put = right[i] < 0
        terms[Field.IS_CALL, lane] = 0.0 if is_put else 1.0
        numeraire_rate = rate[i] if is_put else dividend_yield[i]
        asset_rate = dividend_yield[i] if is_put else rate[i]
        terms[Field.NUMERAIRE_RATE, lane] = numeraire_rate
        terms[Field.ASSET_RATE, lane] = asset_rate
        terms[Field.TIME, lane] = time
        deviation = min(volatility[i] * math.sqrt(time), _MOST_DEVIATION)
        half_variance = 0.5 * deviation * deviation / time
        terms[Field.HALF_VARIANCE, lane] = half_variance
        terms[Field.DRIFT, lane] = (numeraire_rate - asset_rate - half_variance) * time
        dividends = n_dividends(dividend_offset, dividend_time, u, time)
        terms[Field.ALL_STEPS, lane] = all_steps(right[i], rate[i], dividend_yield[i], deviation)
        terms[Field.MIN_STEPS, lane] = min_steps(dividends)
        grid.next_dividend[lane] = last_dividend(dividend_offset, dividend_time, u, time)
        present = dividend_value(
            dividend_offset,
            dividend_time,
            dividend_amount,
            u,
            rate[i] - dividend_yield[i],
            time,
        )
        terms[Field.PRESENT_DIVIDENDS, lane] = present
        bottom, top, _ = extent_of(
            right[i], rate[i], dividend_yield[i], time, volatility[i], present / strike[i]
        )
        set_nodes(grid, lane, bottom, top)
    return grid
