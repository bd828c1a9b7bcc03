# SPDX-License-Identifier: Apache-2.0
"""The least pairing: published figures, HiGHS as the oracle, invariances."""

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

import strategy_oracle as oracle
from known_values import read_cases
from riskarray import kernels, strategy_margin
from riskarray.backends import BackendName
from riskarray.kernel_codes import LEGS_PER_POSITION, StrategyCode
from riskarray.market import KIND_STOCK
from riskarray.rulebook import Rulebook, load_rulebook
from rulebook_files import figure, rulebook_of
from small_books import make_book, make_market, parse_legs, parse_underlyings
from strategy_arrays import (
    CENT,
    call,
    crowded_group,
    kernel_arrays,
    misses_of_the_least,
    random_group,
    random_groups,
)
from strategy_oracle import Leg, Rules

CASES = read_cases("strategy_requirement")
GROUPS = int(os.environ.get("RISKARRAY_ORACLE_GROUPS", "300"))
"""Random groups against the oracle; 20000 for the whole proof (about ten minutes)."""


def rulebook(rules: str) -> Rulebook:
    if not rules:
        return load_rulebook("finra-4210g")
    key, value = rules.split("=")
    table, name = key.split(".")
    return rulebook_of(f"[strategy.{table}]\n{name} = {figure(value)}\n")


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_published_figures_come_out(case: dict[str, str], backend: BackendName) -> None:
    rules = rulebook(case["rules"])
    legs = parse_legs(case["legs"])
    market = make_market(parse_underlyings(case["underlyings"]), legs, rules)
    book = make_book(market, {"A": legs}, rules, account_type=case["account_type"])
    margin = strategy_margin.requirement(book, market.instruments.price, backend=backend)
    is_stock = market.instruments.kind[book.instrument] == KIND_STOCK
    value = (
        book.quantity * (market.instruments.price * market.instruments.multiplier)[book.instrument]
    )
    figures = {
        "initial": margin.reg_t_initial[0],
        "maintenance": margin.maintenance[0],
        "net": margin.net_deposit[0],
        "initial + long options": margin.reg_t_initial[0] + value[~is_stock & (value > 0)].sum(),
        "initial + proceeds": margin.reg_t_initial[0] - value[is_stock & (value < 0)].sum(),
    }
    assert figures[case["convention"]] == pytest.approx(float(case["printed"]), abs=CENT)
    assert margin.initial_bound[0] == pytest.approx(margin.reg_t_initial[0], abs=CENT)


def test_the_least_pairing_is_the_oracle_s() -> None:
    assert misses_of_the_least(random_groups(1, GROUPS)) <= 0.001 * 2 * GROUPS


def test_boxes_among_other_spreads_are_the_oracle_s() -> None:
    rng = np.random.default_rng(12)
    groups = [crowded_group(rng) for _ in range(60)]
    got = call(groups)
    least = [oracle.least(legs, rules, "maintenance") for legs, rules in groups]
    np.testing.assert_allclose(got.group_maintenance, least, atol=CENT)
    assert np.count_nonzero(got.strategy_code == StrategyCode.LONG_BOX) >= 10


def test_of_straddles_that_require_the_same_the_dearer_side_counts(backend: BackendName) -> None:
    # 4 + 20 of 100 on the call; 6 + max(20 - 2, 9.8) on the put: 24 each. Carried: the call's 4.
    legs = [Leg("C", -1.0, 100.0, 0.1, 4.0), Leg("P", -1.0, 98.0, 0.1, 6.0)]
    assert one(legs, backend=backend) == pytest.approx(2800.0)
    # The other way round: 6 on the call, out of the money by 2; the put's 4 is carried.
    legs = [Leg("C", -1.0, 102.0, 0.1, 6.0), Leg("P", -1.0, 100.0, 0.1, 4.0)]
    assert one(legs, backend=backend) == pytest.approx(2800.0)


def test_amounts_beyond_numbers_are_refused(backend: BackendName) -> None:
    groups = [([Leg("C", quantity, 100.0, 0.1, 4.0)], Rules(100.0)) for quantity in (-1.0, -1e307)]
    with pytest.raises(ValueError, match="amounts of group 1 are too large"):
        call(groups, backend)


def test_more_legs_than_the_first_room_are_all_written(backend: BackendName) -> None:
    # 47,000 shares in collars, paired in one way for initial margin and in another for maintenance.
    calls = [(101, 1.4, 13), (118, 2.44, 14), (124, 4.11, 59), (115, 3.36, 57), (103, 5.18, 13)]
    calls += [(93, 1.34, 35), (97, 1.53, 54), (115, 5.34, 2), (114, 0.89, 58), (128, 1.35, 41)]
    calls += [(103, 1.14, 46), (103, 5.76, 40), (127, 3.15, 39)]
    puts = [(89, 2.0, 42), (86, 3.09, 2), (91, 0.81, 23), (95, 1.85, 50), (88, 2.9, 33)]
    puts += [(95, 2.74, 7), (100, 4.82, 42), (84, 4.74, 12), (77, 3.15, 6), (100, 3.39, 10)]
    legs = [Leg("S", 47_000.0), Leg("P", -6.0, 94.0, 0.05, 1.16)]
    legs += [Leg("C", -float(quantity), strike, 0.1, price) for strike, price, quantity in calls]
    legs += [Leg("P", float(quantity), strike, 0.1, price) for strike, price, quantity in puts]
    alone = [Leg("C", -1.0, 100.0, 0.1, 3.0)]
    groups = [legs, legs, alone]
    got = call([(group, Rules(100.0)) for group in groups], backend)
    positions = [*legs, *legs, *alone]
    assert got.leg_count.sum() > LEGS_PER_POSITION * len(positions)
    bases = np.repeat(got.strategy_basis, got.strategy_legs)
    for bit in (1, 2):
        is_of_basis = bases & bit != 0
        row, quantity = got.leg_instrument[is_of_basis], got.leg_quantity[is_of_basis]
        held = np.bincount(row, quantity, len(positions))
        np.testing.assert_allclose(held, [leg.quantity for leg in positions])


def test_thousands_of_contracts_are_paired_like_a_few() -> None:
    rng = np.random.default_rng(13)

    def many(leg: Leg) -> Leg:
        return replace(leg, quantity=float(np.sign(leg.quantity) * rng.integers(1, 3000)))

    groups = [([many(leg) for leg in legs], rules) for legs, rules in random_groups(14, 390)]
    groups = groups[-20:]  # one of them has no whole solution within the nodes by branching alone
    got = call(groups)
    for k, (legs, rules) in enumerate(groups):
        relaxed = oracle.least(legs, rules, "maintenance", is_relaxed=True)
        greedy = oracle.greedy(legs, rules, "maintenance")
        assert relaxed - CENT <= got.group_maintenance[k] <= greedy + CENT
        assert got.group_maintenance[k] <= 1.001 * relaxed + CENT


def test_bound_is_at_least_the_relaxation() -> None:
    groups = random_groups(2, 60)
    got = call(groups)
    for k, (legs, rules) in enumerate(groups):
        relaxed = oracle.least(legs, rules, is_relaxed=True)
        assert got.group_maintenance_bound[k] >= relaxed - CENT


def test_contracts_that_are_not_whole_are_divided_freely() -> None:
    groups = [
        ([replace(leg, quantity=leg.quantity + 0.5) for leg in legs], rules)
        for legs, rules in random_groups(3, 60)
    ]
    got = call(groups)
    least = [oracle.least(legs, rules, is_relaxed=True) for legs, rules in groups]
    np.testing.assert_allclose(got.group_maintenance, least, rtol=0, atol=CENT)


def test_backends_take_the_same_steps() -> None:
    groups = random_groups(4, 400)
    for native, twin in zip(call(groups, "native"), call(groups, "numba"), strict=True):
        np.testing.assert_array_equal(native, twin)


def test_the_legs_of_each_group_are_its_positions(backend: BackendName) -> None:
    arrays = kernel_arrays(random_groups(8, 600))  # of more than two blocks
    offset, quantity = arrays[0], arrays[3]
    got = kernels.strategy_requirement(*arrays, backend=backend)
    group = np.repeat(np.arange(600), np.diff(offset))
    np.testing.assert_array_equal(
        group[got.leg_instrument], np.repeat(np.arange(600), got.leg_count)
    )
    basis = np.repeat(got.strategy_basis, got.strategy_legs)
    for needed in (1, 2):
        held = np.zeros(len(quantity))
        counts = (basis & needed) != 0
        np.add.at(held, got.leg_instrument[counts], got.leg_quantity[counts])
        np.testing.assert_allclose(held, quantity)


def test_order_of_rows_changes_no_bit(backend: BackendName) -> None:
    rng = np.random.default_rng(5)
    groups = random_groups(5, 200)
    shuffled = [([legs[i] for i in rng.permutation(len(legs))], rules) for legs, rules in groups]
    for one, other in zip(call(groups, backend)[:6], call(shuffled, backend)[:6], strict=True):
        np.testing.assert_array_equal(one, other)


def test_order_of_adjusted_series_changes_no_bit(backend: BackendName) -> None:
    rng = np.random.default_rng(7)
    groups = []
    for legs, rules in random_groups(7, 40):
        beside = replace(legs[-1], multiplier=150.0, quantity=-legs[-1].quantity)
        dearer = replace(legs[-1], price=legs[-1].price + 0.05)
        groups.append(([*legs[-4:], beside, dearer], rules))
    shuffled = [([legs[i] for i in rng.permutation(len(legs))], rules) for legs, rules in groups]
    for one, other in zip(call(groups, backend)[:6], call(shuffled, "native")[:6], strict=True):
        np.testing.assert_array_equal(one, other)


def one(legs: Sequence[Leg], spot: float = 100.0, backend: BackendName = "native") -> float:
    got = call([(legs, Rules(spot))], backend)
    assert got.group_maintenance_bound[0] == got.group_maintenance[0]
    return float(got.group_maintenance[0])


def test_interleaved_bull_call_spreads_need_nothing(backend: BackendName) -> None:
    legs = [Leg("C", q, k, 0.1, 5.0) for k, q in ((90, 1), (95, -1), (100, 1), (105, -1))]
    assert one(legs, backend=backend) == 0.0


def test_an_iron_condor_needs_its_wider_wing(backend: BackendName) -> None:
    wings = [Leg("P", 1, 80, 0.1, 1), Leg("P", -1, 90, 0.1, 2)]
    wings += [Leg("C", -1, 110, 0.1, 2), Leg("C", 1, 115, 0.1, 1)]
    assert one(wings, backend=backend) == 1000.0


def test_short_strangles_are_linear_in_their_number(backend: BackendName) -> None:
    def strangle(n: int) -> list[Leg]:
        return [Leg("P", -n, 90, 0.1, 2), Leg("C", -n, 115, 0.1, 1)]

    single = one(strangle(1), backend=backend)
    # put 2 + 20 - 10 = 12, call 1 + 10: the put and the call's value
    assert single == pytest.approx(1300.0)
    for n in (2, 7, 100, 12345):
        assert one(strangle(n), backend=backend) == pytest.approx(n * single)


def test_a_far_short_leg_is_left_uncovered_where_that_needs_less(backend: BackendName) -> None:
    legs = [Leg("C", -1, 130, 0.1, 0.1), Leg("C", 1, 190, 0.1, 0.01)]
    assert one(legs, backend=backend) == pytest.approx(1010.0)  # not 6,000


def test_the_long_option_must_not_expire_first(backend: BackendName) -> None:
    near, far = Leg("C", 1, 100, 0.1, 4.0), Leg("C", -1, 100, 0.2, 6.0)
    assert one([near, far], backend=backend) == pytest.approx(2600.0)
    assert one([replace(near, expiry=0.2), far], backend=backend) == 0.0
    assert one([replace(near, expiry=0.3), far], backend=backend) == 0.0


def test_styles_do_not_mix(backend: BackendName) -> None:
    long, short = Leg("C", 1, 100, 0.1, 4.0), Leg("C", -1, 100, 0.1, 4.0, is_european=True)
    assert one([long, short], backend=backend) == pytest.approx(2400.0)


def test_a_long_european_box_is_lent_on(backend: BackendName) -> None:
    legs = [Leg("C", 1, 90, 0.1, 11.0), Leg("C", -1, 100, 0.1, 3.0)]
    legs += [Leg("P", 1, 100, 0.1, 3.0), Leg("P", -1, 90, 0.1, 1.5)]
    assert one(legs, backend=backend) == 0.0
    european = [replace(leg, is_european=True) for leg in legs]
    # value 9.5 against 50 % of 10
    assert one(european, backend=backend) == pytest.approx(-450.0)


def test_long_boxes_side_by_side_need_what_each_needs(backend: BackendName) -> None:
    def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> list[Leg]:
        (strike, call, put), (high_strike, high_call, high_put) = low, high
        legs = [Leg("C", 1, strike, 0.1, call), Leg("C", -1, high_strike, 0.1, high_call)]
        legs += [Leg("P", 1, high_strike, 0.1, high_put), Leg("P", -1, strike, 0.1, put)]
        return [replace(leg, is_european=True) for leg in legs]

    # Each is worth its width, and 50 % of that is lent: 2.5 and 5 a share.
    near, far = box((90, 10.57, 0.57), (95, 6.07, 1.07)), box((105, 1.07, 6.07), (115, 0.31, 15.31))
    assert one(near, backend=backend) == pytest.approx(-250.0)
    assert one(far, backend=backend) == pytest.approx(-500.0)
    assert one(near + far, backend=backend) == pytest.approx(-750.0)


def test_a_group_of_many_legs_is_solved_as_one(backend: BackendName) -> None:
    rng = np.random.default_rng(6)
    legs, rules = random_group(rng, 14)
    many = [
        replace(leg, expiry=leg.expiry + k, strike=leg.strike)
        for k in range(9)
        for leg in legs
        if not leg.is_stock
    ]
    assert len(many) > 96
    got = call([(many, rules)], backend)
    apart = call([([x for x in many if k < x.expiry <= k + 1], rules) for k in range(9)], backend)
    assert got.group_maintenance[0] <= apart.group_maintenance.sum() + CENT
    assert got.group_maintenance_bound[0] <= got.group_maintenance[0]
    held = np.zeros(len(many))
    np.add.at(held, got.leg_instrument, got.leg_quantity)
    np.testing.assert_allclose(held, [leg.quantity for leg in many])


def large_group(seed: int, expiries: int) -> tuple[list[Leg], Rules]:
    """More legs than are solved together, on stock, at strikes that expiries share."""
    rng = np.random.default_rng(seed)
    quantity = rng.choice([-2.0, -1.0, 1.0, 2.0], (2, 18, expiries))
    legs = [
        Leg(right, q, 60.0 + 5 * k, 0.1 * (j + 1), float(rng.integers(1, 9)))
        for right, table in zip("CP", quantity, strict=True)
        for k, row in enumerate(table)
        for j, q in enumerate(row)
    ]
    return [Leg("S", 500.0), *legs], Rules(100.0)


@pytest.mark.parametrize("count", [49, 120])
def test_calendars_need_nothing_however_many(backend: BackendName, count: int) -> None:
    legs = [
        Leg("C", quantity, 50.0 + k, expiry, price)
        for k in range(count)
        for quantity, expiry, price in ((-1.0, 0.1, 5.0), (1.0, 0.2, 6.0))
    ]
    got = call([(legs, Rules(100.0))], backend)
    assert got.group_initial[0] == got.group_maintenance[0] == 0.0
    assert got.strategy_count[0] == count


def test_runs_are_equal_in_both_backends_and_leave_no_share_behind() -> None:
    groups = [large_group(seed, 14) for seed in range(3)]
    native, twin = call(groups, "native"), call(groups, "numba")
    for one, other in zip(native, twin, strict=True):
        np.testing.assert_array_equal(one, other)
    is_stock = np.isin(native.leg_instrument, np.cumsum([0, *(len(g[0]) for g in groups[:-1])]))
    assert native.leg_quantity[is_stock].sum() == pytest.approx(500.0 * len(groups))


def test_strategies_use_every_leg_and_add_up(backend: BackendName) -> None:
    groups = random_groups(7, 300)
    got = call(groups, backend)
    group = np.repeat(np.arange(len(groups)), got.strategy_count)
    for bit, name in ((1, "initial"), (2, "maintenance")):
        counts = (got.strategy_basis & bit) > 0
        amount = np.where(counts, getattr(got, f"strategy_{name}"), 0.0)
        total = np.bincount(group, amount, minlength=len(groups))
        np.testing.assert_allclose(total, getattr(got, f"group_{name}"), atol=1e-6)
        of_leg = np.repeat(counts, got.strategy_legs)
        size = sum(len(legs) for legs, _ in groups)
        held = np.bincount(
            got.leg_instrument, np.where(of_leg, got.leg_quantity, 0.0), minlength=size
        )
        wanted = [leg.quantity for legs, _ in groups for leg in legs]
        np.testing.assert_allclose(held, wanted, atol=1e-6)
