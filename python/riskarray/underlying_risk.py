# SPDX-License-Identifier: Apache-2.0
"""What house rules ask of the underlyings beyond prices: how they move, trade and report."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from riskarray.array_types import F64
from riskarray.defects import DefectLog
from riskarray.table_data import TableData

__all__ = ["UnderlyingRisk", "underlying_risk"]

_COLUMNS: Final[Mapping[str, tuple[float, str]]] = MappingProxyType(
    {
        "standard_deviation": (1.0, "must be a fraction from 0 to 1, such as 0.02"),
        "move_floor": (5.0, "must be a fraction from 0 to 5, such as 0.3"),
        "average_daily_volume": (np.inf, "must be zero or positive"),
    }
)
"""The greatest number that can be meant in each column, and what a number must be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnderlyingRisk:
    """Columns of `underlyings` that only house overlays read; every cell may be empty.

    Parameters
    ----------
    standard_deviation : ndarray of float64, shape (u,)
        Of the price's relative moves over the horizon that the firm has in mind; NaN where it is
        not given.
    move_floor : ndarray of float64, shape (u,)
        Least move, down and up, that the firm stresses it by; NaN where it is not given.
    average_daily_volume : ndarray of float64, shape (u,)
        Shares traded in a day; NaN where it is not given.
    next_earnings : ndarray of datetime64[D], shape (u,)
        Day of the next report; NaT where it is not given.
    """

    standard_deviation: F64
    move_floor: F64
    average_daily_volume: F64
    next_earnings: npt.NDArray[np.datetime64]

    def __len__(self) -> int:
        """Return the number of underlyings."""
        return len(self.move_floor)

    def take(self, row: pa.IntegerArray) -> "UnderlyingRisk":
        """Return the columns of some underlyings."""
        rows = row.to_numpy()
        return UnderlyingRisk(**{name: getattr(self, name)[rows] for name in self.__slots__})


def underlying_risk(table: TableData, log: DefectLog) -> UnderlyingRisk:
    """Check these columns of the table `underlyings`.

    Parameters
    ----------
    table : TableData
        The table.
    log : DefectLog
        Takes what is wrong: a number that is negative or not finite, per cent for a fraction.

    Returns
    -------
    UnderlyingRisk
        One row per row of the table.
    """
    columns = {}
    for name, (most, condition) in _COLUMNS.items():
        given = table.number[name]
        is_right = np.isfinite(given.value) & (given.value >= 0) & (given.value <= most)
        log.add(table, name, ~given.is_null & ~is_right, condition)
        columns[name] = np.where(is_right, given.value, np.nan)
    return UnderlyingRisk(next_earnings=table.date["next_earnings"].value, **columns)
