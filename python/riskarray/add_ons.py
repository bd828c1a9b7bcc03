# SPDX-License-Identifier: Apache-2.0
"""House add-ons: amounts beside the scenarios, for what is concentrated or slow to sell.

An add-on measures something of what an account holds and charges a rate of its market value, by the
steps of the rulebook: the whole of it at the rate of the step that the measure falls in. A measure
that is exactly a bound is in the step above it, whatever rounding makes of it. What is measured:

- a share of equity: the net market value of a class group's stock and options, each times its
  leverage, over the account's equity; long and short have tables of their own, and an account
  without equity is in the last step;
- days to liquidate: the shares held of one stock over the part of its daily volume that the firm
  thinks it can trade.

Last comes the least that an account with positions is charged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from riskarray.array_types import F64, I64, Bool
from riskarray.book import Book
from riskarray.label_columns import name_column
from riskarray.market import KIND_STOCK
from riskarray.portfolio_margin import PortfolioMargin
from riskarray.rulebook_schema import AddOnTable
from riskarray.sums import totals
from riskarray.valuation import account_values, market_price, position_accounts, unit_value

__all__ = ["MINIMUM_REQUIREMENT", "AddOns", "add_ons"]

MINIMUM_REQUIREMENT: Final = "minimum_requirement"
"""Name of the row that tops an account up to the least it is charged."""

_AT_BOUND: Final = 1e-9
"""Part of a bound by which a measure may fall short of it and still stand at it."""

_SCHEMA: Final = pa.schema(
    {
        "account": pa.dictionary(pa.int32(), pa.string()),
        "add_on": pa.string(),
        "class_group": pa.string(),
        "symbol": pa.string(),
        "exposure": pa.float64(),
        "measure": pa.float64(),
        "rate": pa.float64(),
        "amount": pa.float64(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AddOns:
    """The add-ons of every account of a book.

    Attributes
    ----------
    rows : pyarrow.Table
        One row per add-on that charges something: `account`, `add_on`, `class_group`, `symbol`
        (null where the whole class group or account is meant), `exposure` (market value, USD),
        `measure` (share of equity, or days; null where there is none), `rate`, `amount` (USD).
    amount : ndarray, shape (a,)
        Their sum, in USD.
    """

    rows: pa.Table
    amount: F64


class _Charge(NamedTuple):
    """What one add-on charges: the accounts, what of theirs is meant, and the figures."""

    account: I64
    class_group: pa.StringArray
    symbol: pa.StringArray
    exposure: F64
    measure: F64
    rate: F64
    amount: F64


def add_ons(book: Book, base: F64, portfolio: PortfolioMargin) -> AddOns:
    """Return the add-ons of every account.

    Parameters
    ----------
    book : Book
        Positions, cash and the rulebook.
    base : ndarray, shape (n,)
        Theoretical value per share of every instrument.
    portfolio : PortfolioMargin
        The requirements that the add-ons stand beside.
    """
    rulebook, n_accounts = book.rulebook, len(book.account)
    total = np.zeros(n_accounts)
    charges: dict[str, _Charge] = {}
    if rulebook.add_ons:
        holdings = _Holdings(book, base, portfolio)
        for name, table in rulebook.add_ons.items():
            charges[name] = _charged(holdings, table)
            total += totals(charges[name].account, charges[name].amount, n_accounts)
    if rulebook.account.minimum_requirement is not None:
        least = rulebook.account.minimum_requirement.value
        charge = _topped_up(book, least, portfolio.requirement + total)
        total += totals(charge.account, charge.amount, n_accounts)
        charges[MINIMUM_REQUIREMENT] = charge
    return AddOns(rows=_rows(book, charges), amount=total)


class _Holdings:
    """Market values and volumes of what the accounts hold, as the add-ons measure them."""

    def __init__(self, book: Book, base: F64, portfolio: PortfolioMargin) -> None:
        self.book = book
        self.portfolio = portfolio
        self.classes = portfolio.classes
        self.equity = account_values(book, base).equity
        self.account = position_accounts(book)
        price = market_price(book.market, base)
        self.value = book.quantity * unit_value(book.market, price)[book.instrument]
        self.underlying = book.market.instruments.underlying[book.instrument]
        n_groups = len(portfolio.group_class)
        leverage = book.market.underlyings.leverage[self.underlying]
        self.exposure = totals(portfolio.position_group, self.value * leverage, n_groups)
        """Net market value of every class group held."""
        held = np.diff(portfolio.group_offset)
        self.group_account = np.repeat(np.arange(len(book.account), dtype=np.int64), held)

    def class_rows(self, table: AddOnTable) -> Bool:
        """Return which class groups an add-on is about; none outside portfolio margin."""
        inside = ~self.classes.is_outside
        if table.portfolio_types is None:
            return inside
        types = self.classes.portfolio_type.to_pylist()
        return inside & np.array([t in table.portfolio_types.value for t in types], np.bool_)


def _charged(holdings: _Holdings, table: AddOnTable) -> _Charge:
    if table.measure.value == "days_to_liquidate":
        return _slow_to_sell(holdings, table)
    sign = 1.0 if table.measure.value == "long_share_of_equity" else -1.0
    is_meant = holdings.class_rows(table)[holdings.portfolio.group_class]
    row = np.flatnonzero(is_meant & (sign * holdings.exposure > 0.0))
    account, value = holdings.group_account[row], holdings.exposure[row]
    equity = holdings.equity[account]
    share = np.where(equity > 0.0, sign * value / np.where(equity > 0.0, equity, 1.0), np.inf)
    rate = _rate(table, share)
    names = holdings.classes.name.take(pa.array(holdings.portfolio.group_class[row]))
    return _kept(account, names, pa.nulls(len(row), pa.string()), value, share, rate)


def _slow_to_sell(holdings: _Holdings, table: AddOnTable) -> _Charge:
    assert table.participation is not None
    assert table.rate_without_volume is not None
    book, classes = holdings.book, holdings.classes
    is_stock = book.market.instruments.kind[book.instrument] == KIND_STOCK
    class_row = classes.of_underlying[holdings.underlying]
    row = np.flatnonzero(is_stock & holdings.class_rows(table)[class_row])
    risk = book.market.underlyings.risk
    volume = np.full(len(row), np.nan)
    if risk is not None:
        volume = risk.average_daily_volume[holdings.underlying[row]]
    is_known = volume > 0.0
    traded = table.participation.value * np.where(is_known, volume, 1.0)
    days = np.where(is_known, np.abs(book.quantity[row]) / traded, np.nan)
    rate = np.where(is_known, _rate(table, days), table.rate_without_volume.value)
    symbol = book.market.instruments.symbol.take(pa.array(book.instrument[row]))
    names = classes.name.take(pa.array(class_row[row]))
    return _kept(holdings.account[row], names, symbol, holdings.value[row], days, rate)


def _topped_up(book: Book, least: float, required: F64) -> _Charge:
    row = np.flatnonzero((np.diff(book.account_offset) > 0) & (required < least))
    nothing = pa.nulls(len(row), pa.string())
    none = np.full(len(row), np.nan)
    return _Charge(row, nothing, nothing, required[row], none, none, least - required[row])


def _rate(table: AddOnTable, measure: F64) -> F64:
    """Return the rate of the step that each measure falls in; a bound belongs to the step above.

    What is nearer to a bound than rounding leaves a quotient stands at it.
    """
    bounds = np.array(table.bounds.value)
    step = np.searchsorted(bounds - _AT_BOUND * np.abs(bounds), measure, side="right")
    rates: F64 = np.array(table.rates.value)
    return rates[np.minimum(step, len(rates) - 1)]


def _kept(
    account: I64,
    class_group: pa.StringArray,
    symbol: pa.StringArray,
    exposure: F64,
    measure: F64,
    rate: F64,
) -> _Charge:
    """Return the rows that charge something."""
    row = np.flatnonzero(rate * np.abs(exposure) > 0.0)
    taken = pa.array(row)
    return _Charge(
        account[row],
        class_group.take(taken),
        symbol.take(taken),
        exposure[row],
        measure[row],
        rate[row],
        rate[row] * np.abs(exposure[row]),
    )


def _rows(book: Book, charges: Mapping[str, _Charge]) -> pa.Table:
    """Return the table of all charges, one add-on below the other."""
    if not charges:
        return _SCHEMA.empty_table()
    every = list(charges.values())
    add_on = np.repeat(np.arange(len(every)), [len(charge.account) for charge in every])
    columns: dict[str, pa.Array] = {
        "account": name_column(np.concatenate([c.account for c in every]), book.account),
        "add_on": pa.array(list(charges), pa.string()).take(pa.array(add_on)),
        "class_group": pa.concat_arrays([c.class_group for c in every]),
        "symbol": pa.concat_arrays([c.symbol for c in every]),
    }
    for column in ("exposure", "measure", "rate", "amount"):
        values = np.concatenate([getattr(charge, column) for charge in every])
        columns[column] = pa.array(values, mask=~np.isfinite(values))
    return pa.table(columns, schema=_SCHEMA)
