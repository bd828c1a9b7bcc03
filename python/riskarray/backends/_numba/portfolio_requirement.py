"""Requirement of portfolios; the twin of cpp/src/portfolio_requirement.cpp."""

import numpy as np

from riskarray.array_types import F64, I32, I64
from riskarray.backends._numba.jit import for_blocks, jit
from riskarray.backends._numba.portfolio_offsets import (
    Book,
    Result,
    Rules,
    Run,
    portfolio_of,
    product_pnl,
    residual_losses,
    residual_offset,
    worst_point,
)

__all__ = ["portfolio_requirement"]


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
def require_group(group: int, result: Result) -> None:
    """Stand-alone figures of one run: the greater of its worst loss and its minimum charge."""
    pnl = result.group_pnl[group]
    loss, point = worst_point(pnl, 0, pnl.shape[0])
    minimum = result.group_minimum[group]
    result.group_requirement[group] = max(loss, minimum)
    result.group_point[group] = point if loss >= minimum else -1


@jit
def charged_by_minimum(result: Result, run: Run) -> int:
    """The class group with the greatest minimum charge of a run, where the sum of them binds."""
    greatest = run.first
    for group in range(run.first + 1, run.last):
        if result.group_minimum[group] > result.group_minimum[greatest]:
            greatest = group
    return greatest


@jit
def require_at_common_point(
    book: Book, rules: Rules, result: Result, run: Run, minimum: float
) -> tuple[float, float, float, int, int]:
    """One worst point for the portfolio group, against the sum of its minimum charges."""
    loss, gain = product_pnl(book, rules, result, run)
    offset = residual_offset(book, rules, run)
    pnl = np.zeros(loss.shape[0])
    for j in range(run.begin, run.end):
        pnl[j] = offset * gain[j] - loss[j]
    worst, point = worst_point(pnl, run.begin, run.end)
    if minimum > worst:
        return minimum, worst, minimum, charged_by_minimum(result, run), -1
    most = run.first
    for group in range(run.first + 1, run.last):
        if max(-result.group_pnl[group, point], 0.0) > max(-result.group_pnl[most, point], 0.0):
            most = group
    return worst, worst, minimum, most, point


@jit
def require_at_own_points(
    book: Book, rules: Rules, result: Result, run: Run, minimum: float
) -> tuple[float, float, float, int, int]:
    """Each class group at its own worst point, then the sum."""
    left = residual_losses(book, rules, result, run)
    total = 0.0
    per_class = 0.0
    greatest = -1.0
    most, most_point = -1, -1
    for group in range(run.first, run.last):
        worst, point = worst_point(-left[group - run.first], run.begin, run.end)
        total += worst
        floor = result.group_minimum[group]
        per_class += max(worst, floor)
        if not rules.is_minimum_per_class:
            floor = 0.0
        if max(worst, floor) > greatest:
            greatest = max(worst, floor)
            most, most_point = group, point if worst >= floor else -1
    if rules.is_minimum_per_class:
        return per_class, total, minimum, most, most_point
    if minimum > total:
        return minimum, total, minimum, charged_by_minimum(result, run), -1
    return total, total, minimum, most, most_point


@jit
def require_minimum_per_class(
    book: Book, rules: Rules, result: Result, run: Run, minimum: float
) -> tuple[float, float, float, int, int]:
    """One common point; a class group is charged its residual loss or its minimum, if greater."""
    left = residual_losses(book, rules, result, run)
    n_points = left.shape[1]
    charge, loss = np.zeros(n_points), np.zeros(n_points)
    for group in range(run.first, run.last):
        for j in range(run.begin, run.end):
            loss[j] += left[group - run.first, j]
            charge[j] -= max(left[group - run.first, j], result.group_minimum[group])
    worst, point = worst_point(charge, run.begin, run.end)
    greatest = -1.0
    most, most_point = -1, -1
    for group in range(run.first, run.last):
        of_group, floor = left[group - run.first, point], result.group_minimum[group]
        if max(of_group, floor) > greatest:
            greatest = max(of_group, floor)
            most, most_point = group, point if of_group >= floor else -1
    return worst, loss[point], minimum, most, most_point


@jit
def require_run(
    book: Book, rules: Rules, result: Result, run: Run
) -> tuple[float, float, float, int, int]:
    """Requirement, loss, minimum charge of a portfolio group; who is charged most, and where."""
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
) -> tuple[float, float, float, int, int]:
    """Sums over the portfolio groups of an account; who is charged most in the greatest."""
    requirement = loss = minimum = 0.0
    greatest = -1.0
    most, most_point = -1, -1
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
        of_run, of_loss, of_minimum, group, point = require_run(book, rules, result, run)
        requirement += of_run
        loss += of_loss
        minimum += of_minimum
        if of_run > greatest:
            greatest = of_run
            most, most_point = group, point
        first = last
    return requirement, loss, minimum, most, most_point


@jit
def require_account(book: Book, rules: Rules, account: int, result: Result) -> None:
    """The scenario set that requires most binds."""
    binding = require_set(book, rules, result, account, 0)
    result.set_requirement[account, 0] = binding[0]
    binding_set = 0
    for scenario_set in range(1, rules.set_offset.shape[0] - 1):
        of_set = require_set(book, rules, result, account, scenario_set)
        result.set_requirement[account, scenario_set] = of_set[0]
        if of_set[0] > binding[0]:
            binding = of_set
            binding_set = scenario_set
    result.account_requirement[account] = binding[0]
    result.account_loss[account] = binding[1]
    result.account_minimum[account] = binding[2]
    result.account_set[account] = binding_set
    result.account_group[account] = binding[3]
    result.account_point[account] = binding[4]


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
    set_requirement: F64,
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
        set_requirement,
        account_loss,
        account_minimum,
        account_set,
        account_group,
        account_point,
    )

    def work(begin: int, end: int) -> None:
        require_accounts(book, rules, result, begin, end)

    for_blocks(account_offset.shape[0] - 1, 4096, threads, work)
