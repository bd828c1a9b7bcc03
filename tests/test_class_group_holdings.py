# SPDX-License-Identifier: Apache-2.0
"""What a class group holds besides shares and their options: futures, leveraged products, notes."""

import datetime as dt
from pathlib import Path

import pytest

import riskarray as ra
from riskarray.greeks import greeks
from rulebook_files import figure, overlay
from small_book import Tables, small_tables, write_book

CENT = 0.005


def report_of(
    folder: Path, held: list[tuple[str, float]], tables: Tables | None = None
) -> ra.Report:
    tables = small_tables() if tables is None else tables
    tables["positions"] = {
        "account": ["A"] * len(held),
        "symbol": [symbol for symbol, _ in held],
        "quantity": [quantity for _, quantity in held],
    }
    return ra.margin(ra.read_book(write_book(folder / "book", tables)), threads=1)


def with_underlying(tables: Tables, **cells: object) -> Tables:
    for column, values in tables["underlyings"].items():
        values.append(cells.get(column))
    return tables


def groups_of(report: ra.Report) -> dict[str, dict[str, object]]:
    return {row["class_group"]: row for row in report.groups.to_pylist()}


def test_an_index_future_is_a_holding_of_its_index(tmp_path: Path) -> None:
    # at 5,010, SPX at 5,000, 50 a point: 8 % of 250,500 is lost at -8 %
    report = report_of(tmp_path, [("ESU6", 1.0)])
    (row,) = report.groups.to_pylist()
    assert (row["class_group"], row["product_group"]) == ("SPX", "high_cap_broad")
    assert row["worst_point"] == "-8%"
    assert row["requirement"] == pytest.approx(0.08 * 50 * 5_010.0, abs=CENT)
    assert row["minimum_charge"] == pytest.approx(0.375 * 50)
    assert report.accounts["long_market_value"][0].as_py() == 0.0


@pytest.mark.parametrize(("price", "worth"), [(18.5, 18.5), (None, 16.0), (0.0, 16.0)])
def test_a_future_moves_by_its_own_price(tmp_path: Path, price: float | None, worth: float) -> None:
    tables = with_underlying(small_tables(), underlying="VIX", price=16.0, product_type="index")
    row = {"symbol": "VXU6", "underlying": "VIX", "kind": "future", "multiplier": 1_000.0}
    row |= {"expiry": dt.date(2026, 9, 16), "price": price, "settlement": "am"}
    for column, values in tables["instruments"].items():
        values.append(row.get(column))
    report = report_of(tmp_path, [("VXU6", 1.0)], tables)
    assert report.accounts["requirement"][0].as_py() == pytest.approx(0.15 * worth * 1_000.0)
    future = report.result.arrays.symbol.to_pylist().index("VXU6")
    assert report.result.arrays.base[future] == worth
    delta = greeks(report.result.book.market, report.result.arrays).delta[future]
    assert delta == pytest.approx(1_000.0 * worth / 16.0)


def test_a_future_hedges_the_fund_on_its_index_in_full(tmp_path: Path) -> None:
    # 500 SPY at 500 are 250,000, as much as the future; only the minimum charge is left
    report = report_of(tmp_path, [("ESU6", -1.0), ("SPY", 500.0)])
    (row,) = report.groups.to_pylist()
    loss = -min(row[f"pnl_{k:02d}"] for k in range(1, 11))
    assert loss < 0.01 * 20_000.0
    assert report.accounts["requirement"][0].as_py() == pytest.approx(
        max(loss, 0.375 * 50), abs=CENT
    )


def test_a_future_on_a_stock_stands_with_the_stock(tmp_path: Path) -> None:
    tables = small_tables()
    row = {"symbol": "ACMEU6", "underlying": "ACME", "kind": "future", "multiplier": 100.0}
    row |= {"expiry": dt.date(2026, 9, 18), "price": 500.0, "settlement": "pm"}
    for column, values in tables["instruments"].items():
        values.append(row.get(column))
    report = report_of(tmp_path, [("ACMEU6", -1.0), ("ACME", 100.0)], tables)
    (group,) = report.groups.to_pylist()
    assert group["class_group"] == "ACME"
    assert group["requirement"] == pytest.approx(37.5)
    assert group["worst_point"] == "minimum"


@pytest.mark.parametrize(
    ("fund", "leverage", "shares", "expected"),
    [
        ("TSLL", 2.0, 100.0, 0.30 * 1_000.0),  # 2 x -15 %
        ("TSLS", -1.0, 100.0, 0.15 * 1_000.0),  # -1 x +15 %
        ("TSLQ", -2.0, -100.0, 0.30 * 1_000.0),  # short, -2 x -15 %
    ],
)
def test_a_fund_on_one_stock_moves_by_a_multiple_of_it(
    tmp_path: Path, fund: str, leverage: float, shares: float, expected: float
) -> None:
    tables = with_underlying(small_tables(), underlying=fund, price=10.0)
    report = report_of(tmp_path, [(fund, shares)], tables)
    (row,) = report.groups.to_pylist()
    assert row["class_group"] == "TSLA"
    assert row["requirement"] == pytest.approx(expected)
    explanation = report.explain("A")
    assert explanation.positions[0].leverage == leverage


def test_a_fund_on_one_stock_hedges_the_stock_in_full(tmp_path: Path) -> None:
    tables = with_underlying(small_tables(), underlying="TSLL", price=10.0)
    tables = with_underlying(tables, underlying="TSLA", price=400.0)
    # 200 x 10 at twice the move are 4,000 at the move of the stock
    report = report_of(tmp_path, [("TSLL", 200.0), ("TSLA", -10.0)], tables)
    assert report.accounts["requirement"][0].as_py() == pytest.approx(0.0, abs=CENT)


def test_an_option_on_an_inverse_fund_is_revalued_at_its_moved_price(tmp_path: Path) -> None:
    tables = with_underlying(small_tables(), underlying="SDS", price=30.0)
    row = {"symbol": "SDS260821P00030000", "implied_volatility": 0.4}
    row |= {"underlying": "SDS", "kind": "option"}
    for column, values in tables["instruments"].items():
        values.append(row.get(column))
    report = report_of(tmp_path, [("SDS260821P00030000", -1.0)], tables)
    (group,) = report.groups.to_pylist()
    # an inverse fund falls when its index rises: the short put loses most at +6 %
    assert (group["class_group"], group["worst_point"]) == ("SPX", "+6%")
    assert group["pnl_10"] == min(group[f"pnl_{k:02d}"] for k in range(1, 11))


def test_a_note_is_margined_strategy_by_strategy_and_added(tmp_path: Path) -> None:
    tables = with_underlying(small_tables(), underlying="VXX", price=40.0)
    report = report_of(tmp_path, [("VXX", 100.0), ("ACME", 100.0)], tables)
    rows = groups_of(report)
    assert rows["VXX"]["worst_point"] == "strategy"
    row = report.accounts.to_pylist()[0]
    assert row["strategy_requirement"] == pytest.approx(1_000.0)  # 25 % of 4,000
    assert row["requirement"] == pytest.approx(7_500.0 + 1_000.0)


def test_a_volatility_index_has_moves_of_its_own(tmp_path: Path) -> None:
    moves = figure("[-0.4, -0.3, -0.2, -0.1, -0.05, 0.1, 0.2, 0.4, 0.6, 1.0]")
    rules = overlay(tmp_path, f"[scenario_sets.regulatory.moves]\nvolatility_index = {moves}\n")
    tables = with_underlying(small_tables(), underlying="VIXY", price=20.0)
    tables["positions"] = {"account": ["A"], "symbol": ["VIXY"], "quantity": [-100.0]}
    book = ra.read_book(write_book(tmp_path / "book", tables), rulebook=rules)
    row = ra.margin(book, threads=1).accounts.to_pylist()[0]
    assert (row["requirement"], row["worst_point"]) == (pytest.approx(2_000.0), "+100%")


def test_what_the_included_products_do_not_name_is_margined_by_strategy(tmp_path: Path) -> None:
    included = figure(repr(["ACME", "BRK/B"]))
    rules = overlay(tmp_path, f"[eligibility]\nincluded = {included}\n")
    tables = small_tables()
    tables["positions"] = {
        "account": ["A"] * 3,
        "symbol": ["ACME", "BRK-B", "SPY"],
        "quantity": [10.0, 10.0, 10.0],
    }
    book = ra.read_book(write_book(tmp_path / "book", tables), rulebook=rules)
    rows = groups_of(ra.margin(book, threads=1))
    # 15 % of 5,000 and of 4,000; 25 % of 5,000
    assert rows["ACME"]["requirement"] == pytest.approx(750.0)
    assert rows["BRK-B"]["requirement"] == pytest.approx(600.0)
    assert rows["SPX"]["requirement"] == pytest.approx(1_250.0)
    assert rows["SPX"]["worst_point"] == "strategy"
