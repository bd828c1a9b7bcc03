"""Options of one expiry where the loss of their spread counts at one price alone, or at two.

The twin of cpp/src/isa/strategy_at_price.hpp.
"""

from typing import Final

from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_legs import LEAST_QUANTITY
from riskarray.backends._numba.strategy_program import N_LEGS, Workspace
from riskarray.backends._numba.strategy_tableau import INFINITE

__all__ = ["MAX_AT_PRICE", "NONE_CARRIED", "UNKNOWN_CARRIED", "choose_at", "is_sold"]

MAX_AT_PRICE: Final = 64
ROUNDING: Final = 1e-9
"""USD a contract."""
NONE_CARRIED: Final = 0
"""Who is carried in straddles, but for 1 and -1, the rights of calls and puts."""
UNKNOWN_CARRIED: Final = 2


@jit_part
def is_sold(w: Workspace, i: int, right: int) -> bool:
    """Whether an option is a short one of a right."""
    return not w.legs[i]["is_long"] and w.legs[i]["right"] == right


@jit_part
def least_gain(w: Workspace, right: int) -> int:
    """Return the short option in the spread that would cost least more outside; -1: none."""
    found, least = -1, INFINITE
    for i in range(w.counts[N_LEGS]):
        if is_sold(w, i, right) and w.slots[i]["gain"] < least:
            found, least = i, w.slots[i]["gain"]
    return found


@jit_part
def least_bought(w: Workspace, right: int) -> int:
    """Return the long option in the spread that brings least; -1: none."""
    found = -1
    for i in range(w.counts[N_LEGS]):
        is_in = w.slots[i]["inside"] > LEAST_QUANTITY
        if is_in and w.legs[i]["is_long"] and w.legs[i]["right"] == right:
            found = i
            if right < 0:
                break
    return found


@jit_part
def take_dear(w: Workspace, right: int, spare: float) -> tuple[float, float]:
    """Take short options out that lack long ones, then pairs that cost less outside.

    Return the contracts taken out and the price at which contracts of the right balance.
    """
    slots = w.slots
    price, out = -INFINITE, 0.0
    i = least_gain(w, right)
    while i >= 0:
        contracts = min(slots[i]["inside"], -spare)
        if not spare < -LEAST_QUANTITY:
            k = least_bought(w, right)
            if k < 0 or slots[i]["gain"] + slots[k]["paid"] >= -ROUNDING:
                break
            contracts = min(slots[i]["inside"], slots[k]["inside"])
            slots[k]["inside"] -= contracts
            spare -= contracts
        price = slots[i]["gain"]
        slots[i]["inside"] -= contracts
        spare += contracts
        out += contracts
        if not slots[i]["inside"] > LEAST_QUANTITY:
            slots[i]["gain"] = INFINITE
        i = least_gain(w, right)
    k = least_bought(w, right)
    return out, price if k < 0 else max(price, -slots[k]["paid"])


@jit_part
def choose(w: Workspace, right: int, is_carried: bool) -> float:
    """Choose what of a right stands in the spread; return the short contracts outside."""
    legs, slots = w.legs, w.slots
    spare = 0.0
    for i in range(w.counts[N_LEGS]):
        if legs[i]["right"] != right:
            continue
        slots[i]["inside"] = legs[i]["quantity"]
        slots[i]["outside"] = legs[i]["value"] if is_carried else legs[i]["uncovered"]
        slots[i]["gain"] = slots[i]["outside"] - slots[i]["paid"]
        spare += legs[i]["quantity"] if legs[i]["is_long"] else -legs[i]["quantity"]
    while spare > LEAST_QUANTITY:
        i = least_bought(w, right)
        if i < 0:
            break
        contracts = min(slots[i]["inside"], spare)
        slots[i]["inside"] -= contracts
        spare -= contracts
    out, price = take_dear(w, right, spare)
    for i in range(w.counts[N_LEGS]):
        if is_sold(w, i, right):
            slots[i]["cost"] = min(slots[i]["outside"], slots[i]["paid"] + price)
    return out


@jit_part
def may_carry(w: Workspace, carrier: int, carried: int) -> bool:
    """Whether a short option may carry another in a straddle: the one that requires more."""
    a, b = w.legs[carrier], w.legs[carried]
    if a["uncovered"] != b["uncovered"]:
        return a["uncovered"] > b["uncovered"]  # type: ignore[no-any-return]
    if a["value"] != b["value"]:
        return a["value"] > b["value"]  # type: ignore[no-any-return]
    return carrier < carried


@jit_part
def is_no_straddle_better(w: Workspace, carriers: int) -> bool:
    """Whether no straddle carried by options of a right costs less than its sides where they stand.

    The compiled twin asks the extremes of both rights first.
    """
    legs, slots = w.legs, w.slots
    asked, offered = INFINITE, -INFINITE
    for i in range(w.counts[N_LEGS]):
        if is_sold(w, i, carriers):
            asked = min(asked, legs[i]["uncovered"] - slots[i]["cost"])
        elif is_sold(w, i, -carriers):
            offered = max(offered, slots[i]["cost"] - legs[i]["value"])
    if offered <= asked + ROUNDING:
        return True
    for i in range(w.counts[N_LEGS]):
        if not is_sold(w, i, carriers):
            continue
        least = legs[i]["uncovered"] - slots[i]["cost"] + ROUNDING
        for k in range(w.counts[N_LEGS]):
            is_other = is_sold(w, k, -carriers)
            if is_other and slots[k]["cost"] - legs[k]["value"] > least and may_carry(w, i, k):
                return False
    return True


@jit_part
def are_carried(w: Workspace, carried: int) -> bool:
    """Whether options of the other right that stand outside carry all of a right that do."""
    legs, slots = w.legs, w.slots
    for k in range(w.counts[N_LEGS]):
        room = slots[k]["inside"] - legs[k]["quantity"]
        if not is_sold(w, k, carried) or room >= -LEAST_QUANTITY:
            continue
        for i in range(w.counts[N_LEGS]):
            if legs[i]["is_long"] or not may_carry(w, i, k):
                continue
            out = legs[i]["quantity"] - slots[i]["inside"]
            room += -out if legs[i]["right"] == carried else out
        if room < -LEAST_QUANTITY:
            return False
    return True


@jit_part
def choose_straddles(w: Workspace, calls_out: float, puts_out: float) -> int:
    """Let one right stand outside uncovered and the other as far as that carries it."""
    carriers = 1 if calls_out >= puts_out else -1
    for _ in range(2):
        if (calls_out if carriers > 0 else puts_out) == 0.0:
            break
        carried = -carriers
        out = choose(w, carried, is_carried=True)
        if are_carried(w, carried) and is_no_straddle_better(w, carried):
            return carried if out > 0.0 else NONE_CARRIED
        choose(w, carried, is_carried=False)
        carriers = carried
    return UNKNOWN_CARRIED


@jit_part
def choose_at(w: Workspace, first: int, last: int, factor: float, may_straddle: bool) -> int:
    """Choose what stands in the spread; return who is carried.

    Half of its loss counts at each of two points, which may be one; at -1 it counts nowhere.
    """
    legs = w.legs
    half = 0.5 * factor if first >= 0 else 0.0
    low, high = w.points[max(first, 0)], w.points[max(last, 0)]
    for i in range(w.counts[N_LEGS]):
        right, strike = legs[i]["right"], legs[i]["strike"]
        paid = max(right * (low - strike), 0.0)
        w.slots[i]["paid"] = half * (paid + max(right * (high - strike), 0.0))
    calls_out = choose(w, 1, is_carried=False)
    puts_out = choose(w, -1, is_carried=False)
    if not may_straddle:
        return NONE_CARRIED
    if calls_out == 0.0 and puts_out == 0.0:
        is_best = is_no_straddle_better(w, 1) and is_no_straddle_better(w, -1)
        return NONE_CARRIED if is_best else UNKNOWN_CARRIED
    return choose_straddles(w, calls_out, puts_out)
