"""Inversion of the Black formula; the twin of cpp/src/isa/black_inversion.hpp, one lane wide."""

import math

from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.math import tail_ratio

__all__ = ["invert_black", "norm_tail", "normalised_black"]

_INV_SQRT_2PI = 0.398942280401432677940
_LOG_TINY = -690.775527898213705  # ln 1e-300


@jit
def norm_tail(z: float) -> float:
    """N(-z) / exp(-z^2 / 2) for z >= 0."""
    top, bottom = tail_ratio(min(z, 38.0))
    return top / bottom


@jit
def normalised_black(x: float, half: float, s: float) -> tuple[float, float, float, float]:
    """Return b and its derivatives by s: b, b', b'' / b', b''' / b'."""
    h = x / s
    t = 0.5 * s
    density = math.exp(-0.5 * (h * h + t * t))
    upper = density * norm_tail(abs(h + t))
    first_term = half - upper if h + t > 0.0 else upper
    value = first_term - density * norm_tail(t - h)
    h_by_s = h / s
    second = h * h_by_s - 0.25 * s
    third = second * second - 3.0 * h_by_s * h_by_s - 0.25
    return value, density * _INV_SQRT_2PI, second, third


@jit
def low_start(
    x: float, turn_s: float, turn_value: float, turn_vega: float, log_target: float
) -> float:
    """Start below the inflection; the reasons stand in the C++ twin."""
    log_turn = math.log(turn_value) if turn_value > 1e-300 else _LOG_TINY
    drop = max(log_turn - log_target, 0.0)
    a = -0.25 * x
    half_m = 0.5 * max(turn_s * turn_vega / turn_value + 0.5 * x, 1.0)
    z = min(math.log(1.0 + drop / a), drop / half_m)
    for _ in range(3):
        growth = a * math.exp(z)
        z = z - (growth - a + half_m * z - drop) / (growth + half_m)
    return turn_s * math.exp(-0.5 * z)


@jit
def householder_step(
    x: float, half: float, s: float, target: float, log_target: float, is_low: bool, is_high: bool
) -> float:
    """One step of the third-order iteration; the reasons stand in the C++ twin."""
    value, vega, second, third = normalised_black(x, half, s)
    value = max(value, 1e-300)
    if is_low:
        log_value = math.log(value)
        ratio = vega / value
        inverse_log = 1.0 / log_value
        bend = ratio * (1.0 + 2.0 * inverse_log)
        newton = (log_target - log_value) * log_value / (log_target * ratio)
        third = (
            third
            + 2.0 * ratio * ratio * (1.0 + 3.0 * inverse_log * (1.0 + inverse_log))
            - 3.0 * second * bend
        )
        second = second - bend
    elif is_high:
        if half - value <= 0.0:
            return 0.0
        gap = vega / (half - value)
        newton = (math.log(half - value) - log_target) / gap
        third = third + gap * (2.0 * gap + 3.0 * second)
        second = second + gap
    else:
        newton = (target - value) / vega
    return (
        newton
        * (1.0 + 0.5 * second * newton)
        / (1.0 + newton * (second + third * newton * (1.0 / 6.0)))
    )


@jit
def invert_black(x: float, half: float, target: float, steps: int) -> float:
    """Return s for 0 < target < half."""
    turn_s = math.sqrt(-2.0 * x)
    turn_value = half * (0.5 - norm_tail(turn_s))
    turn_vega = half * _INV_SQRT_2PI
    is_low = target < turn_value
    is_high = target > 0.5 * (turn_value + half)
    log_target = math.log(half - target if is_high else target)
    if is_low:
        s = low_start(x, turn_s, turn_value, turn_vega, log_target)
    else:
        s = turn_s + (target - turn_value) / turn_vega
    for _ in range(steps):
        change = householder_step(x, half, s, target, log_target, is_low, is_high)
        if -0.75 * s < change < 4.0 * s:
            s = s + change
    return s
