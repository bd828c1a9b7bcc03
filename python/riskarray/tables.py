# SPDX-License-Identifier: Apache-2.0
"""The tables of a book: their columns, and what is said when one of them is wrong."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

__all__ = ["SCHEMAS", "BookError", "Column", "ColumnKind", "Defect", "TableSchema"]

SHOWN_DEFECTS: Final = 20
LARGEST_NUMBER: Final = 1e15
LARGEST_PRICE: Final = 1e9
LARGEST_QUANTITY: Final = 1e9
LARGEST_MULTIPLIER: Final = 1e6
LARGEST_LEVERAGE: Final = 100.0


class ColumnKind(Enum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "numbers"
    DATE = "dates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Name in the file; there are no aliases.
    kind : ColumnKind
        Text, numbers or dates.
    is_required : bool
        Whether the table must have the column. Whether a cell may be empty is another matter.
    is_repeated : bool
        Whether many rows share a value: such text is read dictionary-encoded.
    is_name : bool
        Whether its texts are names that the user makes up, so that a blank too many or a character
        that nobody sees would make two of one.
    limit : float
        Greatest size of a number, either way: nothing real is near it, and no sum over a book of
        numbers within it overflows.
    """

    name: str
    kind: ColumnKind
    is_required: bool = False
    is_repeated: bool = True
    is_name: bool = False
    limit: float = LARGEST_NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """The columns of one table."""

    name: str
    columns: tuple[Column, ...]
    is_required: bool = False

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(c for c in self.columns if c.name == name)


def _text(name: str, *, is_required: bool = False, is_repeated: bool = True) -> Column:
    return Column(name=name, kind=ColumnKind.TEXT, is_required=is_required, is_repeated=is_repeated)


def _name(name: str, *, is_required: bool = False, is_repeated: bool = True) -> Column:
    return dataclasses.replace(
        _text(name, is_required=is_required, is_repeated=is_repeated), is_name=True
    )


def _number(name: str, *, is_required: bool = False, limit: float = LARGEST_NUMBER) -> Column:
    return Column(name=name, kind=ColumnKind.NUMBER, is_required=is_required, limit=limit)


def _date(name: str, *, is_required: bool = False) -> Column:
    return Column(name=name, kind=ColumnKind.DATE, is_required=is_required)


_UNDERLYINGS: Final = TableSchema(
    name="underlyings",
    is_required=True,
    columns=(
        _name("underlying", is_required=True, is_repeated=False),
        _number("price", is_required=True, limit=LARGEST_PRICE),
        _text("product_type"),
        _text("portfolio_type"),
        _name("class_group"),
        _text("product_group"),
        _number("leverage", limit=LARGEST_LEVERAGE),
        _number("dividend_yield"),
        _text("strategy_class"),
        _number("standard_deviation"),
        _number("move_floor"),
        _number("average_daily_volume"),
        _date("next_earnings"),
    ),
)
_INSTRUMENTS: Final = TableSchema(
    name="instruments",
    is_required=True,
    columns=(
        _text("symbol", is_required=True, is_repeated=False),
        _text("underlying", is_required=True),
        _text("kind", is_required=True),
        _text("right"),
        _number("strike", limit=LARGEST_PRICE),
        _date("expiry"),
        _text("exercise"),
        _text("settlement"),
        _number("multiplier", limit=LARGEST_MULTIPLIER),
        _number("price", limit=LARGEST_PRICE),
        _number("implied_volatility"),
    ),
)
_DIVIDENDS: Final = TableSchema(
    name="dividends",
    columns=(
        _text("underlying", is_required=True),
        _date("ex_date", is_required=True),
        _number("amount", is_required=True, limit=LARGEST_PRICE),
    ),
)
_RATES: Final = TableSchema(
    name="rates",
    columns=(_date("date", is_required=True), _number("rate", is_required=True)),
)
_POSITIONS: Final = TableSchema(
    name="positions",
    is_required=True,
    columns=(
        _name("account", is_required=True),
        _text("symbol", is_required=True),
        _number("quantity", is_required=True, limit=LARGEST_QUANTITY),
    ),
)
_ACCOUNTS: Final = TableSchema(
    name="accounts",
    columns=(
        _name("account", is_required=True, is_repeated=False),
        _number("cash", is_required=True),
        _text("account_type"),
        _text("monitoring"),
    ),
)

SCHEMAS: Final[Mapping[str, TableSchema]] = MappingProxyType(
    {
        schema.name: schema
        for schema in (_UNDERLYINGS, _INSTRUMENTS, _DIVIDENDS, _RATES, _POSITIONS, _ACCOUNTS)
    }
)
"""The tables of a book by name, in the order in which defects are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One thing that is wrong with a book.

    Parameters
    ----------
    table : str
        Table, with the file's name within it when the table comes in parts; `book.toml` for the
        settings.
    row : int or None
        Row within that file, from 1, the header not counted; None when the table as a whole is
        meant.
    column : str
        Column or key; empty when the table as a whole is meant.
    value : str
        What was found; empty when there was nothing.
    message : str
        What would be right: "must be ...".
    """

    table: str
    row: int | None
    column: str
    value: str
    message: str

    def __str__(self) -> str:
        """Return the defect as one line."""
        where = self.table if self.row is None else f"{self.table} row {self.row}"
        if self.column:
            where = f"{where}, column {self.column}"
        bare = self.value and self.value == self.value.strip() and self.value.isprintable()
        found = self.value if bare else repr(self.value) if self.value else "nothing"
        return f"{where}: {self.message}, got {found}"


class BookError(Exception):
    """A book that cannot be used as it is.

    Parameters
    ----------
    defects : sequence of Defect
        What is wrong, in the order of tables and rows.
    count : int, optional
        How many defects there are in all, when more than those given.
    """

    def __init__(self, defects: Sequence[Defect], *, count: int | None = None) -> None:
        self.defects = tuple(defects)
        self.count = len(self.defects) if count is None else count
        super().__init__(self._text())

    def _text(self) -> str:
        noun = "defect" if self.count == 1 else "defects"
        lines = [f"the book has {self.count} {noun}"]
        lines += [f"  {defect}" for defect in self.defects[:SHOWN_DEFECTS]]
        more = self.count - min(len(self.defects), SHOWN_DEFECTS)
        if more:
            lines.append(f"  and {more} more")
        return "\n".join(lines)
