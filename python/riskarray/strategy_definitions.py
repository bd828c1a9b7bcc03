# SPDX-License-Identifier: Apache-2.0
"""The strategies as data: names, rules in words, the figures behind them, the shapes of spreads.

A shape is written strike by strike, the lowest first: right and number of contracts, `+` long and
`-` short, with a slash between options of one strike. `C+1 C-2 C+1` is a long call butterfly.
"""

from dataclasses import dataclass
from typing import Final

from riskarray.kernel_codes import StrategyCode

__all__ = ["DEFINITIONS", "MAX_SHAPE", "SPREADS", "Definition", "Shape"]

MAX_SHAPE: Final = 4
"""Most options in a shape with a name; more are a `complex_spread`."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A strategy: its name, its rule in words, and the figures of the rulebook that it uses.

    `{strategy_class}` stands for the underlying's row of the strategy-based table.
    """

    code: StrategyCode
    name: str
    rule: str
    figures: tuple[str, ...]
    is_cash: bool = False
    """Of a cash account, where that differs."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A spread of one unit: its legs, and what its name needs beside them."""

    name: str
    legs: str
    is_even: bool | None = None
    """Whether the lowest two strikes are as far apart as the highest two; None: either way."""
    is_one_expiry: bool | None = None
    """Whether all options expire together; None: either way."""


_LONG = ("stock.initial_long", "stock.maintenance_long", "leverage.long_cap")
_SHORT = ("stock.initial_short", "stock.maintenance_short", "stock.short_per_share")
_OPTION = ("short_option.{strategy_class}.rate", "short_option.{strategy_class}.minimum")
_HEDGE = ("hedge.strike_rate", "hedge.cap_rate")
_COLLAR = (*_HEDGE, "hedge.is_collar_same_expiry")
_FULL = ("stock.cash_account",)

DEFINITIONS: Final = (
    Definition(
        StrategyCode.LONG_STOCK,
        "long_stock",
        "fraction of market value; maintenance grows with leverage",
        _LONG,
    ),
    Definition(
        StrategyCode.LONG_STOCK,
        "long_stock",
        "paid in full, in a cash account",
        _FULL,
        is_cash=True,
    ),
    Definition(
        StrategyCode.SHORT_STOCK,
        "short_stock",
        "beside the proceeds: the greater of a fraction of market value and an amount per share",
        _SHORT,
    ),
    Definition(
        StrategyCode.SHORT_STOCK,
        "short_stock",
        "not permitted in a cash account: the price of the shares, if that is more",
        (*_FULL, *_SHORT),
        is_cash=True,
    ),
    Definition(
        StrategyCode.COVERED_CALL,
        "covered_call",
        "long stock valued at no more than the strike; nothing for the call",
        (*_LONG, "cover.is_in_the_money_added_in_full", "cover.is_index_covered_by_fund"),
    ),
    Definition(
        StrategyCode.COVERED_CALL,
        "covered_call",
        "stock paid in full, in a cash account; nothing for the call",
        (*_FULL, "cover.is_index_covered_by_fund"),
        is_cash=True,
    ),
    Definition(
        StrategyCode.COVERED_PUT,
        "covered_put",
        "short stock, and the put's in-the-money amount",
        (*_SHORT, "cover.is_index_covered_by_fund"),
    ),
    Definition(
        StrategyCode.PROTECTIVE_PUT,
        "protective_put",
        "initial: the stock; maintenance: a fraction of the strike and the amount out of the "
        "money, at most that of the stock",
        (*_LONG, *_HEDGE),
    ),
    Definition(
        StrategyCode.PROTECTIVE_CALL,
        "protective_call",
        "initial: the short stock; maintenance: a fraction of the strike and the amount out of the "
        "money, at most that of the stock",
        (*_SHORT, *_HEDGE, "hedge.is_long_call_relief"),
    ),
    Definition(
        StrategyCode.COLLAR,
        "collar",
        "stock valued at no more than the call's strike; maintenance: a fraction of the put's "
        "strike and its amount out of the money, at most the stock's fraction of the call's strike",
        (*_LONG, *_COLLAR),
    ),
    Definition(
        StrategyCode.CONVERSION,
        "conversion",
        "stock valued at no more than the strike; maintenance: a fraction of the strike",
        (*_LONG, *_COLLAR),
    ),
    Definition(
        StrategyCode.REVERSE_CONVERSION,
        "reverse_conversion",
        "initial: the short stock; maintenance: a fraction of the strike; and the put's "
        "in-the-money amount",
        (*_SHORT, *_COLLAR),
    ),
    Definition(
        StrategyCode.LONG_BOX,
        "long_box",
        "European index options: a fraction of the strike difference, less the box's value",
        ("spread.long_box_rate",),
    ),
    Definition(
        StrategyCode.SHORT_STRADDLE,
        "short_straddle",
        "the side that requires more, and the market value of the other",
        _OPTION,
    ),
    Definition(
        StrategyCode.UNCOVERED_CALL,
        "uncovered_call",
        "value + max(rate of the underlying less the amount out of the money, minimum of it)",
        _OPTION,
    ),
    Definition(
        StrategyCode.UNCOVERED_CALL,
        "uncovered_call",
        "not permitted in a cash account: the price of the stock that covers it, if that is more",
        (*_FULL, *_OPTION),
        is_cash=True,
    ),
    Definition(
        StrategyCode.UNCOVERED_PUT,
        "uncovered_put",
        "value + max(rate of the underlying less the amount out of the money, minimum of strike)",
        _OPTION,
    ),
    Definition(
        StrategyCode.UNCOVERED_PUT,
        "cash_secured_put",
        "aggregate strike, in a cash account",
        _FULL,
        is_cash=True,
    ),
    Definition(
        StrategyCode.LONG_OPTION,
        "long_option",
        "paid in full; with long to run, less a loan value",
        ("long_option.loan_value_months", "long_option.loan_value_requirement"),
    ),
    Definition(
        StrategyCode.LONG_OPTION,
        "long_option",
        "paid in full, in a cash account",
        _FULL,
        is_cash=True,
    ),
    Definition(StrategyCode.FUTURE, "future", "fraction of value", ("future.rate",)),
    Definition(
        StrategyCode.SPREAD,
        "complex_spread",
        "greatest loss over the strikes; long options paid in full",
        ("spread.loss_rate", "spread.is_same_style"),
    ),
    Definition(
        StrategyCode.SPREAD,
        "complex_spread",
        "European index options of one expiry, in a cash account: greatest loss over the strikes",
        ("spread.loss_rate", "spread.is_in_cash_account"),
        is_cash=True,
    ),
)

SPREADS: Final = (
    Shape("bull_call_spread", "C+1 C-1", is_one_expiry=True),
    Shape("bear_call_spread", "C-1 C+1", is_one_expiry=True),
    Shape("bull_put_spread", "P+1 P-1", is_one_expiry=True),
    Shape("bear_put_spread", "P-1 P+1", is_one_expiry=True),
    Shape("call_diagonal", "C+1 C-1", is_one_expiry=False),
    Shape("call_diagonal", "C-1 C+1", is_one_expiry=False),
    Shape("put_diagonal", "P+1 P-1", is_one_expiry=False),
    Shape("put_diagonal", "P-1 P+1", is_one_expiry=False),
    Shape("call_calendar", "C-1/C+1", is_one_expiry=False),
    Shape("put_calendar", "P-1/P+1", is_one_expiry=False),
    Shape("long_call_butterfly", "C+1 C-2 C+1", is_even=True),
    Shape("long_put_butterfly", "P+1 P-2 P+1", is_even=True),
    Shape("short_call_butterfly", "C-1 C+2 C-1", is_even=True),
    Shape("short_put_butterfly", "P-1 P+2 P-1", is_even=True),
    Shape("broken_call_butterfly", "C+1 C-2 C+1", is_even=False),
    Shape("broken_put_butterfly", "P+1 P-2 P+1", is_even=False),
    Shape("broken_short_call_butterfly", "C-1 C+2 C-1", is_even=False),
    Shape("broken_short_put_butterfly", "P-1 P+2 P-1", is_even=False),
    Shape("long_call_condor", "C+1 C-1 C-1 C+1"),
    Shape("long_put_condor", "P+1 P-1 P-1 P+1"),
    Shape("short_call_condor", "C-1 C+1 C+1 C-1"),
    Shape("short_put_condor", "P-1 P+1 P+1 P-1"),
    Shape("short_iron_condor", "P+1 P-1 C-1 C+1"),
    Shape("long_iron_condor", "P-1 P+1 C+1 C-1"),
    Shape("short_iron_butterfly", "P+1 C-1/P-1 C+1"),
    Shape("long_iron_butterfly", "P-1 C+1/P+1 C-1"),
    Shape("long_box", "C+1/P-1 C-1/P+1", is_one_expiry=True),
    Shape("short_box", "C-1/P+1 C+1/P-1", is_one_expiry=True),
)
