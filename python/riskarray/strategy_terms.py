# SPDX-License-Identifier: Apache-2.0
"""Strategy-based margin of single legs: every formula of the rules stands here, once.

Requirements are gross and on the basis of margin equity (cash and stock at market, options at
nothing): a short option's includes its market value, a long option paid in full needs nothing.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I8, I32, Bool
from riskarray.market import KIND_OPTION, Instruments, Market, Underlyings
from riskarray.rulebook import Rulebook

__all__ = ["STRATEGY_CLASSES", "Terms", "leg_terms", "months_after"]

STRATEGY_CLASSES: Final = ("equity", "broad_index", "narrow_index", "volatility_index")

_MONTHS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """What the strategy rules need to know of each underlying and each instrument.

    Attributes
    ----------
    long_initial, long_maintenance : ndarray, shape (u,)
        Requirement of one long share, in USD.
    short_initial, short_maintenance : ndarray, shape (u,)
        Requirement of one share sold short beside the proceeds, in USD.
    in_the_money_initial, in_the_money_maintenance : ndarray, shape (u,)
        Fraction of a covered call's in-the-money amount that is required beside the stock.
    strategy_class : ndarray of int8, shape (u,)
        Index into `STRATEGY_CLASSES`.
    covers_index, is_index : ndarray of bool, shape (u,)
        Unleveraged funds, whose shares cover options on an index of their class group; indexes.
    spot : ndarray, shape (u,)
        In USD per share.
    value : ndarray, shape (n,)
        Market value of one contract or share, in USD.
    strike_value : ndarray, shape (n,)
        Aggregate strike of one contract, in USD.
    uncovered : ndarray, shape (n,)
        Requirement of one uncovered short contract, in USD.
    in_the_money : ndarray, shape (n,)
        In-the-money amount of one contract, in USD.
    future : ndarray, shape (n,)
        Requirement of one future long or short, in USD.
    loan_value : ndarray, shape (n,)
        Loan value of one long option, in USD.
    cash_account : float
        Fraction of the price of stock that a cash account pays.
    is_spread_lesser_of_naked : bool
        Whether a spread never needs more than its short option uncovered.
    """

    long_initial: F64
    long_maintenance: F64
    short_initial: F64
    short_maintenance: F64
    in_the_money_initial: F64
    in_the_money_maintenance: F64
    strategy_class: I8
    covers_index: Bool
    is_index: Bool
    spot: F64
    value: F64
    strike_value: F64
    uncovered: F64
    in_the_money: F64
    future: F64
    loan_value: F64
    cash_account: float
    is_spread_lesser_of_naked: bool


def leg_terms(market: Market, rulebook: Rulebook, price: F64) -> Terms:
    """Return the figures of single legs.

    Parameters
    ----------
    market : Market
        Underlyings and instruments.
    rulebook : Rulebook
        Percentages, minimums and caps.
    price : ndarray, shape (n,)
        Market value per share of each instrument, in USD; NaN passes through to its figures.

    Returns
    -------
    Terms
        In USD per share, contract or future.

    References
    ----------
    12 CFR 220.12; FINRA Rule 4210(c), (f)(2); FINRA Regulatory Notices 09-53 and 19-21.
    """
    underlyings, instruments = market.underlyings, market.instruments
    long_initial, long_maintenance = _long_stock_rates(underlyings, rulebook)
    short_initial, short_maintenance = _short_stock(underlyings, rulebook)
    cover = rulebook.strategy.cover
    is_full = cover.is_in_the_money_added_in_full.value
    product_type = underlyings.product_type
    strategy_class = pc.index_in(underlyings.strategy_class, pa.array(STRATEGY_CLASSES))
    codes = strategy_class.to_numpy().astype(np.int8)
    return Terms(
        long_initial=long_initial * underlyings.price,
        long_maintenance=long_maintenance * underlyings.price,
        short_initial=short_initial,
        short_maintenance=short_maintenance,
        in_the_money_initial=np.ones(len(codes)) if is_full else 1.0 - long_initial,
        in_the_money_maintenance=1.0 - long_maintenance,
        strategy_class=codes,
        covers_index=_equal(product_type, "etf")
        & (underlyings.leverage == 1.0)
        & cover.is_index_covered_by_fund.value,
        is_index=_equal(product_type, "index"),
        spot=underlyings.price,
        value=price * instruments.multiplier,
        strike_value=instruments.strike * instruments.multiplier,
        uncovered=_uncovered(instruments, underlyings, codes, rulebook, price),
        in_the_money=np.maximum(_moneyness(instruments, underlyings), 0.0) * instruments.multiplier,
        future=rulebook.strategy.future.rate.value * price * instruments.multiplier,
        loan_value=_loan_value(market, rulebook, price),
        cash_account=rulebook.strategy.stock.cash_account.value,
        is_spread_lesser_of_naked=cover.is_spread_lesser_of_naked.value,
    )


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
    instruments: Instruments, underlyings: Underlyings, codes: I8, rulebook: Rulebook, price: F64
) -> F64:
    """Return P + max(a L S - out of the money, b L S or b L K) per contract.

    The rates grow with leverage, the out-of-the-money amount does not.
    """
    rule = rulebook.strategy.short_option
    leverage = np.maximum(np.abs(underlyings.leverage), 1.0)
    rates = np.array([rule[name].rate.value for name in STRATEGY_CLASSES])[codes] * leverage
    minima = np.array([rule[name].minimum.value for name in STRATEGY_CLASSES])[codes] * leverage
    row: I32 = instruments.underlying
    spot = underlyings.price[row]
    out_of_the_money = np.maximum(-_moneyness(instruments, underlyings), 0.0)
    floor = minima[row] * np.where(instruments.right > 0, spot, instruments.strike)
    charge = np.maximum(rates[row] * spot - out_of_the_money, floor)
    per_contract: F64 = (price + charge) * instruments.multiplier
    return per_contract


def _moneyness(instruments: Instruments, underlyings: Underlyings) -> F64:
    """Return how far each option is in the money, per share; negative out of it, 0 for stock."""
    spot = underlyings.price[instruments.underlying]
    return instruments.right * (spot - instruments.strike)


def _loan_value(market: Market, rulebook: Rulebook, price: F64) -> F64:
    """Return the loan value of one long contract: a part of its value beyond nine months."""
    instruments, rule = market.instruments, rulebook.strategy.long_option
    limit = months_after(market.as_of.date(), rule.loan_value_months.value)
    is_long_dated = (instruments.kind == KIND_OPTION) & (instruments.expiry > limit)
    share = np.where(is_long_dated, 1.0 - rule.loan_value_requirement.value, 0.0)
    value: F64 = share * price * instruments.multiplier
    return value


def _equal(column: pa.StringArray, text: str) -> Bool:
    is_equal: Bool = pc.equal(column, text).to_numpy(zero_copy_only=False)
    return is_equal
