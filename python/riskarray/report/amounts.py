# SPDX-License-Identifier: Apache-2.0
"""Amounts of money in floating point: what is left from rounding is nothing."""

from typing import Final

import numpy as np

from riskarray.array_types import F64

__all__ = ["LEAST_AMOUNT", "lacking"]

LEAST_AMOUNT: Final = 1e-6
"""Of an amount, in USD; what is less is left from rounding."""
_ROUNDING: Final = 1e-14
"""Part of what is added up that rounding may leave: more than a micro-dollar from 1e8 USD on."""


def lacking(required: F64, held: F64, gross: F64 | float = 0.0) -> F64:
    """Return what `held` lacks to `required`, in USD; nothing where that is left from rounding.

    Parameters
    ----------
    required, held : ndarray, shape (a,)
        In USD; nothing is lacking where one is NaN.
    gross : ndarray or float
        Size of the amounts that these were made of, in USD.
    """
    gap = required - held
    least = np.maximum(LEAST_AMOUNT, _ROUNDING * np.asarray(gross))
    found: F64 = np.where(gap > least, gap, 0.0)
    return found
