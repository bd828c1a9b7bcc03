# SPDX-License-Identifier: Apache-2.0
"""Which figures of the rulebook an account's numbers rest on."""

from collections.abc import Iterable, Iterator
from typing import Final

from riskarray.report.explanation import FigureStep, PortfolioStep, PositionStep
from riskarray.rulebook import Rulebook
from riskarray.strategy_margin import STRATEGIES

__all__ = ["figures_used"]

_MINIMUM_EQUITY: Final = {
    "portfolio": "account.minimum_equity_real_time.",
    "reg_t": "account.reg_t_minimum_equity.",
}


def figures_used(
    rulebook: Rulebook,
    scenario_set: str,
    *,
    groups: Iterable[PortfolioStep],
    positions: Iterable[PositionStep],
    strategies: Iterable[tuple[str, str]],
    account_type: str,
) -> tuple[FigureStep, ...]:
    """Return the figures behind an account's requirement, in the order of the rulebook.

    Parameters
    ----------
    rulebook : Rulebook
        Where they stand.
    scenario_set : str
        The set that binds.
    groups, positions : iterable of PortfolioStep, of PositionStep
        What the account holds.
    strategies : iterable of (str, str)
        Its strategies, each with the strategy class of its underlying.
    account_type : str
        For the minimum equity.
    """
    prefixes = (
        *_group_prefixes(scenario_set, groups, positions),
        *_strategy_prefixes(strategies),
        "minimum_charge.",
        "switches.",
        _MINIMUM_EQUITY.get(account_type, "account."),
    )
    return tuple(
        FigureStep(
            key=row.key,
            value=row.value,
            source=row.source,
            effective=row.effective,
            mark=row.mark,
        )
        for row in rulebook.figures()
        if f"{row.key}.".startswith(prefixes)
    )


def _group_prefixes(
    scenario_set: str, groups: Iterable[PortfolioStep], positions: Iterable[PositionStep]
) -> Iterator[str]:
    """Yield what the keys of figures begin with, each with its closing dot."""
    for group in groups:
        yield f"portfolio_groups.{group.name}."
        for step in group.class_groups:
            yield f"scenario_sets.{scenario_set}.moves.{step.portfolio_type}."
            yield f"class_groups.{step.class_group}.portfolio_type."
            yield f"class_groups.{step.class_group}.product_group."
            yield f"product_groups.{step.product_group}."
    for position in positions:
        yield f"class_groups.{position.class_group}.members.{position.underlying}."
        yield f"stand_alone.{position.underlying}."
    yield f"scenario_sets.{scenario_set}.volatility_"


def _strategy_prefixes(strategies: Iterable[tuple[str, str]]) -> Iterator[str]:
    declared = {declaration.name: declaration for declaration in STRATEGIES.values()}
    for name, strategy_class in strategies:
        for figure in declared[name].figures:
            yield f"strategy.{figure.format(strategy_class=strategy_class)}."
