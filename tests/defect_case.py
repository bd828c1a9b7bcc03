"""A small book with one defect, and the ways to make one."""

from typing import Any, NamedTuple

from small_book import Tables, with_cell, with_row

__all__ = ["EMPTY", "FINITE", "FRACTION", "POSITIVE", "UNCLEAN", "Case", "cell", "extra"]

# What a message says of more than one column.
FINITE = "must be a finite number"
POSITIVE = "must be a positive number"
EMPTY = "must be empty for stock"
UNCLEAN = "must have no blanks around it and no control or invisible characters"
FRACTION = "must be a fraction"


class Case(NamedTuple):
    """A book with one defect: its place and value, what would be right, and whom it touches."""

    tables: Tables
    table: str
    row: int
    column: str
    value: str
    message: str
    touched: tuple[str, ...]


def cell(
    place: tuple[str, int, str],
    value: object,
    message: str,
    *touched: str,
    shown: str | None = None,
) -> Case:
    """A defect in the cell that is changed."""
    table, row, column = place
    text = ("" if value is None else str(value)) if shown is None else shown
    return Case(with_cell(table, row, column, value), table, row, column, text, message, touched)


def extra(
    table: str, place: tuple[int, str, str], message: str, *touched: str, **cells: Any
) -> Case:
    """A row that should not be there."""
    row, column, value = place
    return Case(with_row(table, **cells), table, row, column, value, message, touched)
