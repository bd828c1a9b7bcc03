"""An allocation as strategies; the twin of cpp/src/isa/strategy_writer.hpp."""

from typing import Final, NamedTuple

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.strategy_branch import loss_at
from riskarray.backends._numba.strategy_legs import (
    INITIAL,
    MAINTENANCE,
    OPTION,
    SPREAD_RATE,
    STOCK,
    Legs,
    boxed,
    collared,
    covered,
    hedged,
    intrinsic,
    shares_of,
)
from riskarray.backends._numba.strategy_pools import underlying_end
from riskarray.backends._numba.strategy_program import (
    COLLAR,
    COVER,
    FIRST_OPTION,
    HEDGE,
    LAST_OPTION,
    N_COLUMNS,
    N_LEGS,
    N_POOLS,
    SHELTERED,
    Pool,
    Workspace,
    alone,
)
from riskarray.backends._numba.strategy_simplex import TOLERANCE

__all__ = ["Result", "Writer", "write_allocation"]

LONG_STOCK: Final = 0
SHORT_STOCK: Final = 1
COVERED_CALL: Final = 2
COVERED_PUT: Final = 3
PROTECTIVE_PUT: Final = 4
PROTECTIVE_CALL: Final = 5
COLLARED: Final = 6
CONVERSION: Final = 7
REVERSE_CONVERSION: Final = 8
SPREADS: Final = 9
LONG_BOX: Final = 10
SHORT_STRADDLE: Final = 11
UNCOVERED_CALL: Final = 12
UNCOVERED_PUT: Final = 13
LONG_OPTION: Final = 14
FUTURES: Final = 15

# State of a writer.
FIRST_STRATEGY: Final = 0
STRATEGY_ROOM: Final = 1
FIRST_LEG: Final = 2
LEG_ROOM: Final = 3
STRATEGIES: Final = 4
LEGS: Final = 5
BASIS: Final = 6


class Result(NamedTuple):
    """Outputs, as in the contract."""

    group_initial: F64
    group_maintenance: F64
    group_initial_bound: F64
    group_maintenance_bound: F64
    strategy_count: I32
    leg_count: I32
    strategy_code: I8
    strategy_basis: I8
    strategy_initial: F64
    strategy_maintenance: F64
    strategy_legs: I32
    leg_instrument: I32
    leg_quantity: F64


class Writer(NamedTuple):
    """Writes the strategies of one group and adds them up."""

    result: Result
    state: I64
    total: F64


@jit
def begin_strategy(out: Writer, code: int, initial: float, maintenance: float) -> None:
    """Begin a strategy."""
    state, result = out.state, out.result
    if state[BASIS] & 1:
        out.total[INITIAL] += initial
    if state[BASIS] & 2:
        out.total[MAINTENANCE] += maintenance
    at = state[STRATEGIES]
    state[STRATEGIES] = at + 1
    if at < state[STRATEGY_ROOM]:
        k = state[FIRST_STRATEGY] + at
        result.strategy_code[k] = code
        result.strategy_basis[k] = state[BASIS]
        result.strategy_initial[k] = initial
        result.strategy_maintenance[k] = maintenance
        result.strategy_legs[k] = 0


@jit
def add_leg(out: Writer, legs: Legs, i: int, quantity: float) -> None:
    """Add a leg to the strategy that was begun last."""
    state, result = out.state, out.result
    at = state[LEGS]
    state[LEGS] = at + 1
    if at < state[LEG_ROOM]:
        k = state[FIRST_LEG] + at
        result.leg_instrument[k] = legs[i]["instrument"]
        result.leg_quantity[k] = quantity if legs[i]["is_long"] else -quantity
    strategy = state[STRATEGIES] - 1
    if strategy < state[STRATEGY_ROOM]:
        result.strategy_legs[state[FIRST_STRATEGY] + strategy] += 1


@jit
def units_of(w: Workspace, j: int, k: int) -> float:
    """Units of a column's leg in one contract."""
    legs, i = w.legs, w.columns[j]["leg"][k]
    if legs[i]["kind"] == STOCK:
        return shares_of(legs, w.columns[j]["leg"][0], i) / legs[i]["multiplier"]  # type: ignore[no-any-return]
    return 1.0


@jit
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


@jit
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


@jit
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


@jit
def write_combinations(w: Workspace, regime: F64, x: F64, out: Writer) -> None:
    """Combinations of stock and options, and boxes."""
    for j in range(w.counts[N_COLUMNS]):
        if w.columns[j]["use"] < COVER or x[j] <= 0.0:
            continue
        begin_strategy(
            out,
            code_of(w, j),
            x[j] * combination_cost(w, regime, j, INITIAL),
            x[j] * combination_cost(w, regime, j, MAINTENANCE),
        )
        for k in range(w.columns[j]["n_legs"]):
            add_leg(out, w.legs, w.columns[j]["leg"][k], units_of(w, j, k) * x[j])


@jit
def leg_of(w: Workspace, pool: Pool, k: int) -> int:
    """Leg of a pool's column."""
    return w.columns[pool["first_column"] + k]["leg"][0]  # type: ignore[no-any-return]


@jit
def pair_loss(w: Workspace, pool: Pool, sold: int, bought: int, k: int) -> float:
    """Loss of one contract sold and one bought at a point."""
    price = w.points[pool["first_point"] + k]
    s, b = w.legs[leg_of(w, pool, sold)], w.legs[leg_of(w, pool, bought)]
    return s["multiplier"] * intrinsic(s, price) - b["multiplier"] * intrinsic(b, price)  # type: ignore[no-any-return]


@jit
def greatest_loss(w: Workspace, pool: Pool) -> float:
    """Greatest loss of what is left of a pool."""
    greatest = 0.0
    for k in range(pool["n_points"]):
        greatest = max(greatest, w.loss[k])
    return greatest


@jit
def is_one_strategy(w: Workspace, pool: Pool, size: int) -> bool:
    """Whether a pool's options stay together: few, or a condor, iron condor, butterfly or box."""
    quantity = 0.0
    legs = 0
    sides = 0
    for k in range(size):
        if w.net[k] <= 0.0:
            continue
        if legs == 4:
            return False
        if w.legs[leg_of(w, pool, k)]["is_long"]:
            sides |= 1 << legs
        if legs == 0:
            quantity = w.net[k]
        legs += 1
        if legs == 4 and w.net[k] != quantity:
            return False
    return legs < 4 or sides in (0b1001, 0b0110, 0b0000, 0b1111)


@jit
def write_spread(w: Workspace, pool: Pool, size: int, loss: float, out: Writer) -> None:
    """Write what is left of a pool as one strategy."""
    begin_strategy(out, SPREADS, loss, loss)
    for k in range(size):
        if w.net[k] > 0.0:
            add_leg(out, w.legs, leg_of(w, pool, k), w.net[k])


@jit
def take_pair(w: Workspace, pool: Pool, sold: int, bought: int, rate: float, out: Writer) -> bool:
    """Take a pair out if it loses by itself what the rest then loses less; True when it did."""
    contracts = min(w.net[sold], w.net[bought])
    pair = rest = 0.0
    for k in range(pool["n_points"]):
        loss = contracts * pair_loss(w, pool, sold, bought, k)
        pair = max(pair, loss)
        rest = max(rest, w.loss[k] - loss)
    whole = greatest_loss(w, pool)
    if pair + rest > whole + TOLERANCE * (whole + 1.0):
        return False
    for k in range(pool["n_points"]):
        w.loss[k] -= contracts * pair_loss(w, pool, sold, bought, k)
    w.net[sold] -= contracts
    w.net[bought] -= contracts
    begin_strategy(out, SPREADS, rate * pair, rate * pair)
    add_leg(out, w.legs, leg_of(w, pool, min(sold, bought)), contracts)
    add_leg(out, w.legs, leg_of(w, pool, max(sold, bought)), contracts)
    return True


@jit
def take_some_pair(w: Workspace, pool: Pool, size: int, rate: float, out: Writer) -> bool:
    """Take out the nearest pair that comes at no cost; True when there is one."""
    for away in range(1, size):
        for first in range(size - away):
            second = first + away
            a, b = w.legs[leg_of(w, pool, first)], w.legs[leg_of(w, pool, second)]
            sold, bought = (second, first) if a["is_long"] else (first, second)
            is_pair = (
                w.net[first] > 0.0
                and w.net[second] > 0.0
                and a["right"] == b["right"]
                and a["multiplier"] == b["multiplier"]
                and a["is_long"] != b["is_long"]
            )
            if is_pair and take_pair(w, pool, sold, bought, rate, out):
                return True
    return False


@jit
def is_left(w: Workspace, size: int) -> bool:
    """Whether anything is left of a pool."""
    for k in range(size):  # noqa: SIM110  # as the twin
        if w.net[k] > 0.0:
            return True
    return False


@jit
def write_spreads(w: Workspace, regime: F64, x: F64, out: Writer) -> None:
    """Write each pool, cut into strategies of few legs as far as that costs nothing."""
    rate = regime[SPREAD_RATE]
    for p in range(w.counts[N_POOLS]):
        pool = w.pools[p]
        size = pool["loss_column"] - pool["first_column"]
        for k in range(size):
            w.net[k] = x[pool["first_column"] + k]
        if not is_left(w, size):
            continue
        for k in range(pool["n_points"]):
            w.loss[k] = loss_at(w, p, x, k)
        while not is_one_strategy(w, pool, size) and take_some_pair(w, pool, size, rate, out):
            pass
        if is_left(w, size):
            write_spread(w, pool, size, rate * greatest_loss(w, pool), out)


@jit
def write_sheltered(w: Workspace, begin: int, i: int, out: Writer) -> None:
    """Set a sheltered option beside uncovered ones of the other right that require more."""
    legs = w.legs
    for rank in range(w.slots[i]["rank"]):
        if w.slots[i]["straddled"] <= 0.0:
            return
        k = w.slots[begin + rank]["by_rank"]
        shares = min(
            w.slots[i]["straddled"] * legs[i]["multiplier"],
            w.slots[k]["left"] * legs[k]["multiplier"],
        )
        contracts = shares / legs[i]["multiplier"]
        if legs[k]["right"] == legs[i]["right"] or contracts <= TOLERANCE * legs[i]["quantity"]:
            continue
        of_greater = shares / legs[k]["multiplier"]
        cost = of_greater * legs[k]["uncovered"] + contracts * legs[i]["value"]
        begin_strategy(out, SHORT_STRADDLE, cost, cost)
        add_leg(out, legs, k, of_greater)
        add_leg(out, legs, i, contracts)
        w.slots[i]["straddled"] -= contracts
        w.slots[k]["left"] -= of_greater


@jit
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


@jit
def write_alone(w: Workspace, first: int, last: int, out: Writer) -> None:
    """What is left of some legs, each by itself."""
    legs = w.legs
    for i in range(first, last):
        if w.slots[i]["left"] <= 0.0:
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


@jit
def write_allocation(w: Workspace, regime: F64, x: F64, is_last: bool, out: Writer) -> None:
    """Write an allocation; stock that is left waits when more options of the group follow."""
    take_out(w, x)
    if is_last:
        write_alone(w, 0, w.counts[FIRST_OPTION], out)
    write_combinations(w, regime, x, out)
    write_spreads(w, regime, x, out)
    write_straddles(w, out)
    write_alone(w, w.counts[FIRST_OPTION], w.counts[N_LEGS], out)
