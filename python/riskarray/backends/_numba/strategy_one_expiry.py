"""Groups that need no program; the twin of cpp/src/isa/strategy_one_expiry.hpp."""

from typing import Final

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_at_price import (
    MAX_AT_PRICE,
    NONE_CARRIED,
    UNKNOWN_CARRIED,
    choose_at,
    is_sold,
)
from riskarray.backends._numba.strategy_legs import (
    BOX_RATE,
    EUROPEAN,
    IS_SPREAD_ALLOWED,
    IS_SPREAD_INDEX,
    IS_STRADDLE_ALLOWED,
    OPTION,
    SPREAD_RATE,
)
from riskarray.backends._numba.strategy_output import Writer
from riskarray.backends._numba.strategy_program import (
    FIRST_OPTION,
    INDEX,
    LAST_OPTION,
    N_LEGS,
    Workspace,
)
from riskarray.backends._numba.strategy_spreads import add_member, cut_spread, greatest_loss
from riskarray.backends._numba.strategy_straddles import rank_shorts
from riskarray.backends._numba.strategy_tableau import TOLERANCE
from riskarray.backends._numba.strategy_writer import write_alone, write_straddles

__all__ = ["require_one_expiry"]

MAX_PRICES: Final = 3
"""That are tried."""


@jit_part
def may_box(w: Workspace, regime: F64) -> bool:
    """Whether options in order of strike may hold a long box.

    There are two prices at which a call and a put stand, the call long at the lower one and the put
    at the other.
    """
    legs = w.legs
    if legs[0]["exercise"] != EUROPEAN or legs[0]["role"] != INDEX or regime[BOX_RATE] >= 1.0:
        return False
    has_lower, has_upper, has_bought, has_sold = False, False, False, False
    for i in range(w.counts[N_LEGS]):
        if i == 0 or legs[i]["strike"] != legs[i - 1]["strike"]:
            has_bought, has_sold = False, False
        if legs[i]["right"] < 0:
            has_lower = has_lower or (not legs[i]["is_long"] and has_bought)
            has_upper = has_upper or (legs[i]["is_long"] and has_sold)
        elif legs[i]["is_long"]:
            has_bought = True
        else:
            has_sold = True
    return has_lower and has_upper


@jit_part
def are_of_one_expiry(w: Workspace, regime: F64) -> bool:
    """Whether the legs are options of one underlying, expiry, style and multiplier.

    Without a loan value, and the rules let them stand in spreads, in straddles and by themselves,
    and nowhere else. Some must be able to stand in a spread (without any the program is small), and
    none may need less uncovered than it is worth, as it counts in a straddle.
    """
    legs, n_legs = w.legs, w.counts[N_LEGS]
    if n_legs < 2 or n_legs > MAX_AT_PRICE:
        return False
    if regime[IS_SPREAD_ALLOWED] == 0.0 or regime[IS_SPREAD_INDEX] != 0.0:
        return False
    sold, bought = 0, 0  # a bit for each right
    for i in range(n_legs):
        is_common = (
            legs[i]["kind"] == OPTION
            and legs[i]["underlying"] == legs[0]["underlying"]
            and legs[i]["time"] == legs[0]["time"]
            and legs[i]["multiplier"] == legs[0]["multiplier"]
            and legs[i]["exercise"] == legs[0]["exercise"]
            and legs[i]["loan_value"] == 0.0
            and (legs[i]["is_long"] or legs[i]["uncovered"] >= legs[i]["value"])
        )
        if not is_common:
            return False
        right = 1 if legs[i]["right"] > 0 else 2
        sold |= 0 if legs[i]["is_long"] else right
        bought |= right if legs[i]["is_long"] else 0
    return sold & bought != 0 and not may_box(w, regime)


@jit_part
def set_spread(w: Workspace) -> tuple[int, float]:
    """Set the spread, and what it loses at each strike; return its options and greatest loss."""
    n_legs = w.counts[N_LEGS]
    for k in range(n_legs):
        w.loss[k] = 0.0
    size = 0
    for i in range(n_legs):
        size = add_member(w, size, i, w.slots[i]["inside"], 0, n_legs)
    return size, greatest_loss(w, n_legs)


@jit_part
def worst_points(w: Workspace, whole: float) -> tuple[int, int]:
    """Return the first and the last strike where the spread loses most; -1: nowhere."""
    if not whole > 0.0:
        return -1, -1
    first, last = 0, w.counts[N_LEGS] - 1
    while w.loss[first] != whole:
        first += 1
    while w.loss[last] != whole:
        last -= 1
    return first, last


@jit_part
def find_spread(w: Workspace, regime: F64) -> tuple[int, int, float]:
    """Find a spread that is least, from all legs in it on.

    Return who is carried in straddles, the options of the spread and its greatest loss; unknown:
    none is known to be least.
    """
    has_calls, has_puts = False, False
    for i in range(w.counts[N_LEGS]):
        has_calls = has_calls or is_sold(w, i, 1)
        has_puts = has_puts or is_sold(w, i, -1)
        w.slots[i]["inside"] = w.legs[i]["quantity"]
    may_straddle = regime[IS_STRADDLE_ALLOWED] != 0.0 and has_calls and has_puts
    factor = regime[SPREAD_RATE] * w.legs[0]["multiplier"]
    size, whole = set_spread(w)
    at = worst_points(w, whole)
    before = at
    for _ in range(MAX_PRICES):
        first, last = at
        carried = choose_at(w, first, last, factor, may_straddle)
        if carried == UNKNOWN_CARRIED:
            break
        size, whole = set_spread(w)
        counted = 0.5 * (w.loss[first] + w.loss[last]) if first >= 0 else 0.0
        if whole <= counted + TOLERANCE * (whole + 1.0):
            return carried, size, whole
        following = worst_points(w, whole)
        if following == before:
            break
        before, at = at, following
    return UNKNOWN_CARRIED, 0, 0.0


@jit_part
def require_one_expiry(w: Workspace, regime: F64, out: Writer) -> bool:
    """Margin the legs without a program if that is proved least."""
    if not are_of_one_expiry(w, regime):
        return False
    legs, slots, n_legs = w.legs, w.slots, w.counts[N_LEGS]
    w.counts[FIRST_OPTION] = 0
    w.counts[LAST_OPTION] = n_legs
    for i in range(n_legs):
        w.points[i] = legs[i]["strike"]
    carried, size, whole = find_spread(w, regime)
    if carried == UNKNOWN_CARRIED:
        return False
    cut_spread(w, 0, n_legs, size, whole, regime[SPREAD_RATE], out)
    for i in range(n_legs):
        left = legs[i]["quantity"] - slots[i]["inside"]
        is_carried = carried != NONE_CARRIED and is_sold(w, i, carried)
        slots[i]["left"] = 0.0 if is_carried else left
        slots[i]["straddled"] = left if is_carried else 0.0
    if carried != NONE_CARRIED:
        rank_shorts(w, 0, n_legs)
        write_straddles(w, out)
    write_alone(w, 0, n_legs, out)
    return True
