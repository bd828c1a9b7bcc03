# SPDX-License-Identifier: Apache-2.0
"""The kernel against the slow version of the same method, on made-up books and all switches."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference import ClassGroup, Position, Switches, account_requirement
from riskarray import kernels
from riskarray.backends import BackendName

SWITCHES = [Switches(*flags) for flags in itertools.product((False, True), repeat=3)]
CENT = 0.005

offsets = st.sampled_from([0.0, 0.5, 0.75, 0.9, 1.0])
amounts = st.integers(-2_000, 2_000).map(float)


@dataclass(frozen=True)
class Instrument:
    class_group: int
    risk_array: tuple[float, ...]
    minimum_long: float
    minimum_short: float


@dataclass(frozen=True)
class Case:
    """Accounts of {instrument row: quantity} and the groups over the instruments."""

    instruments: tuple[Instrument, ...]
    class_product: tuple[int, ...]
    product_offset: tuple[float, ...]
    product_portfolio: tuple[int, ...]
    portfolio_offset: tuple[float, ...]
    sets: tuple[int, ...]
    accounts: tuple[dict[int, float], ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n_class = draw(st.integers(1, 6))
    class_product = _levels(draw, n_class)
    product_portfolio = _levels(draw, class_product[-1] + 1)
    sets = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    n_points = sum(sets)
    instruments = tuple(
        Instrument(
            draw(st.integers(0, n_class - 1)),
            tuple(draw(st.lists(amounts, min_size=n_points, max_size=n_points))),
            draw(st.sampled_from([0.0, 10.0, 37.5])),
            draw(st.sampled_from([0.0, 37.5, 375.0])),
        )
        for _ in range(draw(st.integers(1, 8)))
    )
    holdings = st.dictionaries(
        st.integers(0, len(instruments) - 1), st.sampled_from([-3.0, -1.0, 1.0, 2.0])
    )
    return Case(
        instruments,
        class_product,
        tuple(draw(offsets) for _ in range(class_product[-1] + 1)),
        product_portfolio,
        tuple(draw(offsets) for _ in range(product_portfolio[-1] + 1)),
        tuple(np.cumsum([0, *sets]).tolist()),
        tuple(draw(st.lists(holdings, min_size=1, max_size=4))),
    )


def _levels(draw: st.DrawFn, size: int) -> tuple[int, ...]:
    """Rising numbers without a gap: the group that each of `size` rows stands in."""
    steps = draw(st.lists(st.booleans(), min_size=size - 1, max_size=size - 1))
    return tuple(np.cumsum([0, *steps]).tolist())


def by_kernel(
    case: Case, switches: Switches, backend: BackendName
) -> tuple[list[float], list[list[float]]]:
    """Each account's requirement, and that of each scenario set by itself."""
    account_offset, group_class, group_offset = [0], [], [0]
    instrument: list[int] = []
    quantity: list[float] = []
    for holding in case.accounts:
        rows = sorted(holding, key=lambda row: (case.instruments[row].class_group, row))
        for name, run in itertools.groupby(rows, lambda row: case.instruments[row].class_group):
            members = list(run)
            instrument += members
            quantity += [holding[row] for row in members]
            group_class.append(name)
            group_offset.append(len(instrument))
        account_offset.append(len(group_class))
    result = kernels.portfolio_requirement(
        np.array(account_offset, np.int64),
        np.array(group_class, np.int32),
        np.array(group_offset, np.int64),
        np.array(instrument, np.int32),
        np.array(quantity, np.float64),
        np.array([i.risk_array for i in case.instruments]),
        np.array([i.minimum_long for i in case.instruments]),
        np.array([i.minimum_short for i in case.instruments]),
        np.array(case.class_product, np.int32),
        np.array(case.product_offset),
        np.array(case.product_portfolio, np.int32),
        np.array(case.portfolio_offset),
        np.array(case.sets, np.int32),
        is_own_worst=switches.is_own_worst,
        is_minimum_per_class=switches.is_minimum_per_class,
        is_residual_discounted=switches.is_residual_discounted,
        threads=1,
        backend=backend,
    )
    required: list[float] = result.account_requirement.tolist()
    by_set: list[list[float]] = result.set_requirement.tolist()
    return required, by_set


def by_reference(case: Case, switches: Switches, only: int | None = None) -> list[float]:
    groups = {}
    for name, product in enumerate(case.class_product):
        portfolio = case.product_portfolio[product]
        groups[str(name)] = ClassGroup(
            str(product),
            case.product_offset[product],
            str(portfolio),
            case.portfolio_offset[portfolio],
        )
    sets = [range(a, b) for a, b in itertools.pairwise(case.sets)]
    sets = sets if only is None else [sets[only]]
    required = []
    for holding in case.accounts:
        positions = [
            Position(
                str(case.instruments[row].class_group),
                quantity,
                case.instruments[row].risk_array,
                case.instruments[row].minimum_long,
                case.instruments[row].minimum_short,
            )
            for row, quantity in holding.items()
        ]
        required.append(account_requirement(positions, groups, sets, switches))
    return required


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_the_kernel_does_what_the_method_says(backend: BackendName, switches: Switches) -> None:
    @given(cases())
    def agree(case: Case) -> None:
        got, by_set = by_kernel(case, switches, backend)
        assert got == pytest.approx(by_reference(case, switches), abs=CENT)
        for number, required in enumerate(zip(*by_set, strict=True)):
            assert required == pytest.approx(by_reference(case, switches, number), abs=CENT)

    agree()


@given(cases())
def test_own_worst_points_and_minimums_per_class_never_ask_for_less(case: Case) -> None:
    least, _ = by_kernel(case, Switches(), "native")
    for switches in SWITCHES:
        if switches.is_residual_discounted:
            more, _ = by_kernel(case, switches, "native")
            assert all(a >= b - CENT for a, b in zip(more, least, strict=True))


@given(cases())
def test_common_points_never_punish_joining_accounts(case: Case) -> None:
    joined: dict[int, float] = {}
    for holding in case.accounts:
        for row, quantity in holding.items():
            joined[row] = joined.get(row, 0.0) + quantity
    joined = {row: quantity for row, quantity in joined.items() if quantity}
    one = Case(**{**vars(case), "accounts": (joined,)})
    for is_residual_discounted in (False, True):
        switches = Switches(is_residual_discounted=is_residual_discounted)
        together = by_kernel(one, switches, "native")[0][0]
        assert together <= sum(by_kernel(case, switches, "native")[0]) + CENT
