# SPDX-License-Identifier: Apache-2.0
"""The least reach that a scenario set asks of class groups, named by group or by symbol."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from riskarray.array_types import F64, I64
from riskarray.class_groups import ClassGroups
from riskarray.market import Market
from riskarray.rulebook import Rulebook
from riskarray.symbols import class_share_name, rows_in

__all__ = ["class_floors"]

Reach = tuple[float, float]


def class_floors(
    floors: Mapping[str, Reach], market: Market, groups: ClassGroups, rulebook: Rulebook
) -> F64:
    """Return the least reach of each class group, down and up.

    Parameters
    ----------
    floors : mapping of str to (float, float)
        Least reach down and up of a class group; or of an underlying, in terms of its own moves:
        divided by its leverage it is one of its class group's, and the other way round for an
        inverse product. A name that is both is the class group's.
    market : Market
        Underlyings, in any spelling of class shares.
    groups : ClassGroups
        Those of the market.
    rulebook : Rulebook
        Places the underlyings that the market does not have.

    Returns
    -------
    ndarray, shape (c, 2)
        0 for none; the greatest where several stand for a class group.
    """
    floor = np.zeros((len(groups), 2))
    names = np.asarray(groups.name.to_pylist(), dtype=object)
    for name, leverage, (down, up) in _in_groups(floors, market, groups, rulebook):
        reach = (down, up) if leverage > 0.0 else (up, down)
        rows: I64 = np.flatnonzero(names == name)
        floor[rows] = np.maximum(floor[rows], np.array(reach) / abs(leverage))
    return floor


def _in_groups(
    floors: Mapping[str, Reach], market: Market, groups: ClassGroups, rulebook: Rulebook
) -> Iterator[tuple[str, float, Reach]]:
    """Yield the class group of each floor, the leverage that it counts in, and the floor."""
    underlyings = market.underlyings
    asked = pa.array(floors, pa.string())
    is_group = rows_in(asked, groups.name) >= 0
    row = rows_in(class_share_name(asked), class_share_name(underlyings.name))
    for key, is_named, k in zip(floors, is_group.tolist(), row.tolist(), strict=True):
        if is_named:
            yield key, 1.0, floors[key]
        elif k >= 0:
            group = groups.name[int(groups.of_underlying[k])].as_py()
            yield group, float(underlyings.leverage[k]), floors[key]
        elif key in rulebook.underlyings:
            known = rulebook.underlyings[key]
            yield known.class_group, known.leverage, floors[key]
