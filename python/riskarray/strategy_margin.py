# SPDX-License-Identifier: Apache-2.0
"""Strategy-based margin: Regulation T and maintenance of every account, strategy by strategy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I32, I64, AnyArray, Bool
from riskarray.book import Book
from riskarray.label_columns import label_column
from riskarray.market import KIND_OPTION, Market
from riskarray.rulebook import Rulebook
from riskarray.strategy_allocation import Pieces, Positions, Strategy, split_into_strategies
from riskarray.strategy_pairing import totals
from riskarray.strategy_terms import STRATEGY_CLASSES, leg_terms
from riskarray.valuation import market_price

__all__ = ["STRATEGIES", "Declaration", "StrategyMargin", "maintenance_by_position", "requirement"]

_BLOCK: Final = 1 << 20
"""Positions per block; bounds the memory of a large book."""


class Declaration(NamedTuple):
    """A strategy: its name, its rule in words, and the figures of the rulebook that it uses.

    `{strategy_class}` stands for the underlying's row of the strategy-based table.
    """

    name: str
    rule: str
    figures: tuple[str, ...]


_LONG = ("stock.initial_long", "stock.maintenance_long", "leverage.long_cap")
_SHORT = ("stock.initial_short", "stock.maintenance_short", "stock.short_per_share")
_OPTION = ("short_option.{strategy_class}.rate", "short_option.{strategy_class}.minimum")

STRATEGIES: Final[dict[Strategy, Declaration]] = {
    Strategy.LONG_STOCK: Declaration(
        "long_stock", "fraction of market value; maintenance grows with leverage", _LONG
    ),
    Strategy.SHORT_STOCK: Declaration(
        "short_stock",
        "beside the proceeds: the greater of a fraction of market value and an amount per share",
        _SHORT,
    ),
    Strategy.COVERED_CALL: Declaration(
        "covered_call",
        "long stock valued at no more than the strike; nothing for the call",
        (*_LONG, "cover.is_in_the_money_added_in_full"),
    ),
    Strategy.COVERED_PUT: Declaration(
        "covered_put", "short stock, and the put's in-the-money amount", _SHORT
    ),
    Strategy.CALL_SPREAD: Declaration(
        "call_spread",
        "greatest loss: long strike less short strike; at most the short call uncovered",
        ("cover.is_spread_lesser_of_naked",),
    ),
    Strategy.PUT_SPREAD: Declaration(
        "put_spread",
        "greatest loss: short strike less long strike; at most the short put uncovered",
        ("cover.is_spread_lesser_of_naked",),
    ),
    Strategy.UNCOVERED_CALL: Declaration(
        "uncovered_call",
        "value + max(rate of the underlying less the amount out of the money, minimum of it)",
        _OPTION,
    ),
    Strategy.UNCOVERED_PUT: Declaration(
        "uncovered_put",
        "value + max(rate of the underlying less the amount out of the money, minimum of strike)",
        _OPTION,
    ),
    Strategy.CASH_SECURED_PUT: Declaration(
        "cash_secured_put", "aggregate strike, in a cash account", ("stock.cash_account",)
    ),
    Strategy.LONG_OPTION: Declaration(
        "long_option",
        "paid in full; with long to run, less a loan value",
        ("long_option.loan_value_months", "long_option.loan_value_requirement"),
    ),
    Strategy.FUTURE: Declaration("future", "fraction of value", ("future.rate",)),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StrategyMargin:
    """Strategy-based margin of every account of a book.

    `reg_t_initial` and `maintenance` are gross, on the basis of margin equity (cash and stock);
    the net figures are the same rules on the basis of net liquidation value: with the value of
    long options added and that of short options taken off.

    Attributes
    ----------
    strategies : pyarrow.Table
        One row per strategy: `account`, `underlying`, `strategy`, `legs`, `quantity` (shares for
        stock alone, contracts otherwise), `initial`, `maintenance`, `option_value` (of its legs,
        long less short), `rule`, `source`; money in USD.
    reg_t_initial, maintenance : ndarray, shape (a,)
        Gross requirements, in USD; negative where there is loan value only.
    net_deposit, maintenance_net : ndarray, shape (a,)
        The same with option values, in USD: what compares with portfolio margin.
    """

    strategies: pa.Table
    reg_t_initial: F64
    maintenance: F64
    net_deposit: F64
    maintenance_net: F64


def requirement(book: Book, base: F64) -> StrategyMargin:
    """Return the strategy-based margin of every account.

    Market values are the book's prices where it gives them, and theoretical values elsewhere
    (`riskarray.valuation.market_price`).

    Parameters
    ----------
    book : Book
        Positions by account, and the rulebook. Accounts of type `cash` pay in full.
    base : ndarray, shape (n,)
        Theoretical value per share of each instrument (`RiskArrays.base`), in USD.

    Returns
    -------
    StrategyMargin
        Per strategy and per account.

    Raises
    ------
    ValueError
        If an instrument that is held has no finite market value.

    References
    ----------
    12 CFR 220.4, 220.12; FINRA Rule 4210(c), (f)(2); Cboe Rule 10.3. How positions are allotted to
    strategies: `riskarray.strategy_allocation`.
    """
    n_accounts = len(book.account)
    price = market_price(book.market, base)
    account = book_accounts(book)
    pieces = _split(book, price, account, np.arange(len(account)))
    of_piece = account[pieces.first]
    initial = totals(of_piece, pieces.initial, n_accounts)
    maintenance = totals(of_piece, pieces.maintenance, n_accounts)
    values = _option_values(book, price)
    options = totals(account, values * book.quantity, n_accounts)
    return StrategyMargin(
        strategies=_table(book, account, pieces, values),
        reg_t_initial=initial,
        maintenance=maintenance,
        net_deposit=initial + options,
        maintenance_net=maintenance + options,
    )


def maintenance_by_position(book: Book, base: F64, chosen: Bool) -> F64:
    """Return the maintenance of some positions, on the basis of net liquidation value.

    Parameters
    ----------
    book : Book
        Positions by account, and the rulebook.
    base : ndarray, shape (n,)
        Theoretical value per share of each instrument, in USD.
    chosen : ndarray of bool, shape (m,)
        The positions, margined as if each account held nothing else.

    Returns
    -------
    ndarray, shape (m,)
        In USD: a strategy's maintenance stands at its first leg, an option's value at the option.
        Only sums over what may be paired with each other have a meaning.
    """
    price = market_price(book.market, base)
    pieces = _split(book, price, book_accounts(book), np.flatnonzero(chosen))
    values = np.where(chosen, _option_values(book, price) * book.quantity, 0.0)
    required = totals(pieces.first, pieces.maintenance, len(chosen))
    return required + values


def book_accounts(book: Book) -> I32:
    """Return the account row of each position."""
    return np.repeat(np.arange(len(book.account), dtype=np.int32), np.diff(book.account_offset))


def _split(book: Book, price: F64, account: I32, rows: I64) -> Pieces:
    """Return the strategies of some positions, with legs as rows of the book's positions."""
    market = book.market
    _check_prices(market, price, book.instrument[rows])
    terms = leg_terms(market, book.rulebook, price)
    class_group = market.underlyings.class_group.dictionary_encode().indices.to_numpy()
    is_cash = pc.equal(book.account_type, "cash").to_numpy(zero_copy_only=False)
    parts = []
    for part in _blocks(account, rows):
        positions = Positions(
            account[part], book.instrument[part], book.quantity[part], is_cash[account[part]]
        )
        pieces = split_into_strategies(positions, market.instruments, terms, class_group)
        second = np.where(pieces.second >= 0, part[pieces.second], -1)
        parts.append(pieces._replace(first=part[pieces.first], second=second))
    columns: list[AnyArray] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Pieces(*columns)


def _blocks(account: I32, rows: I64) -> Iterator[I64]:
    """Yield rows in runs of whole accounts; one run at least."""
    begin = 0
    while len(rows) - begin > _BLOCK:
        of_account = account[rows[begin:]]
        end = begin + int(np.searchsorted(of_account, of_account[_BLOCK]))
        if end == begin:
            end += int(np.searchsorted(of_account, of_account[0], side="right"))
        yield rows[begin:end]
        begin = end
    yield rows[begin:]


def _check_prices(market: Market, price: F64, instrument: I32) -> None:
    bad = ~np.isfinite(price[instrument])
    if bad.any():
        symbol = market.instruments.symbol[int(instrument[np.argmax(bad)])].as_py()
        count = len(np.unique(instrument[bad]))
        msg = (
            "requirement: base must be finite for every instrument held without a price, "
            f"got none for {symbol} ({count} in all)"
        )
        raise ValueError(msg)


def _option_values(book: Book, price: F64) -> F64:
    """Return the market value of one contract of each position, 0 for what is not an option."""
    instruments = book.market.instruments
    value = np.where(instruments.kind == KIND_OPTION, price * instruments.multiplier, 0.0)
    held: F64 = value[book.instrument]
    return held


def _table(book: Book, account: I32, pieces: Pieces, values: F64) -> pa.Table:
    underlyings = book.market.underlyings
    first, last = pieces.first, np.where(pieces.second >= 0, pieces.second, pieces.first)
    underlying = book.market.instruments.underlying[book.instrument[last]]
    option_value = pieces.first_quantity * values[first] + np.where(
        pieces.second >= 0, pieces.second_quantity * values[last], 0.0
    )
    names = [STRATEGIES[strategy].name for strategy in Strategy]
    rules = [STRATEGIES[strategy].rule for strategy in Strategy]
    of_class = pc.index_in(underlyings.strategy_class, pa.array(STRATEGY_CLASSES)).to_numpy()
    source = pieces.strategy * len(STRATEGY_CLASSES) + of_class[underlying]
    return pa.table(
        {
            "account": label_column(account[first], book.account),
            "underlying": label_column(underlying, underlyings.name),
            "strategy": label_column(pieces.strategy, pa.array(names)),
            "legs": _legs(book, pieces),
            "quantity": pieces.quantity,
            "initial": pieces.initial,
            "maintenance": pieces.maintenance,
            "option_value": option_value,
            "rule": label_column(pieces.strategy, pa.array(rules)),
            "source": label_column(source, pa.array(_sources(book.rulebook))),
        }
    )


def _sources(rulebook: Rulebook) -> list[str]:
    """Return the sources behind each pair of strategy and strategy class."""
    sources = {
        row.key.removeprefix("strategy."): row.source
        for row in rulebook.figures()
        if row.key.startswith("strategy.")
    }
    texts = []
    for strategy in Strategy:
        for strategy_class in STRATEGY_CLASSES:
            keys = [
                key.format(strategy_class=strategy_class) for key in STRATEGIES[strategy].figures
            ]
            texts.append("; ".join(dict.fromkeys(sources[key] for key in keys)))
    return texts


def _legs(book: Book, pieces: Pieces) -> pa.StringArray:
    """Return the legs as text: `+100 ACME, -1 ACME260821C00510000`."""
    first = _leg(book, pieces.first, pieces.first_quantity)
    is_pair = pieces.second >= 0
    second = _leg(book, np.where(is_pair, pieces.second, 0), pieces.second_quantity)
    both = pc.binary_join_element_wise(first, second, ", ")
    return pc.if_else(pa.array(is_pair), both, first)


def _leg(book: Book, position: I64, quantity: F64) -> pa.StringArray:
    known, number = np.unique(quantity, return_inverse=True)
    counts = pa.array([f"{amount:+.10g}" for amount in known.tolist()], pa.string())
    symbols = book.market.instruments.symbol.take(pa.array(book.instrument[position]))
    return pc.binary_join_element_wise(counts.take(pa.array(number)), symbols, " ")
