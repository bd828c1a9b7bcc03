"""How an American series is priced; the twin of cpp/src/american_method.hpp."""

import math
from typing import Final

from riskarray.array_types import F64, I64
from riskarray.backends._numba.exercise_dates import MOST_DATES, exercise_dates
from riskarray.backends._numba.jit import jit

__all__ = [
    "BOUNDARY",
    "DIVIDEND_CALL",
    "EUROPEAN",
    "GRID",
    "N_METHODS",
    "american_method",
    "steep_volatility",
]

EUROPEAN: Final = 0
BOUNDARY: Final = 1
GRID: Final = 2
DIVIDEND_CALL: Final = 3
N_METHODS: Final = 4


@jit
def has_dividend(
    dividend_offset: I64, dividend_time: F64, dividend_amount: F64, underlying: int, time: float
) -> bool:
    """Whether a cash dividend of the underlying is due after now and no later than expiry."""
    for k in range(dividend_offset[underlying], dividend_offset[underlying + 1]):
        if 0.0 < dividend_time[k] <= time and dividend_amount[k] > 0.0:
            return True
    return False


@jit
def dividend_call_method(
    strike: float,
    rate: float,
    dividend_yield: float,
    time: float,
    underlying: int,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
) -> int:
    """Choose the method of a call with cash dividends."""
    if dividend_yield != 0.0 or rate < 0.0:
        return GRID
    _, count, most_dividends = exercise_dates(
        dividend_offset, dividend_time, dividend_amount, underlying, strike, rate, time
    )
    if count == 0:
        return EUROPEAN
    return DIVIDEND_CALL if count <= MOST_DATES and most_dividends <= 0.1 else GRID


@jit
def american_method(
    right: int,
    strike: float,
    rate: float,
    dividend_yield: float,
    time: float,
    underlying: int,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
) -> int:
    """Choose a method; the reasons stand in the C++ twin."""
    dividends = (dividend_offset, dividend_time, dividend_amount)
    has_dividends = has_dividend(*dividends, underlying, time)
    if has_dividends and right > 0:
        return dividend_call_method(strike, rate, dividend_yield, time, underlying, *dividends)
    r, q = (rate, dividend_yield) if right < 0 else (dividend_yield, rate)
    if not time > 0.0 or (r <= 0.0 and q >= r):
        return EUROPEAN
    return GRID if has_dividends or r < 0.0 else BOUNDARY


@jit
def steep_volatility(sign: int, rate: float, dividend_yield: float, time: float) -> float:
    """Volatility below which the boundary is found by fixed point B; see steep_volatility.hpp."""
    root_time = math.sqrt(time)
    put_drift = -sign * (rate - dividend_yield)
    steep = put_drift * root_time * (1.0 / 0.6 if put_drift > 0.0 else -1.0 / 8.0)
    return max(steep, 1e-7 / root_time)
