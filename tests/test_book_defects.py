"""Everything that can be wrong with a book, and whom it touches."""

import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskarray.book import Book, BookError, Defect, check_book, read_book
from small_book import (
    ACME_CALL,
    AS_OF,
    SPX_PUT,
    Tables,
    arrow,
    arrow_tables,
    book_of,
    small_tables,
    with_cell,
    with_row,
    write_book,
)

ALL = ("A1", "A2", "A3", "A4")


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


def option(symbol: str, message: str) -> Case:
    """A symbol in `positions` that names nothing that can be held; A3 holds it."""
    return cell(("positions", 4, "symbol"), symbol, message, "A3")


def extra(
    table: str, place: tuple[int, str, str], message: str, *touched: str, **cells: Any
) -> Case:
    """A row that should not be there."""
    row, column, value = place
    return Case(with_row(table, **cells), table, row, column, value, message, touched)


FINITE = "must be a finite number"
POSITIVE = "must be a positive number"
EMPTY = "must be empty for stock"
UNCLEAN = "must have no blanks around it and no control or invisible characters"
FRACTION = "must be a fraction"
SHARED = "as for SPX in the same class group SPX"

CASES = {
    # positions
    "unknown symbol": option("NOPE", "must be a symbol of instruments, an OSI symbol on one of"),
    "unknown root": option("NOPE260821C00010000", "must be a symbol of instruments"),
    "ruined OSI symbol": option("ACME260230C00510000", "must be a symbol of instruments"),
    "adjusted root": option("ACME1260821C00510000", "the root of an adjusted contract"),
    "option with strike zero": option("ACME260821C00000000", "must have a positive strike"),
    "expired option": option("ACME260618C00510000", "must expire after 2026-07-10 16:00"),
    "option of today": option("ACME260710C00510000", "must expire after 2026-07-10 16:00"),
    "AM option of today": option("SPX260710C05000000", "must expire after 2026-07-10 16:00"),
    "index as a stock": option("SPX", "an index has no shares"),
    "no symbol": cell(("positions", 4, "symbol"), None, "must be given", "A3"),
    "no account": cell(("positions", 4, "account"), None, "must be given", ""),
    "no quantity": cell(("positions", 3, "quantity"), None, FINITE, "A2"),
    "quantity NaN": cell(("positions", 3, "quantity"), math.nan, FINITE, "A2"),
    "quantity infinite": cell(("positions", 3, "quantity"), -math.inf, FINITE, "A2"),
    "quantity text": cell(("positions", 3, "quantity"), "ten", "must be a number", "A2"),
    "quantity with a comma": cell(("positions", 3, "quantity"), "1,0", "must be a number", "A2"),
    "quantity beyond all sense": cell(
        ("positions", 3, "quantity"),
        -1e308,
        "must be between -1,000,000,000 and 1,000,000,000",
        "A2",
    ),
    "part of an option": cell(
        ("positions", 2, "quantity"), -0.5, "must be a whole number of contracts", "A1"
    ),
    "part of a future": cell(
        ("positions", 5, "quantity"), 1.5, "must be a whole number of contracts", "A3"
    ),
    "account with a blank after it": cell(
        ("positions", 2, "account"), "A1 ", UNCLEAN, "A1", "A1 ", shown="A1 "
    ),
    "account with NUL in it": cell(
        ("positions", 2, "account"), "A1\0", UNCLEAN, "A1", "A1\0", shown="A1\0"
    ),
    "account with a line break in it": cell(
        ("positions", 2, "account"), "A\n1", UNCLEAN, "A1", "A\n1", shown="A\n1"
    ),
    "account with an invisible character": cell(
        ("positions", 2, "account"), "A\u200b1", UNCLEAN, "A1", "A\u200b1", shown="A\u200b1"
    ),
    # accounts
    "account with a blank before it": extra(
        "accounts",
        (4, "account", "\u00a0A4"),
        UNCLEAN,
        "A4",
        "\u00a0A4",
        account="\u00a0A4",
        cash=1.0,
    ),
    "cash beyond all sense": cell(
        ("accounts", 3, "cash"), 1e300, "must be between -1,000,000,000,000,000 and", "A4"
    ),
    "account twice": extra(
        "accounts",
        (4, "account", "A3"),
        "must be unique, row 2 has it",
        "A3",
        account="A3",
        cash=1.0,
    ),
    "account without a name": extra(
        "accounts", (4, "account", ""), "must be given", "", account=None, cash=1.0
    ),
    "no cash": cell(("accounts", 1, "cash"), None, FINITE, "A2"),
    "cash NaN": cell(("accounts", 3, "cash"), math.nan, FINITE, "A4"),
    "account type": cell(
        ("accounts", 1, "account_type"), "margin", "must be one of portfolio, reg_t, cash", "A2"
    ),
    # instruments
    "instrument twice": extra(
        "instruments",
        (6, "symbol", "ACME  260821C00510000"),
        "must be unique, row 2 has it",
        "A1",
        symbol="ACME  260821C00510000",
        underlying="ACME",
        kind="option",
    ),
    "no instrument symbol": cell(("instruments", 1, "symbol"), None, "must be given"),
    "no kind": cell(("instruments", 2, "kind"), None, "must be stock, option or future", "A1"),
    "kind": cell(("instruments", 2, "kind"), "warrant", "must be stock, option or future", "A1"),
    "kind of an OSI symbol": cell(("instruments", 2, "kind"), "stock", "must be option", "A1"),
    "no underlying": cell(("instruments", 2, "underlying"), None, "must be given", "A1"),
    "unknown underlying": cell(
        ("instruments", 2, "underlying"), "NOPE", "must be one of the underlyings", "A1"
    ),
    "underlying against the symbol": cell(
        ("instruments", 2, "underlying"), "SPY", "must be ACME, as the symbol says", "A1"
    ),
    "negative price": cell(
        ("instruments", 2, "price"), -1.0, "must be zero or positive, or empty", "A1"
    ),
    "price NaN": cell(("instruments", 2, "price"), math.nan, "must be zero or positive", "A1"),
    "price infinite": cell(("instruments", 2, "price"), math.inf, "must be zero or pos", "A1"),
    "negative volatility": cell(
        ("instruments", 4, "implied_volatility"), -0.1, "must be positive, or empty", "A2"
    ),
    "volatility zero": cell(
        ("instruments", 4, "implied_volatility"), 0.0, "must be positive, or empty", "A2"
    ),
    "volatility in per cent": cell(
        ("instruments", 4, "implied_volatility"),
        14.0,
        "must be a fraction such as 0.25, at most 10",
        "A2",
    ),
    "price beyond all sense": cell(
        ("instruments", 2, "price"), 1e10, "must be between -1,000,000,000 and 1,0", "A1"
    ),
    "multiplier beyond all sense": cell(
        ("instruments", 2, "multiplier"), 1e306, "must be between -1,000,000 and", "A1"
    ),
    "ticker on another underlying": cell(
        ("instruments", 1, "underlying"), "SPY", "must be ACME, as the symbol says", "A1"
    ),
    "ticker that is an option": extra(
        "instruments",
        (6, "kind", "option"),
        "must be stock, as the symbol is a ticker of underlyings",
        "A3",
        symbol="SPY",
        underlying="SPY",
        kind="option",
        right="C",
        strike=1.0,
        expiry=dt.date(2026, 8, 21),
    ),
    "stock of an index": extra(
        "instruments",
        (6, "kind", "stock"),
        "must not be stock of an index",
        symbol="SPX",
        underlying="SPX",
        kind="stock",
    ),
    "stock with a right": cell(("instruments", 1, "right"), "C", EMPTY, "A1"),
    "stock with a strike": cell(("instruments", 1, "strike"), 510.0, EMPTY, "A1"),
    "stock with an expiry": cell(
        ("instruments", 1, "expiry"), dt.date(2026, 8, 21), EMPTY, "A1"
    ),
    "stock with an exercise style": cell(("instruments", 1, "exercise"), "american", EMPTY, "A1"),
    "stock with a volatility": cell(("instruments", 1, "implied_volatility"), 0.2, EMPTY, "A1"),
    "future with a strike": cell(
        ("instruments", 5, "strike"), 5000.0, "must be empty for a future", "A3"
    ),
    "right": cell(("instruments", 2, "right"), "call", "must be C or P", "A1"),
    "right against the symbol": cell(
        ("instruments", 2, "right"), "P", "must be C, as the symbol says", "A1"
    ),
    "strike zero": cell(("instruments", 2, "strike"), 0.0, POSITIVE, "A1"),
    "strike NaN": cell(("instruments", 2, "strike"), math.nan, POSITIVE, "A1"),
    "strike against the symbol": cell(
        ("instruments", 2, "strike"), 511.0, "must be 510, as the symbol says", "A1"
    ),
    "expiry against the symbol": cell(
        ("instruments", 2, "expiry"),
        dt.date(2026, 8, 22),
        "must be 2026-08-21, as the symbol says",
        "A1",
    ),
    "expiry that is no date": cell(
        ("instruments", 2, "expiry"), "2026-02-30", "must be a date, YYYY-MM-DD", "A1"
    ),
    "expired instrument": extra(
        "instruments",
        (6, "expiry", "2026-07-09"),
        "must not be before 2026-07-10",
        symbol="X",
        underlying="ACME",
        kind="option",
        right="C",
        strike=1.0,
        expiry=dt.date(2026, 7, 9),
    ),
    "expiry that stands for never": extra(
        "instruments",
        (6, "expiry", "9999-12-31"),
        "must be no later than 2126-06-15, 100 years from the snapshot",
        symbol="X",
        underlying="ACME",
        kind="option",
        right="C",
        strike=1.0,
        expiry=dt.date(9999, 12, 31),
    ),
    "option without right": extra(
        "instruments",
        (6, "right", ""),
        "must be C or P",
        symbol="X",
        underlying="ACME",
        kind="option",
        strike=1.0,
        expiry=dt.date(2026, 8, 21),
    ),
    "option without strike": extra(
        "instruments",
        (6, "strike", ""),
        POSITIVE,
        symbol="X",
        underlying="ACME",
        kind="option",
        right="P",
        expiry=dt.date(2026, 8, 21),
    ),
    "option without expiry": extra(
        "instruments",
        (6, "expiry", ""),
        "must be a date",
        symbol="X",
        underlying="ACME",
        kind="option",
        right="P",
        strike=1.0,
    ),
    "index option without exercise": extra(
        "instruments",
        (6, "exercise", ""),
        "must be given for an index option whose root is not known",
        symbol="X",
        underlying="SPX",
        kind="option",
        right="P",
        strike=1.0,
        expiry=dt.date(2026, 8, 21),
    ),
    "adjusted contract without multiplier": extra(
        "instruments",
        (6, "multiplier", ""),
        "must be given for an adjusted contract",
        symbol="ACME1260821C00510000",
        underlying="ACME",
        kind="option",
    ),
    "exercise": cell(
        ("instruments", 2, "exercise"), "bermudan", "must be american or european", "A1"
    ),
    "settlement": cell(("instruments", 2, "settlement"), "noon", "must be am or pm", "A1"),
    "multiplier zero": cell(("instruments", 2, "multiplier"), 0.0, POSITIVE, "A1"),
    "future without multiplier": cell(
        ("instruments", 5, "multiplier"), None, "must be given for a future", "A3"
    ),
    # underlyings
    "underlying twice": extra(
        "underlyings",
        (5, "underlying", "BRK.B"),
        "must be unique, row 4 has it",
        underlying="BRK.B",
        price=1.0,
    ),
    "underlying without a name": extra(
        "underlyings", (5, "underlying", ""), "must be given", price=1.0
    ),
    "no price": cell(("underlyings", 1, "price"), None, POSITIVE, "A1", "A3"),
    "price zero": cell(("underlyings", 2, "price"), 0.0, POSITIVE, "A2", "A3"),
    "underlying price negative": cell(("underlyings", 3, "price"), -500.0, POSITIVE, "A3"),
    "underlying price NaN": cell(("underlyings", 3, "price"), math.nan, POSITIVE, "A3"),
    "product type": cell(
        ("underlyings", 3, "product_type"), "fund", "must be one of equity, etf, index,", "A3"
    ),
    "unknown rulebook key": cell(
        ("underlyings", 3, "portfolio_type"), "mid_cap", "must be one of high_cap_index,", "A3"
    ),
    "product group": cell(("underlyings", 3, "product_group"), "nope", "must be one of", "A3"),
    "strategy class": cell(("underlyings", 3, "strategy_class"), "x", "must be one of", "A3"),
    "points differ in a class group": cell(
        ("underlyings", 3, "portfolio_type"), "equity", f"must be high_cap_index, {SHARED}", "A3"
    ),
    "product groups differ in a class group": cell(
        ("underlyings", 3, "product_group"), "small_cap", SHARED, "A3"
    ),
    "leverage zero": cell(
        ("underlyings", 3, "leverage"), 0.0, "must be a number other than zero", "A3"
    ),
    "yield in per cent": cell(("underlyings", 3, "dividend_yield"), 1.3, FRACTION, "A3"),
    "class group with a blank": cell(("underlyings", 3, "class_group"), "SPX ", UNCLEAN, "A3"),
    "underlying price beyond all sense": cell(
        ("underlyings", 3, "price"), 1e300, "must be between -1,000,000,000 and", "A3"
    ),
    # dividends
    "dividend in cents": cell(
        ("dividends", 1, "amount"),
        500.0,
        "must be USD per share, less than the price of ACME, which is 500",
        "A1",
        "A3",
    ),
    "dividend of nobody": cell(
        ("dividends", 1, "underlying"), "NOPE", "must be one of the underlyings"
    ),
    "no ex-date": cell(("dividends", 1, "ex_date"), None, "must be a date", "A1", "A3"),
    "negative dividend": cell(
        ("dividends", 2, "amount"), -1.0, "must be zero or positive", "A3"
    ),
    "dividend NaN": cell(("dividends", 2, "amount"), math.nan, "must be zero or positive", "A3"),
    "dividend twice": extra(
        "dividends",
        (3, "ex_date", "2026-09-18"),
        "must be unique",
        "A3",
        underlying="SPY",
        ex_date=dt.date(2026, 9, 18),
        amount=1.9,
    ),
}  # fmt: skip

STRUCTURAL = {
    "date of a rate twice": extra(
        "rates",
        (3, "date", "2026-07-11"),
        "must be unique, row 1 has it",
        date=dt.date(2026, 7, 11),
        rate=0.1,
    ),
    "no date of a rate": cell(("rates", 1, "date"), None, "must be a date"),
    "rate in per cent": cell(("rates", 2, "rate"), 4.0, FRACTION),
    "rate NaN": cell(("rates", 2, "rate"), math.nan, FRACTION),
}

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


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / f"{name}.csv").unlink()


def replace(name: str, text: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        stem = name.rsplit(".", maxsplit=1)[0]
        (folder / f"{stem}.csv").unlink(missing_ok=True)
        (folder / name).write_bytes(text)

    return change


def duplicate(folder: Path) -> None:
    table = arrow("accounts", small_tables()["accounts"])
    pq.write_table(table, folder / "accounts.parquet")


def truncate(folder: Path) -> None:
    replace("accounts.parquet", b"")(folder)
    table = arrow("accounts", small_tables()["accounts"])
    pq.write_table(table, folder / "accounts.parquet")
    whole = (folder / "accounts.parquet").read_bytes()
    (folder / "accounts.parquet").write_bytes(whole[: len(whole) // 2])


def wrong_types(folder: Path) -> None:
    replace("positions.parquet", b"")(folder)
    table = pa.table({"account": [1.5], "symbol": [True], "quantity": [[1]]})
    pq.write_table(table, folder / "positions.parquet")


def empty_folder(folder: Path) -> None:
    (folder / "positions.csv").unlink()
    (folder / "positions").mkdir()


UNUSABLE: dict[str, tuple[Callable[[Path], None], list[tuple[str, int | None, str, str]]]] = {
    "no underlyings": (remove("underlyings"), [("underlyings", None, "", "must be given as")]),
    "no instruments": (remove("instruments"), [("instruments", None, "", "must be given as")]),
    "no positions": (remove("positions"), [("positions", None, "", "must be given as")]),
    "not Parquet": (
        replace("positions.parquet", b"account,symbol,quantity\n"),
        [("positions", None, "", "must be a readable Parquet file, got positions.parquet")],
    ),
    "half a Parquet file": (
        truncate,
        [("accounts", None, "", "must be a readable Parquet file, got accounts.parquet")],
    ),
    "two forms": (duplicate, [("accounts", None, "", "must be given once")]),
    "empty CSV": (replace("rates.csv", b""), [("rates", None, "", "must have a header line")]),
    "no rates in the table": (
        replace("rates.csv", b"date,rate\n"),
        [("rates", None, "", "must have at least one row, got an empty table")],
    ),
    "not UTF-8": (
        replace("accounts.csv", b"account,cash\n\xff\xfe,1\n"),
        [("accounts", None, "", "must be a readable CSV file")],
    ),
    "missing columns": (
        replace("positions.csv", b"account,sym,qty\nA1,ACME,1\n"),
        [
            ("positions", None, "quantity", "must be there, got the columns account, sym, qty"),
            ("positions", None, "symbol", "must be there, got the columns account, sym, qty"),
        ],
    ),
    "a column twice": (
        replace("accounts.csv", b"account,cash,cash\nA2,1,2\n"),
        [("accounts", None, "cash", "must be there once, got account, cash, cash")],
    ),
    "ragged rows": (
        replace("accounts.csv", b"account,cash\nA2,1\nA3,1,2\nA4\n"),
        [("accounts", 2, "", "must have 2 cells, got 3"), ("accounts", 3, "", "2 cells, got 1")],
    ),
    "wrong types": (
        wrong_types,
        [
            ("positions", None, "account", "must hold text, got double"),
            ("positions", None, "symbol", "must hold text, got bool"),
            ("positions", None, "quantity", "must hold numbers, got list"),
        ],
    ),
    "an empty folder of parts": (
        empty_folder,
        [("positions", None, "", "must be given as")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("on_error", ["fail", "quarantine"])
@pytest.mark.parametrize(("change", "defects"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_read_stops_the_book_in_both_modes(
    tmp_path: Path,
    change: Callable[[Path], None],
    defects: list[tuple[str, int | None, str, str]],
    on_error: Any,
) -> None:
    folder = write_book(tmp_path, small_tables())
    change(folder)
    with pytest.raises(BookError) as caught:
        read_book(folder, on_error=on_error)
    found = caught.value.defects
    assert sorted((d.table, d.row or 0, d.column) for d in found) == sorted(
        (table, row or 0, column) for table, row, column, _ in defects
    )
    for _, _, _, message in defects:
        assert any(message in str(defect) for defect in found)


SETTINGS = {
    "no as_of": ("rate = 0.04", [("as_of", "", "must be given")]),
    "a date that does not exist": (
        'as_of = "2026-02-30"',
        [("as_of", "2026-02-30", "must be a date such as 2026-07-10, or a timestamp")],
    ),
    "a number for a date": ("as_of = 20260710", [("as_of", "20260710", "must be a date")]),
    "a time alone": ("as_of = 16:00:00", [("as_of", "16:00:00", "must be a date")]),
    "not TOML": ("as_of: 2026-07-10", [("", "", "must be TOML in UTF-8")]),
    "an unknown key": (
        f'as_of = "{AS_OF}"\nasof = 1',
        [("asof", "1", "must be one of the keys as_of, rulebook, rate")],
    ),
    "a rate in per cent": (f'as_of = "{AS_OF}"\nrate = 4', [("rate", "4", FRACTION)]),
    "a rate in words": (f'as_of = "{AS_OF}"\nrate = "4 %"', [("rate", "4 %", FRACTION)]),
    "a rate beside the rates": (
        f'as_of = "{AS_OF}"\nrate = 0.04',
        [("rate", "0.04", "must not be given beside the table rates")],
    ),
    "a rulebook that is no name": (
        f'as_of = "{AS_OF}"\nrulebook = 1',
        [("rulebook", "1", "must be the name or the path of a rulebook")],
    ),
    "an unknown rulebook": (
        f'as_of = "{AS_OF}"\nrulebook = "sec-1934"',
        [("rulebook", "sec-1934", "must name a rulebook that can be used")],
    ),
}


@pytest.mark.parametrize("on_error", ["fail", "quarantine"])
@pytest.mark.parametrize(("text", "defects"), SETTINGS.values(), ids=SETTINGS)
def test_wrong_settings_stop_the_book_in_both_modes(
    tmp_path: Path, text: str, defects: list[tuple[str, str, str]], on_error: Any
) -> None:
    folder = write_book(tmp_path, small_tables(), settings=text)
    with pytest.raises(BookError) as caught:
        read_book(folder, on_error=on_error)
    for found, (key, value, message) in zip(caught.value.defects, defects, strict=True):
        assert (found.table, found.row, found.column) == ("book.toml", None, key)
        assert value in found.value
        assert message in found.message


@pytest.mark.parametrize("on_error", ["fail", "quarantine"])
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("rate", 4.0, FRACTION),
        ("rate", math.nan, FRACTION),
        ("rate", "0.04", FRACTION),
        ("net_capital", -1.0, "must be an amount in USD, zero or positive"),
        ("net_capital", math.nan, "must be an amount in USD, zero or positive"),
        ("as_of", "soon", "must be a date such as 2026-07-10"),
    ],
)
def test_settings_in_memory_are_checked_as_those_of_a_file(
    key: str, value: Any, message: str, on_error: Any
) -> None:
    tables = small_tables()
    del tables["rates"]
    given = arrow_tables(tables)
    with pytest.raises(BookError) as caught:
        Book.from_tables(**{"as_of": AS_OF, **given, key: value, "on_error": on_error})
    (defect,) = caught.value.defects
    assert (defect.table, defect.column, defect.value) == ("book.toml", key, str(value))
    assert message in defect.message


def test_on_error_is_one_of_its_words(tmp_path: Path) -> None:
    folder = write_book(tmp_path, small_tables())
    with pytest.raises(ValueError, match="on_error must be one of fail, quarantine, got 'ignore'"):
        read_book(folder, on_error="ignore")  # type: ignore[arg-type]


def test_settings_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    folder = write_book(tmp_path, small_tables(), settings=f'\ufeffas_of = "{AS_OF}"\n')
    assert check_book(folder) == ()


def test_an_expired_symbol_shows_the_date_that_it_spells(tmp_path: Path) -> None:
    row = {"symbol": "ACME260618C00510000", "underlying": "ACME", "kind": "option"}
    (defect,) = check_book(write_book(tmp_path, with_row("instruments", **row)))
    assert str(defect).endswith("must not be before 2026-07-10 (expired), got 2026-06-18")


def test_a_book_that_is_not_there_is_a_defect(tmp_path: Path) -> None:
    (defect,) = check_book(tmp_path / "nowhere")
    assert "must be a folder that holds a book" in str(defect)
    defects = check_book(tmp_path)
    assert [d.table for d in defects][:2] == ["book.toml", "underlyings"]


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
