# SPDX-License-Identifier: Apache-2.0
"""House overlays: scenario sets beyond the regulatory points, and add-ons; figures by hand."""

import dataclasses
import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskarray.add_ons import AddOns, add_ons
from riskarray.backends import BackendName
from riskarray.book import Book
from riskarray.class_groups import class_groups
from riskarray.class_moves import ClassMoves, class_moves
from riskarray.market import Market
from riskarray.portfolio_margin import requirement
from riskarray.pricing import risk_arrays, shocked_spots
from riskarray.report.report import margin
from riskarray.report.summary import warning_lines
from riskarray.rulebook import Rulebook, RulebookError, load_rulebook
from riskarray.underlying_risk import UnderlyingRisk
from rulebook_files import figure, rulebook_of
from small_books import AS_OF, Leg, make_book, make_market, parse_legs, parse_underlyings

CENT = 0.005
TYPES = ("high_cap_index", "non_high_cap_index", "equity", "volatility_index")


def house_set(moves: str, **figures: str) -> str:
    lines = ["[scenario_sets.house]", 'title = "House"']
    lines += [f"{key} = {figure(value)}" for key, value in figures.items()]
    lines += ["[scenario_sets.house.moves]", *(f"{name} = {figure(moves)}" for name in TYPES)]
    return "\n".join(lines) + "\n"


def market_of(
    rows: str, legs: list[Leg], rulebook: Rulebook, **risk: dict[str, float | str]
) -> Market:
    """A market with columns of `UnderlyingRisk`, given by underlying."""
    market = make_market(parse_underlyings(rows), legs, rulebook)
    names = market.underlyings.name.to_pylist()
    numbers = {
        name: np.array([float(risk.get(name, {}).get(u, np.nan)) for u in names])
        for name in ("standard_deviation", "move_floor", "average_daily_volume")
    }
    earnings = [risk.get("next_earnings", {}).get(u, "NaT") for u in names]
    columns = UnderlyingRisk(next_earnings=np.array(earnings, "datetime64[D]"), **numbers)
    return dataclasses.replace(
        market, underlyings=dataclasses.replace(market.underlyings, risk=columns)
    )


def moves_of(market: Market, rulebook: Rulebook) -> tuple[dict[str, list[float]], ClassMoves]:
    groups = class_groups(market.underlyings, rulebook)
    moves = class_moves(market, groups, rulebook)
    first = rulebook.scenario_sets[1].begin
    rows = zip(groups.name.to_pylist(), moves.move[:, first:].tolist(), strict=True)
    return {name: [round(move, 12) for move in row] for name, row in rows}, moves


def test_moves_in_standard_deviations_come_from_the_book_or_the_rulebook() -> None:
    rules = rulebook_of(
        house_set("[-5.0, 5.0]", move_unit="'standard_deviation'", standard_deviation="0.02")
    )
    deviation: dict[str, float | str] = {"X": 0.03, "SPY": 0.01, "UPRO": 0.045}
    market = market_of("X 100;Y 100;SPY 500;UPRO 80", [], rules, standard_deviation=deviation)
    found, moves = moves_of(market, rules)
    # a 3x fund that moves by 4.5 % says 1.5 % of its index, more than the 1 % of the plain one
    assert found == {"X": [-0.15, 0.15], "Y": [-0.1, 0.1], "SPX": [-0.075, 0.075]}
    names = class_groups(market.underlyings, rules).name.to_pylist()
    assert moves.labels_of(names.index("SPX"))[-2:] == ("-7.5%", "+7.5%")
    assert rules.point_labels("equity")[-2:] == ("-5 sd", "+5 sd")
    spot = shocked_spots(market, rules)
    assert spot[3, -2:].tolist() == pytest.approx([80 * (1 - 0.225), 80 * (1 + 0.225)])


def test_floors_stretch_each_side_to_its_reach() -> None:
    rules = rulebook_of(
        house_set("[-0.2, -0.1, 0.0, 0.1, 0.2]", is_floored_by_book="true")
        + f"[scenario_sets.house.floors]\nX = {figure('[0.5, 1.0]')}\nY = {figure('[0.1, 0.1]')}\n"
    )
    floors: dict[str, float | str] = {"Z": 0.4, "UPRO": 0.9}
    market = market_of("X 100;Y 100;Z 100;SPY 500;UPRO 80", [], rules, move_floor=floors)
    found, _ = moves_of(market, rules)
    assert found == {
        "X": [-0.5, -0.25, 0.0, 0.5, 1.0],
        "Y": [-0.2, -0.1, 0.0, 0.1, 0.2],
        "Z": [-0.4, -0.2, 0.0, 0.2, 0.4],
        "SPX": [-0.3, -0.15, 0.0, 0.15, 0.3],  # a third of the 3x fund's floor
    }


def test_a_floor_may_name_any_member_of_a_class_group() -> None:
    floors = {
        "SPY": "[0.5, 0.3]",  # of SPX, in the market
        "QQQ": "[0.4, 0.4]",  # of NDX, of which the market has another member
        "TZA": "[0.6, 0.9]",  # -3x of RUT: down and up change places
        "BRK.B": "[0.35, 0.35]",  # in another spelling than the market's
        "XLK": "[0.9, 0.9]",  # not in the market
    }
    lines = "".join(f'"{name}" = {figure(reach)}\n' for name, reach in floors.items())
    rules = rulebook_of(house_set("[-0.2, 0.2]") + f"[scenario_sets.house.floors]\n{lines}")
    market = market_of("SPX 5000;SPY 500;NDX 100;TZA 20;BRK-B 400;X 100", [], rules)
    found, _ = moves_of(market, rules)
    assert found == {
        "SPX": [-0.5, 0.3],
        "NDX": [-0.4, 0.4],
        "RUT": [-0.3, 0.2],
        "BRK-B": [-0.35, 0.35],
        "X": [-0.2, 0.2],
    }


def test_an_explanation_names_the_floor_by_the_symbol_that_has_it() -> None:
    floors = f"QQQ = {figure('[0.3, 0.3]')}\nDIA = {figure('[0.2, 0.2]')}\n"
    rules = rulebook_of(house_set("[-0.2, 0.2]") + f"[scenario_sets.house.floors]\n{floors}")
    legs = parse_legs("100 TQQQ")  # three times QQQ
    market = make_market(parse_underlyings("TQQQ 50"), legs, rules)
    report = margin(make_book(market, {"A": legs}, rules), threads=1)
    assert report.accounts["requirement"].to_pylist() == pytest.approx([4_500.0])
    keys = [figure.key for figure in report.explain("A").figures]
    assert "scenario_sets.house.floors.QQQ" in keys
    assert "scenario_sets.house.floors.DIA" not in keys


def test_moves_widen_before_earnings() -> None:
    rules = rulebook_of(
        house_set("[-0.8, 0.2]", earnings_multiplier="1.5", earnings_days="5"),
    )
    after = [str(AS_OF.date() + dt.timedelta(days=d)) for d in (5, 6, -1)]
    days: dict[str, float | str] = dict(zip("XYZ", after, strict=True))
    found, _ = moves_of(market_of("X 100;Y 100;Z 100", [], rules, next_earnings=days), rules)
    assert found == {"X": [-1.0, 0.3], "Y": [-0.8, 0.2], "Z": [-0.8, 0.2]}


def test_a_market_without_these_columns_takes_the_rulebooks_figures() -> None:
    rules = load_rulebook("house-example")
    market = make_market(parse_underlyings("X 100;GME 20"), [], rules)
    found, _ = moves_of(market, rules)
    names = [s.name for s in rules.scenario_sets]
    assert names == ["regulatory", "wide", "volatility", "five_deviations", "span"]
    sets = {s.name: s for s in rules.scenario_sets}
    assert [s.end - s.begin for s in sets.values()] == [10, 4, 10, 2, 16]
    groups = class_groups(market.underlyings, rules)
    move = class_moves(market, groups, rules).move
    wide = slice(sets["wide"].begin, sets["wide"].end)
    assert move[0, wide].tolist() == pytest.approx([-0.5, -0.25 * 0.5 / 0.3, 0.25 / 0.3, 1.0])
    assert move[1, sets["five_deviations"].begin] == pytest.approx(-0.1)
    assert len(found) == 2


def test_span_points_shift_volatility_and_weigh_the_extremes(backend: BackendName) -> None:
    rules = load_rulebook("house-example")
    span = rules.scenario_sets[-1]
    assert rules.point_labels("equity")[span.begin : span.begin + 4] == (
        *("0% vol +15%", "0% vol -15%"),
        *("+5% vol +15%", "+5% vol -15%"),
    )
    assert rules.point_labels("equity")[-1] == "-45% at 33%"
    legs = parse_legs("1 X C 100 60 @5;100 X")
    market = make_market(parse_underlyings("X 100"), legs, rules)
    arrays = risk_arrays(market, rulebook=rules, backend=backend, threads=1)
    option, stock = arrays.pnl
    assert option[span.begin] > 0.0 > option[span.begin + 1]
    assert stock[-2:].tolist() == pytest.approx([0.33 * 45.0, -0.33 * 45.0])
    assert stock[span.begin : span.begin + 2].tolist() == [0.0, 0.0]


def test_sets_after_the_first_are_priced_for_what_is_held(backend: BackendName) -> None:
    rules = load_rulebook("house-example")
    legs = parse_legs("1 X C 100 60 @5;1 X P 90 60 @1;100 X")
    market = make_market(parse_underlyings("X 100"), legs, rules)
    held = np.array([True, False, True])
    whole = risk_arrays(market, rulebook=rules, backend=backend, threads=1)
    some = risk_arrays(market, rulebook=rules, held=held, backend=backend, threads=1)
    np.testing.assert_array_equal(some.pnl[held], whole.pnl[held])
    np.testing.assert_array_equal(np.isnan(some.pnl[1]), np.arange(len(rules.points)) >= 10)
    np.testing.assert_array_equal(some.base, whole.base)


def test_the_greatest_set_binds_and_is_named(backend: BackendName) -> None:
    rules = load_rulebook("house-example")
    legs = parse_legs("100 X;100 GME;100 SPY")
    market = make_market(parse_underlyings("X 100;GME 20;SPY 500"), legs, rules)
    book = make_book(market, {"A": legs[:1], "B": legs[1:2], "C": legs[2:]}, rules)
    arrays = risk_arrays(market, rulebook=rules, backend=backend, threads=1)
    found = requirement(book, arrays, backend=backend, threads=1)
    # 30 % of 10,000; 50 % of 2,000; 20 % of 50,000
    assert found.requirement.tolist() == pytest.approx([3_000.0, 1_000.0, 10_000.0])
    assert found.scenario_set.to_pylist() == ["wide"] * 3
    assert found.worst_point.to_pylist() == ["-30%", "-50%", "-20%"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            house_set("[-5.0]", move_unit="'standard_deviation'"),
            "scenario_sets.house.standard_deviation must be given with move_unit",
        ),
        (house_set("[-1.5]"), "scenario_sets.house.moves.equity.value.0 must be -1 or more"),
        (
            house_set("[0.1]", earnings_days="5"),
            "scenario_sets.house.earnings_multiplier must be given with earnings_days",
        ),
        (house_set("[0.1, 0.2]", pnl_weight="[1.0, 0.5, 0.1]"), "must have 1 or 2 values, got 3"),
        (
            "[add_ons.x]\ntitle = 'x'\n"
            f"measure = {figure(repr('days_to_liquidate'))}\n"
            f"bounds = {figure('[2.0, 1.0]')}\nrates = {figure('[0.0, 0.1]')}\n"
            f"portfolio_types = {figure('[' + repr('bond') + ']')}\n",
            "add_ons.x.portfolio_types must be one of",
        ),
    ],
)
def test_overlays_that_contradict_themselves_are_refused(text: str, expected: str) -> None:
    with pytest.raises(RulebookError) as caught:
        rulebook_of(text)
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems
    if "add_ons" in text:
        text = "\n".join(caught.value.problems)
        assert "add_ons.x.rates must have 3 values, got 2" in text
        assert "add_ons.x.bounds must rise, got [2.0, 1.0]" in text
        assert "add_ons.x.participation must be given" in text


# --- add-ons -------------------------------------------------------------------------------------


def charged(book: Book, backend: BackendName = "native") -> AddOns:
    arrays = risk_arrays(book.market, rulebook=book.rulebook, backend=backend, threads=1)
    margin = requirement(book, arrays, backend=backend, threads=1)
    return add_ons(book, arrays.base, margin)


def test_concentration_and_days_to_liquidate_by_hand() -> None:
    rules = load_rulebook("house-example")
    legs = parse_legs("100 X;-300 Y;40 SPY;1 X C 100 60 @5")
    volume: dict[str, float | str] = {"X": 200.0, "Y": 1e9}
    market = market_of("X 100;Y 10;SPY 500", legs, rules, average_daily_volume=volume)
    book = make_book(market, {"A": legs, "B": []}, rules)
    book = dataclasses.replace(book, cash=np.array([-2_500.0, 1e6]))
    # equity: 10,000 + 500 - 3,000 + 20,000 - 2,500 = 25,000
    found = charged(book)
    rows = {(r["add_on"], r["class_group"]): r for r in found.rows.to_pylist()}
    long = rows["long_concentration", "X"]
    assert long["measure"] == pytest.approx(10_500 / 25_000)  # 42 %: the step of 40 to 50
    assert (long["rate"], long["amount"]) == pytest.approx((0.15, 1_575.0))
    short = rows["short_concentration", "Y"]
    assert (short["exposure"], short["measure"]) == pytest.approx((-3_000.0, 0.12))
    assert short["amount"] == pytest.approx(300.0)
    days = rows["days_to_liquidate", "X"]
    assert days["symbol"] == "X"
    assert days["measure"] == pytest.approx(2.0)  # 100 shares, a quarter of 200 a day
    assert days["amount"] == pytest.approx(0.20 * 10_000)
    assert len(rows) == 3  # an index fund is in none of the tables
    assert found.amount.tolist() == pytest.approx([1_575.0 + 300.0 + 2_000.0, 0.0])


def test_an_account_without_equity_is_in_the_last_step() -> None:
    rules = load_rulebook("house-example")
    legs = parse_legs("100 X")
    book = make_book(make_market(parse_underlyings("X 100"), legs, rules), {"A": legs}, rules)
    found = charged(dataclasses.replace(book, cash=np.array([-10_000.0])))
    (row,) = found.rows.to_pylist()
    assert row["measure"] is None
    assert (row["rate"], row["amount"]) == pytest.approx((0.30, 3_000.0))


def test_an_account_with_positions_is_topped_up_to_the_least() -> None:
    rules = load_rulebook("house-example")
    legs = parse_legs("1 X;10 X C 200 30 @0.05")
    market = make_market(parse_underlyings("X 100"), legs, rules)
    book = make_book(market, {"A": legs[:1], "B": []}, rules)
    found = charged(dataclasses.replace(book, cash=np.array([1e6, 1e6])))
    assert found.amount.tolist() == pytest.approx([250.0 - 30.0, 0.0])
    assert found.rows["add_on"].to_pylist() == ["minimum_requirement"]


def test_a_rulebook_without_add_ons_has_none() -> None:
    rules = load_rulebook("finra-4210g")
    legs = parse_legs("100 X")
    book = make_book(make_market(parse_underlyings("X 100"), legs, rules), {"A": legs}, rules)
    found = charged(book)
    assert (found.rows.num_rows, found.amount.tolist()) == (0, [0.0])
    assert found.rows.schema.field("account").type == pa.dictionary(pa.int32(), pa.string())


@given(st.lists(st.integers(-50, 50), min_size=3, max_size=3), st.floats(0.1, 10.0))
def test_add_ons_scale_with_the_account(quantities: list[int], factor: float) -> None:
    rules = rulebook_of(
        "[add_ons.long]\ntitle = 'x'\n"
        f"measure = {figure(repr('long_share_of_equity'))}\n"
        f"bounds = {figure('[0.1, 0.4]')}\nrates = {figure('[0.0, 0.1, 0.3]')}\n"
    )
    legs = [Leg(float(q), name) for q, name in zip(quantities, "XYZ", strict=True)]
    many = [dataclasses.replace(leg, quantity=factor * leg.quantity) for leg in legs]
    market = make_market(parse_underlyings("X 100;Y 50;Z 10"), legs, rules)
    book = make_book(market, {"A": legs, "B": many}, rules)
    found = charged(dataclasses.replace(book, cash=1_000.0 * np.array([1.0, factor])))
    assert found.amount[1] == pytest.approx(factor * found.amount[0], rel=1e-6, abs=CENT)


def test_a_share_that_is_exactly_the_bound_is_in_the_step_above_it() -> None:
    """Cash of nine times the stock, in decimals: the stock is a tenth of the equity."""
    random = np.random.default_rng(5)
    prices = [Decimal(int(p)) / 100 for p in random.integers(100, 90_000, 300)]
    shares = [int(q) for q in random.integers(1, 500, 300)]
    names = [f"U{k:03d}" for k in range(300)]
    legs = [Leg(float(q), name) for q, name in zip(shares, names, strict=True)]
    rules = rulebook_of(
        "[add_ons.long]\ntitle = 'x'\n"
        f"measure = {figure(repr('long_share_of_equity'))}\n"
        f"bounds = {figure('[0.1]')}\nrates = {figure('[0.0, 0.05]')}\n"
    )
    rows = ";".join(f"{name} {price}" for name, price in zip(names, prices, strict=True))
    market = make_market(parse_underlyings(rows), legs, rules)
    book = make_book(market, {leg.underlying: [leg] for leg in legs}, rules)
    value = [price * q for price, q in zip(prices, shares, strict=True)]
    at_bound = charged(dataclasses.replace(book, cash=np.array([float(9 * v) for v in value])))
    assert at_bound.amount == pytest.approx([0.05 * float(v) for v in value])
    below = charged(dataclasses.replace(book, cash=np.array([float(9 * v) + 0.1 for v in value])))
    assert below.amount.tolist() == [0.0] * 300


def test_the_house_part_stands_beside_the_regulatory_requirement(backend: BackendName) -> None:
    """100 X at 100: 1,500 by the rules, 3,000 by the wide set; the least is 250 for 1 GME."""
    rules = load_rulebook("house-example")
    legs = parse_legs("100 X;1 GME")
    market = make_market(parse_underlyings("X 100;GME 20"), legs, rules)
    book = make_book(market, {"A": legs[:1], "B": legs[1:]}, rules)
    book = dataclasses.replace(book, cash=np.array([5e5, 5e5]), net_capital=200.0)
    report = margin(book, backend=backend, threads=1)
    rows = report.accounts.to_pylist()
    assert [row["requirement"] for row in rows] == pytest.approx([3_000.0, 250.0])
    assert [row["regulatory_requirement"] for row in rows] == pytest.approx([1_500.0, 3.0])
    assert [row["house_part"] for row in rows] == pytest.approx([1_500.0, 247.0])
    firm = report.manifest["firm"]
    assert isinstance(firm, dict)
    assert firm["portfolio_requirement"] == pytest.approx(1_503.0)  # not 3,250, which is over
    assert (firm["limit"], firm["is_over"]) == (2_000.0, False)
    assert not [line for line in warning_lines(report) if "net capital" in line]
    over = margin(dataclasses.replace(book, net_capital=150.0), backend=backend, threads=1)
    assert (
        "warning: portfolio-margin requirements of 1,503.00 are over 10 times the net capital of "
        "150.00, allowed for 3 business days"
    ) in list(warning_lines(over))
    text = str(over.explain("A"))
    assert "the regulatory requirement is 1,500.00, what the house asks beyond it 1,500.00" in text


def test_the_text_says_what_a_deficiency_is_against() -> None:
    rules = load_rulebook("house-example")
    legs = parse_legs("100 X")
    market = make_market(parse_underlyings("X 100"), legs, rules)
    book = make_book(market, dict.fromkeys("ABCD", legs), rules)
    kinds = pa.array(["portfolio", "portfolio", "reg_t", "cash"])
    cash = np.array([-8_000.0, -9_000.0, -9_000.0, -100.0])
    report = margin(dataclasses.replace(book, account_type=kinds, cash=cash), threads=1)
    house, rule, reg_t, paid = (str(report.explain(name)) for name in "ABCD")
    assert "(the equity covers the regulatory requirement, and not what the house asks" in house
    assert "house call: due on" in house
    assert "regulatory call: due on" in house  # for the minimum equity
    assert "the equity does not cover the regulatory requirement" in rule
    lost = [line.strip() for line in reg_t.splitlines()]
    assert "reg_t_excess = margin equity 1,000.00 - maintenance 2,500.00 = -1,500.00" in lost
    assert "lacks 1,500.00 to the maintenance" in lost
    assert "(the margin equity does not cover the strategy-based maintenance)" in reg_t
    for text in (reg_t, paid):
        assert "account.deficiency_days" not in text
    assert "account.reg_t_days" in reg_t
    assert "account.cash_days" in paid
    assert "could it be kept as the cash account that it is? only with 100.00 more" in paid
