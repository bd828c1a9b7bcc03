# SPDX-License-Identifier: Apache-2.0
"""American options whose dividends are worth as much as the spot, or more."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from riskarray import kernels
from riskarray.array_types import F64
from riskarray.backends import BackendName

STRIKE = 510.0
SPOTS = np.append(np.linspace(0.0, 1200.0, 61), 600.0)[None]


def values(backend: BackendName, right: int, amount: float) -> F64:
    """One series with one dividend in two weeks and a month to go, at many spots."""
    one = np.ones(1)
    at_spots = kernels.american_value(
        SPOTS,
        np.zeros(1, np.int32),
        np.array([right], np.int8),
        STRIKE * one,
        0.3 * one,
        0.04 * one,
        0.0 * one,
        30 / 365 * one,
        np.array([0, 1]),
        np.array([14 / 365]),
        np.array([amount]),
        backend=backend,
    )
    result: F64 = at_spots[0]
    return result


@pytest.mark.parametrize("amount", [250.0, 510.0, 600.0, 5_000.0])
def test_a_call_is_worth_no_more_than_the_stock(backend: BackendName, amount: float) -> None:
    value, spot = values(backend, 1, amount), SPOTS[0]
    assert np.all(value <= spot)
    assert np.all(value >= np.maximum(spot - STRIKE, 0.0))
    order = np.argsort(spot)
    rise = np.diff(value[order])
    assert np.all(rise >= -1e-9)
    assert np.all(rise <= np.diff(spot[order]) + 1e-4 * spot[order][1:])  # the grid's bound


@pytest.mark.parametrize("amount", [250.0, 510.0, 600.0, 5_000.0])
def test_a_put_is_worth_exercise_and_no_more_than_the_strike(
    backend: BackendName, amount: float
) -> None:
    value, spot = values(backend, -1, amount), SPOTS[0]
    assert np.all(value >= np.maximum(STRIKE - spot, 0.0))
    assert np.all(value <= STRIKE)
    assert np.all(np.diff(value[np.argsort(spot)]) <= 1e-9)


def test_a_call_below_its_dividends_is_worth_exercise_now(backend: BackendName) -> None:
    """Dividends of 5,000 leave nothing after the ex-date: exercise is now or just before it."""
    value, spot = values(backend, 1, 5_000.0), SPOTS[0]
    wait = np.maximum(spot - STRIKE * np.exp(-0.04 * 14 / 365), 0.0)
    assert_allclose(value, wait, atol=1e-6 * STRIKE)
