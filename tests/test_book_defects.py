"""Everything that can be wrong with the tables of a book, and whom it touches."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from book_defect_cases import CASES, STRUCTURAL
from defect_case import Case
from riskarray.book import Book, BookError, Defect, check_book, read_book
from small_book import (
    ACME_CALL,
    AS_OF,
    SPX_PUT,
    arrow_tables,
    book_of,
    small_tables,
    with_cell,
    with_row,
    write_book,
)

ALL = ("A1", "A2", "A3", "A4")
FORMS = ("csv", "parquet")


def shown(value: str) -> str:
    """The value as it stands in a message: bare unless one could not see what it is."""
    is_visible = value == value.strip() and value.isprintable()
    return (value if is_visible else repr(value)) or "nothing"


def quarantined(folder: Path) -> tuple[set[str], list[dict[str, Any]]]:
    book = read_book(folder, on_error="quarantine")
    return set(book.account.to_pylist()), book.rejects.to_pylist()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", [*CASES.values(), *STRUCTURAL.values()], ids=[*CASES, *STRUCTURAL])
def test_a_defect_is_named_with_table_row_column_and_value(
    tmp_path: Path, case: Case, form: str
) -> None:
    folder = write_book(tmp_path, case.tables, form)
    with pytest.raises(BookError) as caught:
        read_book(folder)
    (defect,) = caught.value.defects
    assert (defect.table, defect.row, defect.column) == (case.table, case.row, case.column)
    assert defect.value == case.value
    assert case.message in defect.message
    assert check_book(folder) == caught.value.defects
    line = f"{case.table} row {case.row}, column {case.column}: "
    assert line in str(caught.value)
    assert f"got {shown(case.value)}" in str(caught.value)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_quarantine_leaves_out_the_accounts_that_a_defect_touches(
    tmp_path: Path, case: Case, form: str
) -> None:
    kept, rejects = quarantined(write_book(tmp_path, case.tables, form))
    assert [r["account"] for r in rejects] == sorted(case.touched)
    assert kept == set(ALL) - set(case.touched)
    for reject in rejects:
        place = (reject["table"], reject["row"], reject["column"], reject["value"])
        assert place == (case.table, case.row, case.column, case.value)
        assert case.message in reject["message"]


@pytest.mark.parametrize("case", STRUCTURAL.values(), ids=STRUCTURAL)
def test_quarantine_does_not_save_a_book_without_rates(tmp_path: Path, case: Case) -> None:
    with pytest.raises(BookError):
        read_book(write_book(tmp_path, case.tables), on_error="quarantine")


@given(
    st.sets(
        st.sampled_from(sorted(n for n, c in CASES.items() if c.column != "account")),
        min_size=2,
        max_size=5,
    )
)
@settings(max_examples=40, deadline=None)
def test_every_account_is_in_exactly_one_of_the_two(names: set[str]) -> None:
    tables, touched = small_tables(), set()
    for name in names:
        case = CASES[name]
        columns = tables[case.table]
        n = len(next(iter(columns.values())))
        added = len(next(iter(case.tables[case.table].values()))) > n
        if added or columns.get(case.column, [None] * n)[case.row - 1] is None:
            continue  # keep to changes of one cell, which do not move the rows of each other
        columns[case.column][case.row - 1] = case.tables[case.table][case.column][case.row - 1]
        touched |= set(case.touched)
    book = book_of(tables, on_error="quarantine")
    rejects = set(book.rejects["account"].to_pylist())
    kept = set(book.account.to_pylist())
    assert touched <= rejects
    assert not kept & rejects
    assert kept | rejects == set(ALL)
    assert book.rejects.num_rows == len(rejects)


def test_a_quarantined_market_has_nothing_that_a_defect_touches(tmp_path: Path) -> None:
    tables = with_cell("underlyings", 1, "price", -1.0)
    book = read_book(write_book(tmp_path, tables), on_error="quarantine")
    market = book.market
    assert market.underlyings.name.to_pylist() == ["SPX", "SPY", "BRK-B"]
    assert market.instruments.symbol.to_pylist() == [SPX_PUT, "ESU6", "SPY"]
    assert market.instruments.underlying.tolist() == [0, 0, 1]
    assert market.dividends.offset.tolist() == [0, 0, 1, 1]
    assert book.account.to_pylist() == ["A2", "A4"]
    assert book.cash.tolist() == [1000.5, 10.0]
    assert book.account_offset.tolist() == [0, 1, 1]
    assert book.instrument.tolist() == [0]
    assert book.quantity.tolist() == [-2.0]


def test_a_rejected_account_shows_the_first_of_its_defects(tmp_path: Path) -> None:
    tables = with_cell("positions", 4, "quantity", None)
    tables["accounts"]["cash"][1] = None
    tables["underlyings"]["price"][2] = 0.0
    _, (reject,) = quarantined(write_book(tmp_path, tables))
    assert (reject["account"], reject["table"], reject["row"]) == ("A3", "underlyings", 3)


def test_all_defects_are_listed_in_order_and_the_first_twenty_shown(tmp_path: Path) -> None:
    tables = small_tables()
    tables["positions"] = {
        "account": ["A1"] * 50,
        "symbol": ["NOPE"] * 50,
        "quantity": [1.0] * 49 + [math.nan],
    }
    tables["underlyings"]["price"][0] = -1.0
    with pytest.raises(BookError) as caught:
        read_book(write_book(tmp_path, tables))
    error = caught.value
    assert error.count == len(error.defects) == 52
    places = [(d.table, d.row) for d in error.defects]
    assert places[:3] == [("underlyings", 1), ("positions", 1), ("positions", 2)]
    lines = str(error).splitlines()
    assert lines[0] == "the book has 52 defects"
    assert lines[1].startswith("  underlyings row 1, column price: ")
    assert lines[-1] == "  and 32 more"
    assert len(lines) == 22


def test_a_great_many_defects_are_counted_and_not_all_put_into_words() -> None:
    n = 300_000
    given = arrow_tables(small_tables())
    given["positions"] = pa.table(
        {"account": pa.array(["A1"]).take(pa.array(np.zeros(n, np.int32))),
         "symbol": pa.array(["SPY"]).take(pa.array(np.zeros(n, np.int32))),
         "quantity": np.full(n, np.nan)}
    )  # fmt: skip
    with pytest.raises(BookError, match="the book has 300000 defects") as caught:
        Book.from_tables(as_of=AS_OF, **given)
    assert len(caught.value.defects) == 100_000
    assert caught.value.count == n


def test_on_error_is_one_of_its_words(tmp_path: Path) -> None:
    folder = write_book(tmp_path, small_tables())
    with pytest.raises(ValueError, match="on_error must be one of fail, quarantine, got 'ignore'"):
        read_book(folder, on_error="ignore")  # type: ignore[arg-type]


def test_an_expired_symbol_shows_the_date_that_it_spells(tmp_path: Path) -> None:
    row = {"symbol": "ACME260618C00510000", "underlying": "ACME", "kind": "option"}
    (defect,) = check_book(write_book(tmp_path, with_row("instruments", **row)))
    assert str(defect).endswith("must not be before 2026-07-10 (expired), got 2026-06-18")


def test_defects_of_several_tables_are_found_in_one_go(tmp_path: Path) -> None:
    tables = with_cell("positions", 1, "quantity", None)
    tables["instruments"]["price"][1] = -1.0
    tables["accounts"]["cash"][0] = None
    folder = write_book(tmp_path, tables)
    (folder / "dividends.csv").write_text("underlying,date\n")
    tables_named = [d.table for d in check_book(folder)]
    assert tables_named == ["instruments", "dividends", "dividends", "positions", "accounts"]


def test_a_defect_reads_as_one_line() -> None:
    defect = Defect(
        table="positions", row=3, column="quantity", value="x", message="must be a number"
    )
    assert str(defect) == "positions row 3, column quantity: must be a number, got x"
    spaced = Defect(table="a", row=None, column="", value=" x", message="must be y")
    assert str(spaced) == "a: must be y, got ' x'"


def test_an_unheld_option_that_expired_today_does_no_harm(tmp_path: Path) -> None:
    row = {"symbol": "ACME260710C00510000", "underlying": "ACME", "kind": "option"}
    tables = with_row("instruments", **row, price=0.01)
    folder = write_book(tmp_path, tables)
    assert check_book(folder) == ()
    tables["positions"]["symbol"][1] = row["symbol"]
    (defect,) = check_book(write_book(tmp_path, tables))
    assert (defect.table, defect.row, defect.column) == ("instruments", 6, "expiry")
    kept, (reject,) = quarantined(folder)
    assert kept == {"A2", "A3", "A4"}
    assert reject["account"] == "A1"


def test_an_index_root_that_is_not_known_needs_a_row(tmp_path: Path) -> None:
    tables = with_row("underlyings", underlying="MYIDX", price=100.0, product_type="index")
    tables["positions"]["symbol"][3] = "MYIDX260821C00100000"
    (defect,) = check_book(write_book(tmp_path, tables))
    assert "the exercise style of this index root is not known" in defect.message


def test_a_symbol_that_was_held_under_a_wrong_row_is_not_spelled_out_instead(
    tmp_path: Path,
) -> None:
    tables = with_cell("instruments", 2, "price", -1.0)
    (defect,) = check_book(write_book(tmp_path, tables))
    assert defect.table == "instruments"
    assert ACME_CALL not in str(defect)
