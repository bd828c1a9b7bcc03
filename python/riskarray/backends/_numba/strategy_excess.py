"""Contracts of several multipliers in one pool; the twin of cpp/src/isa/strategy_excess.hpp."""

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_program import (
    EXCESS,
    FIRST_OPTION,
    IS_WHOLE,
    LAST_OPTION,
    N_SIZES,
    Workspace,
    add_column,
    weight,
)

__all__ = ["add_excesses", "balance_row", "balance_rows", "fill_excess", "number_sizes"]


@jit_part
def number_sizes(w: Workspace) -> None:
    """Number the multipliers of the options in the order of their first ones."""
    w.counts[N_SIZES] = 0
    legs = w.legs
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        size = -1
        k = i
        while k > w.counts[FIRST_OPTION] and size < 0:
            k -= 1
            if legs[k]["multiplier"] == legs[i]["multiplier"]:
                size = w.slots[k]["size"]
        if size < 0:
            size = w.counts[N_SIZES]
            w.counts[N_SIZES] += 1
        w.slots[i]["size"] = size


@jit_part
def balance_rows(w: Workspace) -> int:
    """Rows that balance one right of a pool."""
    return 1 if w.counts[N_SIZES] == 1 else w.counts[N_SIZES] + 1


@jit_part
def balance_row(w: Workspace, p: int, i: int) -> int:
    """Row in which an option balances."""
    row = w.pools[p]["balance_row"][int(w.legs[i]["right"] < 0)]
    return row + w.slots[i]["size"]  # type: ignore[no-any-return]


@jit_part
def common_divisor(a: float, b: float) -> float:
    """Greatest common divisor of whole numbers."""
    while b > 0.0:
        a, b = b, np.fmod(a, b)
    return a


@jit_part
def excess_lot(w: Workspace, i: int) -> float:
    """Whole contracts of one multiplier that those of others can balance, and multiples of it."""
    legs = w.legs
    others = 0.0
    for k in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        if legs[k]["underlying"] != legs[i]["underlying"]:
            continue
        if legs[k]["multiplier"] != np.floor(legs[k]["multiplier"]):
            return 1.0
        if legs[k]["multiplier"] != legs[i]["multiplier"]:
            others = common_divisor(legs[k]["multiplier"], others)
    return others / common_divisor(legs[i]["multiplier"], others)


@jit_part
def add_excesses(w: Workspace, p: int) -> None:
    """Add what short or long contracts of each multiplier exceed in the last pool."""
    legs = w.legs
    first, last = w.pools[p]["first_column"], w.pools[p]["loss_column"]
    for j in range(first, last):
        i = w.columns[j]["leg"][0]
        quantity = 0.0
        is_first, has_other = True, False
        for k in range(first, last):
            of = w.columns[k]["leg"][0]
            if not is_first:
                break
            if legs[of]["right"] != legs[i]["right"]:
                continue
            is_side = legs[of]["is_long"] == legs[i]["is_long"]
            is_size = legs[of]["multiplier"] == legs[i]["multiplier"]
            if is_side and is_size:
                is_first = k >= j
                quantity += legs[of]["quantity"]
            has_other = has_other or (not is_side and not is_size)
        if not is_first or not has_other:
            continue
        upper = quantity / excess_lot(w, i)
        if w.counts[IS_WHOLE]:
            upper = np.floor(upper)
        if upper == 0.0:
            continue
        column = add_column(w, EXCESS, 0, i, 0, 0, 0)
        if column >= 0:
            w.columns[column]["pool"] = p
            w.columns[column]["upper"] = upper


@jit_part
def fill_excess(w: Workspace, cells: F64, j: int) -> None:
    """Fill the balances of what contracts of a multiplier exceed."""
    p, i = w.columns[j]["pool"], w.columns[j]["leg"][0]
    last = w.pools[p]["balance_row"][int(w.legs[i]["right"] < 0)] + w.counts[N_SIZES]
    shares = weight(w, i) * excess_lot(w, i)
    cells[balance_row(w, p, i)] = shares if w.legs[i]["is_long"] else -shares
    cells[last] = -shares if w.legs[i]["is_long"] else shares
