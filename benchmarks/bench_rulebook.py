# SPDX-License-Identifier: Apache-2.0
"""What a complete rulebook costs beside the plain ten points: one book, pricing and margin of all.

`plain` is the regulatory set without offsets between class groups, `complete` the rules as they
ship, `house` all overlays: five scenario sets, forty-two points, three volatilities, add-ons. As in
a real book, volatilities are solved from prices, and a tenth of the series is held.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from riskarray.book import Book
from riskarray.market import KIND_OPTION
from riskarray.pricing import risk_arrays
from riskarray.report.report import Report, margin
from riskarray.rulebook import Rulebook, load_rulebook

N_UNDERLYINGS = 100
N_STRIKES = 50  # calls and puts of each, at three expiries: 30,000 series
N_ACCOUNTS = 2_000
N_POSITIONS = 20_000
AS_OF = dt.date(2026, 7, 10)
EXPIRIES = tuple(AS_OF + dt.timedelta(days=d) for d in (30, 90, 365))
MOST = 1.5
"""What the complete rulebook may cost, in times of the plain one."""


def plain_rulebook(folder: Path) -> Rulebook:
    path = folder / "plain.toml"
    path.write_text(
        'base = "finra-4210g"\nid = "plain"\n[switches]\ncross_class_offsets = '
        '{ value = false, source = "x", effective = 2020-01-01, mark = "derived" }\n',
        encoding="utf-8",
    )
    return load_rulebook(path)


def book_of(rulebook: Rulebook) -> Book:
    rng = np.random.default_rng(7)
    names = ["SPY", "QQQ", "IWM", "DIA", *(f"U{k:03d}" for k in range(4, N_UNDERLYINGS))]
    price = rng.uniform(20.0, 500.0, N_UNDERLYINGS)
    series = [
        f"{name}{expiry:%y%m%d}{right}{round(1000 * strike):08d}"
        for name, spot in zip(names, price, strict=True)
        for expiry in EXPIRIES
        for strike in np.round(spot * np.linspace(0.7, 1.3, N_STRIKES), 1)
        for right in "CP"
    ]
    chosen = rng.choice(len(series), len(series) // 10, replace=False)
    held = [*(series[k] for k in chosen), *names]
    underlyings = pa.table({"underlying": names, "price": price})
    columns = {
        "symbol": series,
        "underlying": [symbol[:-15] for symbol in series],
        "kind": ["option"] * len(series),
    }
    positions = pa.table(
        {
            "account": [f"A{k}" for k in rng.integers(0, N_ACCOUNTS, N_POSITIONS)],
            "symbol": [held[k] for k in rng.integers(0, len(held), N_POSITIONS)],
            "quantity": rng.integers(1, 20, N_POSITIONS) * rng.choice([-1.0, 1.0], N_POSITIONS),
        }
    )
    common: dict[str, Any] = {
        "as_of": AS_OF,
        "underlyings": underlyings,
        "rate": 0.04,
        "rulebook": rulebook,
    }
    volatility = pa.array(rng.uniform(0.2, 0.5, len(series)))
    given = pa.table({**columns, "implied_volatility": volatility})
    market = Book.from_tables(instruments=given, positions=positions, **common).market
    row = np.flatnonzero(market.instruments.kind == KIND_OPTION)
    quoted = pa.table({**columns, "price": risk_arrays(market).base[row]})
    return Book.from_tables(instruments=quoted, positions=positions, **common)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Book]:
    plain = plain_rulebook(tmp_path_factory.mktemp("rulebook"))
    names = {"complete": "finra-4210g", "house": "house-example"}
    rulebooks = {"plain": plain, **{key: load_rulebook(name) for key, name in names.items()}}
    return {key: book_of(rulebook) for key, rulebook in rulebooks.items()}


def run(book: Book) -> Report:
    return margin(book, threads=1)


@pytest.mark.benchmark(group="Rulebooks")
@pytest.mark.parametrize("name", ["plain", "complete", "house"])
def test_margin(benchmark: BenchmarkFixture, books: dict[str, Book], name: str) -> None:
    run(books[name])
    report = benchmark(run, books[name])
    benchmark.extra_info["points"] = len(report.result.arrays.points)
    required = np.asarray(report.accounts["requirement"])
    assert (required >= 0.0).all()
    assert required.sum() > 0.0


@pytest.mark.parametrize("name", ["complete", "house"])
def test_cost_beside_the_plain_points(
    benchmark: BenchmarkFixture, books: dict[str, Book], name: str
) -> None:
    """Processor time, interleaved, the best of some rounds; not judged when benchmarks are off."""
    rounds = 1 if benchmark.disabled else 7
    best = {key: seconds(run, books[key]) for key in ("plain", name)}
    for _ in range(rounds - 1):
        for key, least in best.items():
            best[key] = min(least, seconds(run, books[key]))
    ratio = best[name] / best["plain"]
    benchmark.extra_info["ratio"] = round(ratio, 3)
    benchmark(float, ratio)
    assert benchmark.disabled or ratio <= MOST


def seconds(work: Callable[[Book], Report], book: Book) -> float:
    begin = process_time()
    work(book)
    return process_time() - begin
