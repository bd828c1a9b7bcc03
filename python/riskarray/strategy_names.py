# SPDX-License-Identifier: Apache-2.0
"""Names strategies by their definitions."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64, I8, I32, I64, AnyArray, Bool
from riskarray.kernel_codes import StrategyCode
from riskarray.strategy_definitions import DEFINITIONS, MAX_SHAPE, SPREADS, Definition

__all__ = ["NAMES", "Legs", "Name", "definition_figures", "name_strategies", "unit_count"]

_LARGEST: Final = 7
"""Greatest number of contracts of one leg in a unit that a shape can have."""
_BITS: Final = 6
_SIZES: Final = range(2, MAX_SHAPE + 1)


class Name(NamedTuple):
    """A name that a strategy can have, and its definition."""

    name: str
    definition: Definition


class Legs(NamedTuple):
    """The legs of strategies, strategy by strategy; `offset` cuts them up."""

    offset: I64
    is_option: Bool
    right: I8
    quantity: F64
    strike: F64
    time: F64


class _Form(NamedTuple):
    """What the key of a spread's legs, evenness and expiries must be for a name."""

    key: int
    is_even: bool | None
    is_one_expiry: bool | None


def _spread_names() -> Iterator[tuple[Name, _Form | None]]:
    for definition in DEFINITIONS:
        if definition.code is StrategyCode.SPREAD:
            yield Name(definition.name, definition), None
            for shape in SPREADS:
                form = _Form(_shape_key(shape.legs), shape.is_even, shape.is_one_expiry)
                yield Name(shape.name, definition), form


def _shape_key(legs: str) -> int:
    key = 0
    for at_strike in legs.split():
        for k, leg in enumerate(at_strike.split("/")):
            is_put, is_short, ratio = leg[0] == "P", leg[1] == "-", int(leg[2:])
            key = key << _BITS | is_put << 5 | is_short << 4 | (k > 0) << 3 | ratio
    return key


_SINGLE: Final = tuple(Name(d.name, d) for d in DEFINITIONS if d.code is not StrategyCode.SPREAD)
_SPREADS: Final = tuple(_spread_names())
NAMES: Final = (*_SINGLE, *(name for name, _ in _SPREADS))
"""Every name with its definition; a name may stand for several definitions."""


def definition_figures(name: str) -> tuple[str, ...]:
    """Return the rulebook's figures that a strategy of this name may use."""
    figures = (key for known in NAMES if known.name == name for key in known.definition.figures)
    return tuple(dict.fromkeys(figures))


def name_strategies(code: I8, is_cash: Bool, legs: Legs, units: F64) -> I32:
    """Return the row of `NAMES` of each strategy.

    Parameters
    ----------
    code : ndarray of int8, shape (s,)
        `StrategyCode`.
    is_cash : ndarray of bool, shape (s,)
        Whether it stands in a cash account.
    legs : Legs
        Of all strategies.
    units : ndarray, shape (s,)
        See `unit_count`.
    """
    table = np.zeros((2, len(StrategyCode)), np.int32)
    for row, name in enumerate(NAMES):
        if row < len(_SINGLE):
            definition = name.definition
            table[int(definition.is_cash) :, definition.code] = row
    named = table[is_cash.astype(np.int64), code]
    spread = np.flatnonzero(code == StrategyCode.SPREAD)
    if len(spread):
        named[spread] = _name_spreads(spread, is_cash[spread], legs, units)
    return named


def unit_count(legs: Legs) -> F64:
    """Return how many units each strategy has: what divides the contracts of all its options.

    Shares count where there is no option; the smallest leg where contracts are not whole.
    """
    begin = legs.offset[:-1]
    if not len(begin):
        return np.zeros(0)
    amount = np.abs(legs.quantity)
    has_option = np.logical_or.reduceat(legs.is_option, begin)
    counts = np.repeat(has_option, np.diff(legs.offset)) & ~legs.is_option
    least: F64 = np.minimum.reduceat(np.where(counts, np.inf, amount), begin)
    whole = np.where(counts, 0, np.floor(amount)).astype(np.int64)
    is_whole = np.logical_and.reduceat(counts | (amount == np.floor(amount)), begin)
    return np.where(is_whole & has_option, np.gcd.reduceat(whole, begin), least)


def _name_spreads(spread: I64, is_cash: Bool, legs: Legs, units: F64) -> I32:
    """Return the rows of the names of spreads, the complex one where no shape fits."""
    half = len(_SPREADS) // 2
    named = (len(_SINGLE) + half * is_cash).astype(np.int32)
    size = np.diff(legs.offset)[spread]
    for n in _SIZES:
        chosen = np.flatnonzero(size == n)
        if len(chosen):
            rows = legs.offset[spread[chosen]][:, None] + np.arange(n)
            named[chosen] += _fit(_sorted(rows, legs), legs, units[spread[chosen]])
    return named


def _sorted(rows: I64, legs: Legs) -> I64:
    """Return the legs of each spread by strike, calls before puts, expiry."""
    strategy = np.repeat(np.arange(len(rows)), rows.shape[1])
    flat = rows.ravel()
    order = np.lexsort((legs.time[flat], -legs.right[flat], legs.strike[flat], strategy))
    return flat[order].reshape(rows.shape)


def _fit(rows: I64, legs: Legs, units: F64) -> AnyArray:
    """Return which shape fits each spread, counted from 1; 0 for none."""
    strike, quantity = legs.strike[rows], legs.quantity[rows]
    ratio = np.minimum(np.abs(quantity) / units[:, None], _LARGEST + 1)
    is_unit = ((ratio == np.floor(ratio)) & (ratio <= _LARGEST)).all(axis=1)
    is_same = np.zeros(rows.shape, np.int64)
    is_same[:, 1:] = np.diff(strike, axis=1) == 0
    digit = (
        (legs.right[rows] < 0).astype(np.int64) << 5
        | (quantity < 0).astype(np.int64) << 4
        | is_same << 3
        | np.where(is_unit[:, None], ratio, 0).astype(np.int64)
    )
    key = np.zeros(len(rows), np.int64)
    for k in range(rows.shape[1]):
        key = key << _BITS | digit[:, k]
    is_even = np.isclose(strike[:, 1] - strike[:, 0], strike[:, -1] - strike[:, -2])
    is_one_expiry = (legs.time[rows] == legs.time[rows[:, :1]]).all(axis=1)
    fit = np.zeros(len(rows), np.int32)
    for number, (_, form) in enumerate(_SPREADS[: len(_SPREADS) // 2]):
        if form is not None:
            matches = is_unit & (key == form.key)
            matches &= form.is_even is None or is_even == form.is_even
            matches &= form.is_one_expiry is None or is_one_expiry == form.is_one_expiry
            fit[matches] = number
    return fit
