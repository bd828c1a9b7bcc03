# SPDX-License-Identifier: Apache-2.0
"""Groups of many positions on one underlying: at once while they fit, else in runs."""

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

import strategy_oracle as oracle
from riskarray import kernels
from riskarray.array_types import AnyArray
from riskarray.backends import BackendName
from riskarray.kernel_codes import NETTED_ROWS
from strategy_arrays import CENT, Group, call, kernel_arrays, priced_leg
from strategy_oracle import Leg, Rules

GROUPS = int(os.environ.get("RISKARRAY_LARGE_GROUPS", "20"))
"""Random groups against their bound; 200 for the figures of docs/strategies.md."""


def condors(count: int) -> Group:
    terms = (("P", 1.0, 60.0, 0.5), ("P", -1.0, 60.5, 0.6), ("C", -1.0, 120.0, 0.6))
    legs = [
        Leg(right, quantity, strike + k, 0.1, price)
        for k in range(count)
        for right, quantity, strike, price in (*terms, ("C", 1.0, 120.5, 0.5))
    ]
    return legs, Rules(100.0)


def collars(count: int) -> Group:
    puts = [Leg("P", 1.0, 99.0 - 0.5 * k, 0.1, 0.5) for k in range(count)]
    calls = [Leg("C", -1.0, 101.0 + 0.5 * k, 0.1, 0.5) for k in range(count)]
    return [Leg("S", 100.0 * count), *puts, *calls], Rules(100.0)


def random_large(seed: int, size: int, expiries: int, shares: float = 0.0) -> Group:
    rng = np.random.default_rng(seed)
    spot = 500.0
    legs: dict[tuple[str, float, float], Leg] = {}
    if shares != 0.0:
        legs["S", 0.0, 0.0] = Leg("S", shares)
    while len(legs) < size:
        right = str(rng.choice(["C", "P"]))
        strike, expiry = (
            spot + int(rng.integers(-300, 301)),
            0.1 * int(rng.integers(1, expiries + 1)),
        )
        quantity = float(rng.choice([-1, 1]) * rng.integers(1, 6))
        legs[right, strike, expiry] = priced_leg(right, quantity, strike, expiry, spot)
    return list(legs.values()), Rules(spot)


LARGE = [
    random_large(1, 97, 3),
    random_large(2, 130, 2, 700.0),
    random_large(3, 150, 1, -400.0),
    random_large(4, 200, 3),
]
TOO_LARGE = [random_large(5, 560, 3, 900.0), random_large(6, 500, 10)]


def test_condors_of_a_hundred_series_are_solved_together(backend: BackendName) -> None:
    got = call([condors(25)], backend)
    assert got.group_maintenance[0] == pytest.approx(1120.0)
    assert got.group_maintenance_bound[0] == got.group_maintenance[0]


@pytest.mark.parametrize("count", [32, 48])
def test_every_share_is_collared_however_many_collars(backend: BackendName, count: int) -> None:
    legs, rules = collars(count)
    got = call([(legs, rules)], backend)
    assert got.group_initial[0] == pytest.approx(oracle.least(legs, rules, "initial"))
    assert got.group_maintenance[0] == pytest.approx(oracle.least(legs, rules))
    assert got.group_maintenance_bound[0] == got.group_maintenance[0]


def test_a_large_group_is_near_the_least_and_its_bound_is_one() -> None:
    got = call(LARGE)
    for k, (legs, rules) in enumerate(LARGE):
        for basis in ("initial", "maintenance"):
            required = getattr(got, f"group_{basis}")[k]
            bound = getattr(got, f"group_{basis}_bound")[k]
            relaxed = oracle.least(legs, rules, basis, is_relaxed=True)
            assert relaxed - CENT <= bound <= required
            assert required <= 1.1 * relaxed
            assert required <= oracle.greedy(legs, rules, basis)


@pytest.mark.parametrize(("expiries", "most", "gap"), [(3, 500, 1.05), (10, 300, 1.4)])
def test_nine_in_ten_large_groups_end_near_their_bound(
    expiries: int, most: int, gap: float
) -> None:
    rng = np.random.default_rng(11)
    near = 0
    for seed in range(GROUPS):
        size = int(rng.integers(97, most + 1))
        got = call([random_large(seed, size, int(rng.integers(1, expiries + 1)))])
        near += int(got.group_maintenance[0] <= gap * got.group_maintenance_bound[0])
    assert near >= 0.9 * GROUPS


def test_ties_that_stall_the_linear_program_are_broken() -> None:
    legs, rules = random_large(2010, 200, 10)
    got = call([(legs, rules)])
    relaxed = oracle.least(legs, rules, is_relaxed=True)
    assert 0.99 * relaxed <= got.group_maintenance_bound[0] <= relaxed + CENT
    assert got.group_maintenance[0] <= 1.25 * relaxed


def test_runs_have_a_bound_above_nothing_and_use_every_leg(backend: BackendName) -> None:
    got = call(TOO_LARGE, backend)
    assert (got.group_maintenance_bound <= got.group_maintenance).all()
    assert got.group_maintenance_bound[1] > 0.0
    held = np.zeros(sum(len(legs) for legs, _ in TOO_LARGE))
    np.add.at(held, got.leg_instrument, got.leg_quantity)
    np.testing.assert_allclose(held, [leg.quantity for legs, _ in TOO_LARGE for leg in legs])


def test_large_groups_are_equal_in_both_backends() -> None:
    """And those in between, whose tableaux have every width that is compiled for itself."""
    groups = [*LARGE, *TOO_LARGE, condors(25), collars(40)]
    groups += [random_large(size, size, 1 + size % 4) for size in range(4, 44)]
    for native, twin in zip(call(groups, "native"), call(groups, "numba"), strict=True):
        np.testing.assert_array_equal(native, twin)


def test_a_group_does_not_depend_on_the_size_of_its_neighbours() -> None:
    small = random_large(7, 30, 3)
    alone, beside = call([small]), call([small, *LARGE])
    for one, other in zip(alone[:4], beside[:4], strict=True):
        assert one[0] == other[0]


def test_order_of_a_large_group_s_rows_changes_no_bit() -> None:
    rng = np.random.default_rng(8)
    groups = [*LARGE, *TOO_LARGE]
    shuffled = [([legs[i] for i in rng.permutation(len(legs))], rules) for legs, rules in groups]
    for one, other in zip(call(groups)[:6], call(shuffled)[:6], strict=True):
        np.testing.assert_array_equal(one, other)


def in_lots(groups: Sequence[Group], rng: np.random.Generator) -> tuple[AnyArray, ...]:
    """The same groups with a row for each contract and share, in any order."""
    arrays = list(kernel_arrays(groups))
    lots = np.abs(arrays[3]).astype(np.int64)
    row = np.repeat(np.arange(len(lots)), lots)
    group = np.repeat(np.arange(len(groups)), np.diff(arrays[0]))[row]
    row = row[np.lexsort((rng.random(len(row)), group))]
    arrays[0] = np.searchsorted(group, np.arange(len(groups) + 1))
    arrays[2], arrays[3] = row.astype(np.int32), np.sign(arrays[3])[row]
    return tuple(arrays)


def test_thousands_of_lots_need_what_one_does(backend: BackendName) -> None:
    legs, rules = random_large(9, 12, 2, 300.0)
    many = ([replace(leg, quantity=300.0 * leg.quantity) for leg in legs], rules)
    groups = [condors(1), many, condors(2)]
    arrays = in_lots(groups, np.random.default_rng(9))
    assert np.diff(arrays[0]).max() > 2 * NETTED_ROWS
    lots = kernels.strategy_requirement(*arrays, backend=backend)
    for one, other in zip(call(groups, backend), lots, strict=True):
        np.testing.assert_array_equal(one, other)


def test_long_and_short_lots_cancel_however_far_apart(backend: BackendName) -> None:
    arrays = list(kernel_arrays([([Leg("C", 1.0, 100.0, 0.1, 4.0)], Rules(100.0))]))
    arrays[0] = np.array([0, 10_000], np.int64)
    arrays[2], arrays[3] = np.zeros(10_000, np.int32), np.repeat([1.0, -1.0], 5_000)
    got = kernels.strategy_requirement(*arrays, backend=backend)
    assert got.group_initial[0] == got.group_maintenance[0] == 0.0
    assert got.strategy_count[0] == len(got.leg_instrument) == 0


def test_more_series_than_are_netted_together_need_the_same_in_any_order() -> None:
    legs, rules = random_large(10, NETTED_ROWS + 50, 10)
    arrays = list(kernel_arrays([(legs, rules)]))
    got = kernels.strategy_requirement(*arrays)
    order = np.random.default_rng(10).permutation(len(legs))
    arrays[2], arrays[3] = arrays[2][order], arrays[3][order]
    for one, other in zip(got, kernels.strategy_requirement(*arrays), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_inputs_of_a_large_group_are_checked_first() -> None:
    arrays = list(in_lots([random_large(9, 4, 2, 5_000.0)], np.random.default_rng(9)))
    arrays[3][-1] = np.nan
    with pytest.raises(ValueError, match="strategy_requirement: quantity must be "):
        kernels.strategy_requirement(*arrays)
