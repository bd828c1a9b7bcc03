# SPDX-License-Identifier: Apache-2.0
"""Every step of one account's requirement, as data."""

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ClassStep",
    "ExplanationSteps",
    "FigureStep",
    "MoveStep",
    "OffsetStep",
    "PortfolioStep",
    "PositionStep",
    "SetStep",
]

Amounts = tuple[float, ...]
"""One amount per valuation point of the binding scenario set, in USD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionStep:
    """One position: what it is worth, what it gains or loses, and its part of the requirement.

    Attributes
    ----------
    symbol, underlying, class_group : str
        What is held.
    quantity : float
        Contracts or shares, signed.
    price, market_value : float
        Market price per share, and value of the position, in USD.
    theoretical_value : float
        Model value per share, from which the P&L of the points is measured, in USD.
    volatility : float or None
        Of an option; annualised.
    volatility_source : str
        Where that comes from.
    leverage : float
        Multiple of its class group's moves.
    is_outside : bool
        Whether it stands outside portfolio margin, where the strategy-based rules hold.
    pnl : tuple of float
        P&L at each point, in USD.
    pnl_at_point : float
        P&L at the point at which its class group is charged, in USD.
    share : float
        Its part of the loss that the offsets leave of its class group there; a gain is negative.
    minimum_charge : float
        Its part of the class group's minimum charge, in USD.
    charge : float
        Its part of the requirement, in USD: its share of the loss or of the minimum charge,
        whichever binds, or of what the strategy-based rules ask where those apply.
    """

    symbol: str
    underlying: str
    class_group: str
    quantity: float
    price: float
    market_value: float
    theoretical_value: float
    volatility: float | None
    volatility_source: str
    leverage: float
    is_outside: bool
    pnl: Amounts
    pnl_at_point: float
    share: float
    minimum_charge: float
    charge: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStep:
    """One reason why a scenario set moves a class group otherwise than its stress table says.

    Attributes
    ----------
    figure : str
        What it rests on: a column of the book (`underlyings.move_floor`), a key of the rulebook, or
        `least move`: no price falls below zero.
    underlying : str or None
        Whose figure it is; None where it is the class group's.
    value : float, str or tuple of float
        The figure; a date as text; the least reach down and up.
    words : str
        What it does.
    """

    figure: str
    underlying: str | None
    value: float | str | tuple[float, float]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassStep:
    """One class group: the sum of its positions at each point, and what it is charged.

    Attributes
    ----------
    class_group, portfolio_type : str
        Its name, and the row of the stress table.
    product_group, portfolio_group : str
        Where it belongs; itself where it stands alone.
    product_offset : float
        Fraction of its gains that counts against losses in its product group.
    labels : tuple of str
        Move of its underlying at each point.
    reasons : tuple of MoveStep
        Why these are not the moves of the stress table; empty where they are.
    pnl : tuple of float
        Sum over its positions at each point, in USD.
    left : tuple of float
        What the offsets leave of its loss at each point, in USD.
    point : str
        Label of the point at which it is charged.
    loss, minimum_charge, charge : float
        Loss left at that point, minimum charge, and its part of the requirement, in USD.
    binds : str
        `point` or `minimum`.
    """

    class_group: str
    portfolio_type: str
    product_group: str
    portfolio_group: str
    product_offset: float
    labels: tuple[str, ...]
    reasons: tuple[MoveStep, ...]
    pnl: Amounts
    left: Amounts
    point: str
    loss: float
    minimum_charge: float
    charge: float
    binds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetStep:
    """Members whose gains offset each other's losses in part: a product or a portfolio group.

    Attributes
    ----------
    name : str
        Group.
    level : str
        `product group` or `portfolio group`.
    members : tuple of str
        Class groups, or product groups.
    offset : float
        Fraction of gains that counts.
    loss, gain, net : tuple of float
        Sums over the members at each point, and what is left of them, in USD.
    """

    name: str
    level: str
    members: tuple[str, ...]
    offset: float
    loss: Amounts
    gain: Amounts
    net: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioStep:
    """One portfolio group: its class groups, its offsets, and its part of the requirement.

    Attributes
    ----------
    name : str
        Portfolio group; its only class group where that stands alone.
    class_groups : tuple of ClassStep
        What it consists of.
    offsets : tuple of OffsetStep
        Groups with more than one member; empty where nothing can offset.
    offset : float
        Fraction of product groups' gains that counts against product groups' losses.
    loss, minimum_charge, requirement : float
        In USD.
    rule : str
        How loss and minimum charge are compared, in words.
    """

    name: str
    class_groups: tuple[ClassStep, ...]
    offsets: tuple[OffsetStep, ...]
    loss: float
    minimum_charge: float
    offset: float
    requirement: float
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStep:
    """One scenario set, and what the portfolio groups require by it alone, in USD."""

    name: str
    title: str
    requirement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureStep:
    """One figure of the rulebook that the account's numbers rest on."""

    key: str
    value: object
    source: str
    effective: dt.date
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationSteps:
    """Every step of one account's requirement; `to_json` gives the figures.

    Attributes
    ----------
    account : str
        Name.
    book, as_of, rulebook : str
        What it was computed from.
    points : tuple of str
        Numbers of the valuation points of the binding scenario set.
    amounts : mapping of str to object
        The account's row of the accounts table.
    positions : tuple of PositionStep
        By class group.
    portfolio_groups : tuple of PortfolioStep
        Their requirements add up to `amounts["requirement"]`, less `strategy_requirement` and
        `add_ons`.
    scenario_sets : tuple of SetStep
        Each of the rulebook's sets; the greatest is the one that the steps follow.
    switches : mapping of str to bool
        What the rule texts leave open, as the rulebook decides it (`trace.Switches`).
    add_ons : tuple of mapping
        The account's rows of the add-ons table.
    strategies : tuple of mapping
        The account's rows of the strategies table.
    figures : tuple of FigureStep
        What the rulebook contributes, each with its source.
    sources : mapping of str to str
        Titles of the sources that `figures` name in short.
    """

    account: str
    book: str
    as_of: str
    rulebook: str
    points: tuple[str, ...]
    amounts: "Mapping[str, object]"
    positions: tuple[PositionStep, ...]
    portfolio_groups: tuple[PortfolioStep, ...]
    scenario_sets: tuple[SetStep, ...]
    switches: "Mapping[str, bool]"
    add_ons: "tuple[Mapping[str, object], ...]"
    strategies: "tuple[Mapping[str, object], ...]"
    figures: tuple[FigureStep, ...]
    sources: "Mapping[str, str]"

    def to_dict(self) -> dict[str, object]:
        """Return the explanation as plain dictionaries, lists, texts and numbers."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """Return the explanation as one JSON object."""
        return json.dumps(self.to_dict(), allow_nan=False, default=str, ensure_ascii=False)
