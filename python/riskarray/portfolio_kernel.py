"""The kernel of portfolio margin and its results."""

from typing import NamedTuple

from riskarray.array_types import F64, I32, I64
from riskarray.backends import BackendName
from riskarray.kernel_call import by_name, run_kernel

__all__ = ["PortfolioRequirement", "portfolio_requirement"]


class PortfolioRequirement(NamedTuple):
    """Results of `portfolio_requirement`; shapes and units as in the contract."""

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
    is_own_worst: bool = False,
    is_minimum_per_class: bool = False,
    is_residual_discounted: bool = True,
    threads: int = 0,
    backend: BackendName | None = None,
) -> PortfolioRequirement:
    """Return the portfolio margin of every account, and the P&L of every class group held.

    Gains offset losses fully within a class group, by ``product_offset`` between the class groups
    of a product group and by ``portfolio_offset`` between the product groups of a portfolio group,
    at each valuation point. A portfolio group requires the greater of its worst loss and its
    minimum charge; an account the sum over its portfolio groups, in the scenario set where that
    is greatest.

    Parameters
    ----------
    account_offset : ndarray of int64, shape (a + 1,)
        The class groups that account i holds are ``account_offset[i]:account_offset[i + 1]``.
    group_class : ndarray of int32, shape (g,)
        Class group of each. Class groups are numbered in the order of (portfolio group, product
        group, class group) and stand in that order within an account.
    group_offset : ndarray of int64, shape (g + 1,)
        Its positions.
    instrument : ndarray of int32, shape (m,)
        Row of `pnl`.
    quantity : ndarray, shape (m,)
        Contracts or shares, signed.
    pnl : ndarray, shape (n, p)
        Risk arrays, in USD per unit held.
    minimum_charge_long, minimum_charge_short : ndarray, shape (n,)
        In USD per unit held long or short.
    class_product : ndarray of int32, shape (c,)
        Product group of each class group.
    product_offset : ndarray, shape (k,)
        Share of class gains that counts against class losses.
    product_portfolio : ndarray of int32, shape (k,)
        Portfolio group of each product group.
    portfolio_offset : ndarray, shape (q,)
        Share of product-group gains that counts against product-group losses.
    set_offset : ndarray of int32, shape (z + 1,)
        Scenario sets as runs of points.
    is_own_worst : bool
        Each class group at its own worst point, then the sum, instead of one common point. A credit
        is spread over the losses of its level in proportion.
    is_minimum_per_class : bool
        The minimum charge is compared per class group instead of per portfolio group.
    is_residual_discounted : bool
        Whether a gain left in a product group is discounted again in the portfolio group.
    threads : int
        0 for all processors. The result does not depend on it.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.

    Returns
    -------
    PortfolioRequirement
        Arrays of the contract: per class group held its P&L, minimum charge, stand-alone
        requirement and binding point; per account the requirement, that of each scenario set, the
        sums of worst losses and of minimum charges, the set that binds, the row of the class group
        that weighs most in the portfolio group that weighs most, and that portfolio group's binding
        point. A point of -1 says that the minimum charge binds, a row of -1 that the account holds
        nothing.

    Raises
    ------
    TypeError, ValueError
        If an array has the wrong type or shape, or a value is outside its range.

    References
    ----------
    FINRA Rule 4210(g)(7)-(8); OCC, "Customer Portfolio Margin". The switches stand where the texts
    leave a choice.
    """
    arrays = by_name(
        "portfolio_requirement",
        account_offset,
        group_class,
        group_offset,
        instrument,
        quantity,
        pnl,
        minimum_charge_long,
        minimum_charge_short,
        class_product,
        product_offset,
        product_portfolio,
        portfolio_offset,
        set_offset,
    )
    results = run_kernel(
        "portfolio_requirement",
        arrays,
        threads=threads,
        backend=backend,
        is_own_worst=is_own_worst,
        is_minimum_per_class=is_minimum_per_class,
        is_residual_discounted=is_residual_discounted,
    )
    return PortfolioRequirement(*results)
