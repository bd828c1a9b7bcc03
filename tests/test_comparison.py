# SPDX-License-Identifier: Apache-2.0
"""Explanations that can be worked out again, Markdown, and both kinds of margin side by side."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import riskarray as ra
from command import run_command
from explanation_check import requirement_from, shares_of
from riskarray.report.report import Report
from rulebook_files import figure, overlay
from small_book import small_tables, write_book

CENT = 0.005
EXAMPLES = Path(__file__).parents[1] / "examples"
CHOICES = {"worst_point": "common", "minimum_level": "portfolio_group", "residual_gain": "full"}


def rulebook_with(folder: Path, base: str, **switches: str) -> Path:
    rows = (f"{key} = {figure(repr(value))}" for key, value in switches.items())
    return overlay(folder, "\n".join(["[switches]", *rows]), base=base)


def mixed_book(folder: Path) -> Path:
    """Accounts across product groups, with notes, a future, and hedges of every kind."""
    tables = small_tables()
    more = {"DIA": (400.0, "etf"), "IWM": (200.0, "etf"), "VXX": (40.0, "etn"), "SDS": (30.0, None)}
    for name, (price, product_type) in more.items():
        for column, values in tables["underlyings"].items():
            new = {"underlying": name, "price": price, "product_type": product_type}
            values.append(new.get(column))
    held = [
        *(("B1", "SPY", 100.0), ("B1", "DIA", -120.0), ("B1", "IWM", -50.0), ("B1", "ACME", -30.0)),
        *(("B2", "VXX", 100.0), ("B2", "SDS", 500.0), ("B2", "SPY", 80.0), ("B2", "ESU6", -1.0)),
        *(("B3", "ACME260821C00510000", 10.0), ("B3", "ACME260821P00490000", 10.0)),
        *(("B4", "VXX", -10.0), ("B4", "IWM", 100.0), ("B4", "DIA", 30.0)),
    ]
    for account, symbol, quantity in held:
        tables["positions"]["account"].append(account)
        tables["positions"]["symbol"].append(symbol)
        tables["positions"]["quantity"].append(quantity)
    return write_book(folder, tables)


def assert_explained(report: Report) -> None:
    """Every account's JSON leads to its requirement, and so do the shares of its positions."""
    for explanation in report.explanations():
        result = json.loads(explanation.to_json())
        required = result["amounts"]["requirement"]
        assert requirement_from(result) == pytest.approx(required, abs=CENT), result["account"]
        assert shares_of(result) == pytest.approx(required, abs=CENT), result["account"]
        greatest = max(s["requirement"] for s in result["scenario_sets"])
        proper = required - result["amounts"]["strategy_requirement"] - result["amounts"]["add_ons"]
        assert greatest == pytest.approx(proper, abs=CENT)


@pytest.mark.parametrize("rulebook", ["finra-4210g", "sec-15c3-1a", "coarse-grid", "house-example"])
def test_requirements_come_out_again_from_the_json_alone(tmp_path: Path, rulebook: str) -> None:
    assert_explained(ra.margin(ra.read_book(mixed_book(tmp_path / "b"), rulebook=rulebook)))


@pytest.mark.parametrize("switch", [*CHOICES, "all"])
def test_and_whatever_the_switches_say(tmp_path: Path, switch: str) -> None:
    chosen = CHOICES if switch == "all" else {switch: CHOICES[switch]}
    rules = rulebook_with(tmp_path, "house-example", **chosen)
    assert_explained(ra.margin(ra.read_book(mixed_book(tmp_path / "b"), rulebook=rules)))


def test_every_figure_of_an_explanation_has_its_source(tmp_path: Path) -> None:
    report = ra.margin(ra.read_book(mixed_book(tmp_path / "b"), rulebook="house-example"))
    charged = set()
    for explanation in report.explanations():
        keys = {figure.key for figure in explanation.figures}
        assert all(figure.source and figure.mark for figure in explanation.figures)
        name = explanation.amounts["scenario_set"]
        for group in explanation.portfolio_groups:
            for step in group.class_groups:
                assert f"scenario_sets.{name}.moves.{step.portfolio_type}" in keys
        for row in explanation.add_ons:
            assert {f"add_ons.{row['add_on']}.{name}" for name in ("bounds", "rates")} <= keys
            charged.add(row["add_on"])
    assert charged == {"long_concentration", "short_concentration"}


def test_an_explanation_is_markdown_too() -> None:
    book = EXAMPLES / "acme"
    outcome = run_command("explain", book, "A1", "--markdown")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == "# Account A1 of acme"
    assert "## 4. Portfolio margin" in lines
    tables = [line for line in lines if line.startswith("|")]
    assert any("7,042.00" in line for line in tables)
    assert not any("\x1b" in line or "─" in line for line in lines)
    for before, line in pairwise(lines):
        if line.startswith(("| :--", "| --:")):
            assert before.count("|") == line.count("|")


def test_the_parts_of_a_saving_add_up_to_it(tmp_path: Path) -> None:
    for rulebook in ("finra-4210g", "house-example"):
        report = ra.margin(ra.read_book(mixed_book(tmp_path / rulebook), rulebook=rulebook))
        found = report.compare()
        parts = [np.asarray(found.accounts[f"by_{n}"]) for n in ("moves", "hedges", "offsets")]
        saving = np.asarray(found.accounts["saving"])
        add_ons = np.asarray(found.accounts["by_add_ons"])
        np.testing.assert_allclose(sum(parts) + add_ons, saving, atol=CENT)
        difference = np.asarray(found.accounts["net_deposit"]) - np.asarray(
            report.accounts["requirement"]
        )
        np.testing.assert_allclose(saving, difference, atol=CENT)
        assert found.totals["saving"] == pytest.approx(saving.sum())


def test_published_accounts_differ_for_the_reasons_that_hedges_give() -> None:
    found = ra.margin(ra.read_book(EXAMPLES / "cboe-2007")).compare()
    rows = {row["account"]: row for row in found.accounts.to_pylist()}
    # a vertical spread: no less than its greatest loss in either, long and short count in full
    assert rows["R08"]["why"] == "hedges within class groups count in full"
    # an uncovered call: nothing to hedge
    assert rows["R01"]["by_hedges"] == pytest.approx(0.0, abs=CENT)
    assert rows["R01"]["why"].startswith("stressed moves ask for less")
    # 100,000 SPY and 100 puts: 14.7 million held on 272 thousand
    assert rows["R14"]["leverage"] == pytest.approx(54.0, abs=0.5)
    assert rows["R14"]["reg_t_leverage"] == pytest.approx(2.0, abs=0.05)


def test_compare_on_the_command_line(tmp_path: Path) -> None:
    out = tmp_path / "compared.parquet"
    outcome = run_command("compare", EXAMPLES / "cboe-2007", "--out", out)
    assert outcome.code == 0
    assert "before these are in force" in outcome.err  # rules of today on prices of 2007
    assert "R20" in outcome.out
    assert "by hedges within class groups" in outcome.out
    assert pq.read_table(out).num_rows == 20
    outcome = run_command("compare", EXAMPLES / "acme", "--json")
    result = json.loads(outcome.out)
    assert (outcome.code, list(result)) == (0, ["accounts", "totals"])
    assert result["totals"]["saving"] == pytest.approx(24_542.0 - 7_042.0, abs=0.01)
    whole = result["totals"]
    for name, of in (("leverage", "requirement"), ("reg_t_leverage", "net_deposit")):
        assert whole[name] == pytest.approx(whole["gross_value"] / whole[of])
        assert whole[name] == pytest.approx(result["accounts"][0][name])  # of the only account


def test_nothing_held_is_nothing_to_compare(tmp_path: Path) -> None:
    tables = small_tables()
    for values in tables["positions"].values():
        values.clear()
    report = ra.margin(ra.read_book(write_book(tmp_path / "b", tables)))
    found = report.compare()
    assert set(found.accounts["why"].to_pylist()) == {"they do not differ"}
    assert found.accounts["saving_fraction"].null_count == found.accounts.num_rows
    assert found.totals["saving_fraction"] is None
    assert found.totals["leverage"] is None
