# SPDX-License-Identifier: Apache-2.0
"""What an account lacks, until when, and whether it could be held under the strategy-based rules.

Each account is judged by the rules of its own type: portfolio margin by the net liquidation value
and `requirement`, Regulation T by `margin_equity` and `maintenance`. Holidays are not known here: a
call is due after so many weekdays.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, Bool
from riskarray.book import Book
from riskarray.rulebook import Rulebook

__all__ = [
    "BELOW_INITIAL_EQUITY",
    "BELOW_MINIMUM_EQUITY",
    "DEFICIENCY",
    "OK",
    "UNKNOWN",
    "AccountBasis",
    "account_status",
    "firm_totals",
    "minimum_equity",
]

OK: Final = "ok"
DEFICIENCY: Final = "deficiency"
"""The equity does not cover the requirement."""
BELOW_MINIMUM_EQUITY: Final = "below_minimum_equity"
"""It does, but it is less than an account of this type must hold."""
BELOW_INITIAL_EQUITY: Final = "below_initial_equity"
"""It is enough to keep the account, and less than the firm asks to open one."""
UNKNOWN: Final = "unknown"
"""Judged by the strategy-based rules, which were left out."""
_STATUS: Final = (OK, DEFICIENCY, BELOW_MINIMUM_EQUITY, BELOW_INITIAL_EQUITY, UNKNOWN)


class AccountBasis(NamedTuple):
    """The figures that an account's status is judged by, in USD."""

    requirement: F64
    equity: F64
    gross_value: F64
    maintenance: F64
    margin_equity: F64


def minimum_equity(rulebook: Rulebook) -> dict[str, float]:
    """Return the equity that an account of each type must hold, in USD.

    For portfolio margin it is the rulebook's amount for the way in which the firm monitors, or what
    the firm asks to keep an account, if that is more.
    """
    account = rulebook.account
    tier: float = getattr(account, f"minimum_equity_{account.monitoring.value}").value
    own = account.maintenance_equity.value if account.maintenance_equity else 0.0
    return {
        "portfolio": max(tier, own),
        "reg_t": account.reg_t_minimum_equity.value,
        "cash": 0.0,
    }


def account_status(book: Book, basis: AccountBasis) -> dict[str, pa.Array]:
    """Return the columns of the accounts table that say how each account stands.

    Parameters
    ----------
    book : Book
        Types of the accounts, and the rulebook.
    basis : AccountBasis
        Requirements and equity of both kinds.

    Returns
    -------
    dict of str to Array
        `status`; `deficiency` (of equity to the requirement), `minimum_equity` and
        `equity_shortfall`; `call_due` (null without a call); `leverage` (gross market value over
        equity; null without equity); `reg_t_deposit` (what the account lacks to be held under the
        strategy-based rules) and `can_hold_in_reg_t`.
    """
    is_portfolio = np.asarray(pc.equal(book.account_type, "portfolio"))
    held = np.where(is_portfolio, basis.equity, basis.margin_equity)
    required = np.where(is_portfolio, basis.requirement, basis.maintenance)
    is_empty = (np.diff(book.account_offset) == 0) & (held == 0.0)
    minimum = _by_type(book, minimum_equity(book.rulebook))
    deficiency = np.maximum(required - held, 0.0)
    shortfall = np.where(is_empty, 0.0, np.maximum(minimum - held, 0.0))
    reg_t = book.rulebook.account.reg_t_minimum_equity.value
    deposit = np.maximum(np.maximum(basis.maintenance, reg_t) - basis.margin_equity, 0.0)
    deposit = np.where(is_empty, 0.0, deposit)
    is_unknown = np.isnan(basis.maintenance)
    code: npt.NDArray[np.int8] = np.select(
        [
            np.isnan(required),
            deficiency > 0.0,
            shortfall > 0.0,
            is_portfolio & ~is_empty & (held < _initial(book)),
        ],
        [np.int8(4), np.int8(1), np.int8(2), np.int8(3)],
        np.int8(0),
    )
    has_equity = basis.equity > 0.0
    leverage = basis.gross_value / np.where(has_equity, basis.equity, 1.0)
    return {
        "status": pa.array(_STATUS, pa.string()).take(pa.array(code)),
        "deficiency": pa.array(deficiency, mask=np.isnan(required)),
        "minimum_equity": pa.array(minimum),
        "equity_shortfall": pa.array(shortfall),
        "call_due": _call_due(book, deficiency > 0.0, shortfall > 0.0),
        "leverage": pa.array(leverage, mask=~has_equity),
        "reg_t_deposit": pa.array(deposit, mask=is_unknown),
        "can_hold_in_reg_t": pa.array(deposit == 0.0, mask=is_unknown),
    }


def _by_type(book: Book, amounts: dict[str, float]) -> F64:
    """Return the amount of each account's type."""
    found = np.zeros(len(book.account))
    for name, amount in amounts.items():
        found[np.asarray(pc.equal(book.account_type, name))] = amount
    return found


def _initial(book: Book) -> float:
    """Return the equity that the firm asks to open a portfolio-margin account."""
    figure = book.rulebook.account.initial_equity
    return figure.value if figure else 0.0


def _call_due(book: Book, is_deficient: Bool, is_short: Bool) -> pa.Date32Array:
    """Return the day on which each account's first call is due; null without one."""
    account = book.rulebook.account
    as_of = np.datetime64(book.market.as_of.date(), "D")
    margin, equity = (
        np.busday_offset(as_of, days, roll="forward")
        for days in (account.deficiency_days.value, account.equity_days.value)
    )
    none = np.datetime64("NaT", "D")
    due = np.where(is_deficient & is_short, min(margin, equity), none)
    due = np.where(is_deficient & ~is_short, margin, due)
    due = np.where(~is_deficient & is_short, equity, due)
    return pa.array(due, pa.date32())


def firm_totals(book: Book, requirement: F64) -> dict[str, float | int | bool] | None:
    """Return what all portfolio-margin accounts require beside the firm's net capital.

    Parameters
    ----------
    book : Book
        With `net_capital`; None is returned without it.
    requirement : ndarray, shape (a,)
        Of every account, in USD.

    References
    ----------
    FINRA Rule 4210(g)(12).
    """
    if book.net_capital is None:
        return None
    account = book.rulebook.account
    is_portfolio = np.asarray(pc.equal(book.account_type, "portfolio"))
    required = float(requirement[is_portfolio].sum())
    limit = account.net_capital_multiple.value * book.net_capital
    return {
        "net_capital": book.net_capital,
        "net_capital_multiple": account.net_capital_multiple.value,
        "limit": limit,
        "portfolio_requirement": required,
        "room": limit - required,
        "is_over": required > limit,
        "days_allowed_over": account.net_capital_days.value,
    }
