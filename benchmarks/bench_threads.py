# SPDX-License-Identifier: Apache-2.0
"""The same work on one thread and on two; meaningless beside other work on the same processor."""

from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from riskarray import kernels
from riskarray.array_types import F64, AnyArray
from riskarray.kernel_codes import Model

N_SERIES = 60_000
N_UNDERLYINGS = 600
SPOTS = np.array([1.0, 0.85, 0.88, 0.91, 0.94, 0.97, 1.03, 1.06, 1.09, 1.12, 1.15])
Terms = tuple[AnyArray, ...]


def chains(n_dividends: int) -> Terms:
    """Arguments of the pricing kernels: option chains, half of the underlyings with a yield."""
    rng = np.random.default_rng(5)
    base = rng.uniform(20.0, 500.0, N_UNDERLYINGS)
    underlying = np.sort(rng.integers(0, N_UNDERLYINGS, N_SERIES)).astype(np.int32)
    dividend_yield = np.where(rng.random(N_UNDERLYINGS) < 0.5, 0.0, 0.03)
    return (
        base[:, None] * SPOTS,
        underlying,
        rng.choice([-1, 1], N_SERIES).astype(np.int8),
        base[underlying] * rng.uniform(0.6, 1.6, N_SERIES),
        rng.uniform(0.1, 1.0, N_SERIES),
        np.full(N_SERIES, 0.04),
        dividend_yield[underlying],
        rng.integers(100, 731, N_SERIES) / 365,
        np.arange(N_UNDERLYINGS + 1, dtype=np.int64) * n_dividends,
        np.tile(np.array([40.0, 131.0])[:n_dividends] / 365, N_UNDERLYINGS),
        np.repeat(0.005 * base, n_dividends),
    )


def european(terms: Terms, threads: int) -> F64:
    return kernels.european_value(*terms, threads=threads)


def american(terms: Terms, threads: int) -> F64:
    return kernels.american_value(*terms, threads=threads)


def implied_volatility(terms: Terms, threads: int) -> F64:
    """Of prices a twelfth of the spot above exercise."""
    spot, underlying, right, strike, _, *rest = terms
    model = np.full(N_SERIES, Model.AMERICAN, dtype=np.int8)
    base = np.ascontiguousarray(spot[:, :1])
    at_series = base[underlying, 0]
    price = 0.08 * at_series + np.maximum(right * (at_series - strike), 0.0)
    volatility, _ = kernels.implied_volatility(
        price, model, base, underlying, right, strike, *rest, threads=threads
    )
    return volatility


WORK: dict[str, tuple[Callable[[Terms, int], F64], int]] = {
    "European": (european, 0),
    "American": (american, 0),
    "American, two cash dividends": (american, 2),
    "implied volatility": (implied_volatility, 0),
}
"""What is timed, and the number of cash dividends."""


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", list(WORK))
def test_threads(benchmark: BenchmarkFixture, name: str, threads: int) -> None:
    work, n_dividends = WORK[name]
    terms = chains(n_dividends)
    benchmark.group = f"threads: {name}"
    benchmark.extra_info["series"] = N_SERIES
    on_one = work(terms, 1)
    np.testing.assert_array_equal(benchmark(work, terms, threads), on_one)
    assert np.isfinite(on_one).mean() > 0.99
