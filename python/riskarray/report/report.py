# SPDX-License-Identifier: Apache-2.0
"""The report: the tables of a run, what they add up to, and where to look into them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

import pyarrow as pa

from riskarray.amounts import without_dust
from riskarray.backends import BackendName
from riskarray.book import Book, OnError
from riskarray.engine import local
from riskarray.engine.stages import Progress, Stages
from riskarray.report.account_steps import explain_account, explain_accounts
from riskarray.report.accounts import accounts_table
from riskarray.report.comparison import Comparison, compare
from riskarray.report.explanation import Explanation
from riskarray.report.manifest import Manifest, make_manifest
from riskarray.report.writing import check_folder, new_folder, write_tables

__all__ = ["RESULT_NAMES", "Report", "check_target", "compute", "margin"]

RESULT_NAMES: Final = (
    "accounts.parquet",
    "groups.parquet",
    "strategies.parquet",
    "add_ons.parquet",
    "rejects.parquet",
    "manifest.json",
)
_JSON_ROWS: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """The margin of every account of a book.

    Attributes
    ----------
    accounts, groups, strategies, add_ons, rejects : pyarrow.Table
        One row per account; per account and class group; per account and strategy; per account and
        add-on; per defect that kept an account out. ``docs/results.md`` describes the columns.
    manifest : dict
        Inputs, rulebook, version, backend, instruction set, counts and totals.
    seconds : mapping of str to float
        Time of each stage.
    result : Margin
        The figures behind the tables.
    """

    accounts: pa.Table
    groups: pa.Table
    strategies: pa.Table
    add_ons: pa.Table
    rejects: pa.Table
    manifest: Manifest
    seconds: Mapping[str, float]
    result: local.Margin

    @property
    def totals(self) -> Mapping[str, object]:
        """Number of accounts, number of each status, and the sum of every amount."""
        found = self.manifest["totals"]
        assert isinstance(found, dict)
        return MappingProxyType(found)

    def explain(self, account: str) -> Explanation:
        """Return every step of one account's requirement.

        Parameters
        ----------
        account : str
            Name of an account of the report.

        Returns
        -------
        Explanation
            Shows itself as text, renders with rich, and gives its figures as JSON.

        Raises
        ------
        ValueError
            If the report has no such account.
        """
        return explain_account(self.result, self.accounts, account)

    def explanations(self) -> Iterator[Explanation]:
        """Yield every step of each account's requirement, in the order of `accounts`."""
        return explain_accounts(self.result, self.accounts)

    def compare(self) -> Comparison:
        """Return portfolio margin beside Regulation T, account by account and in total."""
        return compare(self.result, self.accounts)

    def write(self, folder: str | Path) -> None:
        """Write the tables and the manifest to a folder, which appears whole or not at all.

        Parameters
        ----------
        folder : str or Path
            New, empty, or an earlier result, which is replaced.

        Raises
        ------
        ValueError
            If there is something else in the folder.
        """
        target = Path(folder)
        check_target(target)
        with new_folder(target) as partial:
            write_tables({partial / name: self._table(name) for name in RESULT_NAMES[:-1]})
            text = json.dumps(self.manifest, indent=2, allow_nan=False, ensure_ascii=False)
            (partial / RESULT_NAMES[-1]).write_text(text + "\n", encoding="utf-8")

    def _table(self, file: str) -> pa.Table:
        found: pa.Table = getattr(self, file.partition(".")[0])
        return found

    def write_json(self, stream: IO[str]) -> None:
        """Write ``{"accounts": [], "groups": [], "totals": {}, "manifest": {}}``."""
        for name, opening in (("accounts", "{"), ("groups", ", ")):
            stream.write(f'{opening}"{name}": [')
            for rows in _json_rows(getattr(self, name)):
                stream.write(rows)
            stream.write("]")
        for name, value in (("totals", dict(self.totals)), ("manifest", self.manifest)):
            stream.write(f', "{name}": {json.dumps(value, allow_nan=False)}')
        stream.write("}\n")

    def to_json(self) -> str:
        """Return what `write_json` writes."""
        stream = StringIO()
        self.write_json(stream)
        return stream.getvalue()


def check_target(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier result; see `Report.write`."""
    check_folder(folder, RESULT_NAMES)


def _json_rows(table: pa.Table) -> Iterator[str]:
    """Yield the rows of a table as JSON objects, many at a time, with the commas between them."""
    lead = ""
    for batch in table.to_batches(max_chunksize=_JSON_ROWS):
        if batch.num_rows:
            yield lead + json.dumps(batch.to_pylist(), allow_nan=False, default=str)[1:-1]
            lead = ", "


def margin(
    book: Book,
    *,
    on_error: OnError = "fail",
    strategies: bool = True,
    backend: BackendName | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Return the margin of every account of a book.

    Parameters
    ----------
    book : Book
        See `riskarray.read_book`.
    on_error : {"fail", "quarantine"}
        Whether an option that is held and cannot be priced stops the run, or only leaves out the
        accounts that hold it.
    strategies : bool
        Whether the strategy-based rules are computed too. Without them their columns are null, the
        table of strategies is empty, and the status of accounts judged by them is `unknown`.
    backend : {"native", "numba"}, optional
        Kernels to use; by default what ``RISKARRAY_BACKEND`` says, else ``native``.
    threads : int
        0 for all processors. The result does not depend on it.
    progress : callable, optional
        Called with a stage's name, the work done and the work in all (0: not known).

    Returns
    -------
    Report
        Tables, totals, manifest and explanations.

    Raises
    ------
    BookError
        If an option that is held has no source of volatility, unless it may be left out.
    """
    return compute(
        book,
        Stages(progress),
        on_error=on_error,
        strategies=strategies,
        backend=backend,
        threads=threads,
    )


def compute(
    book: Book,
    stages: Stages,
    *,
    on_error: OnError = "fail",
    strategies: bool = True,
    backend: BackendName | None = None,
    threads: int = 0,
) -> Report:
    """Do what `margin` does, as part of a run with stages of its own."""
    result = local.margin(
        book,
        stages,
        on_error=on_error,
        strategies=strategies,
        backend=backend,
        threads=threads,
    )
    with stages.stage("report"):
        tables = {
            "accounts": accounts_table(
                result.book,
                result.arrays.base,
                result.portfolio,
                result.add_ons,
                result.strategy,
            ),
            "groups": result.portfolio.groups,
            "strategies": result.strategy.strategies,
            "add_ons": result.add_ons.rows,
            "rejects": result.book.rejects,
        }
        for name in ("accounts", "strategies", "add_ons"):
            tables[name] = without_dust(name, tables[name])
        manifest = make_manifest(result.book, result.arrays, backend=backend, **tables)
    return Report(
        **tables, manifest=manifest, seconds=MappingProxyType(stages.seconds), result=result
    )
