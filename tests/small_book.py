"""A small book that a test changes in one place: as CSV, as Parquet or in memory."""

import copy
import csv
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskarray.book import Book
from riskarray.tables import SCHEMAS, ColumnKind

__all__ = [
    "AS_OF",
    "Tables",
    "arrow",
    "arrow_tables",
    "book_of",
    "held",
    "small_tables",
    "with_cell",
    "with_row",
    "write_book",
]

Tables = dict[str, dict[str, list[Any]]]

AS_OF = "2026-07-10"
ACME_CALL = "ACME260821C00510000"
ACME_PUT = "ACME260821P00490000"
SPX_PUT = "SPX260918P05000000"
FUTURE = "ESU6"


def small_tables() -> Tables:
    """Four accounts on four underlyings; A1 is named by positions only, A4 by accounts only."""
    return copy.deepcopy(
        {
            "underlyings": {
                "underlying": ["ACME", "SPX", "SPY", "BRK-B"],
                "price": [500.0, 5000.0, 500.0, 400.0],
                "product_type": [None, "index", "etf", "equity"],
                "dividend_yield": [None, 0.0125, 0.0125, None],
            },
            "instruments": {
                "symbol": ["ACME", ACME_CALL, ACME_PUT, SPX_PUT, FUTURE],
                "underlying": ["ACME", "ACME", "ACME", "SPX", "SPX"],
                "kind": ["stock", "option", "option", "option", "future"],
                "right": [None, "C", "P", None, None],
                "strike": [None, 510.0, 490.0, None, None],
                "expiry": [
                    None,
                    dt.date(2026, 8, 21),
                    dt.date(2026, 8, 21),
                    None,
                    dt.date(2026, 9, 18),
                ],
                "exercise": [None, "american", None, None, None],
                "settlement": [None, "pm", None, None, "am"],
                "multiplier": [None, 100.0, None, None, 50.0],
                "price": [500.0, 8.5, 7.25, None, 5010.0],
                "implied_volatility": [None, None, None, 0.16, None],
            },
            "dividends": {
                "underlying": ["ACME", "SPY"],
                "ex_date": [dt.date(2026, 8, 3), dt.date(2026, 9, 18)],
                "amount": [1.25, 1.9],
            },
            "rates": {
                "date": [dt.date(2026, 7, 11), dt.date(2027, 7, 10)],
                "rate": [0.035, 0.04],
            },
            "positions": {
                "account": ["A1", "A1", "A2", "A3", "A3", "A3"],
                "symbol": ["ACME", ACME_CALL, SPX_PUT, "SPY", FUTURE, ACME_PUT],
                "quantity": [100.0, -1.0, -2.0, 300.0, 1.0, 5.0],
            },
            "accounts": {
                "account": ["A2", "A3", "A4"],
                "cash": [1000.5, -250.0, 10.0],
                "account_type": ["portfolio", None, "reg_t"],
            },
        }
    )


def with_cell(table: str, row: int, column: str, value: object) -> Tables:
    """Return the small book with one cell (row from 1) changed; a new column is null elsewhere."""
    tables = small_tables()
    columns = tables[table]
    n = len(next(iter(columns.values())))
    columns.setdefault(column, [None] * n)[row - 1] = value
    return tables


def with_row(table: str, **cells: object) -> Tables:
    """Return the small book with one row more; cells not named are null."""
    tables = small_tables()
    for column, values in tables[table].items():
        values.append(cells.get(column))
    return tables


def arrow(table: str, columns: Mapping[str, list[Any]]) -> pa.Table:
    """Return a table as Arrow, with its natural types unless a value has another."""
    natural = {ColumnKind.TEXT: pa.string(), ColumnKind.NUMBER: pa.float64()}
    arrays = {}
    for name, values in columns.items():
        known = {c.name: c.kind for c in SCHEMAS[table].columns}
        kind = natural.get(known.get(name, ColumnKind.TEXT), pa.date32())
        is_text = kind != pa.string() and any(isinstance(v, str) for v in values)
        texts = [None if v is None else str(v) for v in values]
        arrays[name] = pa.array(texts, pa.string()) if is_text else pa.array(values, kind)
    return pa.table(arrays)


def arrow_tables(tables: Tables) -> dict[str, Any]:
    """Return every table as Arrow, by name, to be changed or given to `Book.from_tables`."""
    return {name: arrow(name, columns) for name, columns in tables.items()}


def book_of(tables: Tables, **options: Any) -> Book:
    """Return the book of tables in memory."""
    return Book.from_tables(as_of=AS_OF, **arrow_tables(tables), **options)


def held(book: Book) -> dict[str, dict[str, float]]:
    """Return the quantity by account and symbol."""
    symbols = book.market.instruments.symbol.to_pylist()
    return {
        name: {
            symbols[book.instrument[k]]: float(book.quantity[k])
            for k in range(book.account_offset[i], book.account_offset[i + 1])
        }
        for i, name in enumerate(book.account.to_pylist())
    }


def write_book(
    folder: Path, tables: Tables, form: str = "csv", settings: str = f'as_of = "{AS_OF}"\n'
) -> Path:
    """Write a book as CSV or Parquet and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "book.toml").write_text(settings, encoding="utf-8")
    for name, columns in tables.items():
        if form == "parquet":
            pq.write_table(arrow(name, columns), folder / f"{name}.parquet")
            continue
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    return folder
