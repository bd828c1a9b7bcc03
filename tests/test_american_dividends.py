"""American options with cash dividends or two boundaries: accuracy, properties and parity."""

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from american_dividend_reference import SPOTS, fine_value, quantlib_value, random_cases
from american_dividend_series import ELEVEN, GROUPS, american, european, references, usual
from instruction_sets import SUPPORTED, output_on
from riskarray.backends import BackendName


@pytest.mark.parametrize("group", GROUPS)
def test_reference_agrees_with_quantlib(group: str) -> None:
    """QuantLib exercises a put one step after the ex-date, and resolves wide deviations badly."""
    _, value, quantlib = references(group)
    error = np.abs(value[:, 1] - quantlib) / 100
    assert np.max(error) < {"volatile": 2e-3, "many": 2e-4}.get(group, 1e-4)
    assert np.median(error) < {"volatile": 1e-4}.get(group, 2e-6)


def test_reference_is_what_the_script_makes() -> None:
    for group in GROUPS:
        cases, value, quantlib = references(group)
        assert_allclose(fine_value(cases[0]), value[0], rtol=0, atol=1e-9)
        again = quantlib_value(cases[0], 100.0, nodes=1000, steps=1000)
        assert_allclose(again, quantlib[0], rtol=0, atol=1e-9)


def test_error_with_two_dividends(backend: BackendName) -> None:
    """1 to 912 days, volatility 5 to 300 %, strike 40 to 250 %, rate -1 to 8 %, yield 0 to 12 %."""
    cases, value, _ = references("main")
    error = np.abs(american(cases, backend=backend) - value) / 100
    assert np.max(error) < 1e-4
    assert np.quantile(error, 0.99) < 6e-5
    assert np.median(error) < 1e-6


@pytest.mark.parametrize(
    ("group", "worst"),
    [("short", 2e-5), ("many", 5e-5), ("two_boundaries", 5e-5), ("low", 5e-5), ("volatile", 5e-4)],
)
def test_error_elsewhere(backend: BackendName, group: str, worst: float) -> None:
    """Up to 20 days; by week, month or quarter; no dividends; late ex-dates; deviations 2 to 8."""
    cases, value, _ = references(group)
    error = np.abs(american(cases, backend=backend) - value) / 100
    assert np.max(error) < worst


def test_error_of_calls_without_yield(backend: BackendName) -> None:
    """Exercise before ex-dates only: quadrature, no grid."""
    cases, value, _ = references("main")
    rows = [
        i
        for i, case in enumerate(cases)
        if case.right > 0 and case.dividend_yield == 0.0 and case.rate >= 0.0
    ]
    assert len(rows) > 50
    got = american([cases[i] for i in rows], backend=backend)
    assert np.max(np.abs(got - value[rows]) / 100) < 5e-6


# Strike, volatility, rate, days, ex-days, amounts: an early date that gains far more or far less
# than a later one, dates side by side, and gains over three orders of magnitude.
UNEQUAL_GAINS = [
    (75.8853, 0.08223, 0.03735, 546, (314, 352), (2.635, 1.712)),
    (67.268, 0.3290, 0.0253, 283, (73, 164, 253, 255), (0.505, 0.505, 3.948, 0.505)),
    (69.246, 0.2385, 0.0167, 534, (51, 80, 171, 262), (3.532, 0.46, 0.46, 0.46)),
    (91.9084, 0.19, 0.03, 81, (20, 60), (2.9, 0.3)),
    (104.2, 0.25, 0.001, 400, (200, 201), (0.05, 3.0)),
    (57.5731, 1.66521, 0.04293, 18, (1, 4, 6, 11, 12), (0.001, 3.655, 0.007, 0.079, 0.576)),
    (53.689, 0.62206, 0.05115, 617, (3, 311, 545, 546, 552, 567), (0.05, 0.2, 1.2, 0.05, 2.7, 0.2)),
    (54.6585, 2.2032, 0.0103, 63, (21, 29, 30, 37, 43), (0.181, 0.245, 0.573, 0.013, 2.371)),
    (110.0275, 0.35976, 0.0043, 402, (188, 200, 205, 263, 385), (0.02, 0.5, 0.08, 1.9, 0.02)),
]


@pytest.mark.parametrize("terms", UNEQUAL_GAINS)
def test_error_of_calls_with_unequal_gains(backend: BackendName, terms: Any) -> None:
    strike, volatility, rate, days, ex_days, amounts = terms
    case = usual(
        right=1,
        strike=strike,
        volatility=volatility,
        rate=rate,
        days=days,
        ex_days=ex_days,
        amounts=amounts,
    )
    got = american([case], SPOTS, backend)[0]
    assert_allclose(got, fine_value(case), rtol=0, atol=5e-6 * 100)


@pytest.mark.parametrize("seed", [1, 2])
def test_quadrature_agrees_with_the_grid(backend: BackendName, seed: int) -> None:
    """A yield of next to nothing is priced on the grid; gains of any size at three dates."""
    rng = np.random.default_rng(seed)
    n = 3_000 if backend == "native" else 500
    cases = []
    for volatility, rate, strike in zip(
        np.exp(rng.uniform(np.log(0.2), np.log(1.5), n)),
        rng.uniform(0, 0.08, n),
        rng.uniform(60, 160, n),
        strict=True,
    ):
        days = int(rng.integers(10, 500))
        ex_days = tuple(int(day) for day in np.sort(rng.integers(1, days + 1, 3)))
        amounts = tuple(float(x) for x in np.exp(rng.uniform(np.log(0.01), np.log(4), 3)))
        terms = {"volatility": float(volatility), "rate": float(rate), "strike": float(strike)}
        cases.append(usual(right=1, days=days, ex_days=ex_days, amounts=amounts, **terms))
    by_grid = american([replace(case, dividend_yield=1e-12) for case in cases], SPOTS, backend)
    assert np.max(np.abs(american(cases, SPOTS, backend) - by_grid)) < 1e-4 * 100


def test_error_on_fresh_series() -> None:
    """Of other seeds; RISKARRAY_DIVIDEND_CASES says how many."""
    cases = random_cases("main", int(os.environ.get("RISKARRAY_DIVIDEND_CASES", "40")), 4242)
    fine = np.array([fine_value(case, nodes=2000, steps=2000) for case in cases])
    error = np.abs(american(cases) - fine) / 100
    assert np.max(error) < 1e-4
    assert np.quantile(error, 0.99) < 6e-5
    assert np.median(error) < 1e-6


def test_error_against_quantlib_now(backend: BackendName) -> None:
    cases = random_cases("main", 10, 1234)
    fine = [quantlib_value(case, 100.0, nodes=800, steps=800) for case in cases]
    got = american(cases, np.array([100.0]), backend)[:, 0]
    assert_allclose(got, fine, rtol=0, atol=0.01)


@pytest.mark.parametrize("group", GROUPS)
def test_value_is_at_least_european_and_exercise(backend: BackendName, group: str) -> None:
    cases, _, _ = references(group)
    got = american(cases, ELEVEN, backend)
    right = np.array([[case.right] for case in cases])
    strike = np.array([[case.strike] for case in cases])
    assert np.all(got >= european(cases, ELEVEN, backend))
    assert np.all(got >= right * (ELEVEN - strike))


@pytest.mark.parametrize("right", [1, -1])
@pytest.mark.parametrize("dividend_yield", [0.0, 0.03])
def test_value_is_monotone(backend: BackendName, right: int, dividend_yield: float) -> None:
    """In strike, volatility and spot, up to the error of the grid."""
    base = usual(right=right, dividend_yield=dividend_yield)
    by_strike = american(
        [replace(base, strike=k) for k in np.linspace(60, 150, 91)], ELEVEN, backend
    )
    assert np.all(-right * np.diff(by_strike, axis=0) > -1e-3)
    by_volatility = american(
        [replace(base, volatility=v) for v in np.geomspace(0.05, 3, 60)], ELEVEN, backend
    )
    assert np.all(np.diff(by_volatility, axis=0) > -1e-3)
    assert np.all(right * np.diff(by_strike, axis=1) > -1e-3)


def test_other_spots_change_no_bit(backend: BackendName) -> None:
    for group in GROUPS:
        cases, _, _ = references(group)
        some = cases[:40]
        many = american(some, ELEVEN, backend)
        for j in (0, 5, 10):
            assert_array_equal(american(some, ELEVEN[j : j + 1], backend)[:, 0], many[:, j])


def test_neighbours_and_threads_change_no_bit(backend: BackendName) -> None:
    cases = [case for group in GROUPS for case in references(group)[0][:60]]
    rng = np.random.default_rng(1)
    order = rng.permutation(len(cases))
    value = american(cases, ELEVEN, backend)
    shuffled = american([cases[i] for i in order], ELEVEN, backend)
    assert_array_equal(shuffled, value[order])
    assert_array_equal(american(cases, ELEVEN, backend, threads=2), value)
    for i in rng.choice(len(cases), 10, replace=False):
        assert_array_equal(american(cases[i : i + 1], ELEVEN, backend)[0], value[i])


def test_backends_agree_within_the_contract() -> None:
    for group in GROUPS:
        cases, _, _ = references(group)
        difference = np.abs(american(cases, ELEVEN, "native") - american(cases, ELEVEN, "numba"))
        strike = np.array([[case.strike] for case in cases])
        assert np.max(difference / (ELEVEN + strike)) < 1e-9


PRINT_VALUES = """
import sys
from american_dividend_series import ELEVEN, GROUPS, american, references
cases = [case for group in GROUPS for case in references(group)[0]]
sys.stdout.buffer.write(american(cases, ELEVEN, "native").tobytes())
"""


@pytest.mark.parametrize("isa", SUPPORTED)
def test_instruction_sets_agree(isa: str) -> None:
    cases = [case for group in GROUPS for case in references(group)[0]]
    got = np.frombuffer(output_on(isa, PRINT_VALUES)).reshape(len(cases), -1)
    strike = np.array([[case.strike] for case in cases])
    difference = np.abs(got - american(cases, ELEVEN, "native"))
    assert np.max(difference / (ELEVEN + strike)) < 1e-9
