"""An allocation as strategies; the twin of cpp/src/isa/strategy_writer.hpp."""

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_legs import (
    INITIAL,
    LEAST_QUANTITY,
    MAINTENANCE,
    OPTION,
    STOCK,
    boxed,
    collared,
    covered,
    hedged,
    shares_of,
)
from riskarray.backends._numba.strategy_output import (
    COLLARED,
    CONVERSION,
    COVERED_CALL,
    COVERED_PUT,
    FUTURES,
    LONG_BOX,
    LONG_OPTION,
    LONG_STOCK,
    PROTECTIVE_CALL,
    PROTECTIVE_PUT,
    REVERSE_CONVERSION,
    SHORT_STOCK,
    SHORT_STRADDLE,
    UNCOVERED_CALL,
    UNCOVERED_PUT,
    Writer,
    add_leg,
    begin_strategy,
)
from riskarray.backends._numba.strategy_program import (
    COLLAR,
    COVER,
    FIRST_OPTION,
    HEDGE,
    LAST_OPTION,
    N_COLUMNS,
    N_LEGS,
    SHELTERED,
    Workspace,
    alone,
    underlying_end,
)
from riskarray.backends._numba.strategy_spreads import write_spreads
from riskarray.backends._numba.strategy_tableau import TOLERANCE

__all__ = ["write_allocation", "write_alone", "write_straddles"]


@jit_part
def units_of(w: Workspace, j: int, k: int) -> float:
    """Units of a column's leg in one contract."""
    legs, i = w.legs, w.columns[j]["leg"][k]
    if legs[i]["kind"] == STOCK:
        return shares_of(legs, w.columns[j]["leg"][0], i) / legs[i]["multiplier"]  # type: ignore[no-any-return]
    return 1.0


@jit_part
def take_out(w: Workspace, x: F64) -> None:
    """What the allocation leaves of each leg by itself, and what stands sheltered in a straddle."""
    for i in range(w.counts[N_LEGS]):
        w.slots[i]["left"] = w.legs[i]["quantity"]
        w.slots[i]["straddled"] = 0.0
    for j in range(w.counts[N_COLUMNS]):
        for k in range(w.columns[j]["n_legs"]):
            w.slots[w.columns[j]["leg"][k]]["left"] -= units_of(w, j, k) * x[j]
        if w.columns[j]["use"] == SHELTERED:
            w.slots[w.columns[j]["leg"][0]]["straddled"] = x[j]
    for i in range(w.counts[N_LEGS]):
        if w.slots[i]["left"] <= TOLERANCE * w.legs[i]["quantity"]:
            w.slots[i]["left"] = 0.0


@jit_part
def code_of(w: Workspace, j: int) -> int:
    """Code of a combination."""
    legs, first = w.legs, w.columns[j]["leg"][0]
    if w.columns[j]["use"] == COVER:
        return COVERED_CALL if legs[first]["right"] > 0 else COVERED_PUT
    if w.columns[j]["use"] == HEDGE:
        return PROTECTIVE_PUT if legs[first]["right"] < 0 else PROTECTIVE_CALL
    if w.columns[j]["use"] == COLLAR:
        if legs[first]["right"] < 0:
            return REVERSE_CONVERSION
        is_same = legs[first]["strike"] == legs[w.columns[j]["leg"][1]]["strike"]
        return CONVERSION if is_same else COLLARED
    return LONG_BOX


@jit_part
def combination_cost(w: Workspace, regime: F64, j: int, basis: int) -> float:
    """Requirement of a combination, per contract."""
    legs = w.legs
    a, b, c, d = (
        w.columns[j]["leg"][0],
        w.columns[j]["leg"][1],
        w.columns[j]["leg"][2],
        w.columns[j]["leg"][3],
    )
    if w.columns[j]["use"] == COVER:
        return covered(regime, legs, a, b, basis)
    if w.columns[j]["use"] == HEDGE:
        return hedged(regime, legs, a, b, basis)
    if w.columns[j]["use"] == COLLAR:
        return collared(regime, legs, a, b, c, basis)
    return boxed(regime, legs, a, b, c, d)


@jit_part
def write_combinations(w: Workspace, regime: F64, x: F64, out: Writer) -> None:
    """Combinations of stock and options, and boxes."""
    for j in range(w.counts[N_COLUMNS]):
        if w.columns[j]["use"] < COVER or x[j] <= LEAST_QUANTITY:
            continue
        begin_strategy(
            out,
            code_of(w, j),
            x[j] * combination_cost(w, regime, j, INITIAL),
            x[j] * combination_cost(w, regime, j, MAINTENANCE),
        )
        for k in range(w.columns[j]["n_legs"]):
            add_leg(out, w.legs, w.columns[j]["leg"][k], units_of(w, j, k) * x[j])


@jit_part
def write_sheltered(w: Workspace, begin: int, i: int, out: Writer) -> None:
    """Set a sheltered option beside uncovered ones of its multiplier that require more.

    What finds none stands uncovered, so that nothing can be lost.
    """
    legs = w.legs
    for rank in range(w.slots[i]["rank"]):
        if w.slots[i]["straddled"] <= 0.0:
            break
        k = w.slots[begin + rank]["by_rank"]
        contracts = min(w.slots[i]["straddled"], w.slots[k]["left"])
        if (
            legs[k]["right"] == legs[i]["right"]
            or legs[k]["multiplier"] != legs[i]["multiplier"]
            or contracts <= TOLERANCE * legs[i]["quantity"]
        ):
            continue
        cost = contracts * legs[k]["uncovered"] + contracts * legs[i]["value"]
        begin_strategy(out, SHORT_STRADDLE, cost, cost)
        add_leg(out, legs, k, contracts)
        add_leg(out, legs, i, contracts)
        w.slots[i]["straddled"] -= contracts
        w.slots[k]["left"] -= contracts
    if w.slots[i]["straddled"] > TOLERANCE * legs[i]["quantity"]:
        w.slots[i]["left"] += w.slots[i]["straddled"]


@jit_part
def write_straddles(w: Workspace, out: Writer) -> None:
    """In order of rank, so that shelter that only the first can use is not given to those below."""
    begin = w.counts[FIRST_OPTION]
    while begin < w.counts[LAST_OPTION]:
        end = underlying_end(w, begin)
        shorts = 0
        for i in range(begin, end):
            shorts += 0 if w.legs[i]["is_long"] else 1
        for rank in range(shorts):
            write_sheltered(w, begin, w.slots[begin + rank]["by_rank"], out)
        begin = end


@jit_part
def write_alone(w: Workspace, first: int, last: int, out: Writer) -> None:
    """What is left of some legs, each by itself."""
    legs = w.legs
    for i in range(first, last):
        if w.slots[i]["left"] <= LEAST_QUANTITY:
            continue
        code = FUTURES
        if legs[i]["kind"] == STOCK:
            code = LONG_STOCK if legs[i]["is_long"] else SHORT_STOCK
        elif legs[i]["kind"] == OPTION:
            code = UNCOVERED_CALL if legs[i]["right"] > 0 else UNCOVERED_PUT
            if legs[i]["is_long"]:
                code = LONG_OPTION
        begin_strategy(
            out,
            code,
            w.slots[i]["left"] * alone(legs[i], INITIAL),
            w.slots[i]["left"] * alone(legs[i], MAINTENANCE),
        )
        add_leg(out, legs, i, w.slots[i]["left"])


@jit_part
def write_allocation(w: Workspace, regime: F64, x: F64, is_last: bool, out: Writer) -> None:
    """Write an allocation; stock that is left waits when more options of the group follow."""
    take_out(w, x)
    if is_last:
        write_alone(w, 0, w.counts[FIRST_OPTION], out)
    write_combinations(w, regime, x, out)
    write_spreads(w, regime, x, out)
    write_straddles(w, out)
    write_alone(w, w.counts[FIRST_OPTION], w.counts[N_LEGS], out)
