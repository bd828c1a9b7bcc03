"""The books in examples/ against the published figures beside them."""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from riskarray.book import check_book, read_book
from riskarray.kernels import european_value
from riskarray.pricing import risk_arrays
from riskarray.report.report import margin

EXAMPLES = Path(__file__).parents[1] / "examples"


def expected(name: str) -> list[dict[str, str]]:
    with (EXAMPLES / name / "expected.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def accounts(name: str) -> dict[str, dict[str, Any]]:
    report = margin(read_book(EXAMPLES / name))
    return {row["account"]: row for row in report.accounts.to_pylist()}


@pytest.mark.parametrize("name", ["acme", "cboe-2007"])
def test_an_example_has_no_defect_and_every_figure_a_source(name: str) -> None:
    assert check_book(EXAMPLES / name) == ()
    rows = expected(name)
    assert rows
    assert all(row["source"] for row in rows)
    assert {row["account"] for row in rows} == set(accounts(name))


@pytest.mark.parametrize(
    "row", [r for r in expected("acme") if "call" not in r["figure"]], ids=lambda r: r["figure"]
)
def test_the_covered_call_is_within_the_published_bounds(row: dict[str, str]) -> None:
    found = accounts("acme")[row["account"]][row["figure"]]
    assert float(row["low"]) <= found <= float(row["high"])


def test_the_covered_call_is_worst_when_the_stock_falls() -> None:
    assert accounts("acme")["A1"]["worst_point"] == "-15%"


@pytest.mark.parametrize(("figure", "move"), [("up_15", 0.15), ("up_10", 0.10), ("up_5", 0.05)])
def test_the_short_call_loses_what_the_table_prints(figure: str, move: float) -> None:
    (row,) = [r for r in expected("acme") if r["figure"] == f"call_pnl_{figure}"]
    book = read_book(EXAMPLES / "acme")
    market = book.market
    call = market.instruments.symbol.to_pylist().index("ACME260717C00510000")
    volatility = risk_arrays(market, rulebook=book.rulebook).volatility[call : call + 1]
    time = market.time_to_expiry()[call : call + 1]
    value = european_value(
        np.array([[500.0, 500.0 * (1 + move)]]),
        np.zeros(1, np.int32),
        np.ones(1, np.int8),
        np.array([510.0]),
        volatility,
        market.rates.at(time),
        np.zeros(1),
        time,
        np.zeros(2, np.int64),
        np.zeros(0),
        np.zeros(0),
    )
    pnl = -100.0 * float(value[0, 1] - value[0, 0])
    assert float(row["low"]) <= pnl <= float(row["high"])


@pytest.mark.parametrize("row", expected("cboe-2007"), ids=lambda r: r["account"])
def test_a_row_of_the_cboe_table_comes_out(row: dict[str, str]) -> None:
    found = accounts("cboe-2007")[row["account"]]
    published, tolerance = float(row["requirement"]), float(row["tolerance"])
    assert found["requirement"] == pytest.approx(published, rel=tolerance, abs=0.005)
    misprint = 100.0 if "48500" in row["note"] else 0.0
    assert found["net_deposit"] - misprint == pytest.approx(float(row["net_deposit"]), abs=0.005)
