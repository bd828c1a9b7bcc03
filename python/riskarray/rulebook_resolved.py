# SPDX-License-Identifier: Apache-2.0
"""A rulebook after inheritance and on a day, each line with the file that it comes from."""

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from riskarray.rulebook_file import read_rulebook_file
from riskarray.rulebook_versions import KeyPath, Resolved
from riskarray.toml_text import toml_key, toml_name, toml_value

__all__ = ["resolved_text"]


def resolved_text(name: str | Path, as_of: dt.date | None) -> str:
    """Return a rulebook as TOML that needs no base: the figures in force, and where they stand.

    Parameters
    ----------
    name : str or Path
        A built-in name or the path of a file.
    as_of : datetime.date, optional
        Day for which figures are read, as in `riskarray.rulebook.load_rulebook`.

    Returns
    -------
    str
        Behind each line the file that it comes from, and the day from which its figure is in force
        where that is to come.

    Raises
    ------
    RulebookError
        If there is no such rulebook, or a key or value in it is not right.
    """
    source = read_rulebook_file(name, as_of)
    day = f"on {as_of}" if as_of else "with the latest version of each figure"
    lines = [
        f"# {_printable(source.label)} {day}, after inheritance; behind each line the file that it",
        "# comes from.",
        "",
        *_Lines(source.resolved, as_of).of_table(source.resolved.tables, ()),
    ]
    return "\n".join(lines) + "\n"


class _Lines:
    """The lines of a resolved rulebook."""

    def __init__(self, resolved: Resolved, as_of: dt.date | None) -> None:
        self.labels = resolved.labels
        self.as_of = as_of

    def of_table(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[str]:
        """Yield a table's own values, then the tables below it."""
        places = {(*path, key): value for key, value in table.items()}
        places.pop(("base",), None)
        for place, value in places.items():
            if not self._is_table(place, value):
                yield f"{toml_key(place[-1])} = {toml_value(value)}  # {self._origin(place, value)}"
        for place, value in places.items():
            if self._is_table(place, value):
                below = list(self.of_table(value, place))
                if below and below[0]:
                    yield from ("", f"[{toml_name(place)}]")
                yield from below

    def _is_table(self, path: KeyPath, value: object) -> bool:
        """Return whether a place is a table of others, not a figure or a plain value."""
        return isinstance(value, Mapping) and any((*path, key) in self.labels for key in value)

    def _origin(self, path: KeyPath, value: object) -> str:
        label = _printable(self.labels[path])
        day = value.get("effective") if isinstance(value, Mapping) else None
        is_early = self.as_of is not None and isinstance(day, dt.date) and day > self.as_of
        return f"{label}; not in force before {day}" if is_early else label


def _printable(label: str) -> str:
    return label if label.isprintable() else repr(label)
