# SPDX-License-Identifier: Apache-2.0
"""Risk arrays of a market: spots, floors, leverage, volatility shifts, sources, tables."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from riskarray.backends import BackendName
from riskarray.book import Book, read_book
from riskarray.kernels import american_value, european_value
from riskarray.market import Market
from riskarray.pricing import risk_arrays, shocked_spots
from riskarray.rulebook import Rulebook, load_rulebook
from riskarray.tables import BookError

UNDERLYINGS = pa.table(
    {
        "underlying": ["ACME", "SPX", "SPXL", "TRIP", "NONE"],
        "price": [500.0, 7500.0, 200.0, 40.0, 10.0],
        "product_type": ["equity", "index", "etf", "etf", "equity"],
        "portfolio_type": ["equity", "high_cap_index", "high_cap_index", "equity", "equity"],
        "class_group": ["ACME", "SPX", "SPX", "TRIP", "NONE"],
        "leverage": [1.0, 1.0, 3.0, -8.0, 1.0],
        "dividend_yield": [0.0, 0.015, 0.0, 0.0, 0.0],
    }
)


def option(symbol: str, underlying: str, right: str, strike: float, **more: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "underlying": underlying,
        "kind": "option",
        "right": right,
        "strike": strike,
        "expiry": "2026-09-18",
        "exercise": "european" if underlying == "SPX" else "american",
        **more,
    }


INSTRUMENTS: list[dict[str, Any]] = [
    {"symbol": "ACME", "underlying": "ACME", "kind": "stock"},
    {"symbol": "SPXL", "underlying": "SPXL", "kind": "stock"},
    {"symbol": "TRIP", "underlying": "TRIP", "kind": "stock"},
    {
        "symbol": "F1",
        "underlying": "SPX",
        "kind": "future",
        "expiry": "2026-09-18",
        "multiplier": 50.0,
    },
    option("C1", "ACME", "C", 510.0, implied_volatility=0.25),
    option("P1", "ACME", "P", 490.0, price=11.0),
    option("P2", "ACME", "P", 480.0, multiplier=10.0),
    option("X1", "SPX", "P", 7400.0, price=120.0),
    option("T1", "TRIP", "C", 45.0, implied_volatility=1.4),
    option("N1", "NONE", "P", 10.0),
    option("N2", "NONE", "C", 10.0, price=11.0),
]


def make_book(**changes: Any) -> Book:
    columns = ["symbol", "underlying", "kind", "right", "strike", "expiry", "exercise"]
    columns += ["multiplier", "price", "implied_volatility"]
    table = pa.table({name: pa.array([row.get(name) for row in INSTRUMENTS]) for name in columns})
    given: dict[str, Any] = {
        "as_of": "2026-07-10",
        "underlyings": UNDERLYINGS,
        "instruments": table,
        "positions": pa.table({"account": ["A"], "symbol": ["C1"], "quantity": [-1.0]}),
        "dividends": pa.table({"underlying": ["ACME"], "ex_date": ["2026-08-14"], "amount": [1.5]}),
        "rate": 0.04,
    }
    return Book.from_tables(**{**given, **changes})


@pytest.fixture(scope="module")
def book() -> Book:
    return make_book()


def row_of(market: Market, symbol: str) -> int:
    return int(market.instruments.symbol.to_pylist().index(symbol))


def test_spots_move_by_portfolio_type_and_leverage_and_stop_at_zero(book: Book) -> None:
    spot = shocked_spots(book.market, book.rulebook)
    names = book.market.underlyings.name.to_pylist()
    equity = book.rulebook.market_moves("equity")
    index = book.rulebook.market_moves("high_cap_index")
    assert_allclose(spot[:, 0], book.market.underlyings.price)
    assert_allclose(spot[names.index("ACME"), 1:], 500 * (1 + equity))
    assert_allclose(spot[names.index("SPX"), 1:], 7500 * (1 + index))
    assert_allclose(spot[names.index("SPXL"), 1:], 200 * (1 + 3 * index))
    inverse = spot[names.index("TRIP"), 1:]
    assert_allclose(inverse, 40 * np.maximum(1 - 8 * equity, 0))
    assert np.count_nonzero(inverse == 0) == 1


def test_stock_and_futures_gain_what_the_spot_gains(book: Book, backend: BackendName) -> None:
    arrays = risk_arrays(book.market, rulebook=book.rulebook, backend=backend)
    spot = shocked_spots(book.market, book.rulebook)
    names = book.market.underlyings.name.to_pylist()
    for symbol, underlying in (("ACME", "ACME"), ("SPXL", "SPXL"), ("TRIP", "TRIP"), ("F1", "SPX")):
        i, u = row_of(book.market, symbol), names.index(underlying)
        multiplier = book.market.instruments.multiplier[i]
        assert arrays.base[i] == spot[u, 0]
        assert_allclose(arrays.pnl[i], multiplier * (spot[u, 1:] - spot[u, 0]), rtol=1e-13)
        assert arrays.volatility_source[i].as_py() is None
        assert np.isnan(arrays.volatility[i])


def test_options_gain_what_their_model_says(book: Book, backend: BackendName) -> None:
    market = book.market
    arrays = risk_arrays(market, rulebook=book.rulebook, backend=backend)
    spot = shocked_spots(market, book.rulebook)
    time = market.time_to_expiry()
    for symbol, kernel in (("C1", american_value), ("P2", american_value), ("X1", european_value)):
        i = row_of(market, symbol)
        value = kernel(
            spot,
            market.instruments.underlying[[i]],
            market.instruments.right[[i]],
            market.instruments.strike[[i]],
            arrays.volatility[[i]],
            np.array([0.04]),
            market.underlyings.dividend_yield[market.instruments.underlying[[i]]],
            time[[i]],
            market.dividends.offset,
            market.dividends.time,
            market.dividends.amount,
            backend=backend,
        )[0]
        assert arrays.base[i] == value[0]
        gain = market.instruments.multiplier[i] * (value[1:] - value[0])
        assert_allclose(arrays.pnl[i], gain, rtol=0, atol=1e-12 * abs(gain).max())


def test_sources_are_named_counted_and_reprice(book: Book, backend: BackendName) -> None:
    arrays = risk_arrays(book.market, rulebook=book.rulebook, backend=backend)
    source = dict(
        zip(arrays.symbols.to_pylist(), arrays.volatility_source.to_pylist(), strict=True)
    )
    assert source["C1"] == "given"
    assert source["P1"] == "solved"
    assert source["P2"] == "neighbours"
    assert source["X1"] == "solved"
    assert source["N1"] == source["N2"] == "none"
    assert source["ACME"] is None
    assert arrays.source_counts() == {
        "given": 2,
        "solved": 2,
        "neighbours": 1,
        "underlying": 0,
        "market": 0,
        "none": 2,
    }
    for symbol, price in (("P1", 11.0), ("X1", 120.0)):
        i = row_of(book.market, symbol)
        u = book.market.instruments.underlying[i]
        assert abs(arrays.base[i] - price) <= 1e-7 * book.market.underlyings.price[u]


def test_without_a_source_there_is_no_number_and_no_zero(book: Book, backend: BackendName) -> None:
    arrays = risk_arrays(book.market, rulebook=book.rulebook, backend=backend)
    i = row_of(book.market, "N1")
    assert np.isnan(arrays.base[i])
    assert np.isnan(arrays.pnl[i]).all()
    table = arrays.to_table()
    assert table["base"][i].as_py() is None
    assert table["volatility"][i].as_py() is None
    assert table["pnl_10"][i].as_py() is None
    assert table["volatility_source"][i].as_py() == "none"


def test_what_is_held_must_have_a_source(book: Book) -> None:
    required = np.zeros(len(book.market.instruments), np.bool_)
    required[row_of(book.market, "C1")] = True
    risk_arrays(book.market, rulebook=book.rulebook, required=required)
    for symbol in ("N1", "N2"):
        required[row_of(book.market, symbol)] = True
    with pytest.raises(BookError) as caught:
        risk_arrays(book.market, rulebook=book.rulebook, required=required)
    first, second = caught.value.defects
    assert (first.table, first.row, first.column, first.value) == ("instruments", 10, "price", "")
    assert "N1" in first.message
    assert "there is none" in first.message
    assert (second.row, second.value) == (11, "11.0")
    assert "more than the option can be worth" in second.message


def test_table_has_a_column_per_point(book: Book) -> None:
    arrays = risk_arrays(book.market, rulebook=book.rulebook)
    assert arrays.points == tuple(f"{k:02d}" for k in range(1, 11))
    table = arrays.to_table()
    named = ["symbol", "underlying", "base", "volatility", "volatility_source", "status"]
    assert table.column_names == named + [f"pnl_{point}" for point in arrays.points]
    assert table["underlying"].to_pylist()[:3] == ["ACME", "SPXL", "TRIP"]
    assert_array_equal(table["pnl_03"].to_numpy(), arrays.pnl[:, 2])


def test_threads_and_progress_change_nothing(book: Book, backend: BackendName) -> None:
    calls: list[tuple[str, int, int]] = []
    one = risk_arrays(book.market, rulebook=book.rulebook, backend=backend, threads=1)
    two = risk_arrays(
        book.market,
        rulebook=book.rulebook,
        backend=backend,
        threads=2,
        progress=lambda *call: calls.append(call),
    )
    assert_array_equal(one.pnl, two.pnl)
    assert_array_equal(one.base, two.base)
    assert_array_equal(one.volatility, two.volatility)
    n = len(one)
    assert calls == [("volatility", 0, n), ("volatility", n, n), ("risk arrays", n, n)]


def shifted_rulebook(scale: float, shift: float) -> Rulebook:
    """The built-in rulebook with the volatility of its last five points changed."""
    rules = load_rulebook("finra-4210g")
    (only,) = rules.scenario_sets
    n = only.end - 5
    scenarios = replace(
        only,
        volatility_scale=(1.0,) * n + (scale,) * 5,
        volatility_shift=(0.0,) * n + (shift,) * 5,
    )
    return replace(rules, scenario_sets=(scenarios,))


def test_a_shift_of_volatility_is_measured_from_today(book: Book, backend: BackendName) -> None:
    market = book.market
    plain = risk_arrays(market, rulebook=book.rulebook, backend=backend)
    shifted = risk_arrays(market, rulebook=shifted_rulebook(1.2, 0.05), backend=backend)
    assert_array_equal(shifted.base, plain.base)
    assert_array_equal(shifted.volatility, plain.volatility)
    assert_array_equal(shifted.pnl[:, :5], plain.pnl[:, :5])
    i = row_of(market, "C1")
    moved = market.instruments.implied_volatility.copy()
    moved[i] = 1.2 * moved[i] + 0.05
    instruments = replace(market.instruments, implied_volatility=moved)
    other = risk_arrays(
        replace(market, instruments=instruments), rulebook=book.rulebook, backend=backend
    )
    expected = other.pnl[i, 5:] + 100 * (other.base[i] - plain.base[i])
    assert_allclose(shifted.pnl[i, 5:], expected, rtol=1e-12)
    stock = row_of(market, "ACME")
    assert_array_equal(shifted.pnl[stock], plain.pnl[stock])


def test_a_shift_below_zero_leaves_no_volatility(book: Book) -> None:
    arrays = risk_arrays(book.market, rulebook=shifted_rulebook(0.0, -1.0))
    i = row_of(book.market, "X1")
    assert np.isfinite(arrays.pnl[i]).all()


@pytest.mark.market
def test_every_series_of_the_real_core_book_that_is_held_has_a_number(core_book: Path) -> None:
    real = read_book(core_book)
    held = np.zeros(len(real.market.instruments), np.bool_)
    held[real.instrument] = True
    arrays = risk_arrays(real.market, rulebook=real.rulebook, required=held)
    assert np.isfinite(arrays.base[held]).all()
    assert np.isfinite(arrays.pnl[held]).all()
    counts = arrays.source_counts()
    n = sum(counts.values())
    assert counts["solved"] > 0.6 * n
    assert counts["neighbours"] > counts["underlying"]
    assert counts["none"] == 0
    solved = np.array([source == "solved" for source in arrays.volatility_source.to_pylist()])
    spot = real.market.underlyings.price[real.market.instruments.underlying]
    error = np.abs(arrays.base - real.market.instruments.price) / spot
    assert error[solved].max() <= 1e-7
