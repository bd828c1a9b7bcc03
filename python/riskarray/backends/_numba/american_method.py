"""How an American series is priced; the twin of cpp/src/american_method.hpp."""

from typing import Final

from riskarray.array_types import F64, I64
from riskarray.backends._numba.jit import jit

__all__ = ["BOUNDARY", "EUROPEAN", "GRID", "N_METHODS", "american_method"]

EUROPEAN: Final = 0
BOUNDARY: Final = 1
GRID: Final = 2
N_METHODS: Final = 3


@jit
def has_dividend(dividend_offset: I64, dividend_time: F64, underlying: int, time: float) -> bool:
    """Whether a cash dividend of the underlying is due after now and no later than expiry."""
    for k in range(dividend_offset[underlying], dividend_offset[underlying + 1]):
        if 0.0 < dividend_time[k] <= time:
            return True
    return False


@jit
def american_method(
    right: int,
    rate: float,
    dividend_yield: float,
    time: float,
    underlying: int,
    dividend_offset: I64,
    dividend_time: F64,
) -> int:
    """Choose a method; the reasons stand in the C++ twin."""
    if has_dividend(dividend_offset, dividend_time, underlying, time):
        return GRID
    r, q = (rate, dividend_yield) if right < 0 else (dividend_yield, rate)
    if not time > 0.0 or (r <= 0.0 and q >= r):
        return EUROPEAN
    return GRID if r < 0.0 else BOUNDARY
