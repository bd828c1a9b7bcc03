# SPDX-License-Identifier: Apache-2.0
"""What an account lacks, until when, and whether it could be held under the strategy-based rules.

Each account is judged by the rules of its own type: portfolio margin by the net liquidation value
and `requirement`, Regulation T by `margin_equity` and `maintenance`, and by its minimum equity,
where short options count as owed and long ones only if they have a loan value. What the rules ask
and what the house asks beyond them are calls of their own. Amounts are compared to the
micro-dollar, as the tables show them. Holidays are not known here: a call is due after so many
weekdays.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.amounts import lacking
from riskarray.array_types import F64, Bool
from riskarray.book import Book
from riskarray.rulebook import Rulebook

__all__ = [
    "BELOW_INITIAL_EQUITY",
    "BELOW_MINIMUM_EQUITY",
    "DEFICIENCY",
    "HOUSE",
    "MAINTENANCE",
    "OK",
    "REGULATORY",
    "UNKNOWN",
    "AccountBasis",
    "account_status",
    "firm_totals",
    "minimum_equity",
    "monitoring",
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

REGULATORY: Final = "regulatory"
"""The equity does not cover the regulatory requirement."""
HOUSE: Final = "house"
"""It does, but not what the house asks beyond it."""
MAINTENANCE: Final = "maintenance"
"""The margin equity does not cover the strategy-based maintenance."""
_AGAINST: Final = (None, REGULATORY, HOUSE, MAINTENANCE)

_Days = npt.NDArray[np.datetime64]


class AccountBasis(NamedTuple):
    """The figures that an account's status is judged by, in USD."""

    requirement: F64
    regulatory_requirement: F64
    equity: F64
    gross_value: F64
    maintenance: F64
    margin_equity: F64
    counted_equity: F64
    """Of a margin account, against the minimum equity."""
    is_indebted: Bool
    """Whether it owes cash or securities; one that does not has paid for all that it holds."""


class _Lack(NamedTuple):
    """What each account lacks, in USD: to all that is asked of it, and to the rules alone."""

    deficiency: F64
    regulatory_deficiency: F64
    shortfall: F64
    regulatory_shortfall: F64

    def is_regulatory(self) -> Bool:
        """Return which accounts lack something that the rules ask."""
        found: Bool = (self.regulatory_deficiency > 0.0) | (self.regulatory_shortfall > 0.0)
        return found

    def is_house(self) -> Bool:
        """Return which accounts lack something that only the house asks."""
        deficiency = lacking(self.deficiency, self.regulatory_deficiency) > 0.0
        found: Bool = deficiency | (lacking(self.shortfall, self.regulatory_shortfall) > 0.0)
        return found


def monitoring(book: Book) -> pa.StringArray:
    """Return the way in which each account is monitored: its own, else the rulebook's."""
    of_firm = book.rulebook.account.monitoring.value
    if book.monitoring is None:
        return pa.array([of_firm], pa.string()).take(pa.array(np.zeros(len(book.account), int)))
    return pc.fill_null(book.monitoring, of_firm)


def minimum_equity(book: Book) -> tuple[F64, F64]:
    """Return the equity that each account must hold by the rules, and by the firm's, in USD.

    For portfolio margin it is the rulebook's amount for the way in which the account is monitored;
    by the firm's rules what the firm asks to keep an account, if that is more.
    """
    account = book.rulebook.account
    tier = np.zeros(len(book.account))
    tier[_is_type(book, "reg_t")] = account.reg_t_minimum_equity.value
    is_portfolio, ways = _is_type(book, "portfolio"), monitoring(book)
    for way in pc.unique(ways).to_pylist():
        amount: float = getattr(account, f"minimum_equity_{way}").value
        tier[is_portfolio & np.asarray(pc.equal(ways, way))] = amount
    own = account.maintenance_equity.value if account.maintenance_equity else 0.0
    return tier, np.where(is_portfolio, np.maximum(tier, own), tier)


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
        `equity_shortfall`; `call_due` (the first of the calls; null without one); `leverage` (gross
        market value over equity; null without equity); `reg_t_deposit` (what the account lacks to
        be held under the strategy-based rules) and `can_hold_in_reg_t`; `deficiency_against` (the
        strongest of the requirements that are not covered: `regulatory`, `house` or `maintenance`),
        `regulatory_deficiency`; `regulatory_call_due` and `house_call_due`.
    """
    is_portfolio = _is_type(book, "portfolio")
    held = np.where(is_portfolio, basis.equity, basis.margin_equity)
    required = np.where(is_portfolio, basis.requirement, basis.maintenance)
    is_empty = (np.diff(book.account_offset) == 0) & (held == 0.0)
    lack, minimum = _lack(book, basis, held, is_empty)
    is_below_initial = is_portfolio & ~is_empty
    is_below_initial &= lacking(np.full(len(held), _initial(book.rulebook)), held) > 0.0
    code: npt.NDArray[np.int8] = np.select(
        [np.isnan(required), lack.deficiency > 0.0, lack.shortfall > 0.0, is_below_initial],
        [np.int8(4), np.int8(1), np.int8(2), np.int8(3)],
        np.int8(0),
    )
    has_equity = basis.equity > 0.0
    leverage = basis.gross_value / np.where(has_equity, basis.equity, 1.0)
    regulatory, house = _calls(book, lack)
    return {
        "status": pa.array(_STATUS, pa.string()).take(pa.array(code)),
        "deficiency": pa.array(lack.deficiency, mask=np.isnan(required)),
        "minimum_equity": pa.array(minimum),
        "equity_shortfall": pa.array(lack.shortfall),
        "call_due": pa.array(np.fmin(regulatory, house), pa.date32()),
        "leverage": pa.array(leverage, mask=~has_equity),
        **_downgrade(book, basis, is_empty),
        "deficiency_against": _against(is_portfolio, lack),
        "regulatory_deficiency": pa.array(lack.regulatory_deficiency, mask=np.isnan(required)),
        "regulatory_call_due": pa.array(regulatory, pa.date32()),
        "house_call_due": pa.array(house, pa.date32()),
    }


def _is_type(book: Book, name: str) -> Bool:
    return np.asarray(pc.equal(book.account_type, name), np.bool_)


def _lack(book: Book, basis: AccountBasis, held: F64, is_empty: Bool) -> tuple[_Lack, F64]:
    """Return what each account lacks, and the equity that it must hold."""
    is_portfolio, gross = _is_type(book, "portfolio"), basis.gross_value
    required = np.where(is_portfolio, basis.requirement, basis.maintenance)
    by_rule = np.where(is_portfolio, basis.regulatory_requirement, basis.maintenance)
    tier, minimum = minimum_equity(book)
    counted = np.where(is_portfolio, basis.equity, basis.counted_equity)
    is_free = is_empty | ~(is_portfolio | basis.is_indebted)
    lack = _Lack(
        deficiency=lacking(required, held, gross),
        regulatory_deficiency=lacking(by_rule, held, gross),
        shortfall=np.where(is_free, 0.0, lacking(minimum, counted, gross)),
        regulatory_shortfall=np.where(is_free, 0.0, lacking(tier, counted, gross)),
    )
    return lack, minimum


def _initial(rulebook: Rulebook) -> float:
    """Return the equity that the firm asks to open a portfolio-margin account."""
    figure = rulebook.account.initial_equity
    return figure.value if figure else 0.0


def _against(is_portfolio: Bool, lack: _Lack) -> pa.StringArray:
    """Return which requirement each deficiency is against; null without one."""
    against = np.where(lack.regulatory_deficiency > 0.0, 1, 2)
    against = np.where(is_portfolio, against, 3)
    against = np.where(lack.deficiency > 0.0, against, 0)
    return pa.array(_AGAINST, pa.string()).take(pa.array(against))


def _downgrade(book: Book, basis: AccountBasis, is_empty: Bool) -> dict[str, pa.Array]:
    """Return what each account lacks to be held under the strategy-based rules.

    A cash account is under them already, and its rules know no minimum equity; a margin account
    needs none for what it has paid for.
    """
    minimum = book.rulebook.account.reg_t_minimum_equity.value
    is_free = _is_type(book, "cash") | ~basis.is_indebted
    least = np.where(is_free, -np.inf, minimum)
    deposit = np.maximum(
        lacking(basis.maintenance, basis.margin_equity, basis.gross_value),
        lacking(least, basis.counted_equity, basis.gross_value),
    )
    deposit = np.where(is_empty, 0.0, deposit)
    is_unknown = np.isnan(basis.maintenance)
    return {
        "reg_t_deposit": pa.array(deposit, mask=is_unknown),
        "can_hold_in_reg_t": pa.array(deposit == 0.0, mask=is_unknown),
    }


def _calls(book: Book, lack: _Lack) -> tuple[_Days, _Days]:
    """Return the days on which each account's regulatory and house calls are due; NaT: no call."""
    account = book.rulebook.account
    as_of = np.datetime64(book.market.as_of.date(), "D")

    def due(days: int, is_called: Bool) -> _Days:
        day = np.busday_offset(as_of, days, roll="forward")
        return np.where(is_called, day, np.datetime64("NaT", "D"))

    is_portfolio, is_cash = _is_type(book, "portfolio"), _is_type(book, "cash")
    is_deficient, is_short = lack.regulatory_deficiency > 0.0, lack.regulatory_shortfall > 0.0
    by_rule = due(account.deficiency_days.value, is_portfolio & is_deficient)
    by_rule = np.fmin(by_rule, due(account.equity_days.value, is_portfolio & is_short))
    is_reg_t = ~is_portfolio & ~is_cash & lack.is_regulatory()
    by_rule = np.fmin(by_rule, due(account.reg_t_days.value, is_reg_t))
    by_rule = np.fmin(by_rule, due(account.cash_days.value, is_cash & is_deficient))
    house = account.house_days or account.deficiency_days
    return by_rule, due(house.value, is_portfolio & lack.is_house())


def firm_totals(book: Book, regulatory_requirement: F64) -> dict[str, float | int | bool] | None:
    """Return what all portfolio-margin accounts require beside the firm's net capital.

    Parameters
    ----------
    book : Book
        With `net_capital`; None is returned without it.
    regulatory_requirement : ndarray, shape (a,)
        Of every account, in USD; what the house asks beyond it does not count here.

    References
    ----------
    FINRA Rule 4210(g)(12).
    """
    if book.net_capital is None:
        return None
    account = book.rulebook.account
    required = float(regulatory_requirement[_is_type(book, "portfolio")].sum())
    limit = account.net_capital_multiple.value * book.net_capital
    over = lacking(np.array([required]), np.array([limit]), max(required, limit))
    return {
        "net_capital": book.net_capital,
        "net_capital_multiple": account.net_capital_multiple.value,
        "limit": limit,
        "portfolio_requirement": required,
        "room": limit - required,
        "is_over": bool(over[0] > 0.0),
        "days_allowed_over": account.net_capital_days.value,
    }
