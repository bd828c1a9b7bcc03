# SPDX-License-Identifier: Apache-2.0
"""Sums over rows that belong together, added up in the order of the rows."""

import numpy as np

from riskarray.array_types import F64, I64, AnyArray

__all__ = ["run_rows", "totals"]


def totals(row: AnyArray, amount: F64, size: int) -> F64:
    """Return the sum of the amounts that fall to each of `size` rows, added up in order."""
    return np.bincount(row, amount, minlength=size).astype(np.float64, copy=False)


def run_rows(begin: AnyArray, count: AnyArray) -> I64:
    """Return the rows of runs, one run behind the other.

    Parameters
    ----------
    begin, count : ndarray of integers, shape (k,)
        First row and number of rows of each run.
    """
    ends = np.cumsum(count, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    rows: I64 = np.repeat(begin - (ends - count), count) + np.arange(total)
    return rows
