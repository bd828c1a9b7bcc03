"""Branch and bound; the twin of cpp/src/isa/strategy_branch.hpp."""

from typing import Final

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_inlined, jit_part
from riskarray.backends._numba.strategy_program import (
    EXCESS,
    FIRST_OPTION,
    LAST_OPTION,
    LEAST_SO_FAR,
    MAX_DEPTH,
    N_COLUMNS,
    N_LEGS,
    TABLEAU_DOUBLES,
    UNIT,
    Workspace,
    is_parted,
)
from riskarray.backends._numba.strategy_rounding import FRACTION
from riskarray.backends._numba.strategy_simplex import OPTIMAL, OUT_OF_STEPS, dual_simplex
from riskarray.backends._numba.strategy_tableau import (
    COLUMNS,
    INFINITE,
    LIMIT,
    REDUCED,
    ROOM,
    SIGN,
    STRIDE,
    TOLERANCE,
    Tableau,
    basic_value,
    head_size,
    read_solution,
    state_size,
    tighten,
)

__all__ = ["IMPROVEMENT", "branch_and_bound", "is_whole_solution", "keep_solution"]

MAX_NODES: Final = 400
IMPROVEMENT: Final = 1e-9

# Columns of `Workspace.waiting`.
ROW: Final = 0
WHOLE: Final = 1
LEAST: Final = 2
IS_UPPER: Final = 3


@jit_part
def least_rises(t: Tableau, row: int) -> tuple[float, float]:
    """Least ratios of the reduced costs to a row: as the basic variable falls, as it rises."""
    fall, rise = INFINITE, INFINITE
    for at in range(t.size[COLUMNS]):
        cell = t.cell[row, at]
        if abs(cell) > TOLERANCE and t.places[ROOM, at] > 0.0:
            ratio = max(t.places[REDUCED, at], 0.0) / abs(cell)
            if cell > 0.0:
                fall = min(fall, ratio)
            else:
                rise = min(rise, ratio)
    return fall, rise


@jit_part
def rises(w: Workspace, t: Tableau, row: int) -> tuple[float, float]:
    """The least that the objective rises on either side of a fraction."""
    contracts = basic_value(t, row) * w.number[UNIT]
    below = np.floor(contracts)
    above = below + 1.0
    falling, rising = least_rises(t, row)
    if t.places[SIGN, t.basic[row]] < 0.0:
        falling, rising = rising, falling
    return (
        falling * ((contracts - below) / w.number[UNIT]),
        rising * ((above - contracts) / w.number[UNIT]),
    )


@jit_part
def is_fractional(w: Workspace, t: Tableau, row: int) -> bool:
    """Whether a basic variable ought to be whole and is not."""
    if not w.columns[t.basic[row]]["is_whole"]:
        return False
    contracts = basic_value(t, row) * w.number[UNIT]
    return abs(contracts - np.floor(contracts + 0.5)) > FRACTION  # type: ignore[no-any-return]


@jit_part
def is_whole_solution(w: Workspace, t: Tableau) -> bool:
    """Whether the solution is in whole contracts."""
    for row in range(t.n_basic[0]):  # noqa: SIM110  # as the twin
        if is_fractional(w, t, row):
            return False
    return True


@jit_part
def best_branch(w: Workspace, t: Tableau) -> tuple[int, float, float]:
    """The basic variable whose branches raise the objective most together, and how much.

    What contracts of a multiplier exceed comes before all others.
    """
    chosen, rise_below, rise_above = -1, 0.0, 0.0
    most = -1.0
    is_excess = False
    for row in range(t.n_basic[0]):
        if not is_fractional(w, t, row):
            continue
        below, above = rises(w, t, row)
        is_of_excess = w.columns[t.basic[row]]["use"] == EXCESS
        if below + above > most if is_of_excess == is_excess else is_of_excess:
            chosen, rise_below, rise_above = row, below, above
            most = below + above
            is_excess = is_of_excess
    return chosen, rise_below, rise_above


@jit_part
def keep_solution(w: Workspace, t: Tableau, is_whole: bool, x: F64) -> None:
    """Write the tableau's solution in contracts, whole ones where it is whole."""
    read_solution(t, x)
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        if is_parted(w, i):
            start, sheltered = w.slots[i]["spread_column"], w.slots[i]["sheltered_column"]
            outside = x[start]
            x[start] = x[sheltered]
            x[sheltered] = outside - x[start]
    for i in range(w.counts[N_LEGS]):
        w.taken[i] = 0.0
    for j in range(w.counts[N_COLUMNS]):
        x[j] *= w.number[UNIT]
        if is_whole and w.columns[j]["is_whole"]:
            x[j] = np.floor(x[j] + 0.5)
        for k in range(w.columns[j]["n_legs"]):
            w.taken[w.columns[j]["leg"][k]] += x[j]
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        if w.slots[i]["spread_column"] >= 0:
            quantity = w.legs[i]["quantity"]
            spread = quantity - w.taken[i]
            x[w.slots[i]["spread_column"]] = spread if spread > TOLERANCE * quantity else 0.0


@jit_part
def copy_state(w: Workspace, t: Tableau, depth: int, is_kept: bool) -> None:
    """Copy the state to the stack at a depth, or back."""
    head, size = head_size(t.size), state_size(t.size, t.size[LIMIT])
    labels = 1 + t.size[STRIDE] + t.size[LIMIT]
    other = head + (depth + 1) * size
    label = (depth + 1) * 2 * labels
    source, target = (head, other) if is_kept else (other, head)
    from_label, to_label = (0, label) if is_kept else (label, 0)
    w.labels[to_label : to_label + labels] = w.labels[from_label : from_label + labels]
    used = state_size(t.size, t.n_basic[0])
    w.tableau[target : target + used] = w.tableau[source : source + used]


@jit_part
def take_branch(
    w: Workspace, t: Tableau, branch: tuple[int, float, float], least: float, depth: int
) -> None:
    """Go into one branch and put the other at a depth of the stack, if it is wanted there."""
    row, rise_below, rise_above = branch
    below = np.floor(basic_value(t, row) * w.number[UNIT])
    above = below + 1.0
    is_upper = rise_below <= rise_above
    if depth >= 0:
        copy_state(w, t, depth, True)  # noqa: FBT003  # as the twin
        w.waiting[depth, ROW] = row
        w.waiting[depth, WHOLE] = above if is_upper else below
        w.waiting[depth, LEAST] = least
        w.waiting[depth, IS_UPPER] = 0.0 if is_upper else 1.0
    tighten(t, row, (below if is_upper else above) / w.number[UNIT], is_upper)


@jit_part
def take_waiting(w: Workspace, t: Tableau, depth: int, cutoff: float) -> int:
    """Return to the last branch that can still hold anything better; -1: there is none."""
    while depth > 0:
        depth -= 1
        if w.waiting[depth, LEAST] < cutoff:
            copy_state(w, t, depth, False)  # noqa: FBT003  # as the twin
            whole = w.waiting[depth, WHOLE] / w.number[UNIT]
            tighten(t, int(w.waiting[depth, ROW]), whole, w.waiting[depth, IS_UPPER] != 0.0)
            return depth
    return -1


@jit_inlined
def branch_and_bound(w: Workspace, t: Tableau, x: F64) -> bool:
    """Depth first, the branch of the lesser rise first; True when nothing was left out."""
    size = state_size(t.size, t.size[LIMIT])
    depth_limit = min(MAX_DEPTH, max(0, (TABLEAU_DOUBLES - head_size(t.size) - size) // size))
    depth = 0
    least = w.number[LEAST_SO_FAR]
    is_complete = True
    is_open = True
    for _ in range(MAX_NODES):
        branch = (-1, 0.0, 0.0)
        if is_open:
            branch = best_branch(w, t)
            if branch[0] < 0 and t.objective[0] < least - IMPROVEMENT:
                least = t.objective[0]
                w.number[LEAST_SO_FAR] = least
                keep_solution(w, t, True, x)  # noqa: FBT003  # as the twin
        nearer, other = min(branch[1], branch[2]), max(branch[1], branch[2])
        if branch[0] >= 0 and t.objective[0] + nearer < least - IMPROVEMENT:
            is_kept = t.objective[0] + other < least - IMPROVEMENT
            has_room = depth < depth_limit
            is_complete = is_complete and (has_room or not is_kept)
            at = depth if is_kept and has_room else -1
            take_branch(w, t, branch, t.objective[0] + other, at)
            depth += 1 if at >= 0 else 0
        else:
            depth = take_waiting(w, t, depth, least - IMPROVEMENT)
            if depth < 0:
                return is_complete
        outcome = dual_simplex(t, least - IMPROVEMENT)
        is_open = outcome == OPTIMAL
        is_complete = is_complete and outcome != OUT_OF_STEPS
    return False
