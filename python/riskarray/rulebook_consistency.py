# SPDX-License-Identifier: Apache-2.0
"""Checks that span the tables of a rulebook: names that must exist, rows of one length.

They work on the tables as read and pass over what has the wrong shape, so that one look at a file
finds these defects beside those of the single figures.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from riskarray.rulebook_messages import value_text
from riskarray.rulebook_versions import KeyPath, Problem, key_text

__all__ = ["inconsistencies"]

Tables = Mapping[str, Any]

_PER_POINT: Final = ("volatility_scale", "volatility_shift", "pnl_weight")
_DAYS: Final = "days_to_liquidate"
_DEVIATIONS: Final = "standard_deviation"
_REACH: Final = {"fraction": (-1.0, 5.0), _DEVIATIONS: (-50.0, 50.0)}
"""Least and greatest move that can be meant, by the unit of a scenario set."""
_CLASSES: Final = "strategy.short_option"
_MISSING: Final = "must be given, it is missing"


def inconsistencies(raw: Tables) -> Iterator[Problem]:
    """Yield every contradiction between the tables of a rulebook.

    Parameters
    ----------
    raw : mapping
        The file's tables, with those of its base and one version of each figure.
    """
    yield from _unknown_names(raw)
    for name, scenarios in _tables(raw, "scenario_sets"):
        yield from _uneven_points(raw, name, scenarios)
        yield from _wrong_moves(name, scenarios)
        yield from _half_given(name, scenarios)
    for name, add_on in _tables(raw, "add_ons"):
        yield from _wrong_steps(name, add_on)
    seen: dict[str, KeyPath] = {}
    for place in _placements(raw):
        symbol = place[-1]
        if symbol in seen:
            other = key_text(seen[symbol])
            yield Problem(place, f"must name an underlying once, got it in {other} too")
        seen[symbol] = place


def _table(node: Tables, name: str) -> Tables:
    found = node.get(name)
    return found if isinstance(found, Mapping) else {}


def _known(raw: Tables, table: str) -> Tables:
    """Return a table that names stand for, by its key: `product_groups`."""
    for key in table.split("."):
        raw = _table(raw, key)
    return raw


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


def _placements(raw: Tables) -> Iterator[KeyPath]:
    for name, group in _tables(raw, "class_groups"):
        for symbol in _table(group, "members"):
            yield ("class_groups", name, "members", symbol)
    for symbol in _table(raw, "stand_alone"):
        yield ("stand_alone", symbol)


def _references(raw: Tables) -> Iterator[tuple[KeyPath, str | None, str]]:
    """Yield (place, name that stands there, table that must have it)."""
    for key, scenarios in _tables(raw, "scenario_sets"):
        for name in _table(scenarios, "moves"):
            yield ("scenario_sets", key, "moves", name), name, "portfolio_types"
    for key, group in _tables(raw, "class_groups"):
        for figure, table in (
            ("portfolio_type", "portfolio_types"),
            ("product_group", "product_groups"),
        ):
            yield ("class_groups", key, figure), _name(group, figure), table
    for key, add_on in _tables(raw, "add_ons"):
        for listed in _row(add_on, "portfolio_types") or []:
            if isinstance(listed, str):
                yield ("add_ons", key, "portfolio_types"), listed, "portfolio_types"
    for key, product in _tables(raw, "product_groups"):
        place = ("product_groups", key, "portfolio_group")
        yield place, _name(product, "portfolio_group"), "portfolio_groups"


def _class_references(raw: Tables) -> Iterator[tuple[KeyPath, str | None, str]]:
    """Yield the same for classes of short options."""
    for key, portfolio_type in _tables(raw, "portfolio_types"):
        for figure in ("strategy_class", "index_strategy_class", "etn_strategy_class"):
            yield ("portfolio_types", key, figure), _name(portfolio_type, figure), _CLASSES
    for place in _placements(raw):
        member = raw
        for key in place:
            member = _table(member, key)
        named = member.get("strategy_class")
        yield place, named if isinstance(named, str) else None, _CLASSES


def _unknown_names(raw: Tables) -> Iterator[Problem]:
    """Yield every name of a type or group that the file does not define, once with its count."""
    unknown: Counter[tuple[str, str | None]] = Counter()
    first: dict[tuple[str, str | None], tuple[KeyPath, str]] = {}
    for place, name, table in (*_references(raw), *_class_references(raw)):
        known = _known(raw, table)
        if name is not None and name not in known:
            kind = (table, name if known else None)
            unknown[kind] += 1
            first.setdefault(kind, (place, name))
    for kind, count in unknown.items():
        place, name = first[kind]
        allowed = ", ".join(sorted(_known(raw, kind[0])))
        missing = f"must not be given without {kind[0]}"
        more = f" ({count:,} in all)" if count > 1 else ""
        yield Problem(
            place, f"{f'must be one of {allowed}' if allowed else missing}, got {name!r}{more}"
        )
    if "equity" not in _table(raw, "portfolio_types"):
        yield Problem(("portfolio_types", "equity"), _MISSING)


def _uneven_points(raw: Tables, name: str, scenarios: Tables) -> Iterator[Problem]:
    """Yield rows of a scenario set that differ in number of points, and types without a row."""
    key = ("scenario_sets", name)
    moves = _table(scenarios, "moves")
    for missing in sorted(set(_table(raw, "portfolio_types")) - set(moves)):
        yield Problem((*key, "moves", missing), _MISSING)
    rows = {row: found for row in moves if (found := _row(moves, row)) is not None}
    if not rows:
        return
    n_points = len(next(iter(rows.values())))
    for row, values in rows.items():
        if len(values) != n_points:
            words = f"must have {n_points} points, got {len(values)}"
            yield Problem((*key, "moves", row), words)
    for row in _PER_POINT:
        shock = _row(scenarios, row)
        if shock is not None and len(shock) not in (1, n_points):
            yield Problem((*key, row), f"must have 1 or {n_points} values, got {len(shock)}")


def _wrong_moves(name: str, scenarios: Tables) -> Iterator[Problem]:
    """Yield moves below nothing, and moves that can only be per cent for fractions."""
    unit = _name(scenarios, "move_unit") or "fraction"
    low, high = _REACH.get(unit, (-1.0, 5.0))
    for row in _table(scenarios, "moves"):
        for k, move in enumerate(_row(_table(scenarios, "moves"), row) or []):
            if isinstance(move, int | float) and not low <= move <= high:
                bound = f"{low:g} or more" if move < low else f"{high:g} or less"
                place = ("scenario_sets", name, "moves", row, "value", str(k))
                yield Problem(place, f"must be {bound} ({unit}), got {value_text(move)}")


def _half_given(name: str, scenarios: Tables) -> Iterator[Problem]:
    """Yield figures of a scenario set that lack their other half."""
    pairs = [("earnings_multiplier", "earnings_days"), ("earnings_days", "earnings_multiplier")]
    if _name(scenarios, "move_unit") == _DEVIATIONS:
        pairs.append(("move_unit", _DEVIATIONS))
    elif _DEVIATIONS in scenarios:
        words = f"must not be given unless move_unit is {_DEVIATIONS}"
        unit = _name(scenarios, "move_unit") or "none"
        yield Problem(("scenario_sets", name, _DEVIATIONS), f"{words}, got move_unit {unit}")
    for given, missing in pairs:
        if given in scenarios and missing not in scenarios:
            place = ("scenario_sets", name, missing)
            yield Problem(place, f"must be given with {given}, it is missing")


def _wrong_steps(name: str, add_on: Tables) -> Iterator[Problem]:
    """Yield steps of an add-on that do not rise or do not match its rates."""
    key = ("add_ons", name)
    bounds, rates = _row(add_on, "bounds"), _row(add_on, "rates")
    if bounds and rates and len(rates) != len(bounds) + 1:
        words = f"must have {len(bounds) + 1} values, got {len(rates)}"
        yield Problem((*key, "rates"), words)
    numbers = [b for b in bounds or [] if isinstance(b, int | float)]
    if any(after <= before for before, after in pairwise(numbers)):
        yield Problem((*key, "bounds"), f"must rise, got {value_text(bounds)}")
    is_days = _name(add_on, "measure") == _DAYS
    for figure in ("participation", "rate_without_volume"):
        if is_days and figure not in add_on:
            words = f"must be given with measure {_DAYS}, it is missing"
            yield Problem((*key, figure), words)
