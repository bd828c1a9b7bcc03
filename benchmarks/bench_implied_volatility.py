# SPDX-License-Identifier: Apache-2.0
"""Implied volatility of American series, one core, beside QuantLib on the same series.

The peer is QuantLib's Brent solver on its `QdFpAmericanEngine`, fast scheme, to 1e-7 in volatility;
its own `impliedVolatility` solves with a finite-difference engine and takes 40 times as long.
Divide the time of a round by `series`.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 - its own name
from pytest_benchmark.fixture import BenchmarkFixture

from american_series import Series, american_value
from riskarray import kernels
from riskarray.array_types import F64, I8
from riskarray.backends import BackendName
from riskarray.kernel_codes import Model, VolatilityStatus

SPOT = 100.0
SIZE = {"native": 20_000, "numba": 500, "quantlib": 40}
TODAY = ql.Date(10, 7, 2026)


@dataclass(frozen=True, kw_only=True)
class Quotes:
    """Series with the prices that their volatilities give."""

    series: Series
    price: F64
    day: F64

    def first(self, n: int) -> "Quotes":
        rows = slice(0, n)
        return Quotes(series=self.series.rows(rows), price=self.price[rows], day=self.day[rows])


@pytest.fixture(scope="module")
def quotes() -> Quotes:
    """Two days to two years, 10 to 100 %, strikes around the spot, half with a yield.

    Prices are at least 1e-4 of spot above what they are without volatility.
    """
    rng = np.random.default_rng(7)
    n = 2 * SIZE["native"]
    day = rng.integers(2, 731, n).astype(np.float64)
    series = Series(
        right=rng.choice([-1.0, 1.0], n),
        strike=np.clip(SPOT * np.exp(rng.normal(0.0, 0.25, n)), 40.0, 250.0),
        volatility=np.exp(rng.uniform(np.log(0.1), np.log(1.0), n)),
        rate=rng.uniform(0.005, 0.07, n),
        dividend_yield=np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0.001, 0.06, n)),
        time_to_expiry=day / 365,
    )
    spot = np.full((n, 1), SPOT)
    price = american_value(spot, series)[:, 0]
    least = american_value(spot, series.with_terms(volatility=np.full(n, 1e-3)))[:, 0]
    rows = np.flatnonzero(price > least + 1e-4 * SPOT)[: SIZE["native"]]
    assert len(rows) == SIZE["native"]
    return Quotes(series=series.rows(rows), price=price[rows], day=day[rows])


def solve(quotes: Quotes, backend: BackendName) -> tuple[F64, I8]:
    series, n = quotes.series, len(quotes.price)
    none = np.zeros(0)
    return kernels.implied_volatility(
        quotes.price,
        np.full(n, Model.AMERICAN, np.int8),
        np.array([[SPOT]]),
        np.zeros(n, np.int32),
        series.right.astype(np.int8),
        series.strike,
        series.rate,
        series.dividend_yield,
        series.time_to_expiry,
        np.zeros(2, np.int64),
        none,
        none,
        backend=backend,
        threads=1,
    )


def reprices(quotes: Quotes, volatility: F64) -> float:
    """Greatest difference to the prices, in units of spot."""
    n = len(volatility)
    again = american_value(np.full((n, 1), SPOT), quotes.series.with_terms(volatility=volatility))
    return float(np.abs(again[:, 0] - quotes.price).max() / SPOT)


@pytest.mark.benchmark(group="implied volatility, American")
@pytest.mark.parametrize("backend", ["native", "numba"])
def test_riskarray(benchmark: BenchmarkFixture, quotes: Quotes, backend: BackendName) -> None:
    some = quotes.first(SIZE[backend])
    solve(some, backend)
    volatility, status = benchmark(solve, some, backend)
    benchmark.extra_info["series"] = SIZE[backend]
    assert (status == VolatilityStatus.OK).all()
    assert reprices(some, volatility) <= 1e-7


class Peer:
    """One option of QuantLib and the quote that its process takes the volatility from."""

    def __init__(self, quotes: Quotes, row: int) -> None:
        series = quotes.series
        self.price = float(quotes.price[row])
        self.volatility = ql.SimpleQuote(0.3)
        days = ql.Actual365Fixed()
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(SPOT)),
            ql.YieldTermStructureHandle(
                ql.FlatForward(TODAY, float(series.dividend_yield[row]), days)
            ),
            ql.YieldTermStructureHandle(ql.FlatForward(TODAY, float(series.rate[row]), days)),
            ql.BlackVolTermStructureHandle(
                ql.BlackConstantVol(TODAY, ql.NullCalendar(), ql.QuoteHandle(self.volatility), days)
            ),
        )
        right = ql.Option.Call if series.right[row] > 0 else ql.Option.Put
        self.option = ql.VanillaOption(
            ql.PlainVanillaPayoff(right, float(series.strike[row])),
            ql.AmericanExercise(TODAY, TODAY + int(quotes.day[row])),
        )
        engine = ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.fastScheme())
        self.option.setPricingEngine(engine)

    def miss(self, volatility: float) -> float:
        self.volatility.setValue(volatility)
        return float(self.option.NPV()) - self.price

    def solve(self) -> float:
        solver = ql.Brent()
        solver.setMaxEvaluations(100)
        return float(solver.solve(self.miss, 1e-7, 0.3, 1e-4, 4.0))


@pytest.mark.benchmark(group="implied volatility, American")
def test_quantlib(benchmark: BenchmarkFixture, quotes: Quotes) -> None:
    ql.Settings.instance().evaluationDate = TODAY
    some = quotes.first(SIZE["quantlib"])
    peers = [Peer(some, row) for row in range(SIZE["quantlib"])]
    volatility = benchmark(lambda: np.array([peer.solve() for peer in peers]))
    benchmark.extra_info["series"] = SIZE["quantlib"]
    assert reprices(some, volatility) <= 2e-5  # their scheme and ours
