# SPDX-License-Identifier: Apache-2.0
"""Why a scenario set moves a class group as it does: the figures of book and rulebook behind it.

`class_moves` keeps only the moves; these steps follow it for one class group.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from riskarray.book import Book
from riskarray.class_floors import class_floors
from riskarray.class_groups import ClassGroups
from riskarray.report.explanation_steps import MoveStep
from riskarray.scenario_sets import ScenarioSet

if TYPE_CHECKING:
    from riskarray.array_types import F64, I64
    from riskarray.underlying_risk import UnderlyingRisk

__all__ = ["move_reasons"]

_COLUMN: Final = "underlyings."
"""Where a column of the book stands, for the words of a reason."""


def move_reasons(
    book: Book, classes: ClassGroups, scenarios: ScenarioSet, row: int
) -> tuple[MoveStep, ...]:
    """Return why the moves of a class group are not those of the stress table.

    Parameters
    ----------
    book : Book
        What it says of the underlyings, and its rulebook.
    classes : ClassGroups
        Of the book's market.
    scenarios : ScenarioSet
        The set of points that is meant.
    row : int
        The class group.

    Returns
    -------
    tuple of MoveStep
        In the order in which they apply; empty for a plain set.
    """
    return () if scenarios.is_plain else tuple(_Reasons(book, classes, scenarios, row).steps())


class _Reasons:
    """A class group's members, and its moves as far as the steps have come."""

    def __init__(self, book: Book, classes: ClassGroups, scenarios: ScenarioSet, row: int) -> None:
        market, name = book.market, classes.portfolio_type[row].as_py()
        self.scenarios = scenarios
        self.member: I64 = np.flatnonzero(classes.of_underlying == row)
        self.names = market.underlyings.name
        self.leverage = market.underlyings.leverage
        self.risk: UnderlyingRisk | None = market.underlyings.risk
        self.as_of = np.datetime64(market.as_of.date(), "D")
        self.move: F64 = book.rulebook.market_moves(name)[scenarios.begin : scenarios.end]
        floors = class_floors(scenarios.floors, market, classes, book.rulebook)
        self.floor: F64 = floors[row]

    def steps(self) -> Iterator[MoveStep]:
        """Yield the reasons in the order in which they apply."""
        if self.scenarios.standard_deviation is not None:
            yield self._deviation(self.scenarios.standard_deviation)
        yield from self._floors()
        if self.scenarios.earnings_days >= 0:
            yield from self._earnings()
        if (self.move < -1.0).any():
            yield self._step("least move", None, -1.0, "no price falls by more than all of it")

    def _step(
        self,
        figure: str,
        member: int | None,
        value: float | str | tuple[float, float],
        words: str,
    ) -> MoveStep:
        name = None if member is None else self.names[member].as_py()
        return MoveStep(figure=figure, underlying=name, value=value, words=words)

    def _greatest(self, column: str) -> tuple[int, float, float] | None:
        """Return the member whose figure over its leverage is greatest, the figure, and that."""
        if self.risk is None:
            return None
        values: F64 = getattr(self.risk, column)[self.member]
        own = values / np.abs(self.leverage[self.member])
        if np.isnan(own).all():
            return None
        k = int(np.nanargmax(own))
        return int(self.member[k]), float(values[k]), float(own[k])

    def _of(self, member: int, value: float, own: float) -> str:
        """Return a member's figure in words, with its leverage."""
        words = f"{_per_cent(value)} of {self.names[member].as_py()}"
        leverage = float(self.leverage[member])
        return words if leverage == 1.0 else f"{words} at {leverage:g}x, {_per_cent(own)} at 1x"

    def _deviation(self, default: float) -> MoveStep:
        found = self._greatest("standard_deviation")
        lead = "moves count in standard deviations:"
        if found is None:
            self.move = self.move * default
            key = f"scenario_sets.{self.scenarios.name}.standard_deviation"
            words = f"{lead} {_per_cent(default)}, for the book gives none"
            return self._step(key, None, default, words)
        member, value, own = found
        self.move = self.move * own
        words = f"{lead} {self._of(*found)}"
        return self._step(f"{_COLUMN}standard_deviation", member, value, words)

    def _floors(self) -> Iterator[MoveStep]:
        """Yield the floors that stretch a side: the rulebook's, or the book's where it is more."""
        found = self._greatest("move_floor") if self.scenarios.is_floored_by_book else None
        of_book = found[2] if found else 0.0
        floor = np.maximum(self.floor, of_book)
        is_stretched = [self._stretch(side, float(floor[side])) for side in (0, 1)]
        by_book = [s and of_book >= f for s, f in zip(is_stretched, self.floor, strict=True)]
        if found and any(by_book):
            words = f"moves are stretched to reach {self._of(*found)}"
            yield self._step(f"{_COLUMN}move_floor", found[0], found[1], words)
        if any(s and not b for s, b in zip(is_stretched, by_book, strict=True)):
            down, up = self.floor.tolist()
            words = f"moves are stretched to reach -{_per_cent(down)} and +{_per_cent(up)}"
            key = f"scenario_sets.{self.scenarios.name}.floors"
            yield self._step(key, None, (down, up), words)

    def _stretch(self, side: int, floor: float) -> bool:
        """Stretch the moves down (0) or up (1) to a floor; say whether they fell short of it."""
        sign = (-1.0, 1.0)[side]
        reach = float(np.maximum(sign * self.move, 0.0).max())
        if not 0.0 < reach < floor:
            return False
        self.move = np.where(sign * self.move > 0.0, self.move * (floor / reach), self.move)
        return True

    def _earnings(self) -> Iterator[MoveStep]:
        if self.risk is None:
            return
        report = self.risk.next_earnings[self.member]
        last = self.as_of + np.timedelta64(self.scenarios.earnings_days, "D")
        near = np.flatnonzero((report >= self.as_of) & (report <= last))
        if not near.size:
            return
        self.move = self.move * self.scenarios.earnings_multiplier
        first = int(near[np.argmin(report[near])])
        member, day = int(self.member[first]), str(report[first])
        multiple = f"{self.scenarios.earnings_multiplier:g}"
        words = (
            f"moves are taken {multiple} times, for {self.names[member].as_py()} reports on {day}"
        )
        yield self._step(f"{_COLUMN}next_earnings", member, day, words)


def _per_cent(value: float) -> str:
    return f"{100.0 * value:.6g}%"
