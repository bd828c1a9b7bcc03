"""Legs allotted to strategies, at once or in runs; the twin of cpp/src/isa/strategy_runs.hpp."""

from typing import Final

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_inlined, jit_part
from riskarray.backends._numba.strategy_excess import number_sizes
from riskarray.backends._numba.strategy_legs import (
    BOTH,
    INITIAL,
    MAINTENANCE,
    MAX_LEGS,
    OPTION,
    STOCK,
    order_by_strike,
    restore_order,
)
from riskarray.backends._numba.strategy_order import take_legs
from riskarray.backends._numba.strategy_output import BASIS, Writer
from riskarray.backends._numba.strategy_program import (
    FIRST_OPTION,
    IS_TOO_LARGE,
    IS_WHOLE,
    LAST_OPTION,
    N_COLUMNS,
    N_LEGS,
    PER_MONEY,
    REFERENCE_MULTIPLIER,
    SCALE,
    UNIT,
    Workspace,
)
from riskarray.backends._numba.strategy_rounding import allocation_cost
from riskarray.backends._numba.strategy_rows import add_columns, make_tableau, number_rows
from riskarray.backends._numba.strategy_solve import solve
from riskarray.backends._numba.strategy_tableau import INFINITE
from riskarray.backends._numba.strategy_writer import write_allocation

__all__ = ["SAME", "allocate", "allocate_runs", "set_up"]

RUN: Final = 128
"""Options solved together where not all are."""
SAME: Final = 1e-6
"""USD: closer than that, two costs are equal."""


@jit_part
def power_near(x: float) -> float:
    """The least power of two that is not below x >= 1, for exact scaling."""
    power = 1.0
    while power < x:
        power *= 2.0
    return power


@jit_part
def set_up(w: Workspace, regime: F64) -> bool:
    """Take the workspace's legs as one problem; False when it is too large for one program."""
    legs, n_legs = w.legs, w.counts[N_LEGS]
    at = 0
    while at < n_legs and legs[at]["kind"] == STOCK:
        at += 1
    first = at
    while at < n_legs and legs[at]["kind"] == OPTION:
        at += 1
    w.counts[FIRST_OPTION] = first
    w.counts[LAST_OPTION] = at
    w.counts[IS_WHOLE] = 1
    price, contracts = 1.0, 1.0
    for i in range(first, at):
        if legs[i]["quantity"] != np.floor(legs[i]["quantity"]):
            w.counts[IS_WHOLE] = 0
        price = max(price, legs[i]["strike"])
        contracts = max(contracts, legs[i]["quantity"])
    w.number[REFERENCE_MULTIPLIER] = legs[first]["multiplier"] if first < at else 1.0
    w.number[SCALE] = power_near(price)
    w.number[PER_MONEY] = 1.0 / (w.number[REFERENCE_MULTIPLIER] * w.number[SCALE])
    w.number[UNIT] = power_near(contracts) / 64.0 if contracts > 64.0 else 1.0
    number_sizes(w)
    add_columns(w, regime)
    if not w.counts[IS_TOO_LARGE]:
        number_rows(w)
    return not w.counts[IS_TOO_LARGE]


@jit_part
def is_one_basis(w: Workspace) -> bool:
    """Whether every column costs the same on both bases."""
    for j in range(w.counts[N_COLUMNS]):
        if w.columns[j]["cost"][INITIAL] != w.columns[j]["cost"][MAINTENANCE]:
            return False
    return True


@jit_inlined
def allocate(
    w: Workspace, regime: F64, out: Writer, is_last: bool, is_joint: bool
) -> tuple[tuple[float, bool], tuple[float, bool]]:
    """Solve on both bases and write one allocation if it serves both, else one for each.

    Return for each basis the bound and whether the allocation is proved least; a bound of minus
    infinity: the program was not solved, and nothing is written.
    """
    of_maintenance = w.chosen[MAINTENANCE]
    of_initial = w.chosen[INITIAL]
    if w.counts[N_COLUMNS] == 0:
        write_allocation(w, regime, of_maintenance, is_last, out)
        return (0.0, True), (0.0, True)
    t = make_tableau(w)
    maintenance = solve(w, regime, t, MAINTENANCE, of_maintenance)
    is_one = is_joint or is_one_basis(w)
    initial = maintenance if is_one else solve(w, regime, t, INITIAL, of_initial)
    if initial[0] == -INFINITE or maintenance[0] == -INFINITE:
        return (-INFINITE, False), (-INFINITE, False)
    if is_one:
        write_allocation(w, regime, of_maintenance, is_last, out)
        return maintenance, maintenance
    cost = allocation_cost(w, regime, of_maintenance, MAINTENANCE)
    initial_cost = allocation_cost(w, regime, of_initial, INITIAL)
    if allocation_cost(w, regime, of_maintenance, INITIAL) <= initial_cost + SAME:
        write_allocation(w, regime, of_maintenance, is_last, out)
    elif allocation_cost(w, regime, of_initial, MAINTENANCE) <= cost + SAME:
        write_allocation(w, regime, of_initial, is_last, out)
    else:
        out.state[BASIS] = 1
        write_allocation(w, regime, of_initial, is_last, out)
        out.state[BASIS] = 2
        write_allocation(w, regime, of_maintenance, is_last, out)
        out.state[BASIS] = BOTH
    return initial, maintenance


@jit_inlined
def allocate_in_order(w: Workspace, regime: F64, n_stock: int, count: int, out: Writer) -> None:
    """Runs of options as they stand, each solved with the stock that those before it left."""
    at = n_stock
    run = RUN
    while at < count:
        size = min(run, count - at)
        restore_order(w.gathered, w.order[at : at + size])
        take_legs(w, 0, 0, n_stock)
        take_legs(w, n_stock, at, size)
        is_solved = set_up(w, regime)
        if is_solved:
            found = allocate(w, regime, out, is_last=at + size == count, is_joint=True)
            is_solved = found[0][0] != -INFINITE
        if not is_solved:
            run = max(size // 2, 1)
            continue
        for i in range(n_stock):
            w.gathered[w.order[i]]["quantity"] = w.slots[i]["left"]
        at += size


@jit_inlined
def allocate_runs(w: Workspace, regime: F64, count: int, out: Writer) -> None:
    """Runs by expiry or by strike, whichever needs less on both bases together."""
    n_stock = 0
    while n_stock < count and w.gathered[w.order[n_stock]]["kind"] == STOCK:
        n_stock += 1
    n_stock = min(n_stock, MAX_LEGS // 2)
    held = np.empty(n_stock)
    for i in range(n_stock):
        held[i] = w.gathered[w.order[i]]["quantity"]
    state, total = out.state.copy(), out.total.copy()
    needed = np.zeros(2)
    for step in range(3):  # the third writes the first anew if that needed less
        if step == 2 and needed[1] < needed[0] - SAME:
            return
        for i in range(n_stock):
            w.gathered[w.order[i]]["quantity"] = held[i]
        restore_order(w.gathered, w.order[n_stock:count])
        if step == 1:
            order_by_strike(w.gathered, w.order[n_stock:count])
        out.state[:] = state
        out.total[:] = total
        allocate_in_order(w, regime, n_stock, count, out)
        needed[step % 2] = out.total[INITIAL] + out.total[MAINTENANCE]
