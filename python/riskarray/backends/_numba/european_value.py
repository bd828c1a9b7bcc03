"""European options; the twin of cpp/src/isa/european_value.cpp."""

import math

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.lanes import dividend_value
from riskarray.backends._numba.math import tail_ratio

__all__ = ["european_value"]


@jit
def european_at_spot(
    sign: float,
    escrowed: float,
    deviation: float,
    inverse_deviation: float,
    log_drift: float,
    yield_discount: float,
    discounted_strike: float,
) -> float:
    """Without deviation the forward is certain and the value is the discounted intrinsic value."""
    if deviation == 0.0 or escrowed <= 0.0:
        return max(sign * (escrowed * yield_discount - discounted_strike), 0.0)
    discounted_spot = escrowed * yield_discount
    d1 = (math.log(escrowed) + log_drift) * inverse_deviation + 0.5 * deviation
    d2 = d1 - deviation
    # S e^(-qT) n(d1) = K e^(-rT) n(d2): one exp serves both; the smaller |d| does not underflow.
    if abs(d1) < abs(d2):
        density = discounted_spot * math.exp(-0.5 * d1 * d1)
    else:
        density = discounted_strike * math.exp(-0.5 * d2 * d2)
    top1, bottom1 = tail_ratio(min(abs(d1), 38.0))
    top2, bottom2 = tail_ratio(min(abs(d2), 38.0))
    scale = density / (bottom1 * bottom2)
    tail1 = scale * top1 * bottom2
    tail2 = scale * top2 * bottom1
    spot_part = discounted_spot - tail1 if sign * d1 > 0.0 else tail1
    strike_part = discounted_strike - tail2 if sign * d2 > 0.0 else tail2
    value = sign * (spot_part - strike_part)
    return 0.0 if value < 0.0 else value


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
        time = max(time_to_expiry[row], 0.0)
        carry = (rate[row] - dividend_yield[row]) * time
        deviation = volatility[row] * math.sqrt(time)
        inverse_deviation = 1.0 / deviation
        log_drift = carry - math.log(strike[row])
        yield_discount = math.exp(-dividend_yield[row] * time)
        discounted_strike = strike[row] * math.exp(-rate[row] * time)
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
            value[row, j] = without_source + european_at_spot(
                right[row],
                escrowed,
                deviation,
                inverse_deviation,
                log_drift,
                yield_discount,
                discounted_strike,
            )
