"""The least strategy-based requirement; the twin of cpp/src/isa/strategy_requirement.cpp."""

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.jit import for_blocks, jit, jit_inlined, jit_part
from riskarray.backends._numba.strategy_legs import (
    BOTH,
    INITIAL,
    MAINTENANCE,
    MAX_LEGS,
    Book,
    Terms,
    net_positions,
    trivial_bound,
)
from riskarray.backends._numba.strategy_one_expiry import require_one_expiry
from riskarray.backends._numba.strategy_order import gather_legs, take_legs
from riskarray.backends._numba.strategy_output import BASIS, LEGS, STRATEGIES, Result, Writer
from riskarray.backends._numba.strategy_program import (
    N_COLUMNS,
    N_LEGS,
    TABLEAU_ROOM,
    Workspace,
    alone,
    make_workspace,
    tableau_room,
)
from riskarray.backends._numba.strategy_rows import make_tableau
from riskarray.backends._numba.strategy_runs import SAME, allocate, allocate_runs, set_up
from riskarray.backends._numba.strategy_solve import relax_program
from riskarray.backends._numba.strategy_tableau import INFINITE
from riskarray.kernel_codes import (
    GROUPS_PER_BLOCK,
    LEGS_PER_POSITION,
    NETTED_ROWS,
    STRATEGIES_PER_POSITION,
)

__all__ = ["strategy_requirement"]


@jit_part
def needed_alone(w: Workspace, basis: int) -> float:
    """What the legs need each by itself."""
    needed = 0.0
    for i in range(w.counts[N_LEGS]):
        needed += w.legs[i]["quantity"] * alone(w.legs[i], basis)
    return needed


@jit_inlined
def require_at_once(w: Workspace, regime: F64, out: Writer, bound: F64) -> bool:
    """Margin the workspace's legs as one program; False: they are too many for it."""
    before = (out.total[INITIAL], out.total[MAINTENANCE])
    if require_one_expiry(w, regime, out):
        for basis in range(2):
            bound[basis] += out.total[basis] - before[basis]
        return True
    if not set_up(w, regime):
        return False
    found = allocate(w, regime, out, is_last=True, is_joint=False)
    if found[0][0] == -INFINITE:
        return False
    for basis in range(2):
        of_program, is_complete = found[basis]
        if is_complete:
            bound[basis] += out.total[basis] - before[basis]
            continue
        least = 0.0
        for i in range(w.counts[N_LEGS]):
            least += trivial_bound(w.legs[i])
        bound[basis] += max(needed_alone(w, basis) + of_program, least)
    return True


@jit_inlined
def bound_without_expiries(w: Workspace, regime: F64, least: F64) -> None:
    """Raise the least that the legs can need to the program's as if all expired together."""
    for i in range(w.counts[N_LEGS]):
        w.legs[i]["time"] = 0.0
    if not set_up(w, regime) or w.counts[N_COLUMNS] == 0:
        return
    t = make_tableau(w)
    for basis in range(2):
        of_program = relax_program(w, regime, t, basis)
        least[basis] = max(least[basis], needed_alone(w, basis) + of_program)


@jit_inlined
def require_positions(
    w: Workspace, terms: Terms, row: int, count: int, out: Writer, bound: F64
) -> None:
    """Margin some positions of a group, as one program if they fit."""
    regime = terms.rules[row]
    w.counts[TABLEAU_ROOM] = tableau_room(count)
    gather_legs(w, terms, row, count)
    if count <= MAX_LEGS:
        take_legs(w, 0, 0, count)
        if require_at_once(w, regime, out, bound):
            return
    least = np.zeros(2)
    for i in range(count):
        least[INITIAL] += trivial_bound(w.gathered[w.order[i]])
    least[MAINTENANCE] = least[INITIAL]
    if count <= MAX_LEGS:
        take_legs(w, 0, 0, count)
        bound_without_expiries(w, regime, least)
    bound[INITIAL] += least[INITIAL]
    bound[MAINTENANCE] += least[MAINTENANCE]
    allocate_runs(w, regime, count, out)


@jit_part
def close_bound(bound: float, total: float) -> float:
    """A bound that differs from the total by rounding is the total."""
    return bound if bound < total - SAME - 1e-12 * abs(total) else total


@jit_inlined
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
        last = min(end, at + NETTED_ROWS)
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

    most = int(np.max(np.diff(group_offset), initial=0))

    def work(begin: int, end: int) -> None:
        workspace = make_workspace(most)
        require_groups(book, terms, begin, end, workspace, np.zeros(7, np.int64), result)

    for_blocks(group_regime.shape[0], 16 * GROUPS_PER_BLOCK, threads, work)
