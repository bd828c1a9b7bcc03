# SPDX-License-Identifier: Apache-2.0
"""Where the volatility of each option comes from: prices, neighbours, expiries, the market."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from riskarray import kernels, volatility
from riskarray.array_types import F64, I64
from riskarray.kernel_codes import VolatilityStatus
from riskarray.market import (
    KIND_OPTION,
    NEW_YORK,
    Dividends,
    Instruments,
    Market,
    Rates,
    Underlyings,
)
from riskarray.smiles import lower_bound
from riskarray.volatility import Volatilities, VolatilitySource, option_terms, volatilities

AS_OF = dt.datetime(2026, 7, 10, 16, tzinfo=NEW_YORK)
NONE, GIVEN, SOLVED = VolatilitySource.NONE, VolatilitySource.GIVEN, VolatilitySource.SOLVED
NEIGHBOURS, UNDERLYING = VolatilitySource.NEIGHBOURS, VolatilitySource.UNDERLYING


@dataclass(frozen=True)
class Row:
    """One option of a small market."""

    underlying: int = 0
    right: int = 1
    strike: float = 100.0
    days: int = 30
    price: float = np.nan
    implied_volatility: float = np.nan
    exercise: int = 1
    settlement: int = 2


def market_of(rows: list[Row], *, spots: tuple[float, ...] = (100.0,), **columns: Any) -> Market:
    """A market of options only; rates flat at 4 %, no dividends."""
    u, n = len(spots), len(rows)
    names = pa.array([f"U{k}" for k in range(u)])
    underlyings = Underlyings(
        name=names,
        price=np.array(spots),
        product_type=pa.array(["equity"] * u),
        portfolio_type=columns.get("portfolio_type", pa.array(["equity"] * u)),
        class_group=names,
        strategy_class=pa.array(["equity"] * u),
        product_group=pa.nulls(u, pa.string()),
        leverage=np.ones(u),
        dividend_yield=np.zeros(u),
    )
    expiry = np.datetime64(AS_OF.date(), "D") + np.array([r.days for r in rows], "timedelta64[D]")
    instruments = Instruments(
        symbol=pa.array([f"X{k}" for k in range(n)]),
        underlying=np.array([r.underlying for r in rows], np.int32),
        kind=np.full(n, KIND_OPTION, np.int8),
        right=np.array([r.right for r in rows], np.int8),
        strike=np.array([r.strike for r in rows], np.float64),
        expiry=expiry,
        exercise=np.array([r.exercise for r in rows], np.int8),
        settlement=np.array([r.settlement for r in rows], np.int8),
        multiplier=np.full(n, 100.0),
        price=np.array([r.price for r in rows], np.float64),
        implied_volatility=np.array([r.implied_volatility for r in rows], np.float64),
    )
    return Market(
        as_of=AS_OF,
        underlyings=underlyings,
        instruments=instruments,
        dividends=columns.get(
            "dividends",
            Dividends(
                offset=np.zeros(u + 1, np.int64),
                ex_date=np.zeros(0, "datetime64[D]"),
                time=np.zeros(0),
                amount=np.zeros(0),
            ),
        ),
        rates=Rates(time=np.array([1.0]), rate=np.array([0.04])),
    )


def find(market: Market) -> Volatilities:
    return volatilities(market, option_terms(market), threads=1)


def sources(found: Volatilities) -> list[VolatilitySource]:
    return [VolatilitySource(code) for code in found.source]


def forward(days: float, spot: float = 100.0) -> float:
    return float(spot * np.exp(0.04 * days / 365))


def european_price(row: Row, vol: float, spot: float = 100.0) -> float:
    """Value of a row at a volatility."""
    none = np.zeros(0)
    value = kernels.european_value(
        np.array([[spot]]),
        np.zeros(1, np.int32),
        np.array([row.right], np.int8),
        np.array([row.strike]),
        np.array([vol]),
        np.array([0.04]),
        np.zeros(1),
        np.array([row.days / 365]),
        np.zeros(2, np.int64),
        none,
        none,
    )
    return float(value[0, 0])


def priced(row: Row, vol: float) -> Row:
    return replace(row, price=european_price(row, vol))


def test_a_given_volatility_stands_before_the_price() -> None:
    found = find(market_of([Row(price=3.0, implied_volatility=0.7), Row(price=3.0)]))
    assert sources(found) == [GIVEN, SOLVED]
    assert found.volatility[0] == 0.7
    assert found.statuses().to_pylist() == [None, "ok"]


def test_neighbours_are_linear_in_total_variance_and_flat_beyond() -> None:
    low, high = Row(strike=95.0, right=-1), Row(strike=110.0)
    rows = [
        priced(low, 0.40),
        priced(high, 0.30),
        Row(strike=100.0),
        Row(strike=50.0, right=-1),
        Row(strike=300.0),
    ]
    found = find(market_of(rows))
    assert sources(found) == [SOLVED, SOLVED, NEIGHBOURS, NEIGHBOURS, NEIGHBOURS]
    part = np.log(100 / 95) / np.log(110 / 95)
    between = np.sqrt(0.40**2 + part * (0.30**2 - 0.40**2))
    assert_allclose(found.volatility, [0.40, 0.30, between, 0.40, 0.30], rtol=1e-9)


def test_of_call_and_put_the_one_out_of_the_money_counts() -> None:
    strike = 104.0
    rows = [
        priced(Row(strike=strike, right=-1), 0.60),
        priced(Row(strike=strike), 0.30),
        Row(strike=strike + 10),
    ]
    found = find(market_of(rows))
    assert_allclose(found.volatility, [0.60, 0.30, 0.30], rtol=1e-9)


def test_a_deep_in_the_money_solution_is_a_source_only_in_need() -> None:
    deep = priced(Row(strike=130.0, right=-1), 0.90)
    wanted = Row(strike=125.0)
    assert sources(find(market_of([deep, wanted]))) == [SOLVED, NEIGHBOURS]
    assert find(market_of([deep, wanted])).volatility[1] == pytest.approx(0.90)
    other_expiry = priced(Row(strike=125.0, days=60), 0.30)
    found = find(market_of([deep, wanted, other_expiry]))
    assert sources(found) == [SOLVED, UNDERLYING, SOLVED]
    assert found.volatility[1] == pytest.approx(0.30)


def test_another_expiry_is_read_at_the_same_number_of_deviations() -> None:
    near, far = 0.5, 0.2
    rows = [
        priced(Row(strike=forward(28) * 1.10, days=28), near),
        priced(Row(strike=forward(28) * 0.90, days=28, right=-1), far),
        Row(strike=forward(112) * 1.10**2, days=112),
        Row(strike=forward(112) * 0.90**2, days=112, right=-1),
        Row(strike=forward(112), days=112),
    ]
    found = find(market_of(rows))
    assert sources(found)[2:] == [UNDERLYING] * 3
    middle = -np.log(0.9) / (np.log(1.1) - np.log(0.9))
    at_the_forward = np.sqrt(far**2 + middle * (near**2 - far**2))
    assert_allclose(found.volatility[2:], [near, far, at_the_forward], rtol=1e-9)


def test_the_nearest_expiry_counts_and_the_earlier_of_two() -> None:
    rows = [
        priced(Row(strike=105.0, days=10), 0.2),
        priced(Row(strike=105.0, days=40), 0.4),
        Row(strike=105.0, days=24),
        Row(strike=105.0, days=25),
        Row(strike=105.0, days=26),
    ]
    assert_allclose(find(market_of(rows)).volatility, [0.2, 0.4, 0.2, 0.2, 0.4], rtol=1e-9)


def test_morning_and_afternoon_expiries_of_one_date_are_two() -> None:
    rows = [Row(implied_volatility=0.3, settlement=1), Row(settlement=1), Row(settlement=2)]
    assert sources(find(market_of(rows))) == [GIVEN, NEIGHBOURS, UNDERLYING]


def test_what_nothing_reaches_has_no_source() -> None:
    rows = [
        Row(implied_volatility=0.3),
        Row(underlying=1),
        Row(underlying=1, price=1e-9, right=-1, strike=150.0),
        Row(underlying=1, price=150.0),
    ]
    found = find(market_of(rows, spots=(100.0, 100.0)))
    assert sources(found) == [GIVEN, NONE, NONE, NONE]
    assert_array_equal(np.isnan(found.volatility), [False, True, True, True])
    assert found.statuses().to_pylist() == [None, "no_price", "below_intrinsic", "above_bound"]


def test_the_median_of_many_underlyings_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volatility, "MIN_UNDERLYINGS", 3)
    level = [0.2, 0.5, 0.3, 0.9]
    rows = [Row(underlying=k, implied_volatility=v) for k, v in enumerate(level)]
    rows += [Row(underlying=4), Row(underlying=5)]
    types = pa.array(["equity"] * 5 + ["volatility_index"])
    found = find(market_of(rows, spots=(100.0,) * 6, portfolio_type=types))
    assert sources(found)[4:] == [VolatilitySource.MARKET, NONE]
    assert found.volatility[4] == 0.3
    monkeypatch.setattr(volatility, "MIN_UNDERLYINGS", 5)
    found = find(market_of(rows, spots=(100.0,) * 6, portfolio_type=types))
    assert sources(found)[4:] == [NONE, NONE]


def test_expired_options_need_none() -> None:
    found = find(market_of([Row(days=0, price=3.0), Row(price=3.0)]))
    assert found.sources().to_pylist() == [None, "solved"]
    assert np.isnan(found.volatility[0])


def test_log_moneyness_leaves_out_dividends_as_the_kernels_do() -> None:
    dividends = Dividends(
        offset=np.array([0, 3], np.int64),
        ex_date=np.array(["2026-07-20", "2026-08-20", "2026-11-20"], "datetime64[D]"),
        time=np.array([0.03, 0.11, 0.36]),
        amount=np.array([2.0, 3.0, 200.0]),
    )
    rows = [Row(days=5), Row(days=30), Row(days=60), Row(days=365)]
    market = market_of(rows, dividends=dividends)
    terms = option_terms(market)
    k = volatility._log_moneyness(market, terms, np.arange(4))
    time = np.array([5, 30, 60, 365]) / 365
    paid = np.array([0.0, 2 * np.exp(-0.04 * 0.03), 0.0, 0.0])
    paid[2] = paid[1] + 3 * np.exp(-0.04 * 0.11)
    assert_allclose(k, np.log(100 / ((100 - paid) * np.exp(0.04 * time))), rtol=1e-12)


def random_market(seed: int, n: int = 600) -> Market:
    """Options of seven underlyings, some of them without any price, with stale and odd quotes."""
    rng = np.random.default_rng(seed)
    spots = tuple(np.round(rng.uniform(20, 200, 7), 2).tolist())
    rows = []
    for _ in range(n):
        u = int(rng.integers(0, 7))
        right = int(rng.choice([-1, 1]))
        row = Row(
            underlying=u,
            right=right,
            strike=float(np.round(spots[u] * np.exp(rng.normal(0, 0.2)), 0)),
            days=int(rng.choice([3, 10, 38, 101, 365])),
        )
        kind = rng.random() if u < 5 else rng.random() * (u == 5) * 0.5
        if kind > 0.9:
            row = replace(row, implied_volatility=float(rng.uniform(0.1, 0.9)))
        elif kind > 0.45:
            price = european_price(row, float(rng.uniform(0.1, 0.9)), spots[u])
            row = replace(row, price=float(np.round(price, 2)))
        rows.append(row)
    return market_of(rows, spots=spots)


def slow_fill(market: Market, found: Volatilities) -> tuple[F64, list[VolatilitySource]]:
    """The rules of `riskarray.volatility` again, one series at a time."""
    instruments, time = market.instruments, market.time_to_expiry()
    n = len(instruments)
    x = np.array(
        [
            np.log(instruments.strike[i] / forward(time[i] * 365, market.underlyings.price[u]))
            for i, u in enumerate(instruments.underlying)
        ]
    )
    is_first_hand = [found.source[i] in (GIVEN, SOLVED) for i in range(n)]
    otm = [instruments.right[i] * x[i] >= 0 for i in range(n)]
    is_given = [found.source[i] == GIVEN for i in range(n)]
    trusted = [is_first_hand[i] and (is_given[i] or otm[i] or abs(x[i]) <= 0.05) for i in range(n)]

    def from_points(i: int, allowed: list[bool]) -> tuple[float, VolatilitySource]:
        mine = [
            j
            for j in range(n)
            if allowed[j] and instruments.underlying[j] == instruments.underlying[i]
        ]
        if not mine:
            return np.nan, NONE
        t = min({time[j] for j in mine}, key=lambda t: (abs(t - time[i]), t))
        best: dict[float, tuple[bool, bool, float]] = {}
        for j in mine:
            if time[j] == t:
                rank = (not is_given[j], not otm[j], found.volatility[j])
                best[x[j]] = min(best.get(x[j], rank), rank)
        points = sorted((k, rank[2] ** 2) for k, rank in best.items())
        k, variances = zip(*points, strict=True)
        variance = np.interp(x[i] * np.sqrt(t / time[i]), np.array(k), np.array(variances))
        return float(np.sqrt(variance)), NEIGHBOURS if t == time[i] else UNDERLYING

    result, source = found.volatility.copy(), sources(found)
    for i in range(n):
        if not is_first_hand[i]:
            result[i], source[i] = from_points(i, trusted)
            if np.isnan(result[i]):
                result[i], source[i] = from_points(i, is_first_hand)
    return result, source


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fill_is_that_of_the_slow_rules(seed: int) -> None:
    market = random_market(seed)
    found = find(market)
    expected, source = slow_fill(market, found)
    assert sources(found) == source
    assert {NEIGHBOURS, UNDERLYING, NONE, GIVEN, SOLVED} == set(source)
    assert_allclose(found.volatility, expected, rtol=1e-10)


def test_the_order_of_rows_changes_nothing() -> None:
    market = random_market(4)
    found = find(market)
    order = np.random.default_rng(5).permutation(len(market.instruments))
    columns = {
        name: getattr(market.instruments, name)[order]
        for name in Instruments.__slots__
        if name != "symbol"
    }
    symbol = market.instruments.symbol.take(pa.array(order))
    shuffled = find(replace(market, instruments=Instruments(symbol=symbol, **columns)))
    assert_array_equal(shuffled.volatility, found.volatility[order])
    assert_array_equal(shuffled.source, found.source[order])
    assert_array_equal(shuffled.status, found.status[order])


def test_lower_bound_searches_each_interval() -> None:
    values = np.array([1.0, 3.0, 5.0, 2.0, 4.0])
    begin: I64 = np.array([0, 0, 0, 3, 3, 2])
    end: I64 = np.array([3, 3, 3, 5, 5, 2])
    wanted = np.array([0.0, 3.0, 9.0, 3.0, 4.0, 1.0])
    assert_array_equal(lower_bound(values, begin, end, wanted), [0, 1, 3, 4, 4, 2])


def test_statuses_in_words_are_those_of_the_contract() -> None:
    found = find(market_of([Row(price=3.0), Row()]))
    assert found.statuses().dictionary.to_pylist() == [s.name.lower() for s in VolatilityStatus]
