"""Columns of spreads: pools of options whose greatest loss counts.

The twin of cpp/src/isa/strategy_pools.hpp.
"""

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_excess import add_excesses
from riskarray.backends._numba.strategy_legs import (
    EUROPEAN,
    INITIAL,
    IS_SPREAD_ALLOWED,
    IS_SPREAD_INDEX,
    IS_SPREAD_SAME_EXPIRY,
    IS_SPREAD_SAME_STYLE,
    MAINTENANCE,
    Leg,
)
from riskarray.backends._numba.strategy_program import (
    INDEX,
    IS_TOO_LARGE,
    LOSS,
    MAX_POINTS,
    MAX_POOLS,
    N_COLUMNS,
    N_POINTS,
    N_POOLS,
    N_SIZES,
    SPREAD,
    Workspace,
    add_column,
)
from riskarray.backends._numba.strategy_tableau import INFINITE

__all__ = ["add_spread_columns"]


@jit_part
def is_of_pool(leg: Leg, cutoff: float, exercise: int, regime: F64) -> bool:
    """Whether an option may stand in a pool."""
    if regime[IS_SPREAD_INDEX] != 0.0 and leg["role"] != INDEX:
        return False
    if exercise != 0 and leg["exercise"] != exercise:
        return False
    if regime[IS_SPREAD_SAME_EXPIRY] != 0.0:
        return bool(leg["time"] == cutoff)
    return bool(leg["time"] >= cutoff if leg["is_long"] else leg["time"] <= cutoff)


@jit_part
def add_point(w: Workspace, p: int, point: float) -> None:
    """Add a price to a pool's points, kept rising and distinct."""
    first = w.pools[p]["first_point"]
    at = w.pools[p]["n_points"]
    while at > 0 and w.points[first + at - 1] >= point:
        if w.points[first + at - 1] == point:
            return
        at -= 1
    if w.counts[N_POINTS] == MAX_POINTS:
        w.counts[IS_TOO_LARGE] = 1
        return
    for k in range(w.pools[p]["n_points"], at, -1):
        w.points[first + k] = w.points[first + k - 1]
    w.points[first + at] = point
    w.pools[p]["n_points"] += 1
    w.counts[N_POINTS] += 1


@jit_part
def add_pool(w: Workspace, regime: F64, cutoff: float, exercise: int, begin: int, end: int) -> None:
    """Add a pool's columns if it has long and short options of one right."""
    legs = w.legs
    counts = np.zeros((2, 2), np.int64)
    for i in range(begin, end):
        if is_of_pool(legs[i], cutoff, exercise, regime):
            counts[int(legs[i]["right"] < 0), int(legs[i]["is_long"])] += 1
    has_calls = counts[0, 0] > 0 and counts[0, 1] > 0
    has_puts = counts[1, 0] > 0 and counts[1, 1] > 0
    if not has_calls and not has_puts:
        return
    p = w.counts[N_POOLS]
    if p == MAX_POOLS:
        w.counts[IS_TOO_LARGE] = 1
        return
    w.pools[p]["first_point"] = w.counts[N_POINTS]
    w.pools[p]["n_points"] = 0
    w.pools[p]["first_column"] = w.counts[N_COLUMNS]
    low, high = INFINITE, 0.0
    for i in range(begin, end):
        is_in = is_of_pool(legs[i], cutoff, exercise, regime)
        if not is_in or not (has_puts if legs[i]["right"] < 0 else has_calls):
            continue
        j = add_column(w, SPREAD, 1, i, 0, 0, 0)
        if j >= 0:
            w.columns[j]["pool"] = p
            cost = legs[i]["loan_value"] if legs[i]["is_long"] else -legs[i]["uncovered"]
            w.columns[j]["cost"][INITIAL] = cost
            w.columns[j]["cost"][MAINTENANCE] = cost
            w.columns[j]["upper"] = legs[i]["quantity"]
            if not legs[i]["is_long"] and w.slots[i]["spread_column"] < 0:
                w.slots[i]["spread_column"] = j
        low = min(low, legs[i]["strike"])
        high = max(high, legs[i]["strike"])
        if legs[i]["is_long"]:
            add_point(w, p, legs[i]["strike"])
    if has_puts:
        add_point(w, p, low)
    if has_calls:
        add_point(w, p, high)
    w.pools[p]["loss_column"] = w.counts[N_COLUMNS]
    j = add_column(w, LOSS, 0, 0, 0, 0, 0)
    if j >= 0:
        w.columns[j]["pool"] = p
    if w.counts[N_SIZES] > 1:
        add_excesses(w, p)
    w.pools[p]["balance_row"][0] = 0 if has_calls else -1
    w.pools[p]["balance_row"][1] = 0 if has_puts else -1
    w.counts[N_POOLS] = p + 1


@jit_part
def add_pools(w: Workspace, regime: F64, begin: int, end: int, exercise: int) -> None:
    """One pool for each last expiry of short options before a long option expires."""
    legs = w.legs
    is_same_expiry = regime[IS_SPREAD_SAME_EXPIRY] != 0.0
    cutoff = -INFINITE
    is_open = False
    for i in range(begin, end + 1):
        is_end = i == end
        if not is_end and exercise != 0 and legs[i]["exercise"] != exercise:
            continue
        is_next_short = not is_end and not legs[i]["is_long"] and legs[i]["time"] != cutoff
        if is_open and (is_end or is_next_short):
            is_needed = is_end or is_same_expiry
            for k in range(begin, i):
                if not is_needed:
                    is_needed = (
                        legs[k]["is_long"]
                        and (exercise == 0 or legs[k]["exercise"] == exercise)
                        and legs[k]["time"] >= cutoff
                        and legs[k]["time"] < legs[i]["time"]
                    )
            if is_needed:
                add_pool(w, regime, cutoff, exercise, begin, end)
        if is_next_short:
            cutoff = legs[i]["time"]
            is_open = True


@jit_part
def add_spread_columns(w: Workspace, regime: F64, begin: int, end: int) -> None:
    """Pools of the options of one underlying."""
    if regime[IS_SPREAD_ALLOWED] == 0.0:
        return
    if regime[IS_SPREAD_INDEX] != 0.0:
        add_pools(w, regime, begin, end, EUROPEAN)
    elif regime[IS_SPREAD_SAME_STYLE] == 0.0:
        add_pools(w, regime, begin, end, 0)
    else:
        for exercise in range(1, 3):
            has = False
            for i in range(begin, end):
                has = has or w.legs[i]["exercise"] == exercise
            if has:
                add_pools(w, regime, begin, end, exercise)
