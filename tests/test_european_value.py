"""European options on both backends."""

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813  # its own documentation does
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from known_values import read_cases
from riskarray import kernels
from riskarray.array_types import F64, I32
from riskarray.backends import BackendName

NO_DIVIDENDS = np.zeros(0)


def value(
    backend: BackendName,
    spot: F64,
    terms: dict[str, F64],
    *,
    underlying: I32 | None = None,
    threads: int = 1,
) -> F64:
    """European values without dividends; one underlying per series unless given."""
    n = spot.shape[0]
    return kernels.european_value(
        spot,
        np.arange(n, dtype=np.int32) if underlying is None else underlying,
        terms["right"].astype(np.int8),
        terms["strike"],
        terms["volatility"],
        terms["rate"],
        terms["dividend_yield"],
        terms["time_to_expiry"],
        np.zeros(n + 1, dtype=np.int64),
        NO_DIVIDENDS,
        NO_DIVIDENDS,
        backend=backend,
        threads=threads,
    )


def random_terms(n: int, seed: int) -> tuple[F64, dict[str, F64]]:
    rng = np.random.default_rng(seed)
    spot = rng.uniform(1, 1000, (n, 1)) * np.linspace(0.85, 1.15, 11)
    return spot, {
        "right": rng.choice([-1.0, 1.0], n),
        "strike": spot[:, 5] * rng.uniform(0.4, 2.5, n),
        "volatility": rng.uniform(0.05, 3, n),
        "rate": rng.uniform(-0.01, 0.08, n),
        "dividend_yield": rng.uniform(0, 0.12, n),
        "time_to_expiry": rng.uniform(1 / 365, 2.5, n),
    }


def formula(spot: F64, terms: dict[str, F64]) -> F64:
    w, k, v, r, q, t = (terms[name][:, None] for name in terms)
    d1 = (np.log(spot / k) + (r - q + v * v / 2) * t) / (v * np.sqrt(t))
    forward = spot * np.exp(-q * t) * ndtr(w * d1)
    out: F64 = w * (forward - k * np.exp(-r * t) * ndtr(w * (d1 - v * np.sqrt(t))))
    return out


def test_values_are_those_of_forty_digits(backend: BackendName) -> None:
    rows = read_cases("european_value")
    columns = {
        name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "source"
    }
    got = value(backend, columns["spot"][:, None], columns)[:, 0]
    assert_allclose(
        got, columns["value"], rtol=0, atol=1e-13 * (columns["spot"] + columns["strike"]).max()
    )
    scale = columns["spot"] + columns["strike"]
    assert np.all(np.abs(got - columns["value"]) <= 1e-14 * scale)


def test_values_are_those_of_the_formula(backend: BackendName) -> None:
    spot, terms = random_terms(20_000, 1)
    error = np.abs(value(backend, spot, terms) - formula(spot, terms))
    assert np.max(error / spot) < 1e-12


def test_put_call_parity(backend: BackendName) -> None:
    spot, terms = random_terms(5_000, 2)
    ones = np.ones(len(spot))
    call = value(backend, spot, {**terms, "right": ones})
    put = value(backend, spot, {**terms, "right": -ones})
    _, k, _, r, q, t = (terms[name][:, None] for name in terms)
    assert_allclose(call - put, spot * np.exp(-q * t) - k * np.exp(-r * t), atol=1e-11)


def test_backends_agree_within_the_contract() -> None:
    spot, terms = random_terms(20_000, 3)
    difference = np.abs(value("native", spot, terms) - value("numba", spot, terms))
    assert np.max(difference / (spot + terms["strike"][:, None])) < 1e-9


def test_threads_and_neighbours_change_no_bit(backend: BackendName) -> None:
    spot, terms = random_terms(3_001, 4)
    one = value(backend, spot, terms)
    assert_array_equal(one, value(backend, spot, terms, threads=2))
    part = slice(1_003, 1_010)
    alone = value(backend, spot[part], {name: terms[name][part] for name in terms})
    assert_array_equal(alone, one[part])


@pytest.mark.parametrize("n_spots", [1, 11, 64])
def test_chains_have_the_bits_of_series_alone(backend: BackendName, n_spots: int) -> None:
    """Series of one underlying side by side, with gaps in volatility and a spot of zero."""
    n, rng = 203, np.random.default_rng(9)
    spot, terms = random_terms(n, 9)
    chain = np.sort(rng.integers(0, 12, n)).astype(np.int32)
    terms["volatility"][rng.choice(n, 20, replace=False)] = np.nan
    terms["strike"] = spot[chain, 5] * rng.uniform(0.4, 2.5, n)
    moved = spot[:12, :1] * np.append(rng.uniform(0.5, 1.5, n_spots - 1), 0.0)
    got = value(backend, moved, terms, underlying=chain)
    alone = value(backend, np.ascontiguousarray(moved[chain]), terms)
    assert_array_equal(got, alone)
    has_source = ~np.isnan(terms["volatility"])
    assert_array_equal(np.isnan(got).all(axis=1), ~has_source)
    assert_array_equal(np.isnan(got).any(axis=1), ~has_source)
    above = {name: column[has_source] for name, column in terms.items()}
    expected = formula(moved[chain[has_source], :-1], above)
    tolerance = 1e-12 * spot[chain[has_source]].max()
    assert_allclose(got[has_source, :-1], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("right", [1.0, -1.0])
def test_edges(backend: BackendName, right: float) -> None:
    """At expiry, without volatility, at spot 0, and without a source of volatility."""
    spot = np.array([[120.0, 80.0, 0.0]])
    base = {
        "right": np.array([right]),
        "strike": np.array([100.0]),
        "volatility": np.array([0.3]),
        "rate": np.array([0.05]),
        "dividend_yield": np.array([0.01]),
        "time_to_expiry": np.array([2.0]),
    }
    intrinsic = np.maximum(right * (spot - 100.0), 0.0)
    for time in (0.0, -1.0):
        assert_array_equal(
            value(backend, spot, {**base, "time_to_expiry": np.array([time])}), intrinsic
        )
    certain = np.maximum(right * (spot * np.exp(-0.02) - 100.0 * np.exp(-0.1)), 0.0)
    assert_allclose(value(backend, spot, {**base, "volatility": np.zeros(1)}), certain, rtol=1e-14)
    assert_allclose(value(backend, spot, base)[0, 2], certain[0, 2], rtol=1e-14)
    assert np.isnan(value(backend, spot, {**base, "volatility": np.array([np.nan])})).all()


def test_dividends_are_escrowed_when_due_before_expiry(backend: BackendName) -> None:
    """Of three dividends one is past, one counts, one comes after expiry."""
    spot = np.array([[100.0]])
    one = np.ones(1)
    got = kernels.european_value(
        spot,
        np.zeros(1, dtype=np.int32),
        np.ones(1, dtype=np.int8),
        95 * one,
        0.2 * one,
        0.05 * one,
        0 * one,
        0.5 * one,
        np.array([0, 3]),
        np.array([-0.1, 0.5, 0.6]),
        np.array([7.0, 2.0, 9.0]),
        backend=backend,
    )
    escrowed = {
        "right": one,
        "strike": 95 * one,
        "volatility": 0.2 * one,
        "rate": 0.05 * one,
        "dividend_yield": 0 * one,
        "time_to_expiry": 0.5 * one,
    }
    assert_allclose(got, value(backend, spot - 2.0 * np.exp(-0.025), escrowed), rtol=1e-14)


def quantlib_value(rate: float, dividend_yield: float) -> float:
    """Put of 95 on a spot of 100, one year, dividends of 2 after 100 and of 3 after 300 days."""
    today, days = ql.Date(10, 7, 2026), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(100.0)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, dividend_yield, days)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.3, days)),
    )
    option = ql.VanillaOption(
        ql.PlainVanillaPayoff(ql.Option.Put, 95.0), ql.EuropeanExercise(today + 365)
    )
    dividends = [ql.FixedDividend(2.0, today + 100), ql.FixedDividend(3.0, today + 300)]
    option.setPricingEngine(ql.AnalyticDividendEuropeanEngine(process, dividends))
    value: float = option.NPV()
    return value


@pytest.mark.parametrize(("rate", "dividend_yield"), [(0.05, 0.0), (0.05, 0.1), (-0.01, 0.02)])
def test_dividends_beside_a_yield_are_discounted_as_quantlib_does(
    backend: BackendName, rate: float, dividend_yield: float
) -> None:
    one = np.ones(1)
    got = kernels.european_value(
        np.array([[100.0]]),
        np.zeros(1, dtype=np.int32),
        -np.ones(1, dtype=np.int8),
        95 * one,
        0.3 * one,
        rate * one,
        dividend_yield * one,
        one,
        np.array([0, 2]),
        np.array([100.0, 300.0]) / 365,
        np.array([2.0, 3.0]),
        backend=backend,
    )
    assert_allclose(got[0, 0], quantlib_value(rate, dividend_yield), rtol=1e-12)
