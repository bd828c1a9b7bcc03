"""The tableau of a small program; the twin of cpp/src/isa/strategy_tableau.hpp."""

from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64, I64
from riskarray.backends._numba.jit import jit_part

__all__ = [
    "COLUMNS",
    "INFINITE",
    "LIMIT",
    "REDUCED",
    "RIGHT_SIDE",
    "ROOM",
    "ROWS",
    "SIGN",
    "SLACK_UPPER",
    "STRIDE",
    "TOLERANCE",
    "UPPER",
    "Tableau",
    "add_multiple",
    "basic_value",
    "head_size",
    "lay_out",
    "move_slacks",
    "read_solution",
    "set_sizes",
    "start",
    "state_size",
    "tableau_size",
    "tighten",
]

TOLERANCE: Final = 1e-9
"""Of pivots, reduced costs and right-hand sides (all near 1)."""
INFINITE: Final = np.inf
PAD: Final = 8
MAX_SIZED: Final = 64

# Rows of `Tableau.places`.
REDUCED: Final = 0
ROOM: Final = 1
ACTIVE: Final = 2
UPPER: Final = 3
SHIFT: Final = 4
SIGN: Final = 5
STATE_ROWS: Final = 6
# Rows of `Tableau.levels`.
LEVEL: Final = 0
RANGE: Final = 1
# Rows of `Tableau.limits`.
RIGHT_SIDE: Final = 0
SLACK_UPPER: Final = 1
# Rows of `Tableau.scratch`.
ENTRY: Final = 0
RATIO: Final = 1
# Numbers of `Tableau.size`.
ROWS: Final = 0
COLUMNS: Final = 1
ROW_STRIDE: Final = 2
STRIDE: Final = 3
LIMIT: Final = 4


class Tableau(NamedTuple):
    """Views of a worker's memory; see the C++ for what they hold."""

    size: I64
    coefficient: F64
    limits: F64
    scratch: F64
    moved: F64
    mover: I64
    objective: F64
    places: F64
    levels: F64
    cell: F64
    n_basic: I64
    place: I64
    basic: I64


@jit_part
def padded(size: int) -> int:
    """Lengths are multiples of what the widest instructions hold."""
    return (size + PAD - 1) // PAD * PAD


@jit_part
def set_sizes(size: I64, rows: int, columns: int) -> None:
    """Set the sizes of a tableau."""
    common = max(padded(rows), padded(columns))
    size[ROWS] = rows
    size[COLUMNS] = columns
    size[ROW_STRIDE] = common if common <= MAX_SIZED else padded(rows)
    size[STRIDE] = common if common <= MAX_SIZED else padded(columns)
    size[LIMIT] = padded(min(rows, columns))


@jit_part
def state_size(size: I64, n_basic: int) -> int:
    """Doubles of the state with so many basic variables."""
    return (  # type: ignore[no-any-return]
        PAD + 7 * size[STRIDE] + 2 * size[ROW_STRIDE] + 3 * size[LIMIT] + n_basic * size[STRIDE]
    )


@jit_part
def head_size(size: I64) -> int:
    """Doubles before the state."""
    return (  # type: ignore[no-any-return]
        (size[COLUMNS] + 2) * size[ROW_STRIDE] + 4 * size[STRIDE] + 2 * size[LIMIT]
    )


@jit_part
def tableau_size(size: I64) -> int:
    """Doubles that a tableau takes."""
    return head_size(size) + state_size(size, size[LIMIT])


@jit_part
def lay_out(memory: F64, labels: I64, size: I64) -> Tableau:
    """Lay a tableau out in a worker's memory."""
    rows, stride, limit = size[ROW_STRIDE], size[STRIDE], size[LIMIT]
    columns = size[COLUMNS]
    at = columns * rows
    coefficient = memory[:at].reshape((columns, rows))
    limits = memory[at : at + 2 * rows].reshape((2, rows))
    at += 2 * rows
    scratch = memory[at : at + 2 * stride].reshape((2, stride))
    at += 2 * stride
    moved = memory[at : at + stride + limit]
    at = head_size(size)
    objective = memory[at : at + 1]
    at += 1
    places = memory[at : at + STATE_ROWS * stride].reshape((STATE_ROWS, stride))
    at += STATE_ROWS * stride
    levels = memory[at : at + 2 * (rows + limit)].reshape((2, rows + limit))
    at += 2 * (rows + limit)
    cell = memory[at : at + limit * stride].reshape((limit, stride))
    place = labels[1 : 1 + stride]
    basic = labels[1 + stride : 1 + stride + limit]
    mover = labels[1 + stride + limit : 1 + 2 * (stride + limit)]
    return Tableau(
        size,
        coefficient,
        limits,
        scratch,
        moved,
        mover,
        objective,
        places,
        levels,
        cell,
        labels[:1],
        place,
        basic,
    )


@jit_part
def add_multiple(to: F64, source: F64, factor: float, count: int) -> None:
    """Add a multiple of a row."""
    for j in range(count):
        to[j] += factor * source[j]


@jit_part
def move_slacks(t: Tableau, count: int) -> None:
    """Take the distances moved out of the slacks."""
    slack = t.levels[LEVEL]
    for k in range(count):
        column = t.coefficient[t.mover[k]]
        for row in range(t.size[ROWS]):
            slack[row] -= t.moved[k] * column[row]


@jit_part
def start(t: Tableau) -> None:
    """Stand every variable at the bound that its sign asks for."""
    rows = t.size[ROW_STRIDE]
    t.n_basic[0] = 0
    t.levels[LEVEL, :rows] = t.limits[RIGHT_SIDE]
    t.levels[LEVEL, rows:] = 0.0
    t.levels[RANGE, :rows] = t.limits[SLACK_UPPER]
    t.levels[RANGE, rows:] = INFINITE
    count = 0
    for j in range(t.size[COLUMNS]):
        upper = t.places[UPPER, j]
        t.place[j] = j
        t.places[ROOM, j] = upper
        t.places[SHIFT, j] = 0.0
        t.places[ACTIVE, j] = t.places[SIGN, j]
        if t.places[SIGN, j] < 0.0:
            t.objective[0] += t.places[REDUCED, j] * upper
            t.places[REDUCED, j] = -t.places[REDUCED, j]
            t.moved[count] = upper
            t.mover[count] = j
            count += 1
    move_slacks(t, count)


@jit_part
def basic_value(t: Tableau, row: int) -> float:
    """Value of a basic variable."""
    j = t.basic[row]
    value = t.levels[LEVEL, t.size[ROW_STRIDE] + row]
    if t.places[SIGN, j] < 0.0:
        value = t.places[UPPER, j] - value
    return t.places[SHIFT, j] + value  # type: ignore[no-any-return]


@jit_part
def read_solution(t: Tableau, x: F64) -> None:
    """Write the values of the columns' variables."""
    for j in range(t.size[COLUMNS]):
        at_upper = t.places[UPPER, j] if t.places[SIGN, j] < 0.0 else 0.0
        x[j] = t.places[SHIFT, j] + at_upper
    for i in range(t.n_basic[0]):
        x[t.basic[i]] = basic_value(t, i)


@jit_part
def tighten(t: Tableau, row: int, bound: float, is_upper: bool) -> None:
    """Tighten a bound of a basic variable: x <= bound or x >= bound."""
    j, at = t.basic[row], t.size[ROW_STRIDE] + row
    room = bound - t.places[SHIFT, j]
    is_flipped = t.places[SIGN, j] < 0.0
    if is_upper:
        t.levels[LEVEL, at] -= t.places[UPPER, j] - room if is_flipped else 0.0
        t.places[UPPER, j] = room
    else:
        t.levels[LEVEL, at] -= 0.0 if is_flipped else room
        t.places[UPPER, j] -= room
        t.places[SHIFT, j] = bound
    t.levels[RANGE, at] = t.places[UPPER, j]
