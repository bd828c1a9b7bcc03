# SPDX-License-Identifier: Apache-2.0
"""The whole listed market: volatilities solved and filled, risk arrays built, stage by stage.

Needs real closing quotes (RISKARRAY_MARKET_DATA, see CONTRIBUTING.md). Each stage is a benchmark of
its own on all threads, `whole` does all of them; `series` is the number of instruments and
`series_per_second` what the best round reached.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from real_quotes import write_real_book
from riskarray.book import Book, read_book
from riskarray.pricing import risk_arrays
from riskarray.volatility import OptionTerms, option_terms, volatilities

pytestmark = [pytest.mark.market, pytest.mark.benchmark(group="market")]


@dataclass(frozen=True, kw_only=True)
class Day:
    """A closing day and its instruments as the kernels take them."""

    book: Book
    terms: OptionTerms


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Day:
    """Every listed series of the day; seventy underlyings unless benchmarks are enabled."""
    part = [] if request.config.getoption("benchmark_enable") else ["--core"]
    book = read_book(write_real_book(tmp_path_factory.mktemp("market"), *part))
    return Day(book=book, terms=option_terms(book.market))


def note(benchmark: BenchmarkFixture, day: Day) -> None:
    n = len(day.book.market.instruments)
    benchmark.extra_info["series"] = n
    if benchmark.stats is not None:
        benchmark.extra_info["series_per_second"] = round(n / benchmark.stats.stats.min)


@pytest.mark.parametrize("threads", [1, 2])
def test_volatilities(benchmark: BenchmarkFixture, day: Day, threads: int) -> None:
    found = benchmark(volatilities, day.book.market, day.terms, threads=threads)
    note(benchmark, day)
    assert np.count_nonzero(np.isfinite(found.volatility)) > 0.9 * len(found.volatility)


@pytest.mark.parametrize("threads", [1, 2])
def test_whole(benchmark: BenchmarkFixture, day: Day, threads: int) -> None:
    market, rulebook = day.book.market, day.book.rulebook
    arrays = benchmark(risk_arrays, market, rulebook=rulebook, threads=threads)
    note(benchmark, day)
    held = np.zeros(len(arrays), np.bool_)
    held[day.book.instrument] = True
    assert np.isfinite(arrays.pnl[held]).all()
