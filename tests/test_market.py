import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskarray.market import (
    CLOSE,
    NEW_YORK,
    OPEN,
    Dividends,
    Instruments,
    Market,
    Rates,
    Underlyings,
    new_york_seconds,
    years_until,
)

AS_OF = dt.datetime(2026, 7, 10, 16, tzinfo=NEW_YORK)


def dates(*values: str) -> np.ndarray:
    return np.array(values, "datetime64[D]")


def underlyings(n: int = 1) -> Underlyings:
    text = pa.array(["SPX"] * n)
    number = np.ones(n)
    return Underlyings(
        name=text,
        price=number,
        product_type=text,
        portfolio_type=text,
        class_group=text,
        strategy_class=text,
        product_group=text,
        leverage=number,
        dividend_yield=number,
    )


def instruments(expiry: np.ndarray, settlement: list[int]) -> Instruments:
    n = len(expiry)
    code = np.ones(n, np.int8)
    return Instruments(
        symbol=pa.array([str(k) for k in range(n)]),
        underlying=np.zeros(n, np.int32),
        kind=code,
        right=code,
        strike=np.ones(n),
        expiry=expiry,
        exercise=code,
        settlement=np.array(settlement, np.int8),
        multiplier=np.ones(n),
        price=np.ones(n),
        implied_volatility=np.ones(n),
    )


def no_dividends(n: int = 1) -> Dividends:
    none = np.zeros(0)
    offset = np.zeros(n + 1, np.int64)
    return Dividends(offset=offset, ex_date=dates(), time=none, amount=none)


def market(table: Instruments, as_of: dt.datetime = AS_OF) -> Market:
    return Market(
        as_of=as_of,
        underlyings=underlyings(),
        instruments=table,
        dividends=no_dividends(),
        rates=Rates(time=np.zeros(1), rate=np.zeros(1)),
    )


def test_time_runs_to_the_close_and_to_the_open_for_am_settlement() -> None:
    table = instruments(dates("2026-07-13", "2026-07-13", "NaT"), [2, 1, 0])
    hours = market(table).time_to_expiry() * 365 * 24
    np.testing.assert_allclose(hours, [72.0, 65.5, 0.0], rtol=1e-14)


def test_a_year_of_365_days_is_one() -> None:
    table = instruments(dates("2027-07-10"), [2])
    assert market(table).time_to_expiry()[0] == 1.0


def test_daylight_saving_time_counts_as_the_hour_that_it_is() -> None:
    winter = dt.datetime(2026, 3, 7, 16, tzinfo=NEW_YORK)
    table = instruments(dates("2026-03-08", "2026-11-02"), [2, 2])
    hours = market(table, winter).time_to_expiry() * 365 * 24
    np.testing.assert_allclose(hours, [23.0, 240 * 24], rtol=1e-14)


def test_what_has_expired_has_a_negative_time() -> None:
    table = instruments(dates("2026-07-10", "2026-07-10"), [2, 1])
    time = market(table).time_to_expiry()
    assert time[0] == 0.0
    assert time[1] < 0.0


@given(st.lists(st.dates(dt.date(1980, 1, 1), dt.date(2120, 1, 1)), max_size=30))
def test_instants_agree_with_the_time_zone_database(days: list[dt.date]) -> None:
    for clock in (OPEN, CLOSE):
        got = new_york_seconds(np.array(days, "datetime64[D]"), clock)
        want = [
            dt.datetime.combine(d, clock, ZoneInfo("America/New_York")).timestamp() for d in days
        ]
        np.testing.assert_array_equal(got, want)


def test_years_are_the_same_from_whatever_zone_the_instant_is_given_in() -> None:
    utc = AS_OF.astimezone(dt.UTC)
    day = dates("2026-08-21")
    assert years_until(utc, day, CLOSE)[0] == years_until(AS_OF, day, CLOSE)[0]


def test_rates_are_linear_between_dates_and_flat_outside() -> None:
    rates = Rates(time=np.array([0.5, 1.0]), rate=np.array([0.03, 0.04]))
    got = rates.at([-1.0, 0.0, 0.5, 0.75, 1.0, 9.0])
    np.testing.assert_allclose(got, [0.03, 0.03, 0.03, 0.035, 0.04, 0.04], rtol=1e-15)


def test_a_curve_needs_increasing_times_and_at_least_one() -> None:
    with pytest.raises(ValueError, match="must increase"):
        Rates(time=np.array([1.0, 1.0]), rate=np.zeros(2))
    with pytest.raises(ValueError, match="one rate per time"):
        Rates(time=np.zeros(0), rate=np.zeros(0))


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Instruments: settlement must have 1 rows, got 2"):
        instruments(dates("2026-07-13"), [1, 1])


def test_a_market_needs_a_zone_and_a_run_of_dividends_per_underlying() -> None:
    table = instruments(dates("2026-07-13"), [1])
    with pytest.raises(ValueError, match="time zone"):
        market(table, dt.datetime(2026, 7, 10))  # noqa: DTZ001
    with pytest.raises(ValueError, match="per underlying"):
        Market(
            as_of=AS_OF,
            underlyings=underlyings(2),
            instruments=table,
            dividends=no_dividends(1),
            rates=Rates(time=np.zeros(1), rate=np.zeros(1)),
        )
    with pytest.raises(ValueError, match="offset must run"):
        Dividends(offset=np.array([0, 1]), ex_date=dates(), time=np.zeros(0), amount=np.zeros(0))
