"""Groups of legs as the arrays of the kernel `strategy_requirement`."""

from collections.abc import Sequence

import numpy as np

from riskarray.array_types import AnyArray
from riskarray.kernel_codes import StrategyRule
from strategy_oracle import Leg, Rules

__all__ = ["kernel_arrays"]


def kernel_arrays(groups: Sequence[tuple[Sequence[Leg], Rules]]) -> tuple[AnyArray, ...]:
    """Arguments of `strategy_requirement` for groups, each of one underlying of its own."""
    legs = [leg for group, _ in groups for leg in group]
    rules = [rule for _, rule in groups]
    sizes = [len(group) for group, _ in groups]
    of = [rule for (group, rule) in groups for _ in group]
    is_index = [any(leg.is_european for leg in group) for group, _ in groups]
    figures = {
        StrategyRule.HEDGE_RATE: 0.1,
        StrategyRule.SPREAD_RATE: 1.0,
        StrategyRule.BOX_RATE: 0.5,
        StrategyRule.IS_STRADDLE_ALLOWED: 1.0,
        StrategyRule.IS_SPREAD_ALLOWED: 1.0,
        StrategyRule.IS_SPREAD_SAME_STYLE: 1.0,
        StrategyRule.IS_HEDGE_ALLOWED: 1.0,
        StrategyRule.IS_COLLAR_SAME_EXPIRY: 1.0,
    }

    def floats(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array(values, np.float64)

    def stock(basis: str, *, is_long: bool) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        figure = [rule.stock(basis, is_long=is_long) for rule in rules]
        unit = floats([rule.spot for rule in rules]) if is_long else 1.0
        return np.array([floats(figure) / unit])

    return (
        np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]),
        np.zeros(len(groups), np.int32),
        np.arange(len(legs), dtype=np.int32),
        floats([leg.quantity for leg in legs]),
        np.array([0 if leg.is_stock else 1 for leg in legs], np.int8),
        np.repeat(np.arange(len(groups), dtype=np.int32), sizes),
        np.array([-1 if leg.right == "P" else 1 for leg in legs], np.int8),
        floats([leg.strike for leg in legs]),
        floats([leg.expiry for leg in legs]),
        np.array([1 if leg.is_european else 2 for leg in legs], np.int8),
        floats([1.0 if leg.is_stock else leg.multiplier for leg in legs]),
        floats([leg.price * leg.multiplier for leg in legs]),
        np.array(
            [
                [
                    0.0 if leg.is_stock else leg.multiplier * rule.naked(leg)
                    for leg, rule in zip(legs, of, strict=True)
                ]
            ]
        ),
        np.zeros((1, len(legs))),
        floats([rule.spot for rule in rules]),
        np.arange(len(groups), dtype=np.int32),
        np.array(is_index, np.int8),
        stock("initial", is_long=True),
        stock("maintenance", is_long=True),
        stock("initial", is_long=False),
        stock("maintenance", is_long=False),
        np.array([[figures.get(rule, 0.0) for rule in StrategyRule]]),
    )
