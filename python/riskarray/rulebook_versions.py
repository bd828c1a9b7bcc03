# SPDX-License-Identifier: Apache-2.0
"""A rulebook file's tables on top of its base's, and the version of each figure in force.

A figure keeps every version that any of the files gives, and which file that was, until a date
chooses among them.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

__all__ = [
    "KeyPath",
    "Problem",
    "Resolved",
    "Tables",
    "Version",
    "Versions",
    "figures",
    "key_text",
    "layered",
    "merged",
    "resolved",
    "without",
]

KeyPath = tuple[str, ...]
"""The keys that lead to a place of a file, outermost first."""

_ROOT: Final[KeyPath] = ()
_NO_FIGURES: Final = ("sources",)
"""Tables of plain texts, whatever their keys are called."""


class Problem(NamedTuple):
    """What is wrong at one place: what must be so, and what stands there."""

    path: KeyPath
    words: str


class Version(NamedTuple):
    """One version of a figure as read, and the file that gives it."""

    table: Mapping[str, Any]
    label: str

    @property
    def effective(self) -> dt.date:
        """The day from which it holds; the first of all days where that is not a date."""
        day = self.table.get("effective")
        return day if type(day) is dt.date else dt.date.min


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of a figure, those of the topmost file first."""

    layers: tuple[tuple[Version, ...], ...]

    def __iter__(self) -> Iterator[Version]:
        """Yield all of them."""
        return (version for layer in self.layers for version in layer)

    def in_force(self, as_of: dt.date | None) -> Version:
        """Return the version in force on a day; None stands for a day that all are before.

        That is the latest one of the topmost file that has one in force. Where no file has any, it
        is the earliest one of all.
        """
        for layer in self.layers:
            past = [v for v in layer if as_of is None or v.effective <= as_of]
            if past:
                return max(past, key=lambda version: version.effective)
        return min(self, key=lambda version: version.effective)


class _Plain(NamedTuple):
    """A value that is no figure, and the file that gives it."""

    value: object
    label: str


class Tables(NamedTuple):
    """A table: what it holds, and the topmost file that has it."""

    entries: dict[str, "Tables | Versions | _Plain"]
    label: str


class Resolved(NamedTuple):
    """A rulebook's tables as plain ones, and the file that each place of them comes from."""

    tables: dict[str, Any]
    labels: Mapping[KeyPath, str]

    def label(self, path: KeyPath) -> str:
        """Return the file that a place comes from, or the nearest place around it."""
        while path not in self.labels:
            path = path[:-1]
        return self.labels[path]


def key_text(path: KeyPath) -> str:
    """Return a place as text: its keys with dots between them."""
    return ".".join(path)


def layered(raw: Mapping[str, Any], label: str, problems: list[Problem]) -> Tables:
    """Return the tables of one file.

    Parameters
    ----------
    raw : mapping
        As read.
    label : str
        Name of the file.
    problems : list of Problem
        Takes what is wrong with the dates of versions.
    """
    return _table(raw, label, _ROOT, problems)


def _table(raw: Mapping[str, Any], label: str, path: KeyPath, problems: list[Problem]) -> Tables:
    entries: dict[str, Tables | Versions | _Plain] = {}
    for key, value in raw.items():
        place = (*path, key)
        has_figures = place[0] not in _NO_FIGURES
        if has_figures and isinstance(value, dict) and _is_figure(value):
            entries[key] = Versions(((Version(value, label),),))
        elif isinstance(value, dict):
            entries[key] = _table(value, label, place, problems)
        elif has_figures and _is_list_of_tables(value):
            problems.extend(_wrong_dates(value, place))
            entries[key] = Versions((tuple(Version(v, label) for v in value),))
        else:
            entries[key] = _Plain(value, label)
    return Tables(entries, label)


def _is_figure(table: Mapping[str, Any]) -> bool:
    value = table.get("value")
    return isinstance(table.get("mark"), str) or not (value is None or isinstance(value, dict))


def _is_list_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _wrong_dates(versions: list[dict[str, Any]], path: KeyPath) -> Iterator[Problem]:
    """Yield versions without a date, and those of one day."""
    seen = set()
    for number, version in enumerate(versions, start=1):
        day = version.get("effective")
        if type(day) is not dt.date:
            got = day.isoformat() if isinstance(day, dt.date) else repr(day)
            got = got if "effective" in version else "none"
            words = f"must give version {number} an effective date such as 2026-07-01, got {got}"
            yield Problem(path, words)
        elif day in seen:
            yield Problem(path, f"must give each version a date of its own, got {day} twice")
        seen.add(day)


def merged(under: Tables, over: Tables) -> Tables:
    """Return the tables of a base with those of a file on top."""
    entries = dict(under.entries)
    for key, new in over.entries.items():
        old = entries.get(key)
        if isinstance(old, Tables) and isinstance(new, Tables):
            entries[key] = merged(old, new)
        elif isinstance(old, Versions) and isinstance(new, Versions):
            entries[key] = Versions((*new.layers, *old.layers))
        else:
            entries[key] = new
    return Tables(entries, over.label)


def without(tables: Tables, path: list[str]) -> Tables:
    """Return tables without one entry; KeyError if there is none."""
    name, *rest = path
    node = tables.entries[name]
    left = {key: value for key, value in tables.entries.items() if key != name}
    if rest:
        if not isinstance(node, Tables):
            raise KeyError(rest[0])
        left = {**tables.entries, name: without(node, rest)}
    return Tables(left, tables.label)


def figures(tables: Tables, path: KeyPath = _ROOT) -> Iterator[tuple[KeyPath, Versions]]:
    """Yield every figure of the tables with all its versions."""
    for key, node in tables.entries.items():
        if isinstance(node, Versions):
            yield (*path, key), node
        elif isinstance(node, Tables):
            yield from figures(node, (*path, key))


def resolved(tables: Tables, choose: Callable[[Versions], Version]) -> Resolved:
    """Return plain tables with one version of each figure.

    Parameters
    ----------
    tables : Tables
        Those of a file on top of its base's.
    choose : callable
        Takes the versions of a figure, and returns the one to take.
    """
    labels: dict[KeyPath, str] = {}
    return Resolved(_plain(tables, choose, _ROOT, labels), labels)


def _plain(
    tables: Tables,
    choose: Callable[[Versions], Version],
    path: KeyPath,
    labels: dict[KeyPath, str],
) -> dict[str, Any]:
    labels[path] = tables.label
    plain: dict[str, Any] = {}
    for key, node in tables.entries.items():
        place = (*path, key)
        if isinstance(node, Tables):
            plain[key] = _plain(node, choose, place, labels)
            continue
        chosen = choose(node) if isinstance(node, Versions) else node
        plain[key] = dict(chosen.table) if isinstance(chosen, Version) else chosen.value
        labels[place] = chosen.label
    return plain
