# SPDX-License-Identifier: Apache-2.0
"""The shape of a rulebook file: every figure carries its value, source, effective date and mark."""

import datetime as dt
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from riskarray.rulebook_values import (
    ID_PATTERN,
    Amount,
    Days,
    Fraction,
    Leverage,
    Mark,
    Measure,
    MinimumLevel,
    Monitoring,
    MoveUnit,
    Multiplier,
    Names,
    Part,
    PerPoint,
    ProductType,
    ProductTypes,
    Rates,
    Reach,
    ResidualGain,
    Scales,
    Shifts,
    StrategyClass,
    Symbol,
    Symbols,
    Text,
    WorstPoint,
    kind_name,
)

T = TypeVar("T")


class _Table(BaseModel):
    """A table of the file: no key beyond those named, no conversion of types, no change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Figure(_Table, Generic[T]):
    """One figure of the rules.

    `mark` says how sure it is: `rule` seen in rule text, `secondary` in a clearing house's or
    broker's text, `memory` unverified, `derived` worked out from the others.
    """

    value: T
    source: Text
    effective: dt.date
    mark: Mark

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return the name of a kind of figure: `FigureAmount`."""
        return cls.__name__ + kind_name(params[0])


class Member(Figure[Leverage]):
    """An underlying in a class group; the value is its signed leverage on the group's moves."""

    product_type: ProductType
    strategy_class: StrategyClass | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.value == 0.0:
            msg = "must have a leverage other than zero"
            raise ValueError(msg)
        return self


class PortfolioTypeTable(_Table):
    """A row of the stress table, and the strategy-based class of what falls under it.

    That of indexes and of ETNs is their own; without one, ETNs are of the class of all others.
    """

    title: Text
    strategy_class: Figure[StrategyClass]
    index_strategy_class: Figure[StrategyClass]
    etn_strategy_class: Figure[StrategyClass] | None = None


class ScenarioSetTable(_Table):
    """Valuation points: the moves of each portfolio type, and what else happens at them.

    A point's volatility is `volatility * scale + shift`, its P&L counts `pnl_weight` times; one
    value of any of these stands for all points. Moves are fractions of the price, or multiples of
    the underlying's standard deviation. A floor is the least that the furthest point down and the
    furthest point up must reach: of a class group or a symbol by name, or as the book gives it.
    """

    title: Text
    moves: dict[str, Figure[PerPoint]] = Field(min_length=1)
    move_unit: Figure[MoveUnit] | None = None
    standard_deviation: Figure[Part] | None = None
    volatility_scale: Figure[Scales] | None = None
    volatility_shift: Figure[Shifts] | None = None
    pnl_weight: Figure[Scales] | None = None
    floors: dict[str, Figure[Reach]] = {}
    is_floored_by_book: Figure[bool] | None = None
    earnings_multiplier: Figure[Multiplier] | None = None
    earnings_days: Figure[Days] | None = None


class ClassGroupTable(_Table):
    """A class group: an index or stock, everything that follows it, and where it belongs."""

    title: Text
    portfolio_type: Figure[str]
    product_group: Figure[str] | None = None
    members: dict[Symbol, Member] = Field(min_length=1)


class ProductGroupTable(_Table):
    """Class groups of which a fraction of the gains offsets losses at the same point."""

    title: Text
    offset: Figure[Fraction]
    portfolio_group: Figure[str] | None = None


class PortfolioGroupTable(_Table):
    """Product groups with a further offset between them."""

    title: Text
    offset: Figure[Fraction]


class MinimumChargeTable(_Table):
    """The floor per contract: `per_unit` times the multiplier, long or short."""

    per_unit: Figure[Amount]
    is_long_capped: Figure[bool]


class SwitchesTable(_Table):
    """What the rule texts leave open (see docs of `Rulebook`)."""

    worst_point: Figure[WorstPoint]
    minimum_level: Figure[MinimumLevel]
    residual_gain: Figure[ResidualGain]
    cross_class_offsets: Figure[bool]


class EligibilityTable(_Table):
    """Products that a portfolio-margin account holds but margins strategy by strategy.

    Those of some product types and, where `included` is given, all that it does not name.
    """

    outside_product_types: Figure[ProductTypes]
    included: Figure[Symbols] | None = None


class AddOnTable(_Table):
    """An amount beside the scenarios: a rate, by steps of a measure, of what is held.

    Below the first of `bounds` the first of `rates` holds, from each bound on the next one.
    """

    title: Text
    measure: Figure[Measure]
    bounds: Figure[PerPoint]
    rates: Figure[Rates]
    portfolio_types: Figure[Names] | None = None
    participation: Figure[Part] | None = None
    rate_without_volume: Figure[Fraction] | None = None


class AccountTable(_Table):
    """Minimum equity by way of monitoring, what a firm asks beyond it, and days and multiples.

    `monitoring` says which of the minimums is the firm's. `initial_equity` is what an account must
    hold to be opened, `maintenance_equity` to be kept, where that is more than the minimum;
    `minimum_requirement` is the least that an account with positions is charged. Calls are due so
    many business days on: `deficiency_days` and `equity_days` by the portfolio-margin rules,
    `house_days` for what only the firm asks (as `deficiency_days` where it is not given),
    `reg_t_days` and `cash_days` for accounts of these types.
    """

    minimum_equity_real_time: Figure[Amount]
    minimum_equity_end_of_day: Figure[Amount]
    minimum_equity_executed_away: Figure[Amount]
    minimum_equity_unlisted: Figure[Amount]
    monitoring: Figure[Monitoring]
    initial_equity: Figure[Amount] | None = None
    maintenance_equity: Figure[Amount] | None = None
    minimum_requirement: Figure[Amount] | None = None
    deficiency_days: Figure[Days]
    equity_days: Figure[Days]
    house_days: Figure[Days] | None = None
    reg_t_days: Figure[Days]
    cash_days: Figure[Days]
    net_capital_multiple: Figure[Amount]
    net_capital_days: Figure[Days]
    reg_t_minimum_equity: Figure[Amount]


class StockTable(_Table):
    """Stock: fractions of market value, USD per share for the steps of low prices."""

    initial_long: Figure[Fraction]
    initial_short: Figure[Amount]
    maintenance_long: Figure[Fraction]
    maintenance_short: Figure[Amount]
    short_per_share: Figure[Amount]
    low_price: Figure[Amount]
    low_price_short: Figure[Amount]
    low_price_per_share: Figure[Amount]
    cash_account: Figure[Amount]


class LeverageTable(_Table):
    """Caps of the maintenance that grows with leverage, as fractions of market value."""

    long_cap: Figure[Amount]
    short_cap: Figure[Amount]
    is_etn_short_capped: Figure[bool]


class ShortOptionTable(_Table):
    """An uncovered short option: the rate `a` and the minimum `b` on the underlying."""

    rate: Figure[Fraction]
    minimum: Figure[Fraction]


class LongOptionTable(_Table):
    """A long option: paid in full, unless it has more than `loan_value_months` to run."""

    loan_value_months: Figure[Days]
    loan_value_requirement: Figure[Fraction]


class FutureTable(_Table):
    """A future held or owed, as a fraction of its value."""

    rate: Figure[Fraction]


class CoverTable(_Table):
    """What covers a short call or put beside the stock itself, and how it is charged."""

    is_index_covered_by_fund: Figure[bool]
    is_in_the_money_added_in_full: Figure[bool]


class SpreadTable(_Table):
    """Spreads by the universal rule, and long boxes of European index options."""

    loss_rate: Figure[Amount]
    is_same_style: Figure[bool]
    is_in_cash_account: Figure[bool]
    long_box_rate: Figure[Fraction]


class HedgeTable(_Table):
    """Stock hedged by a long option, as fractions of the strike and of the stock's price.

    A `cap_rate` of nought caps the requirement at that of the stock by itself.
    """

    strike_rate: Figure[Fraction]
    cap_rate: Figure[Fraction]
    is_collar_same_expiry: Figure[bool]
    is_long_call_relief: Figure[bool]


class StrategyTable(_Table):
    """Figures of Regulation T and of the strategy-based maintenance rules."""

    stock: StockTable
    leverage: LeverageTable
    short_option: dict[StrategyClass, ShortOptionTable]
    long_option: LongOptionTable
    future: FutureTable
    cover: CoverTable
    spread: SpreadTable
    hedge: HedgeTable


class RulebookFile(_Table):
    """A whole rulebook file, after inheritance and after the choice of versions in force."""

    schema_version: Literal[1]
    id: Annotated[str, Field(pattern=ID_PATTERN)]
    title: Text
    effective: dt.date
    base: str | None = None
    sources: dict[str, Text] = {}
    portfolio_types: dict[str, PortfolioTypeTable] = Field(min_length=1)
    scenario_sets: dict[str, ScenarioSetTable] = Field(min_length=1)
    class_groups: dict[str, ClassGroupTable] = {}
    stand_alone: dict[Symbol, Member] = {}
    product_groups: dict[str, ProductGroupTable] = {}
    portfolio_groups: dict[str, PortfolioGroupTable] = {}
    minimum_charge: MinimumChargeTable
    switches: SwitchesTable
    eligibility: EligibilityTable
    add_ons: dict[str, AddOnTable] = {}
    account: AccountTable
    strategy: StrategyTable
