"""The legs of a group put into canonical order.

The twin of cpp/src/isa/strategy_order.hpp, which counts places in lanes where this sorts.
"""

from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_legs import Terms, restore_order, set_leg
from riskarray.backends._numba.strategy_program import N_LEGS, Workspace

__all__ = ["gather_legs", "take_legs"]


@jit_part
def gather_legs(w: Workspace, terms: Terms, regime: int, count: int) -> None:
    """Put the legs of some positions, and their canonical order, into the workspace."""
    for i in range(count):
        set_leg(w.gathered, i, terms, regime, w.instrument[i], w.quantity[i])
        w.order[i] = i
    restore_order(w.gathered, w.order[:count])


@jit_part
def take_legs(w: Workspace, legs: int, begin: int, count: int) -> None:
    """Put gathered legs in canonical order at the end of those that are solved together."""
    for i in range(count):
        w.legs[legs + i] = w.gathered[w.order[begin + i]]
    w.counts[N_LEGS] = legs + count
