"""The search for one volatility; the twin of cpp/src/volatility_search.cpp."""

import math
from typing import Final

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit

__all__ = [
    "FLOOR",
    "IN_THE_MONEY",
    "IS_SMOOTH",
    "MONEYNESS",
    "N_FIELDS",
    "PRICE",
    "SPOT",
    "TIME",
    "TURN",
    "next_step",
    "open_search",
]

# Fields of a search, a row of numbers each; the C++ twin says what they mean.
PRICE: Final = 0
SPOT: Final = 1
FLOOR: Final = 2
SLOPE: Final = 3
LOW: Final = 4
HIGH: Final = 5
LAST_VOLATILITY: Final = 6
LAST_LEVEL: Final = 7
BEST_VOLATILITY: Final = 8
BEST_ERROR: Final = 9
N_VALUES: Final = 10
IN_THE_MONEY: Final = 11  # 1 where exercise is worth something
MONEYNESS: Final = 12
TIME: Final = 13
SCALE: Final = 14
IS_SMOOTH: Final = 15  # 1 where a last step may go without a value
TURN: Final = 16
N_FIELDS: Final = 17

_OK, _BELOW_INTRINSIC, _ABOVE_BOUND, _NOT_CONVERGED = 0, 1, 2, 5
_MIN_VOLATILITY, _MAX_VOLATILITY = 1e-4, 10.0
_TOLERANCE = 1e-7
_STEP_TOLERANCE = 5e-9
_EXACT = 1e-11
_GREATEST_MISMATCH = 0.3
_CLOSING_RATIO = 0.25
_RELATIVE_EXCESS = 1e-5
_LEAST_EXCESS = 1e-4
_WIDEST_STEP = 3.0
_N_FREE_VALUES = 8
_MAX_VALUES = 100


@jit
def level(search: F64, value: float) -> float:
    """Return the level of a value; infinite where the value is the floor."""
    excess = value - search[FLOOR]
    if not excess > 0.0:
        return -math.inf
    return math.sqrt(excess) if search[IN_THE_MONEY] > 0.0 else math.log(excess)


@jit
def bend(search: F64, volatility: float, slope: float, here: float) -> float:
    """Half the second derivative of the level over its first; see the C++ twin."""
    vega_slope: float = search[MONEYNESS] / (volatility * volatility * volatility)
    vega_slope = vega_slope - 0.25 * volatility * search[TIME]
    if search[IN_THE_MONEY] == 0.0:
        return 0.5 * (vega_slope - slope)
    european = 0.5 * (vega_slope - slope / here) * volatility
    return min(max(european, -0.6), -0.25) / volatility


@jit
def secant_slope(search: F64, volatility: float, here: float) -> tuple[float, float]:
    """Return the slope between the last two values, and how far it is from the one expected."""
    if search[LAST_VOLATILITY] == 0.0 or search[LAST_LEVEL] == -math.inf or here == -math.inf:
        return search[SLOPE], math.inf
    run: float = volatility - search[LAST_VOLATILITY]
    secant = (here - search[LAST_LEVEL]) / run
    if not 0.0 < secant < math.inf:
        return search[SLOPE], math.inf
    expected = search[SLOPE] * (1.0 + bend(search, volatility, search[SLOPE], here) * run)
    return secant, abs(secant / expected - 1.0)


@jit
def wanted_volatility(search: F64, volatility: float, here: float, is_first: bool) -> float:
    """Return the root of the parabola through the last values that bends as expected."""
    if here == -math.inf:
        return math.inf
    straight: float = (level(search, search[PRICE]) - here) / search[SLOPE]
    run = straight if is_first else volatility - search[LAST_VOLATILITY] + straight
    correction = bend(search, volatility, search[SLOPE], here) * run
    return volatility + straight * min(max(1.0 - correction, 0.5), 2.0)


@jit
def bracketed(search: F64, volatility: float, wanted: float) -> float:
    """Return a trial inside the bracket."""
    has_low = search[LOW] > 0.0
    has_high = search[HIGH] > 0.0
    least = search[LOW] if has_low else max(volatility / _WIDEST_STEP, _MIN_VOLATILITY)
    most = search[HIGH] if has_high else min(volatility * _WIDEST_STEP, _MAX_VOLATILITY)
    if has_low and has_high:
        is_inside = least < wanted < most
        is_slow = search[N_VALUES] > _N_FREE_VALUES and search[N_VALUES] % 3 == 0
        return wanted if is_inside and not is_slow else 0.5 * (least + most)
    if has_low:
        return min(wanted, most) if wanted > least else most
    return max(wanted, least) if wanted < most else least


@jit
def best_or_failed(search: F64) -> tuple[float, bool, int]:
    """End with the volatility that came closest, if that is close enough."""
    if search[BEST_ERROR] <= _TOLERANCE * search[SPOT]:
        return search[BEST_VOLATILITY], True, _OK
    return math.nan, True, _NOT_CONVERGED


@jit
def open_search(search: F64, start: float, vega: float) -> float:
    """Set the slope from the vega; return the start, brought into the range."""
    excess = search[PRICE] - search[FLOOR]
    search[SCALE] = search[SPOT]
    if search[IN_THE_MONEY] == 0.0:
        search[SCALE] = min(search[SPOT], excess / _RELATIVE_EXCESS)
    if search[IN_THE_MONEY] > 0.0:
        search[SLOPE] = 0.5 * vega / math.sqrt(excess)
    else:
        search[SLOPE] = vega / excess
    if not -math.inf < start < math.inf:
        return 2.0
    return min(max(start, _MIN_VOLATILITY), _MAX_VOLATILITY)


@jit
def is_one_branch(search: F64, volatility: float, trial: float) -> bool:
    """Whether the last two values and a trial come from the same branch of the method."""
    is_below = trial < search[TURN]
    is_last_below = search[LAST_VOLATILITY] < search[TURN]
    return bool((volatility < search[TURN]) == is_below and is_last_below == is_below)


@jit
def secant_step(
    search: F64, volatility: float, value: float, miss: float
) -> tuple[float, bool, int]:
    """Return the end of a secant step, or the answer when that is good enough."""
    here = level(search, value)
    slope, mismatch = secant_slope(search, volatility, here)
    search[SLOPE] = slope
    wanted = wanted_volatility(search, volatility, here, mismatch == math.inf)
    trial = bracketed(search, volatility, wanted)
    last_step = abs(volatility - search[LAST_VOLATILITY])
    excess = search[PRICE] - search[FLOOR]
    is_at_exercise = search[IN_THE_MONEY] > 0.0 and excess < _LEAST_EXCESS * search[SPOT]
    is_trusted = (
        mismatch < _GREATEST_MISMATCH
        and trial == wanted
        and abs(wanted - volatility) < _CLOSING_RATIO * last_step
        and not is_at_exercise
        and search[IS_SMOOTH] > 0.0
        and is_one_branch(search, volatility, trial)
    )
    search[LAST_VOLATILITY] = volatility
    search[LAST_LEVEL] = here
    change = last_step / volatility
    doubt = 0.2 * change + 3.0 * change * change + 0.1 * mismatch
    if is_trusted and miss * doubt <= _STEP_TOLERANCE * search[SCALE]:
        return trial, True, _OK
    if not is_trusted and miss <= _STEP_TOLERANCE * search[SCALE]:
        return volatility, True, _OK
    is_stuck = trial in (volatility, search[LOW], search[HIGH])
    if is_stuck or search[N_VALUES] >= _MAX_VALUES or math.isnan(value):
        return best_or_failed(search)
    return trial, False, _OK


@jit
def next_step(search: F64, volatility: float, value: float) -> tuple[float, bool, int]:
    """Return the next volatility or the answer, whether the search has ended, and its status."""
    error = value - search[PRICE]
    miss = abs(error)
    search[N_VALUES] += 1.0
    if miss <= _EXACT * search[SCALE]:
        return volatility, True, _OK
    if search[N_VALUES] == 1.0 or miss < search[BEST_ERROR]:
        search[BEST_ERROR] = miss
        search[BEST_VOLATILITY] = volatility
    search[LOW if error < 0.0 else HIGH] = volatility
    if error > 0.0 and volatility <= _MIN_VOLATILITY:
        return math.nan, True, _BELOW_INTRINSIC
    if error < 0.0 and volatility >= _MAX_VOLATILITY:
        return math.nan, True, _ABOVE_BOUND
    return secant_step(search, volatility, value, miss)
