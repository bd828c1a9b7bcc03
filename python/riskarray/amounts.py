# SPDX-License-Identifier: Apache-2.0
"""Amounts of money in floating point: what is left from rounding is nothing."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, Bool

__all__ = ["LEAST_AMOUNT", "amount_columns", "lacking", "without_dust"]

LEAST_AMOUNT: Final = 1e-6
"""Of an amount, in USD; what is less is left from rounding."""
_ROUNDING: Final = 1e-14
"""Part of what is added up that rounding may leave: more than a micro-dollar from 1e8 USD on."""
_NO_AMOUNT: Final = ("quantity", "leverage", "measure", "rate")
"""Columns in which a small number is no dust."""
_ROWS: Final = 1024
"""Rows turned into columns at a time: they stay in the cache, read and written once."""


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


def amount_columns(rows: F64, columns: F64) -> None:
    """Turn rows of amounts into columns, with amounts below a micro-dollar as 0.

    Parameters
    ----------
    rows : ndarray, shape (g, p)
        In USD.
    columns : ndarray, shape (p, g)
        Is filled with them; no zero has a minus sign.
    """
    for begin in range(0, len(rows), _ROWS):
        part = np.ascontiguousarray(rows[begin : begin + _ROWS].T)
        part *= np.abs(part) > LEAST_AMOUNT
        part += 0.0
        columns[:, begin : begin + _ROWS] = part


def without_dust(name: str, table: pa.Table) -> pa.Table:
    """Return the table with amounts below a micro-dollar as 0, and no zero with a minus sign.

    Parameters
    ----------
    name : str
        Of the table, for the words of an error.
    table : Table
        Amounts in USD, and other columns.

    Raises
    ------
    RuntimeError
        At a figure that is not a number: it would be a defect of this program.
    """
    for k, field in enumerate(table.schema):
        if not pa.types.is_floating(field.type):
            continue
        column = table.column(k)
        values = column.to_numpy()
        _check_finite(f"{name}: {field.name}", values, column)
        least = 0.0 if field.name in _NO_AMOUNT else LEAST_AMOUNT
        is_dust: Bool = (np.abs(values) <= least) & ((values != 0.0) | np.signbit(values))
        if is_dust.any():
            table = table.set_column(k, field, pc.if_else(pa.array(is_dust), 0.0, column))
    return table


def _check_finite(name: str, values: F64, column: pa.ChunkedArray) -> None:
    bad = ~np.isfinite(values)
    if bad.any() and column.null_count:
        bad &= column.is_valid().to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        msg = f"{name} must be finite, got {values[row]} in row {row + 1} ({int(bad.sum())} in all)"
        raise RuntimeError(msg)
