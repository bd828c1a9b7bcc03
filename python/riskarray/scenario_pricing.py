# SPDX-License-Identifier: Apache-2.0
"""Prices the instruments of a market at all valuation points, those of one volatility at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from riskarray import kernels
from riskarray.array_types import F64, I64, Bool
from riskarray.backends import BackendName
from riskarray.market import Market
from riskarray.rulebook import Rulebook
from riskarray.valuation import future_ratio
from riskarray.volatility import OptionTerms, Volatilities

__all__ = ["Progress", "ScenarioPricing"]

Progress = Callable[[str, int, int], object]
"""Called with the name of a stage, the work done and the whole of it."""

_CHUNK: Final = 65_536
"""Instruments priced between two reports of progress."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioPricing:
    """A market and its instruments, ready for the kernel.

    Parameters
    ----------
    market : Market
        The snapshot.
    terms : OptionTerms
        Its instruments as the kernel takes them.
    held : ndarray of bool, shape (n,), optional
        Instruments that the scenario sets after the first are priced for; None for all.
    backend, threads
        Of the kernel.
    """

    market: Market
    terms: OptionTerms
    held: Bool | None
    backend: BackendName | None
    threads: int

    def risk_arrays(
        self, found: Volatilities, spot: F64, rulebook: Rulebook, report: Progress
    ) -> tuple[F64, F64]:
        """Return base (n,) and P&L (n, p), each point at the volatility of its scenario.

        The kernel takes a future for its underlying; one with a price of its own moves by the same
        fraction of that price.
        """
        needs = found.source >= 0
        today = np.where(needs, found.volatility, 0.0)
        runs = list(_runs(rulebook, is_first_apart=self.held is not None))
        rows = [self._rows(run) for run in runs]
        total = sum(len(of_run) for of_run in rows)
        done = 0
        base = np.empty(len(today))
        pnl = np.full((len(today), len(rulebook.points)), np.nan)
        for run, of_run in zip(runs, rows, strict=True):
            volatility = np.where(needs, np.maximum(today * run.scale + run.shift, 0.0), 0.0)
            spots = np.ascontiguousarray(spot[:, np.append(0, run.points + 1)])
            for part in _chunks(of_run):
                pnl[_at(part, run.points)] = self._run(run, part, spots, volatility, base)
                done += _length(part)
                report("risk arrays", done, total)
        ratio = future_ratio(self.market)
        own: I64 = np.flatnonzero(ratio != 1.0)
        base[own] *= ratio[own]
        pnl[own] *= ratio[own, None]
        return base, pnl

    def _rows(self, run: "_Run") -> range | I64:
        """Return the instruments that a run is priced for."""
        if self.held is None or run.is_first:
            return range(len(self.terms.strike))
        return np.flatnonzero(self.held)

    def _run(self, run: "_Run", part: slice | I64, spots: F64, volatility: F64, base: F64) -> F64:
        """Return the P&L of some instruments, measured from the value at today's volatility."""
        shifted, pnl = self._kernel(part, spots, volatility)
        if run.is_first:
            base[part] = shifted
        else:
            pnl += (self.market.instruments.multiplier[part] * (shifted - base[part]))[:, None]
        return pnl if run.weight is None else pnl * run.weight

    def _kernel(self, part: slice | I64, spot: F64, volatility: F64) -> tuple[F64, F64]:
        terms, dividends = self.terms, self.market.dividends
        return kernels.risk_arrays(
            spot,
            terms.model[part],
            terms.underlying[part],
            terms.right[part],
            terms.strike[part],
            volatility[part],
            terms.rate[part],
            terms.dividend_yield[part],
            terms.time_to_expiry[part],
            self.market.instruments.multiplier[part],
            dividends.offset,
            dividends.time,
            dividends.amount,
            backend=self.backend,
            threads=self.threads,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Run:
    """Valuation points that share one change of volatility."""

    scale: float
    shift: float
    points: I64
    weight: F64 | None  # None: all of the P&L counts
    is_first: bool  # at today's volatility, and priced for all instruments


def _runs(rulebook: Rulebook, *, is_first_apart: bool) -> Iterator[_Run]:
    """Yield the points by change of volatility, those at today's first, even if there are none.

    With `is_first_apart`, points of later sets stand in runs of their own.
    """
    changes: dict[tuple[float, float, bool], list[int]] = {(1.0, 0.0, False): []}
    for number, scenarios in enumerate(rulebook.scenario_sets):
        is_apart = is_first_apart and number > 0
        pairs = zip(scenarios.volatility_scale, scenarios.volatility_shift, strict=True)
        for point, (scale, shift) in enumerate(pairs, start=scenarios.begin):
            changes.setdefault((scale, shift, is_apart), []).append(point)
    weight = np.array([w for scenarios in rulebook.scenario_sets for w in scenarios.pnl_weight])
    for number, ((scale, shift, _), points) in enumerate(changes.items()):
        row = np.array(points, np.int64)
        yield _Run(
            scale=scale,
            shift=shift,
            points=row,
            weight=weight[row] if (weight[row] != 1.0).any() else None,
            is_first=number == 0,
        )


def _chunks(rows: range | I64) -> Iterator[slice | I64]:
    """Yield rows many at a time: slices where all instruments are meant, else their numbers."""
    for begin in range(0, len(rows), _CHUNK):
        end = min(begin + _CHUNK, len(rows))
        yield slice(begin, end) if isinstance(rows, range) else rows[begin:end]


def _at(part: slice | I64, points: I64) -> tuple[Any, I64]:
    """Return the index of some instruments at some points."""
    return (part if isinstance(part, slice) else part[:, None], points)


def _length(part: slice | I64) -> int:
    return part.stop - part.start if isinstance(part, slice) else len(part)
