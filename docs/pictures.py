"""Draws the pictures of the README: what the command shows on a terminal, as it shows it.

python docs/pictures.py
"""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from rich.console import Console

import riskarray as ra
from riskarray.engine.stages import Stages
from riskarray.report.report import Report, compute
from riskarray.report.summary import show_summary

ROOT = Path(__file__).parents[1]
FONTS = "Menlo, Consolas, DejaVu Sans Mono"
WEB_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def report_of(name: str) -> Report:
    """Return the report of an example, timed as the command times it."""
    stages = Stages()
    with stages.stage("read"):
        book = ra.read_book(ROOT / "examples" / name)
    return compute(book, stages)


def draw(name: str, command: str, width: int, show: Callable[[Console], None]) -> None:
    """Write one picture; the fonts are those of whoever looks at it."""
    console = Console(
        record=True, width=width, file=StringIO(), force_terminal=True, highlight=False
    )
    console.print(f"[green]$[/] {command}\n")
    show(console)
    svg = WEB_FONTS.sub("", console.export_svg(title="riskarray", unique_id=name))
    svg = svg.replace("Fira Code", FONTS)
    (ROOT / "docs" / f"{name}.svg").write_text(svg, encoding="utf-8")


def main() -> None:
    """Draw all pictures."""
    cboe, acme = report_of("cboe-2007"), report_of("acme")
    draw("margin", "riskarray margin examples/cboe-2007", 124, lambda c: show_summary(cboe, on=c))
    draw(
        "explain", "riskarray explain examples/acme A1", 120, lambda c: c.print(acme.explain("A1"))
    )


if __name__ == "__main__":
    main()
