# SPDX-License-Identifier: Apache-2.0
"""Adjusted contracts, of other multipliers beside the ordinary ones, in one group."""

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

import strategy_oracle as oracle
from riskarray.backends import BackendName
from riskarray.kernel_codes import StrategyCode
from strategy_arrays import CENT, Group, call, misses_of_the_least, random_group, random_groups
from strategy_oracle import Leg, Rules

GROUPS = int(os.environ.get("RISKARRAY_ORACLE_GROUPS", "300"))


def adjusted_groups(
    seed: int, count: int, multipliers: Sequence[float] = (100.0, 150.0, 10.0)
) -> list[Group]:
    """Random groups, a multiplier for each option."""
    rng = np.random.default_rng(seed)
    return [
        ([replace(leg, multiplier=float(rng.choice(multipliers))) for leg in legs], rules)
        for legs, rules in random_groups(seed, count)
    ]


@pytest.mark.parametrize(
    ("multipliers", "share"),
    [((100.0, 100.0, 100.0, 150.0), 0.0001), ((100.0, 150.0, 10.0), 0.005), ((100.0, 97.0), 0.005)],
)
def test_the_least_pairing_of_adjusted_contracts_is_the_oracle_s(
    multipliers: Sequence[float], share: float
) -> None:
    groups = adjusted_groups(11, GROUPS, multipliers)
    assert misses_of_the_least(groups) <= share * 2 * GROUPS


def test_longer_groups_of_many_multipliers_end_near_the_least() -> None:
    rng = np.random.default_rng(14)
    groups = []
    for _ in range(max(GROUPS // 5, 60)):
        legs, rules = random_group(rng, int(rng.integers(13, 25)))
        multipliers = rng.choice((100.0, 150.0, 10.0), len(legs))
        groups.append(
            ([replace(x, multiplier=m) for x, m in zip(legs, multipliers, strict=True)], rules)
        )
    got = call(groups)
    required, bound = got.group_maintenance, got.group_maintenance_bound
    least = np.array([oracle.least(legs, rules) for legs, rules in groups])
    assert np.all(required >= least - CENT)
    assert np.all(bound <= least + CENT)
    assert np.mean(required - bound > CENT) < 0.15
    assert np.mean(required - least > CENT) < 0.06
    assert required.sum() < 1.005 * least.sum()


def test_an_adjusted_series_does_not_uncover_the_ordinary_ones(backend: BackendName) -> None:
    legs = [Leg("C", 5, 80, 0.25, 22.0), Leg("C", 3, 80, 0.02, 21.4), Leg("C", -3, 105, 0.25, 1.8)]
    legs += [Leg("C", -10, 110, 0.02, 1.6), Leg("P", -2, 115, 0.02, 17.0, multiplier=150.0)]
    legs += [
        Leg("C", 1, 95, 0.02, 7.6, multiplier=150.0),
        Leg("C", 5, 105, 0.02, 2.0, multiplier=150.0),
    ]
    rules = Rules(100.0)
    got = call([(legs, rules)], backend)
    assert got.group_maintenance[0] == pytest.approx(oracle.least(legs, rules))
    assert got.group_maintenance_bound[0] == got.group_maintenance[0]


def test_contracts_of_two_sizes_balance_by_shares(backend: BackendName) -> None:
    legs = [Leg("C", -3, 100, 0.1, 3.0), Leg("C", 2, 105, 0.1, 1.0, multiplier=150.0)]
    got = call([(legs, Rules(100.0))], backend)
    assert got.group_maintenance[0] == pytest.approx(300 * 5.0)


def test_a_straddle_is_on_one_number_of_shares(backend: BackendName) -> None:
    put = Leg("P", -2, 100, 0.1, 3.0)
    call_of_150 = Leg("C", -2, 100, 0.1, 4.0, multiplier=150.0)
    call_of_100 = replace(call_of_150, multiplier=100.0)
    apart, together, both = call(
        [([*legs], Rules(100.0)) for legs in
         ([put, call_of_150], [put, call_of_100], [put, call_of_150, call_of_100])],
        backend,
    ).group_maintenance  # fmt: skip
    assert apart == pytest.approx(2 * 100 * 23.0 + 2 * 150 * 24.0)
    assert together == pytest.approx(2 * 100 * (24.0 + 3.0))
    assert both == pytest.approx(together + 2 * 150 * 24.0)


def test_straddles_are_of_whole_contracts_of_one_multiplier(backend: BackendName) -> None:
    groups = adjusted_groups(12, 200)
    got = call(groups, backend)
    first = np.cumsum(got.strategy_legs) - got.strategy_legs
    multiplier = np.array([leg.multiplier for legs, _ in groups for leg in legs])
    straddles = first[got.strategy_code == int(StrategyCode.SHORT_STRADDLE)]
    assert straddles.size > 0
    one, other = got.leg_quantity[straddles], got.leg_quantity[straddles + 1]
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, np.round(one))
    sides = multiplier[got.leg_instrument]
    np.testing.assert_array_equal(sides[straddles], sides[straddles + 1])


def test_backends_take_the_same_steps_with_adjusted_contracts() -> None:
    groups = adjusted_groups(13, 200)
    for native, twin in zip(call(groups, "native"), call(groups, "numba"), strict=True):
        np.testing.assert_array_equal(native, twin)
