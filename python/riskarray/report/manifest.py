# SPDX-License-Identifier: Apache-2.0
"""The manifest: what a result was made from and by, how much it is and what it adds up to.

Nothing in it depends on the clock, on the number of threads or on the machine's load.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray import __version__
from riskarray.backends import BackendName, backend_name
from riskarray.book import Book
from riskarray.book_warnings import book_warnings
from riskarray.build import build_info
from riskarray.pricing import RiskArrays
from riskarray.report.account_status import firm_totals

__all__ = ["Manifest", "make_manifest", "totals"]

Manifest = dict[str, object]

_NO_TOTAL: Final = ("minimum_equity", "leverage")
"""Amounts that add up to nothing."""


def totals(accounts: pa.Table) -> dict[str, float | int | dict[str, int]]:
    """Return the number of accounts, how many are of each status, and the sum of every amount."""
    counts = pc.value_counts(accounts["status"]).to_pylist()
    sums = {
        name: float(np.sum(np.asarray(accounts[name].drop_null())))
        for name in accounts.column_names
        if pa.types.is_floating(accounts.schema.field(name).type)
        and name not in _NO_TOTAL
        and not 0 < accounts[name].null_count == accounts.num_rows
    }
    status = {row["values"]: row["counts"] for row in counts}
    return {"accounts": accounts.num_rows, "status": dict(sorted(status.items())), **sums}


def make_manifest(
    book: Book,
    arrays: RiskArrays,
    *,
    backend: BackendName | None,
    accounts: pa.Table,
    groups: pa.Table,
    strategies: pa.Table,
    add_ons: pa.Table,
    rejects: pa.Table,
) -> Manifest:
    """Return the manifest of a result.

    Parameters
    ----------
    book : Book
        What was margined, with the digests of its files.
    arrays : RiskArrays
        For the sources of the volatilities.
    backend : {"native", "numba"}, optional
        What computed it; None for the default.
    accounts, groups, strategies, add_ons, rejects : Table
        The result.
    """
    name = backend_name(backend)
    return {
        "version": __version__,
        "backend": name,
        "instruction_set": build_info()["active"] if name == "native" else None,
        **_origin(book),
        "counts": {
            "underlyings": len(book.market.underlyings),
            "instruments": len(book.market.instruments),
            "positions": len(book.instrument),
            "accounts": accounts.num_rows,
            "accounts_rejected": pc.sum(pc.not_equal(rejects["account"], "")).as_py() or 0,
            "groups": groups.num_rows,
            "strategies": strategies.num_rows,
            "add_ons": add_ons.num_rows,
            "rejects": rejects.num_rows,
        },
        "rejects": rejects.to_pylist(),
        "volatility_sources": arrays.source_counts(),
        "totals": totals(accounts),
        "firm": firm_totals(book, np.asarray(accounts["regulatory_requirement"])),
    }


def _origin(book: Book) -> Manifest:
    """Return what a book was made from: its files, rates and rulebook."""
    rulebook, rates = book.rulebook, book.market.rates
    nodes = zip(rates.time.tolist(), rates.rate.tolist(), strict=True)
    return {
        "book": book.name,
        "as_of": book.market.as_of.isoformat(),
        "rulebook": {
            "id": rulebook.id,
            "title": rulebook.title,
            "effective": rulebook.effective.isoformat(),
            "sha256": rulebook.sha256,
            "warnings": list(book_warnings(book)),
        },
        "inputs": [
            {"name": file.name, "sha256": file.sha256, "rows": file.rows} for file in book.inputs
        ],
        "ignored": list(book.ignored),
        "rates": {
            "is_given": rates.is_given,
            "nodes": [{"years": years, "rate": rate} for years, rate in nodes],
        },
    }
