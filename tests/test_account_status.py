# SPDX-License-Identifier: Apache-2.0
"""What an account lacks and until when, in the words of the rulebook; figures by hand."""

import dataclasses
import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from riskarray.book import Book, BookError, read_book
from riskarray.report.account_status import (
    AccountBasis,
    account_status,
    firm_totals,
    minimum_equity,
)
from riskarray.report.report import margin
from riskarray.rulebook import Rulebook, load_rulebook
from rulebook_files import figure, rulebook_of
from small_book import AS_OF, small_tables, write_book
from small_books import make_book, make_market, parse_legs, parse_underlyings


def book_of(types: list[str], rulebook: Rulebook) -> Book:
    """An account of each type, with one share."""
    legs = parse_legs("1 X")
    market = make_market(parse_underlyings("X 100"), legs, rulebook)
    market = dataclasses.replace(market, as_of=dt.datetime(2026, 7, 10, 16, tzinfo=dt.UTC))
    book = make_book(market, {f"A{k}": legs for k in range(len(types))}, rulebook)
    return dataclasses.replace(book, account_type=pa.array(types))


def status_of(
    book: Book,
    equity: list[float],
    required: list[float],
    maintenance: list[float] | None = None,
    regulatory: list[float] | None = None,
) -> dict[str, list[object]]:
    basis = AccountBasis(
        requirement=np.array(required),
        regulatory_requirement=np.array(required if regulatory is None else regulatory),
        equity=np.array(equity),
        gross_value=np.full(len(equity), 600_000.0),
        maintenance=np.array(required if maintenance is None else maintenance),
        margin_equity=np.array(equity),
        counted_equity=np.array(equity),
        is_indebted=np.full(len(equity), True),
    )
    return {name: column.to_pylist() for name, column in account_status(book, basis).items()}


def test_each_account_is_judged_by_its_own_type() -> None:
    book = book_of(["portfolio", "portfolio", "portfolio", "reg_t", "reg_t", "cash"], load())
    found = status_of(
        book,
        equity=[120_000.0, 90_000.0, 100_000.0, 1_500.0, 5_000.0, 10.0],
        required=[130_000.0, 50_000.0, 50_000.0, 100.0, 6_000.0, 10.0],
    )
    assert found["status"] == [
        *("deficiency", "below_minimum_equity", "ok"),
        *("below_minimum_equity", "deficiency", "ok"),
    ]
    assert found["deficiency"] == [10_000.0, 0.0, 0.0, 0.0, 1_000.0, 0.0]
    assert found["equity_shortfall"] == [0.0, 10_000.0, 0.0, 500.0, 0.0, 0.0]
    assert found["minimum_equity"] == [100_000.0] * 3 + [2_000.0] * 2 + [0.0]
    # Friday 10 July and three business days; fifteen by the strategy-based rules
    due, later = dt.date(2026, 7, 15), dt.date(2026, 7, 31)
    assert found["call_due"] == [due, due, None, later, later, None]
    assert found["regulatory_call_due"] == found["call_due"]
    assert found["house_call_due"] == [None] * 6
    assert found["deficiency_against"] == ["regulatory", *[None] * 3, "maintenance", None]
    assert found["leverage"] == pytest.approx([5.0, 600 / 90, 6.0, 400.0, 120.0, 60_000.0])


def load(name: str = "finra-4210g") -> Rulebook:
    return load_rulebook(name)


def test_a_firm_asks_more_to_open_an_account_than_to_keep_it() -> None:
    rules = load("house-example")
    book = book_of(["portfolio", "reg_t", "cash"], rules)
    assert minimum_equity(book)[1].tolist() == [150_000.0, 2_000.0, 0.0]
    book = book_of(["portfolio"] * 3, rules)
    found = status_of(book, [149_999.0, 150_000.0, 175_000.0], [0.0] * 3)
    assert found["status"] == ["below_minimum_equity", "below_initial_equity", "ok"]


@pytest.mark.parametrize(
    ("monitoring", "amount"),
    [
        ("real_time", 100_000.0),
        ("end_of_day", 150_000.0),
        ("executed_away", 500_000.0),
        ("unlisted", 5_000_000.0),
    ],
)
def test_the_minimum_follows_the_way_of_monitoring(monitoring: str, amount: float) -> None:
    rules = rulebook_of(f"[account]\nmonitoring = {figure(repr(monitoring))}\n")
    tier, minimum = minimum_equity(book_of(["portfolio"], rules))
    assert (tier.tolist(), minimum.tolist()) == ([amount], [amount])


def test_a_downgrade_needs_the_strategy_based_maintenance_and_minimum() -> None:
    book = book_of(["portfolio"] * 3, load())
    found = status_of(
        book,
        equity=[200_000.0, 200_000.0, 1_000.0],
        required=[0.0] * 3,
        maintenance=[250_000.0, 150_000.0, 500.0],
    )
    assert found["reg_t_deposit"] == [50_000.0, 0.0, 1_000.0]
    assert found["can_hold_in_reg_t"] == [False, True, False]


def test_a_cash_account_is_kept_without_a_minimum_equity() -> None:
    found = status_of(book_of(["cash", "reg_t"], load()), [1_000.0] * 2, [1_000.0, 250.0])
    assert found["reg_t_deposit"] == [0.0, 1_000.0]
    assert found["can_hold_in_reg_t"] == [True, False]
    late = status_of(book_of(["cash"], load()), [900.0], [1_000.0])
    assert late["regulatory_call_due"] == [dt.date(2026, 7, 15)]
    assert late["deficiency_against"] == ["maintenance"]


def test_options_owed_and_long_dated_ones_are_part_of_the_minimum_equity() -> None:
    """Short puts 90 @5 beside calls @12 of a year, nine months and a day, nine months; or alone."""
    as_of = dt.date(2026, 7, 10)
    terms = [("P", 90.0, 97, 5.0), *(("C", 100.0, days, 12.0) for days in (365, 275, 274))]
    put, year, longer, nine_months = symbols = [f"{c} {days}" for c, _, days, _ in terms]
    held = {
        "put": (2_100.0, {put: -1.0}),
        "year": (1_400.0, {put: -1.0, year: 1.0}),
        "longer": (1_400.0, {put: -1.0, longer: 1.0}),
        "nine months": (1_400.0, {put: -1.0, nine_months: 1.0}),
        "paid": (0.0, {nine_months: 1.0}),
    }
    rows = [(name, *leg) for name, (_, legs) in held.items() for leg in legs.items()]
    accounts, of_symbol, quantity = zip(*rows, strict=True)
    book = Book.from_tables(
        as_of=as_of,
        rate=0.03,
        underlyings=pa.table({"underlying": ["ACME"], "price": [100.0]}),
        instruments=pa.table(
            {
                "symbol": symbols,
                "underlying": ["ACME"] * 4,
                "kind": ["option"] * 4,
                "right": [right for right, *_ in terms],
                "strike": [strike for _, strike, _, _ in terms],
                "expiry": [as_of + dt.timedelta(days) for _, _, days, _ in terms],
                "exercise": ["american"] * 4,
                "price": [price for *_, price in terms],
            }
        ),
        positions=pa.table({"account": accounts, "symbol": of_symbol, "quantity": quantity}),
        accounts=pa.table(
            {
                "account": list(held),
                "cash": [cash for cash, _ in held.values()],
                "account_type": ["reg_t"] * len(held),
            }
        ),
    )
    found = {row["account"]: row for row in margin(book, threads=1).accounts.to_pylist()}
    shortfall = {name: found[name]["equity_shortfall"] for name in held}
    # 2,000 - (2,100 - 500); 1,400 - 500 and the call's 1,200 is enough; on 10 April, after nine
    # months, the call counts nothing. What is paid for in full and owes nothing needs no 2,000.
    assert list(shortfall.values()) == [400.0, 0.0, 0.0, 1_100.0, 0.0]
    assert found["put"]["status"] == "below_minimum_equity"
    # uncovered: 500 and the greater of 20 % of 100 less 10, and 10 % of 90; less a quarter of 1,200
    assert found["put"]["maintenance"] == 500.0 + 1_000.0
    assert found["year"]["maintenance"] == 500.0 + 1_000.0 - 300.0
    # of the last 1,100 only 100 are lacking to the maintenance of 1,500
    assert {name: found[name]["reg_t_deposit"] for name in held} == shortfall
    assert found["paid"]["can_hold_in_reg_t"] is True


def test_calls_of_the_house_are_told_from_those_of_the_rules() -> None:
    """House days are two, from Friday 10 July; the rules' three."""
    book = book_of(["portfolio"] * 5, load("house-example"))
    found = status_of(
        book,
        equity=[200_000.0, 200_000.0, 200_000.0, 145_000.0, 160_000.0],
        required=[250_000.0, 250_000.0, 200_000.0, 100.0, 100.0],
        regulatory=[210_000.0, 150_000.0, 200_000.0, 100.0, 100.0],
    )
    house, rule = dt.date(2026, 7, 14), dt.date(2026, 7, 15)
    assert found["deficiency"] == [50_000.0, 50_000.0, 0.0, 0.0, 0.0]
    assert found["regulatory_deficiency"] == [10_000.0, 0.0, 0.0, 0.0, 0.0]
    assert found["deficiency_against"] == ["regulatory", "house", None, None, None]
    # 145,000 is below the 150,000 of accounts monitored at the end of the day, the firm's and the
    # rules' alike
    assert found["regulatory_call_due"] == [rule, None, None, rule, None]
    assert found["house_call_due"] == [house, house, None, None, None]
    assert found["call_due"] == [house, house, None, rule, None]


def test_what_only_the_house_asks_as_equity_is_a_house_call() -> None:
    rules = rulebook_of(f"[account]\nmaintenance_equity = {figure('150000.0')}\n")
    found = status_of(book_of(["portfolio"] * 2, rules), [120_000.0, 90_000.0], [1.0] * 2)
    due = dt.date(2026, 7, 15)  # without days of its own the house gives as many as the rules
    assert found["house_call_due"] == [due, due]
    assert found["regulatory_call_due"] == [None, due]


def test_amounts_that_are_equal_in_decimals_are_no_deficiency() -> None:
    """0.1 + 0.2 against 0.3, times a million; and what is missing by a cent is missing."""
    book = book_of(["portfolio", "portfolio", "reg_t"], load())
    sum_of = 100_000.1 + 200_000.2
    assert sum_of != 300_000.3
    found = status_of(
        book,
        equity=[300_000.3, 300_000.3, 1_999.9999999999998],
        required=[sum_of, 300_000.31, 0.0],
    )
    assert found["status"] == ["ok", "deficiency", "ok"]
    assert found["deficiency"] == [0.0, pytest.approx(0.01), 0.0]
    assert found["call_due"][::2] == [None, None]
    assert found["can_hold_in_reg_t"][2] is True


def test_equity_that_is_exactly_enough_never_makes_a_call() -> None:
    """Stock of 400 prices, and cash so that the equity is 15 % of it in decimals."""
    random = np.random.default_rng(3)
    prices = [Decimal(int(p)) / 100 for p in random.integers(100, 90_000, 400)]
    shares = [int(q) for q in random.integers(1, 5_000, 400)]
    names = [f"U{k:03d}" for k in range(400)]
    cash = [-p * q * Decimal("0.85") for p, q in zip(prices, shares, strict=True)]
    book = Book.from_tables(
        as_of=dt.date(2026, 7, 10),
        rate=0.03,
        underlyings=pa.table({"underlying": names, "price": [float(p) for p in prices]}),
        instruments=pa.table({"symbol": names, "underlying": names, "kind": ["stock"] * 400}),
        positions=pa.table(
            {"account": names, "symbol": names, "quantity": list(map(float, shares))}
        ),
        accounts=pa.table({"account": names, "cash": [float(c) for c in cash]}),
    )
    accounts = margin(book, threads=1).accounts
    assert set(accounts["deficiency"].to_pylist()) == {0.0}
    assert "deficiency" not in accounts["status"].to_pylist()


def test_an_account_may_be_monitored_in_its_own_way(tmp_path: Path) -> None:
    tables = small_tables()
    tables["accounts"]["monitoring"] = [None, "unlisted", "executed_away"]
    for form in ("csv", "parquet"):
        book = read_book(write_book(tmp_path / form, tables, form))
        rows = margin(book, threads=1).accounts.to_pylist()
        found = {row["account"]: row["minimum_equity"] for row in rows}
        # A4 is of type reg_t
        assert found == {"A1": 1e5, "A2": 1e5, "A3": 5e6, "A4": 2e3}
    text = str(margin(book, threads=1).explain("A3"))
    assert "account.minimum_equity_unlisted" in text
    assert "account.minimum_equity_real_time" not in text
    tables["accounts"]["monitoring"] = [None, "weekly", None]
    with pytest.raises(BookError, match="monitoring: must be one of real_time, end_of_day, exe"):
        read_book(write_book(tmp_path / "bad", tables))


def test_leverage_needs_equity() -> None:
    found = status_of(book_of(["portfolio"] * 2, load()), [0.0, -5.0], [0.0, 0.0])
    assert found["leverage"] == [None, None]


def test_the_firm_stands_beside_ten_times_its_net_capital() -> None:
    book = book_of(["portfolio", "portfolio", "reg_t"], load())
    required = np.array([60.0, 50.0, 1e9])
    assert firm_totals(book, required) is None
    found = firm_totals(dataclasses.replace(book, net_capital=10.0), required)
    assert found == {
        "net_capital": 10.0,
        "net_capital_multiple": 10.0,
        "limit": 100.0,
        "portfolio_requirement": 110.0,
        "room": -10.0,
        "is_over": True,
        "days_allowed_over": 3,
    }


def test_a_book_gives_net_capital_and_what_house_rules_read(tmp_path: Path) -> None:
    tables = small_tables()
    tables["underlyings"] |= {
        "standard_deviation": [0.03, None, None, None],
        "move_floor": [0.4, None, None, None],
        "average_daily_volume": [1e6, None, None, None],
        "next_earnings": [dt.date(2026, 7, 14), None, None, None],
    }
    settings = f'as_of = "{AS_OF}"\nnet_capital = 1e5\n'
    for form in ("csv", "parquet"):
        book = read_book(write_book(tmp_path / form, tables, form, settings))
        assert book.net_capital == 1e5
        risk = book.market.underlyings.risk
        assert risk is not None
        assert risk.move_floor.tolist() == pytest.approx([0.4, *[np.nan] * 3], nan_ok=True)
        assert risk.next_earnings[0] == np.datetime64("2026-07-14")
    report = margin(book, threads=1)
    firm = report.manifest["firm"]
    assert isinstance(firm, dict)
    assert firm["limit"] == 1e6
    assert set(report.accounts.column_names) >= {"deficiency", "call_due", "add_ons"}


def test_wrong_figures_for_house_rules_are_defects(tmp_path: Path) -> None:
    tables = small_tables()
    tables["underlyings"]["move_floor"] = [-0.1, 30.0, None, 5.0]
    tables["underlyings"]["standard_deviation"] = [25.0, 1.0, 0.0, None]
    tables["underlyings"]["next_earnings"] = ["soon", None, None, None]
    folder = write_book(tmp_path / "a", tables, "csv", f'as_of = "{AS_OF}"\n')
    with pytest.raises(BookError, match=r"move_floor: must be a fraction") as caught:
        read_book(folder)
    assert {(d.row, d.column) for d in caught.value.defects} == {
        (1, "standard_deviation"),
        (1, "move_floor"),
        (2, "move_floor"),
        (1, "next_earnings"),
    }
    folder = write_book(
        tmp_path / "b", small_tables(), "csv", f'as_of = "{AS_OF}"\nnet_capital = -1\n'
    )
    with pytest.raises(BookError, match="net_capital: must be an amount in USD"):
        read_book(folder)
