# SPDX-License-Identifier: Apache-2.0
"""Consoles, progress bars and tables: colour and bars on a terminal, plain text on a pipe."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from riskarray.engine.stages import Progress

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["console", "error_console", "money", "progress_bars", "seconds_line", "table", "text"]

PIPE_WIDTH: Final = 160
"""Columns of plain text: wide enough for every table, so that no figure is cut."""


def console(stream: IO[str] | None = None) -> Console:
    """Return a console for a stream, by default the standard output.

    On a terminal it has the terminal's width and colours; anywhere else it writes plain text of a
    fixed width, whatever the environment says.
    """
    stream = sys.stdout if stream is None else stream
    if stream.isatty():
        return Console(file=stream, highlight=False)
    return Console(
        file=stream,
        width=PIPE_WIDTH,
        color_system=None,
        force_terminal=False,
        highlight=False,
        soft_wrap=False,
    )


def error_console() -> Console:
    """Return the console of the standard error."""
    return console(sys.stderr)


def text(value: str, style: str = "") -> Text:
    """Return a text that is shown as it is, brackets and all."""
    return Text(value, style=style)


def money(value: float) -> str:
    """Return an amount in USD to the cent, with commas; no minus sign on what rounds to nothing."""
    shown = f"{value:,.2f}"
    return "0.00" if shown == "-0.00" else shown


def table(
    columns: Mapping[str, str], rows: Iterable[Iterable[str | Text]], *, title: str = ""
) -> Table:
    """Return a table.

    Parameters
    ----------
    columns : mapping of str to str
        Heading and justification (``left`` or ``right``) of each column.
    rows : iterable of iterable of str or Text
        Cells, shown as they are; those of the first column stay on one line, others are folded
        where they do not fit.
    title : str
        Line above, if any.
    """
    shown = Table(
        box=SIMPLE_HEAD,
        title=text(title) if title else None,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        show_edge=False,
    )
    for k, (heading, justify) in enumerate(columns.items()):
        shown.add_column(
            heading,
            justify="right" if justify == "right" else "left",
            overflow="fold",
            no_wrap=k == 0,
        )
    for row in rows:
        shown.add_row(*(text(cell) if isinstance(cell, str) else cell for cell in row))
    return shown


def seconds_line(seconds: Mapping[str, float]) -> str:
    """Return one line with the time of each stage."""
    parts = [f"{name} {value:.2f} s" for name, value in seconds.items()]
    return f"{', '.join(parts)}; {sum(seconds.values()):.2f} s in all"


@contextmanager
def progress_bars() -> Iterator[Progress | None]:
    """Show a bar per stage on the standard error while inside; nothing if that is no terminal.

    Yields
    ------
    callable or None
        What to tell the progress to; None where nobody would see it.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415  # slow
    from rich.progress import Progress as Bars  # noqa: PLC0415

    tasks: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description:<10}"), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=error_console(), transient=True) as bars:

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield progress
