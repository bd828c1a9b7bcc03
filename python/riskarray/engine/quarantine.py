# SPDX-License-Identifier: Apache-2.0
"""Leaves out accounts that hold what cannot be priced, as the book left out those with defects."""

import dataclasses

import numpy as np
import pyarrow as pa

from riskarray.array_types import I32, Bool
from riskarray.book import Book
from riskarray.pricing import RiskArrays, source_defects

__all__ = ["without_unpriced"]


def without_unpriced(book: Book, arrays: RiskArrays) -> Book:
    """Return the book without the accounts that hold an option without a source of volatility.

    Parameters
    ----------
    book : Book
        Positions by account.
    arrays : RiskArrays
        Risk arrays of its market.

    Returns
    -------
    Book
        The same one when there are none; else each account left out has a row in `rejects`, for the
        first such option that it holds.
    """
    is_unpriced = np.isnan(arrays.base)
    is_bad = is_unpriced[book.instrument]
    if not is_bad.any():
        return book
    account: I32 = np.repeat(
        np.arange(len(book.account), dtype=np.int32), np.diff(book.account_offset)
    )
    bad = np.flatnonzero(is_bad)
    left_out, first = np.unique(account[bad], return_index=True)
    rejects = _rejects(book, arrays, left_out, book.instrument[bad[first]])
    is_kept = np.ones(len(book.account), np.bool_)
    is_kept[left_out] = False
    return _kept(book, is_kept, is_kept[account], rejects)


def _rejects(book: Book, arrays: RiskArrays, account: I32, instrument: I32) -> pa.Table:
    """Return the rows of `rejects` for accounts that are left out now."""
    distinct, row = np.unique(instrument, return_inverse=True)
    defects = source_defects(book.market, arrays.status, distinct.astype(np.int64))
    columns = ("table", "row", "column", "value", "message")
    found = pa.table({name: [getattr(d, name) for d in defects] for name in columns})
    names = book.account.take(pa.array(account))
    rejects = found.take(pa.array(row)).add_column(0, "account", names)
    both = pa.concat_tables([book.rejects, rejects.cast(book.rejects.schema)])
    return both.sort_by("account").combine_chunks()


def _kept(book: Book, is_account: Bool, is_position: Bool, rejects: pa.Table) -> Book:
    """Return the book with some of its accounts and their positions."""
    row = pa.array(np.flatnonzero(is_account))
    count = np.diff(book.account_offset)[is_account]
    return dataclasses.replace(
        book,
        account=book.account.take(row),
        account_type=book.account_type.take(row),
        monitoring=None if book.monitoring is None else book.monitoring.take(row),
        cash=book.cash[is_account],
        account_offset=np.concatenate(([0], np.cumsum(count))).astype(np.int64),
        instrument=book.instrument[is_position],
        quantity=book.quantity[is_position],
        rejects=rejects,
    )
