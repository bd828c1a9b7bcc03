"""Strategies and their legs as rows of the output; the twin of cpp/src/isa/strategy_output.hpp."""

from typing import Final, NamedTuple

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_legs import INITIAL, MAINTENANCE, Legs

__all__ = ["Result", "Writer", "add_leg", "begin_strategy"]

LONG_STOCK: Final = 0
SHORT_STOCK: Final = 1
COVERED_CALL: Final = 2
COVERED_PUT: Final = 3
PROTECTIVE_PUT: Final = 4
PROTECTIVE_CALL: Final = 5
COLLARED: Final = 6
CONVERSION: Final = 7
REVERSE_CONVERSION: Final = 8
SPREADS: Final = 9
LONG_BOX: Final = 10
SHORT_STRADDLE: Final = 11
UNCOVERED_CALL: Final = 12
UNCOVERED_PUT: Final = 13
LONG_OPTION: Final = 14
FUTURES: Final = 15

# State of a writer.
FIRST_STRATEGY: Final = 0
STRATEGY_ROOM: Final = 1
FIRST_LEG: Final = 2
LEG_ROOM: Final = 3
STRATEGIES: Final = 4
LEGS: Final = 5
BASIS: Final = 6


class Result(NamedTuple):
    """Outputs, as in the contract."""

    group_initial: F64
    group_maintenance: F64
    group_initial_bound: F64
    group_maintenance_bound: F64
    strategy_count: I32
    leg_count: I32
    strategy_code: I8
    strategy_basis: I8
    strategy_initial: F64
    strategy_maintenance: F64
    strategy_legs: I32
    leg_instrument: I32
    leg_quantity: F64


class Writer(NamedTuple):
    """Writes the strategies of one group and adds them up."""

    result: Result
    state: I64
    total: F64


@jit_part
def begin_strategy(out: Writer, code: int, initial: float, maintenance: float) -> None:
    """Begin a strategy."""
    state, result = out.state, out.result
    if state[BASIS] & 1:
        out.total[INITIAL] += initial
    if state[BASIS] & 2:
        out.total[MAINTENANCE] += maintenance
    at = state[STRATEGIES]
    state[STRATEGIES] = at + 1
    if at < state[STRATEGY_ROOM]:
        k = state[FIRST_STRATEGY] + at
        result.strategy_code[k] = code
        result.strategy_basis[k] = state[BASIS]
        result.strategy_initial[k] = initial
        result.strategy_maintenance[k] = maintenance
        result.strategy_legs[k] = 0


@jit_part
def add_leg(out: Writer, legs: Legs, i: int, quantity: float) -> None:
    """Add a leg to the strategy that was begun last."""
    state, result = out.state, out.result
    at = state[LEGS]
    state[LEGS] = at + 1
    if at < state[LEG_ROOM]:
        k = state[FIRST_LEG] + at
        result.leg_instrument[k] = legs[i]["instrument"]
        result.leg_quantity[k] = quantity if legs[i]["is_long"] else -quantity
    strategy = state[STRATEGIES] - 1
    if strategy < state[STRATEGY_ROOM]:
        result.strategy_legs[state[FIRST_STRATEGY] + strategy] += 1
