# SPDX-License-Identifier: Apache-2.0
"""The positions x points matrix as a file, written in pieces: it may be far larger than memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from riskarray import kernels
from riskarray.backends import BackendName
from riskarray.book import Book
from riskarray.pricing import RiskArrays

__all__ = ["write_position_pnl"]

_ROWS: Final = 1 << 19


def write_position_pnl(
    book: Book,
    arrays: RiskArrays,
    path: Path,
    account: str | None = None,
    *,
    backend: BackendName | None = None,
    threads: int = 0,
) -> None:
    """Write account, symbol, quantity and the P&L at every point of each position.

    Parameters
    ----------
    book : Book
        Positions by account.
    arrays : RiskArrays
        Risk arrays of the book's market.
    path : Path
        Ends in ``.parquet`` or ``.csv``.
    account : str, optional
        Only this account; by default all.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.
    threads : int
        0 for all processors. The result does not depend on it.
    """
    first, last = 0, len(book.instrument)
    if account is not None:
        row = pc.index(book.account, account).as_py()
        first, last = (int(offset) for offset in book.account_offset[row : row + 2])
    pieces = _pieces(book, arrays, first, last, backend, threads)
    head = next(pieces)
    writer = pa.csv.CSVWriter if path.suffix == ".csv" else pq.ParquetWriter
    with writer(path, head.schema) as out:
        out.write_table(head)
        for piece in pieces:
            out.write_table(piece)


def _pieces(
    book: Book,
    arrays: RiskArrays,
    first: int,
    last: int,
    backend: BackendName | None,
    threads: int,
) -> Iterator[pa.Table]:
    """Yield the positions from `first` to `last`, many at a time; one piece at least."""
    row = np.repeat(np.arange(len(book.account), dtype=np.int32), np.diff(book.account_offset))
    symbols = book.market.instruments.symbol
    for begin in range(first, max(last, first + 1), _ROWS):
        piece = slice(begin, min(begin + _ROWS, last))
        instrument, quantity = book.instrument[piece], book.quantity[piece]
        held, local_row = np.unique(instrument, return_inverse=True)
        pnl = kernels.position_pnl(
            local_row.astype(np.int32),
            quantity,
            arrays.pnl[held],
            backend=backend,
            threads=threads,
        )
        columns = {f"pnl_{point}": pnl[:, j] for j, point in enumerate(arrays.points)}
        yield pa.table(
            {
                "account": book.account.take(pa.array(row[piece])),
                "symbol": symbols.take(pa.array(instrument)),
                "quantity": quantity,
                **columns,
            }
        )
