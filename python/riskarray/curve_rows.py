# SPDX-License-Identifier: Apache-2.0
"""The tables `dividends` and `rates`: checked, and turned into times from the snapshot."""

import datetime as dt
from collections.abc import Callable

import numpy as np

from riskarray.array_types import I32
from riskarray.defects import DefectLog
from riskarray.market import CLOSE, OPEN, Dividends, Rates, years_until
from riskarray.table_data import TableData
from riskarray.tables import Defect
from riskarray.underlying_rows import UnderlyingRows

__all__ = ["check_dividends", "dividend_schedule", "flat_rate", "rate_curve"]


def check_dividends(table: TableData, underlyings: UnderlyingRows, log: DefectLog) -> I32:
    """Check the table of dividends.

    Parameters
    ----------
    table : TableData
        The table.
    underlyings : UnderlyingRows
        What pays them.
    log : DefectLog
        Takes what is wrong: an unknown underlying, no date, an amount that is negative or not a
        number or not less than the price of what pays it, the same dividend twice.

    Returns
    -------
    ndarray of int32, shape (n,)
        Row of the table `underlyings` of each dividend; -1 where there is none.
    """
    text = table.text["underlying"]
    log.add(table, "underlying", text.is_null, "must be given")
    row = np.append(underlyings.find(text.value), np.int32(-1))[text.code]
    log.add(table, "underlying", row < 0, "must be one of the underlyings")
    date, amount = table.date["ex_date"], table.number["amount"]
    log.add(table, "ex_date", date.is_null, "must be a date, YYYY-MM-DD")
    is_right = np.isfinite(amount.value) & (amount.value >= 0)
    log.add(table, "amount", ~is_right, "must be zero or positive")
    price = np.append(underlyings.columns.price, np.nan)[row]
    log.add(
        table, "amount", (amount.value >= price) & (price > 0), _less_than_price(underlyings, row)
    )
    order = np.lexsort((amount.value, date.value, row))
    again = np.zeros(len(table), np.bool_)
    keys = (row, date.value, amount.value)
    again[order[1:]] = np.logical_and.reduce([k[order][1:] == k[order][:-1] for k in keys])
    log.add(table, "ex_date", again, "must be unique for an underlying and amount")
    return row


def _less_than_price(underlyings: UnderlyingRows, row: I32) -> Callable[[int], str]:
    """Return the words for a dividend that takes all of the price, such as one in cents."""

    def message(k: int) -> str:
        name, price = underlyings.columns.name[row[k]], underlyings.columns.price[row[k]]
        return f"must be USD per share, less than the price of {name}, which is {price:g}"

    return message


def dividend_schedule(
    table: TableData | None, underlying: I32, n_underlyings: int, as_of: dt.datetime
) -> Dividends:
    """Return the dividends still to come, sorted by underlying and time.

    Parameters
    ----------
    table : TableData or None
        The table, without defects in the rows that are used.
    underlying : ndarray of int32, shape (n,)
        Row of each dividend's underlying in the market; -1 leaves the dividend out.
    n_underlyings : int
        Underlyings of the market.
    as_of : datetime
        Instant of the snapshot; what went ex by then is left out, and so is an amount of zero.

    Returns
    -------
    Dividends
        One run of rows per underlying.
    """
    if table is None:
        empty = np.zeros(0)
        date = np.zeros(0, "datetime64[D]")
        offset = np.zeros(n_underlyings + 1, np.int64)
        return Dividends(offset=offset, ex_date=date, time=empty, amount=empty)
    ex_date, amount = table.date["ex_date"].value, table.number["amount"].value
    time = years_until(as_of, ex_date, OPEN)
    row = np.flatnonzero((underlying >= 0) & (time > 0) & (amount > 0))
    row = row[np.lexsort((amount[row], time[row], underlying[row]))]
    count = np.bincount(underlying[row], minlength=n_underlyings)
    offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Dividends(offset=offset, ex_date=ex_date[row], time=time[row], amount=amount[row])


def flat_rate(rate: float | None) -> Rates:
    """Return a curve that is the same rate at every time; zero, and marked so, without one."""
    is_given = rate is not None
    return Rates(time=np.zeros(1), rate=np.array([rate if is_given else 0.0]), is_given=is_given)


def rate_curve(table: TableData, as_of: dt.datetime, log: DefectLog) -> Rates | None:
    """Check the table of rates and return the curve; rows may stand in any order.

    Parameters
    ----------
    table : TableData
        The table.
    as_of : datetime
        Instant of the snapshot.
    log : DefectLog
        Takes what is wrong: no rows, a date missing or twice, a rate that is no fraction.

    Returns
    -------
    Rates or None
        The curve; None when there is a defect.
    """
    date, rate = table.date["date"], table.number["rate"]
    if not len(table):
        message = "must have at least one row"
        log.add_structural(
            Defect(table=table.name, row=None, column="", value="an empty table", message=message)
        )
        return None
    log.add(table, "date", date.is_null, "must be a date, YYYY-MM-DD")
    _, first, inverse = np.unique(date.value, return_index=True, return_inverse=True)
    again = first[inverse] != np.arange(len(table))
    log.add(
        table, "date", again, lambda row: f"must be unique, row {first[inverse][row] + 1} has it"
    )
    message = "must be a fraction such as 0.04, between -1 and 1"
    log.add(table, "rate", ~(np.abs(rate.value) < 1), message)
    if log.is_bad(table).any():
        return None
    order = np.argsort(date.value)
    time = years_until(as_of, date.value[order], CLOSE)
    return Rates(time=time, rate=rate.value[order])
