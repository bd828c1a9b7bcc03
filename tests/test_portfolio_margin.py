# SPDX-License-Identifier: Apache-2.0
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from known_values import read_cases
from riskarray import portfolio_margin
from riskarray.backends import BackendName
from riskarray.book import Book
from riskarray.class_groups import class_groups
from riskarray.label_columns import label_column
from riskarray.market import Market
from riskarray.portfolio_margin import PortfolioMargin
from riskarray.pricing import RiskArrays
from riskarray.rulebook import Rulebook, load_rulebook
from rulebook_files import figure, rulebook_of
from small_books import Leg, make_book, make_market, parse_legs, parse_underlyings

CENT = 0.005
BACKENDS: tuple[BackendName, ...] = ("native", "numba")
CASES = read_cases("portfolio_margin")

CONSERVATIVE = {
    "worst_point": "own",
    "minimum_level": "class_group",
    "residual_gain": "discounted",
}
PLAIN = {
    "worst_point": "common",
    "minimum_level": "portfolio_group",
    "residual_gain": "discounted",
}


@cache
def rulebook_with(*, more: str = "", has_offsets: bool = True, **switches: str) -> Rulebook:
    rows = [f"{key} = {figure(repr(value))}" for key, value in switches.items()]
    rows.append(f"cross_class_offsets = {figure(str(has_offsets).lower())}")
    return rulebook_of("\n".join(["[switches]", *rows, more]))


def arrays_of(market: Market, rulebook: Rulebook) -> RiskArrays:
    """Risk arrays that need no model: an option is worth what it pays plus its time value now."""
    instruments, underlyings = market.instruments, market.underlyings
    row = instruments.underlying
    moves = np.array(
        [rulebook.market_moves(t) for t in underlyings.portfolio_type.to_pylist()]
    ).reshape(len(underlyings), -1)
    spot = underlyings.price[:, None] * np.maximum(1 + underlyings.leverage[:, None] * moves, 0.0)
    is_option = instruments.right != 0
    pays = instruments.right[:, None] * (spot[row] - instruments.strike[:, None])
    pays_now = instruments.right * (underlyings.price[row] - instruments.strike)
    time_value = instruments.price - np.maximum(pays_now, 0.0)
    fades = np.where(np.maximum(pays, 0.0) > 0.0, time_value[:, None], 0.0)
    value = np.where(is_option[:, None], np.maximum(pays, 0.0) + fades, spot[row])
    pnl = instruments.multiplier[:, None] * (value - instruments.price[:, None])
    n = len(instruments)
    none = pa.array([None] * n, pa.dictionary(pa.int8(), pa.string()))
    return RiskArrays(
        symbol=instruments.symbol,
        underlying=underlyings.name.take(pa.array(row)),
        points=rulebook.points,
        base=instruments.price,
        pnl=np.ascontiguousarray(pnl),
        volatility=np.full(n, np.nan),
        volatility_source=none,
        status=none,
    )


SWITCHES = {
    "conservative": rulebook_with(**CONSERVATIVE),
    "plain": rulebook_with(**PLAIN),
    "full": rulebook_with(**{**PLAIN, "residual_gain": "full"}),
}


def margin_of(book: Book, backend: BackendName = "native") -> PortfolioMargin:
    arrays = arrays_of(book.market, book.rulebook)
    return portfolio_margin.requirement(book, arrays, backend=backend, threads=1)


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_hand_worked_figures_come_out(backend: BackendName, case: dict[str, str]) -> None:
    rulebook = SWITCHES[case["switches"]]
    legs = parse_legs(case["legs"])
    market = make_market(parse_underlyings(case["underlyings"]), legs, rulebook)
    margin = margin_of(make_book(market, {"A": legs}, rulebook), backend)
    assert margin.requirement[0] == pytest.approx(float(case["requirement"]), abs=CENT)
    assert margin.worst_point[0].as_py() == case["worst_point"]
    assert margin.scenario_set[0].as_py() == "regulatory"


def test_groups_show_pnl_requirement_and_place(backend: BackendName) -> None:
    rulebook = SWITCHES["conservative"]
    legs = parse_legs("100 ACME;-10 SPY;-1 ACME C 510 30 @5;10 VXX")
    market = make_market(parse_underlyings("ACME 500;SPY 500;VXX 40"), legs, rulebook)
    margin = margin_of(make_book(market, {"A": legs, "B": []}, rulebook), backend)
    rows = margin.groups.to_pylist()
    assert [row["class_group"] for row in rows] == ["SPX", "ACME", "VXX"]
    assert [row["product_group"] for row in rows] == ["high_cap_broad", None, None]
    assert [row["portfolio_group"] for row in rows] == ["us_broad", None, None]
    assert [row["worst_point"] for row in rows] == ["+6%", "-15%", "strategy"]
    assert [row["requirement"] for row in rows] == pytest.approx([300.0, 7_000.0, 100.0])
    assert [row["minimum_charge"] for row in rows] == pytest.approx([0.0, 37.5, 0.0])
    # at +15 %: stock +7,500, call worth 65 + 5 now 5
    assert rows[1]["pnl_01"] == pytest.approx(-7_000.0)
    assert rows[1]["pnl_10"] == pytest.approx(7_500.0 - 6_500.0)
    assert margin.group_offset.tolist() == [0, 3, 3]
    assert margin.requirement.tolist() == pytest.approx([7_400.0, 0.0])
    assert margin.risk_loss.tolist() == pytest.approx([7_300.0, 0.0])
    assert margin.strategy_requirement.tolist() == pytest.approx([100.0, 0.0])
    assert margin.worst_point.to_pylist() == ["-15%", "none"]
    assert margin.worst_group.tolist() == [1, -1]


def test_a_label_stands_once_in_its_column() -> None:
    """Else a Parquet file of it holds stray bytes, and differs from run to run."""
    column = label_column(np.array([3, 0, 2, 1]), pa.array(["-6%", "+6%", "-6%", "none"]))
    assert column.to_pylist() == ["none", "-6%", "-6%", "+6%"]
    assert column.dictionary.to_pylist() == ["-6%", "+6%", "none"]


def test_positions_in_another_order_are_put_in_that_of_class_groups() -> None:
    rulebook = SWITCHES["conservative"]
    legs = parse_legs("100 X;100 SPY;-50 DIA;10 X C 110 30 @1;-70 VXX;3 A")
    market = make_market(parse_underlyings("X 100;SPY 500;DIA 400;VXX 40;A 10"), legs, rulebook)
    turned = make_market(
        parse_underlyings("A 10;VXX 40;X 100;DIA 400;SPY 500"), legs[::-1], rulebook
    )
    here = margin_of(make_book(market, {"A": legs, "B": legs[:3]}, rulebook))
    there = margin_of(make_book(turned, {"A": legs, "B": legs[:3]}, rulebook))
    assert here.groups.equals(there.groups)
    assert here.requirement.tolist() == there.requirement.tolist()


def test_class_groups_without_a_portfolio_stand_alone_and_last() -> None:
    rulebook = SWITCHES["conservative"]
    rows = "IWM 1;X 1;SPY 1;EFA 1;DIA 1;QQQ 1;VXX 1;A 1;OEF 1;IVW 1"
    market = make_market(parse_underlyings(rows), [], rulebook)
    groups = class_groups(market.underlyings, rulebook)
    assert groups.name.to_pylist() == [
        *("NDX", "IVW", "DJX", "OEX", "SPX", "RUT"),
        *("A", "EFA", "X", "VXX"),
    ]
    assert groups.class_product.tolist() == [0, 1, 2, 2, 2, 3, 4, 5, 6, 7]
    assert groups.product_portfolio.tolist() == [0, 0, 0, 0, 1, 2, 3, 4]
    assert groups.product_offset.tolist() == [0.75, 0.75, 0.9, 0.75, 0.0, 0.0, 0.0, 0.0]
    assert groups.portfolio_offset.tolist() == [0.5, 0.0, 0.0, 0.0, 0.0]
    assert groups.is_outside.tolist() == [False] * 9 + [True]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("SPY 500;IVV 500 product_group=growth", "class group SPX must have one product_group"),
        ("X 500 product_group=nowhere", "product_group must be one of .*, got 'nowhere'"),
    ],
)
def test_contradictory_product_groups_are_refused(rows: str, message: str) -> None:
    rulebook = SWITCHES["conservative"]
    market = make_market(parse_underlyings(rows), [], rulebook)
    with pytest.raises(ValueError, match=message):
        class_groups(market.underlyings, rulebook)


def test_what_is_held_needs_a_risk_array_and_what_is_not_does_not() -> None:
    rulebook = SWITCHES["conservative"]
    legs = parse_legs("-1 X C 110 30 @nan;100 X")
    market = make_market(parse_underlyings("X 100"), legs, rulebook)
    assert margin_of(make_book(market, {"A": legs[1:]}, rulebook)).requirement[0] == 1_500.0
    with pytest.raises(ValueError, match=r"X C110 30d \(1 in all\)"):
        margin_of(make_book(market, {"A": legs}, rulebook))


def test_an_empty_book_requires_nothing(backend: BackendName) -> None:
    rulebook = SWITCHES["conservative"]
    market = make_market(parse_underlyings("X 100"), [], rulebook)
    books: list[dict[str, list[Leg]]] = [{}, {"A": []}]
    for accounts in books:
        margin = margin_of(make_book(market, accounts, rulebook), backend)
        assert margin.requirement.tolist() == [0.0] * len(accounts)
        assert margin.groups.num_rows == 0


# --- properties ----------------------------------------------------------------------------------

UNDERLYINGS = "SPX 5000;SPY 500;SDS 50;DIA 400;QQQ 450;IWM 200;X 95;Y 4;VXX 40"
SPOT = {name: float(row["price"]) for name, row in parse_underlyings(UNDERLYINGS).items()}
SIGN = {"C": 1.0, "P": -1.0}
INSTRUMENTS = [
    *[Leg(1, name) for name in ("SPY", "SDS", "DIA", "QQQ", "IWM", "X", "Y", "VXX")],
    *[
        Leg(1, name, right, strike, 30, max(SIGN[right] * (SPOT[name] - strike), 0.0) + 0.3)
        for name, strikes in (
            ("SPX", (4900.0, 5100.0)),
            ("SPY", (490.0, 510.0)),
            ("DIA", (390.0, 410.0)),
            ("IWM", (200.0,)),
            ("X", (80.0, 95.0, 110.0)),
            ("VXX", (40.0,)),
        )
        for strike in strikes
        for right in "CP"
    ],
]
"""Options are worth what they pay and 0.30 besides."""

lots = st.integers(-5, 5)
legs_lists = st.lists(
    st.builds(
        lambda leg, n: replace(leg, quantity=n if leg.right else 100 * n),
        st.sampled_from(INSTRUMENTS),
        lots,
    ),
    min_size=1,
    max_size=10,
)
rulebooks = st.sampled_from(list(SWITCHES.values()))


WIDE = rulebook_with(
    **CONSERVATIVE,
    more='[scenario_sets.wide]\ntitle = "Wider moves"\n[scenario_sets.wide.moves]\n'
    + "\n".join(
        f"{name} = {figure('[-0.3, -0.01, 0.25]')}" for name in SWITCHES["plain"].portfolio_types
    ),
)
MARKETS: dict[tuple[int, bool], Market] = {}


def market_of(rulebook: Rulebook, *, reverse: bool = False) -> Market:
    key = (id(rulebook), reverse)
    if key not in MARKETS:
        MARKETS[key] = make_instruments(rulebook, reverse=reverse)
    return MARKETS[key]


def make_instruments(rulebook: Rulebook, *, reverse: bool) -> Market:
    order = INSTRUMENTS[::-1] if reverse else INSTRUMENTS
    return make_market(parse_underlyings(UNDERLYINGS), order, rulebook)


def requirements(
    rulebook: Rulebook, accounts: Mapping[str, list[Leg]], *, reverse: bool = False
) -> dict[str, float]:
    """Requirements by either backend, which agree."""
    market = market_of(rulebook, reverse=reverse)
    book = make_book(market, accounts, rulebook)
    native, numba = (margin_of(book, name).requirement for name in BACKENDS)
    np.testing.assert_allclose(native, numba, rtol=0.0, atol=CENT)
    return dict(zip(book.account.to_pylist(), native.tolist(), strict=True))


@given(rulebooks, legs_lists, st.randoms(use_true_random=False))
def test_order_splitting_and_names_change_nothing(
    rulebook: Rulebook, legs: list[Leg], random: Random
) -> None:
    plain = requirements(rulebook, {"A": legs})["A"]
    halves = [replace(leg, quantity=leg.quantity / 2) for leg in [*legs, *legs]]
    random.shuffle(halves)
    other = requirements(rulebook, {"Z": halves, "B": legs[:1], "Q": legs[::-1]}, reverse=True)
    assert other["Z"] == pytest.approx(plain, abs=CENT)
    assert other["Q"] == pytest.approx(plain, abs=CENT)


@given(rulebooks, legs_lists, st.integers(2, 50))
def test_requirements_scale(rulebook: Rulebook, legs: list[Leg], factor: int) -> None:
    many = [replace(leg, quantity=leg.quantity * factor) for leg in legs]
    required = requirements(rulebook, {"A": legs, "B": many})
    assert required["B"] == pytest.approx(factor * required["A"], abs=CENT)


@given(legs_lists, legs_lists)
def test_at_common_points_a_joined_account_needs_no_more(
    first: list[Leg], second: list[Leg]
) -> None:
    for name in ("plain", "full"):
        required = requirements(SWITCHES[name], {"A": first, "B": second, "C": [*first, *second]})
        assert required["C"] <= required["A"] + required["B"] + CENT


@given(legs_lists)
def test_the_built_in_switches_never_ask_for_less(legs: list[Leg]) -> None:
    cautious = requirements(SWITCHES["conservative"], {"A": legs})["A"]
    for name in ("plain", "full"):
        assert requirements(SWITCHES[name], {"A": legs})["A"] <= cautious + CENT


@given(legs_lists)
def test_offsets_never_raise_a_requirement_taken_without_them(legs: list[Leg]) -> None:
    for switches in (CONSERVATIVE, PLAIN):
        without = requirements(rulebook_with(**switches, has_offsets=False), {"A": legs})["A"]
        assert requirements(rulebook_with(**switches), {"A": legs})["A"] <= without + CENT


@given(st.lists(st.tuples(st.sampled_from(INSTRUMENTS), st.integers(1, 9)), min_size=1))
def test_long_options_never_need_more_than_their_value(held: list[tuple[Leg, int]]) -> None:
    legs = [replace(leg, quantity=n) for leg, n in held if leg.right]
    value = sum(100.0 * leg.quantity * leg.price for leg in legs)
    for rulebook in SWITCHES.values():
        assert requirements(rulebook, {"A": legs})["A"] <= value + CENT


@given(legs_lists)
def test_an_added_scenario_set_never_lowers_the_requirement(legs: list[Leg]) -> None:
    plain = requirements(SWITCHES["conservative"], {"A": legs})["A"]
    assert requirements(WIDE, {"A": legs})["A"] >= plain - CENT
    margin = margin_of(make_book(market_of(WIDE), {"A": legs}, WIDE))
    if margin.requirement[0] > plain + CENT:
        assert margin.scenario_set[0].as_py() == "wide"


@cache
def rulebook_with_offsets(fraction: float, *, is_own: bool) -> Rulebook:
    """The offsets of all groups at one fraction."""
    base = load_rulebook("finra-4210g")
    groups = [f"product_groups.{name}" for name in base.product_groups]
    groups += [f"portfolio_groups.{name}" for name in base.portfolio_groups]
    rows = "\n".join(f"[{name}]\noffset = {figure(repr(fraction))}" for name in groups)
    return rulebook_with(more=rows, **(CONSERVATIVE if is_own else PLAIN))


@given(legs_lists, st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.9, 1.0]), min_size=2))
def test_a_higher_offset_never_raises_the_requirement(
    legs: list[Leg], fractions: list[float]
) -> None:
    for is_own in (False, True):
        required = [
            requirements(rulebook_with_offsets(fraction, is_own=is_own), {"A": legs})["A"]
            for fraction in sorted(fractions)
        ]
        assert all(after <= before + CENT for before, after in pairwise(required))
