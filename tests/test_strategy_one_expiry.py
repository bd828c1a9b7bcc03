# SPDX-License-Identifier: Apache-2.0
"""Options of one expiry, most of which need no program, beside the same ones with a program."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from riskarray import kernels
from riskarray.backends import BackendName
from riskarray.contract import kernel
from riskarray.kernel_codes import StrategyCode
from riskarray.kernels import StrategyRequirement
from strategy_arrays import CENT, Group, call, kernel_arrays
from strategy_oracle import Leg, Rules

EXPIRY = 0.1
MakeGroup = Callable[[np.random.Generator], Group]
FIRST_OUT = Leg("P", 1.0, 1.0, EXPIRY / 2, 0.01)
"""A long option that expires before all others covers none of them, and needs nothing itself."""


def option(right: str, quantity: float, strike: float, price: float) -> Leg:
    return Leg(right, quantity, strike, EXPIRY, price)


def random_group(rng: np.random.Generator) -> Group:
    """Two to 24 options around the money; whole contracts, few or many, or parts of contracts."""
    spot = round(float(rng.uniform(20, 600)), 2)
    step = 5.0 if spot > 100 else 1.0
    most, lot = ((5, 1.0), (300, 1.0), (20, 0.25))[rng.choice(3, p=[0.7, 0.15, 0.15])]
    multiplier = float(rng.choice([100.0, 150.0, 10.0]))
    is_european = bool(rng.random() < 0.2)
    legs: dict[tuple[str, float], Leg] = {}
    size = int(rng.integers(2, 25))
    while len(legs) < size:
        right = str(rng.choice(["C", "P"]))
        strike = max(step, round(spot / step) * step + step * int(rng.integers(-10, 11)))
        money = max(spot - strike, 0.0) if right == "C" else max(strike - spot, 0.0)
        time_value = 0.04 * spot * np.exp(-(((strike - spot) / spot / 0.2) ** 2))
        price = round(money + float(time_value * rng.uniform(0.8, 1.2)) + 0.05, 2)
        quantity = float(rng.choice([-1, 1]) * rng.integers(1, most + 1)) * lot
        legs[right, strike] = Leg(right, quantity, strike, EXPIRY, price, is_european, multiplier)
    return list(legs.values()), Rules(spot)


def iron_condors(rng: np.random.Generator) -> Group:
    """Up to five around the money, as wide on both sides: what they lose at both ends is equal."""
    spot = round(float(rng.uniform(20, 300)), 2)
    middle, step = round(spot), max(1.0, round(spot / 25))
    legs = []
    for k in range(int(rng.integers(1, 6))):
        quantity = float(rng.integers(1, 6))
        for right, sign in (("C", 1.0), ("P", -1.0)):
            away = (2 * k + 1) * step
            legs.append(option(right, -quantity, middle + sign * away, 1.0))
            legs.append(option(right, quantity, middle + sign * (away + step), 0.5))
    return legs, Rules(spot)


@pytest.mark.parametrize("make", [random_group, iron_condors])
def test_what_needs_no_program_needs_the_same_with_one(make: MakeGroup) -> None:
    rng = np.random.default_rng(31)
    groups = [make(rng) for _ in range(2000)]
    got = call(groups)
    other = call([([*legs, FIRST_OUT], rules) for legs, rules in groups])
    for basis in ("initial", "maintenance"):
        required, bound = (getattr(got, f"group_{basis}{end}") for end in ("", "_bound"))
        by_program, least = (getattr(other, f"group_{basis}{end}") for end in ("", "_bound"))
        assert np.all(bound <= by_program + CENT)
        assert np.all(least <= required + CENT)
        is_proved = (required - bound < CENT) & (by_program - least < CENT)
        assert np.count_nonzero(is_proved) > 0.99 * len(groups)
        np.testing.assert_allclose(required[is_proved], by_program[is_proved], atol=CENT)


def required(legs: list[Leg], backend: BackendName) -> tuple[float, list[int]]:
    """Maintenance, proved least, and the codes of the strategies, in order."""
    got = call([(legs, Rules(100.0))], backend)
    assert got.group_maintenance_bound[0] == got.group_maintenance[0]
    return float(got.group_maintenance[0]), sorted(got.strategy_code.tolist())


def test_a_spread_wider_than_the_uncovered_call_is_left(backend: BackendName) -> None:
    # Spread: 200 - 100 of 100. Uncovered: 4 + 20 of 100.
    legs = [option("C", -1.0, 100.0, 4.0), option("C", 1.0, 200.0, 0.05)]
    need, codes = required(legs, backend)
    assert need == pytest.approx(2400.0)
    assert codes == sorted([StrategyCode.UNCOVERED_CALL, StrategyCode.LONG_OPTION])


def test_the_uncovered_call_carries_a_put_where_its_spread_needs_more(
    backend: BackendName,
) -> None:
    calls = [option("C", -1.0, 100.0, 4.0), option("C", 1.0, 200.0, 0.05)]
    # The put spread loses 5 of 100; the put is worth 3, and uncovered needs 3 + 15, less than 24.
    need, codes = required(
        [*calls, option("P", -1.0, 95.0, 3.0), option("P", 1.0, 90.0, 1.0)], backend
    )
    assert need == pytest.approx(2400.0 + 300.0)
    assert codes == sorted([StrategyCode.SHORT_STRADDLE, *[StrategyCode.LONG_OPTION] * 2])
    # Worth 6 it needs 6 + 15 uncovered, but more beside the call than in the spread.
    need, codes = required(
        [*calls, option("P", -1.0, 95.0, 6.0), option("P", 1.0, 90.0, 1.0)], backend
    )
    assert need == pytest.approx(2400.0 + 500.0)
    uncovered = [StrategyCode.UNCOVERED_CALL, StrategyCode.LONG_OPTION]
    assert codes == sorted([*uncovered, StrategyCode.SPREAD])


def test_only_as_many_puts_are_carried_as_there_are_calls(backend: BackendName) -> None:
    # Three puts worth 3, need 18 each; two calls need 24 each: 2 x 24 + 2 x 3 + 18 of 100.
    legs = [option("C", -2.0, 100.0, 4.0), option("P", -3.0, 95.0, 3.0)]
    assert required(legs, backend)[0] == pytest.approx(7200.0)


@pytest.mark.parametrize("right", ["C", "P"])
def test_of_more_long_options_than_short_ones_the_nearest_stand_in_the_spread(
    right: str, backend: BackendName
) -> None:
    away = 1.0 if right == "C" else -1.0
    bought = [option(right, 1.0, 100.0 + away * strikes, 0.5) for strikes in (20, 5, 10)]
    need, codes = required([option(right, -1.0, 100.0, 4.0), *bought], backend)
    assert need == pytest.approx(500.0)
    assert codes == sorted([StrategyCode.SPREAD, *[StrategyCode.LONG_OPTION] * 2])


def test_nothing_is_lost_by_spreads_on_the_right_side(backend: BackendName) -> None:
    # Bull call and bear put spread: debits. The second short call is uncovered: 1 + 20 - 10.
    legs = [
        option("C", 1.0, 100.0, 4.0),
        option("C", -2.0, 110.0, 1.0),
        option("P", 1.0, 100.0, 4.0),
        option("P", -1.0, 90.0, 1.0),
    ]
    assert required(legs, backend)[0] == pytest.approx(1100.0)
    assert required([*legs, FIRST_OUT], backend)[0] == pytest.approx(1100.0)


def test_two_iron_condors_lose_as_much_on_both_sides(backend: BackendName) -> None:
    # 5 + 5 of 100 at either end. If the loss counted at 70 alone, the inner short put (uncovered
    # 1 + 20 - 5) would stand apart from the outer long one, as the two lose 95 - 70 there.
    legs = [
        option(right, quantity, 100.0 + sign * away, 1.0)
        for right, sign in (("C", 1.0), ("P", -1.0))
        for away, quantity in ((5.0, -1.0), (10.0, 1.0), (25.0, -1.0), (30.0, 1.0))
    ]
    assert required(legs, backend)[0] == pytest.approx(1000.0)


def call_with_needs(
    legs: Sequence[Leg], uncovered: Sequence[float], backend: BackendName
) -> StrategyRequirement:
    """The kernel on one group whose short options require what is given, USD a contract."""
    names = [argument.name for argument in kernel("strategy_requirement").inputs]
    arrays = dict(zip(names, kernel_arrays([(legs, Rules(100.0))]), strict=True))
    arrays["uncovered"] = np.array([uncovered])
    return kernels.strategy_requirement(*arrays.values(), backend=backend)


def test_sides_that_differ_by_the_last_bit_of_their_requirement_lose_no_leg(
    backend: BackendName,
) -> None:
    # The put requires more, by the last bit; the call, which is worth more, is carried: 400.
    legs = [option("C", -1.0, 105.0, 4.0), option("P", -1.0, 97.0, 2.0)]
    needs = (3838.77, float(np.nextafter(3838.77, np.inf)), 0.0)
    got = call_with_needs([*legs, option("C", 1.0, 1000.0, 0.01)], needs, backend)
    assert got.group_maintenance[0] == pytest.approx(4238.77)
    assert sorted(got.leg_instrument.tolist()) == [0, 1, 2]


def test_options_that_need_less_uncovered_than_they_are_worth_stand_apart(
    backend: BackendName,
) -> None:
    # No rule charges so little, 72.14 for a put worth 106.63; beside the call it would count that.
    legs = [Leg("P", -1.0, 273.0, EXPIRY, 106.63, multiplier=1.0)]
    legs += [Leg("C", -1.0, 189.0, EXPIRY, 4.01, multiplier=1.0)]
    legs += [Leg("C", 1.0, 1000.0, EXPIRY, 0.01, multiplier=1.0)]
    got = call_with_needs(legs, (72.14, 104.01, 0.0), backend)
    assert got.group_maintenance[0] == pytest.approx(72.14 + 104.01)
    assert got.group_maintenance_bound[0] == got.group_maintenance[0]


@pytest.mark.parametrize("size", [63, 64, 65])
def test_as_many_options_as_are_chosen_among_and_one_more(size: int) -> None:
    sides = [(-1.0, 0.5), (1.0, 0.4), (1.0, 0.4), (-1.0, 0.5)]
    legs = [option("C", sides[k % 4][0], 101.0 + k, sides[k % 4][1]) for k in range(size)]
    got = call([(legs, Rules(100.0)), ([*legs, FIRST_OUT], Rules(100.0))])
    assert got.group_maintenance[0] == pytest.approx(got.group_maintenance[1])
    assert np.all(got.group_maintenance_bound == got.group_maintenance)
