# SPDX-License-Identifier: Apache-2.0
"""European values at eleven spots, one core, beside the formula in NumPy and `scipy.special.ndtr`.

Divide the time of a round by `values`.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.special import ndtr

from riskarray import kernels
from riskarray.array_types import F64, I8, I32
from riskarray.backends import BackendName

N_SERIES = 100_000  # a tenth of the listed series
N_UNDERLYINGS = 1_000
N_SPOTS = 11  # today's and ten valuation points


@dataclass(frozen=True, kw_only=True)
class Chains:
    """Option chains, the series of an underlying side by side."""

    spot: F64
    underlying: I32
    right: I8
    strike: F64
    volatility: F64
    rate: F64
    dividend_yield: F64
    time_to_expiry: F64


@pytest.fixture(scope="module")
def chains() -> Chains:
    rng = np.random.default_rng(11)
    base = rng.uniform(20.0, 500.0, N_UNDERLYINGS)
    underlying = np.sort(rng.integers(0, N_UNDERLYINGS, N_SERIES)).astype(np.int32)
    return Chains(
        spot=base[:, None] * np.append(1.0, np.linspace(0.85, 1.15, N_SPOTS - 1)),
        underlying=underlying,
        right=rng.choice([-1, 1], N_SERIES).astype(np.int8),
        strike=base[underlying] * rng.uniform(0.4, 2.5, N_SERIES),
        volatility=rng.uniform(0.05, 3.0, N_SERIES),
        rate=rng.uniform(-0.01, 0.08, N_SERIES),
        dividend_yield=rng.uniform(0.0, 0.12, N_SERIES),
        time_to_expiry=rng.uniform(1 / 365, 2.5, N_SERIES),
    )


def value(chains: Chains, backend: BackendName) -> F64:
    none = np.zeros(0)
    return kernels.european_value(
        chains.spot,
        chains.underlying,
        chains.right,
        chains.strike,
        chains.volatility,
        chains.rate,
        chains.dividend_yield,
        chains.time_to_expiry,
        np.zeros(N_UNDERLYINGS + 1, np.int64),
        none,
        none,
        backend=backend,
        threads=1,
    )


def formula(chains: Chains) -> F64:
    spot, sign = chains.spot[chains.underlying], chains.right[:, None]
    time = chains.time_to_expiry
    deviation = (chains.volatility * np.sqrt(time))[:, None]
    carry = ((chains.rate - chains.dividend_yield) * time)[:, None]
    d1 = (np.log(spot / chains.strike[:, None]) + carry) / deviation + 0.5 * deviation
    forward = spot * np.exp(-chains.dividend_yield * time)[:, None] * ndtr(sign * d1)
    strike = (chains.strike * np.exp(-chains.rate * time))[:, None]
    result: F64 = sign * (forward - strike * ndtr(sign * (d1 - deviation)))
    return result


@pytest.mark.benchmark(group="European values")
@pytest.mark.parametrize("backend", ["native", "numba"])
def test_riskarray(benchmark: BenchmarkFixture, chains: Chains, backend: BackendName) -> None:
    value(chains, backend)
    got = benchmark(value, chains, backend)
    benchmark.extra_info["values"] = N_SERIES * N_SPOTS
    error = np.abs(got - formula(chains)) / chains.spot[chains.underlying]
    assert error.max() <= 1e-12


@pytest.mark.benchmark(group="European values")
def test_numpy_formula(benchmark: BenchmarkFixture, chains: Chains) -> None:
    got = benchmark(formula, chains)
    benchmark.extra_info["values"] = N_SERIES * N_SPOTS
    assert got.shape == (N_SERIES, N_SPOTS)
