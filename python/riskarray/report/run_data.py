# SPDX-License-Identifier: Apache-2.0
"""What the explanations of all accounts of a run have in common, computed once."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I64
from riskarray.class_moves import ClassMoves, class_moves
from riskarray.engine.local import Margin
from riskarray.portfolio_margin import minimum_charges
from riskarray.report.account_status import monitoring
from riskarray.valuation import market_price, unit_value

if TYPE_CHECKING:
    from riskarray.rulebook import FigureRow

__all__ = ["RunData"]


class RunData:
    """What the explanations of all accounts have in common.

    Parameters
    ----------
    result : Margin
        The figures of a run.
    accounts : pyarrow.Table
        Its accounts table.
    """

    def __init__(self, result: Margin, accounts: pa.Table) -> None:
        book = result.book
        self.result = result
        self.accounts = accounts
        self.moves: ClassMoves = class_moves(book.market, result.portfolio.classes, book.rulebook)
        self.price: F64 = market_price(book.market, result.arrays.base)
        self.value: F64 = unit_value(book.market, self.price)
        self.minimum: tuple[F64, F64] = minimum_charges(book, self.price)
        self.figures: tuple[FigureRow, ...] = tuple(book.rulebook.figures())
        self.strategies: pa.Table = result.strategy.strategies
        self.strategy_offset: I64 = _offsets_of(self.strategies, book.account)
        self.add_ons: pa.Table = result.add_ons.rows
        self.monitoring: pa.StringArray = monitoring(book)

    def strategies_of(self, row: int) -> pa.Table:
        """Return an account's rows of the strategies table, which stands in order of accounts."""
        begin, end = self.strategy_offset[row : row + 2].tolist()
        return self.strategies.slice(begin, end - begin)


def _offsets_of(table: pa.Table, account: pa.StringArray) -> I64:
    """Return where the rows of each account begin in a table that is sorted by account."""
    row = pc.index_in(pc.cast(table["account"], pa.string()), account)
    found: I64 = np.searchsorted(np.asarray(row), np.arange(len(account) + 1)).astype(np.int64)
    return found
