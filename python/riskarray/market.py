# SPDX-License-Identifier: Apache-2.0
"""The market snapshot: underlyings, instruments, dividends and rates at one instant.

Time conventions, used everywhere:

- Time is measured in years of 365 days of 86,400 seconds, from instant to instant (ACT/365): a
  switch to or from daylight saving time counts as the hour that it is.
- Every instant is in New York. A date as `as_of` means 16:00; options expire at 16:00 on `expiry`,
  AM-settled ones at 9:30. Early closes are not modelled.
- A stock goes ex dividend at 9:30, the open, of `ex_date`; a dividend counts for a series when
  0 < its time <= time to expiry, which for whole dates is `as_of` < `ex_date` <= `expiry`.
- A zero rate dated `d` runs to 16:00 on `d`; rates are continuous, linear in time between dates and
  flat outside.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from riskarray.array_types import F64, I8, I32, I64
from riskarray.roots import SETTLEMENT_AM
from riskarray.table_data import InstrumentOrigin
from riskarray.underlying_risk import UnderlyingRisk

KIND_STOCK: Final = 0
KIND_OPTION: Final = 1
KIND_FUTURE: Final = 2
KIND_CODE: Final = {"stock": KIND_STOCK, "option": KIND_OPTION, "future": KIND_FUTURE}
CALL: Final = 1
PUT: Final = -1
RIGHT_CODE: Final = {"C": CALL, "P": PUT}

NEW_YORK: Final = ZoneInfo("America/New_York")
OPEN: Final = dt.time(9, 30)
CLOSE: Final = dt.time(16, 0)
SECONDS_PER_YEAR: Final = 365.0 * 86_400.0

Dates = npt.NDArray[np.datetime64]


def new_york_seconds(date: Dates, clock: dt.time) -> F64:
    """Return the instants at which New York clocks show one time on each date.

    Parameters
    ----------
    date : ndarray of datetime64[D], shape (n,)
        Calendar dates; NaT gives NaN.
    clock : datetime.time
        Time on the wall.

    Returns
    -------
    ndarray of float64, shape (n,)
        Seconds since 1970-01-01 00:00 UTC. Each distinct date is converted once.
    """
    seconds = np.full(len(date), np.nan)
    known = ~np.isnat(date)
    if not known.any():
        return seconds
    day = date[known].astype("datetime64[D]").astype(np.int64)
    first = int(day.min())
    table = np.full(int(day.max()) - first + 1, np.nan)
    present = np.zeros(len(table), np.bool_)
    present[day - first] = True
    for offset in np.flatnonzero(present).tolist():
        local = dt.datetime.combine(dt.date(1970, 1, 1), clock, NEW_YORK)
        table[offset] = (local + dt.timedelta(days=first + offset)).timestamp()
    seconds[known] = table[day - first]
    return seconds


def years_until(as_of: dt.datetime, date: Dates, clock: dt.time) -> F64:
    """Return the time from `as_of` to one New York time on each date.

    Parameters
    ----------
    as_of : datetime
        Instant of the snapshot, with a time zone.
    date : ndarray of datetime64[D], shape (n,)
        Calendar dates; NaT gives NaN.
    clock : datetime.time
        Time on the wall in New York.

    Returns
    -------
    ndarray of float64, shape (n,)
        Years, ACT/365; negative for instants before `as_of`.
    """
    return (new_york_seconds(date, clock) - as_of.timestamp()) / SECONDS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Underlyings:
    """The underlyings, one per row, with every default resolved.

    Parameters
    ----------
    name : StringArray, shape (u,)
        Ticker, unique.
    price : ndarray of float64, shape (u,)
        Price at `as_of`, in USD; positive.
    product_type, portfolio_type, class_group, strategy_class : StringArray, shape (u,)
        As in the table `underlyings`, without nulls.
    product_group : StringArray, shape (u,)
        Product group of the class group; null where there is none.
    leverage : ndarray of float64, shape (u,)
        Signed multiple of the class group's move; not zero.
    dividend_yield : ndarray of float64, shape (u,)
        Continuous, annualised.
    risk : UnderlyingRisk or None
        What house overlays read; None when the market says nothing of it.
    """

    name: pa.StringArray
    price: F64
    product_type: pa.StringArray
    portfolio_type: pa.StringArray
    class_group: pa.StringArray
    strategy_class: pa.StringArray
    product_group: pa.StringArray
    leverage: F64
    dividend_yield: F64
    risk: UnderlyingRisk | None = None

    def __post_init__(self) -> None:
        """Refuse columns of unequal length."""
        _check_lengths(self, len(self.name))

    def __len__(self) -> int:
        """Return the number of underlyings."""
        return len(self.name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instruments:
    """The instruments, one per row: stock, options and futures.

    Parameters
    ----------
    symbol : StringArray, shape (n,)
        Symbol as the input spells it, unique in its compact form.
    underlying : ndarray of int32, shape (n,)
        Row of the underlying.
    kind : ndarray of int8, shape (n,)
        0 stock, 1 option, 2 future.
    right : ndarray of int8, shape (n,)
        +1 call, -1 put, 0 for anything but an option.
    strike : ndarray of float64, shape (n,)
        USD; positive for options, 0 otherwise.
    expiry : ndarray of datetime64[D], shape (n,)
        NaT for stock.
    exercise : ndarray of int8, shape (n,)
        1 European, 2 American, 0 for anything but an option.
    settlement : ndarray of int8, shape (n,)
        1 AM, 2 PM, 0 for stock.
    multiplier : ndarray of float64, shape (n,)
        Shares per contract; positive.
    price : ndarray of float64, shape (n,)
        Close or mid in USD per share; NaN where there is none. Stock is valued at the price of its
        underlying, so a stock's row holds that one.
    implied_volatility : ndarray of float64, shape (n,)
        Annualised; NaN where none is given.
    """

    symbol: pa.StringArray
    underlying: I32
    kind: I8
    right: I8
    strike: F64
    expiry: Dates
    exercise: I8
    settlement: I8
    multiplier: F64
    price: F64
    implied_volatility: F64

    def __post_init__(self) -> None:
        """Refuse columns of unequal length."""
        _check_lengths(self, len(self.symbol))

    def __len__(self) -> int:
        """Return the number of instruments."""
        return len(self.symbol)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dividends:
    """Cash dividends still to come, sorted by underlying and time.

    Parameters
    ----------
    offset : ndarray of int64, shape (u + 1,)
        Dividends of underlying `i` are the rows from `offset[i]` to `offset[i + 1]`.
    ex_date : ndarray of datetime64[D], shape (d,)
        Ex-dates after `as_of`.
    time : ndarray of float64, shape (d,)
        Years from `as_of` to the open of the ex-date; positive.
    amount : ndarray of float64, shape (d,)
        USD per share; positive.
    """

    offset: I64
    ex_date: Dates
    time: F64
    amount: F64

    def __post_init__(self) -> None:
        """Refuse offsets that do not cover the rows."""
        if self.offset[0] != 0 or self.offset[-1] != len(self.time):
            message = f"Dividends: offset must run from 0 to {len(self.time)}"
            raise ValueError(message)

    def __len__(self) -> int:
        """Return the number of dividends."""
        return len(self.time)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rates:
    """A curve of continuous zero rates.

    Parameters
    ----------
    time : ndarray of float64, shape (k,)
        Years from `as_of`, increasing; at least one.
    rate : ndarray of float64, shape (k,)
        Continuous zero rate at each time.
    is_given : bool
        False for the zero that stands in for the rates of a book without any.
    """

    time: F64
    rate: F64
    is_given: bool = True

    def __post_init__(self) -> None:
        """Refuse an empty curve and times that do not increase."""
        if len(self.time) != len(self.rate) or not len(self.time):
            message = f"Rates: must have one rate per time, got {len(self.time)}, {len(self.rate)}"
            raise ValueError(message)
        if not (np.diff(self.time) > 0).all():
            message = "Rates: time must increase"
            raise ValueError(message)

    def at(self, time: npt.ArrayLike) -> F64:
        """Return the zero rates for given times.

        Parameters
        ----------
        time : array_like of float64
            Years from `as_of`.

        Returns
        -------
        ndarray of float64
            Linear in time between the curve's dates, flat outside.
        """
        wanted = np.asarray(time, np.float64)
        found: F64 = np.interp(wanted, self.time, self.rate)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """Everything that prices depend on, at one instant.

    Parameters
    ----------
    as_of : datetime
        Instant of the snapshot, in New York time.
    underlyings : Underlyings
        Prices and classification.
    instruments : Instruments
        Terms and prices of everything that may be held.
    dividends : Dividends
        Cash dividends to come.
    rates : Rates
        Zero curve.
    origin : InstrumentOrigin, optional
        Where a book gives each instrument, for the words of an error.
    """

    as_of: dt.datetime
    underlyings: Underlyings
    instruments: Instruments
    dividends: Dividends
    rates: Rates
    origin: InstrumentOrigin | None = None

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together."""
        if self.as_of.tzinfo is None:
            message = "Market: as_of must have a time zone"
            raise ValueError(message)
        if len(self.dividends.offset) != len(self.underlyings) + 1:
            message = "Market: dividends must have one run of rows per underlying"
            raise ValueError(message)

    def time_to_expiry(self) -> F64:
        """Return the time from `as_of` to the expiry of each instrument.

        Returns
        -------
        ndarray of float64, shape (n,)
            Years, ACT/365, to 9:30 New York for AM-settled instruments and to 16:00 otherwise; 0
            for stock, negative for what has expired.
        """
        expiry = self.instruments.expiry
        is_am = self.instruments.settlement == SETTLEMENT_AM
        time = years_until(self.as_of, expiry, CLOSE)
        if is_am.any():
            time[is_am] = years_until(self.as_of, expiry[is_am], OPEN)
        return np.where(np.isnan(time), 0.0, time)


def _check_lengths(table: Any, n: int) -> None:  # noqa: ANN401 - any of the dataclasses above
    """Raise ValueError unless every column has n rows."""
    for name in table.__slots__:
        column = getattr(table, name)
        if column is not None and (got := len(column)) != n:
            message = f"{type(table).__name__}: {name} must have {n} rows, got {got}"
            raise ValueError(message)
