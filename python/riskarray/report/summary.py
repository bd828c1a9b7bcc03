# SPDX-License-Identifier: Apache-2.0
"""What `riskarray margin` shows: the first accounts, the totals, what was left out, the time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from riskarray.report.report import Report
from riskarray.report.terminal import console, money, seconds_line, table, text
from riskarray.tables import Defect

__all__ = ["show_summary"]

_ACCOUNTS: Final = 10
_REJECTS: Final = 5
_AMOUNTS: Final = ("requirement", "worst_point", "reg_t_initial", "equity", "excess", "status")


def show_summary(report: Report, out: Path | None = None) -> None:
    """Print a report in short.

    Parameters
    ----------
    report : Report
        Any.
    out : Path, optional
        Where it was written, if it was.
    """
    shown = console()
    book = report.result.book
    as_of = f"{book.market.as_of:%Y-%m-%d %H:%M}"
    shown.print(text(f"{book.name} as of {as_of} New York, by {book.rulebook.id}", "bold"))
    columns = {
        name.replace("_", " "): "left" if name in {"account", "status"} else "right"
        for name in ("account", *_AMOUNTS)
    }
    shown.print(table(columns, _rows(report)))
    for line in _lines(report, out):
        shown.print(text(line))


def _rows(report: Report) -> Iterator[tuple[str, ...]]:
    """Yield the cells of the first accounts, then of all of them."""
    head = report.accounts.slice(0, _ACCOUNTS)
    for row in head.select(["account", *_AMOUNTS]).to_pylist():
        yield tuple(money(v) if isinstance(v, float) else str(v) for v in row.values())
    more = report.accounts.num_rows - head.num_rows
    if more > 0:
        yield (f"and {more:,} more", *[""] * len(_AMOUNTS))
    totals = report.totals
    cells = (totals.get(name, "") for name in _AMOUNTS)
    amounts = (money(v) if isinstance(v, float) else "" for v in cells)
    yield (f"all {report.accounts.num_rows:,}", *amounts)


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
    if report.rejects.num_rows:
        yield f"left out: {report.rejects.num_rows:,} accounts (see rejects), such as"
        for row in report.rejects.slice(0, _REJECTS).to_pylist():
            name = row.pop("account") or "rows that name no account"
            yield f"  {name}: {Defect(**row)}"
    if out is not None:
        yield f"written to {out}"
    yield seconds_line(report.seconds)
