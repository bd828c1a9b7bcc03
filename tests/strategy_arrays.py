"""Random groups of legs, and the kernel `strategy_requirement` on them, beside the oracle."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import strategy_oracle as oracle
from riskarray import kernels
from riskarray.array_types import AnyArray
from riskarray.backends import BackendName
from riskarray.kernel_codes import StrategyRule
from riskarray.kernels import StrategyRequirement
from strategy_oracle import Leg, Rules

__all__ = [
    "CENT",
    "Group",
    "call",
    "crowded_group",
    "kernel_arrays",
    "misses_of_the_least",
    "priced_leg",
    "random_group",
    "random_groups",
]

CENT = 0.005
Group = tuple[Sequence[Leg], Rules]


def call(groups: Sequence[Group], backend: BackendName = "native") -> StrategyRequirement:
    """The kernel on groups, each of one underlying of its own."""
    return kernels.strategy_requirement(*kernel_arrays(groups), backend=backend)


def misses_of_the_least(groups: Sequence[Group]) -> int:
    """Count the requirements of both bases above the oracle's least.

    None may be below it or above what the greedy pairing requires, and no bound above the least.
    """
    got = call(groups)
    misses = 0
    for k, (legs, rules) in enumerate(groups):
        for basis in ("initial", "maintenance"):
            required = getattr(got, f"group_{basis}")[k]
            least = oracle.least(legs, rules, basis)
            assert required >= least - CENT
            assert getattr(got, f"group_{basis}_bound")[k] <= least + CENT
            assert required <= oracle.greedy(legs, rules, basis) + CENT
            misses += required > least + CENT
    return misses


def kernel_arrays(groups: Sequence[Group]) -> tuple[AnyArray, ...]:
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
        StrategyRule.IS_PUT_COVER_ALLOWED: 1.0,
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


def priced_leg(
    right: str, quantity: float, strike: float, expiry: float, spot: float, noise: float = 1.0
) -> Leg:
    """An option whose time value falls off away from the money."""
    money = max(spot - strike, 0.0) if right == "C" else max(strike - spot, 0.0)
    time_value = 0.12 * spot * np.sqrt(expiry) * np.exp(-(((strike - spot) / spot / 0.2) ** 2))
    price = round(money + float(time_value * noise) + 0.05, 2)
    return Leg(right, quantity, strike, expiry, price)


def random_group(rng: np.random.Generator, size: int) -> tuple[list[Leg], Rules]:
    """Legs around the money on up to three expiries, now and then with stock or European."""
    spot = round(float(rng.uniform(20, 600)), 2)
    step = 5.0 if spot > 100 else 1.0
    is_european = bool(rng.random() < 0.15)
    n_expiries = int(rng.integers(1, 4))
    legs: dict[tuple[str, float, float], Leg] = {}
    if rng.random() < 0.3:
        shares = float(rng.choice([-1, 1]) * rng.choice([50, 100, 150, 200, 500, 1000]))
        legs["S", 0.0, 0.0] = Leg("S", shares)
    while len(legs) < size:
        right = str(rng.choice(["C", "P"]))
        strike = max(step, round(spot / step) * step + step * int(rng.integers(-8, 9)))
        expiry = 0.1 * int(rng.integers(1, n_expiries + 1))
        noise = float(rng.uniform(0.8, 1.2))
        quantity = float(rng.choice([-1, 1]) * rng.integers(1, 6))
        leg = priced_leg(right, quantity, strike, expiry, spot, noise)
        legs[right, strike, expiry] = replace(leg, is_european=is_european)
    return list(legs.values()), Rules(spot)


def crowded_group(rng: np.random.Generator) -> tuple[list[Leg], Rules]:
    """European synthetic shares, long and short, at each of four strikes: boxes abound."""
    legs = []
    for strike in (90.0, 95.0, 105.0, 115.0):
        time_value = round(float(rng.uniform(0.2, 2.0)), 2)
        side = rng.choice([-1, 1])
        for right, sign in (("C", side), ("P", -side)):
            price = max(100.0 - strike if right == "C" else strike - 100.0, 0.0) + time_value
            quantity = float(sign * rng.integers(1, 4))
            legs.append(Leg(right, quantity, strike, 0.1, price, is_european=True))
    return legs, Rules(100.0)


def random_groups(seed: int, count: int) -> list[tuple[list[Leg], Rules]]:
    rng = np.random.default_rng(seed)
    return [random_group(rng, int(rng.integers(2, 13))) for _ in range(count)]
