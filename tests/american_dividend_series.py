"""American series with cash dividends for tests: values by case, references, certain values."""

from dataclasses import replace
from functools import cache

import numpy as np

from american_dividend_reference import SPOTS, Case, arguments, read_references
from riskarray import kernels
from riskarray.array_types import F64
from riskarray.backends import BackendName

__all__ = ["ELEVEN", "GROUPS", "american", "best_certain_value", "european", "references", "usual"]

ELEVEN = 100.0 * np.linspace(0.85, 1.15, 11)
GROUPS = ["main", "short", "many", "two_boundaries", "volatile", "low"]


def american(
    cases: list[Case], spots: F64 = SPOTS, backend: BackendName | None = None, threads: int = 1
) -> F64:
    """American values at spots (s), a row for each case."""
    return kernels.american_value(*arguments(cases, spots), backend=backend, threads=threads)


def european(cases: list[Case], spots: F64 = SPOTS, backend: BackendName | None = None) -> F64:
    """European values at spots (s), a row for each case."""
    return kernels.european_value(*arguments(cases, spots), backend=backend, threads=1)


@cache
def references(group: str) -> tuple[list[Case], F64, F64]:
    """Cases of a group, their values at `SPOTS` and QuantLib's at the middle one."""
    cases, value, quantlib = read_references()
    rows = [i for i, case in enumerate(cases) if case.group == group]
    return [cases[i] for i in rows], value[rows], quantlib[rows]


def usual(**terms: object) -> Case:
    """A put at the money on a quarterly payer, unless said otherwise."""
    case = Case(
        group="usual",
        right=-1,
        strike=100.0,
        volatility=0.25,
        rate=0.04,
        dividend_yield=0.0,
        days=300,
        ex_days=(40, 131, 222),
        amounts=(0.8, 0.8, 0.8),
    )
    return replace(case, **terms)  # type: ignore[arg-type]  # by name


def best_certain_value(case: Case, spots: F64) -> F64:
    """Greatest discounted exercise value over a fine grid of times, both sides of ex-dates."""
    time = np.linspace(0, case.days / 365, 20_001)
    ex_time = np.array(case.ex_days) / 365
    growth = case.rate - case.dividend_yield
    present = np.array(case.amounts) * np.exp(-growth * ex_time)
    best = np.zeros_like(spots)
    for at in (time, ex_time, np.nextafter(ex_time, 10.0)):
        to_come = (present * (ex_time >= at[:, None])).sum(axis=1)
        escrowed = np.maximum(spots - present.sum(), 0.0)
        full = (escrowed[:, None] + to_come) * np.exp(-case.dividend_yield * at)
        payoff = case.right * (full - case.strike * np.exp(-case.rate * at))
        best = np.maximum(best, payoff.max(axis=1))
    return np.maximum(best, case.right * (spots - case.strike))
