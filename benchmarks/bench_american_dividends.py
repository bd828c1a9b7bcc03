# SPDX-License-Identifier: Apache-2.0
"""American values with two cash dividends, one core, beside QuantLib's finite differences.

1 day to 2.5 years, volatility 5 to 300 %, strikes 40 to 250 % of the spot, half with a yield; ours
are priced at the base spot and ten points around it from one solve, the peer one value at a time at
the base. Divide the time of a round by `values`. `spot` is QuantLib's other model of dividends,
with values of its own: it shows what the grid alone takes.
"""

from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from american_dividend_reference import Case, arguments, quantlib_option, random_cases
from riskarray import kernels
from riskarray.array_types import F64
from riskarray.backends import BackendName

GROUP = "American value, two cash dividends"
SPOTS = 100.0 * np.array([1.0, 0.85, 0.88, 0.91, 0.94, 0.97, 1.03, 1.06, 1.09, 1.12, 1.15])
SIZE = {"native": 10_000, "numba": 1_000, "FD 100x100": 20}


def is_before_ex_date_only(case: Case) -> bool:
    """Whether exercise can pay on the eve of an ex-date only: no grid is needed."""
    return case.right > 0 and case.dividend_yield == 0.0 and case.rate >= 0.0


KINDS: dict[str, Callable[[Case], bool]] = {
    "mixed": lambda _: True,
    "calls without yield": is_before_ex_date_only,
    "others": lambda case: not is_before_ex_date_only(case),
}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return random_cases("main", 2 * SIZE["native"], 21)


def some(cases: list[Case], kind: str, n: int) -> list[Case]:
    kept = [case for case in cases if KINDS[kind](case)][:n]
    return (kept * (n // len(kept) + 1))[:n]


@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("backend", ["native", "numba"])
def test_riskarray(
    benchmark: BenchmarkFixture, cases: list[Case], backend: BackendName, kind: str
) -> None:
    terms = arguments(some(cases, kind, SIZE[backend]), SPOTS)
    kernels.american_value(*terms, backend=backend, threads=1)
    value: F64 = benchmark(kernels.american_value, *terms, backend=backend, threads=1)
    benchmark.extra_info["values"] = value.size
    assert np.isfinite(value).all()


@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("model", ["escrowed", "spot"])
def test_quantlib(benchmark: BenchmarkFixture, cases: list[Case], model: str) -> None:
    few = some(cases, "mixed", SIZE["FD 100x100"])
    options = [
        quantlib_option(case, SPOTS[0], nodes=100, steps=100, is_escrowed=model == "escrowed")
        for case in few
    ]

    def value_again() -> F64:
        for option in options:
            option.recalculate()
        return np.array([option.NPV() for option in options])

    value = benchmark(value_again)
    benchmark.extra_info["values"] = len(few)
    if model == "escrowed":
        ours = kernels.american_value(*arguments(few, SPOTS), threads=1)[:, 0]
        assert np.max(np.abs(value - ours)) < 1.0  # of a spot of 100: its grid is coarse
