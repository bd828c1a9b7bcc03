# SPDX-License-Identifier: Apache-2.0
"""Quadrature and approximations behind the exercise boundary."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtr, roots_jacobi, roots_legendre

from riskarray.array_types import F64
from riskarray.backends._numba import boundary_rule
from riskarray.backends._numba.math import exp_coarse, norm_cdf_coarse

HEADER = Path(__file__).parents[1] / "cpp" / "src" / "isa" / "boundary_rule.hpp"


@pytest.mark.parametrize(
    "name",
    [
        "node",
        "node_log",
        "point",
        "point_root",
        "point_weight",
        "price_point",
        "price_root",
        "price_weight",
    ],
)
def test_cpp_has_the_same_numbers(name: str) -> None:
    found = re.search(rf"\b{name}(?:\[\w+\])? = \{{(.*?)\}};", HEADER.read_text(), re.DOTALL)
    assert found is not None
    numbers = np.array([float(text) for text in found[1].split(",")])
    assert_allclose(numbers, getattr(boundary_rule, name.upper()), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    "name",
    [
        "n_nodes",
        "n_points",
        "n_price_points",
        "n_iterations",
        "n_yield_iterations",
        "n_steep_iterations",
    ],
)
def test_cpp_has_the_same_counts(name: str) -> None:
    found = re.search(rf"\b{name} = (\d+);", HEADER.read_text())
    assert found is not None
    assert int(found[1]) == getattr(boundary_rule, name.upper())


@pytest.mark.parametrize(("n", "a", "b"), [(5, 0.0, 0.0), (12, 1.0, 1.5), (1, 0.5, 0.25)])
def test_gauss_jacobi_is_scipys(n: int, a: float, b: float) -> None:
    nodes, weights = boundary_rule.gauss_jacobi(n, a, b)
    x, w = roots_jacobi(n, a, b) if (a, b) != (0.0, 0.0) else roots_legendre(n)
    assert_allclose(nodes, (1 + x) / 2, rtol=1e-13)
    assert_allclose(weights, w / 2 ** (a + b + 1), rtol=1e-12)


def test_weights_integrate_powers_of_time() -> None:
    y, width = boundary_rule.POINT, boundary_rule.POINT_WEIGHT
    price_y, area = boundary_rule.PRICE_POINT, boundary_rule.PRICE_WEIGHT
    for power in range(4):
        assert_allclose(np.sum(width * y**power), 2 / (power + 1), rtol=1e-4)
        assert_allclose(np.sum(area * price_y**power), 2 / (power + 2), rtol=1e-7)


def test_interpolation_is_exact_at_the_degree_of_the_nodes() -> None:
    powers = np.arange(1, boundary_rule.N_NODES + 1)
    values = boundary_rule.NODE[:, None] ** powers
    got = boundary_rule.PRICE_INTERPOLATION @ values
    assert_allclose(got, boundary_rule.PRICE_ROOT[:, None] ** powers, atol=1e-14)


def each(function: object, x: F64) -> F64:
    return np.array([function(value) for value in x])  # type: ignore[operator]


def test_coarse_exp_keeps_its_bound() -> None:
    x = np.concatenate([np.linspace(-340, 709, 20_001), np.linspace(-1, 1, 2_001)])
    assert_allclose(each(exp_coarse, x), np.exp(x), rtol=6e-11)
    assert_allclose(exp_coarse(-1e6), 0.0, atol=3e-148)


def test_coarse_normal_distribution_keeps_its_bound() -> None:
    h = np.linspace(-30, 30, 20_001)
    assert_allclose(each(norm_cdf_coarse, h), ndtr(np.sqrt(2) * h), rtol=0, atol=1e-9)
    assert np.isnan(norm_cdf_coarse(np.nan))
