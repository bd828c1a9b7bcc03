"""The choice of strategies as a linear program; the twin of cpp/src/isa/strategy_program.hpp."""

from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64, I32, I64, AnyArray
from riskarray.backends._numba.jit import jit, jit_part
from riskarray.backends._numba.strategy_legs import (
    FUTURE,
    INITIAL,
    LEG,
    MAINTENANCE,
    MAX_LEGS,
    STOCK,
    Leg,
    Legs,
    stock_alone,
)
from riskarray.backends._numba.strategy_tableau import INFINITE
from riskarray.kernel_codes import NETTED_ROWS

__all__ = [
    "BOX",
    "COLLAR",
    "COVER",
    "EXCESS",
    "HEDGE",
    "LOSS",
    "MAX_DEPTH",
    "MAX_POINTS",
    "MAX_POOLS",
    "SHELTERED",
    "SPREAD",
    "TABLEAU_DOUBLES",
    "Workspace",
    "add_column",
    "alone",
    "make_workspace",
    "tableau_room",
    "underlying_end",
    "weight",
]

MAX_COLUMNS: Final = 8192
MAX_POOLS: Final = 96
MAX_POINTS: Final = 4096
MAX_DEPTH: Final = 64
TABLEAU_DOUBLES: Final = 1 << 20
FEW_POSITIONS: Final = 40
"""Of a group: up to there that is room enough."""
LARGE_TABLEAU_DOUBLES: Final = 1 << 23

SPREAD: Final = 0
LOSS: Final = 1
SHELTERED: Final = 2
TOTAL: Final = 3
EXCESS: Final = 4
COVER: Final = 5
HEDGE: Final = 6
COLLAR: Final = 7
BOX: Final = 8

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
N_SIZES: Final = 10
TABLEAU_ROOM: Final = 11
"""Doubles that the group may take for its tableau."""
# Scales of a workspace.
REFERENCE_MULTIPLIER: Final = 0
SCALE: Final = 1
UNIT: Final = 2
PER_MONEY: Final = 3
LEAST_SO_FAR: Final = 4
"""Objective of the best allocation; 0: every leg by itself."""
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
        ("first_column", np.int32),
        ("loss_column", np.int32),
        ("first_point", np.int32),
        ("n_points", np.int32),
        ("balance_row", np.int32, (2,)),
        ("first_row", np.int32),
    ],
    align=True,
)
SHELTER: Final = np.dtype([("leg", np.int32), ("right", np.int32), ("row", np.int32)])
SLOT: Final = np.dtype(
    [
        ("rank", np.int32),
        ("by_rank", np.int32),
        ("capacity_row", np.int32),
        ("uses", np.int32),
        ("total_column", np.int32),
        ("total_row", np.int32),
        ("spread_column", np.int32),
        ("sheltered_column", np.int32),
        ("part_row", np.int32),
        ("first_shelter", np.int32),
        ("size", np.int32),
        ("left", np.float64),
        ("straddled", np.float64),
        ("alone", np.float64),
        ("inside", np.float64),
        ("outside", np.float64),
        ("paid", np.float64),
        ("gain", np.float64),
        ("cost", np.float64),
    ],
    align=True,
)
"""What belongs to a leg: its rank among short options, its rows, what is left of it.

From `inside` on what is chosen of options of one expiry at a price: contracts in the spread, USD a
contract for a short option outside, for what it pays, for what the spread saves, for where it is.
"""


class Workspace(NamedTuple):
    """Memory of one worker."""

    instrument: I32
    quantity: F64
    gathered: Legs
    order: I32
    legs: Legs
    slots: AnyArray
    columns: AnyArray
    pools: AnyArray
    shelters: AnyArray
    points: F64
    member: I32
    net: F64
    loss: F64
    counts: I64
    number: F64
    rounded: F64
    chosen: F64
    taken: F64
    waiting: F64
    size: I64
    tableau: F64
    labels: I64


@jit
def tableau_room(positions: int) -> int:
    """Doubles for the tableau of a group; depends on nothing that is margined with it."""
    return TABLEAU_DOUBLES if positions <= FEW_POSITIONS else LARGE_TABLEAU_DOUBLES


def make_workspace(most_positions: int) -> Workspace:
    """Memory of one worker whose largest group has so many positions."""
    room = tableau_room(most_positions)
    return Workspace(
        np.empty(NETTED_ROWS, np.int32),
        np.empty(NETTED_ROWS),
        np.empty(NETTED_ROWS, LEG),
        np.empty(NETTED_ROWS, np.int32),
        np.empty(MAX_LEGS, LEG),
        np.zeros(MAX_LEGS, SLOT),
        np.zeros(MAX_COLUMNS, COLUMN),
        np.zeros(MAX_POOLS, POOL),
        np.zeros(MAX_LEGS, SHELTER),
        np.empty(MAX_POINTS),
        np.empty(MAX_LEGS, np.int32),
        np.empty(MAX_LEGS),
        np.empty(MAX_POINTS),
        np.zeros(12, np.int64),
        np.empty(5),
        np.empty(MAX_COLUMNS),
        np.zeros((2, MAX_COLUMNS)),
        np.empty(MAX_LEGS),
        np.empty((MAX_DEPTH, 4)),
        np.empty(5, np.int64),
        np.empty(room),
        np.empty(room, np.int64),
    )


@jit_part
def weight(w: Workspace, i: int) -> float:
    """Contracts of the reference multiplier in one contract."""
    return w.legs[i]["multiplier"] / w.number[REFERENCE_MULTIPLIER]  # type: ignore[no-any-return]


@jit_part
def is_parted(w: Workspace, i: int) -> bool:
    """Whether an option that starts in a spread may stand sheltered outside."""
    return w.slots[i]["spread_column"] >= 0 and w.slots[i]["sheltered_column"] >= 0  # type: ignore[no-any-return]


@jit_part
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


@jit_part
def alone(leg: Leg, basis: int) -> float:
    """What a leg needs by itself, per unit."""
    if leg["kind"] == STOCK:
        return stock_alone(leg, basis)
    if leg["kind"] == FUTURE or not leg["is_long"]:
        return leg["uncovered"]  # type: ignore[no-any-return]
    return -leg["loan_value"]  # type: ignore[no-any-return]


@jit_part
def underlying_end(w: Workspace, begin: int) -> int:
    """One past the last option of an underlying."""
    end = begin + 1
    legs = w.legs
    while end < w.counts[LAST_OPTION] and legs[end]["underlying"] == legs[begin]["underlying"]:
        end += 1
    return end
