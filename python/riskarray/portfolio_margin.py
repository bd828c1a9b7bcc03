# SPDX-License-Identifier: Apache-2.0
"""Portfolio margin: class groups, offsets and minimum charges of every account."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from riskarray import strategy_margin
from riskarray.amounts import without_dust
from riskarray.array_types import F64, I32, I64, Bool
from riskarray.backends import BackendName
from riskarray.book import Book
from riskarray.class_groups import ClassGroups, class_groups
from riskarray.class_moves import ClassMoves, class_moves
from riskarray.label_columns import label_column, name_column
from riskarray.market import KIND_OPTION, KIND_STOCK
from riskarray.portfolio_runs import (
    InstrumentFigures,
    PositionRuns,
    Required,
    position_runs,
    require,
)
from riskarray.pricing import RiskArrays
from riskarray.rulebook import Rulebook
from riskarray.sums import totals
from riskarray.valuation import market_price

__all__ = ["MINIMUM", "NO_POINT", "STRATEGY", "PortfolioMargin", "requirement"]

MINIMUM: Final = "minimum"
"""Label of the worst point where the minimum charge binds."""
STRATEGY: Final = "strategy"
"""Label where products outside portfolio margin bind."""
NO_POINT: Final = "none"
"""Label where nothing is required."""

_HALF_A_CENT: Final = 0.005
"""What is less is rounding left over by P&L that nets to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioMargin:
    """Portfolio margin of every account of a book.

    Attributes
    ----------
    groups : pyarrow.Table
        One row per account and class group held: `account`, `portfolio_group`, `product_group`
        (null where a class group stands alone), `class_group`, `pnl_01` ... (USD), `requirement`
        (of the group by itself: the greater of its worst loss and its minimum charge),
        `minimum_charge`, `worst_point`. Groups outside portfolio margin show their strategy-based
        requirement, no P&L, and the worst point `strategy`.
    group_offset : ndarray of int64, shape (a + 1,)
        The rows of account i are ``group_offset[i]:group_offset[i + 1]``.
    position_group : ndarray of int64, shape (m,)
        Row of each of the book's positions in `groups`.
    group_class : ndarray of int32, shape (g,)
        Class group of each row of `groups`, as numbered in `classes`.
    classes : ClassGroups
        The class groups of the market.
    requirement : ndarray, shape (a,)
        Portfolio margin, in USD, with `strategy_requirement`.
    regulatory_requirement : ndarray, shape (a,)
        The same by the first scenario set alone, which is the regulatory one.
    house_part : ndarray, shape (a,)
        What the other scenario sets require beyond it.
    risk_loss, minimum_charge : ndarray, shape (a,)
        Sums over the portfolio groups of the worst losses after offsets, and of minimum charges.
    strategy_requirement : ndarray, shape (a,)
        The part for products outside portfolio margin: their strategy-based maintenance less the
        value of what is held, for `requirement` is set against the net liquidation value.
    scenario_set : StringArray, shape (a,)
        The set of points that requires most.
    worst_point : StringArray, shape (a,)
        Label of the binding point of the class group that weighs most; else `minimum`,
        `strategy` or `none`.
    worst_group : ndarray of int32, shape (a,)
        Row of that class group in `groups`; -1 for an account without positions.
    """

    groups: pa.Table
    group_offset: I64
    position_group: I64
    group_class: I32
    classes: ClassGroups
    requirement: F64
    regulatory_requirement: F64
    house_part: F64
    risk_loss: F64
    minimum_charge: F64
    strategy_requirement: F64
    scenario_set: pa.StringArray
    worst_point: pa.StringArray
    worst_group: I32


def requirement(
    book: Book,
    arrays: RiskArrays,
    *,
    backend: BackendName | None = None,
    threads: int = 0,
) -> PortfolioMargin:
    """Return the portfolio margin of every account.

    Parameters
    ----------
    book : Book
        Positions by account, and the rulebook.
    arrays : RiskArrays
        Risk arrays of the book's instruments; finite for all that are held.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.
    threads : int
        0 for all processors. The result does not depend on it.

    Returns
    -------
    PortfolioMargin
        Per account and class group, and per account.

    Raises
    ------
    ValueError
        If an instrument that is held has no finite risk array or market value.

    References
    ----------
    FINRA Rule 4210(g)(7)-(8); OCC, "Customer Portfolio Margin".
    """
    classes = class_groups(book.market.underlyings, book.rulebook)
    moves = class_moves(book.market, classes, book.rulebook)
    runs = position_runs(book, classes)
    result = _required(book, arrays, classes, runs, backend=backend, threads=threads)
    outside = _outside_requirement(book, arrays.base, classes, runs)
    by_account = totals(runs.account, outside, len(book.account))
    regulatory = np.ascontiguousarray(result.set_requirement[:, 0])
    return PortfolioMargin(
        groups=_groups_table(book, classes, moves, runs, result, outside),
        group_offset=runs.account_offset,
        position_group=runs.group,
        group_class=runs.group_class,
        classes=classes,
        requirement=result.account_requirement + by_account,
        regulatory_requirement=regulatory + by_account,
        house_part=result.account_requirement - regulatory,
        risk_loss=result.account_loss,
        minimum_charge=result.account_minimum,
        strategy_requirement=by_account,
        scenario_set=_set_names(book.rulebook, result.account_set),
        worst_point=_account_labels(moves, runs, result, by_account),
        worst_group=result.account_group,
    )


def _required(
    book: Book,
    arrays: RiskArrays,
    classes: ClassGroups,
    runs: PositionRuns,
    *,
    backend: BackendName | None,
    threads: int,
) -> Required:
    """Return what is required for the runs, as if nothing were held outside portfolio margin."""
    price = market_price(book.market, arrays.base)
    held = _held(book, arrays, price)
    long, short = minimum_charges(book, price)
    is_outside = classes.is_outside[runs.group_class]
    inside = runs._replace(
        instrument=(np.cumsum(held, dtype=np.int32) - np.int32(1))[runs.instrument],
        quantity=np.where(np.repeat(is_outside, np.diff(runs.group_offset)), 0.0, runs.quantity),
    )
    figures = InstrumentFigures(arrays.pnl[held], long[held], short[held])
    return require(inside, figures, classes, book.rulebook, backend=backend, threads=threads)


def _held(book: Book, arrays: RiskArrays, price: F64) -> Bool:
    """Return which instruments are held, after a look that each has finite figures."""
    held = np.zeros(len(book.market.instruments), np.bool_)
    held[book.instrument] = True
    bad = held & ~(np.isfinite(arrays.pnl).all(axis=1) & np.isfinite(price))
    if bad.any():
        row = int(np.argmax(bad))
        symbol = book.market.instruments.symbol[row].as_py()
        msg = (
            "requirement: arrays must be finite for every instrument held, "
            f"got none for {symbol} ({int(bad.sum())} in all)"
        )
        raise ValueError(msg)
    return held


def minimum_charges(book: Book, price: F64) -> tuple[F64, F64]:
    """Return the minimum charge per contract held long and short, in USD; nought for stock."""
    instruments = book.market.instruments
    rule = book.rulebook.minimum_charge
    charge = rule.per_unit.value * np.where(
        instruments.kind == KIND_STOCK, 0.0, instruments.multiplier
    )
    if not rule.is_long_capped.value:
        return charge, charge
    is_capped = (instruments.kind == KIND_OPTION) & np.isfinite(price)
    value = np.where(is_capped, np.maximum(price, 0.0) * instruments.multiplier, np.inf)
    return np.minimum(charge, value), charge


def _outside_requirement(book: Book, base: F64, classes: ClassGroups, runs: PositionRuns) -> F64:
    """Return the strategy-based requirement of each group outside portfolio margin, else 0."""
    is_outside = classes.is_outside[runs.group_class]
    if not is_outside.any():
        return np.zeros(len(is_outside))
    chosen = is_outside[runs.group]
    required = strategy_margin.maintenance_by_position(book, base, chosen)
    return np.maximum(totals(runs.group, required, len(is_outside)), 0.0)


def _group_labels(moves: ClassMoves, group_class: I32, point: I32) -> tuple[I32, pa.StringArray]:
    """Return the label row of a point of each group (-1: the minimum binds), and the labels."""
    names = pa.array([*moves.labels, MINIMUM, STRATEGY, NO_POINT])
    row = np.where(point >= 0, moves.label_row[group_class] + point, len(moves.labels))
    return row.astype(np.int32), names


def _account_labels(
    moves: ClassMoves,
    runs: PositionRuns,
    result: Required,
    outside: F64,
) -> pa.StringArray:
    """Return the label of the binding point of the class group that weighs most."""
    required = result.account_requirement
    has_group = result.account_group >= 0
    group = np.where(has_group, result.account_group, 0)
    group_class = runs.group_class[group] if len(runs.group_class) else group
    row, names = _group_labels(moves, group_class, result.account_point)
    row = np.where(outside > required, names.index(STRATEGY).as_py(), row)
    is_nothing = ~has_group | (np.maximum(outside, required) < _HALF_A_CENT)
    row = np.where(is_nothing, names.index(NO_POINT).as_py(), row)
    return names.take(pa.array(row.astype(np.int32)))


def _set_names(rulebook: Rulebook, row: I32) -> pa.StringArray:
    names = pa.array([scenarios.name for scenarios in rulebook.scenario_sets])
    return names.take(pa.array(row))


def _groups_table(
    book: Book,
    classes: ClassGroups,
    moves: ClassMoves,
    runs: PositionRuns,
    result: Required,
    outside: F64,
) -> pa.Table:
    label, names = _group_labels(moves, runs.group_class, result.group_point)
    required = np.where(classes.is_outside[runs.group_class], outside, result.group_requirement)
    strategy, nothing = names.index(STRATEGY).as_py(), names.index(NO_POINT).as_py()
    label = np.where(classes.is_outside[runs.group_class], strategy, label)
    label = np.where(required < _HALF_A_CENT, nothing, label).astype(np.int32)
    row = pa.array(runs.group_class)
    columns: dict[str, object] = {
        "account": name_column(runs.account, book.account),
        "portfolio_group": classes.portfolio_group.take(row),
        "product_group": classes.product_group.take(row),
        "class_group": classes.name.take(row),
    }
    for number, pnl in zip(book.rulebook.points, result.point_pnl, strict=True):
        columns[f"pnl_{number}"] = pnl
    own = {"requirement": required, "minimum_charge": result.group_minimum}
    clean = without_dust("groups", pa.table(own))
    columns |= zip(clean.column_names, clean.columns, strict=True)
    columns["worst_point"] = label_column(label, names)
    return pa.table(columns)
