# SPDX-License-Identifier: Apache-2.0
"""A table of a book in memory, whatever it came from."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from riskarray.array_types import I64
from riskarray.columns import DateColumn, NumberColumn
from riskarray.text_columns import TextColumn

__all__ = ["InputFile", "InstrumentOrigin", "RowPlaces", "TableData", "TablePart", "arrow_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file that a book was read from.

    Parameters
    ----------
    name : str
        Path within the book; the table's name for a table that came from memory.
    sha256 : str or None
        Digest of its bytes; None for a table that came from memory.
    rows : int
        Rows of the table in it; 0 for the settings.
    """

    name: str
    sha256: str | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TablePart:
    """One file of a table, as it was read."""

    name: str
    data: pa.Table


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlaces:
    """Where the rows of a table stand in the files that it was read from.

    Parameters
    ----------
    name : str
        Name of the table.
    parts : tuple of str
        Names of its files.
    begins : tuple of int
        First row of each part, and the number of rows at the end.
    """

    name: str
    parts: tuple[str, ...]
    begins: tuple[int, ...]

    def part(self, row: int) -> int:
        """Return the part that holds a row (from 0)."""
        return bisect_right(self.begins, row) - 1

    def place(self, row: int) -> tuple[str, int]:
        """Return the name of the part that holds a row (from 0), and its number there (from 1)."""
        part = self.part(row)
        name = self.name if len(self.parts) == 1 else f"{self.name} ({self.parts[part]})"
        return name, row - self.begins[part] + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstrumentOrigin:
    """Which row of a book each instrument of its market comes from.

    Parameters
    ----------
    instruments, positions : RowPlaces
        The two tables.
    row : ndarray of int64, shape (n,)
        Row of `instruments`; -1 for what only `positions` names.
    position : ndarray of int64, shape (n,)
        First row of `positions` that names it; -1 where none does.
    """

    instruments: RowPlaces
    positions: RowPlaces
    row: I64
    position: I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableData:
    """The columns of a table, of all its parts together.

    Parameters
    ----------
    name : str
        Name of the table.
    parts : tuple of TablePart
        What it was read from, for the words of an error.
    text, number, date : mapping of str to column
        Every column of the schema; those that the input lacks are all null.
    ignored : tuple of str
        Columns of the input that the schema does not know.
    """

    name: str
    parts: tuple[TablePart, ...]
    text: Mapping[str, TextColumn]
    number: Mapping[str, NumberColumn]
    date: Mapping[str, DateColumn]
    ignored: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(part.data.num_rows for part in self.parts)

    @property
    def places(self) -> RowPlaces:
        """Where the rows stand in the files."""
        begins = np.cumsum([0, *(part.data.num_rows for part in self.parts)]).tolist()
        names = tuple(part.name for part in self.parts)
        return RowPlaces(name=self.name, parts=names, begins=tuple(begins))

    def place(self, row: int) -> tuple[str, int]:
        """Return the name of the part that holds a row (from 0), and its number there (from 1)."""
        return self.places.place(row)

    def shown(self, column: str, row: int) -> str:
        """Return what the input holds in a cell, as text; empty for null."""
        part, begin = self._find(row)
        if column not in part.data.column_names:
            return ""
        value = part.data[column][row - begin].as_py()
        return "" if value is None else str(value)

    def _find(self, row: int) -> tuple[TablePart, int]:
        places = self.places
        index = places.part(row)
        return self.parts[index], places.begins[index]


def arrow_table(source: Any) -> pa.Table:  # noqa: ANN401 - whatever speaks the interface
    """Return an Arrow table from anything that speaks the Arrow PyCapsule interface.

    Parameters
    ----------
    source : object
        A table or stream of pyarrow, Polars, pandas, DuckDB, ...

    Returns
    -------
    pyarrow.Table
        The same columns, without a copy where the source allows it.

    Raises
    ------
    TypeError
        If the object does not speak the interface.
    """
    if isinstance(source, pa.Table):
        return source
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return pa.table(source)
    message = f"must speak the Arrow PyCapsule interface, got {type(source).__name__}"
    raise TypeError(message)
