# SPDX-License-Identifier: Apache-2.0
"""American values without ex-dates, one core, beside QuantLib's engines on the same series.

Half of the series have a yield; ours are priced at the base spot and ten points around it from one
solve, the peers one value at a time at the base. Divide the time of a round by `values`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 - its own name
from pytest_benchmark.fixture import BenchmarkFixture

from american_series import Series, american_value
from riskarray import kernels
from riskarray.array_types import F64
from riskarray.backends import BackendName

SPOT = 100.0
SPOTS = SPOT * np.array([[1.0, 0.85, 0.88, 0.91, 0.94, 0.97, 1.03, 1.06, 1.09, 1.12, 1.15]])
SIZE = {"native": 20_000, "numba": 2_000, "QdFp fast": 200, "CRR 200": 20, "FD 100x100": 10}
TODAY = ql.Date(10, 7, 2026)
GROUP = "American value, no ex-date"


@pytest.fixture(scope="module")
def series() -> Series:
    """Two days to two years, 10 to 100 %, strikes around the spot, half with a yield."""
    rng = np.random.default_rng(7)
    n = SIZE["native"]
    return Series(
        right=rng.choice([-1.0, 1.0], n),
        strike=np.clip(SPOT * np.exp(rng.normal(0.0, 0.25, n)), 40.0, 250.0),
        volatility=np.exp(rng.uniform(np.log(0.1), np.log(1.0), n)),
        rate=rng.uniform(0.005, 0.07, n),
        dividend_yield=np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0.001, 0.06, n)),
        time_to_expiry=rng.integers(2, 731, n) / 365,
    )


def values(series: Series, backend: BackendName) -> F64:
    """Values of series on one underlying at its base spot and ten points."""
    n = series.strike.size
    none = np.zeros(0)
    return kernels.american_value(
        SPOTS,
        np.zeros(n, np.int32),
        series.right.astype(np.int8),
        series.strike,
        series.volatility,
        series.rate,
        series.dividend_yield,
        series.time_to_expiry,
        np.zeros(2, np.int64),
        none,
        none,
        backend=backend,
        threads=1,
    )


@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("backend", ["native", "numba"])
def test_riskarray(benchmark: BenchmarkFixture, series: Series, backend: BackendName) -> None:
    n = SIZE[backend]
    some = series.rows(slice(0, n))
    values(some, backend)
    value = benchmark(values, some, backend)
    benchmark.extra_info["values"] = value.size
    for j in (0, 1, 10):  # single spots, one underlying for each series
        alone = american_value(np.full((n, 1), SPOTS[0, j]), some)[:, 0]
        assert np.max(np.abs(value[:, j] - alone)) <= 1e-9 * SPOT


def process(series: Series, row: int) -> Any:
    days = ql.Actual365Fixed()
    rate, dividend_yield, volatility = (
        float(column[row]) for column in (series.rate, series.dividend_yield, series.volatility)
    )
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(SPOT)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, dividend_yield, days)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, days)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility, days)
        ),
    )


def option(series: Series, row: int, engine: Any) -> Any:
    """One option with its engine."""
    right = ql.Option.Call if series.right[row] > 0 else ql.Option.Put
    expiry = TODAY + round(float(series.time_to_expiry[row]) * 365)
    one = ql.VanillaOption(
        ql.PlainVanillaPayoff(right, float(series.strike[row])),
        ql.AmericanExercise(TODAY, expiry),
    )
    one.setPricingEngine(engine)
    return one


def value_again(one: Any) -> float:
    one.recalculate()
    return float(one.NPV())


PEERS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "QdFp fast": (
        lambda p: ql.QdFpAmericanEngine(p, ql.QdFpAmericanEngine.fastScheme()),
        6e-5,
    ),
    "CRR 200": (lambda p: ql.BinomialCRRVanillaEngine(p, 200), 2e-3),
    "FD 100x100": (lambda p: ql.FdBlackScholesVanillaEngine(p, 100, 100), 5e-3),
}
"""Engine, and its greatest distance from ours in units of spot."""


@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("peer", list(PEERS))
def test_quantlib(benchmark: BenchmarkFixture, series: Series, peer: str) -> None:
    ql.Settings.instance().evaluationDate = TODAY
    make_engine, bound = PEERS[peer]
    some = series.rows(slice(0, SIZE[peer]))
    options = [option(some, row, make_engine(process(some, row))) for row in range(SIZE[peer])]
    value = benchmark(lambda: np.array([value_again(one) for one in options]))
    benchmark.extra_info["values"] = SIZE[peer]
    ours = values(some, "native")[:, 0]
    assert np.max(np.abs(value - ours)) <= bound * SPOT
