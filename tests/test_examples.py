"""The published figures, as the examples hold them beside their inputs."""

import csv
import functools
import json
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

import riskarray as ra
from command import run_command
from riskarray.backends import BackendName
from riskarray.book import check_book
from rulebook_files import figure, rulebook_of

EXAMPLES = Path(__file__).parents[1] / "examples"


def expected(name: str) -> list[dict[str, str]]:
    with (EXAMPLES / name / "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def report(name: str, backend: BackendName) -> ra.Report:
    return ra.margin(ra.read_book(EXAMPLES / name), backend=backend)


def account(name: str, of: str, backend: BackendName) -> dict[str, Any]:
    accounts = report(name, backend).accounts
    row: dict[str, Any] = accounts.filter(pc.equal(accounts["account"], of)).to_pylist()[0]
    return row


@pytest.mark.parametrize("name", ["acme", "cboe-2007"])
def test_an_example_has_no_defect_and_every_figure_a_source(name: str) -> None:
    assert check_book(EXAMPLES / name) == ()
    rows = expected(name)
    assert rows
    assert all(row["source"] for row in rows)
    assert {row["account"] for row in rows} == set(
        report(name, "native").accounts["account"].to_pylist()
    )


def test_acme_stands_between_its_bounds(backend: BackendName) -> None:
    row = account("acme", "A1", backend)
    assert 6_900 <= row["requirement"] <= 7_150
    assert row["worst_point"] == "-15%"
    assert row["reg_t_initial"] == pytest.approx(25_000, abs=0.005)
    for printed in expected("acme"):
        if printed["figure"] in row:
            assert float(printed["low"]) <= row[printed["figure"]] <= float(printed["high"])


def test_acme_on_the_command_line() -> None:
    outcome = run_command("margin", EXAMPLES / "acme", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    result = json.loads(outcome.out)
    assert list(result) == ["accounts", "groups", "totals", "manifest"]
    assert [row["account"] for row in result["accounts"]] == ["A1"]
    assert 6_900 <= result["totals"]["requirement"] <= 7_150


@pytest.mark.parametrize(("move", "printed"), [(0.15, "up_15"), (0.10, "up_10"), (0.05, "up_5")])
def test_the_short_call_of_acme_loses_what_the_table_prints(
    move: float, printed: str, backend: BackendName
) -> None:
    """A rulebook with the table's own points, two of which are not among the ten."""
    types = ("equity", "high_cap_index", "non_high_cap_index", "volatility_index")
    moves = "\n".join(f"{name} = {figure(f'[-0.15, {move}]')}" for name in types)
    rules = rulebook_of(f"[scenario_sets.regulatory.moves]\n{moves}\n")
    market = ra.read_book(EXAMPLES / "acme").market
    arrays = ra.risk_arrays(market, rulebook=rules, backend=backend)
    call = next(i for i, symbol in enumerate(arrays.symbols.to_pylist()) if len(symbol) > 6)
    row = next(r for r in expected("acme") if r["figure"] == f"call_pnl_{printed}")
    assert float(row["low"]) <= -arrays.pnl[call, 1] <= float(row["high"])


@pytest.mark.parametrize("case", expected("cboe-2007"), ids=lambda case: case["account"])
def test_cboe_2007_comes_out(case: dict[str, str], backend: BackendName) -> None:
    row = account("cboe-2007", case["account"], backend)
    tolerance = float(case["tolerance"])
    assert tolerance <= 0.003 or case["account"] == "R20"
    assert row["requirement"] == pytest.approx(float(case["requirement"]), rel=tolerance, abs=0.005)
    printed = 48_600.0 if case["account"] == "R09" else float(case["net_deposit"])
    assert row["net_deposit"] == pytest.approx(printed, abs=0.005)


@pytest.mark.parametrize("of", ["R09", "R10", "R19"])
def test_straddles_and_the_ibm_calendar_are_at_the_minimum_charge(
    of: str, backend: BackendName
) -> None:
    row = account("cboe-2007", of, backend)
    assert row["requirement"] == row["minimum_charge"] == 7_500.0
    assert row["worst_point"] == "minimum"


def test_backends_agree_on_the_examples() -> None:
    for name in ("acme", "cboe-2007"):
        native, numba = report(name, "native").accounts, report(name, "numba").accounts
        for column in native.column_names:
            a, b = native[column].to_pylist(), numba[column].to_pylist()
            assert a == (pytest.approx(b, abs=0.005) if isinstance(a[0], float) else b)
