# SPDX-License-Identifier: Apache-2.0
"""The commands `riskarray rulebook ...`: the rules as data, to list, read, check and compare."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from riskarray.report.errors import BAD_INPUT

if TYPE_CHECKING:
    import datetime as dt

    from riskarray.rulebook import Rulebook

__all__ = ["check_rulebook_name", "check_written", "rulebooks"]

rulebooks = typer.Typer(help="The rules as data.", no_args_is_help=True)

RulebookName = Annotated[str, typer.Argument(metavar="NAME|FILE", help="Which.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Take the versions in force on this day."),
]


def check_rulebook_name(name: str) -> str:
    """Refuse, as wrong usage, a rulebook that is neither built in nor a file."""
    built_in = _built_in()
    if name not in built_in and not Path(name).is_file():
        msg = f"rulebook must be a file or one of {', '.join(built_in)}, got {name!r}"
        raise typer.BadParameter(msg)
    return name


def _load(name: str, as_of: str | None) -> "Rulebook":
    from riskarray.rulebook import load_rulebook

    check_rulebook_name(name)
    return load_rulebook(name, as_of=_date("--as-of", as_of) if as_of else None)


def _date(option: str, text: str) -> "dt.date":
    import datetime as dt

    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        msg = f"{option} must be a date such as 2026-07-10, got {text!r}"
        raise typer.BadParameter(msg) from None


def _built_in() -> tuple[str, ...]:
    from riskarray.rulebook import list_rulebooks

    return list_rulebooks()


@rulebooks.command("list")
def list_() -> None:
    """List the built-in rulebooks."""
    from riskarray.report.terminal import console, table
    from riskarray.rulebook import list_rulebooks, load_rulebook

    rows = [(name, load_rulebook(name)) for name in list_rulebooks()]
    columns = {"name": "left", "effective": "left", "title": "left"}
    cells = [(name, str(rules.effective), rules.title) for name, rules in rows]
    console().print(table(columns, cells))


@rulebooks.command()
def show(
    name: RulebookName = "finra-4210g",
    resolved: Annotated[
        bool, typer.Option("--resolved", help="After inheritance, each line with its file.")
    ] = False,
    as_of: AsOf = None,
) -> None:
    """Print the file of a rulebook, to read or to copy and change; or what it comes to on a day."""
    from riskarray.report.terminal import console
    from riskarray.rulebook_file import rulebook_text
    from riskarray.rulebook_resolved import resolved_text

    day = _date("--as-of", as_of) if as_of else None
    _load(name, as_of)
    source = resolved_text(name, day) if resolved or day else rulebook_text(name)
    if sys.stdout.isatty():
        from rich.syntax import Syntax

        console().print(Syntax(source, "toml", background_color="default"))
    else:
        sys.stdout.write(source)


@rulebooks.command()
def check(name: RulebookName, as_of: AsOf = None) -> None:
    """Check a rulebook, and list every defect with its key, its value and what is right."""
    from collections import Counter

    from riskarray.book_warnings import rulebook_warnings
    from riskarray.rulebook import RulebookError

    try:
        rules = _load(name, as_of)
    except RulebookError as error:
        for problem in error.problems:
            typer.echo(problem)
        count = len(error.problems)
        typer.echo(f"{count:,} defect{'s' * (count != 1)}")
        raise typer.Exit(BAD_INPUT) from None
    marks = Counter(row.mark for row in rules.figures())
    counts = ", ".join(f"{count:,} {mark}" for mark, count in sorted(marks.items()))
    typer.echo(
        f"{rules.id}: no defects in {marks.total():,} figures ({counts}), "
        f"{len(rules.scenario_sets)} scenario sets, {len(rules.points)} points"
    )
    for line in rulebook_warnings(rules, _date("--as-of", as_of) if as_of else None):
        typer.echo(f"warning: {line}")


@rulebooks.command()
def diff(before: RulebookName, after: RulebookName, as_of: AsOf = None) -> None:
    """List the figures in which two rulebooks differ: - only in the first, + in the second."""
    from riskarray.rulebook_publication import differences

    count = 0
    for difference in differences(_load(before, as_of), _load(after, as_of)):
        typer.echo(difference.words())
        count += 1
    typer.echo(f"{count:,} difference{'s' * (count != 1)}")


@rulebooks.command()
def schema() -> None:
    """Print the JSON schema of a rulebook file."""
    import json

    from riskarray.rulebook_publication import rulebook_json_schema

    typer.echo(json.dumps(rulebook_json_schema(), indent=2))


def check_written(partial: Path, out: Path) -> None:
    """Check a file before it takes its place, and name it by that place in what is wrong."""
    from riskarray.rulebook import RulebookError, load_rulebook

    try:
        load_rulebook(partial)
    except RulebookError as error:
        problems = (problem.replace(str(partial), str(out)) for problem in error.problems)
        raise RulebookError(tuple(problems)) from None


def _check_id(name: str) -> str:
    """Refuse, as wrong usage, an id that no rulebook may have."""
    from riskarray.rulebook_values import ID_PATTERN

    if not re.fullmatch(ID_PATTERN, name):
        msg = f"--id must be small letters, digits, dots, hyphens and underscores, got {name!r}"
        raise typer.BadParameter(msg)
    return name


@rulebooks.command("import-occ")
def import_occ(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES", help="CSV: products, class, product, portfolio groups."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Rulebook to write, .toml.")],
    effective: Annotated[str, typer.Option(metavar="DATE", help="Day from which they hold.")],
    rulebook_id: Annotated[str, typer.Option("--id", help="Id of the new rulebook.")] = "occ",
    base: Annotated[str, typer.Option(metavar="NAME|FILE", help="What it changes.")] = (
        "finra-4210g"
    ),
    account_type: Annotated[
        Literal["customer", "broker", "market_maker"],
        typer.Option(help="Rows of the product groups to take."),
    ] = "customer",
) -> None:
    """Write a rulebook with the groups, offsets and moves of the OCC's tables."""
    from riskarray.report.writing import new_file
    from riskarray.rulebook import load_rulebook
    from riskarray.rulebook_from_occ import rulebook_toml
    from riskarray.rulebook_import import read_occ

    day = _date("--effective", effective)
    _check_id(rulebook_id)
    rules = load_rulebook(check_rulebook_name(base), as_of=day)
    if base not in _built_in():
        base = os.path.relpath(base, out.resolve().parent)
    tables = read_occ(files, account_type=account_type)
    text = rulebook_toml(tables, rules, base_name=base, rulebook_id=rulebook_id, effective=day)
    with new_file(out) as partial:
        partial.write_text(text, encoding="utf-8")
        check_written(partial, out)
    typer.echo(
        f"written to {out}: {len(tables.products):,} products, {len(tables.class_groups):,} class "
        f"groups, {len(tables.product_groups):,} product groups, "
        f"{len(tables.portfolio_groups):,} portfolio groups"
    )
