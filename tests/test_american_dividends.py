"""American options with cash dividends or two boundaries: accuracy, properties and edges."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from american_dividend_reference import (
    SPOTS,
    Case,
    arguments,
    fine_value,
    quantlib_value,
    random_cases,
    read_references,
)
from riskarray import kernels
from riskarray.array_types import F64
from riskarray.backends import BackendName
from riskarray.build import build_info

ELEVEN = 100.0 * np.linspace(0.85, 1.15, 11)
GROUPS = ["main", "short", "many", "two_boundaries", "volatile", "low"]


def american(
    cases: list[Case], spots: F64 = SPOTS, backend: BackendName | None = None, threads: int = 1
) -> F64:
    return kernels.american_value(*arguments(cases, spots), backend=backend, threads=threads)


def european(cases: list[Case], spots: F64 = SPOTS, backend: BackendName | None = None) -> F64:
    return kernels.european_value(*arguments(cases, spots), backend=backend, threads=1)


@cache
def references(group: str) -> tuple[list[Case], F64, F64]:
    cases, value, quantlib = read_references()
    rows = [i for i, case in enumerate(cases) if case.group == group]
    return [cases[i] for i in rows], value[rows], quantlib[rows]


def usual(**terms: object) -> Case:
    """A put at the money on a quarterly payer, unless said otherwise."""
    case = Case(
        group="usual",
        right=-1,
        strike=100.0,
        volatility=0.25,
        rate=0.04,
        dividend_yield=0.0,
        days=300,
        ex_days=(40, 131, 222),
        amounts=(0.8, 0.8, 0.8),
    )
    return replace(case, **terms)  # type: ignore[arg-type]  # by name


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
from test_american_dividends import ELEVEN, GROUPS, american, references
cases = [case for group in GROUPS for case in references(group)[0]]
sys.stdout.buffer.write(american(cases, ELEVEN, "native").tobytes())
"""


@pytest.mark.parametrize("name", [s["name"] for s in build_info()["instruction_sets"]])
def test_instruction_sets_agree(name: str) -> None:
    cases = [case for group in GROUPS for case in references(group)[0]]
    environment = {**os.environ, "RISKARRAY_ISA": name, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PRINT_VALUES],
        env=environment,
        capture_output=True,
        check=True,
    )
    got = np.frombuffer(done.stdout).reshape(len(cases), -1)
    strike = np.array([[case.strike] for case in cases])
    difference = np.abs(got - american(cases, ELEVEN, "native"))
    assert np.max(difference / (ELEVEN + strike)) < 1e-9


def best_certain_value(case: Case, spots: F64) -> F64:
    """Greatest discounted exercise value over a fine grid of times, both sides of ex-dates."""
    time = np.linspace(0, case.days / 365, 20_001)
    ex_time = np.array(case.ex_days) / 365
    growth = case.rate - case.dividend_yield
    present = np.array(case.amounts) * np.exp(-growth * ex_time)
    best = np.zeros_like(spots)
    for at in (time, ex_time, np.nextafter(ex_time, 10.0)):
        to_come = (present * (ex_time >= at[:, None])).sum(axis=1)
        escrowed = np.maximum(spots - present.sum(), 0.0)
        full = (escrowed[:, None] + to_come) * np.exp(-case.dividend_yield * at)
        payoff = case.right * (full - case.strike * np.exp(-case.rate * at))
        best = np.maximum(best, payoff.max(axis=1))
    return np.maximum(best, case.right * (spots - case.strike))


CERTAIN = [
    (1, 0.04, 0.0),
    (1, 0.05, 0.02),
    (1, 0.02, 0.09),
    (1, -0.1, 0.0),
    (1, 0.1, 0.1),
    (-1, 0.04, 0.0),
    (-1, 0.05, 0.02),
    (-1, 0.02, 0.09),
    (-1, -0.1, 0.0),
    (-1, 0.1, 0.1),
]


@pytest.mark.parametrize(("right", "rate", "dividend_yield"), CERTAIN)
@pytest.mark.parametrize("volatility", [0.0, 1e-9, 1e-5, 1e-3])
def test_value_tends_to_the_certain_one(
    backend: BackendName, right: int, rate: float, dividend_yield: float, volatility: float
) -> None:
    spots = np.array([0.0, 1.0, 2.0, 40.0, 90.0, 99.0, 100.0, 101.0, 110.0, 250.0])
    case = usual(right=right, rate=rate, dividend_yield=dividend_yield, volatility=volatility)
    got = american([case], spots, backend)[0]
    certain = best_certain_value(case, spots)
    assert_allclose(got, certain, rtol=0, atol=0.01 + 0.8 * 100 * volatility)


def test_dividends_above_the_spot(backend: BackendName) -> None:
    """Nothing is left of the spot: a put is exercised at the best time, a call is worthless."""
    spots = np.array([0.0, 1.0, 2.0, 5.0])
    put = usual(strike=10.0, ex_days=(100, 200), amounts=(4.0, 3.0))
    assert_allclose(american([put], spots, backend)[0], best_certain_value(put, spots), atol=1e-9)
    call = replace(put, right=1)
    assert_array_equal(american([call], spots, backend)[0], 0.0)


def test_dividends_above_the_strike_are_worth_a_call(backend: BackendName) -> None:
    case = usual(right=1, strike=10.0, ex_days=(100, 200), amounts=(8.0, 9.0), rate=0.05)
    spots = np.array([17.0, 20.0, 40.0])
    got = american([case], spots, backend)[0]
    assert_allclose(got, fine_value(case, spots), rtol=0, atol=1e-4 * 20)
    assert np.all(got >= spots - 10.0)


@pytest.mark.parametrize("days", [0, -10])
def test_at_expiry_only_exercise_is_left(backend: BackendName, days: int) -> None:
    for right in (1, -1):
        got = american([usual(days=days, right=right)], ELEVEN, backend)[0]
        assert_array_equal(got, np.maximum(right * (ELEVEN - 100.0), 0.0))


def test_ex_date_at_expiry_counts(backend: BackendName) -> None:
    cases = [
        usual(right=right, days=200, ex_days=(80, 200), amounts=(1.0, 2.0), dividend_yield=q)
        for right in (1, -1)
        for q in (0.0, 0.03)
    ]
    expected = np.array([fine_value(case, nodes=1500, steps=1500) for case in cases])
    assert_allclose(american(cases, SPOTS, backend), expected, rtol=0, atol=5e-3)


def test_weekly_payer_over_two_and_a_half_years(backend: BackendName) -> None:
    ex_days = tuple(range(4, 912, 7))
    cases = [
        usual(right=right, days=912, ex_days=ex_days, amounts=(0.3,) * len(ex_days))
        for right in (1, -1)
    ]
    expected = np.array([fine_value(case, nodes=1500, steps=1500) for case in cases])
    assert_allclose(american(cases, SPOTS, backend), expected, rtol=0, atol=1e-2)


@pytest.mark.parametrize("right", [1, -1])
@pytest.mark.parametrize("rate", [-0.1, 0.1])
@pytest.mark.parametrize("volatility", [0.05, 5.0])
def test_extreme_rates_and_volatilities(
    backend: BackendName, right: int, rate: float, volatility: float
) -> None:
    case = usual(right=right, rate=rate, volatility=volatility)
    got = american([case], SPOTS, backend)[0]
    expected = fine_value(case, nodes=2000, steps=2000)
    assert_allclose(got, expected, rtol=0, atol=0.1 if volatility > 1 else 0.01)


def test_without_a_volatility_there_is_no_value(backend: BackendName) -> None:
    cases, _, _ = references("main")
    holes = [replace(c, volatility=np.nan) if k % 3 == 0 else c for k, c in enumerate(cases)]
    got = american(holes, ELEVEN, backend)
    assert np.isnan(got[::3]).all()
    whole = american(cases, ELEVEN, backend)
    assert_array_equal(np.delete(got, np.s_[::3], axis=0), np.delete(whole, np.s_[::3], axis=0))


@pytest.mark.parametrize("right", [1, -1])
def test_dividends_that_do_not_count_change_nothing(backend: BackendName, right: int) -> None:
    """Nothing paid, paid before now, or after expiry."""
    plain = usual(right=right, ex_days=(), amounts=(), dividend_yield=0.02)
    without = american([plain], ELEVEN, backend)
    for ex_days, amounts in (((50,), (0.0,)), ((-3,), (5.0,)), ((301,), (5.0,)), ((0,), (5.0,))):
        case = replace(plain, ex_days=ex_days, amounts=amounts)
        assert_array_equal(american([case], ELEVEN, backend), without)


@pytest.mark.parametrize("right", [1, -1])
@pytest.mark.parametrize("dividend_yield", [0.0, 0.03])
def test_two_dividends_on_one_day_are_their_sum(
    backend: BackendName, right: int, dividend_yield: float
) -> None:
    one = usual(right=right, ex_days=(60,), amounts=(3.0,), dividend_yield=dividend_yield)
    two = replace(one, ex_days=(60, 60), amounts=(1.0, 2.0))
    assert_allclose(american([one], ELEVEN, backend), american([two], ELEVEN, backend), atol=1e-3)


@pytest.mark.parametrize("right", [1, -1])
def test_values_are_continuous_where_the_method_changes(backend: BackendName, right: int) -> None:
    """With the yield, the rate, the size and the number of dividends."""
    base = usual(right=right)
    seven = usual(right=right, days=700, ex_days=tuple(range(40, 640, 91)), amounts=(1.5,) * 7)
    pairs = [
        (base, replace(base, dividend_yield=1e-9)),
        (replace(base, rate=1e-9), replace(base, rate=-1e-9)),
        (replace(base, amounts=(1e-9,) * 3), replace(base, ex_days=(), amounts=())),
        (seven, replace(seven, amounts=(*seven.amounts[:6], 1e-9))),
        (usual(right=right, amounts=(17.0,) * 3), usual(right=right, amounts=(17.01,) * 3)),
    ]
    pairs[3] = (seven, replace(seven, dividend_yield=1e-9))
    for first, second in pairs:
        value = american([first, second], ELEVEN, backend)
        if first.amounts[:1] == (17.0,):
            assert np.max(np.abs(np.diff(value, axis=0))) < 0.05
        else:
            assert np.max(np.abs(np.diff(value, axis=0))) < 1e-4 * 115
