"""Columns of short straddles and strangles; the twin of cpp/src/isa/strategy_straddles.hpp."""

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_legs import INITIAL, IS_STRADDLE_ALLOWED, MAINTENANCE
from riskarray.backends._numba.strategy_program import (
    N_SHELTERS,
    SHELTERED,
    Workspace,
    add_column,
)

__all__ = ["add_straddle_columns", "rank_shorts"]


@jit_part
def ranks_before(w: Workspace, a: int, b: int) -> bool:
    """Order of short options: those of one multiplier together, by requirement and value."""
    if w.legs[a]["multiplier"] != w.legs[b]["multiplier"]:
        return w.legs[a]["multiplier"] < w.legs[b]["multiplier"]  # type: ignore[no-any-return]
    if w.legs[a]["uncovered"] != w.legs[b]["uncovered"]:
        return w.legs[a]["uncovered"] > w.legs[b]["uncovered"]  # type: ignore[no-any-return]
    if w.legs[a]["value"] != w.legs[b]["value"]:
        return w.legs[a]["value"] > w.legs[b]["value"]  # type: ignore[no-any-return]
    return a < b


@jit_part
def rank_shorts(w: Workspace, begin: int, end: int) -> int:
    """Rank the short options of an underlying by multiplier and requirement; return how many."""
    count = 0
    for i in range(begin, end):
        if w.legs[i]["is_long"]:
            continue
        at = count
        count += 1
        while at > 0 and ranks_before(w, i, w.slots[begin + at - 1]["by_rank"]):
            w.slots[begin + at]["by_rank"] = w.slots[begin + at - 1]["by_rank"]
            at -= 1
        w.slots[begin + at]["by_rank"] = i
    for rank in range(count):
        w.slots[w.slots[begin + rank]["by_rank"]]["rank"] = rank
    return count


@jit_part
def add_straddle_columns(w: Workspace, regime: F64, begin: int, end: int) -> None:
    """A short option may stand sheltered when another of its multiplier requires more."""
    legs = w.legs
    count = rank_shorts(w, begin, end)
    if regime[IS_STRADDLE_ALLOWED] == 0.0:
        return
    first = -1
    has_other = False
    for rank in range(count):
        i = w.slots[begin + rank]["by_rank"]
        if first < 0 or legs[i]["multiplier"] != legs[first]["multiplier"]:
            first = i
            has_other = False
        has_other = has_other or legs[i]["right"] != legs[first]["right"]
        w.slots[i]["first_shelter"] = w.counts[N_SHELTERS]
        if not has_other:
            continue
        j = add_column(w, SHELTERED, 1, i, 0, 0, 0)
        if j >= 0:
            cost = legs[i]["value"] - legs[i]["uncovered"]
            w.columns[j]["cost"][INITIAL] = cost
            w.columns[j]["cost"][MAINTENANCE] = cost
            w.columns[j]["upper"] = legs[i]["quantity"]
            w.slots[i]["sheltered_column"] = j
        is_last = rank + 1 == count
        if not is_last:
            following = w.slots[begin + rank + 1]["by_rank"]
            is_last = (
                legs[following]["right"] != legs[i]["right"]
                or legs[following]["multiplier"] != legs[i]["multiplier"]
            )
        if is_last:
            s = w.counts[N_SHELTERS]
            w.shelters[s]["leg"] = i
            w.shelters[s]["right"] = legs[i]["right"]
            w.shelters[s]["row"] = -1
            w.counts[N_SHELTERS] = s + 1
