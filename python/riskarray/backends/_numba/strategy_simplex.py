"""A dense simplex method for small programs; the twin of cpp/src/isa/strategy_simplex.hpp."""

from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64, I32
from riskarray.backends._numba.jit import jit

__all__ = [
    "ABOVE_CUTOFF",
    "INFEASIBLE",
    "OPTIMAL",
    "OUT_OF_STEPS",
    "TOLERANCE",
    "Tableau",
    "basic_value",
    "clear",
    "dual_simplex",
    "objective",
    "primal_simplex",
    "read_solution",
    "stride_of",
    "tableau_size",
    "tighten",
]

TOLERANCE: Final = 1e-9
INFINITE: Final = np.inf
OPTIMAL: Final = 0
INFEASIBLE: Final = 1
ABOVE_CUTOFF: Final = 2
OUT_OF_STEPS: Final = 3


class Tableau(NamedTuple):
    """The condensed tableau: last row reduced costs, column `columns` right-hand sides."""

    rows: int
    columns: int
    cell: F64
    upper: F64
    shift: F64
    is_flipped: I32
    basic: I32
    nonbasic: I32


@jit
def objective(t: Tableau) -> float:
    """Objective of the basis."""
    return -t.cell[t.rows, t.columns]  # type: ignore[no-any-return]


@jit
def stride_of(columns: int) -> int:
    """Doubles per row."""
    return (columns + 8) // 8 * 8


@jit
def tableau_size(rows: int, columns: int) -> int:
    """Doubles that a tableau with all its labels takes."""
    variables = rows + columns
    return (rows + 1) * stride_of(columns) + 2 * variables + (2 * variables + 1) // 2


@jit
def clear(t: Tableau) -> None:
    """All slacks basic, nothing else taken."""
    t.cell[:] = 0.0
    t.upper[:] = INFINITE
    t.shift[:] = 0.0
    t.is_flipped[:] = 0
    for i in range(t.rows):
        t.basic[i] = t.columns + i
    for j in range(t.columns):
        t.nonbasic[j] = j


@jit
def pivot(t: Tableau, row: int, column: int) -> None:
    """Exchange the variables of a row and a column; a fixed one that leaves never comes back."""
    r = t.cell[row]
    inverse = 1.0 / r[column]
    is_fixed = t.upper[t.basic[row]] == 0.0
    for j in range(t.columns + 1):
        r[j] = r[j] * inverse
    r[column] = 0.0 if is_fixed else inverse
    for i in range(t.rows + 1):
        factor = t.cell[i, column]
        if i == row or factor == 0.0:
            continue
        t.cell[i, column] = 0.0
        for j in range(t.columns + 1):
            t.cell[i, j] -= factor * r[j]
    leaving = t.basic[row]
    t.basic[row] = t.nonbasic[column]
    t.nonbasic[column] = leaving


@jit
def flip_column(t: Tableau, column: int) -> None:
    """Replace a nonbasic variable by its complement."""
    variable = t.nonbasic[column]
    for i in range(t.rows + 1):
        t.cell[i, t.columns] -= t.cell[i, column] * t.upper[variable]
        t.cell[i, column] = -t.cell[i, column]
    t.is_flipped[variable] ^= 1


@jit
def flip_row(t: Tableau, row: int) -> None:
    """Replace a basic variable by its complement."""
    variable = t.basic[row]
    value = t.upper[variable] - t.cell[row, t.columns]
    for j in range(t.columns):
        t.cell[row, j] = -t.cell[row, j]
    t.cell[row, t.columns] = value
    t.is_flipped[variable] ^= 1


@jit
def entering_column(t: Tableau, is_bland: bool) -> int:
    """Column of the steepest reduced cost, or by Bland's rule the first variable; -1: none."""
    cost = t.cell[t.rows]
    chosen = -1
    least = -TOLERANCE
    for j in range(t.columns):
        if is_bland:
            if cost[j] < -TOLERANCE and (chosen < 0 or t.nonbasic[j] < t.nonbasic[chosen]):
                chosen = j
        elif cost[j] < least:
            least = cost[j]
            chosen = j
    return chosen


@jit
def is_better_pivot(t: Tableau, column: int, row: int, than: int, is_bland: bool) -> bool:
    """Whether a row is preferred to another at the same step."""
    a = abs(t.cell[row, column])
    b = abs(t.cell[than, column])
    if is_bland or a == b:
        return t.basic[row] < t.basic[than]  # type: ignore[no-any-return]
    return a > b  # type: ignore[no-any-return]


@jit
def leaving_row(t: Tableau, column: int, is_bland: bool) -> tuple[int, float, bool]:
    """Row that limits the entering variable (-1: its own bound), its step, whether at its upper."""
    row = -1
    least = t.upper[t.nonbasic[column]]
    is_at_upper = False
    for i in range(t.rows):
        a = t.cell[i, column]
        if a > TOLERANCE:
            step = max(t.cell[i, t.columns], 0.0) / a
        elif a < -TOLERANCE and t.upper[t.basic[i]] < INFINITE:
            step = max(t.upper[t.basic[i]] - t.cell[i, t.columns], 0.0) / -a
        else:
            continue
        is_tie = abs(step - least) <= TOLERANCE and row >= 0
        is_taken = is_better_pivot(t, column, i, row, is_bland) if is_tie else step < least
        if is_taken:
            row, least, is_at_upper = i, step, a < 0.0
    return row, least, is_at_upper


@jit
def primal_simplex(t: Tableau) -> int:
    """From a feasible basis to an optimal one."""
    degenerate = 0
    for _ in range(50 * (t.rows + t.columns) + 100):
        is_bland = degenerate > t.rows + t.columns
        column = entering_column(t, is_bland)
        if column < 0:
            return OPTIMAL
        row, step, is_at_upper = leaving_row(t, column, is_bland)
        degenerate = 0 if step > TOLERANCE else degenerate + 1
        if row < 0:
            flip_column(t, column)
            continue
        if is_at_upper:
            flip_row(t, row)
        pivot(t, row, column)
    return OUT_OF_STEPS


@jit
def infeasible_row(t: Tableau) -> int:
    """Row furthest outside its bounds, turned so that it lies below 0; -1: none."""
    chosen = -1
    worst = TOLERANCE
    is_above = False
    for i in range(t.rows):
        value = t.cell[i, t.columns]
        above = value - t.upper[t.basic[i]]
        outside = max(-value, above)
        if outside > worst:
            worst = outside
            chosen = i
            is_above = above > -value
    if is_above:
        flip_row(t, chosen)
    return chosen


@jit
def dual_column(t: Tableau, row: int) -> int:
    """Entering column of a dual step; -1: the program is infeasible."""
    cost = t.cell[t.rows]
    r = t.cell[row]
    chosen = -1
    least = INFINITE
    for j in range(t.columns):
        if r[j] >= -TOLERANCE or t.upper[t.nonbasic[j]] == 0.0:
            continue
        ratio = max(cost[j], 0.0) / -r[j]
        is_tie = chosen >= 0 and abs(ratio - least) <= TOLERANCE
        if is_tie:
            is_taken = r[j] < r[chosen] or (
                r[j] == r[chosen] and t.nonbasic[j] < t.nonbasic[chosen]
            )
        else:
            is_taken = ratio < least
        if is_taken:
            chosen = j
            least = ratio
    return chosen


@jit
def dual_simplex(t: Tableau, cutoff: float) -> int:
    """From an optimal basis that a tighter bound has made infeasible to the next optimal one."""
    for _ in range(20 * (t.rows + t.columns) + 100):
        if objective(t) >= cutoff:
            return ABOVE_CUTOFF
        row = infeasible_row(t)
        if row < 0:
            return OPTIMAL
        column = dual_column(t, row)
        if column < 0:
            return INFEASIBLE
        pivot(t, row, column)
    return OUT_OF_STEPS


@jit
def basic_value(t: Tableau, row: int) -> float:
    """Value of the variable that stands in a row."""
    variable = t.basic[row]
    value = t.cell[row, t.columns]
    if t.is_flipped[variable] != 0:
        value = t.upper[variable] - value
    return t.shift[variable] + value  # type: ignore[no-any-return]


@jit
def read_solution(t: Tableau, columns: int, x: F64) -> None:
    """Write the values of the columns' variables."""
    for j in range(t.columns):
        variable = t.nonbasic[j]
        if variable < columns:
            at_upper = t.upper[variable] if t.is_flipped[variable] != 0 else 0.0
            x[variable] = t.shift[variable] + at_upper
    for i in range(t.rows):
        if t.basic[i] < columns:
            x[t.basic[i]] = basic_value(t, i)


@jit
def tighten(t: Tableau, row: int, bound: float, is_upper: bool) -> None:
    """Tighten a bound of the variable that stands in a row: x <= bound or x >= bound."""
    variable = t.basic[row]
    room = bound - t.shift[variable]
    is_flipped = t.is_flipped[variable] != 0
    if is_upper:
        if is_flipped:
            t.cell[row, t.columns] -= t.upper[variable] - room
        t.upper[variable] = room
        return
    if not is_flipped:
        t.cell[row, t.columns] -= room
    t.upper[variable] -= room
    t.shift[variable] = bound
