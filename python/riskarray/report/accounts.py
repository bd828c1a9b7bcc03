# SPDX-License-Identifier: Apache-2.0
"""The accounts table: both kinds of requirement, on the two bases of equity that belong to them."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I64
from riskarray.book import Book
from riskarray.market import KIND_FUTURE, KIND_STOCK, Market
from riskarray.portfolio_margin import PortfolioMargin
from riskarray.rulebook import Rulebook
from riskarray.strategy_margin import StrategyMargin
from riskarray.valuation import market_price

__all__ = [
    "BELOW_MINIMUM_EQUITY",
    "DEFICIENCY",
    "OK",
    "accounts_table",
    "minimum_equity",
    "unit_value",
]

OK: Final = "ok"
DEFICIENCY: Final = "deficiency"
"""The equity does not cover the requirement."""
BELOW_MINIMUM_EQUITY: Final = "below_minimum_equity"
"""It does, but it is less than an account of this type must hold."""
_STATUS: Final = (OK, DEFICIENCY, BELOW_MINIMUM_EQUITY)


class _Values(NamedTuple):
    """Market values of each account, in USD."""

    long: F64
    short: F64
    stock: F64


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


def accounts_table(
    book: Book, base: F64, portfolio: PortfolioMargin, strategy: StrategyMargin
) -> pa.Table:
    """Return one row per account, in the order of the book.

    Two bases, never mixed. Net liquidation: `equity` = cash + long - short market value, set
    against `requirement`. Margin equity: `margin_equity` = cash + stock, set against `maintenance`
    and `reg_t_initial`; `net_deposit` and `maintenance_net` are these on the first basis.

    Parameters
    ----------
    book : Book
        Positions, cash and types of the accounts.
    base : ndarray, shape (n,)
        Theoretical value per share of every instrument.
    portfolio, strategy : PortfolioMargin, StrategyMargin
        The requirements of the book's accounts.
    """
    values = _values(book, base)
    equity = book.cash + (values.long - values.short)
    margin_equity = book.cash + values.stock
    excess = equity - portfolio.requirement
    reg_t_excess = margin_equity - strategy.maintenance
    return pa.table(
        {
            "account": book.account,
            "requirement": portfolio.requirement,
            "risk_loss": portfolio.risk_loss,
            "minimum_charge": portfolio.minimum_charge,
            "worst_point": portfolio.worst_point,
            "scenario_set": portfolio.scenario_set,
            "reg_t_initial": strategy.reg_t_initial,
            "maintenance": strategy.maintenance,
            "net_deposit": strategy.net_deposit,
            "maintenance_net": strategy.maintenance_net,
            "long_market_value": values.long,
            "short_market_value": values.short,
            "equity": equity,
            "excess": excess,
            "margin_equity": margin_equity,
            "reg_t_excess": reg_t_excess,
            "status": _status(book, equity, excess, margin_equity, reg_t_excess),
            "strategy_requirement": portfolio.strategy_requirement,
            "cash": book.cash,
            "account_type": book.account_type,
        }
    )


def _values(book: Book, base: F64) -> _Values:
    """Add up market values; each account in the order of its positions."""
    n_accounts = len(book.account)
    account = np.repeat(np.arange(n_accounts, dtype=np.int64), np.diff(book.account_offset))
    kind = book.market.instruments.kind[book.instrument]
    price = market_price(book.market, base)
    value = book.quantity * unit_value(book.market, price)[book.instrument]
    is_stock = kind == KIND_STOCK
    return _Values(
        long=_sum(account, np.maximum(value, 0.0), n_accounts),
        short=_sum(account, np.maximum(-value, 0.0), n_accounts),
        stock=_sum(account, np.where(is_stock, value, 0.0), n_accounts),
    )


def _sum(account: I64, value: F64, n_accounts: int) -> F64:
    return np.bincount(account, value, minlength=n_accounts).astype(np.float64)


def minimum_equity(rulebook: Rulebook) -> dict[str, float]:
    """Return the equity that an account of each type must hold, in USD.

    For portfolio margin it is the least of the rulebook's amounts: that of a firm which monitors in
    real time.
    """
    return {
        "portfolio": rulebook.account.minimum_equity_real_time.value,
        "reg_t": rulebook.account.reg_t_minimum_equity.value,
        "cash": 0.0,
    }


def _status(
    book: Book, equity: F64, excess: F64, margin_equity: F64, reg_t_excess: F64
) -> pa.StringArray:
    """Return the status of each account, by the rules of its own type."""
    types = np.asarray(pc.equal(book.account_type, "portfolio"))
    minimum = np.zeros(len(book.account))
    for name, amount in minimum_equity(book.rulebook).items():
        minimum[np.asarray(pc.equal(book.account_type, name))] = amount
    held = np.where(types, equity, margin_equity)
    is_empty = (np.diff(book.account_offset) == 0) & (held == 0.0)
    code: npt.NDArray[np.int8] = np.select(
        [np.where(types, excess, reg_t_excess) < 0.0, (held < minimum) & ~is_empty],
        [np.int8(1), np.int8(2)],
        np.int8(0),
    )
    return pa.array(_STATUS, pa.string()).take(pa.array(code))
