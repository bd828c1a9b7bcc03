# SPDX-License-Identifier: Apache-2.0
"""What the commands have in common: their options, what is refused as wrong usage, warnings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from riskarray.backends import BackendName, get_backend
from riskarray.cli_rulebook import check_rulebook_name
from riskarray.kernel_codes import MAX_THREADS
from riskarray.report.errors import QUARANTINED

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskarray.book import Book
    from riskarray.engine.stages import Stages

__all__ = [
    "BackendOption",
    "BookFolder",
    "JsonOption",
    "OnError",
    "OnErrorOption",
    "RulebookOption",
    "TableFile",
    "ThreadsOption",
    "check_account",
    "check_backend",
    "check_out",
    "finish",
    "named_rulebook",
    "read_stage",
    "warn",
]

OnError = Literal["fail", "quarantine"]
BookFolder = Annotated[
    Path,
    typer.Argument(
        exists=True, file_okay=False, metavar="BOOK", help="Folder with the tables of a book."
    ),
]
RulebookOption = Annotated[
    str | None,
    typer.Option(metavar="NAME|FILE", help="Rulebook, in place of the one that the book names."),
]
BackendOption = Annotated[
    BackendName | None,
    typer.Option(help="Kernels to use; by default RISKARRAY_BACKEND, else native."),
]
ThreadsOption = Annotated[
    int,
    typer.Option(min=0, max=MAX_THREADS, help="0 for all processors; results do not depend on it."),
]
OnErrorOption = Annotated[
    OnError,
    typer.Option(help="Stop at defects, or leave out the accounts that they touch (exit 3)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")]
TableFile = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="Where to: .parquet or .csv.")
]


def check_backend(backend: BackendName | None) -> None:
    """Refuse, as wrong usage, a backend or instruction set that this machine does not have."""
    from riskarray.build import build_info

    try:
        get_backend(backend)
        build_info()
    except (ValueError, ImportError) as error:
        raise typer.BadParameter(str(error)) from None


def check_out(check: "Callable[[Path], None]", out: Path) -> None:
    """Refuse, as wrong usage, a place that must not be written to; before any work is done."""
    try:
        check(out)
    except ValueError as error:
        msg = f"--out {error}"
        raise typer.BadParameter(msg) from None


def named_rulebook(name: str | None) -> str | None:
    """Return the rulebook asked for; one that there is not is wrong usage."""
    return None if name is None else check_rulebook_name(name)


def read_stage(stages: "Stages", book: Path, rulebook: str | None, on_error: OnError) -> "Book":
    """Read a book as the first stage."""
    from riskarray.book import read_book

    with stages.stage("read"):
        return read_book(book, rulebook=named_rulebook(rulebook), on_error=on_error)


def finish(rejected: int) -> None:
    """Exit with the code of accounts left out, if there are any."""
    if rejected:
        raise typer.Exit(QUARANTINED)


def check_account(book: "Book", account: str) -> None:
    """Refuse, as wrong usage, an account that the book does not have or that is left out."""
    import pyarrow.compute as pc

    if pc.index(book.account, account).as_py() >= 0:
        return
    rejected = pc.index(book.rejects["account"], account).as_py()
    if rejected >= 0:
        msg = f"account {account!r} is left out: {book.rejects['message'][rejected].as_py()}"
    else:
        msg = f"ACCOUNT must be one of the book's {len(book.account):,} accounts, got {account!r}"
    raise typer.BadParameter(msg)


def warn(book: "Book") -> None:
    """Say on the standard error what a reader of the book's figures must not miss."""
    from riskarray.report.summary import book_warning_lines

    for line in book_warning_lines(book):
        typer.echo(f"riskarray: {line}", err=True)
