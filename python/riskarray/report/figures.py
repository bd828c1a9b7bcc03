# SPDX-License-Identifier: Apache-2.0
"""Which figures of the rulebook an account's numbers rest on, and where they come from."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from riskarray.report.explanation_steps import FigureStep, PortfolioStep, PositionStep
from riskarray.rulebook import FigureRow
from riskarray.strategy_names import definition_figures

__all__ = ["figures_used", "source_titles"]

_ACCOUNT: Final = {
    "portfolio": (
        *("account.monitoring.", "account.initial_equity.", "account.maintenance_equity."),
        *("account.deficiency_days.", "account.equity_days.", "account.house_days."),
        "account.minimum_requirement.",
    ),
    "reg_t": ("account.reg_t_minimum_equity.", "account.reg_t_days."),
    "cash": ("account.cash_days.",),
}
_OF_A_SET: Final = (
    *("move_unit", "standard_deviation", "volatility_scale", "volatility_shift", "pnl_weight"),
    *("is_floored_by_book", "earnings_multiplier", "earnings_days"),
)


def figures_used(
    figures: Sequence[FigureRow],
    scenario_set: str,
    *,
    groups: Iterable[PortfolioStep],
    positions: Iterable[PositionStep],
    strategies: Iterable[tuple[str, str]],
    add_ons: Iterable[str],
    account_type: str,
    monitoring: str,
) -> tuple[FigureStep, ...]:
    """Return the figures behind an account's requirement, in the order of the rulebook.

    Parameters
    ----------
    figures : sequence of FigureRow
        All of the rulebook's figures.
    scenario_set : str
        The set that binds.
    groups, positions : iterable of PortfolioStep, of PositionStep
        What the account holds.
    strategies : iterable of (str, str)
        Its strategies, each with the strategy class of its underlying.
    add_ons : iterable of str
        The add-ons that charge it something.
    account_type, monitoring : str
        For the minimum equity and the days of calls.
    """
    prefixes = (
        *_group_prefixes(scenario_set, groups, positions),
        *_floor_prefixes(figures, scenario_set, groups, positions),
        *_strategy_prefixes(strategies),
        "minimum_charge.",
        "switches.",
        "eligibility.outside_product_types.",
        *(f"add_ons.{name}." for name in add_ons),
        *_ACCOUNT.get(account_type, ()),
    )
    if account_type == "portfolio":
        prefixes += (f"account.minimum_equity_{monitoring}.",)
    return tuple(
        FigureStep(
            key=row.key,
            value=row.value,
            source=row.source,
            effective=row.effective,
            mark=row.mark,
        )
        for row in figures
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
    for name in _OF_A_SET:
        yield f"scenario_sets.{scenario_set}.{name}."


def _floor_prefixes(
    figures: Sequence[FigureRow],
    scenario_set: str,
    groups: Iterable[PortfolioStep],
    positions: Iterable[PositionStep],
) -> Iterator[str]:
    """Yield the floors of class groups, by their names and by those of their members."""
    floors = f"scenario_sets.{scenario_set}.floors."
    listed = [row.key.removeprefix(floors) for row in figures if row.key.startswith(floors)]
    held = {step.class_group for group in groups for step in group.class_groups}
    symbols = {position.underlying for position in positions}
    for name in listed:
        places = {f"class_groups.{group}.members.{name}" for group in held}
        if name in held | symbols or any(row.key in places for row in figures):
            yield f"{floors}{name}."


def _strategy_prefixes(strategies: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, strategy_class in strategies:
        for figure in definition_figures(name):
            yield f"strategy.{figure.format(strategy_class=strategy_class)}."


def source_titles(figures: Iterable[FigureStep], titles: Mapping[str, str]) -> dict[str, str]:
    """Return the titles of the sources that some figures name in short.

    Parameters
    ----------
    figures : iterable of FigureStep
        With their sources: `TMI; OCC-DOCS`.
    titles : mapping of str to str
        Of every source that the rulebook knows, by its short name.
    """
    sources = {figure.source for figure in figures}
    found = {}
    for name, title in titles.items():
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        if any(pattern.search(source) for source in sources):
            found[name] = title
    return found
