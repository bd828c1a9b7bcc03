# SPDX-License-Identifier: Apache-2.0
"""Checks that span the tables of a rulebook: names that must exist, rows of one length.

They work on the tables as read and pass over what has the wrong shape, so that one look at a file
finds these defects beside those of the single figures.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

__all__ = ["inconsistencies"]

Tables = Mapping[str, Any]

_STRATEGY_CLASSES: Final = ("broad_index", "equity", "narrow_index", "volatility_index")
_PER_POINT: Final = ("volatility_scale", "volatility_shift", "pnl_weight")
_DAYS: Final = "days_to_liquidate"


def inconsistencies(raw: Tables) -> Iterator[str]:
    """Yield one line for each contradiction between the tables of a rulebook.

    Parameters
    ----------
    raw : mapping
        The file's tables, with those of its base and one version of each figure.
    """
    yield from _unknown_names(raw)
    for name, scenarios in _tables(raw, "scenario_sets"):
        yield from _uneven_points(raw, name, scenarios)
        yield from _wrong_moves(name, scenarios)
    for name, add_on in _tables(raw, "add_ons"):
        yield from _wrong_steps(name, add_on)
    seen: dict[str, str] = {}
    for place, symbol in _placements(raw):
        if symbol in seen:
            yield f"{place} must name an underlying once, got it in {seen[symbol]} too"
        seen[symbol] = place
    given = _table(_table(raw, "strategy"), "short_option")
    for name in _STRATEGY_CLASSES:
        if name not in given:
            yield f"strategy.short_option.{name} must be given, it is missing"


def _table(node: Tables, name: str) -> Tables:
    found = node.get(name)
    return found if isinstance(found, Mapping) else {}


def _tables(node: Tables, name: str) -> Iterator[tuple[str, Tables]]:
    """Yield the named tables below a key."""
    for key in _table(node, name):
        table = _table(node, name)[key]
        if isinstance(table, Mapping):
            yield key, table


def _name(node: Tables, figure: str) -> str | None:
    """Return the value of a figure that is a name, or None."""
    value = _table(node, figure).get("value")
    return value if isinstance(value, str) else None


def _row(node: Tables, figure: str) -> list[object] | None:
    """Return the value of a figure that is a row of points, or None."""
    value = _table(node, figure).get("value")
    return value if isinstance(value, list) and value else None


def _placements(raw: Tables) -> Iterator[tuple[str, str]]:
    for name, group in _tables(raw, "class_groups"):
        for symbol in _table(group, "members"):
            yield f"class_groups.{name}.members.{symbol}", symbol
    for symbol in _table(raw, "stand_alone"):
        yield f"stand_alone.{symbol}", symbol


def _references(raw: Tables) -> Iterator[tuple[str, str | None, str]]:
    """Yield (key, name that stands there, table that must have it)."""
    for key, scenarios in _tables(raw, "scenario_sets"):
        for name in _table(scenarios, "moves"):
            yield f"scenario_sets.{key}.moves.{name}", name, "portfolio_types"
    for key, group in _tables(raw, "class_groups"):
        place = f"class_groups.{key}"
        yield f"{place}.portfolio_type", _name(group, "portfolio_type"), "portfolio_types"
        yield f"{place}.product_group", _name(group, "product_group"), "product_groups"
    for key, add_on in _tables(raw, "add_ons"):
        for listed in _row(add_on, "portfolio_types") or []:
            if isinstance(listed, str):
                yield f"add_ons.{key}.portfolio_types", listed, "portfolio_types"
    for key, product in _tables(raw, "product_groups"):
        place = f"product_groups.{key}.portfolio_group"
        yield place, _name(product, "portfolio_group"), "portfolio_groups"


def _unknown_names(raw: Tables) -> Iterator[str]:
    """Yield every name of a type or group that the file does not define."""
    for key, name, table in _references(raw):
        known = _table(raw, table)
        if name is not None and name not in known:
            yield f"{key} must be one of {', '.join(sorted(known))}, got {name!r}"
    if "equity" not in _table(raw, "portfolio_types"):
        yield "portfolio_types.equity must be given, it is missing"


def _uneven_points(raw: Tables, name: str, scenarios: Tables) -> Iterator[str]:
    """Yield rows of a scenario set that differ in number of points, and types without a row."""
    key = f"scenario_sets.{name}"
    moves = _table(scenarios, "moves")
    for missing in sorted(set(_table(raw, "portfolio_types")) - set(moves)):
        yield f"{key}.moves.{missing} must be given, it is missing"
    rows = {row: found for row in moves if (found := _row(moves, row)) is not None}
    if not rows:
        return
    n_points = len(next(iter(rows.values())))
    for row, values in rows.items():
        if len(values) != n_points:
            yield f"{key}.moves.{row} must have {n_points} points, got {len(values)}"
    for row in _PER_POINT:
        shock = _row(scenarios, row)
        if shock is not None and len(shock) not in (1, n_points):
            yield f"{key}.{row} must have 1 or {n_points} values, got {len(shock)}"


def _wrong_moves(name: str, scenarios: Tables) -> Iterator[str]:
    """Yield moves below nothing, and figures of a scenario set that lack their other half."""
    key = f"scenario_sets.{name}"
    unit = _name(scenarios, "move_unit") or "fraction"
    for row in _table(scenarios, "moves") if unit == "fraction" else ():
        for k, move in enumerate(_row(_table(scenarios, "moves"), row) or []):
            if isinstance(move, int | float) and move < -1:
                yield f"{key}.moves.{row}.value.{k} must be -1 or more, got {move}"
    pairs = [("earnings_multiplier", "earnings_days"), ("earnings_days", "earnings_multiplier")]
    if unit == "standard_deviation":
        pairs.append(("move_unit", "standard_deviation"))
    for given, missing in pairs:
        if given in scenarios and missing not in scenarios:
            yield f"{key}.{missing} must be given with {given}, it is missing"


def _wrong_steps(name: str, add_on: Tables) -> Iterator[str]:
    """Yield steps of an add-on that do not rise or do not match its rates."""
    key = f"add_ons.{name}"
    bounds, rates = _row(add_on, "bounds"), _row(add_on, "rates")
    if bounds and rates and len(rates) != len(bounds) + 1:
        yield f"{key}.rates must have {len(bounds) + 1} values, got {len(rates)}"
    numbers = [b for b in bounds or [] if isinstance(b, int | float)]
    if any(after <= before for before, after in pairwise(numbers)):
        yield f"{key}.bounds must rise, got {bounds}"
    is_days = _name(add_on, "measure") == _DAYS
    for figure in ("participation", "rate_without_volume"):
        if is_days and figure not in add_on:
            yield f"{key}.{figure} must be given with measure {_DAYS}, it is missing"
