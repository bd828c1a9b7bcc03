# SPDX-License-Identifier: Apache-2.0
"""What `riskarray margin` shows: the first accounts, the totals, what was left out, the time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from riskarray.book import Book
from riskarray.book_warnings import short_warnings
from riskarray.report.account_status import BELOW_MINIMUM_EQUITY, DEFICIENCY
from riskarray.report.report import Report
from riskarray.report.terminal import console, money, seconds_line, table, text
from riskarray.tables import Defect

__all__ = ["book_warning_lines", "show_summary", "warning_lines"]

_ACCOUNTS: Final = 10
_REJECTS: Final = 5
_HEADINGS: Final = {
    "account": "account",
    "requirement": "requirement",
    "worst_point": "worst point",
    "reg_t_initial": "Reg T initial",
    "net_deposit": "net deposit",
    "equity": "equity",
    "excess": "excess",
    "status": "status",
}
_NARROW: Final = 110
"""Columns of a terminal on which `net_deposit` and `equity` are left to the files."""
_STYLES: Final = {DEFICIENCY: "red", BELOW_MINIMUM_EQUITY: "yellow"}


def show_summary(report: Report, out: Path | None = None, *, on: Console | None = None) -> None:
    """Print a report in short.

    Parameters
    ----------
    report : Report
        Any.
    out : Path, optional
        Where it was written, if it was.
    on : Console, optional
        Where to show it; by default the standard output.
    """
    shown = console() if on is None else on
    book = report.result.book
    as_of = f"{book.market.as_of:%Y-%m-%d %H:%M}"
    shown.print(text(f"{book.name} as of {as_of} New York, by {book.rulebook.id}", "bold"))
    dropped = {"net_deposit", "equity"} if shown.width < _NARROW else set[str]()
    names = [name for name in _HEADINGS if name not in dropped]
    columns = {
        _HEADINGS[name]: "left" if name in {"account", "status"} else "right" for name in names
    }
    shown.print(table(columns, _rows(report, names)))
    for line in _lines(report, out):
        shown.print(text(line))


def book_warning_lines(book: Book) -> Iterator[str]:
    """Yield the rate that stands in for none and figures used before they are in force.

    Parameters
    ----------
    book : Book
        Any.

    Yields
    ------
    str
        One line each.
    """
    if not book.market.rates.is_given:
        yield "warning: rate 0 at every expiry, for the book gives neither rate nor rates"
    yield from (f"warning: {line}" for line in short_warnings(book))


def warning_lines(report: Report, *, is_all: bool = False) -> Iterator[str]:
    """Yield what a reader of the figures must not miss.

    Parameters
    ----------
    report : Report
        Any.
    is_all : bool
        Whether to name every account that was left out, and not only the first few.

    Yields
    ------
    str
        The rate that stands in for none, figures of the rulebook used before they are in force,
        requirements beyond what the firm's net capital carries,
        the accounts left out with the reason of each.
    """
    yield from book_warning_lines(report.result.book)
    firm = report.manifest["firm"]
    if isinstance(firm, dict) and firm["is_over"]:
        yield (
            f"warning: portfolio-margin requirements of {money(firm['portfolio_requirement'])} are "
            f"over {firm['net_capital_multiple']:g} times the net capital of "
            f"{money(firm['net_capital'])}, allowed for {firm['days_allowed_over']} business days"
        )
    count = report.rejects.num_rows
    if not count:
        return
    yield f"left out: {count:,} accounts (see rejects){'' if is_all else ', such as'}"
    for row in report.rejects.slice(0, None if is_all else _REJECTS).to_pylist():
        name = row.pop("account") or "rows that name no account"
        yield f"  {name if name.isprintable() else repr(name)}: {Defect(**row)}"


def _rows(report: Report, names: list[str]) -> Iterator[tuple[Text, ...]]:
    """Yield the cells of the first accounts, then of all of them."""
    head = report.accounts.slice(0, _ACCOUNTS)
    for row in head.select(names).to_pylist():
        yield tuple(_cell(value) for value in row.values())
    more = report.accounts.num_rows - head.num_rows
    if more > 0:
        yield (text(f"and {more:,} more"), *[text("")] * (len(names) - 1))
    totals = (report.totals.get(name) for name in names[1:])
    amounts = (_cell(value if isinstance(value, float) else "") for value in totals)
    yield (text(f"all {report.accounts.num_rows:,}"), *amounts)


def _cell(value: object) -> Text:
    """Return a cell: amounts to the cent and red below nought, a status in its colour."""
    if isinstance(value, float):
        return text(money(value), "red" if value < 0.0 else "")
    if value is None:
        return text("")
    return text(str(value), _STYLES.get(str(value), ""))


def _lines(report: Report, out: Path | None) -> Iterator[str]:
    """Yield what stands below the table."""
    status = report.totals["status"]
    if isinstance(status, dict) and status:
        yield "status: " + ", ".join(f"{count:,} {name}" for name, count in status.items())
    sources = report.manifest["volatility_sources"]
    if isinstance(sources, dict) and sources:
        counts = (f"{count:,} {name}" for name, count in sources.items() if count)
        yield "volatilities: " + (", ".join(counts) or "none needed")
    ignored = report.result.book.ignored
    if ignored:
        yield f"columns that nothing reads: {', '.join(ignored)}"
    yield from warning_lines(report)
    if out is not None:
        yield f"written to {out}"
    yield seconds_line(report.seconds)
