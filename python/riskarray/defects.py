# SPDX-License-Identifier: Apache-2.0
"""Collecting the defects of a book: whole columns at a time, in words only at the end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from riskarray.array_types import I64, Bool
from riskarray.table_data import TableData
from riskarray.tables import SCHEMAS, BookError, Defect

__all__ = ["NO_DEFECT", "DefectLog"]

MAX_DEFECTS: Final = 100_000
"""Defects put into words; more are counted."""

NO_DEFECT: Final = np.iinfo(np.int64).max
"""Place of a row that has no defect."""

_RANK: Final = {name: rank for rank, name in enumerate(("book.toml", *SCHEMAS))}

Message = str | Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Entry:
    """Rows of one column that share a defect, or one structural defect."""

    name: str
    column: str
    row: I64
    message: Message
    source: TableData | Defect
    value: Callable[[int], str] | None = None


class DefectLog:
    """What has been found wrong so far.

    A cell is reported once: of several rules that it breaks, the first one asked.
    """

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._flagged: dict[tuple[str, str], Bool] = {}
        self._bad: dict[str, Bool] = {}
        self.is_structural = False

    def __len__(self) -> int:
        """Return the number of defects."""
        return sum(len(entry.row) for entry in self._entries)

    def add(
        self,
        table: TableData,
        column: str,
        is_wrong: npt.NDArray[np.bool_],
        message: Message,
        *,
        value: Callable[[int], str] | None = None,
    ) -> None:
        """Report the cells of a column that break a rule.

        Parameters
        ----------
        table : TableData
            Table of the column.
        column : str
            Name of the column.
        is_wrong : ndarray of bool, shape (n,)
            Whether the cell breaks the rule.
        message : str or callable
            What would be right, or a function of the row (from 0) that says so.
        value : callable, optional
            Function of the row that gives what an empty cell stood for.
        """
        if not is_wrong.any():
            return
        flagged = self._flagged.setdefault((table.name, column), np.zeros(len(table), np.bool_))
        row = np.flatnonzero(is_wrong & ~flagged)
        flagged[row] = True
        self._bad.setdefault(table.name, np.zeros(len(table), np.bool_))[row] = True
        self._entries.append(
            _Entry(
                name=table.name, column=column, row=row, message=message, source=table, value=value
            )
        )

    def add_structural(self, *defects: Defect) -> None:
        """Report tables, columns or settings that cannot be used at all.

        Parameters
        ----------
        *defects : Defect
            What is wrong with them.
        """
        self.is_structural = True
        self._entries += [
            _Entry(
                name=defect.table.split(" (", maxsplit=1)[0],
                column=defect.column,
                row=np.full(1, -1, np.int64),
                message=defect.message,
                source=defect,
            )
            for defect in defects
        ]

    def is_bad(self, table: TableData, column: str | None = None) -> Bool:
        """Return which rows of a table, or cells of one column, have a defect."""
        none = np.zeros(len(table), np.bool_)
        if column is None:
            return self._bad.get(table.name, none)
        return self._flagged.get((table.name, column), none)

    def error(self) -> BookError:
        """Return the defects as an error to raise."""
        return BookError(self.defects(), count=len(self))

    def defects(self) -> tuple[Defect, ...]:
        """Return the defects in the order of tables and rows, the first 100,000 of them."""
        entry, row = self._in_order()
        return tuple(self._in_words(entry[:MAX_DEFECTS], row[:MAX_DEFECTS]))

    def defects_at(self, place: I64) -> tuple[Defect, ...]:
        """Return the defects at some places of that order."""
        entry, row = self._in_order()
        return tuple(self._in_words(entry[place], row[place]))

    def first_place(self, table: TableData) -> I64:
        """Return where the first defect of each row of a table stands in that order.

        Parameters
        ----------
        table : TableData
            A table of the book.

        Returns
        -------
        ndarray of int64, shape (n,)
            Place from 0; NO_DEFECT for rows without one.
        """
        first = np.full(len(table), NO_DEFECT, np.int64)
        entry, row = self._in_order()
        is_own = np.array(
            [isinstance(e.source, TableData) and e.name == table.name for e in self._entries]
        )
        if is_own.any():
            place = np.flatnonzero(is_own[entry])
            np.minimum.at(first, row[place], place)
        return first

    def _in_order(self) -> tuple[I64, I64]:
        """Return entry and row of each defect, in the order of tables, rows and discovery."""
        if not self._entries:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        size = [len(e.row) for e in self._entries]
        entry = np.repeat(np.arange(len(self._entries)), size)
        row = np.concatenate([e.row for e in self._entries])
        rank = np.array([_RANK.get(e.name, len(_RANK)) for e in self._entries])
        order = np.lexsort((entry, row, rank[entry]))
        return entry[order], row[order]

    def _in_words(self, entry: I64, row: I64) -> Iterator[Defect]:
        for e, r in zip(entry.tolist(), row.tolist(), strict=True):
            yield _defect(self._entries[e], r)


def _defect(entry: _Entry, row: int) -> Defect:
    if isinstance(entry.source, Defect):
        return entry.source
    message = entry.message if isinstance(entry.message, str) else entry.message(row)
    name, number = entry.source.place(row)
    value = entry.source.shown(entry.column, row)
    if not value and entry.value is not None:
        value = entry.value(row)
    return Defect(table=name, row=number, column=entry.column, value=value, message=message)
