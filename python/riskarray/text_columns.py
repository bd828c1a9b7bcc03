# SPDX-License-Identifier: Apache-2.0
"""Text columns as codes into their distinct texts.

Whatever kind of Arrow column holds the text - plain, large, a view, dictionary-encoded, account
numbers - the result is the same. An empty text is an empty cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from riskarray.array_types import I8, I32, Bool
from riskarray.columns import ColumnTypeError, cast_column, is_string

__all__ = ["TextColumn", "as_text", "clean_text", "first_rows", "merge_text", "text_column"]

UNSEEN: Final = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
"""Control and format characters, line and paragraph separators."""
DELETE: Final = 0x7F


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

    def is_unclean(self) -> Bool:
        """Return which cells have blanks around their text, or characters that nobody sees."""
        if _is_plain(self.value):
            return np.zeros(len(self.code), np.bool_)
        trimmed = pc.equal(pc.utf8_trim_whitespace(self.value), self.value)
        unseen = pc.match_substring_regex(self.value, UNSEEN)
        is_wrong = pc.or_(pc.invert(trimmed), unseen).to_numpy(zero_copy_only=False)
        return np.append(is_wrong, np.False_)[self.code]

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
    if not (is_string(plain) or pt.is_integer(plain)):
        message = f"must hold text, got {plain}"
        raise ColumnTypeError(message)
    if not len(column):
        return TextColumn(code=np.zeros(0, np.int32), value=pa.array([], pa.string()))
    if pt.is_dictionary(kind):
        return _merged([_used(_codes(chunk), chunk.dictionary) for chunk in column.chunks])
    encoded = _one_chunk(cast_column(column, pa.string())).dictionary_encode()
    code, value = _codes(encoded), encoded.dictionary
    if pc.any(pc.equal(value, "")).as_py():
        return _distinct(code, value)
    return TextColumn(code=code, value=value)


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
    return _merged([(c.code, c.value) for c in columns])


def as_text(column: pa.StringArray) -> TextColumn:
    """Return strings as a text column; an empty string is an empty cell."""
    return text_column(pa.chunked_array([column]))


def clean_text(column: pa.StringArray) -> pa.StringArray:
    """Return strings without blanks around them and without characters that nobody sees."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(column, UNSEEN, ""))


def first_rows(text: TextColumn) -> I32:
    """Return, for each row, the first row with the same text.

    Parameters
    ----------
    text : TextColumn
        Cells; empty ones are never the same.

    Returns
    -------
    ndarray of int32, shape (n,)
        Rows from 0.
    """
    row = np.arange(len(text.code), dtype=np.int32)
    if len(text.value) == len(row):
        return row
    first = np.empty(len(text.value) + 1, np.int32)
    first[text.code[::-1]] = row[::-1]  # of several rows with one text, the earliest comes last
    return np.where(text.is_null, row, first[text.code]).astype(np.int32)


def _is_plain(value: pa.StringArray) -> bool:
    """Return whether texts consist of visible ASCII characters, as names nearly always do."""
    if not len(value):
        return True
    begin, end = np.frombuffer(value.buffers()[1], np.int32)[
        [value.offset, value.offset + len(value)]
    ]
    data = np.frombuffer(value.buffers()[2], np.uint8)[begin:end]
    return not data.size or bool(data.min() > ord(" ") and data.max() < DELETE)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return the column in one piece, which is the cheapest to encode."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _codes(chunk: pa.DictionaryArray) -> I32:
    """Return the codes of a dictionary-encoded column, -1 for null."""
    code: I32 = pc.fill_null(pc.cast(chunk.indices, pa.int32()), -1).to_numpy(zero_copy_only=False)
    return code


def _used(code: I32, value: pa.StringArray) -> tuple[I32, pa.StringArray]:
    """Return the codes and the dictionary without the texts that no row has."""
    is_used = np.zeros(len(value) + 1, np.bool_)
    is_used[code] = True  # a null hits the last
    is_used = is_used[:-1]
    if is_used.all():
        return code, value
    number = np.append(np.cumsum(is_used, dtype=np.int32) - np.int32(1), np.int32(-1))
    return number[code], value.filter(pa.array(is_used))


def _merged(pieces: Sequence[tuple[I32, pa.Array]]) -> TextColumn:
    """Return pieces of codes and dictionary, below each other, as one column."""
    begin = np.cumsum([0, *(len(value) for _, value in pieces)])
    code = [np.where(c < 0, -1, c + b) for (c, _), b in zip(pieces, begin, strict=False)]
    value = pa.chunked_array([cast_column(v, pa.string()) for _, v in pieces], pa.string())
    return _distinct(np.concatenate(code).astype(np.int32), _one_chunk(value))


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
