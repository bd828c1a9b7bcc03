# SPDX-License-Identifier: Apache-2.0
"""The move of each class group at every valuation point, as the scenario sets have it.

The regulatory points are those of the stress table. A house set may count in standard deviations,
reach a floor of its own for some class groups, and widen before earnings. Members of a class group
move together, each by its leverage, so what the book says of the members is taken at its most
cautious: the greatest of standard deviations and floors, each divided by the member's leverage, and
the earnings of any member.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskarray.array_types import F64, I32, Bool
from riskarray.class_floors import class_floors
from riskarray.class_groups import ClassGroups
from riskarray.market import Market
from riskarray.rulebook import Rulebook
from riskarray.scenario_sets import ScenarioSet

__all__ = ["ClassMoves", "class_moves"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassMoves:
    """Moves of class groups, and their names.

    Attributes
    ----------
    move : ndarray, shape (c, p)
        Relative change of an unleveraged member at each valuation point.
    label_row : ndarray of int32, shape (c,)
        Where the labels of each class group begin in `labels`.
    labels : tuple of str
        Moves as text, one per valuation point, for every distinct row of moves.
    """

    move: F64
    label_row: I32
    labels: tuple[str, ...]

    def labels_of(self, class_row: int) -> tuple[str, ...]:
        """Return the labels of a class group's points."""
        first = int(self.label_row[class_row])
        return self.labels[first : first + self.move.shape[1]]


def class_moves(market: Market, groups: ClassGroups, rulebook: Rulebook) -> ClassMoves:
    """Return the move of each class group at every valuation point.

    Parameters
    ----------
    market : Market
        Underlyings, and the instant from which earnings are counted.
    groups : ClassGroups
        Those of the market under the rulebook.
    rulebook : Rulebook
        Stress table and scenario sets.
    """
    types = groups.portfolio_type.dictionary_encode()
    table = np.array([rulebook.market_moves(name) for name in types.dictionary.to_pylist()])
    move = table.reshape(-1, len(rulebook.points))[types.indices.to_numpy()]
    if all(scenarios.is_plain for scenarios in rulebook.scenario_sets):
        labels = [rulebook.point_labels(name) for name in types.dictionary.to_pylist()]
        row = types.indices.to_numpy().astype(np.int32)
    else:
        members = _Members(market, groups)
        for scenarios in rulebook.scenario_sets:
            if not scenarios.is_plain:
                floor = class_floors(scenarios.floors, market, groups, rulebook)
                _widen(move[:, scenarios.begin : scenarios.end], scenarios, members, floor)
        distinct, inverse = np.unique(move, axis=0, return_inverse=True)
        row = inverse.reshape(-1).astype(np.int32)
        labels = [_labels(rulebook, values) for values in distinct]
    return ClassMoves(
        move=move,
        label_row=row * np.int32(len(rulebook.points)),
        labels=tuple(label for of_row in labels for label in of_row),
    )


def _labels(rulebook: Rulebook, moves: F64) -> tuple[str, ...]:
    values = moves.tolist()
    return tuple(
        label
        for scenarios in rulebook.scenario_sets
        for label in scenarios.percent_labels(values[scenarios.begin : scenarios.end])
    )


class _Members:
    """What the book says of a class group's members, at its most cautious."""

    def __init__(self, market: Market, groups: ClassGroups) -> None:
        self._risk = market.underlyings.risk
        self._of_underlying = groups.of_underlying
        self._leverage = np.abs(market.underlyings.leverage)
        self._as_of = np.datetime64(market.as_of.date(), "D")
        self.names = groups.name.to_pylist()

    def _greatest(self, column: F64, default: float) -> F64:
        """Return the greatest value of each class group, a default where none is given."""
        greatest = np.full(len(self.names), -np.inf)
        np.maximum.at(greatest, self._of_underlying, np.nan_to_num(column, nan=-np.inf))
        return np.where(np.isfinite(greatest), greatest, default)

    def standard_deviation(self, default: float) -> F64:
        """Return the standard deviation of each class group's moves."""
        if self._risk is None:
            return np.full(len(self.names), default)
        return self._greatest(self._risk.standard_deviation / self._leverage, default)

    def move_floor(self) -> F64:
        """Return the least reach that the book gives each class group; 0 for none."""
        if self._risk is None:
            return np.zeros(len(self.names))
        return self._greatest(self._risk.move_floor / self._leverage, 0.0)

    def has_earnings(self, days: int) -> Bool:
        """Return whether a member reports within some days of the snapshot, that day included."""
        found = np.zeros(len(self.names), np.bool_)
        if self._risk is None:
            return found
        report: npt.NDArray[np.datetime64] = self._risk.next_earnings
        is_near = (report >= self._as_of) & (report <= self._as_of + np.timedelta64(days, "D"))
        found[self._of_underlying[is_near]] = True
        return found


def _widen(move: F64, scenarios: ScenarioSet, members: _Members, floor: F64) -> None:
    """Turn a set's row of the stress table into the moves of each class group, in place."""
    if scenarios.standard_deviation is not None:
        move *= members.standard_deviation(scenarios.standard_deviation)[:, None]
    if scenarios.is_floored_by_book:
        floor = np.maximum(floor, members.move_floor()[:, None])
    for side, sign in enumerate((-1.0, 1.0)):
        reach = np.maximum(sign * move, 0.0).max(axis=1)
        short = (reach > 0.0) & (reach < floor[:, side])
        factor = np.where(short, floor[:, side] / np.where(short, reach, 1.0), 1.0)
        move *= np.where(sign * move > 0.0, factor[:, None], 1.0)
    if scenarios.earnings_days >= 0:
        near = members.has_earnings(scenarios.earnings_days)
        move[near] *= scenarios.earnings_multiplier
    np.maximum(move, -1.0, out=move)
