# SPDX-License-Identifier: Apache-2.0
"""Option roots: what each is on, and the terms that index roots imply.

The roots of listed index options stand in `index_roots.csv`, one per row with its source. A root
that is not there names its underlying, but for the separator of a class share.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import I8, I32, Bool
from riskarray.symbols import option_root, rows_in

__all__ = [
    "EXERCISE_AMERICAN",
    "EXERCISE_CODE",
    "EXERCISE_EUROPEAN",
    "EXERCISE_NONE",
    "SETTLEMENT_AM",
    "SETTLEMENT_CODE",
    "SETTLEMENT_NONE",
    "SETTLEMENT_PM",
    "IndexRoot",
    "RootMatch",
    "index_roots",
    "match_roots",
]

EXERCISE_NONE: Final = 0
EXERCISE_EUROPEAN: Final = 1
EXERCISE_AMERICAN: Final = 2
SETTLEMENT_NONE: Final = 0
SETTLEMENT_AM: Final = 1
SETTLEMENT_PM: Final = 2
EXERCISE_CODE: Final = {"european": EXERCISE_EUROPEAN, "american": EXERCISE_AMERICAN}
SETTLEMENT_CODE: Final = {"am": SETTLEMENT_AM, "pm": SETTLEMENT_PM}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRoot:
    """One root of listed index options: what it is on, how it is exercised and settled."""

    root: str
    underlying: str
    exercise: str
    settlement: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RootMatch:
    """What a column of roots stands for in a list of underlyings.

    Parameters
    ----------
    underlying : ndarray of int32, shape (n,)
        Row of the underlying, -1 where there is none.
    exercise, settlement : ndarray of int8, shape (n,)
        Codes from the table of index roots; 0 where the root is not in it.
    is_adjusted : ndarray of bool, shape (n,)
        Whether the root carries a digit that OCC adds to a contract with changed terms.
    """

    underlying: I32
    exercise: I8
    settlement: I8
    is_adjusted: Bool


@cache
def index_roots() -> tuple[IndexRoot, ...]:
    """Return the table of listed index roots.

    Returns
    -------
    tuple of IndexRoot
        One entry per root, with the source of its terms.
    """
    text = (files("riskarray") / "index_roots.csv").read_text(encoding="utf-8")
    return tuple(IndexRoot(**row) for row in csv.DictReader(text.splitlines()))


def match_roots(root: pa.StringArray, underlying: pa.StringArray) -> RootMatch:
    """Find the underlying of each option root.

    The table of index roots comes first (SPXW is on SPX), then the ticker itself, then the ticker
    without its class separator (BRKB is on BRK-B). A name that two tickers share after the
    separator is gone belongs to neither.

    Parameters
    ----------
    root : StringArray, shape (n,)
        Roots without padding; null where a symbol has none.
    underlying : StringArray, shape (u,)
        Names of the underlyings.

    Returns
    -------
    RootMatch
        Row of the underlying and the terms that the root implies.
    """
    table = index_roots()
    entry = rows_in(root, pa.array([r.root for r in table], pa.string()))
    of_entry = rows_in(pa.array([r.underlying for r in table], pa.string()), underlying)
    listed = np.append(of_entry, np.int32(-1))[entry]
    exact = rows_in(root, underlying)
    class_share = rows_in(root, _once(option_root(underlying)))
    row = np.where(listed >= 0, listed, np.where(exact >= 0, exact, class_share))
    digit = pc.fill_null(pc.match_substring_regex(root, "[0-9]$"), fill_value=False)
    exercise = [EXERCISE_CODE[r.exercise] for r in table] + [EXERCISE_NONE]
    settlement = [SETTLEMENT_CODE[r.settlement] for r in table] + [SETTLEMENT_NONE]
    return RootMatch(
        underlying=row.astype(np.int32),
        exercise=np.array(exercise, np.int8)[entry],
        settlement=np.array(settlement, np.int8)[entry],
        is_adjusted=digit.to_numpy(zero_copy_only=False) & (row < 0),
    )


def _once(name: pa.StringArray) -> pa.StringArray:
    """Return the names with those that occur more than once replaced by null."""
    encoded = name.dictionary_encode()
    code = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
    count = np.bincount(code, minlength=max(len(encoded.dictionary), 1))
    return pc.if_else(pa.array(count[code] == 1), name, pa.scalar(None, pa.string()))
