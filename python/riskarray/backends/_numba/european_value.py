"""European options; the twin of cpp/src/isa/european_value.cpp."""

import math

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.european_terms import european_at_spot, european_terms
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.lanes import dividend_value

__all__ = ["european_value"]


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
    for row in rows:
        u = underlying[row]
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
            log_escrowed = math.log(escrowed) if escrowed > 0.0 else 0.0
            value[row, j] = without_source + european_at_spot(
                terms, right[row], escrowed, log_escrowed
            )
