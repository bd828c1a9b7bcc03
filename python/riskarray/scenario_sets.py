# SPDX-License-Identifier: Apache-2.0
"""Scenario sets: runs of valuation points, and what happens to prices and volatility at them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from riskarray.rulebook_schema import Figure, RulebookFile, ScenarioSetTable

__all__ = ["ScenarioSet", "resolved_sets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSet:
    """A run of valuation points, the greatest of which is one requirement.

    Attributes
    ----------
    name, title : str
        Its key and its name in words.
    begin, end : int
        The points `begin` up to, not including, `end` of the whole list.
    volatility_scale, volatility_shift : tuple of float
        At each point of the set, volatility becomes `volatility * scale + shift`.
    pnl_weight : tuple of float
        Fraction of the P&L that counts at each point.
    standard_deviation : float or None
        None: moves are fractions of the price. Else they are multiples of the underlying's standard
        deviation, and this is what stands for one that the book does not give.
    floors : mapping of str to (float, float)
        Least reach of the furthest points down and up, by class group or symbol
        (`riskarray.class_floors`).
    is_floored_by_book : bool
        Whether the book's `move_floor` is such a reach, both down and up.
    earnings_multiplier : float
        What moves are multiplied by when earnings are due within `earnings_days`.
    earnings_days : int
        Calendar days from the snapshot; -1 when earnings change nothing.
    """

    name: str
    title: str
    begin: int
    end: int
    volatility_scale: tuple[float, ...]
    volatility_shift: tuple[float, ...]
    pnl_weight: tuple[float, ...]
    standard_deviation: float | None
    floors: Mapping[str, tuple[float, float]]
    is_floored_by_book: bool
    earnings_multiplier: float
    earnings_days: int

    @property
    def is_plain(self) -> bool:
        """Whether its moves are those of the stress table, whatever the class group."""
        return (
            self.standard_deviation is None
            and not self.floors
            and not self.is_floored_by_book
            and self.earnings_days < 0
        )

    def labels(self, moves: Sequence[float]) -> tuple[str, ...]:
        """Return some moves at its points as text, with what else happens there."""
        unit = "%" if self.standard_deviation is None else " sd"
        factor = 100.0 if self.standard_deviation is None else 1.0
        return tuple(
            _label(factor * move, unit) + suffix
            for move, suffix in zip(moves, self._suffixes(), strict=True)
        )

    def percent_labels(self, moves: Sequence[float]) -> tuple[str, ...]:
        """Return moves that are fractions of the price, whatever the unit of the set's own."""
        return tuple(
            _label(100.0 * move, "%") + suffix
            for move, suffix in zip(moves, self._suffixes(), strict=True)
        )

    def _suffixes(self) -> Iterator[str]:
        rows = (self.volatility_scale, self.volatility_shift, self.pnl_weight)
        for scale, shift, weight in zip(*rows, strict=True):
            parts = [
                f" vol {100.0 * (scale - 1.0):+.6g}%" if scale != 1.0 else "",
                f" vol {100.0 * shift:+.6g}pt" if shift != 0.0 else "",
                f" at {100.0 * weight:.6g}%" if weight != 1.0 else "",
            ]
            yield "".join(parts)


def _label(value: float, unit: str) -> str:
    return f"0{unit}" if value == 0.0 else f"{value:+.6g}{unit}"


def resolved_sets(file: RulebookFile) -> Iterator[ScenarioSet]:
    """Yield the scenario sets of a checked file, their points one after the other."""
    begin = 0
    for name, table in file.scenario_sets.items():
        n_points = len(next(iter(table.moves.values())).value)
        yield _resolved(name, table, begin, begin + n_points)
        begin += n_points


def _resolved(name: str, table: ScenarioSetTable, begin: int, end: int) -> ScenarioSet:
    n_points = end - begin
    has_deviation = table.move_unit is not None and table.move_unit.value == "standard_deviation"
    deviation = table.standard_deviation.value if table.standard_deviation else None
    return ScenarioSet(
        name=name,
        title=table.title,
        begin=begin,
        end=end,
        volatility_scale=_per_point(table.volatility_scale, n_points, 1.0),
        volatility_shift=_per_point(table.volatility_shift, n_points, 0.0),
        pnl_weight=_per_point(table.pnl_weight, n_points, 1.0),
        standard_deviation=deviation if has_deviation else None,
        floors=MappingProxyType({key: figure.value for key, figure in table.floors.items()}),
        is_floored_by_book=table.is_floored_by_book is not None and table.is_floored_by_book.value,
        earnings_multiplier=table.earnings_multiplier.value if table.earnings_multiplier else 1.0,
        earnings_days=table.earnings_days.value if table.earnings_days else -1,
    )


def _per_point(
    figure: Figure[tuple[float, ...]] | None, n_points: int, default: float
) -> tuple[float, ...]:
    if figure is None:
        return (default,) * n_points
    return figure.value * n_points if len(figure.value) == 1 else figure.value
