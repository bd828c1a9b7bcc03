# SPDX-License-Identifier: Apache-2.0
"""The command `riskarray`: arguments in, exit codes out; everything else is done elsewhere."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from riskarray import __version__
from riskarray.cli_common import (
    BackendOption,
    BookFolder,
    JsonOption,
    OnErrorOption,
    RulebookOption,
    TableFile,
    ThreadsOption,
    check_account,
    check_backend,
    check_out,
    finish,
    named_rulebook,
    read_stage,
    warn,
)
from riskarray.cli_rulebook import rulebooks
from riskarray.report.errors import BAD_INPUT, errors_shown

__all__ = ["app", "main"]

Engine = Literal["local"]


class Commands(TyperGroup):
    """The group of commands; whatever goes wrong in one is shown in one way."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  # as the library has it
        """Run a command."""
        with errors_shown():
            return super().invoke(ctx)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(rulebooks, name="rulebook")


def _version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"riskarray {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    _is_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Portfolio margin for US options and stocks, beside the strategy-based rules.

    Exit codes: 0 done, 1 bad input, 2 wrong usage, 3 done with accounts left out.
    """


@app.command()
def margin(
    book: BookFolder,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the tables and the manifest.")
    ] = None,
    rulebook: RulebookOption = None,
    backend: BackendOption = None,
    threads: ThreadsOption = 0,
    engine: Annotated[Engine, typer.Option(help="What runs the accounts.")] = "local",  # noqa: ARG001
    on_error: OnErrorOption = "fail",
    strategies: Annotated[
        bool, typer.Option(help="Compute the strategy-based rules, or leave them out.")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Compute the requirement of every account of a book."""
    from riskarray.engine.stages import Stages
    from riskarray.report.report import check_target, compute
    from riskarray.report.summary import show_summary, warning_lines
    from riskarray.report.terminal import progress_bars

    check_backend(backend)
    if out is not None:
        check_out(check_target, out)
    with progress_bars() as progress:
        stages = Stages(progress)
        loaded = read_stage(stages, book, rulebook, on_error)
        report = compute(
            loaded,
            stages,
            on_error=on_error,
            strategies=strategies,
            backend=backend,
            threads=threads,
        )
        if out is not None:
            with stages.stage("write"):
                report.write(out)
    if json:
        report.write_json(sys.stdout)
        for line in warning_lines(report, is_all=True):
            typer.echo(f"riskarray: {line}" if line[:1] != " " else line, err=True)
    else:
        show_summary(report, out)
    finish(report.rejects.num_rows)


@app.command()
def explain(
    book: BookFolder,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account of the book.")],
    rulebook: RulebookOption = None,
    backend: BackendOption = None,
    threads: ThreadsOption = 0,
    on_error: OnErrorOption = "fail",
    json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
) -> None:
    """Explain one account's requirement, every step of it."""
    if json and markdown:
        msg = "--json and --markdown must not be given together"
        raise typer.BadParameter(msg)
    from riskarray.engine.stages import Stages
    from riskarray.report.report import compute
    from riskarray.report.terminal import console, progress_bars

    check_backend(backend)
    with progress_bars() as progress:
        stages = Stages(progress)
        loaded = read_stage(stages, book, rulebook, on_error)
        check_account(loaded, account)
        report = compute(loaded, stages, on_error=on_error, backend=backend, threads=threads)
        check_account(report.result.book, account)
        explanation = report.explain(account)
    warn(report.result.book)
    if json:
        typer.echo(explanation.to_json())
    elif markdown:
        sys.stdout.write(explanation.to_markdown())
    else:
        console().print(explanation)


@app.command()
def compare(
    book: BookFolder,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="All rows: .parquet or .csv.")
    ] = None,
    rulebook: RulebookOption = None,
    backend: BackendOption = None,
    threads: ThreadsOption = 0,
    on_error: OnErrorOption = "fail",
    json: JsonOption = False,
) -> None:
    """Set portfolio margin beside Regulation T, per account and in total, and say why."""
    from riskarray.engine.stages import Stages
    from riskarray.report.comparison_view import show_comparison
    from riskarray.report.report import compute
    from riskarray.report.terminal import progress_bars
    from riskarray.report.writing import check_table_path, new_file, write_table

    check_backend(backend)
    if out is not None:
        check_out(check_table_path, out)
    with progress_bars() as progress:
        stages = Stages(progress)
        loaded = read_stage(stages, book, rulebook, on_error)
        report = compute(loaded, stages, on_error=on_error, backend=backend, threads=threads)
        comparison = report.compare()
        if out is not None:
            with stages.stage("write"), new_file(out) as partial:
                write_table(comparison.accounts, partial)
    warn(loaded)
    show_comparison(comparison, is_json=json)
    finish(report.rejects.num_rows)


@app.command("risk-arrays")
def risk_arrays(
    book: BookFolder,
    out: TableFile,
    rulebook: RulebookOption = None,
    backend: BackendOption = None,
    threads: ThreadsOption = 0,
    on_error: OnErrorOption = "fail",
    with_greeks: Annotated[
        bool, typer.Option("--greeks", help="Add delta, gamma, vega and theta per unit held.")
    ] = False,
) -> None:
    """Write the profit and loss of every instrument at every valuation point."""
    from riskarray.engine.stages import Stages
    from riskarray.pricing import risk_arrays as price
    from riskarray.report.terminal import progress_bars
    from riskarray.report.writing import check_table_path, new_file, write_table

    check_backend(backend)
    check_out(check_table_path, out)
    with progress_bars() as progress:
        stages = Stages(progress)
        loaded = read_stage(stages, book, rulebook, on_error)
        with stages.stage("price"):
            arrays = price(
                loaded.market,
                rulebook=loaded.rulebook,
                backend=backend,
                threads=threads,
                progress=progress,
            )
            table = arrays.to_table()
            if with_greeks:
                from riskarray.greeks import greeks

                found = greeks(loaded.market, arrays, backend=backend, threads=threads)
                for name, column in found.to_columns().items():
                    table = table.append_column(name, column)
        with stages.stage("write"), new_file(out) as partial:
            write_table(table, partial)
    warn(loaded)
    finish(loaded.rejects.num_rows)


@app.command()
def pnl(
    book: BookFolder,
    account: Annotated[
        str | None, typer.Argument(metavar="ACCOUNT", help="One account; by default all.")
    ] = None,
    *,
    out: TableFile,
    rulebook: RulebookOption = None,
    backend: BackendOption = None,
    threads: ThreadsOption = 0,
    on_error: OnErrorOption = "fail",
) -> None:
    """Write the profit and loss of every position at every valuation point."""
    from riskarray.engine.local import price
    from riskarray.engine.stages import Stages
    from riskarray.report.position_table import write_position_pnl
    from riskarray.report.terminal import progress_bars
    from riskarray.report.writing import check_table_path, new_file

    check_backend(backend)
    check_out(check_table_path, out)
    with progress_bars() as progress:
        stages = Stages(progress)
        loaded = read_stage(stages, book, rulebook, on_error)
        if account is not None:
            check_account(loaded, account)
        loaded, arrays = price(loaded, stages, on_error=on_error, backend=backend, threads=threads)
        if account is not None:
            check_account(loaded, account)
        with stages.stage("write"), new_file(out) as partial:
            write_position_pnl(loaded, arrays, partial, account, backend=backend, threads=threads)
    warn(loaded)
    finish(loaded.rejects.num_rows)


@app.command()
def check(book: BookFolder, rulebook: RulebookOption = None) -> None:
    """Check a book and list every defect with table, row, column and value."""
    from riskarray.book import read_book
    from riskarray.engine.local import price
    from riskarray.engine.stages import Stages
    from riskarray.report.terminal import progress_bars
    from riskarray.tables import BookError

    check_backend(None)
    rules = named_rulebook(rulebook)
    try:
        with progress_bars() as progress:
            stages = Stages(progress)
            with stages.stage("read"):
                loaded = read_book(book, rulebook=rules)
            price(loaded, stages)
    except BookError as error:
        for defect in error.defects:
            typer.echo(str(defect))
        typer.echo(f"{error.count:,} defect{'s' * (error.count != 1)}")
        raise typer.Exit(BAD_INPUT) from None
    market = loaded.market
    typer.echo(
        f"{loaded.name}: no defects in {len(market.underlyings):,} underlyings, "
        f"{len(market.instruments):,} instruments, {len(loaded.account):,} accounts, "
        f"{len(loaded.instrument):,} positions"
    )
    warn(loaded)


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
