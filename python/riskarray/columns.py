# SPDX-License-Identifier: Apache-2.0
"""Columns of numbers and dates as the checks want them: float64 and datetime64[D].

Whatever kind of Arrow column holds the values - integer, float, decimal, dictionary-encoded, or
text from a CSV file - the result is the same. An empty text cell is null.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from riskarray.array_types import F64, Bool

__all__ = [
    "ColumnTypeError",
    "DateColumn",
    "NumberColumn",
    "cast_column",
    "date_column",
    "is_string",
    "number_column",
]

NUMBER_PATTERN: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(?i:nan|inf)$"
DATE_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class ColumnTypeError(Exception):
    """A column whose Arrow type cannot hold what is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberColumn:
    """Numbers; NaN both where the cell is empty and where it holds NaN."""

    value: F64
    is_null: Bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DateColumn:
    """Dates as datetime64[D]; NaT where the cell is empty."""

    value: npt.NDArray[np.datetime64]

    @property
    def is_null(self) -> Bool:
        """Whether each cell is empty."""
        return np.isnat(self.value)


def number_column(column: pa.ChunkedArray) -> tuple[NumberColumn, Bool]:
    """Return a column as numbers.

    Parameters
    ----------
    column : ChunkedArray
        Any integers, floats or decimals, or text that spells numbers.

    Returns
    -------
    column : NumberColumn
        The same cells.
    is_bad : ndarray of bool, shape (n,)
        Whether the cell is text that spells no number; the cell is then NaN.

    Raises
    ------
    ColumnTypeError
        If the column holds anything else.
    """
    column = _decoded(column)
    kind = column.type
    is_bad = np.zeros(len(column), np.bool_)
    if is_string(kind):
        column, is_bad = _parse(column, pa.float64(), NUMBER_PATTERN)
    elif pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind) or pt.is_null(kind):
        column = pc.cast(column, pa.float64(), safe=False)
    else:
        message = f"must hold numbers, got {kind}"
        raise ColumnTypeError(message)
    value = column.to_numpy()
    is_null = np.zeros(len(value), np.bool_)
    if column.null_count:
        is_null = pc.is_null(column).to_numpy() & ~is_bad
    return NumberColumn(value=value, is_null=is_null), is_bad


def date_column(column: pa.ChunkedArray) -> tuple[DateColumn, Bool]:
    """Return a column as dates.

    Parameters
    ----------
    column : ChunkedArray
        Dates, timestamps at midnight of their own zone, or ISO text (YYYY-MM-DD).

    Returns
    -------
    column : DateColumn
        The same cells.
    is_bad : ndarray of bool, shape (n,)
        Whether the cell is not a date, or has a time of day; the cell is then NaT.

    Raises
    ------
    ColumnTypeError
        If the column holds anything else.
    """
    column = _decoded(column)
    kind = column.type
    is_bad = np.zeros(len(column), np.bool_)
    if is_string(kind):
        column, is_bad = _parse(column, pa.date32(), DATE_PATTERN)
    elif pt.is_timestamp(kind):
        local = pc.local_timestamp(column) if kind.tz else column
        date = pc.cast(local, pa.date32(), safe=False)
        whole = pc.equal(pc.cast(date, local.type), local)
        is_bad = ~pc.fill_null(whole, fill_value=True).to_numpy()
        column = date
    elif pt.is_date(kind) or pt.is_null(kind):
        column = pc.cast(column, pa.date32())
    else:
        message = f"must hold dates, got {kind}"
        raise ColumnTypeError(message)
    value = column.to_numpy().astype("datetime64[D]")
    if is_bad.any():
        value = np.where(is_bad, np.datetime64("NaT", "D"), value)
    return DateColumn(value=value), is_bad


def is_string(kind: pa.DataType) -> bool:
    """Return whether an Arrow type holds text that is not dictionary-encoded."""
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def cast_column(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column as another Arrow type, the column itself when it has that type."""
    return column if column.type == kind else pc.cast(column, kind)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the column without its dictionary."""
    if not pt.is_dictionary(column.type):
        return column
    return pc.cast(column, column.type.value_type)


def _parse(
    column: pa.ChunkedArray, kind: pa.DataType, pattern: str
) -> tuple[pa.ChunkedArray, Bool]:
    """Parse text; cells that do not spell a value are null and marked."""
    column = cast_column(column, pa.string())
    is_empty = pc.fill_null(pc.equal(column, ""), fill_value=False).to_numpy()
    if is_empty.any():
        column = _without(column, is_empty)
    is_bad = np.zeros(len(column), np.bool_)
    try:
        return pc.cast(column, kind), is_bad
    except pa.ArrowInvalid:
        texts = column.combine_chunks().dictionary_encode()
    good = pc.match_substring_regex(texts.dictionary, pattern).to_numpy(zero_copy_only=False)
    looks_good = np.flatnonzero(good)
    good[looks_good] = _is_castable(texts.dictionary.take(pa.array(looks_good)), kind)
    known = pc.fill_null(pa.array(good).take(texts.indices), fill_value=True)
    is_bad = ~known.to_numpy(zero_copy_only=False)
    return pc.cast(_without(column, is_bad), kind), is_bad


def _without(column: pa.ChunkedArray, is_gone: Bool) -> pa.ChunkedArray:
    """Return the column with some of its cells null."""
    row = pa.array(np.arange(len(column)), mask=is_gone)
    return pa.chunked_array([column.combine_chunks().take(row)], column.type)


def _is_castable(texts: pa.StringArray, kind: pa.DataType) -> Bool:
    """Say which texts can be cast, by halves: those that look right seldom fail (30 February)."""
    try:
        pc.cast(texts, kind)
        return np.ones(len(texts), np.bool_)
    except pa.ArrowInvalid:
        if len(texts) == 1:
            return np.zeros(1, np.bool_)
    middle = len(texts) // 2
    halves = (texts[:middle], texts[middle:])
    return np.concatenate([_is_castable(half, kind) for half in halves])
