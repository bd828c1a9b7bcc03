# SPDX-License-Identifier: Apache-2.0
"""Splits the positions of accounts into strategies, and takes the requirement of each.

The order is fixed and rests on terms alone. In an account, for each underlying:

1. long shares cover short calls and short shares cover short puts, those deepest in the money
   first, then the earliest expiry;
2. what is left of the shares of an unleveraged fund covers, in the same order, options on an index
   of the fund's class group, by market value;
3. remaining shorts are set against long options of the same right, expiry, style, settlement and
   multiplier: the deepest in the money shorts and longs first, each side in order of strike;
4. what is left stands by itself.

A leg is used once, and a contract is covered whole or not at all.
"""

import enum
from typing import NamedTuple

import numpy as np

from riskarray.array_types import F64, I8, I32, I64, AnyArray, Bool
from riskarray.market import KIND_FUTURE, KIND_OPTION, KIND_STOCK, Instruments
from riskarray.strategy_pairing import Matches, covered_contracts, match, totals
from riskarray.strategy_terms import Terms

__all__ = ["Pieces", "Positions", "Strategy", "split_into_strategies"]

_EUROPEAN = 1


class Strategy(enum.IntEnum):
    """What a piece of an account's positions is margined as."""

    LONG_STOCK = 0
    SHORT_STOCK = 1
    COVERED_CALL = 2
    COVERED_PUT = 3
    CALL_SPREAD = 4
    PUT_SPREAD = 5
    UNCOVERED_CALL = 6
    UNCOVERED_PUT = 7
    CASH_SECURED_PUT = 8
    LONG_OPTION = 9
    FUTURE = 10


class Positions(NamedTuple):
    """Positions in any order; one account holds an instrument once.

    `account` numbers the accounts, `is_cash` says of each position whether its account is a cash
    account.
    """

    account: I32
    instrument: I32
    quantity: F64
    is_cash: Bool


class Pieces(NamedTuple):
    """Strategies: one or two legs, each a row of the positions (-1: none), and what they require.

    `quantity` counts shares for stock alone and contracts otherwise; money in USD.
    """

    strategy: I8
    first: I64
    first_quantity: F64
    second: I64
    second_quantity: F64
    quantity: F64
    initial: F64
    maintenance: F64


class _Book:
    """Positions of a block of accounts, and how much of each is still to be used."""

    def __init__(self, positions: Positions, instruments: Instruments, terms: Terms) -> None:
        row = positions.instrument
        self.positions = positions
        self.terms = terms
        self.row = row
        self.left: F64 = np.abs(positions.quantity)
        self.is_long: Bool = positions.quantity > 0
        self.kind = instruments.kind[row]
        self.right = np.where(self.kind == KIND_OPTION, instruments.right[row], 0).astype(np.int8)
        self.underlying = instruments.underlying[row]
        self.multiplier = instruments.multiplier[row]
        self.instruments = instruments

    def keys(self, rows: I64, of_underlying: AnyArray) -> tuple[I64, I64]:
        """Return rows sorted by (account, `of_underlying`) then order of use, and that key."""
        group = of_underlying[self.underlying[rows]].astype(np.int64)
        key = self.positions.account[rows].astype(np.int64) * (int(of_underlying.max()) + 1) + group
        order = np.lexsort((*self.order_of_use(rows), key))
        return rows[order], key[order]

    def order_of_use(self, rows: I64) -> tuple[AnyArray, ...]:
        """Return sort keys, the last first: moneyness, expiry, then what tells series apart."""
        row, terms = self.row[rows], self.instruments
        moneyness = terms.right[row] * terms.strike[row] / self.terms.spot[self.underlying[rows]]
        return (
            row,
            self.terms.value[row],
            terms.multiplier[row],
            terms.settlement[row],
            terms.exercise[row],
            terms.expiry[row].astype(np.int64),
            moneyness,
        )

    def is_open(self, *, kind: int, is_long: bool, right: int = 0) -> Bool:
        """Return which positions of a kind still have something left."""
        of_kind = (self.kind == kind) & (self.right == right)
        chosen: Bool = of_kind & (self.is_long == is_long) & (self.left > 0)
        return chosen

    def stock_requirement(self, rows: I64, shares: F64, *, is_long: bool) -> tuple[F64, F64]:
        """Return initial and maintenance of shares; a cash account pays in full."""
        terms, underlying = self.terms, self.underlying[rows]
        if not is_long:
            return (
                shares * terms.short_initial[underlying],
                shares * terms.short_maintenance[underlying],
            )
        in_full = terms.cash_account * terms.spot[underlying]
        is_cash = self.positions.is_cash[rows]
        return (
            shares * np.where(is_cash, in_full, terms.long_initial[underlying]),
            shares * np.where(is_cash, in_full, terms.long_maintenance[underlying]),
        )

    def take(self, rows: I64, amount: F64) -> None:
        """Use up amounts of positions."""
        self.left -= totals(rows, amount, len(self.left))
        self.left[self.left <= 1e-9 * np.abs(self.positions.quantity)] = 0.0


def split_into_strategies(
    positions: Positions, instruments: Instruments, terms: Terms, class_group: I32
) -> Pieces:
    """Split positions into strategies.

    Parameters
    ----------
    positions : Positions
        Of any number of accounts.
    instruments : Instruments
        Terms of what is held.
    terms : Terms
        Figures of single legs.
    class_group : ndarray of int32, shape (u,)
        Class group of each underlying, numbered in any way.

    Returns
    -------
    Pieces
        Sorted by account, strategy and instruments. Quantities of all legs add up to the positions.
    """
    book = _Book(positions, instruments, terms)
    every = np.arange(len(terms.spot))
    parts = [
        _covered(book, every, is_call=True, by_fund=False),
        _covered(book, every, is_call=False, by_fund=False),
        _covered(book, class_group, is_call=True, by_fund=True),
        _covered(book, class_group, is_call=False, by_fund=True),
        _spreads(book, is_call=True),
        _spreads(book, is_call=False),
        *_alone(book),
    ]
    columns: list[AnyArray] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    pieces = Pieces(*columns)
    second = np.where(pieces.second >= 0, book.row[pieces.second], -1)
    order = np.lexsort(
        (second, book.row[pieces.first], pieces.strategy, positions.account[pieces.first])
    )
    return Pieces(*(column[order] for column in columns))


def _covered(book: _Book, of_underlying: AnyArray, *, is_call: bool, by_fund: bool) -> Pieces:
    """Cover short calls by long shares, or short puts by short shares."""
    terms = book.terms
    is_stock = book.is_open(kind=KIND_STOCK, is_long=is_call)
    is_short = book.is_open(kind=KIND_OPTION, is_long=False, right=1 if is_call else -1)
    if not is_call:
        is_stock &= ~book.positions.is_cash
        is_short &= ~book.positions.is_cash
    if by_fund:
        is_stock &= terms.covers_index[book.underlying]
        is_short &= terms.is_index[book.underlying]
    unit = terms.spot[book.underlying] * book.multiplier if by_fund else book.multiplier
    stock, stock_key = book.keys(np.flatnonzero(is_stock), of_underlying)
    short, short_key = book.keys(np.flatnonzero(is_short), of_underlying)
    is_wanted = np.isin(short_key, stock_key)
    short, short_key = short[is_wanted], short_key[is_wanted]
    known, group = np.unique(stock_key, return_inverse=True)
    capacity = totals(group, book.left[stock] * unit[stock], len(known))
    contracts = covered_contracts(
        np.searchsorted(known, short_key), book.left[short], unit[short], capacity
    )
    pairs = match(stock_key, book.left[stock] * unit[stock], short_key, contracts * unit[short])
    return _covered_pieces(book, stock, short, unit, pairs, is_call=is_call)


def _covered_pieces(
    book: _Book, stock: I64, short: I64, unit: F64, pairs: Matches, *, is_call: bool
) -> Pieces:
    """Return covered options: the shares' requirement and part of the in-the-money amount."""
    terms = book.terms
    first, second = stock[pairs.left], short[pairs.right]
    shares, contracts = pairs.amount / unit[first], pairs.amount / unit[second]
    book.take(first, shares)
    book.take(second, contracts)
    initial, maintenance = book.stock_requirement(
        first, shares * book.multiplier[first], is_long=is_call
    )
    in_the_money = contracts * terms.in_the_money[book.row[second]]
    if is_call:
        underlying, is_cash = book.underlying[first], book.positions.is_cash[first]
        paid = 1.0 - terms.cash_account
        initial += in_the_money * np.where(is_cash, paid, terms.in_the_money_initial[underlying])
        maintenance += in_the_money * np.where(
            is_cash, paid, terms.in_the_money_maintenance[underlying]
        )
    else:
        initial += in_the_money
        maintenance += in_the_money
    sign = 1.0 if is_call else -1.0
    return Pieces(
        _code(Strategy.COVERED_CALL if is_call else Strategy.COVERED_PUT, len(first)),
        first,
        sign * shares,
        second,
        -contracts,
        contracts,
        initial,
        maintenance,
    )


def _spreads(book: _Book, *, is_call: bool) -> Pieces:
    """Set short options against long ones that differ in strike alone."""
    terms, instruments = book.terms, book.instruments
    right = 1 if is_call else -1
    rows = {
        is_long: np.flatnonzero(
            book.is_open(kind=KIND_OPTION, is_long=is_long, right=right) & _may_spread(book)
        )
        for is_long in (True, False)
    }
    group = _series_but_strike(book, np.concatenate([rows[True], rows[False]]))
    n_long = len(rows[True])
    sides = []
    for part, key in ((rows[True], group[:n_long]), (rows[False], group[n_long:])):
        order = np.lexsort((*book.order_of_use(part), key))
        sides.append((part[order], key[order]))
    (long, long_key), (short, short_key) = sides
    pairs = match(long_key, book.left[long], short_key, book.left[short])
    first, second = long[pairs.left], short[pairs.right]
    book.take(first, pairs.amount)
    book.take(second, pairs.amount)
    gap = right * (instruments.strike[book.row[first]] - instruments.strike[book.row[second]])
    loss = np.maximum(gap, 0.0) * book.multiplier[second]
    if terms.is_spread_lesser_of_naked:
        loss = np.where(
            book.positions.is_cash[second],
            loss,
            np.minimum(loss, terms.uncovered[book.row[second]]),
        )
    required = pairs.amount * loss
    code = _code(Strategy.CALL_SPREAD if is_call else Strategy.PUT_SPREAD, len(first))
    amount = pairs.amount
    return Pieces(code, first, amount, second, -amount, amount, required, required.copy())


def _may_spread(book: _Book) -> Bool:
    """Return where spreads are allowed: a cash account only has those on European index options."""
    is_european = book.instruments.exercise[book.row] == _EUROPEAN
    allowed: Bool = ~book.positions.is_cash | (book.terms.is_index[book.underlying] & is_european)
    return allowed


def _series_but_strike(book: _Book, rows: I64) -> I64:
    """Number the groups of options in one account that differ in strike alone."""
    row, terms = book.row[rows], book.instruments
    keys = (
        terms.multiplier[row],
        terms.settlement[row],
        terms.exercise[row],
        terms.expiry[row].astype(np.int64),
        book.underlying[rows],
        book.positions.account[rows],
    )
    order = np.lexsort(keys)
    is_new = np.zeros(len(rows), np.bool_)
    for key in keys:
        is_new[1:] |= np.diff(key[order]) != 0
    number = np.empty(len(rows), np.int64)
    number[order] = np.cumsum(is_new)
    return number


def _alone(book: _Book) -> list[Pieces]:
    """Return what is left, each leg by itself."""
    terms = book.terms
    is_cash = book.positions.is_cash
    is_short_put = book.is_open(kind=KIND_OPTION, is_long=False, right=-1)
    is_future = (book.kind == KIND_FUTURE) & (book.left > 0)
    rows = {
        Strategy.LONG_STOCK: book.is_open(kind=KIND_STOCK, is_long=True),
        Strategy.SHORT_STOCK: book.is_open(kind=KIND_STOCK, is_long=False),
        Strategy.UNCOVERED_CALL: book.is_open(kind=KIND_OPTION, is_long=False, right=1),
        Strategy.UNCOVERED_PUT: is_short_put & ~is_cash,
        Strategy.CASH_SECURED_PUT: is_short_put & is_cash,
        Strategy.LONG_OPTION: (book.kind == KIND_OPTION) & book.is_long & (book.left > 0),
        Strategy.FUTURE: is_future,
    }
    per_contract = {
        Strategy.UNCOVERED_CALL: terms.uncovered,
        Strategy.UNCOVERED_PUT: terms.uncovered,
        Strategy.CASH_SECURED_PUT: terms.strike_value,
        Strategy.LONG_OPTION: -terms.loan_value,
        Strategy.FUTURE: terms.future,
    }
    parts = []
    for strategy, chosen in rows.items():
        first = np.flatnonzero(chosen)
        quantity = book.left[first]
        if strategy in per_contract:
            initial = quantity * per_contract[strategy][book.row[first]]
            if strategy is Strategy.LONG_OPTION:
                initial = np.where(is_cash[first], 0.0, initial)
            maintenance = initial.copy()
        else:
            initial, maintenance = book.stock_requirement(
                first,
                quantity * book.multiplier[first],
                is_long=strategy is Strategy.LONG_STOCK,
            )
        parts.append(_single(book, strategy, first, initial, maintenance))
    return parts


def _single(book: _Book, strategy: Strategy, first: I64, initial: F64, maintenance: F64) -> Pieces:
    quantity = book.left[first]
    return Pieces(
        _code(strategy, len(first)),
        first,
        np.where(book.is_long[first], quantity, -quantity),
        np.full(len(first), -1, np.int64),
        np.zeros(len(first)),
        quantity,
        initial,
        maintenance,
    )


def _code(strategy: Strategy, n: int) -> I8:
    return np.full(n, int(strategy), np.int8)
