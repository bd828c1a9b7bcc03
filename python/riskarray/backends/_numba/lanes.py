"""Dividends of one series; the twin of cpp/src/isa/lanes.hpp."""

import math

from riskarray.array_types import F64, I64
from riskarray.backends._numba.jit import jit

__all__ = ["dividend_value"]


@jit
def dividend_value(
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    underlying: int,
    growth: float,
    time_to_expiry: float,
) -> float:
    """Present value of the dividends of one series; growth is rate less yield."""
    total = 0.0
    for k in range(dividend_offset[underlying], dividend_offset[underlying + 1]):
        time = dividend_time[k]
        if 0.0 < time <= time_to_expiry:
            total += dividend_amount[k] * math.exp(-growth * time)
    return total
