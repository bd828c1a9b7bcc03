# SPDX-License-Identifier: Apache-2.0
"""What an instrument is worth, for account equity and for rules that speak of market value."""

from typing import NamedTuple

import numpy as np

from riskarray.array_types import F64, I64, Bool
from riskarray.book import Book
from riskarray.market import KIND_FUTURE, KIND_STOCK, Market

__all__ = [
    "AccountValues",
    "account_values",
    "future_ratio",
    "long_value",
    "market_price",
    "position_accounts",
    "unit_value",
]


class AccountValues(NamedTuple):
    """Market values of each account, in USD: all that is long, all that is short, stock, equity.

    `equity` is the net liquidation value: cash + long - short.
    """

    long: F64
    short: F64
    stock: F64
    equity: F64


def market_price(market: Market, base: F64) -> F64:
    """Return the market value per share of every instrument.

    The price that the book gives is the market value. Where it gives none (a quarter of the series
    of a real file), the theoretical value stands in for it.

    Parameters
    ----------
    market : Market
        Instruments with their prices.
    base : ndarray, shape (n,)
        Theoretical value per share (`RiskArrays.base`); NaN where a series nobody holds has none.

    Returns
    -------
    ndarray, shape (n,)
        In USD per share; NaN only where both are.
    """
    price = market.instruments.price
    return np.where(np.isnan(price), base, price)


def future_ratio(market: Market) -> F64:
    """Return each instrument's price in terms of its underlying's, 1 for all but futures.

    A future moves by the same fraction as its underlying, of its own price.

    Parameters
    ----------
    market : Market
        Instruments and underlyings with their prices.

    Returns
    -------
    ndarray, shape (n,)
        Of a future with a price, that over the underlying's; of one without, 1.
    """
    instruments = market.instruments
    has_price = (instruments.kind == KIND_FUTURE) & (instruments.price > 0.0)
    spot = market.underlyings.price[instruments.underlying]
    return np.where(has_price, instruments.price / spot, 1.0)


def unit_value(market: Market, price: F64) -> F64:
    """Return the market value of one unit of every instrument held.

    Parameters
    ----------
    market : Market
        Instruments with their multipliers.
    price : ndarray, shape (n,)
        Market price per share (`market_price`).

    Returns
    -------
    ndarray, shape (n,)
        In USD per share of stock or contract; nought for a future, whose gains and losses are paid
        in cash every day; NaN for a series without a price that nobody holds.
    """
    instruments = market.instruments
    is_future = instruments.kind == KIND_FUTURE
    return np.where(is_future, 0.0, price * instruments.multiplier)


def position_accounts(book: Book) -> I64:
    """Return the account of each position of a book."""
    n_accounts = len(book.account)
    return np.repeat(np.arange(n_accounts, dtype=np.int64), np.diff(book.account_offset))


def account_values(book: Book, base: F64) -> AccountValues:
    """Return the market values of every account; each summed in the order of its positions.

    Parameters
    ----------
    book : Book
        Positions and cash.
    base : ndarray, shape (n,)
        Theoretical value per share of every instrument.
    """
    account, n_accounts = position_accounts(book), len(book.account)
    is_stock = book.market.instruments.kind[book.instrument] == KIND_STOCK
    price = market_price(book.market, base)
    value = book.quantity * unit_value(book.market, price)[book.instrument]
    parts = (np.maximum(value, 0.0), np.maximum(-value, 0.0), np.where(is_stock, value, 0.0))
    long, short, stock = (
        np.bincount(account, part, minlength=n_accounts).astype(np.float64) for part in parts
    )
    return AccountValues(long=long, short=short, stock=stock, equity=book.cash + (long - short))


def long_value(book: Book, base: F64, which: Bool) -> F64:
    """Return the market value of what every account holds long of some instruments, in USD.

    Parameters
    ----------
    book : Book
        Positions.
    base : ndarray, shape (n,)
        Theoretical value per share of every instrument.
    which : ndarray of bool, shape (n,)
        The instruments.
    """
    value = unit_value(book.market, market_price(book.market, base))
    at = np.flatnonzero(which[book.instrument] & (book.quantity > 0.0))
    held = book.quantity[at] * value[book.instrument[at]]
    account, n_accounts = position_accounts(book)[at], len(book.account)
    return np.bincount(account, held, minlength=n_accounts).astype(np.float64)
