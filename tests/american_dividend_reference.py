"""References for American options with cash dividends; run as a script it writes the case file.

``fine_value`` is a finite-difference solution on a fine uniform grid in the log of the escrowed
spot, by operator splitting (Ikonen and Toivanen 2004), extrapolated from two grids; it shares
nothing with the kernels. ``quantlib_value`` is QuantLib's own grid.
"""

import csv
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import QuantLib as ql  # noqa: N813  # its own examples

from riskarray.array_types import F64, AnyArray
from riskarray.backends._numba.jit import jit

__all__ = [
    "SPOTS",
    "Case",
    "arguments",
    "fine_value",
    "quantlib_option",
    "quantlib_value",
    "random_cases",
    "read_references",
]

SPOTS = np.array([85.0, 100.0, 115.0])
_FILE = Path(__file__).parent / "cases" / "american_dividends.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One series on a spot near 100; times in days of a year of 365."""

    group: str
    right: int
    strike: float
    volatility: float
    rate: float
    dividend_yield: float
    days: int
    ex_days: tuple[int, ...] = ()
    amounts: tuple[float, ...] = ()


@jit
def european(x: F64, sign: int, terms: tuple[float, float, float, float, float]) -> F64:
    """Black and Scholes (1973) values at escrowed spots."""
    strike, volatility, rate, dividend_yield, time = terms
    deviation = volatility * math.sqrt(time)
    out = np.zeros(x.shape[0])
    for j in range(x.shape[0]):
        asset, bond = x[j] * math.exp(-dividend_yield * time), strike * math.exp(-rate * time)
        if x[j] > 0.0:
            d1 = math.log(asset / bond) / deviation + 0.5 * deviation
            n1 = 0.5 * math.erfc(-sign * d1 * math.sqrt(0.5))
            n2 = 0.5 * math.erfc(-sign * (d1 - deviation) * math.sqrt(0.5))
            out[j] = sign * (asset * n1 - bond * n2)
        else:
            out[j] = max(-sign * bond, 0.0)
    return out


@jit
def grow(u: F64, pull: F64, step: float, a: float, swept: F64, factor: F64) -> None:
    """One Crank-Nicolson step of the heat equation between fixed ends, `pull` acting throughout."""
    n = u.shape[0]
    factor[0], swept[0] = 0.0, u[0]
    before = u[0]
    for i in range(1, n - 1):
        right_side = u[i] + a * (u[i + 1] - 2.0 * u[i] + before) + step * pull[i]
        pivot = 1.0 + 2.0 * a - a * factor[i - 1]
        factor[i] = a / pivot
        before = u[i]
        swept[i] = (right_side + a * swept[i - 1]) / pivot
    for i in range(n - 2, 0, -1):
        u[i] = swept[i] + factor[i] * u[i + 1]


@jit
def exercise(u: F64, pull: F64, step: float, value: F64) -> None:
    """Project onto the value of exercise and update what it pulls with."""
    for i in range(u.shape[0]):
        free = u[i]
        u[i] = max(free - step * pull[i], value[i])
        pull[i] = max(0.0, pull[i] + (u[i] - free) / step)


@jit
def premium(
    x: F64,
    sign: int,
    terms: tuple[float, float, float, float, float],
    ex_time: F64,
    amount: F64,
    nodes: int,
    steps: int,
) -> F64:
    """American less European value on the grid, at escrowed spots."""
    strike, volatility, rate, dividend_yield, time = terms
    half_variance = 0.5 * volatility * volatility
    growth = rate - dividend_yield
    drift = growth - half_variance
    deviation = volatility * math.sqrt(time)
    low = min(math.log(x.min()) + drift * time, math.log(strike)) - 5.5 * deviation
    high = max(math.log(x.max()) + drift * time, math.log(strike)) + 5.5 * deviation
    h = (high - low) / (nodes - 1)
    low = math.log(strike) + math.floor((low - math.log(strike)) / h) * h
    e = np.exp(low + h * np.arange(nodes))
    american = np.maximum(sign * (e - strike), 0.0)
    european = american.copy()
    pull, none = np.zeros(nodes), np.zeros(nodes)
    swept, factor = np.empty(nodes), np.empty(nodes)
    begin, dividends, k = 0.0, 0.0, ex_time.shape[0] - 1
    while begin < time:
        while k >= 0 and time - ex_time[k] <= begin:
            dividends += amount[k] * math.exp(growth * (time - ex_time[k]))
            k -= 1
        end = time - ex_time[k] if k >= 0 else time
        frame = math.exp((half_variance + dividend_yield) * begin)
        level = math.exp(rate * begin) * strike - math.exp(dividend_yield * begin) * dividends
        american = np.maximum(american, sign * (frame * e - level))
        count = max(60, int(steps * (end - begin) / time))
        for s in range(count):
            before = begin + (end - begin) * (s / count) ** 2
            tau = begin + (end - begin) * ((s + 1) / count) ** 2
            step = tau - before
            a = 0.5 * half_variance * step / (h * h)
            grow(american, pull, step, a, swept, factor)
            grow(european, none, step, a, swept, factor)
            frame = math.exp((half_variance + dividend_yield) * tau)
            level = math.exp(rate * tau) * strike - math.exp(dividend_yield * tau) * dividends
            certain = math.exp(half_variance * tau)
            for i in (0, nodes - 1):
                european[i] = max(sign * (certain * e[i] - strike), 0.0)
                american[i] = max(american[i] - european[i], 0.0) + european[i]
            exercise(american, pull, step, sign * (frame * e - level))
        begin = end
    out = np.empty(x.shape[0])
    for j in range(x.shape[0]):
        place = (math.log(x[j]) + drift * time - low) / h
        i = min(max(int(place), 1), nodes - 3)
        rest = place - i
        out[j] = 0.0
        for m in range(4):
            weight = 1.0
            for n in range(4):
                if n != m:
                    weight *= (rest - (n - 1)) / (m - n)
            out[j] += weight * (american[i - 1 + m] - european[i - 1 + m])
    return math.exp(-rate * time) * out


def fine_value(case: Case, spots: F64 = SPOTS, *, nodes: int = 3000, steps: int = 3000) -> F64:
    """Values at spots by the fine grid; the error is below 2e-6 of the spot."""
    time = case.days / 365
    terms = (case.strike, case.volatility, case.rate, case.dividend_yield, time)
    ex_time, amount = np.array(case.ex_days, float) / 365, np.array(case.amounts, float)
    present = float(np.sum(amount * np.exp((case.dividend_yield - case.rate) * ex_time)))
    x = spots - present
    args = (x, case.right, terms, ex_time, amount)
    fine = premium(*args, nodes, steps)
    coarse = premium(*args, nodes // 2, steps // 2)
    value: F64 = european(x, case.right, terms) + fine + (fine - coarse) / 3
    return np.maximum(value, case.right * (spots - case.strike))


def quantlib_option(
    case: Case, spot: float, *, nodes: int, steps: int, is_escrowed: bool = True
) -> Any:
    """Option priced by QuantLib's finite differences, dividends escrowed or off the spot."""
    today, count = ql.Date(10, 7, 2026), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, case.dividend_yield, count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, case.rate, count)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(today, ql.NullCalendar(), case.volatility, count)
        ),
    )
    dividends = [
        ql.FixedDividend(amount, today + day)
        for day, amount in zip(case.ex_days, case.amounts, strict=True)
    ]
    right = ql.Option.Call if case.right > 0 else ql.Option.Put
    option = ql.VanillaOption(
        ql.PlainVanillaPayoff(right, case.strike), ql.AmericanExercise(today, today + case.days)
    )
    engine = ql.FdBlackScholesVanillaEngine(
        process,
        dividends,
        steps,
        nodes,
        0,
        ql.FdmSchemeDesc.Douglas(),
        False,
        -1e300,
        ql.FdBlackScholesVanillaEngine.Escrowed
        if is_escrowed
        else ql.FdBlackScholesVanillaEngine.Spot,
    )
    option.setPricingEngine(engine)
    return option


def quantlib_value(case: Case, spot: float, *, nodes: int, steps: int) -> float:
    """Value of that option."""
    return float(quantlib_option(case, spot, nodes=nodes, steps=steps).NPV())


def _two_dividends(rng: np.random.Generator, group: str) -> Case:
    """1 day to 2.5 years, volatility 5 to 300 %, rate -1 to 8 %, half with a yield up to 12 %."""
    days = int(rng.integers(1, 21) if group == "short" else rng.integers(1, 913))
    volatility = float(np.exp(rng.uniform(np.log(0.05), np.log(3.0))))
    if group == "volatile":
        days, volatility = int(rng.integers(30, 913)), float(rng.uniform(1.5, 5.0))
    return Case(
        group=group,
        right=int(rng.choice([-1, 1])),
        strike=100.0 * float(rng.uniform(0.4, 2.5) if group != "short" else rng.uniform(0.75, 1.3)),
        volatility=volatility,
        rate=float(rng.uniform(-0.01, 0.08)),
        dividend_yield=float(rng.uniform(0, 0.12)) if rng.random() < 0.5 else 0.0,
        days=days,
        ex_days=tuple(int(day) for day in np.sort(rng.integers(1, days + 1, 2))),
        amounts=tuple(float(amount) for amount in rng.uniform(0.1, 3.0, 2)),
    )


def _low_volatility(rng: np.random.Generator, group: str) -> Case:
    """Volatility 5 to 16 %, yield from 0.01 %, the last ex-date in the last 25 days."""
    days = int(rng.integers(60, 913))
    ex_days = sorted((rng.integers(1, days + 1), days - rng.integers(0, 25)))
    return Case(
        group=group,
        right=int(rng.choice([-1, 1])),
        strike=100.0 * float(np.exp(rng.uniform(np.log(0.6), np.log(2.0)))),
        volatility=float(np.exp(rng.uniform(np.log(0.05), np.log(0.16)))),
        rate=float(rng.uniform(-0.01, 0.08)),
        dividend_yield=float(np.exp(rng.uniform(np.log(1e-4), np.log(0.12)))),
        days=days,
        ex_days=tuple(int(day) for day in ex_days),
        amounts=tuple(float(amount) for amount in rng.uniform(0.1, 3.0, 2)),
    )


def _many_dividends(rng: np.random.Generator, group: str) -> Case:
    """A payer every week, month or quarter."""
    gap = int(rng.choice([7, 30, 91]))
    days = int(rng.integers(3 * gap, 913))
    ex_days = range(int(rng.integers(1, gap + 1)), days + 1, gap)
    amount = 100.0 * rng.uniform(0, 0.5 if gap == 7 else 0.12) * gap / 365
    return Case(
        group=group,
        right=int(rng.choice([-1, 1])),
        strike=100.0 * float(rng.uniform(0.4, 2.5)),
        volatility=float(np.exp(rng.uniform(np.log(0.05), np.log(2.0)))),
        rate=float(rng.uniform(-0.01, 0.08)),
        dividend_yield=float(rng.uniform(0, 0.12)) if rng.random() < 0.3 else 0.0,
        days=days,
        ex_days=tuple(ex_days),
        amounts=(float(amount),) * len(ex_days),
    )


def _two_boundaries(rng: np.random.Generator, group: str) -> Case:
    """Rate and yield below 0, exercise between two boundaries; no dividends."""
    right = int(rng.choice([-1, 1]))
    lower = -float(rng.uniform(0.001, 0.1))
    upper = lower * float(rng.uniform(0, 1))
    return Case(
        group=group,
        right=right,
        strike=100.0 * float(rng.uniform(0.6, 1.6)),
        volatility=float(np.exp(rng.uniform(np.log(0.05), np.log(1.5)))),
        rate=lower if right > 0 else upper,
        dividend_yield=upper if right > 0 else lower,
        days=int(rng.integers(1, 913)),
    )


def random_cases(group: str, n: int, seed: int) -> list[Case]:
    """Cases of one group; all but the volatile ones with sigma sqrt(T) <= 2."""
    rng = np.random.default_rng(seed)
    draws = {
        "low": _low_volatility,
        "many": _many_dividends,
        "two_boundaries": _two_boundaries,
    }
    draw = draws.get(group, _two_dividends)
    cases: list[Case] = []
    while len(cases) < n:
        case = draw(rng, group)
        is_volatile = case.volatility * math.sqrt(case.days / 365) > 2.0
        if is_volatile == (group == "volatile") and sum(case.amounts) < 60.0:
            cases.append(case)
    return cases


def arguments(cases: list[Case], spots: F64) -> tuple[AnyArray, ...]:
    """Return the arguments of a pricing kernel: each case on an underlying of its own."""
    n = len(cases)
    counts = [len(case.ex_days) for case in cases]
    columns = [
        np.array([getattr(case, name) for case in cases], dtype=np.float64)
        for name in ("strike", "volatility", "rate", "dividend_yield", "days")
    ]
    return (
        np.ascontiguousarray(np.broadcast_to(spots, (n, spots.shape[-1]))),
        np.arange(n, dtype=np.int32),
        np.array([case.right for case in cases], dtype=np.int8),
        *columns[:4],
        columns[4] / 365,
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.array([day for case in cases for day in case.ex_days], dtype=np.float64) / 365,
        np.array([amount for case in cases for amount in case.amounts], dtype=np.float64),
    )


def read_references() -> tuple[list[Case], F64, F64]:
    """Cases, their values at SPOTS, and QuantLib's at 100 (1000 x 1000)."""
    with _FILE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    cases = [
        Case(
            group=row["group"],
            right=int(row["right"]),
            strike=float(row["strike"]),
            volatility=float(row["volatility"]),
            rate=float(row["rate"]),
            dividend_yield=float(row["dividend_yield"]),
            days=int(row["days"]),
            ex_days=tuple(int(day) for day in row["ex_days"].split()),
            amounts=tuple(float(amount) for amount in row["amounts"].split()),
        )
        for row in rows
    ]
    values = np.array([[float(row[f"value_{spot:.0f}"]) for spot in SPOTS] for row in rows])
    return cases, values, np.array([float(row["quantlib_100"]) for row in rows])


def write_references() -> None:
    """Write the case file; takes some minutes."""
    groups = {
        "main": 300,
        "short": 100,
        "many": 80,
        "two_boundaries": 80,
        "volatile": 60,
        "low": 120,
    }
    cases = [
        case for k, (group, n) in enumerate(groups.items()) for case in random_cases(group, n, k)
    ]
    with ThreadPoolExecutor() as pool:
        values = list(pool.map(fine_value, cases))
    with _FILE.open("w", newline="") as file:
        writer = csv.writer(file)
        names = ["source", *Case.__dataclass_fields__, *(f"value_{s:.0f}" for s in SPOTS)]
        writer.writerow([*names, "quantlib_100"])
        source = "fine grid of american_dividend_reference.py; QuantLib FD 1000x1000 escrowed"
        for case, value in zip(cases, values, strict=True):
            terms = [getattr(case, name) for name in Case.__dataclass_fields__]
            joined = [" ".join(map(str, t)) if isinstance(t, tuple) else t for t in terms]
            quantlib = quantlib_value(case, 100.0, nodes=1000, steps=1000)
            writer.writerow([source, *joined, *map(float, value), quantlib])


if __name__ == "__main__":
    write_references()
