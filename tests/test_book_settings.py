"""The settings of a book, from book.toml or in memory."""

import math
from pathlib import Path
from typing import Any

import pytest

from defect_case import FRACTION
from riskarray.book import Book, BookError, check_book, read_book
from riskarray.rulebook import RulebookError
from small_book import ACME_CALL, AS_OF, arrow_tables, small_tables, write_book


def test_a_book_may_give_one_flat_rate_or_none(tmp_path: Path) -> None:
    tables = small_tables()
    del tables["rates"]
    folder = write_book(tmp_path, tables, settings=f'as_of = "{AS_OF}"\nrate = 0.03\n')
    assert read_book(folder).market.rates.at([0.0, 2.0]).tolist() == [0.03, 0.03]
    write_book(tmp_path, tables)
    assert read_book(folder).market.rates.at([0.0, 2.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ('"2026-07-10"', "2026-07-10T16:00:00-04:00"),
        ("2026-07-10", "2026-07-10T16:00:00-04:00"),
        ("2026-01-09", "2026-01-09T16:00:00-05:00"),
        ('"2026-07-10T09:30"', "2026-07-10T09:30:00-04:00"),
        ("2026-07-10T09:30:00", "2026-07-10T09:30:00-04:00"),
        ('"2026-07-10 13:30:00Z"', "2026-07-10T09:30:00-04:00"),
        ("2026-07-10T13:30:00Z", "2026-07-10T09:30:00-04:00"),
    ],
)
def test_as_of_is_a_date_or_a_timestamp(tmp_path: Path, given: str, want: str) -> None:
    tables = small_tables()
    folder = write_book(tmp_path, tables, settings=f"as_of = {given}\n")
    assert read_book(folder).market.as_of.isoformat() == want


def test_an_option_may_be_held_until_the_minute_it_expires(tmp_path: Path) -> None:
    tables = small_tables()
    folder = write_book(tmp_path, tables, settings='as_of = "2026-08-21T15:59"\n')
    market = read_book(folder).market
    row = market.instruments.symbol.to_pylist().index(ACME_CALL)
    assert market.time_to_expiry()[row] == pytest.approx(1 / 365 / 24 / 60)
    write_book(tmp_path, tables, settings='as_of = "2026-08-21T16:00"\n')
    places = [(d.table, d.row, d.column) for d in check_book(folder)]
    assert places == [("instruments", 2, "expiry"), ("instruments", 3, "expiry")]


def test_a_book_names_its_rulebook_and_the_caller_may_choose_another(tmp_path: Path) -> None:
    house = 'base = "finra-4210g"\nid = "house"\ntitle = "House"\n'
    folder = write_book(
        tmp_path / "b", small_tables(), settings=f'as_of = "{AS_OF}"\nrulebook = "house.toml"\n'
    )
    (folder / "house.toml").write_text(house)
    assert read_book(folder).rulebook.id == "house"
    assert read_book(folder, rulebook="finra-4210g").rulebook.id == "finra-4210g"
    with pytest.raises(RulebookError):
        read_book(folder, rulebook="nothing-of-that-name")


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


def test_settings_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    folder = write_book(tmp_path, small_tables(), settings=f'\ufeffas_of = "{AS_OF}"\n')
    assert check_book(folder) == ()
