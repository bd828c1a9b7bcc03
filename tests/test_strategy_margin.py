# SPDX-License-Identifier: Apache-2.0
import datetime as dt
from dataclasses import replace
from functools import cache
from random import Random
from unittest import mock

import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from known_values import read_cases
from riskarray import strategy_margin
from riskarray.rulebook import Rulebook, load_rulebook
from riskarray.strategy_margin import StrategyMargin
from riskarray.strategy_terms import months_after
from small_books import Leg, make_book, make_market, parse_legs, parse_underlyings

CENT = 0.005
CASES = read_cases("strategy_margin")


@pytest.fixture
def finra() -> Rulebook:
    return built_in()


@cache
def built_in() -> Rulebook:
    return load_rulebook("finra-4210g")


def margin_of(
    rulebook: Rulebook, underlyings: str, legs: str, account_type: str = "reg_t"
) -> StrategyMargin:
    parsed = parse_legs(legs)
    market = make_market(parse_underlyings(underlyings), parsed, rulebook)
    book = make_book(market, {"A": parsed}, rulebook, account_type=account_type)
    return strategy_margin.requirement(book, market.instruments.price)


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_published_and_hand_worked_figures_come_out(finra: Rulebook, case: dict[str, str]) -> None:
    margin = margin_of(finra, case["underlyings"], case["legs"], case["account_type"])
    got = {
        "initial": margin.reg_t_initial[0],
        "maintenance": margin.maintenance[0],
        "net_deposit": margin.net_deposit[0],
    }
    assert got == pytest.approx({key: float(case[key]) for key in got}, abs=CENT)


def test_each_strategy_is_a_row_with_its_rule_and_source(finra: Rulebook) -> None:
    margin = margin_of(finra, "ACME 500", "150 ACME;-2 ACME C 510 30 @5")
    rows = margin.strategies.to_pylist()
    assert [row["strategy"] for row in rows] == ["long_stock", "covered_call", "uncovered_call"]
    assert [row["legs"] for row in rows] == [
        "+50 ACME",
        "+100 ACME, -1 ACME C510 30d",
        "-1 ACME C510 30d",
    ]
    assert [row["quantity"] for row in rows] == [50.0, 1.0, 1.0]
    # 50 % of 25,000 and 50,000; 500 + (20 % of 500 - 10) x 100
    assert [row["initial"] for row in rows] == pytest.approx([12_500, 25_000, 9_500])
    assert [row["option_value"] for row in rows] == pytest.approx([0.0, -500.0, -500.0])
    assert all(row["account"] == "A" and row["underlying"] == "ACME" for row in rows)
    assert rows[0]["source"] == "220.12(a); FINRA Rule 4210(c); RN 09-53"
    assert rows[2]["source"] == finra.strategy.short_option["equity"].rate.source
    assert all(row["rule"] for row in rows)


def test_net_figures_add_the_value_of_options(finra: Rulebook) -> None:
    margin = margin_of(finra, "X 91.25", "500 X;5 X P 90 60 @2.5;-5 X C 95 60 @2.78")
    value = 500 * (2.5 - 2.78)
    assert margin.net_deposit[0] == pytest.approx(margin.reg_t_initial[0] + value)
    assert margin.maintenance_net[0] == pytest.approx(margin.maintenance[0] + value)


def test_shares_of_several_funds_cover_index_calls_whole(finra: Rulebook) -> None:
    # one contract on 5,000 takes 500,000 USD of shares: 500 SPY and 500 IVV are enough for one
    margin = margin_of(
        finra,
        "SPX 5000;SPY 500;IVV 502",
        "500 SPY;500 IVV;-2 SPX C 5100 30 @40 exercise=european",
    )
    rows = margin.strategies.to_pylist()
    covered = [row for row in rows if row["strategy"] == "covered_call"]
    assert sum(row["quantity"] for row in covered) == pytest.approx(1.0)
    assert [row["underlying"] for row in covered] == ["SPX", "SPX"]
    uncovered = next(row for row in rows if row["strategy"] == "uncovered_call")
    # 40 + 15 % of 5,000 - 100 out of the money
    assert uncovered["initial"] == pytest.approx(100 * (40 + 750 - 100))
    assert margin.reg_t_initial[0] == pytest.approx(0.5 * 501_000 + uncovered["initial"])


def test_the_order_of_underlyings_chooses_no_fund(finra: Rulebook) -> None:
    legs = "1000 SPY;1000 IVV;-1 SPX C 5100 30 @40 exercise=european;-2 X C 95 30 @2"
    names = ("SPX 5000", "SPY 500", "IVV 500", "X 95")
    one, other = (margin_of(finra, ";".join(order), legs) for order in (names, names[::-1]))
    assert one.strategies.to_pylist() == other.strategies.to_pylist()
    assert one.reg_t_initial.tolist() == other.reg_t_initial.tolist()
    assert "covered_call" in one.strategies["strategy"].to_pylist()


@pytest.mark.parametrize("shares", [1, 999])
def test_too_few_fund_shares_leave_the_index_alone(finra: Rulebook, shares: int) -> None:
    """120 series of calendars need nothing; shares worth less than a contract join nothing."""
    calendars = "".join(
        f"-1 {name} C {strike} 30 @{near}{style};1 {name} C {strike} 60 @{far}{style};"
        for name, first, step, count, near, far, style in (
            ("SPX", 5800, 10, 40, 260, 320, " exercise=european"),
            ("SPY", 590, 1, 20, 26, 32, ""),
        )
        for strike in range(first, first + step * count, step)
    )
    margin = margin_of(finra, "SPX 6000;SPY 600", f"{calendars}{shares} SPY")
    assert margin.reg_t_initial[0] == pytest.approx(0.5 * 600 * shares)
    assert margin.initial_bound[0] == pytest.approx(0.5 * 600 * shares)


def test_dust_of_sums_is_no_strategy(finra: Rulebook) -> None:
    margin = margin_of(finra, "X 100", "0.1 X;0.2 X;-0.3 X;1 X C 100 30 @5")
    assert [row["strategy"] for row in margin.strategies.to_pylist()] == ["long_option"]


def test_short_fund_shares_cover_index_puts(finra: Rulebook) -> None:
    margin = margin_of(
        finra, "SPX 5000;SPY 500", "-1000 SPY;-1 SPX P 5100 30 @120 exercise=european"
    )
    assert margin.reg_t_initial[0] == pytest.approx(0.5 * 500_000 + 100 * 100)


def test_leveraged_funds_and_other_indexes_cover_nothing(finra: Rulebook) -> None:
    short = "-1 SPX C 5100 30 @40 exercise=european"
    alone = margin_of(finra, "SPX 5000", short).reg_t_initial[0]
    for fund, initial in (("SSO 100", 50.0), ("DIA 100", 50.0), ("SH 100", 50.0)):
        name = fund.split()[0]
        both = margin_of(finra, f"SPX 5000;{fund}", f"10000 {name};{short}").reg_t_initial[0]
        assert both == pytest.approx(alone + 10_000 * initial)


def test_the_theoretical_value_stands_in_for_a_missing_price(finra: Rulebook) -> None:
    legs = parse_legs("-1 X P 80 90 @nan")
    market = make_market(parse_underlyings("X 95"), legs, finra)
    book = make_book(market, {"A": legs}, finra)
    margin = strategy_margin.requirement(book, np.array([2.0]))
    assert margin.reg_t_initial[0] == pytest.approx(1_000.0)
    with pytest.raises(ValueError, match=r"X P80 90d \(1 in all\)"):
        strategy_margin.requirement(book, np.array([np.nan]))


def test_an_instrument_nobody_holds_needs_no_value(finra: Rulebook) -> None:
    legs = parse_legs("-1 X P 80 90 @2;1 X C 100 90 @nan")
    market = make_market(parse_underlyings("X 95"), legs, finra)
    book = make_book(market, {"A": legs[:1], "B": []}, finra)
    margin = strategy_margin.requirement(book, market.instruments.price)
    assert margin.reg_t_initial.tolist() == pytest.approx([1_000.0, 0.0])


def test_an_empty_book_requires_nothing(finra: Rulebook) -> None:
    market = make_market(parse_underlyings("X 95"), [], finra)
    margin = strategy_margin.requirement(make_book(market, {"A": []}, finra), np.zeros(0))
    assert margin.reg_t_initial.tolist() == [0.0]
    assert margin.strategies.num_rows == 0


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-05", 9, "2026-10-05"),
        ("2025-05-31", 9, "2026-02-28"),
        ("2027-05-31", 9, "2028-02-29"),
        ("2025-12-31", 2, "2026-02-28"),
    ],
)
def test_months_are_counted_by_the_calendar(day: str, months: int, expected: str) -> None:
    assert str(months_after(dt.date.fromisoformat(day), months)) == expected


# --- properties ----------------------------------------------------------------------------------

UNDERLYINGS = "SPX 5000;SPY 500;IVV 502;X 95;Y 4;N 30 product_type=etn leverage=2"
INSTRUMENTS = [
    *[Leg(1, name) for name in ("SPY", "IVV", "X", "Y", "N")],
    *[
        Leg(1, name, right, strike, days, price, keys)
        for name, strikes, keys in (
            ("SPX", (4900.0, 5000.0, 5100.0), {"exercise": "european"}),
            ("SPY", (490.0, 510.0), {}),
            ("X", (80.0, 95.0, 110.0), {}),
            ("Y", (3.0, 5.0), {}),
            ("N", (30.0,), {}),
        )
        for strike in strikes
        for right in "CP"
        for days, price in ((30, 2.0), (400, 9.0))
    ],
]


def stock_or_option(leg: Leg, lots: int) -> Leg:
    return replace(leg, quantity=lots if leg.right else lots * 100)


legs_lists = st.lists(
    st.builds(stock_or_option, st.sampled_from(INSTRUMENTS), st.integers(-6, 6)),
    min_size=1,
    max_size=12,
)


def requirements(
    rulebook: Rulebook,
    accounts: dict[str, list[Leg]],
    order: list[Leg],
    account_type: str = "reg_t",
    underlyings: str = UNDERLYINGS,
) -> dict[str, tuple[float, float, float, float]]:
    market = make_market(parse_underlyings(underlyings), order, rulebook)
    book = make_book(market, accounts, rulebook, account_type=account_type)
    margin = strategy_margin.requirement(book, market.instruments.price)
    columns = (
        margin.reg_t_initial,
        margin.maintenance,
        margin.net_deposit,
        margin.maintenance_net,
    )
    return dict(zip(book.account.to_pylist(), zip(*columns, strict=True), strict=True))


@given(legs_lists, st.randoms(use_true_random=False), st.sampled_from(["reg_t", "cash"]))
def test_order_splitting_and_names_change_nothing(
    legs: list[Leg], random: Random, account_type: str
) -> None:
    rulebook = built_in()
    plain = requirements(rulebook, {"A": legs}, INSTRUMENTS, account_type)["A"]
    halves = [replace(leg, quantity=leg.quantity / 2) for leg in [*legs, *legs]]
    order = [*INSTRUMENTS]
    underlyings = UNDERLYINGS.split(";")
    random.shuffle(halves)
    random.shuffle(order)
    random.shuffle(underlyings)
    accounts = {"Z": halves, "B": legs[:1], "Q": legs[::-1]}
    other = requirements(rulebook, accounts, order, account_type, ";".join(underlyings))
    assert other["Z"] == pytest.approx(plain, abs=CENT)
    assert other["Q"] == pytest.approx(plain, abs=CENT)


@given(legs_lists, st.integers(2, 50))
def test_round_lots_need_no_more_than_their_number(legs: list[Leg], factor: int) -> None:
    rulebook = built_in()
    own = [leg for leg in legs if leg.underlying != "SPX"]
    many = [replace(leg, quantity=leg.quantity * factor) for leg in own]
    required = requirements(rulebook, {"A": own, "B": many}, INSTRUMENTS)
    # more contracts can be divided in more ways
    for many_lots, one_lot in zip(required["B"], required["A"], strict=True):
        assert many_lots <= factor * one_lot + CENT


@given(legs_lists)
def test_strategies_use_every_leg_once(legs: list[Leg]) -> None:
    rulebook = built_in()
    market = make_market(parse_underlyings(UNDERLYINGS), INSTRUMENTS, rulebook)
    book = make_book(market, {"A": legs}, rulebook)
    strategies = strategy_margin.requirement(book, market.instruments.price).strategies
    held = {
        market.instruments.symbol[int(row)].as_py(): quantity
        for row, quantity in zip(book.instrument, book.quantity, strict=True)
    }
    for basis in ("initial", "maintenance"):
        total: dict[str, float] = {}
        for text in strategies.filter(pc.is_valid(strategies[basis]))["legs"].to_pylist():
            for leg in text.split(", "):
                quantity, symbol = leg.split(" ", 1)
                total[symbol] = total.get(symbol, 0.0) + float(quantity)
        assert total == pytest.approx(held, abs=1e-6)


@given(legs_lists, legs_lists)
def test_sums_over_strategies_are_the_account(first: list[Leg], second: list[Leg]) -> None:
    rulebook = built_in()
    market = make_market(parse_underlyings(UNDERLYINGS), INSTRUMENTS, rulebook)
    book = make_book(market, {"A": first, "B": second}, rulebook)
    margin = strategy_margin.requirement(book, market.instruments.price)
    for k, name in enumerate(("A", "B")):
        rows = margin.strategies.filter(pc.equal(margin.strategies["account"], name))
        initial = sum(rows["initial"].drop_null().to_pylist())
        assert initial == pytest.approx(margin.reg_t_initial[k], abs=CENT)
        rows = rows.filter(pc.is_valid(rows["maintenance"]))
        net = sum(rows["maintenance"].to_pylist()) + sum(rows["option_value"].to_pylist())
        assert net == pytest.approx(margin.maintenance_net[k], abs=CENT)


@given(st.lists(legs_lists, min_size=1, max_size=6), st.integers(1, 20))
def test_blocks_of_accounts_change_nothing(books: list[list[Leg]], size: int) -> None:
    rulebook = built_in()
    accounts = {f"A{k}": legs for k, legs in enumerate(books)}
    whole = requirements(rulebook, accounts, INSTRUMENTS)
    with mock.patch.object(strategy_margin, "_BLOCK", size):
        assert requirements(rulebook, accounts, INSTRUMENTS) == whole
