# SPDX-License-Identifier: Apache-2.0
"""The table `instruments`: checked, and completed with the terms that OSI symbols spell out."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from riskarray.array_types import F64, I8, I32, Bool
from riskarray.defects import DefectLog
from riskarray.kernel_codes import MAX_VOLATILITY, MAX_YEARS
from riskarray.market import (
    CLOSE,
    KIND_CODE,
    KIND_FUTURE,
    KIND_OPTION,
    KIND_STOCK,
    OPEN,
    RIGHT_CODE,
    years_until,
)
from riskarray.roots import (
    EXERCISE_AMERICAN,
    EXERCISE_CODE,
    EXERCISE_NONE,
    SETTLEMENT_AM,
    SETTLEMENT_CODE,
    SETTLEMENT_NONE,
    SETTLEMENT_PM,
    RootMatch,
    match_roots,
)
from riskarray.symbols import OsiTerms, compact_symbol, parse_osi
from riskarray.table_data import TableData
from riskarray.text_columns import as_text, first_rows
from riskarray.underlying_rows import UnderlyingRows

__all__ = ["OPTION_MULTIPLIER", "STOCK_MULTIPLIER", "InstrumentRows", "instrument_rows"]

OPTION_MULTIPLIER: Final = 100.0
STOCK_MULTIPLIER: Final = 1.0
STRIKE_TOLERANCE: Final = 0.0005
"""Half of the smallest step in strike that an OSI symbol can spell."""

NO_KIND: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstrumentRows:
    """Instruments before the wrong ones are gone; columns as in `market.Instruments`.

    Parameters
    ----------
    key : StringArray, shape (n,)
        Symbol in its compact form; empty for a row without one.
    first : ndarray of int32, shape (n,)
        The first row of the same key.
    underlying : ndarray of int32, shape (n,)
        Row of the table `underlyings`; -1 where there is none.
    symbol, kind, right, strike, expiry, exercise, settlement, multiplier, price, implied_volatility
        Columns of the instruments.
    """

    key: pa.StringArray
    first: I32
    symbol: pa.StringArray
    underlying: I32
    kind: I8
    right: I8
    strike: F64
    expiry: npt.NDArray[np.datetime64]
    exercise: I8
    settlement: I8
    multiplier: F64
    price: F64
    implied_volatility: F64

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.symbol)

    def has_expired(self, as_of: dt.datetime) -> Bool:
        """Return whether the instant of expiry of each row is not after `as_of`."""
        at_close = years_until(as_of, self.expiry, CLOSE)
        at_open = years_until(as_of, self.expiry, OPEN)
        is_am = self.settlement == SETTLEMENT_AM
        expired: Bool = (is_am & (at_open <= 0)) | (at_close <= 0)
        return expired


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Checks:
    """What the checks of single columns share."""

    table: TableData
    log: DefectLog
    kind: I8
    terms: OsiTerms
    roots: RootMatch

    @property
    def is_option(self) -> Bool:
        found: Bool = self.kind == KIND_OPTION
        return found

    def spelled(self, is_given: Bool) -> Bool:
        """Return the options whose symbol spells a term that the table gives as well."""
        return self.is_option & self.terms.is_osi & is_given


def instrument_rows(
    table: TableData, underlyings: UnderlyingRows, as_of: dt.datetime, log: DefectLog
) -> InstrumentRows:
    """Check the table and complete its terms.

    An option takes what its row leaves out from its OSI symbol (right, strike, expiry), from the
    table of index roots (exercise, settlement), and otherwise American exercise, PM settlement and
    a multiplier of 100. A row that contradicts its symbol is wrong. So is an option that expired
    before the day of `as_of`; one that expired on that day is left to whoever holds it.

    Parameters
    ----------
    table : TableData
        The table.
    underlyings : UnderlyingRows
        What the instruments are on.
    as_of : datetime
        Instant of the snapshot, in New York time.
    log : DefectLog
        Takes what is wrong.

    Returns
    -------
    InstrumentRows
        One row per row of the table.
    """
    text = table.text["symbol"]
    log.add(table, "symbol", text.is_null, "must be given")
    symbol = text.strings().fill_null("")
    key = compact_symbol(symbol)
    first = first_rows(text if key is symbol else as_text(key))
    is_again = first != np.arange(len(table))
    log.add(table, "symbol", is_again, lambda row: f"must be unique, row {first[row] + 1} has it")
    terms = parse_osi(symbol)
    kind, _ = table.text["kind"].coded(KIND_CODE, NO_KIND)
    log.add(table, "kind", kind == NO_KIND, "must be stock, option or future")
    is_osi_but = terms.is_osi & (kind != KIND_OPTION) & (kind != NO_KIND)
    log.add(table, "kind", is_osi_but, "must be option, as the symbol is that of one")
    roots = match_roots(terms.root, underlyings.columns.name)
    checks = _Checks(table=table, log=log, kind=kind, terms=terms, roots=roots)
    underlying = _underlying(checks, underlyings)
    is_index = np.append(underlyings.is_index, np.False_)[underlying]
    _check_tickers(checks, symbol, underlying, underlyings)
    log.add(table, "kind", (kind == KIND_STOCK) & is_index, "must not be stock of an index")
    _check_foreign_terms(checks)
    spot = np.append(underlyings.columns.price, np.nan)[underlying]
    is_stock = kind == KIND_STOCK
    price = _price(checks, "price", is_zero_allowed=True)
    return InstrumentRows(
        key=key,
        first=first,
        symbol=symbol,
        underlying=underlying,
        kind=np.where(kind == NO_KIND, KIND_STOCK, kind).astype(np.int8),
        right=_right(checks),
        strike=_strike(checks),
        expiry=_expiry(checks, as_of),
        exercise=_exercise(checks, is_index),
        settlement=_settlement(checks),
        multiplier=_multiplier(checks),
        price=np.where(is_stock, spot, price),
        implied_volatility=_implied_volatility(checks),
    )


def _underlying(checks: _Checks, underlyings: UnderlyingRows) -> I32:
    table, log = checks.table, checks.log
    text = table.text["underlying"]
    log.add(table, "underlying", text.is_null, "must be given")
    row = np.append(underlyings.find(text.value), np.int32(-1))[text.code]
    log.add(table, "underlying", row < 0, "must be one of the underlyings")
    named = checks.roots.underlying
    log.add(
        table,
        "underlying",
        checks.spelled(named >= 0) & (row >= 0) & (named != row),
        lambda k: f"must be {underlyings.columns.name[named[k]]}, as the symbol says",
    )
    return row


def _check_tickers(
    checks: _Checks, symbol: pa.StringArray, underlying: I32, underlyings: UnderlyingRows
) -> None:
    """Report symbols that are the ticker of an underlying and say that they are something else."""
    table, log = checks.table, checks.log
    plain = np.flatnonzero(~checks.terms.is_osi)
    ticker_of = np.full(len(table), -1, np.int32)
    ticker_of[plain] = underlyings.find(symbol.take(pa.array(plain)))
    is_ticker = ticker_of >= 0
    log.add(
        table,
        "underlying",
        is_ticker & (underlying >= 0) & (ticker_of != underlying),
        lambda row: f"must be {underlyings.columns.name[ticker_of[row]]}, as the symbol says",
    )
    has_shares = is_ticker & ~np.append(underlyings.is_index, np.False_)[ticker_of]
    is_other = has_shares & (checks.kind != KIND_STOCK) & (checks.kind != NO_KIND)
    log.add(table, "kind", is_other, "must be stock, as the symbol is a ticker of underlyings")


def _check_foreign_terms(checks: _Checks) -> None:
    """Report terms of an option in rows of stock and futures, which are then likely mislabelled."""
    table, log = checks.table, checks.log
    is_sound = ~log.is_bad(table, "kind")
    is_stock = is_sound & (checks.kind == KIND_STOCK)
    is_future = is_sound & (checks.kind == KIND_FUTURE)
    given = {
        "right": ~table.text["right"].is_null,
        "strike": ~table.number["strike"].is_null,
        "exercise": ~table.text["exercise"].is_null,
        "implied_volatility": ~table.number["implied_volatility"].is_null,
    }
    for column, is_given in given.items():
        log.add(table, column, is_given & is_stock, "must be empty for stock")
        log.add(table, column, is_given & is_future, "must be empty for a future")
    has_expiry = is_stock & ~table.date["expiry"].is_null
    log.add(table, "expiry", has_expiry, "must be empty for stock")


def _right(checks: _Checks) -> I8:
    table, log, terms = checks.table, checks.log, checks.terms
    given, is_unknown = table.text["right"].coded(RIGHT_CODE, 0)
    log.add(table, "right", checks.is_option & is_unknown, "must be C or P")
    differs = checks.spelled(given != 0) & (given != terms.right)
    log.add(
        table,
        "right",
        differs,
        lambda row: f"must be {'C' if terms.right[row] > 0 else 'P'}, as the symbol says",
    )
    right = np.where(given == 0, terms.right, given)
    log.add(table, "right", checks.is_option & (right == 0), "must be C or P")
    return np.where(checks.is_option, right, 0).astype(np.int8)


def _strike(checks: _Checks) -> F64:
    table, log, terms = checks.table, checks.log, checks.terms
    given = table.number["strike"]
    strike = np.where(given.is_null, terms.strike, given.value)
    is_wrong = ~(_is_finite(strike) & (strike > 0))
    log.add(
        table,
        "strike",
        checks.is_option & is_wrong,
        "must be a positive number",
        value=lambda row: f"{strike[row]:g}" if terms.is_osi[row] else "",
    )
    differs = checks.spelled(~given.is_null) & (np.abs(strike - terms.strike) > STRIKE_TOLERANCE)
    log.add(
        table, "strike", differs, lambda row: f"must be {terms.strike[row]:g}, as the symbol says"
    )
    return np.where(checks.is_option, strike, 0.0)


def _expiry(checks: _Checks, as_of: dt.datetime) -> npt.NDArray[np.datetime64]:
    table, log, terms = checks.table, checks.log, checks.terms
    given = table.date["expiry"]
    expires = (checks.kind == KIND_OPTION) | (checks.kind == KIND_FUTURE)
    expiry = np.where(given.is_null, terms.expiry, given.value)
    log.add(table, "expiry", expires & np.isnat(expiry), "must be a date, YYYY-MM-DD")
    differs = checks.spelled(~given.is_null) & (expiry != terms.expiry)
    log.add(
        table, "expiry", differs, lambda row: f"must be {terms.expiry[row]}, as the symbol says"
    )
    today = np.datetime64(as_of.date(), "D")
    message = f"must not be before {today} (expired)"
    is_past = expires & (expiry < today)
    log.add(table, "expiry", is_past, message, value=lambda row: str(expiry[row]))
    last = np.datetime64(as_of.date(), "D") + int(365 * MAX_YEARS) - 1
    is_far = expires & (expiry > last)
    message = f"must be no later than {last}, {MAX_YEARS:g} years from the snapshot"
    log.add(table, "expiry", is_far, message, value=lambda row: str(expiry[row]))
    return np.where(expires, expiry, np.datetime64("NaT", "D"))


def _exercise(checks: _Checks, is_index: Bool) -> I8:
    table, log = checks.table, checks.log
    given, is_unknown = table.text["exercise"].coded(EXERCISE_CODE, EXERCISE_NONE)
    log.add(table, "exercise", checks.is_option & is_unknown, "must be american or european")
    exercise = np.where(given == EXERCISE_NONE, checks.roots.exercise, given)
    is_open = checks.is_option & (exercise == EXERCISE_NONE)
    message = "must be given for an index option whose root is not known: american or european"
    log.add(table, "exercise", is_open & is_index, message)
    exercise = np.where(is_open, EXERCISE_AMERICAN, exercise)
    return np.where(checks.is_option, exercise, EXERCISE_NONE).astype(np.int8)


def _settlement(checks: _Checks) -> I8:
    table, log = checks.table, checks.log
    given, is_unknown = table.text["settlement"].coded(SETTLEMENT_CODE, SETTLEMENT_NONE)
    expires = (checks.kind == KIND_OPTION) | (checks.kind == KIND_FUTURE)
    log.add(table, "settlement", expires & is_unknown, "must be am or pm")
    settlement = np.where(given == SETTLEMENT_NONE, checks.roots.settlement, given)
    settlement = np.where(settlement == SETTLEMENT_NONE, SETTLEMENT_PM, settlement)
    return np.where(expires, settlement, SETTLEMENT_NONE).astype(np.int8)


def _multiplier(checks: _Checks) -> F64:
    table, log = checks.table, checks.log
    given = table.number["multiplier"]
    is_adjusted = checks.is_option & checks.roots.is_adjusted
    message = "must be given for an adjusted contract (a root with a digit)"
    log.add(table, "multiplier", given.is_null & is_adjusted, message)
    is_future = checks.kind == KIND_FUTURE
    log.add(table, "multiplier", given.is_null & is_future, "must be given for a future")
    is_wrong = ~given.is_null & ~(_is_finite(given.value) & (given.value > 0))
    log.add(table, "multiplier", is_wrong, "must be a positive number")
    default = np.where(checks.is_option, OPTION_MULTIPLIER, STOCK_MULTIPLIER)
    return np.where(given.is_null, default, given.value)


def _price(checks: _Checks, column: str, *, is_zero_allowed: bool) -> F64:
    """Return a column that may be empty but neither negative nor NaN nor infinite."""
    given = checks.table.number[column]
    value = given.value
    is_right = _is_finite(value) & ((value >= 0) if is_zero_allowed else (value > 0))
    message = f"must be {'zero or positive' if is_zero_allowed else 'positive'}, or empty"
    checks.log.add(checks.table, column, ~given.is_null & ~is_right, message)
    return value


def _implied_volatility(checks: _Checks) -> F64:
    """Return the volatilities given: fractions, in the range that one is searched for in."""
    value = _price(checks, "implied_volatility", is_zero_allowed=False)
    message = f"must be a fraction such as 0.25, at most {MAX_VOLATILITY:g}"
    checks.log.add(checks.table, "implied_volatility", value > MAX_VOLATILITY, message)
    return value


def _is_finite(value: F64) -> Bool:
    return np.isfinite(value)
