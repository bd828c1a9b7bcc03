"""The public function of the kernel `strategy_requirement`."""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import numpy as np

from riskarray.array_types import F64, I8, I32, I64, AnyArray
from riskarray.backends import BackendName
from riskarray.kernel_call import by_name, check_inputs, run_checked
from riskarray.kernel_codes import (
    GROUPS_PER_BLOCK,
    LEGS_PER_POSITION,
    NETTED_ROWS,
    STRATEGIES_PER_POSITION,
)
from riskarray.sums import totals

__all__ = ["StrategyRequirement", "strategy_requirement"]

Rows = TypeVar("Rows", F64, I8, I32)


class StrategyRequirement(NamedTuple):
    """Results of `strategy_requirement`; units as in the contract.

    The strategies of the groups follow each other (`strategy_count` for each group), and so do the
    legs of the strategies (`strategy_legs` for each strategy).
    """

    group_initial: F64
    group_maintenance: F64
    group_initial_bound: F64
    group_maintenance_bound: F64
    strategy_count: I32
    leg_count: I32
    strategy_code: I8
    strategy_basis: I8
    strategy_initial: F64
    strategy_maintenance: F64
    strategy_legs: I32
    leg_instrument: I32
    leg_quantity: F64


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
    threads: int = 0,
    backend: BackendName | None = None,
) -> StrategyRequirement:
    """Return the least strategy-based requirement of groups of positions, and the strategies.

    A group is what one account holds in one underlying (or in an index and the funds on it). Among
    all allocations of its legs to strategies that the rules allow, in whole contracts, the one
    that requires least is taken; each leg is used once. Rows of one instrument are summed first, so
    that offsetting ones cancel; legs name the instrument, not the row. Legs are put in a canonical
    order before anything is chosen (expiry, strike, calls before puts), so the answer does not
    depend on the order of the rows, and ties go to the columns of the program that come first:
    spreads by expiry, straddles, covers, hedges, collars, boxes.

    Parameters
    ----------
    group_offset : ndarray of int64, shape (g + 1,)
        The positions of group i are ``group_offset[i]:group_offset[i + 1]``.
    group_regime : ndarray of int32, shape (g,)
        Row of the figures that hold for it, of margin or of cash accounts.
    instrument, quantity : ndarray, shape (m,)
        Row of each position's instrument, and contracts or shares, signed. Contracts are kept
        whole where all of a group's are whole numbers.
    kind : ndarray of int8, shape (n,)
        0 stock, 1 option, 2 future.
    underlying : ndarray of int32, shape (n,)
        Row of the underlying.
    right, strike, exercise, multiplier : ndarray, shape (n,)
        Terms: +1 call or -1 put, USD per share, 1 European or 2 American, shares per unit held.
    time_to_expiry : ndarray, shape (n,)
        To the instant of expiry: it orders the expiries, so an AM-settled option expires before a
        PM-settled one of the same day.
    value : ndarray, shape (n,)
        Market value, in USD per unit held.
    uncovered : ndarray, shape (r, n)
        Requirement of one short option by itself, value included, or of one future, in USD.
    loan_value : ndarray, shape (r, n)
        Loan value of one long option by itself, in USD.
    spot : ndarray, shape (u,)
        In USD per share.
    index_group : ndarray of int32, shape (u,)
        The same row for an index and the funds on it.
    role : ndarray of int8, shape (u,)
        0 neither, 1 index, 2 fund whose shares cover options on its index.
    initial_long, maintenance_long : ndarray, shape (r, u)
        Requirement of long stock, as a fraction of its market value.
    initial_short, maintenance_short : ndarray, shape (r, u)
        Requirement of short stock beside its proceeds, in USD per share.
    rules : ndarray, shape (r, 15)
        Figures of each regime; the columns are `riskarray.kernel_codes.StrategyRule`.
    threads : int
        0 for all processors. The result does not depend on it.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.

    Returns
    -------
    StrategyRequirement
        Per group the initial and the maintenance requirement, each the least on its own basis,
        and a bound below which no allocation falls; then the strategies (`StrategyCode`; basis 3
        where one allocation serves both requirements, else 1 for the rows of initial and 2 for
        those of maintenance) and their legs.

    Raises
    ------
    TypeError, ValueError
        If an array has the wrong type or shape, a value is outside its range, or amounts are too
        large to be added up.

    References
    ----------
    12 CFR 220.4, 220.12; FINRA Rule 4210(c), (f)(2); Cboe Rule 10.3; the universal spread rule,
    SEC Release 34-67752 (2012).
    """
    arrays = by_name(
        "strategy_requirement",
        group_offset,
        group_regime,
        instrument,
        quantity,
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
    sizes = check_inputs("strategy_requirement", arrays)
    arrays = _net_large_groups(arrays)
    result = _run(arrays, sizes, threads=threads, backend=backend)
    _check_finite(result)
    short = _short(result, arrays["group_offset"])
    if short.any():
        arrays = _pad(arrays, short)
        result = _run(arrays, sizes, threads=threads, backend=backend)
    return _compact(result, arrays["group_offset"])


def _run(
    arrays: Mapping[str, AnyArray],
    sizes: Mapping[str, int],
    *,
    threads: int,
    backend: BackendName | None,
) -> StrategyRequirement:
    """Call a backend; the sizes are those of the caller's arrays, but for the positions."""
    sizes = {**sizes, "m": len(arrays["instrument"])}
    name = "strategy_requirement"
    return StrategyRequirement(*run_checked(name, arrays, sizes, threads=threads, backend=backend))


def _net_large_groups(arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Return the groups with one row per instrument in those that a backend takes in parts."""
    group_offset, instrument = arrays["group_offset"], arrays["instrument"]
    size = np.diff(group_offset)
    large = np.flatnonzero(size > NETTED_ROWS)
    if len(large) == 0:
        return arrays
    instrument, quantity = instrument.copy(), arrays["quantity"].copy()
    is_kept = np.ones(len(instrument), np.bool_)
    for group in large:
        first, last = group_offset[group : group + 2]
        held, row = np.unique(instrument[first:last], return_inverse=True)
        netted = slice(first, first + len(held))
        quantity[netted] = totals(row, quantity[first:last], len(held))
        instrument[netted] = held
        is_kept[netted.stop : last] = False
        size[group] = len(held)
    return {
        **arrays,
        "group_offset": np.append(0, np.cumsum(size)),
        "instrument": instrument[is_kept],
        "quantity": quantity[is_kept],
    }


def _check_finite(result: StrategyRequirement) -> None:
    is_good = np.isfinite(result.group_initial) & np.isfinite(result.group_maintenance)
    if not is_good.all():
        group = int(np.argmin(is_good))
        msg = f"the amounts of group {group} are too large to be added up"
        raise ValueError(msg)


def _short(result: StrategyRequirement, group_offset: I64) -> I64:
    """Return how many positions more each block would need for all its strategies to fit."""
    rows = -(-_of_blocks(result.strategy_count) // STRATEGIES_PER_POSITION)
    legs = -(-_of_blocks(result.leg_count) // LEGS_PER_POSITION)
    size = _of_blocks(np.diff(group_offset))
    short: I64 = np.maximum(np.maximum(rows, legs) - size, 0)
    return short


def _of_blocks(count: I32 | I64) -> I64:
    """Return the sums over the groups of each block."""
    firsts = np.arange(0, len(count), GROUPS_PER_BLOCK)
    return np.add.reduceat(count, firsts, dtype=np.int64)


def _pad(arrays: Mapping[str, AnyArray], short: I64) -> dict[str, AnyArray]:
    """Return the same groups with positions of nothing behind some blocks, for their room."""
    group_offset = arrays["group_offset"]
    n_groups = len(group_offset) - 1
    last = np.minimum(np.arange(1, len(short) + 1) * GROUPS_PER_BLOCK, n_groups)
    behind = np.repeat(group_offset[last], short)
    added = np.zeros(n_groups + 1, np.int64)
    added[last] = short
    return {
        **arrays,
        "group_offset": group_offset + np.cumsum(added),
        "instrument": np.insert(arrays["instrument"], behind, 0),
        "quantity": np.insert(arrays["quantity"], behind, 0.0),
    }


def _compact(result: StrategyRequirement, group_offset: I64) -> StrategyRequirement:
    """Return the results without the room that the blocks left over."""
    begin = group_offset[:-1:GROUPS_PER_BLOCK]
    strategies = _runs(begin * STRATEGIES_PER_POSITION, result.strategy_count)
    legs = _runs(begin * LEGS_PER_POSITION, result.leg_count)
    return result._replace(
        strategy_code=_joined(result.strategy_code, strategies),
        strategy_basis=_joined(result.strategy_basis, strategies),
        strategy_initial=_joined(result.strategy_initial, strategies),
        strategy_maintenance=_joined(result.strategy_maintenance, strategies),
        strategy_legs=_joined(result.strategy_legs, strategies),
        leg_instrument=_joined(result.leg_instrument, legs),
        leg_quantity=_joined(result.leg_quantity, legs),
    )


def _runs(begin: I64, count: I32) -> list[slice]:
    """Return the rows of each block, for the first rows of the blocks and the counts of groups."""
    last = begin + _of_blocks(count)
    return [slice(*run) for run in zip(begin, last, strict=True)]


def _joined(rows: Rows, runs: list[slice]) -> Rows:
    return np.concatenate([rows[:0], *(rows[run] for run in runs)])
