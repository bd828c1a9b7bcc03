# SPDX-License-Identifier: Apache-2.0
"""Checks that span the tables of a rulebook: names that must exist, rows of one length.

They work on the tables as read and pass over what has the wrong shape, so that one look at a file
finds these defects beside those of the single figures.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["inconsistencies"]

Tables = Mapping[str, Any]

_STRATEGY_CLASSES: Final = ("broad_index", "equity", "narrow_index", "volatility_index")
_SHOCKS: Final = ("volatility_scale", "volatility_shift")


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
    for row in _SHOCKS:
        shock = _row(scenarios, row)
        if shock is not None and len(shock) not in (1, n_points):
            yield f"{key}.{row} must have 1 or {n_points} values, got {len(shock)}"
