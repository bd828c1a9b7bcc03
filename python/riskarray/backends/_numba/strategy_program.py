"""The choice of strategies as a linear program; the twin of cpp/src/isa/strategy_program.hpp."""

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from riskarray.array_types import F64, I32, I64, AnyArray
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.strategy_legs import (
    BOX_RATE,
    EUROPEAN,
    FUTURE,
    INITIAL,
    IS_COLLAR_SAME_EXPIRY,
    IS_FUND_COVER_ALLOWED,
    IS_HEDGE_ALLOWED,
    LEG,
    MAINTENANCE,
    MAX_GATHERED,
    MAX_LEGS,
    STOCK,
    Leg,
    Legs,
    boxed,
    collared,
    covered,
    hedged,
    shares_of,
    stock_alone,
)
from riskarray.backends._numba.strategy_simplex import INFINITE, TOLERANCE

__all__ = [
    "BOX",
    "COLLAR",
    "COVER",
    "HEDGE",
    "LOSS",
    "MAX_COLUMNS",
    "MAX_DEPTH",
    "MAX_POINTS",
    "MAX_POOLS",
    "SHELTERED",
    "SPREAD",
    "TABLEAU_DOUBLES",
    "Workspace",
    "add_boxes",
    "add_column",
    "add_stock_columns",
    "alone",
    "make_workspace",
    "weight",
]

MAX_COLUMNS: Final = 1024
MAX_POOLS: Final = 96
MAX_POINTS: Final = 4096
MAX_DEPTH: Final = 64
TABLEAU_DOUBLES: Final = 1 << 20

SPREAD: Final = 0
LOSS: Final = 1
SHELTERED: Final = 2
TOTAL: Final = 3
COVER: Final = 4
HEDGE: Final = 5
COLLAR: Final = 6
BOX: Final = 7

# Counts and switches of a workspace.
N_LEGS: Final = 0
FIRST_OPTION: Final = 1
LAST_OPTION: Final = 2
IS_WHOLE: Final = 3
N_COLUMNS: Final = 4
N_POOLS: Final = 5
N_POINTS: Final = 6
N_SHELTERS: Final = 7
N_ROWS: Final = 8
IS_TOO_LARGE: Final = 9
# Scales of a workspace.
REFERENCE_MULTIPLIER: Final = 0
SCALE: Final = 1
UNIT: Final = 2
# Roles of an underlying.
INDEX: Final = 1
FUND: Final = 2


COLUMN: Final = np.dtype(
    [
        ("use", np.int8),
        ("n_legs", np.int8),
        ("is_whole", np.int8),
        ("leg", np.int16, (4,)),
        ("pool", np.int16),
        ("cost", np.float64, (2,)),
        ("upper", np.float64),
    ],
    align=True,
)
POOL: Final = np.dtype(
    [
        ("exercise", np.int32),
        ("is_index", np.int32),
        ("first_column", np.int32),
        ("loss_column", np.int32),
        ("first_point", np.int32),
        ("n_points", np.int32),
        ("balance_row", np.int32, (2,)),
        ("first_row", np.int32),
        ("cutoff", np.float64),
    ],
    align=True,
)
SHELTER: Final = np.dtype(
    [("leg", np.int32), ("right", np.int32), ("rank", np.int32), ("row", np.int32)]
)
SLOT: Final = np.dtype(
    [
        ("rank", np.int32),
        ("by_rank", np.int32),
        ("capacity_row", np.int32),
        ("uses", np.int32),
        ("total_column", np.int32),
        ("total_row", np.int32),
        ("left", np.float64),
        ("straddled", np.float64),
    ],
    align=True,
)
"""What belongs to a leg: its rank among short options, its row, what is left of it."""


Pool: TypeAlias = Any
"""A row of `POOL`."""


class Workspace(NamedTuple):
    """Memory of one worker."""

    instrument: I32
    quantity: F64
    gathered: Legs
    legs: Legs
    spare: Legs
    slots: AnyArray
    columns: AnyArray
    pools: AnyArray
    shelters: AnyArray
    points: F64
    net: F64
    loss: F64
    counts: I64
    number: F64
    best: F64
    chosen: F64
    tableau: F64
    labels: I32


def make_workspace() -> Workspace:
    """Memory of one worker."""
    return Workspace(
        np.empty(MAX_GATHERED, np.int32),
        np.empty(MAX_GATHERED),
        np.empty(MAX_GATHERED, LEG),
        np.empty(MAX_LEGS, LEG),
        np.empty(1, LEG),
        np.zeros(MAX_LEGS, SLOT),
        np.zeros(MAX_COLUMNS, COLUMN),
        np.zeros(MAX_POOLS, POOL),
        np.zeros(MAX_LEGS, SHELTER),
        np.empty(MAX_POINTS),
        np.empty(MAX_COLUMNS),
        np.empty(MAX_POINTS),
        np.zeros(10, np.int64),
        np.empty(3),
        np.empty(MAX_COLUMNS),
        np.zeros((2, MAX_COLUMNS)),
        np.empty(TABLEAU_DOUBLES),
        np.empty((MAX_DEPTH + 1, 3 * MAX_POINTS), np.int32),
    )


@jit
def weight(w: Workspace, i: int) -> float:
    """Contracts of the reference multiplier in one contract."""
    return w.legs[i]["multiplier"] / w.number[REFERENCE_MULTIPLIER]  # type: ignore[no-any-return]


@jit
def add_column(w: Workspace, use: int, n_legs: int, a: int, b: int, c: int, d: int) -> int:
    """Add a column and return its number; -1 when there is no room."""
    j = w.counts[N_COLUMNS]
    if j == MAX_COLUMNS:
        w.counts[IS_TOO_LARGE] = 1
        return -1
    w.counts[N_COLUMNS] = j + 1
    w.columns[j]["use"] = use
    w.columns[j]["n_legs"] = n_legs
    w.columns[j]["is_whole"] = 1 if w.counts[IS_WHOLE] and use != LOSS else 0
    w.columns[j]["leg"][0] = a
    w.columns[j]["leg"][1] = b
    w.columns[j]["leg"][2] = c
    w.columns[j]["leg"][3] = d
    w.columns[j]["pool"] = -1
    w.columns[j]["cost"][INITIAL] = 0.0
    w.columns[j]["cost"][MAINTENANCE] = 0.0
    w.columns[j]["upper"] = INFINITE
    return j  # type: ignore[no-any-return]


@jit
def alone(leg: Leg, basis: int) -> float:
    """What a leg needs by itself, per unit."""
    if leg["kind"] == STOCK:
        return stock_alone(leg, basis)
    if leg["kind"] == FUTURE or not leg["is_long"]:
        return leg["uncovered"]  # type: ignore[no-any-return]
    return -leg["loan_value"]  # type: ignore[no-any-return]


@jit
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


@jit
def may_cover(w: Workspace, regime: F64, option: int, stock: int) -> bool:
    """Whether stock covers a short option."""
    o, s = w.legs[option], w.legs[stock]
    if o["is_long"] or (o["right"] > 0) != bool(s["is_long"]):
        return False
    if o["underlying"] == s["underlying"]:
        return True
    return bool(
        regime[IS_FUND_COVER_ALLOWED] != 0.0
        and o["role"] == INDEX
        and s["role"] == FUND
        and o["index_group"] == s["index_group"]
    )


@jit
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


@jit
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


@jit
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


@jit
def has_side(legs: Legs, i: int, right: int, side: int) -> bool:
    """Whether an option is of a right and side."""
    return bool(legs[i]["right"] == right and legs[i]["is_long"] == side)


@jit
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


@jit
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
