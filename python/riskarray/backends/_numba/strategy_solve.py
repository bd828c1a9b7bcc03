"""The least allocation; the twin of cpp/src/isa/strategy_solve.hpp."""

from typing import Final

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_inlined, jit_part
from riskarray.backends._numba.strategy_branch import (
    IMPROVEMENT,
    branch_and_bound,
    is_whole_solution,
    keep_solution,
)
from riskarray.backends._numba.strategy_program import (
    EXCESS,
    IS_WHOLE,
    LEAST_SO_FAR,
    LOSS,
    N_COLUMNS,
    N_LEGS,
    N_SIZES,
    REFERENCE_MULTIPLIER,
    SCALE,
    UNIT,
    Workspace,
)
from riskarray.backends._numba.strategy_rounding import allocation_cost, round_allocation
from riskarray.backends._numba.strategy_simplex import OPTIMAL, OUT_OF_STEPS, dual_simplex
from riskarray.backends._numba.strategy_start import start_on
from riskarray.backends._numba.strategy_tableau import (
    INFINITE,
    REDUCED,
    SIGN,
    UPPER,
    Tableau,
    start,
)

__all__ = ["relax_program", "solve"]

FEW_LEGS: Final = 32
"""Of few contracts: rounding costs more than it saves."""
RISES: Final = (1e-7, 1e-5)
"""Of the costs, to break ties."""

# What is sought: the program's optimum, whole contracts, whole contracts with each multiplier in
# balance by itself.
RELAXED: Final = 0
WHOLE_CONTRACTS: Final = 1
APART: Final = 2


@jit_inlined
def start_near(w: Workspace, regime: F64, t: Tableau, basis: int, x: F64) -> None:
    """Take whole contracts near the tableau's solution where they are less than those in x."""
    keep_solution(w, t, False, w.rounded)  # noqa: FBT003  # as the twin
    round_allocation(w, regime, w.rounded)
    money = w.number[REFERENCE_MULTIPLIER] * w.number[SCALE] * w.number[UNIT]
    least = allocation_cost(w, regime, w.rounded, basis) / money
    if least < w.number[LEAST_SO_FAR] - IMPROVEMENT:
        w.number[LEAST_SO_FAR] = least
        x[: w.counts[N_COLUMNS]] = w.rounded[: w.counts[N_COLUMNS]]


@jit_part
def start_program(w: Workspace, regime: F64, t: Tableau, basis: int, effort: int) -> None:
    """Set the costs of one basis and what the effort asks for."""
    start_on(w, regime, t, basis)
    if effort == APART:
        for j in range(w.counts[N_COLUMNS]):
            if w.columns[j]["use"] == EXCESS:
                t.places[UPPER, j] = 0.0


@jit_inlined
def break_ties(w: Workspace, regime: F64, t: Tableau, basis: int, effort: int) -> tuple[int, float]:
    """Solve with costs raised a little, each by another amount; return the most that they add."""
    outcome, added = OUT_OF_STEPS, 0.0
    for rise in RISES:
        start_program(w, regime, t, basis, effort)
        added = 0.0
        for j in range(w.counts[N_COLUMNS]):
            if w.columns[j]["use"] != LOSS:
                part = j * 0.6180339887498949
                of_column = rise * (1.0 + part - np.floor(part))
                t.places[REDUCED, j] += t.places[SIGN, j] * of_column
                if t.places[SIGN, j] > 0.0:
                    added += of_column * t.places[UPPER, j]
        start(t)
        outcome = dual_simplex(t, INFINITE)
        if outcome != OUT_OF_STEPS:
            break
    return outcome, added


@jit_part
def solve_program(
    w: Workspace, regime: F64, t: Tableau, basis: int, effort: int, x: F64
) -> tuple[float, bool]:
    """Solve on one basis; in x the allocation, where that is less than what stands there."""
    start_program(w, regime, t, basis, effort)
    start(t)
    outcome = dual_simplex(t, INFINITE)
    is_exact = outcome != OUT_OF_STEPS
    added = 0.0
    if not is_exact:
        outcome, added = break_ties(w, regime, t, basis, effort)
    if outcome != OPTIMAL:
        return -INFINITE, False
    money = w.number[REFERENCE_MULTIPLIER] * w.number[SCALE] * w.number[UNIT]
    bound = (t.objective[0] - added) * money
    if is_whole_solution(w, t):
        w.number[LEAST_SO_FAR] = t.objective[0]
        keep_solution(w, t, True, x)  # noqa: FBT003  # as the twin
        return bound, is_exact
    if effort == RELAXED:
        return bound, False
    is_large = w.counts[N_LEGS] > FEW_LEGS or w.number[UNIT] > 1.0
    if is_large and (w.counts[N_SIZES] == 1 or effort == APART):
        start_near(w, regime, t, basis, x)
    is_complete = branch_and_bound(w, t, x)
    return bound, is_complete and is_exact


@jit_inlined
def relax_program(w: Workspace, regime: F64, t: Tableau, basis: int) -> float:
    """Solve the program, in fractions of contracts where that needs less, for its bound."""
    return solve_program(w, regime, t, basis, RELAXED, w.rounded)[0]


@jit_inlined
def solve(w: Workspace, regime: F64, t: Tableau, basis: int, x: F64) -> tuple[float, bool]:
    """Solve on one basis; return the bound and whether the allocation in x is proved least."""
    x[: w.counts[N_COLUMNS]] = 0.0
    w.number[LEAST_SO_FAR] = 0.0
    if w.counts[N_SIZES] == 1 or not w.counts[IS_WHOLE]:
        return solve_program(w, regime, t, basis, WHOLE_CONTRACTS, x)
    relaxed = solve_program(w, regime, t, basis, RELAXED, x)
    if relaxed[1]:
        return relaxed
    solve_program(w, regime, t, basis, APART, x)
    return solve_program(w, regime, t, basis, WHOLE_CONTRACTS, x)
