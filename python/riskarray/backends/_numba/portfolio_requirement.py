"""Requirement of portfolios; the twin of cpp/src/portfolio_requirement.cpp."""

from typing import NamedTuple

import numpy as np

from riskarray.array_types import F64, I32, I64
from riskarray.backends._numba.jit import for_blocks, jit

__all__ = ["portfolio_requirement"]


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
def sum_group(book: Book, rules: Rules, group: int, result: Result) -> None:
    """Sum the risk arrays of one class-group run, and its minimum charge."""
    total = result.group_pnl[group]
    total[:] = 0.0
    minimum = 0.0
    for k in range(book.group_offset[group], book.group_offset[group + 1]):
        i = book.instrument[k]
        quantity = book.quantity[k]
        for j in range(total.shape[0]):
            total[j] += quantity * rules.pnl[i, j]
        if quantity > 0.0:
            minimum += quantity * rules.minimum_charge_long[i]
        else:
            minimum += -quantity * rules.minimum_charge_short[i]
    result.group_minimum[group] = minimum


@jit
def worst_point(pnl: F64, begin: int, end: int) -> tuple[float, int]:
    """Return the greatest loss (0 when no point loses) and the first point where it arises."""
    loss = 0.0
    point = begin
    for j in range(begin, end):
        if -pnl[j] > loss:
            loss = -pnl[j]
            point = j
    return loss, point


@jit
def require_group(group: int, result: Result) -> None:
    """Stand-alone figures of one run: the greater of its worst loss and its minimum charge."""
    pnl = result.group_pnl[group]
    loss, point = worst_point(pnl, 0, pnl.shape[0])
    minimum = result.group_minimum[group]
    result.group_requirement[group] = max(loss, minimum)
    result.group_point[group] = point if loss >= minimum else -1


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
def require_at_common_point(
    book: Book, rules: Rules, result: Result, run: Run, minimum: float
) -> tuple[float, float, float, int]:
    """One worst point for the portfolio group, against the sum of its minimum charges."""
    loss, gain = product_pnl(book, rules, result, run)
    offset = residual_offset(book, rules, run)
    pnl = np.zeros(loss.shape[0])
    for j in range(run.begin, run.end):
        pnl[j] = offset * gain[j] - loss[j]
    worst, point = worst_point(pnl, run.begin, run.end)
    return max(worst, minimum), worst, minimum, point if worst >= minimum else -1


@jit
def share_left(loss: float, credit: float) -> float:
    """The part of a loss that is left when gains offset it in proportion."""
    return (loss - credit) / loss if loss > credit else 0.0


@jit
def residual_losses(book: Book, rules: Rules, result: Result, run: Run) -> F64:
    """Loss of each class group of the run at each point that both levels of offsets leave."""
    n_points = result.group_pnl.shape[1]
    left = np.zeros((run.last - run.first, n_points))
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


@jit
def require_at_own_points(
    book: Book, rules: Rules, result: Result, run: Run, minimum: float
) -> tuple[float, float, float, int]:
    """Each class group at its own worst point, then the sum."""
    left = residual_losses(book, rules, result, run)
    total = 0.0
    per_class = 0.0
    greatest = 0.0
    greatest_point = run.begin
    for group in range(run.first, run.last):
        worst, point = worst_point(-left[group - run.first], run.begin, run.end)
        total += worst
        per_class += max(worst, result.group_minimum[group])
        if worst > greatest:
            greatest, greatest_point = worst, point
    requirement = per_class if rules.is_minimum_per_class else max(total, minimum)
    return requirement, total, minimum, -1 if requirement > total else greatest_point


@jit
def require_minimum_per_class(
    book: Book, rules: Rules, result: Result, run: Run, minimum: float
) -> tuple[float, float, float, int]:
    """One common point; a class group is charged its residual loss or its minimum, if greater."""
    left = residual_losses(book, rules, result, run)
    n_points = left.shape[1]
    charge, loss = np.zeros(n_points), np.zeros(n_points)
    for group in range(run.first, run.last):
        for j in range(run.begin, run.end):
            loss[j] += left[group - run.first, j]
            charge[j] -= max(left[group - run.first, j], result.group_minimum[group])
    worst, point = worst_point(charge, run.begin, run.end)
    return worst, loss[point], minimum, -1 if worst > loss[point] else point


@jit
def require_run(
    book: Book, rules: Rules, result: Result, run: Run
) -> tuple[float, float, float, int]:
    """Requirement, worst loss, minimum charge and binding point of one portfolio group."""
    minimum = 0.0
    for group in range(run.first, run.last):
        minimum += result.group_minimum[group]
    if rules.is_own_worst:
        return require_at_own_points(book, rules, result, run, minimum)
    if rules.is_minimum_per_class:
        return require_minimum_per_class(book, rules, result, run, minimum)
    return require_at_common_point(book, rules, result, run, minimum)


@jit
def require_set(
    book: Book, rules: Rules, result: Result, account: int, scenario_set: int
) -> tuple[float, float, float, int, int, int]:
    """Sums over the portfolio groups of an account, and the runs and point of the greatest."""
    requirement = loss = minimum = 0.0
    greatest = -1.0
    greatest_first, greatest_last, greatest_point = 0, 0, -1
    first = book.account_offset[account]
    end = book.account_offset[account + 1]
    while first < end:
        portfolio = portfolio_of(book, rules, first)
        last = first + 1
        while last < end and portfolio_of(book, rules, last) == portfolio:
            last += 1
        run = Run(
            first,
            last,
            int(rules.set_offset[scenario_set]),
            int(rules.set_offset[scenario_set + 1]),
        )
        of_run, of_loss, of_minimum, point = require_run(book, rules, result, run)
        requirement += of_run
        loss += of_loss
        minimum += of_minimum
        if of_run > greatest:
            greatest = of_run
            greatest_first, greatest_last, greatest_point = first, last, point
        first = last
    return requirement, loss, minimum, greatest_first, greatest_last, greatest_point


@jit
def require_account(book: Book, rules: Rules, account: int, result: Result) -> None:
    """The scenario set that requires most binds."""
    binding = require_set(book, rules, result, account, 0)
    binding_set = 0
    for scenario_set in range(1, rules.set_offset.shape[0] - 1):
        of_set = require_set(book, rules, result, account, scenario_set)
        if of_set[0] > binding[0]:
            binding = of_set
            binding_set = scenario_set
    greatest = -1
    for group in range(binding[3], binding[4]):
        if greatest < 0 or result.group_requirement[group] > result.group_requirement[greatest]:
            greatest = group
    result.account_requirement[account] = binding[0]
    result.account_loss[account] = binding[1]
    result.account_minimum[account] = binding[2]
    result.account_set[account] = binding_set
    result.account_group[account] = greatest
    result.account_point[account] = binding[5]


@jit
def require_accounts(book: Book, rules: Rules, result: Result, begin: int, end: int) -> None:
    """Fill the results of the accounts [begin, end)."""
    for account in range(begin, end):
        for group in range(book.account_offset[account], book.account_offset[account + 1]):
            sum_group(book, rules, group, result)
            require_group(group, result)
        require_account(book, rules, account, result)


def portfolio_requirement(
    account_offset: I64,
    group_class: I32,
    group_offset: I64,
    instrument: I32,
    quantity: F64,
    pnl: F64,
    minimum_charge_long: F64,
    minimum_charge_short: F64,
    class_product: I32,
    product_offset: F64,
    product_portfolio: I32,
    portfolio_offset: F64,
    set_offset: I32,
    *,
    is_own_worst: bool,
    is_minimum_per_class: bool,
    is_residual_discounted: bool,
    group_pnl: F64,
    group_minimum: F64,
    group_requirement: F64,
    group_point: I32,
    account_requirement: F64,
    account_loss: F64,
    account_minimum: F64,
    account_set: I32,
    account_group: I32,
    account_point: I32,
    threads: int,
) -> None:
    """See `riskarray.kernels.portfolio_requirement`."""
    book = Book(account_offset, group_class, group_offset, instrument, quantity)
    rules = Rules(
        pnl,
        minimum_charge_long,
        minimum_charge_short,
        class_product,
        product_offset,
        product_portfolio,
        portfolio_offset,
        set_offset,
        is_own_worst,
        is_minimum_per_class,
        is_residual_discounted,
    )
    result = Result(
        group_pnl,
        group_minimum,
        group_requirement,
        group_point,
        account_requirement,
        account_loss,
        account_minimum,
        account_set,
        account_group,
        account_point,
    )

    def work(begin: int, end: int) -> None:
        require_accounts(book, rules, result, begin, end)

    for_blocks(account_offset.shape[0] - 1, 4096, threads, work)
