"""Columns of stock against options (covers, hedges, collars), and of boxes.

The twin of cpp/src/isa/strategy_combinations.hpp.
"""

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_legs import (
    BOX_RATE,
    EUROPEAN,
    INITIAL,
    IS_COLLAR_SAME_EXPIRY,
    IS_FUND_COVER_ALLOWED,
    IS_HEDGE_ALLOWED,
    IS_PUT_COVER_ALLOWED,
    MAINTENANCE,
    STOCK,
    Legs,
    boxed,
    collared,
    covered,
    hedged,
    shares_of,
)
from riskarray.backends._numba.strategy_program import (
    BOX,
    COLLAR,
    COVER,
    FIRST_OPTION,
    FUND,
    HEDGE,
    INDEX,
    IS_WHOLE,
    LAST_OPTION,
    N_COLUMNS,
    TOTAL,
    Workspace,
    add_column,
    alone,
)
from riskarray.backends._numba.strategy_tableau import INFINITE, TOLERANCE

__all__ = ["add_boxes", "add_stock_columns"]


@jit_part
def add_combination(
    w: Workspace,
    use: int,
    n_legs: int,
    leg: tuple[int, int, int, int],
    initial: float,
    maintenance: float,
) -> None:
    """Add a column unless it helps on neither basis."""
    upper = INFINITE
    legs = w.legs
    for k in range(n_legs):
        i = leg[k]
        units = 1.0
        if legs[i]["kind"] == STOCK:
            units = shares_of(legs, leg[0], i) / legs[i]["multiplier"]
        upper = min(upper, legs[i]["quantity"] / units)
        initial -= units * alone(legs[i], INITIAL)
        maintenance -= units * alone(legs[i], MAINTENANCE)
    is_shared = use == COVER and w.slots[leg[0]]["total_column"] >= 0
    if w.counts[IS_WHOLE] and not is_shared:
        upper = np.floor(upper + TOLERANCE)
    if upper <= 0.0 or (initial >= 0.0 and maintenance >= 0.0):
        return
    j = add_column(w, use, n_legs, leg[0], leg[1], leg[2], leg[3])
    if j >= 0:
        w.columns[j]["cost"][INITIAL] = initial
        w.columns[j]["cost"][MAINTENANCE] = maintenance
        w.columns[j]["upper"] = upper
        if is_shared:
            w.columns[j]["is_whole"] = 0


@jit_part
def may_cover(w: Workspace, regime: F64, option: int, stock: int) -> bool:
    """Whether stock covers a short option."""
    o, s = w.legs[option], w.legs[stock]
    if o["is_long"] or (o["right"] > 0) != bool(s["is_long"]):
        return False
    if not s["is_long"] and regime[IS_PUT_COVER_ALLOWED] == 0.0:
        return False
    if o["underlying"] == s["underlying"]:
        return True
    return bool(
        regime[IS_FUND_COVER_ALLOWED] != 0.0
        and o["role"] == INDEX
        and s["role"] == FUND
        and o["index_group"] == s["index_group"]
    )


@jit_part
def add_collars(w: Workspace, regime: F64, bought: int, stock: int) -> None:
    """Add the collars and conversions of a long option on stock."""
    legs = w.legs
    for sold in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        if (
            legs[sold]["is_long"]
            or legs[sold]["underlying"] != legs[bought]["underlying"]
            or legs[sold]["right"] == legs[bought]["right"]
            or legs[sold]["multiplier"] != legs[bought]["multiplier"]
        ):
            continue
        is_same = legs[sold]["time"] == legs[bought]["time"]
        is_in_time = is_same or (
            regime[IS_COLLAR_SAME_EXPIRY] == 0.0 and legs[sold]["time"] < legs[bought]["time"]
        )
        if legs[stock]["is_long"]:
            is_placed = legs[bought]["strike"] <= legs[sold]["strike"]
        else:
            is_placed = legs[bought]["strike"] == legs[sold]["strike"]
        if not is_in_time or not is_placed:
            continue
        add_combination(
            w,
            COLLAR,
            3,
            (sold, bought, stock, 0),
            collared(regime, legs, sold, bought, stock, INITIAL),
            collared(regime, legs, sold, bought, stock, MAINTENANCE),
        )


@jit_part
def add_totals(w: Workspace, regime: F64) -> None:
    """Count the contracts covered where several stocks may share a contract."""
    for option in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        stocks = 0
        for stock in range(w.counts[FIRST_OPTION]):
            stocks += 1 if may_cover(w, regime, option, stock) else 0
        w.slots[option]["total_column"] = -1
        if stocks > 1:
            w.slots[option]["total_column"] = w.counts[N_COLUMNS]
            j = add_column(w, TOTAL, 0, option, 0, 0, 0)
            if j >= 0:
                w.columns[j]["upper"] = w.legs[option]["quantity"]


@jit_part
def add_stock_columns(w: Workspace, regime: F64) -> None:
    """Stock against options: covers, hedges, collars."""
    add_totals(w, regime)
    legs = w.legs
    for stock in range(w.counts[FIRST_OPTION]):
        for option in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
            if may_cover(w, regime, option, stock):
                add_combination(
                    w,
                    COVER,
                    2,
                    (option, stock, 0, 0),
                    covered(regime, legs, option, stock, INITIAL),
                    covered(regime, legs, option, stock, MAINTENANCE),
                )
            is_hedge = (
                legs[option]["is_long"]
                and legs[option]["underlying"] == legs[stock]["underlying"]
                and (legs[option]["right"] < 0) == bool(legs[stock]["is_long"])
                and regime[IS_HEDGE_ALLOWED] != 0.0
            )
            if is_hedge:
                add_combination(
                    w,
                    HEDGE,
                    2,
                    (option, stock, 0, 0),
                    hedged(regime, legs, option, stock, INITIAL),
                    hedged(regime, legs, option, stock, MAINTENANCE),
                )
                add_collars(w, regime, option, stock)


@jit_part
def has_side(legs: Legs, i: int, right: int, side: int) -> bool:
    """Whether an option is of a right and side."""
    return bool(legs[i]["right"] == right and legs[i]["is_long"] == side)


@jit_part
def is_box(legs: Legs, lc: int, sc: int, lp: int, sp: int) -> bool:
    """Whether four options on the right sides make a long European box."""
    is_series = True
    for i in (sc, lp, sp):
        is_series = (
            is_series
            and legs[i]["underlying"] == legs[lc]["underlying"]
            and legs[i]["time"] == legs[lc]["time"]
            and legs[i]["multiplier"] == legs[lc]["multiplier"]
            and legs[i]["exercise"] == EUROPEAN
        )
    return bool(
        is_series
        and legs[lc]["role"] == INDEX
        and legs[lc]["strike"] == legs[sp]["strike"]
        and legs[sc]["strike"] == legs[lp]["strike"]
        and legs[lc]["strike"] < legs[sc]["strike"]
    )


@jit_part
def add_boxes(w: Workspace, regime: F64) -> None:
    """Add the long boxes."""
    if regime[BOX_RATE] >= 1.0:
        return
    legs = w.legs
    first, last = w.counts[FIRST_OPTION], w.counts[LAST_OPTION]
    for lc in range(first, last):
        if not has_side(legs, lc, 1, 1) or legs[lc]["exercise"] != EUROPEAN:
            continue
        for sp in range(first, last):
            if (
                not has_side(legs, sp, -1, 0)
                or legs[sp]["strike"] != legs[lc]["strike"]
                or legs[sp]["time"] != legs[lc]["time"]
            ):
                continue
            for sc in range(lc + 1, last):
                if not has_side(legs, sc, 1, 0):
                    continue
                for lp in range(lc + 1, last):
                    if has_side(legs, lp, -1, 1) and is_box(legs, lc, sc, lp, sp):
                        value = boxed(regime, legs, lc, sc, lp, sp)
                        add_combination(w, BOX, 4, (lc, sc, lp, sp), value, value)
