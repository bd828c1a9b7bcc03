"""American options without cash dividends at the ends of their terms, on both backends."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from american_series import Series, american_value, european_value, random_series
from riskarray.array_types import F64
from riskarray.backends import BackendName

SPOTS = np.array([[0.0, 40.0, 90.0, 100.0, 110.0, 250.0]])


def series(**terms: float) -> Series:
    """One series; a put with a yield unless said otherwise."""
    usual = {
        "right": -1.0,
        "strike": 100.0,
        "volatility": 0.3,
        "rate": 0.05,
        "dividend_yield": 0.02,
        "time_to_expiry": 1.0,
    }
    return Series(**{name: np.array([value]) for name, value in {**usual, **terms}.items()})


def best_certain_value(spot: F64, terms: Series) -> F64:
    """Greatest discounted payoff over a fine grid of exercise times."""
    t = np.linspace(0, 1, 20_001) * terms.time_to_expiry
    payoff = terms.right * (
        spot[..., None] * np.exp(-terms.dividend_yield * t) - terms.strike * np.exp(-terms.rate * t)
    )
    best: F64 = np.maximum(payoff, 0.0).max(axis=-1)
    return best


@pytest.mark.parametrize("right", [1.0, -1.0])
@pytest.mark.parametrize("time", [0.0, -0.5])
def test_at_and_past_expiry_the_value_is_intrinsic(
    backend: BackendName, right: float, time: float
) -> None:
    terms = series(right=right, time_to_expiry=time)
    intrinsic = np.maximum(right * (SPOTS - 100.0), 0.0)
    assert_array_equal(american_value(SPOTS, terms, backend=backend), intrinsic)


@pytest.mark.parametrize("right", [1.0, -1.0])
@pytest.mark.parametrize(("rate", "dividend_yield"), [(0.05, 0.02), (0.02, 0.05), (0.04, 0.04)])
def test_without_volatility_exercise_is_at_the_best_time(
    backend: BackendName, right: float, rate: float, dividend_yield: float
) -> None:
    terms = series(right=right, rate=rate, dividend_yield=dividend_yield, volatility=0.0)
    got = american_value(SPOTS, terms, backend=backend)
    assert_allclose(got, best_certain_value(SPOTS, terms), rtol=0, atol=1e-8)
    tiny = replace(terms, volatility=np.array([1e-9]))
    assert_allclose(american_value(SPOTS, tiny, backend=backend), got, rtol=0, atol=1e-6)


@pytest.mark.parametrize("right", [1.0, -1.0])
@pytest.mark.parametrize(
    ("rate", "dividend_yield"), [(0.05, 0.0), (0.05, 0.02), (0.02, 0.08), (0.0, 0.03), (0.1, 0.1)]
)
def test_value_tends_to_the_certain_one(
    backend: BackendName, right: float, rate: float, dividend_yield: float
) -> None:
    """The time value is at most that of a straddle, 0.8 S sigma sqrt(T)."""
    for volatility in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
        terms = series(right=right, rate=rate, dividend_yield=dividend_yield, volatility=volatility)
        certain = best_certain_value(SPOTS, terms)
        got = american_value(SPOTS, terms, backend=backend)
        assert np.all(got >= certain - 1e-8)
        assert np.all(got <= certain + 0.8 * SPOTS * volatility + 2e-3)


def test_at_spot_zero_a_put_is_worth_its_strike_and_a_call_nothing(backend: BackendName) -> None:
    for dividend_yield in (0.0, 0.02, 0.08):
        put = american_value(SPOTS, series(dividend_yield=dividend_yield), backend=backend)
        call = american_value(
            SPOTS, series(dividend_yield=dividend_yield, right=1.0), backend=backend
        )
        assert put[0, 0] == 100.0
        assert call[0, 0] == 0.0


def test_without_a_volatility_there_is_no_value(backend: BackendName) -> None:
    spot, many = random_series(64, 1)
    volatility = many.volatility.copy()
    volatility[::3] = np.nan
    got = american_value(spot, many.with_terms(volatility=volatility), backend=backend)
    assert np.isnan(got[::3]).all()
    whole = american_value(spot, many, backend=backend)
    assert_array_equal(np.delete(got, np.s_[::3], axis=0), np.delete(whole, np.s_[::3], axis=0))


def test_extreme_terms_stay_within_their_bounds(backend: BackendName) -> None:
    """Every corner of volatility, rate, yield, time and strike."""
    corners = np.meshgrid(
        [-1.0, 1.0],
        [1e-3, 1.0, 100.0, 1e5],
        [0.0, 1e-6, 1e-3, 0.05, 1.0, 5.0],
        [-0.1, 0.0, 1e-9, 0.1],
        [0.0, 1e-9, 0.12],
        [1e-6, 1 / 365, 1.0, 3.0, 10.0],
        indexing="ij",
    )
    right, strike, volatility, rate, dividend_yield, time = (axis.ravel() for axis in corners)
    many = Series(
        right=right,
        strike=strike,
        volatility=volatility,
        rate=rate,
        dividend_yield=dividend_yield,
        time_to_expiry=time,
    )
    spot = np.tile(SPOTS, (right.size, 1))
    got = american_value(spot, many, backend=backend)
    intrinsic = np.maximum(right[:, None] * (spot - strike[:, None]), 0.0)
    assert np.all(got >= intrinsic)
    european = european_value(spot, many, backend=backend)
    assert np.all(got >= european - 1e-9 * (spot + strike[:, None]))
    greatest = np.where(right[:, None] > 0, spot, strike[:, None])
    growth = np.exp(np.maximum(-np.where(right > 0, dividend_yield, rate), 0.0) * time)[:, None]
    assert np.all(got <= greatest * growth * (1 + 1e-9))


def test_backends_agree_at_the_extremes() -> None:
    rng = np.random.default_rng(2)
    n = 20_000
    many = Series(
        right=rng.choice([-1.0, 1.0], n),
        strike=np.exp(rng.uniform(np.log(1), np.log(1e4), n)),
        volatility=np.exp(rng.uniform(np.log(1e-6), np.log(5), n)),
        rate=rng.uniform(-0.1, 0.1, n),
        dividend_yield=rng.uniform(0, 0.15, n) * rng.integers(0, 2, n),
        time_to_expiry=np.exp(rng.uniform(np.log(1e-5), np.log(10), n)),
    )
    spot = 100.0 * np.ones((n, 1))
    native = american_value(spot, many, backend="native")
    numba = american_value(spot, many, backend="numba")
    assert np.max(np.abs(native - numba) / (spot + many.strike[:, None])) < 1e-9
