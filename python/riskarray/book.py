# SPDX-License-Identifier: Apache-2.0
"""A book: one market and the accounts in it, read from a folder or from tables in memory.

What is read, checked and kept:

- Every table is checked before anything is computed, and every defect is listed. With
  `on_error="quarantine"` the accounts that a defect touches are left out and named in `rejects`;
  what concerns the book as a whole - a file that cannot be read, a column that is missing, a
  setting that is wrong, the rates - is an error all the same.
- Columns that no schema knows are left out and named in `ignored`.
- An option that expired before the day of `as_of` has no place in `instruments`. One that expires
  on that day may stand there as long as nobody holds it.
- Stock is valued at the price of its underlying; a price in its own row is checked but not used.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa

from riskarray.array_types import F64, I32, I64
from riskarray.book_checks import check_tables, holdings
from riskarray.book_settings import SETTINGS_FILE, Settings, read_settings, settings_from
from riskarray.defects import DefectLog
from riskarray.market import Market
from riskarray.rulebook import DEFAULT_RULEBOOK, Rulebook, RulebookError, load_rulebook
from riskarray.table_data import InputFile, TableData
from riskarray.table_files import read_table, table_from_object
from riskarray.tables import SCHEMAS, BookError, Defect

__all__ = ["Book", "BookError", "Defect", "InputFile", "OnError", "check_book", "read_book"]

OnError = Literal["fail", "quarantine"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """One market and the accounts in it, free of defects.

    Positions lie sorted by account, then class group, then instrument; what an account holds twice
    is added up, and what adds up to nothing is gone.

    Parameters
    ----------
    name : str
        Name of the folder, or the one given.
    path : Path or None
        The folder; None for a book from memory.
    market : Market
        Prices, terms, dividends and rates.
    rulebook : Rulebook
        The rules that the book is margined by.
    account : StringArray, shape (a,)
        Accounts by name.
    cash : ndarray of float64, shape (a,)
        USD; 0 for an account that only `positions` names.
    account_type : StringArray, shape (a,)
        `portfolio`, `reg_t` or `cash`.
    account_offset : ndarray of int64, shape (a + 1,)
        Positions of account `i` are the rows from `account_offset[i]` to `account_offset[i + 1]`.
    instrument : ndarray of int32, shape (m,)
        Row of each position's instrument.
    quantity : ndarray of float64, shape (m,)
        Contracts or shares, short ones negative; never zero.
    rejects : pyarrow.Table
        Accounts left out, one row each with the first of their defects: `account`, `table`, `row`,
        `column`, `value`, `message`. An empty `account` stands for rows that name none.
    inputs : tuple of InputFile
        The files read, with digests and row counts.
    ignored : tuple of str
        Columns of the input that nothing reads, as `table.column`.
    net_capital : float or None
        Of the firm that carries the accounts, in USD.
    monitoring : StringArray or None, shape (a,)
        How the account is monitored (`real_time`, `end_of_day`, `executed_away`, `unlisted`), null
        where the rulebook says it for the firm; None where it always does.
    """

    name: str
    path: Path | None
    market: Market
    rulebook: Rulebook
    account: pa.StringArray
    cash: F64
    account_type: pa.StringArray
    account_offset: I64
    instrument: I32
    quantity: F64
    rejects: pa.Table
    inputs: tuple[InputFile, ...]
    ignored: tuple[str, ...]
    net_capital: float | None = None
    monitoring: pa.StringArray | None = None

    @classmethod
    def from_tables(
        cls,
        *,
        as_of: dt.datetime | dt.date | str,
        underlyings: Any,  # noqa: ANN401 - whatever speaks the Arrow PyCapsule interface
        instruments: Any,  # noqa: ANN401
        positions: Any,  # noqa: ANN401
        accounts: Any = None,  # noqa: ANN401
        dividends: Any = None,  # noqa: ANN401
        rates: Any = None,  # noqa: ANN401
        rate: float | None = None,
        net_capital: float | None = None,
        rulebook: Rulebook | str | Path | None = None,
        name: str = "book",
        on_error: OnError = "fail",
    ) -> "Book":
        """Make a book from tables in memory.

        Parameters
        ----------
        as_of : datetime, date or str
            Instant of the snapshot; a date means 16:00 New York, a timestamp without an offset is
            in New York.
        underlyings, instruments, positions : object
            The tables, as anything that speaks the Arrow PyCapsule interface.
        accounts, dividends, rates : object, optional
            The optional tables, likewise.
        rate : float, optional
            Flat continuous rate, in the place of `rates`.
        net_capital : float, optional
            Of the firm that carries the accounts, in USD.
        rulebook : Rulebook, str or Path, optional
            The rules, or their name or file; `finra-4210g` by default.
        name : str
            Name of the book.
        on_error : {"fail", "quarantine"}
            Whether a defect stops everything or only the accounts that it touches.

        Returns
        -------
        Book
            Checked.

        Raises
        ------
        BookError
            If there are defects that stop it; a setting is named as in `book.toml`.
        ValueError
            If `on_error` is neither of the two.
        """
        given = {
            "underlyings": underlyings,
            "instruments": instruments,
            "dividends": dividends,
            "rates": rates,
            "positions": positions,
            "accounts": accounts,
        }
        source = _Source(name=name, path=None)
        raw = {"as_of": as_of, "rate": rate, "net_capital": net_capital}
        settings = settings_from(raw, source.log)
        for table, schema in SCHEMAS.items():
            if given[table] is None and not schema.is_required:
                source.add(table, None, ())
            else:
                source.add(table, *table_from_object(given[table], schema, source.log))
        return _book(source, settings, rulebook, on_error)


def read_book(
    path: str | Path,
    *,
    rulebook: Rulebook | str | Path | None = None,
    on_error: OnError = "fail",
) -> Book:
    """Read a book from a folder.

    Parameters
    ----------
    path : str or Path
        The folder: `book.toml`, and each table as `NAME.parquet`, `NAME.csv` or parts.
    rulebook : Rulebook, str or Path, optional
        The rules, or their name or file; by default those that `book.toml` names, else
        `finra-4210g`.
    on_error : {"fail", "quarantine"}
        Whether a defect stops everything or only the accounts that it touches.

    Returns
    -------
    Book
        Checked.

    Raises
    ------
    BookError
        If there are defects that stop it: all of them are listed.
    RulebookError
        If the rulebook named by the argument cannot be used.
    """
    source, settings = _read(Path(path))
    return _book(source, settings, rulebook, on_error)


def check_book(
    path: str | Path, *, rulebook: Rulebook | str | Path | None = None
) -> tuple[Defect, ...]:
    """Check a book and return everything that is wrong with it.

    Parameters
    ----------
    path : str or Path
        The folder.
    rulebook : Rulebook, str or Path, optional
        As for `read_book`.

    Returns
    -------
    tuple of Defect
        In the order of tables and rows; empty for a book without defects. At most 100,000.

    Raises
    ------
    RulebookError
        If the rulebook named by the argument cannot be used.
    """
    source, settings = _read(Path(path))
    try:
        _book(source, settings, rulebook, "fail")
    except BookError as error:
        return error.defects
    return ()


class _Source:
    """The tables of a book as they come in, and what is wrong with them."""

    def __init__(self, *, name: str, path: Path | None) -> None:
        self.name = name
        self.path = path
        self.log = DefectLog()
        self.tables: dict[str, TableData | None] = {}
        self.inputs: list[InputFile] = []

    def add(self, name: str, table: TableData | None, inputs: tuple[InputFile, ...]) -> None:
        self.tables[name] = table
        self.inputs += inputs

    @property
    def ignored(self) -> tuple[str, ...]:
        present = (table for table in self.tables.values() if table is not None)
        return tuple(f"{table.name}.{column}" for table in present for column in table.ignored)


def _read(folder: Path) -> tuple[_Source, Settings | None]:
    source = _Source(name=folder.resolve().name, path=folder)
    settings, inputs = read_settings(folder, source.log)
    source.inputs += inputs
    if folder.is_dir():
        for name, schema in SCHEMAS.items():
            source.add(name, *read_table(folder, schema, source.log))
    return source, settings


def _book(
    source: _Source,
    settings: Settings | None,
    rulebook: Rulebook | str | Path | None,
    on_error: OnError,
) -> Book:
    if on_error not in get_args(OnError):
        message = f"on_error must be one of {', '.join(get_args(OnError))}, got {on_error!r}"
        raise ValueError(message)
    log = source.log
    rules = _rules(source, settings, rulebook)
    if rules is None or settings is None or not source.tables:
        raise log.error()
    checked = check_tables(source.tables, settings.as_of, settings.rate, rules, log)
    if checked is None or log.is_structural or (on_error == "fail" and len(log)):
        raise log.error()
    left = holdings(checked, rules, log)
    return Book(
        name=source.name,
        path=source.path,
        rulebook=rules,
        inputs=tuple(source.inputs),
        ignored=source.ignored,
        net_capital=settings.net_capital,
        **{name: getattr(left, name) for name in left.__slots__},
    )


def _rules(
    source: _Source, settings: Settings | None, rulebook: Rulebook | str | Path | None
) -> Rulebook | None:
    """Return the rulebook given, else the one that the book names, else the default."""
    if isinstance(rulebook, Rulebook):
        return rulebook
    as_of = settings.as_of.date() if settings else None
    if rulebook is not None:
        return load_rulebook(rulebook, as_of=as_of)
    name = (settings.rulebook if settings else None) or DEFAULT_RULEBOOK
    beside = source.path / name if source.path else None
    try:
        return load_rulebook(beside if beside and beside.is_file() else name, as_of=as_of)
    except RulebookError as error:
        source.log.add_structural(
            *(
                Defect(
                    table=SETTINGS_FILE,
                    row=None,
                    column="rulebook",
                    value=problem,
                    message="must name a rulebook that can be used",
                )
                for problem in error.problems
            )
        )
        return None
