# SPDX-License-Identifier: Apache-2.0
"""The accounts table: both kinds of requirement, on the two bases of equity that belong to them."""

import numpy as np
import pyarrow as pa

from riskarray.add_ons import AddOns
from riskarray.array_types import F64
from riskarray.book import Book
from riskarray.market import KIND_OPTION
from riskarray.portfolio_margin import PortfolioMargin
from riskarray.report.account_status import AccountBasis, account_status
from riskarray.strategy_margin import StrategyMargin
from riskarray.strategy_terms import is_long_dated
from riskarray.valuation import account_values, long_value

__all__ = ["accounts_table"]


def accounts_table(
    book: Book,
    base: F64,
    portfolio: PortfolioMargin,
    add_ons: AddOns,
    strategy: StrategyMargin,
) -> pa.Table:
    """Return one row per account, in the order of the book.

    Two bases, never mixed. Net liquidation: `equity` = cash + long - short market value, set
    against `requirement`. Margin equity: `margin_equity` = cash + stock, set against `maintenance`
    and `reg_t_initial`; `net_deposit` and `maintenance_net` are these on the first basis. The
    minimum equity of a margin account is set against the first without the long options that have
    no loan value, unless all that it holds is paid for.

    Parameters
    ----------
    book : Book
        Positions, cash and types of the accounts.
    base : ndarray, shape (n,)
        Theoretical value per share of every instrument.
    portfolio, add_ons, strategy : PortfolioMargin, AddOns, StrategyMargin
        The requirements of the book's accounts.
    """
    values = account_values(book, base)
    requirement = portfolio.requirement + add_ons.amount
    margin_equity = book.cash + values.stock
    is_option = book.market.instruments.kind == KIND_OPTION
    is_uncounted = is_option & ~is_long_dated(book.market, book.rulebook)
    status = account_status(
        book,
        AccountBasis(
            requirement=requirement,
            regulatory_requirement=portfolio.regulatory_requirement,
            equity=values.equity,
            gross_value=values.long + values.short,
            maintenance=strategy.maintenance,
            margin_equity=margin_equity,
            counted_equity=values.equity - long_value(book, base, is_uncounted),
            is_indebted=(book.cash < 0.0) | (values.short > 0.0),
        ),
    )
    return pa.table(
        {
            "account": book.account,
            "requirement": requirement,
            "risk_loss": portfolio.risk_loss,
            "minimum_charge": portfolio.minimum_charge,
            "worst_point": portfolio.worst_point,
            "scenario_set": portfolio.scenario_set,
            "reg_t_initial": _known(strategy.reg_t_initial),
            "maintenance": _known(strategy.maintenance),
            "net_deposit": _known(strategy.net_deposit),
            "maintenance_net": _known(strategy.maintenance_net),
            "long_market_value": values.long,
            "short_market_value": values.short,
            "equity": values.equity,
            "excess": values.equity - requirement,
            "margin_equity": margin_equity,
            "reg_t_excess": _known(margin_equity - strategy.maintenance),
            "status": status.pop("status"),
            "reg_t_initial_bound": _known(strategy.initial_bound),
            "maintenance_bound": _known(strategy.maintenance_bound),
            "strategy_requirement": portfolio.strategy_requirement,
            "add_ons": add_ons.amount,
            "cash": book.cash,
            "account_type": book.account_type,
            **status,
            "regulatory_requirement": portfolio.regulatory_requirement,
            "house_part": portfolio.house_part + add_ons.amount,
        }
    )


def _known(amount: F64) -> pa.DoubleArray:
    """Return a column of amounts, null where they were not computed."""
    return pa.array(amount, mask=np.isnan(amount))
