# SPDX-License-Identifier: Apache-2.0
"""The figures of strategy-based margin for each underlying, each instrument and each regime.

Requirements are gross and on the basis of margin equity (cash and stock at market, options at
nothing): a short option's includes its market value, a long option paid in full needs nothing.
"""

import datetime as dt
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I8, I32, Bool
from riskarray.kernel_codes import StrategyRule
from riskarray.market import KIND_FUTURE, KIND_OPTION, KIND_STOCK, Instruments, Market, Underlyings
from riskarray.rulebook import Rulebook

__all__ = [
    "CASH",
    "FUND",
    "INDEX",
    "MARGIN",
    "Terms",
    "is_long_dated",
    "months_after",
    "strategy_terms",
]


MARGIN: Final = 0
CASH: Final = 1
"""The regimes: a margin account, a cash account."""

INDEX: Final = 1
FUND: Final = 2
"""Roles of an underlying; 0 for neither."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """What the kernel `strategy_requirement` needs to know of instruments and underlyings.

    The underlyings stand in order of their names.

    Attributes
    ----------
    kind, underlying, right, strike, time_to_expiry, exercise, multiplier : ndarray, shape (n,)
        Terms of the instruments; stock has the right +1 and no time.
    value : ndarray, shape (n,)
        Market value of one contract or share, in USD.
    uncovered : ndarray, shape (2, n)
        Requirement of one uncovered short contract, or of one future, in USD.
    loan_value : ndarray, shape (2, n)
        Loan value of one long option, in USD.
    spot : ndarray, shape (u,)
        In USD per share.
    index_group : ndarray of int32, shape (u,)
        First underlying of the class group.
    role : ndarray of int8, shape (u,)
        `INDEX`, `FUND` (unleveraged: its shares may cover options on its index) or 0.
    initial_long, maintenance_long : ndarray, shape (2, u)
        Requirement of long stock, as a fraction of market value.
    initial_short, maintenance_short : ndarray, shape (2, u)
        Requirement of stock sold short beside the proceeds, in USD per share.
    rules : ndarray, shape (2, 15)
        Figures of the regimes by `riskarray.kernel_codes.StrategyRule`.
    """

    kind: I8
    underlying: I32
    right: I8
    strike: F64
    time_to_expiry: F64
    exercise: I8
    multiplier: F64
    value: F64
    uncovered: F64
    loan_value: F64
    spot: F64
    index_group: I32
    role: I8
    initial_long: F64
    maintenance_long: F64
    initial_short: F64
    maintenance_short: F64
    rules: F64


def strategy_terms(market: Market, rulebook: Rulebook, price: F64) -> Terms:
    """Return the figures of single legs, and the rules, for margin and for cash accounts.

    A cash account pays stock in full and secures short puts by their strikes. It may not hold
    short stock or uncovered calls; where it does, they need what covers them: the price of the
    stock, if that is more than in a margin account. Such stock covers no put.

    Parameters
    ----------
    market : Market
        Underlyings and instruments.
    rulebook : Rulebook
        Percentages, minimums and caps.
    price : ndarray, shape (n,)
        Market value per share of each instrument, in USD; NaN (nobody holds it) counts as nought.

    Returns
    -------
    Terms
        In USD per share, contract or future.

    References
    ----------
    12 CFR 220.8, 220.12; FINRA Rule 4210(c), (f)(2); FINRA Regulatory Notices 09-53 and 19-21.
    """
    underlyings, instruments = _by_name(market)
    price = np.where(np.isnan(price), 0.0, price)
    spot = underlyings.price
    is_option = instruments.kind == KIND_OPTION
    in_full = rulebook.strategy.stock.cash_account.value
    long_initial, long_maintenance = _long_stock_rates(underlyings, rulebook)
    short_initial, short_maintenance = _short_stock(underlyings, rulebook)
    uncovered = _uncovered(instruments, underlyings, rulebook, price)
    loan_value = _loan_value(market, rulebook, price)
    paid = np.full(len(spot), in_full)
    time = market.time_to_expiry()
    return Terms(
        kind=instruments.kind,
        underlying=instruments.underlying,
        right=np.where(is_option, instruments.right, 1).astype(np.int8),
        strike=instruments.strike,
        time_to_expiry=np.where(np.isnan(time), 0.0, time),
        exercise=instruments.exercise,
        multiplier=instruments.multiplier,
        value=np.maximum(price, 0.0) * instruments.multiplier,
        uncovered=np.stack([uncovered, _secured(instruments, spot, uncovered, in_full)]),
        loan_value=np.stack([loan_value, np.zeros(len(loan_value))]),
        spot=spot,
        index_group=_first_of_class(underlyings),
        role=_roles(underlyings),
        initial_long=np.stack([long_initial, paid]),
        maintenance_long=np.stack([long_maintenance, paid]),
        initial_short=np.stack([short_initial, np.maximum(short_initial, in_full * spot)]),
        maintenance_short=np.stack(
            [short_maintenance, np.maximum(short_maintenance, in_full * spot)]
        ),
        rules=_rules(rulebook),
    )


def _by_name(market: Market) -> tuple[Underlyings, Instruments]:
    """Return the underlyings in order of their names, and the instruments with their rows there.

    The kernel settles ties between strategies that need the same by the order of the underlyings;
    so which one it takes does not depend on the order of their table.
    """
    order = pc.sort_indices(market.underlyings.name).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    columns = {
        field.name: getattr(market.underlyings, field.name).take(order)
        for field in fields(market.underlyings)
        if field.name != "risk"
    }
    underlyings = replace(market.underlyings, **columns, risk=None)
    rows: I32 = rank[market.instruments.underlying]
    return underlyings, replace(market.instruments, underlying=rows)


def _rules(rulebook: Rulebook) -> F64:
    """Return the figures of the regimes, a row each."""
    cover, spread, hedge = (
        rulebook.strategy.cover,
        rulebook.strategy.spread,
        rulebook.strategy.hedge,
    )
    shared = {
        StrategyRule.SPREAD_RATE: spread.loss_rate.value,
        StrategyRule.IS_FUND_COVER_ALLOWED: cover.is_index_covered_by_fund.value,
        StrategyRule.IS_SPREAD_SAME_STYLE: spread.is_same_style.value,
    }
    margin = {
        **shared,
        StrategyRule.IS_IN_THE_MONEY_FULL: cover.is_in_the_money_added_in_full.value,
        StrategyRule.HEDGE_RATE: hedge.strike_rate.value,
        StrategyRule.HEDGE_CAP_RATE: hedge.cap_rate.value,
        StrategyRule.BOX_RATE: spread.long_box_rate.value,
        StrategyRule.IS_STRADDLE_ALLOWED: 1.0,
        StrategyRule.IS_SPREAD_ALLOWED: 1.0,
        StrategyRule.IS_HEDGE_ALLOWED: 1.0,
        StrategyRule.IS_LONG_CALL_RELIEF: hedge.is_long_call_relief.value,
        StrategyRule.IS_COLLAR_SAME_EXPIRY: hedge.is_collar_same_expiry.value,
        StrategyRule.IS_PUT_COVER_ALLOWED: 1.0,
    }
    cash = {
        **shared,
        StrategyRule.BOX_RATE: 1.0,
        StrategyRule.IS_SPREAD_ALLOWED: spread.is_in_cash_account.value,
        StrategyRule.IS_SPREAD_INDEX: 1.0,
        StrategyRule.IS_SPREAD_SAME_EXPIRY: 1.0,
    }
    rows = [[float(regime.get(rule, 0.0)) for rule in StrategyRule] for regime in (margin, cash)]
    return np.array(rows)


def _first_of_class(underlyings: Underlyings) -> I32:
    """Return the first underlying of the class group of each."""
    number = underlyings.class_group.dictionary_encode().indices.to_numpy()
    _, first, group = np.unique(number, return_index=True, return_inverse=True)
    rows: I32 = first[group].astype(np.int32)
    return rows


def _roles(underlyings: Underlyings) -> I8:
    is_fund = _equal(underlyings.product_type, "etf") & (underlyings.leverage == 1.0)
    is_index = _equal(underlyings.product_type, "index")
    roles: I8 = np.where(is_index, INDEX, np.where(is_fund, FUND, 0)).astype(np.int8)
    return roles


def _secured(instruments: Instruments, spot: F64, uncovered: F64, in_full: float) -> F64:
    """Return what a short option needs in a cash account: a put its strike, a call its stock."""
    is_option = instruments.kind == KIND_OPTION
    stock = in_full * spot[instruments.underlying] * instruments.multiplier
    strike = in_full * instruments.strike * instruments.multiplier
    secured = np.where(instruments.right > 0, np.maximum(uncovered, stock), strike)
    return np.where(is_option, secured, uncovered)


def months_after(as_of: dt.date, months: int) -> np.datetime64:
    """Return the day some months on, the last of the month where there is no such day."""
    month = np.datetime64(as_of, "M") + months
    last = (month + 1).astype("datetime64[D]") - 1
    day: np.datetime64 = min(month.astype("datetime64[D]") + (as_of.day - 1), last)
    return day


def _long_stock_rates(underlyings: Underlyings, rulebook: Rulebook) -> tuple[F64, F64]:
    """Return initial and maintenance fractions: maintenance grows with leverage up to its cap."""
    rule = rulebook.strategy
    rate = rule.stock.maintenance_long.value * np.abs(underlyings.leverage)
    cap = max(rule.leverage.long_cap.value, rule.stock.maintenance_long.value)
    maintenance = np.clip(rate, rule.stock.maintenance_long.value, cap)
    return np.maximum(rule.stock.initial_long.value, maintenance), maintenance


def _short_stock(underlyings: Underlyings, rulebook: Rulebook) -> tuple[F64, F64]:
    """Return initial and maintenance beside the proceeds, in USD per share."""
    rule, price = rulebook.strategy.stock, underlyings.price
    base = rule.maintenance_short.value
    is_note = _equal(underlyings.product_type, "etn")
    is_capped = ~is_note | rulebook.strategy.leverage.is_etn_short_capped.value
    cap = np.where(is_capped, max(rulebook.strategy.leverage.short_cap.value, base), np.inf)
    rate = np.clip(base * np.abs(underlyings.leverage), base, cap)
    is_low = price < rule.low_price.value
    rate = np.where(is_low, np.maximum(rate, rule.low_price_short.value), rate)
    per_share = np.where(is_low, rule.low_price_per_share.value, rule.short_per_share.value)
    maintenance = np.maximum(rate * price, per_share)
    return np.maximum(rule.initial_short.value * price, maintenance), maintenance


def _uncovered(
    instruments: Instruments, underlyings: Underlyings, rulebook: Rulebook, price: F64
) -> F64:
    """Return P + max(a L S - out of the money, b L S or b L K) per contract; of a future its rate.

    The rates grow with leverage, the out-of-the-money amount does not. Rounded to a part of a cent
    that no rule knows, so that two sides of a straddle that require the same do so here.
    """
    rule = rulebook.strategy.short_option
    codes = pc.index_in(underlyings.strategy_class, pa.array(list(rule))).to_numpy()
    leverage = np.maximum(np.abs(underlyings.leverage), 1.0)
    rates = np.array([row.rate.value for row in rule.values()])[codes] * leverage
    minima = np.array([row.minimum.value for row in rule.values()])[codes] * leverage
    row: I32 = instruments.underlying
    spot = underlyings.price[row]
    out_of_the_money = np.maximum(instruments.right * (instruments.strike - spot), 0.0)
    floor = minima[row] * np.where(instruments.right > 0, spot, instruments.strike)
    charge = np.maximum(rates[row] * spot - out_of_the_money, floor)
    future = rulebook.strategy.future.rate.value * np.abs(price)
    per_share = np.where(instruments.kind == KIND_FUTURE, future, price + charge)
    per_share = np.where(instruments.kind == KIND_STOCK, 0.0, per_share)
    per_contract: F64 = np.round(np.maximum(per_share, 0.0), 8) * instruments.multiplier
    return per_contract


def is_long_dated(market: Market, rulebook: Rulebook) -> Bool:
    """Return which instruments are options that have a loan value, and count as equity, if long.

    References
    ----------
    NYSE Rule 431(f)(2)(A), now FINRA Rule 4210(f)(2).
    """
    instruments = market.instruments
    months = rulebook.strategy.long_option.loan_value_months.value
    limit = months_after(market.as_of.date(), months)
    found: Bool = (instruments.kind == KIND_OPTION) & (instruments.expiry > limit)
    return found


def _loan_value(market: Market, rulebook: Rulebook, price: F64) -> F64:
    """Return the loan value of one long contract: a part of its value beyond nine months."""
    instruments = market.instruments
    part = 1.0 - rulebook.strategy.long_option.loan_value_requirement.value
    share = np.where(is_long_dated(market, rulebook), part, 0.0)
    value: F64 = share * np.maximum(price, 0.0) * instruments.multiplier
    return value


def _equal(column: pa.StringArray, text: str) -> Bool:
    is_equal: Bool = pc.equal(column, text).to_numpy(zero_copy_only=False)
    return is_equal
