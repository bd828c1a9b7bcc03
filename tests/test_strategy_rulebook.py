# SPDX-License-Identifier: Apache-2.0
"""What a rulebook changes in the strategy-based requirements: classes of underlyings, switches."""

from pathlib import Path

import pytest

from riskarray import strategy_margin
from riskarray.backends import BackendName
from riskarray.rulebook import Rulebook, load_rulebook
from rulebook_files import figure, overlay, problems_of, rulebook_of
from small_books import make_book, make_market, parse_legs, parse_underlyings


def required(
    rulebook: Rulebook,
    underlyings: str,
    legs: str,
    *,
    account_type: str = "reg_t",
    backend: BackendName | None = None,
) -> tuple[float, float]:
    """Initial and maintenance requirement, gross."""
    parsed = parse_legs(legs)
    market = make_market(parse_underlyings(underlyings), parsed, rulebook)
    book = make_book(market, {"A": parsed}, rulebook, account_type=account_type)
    margin = strategy_margin.requirement(book, market.instruments.price, backend=backend)
    return float(margin.reg_t_initial[0]), float(margin.maintenance[0])


@pytest.mark.parametrize("portfolio_type", ["high_cap_index", "non_high_cap_index", "equity"])
def test_an_option_on_a_note_needs_a_fifth_even_on_a_broad_index(portfolio_type: str) -> None:
    finra = load_rulebook("finra-4210g")
    for product_type, rate in (("etn", 0.2), ("etf", 0.2 if portfolio_type == "equity" else 0.15)):
        underlying = f"N 50 product_type={product_type} portfolio_type={portfolio_type}"
        need = 100.0 + rate * 50.0 * 100.0
        assert required(finra, underlying, "-1 N C 50 30 @1") == pytest.approx((need, need))


def test_a_rulebook_may_add_a_class_of_short_options() -> None:
    finra = load_rulebook("finra-4210g")
    # a currency: 4 % of 110; far out of the money 0.75 %
    currency = "EUU 110 strategy_class=world_currency"
    assert required(finra, currency, "-1 EUU P 110 30 @1")[0] == pytest.approx(100 + 440)
    assert required(finra, currency, "-1 EUU C 150 30 @0.1")[0] == pytest.approx(10 + 82.5)
    rules = rulebook_of(
        "[strategy.short_option.rates]\n"
        f"rate = {figure('0.1')}\nminimum = {figure('0.05')}\n"
        f"[portfolio_types.equity]\nindex_strategy_class = {figure(repr('rates'))}\n"
    )
    rate = "TNX 42 product_type=index"
    assert required(rules, rate, "-1 TNX C 42 30 @1")[0] == pytest.approx(100 + 420)


def test_a_class_that_no_table_defines_is_a_defect(tmp_path: Path) -> None:
    ask = f"[portfolio_types.equity]\nstrategy_class = {figure(repr('bonds'))}\n"
    (problem,) = problems_of(overlay(tmp_path, ask))
    assert "portfolio_types.equity.strategy_class must be one of broad_index, equity," in problem
    assert problem.endswith("got 'bonds'")


def test_stock_paid_in_full_needs_nothing_for_its_call_in_the_money() -> None:
    in_full = f"[strategy.cover]\nis_in_the_money_added_in_full = {figure('true')}\n"
    legs = "100 X;-1 X C 100 30 @12"
    # half of 11,000 and the 1,000 in the money; a cash account has paid all of it
    assert required(rulebook_of(in_full), "X 110", legs)[0] == pytest.approx(5_500 + 1_000)
    cash = required(rulebook_of(in_full), "X 110", legs, account_type="cash")
    assert cash == required(load_rulebook("finra-4210g"), "X 110", legs, account_type="cash")
    assert cash == pytest.approx((11_000, 11_000))


def test_an_american_call_spares_short_stock_its_initial_margin(backend: BackendName) -> None:
    rules = rulebook_of(f"[strategy.hedge]\nis_long_call_relief = {figure('true')}\n")
    finra = load_rulebook("finra-4210g")
    hedged, reverse = "-100 X;1 X C 90 30 @11", "-100 X;1 X C 90 30 @11;-1 X P 90 30 @1"
    for legs in (hedged, reverse):
        # 10 % of the strike of 90, as in maintenance, for 50 % of 10,000
        assert required(rules, "X 100", legs, backend=backend) == pytest.approx((900, 900))
        assert required(finra, "X 100", legs, backend=backend)[1] == pytest.approx(900)
    assert required(finra, "X 100", reverse, backend=backend)[0] == pytest.approx(5_000)
    for unfit in ("exercise=european", ""):
        strike = 90 if unfit else 110  # European, or above the price of the sale
        legs = f"-100 X;1 X C {strike} 30 @11 {unfit};-1 X P {strike} 30 @11 {unfit}"
        in_the_money = 100 * max(strike - 100, 0)
        assert required(rules, "X 100", legs, backend=backend)[0] == 5_000 + in_the_money
