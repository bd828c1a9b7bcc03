# SPDX-License-Identifier: Apache-2.0
"""Positions in runs of one account and class group, and what the kernel requires for them."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from riskarray import kernels, strategy_margin
from riskarray.amounts import amount_columns
from riskarray.array_types import F64, I32, I64
from riskarray.backends import BackendName
from riskarray.book import Book
from riskarray.class_groups import ClassGroups
from riskarray.rulebook import Rulebook

__all__ = ["InstrumentFigures", "PositionRuns", "Required", "position_runs", "require"]

_GROUPS: Final = 1 << 17
"""Class groups of a block at least: what the kernel writes row by row is turned into columns block
by block, so that a large book never holds both whole."""


class PositionRuns(NamedTuple):
    """Positions by account and class group, as the kernel reads them."""

    account_offset: I64
    account: I32
    group_class: I32
    group_offset: I64
    instrument: I32
    quantity: F64
    group: I64  # of each position, in the order of the book


class InstrumentFigures(NamedTuple):
    """P&L (n, p) and minimum charges (n,) of the instruments that the runs hold."""

    pnl: F64
    minimum_charge_long: F64
    minimum_charge_short: F64


class Required(NamedTuple):
    """What the kernel returns, the P&L of the class groups by valuation point."""

    point_pnl: F64  # (p, g), with amounts below a micro-dollar as 0
    group_minimum: F64
    group_requirement: F64
    group_point: I32
    account_requirement: F64
    set_requirement: F64
    account_loss: F64
    account_minimum: F64
    account_set: I32
    account_group: I32
    account_point: I32


def position_runs(book: Book, classes: ClassGroups) -> PositionRuns:
    """Return the runs of positions that share an account and a class group.

    Positions that do not stand in the order of the class groups are put in it.

    Parameters
    ----------
    book : Book
        Positions by account.
    classes : ClassGroups
        Of the book's market.
    """
    account = strategy_margin.book_accounts(book)
    class_row = classes.of_underlying[book.market.instruments.underlying[book.instrument]]
    order = np.arange(len(account))
    if ((np.diff(account) == 0) & (np.diff(class_row) < 0)).any():
        order = np.lexsort((class_row, account))
    account, class_row = account[order], class_row[order]
    is_first = np.ones(len(account), np.bool_)
    is_first[1:] = (np.diff(account) != 0) | (np.diff(class_row) != 0)
    first = np.flatnonzero(is_first)
    group = np.empty(len(account), np.int64)
    group[order] = np.cumsum(is_first) - 1
    return PositionRuns(
        account_offset=np.searchsorted(first, book.account_offset).astype(np.int64),
        account=account[first],
        group_class=class_row[first],
        group_offset=np.append(first, len(account)).astype(np.int64),
        instrument=book.instrument[order],
        quantity=book.quantity[order],
        group=group,
    )


def require(
    runs: PositionRuns,
    figures: InstrumentFigures,
    classes: ClassGroups,
    rulebook: Rulebook,
    *,
    backend: BackendName | None = None,
    threads: int = 0,
) -> Required:
    """Return what the kernel requires for every account and class group held.

    Parameters
    ----------
    runs : PositionRuns
        What is held; its instruments are rows of `figures`.
    figures : InstrumentFigures
        Of one unit of each instrument.
    classes : ClassGroups
        Offsets between them.
    rulebook : Rulebook
        Scenario sets and switches.
    backend, threads
        Of the kernel.
    """
    switches = rulebook.switches
    point_pnl = np.empty((len(rulebook.points), len(runs.group_class)))
    parts = []
    for first, block in _blocks(runs, max(_GROUPS, 4 * len(figures.pnl))):
        part = kernels.portfolio_requirement(
            block.account_offset,
            block.group_class,
            block.group_offset,
            block.instrument,
            block.quantity,
            *figures,
            classes.class_product,
            classes.product_offset,
            classes.product_portfolio,
            classes.portfolio_offset,
            rulebook.set_offset(),
            is_own_worst=switches.worst_point.value == "own",
            is_minimum_per_class=switches.minimum_level.value == "class_group",
            is_residual_discounted=switches.residual_gain.value == "discounted",
            threads=threads,
            backend=backend,
        )
        amount_columns(part.group_pnl, point_pnl[:, first : first + len(part.group_pnl)])
        group = part.account_group
        parts.append((*part[1:-2], np.where(group >= 0, group + first, -1), part.account_point))
    joined = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Required(point_pnl, *joined)


def _blocks(runs: PositionRuns, size: int) -> Iterator[tuple[int, PositionRuns]]:
    """Yield runs of whole accounts with the number of their first group; one block at least."""
    begin, n_accounts = 0, len(runs.account_offset) - 1
    while begin < n_accounts or begin == 0:
        first = int(runs.account_offset[begin])
        end = int(np.searchsorted(runs.account_offset, first + size, side="right")) - 1
        end = min(max(end, begin + 1), n_accounts)
        last = int(runs.account_offset[end])
        position = slice(int(runs.group_offset[first]), int(runs.group_offset[last]))
        yield (
            first,
            PositionRuns(
                account_offset=runs.account_offset[begin : end + 1] - first,
                account=runs.account[first:last],
                group_class=runs.group_class[first:last],
                group_offset=runs.group_offset[first : last + 1] - position.start,
                instrument=runs.instrument[position],
                quantity=runs.quantity[position],
                group=runs.group[position],
            ),
        )
        if end == n_accounts:
            return
        begin = end
