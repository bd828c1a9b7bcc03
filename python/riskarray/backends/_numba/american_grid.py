"""American options on a grid; the twin of cpp/src/isa/american_grid.cpp, which gives the method."""

import math
from typing import Final

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.certain_exercise import certain_value
from riskarray.backends._numba.european_value import european_value
from riskarray.backends._numba.exercise_grid import (
    FEW_NODES,
    MOST_NODES,
    Field,
    Grid,
    all_steps,
    extent_of,
    make_grid,
    min_steps,
    n_dividends,
    nodes_for,
)
from riskarray.backends._numba.grid_step import solve
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.lanes import dividend_value

__all__ = ["american_grid"]

_NEARLY_CERTAIN: Final = 5e-3  # deviation
_MOST_ADDED: Final = 0.81
_LANES: Final = 64  # long enough rows for the compiler's loops over lanes


@jit
def interpolate(u: F64, v: F64, place: float, lane: int) -> float:
    """American less European u at a place counted in nodes, cubic between them."""
    last = u.shape[0] - 3.0
    node = min(max(math.floor(place), 1.0), last) if place == place else 1.0  # noqa: PLR0124  # NaN
    i = int(node)
    u0 = u[i - 1, lane] - v[i - 1, lane]
    u1 = u[i, lane] - v[i, lane]
    u2 = u[i + 1, lane] - v[i + 1, lane]
    u3 = u[i + 2, lane] - v[i + 2, lane]
    s = place - node
    outer = s * (s - 1.0) * ((s + 1.0) * u3 - (s - 2.0) * u0)
    inner = (s + 1.0) * (s - 2.0) * ((s - 1.0) * u1 - s * u2)
    value: float = outer * (1.0 / 6.0) + inner * 0.5
    return value


@jit
def add_premium(
    grid: Grid,
    lane: int,
    sign: int,
    strike: float,
    volatility: float,
    rate: float,
    dividend_yield: float,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    underlying: int,
    spot: F64,
    value: F64,
) -> None:
    """Turn the European values of one series into American ones, at every spot."""
    terms = grid.terms
    time = terms[Field.TIME, lane]
    bond = math.exp(-rate * time)
    stock = math.exp(-dividend_yield * time)
    dividends = terms[Field.PRESENT_DIVIDENDS, lane]
    deviation = volatility * math.sqrt(time)
    is_nearly = deviation < _NEARLY_CERTAIN
    series = (sign, strike, rate, dividend_yield, time)
    market = (dividend_offset, dividend_time, dividend_amount, underlying)
    at_most = math.exp(max((rate - dividend_yield) * time, 0.0))
    is_above = sign > 0 and dividends * at_most > strike
    on_dividends = certain_value(*series, *market, dividends, dividends) if is_above else 0.0
    growth = max(stock, 1.0)
    added = _MOST_ADDED * deviation * growth
    for j in range(spot.shape[0]):
        escrowed = max(spot[j] - dividends, 0.0)
        x = escrowed / strike
        numeraire = strike * (bond if sign < 0 else x * stock)
        log_x = math.log(x) if x > 0.0 else -math.inf
        place = terms[Field.DRIFT, lane] - sign * log_x - terms[Field.FIRST, lane]
        place /= terms[Field.SPACING, lane]
        american = value[j]
        is_outside = place < 0.0 or place > grid.american.shape[0] - 1.0
        if not is_outside:
            premium = numeraire * interpolate(grid.american, grid.european, place, lane)
            american += 0.0 if premium < 0.0 else premium
        if is_outside or is_nearly:
            certain = certain_value(*series, *market, spot[j], dividends)
            most = certain + added * escrowed
            american = most if is_nearly and most < american else american
            american = certain if certain > american else american
        if sign > 0:
            # A call is worth no more than the share and what is due of its dividends. When these
            # are worth more than the spot, they cannot all be paid: it loses what is missing.
            most = escrowed * growth + on_dividends
            american = most if most < american else american
            american -= max(dividends - spot[j], 0.0) * growth
        exercise = max(sign * (spot[j] - strike), 0.0)
        value[j] = exercise if american < exercise else american


@jit
def sort_by_work(
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
    rows: I32,
) -> tuple[I32, int]:
    """Sort rows so that the lanes of a group end together; the first ones take few nodes."""
    key = np.empty(rows.shape[0], dtype=np.int64)
    n_narrow = 0
    for k in range(rows.shape[0]):
        i = rows[k]
        time = time_to_expiry[i]
        dividends = n_dividends(dividend_offset, dividend_time, underlying[i], time)
        present = dividend_value(
            dividend_offset,
            dividend_time,
            dividend_amount,
            underlying[i],
            rate[i] - dividend_yield[i],
            time,
        )
        bottom, top, deviation = extent_of(
            right[i], rate[i], dividend_yield[i], time, volatility[i], present / strike[i]
        )
        is_wide = nodes_for(bottom, top, deviation) > FEW_NODES
        steps = all_steps(right[i], rate[i], dividend_yield[i], deviation)
        work = int(steps + dividends * min_steps(dividends))
        key[k] = (1 << 62 if is_wide else 0) + (work << 16) + k
        n_narrow += 0 if is_wide else 1
    key.sort()
    return rows[key & 0xFFFF], n_narrow


@jit
def american_grid(
    spot: F64,
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
    rows: I32,
    value: F64,
) -> None:
    """Fill ``value[row]`` at every spot for each of the rows listed."""
    european_value(
        spot,
        underlying,
        right,
        strike,
        volatility,
        rate,
        dividend_yield,
        time_to_expiry,
        dividend_offset,
        dividend_time,
        dividend_amount,
        rows,
        value,
    )
    ordered, n_narrow = sort_by_work(
        underlying,
        right,
        strike,
        volatility,
        rate,
        dividend_yield,
        time_to_expiry,
        dividend_offset,
        dividend_time,
        dividend_amount,
        rows,
    )
    begin = 0
    while begin < ordered.shape[0]:
        end = min(begin + _LANES, n_narrow if begin < n_narrow else ordered.shape[0])
        group = ordered[begin:end]
        grid = make_grid(
            FEW_NODES if begin < n_narrow else MOST_NODES,
            group,
            underlying,
            right,
            strike,
            volatility,
            rate,
            dividend_yield,
            time_to_expiry,
            dividend_offset,
            dividend_time,
            dividend_amount,
        )
        solve(
            grid,
            group,
            underlying,
            strike,
            rate,
            dividend_yield,
            dividend_offset,
            dividend_time,
            dividend_amount,
        )
        for lane in range(group.shape[0]):
            i = group[lane]
            add_premium(
                grid,
                lane,
                right[i],
                strike[i],
                volatility[i],
                rate[i],
                dividend_yield[i],
                dividend_offset,
                dividend_time,
                dividend_amount,
                underlying[i],
                spot[underlying[i]],
                value[i],
            )
        begin = end
