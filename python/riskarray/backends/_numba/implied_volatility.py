"""Implied volatilities; the twin of cpp/src/implied_volatility.cpp."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.american_method import (
    BOUNDARY,
    DIVIDEND_CALL,
    EUROPEAN,
    GRID,
    steep_volatility,
)
from riskarray.backends._numba.block_value import PRICING_METHODS, choose_method
from riskarray.backends._numba.jit import for_blocks, jit
from riskarray.backends._numba.volatility_search import (
    FLOOR,
    IN_THE_MONEY,
    IS_SMOOTH,
    MONEYNESS,
    N_FIELDS,
    PRICE,
    SPOT,
    TIME,
    TURN,
    next_step,
    open_search,
)
from riskarray.backends._numba.volatility_start import american_volatility, european_volatility

__all__ = ["implied_volatility"]

_BLOCK = 4096  # large enough to make the calls from Python cheap
_AMERICAN = 2
_OPEN = -1
_BELOW_INTRINSIC, _ABOVE_BOUND, _NO_TIME, _NO_PRICE = 1, 2, 3, 4
_STARTS: Final[dict[int, Callable[..., None]]] = {
    EUROPEAN: european_volatility,
    BOUNDARY: american_volatility,
    GRID: european_volatility,
    DIVIDEND_CALL: european_volatility,
}


@jit
def bound(
    is_call: bool, spot: float, strike: float, rate: float, dividend_yield: float, time: float
) -> float:
    """No option is worth more than what it delivers, now or at expiry."""
    asset, decay = (spot, dividend_yield) if is_call else (strike, rate)
    return asset * max(1.0, math.exp(-decay * time))


@jit
def open_rows(
    price: F64,
    exercise: I8,
    spot: F64,
    underlying: I32,
    right: I8,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    volatility: F64,
    status: I8,
) -> None:
    """End the rows that need no search; the others get status -1."""
    for i in range(price.shape[0]):
        volatility[i] = math.nan
        full_spot = spot[underlying[i], 0]
        exercise_value = max(right[i] * (full_spot - strike[i]), 0.0)
        if math.isnan(price[i]):
            status[i] = _NO_PRICE
        elif not time_to_expiry[i] > 0.0:
            status[i] = _NO_TIME
        elif not price[i] > 0.0 or (exercise[i] == _AMERICAN and price[i] <= exercise_value):
            status[i] = _BELOW_INTRINSIC
        elif price[i] >= bound(
            right[i] > 0, full_spot, strike[i], rate[i], dividend_yield[i], time_to_expiry[i]
        ):
            status[i] = _ABOVE_BOUND
        else:
            status[i] = _OPEN


@jit
def open_searches(
    rows: I32,
    price: F64,
    exercise: I8,
    spot: F64,
    underlying: I32,
    right: I8,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    is_european: bool,
    is_smooth: bool,
    start: F64,
    search: F64,
    volatility: F64,
    status: I8,
) -> I32:
    """Turn starts into searches; return the rows that need one."""
    still_open = np.empty_like(rows)
    n_open = 0
    for row in rows:
        if start[row, 0] == 0.0:
            status[row] = _BELOW_INTRINSIC
            continue
        if is_european and start[row, 0] == math.inf:
            status[row] = _ABOVE_BOUND
            continue
        full_spot = spot[underlying[row], 0]
        exercise_value = 0.0
        if exercise[row] == _AMERICAN:
            exercise_value = max(right[row] * (full_spot - strike[row]), 0.0)
        search[row, :] = 0.0
        search[row, PRICE] = price[row]
        search[row, SPOT] = full_spot
        search[row, FLOOR] = max(start[row, 2], exercise_value)
        search[row, IN_THE_MONEY] = 1.0 if exercise_value > 0.0 else 0.0
        search[row, IS_SMOOTH] = 1.0 if is_smooth else 0.0
        search[row, MONEYNESS] = start[row, 3]
        search[row, TIME] = time_to_expiry[row]
        search[row, TURN] = steep_volatility(
            right[row], rate[row], dividend_yield[row], time_to_expiry[row]
        )
        volatility[row] = open_search(search[row], start[row, 0], start[row, 1])
        still_open[n_open] = row
        n_open += 1
    return still_open[:n_open]


@jit
def advance(rows: I32, search: F64, value: F64, volatility: F64, status: I8) -> I32:
    """Take one step of each search; return the rows that go on."""
    still_open = np.empty_like(rows)
    n_open = 0
    for row in rows:
        trial, is_done, why = next_step(search[row], volatility[row], value[row, 0])
        volatility[row] = trial
        if is_done:
            status[row] = why
        else:
            still_open[n_open] = row
            n_open += 1
    return still_open[:n_open]


def solve_block(
    price: F64,
    exercise: I8,
    spot: F64,
    underlying: I32,
    right: I8,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    volatility: F64,
    status: I8,
) -> None:
    """Solve one block of series, method by method."""
    terms = (underlying, right, strike, rate, dividend_yield, time_to_expiry)
    dividends = (dividend_offset, dividend_time, dividend_amount)
    open_rows(price, exercise, spot, *terms, volatility, status)
    method = choose_method(
        exercise, underlying, right, strike, rate, dividend_yield, time_to_expiry, *dividends
    )
    start = np.empty((price.shape[0], 4))
    search = np.empty((price.shape[0], N_FIELDS))
    value = np.empty((price.shape[0], 1))
    for code, price_rows in PRICING_METHODS:
        rows = np.flatnonzero((method == code) & (status == _OPEN)).astype(np.int32)
        if not rows.size:
            continue
        _STARTS[code](spot, *terms, *dividends, rows, price, start)
        rows = open_searches(
            rows,
            price,
            exercise,
            spot,
            underlying,
            right,
            strike,
            rate,
            dividend_yield,
            time_to_expiry,
            code == EUROPEAN,
            code in (EUROPEAN, BOUNDARY),
            start,
            search,
            volatility,
            status,
        )
        while rows.size:
            price_rows(
                spot,
                underlying,
                right,
                strike,
                volatility,
                rate,
                dividend_yield,
                time_to_expiry,
                *dividends,
                rows,
                value,
            )
            rows = advance(rows, search, value, volatility, status)


def implied_volatility(
    price: F64,
    exercise: I8,
    spot: F64,
    underlying: I32,
    right: I8,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    volatility: F64,
    status: I8,
    threads: int,
) -> None:
    """See `riskarray.kernels.implied_volatility`."""

    def work(begin: int, end: int) -> None:
        part = slice(begin, end)
        solve_block(
            price[part],
            exercise[part],
            spot,
            underlying[part],
            right[part],
            strike[part],
            rate[part],
            dividend_yield[part],
            time_to_expiry[part],
            dividend_offset,
            dividend_time,
            dividend_amount,
            volatility[part],
            status[part],
        )

    for_blocks(price.shape[0], _BLOCK, threads, work)
