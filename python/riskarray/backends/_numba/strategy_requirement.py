"""The least strategy-based requirement; the twin of cpp/src/isa/strategy_requirement.cpp."""

from typing import Final

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.jit import for_blocks, jit, jit_part
from riskarray.backends._numba.strategy_branch import allocation_cost, solve
from riskarray.backends._numba.strategy_excess import number_sizes
from riskarray.backends._numba.strategy_legs import (
    BOTH,
    INITIAL,
    MAINTENANCE,
    MAX_GATHERED,
    MAX_LEGS,
    OPTION,
    STOCK,
    Book,
    Terms,
    net_positions,
    order_by_strike,
    restore_order,
    trivial_bound,
)
from riskarray.backends._numba.strategy_order import gather_legs, take_legs
from riskarray.backends._numba.strategy_output import BASIS, LEGS, STRATEGIES, Result, Writer
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
    alone,
    make_workspace,
)
from riskarray.backends._numba.strategy_rows import add_columns, make_tableau, number_rows
from riskarray.backends._numba.strategy_writer import write_allocation

__all__ = ["strategy_requirement"]

RUN: Final = 32
STRATEGIES_PER_POSITION: Final = 4
LEGS_PER_POSITION: Final = 6
GROUPS_PER_BLOCK: Final = 256
SAME: Final = 1e-6
"""USD: closer to the allocation's cost a bound is equal to it."""


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


@jit_part
def allocate(
    w: Workspace, regime: F64, out: Writer, is_last: bool, is_joint: bool
) -> tuple[tuple[float, bool], tuple[float, bool]]:
    """Solve on both bases and write one allocation if it serves both, else one for each.

    Return for each basis the bound and whether the allocation is proved least.
    """
    of_maintenance = w.chosen[MAINTENANCE]
    of_initial = w.chosen[INITIAL]
    if w.counts[N_COLUMNS] == 0:
        write_allocation(w, regime, of_maintenance, is_last, out)
        return (0.0, True), (0.0, True)
    t = make_tableau(w)
    maintenance = solve(w, regime, t, MAINTENANCE, of_maintenance)
    if is_joint or is_one_basis(w):
        write_allocation(w, regime, of_maintenance, is_last, out)
        return maintenance, maintenance
    initial = solve(w, regime, t, INITIAL, of_initial)
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


@jit_part
def allocate_in_order(w: Workspace, regime: F64, n_stock: int, count: int, out: Writer) -> None:
    """Runs of options as they stand, each solved with the stock that those before it left."""
    at = n_stock
    run = RUN
    while at < count:
        size = min(run, count - at)
        restore_order(w.gathered, w.order[at : at + size])
        take_legs(w, 0, 0, n_stock)
        take_legs(w, n_stock, at, size)
        if not set_up(w, regime):
            run = size // 2
            continue
        allocate(w, regime, out, is_last=at + size == count, is_joint=True)
        for i in range(n_stock):
            w.gathered[w.order[i]]["quantity"] = w.slots[i]["left"]
        at += size


@jit_part
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


@jit_part
def require_at_once(w: Workspace, regime: F64, out: Writer, bound: F64) -> bool:
    """Margin the workspace's legs as one program; False: they are too many."""
    if not set_up(w, regime):
        return False
    before = (out.total[INITIAL], out.total[MAINTENANCE])
    found = allocate(w, regime, out, is_last=True, is_joint=False)
    for basis in range(2):
        of_program, is_complete = found[basis]
        if is_complete:
            bound[basis] += out.total[basis] - before[basis]
            continue
        needed, least = 0.0, 0.0  # by every leg by itself, and whatever it is in
        for i in range(w.counts[N_LEGS]):
            needed += w.legs[i]["quantity"] * alone(w.legs[i], basis)
            least += trivial_bound(w.legs[i])
        bound[basis] += max(needed + of_program, least)
    return True


@jit_part
def require_positions(
    w: Workspace, terms: Terms, row: int, count: int, out: Writer, bound: F64
) -> None:
    """Margin some positions of a group, as one program if they fit."""
    regime = terms.rules[row]
    gather_legs(w, terms, row, count)
    if count <= MAX_LEGS:
        take_legs(w, 0, 0, count)
        if require_at_once(w, regime, out, bound):
            return
    least = 0.0
    for i in range(count):
        least += trivial_bound(w.gathered[w.order[i]])
    bound[INITIAL] += least
    bound[MAINTENANCE] += least
    allocate_runs(w, regime, count, out)


@jit_part
def close_bound(bound: float, total: float) -> float:
    """A bound that differs from the total by rounding is the total."""
    return bound if bound < total - SAME - 1e-12 * abs(total) else total


@jit_part
def require_group(
    book: Book, terms: Terms, group: int, w: Workspace, state: I64, result: Result
) -> None:
    """Margin one group."""
    row = book.group_regime[group]
    begin, end = book.group_offset[group], book.group_offset[group + 1]
    total, bound = np.zeros(2), np.zeros(2)
    strategies, legs = state[STRATEGIES], state[LEGS]
    out = Writer(result, state, total)
    at = begin
    while at < end:
        last = min(end, at + MAX_GATHERED)
        count = net_positions(book, at, last, w.instrument, w.quantity)
        require_positions(w, terms, row, count, out, bound)
        at = last
    result.group_initial[group] = total[INITIAL]
    result.group_maintenance[group] = total[MAINTENANCE]
    result.group_initial_bound[group] = close_bound(bound[INITIAL], total[INITIAL])
    result.group_maintenance_bound[group] = close_bound(bound[MAINTENANCE], total[MAINTENANCE])
    result.strategy_count[group] = state[STRATEGIES] - strategies
    result.leg_count[group] = state[LEGS] - legs


@jit_part
def begin_block(book: Book, group: int, state: I64) -> None:
    """Set the room of the block that begins with a group."""
    last = min(group + GROUPS_PER_BLOCK, book.group_regime.shape[0])
    begin, end = book.group_offset[group], book.group_offset[last]
    state[0] = begin * STRATEGIES_PER_POSITION
    state[1] = (end - begin) * STRATEGIES_PER_POSITION
    state[2] = begin * LEGS_PER_POSITION
    state[3] = (end - begin) * LEGS_PER_POSITION
    state[STRATEGIES] = 0
    state[LEGS] = 0
    state[BASIS] = BOTH


@jit
def require_groups(
    book: Book, terms: Terms, begin: int, end: int, w: Workspace, state: I64, result: Result
) -> None:
    """Margin the groups [begin, end)."""
    for group in range(begin, end):
        if (group - begin) % GROUPS_PER_BLOCK == 0:
            begin_block(book, group, state)
        require_group(book, terms, group, w, state, result)


def strategy_requirement(
    group_offset: I64,
    group_regime: I32,
    instrument: I32,
    quantity: F64,
    kind: I8,
    underlying: I32,
    right: I8,
    strike: F64,
    time_to_expiry: F64,
    exercise: I8,
    multiplier: F64,
    value: F64,
    uncovered: F64,
    loan_value: F64,
    spot: F64,
    index_group: I32,
    role: I8,
    initial_long: F64,
    maintenance_long: F64,
    initial_short: F64,
    maintenance_short: F64,
    rules: F64,
    *,
    group_initial: F64,
    group_maintenance: F64,
    group_initial_bound: F64,
    group_maintenance_bound: F64,
    strategy_count: I32,
    leg_count: I32,
    strategy_code: I8,
    strategy_basis: I8,
    strategy_initial: F64,
    strategy_maintenance: F64,
    strategy_legs: I32,
    leg_instrument: I32,
    leg_quantity: F64,
    threads: int,
) -> None:
    """See `riskarray.kernels.strategy_requirement`."""
    book = Book(group_offset, group_regime, instrument, quantity)
    terms = Terms(
        kind,
        underlying,
        right,
        strike,
        time_to_expiry,
        exercise,
        multiplier,
        value,
        uncovered,
        loan_value,
        spot,
        index_group,
        role,
        initial_long,
        maintenance_long,
        initial_short,
        maintenance_short,
        rules,
    )
    result = Result(
        group_initial,
        group_maintenance,
        group_initial_bound,
        group_maintenance_bound,
        strategy_count,
        leg_count,
        strategy_code,
        strategy_basis,
        strategy_initial,
        strategy_maintenance,
        strategy_legs,
        leg_instrument,
        leg_quantity,
    )

    def work(begin: int, end: int) -> None:
        workspace = make_workspace()
        require_groups(book, terms, begin, end, workspace, np.zeros(7, np.int64), result)

    for_blocks(group_regime.shape[0], 16 * GROUPS_PER_BLOCK, threads, work)
