"""American calls with cash dividends; the twin of cpp/src/isa/american_dividend_call.cpp."""

import math

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.dividend_dates import (
    GAIN,
    MOST_DEVIATION,
    N_FIELDS,
    TIME,
    deviation_over,
    expected_share,
    solve_date,
)
from riskarray.backends._numba.european_value import european_value
from riskarray.backends._numba.exercise_dates import MOST_DATES, exercise_dates
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.lanes import dividend_value

__all__ = ["american_dividend_call"]


@jit
def premium_at(dates: F64, count: int, deviation: F64, x: float) -> float:
    """What early exercise adds to the value at an escrowed spot, both in strikes."""
    eta = math.log(max(x, 1e-300))
    premium = 0.0
    for k in range(count):
        mean = eta - 0.5 * deviation[k] * deviation[k]
        share, _ = expected_share(dates[k], mean, deviation[k])
        premium += dates[k, GAIN] * (0.0 if share < 0.0 else share)
    return premium


@jit
def american_dividend_call(
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
    dates = np.empty((MOST_DATES, N_FIELDS))
    deviation = np.empty(MOST_DATES)
    for row in rows:
        u = underlying[row]
        time = time_to_expiry[row]
        terms = (dividend_offset, dividend_time, dividend_amount, u)
        found, count, _ = exercise_dates(*terms, strike[row], rate[row], time)
        most = min(volatility[row] * math.sqrt(time), MOST_DEVIATION)
        variance_rate = most * most / time
        log_strike = -rate[row] * time
        for k in range(count):
            dates[k, TIME] = found[0, k]
            dates[k, GAIN] = found[1, k]
            solve_date(dates, k, log_strike, math.exp(log_strike), variance_rate, time)
            deviation[k] = deviation_over(variance_rate, dates[k, TIME])
        dividends = dividend_value(*terms, rate[row] - dividend_yield[row], time)
        for j in range(spot.shape[1]):
            x = (spot[u, j] - dividends) / strike[row]
            premium = premium_at(dates, count, deviation, x)
            american = value[row, j] + strike[row] * premium
            exercise = spot[u, j] - strike[row]
            value[row, j] = exercise if american < exercise else american
