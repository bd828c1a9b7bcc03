"""The legs of one group in canonical order, and what single strategies cost.

The twin of cpp/src/isa/strategy_legs.hpp.
"""

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from riskarray.array_types import F64, I8, I32, I64, AnyArray
from riskarray.backends._numba.jit import jit_part

__all__ = [
    "BOTH",
    "EUROPEAN",
    "FUTURE",
    "INITIAL",
    "LEAST_QUANTITY",
    "LEG",
    "MAINTENANCE",
    "MAX_LEGS",
    "OPTION",
    "STOCK",
    "Book",
    "Leg",
    "Legs",
    "Terms",
    "boxed",
    "collared",
    "covered",
    "hedged",
    "intrinsic",
    "net_positions",
    "order_by_strike",
    "restore_order",
    "set_leg",
    "shares_of",
    "stock_alone",
    "trivial_bound",
]

MAX_LEGS: Final = 504
LEAST_QUANTITY: Final = 1e-9  # contracts or shares: less is the dust of sums
STOCK: Final = 0
OPTION: Final = 1
FUTURE: Final = 2
INITIAL: Final = 0
MAINTENANCE: Final = 1
BOTH: Final = 3
EUROPEAN: Final = 1

# Columns of the regimes' figures.
HEDGE_RATE: Final = 0
HEDGE_CAP_RATE: Final = 1
SPREAD_RATE: Final = 2
BOX_RATE: Final = 3
IS_IN_THE_MONEY_FULL: Final = 4
IS_STRADDLE_ALLOWED: Final = 5
IS_SPREAD_ALLOWED: Final = 6
IS_SPREAD_INDEX: Final = 7
IS_SPREAD_SAME_EXPIRY: Final = 8
IS_SPREAD_SAME_STYLE: Final = 9
IS_HEDGE_ALLOWED: Final = 10
IS_FUND_COVER_ALLOWED: Final = 11
IS_LONG_CALL_RELIEF: Final = 12
IS_COLLAR_SAME_EXPIRY: Final = 13
IS_PUT_COVER_ALLOWED: Final = 14


Leg: TypeAlias = Any
"""A row of `LEG`."""
Legs: TypeAlias = AnyArray
"""Rows of `LEG`."""


class Book(NamedTuple):
    """Groups (account, underlying) as runs of positions."""

    group_offset: I64
    group_regime: I32
    instrument: I32
    quantity: F64


class Terms(NamedTuple):
    """Terms of the instruments and figures of the underlyings."""

    kind: I8
    underlying: I32
    right: I8
    strike: F64
    time_to_expiry: F64
    exercise: I8
    multiplier: F64
    value: F64
    uncovered: F64
    loan_value: F64
    spot: F64
    index_group: I32
    role: I8
    initial_long: F64
    maintenance_long: F64
    initial_short: F64
    maintenance_short: F64
    rules: F64


LEG: Final = np.dtype(
    [
        ("instrument", np.int32),
        ("underlying", np.int32),
        ("index_group", np.int32),
        ("role", np.int8),
        ("kind", np.int8),
        ("right", np.int8),
        ("exercise", np.int8),
        ("is_long", np.int8),
        ("quantity", np.float64),
        ("strike", np.float64),
        ("time", np.float64),
        ("multiplier", np.float64),
        ("value", np.float64),
        ("uncovered", np.float64),
        ("loan_value", np.float64),
        ("spot", np.float64),
        ("initial", np.float64),
        ("maintenance", np.float64),
    ],
    align=True,
)
"""A leg with its terms; quantity is what is left of it, never negative."""


@jit_part
def set_leg(legs: Legs, at: int, terms: Terms, regime: int, i: int, quantity: float) -> None:
    """Fill one leg from the terms of its instrument."""
    leg = legs[at]
    u = terms.underlying[i]
    leg["instrument"] = i
    leg["underlying"] = u
    leg["index_group"] = terms.index_group[u]
    leg["role"] = terms.role[u]
    leg["kind"] = terms.kind[i]
    leg["right"] = terms.right[i]
    leg["exercise"] = terms.exercise[i]
    leg["is_long"] = 1 if quantity > 0.0 else 0
    leg["quantity"] = abs(quantity)
    leg["strike"] = terms.strike[i]
    leg["time"] = terms.time_to_expiry[i]
    leg["multiplier"] = terms.multiplier[i]
    leg["value"] = terms.value[i]
    leg["uncovered"] = terms.uncovered[regime, i]
    leg["loan_value"] = terms.loan_value[regime, i]
    leg["spot"] = terms.spot[u]
    leg["initial"] = 0.0
    leg["maintenance"] = 0.0
    if terms.kind[i] == STOCK:
        is_long = quantity > 0.0
        initial = terms.initial_long if is_long else terms.initial_short
        maintenance = terms.maintenance_long if is_long else terms.maintenance_short
        leg["initial"] = initial[regime, u]
        leg["maintenance"] = maintenance[regime, u]


@jit_part
def precedes(a: Leg, b: Leg) -> bool:  # noqa: PLR0911  # one for each key
    """Canonical order of two legs."""
    if a["kind"] != b["kind"]:
        return bool(a["kind"] < b["kind"])
    if a["underlying"] != b["underlying"]:
        return bool(a["underlying"] < b["underlying"])
    if a["time"] != b["time"]:
        return bool(a["time"] < b["time"])
    if a["strike"] != b["strike"]:
        return bool(a["strike"] < b["strike"])
    if a["right"] != b["right"]:
        return bool(a["right"] > b["right"])
    if a["exercise"] != b["exercise"]:
        return bool(a["exercise"] < b["exercise"])
    if a["multiplier"] != b["multiplier"]:
        return bool(a["multiplier"] < b["multiplier"])
    if a["value"] != b["value"]:
        return bool(a["value"] < b["value"])
    return bool(a["instrument"] < b["instrument"])


@jit_part
def net_positions(book: Book, begin: int, end: int, instrument: I32, quantity: F64) -> int:
    """Sum the rows of each instrument and drop those that come to nothing; return how many."""
    count = 0
    for k in range(begin, end):
        at = count
        while at > 0 and instrument[at - 1] > book.instrument[k]:
            at -= 1
        if at > 0 and instrument[at - 1] == book.instrument[k]:
            quantity[at - 1] += book.quantity[k]
            continue
        for i in range(count, at, -1):
            instrument[i] = instrument[i - 1]
            quantity[i] = quantity[i - 1]
        instrument[at] = book.instrument[k]
        quantity[at] = book.quantity[k]
        count += 1
    kept = 0
    for i in range(count):
        if abs(quantity[i]) > LEAST_QUANTITY:
            instrument[kept] = instrument[i]
            quantity[kept] = quantity[i]
            kept += 1
    return kept


@jit_part
def restore_order(legs: Legs, order: I32) -> None:
    """Put legs, or a part of them, into canonical order."""
    for i in range(1, len(order)):
        leg = order[i]
        at = i
        while at > 0 and precedes(legs[leg], legs[order[at - 1]]):
            order[at] = order[at - 1]
            at -= 1
        order[at] = leg


@jit_part
def order_by_strike(legs: Legs, order: I32) -> None:
    """Put options in canonical order into that of their strikes."""
    for i in range(1, len(order)):
        leg = order[i]
        at = i
        while at > 0:
            one, before = legs[leg], legs[order[at - 1]]
            is_other = one["kind"] != before["kind"] or one["underlying"] != before["underlying"]
            if is_other or one["strike"] >= before["strike"]:
                break
            order[at] = order[at - 1]
            at -= 1
        order[at] = leg


@jit_part
def intrinsic(leg: Leg, spot: float) -> float:
    """Intrinsic value per share."""
    return max(leg["right"] * (spot - leg["strike"]), 0.0)  # type: ignore[no-any-return]


@jit_part
def figure_of(stock: Leg, basis: int) -> float:
    """Fraction (long) or USD per share (short) that stock needs."""
    return stock["initial"] if basis == INITIAL else stock["maintenance"]  # type: ignore[no-any-return]


@jit_part
def stock_alone(stock: Leg, basis: int) -> float:
    """Requirement of one unit of stock held by itself."""
    figure = figure_of(stock, basis)
    per_share = figure * stock["spot"] if stock["is_long"] else figure
    return stock["multiplier"] * per_share  # type: ignore[no-any-return]


@jit_part
def trivial_bound(leg: Leg) -> float:
    """No allocation needs less of a leg: a long option at its loan value, or as part of a box."""
    if leg["kind"] == OPTION and leg["is_long"]:
        box = leg["value"] if leg["exercise"] == EUROPEAN else 0.0
        return -(leg["quantity"] * max(leg["loan_value"], box))  # type: ignore[no-any-return]
    return leg["quantity"] * leg["uncovered"] if leg["kind"] == FUTURE else 0.0


@jit_part
def shares_of(legs: Legs, option: int, stock: int) -> float:
    """Shares that stand against one contract: shares of a fund by the value of its index."""
    if legs[option]["underlying"] == legs[stock]["underlying"]:
        return legs[option]["multiplier"]  # type: ignore[no-any-return]
    return legs[option]["multiplier"] * (legs[option]["spot"] / legs[stock]["spot"])  # type: ignore[no-any-return]


@jit_part
def covered(regime: F64, legs: Legs, option: int, stock: int, basis: int) -> float:
    """Requirement of the shares and the short option that they cover, per contract."""
    figure = figure_of(legs[stock], basis)
    spot = legs[option]["spot"]
    in_the_money = intrinsic(legs[option], spot)
    if not legs[stock]["is_long"]:
        return shares_of(legs, option, stock) * figure + legs[option]["multiplier"] * in_the_money  # type: ignore[no-any-return]
    is_full = basis == INITIAL and regime[IS_IN_THE_MONEY_FULL] != 0.0
    valued = spot if is_full else min(spot, legs[option]["strike"])
    return legs[option]["multiplier"] * (figure * valued + in_the_money)  # type: ignore[no-any-return]


@jit_part
def hedge_cap(regime: F64, stock: Leg, price: float) -> float:
    """Most that hedged stock needs, in USD per share of a price."""
    figure = stock["maintenance"]
    if not stock["is_long"]:
        return figure  # type: ignore[no-any-return]
    rate = regime[HEDGE_CAP_RATE]
    return (min(rate, figure) if rate > 0.0 else figure) * price  # type: ignore[no-any-return]


@jit_part
def is_relieved(regime: F64, legs: Legs, option: int, stock: int) -> bool:
    """Whether a long option spares short stock its initial margin."""
    return (
        not legs[stock]["is_long"]
        and regime[IS_LONG_CALL_RELIEF] != 0.0
        and legs[option]["exercise"] != EUROPEAN
        and legs[option]["strike"] <= legs[option]["spot"]
    )


@jit_part
def hedged(regime: F64, legs: Legs, option: int, stock: int, basis: int) -> float:
    """Requirement of the shares and the long option that hedges them, per contract."""
    alone = stock_alone(legs[stock], basis) / legs[stock]["multiplier"]
    strike, spot = legs[option]["strike"], legs[option]["spot"]
    out_of_the_money = max(legs[option]["right"] * (strike - spot), 0.0)
    least = min(
        regime[HEDGE_RATE] * strike + out_of_the_money, hedge_cap(regime, legs[stock], spot)
    )
    if basis == MAINTENANCE:
        return legs[option]["multiplier"] * least  # type: ignore[no-any-return]
    spared = is_relieved(regime, legs, option, stock)
    return legs[option]["multiplier"] * (min(least, alone) if spared else alone)  # type: ignore[no-any-return]


@jit_part
def collared(regime: F64, legs: Legs, sold: int, bought: int, stock: int, basis: int) -> float:
    """Requirement of a collar, conversion or reverse conversion, per contract."""
    initial = covered(regime, legs, sold, stock, INITIAL)
    if basis == INITIAL and not is_relieved(regime, legs, bought, stock):
        return initial
    in_the_money = intrinsic(legs[sold], legs[sold]["spot"])
    strike = legs[bought]["strike"]
    least = regime[HEDGE_RATE] * strike
    if legs[sold]["strike"] != strike:
        out_of_the_money = max(legs[bought]["spot"] - strike, 0.0)
        least = min(least + out_of_the_money, hedge_cap(regime, legs[stock], legs[sold]["strike"]))
    maintenance = legs[sold]["multiplier"] * (least + in_the_money)
    return min(initial, maintenance) if basis == INITIAL else maintenance  # type: ignore[no-any-return]


@jit_part
def boxed(regime: F64, legs: Legs, lc: int, sc: int, lp: int, sp: int) -> float:
    """Requirement of a long European box less its value, at most the strike difference."""
    width = (legs[sc]["strike"] - legs[lc]["strike"]) * legs[lc]["multiplier"]
    value = legs[lc]["value"] - legs[sc]["value"] + legs[lp]["value"] - legs[sp]["value"]
    return regime[BOX_RATE] * width - min(value, width)  # type: ignore[no-any-return]
