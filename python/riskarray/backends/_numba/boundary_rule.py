"""Nodes and quadrature of american_boundary; the twin of cpp/src/isa/boundary_rule.hpp.

The numbers there are those computed here.
"""

from math import gamma
from typing import Final

import numpy as np

from riskarray.array_types import F64

__all__ = [
    "NODE",
    "NODE_LOG",
    "N_ITERATIONS",
    "N_NODES",
    "N_POINTS",
    "N_PRICE_POINTS",
    "N_STEEP_ITERATIONS",
    "N_YIELD_ITERATIONS",
    "POINT",
    "POINT_ROOT",
    "POINT_WEIGHT",
    "PRICE_INTERPOLATION",
    "PRICE_POINT",
    "PRICE_ROOT",
    "PRICE_WEIGHT",
    "SOLVE_INTERPOLATION",
]

N_NODES: Final = 7
N_POINTS: Final = 6
N_PRICE_POINTS: Final = 14
N_ITERATIONS: Final = 4  # of fixed point A without a yield
N_YIELD_ITERATIONS: Final = 5  # of fixed point A with a yield
N_STEEP_ITERATIONS: Final = 10  # of fixed point B
PRICE_POWER: Final = 1.25


def gauss_jacobi(n: int, a: float, b: float) -> tuple[F64, F64]:
    """Nodes and weights on (0, 1) for the weight ``(1 - t)^a t^b`` (Golub and Welsch 1969)."""
    k = np.arange(1.0, n)
    s = 2 * k + a + b
    diagonal = np.append((b - a) / (a + b + 2), (b * b - a * a) / (s * (s + 2)))
    square = 4 * k * (k + a) * (k + b) * (k + a + b) / (s * s * (s * s - 1))
    if n > 1:  # the factor k + a + b cancels s - 1 where both vanish
        square[0] = 4 * (1 + a) * (1 + b) / ((2 + a + b) ** 2 * (3 + a + b))
    matrix = np.diag(diagonal) + np.diag(np.sqrt(square), 1) + np.diag(np.sqrt(square), -1)
    x, vectors = np.linalg.eigh(matrix)
    total = gamma(a + 1) * gamma(b + 1) / gamma(a + b + 2)
    return (1 + x) / 2, total * vectors[0] ** 2


def angle_rule(n: int, power: float, a: float, b: float) -> tuple[F64, F64, F64]:
    """Points sin h, their cos h and weights of d(sin h), with h = pi/2 t^power on (0, pi/2)."""
    t, weight = gauss_jacobi(n, a, b)
    h = np.pi / 2 * t**power
    slope = np.pi / 2 * power * t ** (power - 1) * np.cos(h)
    return np.sin(h), np.cos(h), weight / ((1 - t) ** a * t**b) * slope


def interpolation_weights(root: float) -> F64:
    """Weights of the values at the nodes, with 0 at time 0 (Berrut and Trefethen 2004, eq. 5.4)."""
    nodes = np.append(NODE, 0.0)
    term = np.where(np.arange(nodes.size) % 2 == 0, 1.0, -1.0) / (root - nodes)
    term[[0, -1]] *= 0.5
    weights: F64 = term[:-1] / term.sum()
    return weights


NODE: Final[F64] = (1 + np.cos(np.pi * np.arange(N_NODES) / N_NODES)) / 2
NODE_LOG: Final[F64] = np.log(NODE)
POINT, POINT_ROOT, _POINT_LENGTH = angle_rule(N_POINTS, 1.0, 0.0, 0.0)
POINT_WEIGHT: Final[F64] = 2 * _POINT_LENGTH
PRICE_POINT, PRICE_ROOT, _PRICE_LENGTH = angle_rule(
    N_PRICE_POINTS, PRICE_POWER, 1.0, 2 * PRICE_POWER - 1
)
PRICE_WEIGHT: Final[F64] = 2 * PRICE_POINT * _PRICE_LENGTH
SOLVE_INTERPOLATION: Final[F64] = np.array(
    [[interpolation_weights(node * root) for root in POINT_ROOT] for node in NODE]
)
PRICE_INTERPOLATION: Final[F64] = np.array([interpolation_weights(root) for root in PRICE_ROOT])
