"""American options without cash dividends: accuracy, properties and edges on both backends."""

from functools import cache

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813  # its own examples
from numpy.testing import assert_allclose, assert_array_equal

from american_series import Series, american_value, european_value, random_series
from instruction_sets import SUPPORTED, output_on
from known_values import read_cases
from riskarray.array_types import F64
from riskarray.backends import BackendName

SPOT = 100.0


@cache
def reference(name: str) -> tuple[Series, F64]:
    """Series at a spot of 100, and QuantLib's values."""
    rows = read_cases(name)
    column = {name: np.array([float(row[name]) for row in rows]) for name in list(rows[0])[1:]}
    days, value = column.pop("days"), column.pop("value")
    return Series(**column, time_to_expiry=days / 365), value


def quantlib_value(series: Series) -> F64:
    """Values at a spot of 100 by QuantLib's high-precision engine; times are whole days."""
    today, count = ql.Date(2, 1, 2024), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    quotes = [ql.SimpleQuote(x) for x in (SPOT, 0.2, 0.0, 0.0)]
    spot, volatility, rate, dividend_yield = map(ql.QuoteHandle, quotes)
    process = ql.BlackScholesMertonProcess(
        spot,
        ql.YieldTermStructureHandle(ql.FlatForward(today, dividend_yield, count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, rate, count)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(today, ql.NullCalendar(), volatility, count)
        ),
    )
    engine = ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme())
    value = np.empty(series.strike.size)
    for i in range(value.size):
        row = series.rows(slice(i, i + 1))
        terms = (row.volatility, row.rate, row.dividend_yield)
        for quote, term in zip(quotes[1:], terms, strict=True):
            quote.setValue(term.item())
        right = ql.Option.Call if row.right > 0 else ql.Option.Put
        expiry = today + round(365 * row.time_to_expiry.item())
        option = ql.VanillaOption(
            ql.PlainVanillaPayoff(right, row.strike.item()), ql.AmericanExercise(today, expiry)
        )
        option.setPricingEngine(engine)
        value[i] = option.NPV()
    return value


@pytest.mark.parametrize("name", ["american_value", "american_extremes"])
def test_reference_is_quantlibs(name: str) -> None:
    series, value = reference(name)
    some = np.arange(0, value.size, 50)
    assert_allclose(value[some], quantlib_value(series.rows(some)), rtol=0, atol=1e-9)


def test_error_against_quantlib(backend: BackendName) -> None:
    """1 to 912 days, volatility 5 to 300 %, strike 40 to 250 %, rate -1 to 8 %, yield 0 to 12 %."""
    series, value = reference("american_value")
    assert value.size == 5_000
    got = american_value(np.full((value.size, 1), SPOT), series, backend=backend)[:, 0]
    error = np.abs(got - value) / SPOT
    assert np.max(error) < 4e-6
    assert np.quantile(error, 0.99) < 1.2e-6
    assert np.median(error) < 1e-11


def test_error_against_quantlib_beyond_the_usual(backend: BackendName) -> None:
    """500 with a drift steep against volatilities of 0.5 to 10 %, 500 with rates of -10 to 10 %,
    volatility to 500 %, yields to 15 %.
    """
    series, value = reference("american_extremes")
    got = american_value(np.full((value.size, 1), SPOT), series, backend=backend)[:, 0]
    error = np.abs(got - value) / SPOT
    assert np.max(error) < 5e-6
    assert np.quantile(error, 0.99) < 1e-6


def test_call_is_the_put_with_spot_and_strike_exchanged(backend: BackendName) -> None:
    spot, series = random_series(2_000, 1)
    at = spot[:, 3:4]
    mirrored = Series(
        right=-series.right,
        strike=at[:, 0],
        volatility=series.volatility,
        rate=series.dividend_yield,
        dividend_yield=series.rate,
        time_to_expiry=series.time_to_expiry,
    )
    one = american_value(at, series, backend=backend)
    other = american_value(series.strike[:, None], mirrored, backend=backend)
    assert_allclose(one, other, rtol=0, atol=1e-11)


def test_value_is_at_least_intrinsic_and_european(backend: BackendName) -> None:
    spot, series = random_series(5_000, 2)
    value = american_value(spot, series, backend=backend)
    intrinsic = np.maximum(series.right[:, None] * (spot - series.strike[:, None]), 0.0)
    assert np.all(value >= intrinsic)
    assert np.all(value >= european_value(spot, series, backend=backend))
    bound = np.where(series.right[:, None] > 0, spot, series.strike[:, None])
    growth = np.exp(
        np.maximum(-np.where(series.right > 0, series.dividend_yield, series.rate), 0.0)
        * series.time_to_expiry
    )
    assert np.all(value <= bound * growth[:, None] * (1 + 1e-12))


def test_calls_without_yield_are_european(backend: BackendName) -> None:
    spot, series = random_series(1_000, 3)
    calls = series.with_terms(
        right=np.ones(1_000), rate=np.abs(series.rate), dividend_yield=np.zeros(1_000)
    )
    assert_array_equal(
        american_value(spot, calls, backend=backend), european_value(spot, calls, backend=backend)
    )


def test_value_rises_with_spot_for_calls_and_falls_for_puts(backend: BackendName) -> None:
    spot, series = random_series(5_000, 4)
    spot = spot[:, 5:6] * np.exp(np.linspace(-0.2, 0.2, 65))
    step = series.right[:, None] * np.diff(american_value(spot, series, backend=backend))
    assert np.min(step) > -1e-7 * SPOT
    assert np.all(step <= np.diff(spot) + 2e-6 * SPOT)


@pytest.mark.parametrize(
    ("term", "sign"), [("strike", 0.0), ("volatility", 1.0), ("time_to_expiry", 1.0)]
)
def test_value_is_monotone_in_the_terms(backend: BackendName, term: str, sign: float) -> None:
    """A small step of a term never moves a value the wrong way by more than the error allowed."""
    spot, series = random_series(5_000, 5)
    before = american_value(spot, series, backend=backend)
    raised = {term: getattr(series, term) * 1.02}
    step = american_value(spot, series.with_terms(**raised), backend=backend) - before
    direction = -series.right[:, None] if sign == 0.0 else sign
    assert np.min(direction * step) > -2e-6 * SPOT


def test_one_solve_is_as_many_single_spots(backend: BackendName) -> None:
    spot, series = random_series(500, 6)
    together = american_value(spot, series, backend=backend)
    for j in range(spot.shape[1]):
        alone = american_value(spot[:, j : j + 1], series, backend=backend)
        assert_array_equal(alone[:, 0], together[:, j])


def test_threads_order_and_neighbours_change_no_bit(backend: BackendName) -> None:
    spot, series = random_series(9_001, 7)
    value = american_value(spot, series, backend=backend)
    assert_array_equal(value, american_value(spot, series, backend=backend, threads=2))
    order = np.random.default_rng(8).permutation(9_001)
    assert_array_equal(
        american_value(spot[order], series.rows(order), backend=backend), value[order]
    )
    part = slice(1_003, 1_016)
    assert_array_equal(american_value(spot[part], series.rows(part), backend=backend), value[part])


def test_backends_agree_within_the_contract() -> None:
    spot, series = random_series(20_000, 9)
    native = american_value(spot, series, backend="native")
    difference = np.abs(native - american_value(spot, series, backend="numba"))
    assert np.max(difference / (spot + series.strike[:, None])) < 1e-9


PRINT_VALUES = """
import sys
from american_series import american_value, random_series
sys.stdout.buffer.write(american_value(*random_series(2_000, 10), backend="native").tobytes())
"""


@pytest.mark.parametrize("isa", SUPPORTED)
def test_each_instruction_set_agrees(isa: str) -> None:
    spot, series = random_series(2_000, 10)
    got = np.frombuffer(output_on(isa, PRINT_VALUES)).reshape(spot.shape)
    difference = np.abs(got - american_value(spot, series, backend="native"))
    assert np.max(difference / (spot + series.strike[:, None])) < 1e-10
