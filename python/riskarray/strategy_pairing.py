# SPDX-License-Identifier: Apache-2.0
"""Allocates shares to short options and long options to short ones, in a documented order.

Rows are sorted by group before a call. Within a group the order given decides, so an allocation
depends on the terms of what is held and never on the order of the input.
"""

from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64, I64, AnyArray

__all__ = ["Matches", "covered_contracts", "match", "totals", "within_group"]

_SLACK: Final = 1e-9
"""Part of a contract, or of an amount, that counts as rounding."""


class Matches(NamedTuple):
    """Pieces of the amounts of two sides that stand against each other."""

    left: I64
    right: I64
    amount: F64


def totals(row: AnyArray, amount: F64, size: int) -> F64:
    """Return the sum of the amounts that fall to each of `size` rows, added up in order."""
    return np.bincount(row, amount, minlength=size).astype(np.float64, copy=False)


def within_group(group: AnyArray, amount: F64) -> F64:
    """Return the sum of the amounts before each row in its group; rows are sorted by group."""
    total = np.cumsum(amount)
    before = total - amount
    starts = np.r_[True, group[1:] != group[:-1]][: len(group)]
    first = np.flatnonzero(starts)
    base = np.repeat(before[first], np.diff(np.r_[first, len(group)]))
    return np.maximum(before - base, 0.0)


def covered_contracts(group: I64, contracts: F64, need: F64, capacity: F64) -> F64:
    """Return how many whole contracts each row can be covered for, first come first served.

    Parameters
    ----------
    group : ndarray of int64, shape (s,)
        Rows of `capacity`, sorted.
    contracts, need : ndarray, shape (s,)
        Contracts of each row, and what one of them takes.
    capacity : ndarray, shape (c,)
        What each group has to give.

    Returns
    -------
    ndarray, shape (s,)
        Contracts covered; what one row leaves over passes to those behind it.
    """
    covered = np.zeros(len(group))
    left = capacity.copy()
    rows = np.arange(len(group))
    while rows.size:
        wanted = (contracts - covered)[rows] * need[rows]
        given = np.minimum(left[group[rows]] - within_group(group[rows], wanted), wanted)
        whole = np.floor(np.maximum(given, 0.0) / need[rows] + _SLACK)
        whole = np.minimum(whole, (contracts - covered)[rows])
        covered[rows] += whole
        left -= totals(group[rows], whole * need[rows], len(left))
        open_ = (contracts - covered)[rows] >= 1.0 - _SLACK
        fits = left[group[rows]] >= need[rows] * (1.0 - _SLACK)
        rows = rows[open_ & fits] if whole.any() else rows[:0]
    return covered


def match(left_group: I64, left: F64, right_group: I64, right: F64) -> Matches:
    """Lay the amounts of both sides of each group end to end and return where they overlap.

    Parameters
    ----------
    left_group, right_group : ndarray of int64, shape (l,) and (r,)
        Sorted.
    left, right : ndarray, shape (l,) and (r,)
        Amounts, not negative; the side that has more in a group keeps the rest.

    Returns
    -------
    Matches
        Row of the left and the right side and the amount, in the order of the rows.
    """
    group = np.concatenate([left_group, right_group])
    end = np.concatenate(
        [within_group(left_group, left) + left, within_group(right_group, right) + right]
    )
    is_right = np.arange(len(group)) >= len(left_group)
    order = np.lexsort((is_right, end, group))
    group, end, is_right = group[order], end[order], is_right[order]
    in_left: I64 = np.cumsum(~is_right) - ~is_right
    in_right: I64 = np.cumsum(is_right) - is_right
    is_same = np.r_[False, group[1:] == group[:-1]][: len(group)]
    amount = end - np.where(is_same, np.r_[0.0, end[:-1]][: len(end)], 0.0)
    keep = (in_left < len(left_group)) & (in_right < len(right_group))
    keep &= amount > _SLACK * np.maximum(end, 1.0)
    keep[keep] = (left_group[in_left[keep]] == group[keep]) & (
        right_group[in_right[keep]] == group[keep]
    )
    rows = in_left[keep], in_right[keep]
    return Matches(*rows, _whole(_whole(amount[keep], left[rows[0]]), right[rows[1]]))


def _whole(amount: F64, of: F64) -> F64:
    """Return `of` where an amount is all of it but for rounding."""
    return np.where(np.abs(amount - of) <= _SLACK * of, of, amount)
