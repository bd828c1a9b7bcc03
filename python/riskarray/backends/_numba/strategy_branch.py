"""The least allocation in whole contracts; the twin of cpp/src/isa/strategy_branch.hpp."""

from typing import Final

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.strategy_legs import SPREAD_RATE, intrinsic
from riskarray.backends._numba.strategy_pools import make_tableau
from riskarray.backends._numba.strategy_program import (
    LOSS,
    MAX_DEPTH,
    N_COLUMNS,
    REFERENCE_MULTIPLIER,
    SCALE,
    TABLEAU_DOUBLES,
    UNIT,
    Workspace,
)
from riskarray.backends._numba.strategy_simplex import (
    INFINITE,
    OPTIMAL,
    OUT_OF_STEPS,
    Tableau,
    basic_value,
    dual_simplex,
    objective,
    primal_simplex,
    read_solution,
    tableau_size,
    tighten,
)

__all__ = ["allocation_cost", "loss_at", "solve"]

MAX_NODES: Final = 400
FRACTION: Final = 1e-6
IMPROVEMENT: Final = 1e-9


@jit
def fractional_row(w: Workspace, t: Tableau) -> int:
    """Row of the basic variable furthest from a whole number; -1: all whole."""
    chosen = -1
    furthest = FRACTION
    for i in range(t.rows):
        variable = t.basic[i]
        if variable >= w.counts[N_COLUMNS] or not w.columns[variable]["is_whole"]:
            continue
        contracts = basic_value(t, i) * w.number[UNIT]
        away = abs(contracts - np.floor(contracts + 0.5))
        is_tie = chosen >= 0 and away == furthest
        is_taken = variable < t.basic[chosen] if is_tie else away > furthest
        if is_taken:
            furthest = away
            chosen = i
    return chosen


@jit
def branch_on(w: Workspace, t: Tableau, row: int, is_upper: bool) -> None:
    """Tighten the variable of a row to the whole number below or above."""
    contracts = basic_value(t, row) * w.number[UNIT]
    whole = np.floor(contracts) if is_upper else np.ceil(contracts)
    tighten(t, row, whole / w.number[UNIT], is_upper)


@jit
def keep_solution(w: Workspace, t: Tableau, x: F64) -> None:
    """Write the tableau's solution in contracts per column."""
    read_solution(t, w.counts[N_COLUMNS], x)
    for j in range(w.counts[N_COLUMNS]):
        x[j] *= w.number[UNIT]
        if w.columns[j]["is_whole"]:
            x[j] = np.floor(x[j] + 0.5)


@jit
def copy_node(w: Workspace, t: Tableau, source: int, target: int) -> None:
    """Copy a tableau between the places of the nodes; 0 is the one in use."""
    size = tableau_size(t.rows, t.columns)
    variables = t.rows + t.columns
    doubles = t.cell.size + 2 * variables
    w.tableau[target * size : target * size + doubles] = w.tableau[
        source * size : source * size + doubles
    ]
    w.labels[target, : 2 * variables] = w.labels[source, : 2 * variables]


@jit
def branch_and_bound(w: Workspace, t: Tableau) -> bool:
    """Depth first, the nearer whole number first; True when nothing was left out."""
    size = tableau_size(t.rows, t.columns)
    depth_limit = min(MAX_DEPTH, TABLEAU_DOUBLES // size - 1)
    waiting_row = np.zeros(MAX_DEPTH, np.int64)
    waiting_upper = np.zeros(MAX_DEPTH, np.bool_)
    depth = 0
    least = 0.0
    w.best[: w.counts[N_COLUMNS]] = 0.0
    is_complete = True
    is_open = True
    for _ in range(MAX_NODES):
        row = fractional_row(w, t) if is_open else -1
        if is_open and row < 0 and objective(t) < least - IMPROVEMENT:
            least = objective(t)
            keep_solution(w, t, w.best)
        if row >= 0:
            contracts = basic_value(t, row) * w.number[UNIT]
            is_upper = contracts - np.floor(contracts) <= 0.5
            if depth < depth_limit:
                copy_node(w, t, 0, depth + 1)
                waiting_row[depth] = row
                waiting_upper[depth] = not is_upper
                depth += 1
            else:
                is_complete = False
            branch_on(w, t, row, is_upper)
        else:
            if depth == 0:
                return is_complete
            depth -= 1
            copy_node(w, t, depth + 1, 0)
            branch_on(w, t, waiting_row[depth], waiting_upper[depth])
        outcome = dual_simplex(t, least - IMPROVEMENT)
        is_open = outcome == OPTIMAL
        is_complete = is_complete and outcome != OUT_OF_STEPS
    return False


@jit
def solve(w: Workspace, regime: F64, basis: int, x: F64) -> tuple[float, bool]:
    """Solve on one basis; return the bound and whether the allocation is proved least."""
    money = w.number[REFERENCE_MULTIPLIER] * w.number[SCALE] * w.number[UNIT]
    t = make_tableau(w, regime, basis)
    if primal_simplex(t) != OPTIMAL:
        keep_solution(w, t, x)
        if fractional_row(w, t) >= 0:
            x[: w.counts[N_COLUMNS]] = 0.0
        return -INFINITE, False
    bound = objective(t) * money
    if fractional_row(w, t) < 0:
        keep_solution(w, t, x)
        return bound, True
    is_complete = branch_and_bound(w, t)
    x[: w.counts[N_COLUMNS]] = w.best[: w.counts[N_COLUMNS]]
    return bound, is_complete


@jit
def loss_at(w: Workspace, p: int, x: F64, point: int) -> float:
    """Loss at a point of the options that an allocation puts into a pool, in USD."""
    pool = w.pools[p]
    price = w.points[pool["first_point"] + point]
    loss = 0.0
    for j in range(pool["first_column"], pool["loss_column"]):
        leg = w.legs[w.columns[j]["leg"][0]]
        value = intrinsic(leg, price) * leg["multiplier"] * x[j]
        loss += -value if leg["is_long"] else value
    return loss


@jit
def pool_loss(w: Workspace, regime: F64, p: int, x: F64) -> float:
    """Greatest loss of what stands in a pool, in USD times the spread rate."""
    greatest = 0.0
    for k in range(w.pools[p]["n_points"]):
        greatest = max(greatest, loss_at(w, p, x, k))
    return greatest * regime[SPREAD_RATE]  # type: ignore[no-any-return]


@jit
def allocation_cost(w: Workspace, regime: F64, x: F64, basis: int) -> float:
    """What an allocation saves (below 0) against every leg by itself."""
    cost = 0.0
    for j in range(w.counts[N_COLUMNS]):
        if w.columns[j]["use"] != LOSS:
            cost += w.columns[j]["cost"][basis] * x[j]
        else:
            cost += pool_loss(w, regime, w.columns[j]["pool"], x)
    return cost
