# SPDX-License-Identifier: Apache-2.0
"""Measures error and time of American pricing methods and draws docs/error-time.svg.

python benchmarks/error_time.py

Needs the extras `bench` and `docs`. One core; the time of a value is the best of three rounds over
the same series at a spot of 100. Ours is at eleven spots, from one solve, as risk arrays need.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import QuantLib as ql  # noqa: N813  # its own examples

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from american_dividend_reference import (  # noqa: E402  # of the tests
    Case,
    quantlib_option,
    read_references,
)
from american_series import Series, american_value  # noqa: E402
from known_values import read_cases  # noqa: E402
from riskarray import kernels  # noqa: E402
from riskarray.array_types import F64  # noqa: E402

SPOT = 100.0
SPOTS = SPOT * np.append(1.0, np.linspace(0.85, 1.15, 10))
N_PEER, N_OURS = 400, 4_000
TODAY = ql.Date(10, 7, 2026)


@dataclass(frozen=True, kw_only=True)
class Point:
    """Seconds of a value, and its errors in units of spot."""

    method: str
    setting: str
    seconds: float
    worst: float
    percentile: float


def point(method: str, setting: str, seconds: float, error: F64) -> Point:
    return Point(
        method=method,
        setting=setting,
        seconds=seconds,
        worst=float(np.nanmax(error)),
        percentile=float(np.nanquantile(error, 0.99)),
    )


def best_time(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def process(row: dict[str, float]) -> Any:
    days = ql.Actual365Fixed()
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(SPOT)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, row["dividend_yield"], days)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, row["rate"], days)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(TODAY, ql.NullCalendar(), row["volatility"], days)
        ),
    )


def option(row: dict[str, float], make_engine: Callable[[Any], Any]) -> Any:
    right = ql.Option.Call if row["right"] > 0 else ql.Option.Put
    expiry = TODAY + round(row["days"])
    one = ql.VanillaOption(
        ql.PlainVanillaPayoff(right, row["strike"]), ql.AmericanExercise(TODAY, expiry)
    )
    one.setPricingEngine(make_engine(process(row)))
    return one


def value_again(one: Any) -> float:
    """Price one option anew; NaN where its engine cannot, as a tree without a probability."""
    try:
        one.recalculate()
        return float(one.NPV())
    except RuntimeError:
        return np.nan


def values(options: list[Any]) -> F64:
    return np.array([value_again(one) for one in options])


Engines = dict[tuple[str, str], Callable[[Any], Any]]


def tree(engine: Callable[[Any, int], Any], steps: int, process: Any) -> Any:
    return engine(process, steps)


def grid(n: int, process: Any) -> Any:
    return ql.FdBlackScholesVanillaEngine(process, n, n)


def engines() -> Engines:
    """QuantLib's engines for options without cash dividends, by method and setting."""
    found: Engines = {
        ("QuantLib QdFp", "fast"): lambda p: ql.QdFpAmericanEngine(
            p, ql.QdFpAmericanEngine.fastScheme()
        ),
        ("QuantLib QdFp", "accurate"): lambda p: ql.QdFpAmericanEngine(
            p, ql.QdFpAmericanEngine.accurateScheme()
        ),
        ("Barone-Adesi and Whaley", ""): ql.BaroneAdesiWhaleyApproximationEngine,
        ("Bjerksund and Stensland", ""): ql.BjerksundStenslandApproximationEngine,
    }
    for n in (50, 100, 200, 400):
        found["binomial tree (CRR)", str(n)] = partial(tree, ql.BinomialCRRVanillaEngine, n)
        found["finite differences", f"{n}x{n}"] = partial(grid, n)
    for n in (51, 101, 201, 401):
        found["binomial tree (Leisen-Reimer)", str(n)] = partial(
            tree, ql.BinomialLRVanillaEngine, n
        )
    return found


def without_dividends() -> list[Point]:
    """Measure all methods on the reference of the tests: QuantLib's high-precision scheme."""
    rows = [
        {name: float(text) for name, text in row.items() if name != "source"}
        for row in read_cases("american_value")
    ]
    column = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    reference, days = column.pop("value"), column.pop("days")
    series = Series(**column, time_to_expiry=days / 365).rows(slice(0, N_OURS))
    spot = np.tile(SPOTS, (N_OURS, 1))
    seconds = best_time(lambda: american_value(spot, series)) / spot.size
    ours = american_value(spot, series)[:, 0]
    points = [point("riskarray", "", seconds, np.abs(ours - reference[:N_OURS]) / SPOT)]
    few = range(N_PEER)
    for (method, setting), make_engine in engines().items():
        options = [option(rows[k], make_engine) for k in few]
        value = values(options)
        seconds = best_time(lambda options=options: values(options)) / N_PEER  # type: ignore[misc]
        points.append(point(method, setting, seconds, np.abs(value - reference[:N_PEER]) / SPOT))
    return points


def kernel_values(cases: list[Case]) -> F64:
    columns = [
        np.array([getattr(case, name) for case in cases], dtype=np.float64)
        for name in ("strike", "volatility", "rate", "dividend_yield", "days")
    ]
    return kernels.american_value(
        np.tile(SPOTS, (len(cases), 1)),
        np.arange(len(cases), dtype=np.int32),
        np.array([case.right for case in cases], dtype=np.int8),
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        columns[4] / 365,
        np.arange(0, 2 * len(cases) + 1, 2, dtype=np.int64),
        np.array([day for case in cases for day in case.ex_days], dtype=np.float64) / 365,
        np.array([amount for case in cases for amount in case.amounts], dtype=np.float64),
        threads=1,
    )


def with_dividends() -> list[Point]:
    """Measure finite differences on the reference of the tests: a grid of 3000 x 3000 nodes."""
    cases, fine, _ = read_references()
    kept = [k for k, case in enumerate(cases) if case.group == "main"]
    main, reference = [cases[k] for k in kept], fine[kept, 1]
    many = main * 10
    seconds = best_time(lambda: kernel_values(many)) / (len(many) * SPOTS.size)
    error = np.abs(kernel_values(main)[:, 0] - reference) / SPOT
    points = [point("riskarray", "", seconds, error)]
    for n in (50, 100, 200, 400):
        few = main[: 6_000 // n]
        options = [quantlib_option(case, SPOT, nodes=n, steps=n) for case in few]
        value = values(options)
        seconds = best_time(lambda options=options: values(options)) / len(few)  # type: ignore[misc]
        error = np.abs(value - reference[: len(few)]) / SPOT
        points.append(point("finite differences", f"{n}x{n}", seconds, error))
    return points


def draw(axes: Any, title: str, points: list[Point]) -> None:
    for method in dict.fromkeys(p.method for p in points):
        some = [p for p in points if p.method == method]
        style = {"marker": "*", "markersize": 14} if method == "riskarray" else {"marker": "o"}
        axes.plot([p.seconds for p in some], [p.percentile for p in some], label=method, **style)
        for p in some:
            axes.annotate(
                p.setting,
                (p.seconds, p.percentile),
                fontsize=7,
                xytext=(4, 3),
                textcoords="offset points",
            )
    axes.set(xscale="log", yscale="log", xlabel="seconds a value", ylabel="99 % error / spot")
    axes.set_title(title)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize=7)


def table(points: list[Point]) -> str:
    head = (
        "| method | setting | time | times ours | worst error | 99 % |\n|---|---|--:|--:|--:|--:|"
    )
    lines = [
        f"| {p.method} | {p.setting} | {p.seconds * 1e6:.3g} µs "
        f"| {p.seconds / points[0].seconds:.3g} | {p.worst:.1e} | {p.percentile:.1e} |"
        for p in points
    ]
    return "\n".join([head, *lines])


def main() -> None:
    """Measure, print the tables and draw the chart."""
    ql.Settings.instance().evaluationDate = TODAY
    titles = ["American, no cash dividends", "American, two cash dividends"]
    sides = [without_dividends(), with_dividends()]
    mpl.rcParams.update({"svg.hashsalt": "riskarray", "svg.fonttype": "none"})
    figure, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    for axis, title, points in zip(axes, titles, sides, strict=True):
        draw(axis, title, points)
        sys.stdout.write(f"{title}\n\n{table(points)}\n\n")
    figure.savefig(ROOT / "docs" / "error-time.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
