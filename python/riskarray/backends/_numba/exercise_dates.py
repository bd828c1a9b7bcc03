"""The ex-dates before which a call may be exercised; the twin of cpp/src/exercise_dates.hpp."""

import math
from typing import Final

import numpy as np

from riskarray.array_types import F64, I64
from riskarray.backends._numba.jit import jit

__all__ = ["MOST_DATES", "exercise_dates"]

MOST_DATES: Final = 6
_LEAST_GAIN: Final = 1e-9


@jit
def exercise_dates(
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    underlying: int,
    strike: float,
    rate: float,
    time_to_expiry: float,
) -> tuple[F64, int, float]:
    """Times and gains (2, MOST_DATES), the last date first; their count; the most dividends.

    Gains are in strikes, discounted to now; the count may exceed what the array holds. Why only
    these dates matter is said in the C++ twin.
    """
    dates = np.zeros((2, MOST_DATES))
    count = 0
    most_dividends = 0.0
    dividends = 0.0
    later = -math.exp(-rate * time_to_expiry)
    first = dividend_offset[underlying]
    for k in range(dividend_offset[underlying + 1] - 1, first - 1, -1):
        time = dividend_time[k]
        if not time > 0.0 or time > time_to_expiry:
            continue
        discount = math.exp(-rate * time)
        dividends += dividend_amount[k] / strike * discount
        has_same = k > first and dividend_time[k - 1] == time
        gain = dividends - discount - later
        if has_same or not gain > _LEAST_GAIN:
            continue
        later = dividends - discount
        most_dividends = max(most_dividends, dividends / discount)
        if count < MOST_DATES:
            dates[0, count] = time
            dates[1, count] = gain
        count += 1
    return dates, count, most_dividends
