"""Where the grid is tried hardest: late ex-dates, hardly any volatility, large dividends."""

from dataclasses import replace

import numpy as np
import pytest

from american_dividend_reference import Case, fine_value, random_cases
from american_dividend_series import american, best_certain_value, usual
from riskarray.array_types import F64
from riskarray.backends import BackendName

LATE_EX_DATES = [
    # strike, volatility, rate, days, ex-days, amounts
    (149.0764, 0.05083, 0.06732, 714, (83, 713), (0.802, 1.171)),
    (136.5046, 0.06125, 0.05880, 897, (438, 881), (1.506, 2.264)),
    (139.0890, 0.05272, 0.07742, 603, (185, 588), (0.194, 2.952)),
    (141.2212, 0.05185, 0.07826, 584, (479, 543), (0.980, 2.944)),
]


def late(dividend_yield: float) -> list[Case]:
    """Calls whose last ex-date comes shortly before a far expiry; rates pull the drift below."""
    return [
        Case(
            group="late",
            right=1,
            strike=strike,
            volatility=volatility,
            rate=rate,
            dividend_yield=dividend_yield,
            days=days,
            ex_days=ex_days,
            amounts=amounts,
        )
        for strike, volatility, rate, days, ex_days, amounts in LATE_EX_DATES
    ]


@pytest.mark.parametrize("dividend_yield", [1e-4, 0.002, 0.01])
def test_error_with_an_ex_date_shortly_before_expiry(
    backend: BackendName, dividend_yield: float
) -> None:
    cases = late(dividend_yield)
    fine = np.array([fine_value(case) for case in cases])
    assert np.max(np.abs(american(cases, backend=backend) - fine)) < 100 * 3e-5


def nearly_certain(n: int) -> list[Case]:
    """Deviations of 1e-4 to 3 %, strikes where it matters; a quarter with two boundaries."""
    rng = np.random.default_rng(6)
    cases: list[Case] = []
    for _ in range(n):
        days = int(rng.integers(10, 900))
        deviation = float(np.exp(rng.uniform(np.log(1e-4), np.log(0.03))))
        right = int(rng.choice([-1, 1]))
        rate, dividend_yield = rng.uniform(0.002, 0.1, 2)
        is_double = rng.random() < 0.25
        if is_double:
            low, high = sorted((-rate, -dividend_yield))
            rate, dividend_yield = (low, high) if right > 0 else (high, low)
        amounts = () if is_double else tuple(float(amount) for amount in rng.uniform(0.1, 3, 2))
        forward = np.exp(rng.choice([-1, 0, 1]) * (rate - dividend_yield) * days / 365)
        strike = 100 * forward - sum(amounts) * rng.integers(0, 2) + 200 * deviation * rng.normal()
        cases.append(
            Case(
                group="nearly certain",
                right=right,
                strike=float(strike + rng.choice([0, 3]) * rng.normal()),
                volatility=deviation / np.sqrt(days / 365),
                rate=float(rate),
                dividend_yield=float(dividend_yield),
                days=days,
                ex_days=tuple(int(day) for day in np.sort(rng.integers(1, days + 1, len(amounts)))),
                amounts=amounts,
            )
        )
    return cases


def test_error_with_hardly_any_volatility(backend: BackendName) -> None:
    spot = np.array([100.0])
    cases = nearly_certain(80)
    fine = np.array([fine_value(case, spot, nodes=6000, steps=600) for case in cases])
    assert np.max(np.abs(american(cases, spot, backend) - fine)) < 100 * 3e-5


def test_value_does_not_jump_with_a_small_volatility(backend: BackendName) -> None:
    """Neither from the certain path nor where it no longer bounds the value."""
    spots = np.array([85.0, 90.0, 95.0, 100.0, 105.0, 110.0, 115.0])
    deviation = np.geomspace(1e-9, 0.02, 200)
    case = usual(days=182, ex_days=(40, 131), amounts=(0.8, 2.0))
    cases = [
        replace(case, volatility=some / np.sqrt(182 / 365), dividend_yield=q, rate=rate)
        for rate, q in ((0.073, 0.048), (0.04, 0.0), (-0.02, -0.05))
        for some in deviation
    ]
    most = 0.9 * 115 * np.diff(deviation)[:, None] + 1e-4
    for right in (-1, 1):
        value = american([replace(case, right=right) for case in cases], spots, backend)
        steps = np.diff(value.reshape(3, 200, -1), axis=1)
        assert np.all(np.abs(steps) < most)


def call_bound(case: Case, spots: F64) -> F64:
    """The escrowed spot, and what exercise pays without it."""
    time = np.array(case.ex_days) / 365
    growth = case.rate - case.dividend_yield
    present = np.array([np.sum(np.array(case.amounts) * np.exp(-growth * time))])
    kept = max(1.0, np.exp(-case.dividend_yield * case.days / 365))
    bound: F64 = kept * np.maximum(spots - present, 0.0) + best_certain_value(case, present)
    return bound


@pytest.mark.parametrize("dividend_yield", [-0.1, 0.0405, 0.1])
@pytest.mark.parametrize("volatility", [0.3, 1.5, 4.967])
def test_call_is_worth_no_more_than_its_share(
    backend: BackendName, dividend_yield: float, volatility: float
) -> None:
    """With dividends above the strike, up to a deviation of 8."""
    case = usual(
        right=1,
        strike=16.15,
        volatility=volatility,
        rate=0.0959,
        dividend_yield=dividend_yield,
        days=1071,
        ex_days=(395, 1038),
        amounts=(71.95, 11.58),
    )
    spots = np.array([80.0, 85.0, 100.0, 120.0, 160.0, 250.0, 1000.0])
    value = american([case], spots, backend)[0]
    assert np.all(value <= call_bound(case, spots) * (1 + 1e-12))
    assert np.all(np.diff(value) >= 0.0)


@pytest.mark.parametrize("dividend_yield", [-0.1, 0.02])
def test_call_on_nothing_is_worth_nothing(backend: BackendName, dividend_yield: float) -> None:
    case = usual(right=1, strike=10.0, ex_days=(100, 200), amounts=(30.0, 25.0))
    spots = np.array([0.0, 1.0, 9.0, 40.0])
    value = american([replace(case, dividend_yield=dividend_yield)], spots, backend)[0]
    assert value[0] == 0.0
    assert np.all(value <= spots * np.exp(0.1 * case.days / 365))


def test_more_random_cases(backend: BackendName) -> None:
    """Others than those of the file."""
    cases = [*random_cases("main", 60, 31), *random_cases("low", 60, 32)]
    fine = np.array([fine_value(case) for case in cases])
    error = np.abs(american(cases, backend=backend) - fine) / 100
    assert np.max(error) < 1e-4
    assert np.quantile(error, 0.99) < 6e-5
