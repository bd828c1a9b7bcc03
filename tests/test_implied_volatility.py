# SPDX-License-Identifier: Apache-2.0
"""Implied volatilities: round trips, statuses, edges and independence of neighbours."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.optimize import brentq
from scipy.stats import norm

from known_values import read_cases
from riskarray.array_types import F64, I8, I32, I64, Bool
from riskarray.backends import BackendName
from riskarray.contract import kernel
from riskarray.kernel_codes import MAX_VOLATILITY, MIN_VOLATILITY, Model, VolatilityStatus
from riskarray.kernels import american_value, european_value, implied_volatility

EUROPEAN, AMERICAN = int(Model.EUROPEAN), int(Model.AMERICAN)
OK = VolatilityStatus.OK
REPRICING_ERROR = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Terms of some series, in the order of the kernels' arguments."""

    spot: F64
    underlying: I32
    right: I8
    strike: F64
    rate: F64
    dividend_yield: F64
    time_to_expiry: F64
    dividend_offset: I64
    dividend_time: F64
    dividend_amount: F64

    def value(self, exercise: int, volatility: F64, backend: BackendName) -> F64:
        price = european_value if exercise == EUROPEAN else american_value
        value: F64 = price(
            self.spot,
            self.underlying,
            self.right,
            self.strike,
            volatility,
            self.rate,
            self.dividend_yield,
            self.time_to_expiry,
            self.dividend_offset,
            self.dividend_time,
            self.dividend_amount,
            backend=backend,
        )
        return value[:, 0].copy()

    def solve(
        self, exercise: int, price: F64, backend: BackendName, threads: int = 0
    ) -> tuple[F64, I8]:
        return implied_volatility(
            price,
            np.full(price.shape, exercise, dtype=np.int8),
            self.spot,
            self.underlying,
            self.right,
            self.strike,
            self.rate,
            self.dividend_yield,
            self.time_to_expiry,
            self.dividend_offset,
            self.dividend_time,
            self.dividend_amount,
            backend=backend,
            threads=threads,
        )

    def take(self, rows: I64) -> "Series":
        return replace(
            self,
            underlying=self.underlying[rows],
            right=self.right[rows],
            strike=self.strike[rows],
            rate=self.rate[rows],
            dividend_yield=self.dividend_yield[rows],
            time_to_expiry=self.time_to_expiry[rows],
        )

    def own_spot(self) -> F64:
        own: F64 = self.spot[self.underlying, 0]
        return own

    def exercise_value(self) -> F64:
        return np.maximum(self.right * (self.own_spot() - self.strike), 0.0)


def random_series(n: int, seed: int, *, n_dividends: int = 0) -> Series:
    """Series over the ranges of the accuracy tests; `n_dividends` per underlying and year."""
    rng = np.random.default_rng(seed)
    spot = np.exp(rng.uniform(np.log(5), np.log(5000), (4, 1)))
    underlying = rng.integers(0, 4, n).astype(np.int32)
    time = [np.sort(rng.uniform(0.01, 1.0, n_dividends)) for _ in range(4)]
    amount = [spot[u, 0] * rng.uniform(0.002, 0.02, n_dividends) for u in range(4)]
    return Series(
        spot=spot,
        underlying=underlying,
        right=rng.choice(np.array([1, -1], np.int8), n),
        strike=spot[underlying, 0] * np.exp(rng.uniform(np.log(0.4), np.log(2.5), n)),
        rate=rng.uniform(-0.01, 0.08, n),
        dividend_yield=np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0.0, 0.12, n)),
        time_to_expiry=np.exp(rng.uniform(np.log(1 / 365), np.log(2.5), n)),
        dividend_offset=np.arange(5, dtype=np.int64) * n_dividends,
        dividend_time=np.concatenate(time),
        dividend_amount=np.concatenate(amount),
    )


def one_series(**terms: float) -> Series:
    """One series at spot 100 with strike 100, one year, 4 % and no yield unless said otherwise."""
    return Series(
        spot=np.array([[terms.get("spot", 100.0)]]),
        underlying=np.zeros(1, np.int32),
        right=np.array([terms.get("right", 1)], np.int8),
        strike=np.array([terms.get("strike", 100.0)]),
        rate=np.array([terms.get("rate", 0.04)]),
        dividend_yield=np.array([terms.get("dividend_yield", 0.0)]),
        time_to_expiry=np.array([terms.get("time_to_expiry", 1.0)]),
        dividend_offset=np.zeros(2, np.int64),
        dividend_time=np.zeros(0),
        dividend_amount=np.zeros(0),
    )


def random_volatility(n: int, seed: int) -> F64:
    rng = np.random.default_rng(seed + 1000)
    return np.exp(rng.uniform(np.log(0.05), np.log(3.0), n))


@pytest.mark.parametrize("exercise", [EUROPEAN, AMERICAN])
@pytest.mark.parametrize("n_dividends", [0, 3])
def test_value_at_the_volatility_is_the_price(
    backend: BackendName, exercise: int, n_dividends: int
) -> None:
    n = 20_000 if backend == "native" else 2_000
    series = random_series(n, 1, n_dividends=n_dividends)
    price = series.value(exercise, random_volatility(n, 1), backend)
    volatility, status = series.solve(exercise, price, backend)
    solved = status == OK
    error = np.abs(series.value(exercise, volatility, backend) - price) / series.own_spot()
    assert error[solved].max() <= REPRICING_ERROR
    assert_array_equal(np.isnan(volatility), ~solved)
    least = series.value(exercise, np.full(n, MIN_VOLATILITY), backend)
    has_time_value = price > np.maximum(least, series.exercise_value()) * (1 + 1e-9) + 1e-9
    assert solved[has_time_value].mean() > 0.999


def test_european_volatility_comes_back(backend: BackendName) -> None:
    n = 5_000
    series = random_series(n, 2, n_dividends=2)
    expected = random_volatility(n, 2)
    price = series.value(EUROPEAN, expected, backend)
    volatility, status = series.solve(EUROPEAN, price, backend)
    change = series.value(EUROPEAN, expected * (1 + 1e-6), backend) - price
    is_sensitive: Bool = change > 1e-10 * (series.own_spot() + series.strike)
    assert np.count_nonzero(is_sensitive) > n // 3
    assert_array_equal(status[is_sensitive], OK)
    np.testing.assert_allclose(volatility[is_sensitive], expected[is_sensitive], rtol=1e-8)


def test_european_volatility_is_the_root_of_the_textbook_formula(backend: BackendName) -> None:
    def call(volatility: float) -> float:
        deviation = volatility * np.sqrt(0.25)
        d1 = (np.log(102 / 110) + (0.03 - 0.01) * 0.25) / deviation + deviation / 2
        asset = 102 * np.exp(-0.01 * 0.25) * norm.cdf(d1)
        return float(asset - 110 * np.exp(-0.03 * 0.25) * norm.cdf(d1 - deviation))

    series = one_series(
        spot=102.0, strike=110.0, rate=0.03, dividend_yield=0.01, time_to_expiry=0.25
    )
    volatility, status = series.solve(EUROPEAN, np.array([1.75]), backend)
    assert status[0] == OK
    expected = brentq(lambda v: call(v) - 1.75, 0.01, 2.0, xtol=1e-14)
    assert volatility[0] == pytest.approx(expected, rel=1e-11)


def test_volatility_of_quantlib_s_american_values_comes_back(backend: BackendName) -> None:
    rows = read_cases("american_value")[:: 1 if backend == "native" else 10]
    column = {name: np.array([float(row[name]) for row in rows]) for name in list(rows[0])[1:]}
    n, expected, price = len(rows), column["volatility"], column["value"]
    series = Series(
        spot=np.array([[100.0]]),
        underlying=np.zeros(n, np.int32),
        right=column["right"].astype(np.int8),
        strike=column["strike"],
        rate=column["rate"],
        dividend_yield=column["dividend_yield"],
        time_to_expiry=column["days"] / 365,
        dividend_offset=np.zeros(2, np.int64),
        dividend_time=np.zeros(0),
        dividend_amount=np.zeros(0),
    )
    volatility, status = series.solve(AMERICAN, price, backend)
    model_error = 2e-5 * series.own_spot()
    least = series.value(AMERICAN, np.full(n, MIN_VOLATILITY), backend)
    has_time_value = price > least + 2 * model_error
    assert np.count_nonzero(has_time_value) > 0.4 * n
    assert_array_equal(status[has_time_value], OK)
    change = series.value(AMERICAN, np.nan_to_num(volatility, nan=0.2), backend)
    change -= series.value(AMERICAN, expected, backend)
    assert (np.abs(change) <= model_error)[has_time_value].all()
    is_sensitive = has_time_value & (
        series.value(AMERICAN, expected * 1.01, backend) > price + 0.01
    )
    assert np.count_nonzero(is_sensitive) > n // 3
    np.testing.assert_allclose(volatility[is_sensitive], expected[is_sensitive], rtol=2e-3)


def test_statuses_say_why_there_is_no_volatility(backend: BackendName) -> None:
    def status(exercise: int, price: float, **terms: float) -> VolatilityStatus:
        volatility, code = one_series(**terms).solve(exercise, np.array([price]), backend)
        assert np.isnan(volatility[0]) == (code[0] != OK)
        return VolatilityStatus(code[0])

    for exercise in (EUROPEAN, AMERICAN):
        assert status(exercise, np.nan) is VolatilityStatus.NO_PRICE
        assert status(exercise, 3.0, time_to_expiry=0.0) is VolatilityStatus.NO_TIME
        assert status(exercise, 3.0, time_to_expiry=-0.1) is VolatilityStatus.NO_TIME
        assert status(exercise, 0.0) is VolatilityStatus.BELOW_INTRINSIC
        assert status(exercise, 20.0, strike=80.0) is VolatilityStatus.BELOW_INTRINSIC
        assert status(exercise, 100.0) is VolatilityStatus.ABOVE_BOUND
        assert status(exercise, 100.0, right=-1) is VolatilityStatus.ABOVE_BOUND
        assert status(exercise, 5.0, spot=0.0) is VolatilityStatus.ABOVE_BOUND
    # Exercise now is worth 30, a certain forward 24.5: only the European has room below 30.
    deep = {"right": -1, "strike": 130.0, "rate": 0.04}
    assert status(EUROPEAN, 29.0, **deep) is OK
    assert status(AMERICAN, 29.0, **deep) is VolatilityStatus.BELOW_INTRINSIC
    assert status(AMERICAN, 30.0, **deep) is VolatilityStatus.BELOW_INTRINSIC


def test_the_range_of_volatility_ends_where_the_contract_says(backend: BackendName) -> None:
    series = one_series(time_to_expiry=0.5, rate=0.0)
    for factor, expected in (
        (0.5 * MIN_VOLATILITY, VolatilityStatus.BELOW_INTRINSIC),
        (2.0 * MIN_VOLATILITY, OK),
        (0.9 * MAX_VOLATILITY, OK),
        (1.1 * MAX_VOLATILITY, VolatilityStatus.ABOVE_BOUND),
    ):
        price = series.value(EUROPEAN, np.array([factor]), backend)
        volatility, status = series.solve(EUROPEAN, price, backend)
        assert status[0] == expected
        if expected == OK:
            assert volatility[0] == pytest.approx(factor, rel=1e-7)


@pytest.mark.parametrize("exercise", [EUROPEAN, AMERICAN])
def test_a_result_depends_on_its_own_series_alone(backend: BackendName, exercise: int) -> None:
    n = 3_000 if backend == "native" else 700
    series = random_series(n, 3, n_dividends=2)
    price = series.value(exercise, random_volatility(n, 3), backend)
    price[::50] = np.nan
    volatility, status = series.solve(exercise, price, backend, threads=1)
    for threads in (2, 3):
        again, same_status = series.solve(exercise, price, backend, threads=threads)
        assert_array_equal(again, volatility)
        assert_array_equal(same_status, status)
    order = np.random.default_rng(4).permutation(n)
    shuffled, shuffled_status = series.take(order).solve(exercise, price[order], backend)
    assert_array_equal(shuffled, volatility[order])
    assert_array_equal(shuffled_status, status[order])
    part = np.arange(17, 42)
    alone, _ = series.take(part).solve(exercise, price[part], backend)
    assert_array_equal(alone, volatility[part])


@pytest.mark.parametrize("exercise", [EUROPEAN, AMERICAN])
def test_backends_agree_in_value(exercise: int) -> None:
    n = 2_000
    series = random_series(n, 5, n_dividends=2)
    price = series.value(exercise, random_volatility(n, 5), "native")
    native, native_status = series.solve(exercise, price, "native")
    numba, numba_status = series.solve(exercise, price, "numba")
    both = (native_status == OK) & (numba_status == OK)
    assert np.count_nonzero(native_status != numba_status) < 0.05 * n  # prices without time value
    difference = np.abs(
        series.value(exercise, native, "native") - series.value(exercise, numba, "native")
    )
    bound = kernel("implied_volatility").tolerance * (series.own_spot() + series.strike)
    assert (difference[both] <= bound[both]).all()


def test_a_higher_price_needs_a_higher_volatility(backend: BackendName) -> None:
    price = np.linspace(30.5, 90.0, 200)
    series = one_series(right=-1, strike=130.0).take(np.zeros(200, np.int64))
    volatility, status = series.solve(AMERICAN, price, backend)
    assert_array_equal(status, OK)
    assert (np.diff(volatility) > 0).all()
