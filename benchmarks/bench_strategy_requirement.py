# SPDX-License-Identifier: Apache-2.0
"""The least pairing of groups of options, one core, beside `margin-estimator`.

The same groups go through both: ours as arrays, all at once and with the strategies written, the
peer's as its own objects, made beforehand, one call for each group. The peer pairs greedily and
takes no least. Divide the time of a round by `groups`; the peer's tests print its time per group
against ours. The last test sets the kernel beside `portfolio_requirement` on a book of a real
close (RISKARRAY_MARKET_DATA, see CONTRIBUTING.md; RISKARRAY_BENCH_ACCOUNTS says how many accounts).
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import margin_estimator as peer
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from real_quotes import write_real_book
from riskarray import kernels, portfolio_margin, strategy_margin
from riskarray.array_types import AnyArray
from riskarray.backends import BackendName
from riskarray.book import read_book
from riskarray.pricing import risk_arrays
from strategy_arrays import kernel_arrays, priced_leg
from strategy_oracle import Leg, Rules

N_GROUPS = 5_000
N_GROUPS_PEER = 200
STEP = 5.0
TODAY = date(2026, 7, 10)
Group = tuple[list[Leg], Rules]


@dataclass(frozen=True)
class Shape:
    """What a group is made of."""

    legs: int
    expiries: int
    kind: Literal["random", "strategies", "iron condors"] = "random"

    def __str__(self) -> str:
        expiries = "one expiry" if self.expiries == 1 else f"{self.expiries} expiries"
        return f"{self.legs} legs, {self.kind}, {expiries}"


SHAPES = (
    Shape(4, 1),
    Shape(4, 2),
    Shape(20, 1),
    Shape(20, 2),
    Shape(20, 1, "strategies"),
    Shape(20, 4, "strategies"),
    Shape(4, 1, "iron condors"),
    Shape(20, 1, "iron condors"),
)

STRATEGIES: tuple[tuple[tuple[str, int, int], ...], ...] = (
    (("P", -1, -1), ("P", -3, 1)),
    (("C", 1, -1), ("C", 3, 1)),
    (("P", 1, 1), ("P", -1, -1)),
    (("C", -1, 1), ("C", 1, -1)),
    (("P", -4, 1), ("P", -2, -1), ("C", 2, -1), ("C", 4, 1)),
    (("P", -2, 1), ("P", 0, -1), ("C", 0, -1), ("C", 2, 1)),
    (("P", -2, 1), ("P", 0, -2), ("P", 2, 1)),
    (("C", -2, 1), ("C", 0, -2), ("C", 2, 1)),
    (("P", -2, -1), ("C", 2, -1)),
    (("P", 0, -1), ("C", 0, -1)),
    (("P", 0, 1),),
    (("C", 0, 1),),
)
"""Verticals, iron condor and butterfly, butterflies, strangle, straddle, long options: for each leg
the right, the steps from the middle and the contracts."""


def random_group(rng: np.random.Generator, shape: Shape) -> Group:
    """Calls and puts, long and short, up to ten strikes off the money, one to five contracts."""
    spot = round(float(rng.uniform(150, 600)), 2)
    legs: dict[tuple[str, float, float], Leg] = {}
    while len(legs) < shape.legs:
        right = str(rng.choice(["C", "P"]))
        strike = round(spot / STEP) * STEP + STEP * int(rng.integers(-10, 11))
        expiry = 0.1 * int(rng.integers(1, shape.expiries + 1))
        quantity = float(rng.choice([-1, 1]) * rng.integers(1, 6))
        legs[right, strike, expiry] = priced_leg(right, quantity, strike, expiry, spot)
    return list(legs.values()), Rules(spot)


def strategies(rng: np.random.Generator, shape: Shape) -> Group:
    """Strategies on one to five lots around the money; what cancels is gone."""
    spot = round(float(rng.uniform(150, 600)), 2)
    held: dict[tuple[str, float, float], float] = {}
    while len(held) != shape.legs:
        strategy = STRATEGIES[rng.integers(len(STRATEGIES))]
        middle = round(spot / STEP) + int(rng.integers(-6, 7))
        lots = int(rng.integers(1, 6))
        expiry = 0.1 * int(rng.integers(1, shape.expiries + 1))
        more = dict(held)
        for right, steps, contracts in strategy:
            series = right, (middle + steps) * STEP, expiry
            more[series] = more.get(series, 0.0) + contracts * lots
        more = {series: quantity for series, quantity in more.items() if quantity != 0.0}
        held = more if len(more) <= shape.legs else held
    legs = [
        priced_leg(right, quantity, strike, expiry, spot)
        for (right, strike, expiry), quantity in held.items()
    ]
    return legs, Rules(spot)


def iron_condors(rng: np.random.Generator, shape: Shape) -> Group:
    """Iron condors around the money, each of its own quantity, on strikes of their own."""
    spot = round(float(rng.uniform(150, 600)), 2)
    middle = round(spot / STEP) * STEP
    legs = []
    for k in range(shape.legs // 4):
        quantity = float(rng.integers(1, 6))
        away = (2 * k + 1) * STEP
        for right, sign in (("P", -1.0), ("C", 1.0)):
            legs.append(priced_leg(right, -quantity, middle + sign * away, 0.1, spot))
            legs.append(priced_leg(right, quantity, middle + sign * (away + STEP), 0.1, spot))
    return legs, Rules(spot)


@cache
def groups(shape: Shape) -> list[Group]:
    rng = np.random.default_rng(5)
    make = {"random": random_group, "strategies": strategies, "iron condors": iron_condors}
    return [make[shape.kind](rng, shape) for _ in range(N_GROUPS)]


@cache
def arrays(shape: Shape) -> tuple[AnyArray, ...]:
    return kernel_arrays(groups(shape))


def peer_group(group: Group) -> tuple[list[peer.Option], peer.Underlying]:
    legs, rules = group
    options = [
        peer.Option(
            expiration=TODAY + timedelta(days=round(leg.expiry * 365)),
            price=Decimal(str(leg.price)),
            quantity=int(leg.quantity),
            strike=Decimal(str(leg.strike)),
            type=peer.OptionType.CALL if leg.right == "C" else peer.OptionType.PUT,
        )
        for leg in legs
    ]
    return options, peer.Underlying(price=Decimal(str(rules.spot)))


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Least processor time of some rounds."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("backend", ["native", "numba"])
def test_riskarray(benchmark: BenchmarkFixture, shape: Shape, backend: BackendName) -> None:
    benchmark.group = f"strategy requirement, {shape}"
    kernels.strategy_requirement(*arrays(shape), backend=backend, threads=1)
    got = benchmark(kernels.strategy_requirement, *arrays(shape), backend=backend, threads=1)
    benchmark.extra_info["groups"] = N_GROUPS
    proved = np.count_nonzero(got.group_maintenance_bound == got.group_maintenance)
    benchmark.extra_info["proved_least"] = proved / N_GROUPS
    assert proved >= 0.98 * N_GROUPS


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_margin_estimator(
    benchmark: BenchmarkFixture, shape: Shape, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark.group = f"strategy requirement, {shape}"
    some = [peer_group(group) for group in groups(shape)[:N_GROUPS_PEER]]

    def all_groups() -> list[object]:
        return [peer.calculate_margin(legs, underlying) for legs, underlying in some]

    required = benchmark(all_groups)
    benchmark.extra_info["groups"] = N_GROUPS_PEER
    assert len(required) == N_GROUPS_PEER
    if benchmark.enabled:
        # side by side: turn about, so that both meet the machine in the same state
        of_peer = ours = np.inf
        for _ in range(5):
            of_peer = min(of_peer, seconds(all_groups, 1) / N_GROUPS_PEER)
            ours = min(
                ours,
                seconds(lambda: kernels.strategy_requirement(*arrays(shape), threads=1), 3)
                / N_GROUPS,
            )
        benchmark.extra_info["ratio"] = round(of_peer / ours, 1)
        with capsys.disabled():
            sys.stdout.write(
                f"\n{shape}: margin-estimator {of_peer * 1e6:.1f} us, "
                f"riskarray {ours * 1e6:.2f} us per group: {of_peer / ours:.0f} x\n"
            )


@pytest.mark.market
def test_beside_portfolio_requirement(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    is_enabled = request.config.getoption("benchmark_enable")
    accounts = os.environ.get("RISKARRAY_BENCH_ACCOUNTS", "20000" if is_enabled else "500")
    book = read_book(write_real_book(tmp_path, "--core", "--accounts", accounts, timeout=3600.0))
    priced = risk_arrays(book.market, rulebook=book.rulebook)
    spent: dict[str, float] = {}

    def timed(module: object, name: str) -> None:
        kernel = getattr(module, name)

        def run(*args: object, **options: object) -> object:
            begin = time.process_time()
            result = kernel(*args, **options)
            spent[name] = spent.get(name, 0.0) + time.process_time() - begin
            return result

        monkeypatch.setattr(module, name, run)

    timed(kernels, "portfolio_requirement")
    timed(strategy_margin, "strategy_requirement")
    portfolio_margin.requirement(book, priced, threads=1)
    spent.pop("strategy_requirement", None)  # of products outside portfolio margin
    strategy_margin.requirement(book, priced.base, threads=1)
    ratio = spent["strategy_requirement"] / spent["portfolio_requirement"]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{accounts} accounts, {len(book.instrument)} positions: {spent}, {ratio:.1f} x\n"
        )
    assert not is_enabled or ratio <= 30.0
