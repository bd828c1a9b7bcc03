# SPDX-License-Identifier: Apache-2.0
"""Strategy-based margin: Regulation T and maintenance of every account, strategy by strategy."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I32, I64, AnyArray, Bool
from riskarray.backends import BackendName
from riskarray.book import Book
from riskarray.kernels import StrategyRequirement, strategy_requirement
from riskarray.market import KIND_OPTION, Market
from riskarray.strategy_groups import strategy_groups
from riskarray.strategy_table import strategies_table
from riskarray.strategy_terms import CASH, MARGIN, Terms, strategy_terms
from riskarray.sums import totals
from riskarray.valuation import market_price

__all__ = ["StrategyMargin", "maintenance_by_position", "not_computed", "requirement"]

_BLOCK: Final = 1 << 19
"""Positions per block; bounds the memory of a large book."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StrategyMargin:
    """Strategy-based margin of every account of a book.

    `reg_t_initial` and `maintenance` are gross, on the basis of margin equity (cash and stock);
    the net figures are the same rules on the basis of net liquidation value: with the value of
    long options added and that of short options taken off. Each requirement is the least that
    the rules allow on its own basis; no way of pairing the positions needs less than its bound.

    Attributes
    ----------
    strategies : pyarrow.Table
        One row per strategy: `account`, `underlying`, `strategy`, `legs`, `quantity` (shares for
        stock alone, units of the strategy otherwise), `initial`, `maintenance`, `option_value` (of
        its legs, long less short), `rule`, `source`; money in USD. Where initial and maintenance
        margin pair a group of positions in different ways, its strategies stand there twice, with
        a null for the requirement that they do not count for.
    reg_t_initial, maintenance : ndarray, shape (a,)
        Gross requirements, in USD; negative where there is loan value only.
    initial_bound, maintenance_bound : ndarray, shape (a,)
        Proved lower bounds of the two, in USD.
    net_deposit, maintenance_net : ndarray, shape (a,)
        The requirements with option values, in USD: what compares with portfolio margin.
    """

    strategies: pa.Table
    reg_t_initial: F64
    maintenance: F64
    initial_bound: F64
    maintenance_bound: F64
    net_deposit: F64
    maintenance_net: F64


class _Block(NamedTuple):
    """The result of some accounts' groups."""

    account: I32
    """Account of each group."""
    is_cash: Bool
    first: I64
    """First position of each group."""
    result: StrategyRequirement


def requirement(
    book: Book,
    base: F64,
    *,
    backend: BackendName | None = None,
    threads: int = 0,
) -> StrategyMargin:
    """Return the strategy-based margin of every account.

    Market values are the book's prices where it gives them, and theoretical values elsewhere
    (`riskarray.valuation.market_price`).

    Parameters
    ----------
    book : Book
        Positions by account, and the rulebook. Accounts of type `cash` pay in full.
    base : ndarray, shape (n,)
        Theoretical value per share of each instrument (`RiskArrays.base`), in USD.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.
    threads : int
        0 for all processors. The result does not depend on it.

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
    strategies: `riskarray.kernels.strategy_requirement`.
    """
    n_accounts = len(book.account)
    price = market_price(book.market, base)
    _check_prices(book.market, price, book.instrument)
    terms = strategy_terms(book.market, book.rulebook, price)
    account = book_accounts(book)
    sums = {
        name: np.zeros(n_accounts)
        for name in ("initial", "maintenance", "initial_bound", "maintenance_bound")
    }
    tables = []
    rows = np.arange(len(account))
    for block in _blocks(book, terms, account, rows, backend=backend, threads=threads):
        for name in sums:
            of_group = getattr(block.result, f"group_{name}")
            sums[name] += totals(block.account, of_group, n_accounts)
        tables.append(
            strategies_table(book, terms, block.result, block.account, is_cash=block.is_cash)
        )
    values = _option_values(book, price)
    options = totals(account, values * book.quantity, n_accounts)
    return StrategyMargin(
        strategies=pa.concat_tables(tables),
        reg_t_initial=sums["initial"],
        maintenance=sums["maintenance"],
        initial_bound=sums["initial_bound"],
        maintenance_bound=sums["maintenance_bound"],
        net_deposit=sums["initial"] + options,
        maintenance_net=sums["maintenance"] + options,
    )


def not_computed(book: Book) -> StrategyMargin:
    """Return what stands for the strategy-based margin of a book where it is left out: NaN."""
    terms = strategy_terms(book.market, book.rulebook, book.market.instruments.price)
    nothing = np.array([], np.int64)
    block = next(_blocks(book, terms, book_accounts(book), nothing, backend=None, threads=1))
    table = strategies_table(book, terms, block.result, block.account, is_cash=block.is_cash)
    unknown = np.full(len(book.account), np.nan)
    return StrategyMargin(
        strategies=table,
        reg_t_initial=unknown,
        maintenance=unknown,
        initial_bound=unknown,
        maintenance_bound=unknown,
        net_deposit=unknown,
        maintenance_net=unknown,
    )


def maintenance_by_position(
    book: Book,
    base: F64,
    chosen: Bool,
    *,
    backend: BackendName | None = None,
    threads: int = 0,
) -> F64:
    """Return the maintenance of some positions, on the basis of net liquidation value.

    Parameters
    ----------
    book : Book
        Positions by account, and the rulebook.
    base : ndarray, shape (n,)
        Theoretical value per share of each instrument, in USD.
    chosen : ndarray of bool, shape (m,)
        The positions, margined as if each account held nothing else.
    backend, threads
        As in `requirement`.

    Returns
    -------
    ndarray, shape (m,)
        In USD: the maintenance of what is margined together stands at its first position, an
        option's value at the option. Only sums over a class group have a meaning.
    """
    price = market_price(book.market, base)
    rows = np.flatnonzero(chosen)
    _check_prices(book.market, price, book.instrument[rows])
    terms = strategy_terms(book.market, book.rulebook, price)
    account = book_accounts(book)
    required = np.where(chosen, _option_values(book, price) * book.quantity, 0.0)
    for block in _blocks(book, terms, account, rows, backend=backend, threads=threads):
        required[block.first] += block.result.group_maintenance
    return required


def book_accounts(book: Book) -> I32:
    """Return the account row of each position."""
    return np.repeat(np.arange(len(book.account), dtype=np.int32), np.diff(book.account_offset))


def _blocks(
    book: Book,
    terms: Terms,
    account: I32,
    rows: I64,
    *,
    backend: BackendName | None,
    threads: int,
) -> Iterator[_Block]:
    """Yield the requirements of some positions, in blocks of whole accounts; one block at least."""
    is_cash = pc.equal(book.account_type, "cash").to_numpy(zero_copy_only=False)
    of_terms: list[AnyArray] = [getattr(terms, field.name) for field in fields(terms)]
    for part in _parts(account, rows):
        instrument, quantity = book.instrument[part], book.quantity[part]
        groups = strategy_groups(account[part], instrument, quantity, terms)
        of_group = is_cash[groups.account]
        result = strategy_requirement(
            groups.offset,
            np.where(of_group, CASH, MARGIN).astype(np.int32),
            instrument[groups.order],
            quantity[groups.order],
            *of_terms,
            backend=backend,
            threads=threads,
        )
        first = part[groups.order[groups.offset[:-1]]]
        yield _Block(groups.account, of_group, first, result)


def _parts(account: I32, rows: I64) -> Iterator[I64]:
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
