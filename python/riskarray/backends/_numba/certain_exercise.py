"""Value without risk; the twin of cpp/src/certain_exercise.hpp."""

import math

from riskarray.array_types import F64, I64
from riskarray.backends._numba.jit import jit

__all__ = ["certain_value"]


@jit
def exercise_at(
    sign: float, strike: float, rate: float, dividend_yield: float, asset: float, time: float
) -> float:
    """Exercise with the escrowed spot and the dividends to come, both discounted to now."""
    return sign * (asset * math.exp(-dividend_yield * time) - strike * math.exp(-rate * time))


@jit
def best_between(
    sign: float,
    strike: float,
    rate: float,
    dividend_yield: float,
    asset: float,
    begin: float,
    end: float,
) -> float:
    """Best exercise in a segment of time without ex-dates; stationary where q S = r K."""
    terms = (sign, strike, rate, dividend_yield, asset)
    best = max(exercise_at(*terms, begin), exercise_at(*terms, end))
    ratio = dividend_yield * asset / (rate * strike)
    gap = dividend_yield - rate
    if ratio > 0.0 and gap != 0.0:
        time = math.log(ratio) / gap
        if begin < time < end:
            best = max(best, exercise_at(*terms, time))
    return best


@jit
def certain_value(
    sign: float,
    strike: float,
    rate: float,
    dividend_yield: float,
    time_to_expiry: float,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    underlying: int,
    spot: float,
    dividends: float,
) -> float:
    """Value at a full spot when the escrowed spot grows without risk."""
    terms = (sign, strike, rate, dividend_yield)
    asset = max(spot, dividends)
    begin = 0.0
    best = 0.0
    for k in range(dividend_offset[underlying], dividend_offset[underlying + 1]):
        time = dividend_time[k]
        if not time > 0.0 or time > time_to_expiry:
            continue
        best = max(best, best_between(*terms, asset, begin, time))
        asset -= dividend_amount[k] * math.exp((dividend_yield - rate) * time)
        begin = time
    return max(best, best_between(*terms, max(asset, 0.0), begin, time_to_expiry))
