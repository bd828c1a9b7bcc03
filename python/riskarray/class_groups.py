# SPDX-License-Identifier: Apache-2.0
"""Class groups of a market, in the order in which positions stand and offsets are taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from riskarray.array_types import F64, I32, Bool
from riskarray.eligibility import is_outside
from riskarray.market import Underlyings
from riskarray.rulebook import Rulebook

__all__ = ["ClassGroups", "class_groups"]

_LAST: Final = "\U0010ffff"
"""Sorts after every name: class groups without a product or portfolio group stand last."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassGroups:
    """The class groups of a market, sorted by portfolio group, product group and name.

    A class group without a product group is alone in one, and so is a product group without a
    portfolio group. What a rulebook keeps outside portfolio margin stands in class groups of its
    own, behind all others.

    Attributes
    ----------
    name, portfolio_type : StringArray, shape (c,)
        Class group, and the row of the stress table that its points are named after.
    product_group, portfolio_group : StringArray, shape (c,)
        Where it belongs; null where it stands alone.
    is_outside : ndarray of bool, shape (c,)
        Whether it is margined strategy by strategy.
    of_underlying : ndarray of int32, shape (u,)
        Class group of each underlying.
    class_product : ndarray of int32, shape (c,)
        Row of `product_offset`.
    product_offset : ndarray, shape (k,)
        Share of class gains that counts against class losses.
    product_portfolio : ndarray of int32, shape (k,)
        Row of `portfolio_offset`.
    portfolio_offset : ndarray, shape (q,)
        Share of product-group gains that counts against product-group losses.
    """

    name: pa.StringArray
    portfolio_type: pa.StringArray
    product_group: pa.StringArray
    portfolio_group: pa.StringArray
    is_outside: Bool
    of_underlying: I32
    class_product: I32
    product_offset: F64
    product_portfolio: I32
    portfolio_offset: F64

    def __len__(self) -> int:
        """Return the number of class groups."""
        return len(self.name)


class _Place(NamedTuple):
    """A class group and what it stands under; sorts in the order of the kernel's rows."""

    is_outside: bool
    portfolio_group: str
    product_group: str
    name: str

    def product_key(self) -> tuple[object, ...]:
        alone = self.name if self.product_group == _LAST else ""
        return (self.is_outside, self.portfolio_group, self.product_group, alone)

    def portfolio_key(self) -> tuple[object, ...]:
        alone = self.product_key() if self.portfolio_group == _LAST else ()
        return (self.is_outside, self.portfolio_group, alone)


def class_groups(underlyings: Underlyings, rulebook: Rulebook) -> ClassGroups:
    """Return the class groups of a market under a rulebook.

    Parameters
    ----------
    underlyings : Underlyings
        With class group, product group and portfolio type resolved.
    rulebook : Rulebook
        Offsets, portfolio groups and what stands outside portfolio margin.

    Returns
    -------
    ClassGroups
        Sorted; the order depends on names only, not on the order of `underlyings`.

    Raises
    ------
    ValueError
        If a class group stands in two product groups, or in one that the rulebook does not have.
    """
    places = list(_places(underlyings, rulebook))
    order = sorted(set(places))
    _check_one_product_group(order)
    row = {place: k for k, place in enumerate(order)}
    products = _numbered([place.product_key() for place in order])
    portfolios = _numbered([place.portfolio_key() for place in order])
    product_offset = np.zeros(len(set(products)))
    product_portfolio = np.zeros(len(product_offset), np.int32)
    portfolio_offset = np.zeros(len(set(portfolios)))
    for place, product, portfolio in zip(order, products, portfolios, strict=True):
        product_portfolio[product] = portfolio
        if place.product_group != _LAST:
            product_offset[product] = rulebook.product_groups[place.product_group].offset
        if place.portfolio_group != _LAST:
            portfolio_offset[portfolio] = rulebook.portfolio_groups[place.portfolio_group]
    return ClassGroups(
        name=pa.array([place.name for place in order], pa.string()),
        portfolio_type=pa.array(_portfolio_types(underlyings, places, order), pa.string()),
        product_group=_nullable([place.product_group for place in order]),
        portfolio_group=_nullable([place.portfolio_group for place in order]),
        is_outside=np.array([place.is_outside for place in order], np.bool_),
        of_underlying=np.array([row[place] for place in places], np.int32),
        class_product=np.array(products, np.int32),
        product_offset=product_offset,
        product_portfolio=product_portfolio,
        portfolio_offset=portfolio_offset,
    )


def _places(underlyings: Underlyings, rulebook: Rulebook) -> Iterator[_Place]:
    """Yield the place of each underlying."""
    outside = is_outside(underlyings.name, underlyings.product_type, rulebook).tolist()
    columns = (underlyings.class_group.to_pylist(), underlyings.product_group.to_pylist())
    for name, product_group, is_alone in zip(*columns, outside, strict=True):
        if is_alone:
            yield _Place(is_outside=True, portfolio_group=_LAST, product_group=_LAST, name=name)
            continue
        portfolio_group = None
        if product_group is not None:
            if product_group not in rulebook.product_groups:
                known = ", ".join(rulebook.product_groups)
                msg = f"class_groups: product_group must be one of {known}, got {product_group!r}"
                raise ValueError(msg)
            portfolio_group = rulebook.product_groups[product_group].portfolio_group
        yield _Place(
            is_outside=False,
            portfolio_group=portfolio_group or _LAST,
            product_group=product_group or _LAST,
            name=name,
        )


def _check_one_product_group(order: list[_Place]) -> None:
    seen: dict[str, str] = {}
    for place in order:
        if place.is_outside:
            continue
        other = seen.setdefault(place.name, place.product_group)
        if other != place.product_group:
            pair = [None if name == _LAST else name for name in (other, place.product_group)]
            msg = f"class_groups: class group {place.name} must have one product_group, got {pair}"
            raise ValueError(msg)


def _portfolio_types(
    underlyings: Underlyings, places: list[_Place], order: list[_Place]
) -> list[str]:
    """Return each class group's portfolio type: that of its first member by name."""
    names = underlyings.name.to_pylist()
    types = underlyings.portfolio_type.to_pylist()
    first: dict[_Place, tuple[str, str]] = {}
    for place, name, portfolio_type in zip(places, names, types, strict=True):
        first[place] = min(first.get(place, (name, portfolio_type)), (name, portfolio_type))
    return [first[place][1] for place in order]


def _numbered(keys: list[tuple[object, ...]]) -> list[int]:
    """Return the rank of each key among the distinct ones, in order of appearance."""
    number: dict[tuple[object, ...], int] = {}
    return [number.setdefault(key, len(number)) for key in keys]


def _nullable(names: list[str]) -> pa.StringArray:
    return pa.array([None if name == _LAST else name for name in names], pa.string())
