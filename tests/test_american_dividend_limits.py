"""American options with cash dividends at their limits, and where the method changes."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from american_dividend_reference import SPOTS, fine_value
from american_dividend_series import ELEVEN, american, best_certain_value, references, usual
from riskarray.backends import BackendName

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
    six = replace(seven, ex_days=seven.ex_days[:6], amounts=seven.amounts[:6])
    for first, second in (
        (base, replace(base, dividend_yield=1e-9)),
        (seven, replace(seven, dividend_yield=1e-9)),
        (replace(base, rate=1e-9), replace(base, rate=-1e-9)),
        (replace(base, amounts=(1e-9,) * 3), replace(base, ex_days=(), amounts=())),
        (six, replace(seven, amounts=(*six.amounts, 1e-9))),
    ):
        one, other = american([first, second], ELEVEN, backend)
        assert_allclose(one, other, rtol=0, atol=1e-4 * 115)
    large = [replace(base, amounts=(amount,) * 3) for amount in (17.0, 17.01)]
    one, other = american(large, ELEVEN, backend)
    assert_allclose(one, other, rtol=0, atol=0.05)
