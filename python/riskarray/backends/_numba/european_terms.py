"""The formula of European options; the twin of cpp/src/isa/european_terms.hpp."""

import math
from typing import NamedTuple

from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.math import tail_ratio

__all__ = ["EuropeanTerms", "european_at_spot", "european_terms"]


class EuropeanTerms(NamedTuple):
    """What does not depend on the spot; the fields are those of the C++ twin."""

    deviation: float
    inverse_deviation: float
    log_drift: float
    yield_discount: float
    discounted_strike: float


@jit
def european_terms(
    strike: float, volatility: float, rate: float, dividend_yield: float, time_to_expiry: float
) -> EuropeanTerms:
    """Compute the terms of one series."""
    time = max(time_to_expiry, 0.0)
    carry = (rate - dividend_yield) * time
    deviation = volatility * math.sqrt(time)
    return EuropeanTerms(
        deviation,
        1.0 / deviation,
        carry - math.log(strike),
        math.exp(-dividend_yield * time),
        strike * math.exp(-rate * time),
    )


@jit
def european_at_spot(
    terms: EuropeanTerms, sign: float, escrowed: float, log_escrowed: float
) -> float:
    """Without deviation the forward is certain and the value is the discounted intrinsic value."""
    discounted_spot = escrowed * terms.yield_discount
    if terms.deviation == 0.0 or escrowed <= 0.0:
        return max(sign * (discounted_spot - terms.discounted_strike), 0.0)
    d1 = (log_escrowed + terms.log_drift) * terms.inverse_deviation + 0.5 * terms.deviation
    d2 = d1 - terms.deviation
    # S e^(-qT) n(d1) = K e^(-rT) n(d2): one exp serves both; the smaller |d| does not underflow.
    if abs(d1) < abs(d2):
        density = discounted_spot * math.exp(-0.5 * d1 * d1)
    else:
        density = terms.discounted_strike * math.exp(-0.5 * d2 * d2)
    top1, bottom1 = tail_ratio(min(abs(d1), 38.0))
    top2, bottom2 = tail_ratio(min(abs(d2), 38.0))
    scale = density / (bottom1 * bottom2)
    tail1 = scale * top1 * bottom2
    tail2 = scale * top2 * bottom1
    spot_part = discounted_spot - tail1 if sign * d1 > 0.0 else tail1
    strike_part = terms.discounted_strike - tail2 if sign * d2 > 0.0 else tail2
    value = sign * (spot_part - strike_part)
    return 0.0 if value < 0.0 else value
