# SPDX-License-Identifier: Apache-2.0
"""The engine of one machine: the stages of a run, one after the other, on all its processors."""

from dataclasses import dataclass

import numpy as np

from riskarray import portfolio_margin, strategy_margin
from riskarray.add_ons import AddOns, add_ons
from riskarray.backends import BackendName
from riskarray.book import Book, OnError
from riskarray.engine.quarantine import without_unpriced
from riskarray.engine.stages import Stages
from riskarray.portfolio_margin import PortfolioMargin
from riskarray.pricing import RiskArrays, risk_arrays
from riskarray.strategy_margin import StrategyMargin

__all__ = ["Margin", "margin", "price"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Margin:
    """What the stages of a run computed.

    Attributes
    ----------
    book : Book
        The accounts that were margined.
    arrays : RiskArrays
        Risk arrays of the book's market.
    portfolio : PortfolioMargin
        Portfolio margin of every account.
    add_ons : AddOns
        House add-ons of every account.
    strategy : StrategyMargin
        Strategy-based requirements of every account.
    """

    book: Book
    arrays: RiskArrays
    portfolio: PortfolioMargin
    add_ons: AddOns
    strategy: StrategyMargin


def price(
    book: Book,
    stages: Stages,
    *,
    on_error: OnError = "fail",
    backend: BackendName | None = None,
    threads: int = 0,
) -> tuple[Book, RiskArrays]:
    """Price a book's market, and insist on a volatility for every option that somebody holds.

    Parameters
    ----------
    book, stages, on_error, backend, threads
        As for `margin`.

    Returns
    -------
    book : Book
        Without the accounts that hold an option that cannot be priced, if they may be left out.
    arrays : RiskArrays
        Finite for everything that is held; for the rest, NaN in scenario sets after the first.

    Raises
    ------
    BookError
        If an option that is held has no source of volatility, unless it may be left out.
    """
    held = np.zeros(len(book.market.instruments), np.bool_)
    held[book.instrument] = True
    with stages.stage("price"):
        arrays = risk_arrays(
            book.market,
            rulebook=book.rulebook,
            backend=backend,
            threads=threads,
            required=held if on_error == "fail" else None,
            held=held,
            progress=stages.progress,
        )
        return without_unpriced(book, arrays), arrays


def margin(
    book: Book,
    stages: Stages,
    *,
    on_error: OnError = "fail",
    strategies: bool = True,
    backend: BackendName | None = None,
    threads: int = 0,
) -> Margin:
    """Run the stages on a book.

    Parameters
    ----------
    book : Book
        Market, positions, accounts and rulebook.
    stages : Stages
        Where each stage is timed and announced.
    on_error : {"fail", "quarantine"}
        Whether an option that is held and cannot be priced stops the run, or only leaves out the
        accounts that hold it.
    strategies : bool
        Whether the strategy-based rules are computed too.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.
    threads : int
        0 for all processors. The result does not depend on it.

    Raises
    ------
    BookError
        If an option that is held has no source of volatility, unless it may be left out.
    """
    book, arrays = price(book, stages, on_error=on_error, backend=backend, threads=threads)
    with stages.stage("margin"):
        portfolio = portfolio_margin.requirement(book, arrays, backend=backend, threads=threads)
        beside = add_ons(book, arrays.base, portfolio)
    if strategies:
        with stages.stage("strategies"):
            strategy = strategy_margin.requirement(
                book, arrays.base, backend=backend, threads=threads
            )
    else:
        strategy = strategy_margin.not_computed(book)
    return Margin(book=book, arrays=arrays, portfolio=portfolio, add_ons=beside, strategy=strategy)
