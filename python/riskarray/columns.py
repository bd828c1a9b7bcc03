# SPDX-License-Identifier: Apache-2.0
"""Columns as the checks want them: text as codes, numbers as float64, dates as days.

Whatever kind of Arrow column holds the values - plain, large, dictionary-encoded, decimal,
integer, or text from a CSV file - the result is the same. An empty text cell is null.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from riskarray.array_types import F64, I8, I32, Bool

__all__ = [
    "ColumnTypeError",
    "DateColumn",
    "NumberColumn",
    "TextColumn",
    "date_column",
    "merge_text",
    "number_column",
    "text_column",
]

NUMBER_PATTERN: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(?i:nan|inf)$"
DATE_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
ENCODED: Final = pa.dictionary(pa.int32(), pa.string())


class ColumnTypeError(Exception):
    """A column whose Arrow type cannot hold what is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextColumn:
    """Text, each distinct value stored once.

    Parameters
    ----------
    code : ndarray of int32, shape (n,)
        Row of each cell's text in `value`; -1 where the cell is empty.
    value : StringArray
        The distinct texts, none of them null or empty.
    """

    code: I32
    value: pa.StringArray

    @property
    def is_null(self) -> Bool:
        """Whether each cell is empty."""
        return self.code < 0

    def strings(self) -> pa.StringArray:
        """Return the text of each row; null where the cell is empty."""
        index = pa.array(self.code, mask=self.is_null) if self.is_null.any() else self.code
        return self.value.take(pa.array(index))

    def coded(self, codes: dict[str, int], default: int) -> tuple[I8, Bool]:
        """Translate the text into small codes.

        Parameters
        ----------
        codes : dict of str to int
            Code of each text that is allowed.
        default : int
            Code of an empty cell.

        Returns
        -------
        code : ndarray of int8, shape (n,)
            Code of each row; `default` where the text is not allowed.
        is_unknown : ndarray of bool, shape (n,)
            Whether the cell has a text that is not allowed.
        """
        row = pc.fill_null(pc.index_in(self.value, pa.array(list(codes), pa.string())), -1)
        row = np.append(row.to_numpy(zero_copy_only=False), -1)[self.code]
        number = np.array([*codes.values(), default], np.int8)[row]
        return number, (row < 0) & ~self.is_null

    def take(self, row: npt.NDArray[np.int64]) -> "TextColumn":
        """Return some of the rows."""
        return TextColumn(code=self.code[row], value=self.value)


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


def text_column(column: pa.ChunkedArray) -> TextColumn:
    """Return a column as text.

    Parameters
    ----------
    column : ChunkedArray
        Strings or integers (account numbers), dictionary-encoded or not.

    Returns
    -------
    TextColumn
        The same cells.

    Raises
    ------
    ColumnTypeError
        If the column holds anything else.
    """
    kind = column.type
    plain = kind.value_type if pt.is_dictionary(kind) else kind
    if pt.is_null(plain):
        return TextColumn(code=np.full(len(column), -1, np.int32), value=pa.array([], pa.string()))
    if not (_is_string(plain) or pt.is_integer(plain)):
        message = f"must hold text, got {plain}"
        raise ColumnTypeError(message)
    is_distinct = not pt.is_dictionary(kind)
    if is_distinct:
        column = _cast(column, pa.string()).dictionary_encode()
    elif kind.value_type != pa.string():
        column = pa.chunked_array([_cast_dictionary(c) for c in column.chunks], ENCODED)
    encoded = column.unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # no chunks at all
        return TextColumn(code=np.zeros(0, np.int32), value=pa.array([], pa.string()))
    code = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    is_distinct &= not pc.any(pc.equal(encoded.dictionary, "")).as_py()
    if is_distinct:
        return TextColumn(code=code, value=encoded.dictionary)
    return _distinct(*_used(code, encoded.dictionary))


def merge_text(columns: Sequence[TextColumn]) -> TextColumn:
    """Return several columns as one, below each other.

    Parameters
    ----------
    columns : sequence of TextColumn
        At least one.

    Returns
    -------
    TextColumn
        Their cells in that order.
    """
    if len(columns) == 1:
        return columns[0]
    begin = np.cumsum([0, *(len(c.value) for c in columns)])
    code = [np.where(c.code < 0, -1, c.code + b) for c, b in zip(columns, begin, strict=False)]
    value = pa.chunked_array([c.value for c in columns], pa.string()).combine_chunks()
    return _distinct(np.concatenate(code).astype(np.int32), value)


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
    if _is_string(kind):
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
    if _is_string(kind):
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


def _is_string(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Cast a column without a copy when it has the type already."""
    return column if column.type == kind else pc.cast(column, kind)


def _cast_dictionary(chunk: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the chunk with plain strings as its dictionary."""
    index = pc.cast(chunk.indices, pa.int32())
    return pa.DictionaryArray.from_arrays(index, _cast(chunk.dictionary, pa.string()))


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the column without its dictionary."""
    if not pt.is_dictionary(column.type):
        return column
    return pc.cast(column, column.type.value_type)


def _used(code: I32, value: pa.StringArray) -> tuple[I32, pa.StringArray]:
    """Return the codes and the dictionary without the texts that no row has."""
    is_used = np.zeros(len(value) + 1, np.bool_)
    is_used[code] = True  # a null hits the last
    is_used = is_used[:-1]
    if is_used.all():
        return code, value
    number = np.append(np.cumsum(is_used, dtype=np.int32) - np.int32(1), np.int32(-1))
    return number[code], value.filter(pa.array(is_used))


def _distinct(code: I32, value: pa.StringArray) -> TextColumn:
    """Return the column with nulls, empty texts and repetitions gone from its dictionary."""
    again = value.dictionary_encode()
    kept = pc.not_equal(again.dictionary, "").to_numpy(zero_copy_only=False)
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    place = pc.fill_null(again.indices, -1).to_numpy(zero_copy_only=False)
    renumbered = np.append(np.append(number, -1)[place], -1)  # -1, the null code, hits the last
    return TextColumn(
        code=renumbered[code].astype(np.int32), value=again.dictionary.filter(pa.array(kept))
    )


def _parse(
    column: pa.ChunkedArray, kind: pa.DataType, pattern: str
) -> tuple[pa.ChunkedArray, Bool]:
    """Parse text; cells that do not spell a value are null and marked."""
    column = _cast(column, pa.string())
    column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
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
    column = pc.if_else(pa.array(is_bad), pa.scalar(None, pa.string()), column)
    return pc.cast(column, kind), is_bad


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
