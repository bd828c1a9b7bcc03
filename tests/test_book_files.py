"""The forms in which a book may come: files, parts, whatever speaks Arrow in memory."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskarray.book import Book, BookError, check_book, read_book
from small_book import (
    AS_OF,
    arrow,
    arrow_tables,
    book_of,
    held,
    small_tables,
    with_cell,
    with_row,
    write_book,
)

EXAMPLES = Path(__file__).parents[1] / "examples"


def content(part: object) -> object:
    """Everything in a book or a part of it, in a form that can be compared."""
    if isinstance(part, np.ndarray):
        return [str(part.dtype), part.astype(str).tolist()]
    if isinstance(part, pa.Array | pa.Table):
        return part.to_pylist()
    if hasattr(part, "__dataclass_fields__"):
        skipped = {"inputs", "path", "name", "rulebook", "origin"}
        names = [f.name for f in fields(part) if f.name not in skipped]  # type: ignore[arg-type]
        return {name: content(getattr(part, name)) for name in names}
    return part


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_files_and_memory_give_the_same_book(tmp_path: Path, form: str) -> None:
    book = read_book(write_book(tmp_path / "b", small_tables(), form))
    assert content(book) == content(book_of(small_tables()))
    assert book.name == "b"
    assert [(f.name, f.rows) for f in book.inputs] == [
        ("book.toml", 0),
        *((f"{t}.{form}", n) for t, n in zip(small_tables(), (4, 5, 2, 2, 6, 3), strict=True)),
    ]
    assert all(f.sha256 is not None and len(f.sha256) == 64 for f in book.inputs)


@pytest.mark.parametrize(
    "library",
    [
        pd.DataFrame,
        pl.DataFrame,
        lambda table: duckdb.from_arrow(arrow("positions", table)),
        lambda table: arrow("positions", table).to_reader(),
        lambda table: arrow("positions", table).combine_chunks().to_batches()[0],
    ],
    ids=["pandas", "polars", "duckdb", "stream", "batch"],
)
def test_whatever_speaks_arrow_is_accepted(library: Any) -> None:
    tables = small_tables()
    given = arrow_tables(tables)
    given["positions"] = library(tables["positions"])
    book = Book.from_tables(as_of=AS_OF, **given)
    assert content(book) == content(book_of(tables))


def test_parts_are_one_table_in_the_order_of_their_names(tmp_path: Path) -> None:
    tables = small_tables()
    folder = write_book(tmp_path / "b", tables)
    (folder / "positions.csv").unlink()
    (folder / "positions").mkdir()
    whole = arrow("positions", tables["positions"])
    pq.write_table(whole.slice(4), folder / "positions" / "part-1.parquet")
    pq.write_table(whole.slice(0, 4), folder / "positions" / "part-0.parquet")
    (folder / "positions" / "_SUCCESS").touch()
    book = read_book(folder)
    assert content(book) == content(book_of(tables))
    names = [f.name for f in book.inputs if f.name.startswith("positions")]
    assert names == ["positions/part-0.parquet", "positions/part-1.parquet"]


def test_parts_may_lie_beside_the_other_tables(tmp_path: Path) -> None:
    tables = small_tables()
    folder = write_book(tmp_path / "b", tables)
    (folder / "positions.csv").rename(folder / "positions-0.csv")
    assert content(read_book(folder)) == content(book_of(tables))


def test_the_row_of_a_defect_counts_within_its_part(tmp_path: Path) -> None:
    tables = with_cell("positions", 5, "quantity", None)
    folder = write_book(tmp_path / "b", tables)
    (folder / "positions.csv").unlink()
    whole = arrow("positions", tables["positions"])
    for k in range(2):
        pq.write_table(whole.slice(3 * k, 3), folder / f"positions-{k}.parquet")
    (defect,) = check_book(folder)
    assert (defect.table, defect.row) == ("positions (positions-1.parquet)", 2)


def test_columns_that_nothing_reads_are_named(tmp_path: Path) -> None:
    tables = small_tables()
    tables["positions"]["trader"] = ["x"] * 6
    tables["instruments"]["bid"] = ["1.0"] * 5
    assert book_of(tables).ignored == ("instruments.bid", "positions.trader")
    book = read_book(write_book(tmp_path, tables))
    assert book.ignored == ("instruments.bid", "positions.trader")


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("ticker", ["NA", "NAN", "TRUE", "NULL", "NONE", "INF", "1E5", "007"])
def test_tickers_that_look_like_something_else_survive(
    tmp_path: Path, form: str, ticker: str
) -> None:
    option = f"{ticker}260821C00010000"
    tables = with_row("underlyings", underlying=ticker, price=10.0)
    tables["positions"] = {
        "account": [ticker, ticker],
        "symbol": [ticker, option],
        "quantity": [1.0, 2.0],
    }
    book = read_book(write_book(tmp_path, tables, form))
    assert held(book)[ticker] == {ticker: 1.0, option: 2.0}


@pytest.mark.parametrize("name", ["acme", "cboe-2007"])
def test_the_examples_have_no_defect(name: str) -> None:
    assert check_book(EXAMPLES / name) == ()


def test_a_small_book_without_defects_checks_clean(tmp_path: Path) -> None:
    assert check_book(write_book(tmp_path, small_tables())) == ()


def test_an_object_that_does_not_speak_arrow_is_a_defect() -> None:
    given = arrow_tables(small_tables())
    given["positions"] = [{"account": "A1"}]
    with pytest.raises(BookError, match="positions: must speak the Arrow PyCapsule interface, got"):
        Book.from_tables(as_of=AS_OF, **given)
