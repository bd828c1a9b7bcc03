"""European options; the twin of cpp/src/isa/european_value.cpp."""

import math

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.european_terms import european_at_spot, european_terms
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.lanes import dividend_value

__all__ = ["european_value"]


@jit
def log_of_positive(x: float) -> float:
    """Logarithm, 0 where there is none."""
    return math.log(x) if x > 0.0 else 0.0


@jit
def european_value(
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
    log_spot = np.empty(spot.shape[1])
    shared = -1  # the underlying whose logs are kept
    for row in rows:
        u = underlying[row]
        if u != shared:
            shared = u
            for j in range(spot.shape[1]):
                log_spot[j] = log_of_positive(spot[u, j])
        terms = european_terms(
            strike[row], volatility[row], rate[row], dividend_yield[row], time_to_expiry[row]
        )
        dividends = dividend_value(
            dividend_offset,
            dividend_time,
            dividend_amount,
            u,
            rate[row] - dividend_yield[row],
            time_to_expiry[row],
        )
        without_source = volatility[row] - volatility[row]  # 0, or NaN without volatility
        for j in range(spot.shape[1]):
            escrowed = max(spot[u, j] - dividends, 0.0)
            log_escrowed = log_spot[j] if dividends == 0.0 else log_of_positive(escrowed)
            value[row, j] = without_source + european_at_spot(
                terms, right[row], escrowed, log_escrowed
            )
