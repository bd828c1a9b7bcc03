# SPDX-License-Identifier: Apache-2.0
"""Markdown of what is otherwise shown on a terminal: headings, paragraphs and tables."""

from collections.abc import Iterable, Iterator
from typing import Final

from rich.columns import Columns
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

__all__ = ["markdown"]

_SPECIAL: Final = "\\`*_{}[]<>#|"


def markdown(parts: Iterable[RenderableType]) -> str:
    """Return texts and tables as Markdown; a bold text becomes a heading, the first the title."""
    lines: list[str] = []
    has_title = False
    for part in parts:
        if isinstance(part, Text):
            if not part.plain:
                continue
            is_heading = part.style == "bold"
            lead = "" if not is_heading else "## " if has_title else "# "
            has_title = has_title or is_heading
            lines += [lead + _escaped(part.plain), ""]
        else:
            lines += _block(part)
    return "\n".join(lines).rstrip() + "\n"


def _block(part: RenderableType) -> Iterator[str]:
    """Yield the lines of a part below a heading."""
    if isinstance(part, Padding):
        yield from _block(part.renderable)
    elif isinstance(part, Columns):
        for each in part.renderables:
            yield from _block(each)
    elif isinstance(part, Table):
        yield from _table(part)
    else:
        yield _escaped(str(part))
        yield ""


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield f"**{_escaped(str(table.title))}**"
        yield ""
    yield _row(_escaped(str(column.header)) for column in table.columns)
    yield _row("--:" if column.justify == "right" else ":--" for column in table.columns)
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        yield _row(_escaped(str(cell)) for cell in cells)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Return a text without anything that Markdown would take for more than text."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)
