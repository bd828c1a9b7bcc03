"""Sensitivities against QuantLib and against finite differences of the values themselves."""

from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813  # as its documents spell it

from riskarray.array_types import F64
from riskarray.backends import BackendName
from riskarray.greeks import Greeks, greeks
from riskarray.market import Market
from riskarray.pricing import RiskArrays, risk_arrays
from riskarray.rulebook import load_rulebook
from small_books import Leg, make_market, parse_legs, parse_underlyings

RULEBOOK = load_rulebook("finra-4210g")
LEGS = (
    "1 ACME C 480 60 @30;1 ACME C 510 30 @5;1 ACME P 470 90 @12;1 ACME P 520 200 @45;"
    "1 ACME P 900 30 @400;1 ACME"
)


def market_of(text: str, *, style: str = "american") -> Market:
    legs: list[Leg] = parse_legs(text)
    market = make_market(parse_underlyings("ACME 500"), legs, RULEBOOK)
    if style == "european":
        is_option = market.instruments.exercise > 0
        exercise = np.where(is_option, 1, 0).astype(np.int8)
        market = replace(market, instruments=replace(market.instruments, exercise=exercise))
    return market


def priced(market: Market, backend: BackendName) -> tuple[RiskArrays, Greeks]:
    arrays = risk_arrays(market, rulebook=RULEBOOK, backend=backend)
    return arrays, greeks(market, arrays, backend=backend)


def black_scholes_greeks(market: Market, volatility: F64, i: int) -> tuple[float, ...]:
    """Of one contract, by QuantLib's formula: delta, gamma, vega per point, theta per day."""
    time = float(market.time_to_expiry()[i])
    rate = float(market.rates.at(np.array([time]))[0])
    right = ql.Option.Call if market.instruments.right[i] > 0 else ql.Option.Put
    payoff = ql.PlainVanillaPayoff(right, float(market.instruments.strike[i]))
    spot, discount = 500.0, np.exp(-rate * time)
    deviation = float(volatility[i]) * np.sqrt(time)
    formula = ql.BlackCalculator(payoff, spot / discount, deviation, discount)
    unit = 100.0
    return (
        unit * formula.delta(spot),
        unit * formula.gamma(spot),
        unit * formula.vega(time) / 100.0,
        unit * formula.theta(spot, time) / 365.0,
    )


def test_european_greeks_are_those_of_the_formula(backend: BackendName) -> None:
    market = market_of(
        "1 ACME C 480 60 @30;1 ACME C 510 30 @5;1 ACME P 470 90 @12", style="european"
    )
    arrays, got = priced(market, backend)
    for i in range(3):
        delta, gamma, vega, theta = black_scholes_greeks(market, arrays.volatility, i)
        assert got.delta[i] == pytest.approx(delta, abs=2e-3)
        assert got.gamma[i] == pytest.approx(gamma, rel=1e-3)
        assert got.vega[i] == pytest.approx(vega, rel=1e-4)
        assert got.theta[i] == pytest.approx(theta, rel=2e-3)


def test_american_theta_is_what_a_day_takes(backend: BackendName) -> None:
    """Half the loss of value over two days around today, at the same volatility."""
    market = market_of(LEGS)
    arrays, got = priced(market, backend)
    terms = replace(
        market,
        instruments=replace(
            market.instruments,
            price=np.full_like(market.instruments.price, np.nan),
            implied_volatility=np.where(market.instruments.right != 0, arrays.volatility, np.nan),
        ),
    )
    day = np.timedelta64(1, "D")
    values = []
    for shift in (-day, day):
        shifted = replace(terms.instruments, expiry=terms.instruments.expiry + shift)
        moved = replace(terms, instruments=shifted)
        values.append(risk_arrays(moved, rulebook=RULEBOOK, backend=backend).base)
    loss = 100.0 * (values[0] - values[1]) / 2.0
    np.testing.assert_allclose(got.theta[:4], loss[:4], rtol=2e-2)


def test_exercise_now_leaves_neither_time_value_nor_volatility(backend: BackendName) -> None:
    """A put far in the money is worth its exercise; stock is its own delta."""
    market = market_of(LEGS)
    given = np.array([np.nan, np.nan, np.nan, np.nan, 0.2, np.nan])
    instruments = replace(
        market.instruments,
        implied_volatility=given,
        price=np.where(np.isnan(given), market.instruments.price, np.nan),
    )
    _, got = priced(replace(market, instruments=instruments), backend)
    assert got.delta[4] == pytest.approx(-100.0, abs=1e-6)
    assert [got.gamma[4], got.vega[4], got.theta[4]] == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    assert [got.delta[5], got.gamma[5], got.vega[5], got.theta[5]] == [1.0, 0.0, 0.0, 0.0]


def test_risk_arrays_of_another_market_are_refused() -> None:
    arrays = risk_arrays(market_of(LEGS), rulebook=RULEBOOK)
    with pytest.raises(
        ValueError, match=r"^greeks: arrays must have one row per instrument \(1\), got 6$"
    ):
        greeks(market_of("1 ACME"), arrays)


def test_backends_agree() -> None:
    market = market_of(LEGS)
    native, twin = priced(market, "native")[1], priced(market, "numba")[1]
    for name in ("delta", "gamma", "vega", "theta"):
        np.testing.assert_allclose(getattr(native, name), getattr(twin, name), rtol=1e-5, atol=1e-5)


def test_gamma_is_not_negative_where_a_grid_meets_exercise(backend: BackendName) -> None:
    """Calls with dividends and a yield: their value bends at exercise, between the nodes."""
    legs = ";".join(f"1 ACME C {strike} 700 @40" for strike in range(400, 470, 5))
    market = make_market(parse_underlyings("ACME 500"), parse_legs(legs), RULEBOOK)
    time = np.arange(0.1, 2.0, 0.25)
    dividends = replace(
        market.dividends,
        offset=np.array([0, len(time)], dtype=np.int64),
        ex_date=np.datetime64("2026-07-10") + np.round(365 * time).astype("timedelta64[D]"),
        time=time,
        amount=np.full(len(time), 3.0),
    )
    n = len(market.instruments.symbol)
    market = replace(
        market,
        dividends=dividends,
        underlyings=replace(market.underlyings, dividend_yield=np.array([0.02])),
        instruments=replace(
            market.instruments,
            implied_volatility=np.full(n, 0.147),
            price=np.full(n, np.nan),
        ),
    )
    _, got = priced(market, backend)
    assert np.all(got.gamma >= -1e-6 * 100)
    assert np.all(np.diff(got.delta) <= 0.5)
