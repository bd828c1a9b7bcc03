"""A book's accounts, positions and market, as its tables give them."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskarray.class_groups import class_groups
from riskarray.market import KIND_FUTURE, KIND_OPTION, KIND_STOCK, NEW_YORK
from riskarray.position_rows import sort_positions
from riskarray.roots import (
    EXERCISE_AMERICAN,
    EXERCISE_EUROPEAN,
    EXERCISE_NONE,
    SETTLEMENT_AM,
    SETTLEMENT_NONE,
    SETTLEMENT_PM,
)
from small_book import ACME_CALL, ACME_PUT, FUTURE, SPX_PUT, book_of, held, small_tables, with_row


def test_a_book_holds_what_its_tables_say() -> None:
    book = book_of(small_tables())
    assert held(book) == {
        "A1": {"ACME": 100.0, ACME_CALL: -1.0},
        "A2": {SPX_PUT: -2.0},
        "A3": {"SPY": 300.0, FUTURE: 1.0, ACME_PUT: 5.0},
        "A4": {},
    }
    assert book.cash.tolist() == [0.0, 1000.5, -250.0, 10.0]
    assert book.account_type.to_pylist() == ["portfolio", "portfolio", "portfolio", "reg_t"]
    assert book.rejects.num_rows == 0
    assert book.rulebook.id == "finra-4210g"
    assert book.market.as_of == dt.datetime(2026, 7, 10, 16, tzinfo=NEW_YORK)


def test_terms_come_from_the_row_the_symbol_and_the_root() -> None:
    table = book_of(small_tables()).market.instruments
    row = {symbol: k for k, symbol in enumerate(table.symbol.to_pylist())}
    stock, call, put, index, future = (
        row[s] for s in ("ACME", ACME_CALL, ACME_PUT, SPX_PUT, FUTURE)
    )
    assert table.kind[[stock, call, future]].tolist() == [KIND_STOCK, KIND_OPTION, KIND_FUTURE]
    assert table.right[[stock, call, put, index, future]].tolist() == [0, 1, -1, -1, 0]
    assert table.strike[[stock, call, index, future]].tolist() == [0.0, 510.0, 5000.0, 0.0]
    assert str(table.expiry[index]) == "2026-09-18"
    assert np.isnat(table.expiry[stock])
    assert table.exercise[[stock, call, put, index, future]].tolist() == [
        EXERCISE_NONE,
        EXERCISE_AMERICAN,
        EXERCISE_AMERICAN,
        EXERCISE_EUROPEAN,
        EXERCISE_NONE,
    ]
    assert table.settlement[[stock, call, index, future]].tolist() == [
        SETTLEMENT_NONE,
        SETTLEMENT_PM,
        SETTLEMENT_AM,
        SETTLEMENT_AM,
    ]
    assert table.multiplier[[stock, call, put, index, future]].tolist() == [1, 100, 100, 100, 50]
    assert np.isnan(table.price[index])
    assert table.implied_volatility[index] == 0.16


def test_a_symbol_of_positions_alone_adds_an_instrument() -> None:
    tables = small_tables()
    tables["positions"]["symbol"] = [
        "BRK/B",
        "BRKB  260821P00390000",
        "SPXW260821C05100000",
        "SPY",
        "BRK.B",
        "BRKB260821P00390000",
    ]
    book = book_of(tables)
    table = book.market.instruments
    assert table.symbol.to_pylist()[5:] == [
        "BRK.B",
        "BRKB  260821P00390000",
        "SPXW260821C05100000",
        "SPY",
    ]
    assert table.kind[5:].tolist() == [KIND_STOCK, KIND_OPTION, KIND_OPTION, KIND_STOCK]
    assert table.underlying[5:].tolist() == [3, 3, 1, 2]
    assert table.exercise[5:].tolist() == [0, EXERCISE_AMERICAN, EXERCISE_EUROPEAN, 0]
    assert table.settlement[5:].tolist() == [0, SETTLEMENT_PM, SETTLEMENT_PM, 0]
    assert table.price[[5, 8]].tolist() == [400.0, 500.0]
    assert np.isnan(table.price[[6, 7]]).all()
    assert table.multiplier[5:].tolist() == [1.0, 100.0, 100.0, 1.0]


def test_both_spellings_of_a_symbol_are_one_position() -> None:
    padded = "ACME  260821C00510000"
    book = book_of(with_row("positions", account="A1", symbol=padded, quantity=3.0))
    assert held(book)["A1"] == {"ACME": 100.0, ACME_CALL: 2.0}


def test_a_position_that_adds_up_to_nothing_is_gone() -> None:
    book = book_of(with_row("positions", account="A1", symbol="ACME", quantity=-100.0))
    assert held(book)["A1"] == {ACME_CALL: -1.0}


def test_an_adjusted_contract_needs_its_terms_from_instruments() -> None:
    row = {"symbol": "ACME1260821C00510000", "underlying": "ACME", "kind": "option"}
    tables = with_row("instruments", **row, multiplier=150.0, price=8.0)
    tables["positions"]["symbol"][1] = row["symbol"]
    book = book_of(tables)
    assert book.market.instruments.multiplier[5] == 150.0
    assert held(book)["A1"][row["symbol"]] == -1.0


def test_underlyings_take_their_defaults_from_the_rulebook() -> None:
    tables = small_tables()
    tables["underlyings"] = {
        "underlying": ["ACME", "SPY", "SPX", "UPRO", "VIX"],
        "price": [500.0, 500.0, 5000.0, 90.0, 15.0],
    }
    table = book_of(tables).market.underlyings
    assert table.portfolio_type.to_pylist() == [
        "equity",
        "high_cap_index",
        "high_cap_index",
        "high_cap_index",
        "volatility_index",
    ]
    assert table.class_group.to_pylist() == ["ACME", "SPX", "SPX", "SPX", "VIX"]
    assert table.product_type.to_pylist() == ["equity", "etf", "index", "etf", "index"]
    assert table.leverage.tolist() == [1.0, 1.0, 1.0, 3.0, 1.0]
    assert table.strategy_class.to_pylist()[:3] == ["equity", "broad_index", "broad_index"]
    assert table.product_group.to_pylist()[0] is None
    assert table.product_group.to_pylist()[1] == table.product_group.to_pylist()[2] != ""


def test_what_a_book_says_of_an_underlying_wins_over_the_rulebook() -> None:
    tables = small_tables()
    tables["underlyings"] |= {
        "class_group": [None, None, "SPY", None],
        "portfolio_type": [None, None, "equity", None],
        "leverage": [None, None, -2.0, None],
        "strategy_class": [None, None, "narrow_index", None],
        "product_group": [None, None, None, None],
    }
    table = book_of(tables).market.underlyings
    assert table.class_group[2].as_py() == "SPY"
    assert table.portfolio_type[2].as_py() == "equity"
    assert table.leverage[2] == -2.0
    assert table.strategy_class[2].as_py() == "narrow_index"


def test_dividends_are_those_to_come_by_underlying_and_time() -> None:
    tables = small_tables()
    tables["dividends"] = {
        "underlying": ["SPY", "ACME", "ACME", "ACME", "BRK.B"],
        "ex_date": [dt.date(2026, m, d) for m, d in ((9, 18), (8, 3), (7, 10), (7, 13), (8, 1))],
        "amount": [1.9, 1.25, 9.0, 0.5, 0.0],
    }
    table = book_of(tables).market.dividends
    assert table.offset.tolist() == [0, 2, 2, 3, 3]
    assert table.amount.tolist() == [0.5, 1.25, 1.9]
    hours = table.time[:1] * 365 * 24
    np.testing.assert_allclose(hours, [65.5], rtol=1e-14)


def test_a_dividend_of_the_expiry_day_of_an_am_option_comes_at_its_expiry() -> None:
    tables = with_row("dividends", underlying="SPX", ex_date=dt.date(2026, 9, 18), amount=2.0)
    market = book_of(tables).market
    row = market.instruments.symbol.to_pylist().index(SPX_PUT)
    assert market.time_to_expiry()[row] == market.dividends.time[1]


def test_rates_may_stand_in_any_order() -> None:
    tables = small_tables()
    tables["rates"] = {
        "date": [dt.date(2027, 7, 10), dt.date(2026, 7, 11)],
        "rate": [0.04, 0.035],
    }
    market = book_of(tables).market
    np.testing.assert_allclose(market.rates.time, [1 / 365, 1.0], rtol=1e-14)
    assert market.rates.rate.tolist() == [0.035, 0.04]


@pytest.mark.parametrize("unread", ["dividends", "rates", "accounts"])
def test_optional_tables_may_be_absent(unread: str) -> None:
    tables = small_tables()
    del tables[unread]
    book = book_of(tables)
    assert len(book.account) == (3 if unread == "accounts" else 4)
    assert len(book.quantity) == 6


@given(st.permutations(range(6)), st.permutations(range(5)), st.permutations(range(4)))
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_does_not_matter(
    positions: list[int], instruments: list[int], underlyings: list[int]
) -> None:
    tables = small_tables()
    orders = {"positions": positions, "instruments": instruments, "underlyings": underlyings}
    for name, order in orders.items():
        tables[name] = {c: [values[k] for k in order] for c, values in tables[name].items()}
    book, straight = book_of(tables), book_of(small_tables())
    assert held(book) == held(straight)
    assert book.account.equals(straight.account)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(-3, 3)), max_size=60))
def test_sorted_positions_are_the_sums_in_order(rows: list[tuple[int, int, int]]) -> None:
    account, instrument, quantity = np.array(rows, np.int32).reshape(-1, 3).T
    rank = np.array([3, 1, 4, 0, 5, 2, 7, 6], np.int64)
    offset, held_instrument, total = sort_positions(
        account, instrument, quantity.astype(np.float64), rank, 6
    )
    want: dict[tuple[int, int, int], float] = {}
    for a, i, q in rows:
        key = (a, int(rank[i]), i)
        want[key] = want.get(key, 0.0) + q
    left = sorted((key, q) for key, q in want.items() if q)
    assert offset.tolist() == [sum(key[0] < a for key, _ in left) for a in range(7)]
    assert held_instrument.tolist() == [key[2] for key, _ in left]
    assert total.tolist() == [q for _, q in left]


def test_positions_lie_by_account_then_class_group_then_instrument() -> None:
    tables = small_tables()
    symbols = ["SPY", "BRK-B", "ACME", SPX_PUT, ACME_CALL, FUTURE]
    tables["positions"]["account"] = ["A1"] * 6
    tables["positions"]["symbol"] = symbols
    book = book_of(tables)
    groups = class_groups(book.market.underlyings, book.rulebook).of_underlying
    place = groups[book.market.instruments.underlying[book.instrument]]
    assert (np.diff(place) >= 0).all()
    within = np.diff(book.instrument)[np.diff(place) == 0]
    assert (within > 0).all()
