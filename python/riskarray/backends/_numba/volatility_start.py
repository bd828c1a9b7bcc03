"""Where the search for a volatility starts; the twin of cpp/src/isa/volatility_start.cpp."""

import math

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.black_inversion import invert_black, norm_tail, normalised_black
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.lanes import dividend_value

__all__ = ["american_volatility", "european_volatility"]

_INV_SQRT_2PI = 0.398942280401432677940
_AMERICAN_STEPS = 3


@jit
def european_start(
    sign: float, price: float, asset: float, strike: float, time: float, steps: int
) -> tuple[float, float, float, float]:
    """Return volatility, vega, floor and moneyness; ``asset`` and ``strike`` are discounted."""
    floor = max(sign * (asset - strike), 0.0)
    bound = asset if sign > 0.0 else strike
    if not price > floor:
        return 0.0, math.nan, floor, 0.0
    if not asset > 0.0:
        return math.inf, math.nan, floor, 0.0
    x = -abs(math.log(asset / strike))
    if not price < bound:
        return math.inf, math.nan, floor, x * x / time
    half = math.exp(0.5 * x)
    scale = math.sqrt(asset * strike)
    time_value = price - floor
    s = invert_black(x, half, time_value / scale, steps)
    root_time = math.sqrt(time)
    vega = scale * root_time * normalised_black(x, half, s)[1]
    return s / root_time, vega, floor, x * x / time


@jit
def put_value(
    spot: float,
    log_spot: float,
    volatility: float,
    root_time: float,
    discounted_strike: float,
    yield_discount: float,
    log_drift: float,
) -> tuple[float, float, float, float]:
    """Return value, delta, gamma and vega of a European put."""
    deviation = volatility * root_time
    d1 = (log_spot + log_drift) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    asset = spot * yield_discount
    density = math.exp(-0.5 * d1 * d1)
    tail1 = density * norm_tail(abs(d1))
    tail2 = asset * density * norm_tail(abs(d2))
    cdf1 = tail1 if d1 > 0.0 else 1.0 - tail1
    strike_part = tail2 if d2 > 0.0 else discounted_strike - tail2
    pdf = _INV_SQRT_2PI * density
    return (
        strike_part - asset * cdf1,
        -yield_discount * cdf1,
        yield_discount * pdf / (spot * deviation),
        asset * pdf * root_time,
    )


@jit
def premium_exponent(
    rate: float, dividend_yield: float, volatility: float, decay: float
) -> tuple[float, float, float, float]:
    """Exponent of the early-exercise premium, its derivative by volatility, c and the root."""
    inverse_variance = 1.0 / (volatility * volatility)
    n = 2.0 * (rate - dividend_yield) * inverse_variance
    c = 8.0 * decay * inverse_variance
    a = n - 1.0
    root = math.sqrt(a * a + c)
    return -0.5 * (a + root), (n + (a * n + 0.5 * c) / root) / volatility, c, root


@jit
def boundary_guess(
    strike: float, rate: float, dividend_yield: float, volatility: float, time: float
) -> float:
    """First guess of the exercise boundary."""
    q = premium_exponent(rate, dividend_yield, volatility, rate)[0]
    perpetual = strike / (1.0 - 1.0 / q) if q != 0.0 else 0.0
    gap = strike - perpetual
    drift = (rate - dividend_yield) * time - 2.0 * volatility * math.sqrt(time)
    return perpetual + gap * math.exp(min(drift * strike / gap, 0.0))


@jit
def premium_factor(
    rate: float,
    dividend_yield: float,
    root_time: float,
    discount: float,
    volatility: float,
    c: float,
    root: float,
    b: float,
    value_b: float,
    delta_b: float,
    vega_b: float,
    gain: float,
    log_ratio: float,
) -> float:
    """What the quadratic approximation leaves out, as a factor of the premium."""
    quarter = 0.25 * c
    ratio = quarter / root
    theta = (
        0.5 * volatility * vega_b / (root_time * root_time)
        - dividend_yield * b * delta_b
        - rate * (value_b - b * delta_b)
    )
    linear = 2.0 * theta / (volatility * volatility * gain) + discount * (quarter - ratio * ratio)
    chi = log_ratio * (linear / root - 0.5 * discount * ratio * ratio * log_ratio)
    return 1.0 / (1.0 - min(max(chi, -1.0), 0.5))


@jit
def approximate(
    spot: float,
    strike: float,
    rate: float,
    dividend_yield: float,
    root_time: float,
    discounted_strike: float,
    yield_discount: float,
    log_drift: float,
    volatility: float,
    decay: float,
    b: float,
) -> tuple[float, float, float]:
    """Return value, vega and the next boundary in the quadratic approximation."""
    q, q_by_volatility, c, root = premium_exponent(rate, dividend_yield, volatility, decay)
    log_spot = math.log(spot)
    log_b = math.log(b)
    at_b, delta_b, gamma_b, vega_b = put_value(
        b, log_b, volatility, root_time, discounted_strike, yield_discount, log_drift
    )
    value, _, _, vega = put_value(
        spot, log_spot, volatility, root_time, discounted_strike, yield_discount, log_drift
    )
    gain = strike - b - at_b
    log_ratio = log_spot - log_b
    factor = premium_factor(
        rate,
        dividend_yield,
        root_time,
        discounted_strike / strike,
        volatility,
        c,
        root,
        b,
        at_b,
        delta_b,
        vega_b,
        gain,
        log_ratio,
    )
    ratio = math.exp(min(q * log_ratio, 709.0)) * factor
    inverse_q = 1.0 / q
    pull = (1.0 + delta_b) * inverse_q
    miss = gain + pull * b
    miss_by_b = pull - 1.0 - delta_b + gamma_b * b * inverse_q
    stepped = b - miss / miss_by_b
    return (
        value + gain * ratio,
        vega + ratio * (gain * log_ratio * q_by_volatility - vega_b),
        min(max(stepped, 0.5 * b), 1.5 * b, 0.9999 * strike),
    )


@jit
def descend(
    spot: float,
    strike: float,
    rate: float,
    dividend_yield: float,
    time: float,
    discounted_strike: float,
    yield_discount: float,
    wanted: float,
    floor: float,
    high: float,
    vega: float,
) -> tuple[float, float]:
    """Return volatility and vega of a put, from a volatility that is too high down."""
    root_time = math.sqrt(time)
    log_drift = (rate - dividend_yield) * time - math.log(strike)
    decay = rate / (1.0 - math.exp(-rate * time)) if rate * time > 1e-8 else 1.0 / time
    low = 0.0
    volatility = high
    slope = 0.5 * vega / wanted
    b = boundary_guess(strike, rate, dividend_yield, volatility, time)
    for _ in range(_AMERICAN_STEPS):
        if not b > 0.0:
            break
        value, vega_now, next_boundary = approximate(
            spot,
            strike,
            rate,
            dividend_yield,
            root_time,
            discounted_strike,
            yield_discount,
            log_drift,
            volatility,
            decay,
            b,
        )
        root = math.sqrt(value - floor) if value > floor else 0.0
        is_alive = spot > b and root > 0.0 and vega_now > 0.0
        if not is_alive or root < wanted:
            low = volatility
        else:
            high = volatility
        if is_alive:
            slope = 0.5 * vega_now / root
        newton = volatility + (wanted - root) / slope
        volatility = newton if is_alive and low < newton <= high else 0.5 * (low + high)
        if next_boundary > 0.0:
            b = next_boundary
    return volatility, 2.0 * slope * wanted


@jit
def american_start(
    sign: float,
    price: float,
    escrowed: float,
    strike: float,
    rate: float,
    dividend_yield: float,
    time: float,
) -> tuple[float, float, float, float]:
    """Return volatility, vega, floor and moneyness, from the European volatility down."""
    asset = escrowed * math.exp(-dividend_yield * time)
    discounted_strike = strike * math.exp(-rate * time)
    european, european_vega, floor, moneyness = european_start(
        sign, price, asset, discounted_strike, time, 2
    )
    floor = max(floor, sign * (escrowed - strike))
    if not price > floor:
        return 0.0, european_vega, floor, moneyness
    if not (european > 0.0 and escrowed > 0.0):
        return european, european_vega, floor, moneyness
    wanted = math.sqrt(price - floor)
    high = min(european, 4.0)
    # A call is a put with spot and strike, rate and yield exchanged.
    if sign > 0.0:
        volatility, vega = descend(
            strike,
            escrowed,
            dividend_yield,
            rate,
            time,
            asset,
            discounted_strike / strike,
            wanted,
            floor,
            high,
            european_vega,
        )
    else:
        volatility, vega = descend(
            escrowed,
            strike,
            rate,
            dividend_yield,
            time,
            discounted_strike,
            asset / escrowed,
            wanted,
            floor,
            high,
            european_vega,
        )
    if volatility > 0.0 and vega > 0.0:
        return volatility, vega, floor, moneyness
    return european, european_vega, floor, moneyness


@jit
def european_volatility(
    spot: F64,
    underlying: I32,
    right: I8,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    rows: I32,
    price: F64,
    start: F64,
) -> None:
    """Fill ``start[row]`` with volatility, vega, floor and moneyness."""
    for row in rows:
        u = underlying[row]
        time = time_to_expiry[row]
        dividends = dividend_value(
            dividend_offset,
            dividend_time,
            dividend_amount,
            u,
            rate[row] - dividend_yield[row],
            time,
        )
        asset = max(spot[u, 0] - dividends, 0.0) * math.exp(-dividend_yield[row] * time)
        discounted_strike = strike[row] * math.exp(-rate[row] * time)
        start[row] = european_start(right[row], price[row], asset, discounted_strike, time, 3)


@jit
def american_volatility(
    spot: F64,
    underlying: I32,
    right: I8,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    rows: I32,
    price: F64,
    start: F64,
) -> None:
    """Fill ``start[row]`` with volatility, vega, floor and moneyness."""
    for row in rows:
        u = underlying[row]
        time = time_to_expiry[row]
        dividends = dividend_value(
            dividend_offset,
            dividend_time,
            dividend_amount,
            u,
            rate[row] - dividend_yield[row],
            time,
        )
        start[row] = american_start(
            right[row],
            price[row],
            max(spot[u, 0] - dividends, 0.0),
            strike[row],
            rate[row],
            dividend_yield[row],
            time,
        )
