"""What the offsets leave of losses at each point; the twin of cpp/src/portfolio_offsets.hpp."""

from typing import NamedTuple

import numpy as np

from riskarray.array_types import F64, I32, I64
from riskarray.backends._numba.jit import jit
from riskarray.kernel_codes import EQUAL_LOSSES

__all__ = [
    "Book",
    "Result",
    "Rules",
    "Run",
    "portfolio_of",
    "product_pnl",
    "residual_losses",
    "residual_offset",
    "worst_point",
]


class Book(NamedTuple):
    """Accounts -> class-group runs -> positions."""

    account_offset: I64
    group_class: I32
    group_offset: I64
    instrument: I32
    quantity: F64


class Rules(NamedTuple):
    """Risk arrays, minimum charges, offsets and switches."""

    pnl: F64
    minimum_charge_long: F64
    minimum_charge_short: F64
    class_product: I32
    product_offset: F64
    product_portfolio: I32
    portfolio_offset: F64
    set_offset: I32
    is_own_worst: bool
    is_minimum_per_class: bool
    is_residual_discounted: bool


class Result(NamedTuple):
    """Outputs, as in the contract."""

    group_pnl: F64
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


class Run(NamedTuple):
    """The runs [first, last) of one portfolio group, and the points [begin, end) that count."""

    first: int
    last: int
    begin: int
    end: int


@jit
def worst_point(pnl: F64, begin: int, end: int) -> tuple[float, int]:
    """Return the greatest loss (0 when no point loses) and the first point where it arises."""
    loss = 0.0
    point = begin
    least_of_point = EQUAL_LOSSES
    for j in range(begin, end):
        loss = max(loss, -pnl[j])
        if -pnl[j] > least_of_point:
            point = j
            least_of_point = -pnl[j] + EQUAL_LOSSES
    return loss, point


@jit
def product_of(book: Book, rules: Rules, group: int) -> int:
    """Product group of a run."""
    return rules.class_product[book.group_class[group]]  # type: ignore[no-any-return]


@jit
def portfolio_of(book: Book, rules: Rules, group: int) -> int:
    """Portfolio group of a run."""
    return rules.product_portfolio[product_of(book, rules, group)]  # type: ignore[no-any-return]


@jit
def product_end(book: Book, rules: Rules, run: Run, group: int) -> int:
    """One past the last run of the product group that begins at a run."""
    product = product_of(book, rules, group)
    end = group + 1
    while end < run.last and product_of(book, rules, end) == product:
        end += 1
    return end


@jit
def add_losses_and_gains(pnl: F64, run: Run, loss: F64, gain: F64) -> None:
    """Add a level's losses and gains, still undiscounted, at each point."""
    for j in range(run.begin, run.end):
        loss[j] += max(-pnl[j], 0.0)
        gain[j] += max(pnl[j], 0.0)


@jit
def class_pnl(result: Result, run: Run, first: int, last: int) -> tuple[F64, F64]:
    """Losses and gains of the class groups of a product group."""
    n_points = result.group_pnl.shape[1]
    loss, gain = np.zeros(n_points), np.zeros(n_points)
    for group in range(first, last):
        add_losses_and_gains(result.group_pnl[group], run, loss, gain)
    return loss, gain


@jit
def residual_offset(book: Book, rules: Rules, run: Run) -> float:
    """Share of a product group's gain that counts in the portfolio group."""
    if rules.is_residual_discounted:
        return rules.portfolio_offset[portfolio_of(book, rules, run.first)]  # type: ignore[no-any-return]
    return 1.0


@jit
def product_pnl(book: Book, rules: Rules, result: Result, run: Run) -> tuple[F64, F64]:
    """Class losses less the percentage of class gains, split into losses and gains."""
    n_points = result.group_pnl.shape[1]
    loss, gain = np.zeros(n_points), np.zeros(n_points)
    group = run.first
    while group < run.last:
        end = product_end(book, rules, run, group)
        class_loss, class_gain = class_pnl(result, run, group, end)
        offset = rules.product_offset[product_of(book, rules, group)]
        net = np.zeros(n_points)
        for j in range(run.begin, run.end):
            net[j] = offset * class_gain[j] - class_loss[j]
        add_losses_and_gains(net, run, loss, gain)
        group = end
    return loss, gain


@jit
def share_left(loss: float, credit: float) -> float:
    """The part of a loss that is left when gains offset it in proportion."""
    return (loss - credit) / loss if loss > credit else 0.0


@jit
def residual_losses(book: Book, rules: Rules, result: Result, run: Run) -> F64:
    """Loss of each class group of the run at each point that both levels of offsets leave."""
    n_points = result.group_pnl.shape[1]
    left = np.zeros((run.last - run.first, n_points))
    if run.last - run.first == 1:  # nothing offsets: all of its loss is left
        for j in range(run.begin, run.end):
            left[0, j] = max(-result.group_pnl[run.first, j], 0.0)
        return left
    loss, gain = product_pnl(book, rules, result, run)
    residual = residual_offset(book, rules, run)
    group = run.first
    while group < run.last:
        end = product_end(book, rules, run, group)
        class_loss, class_gain = class_pnl(result, run, group, end)
        offset = rules.product_offset[product_of(book, rules, group)]
        for j in range(run.begin, run.end):
            share = share_left(class_loss[j], offset * class_gain[j]) * share_left(
                loss[j], residual * gain[j]
            )
            for member in range(group, end):
                left[member - run.first, j] = max(-result.group_pnl[member, j], 0.0) * share
        group = end
    return left
