# SPDX-License-Identifier: Apache-2.0
"""One portfolio group's requirement step by step: what the kernel adds up, laid out to be read.

The kernel keeps only results. An explanation also needs what lies between: gains and losses of each
level at every point, what the offsets leave of each class group's loss, and which point or minimum
charge binds. These few lines follow `portfolio_requirement` for one run of class groups; every
explanation checks their sum against the kernel's result.
"""

from dataclasses import dataclass

import numpy as np

from riskarray.array_types import F64, I32
from riskarray.kernel_codes import EQUAL_LOSSES

__all__ = ["PortfolioTrace", "ProductTrace", "Switches", "trace_portfolio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What the rule texts leave open, as the rulebook decides it.

    Attributes
    ----------
    is_own_worst : bool
        Each class group is charged at its own worst point, else all of them at a common one.
    is_minimum_per_class : bool
        The minimum charge is compared class group by class group, else for the portfolio group.
    is_residual_discounted : bool
        A gain left over in a product group is discounted a second time.
    """

    is_own_worst: bool
    is_minimum_per_class: bool
    is_residual_discounted: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProductTrace:
    """A product group at every point: its class groups' losses in full, a fraction of their gains.

    Attributes
    ----------
    row : int
        Product group.
    offset : float
        That fraction.
    loss, gain, net : ndarray, shape (p,)
        Sums over class groups, in USD, losses positive; ``net = offset * gain - loss``.
    """

    row: int
    offset: float
    loss: F64
    gain: F64
    net: F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioTrace:
    """A portfolio group: its product groups, what is left of each class group's loss, what binds.

    Attributes
    ----------
    products : tuple of ProductTrace
        Product groups in order.
    offset : float
        Fraction of product groups' gains that counts against product groups' losses.
    net : ndarray, shape (p,)
        P&L of the portfolio group after both offsets, in USD.
    left : ndarray, shape (c, p)
        What the offsets leave of each class group's loss, in USD, not negative; at each point they
        add up to the portfolio group's loss.
    point : ndarray of int32, shape (c,)
        Point at which each class group is charged.
    loss, minimum, charge : ndarray, shape (c,)
        Loss left at that point, minimum charge, and the part of the requirement, in USD.
    requirement : float
        In USD.
    is_minimum : ndarray of bool, shape (c,)
        Whether the minimum charge is what binds.
    """

    products: tuple[ProductTrace, ...]
    offset: float
    net: F64
    left: F64
    point: I32
    loss: F64
    minimum: F64
    charge: F64
    requirement: float
    is_minimum: np.ndarray[tuple[int], np.dtype[np.bool_]]


def trace_portfolio(
    pnl: F64,
    minimum: F64,
    product: I32,
    product_offset: F64,
    portfolio_offset: float,
    *,
    switches: Switches,
) -> PortfolioTrace:
    """Return the steps from class-group P&L to the requirement of one portfolio group.

    Parameters
    ----------
    pnl : ndarray, shape (c, p)
        P&L of each class group held at each point of the binding scenario set, in USD.
    minimum : ndarray, shape (c,)
        Minimum charge of each class group, in USD.
    product : ndarray of int32, shape (c,)
        Product group of each class group, in runs.
    product_offset : ndarray, shape (k,)
        Offset of each product group, a fraction.
    portfolio_offset : float
        Offset between product groups, a fraction.
    switches : Switches
        The rulebook's choices.
    """
    loss, gain = np.maximum(-pnl, 0.0), np.maximum(pnl, 0.0)
    products = []
    for row in dict.fromkeys(product.tolist()):
        is_member = product == row
        total_loss, total_gain = loss[is_member].sum(axis=0), gain[is_member].sum(axis=0)
        offset = float(product_offset[row])
        net = offset * total_gain - total_loss
        products.append(
            ProductTrace(row=row, offset=offset, loss=total_loss, gain=total_gain, net=net)
        )
    residual = portfolio_offset if switches.is_residual_discounted else 1.0
    nets = np.array([step.net for step in products])
    net_loss, net_gain = np.maximum(-nets, 0.0).sum(axis=0), np.maximum(nets, 0.0).sum(axis=0)
    kept = _share_left(net_loss, residual * net_gain)
    left = np.empty_like(loss)
    for step in products:
        is_member = product == step.row
        left[is_member] = loss[is_member] * _share_left(step.loss, step.offset * step.gain) * kept
    return _bind(
        left,
        minimum,
        switches,
        products=tuple(products),
        offset=portfolio_offset,
        net=residual * net_gain - net_loss,
    )


def _share_left(loss: F64, credit: F64) -> F64:
    """Return the fraction of a loss that a credit leaves."""
    is_left = loss > credit
    share: F64 = np.where(is_left, (loss - credit) / np.where(is_left, loss, 1.0), 0.0)
    return share


def _first_worst(loss: F64) -> I32:
    """Return the first of the points of each row whose losses equal the greatest one."""
    greatest = loss.max(axis=1, keepdims=True)
    first: I32 = (loss >= greatest - EQUAL_LOSSES).argmax(axis=1).astype(np.int32)
    return first


def _bind(
    left: F64,
    minimum: F64,
    switches: Switches,
    *,
    products: tuple[ProductTrace, ...],
    offset: float,
    net: F64,
) -> PortfolioTrace:
    """Choose the points at which the losses count, and compare them with the minimum charges."""
    n_classes = len(minimum)
    if switches.is_own_worst:
        point = _first_worst(left)
    else:
        floor = minimum[:, None] if switches.is_minimum_per_class else 0.0
        common = _first_worst(np.maximum(left, floor).sum(axis=0, keepdims=True))
        point = np.repeat(common, n_classes)
    loss = left[np.arange(n_classes), point]
    if switches.is_minimum_per_class:
        is_minimum = minimum > loss
    else:
        is_minimum = np.full(n_classes, minimum.sum() > loss.sum())
    charge = np.where(is_minimum, minimum, loss)
    return PortfolioTrace(
        products=products,
        offset=offset,
        net=net,
        left=left,
        point=point,
        loss=loss,
        minimum=minimum,
        charge=charge,
        requirement=float(charge.sum()),
        is_minimum=is_minimum,
    )
