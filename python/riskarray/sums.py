# SPDX-License-Identifier: Apache-2.0
"""Sums over rows that belong together, added up in the order of the rows."""

import numpy as np

from riskarray.array_types import F64, AnyArray

__all__ = ["totals"]


def totals(row: AnyArray, amount: F64, size: int) -> F64:
    """Return the sum of the amounts that fall to each of `size` rows, added up in order."""
    return np.bincount(row, amount, minlength=size).astype(np.float64, copy=False)
