"""A bounded dual simplex method; the twin of cpp/src/isa/strategy_simplex.hpp."""

from typing import Final

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_inlined, jit_part
from riskarray.backends._numba.strategy_tableau import (
    ACTIVE,
    COLUMNS,
    ENTRY,
    INFINITE,
    LEVEL,
    RANGE,
    RATIO,
    REDUCED,
    ROOM,
    ROW_STRIDE,
    ROWS,
    SIGN,
    SLACK_UPPER,
    TOLERANCE,
    UPPER,
    Tableau,
    add_multiple,
    move_slacks,
)

__all__ = ["OPTIMAL", "OUT_OF_STEPS", "dual_simplex"]

OPTIMAL: Final = 0
INFEASIBLE: Final = 1
ABOVE_CUTOFF: Final = 2
OUT_OF_STEPS: Final = 3


@jit_part
def most_violated(t: Tableau) -> tuple[int, float]:
    """What is furthest outside its bounds (a row's slack, or after those a basic variable)."""
    chosen = -1
    worst = TOLERANCE
    for at in range(t.size[ROW_STRIDE] + t.n_basic[0]):
        level = t.levels[LEVEL, at]
        outside = max(-level, level - t.levels[RANGE, at])
        if outside > worst:
            worst = outside
            chosen = at
    return chosen, worst


@jit_part
def flip_row(t: Tableau, row: int) -> None:
    """Replace a basic variable by its complement."""
    j, at = t.basic[row], t.size[ROW_STRIDE] + row
    t.levels[LEVEL, at] = t.places[UPPER, j] - t.levels[LEVEL, at]
    t.places[SIGN, j] = -t.places[SIGN, j]
    for k in range(t.size[COLUMNS]):
        t.cell[row, k] = -t.cell[row, k]


@jit_part
def write_entry(t: Tableau, leaving: int) -> None:
    """Write the row of what leaves, turned so that the variable lies below 0."""
    columns, rows = t.size[COLUMNS], t.size[ROW_STRIDE]
    entry = t.scratch[ENTRY]
    if leaving >= rows:
        if t.levels[LEVEL, leaving] > 0.0:
            flip_row(t, leaving - rows)
        entry[:columns] = t.cell[leaving - rows, :columns]
        return
    side = -1.0 if t.levels[LEVEL, leaving] > 0.0 else 1.0
    for at in range(columns):
        entry[at] = side * t.places[ACTIVE, at] * t.coefficient[at, leaving]
    for i in range(t.n_basic[0]):
        j = t.basic[i]
        factor = side * t.places[SIGN, j] * t.coefficient[j, leaving]
        add_multiple(entry, t.cell[i], -factor, columns)


@jit_part
def write_ratios(t: Tableau) -> None:
    """Ratios of the places that may enter."""
    for at in range(t.size[COLUMNS]):
        entry = t.scratch[ENTRY, at]
        if entry < -TOLERANCE and t.places[ROOM, at] > 0.0:
            t.scratch[RATIO, at] = max(t.places[REDUCED, at], 0.0) / -entry
        else:
            t.scratch[RATIO, at] = INFINITE


@jit_part
def least_ratio(t: Tableau) -> int:
    """Place of the least ratio; -1: none."""
    least = INFINITE
    for at in range(t.size[COLUMNS]):
        least = min(least, t.scratch[RATIO, at])
    limit = least + TOLERANCE
    if limit == INFINITE:
        return -1
    chosen = -1
    pivot = 0.0
    for at in range(t.size[COLUMNS]):
        if t.scratch[RATIO, at] <= limit and -t.scratch[ENTRY, at] > pivot:
            pivot = -t.scratch[ENTRY, at]
            chosen = at
    return chosen


@jit_part
def advance(t: Tableau, n_flipped: int, at: int, step: float) -> None:
    """Move the variable of a place by a step and those flipped to their upper bounds."""
    count = n_flipped
    if t.places[ACTIVE, at] != 0.0:
        t.mover[count] = at
        t.moved[count] = t.places[ACTIVE, at] * step
        count += 1
    for i in range(t.n_basic[0]):
        change = t.cell[i, at] * step
        for k in range(n_flipped):
            j = t.mover[k]
            change += t.cell[i, j] * t.places[ROOM, j]
            t.cell[i, j] = -t.cell[i, j]
        t.levels[LEVEL, t.size[ROW_STRIDE] + i] -= change
        t.mover[count] = t.basic[i]
        t.moved[count] = -(t.places[SIGN, t.basic[i]] * change)
        count += 1
    for k in range(n_flipped):
        j = t.mover[k]
        t.places[REDUCED, j] = -t.places[REDUCED, j]
        t.scratch[ENTRY, j] = -t.scratch[ENTRY, j]
        t.places[ACTIVE, j] = -t.places[ACTIVE, j]
        t.places[SIGN, j] = t.places[ACTIVE, j]
    move_slacks(t, count)


@jit_part
def drop_row(t: Tableau, row: int) -> None:
    """Drop a tableau row: its variable has left and a row's slack has entered."""
    last = t.n_basic[0] - 1
    rows = t.size[ROW_STRIDE]
    t.n_basic[0] = last
    if row != last:
        t.cell[row] = t.cell[last]
        t.levels[LEVEL, rows + row] = t.levels[LEVEL, rows + last]
        t.levels[RANGE, rows + row] = t.levels[RANGE, rows + last]
        t.basic[row] = t.basic[last]
    t.levels[LEVEL, rows + last] = 0.0
    t.levels[RANGE, rows + last] = INFINITE


@jit_part
def swap(array: F64, a: int, b: int) -> None:
    """Swap two numbers."""
    x = array[a]
    array[a] = array[b]
    array[b] = x


@jit_part
def settle(t: Tableau, at: int, own: int) -> None:
    """Put a column's variable, which has left at some place, to its own."""
    t.places[ACTIVE, own] = t.places[SIGN, own]
    if at == own:
        return
    swap(t.places[REDUCED], at, own)
    swap(t.places[ROOM], at, own)
    label = t.place[at]
    t.place[at] = t.place[own]
    t.place[own] = label
    for i in range(t.n_basic[0]):
        swap(t.cell[i], at, own)


@jit_inlined
def exchange(t: Tableau, leaving: int, at: int, step: float) -> None:
    """Exchange what leaves for the variable of a place."""
    columns, rows = t.size[COLUMNS], t.size[ROW_STRIDE]
    entry, reduced = t.scratch[ENTRY], t.places[REDUCED]
    inverse = 1.0 / entry[at]
    is_row = leaving < rows
    is_slack_in = t.places[ACTIVE, at] == 0.0
    row = t.n_basic[0] if is_row else leaving - rows
    out = columns + leaving if is_row else t.basic[row]
    room = t.limits[SLACK_UPPER, leaving] if is_row else t.places[UPPER, out]
    cost = reduced[at]
    for k in range(columns):
        entry[k] = entry[k] * inverse
    back = 0.0 if room == 0.0 else inverse
    entry[at] = back
    add_multiple(reduced, entry, -cost, columns)
    reduced[at] = -(cost * back)
    for i in range(t.n_basic[0]):
        if i != row:
            factor = t.cell[i, at]
            add_multiple(t.cell[i], entry, -factor, columns)
            t.cell[i, at] = -(factor * back)
    t.place[at] = out
    t.places[ROOM, at] = room
    t.places[ACTIVE, at] = 0.0
    if not is_slack_in:
        t.cell[row, :columns] = entry[:columns]
        t.basic[row] = at
        t.levels[LEVEL, rows + row] = step
        t.levels[RANGE, rows + row] = t.places[UPPER, at]
        t.n_basic[0] = max(t.n_basic[0], row + 1)
    elif not is_row:
        drop_row(t, row)
    if not is_row:
        settle(t, at, out)


@jit_inlined
def repair(t: Tableau, leaving: int, outside: float, cutoff: float) -> int:
    """One step; optimal means that the violation is repaired."""
    write_entry(t, leaving)
    write_ratios(t)
    objective = t.objective[0]
    n_flipped = 0
    at = least_ratio(t)
    while at >= 0:
        room, entry = t.places[ROOM, at], t.scratch[ENTRY, at]
        rest = outside + entry * room
        is_last = not rest > TOLERANCE
        move = outside / -entry if is_last else room
        objective += max(t.places[REDUCED, at], 0.0) * move
        if objective >= cutoff:
            return ABOVE_CUTOFF
        if is_last:
            t.objective[0] = objective
            advance(t, n_flipped, at, move)
            exchange(t, leaving, at, move)
            return OPTIMAL
        outside = rest
        t.scratch[RATIO, at] = INFINITE
        t.mover[n_flipped] = at
        t.moved[n_flipped] = t.places[ACTIVE, at] * room
        n_flipped += 1
        at = least_ratio(t)
    return INFEASIBLE


@jit_part
def dual_simplex(t: Tableau, cutoff: float) -> int:
    """From reduced costs at or above 0 to an optimum."""
    for _ in range(3 * (t.size[ROWS] + t.size[COLUMNS]) // 2 + 1000):
        leaving, outside = most_violated(t)
        if leaving < 0:
            return ABOVE_CUTOFF if t.objective[0] >= cutoff else OPTIMAL
        outcome = repair(t, leaving, outside, cutoff)
        if outcome != OPTIMAL:
            return outcome
    return OUT_OF_STEPS
