"""The report: both bases of equity, status, explanations that add up, files that appear whole."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import riskarray as ra
from riskarray.amounts import without_dust
from riskarray.backends import backend_name
from riskarray.report.accounts import accounts_table
from riskarray.report.report import RESULT_NAMES
from riskarray.report.writing import new_file, new_folder, write_table
from rulebook_files import figure, rulebook_of
from small_book import ACME_CALL, ACME_PUT, SPX_PUT, book_of, small_tables

COLUMNS = [
    "account",
    "requirement",
    "risk_loss",
    "minimum_charge",
    "worst_point",
    "scenario_set",
    "reg_t_initial",
    "maintenance",
    "net_deposit",
    "maintenance_net",
    "long_market_value",
    "short_market_value",
    "equity",
    "excess",
    "margin_equity",
    "reg_t_excess",
    "status",
]


@pytest.fixture(scope="module")
def report() -> ra.Report:
    return ra.margin(book_of(small_tables()))


def row_of(report: ra.Report, account: str) -> dict[str, Any]:
    rows = {row["account"]: row for row in report.accounts.to_pylist()}
    found: dict[str, Any] = rows[account]
    return found


def test_columns_stand_in_the_documented_order(report: ra.Report) -> None:
    assert report.accounts.column_names[: len(COLUMNS)] == COLUMNS
    assert {"account", "product_group", "class_group", "pnl_01", "pnl_10"} < set(
        report.groups.column_names
    )


def test_equity_of_a_covered_call_by_hand(report: ra.Report) -> None:
    """A1: 100 ACME at 500, one call short at 8.50, no cash."""
    row = row_of(report, "A1")
    assert row["long_market_value"] == 50_000.0
    assert row["short_market_value"] == 850.0
    assert row["equity"] == 50_000.0 - 850.0
    assert row["margin_equity"] == 50_000.0
    assert row["reg_t_initial"] == 25_000.0
    assert row["maintenance"] == 12_500.0
    assert row["net_deposit"] == 25_000.0 - 850.0
    assert row["maintenance_net"] == 12_500.0 - 850.0
    assert row["reg_t_excess"] == 50_000.0 - 12_500.0
    assert row["excess"] == row["equity"] - row["requirement"]


def test_a_future_has_no_market_value(report: ra.Report) -> None:
    """A3: 300 SPY at 500, a future, five puts at 7.25, 250 owed."""
    row = row_of(report, "A3")
    assert row["long_market_value"] == 300 * 500.0 + 5 * 725.0
    assert row["short_market_value"] == 0.0
    assert row["equity"] == -250.0 + 300 * 500.0 + 5 * 725.0
    assert row["margin_equity"] == -250.0 + 300 * 500.0


def test_an_option_without_a_price_is_worth_its_theoretical_value(report: ra.Report) -> None:
    symbols = report.result.book.market.instruments.symbol.to_pylist()
    base = report.result.arrays.base[symbols.index(SPX_PUT)]
    assert row_of(report, "A2")["short_market_value"] == pytest.approx(200.0 * base)


@pytest.mark.parametrize(
    ("account_type", "cash", "status"),
    [
        ("portfolio", 1_000_000.0, "ok"),
        ("portfolio", 10_000.0, "below_minimum_equity"),
        ("portfolio", -49_000.0, "deficiency"),
        ("reg_t", 0.0, "ok"),
        ("reg_t", -37_000.0, "ok"),
        ("reg_t", -38_000.0, "deficiency"),
        ("cash", 0.0, "ok"),
        ("cash", -1.0, "deficiency"),
    ],
)
def test_status_goes_by_the_rules_of_the_accounts_own_type(
    account_type: str, cash: float, status: str
) -> None:
    """A covered call on 50,000 of stock: maintenance 12,500; a cash account pays in full."""
    tables = small_tables()
    tables["positions"] = {
        "account": ["A1", "A1"],
        "symbol": ["ACME", ACME_CALL],
        "quantity": [100.0, -1.0],
    }
    tables["accounts"] = {"account": ["A1"], "cash": [cash], "account_type": [account_type]}
    assert row_of(ra.margin(book_of(tables)), "A1")["status"] == status


@pytest.mark.parametrize(("cash", "status"), [(-1.0, "below_minimum_equity"), (0.0, "ok")])
def test_a_reg_t_account_below_its_minimum_equity_says_so(cash: float, status: str) -> None:
    tables = small_tables()
    tables["positions"] = {"account": ["A1"], "symbol": ["ACME"], "quantity": [3.0]}
    tables["accounts"] = {"account": ["A1"], "cash": [cash], "account_type": ["reg_t"]}
    assert row_of(ra.margin(book_of(tables)), "A1")["status"] == status


def test_accounts_without_positions_require_nothing(report: ra.Report) -> None:
    row = row_of(report, "A4")
    assert (row["requirement"], row["equity"], row["worst_point"]) == (0.0, 10.0, "none")
    explanation = report.explain("A4")
    assert explanation.positions == ()
    assert explanation.portfolio_groups == ()
    assert "equity = cash 10.00" in str(explanation)


def test_totals_are_the_sums_of_the_columns(report: ra.Report) -> None:
    for name in COLUMNS:
        if isinstance(report.accounts[name][0].as_py(), float):
            assert report.totals[name] == pytest.approx(sum(report.accounts[name].to_pylist()))
    assert report.totals["accounts"] == 4
    assert report.totals["status"] == Counter(report.accounts["status"].to_pylist())


def test_manifest_says_what_from_and_by_what(report: ra.Report) -> None:
    manifest: dict[str, Any] = report.manifest
    assert manifest["version"] == ra.__version__
    assert manifest["backend"] == backend_name()
    is_native = manifest["backend"] == "native"
    assert manifest["instruction_set"] == (ra.build_info()["active"] if is_native else None)
    assert manifest["rulebook"]["sha256"] == ra.load_rulebook("finra-4210g").sha256
    assert manifest["counts"]["positions"] == 6
    assert sum(manifest["volatility_sources"].values()) == 3
    assert json.loads(json.dumps(manifest, allow_nan=False)) == manifest
    numba = ra.margin(report.result.book, backend="numba").manifest
    assert (numba["backend"], numba["instruction_set"]) == ("numba", None)


def test_a_figure_that_is_no_number_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> pa.Table:
        table = accounts_table(*args)
        column = table.column_names.index("equity")
        return table.set_column(column, "equity", pa.array([1.0, np.nan, np.inf, 0.0]))

    monkeypatch.setattr("riskarray.report.report.accounts_table", broken)
    with pytest.raises(RuntimeError, match=r"equity must be finite, got nan in row 2 \(2 in all\)"):
        ra.margin(book_of(small_tables()))


def check_shares(report: ra.Report, account: str) -> None:
    """Every step of an explanation leads to the next, and all of them to the requirement."""
    explanation = report.explain(account)
    row = row_of(report, account)
    groups = explanation.portfolio_groups
    assert sum(g.requirement for g in groups) == pytest.approx(row["requirement"], abs=0.005)
    assert sum(p.share for p in explanation.positions) == pytest.approx(row["risk_loss"], abs=0.005)
    assert sum(p.minimum_charge for p in explanation.positions) == pytest.approx(
        row["minimum_charge"], abs=0.005
    )
    assert sum(p.market_value for p in explanation.positions) == pytest.approx(
        row["equity"] - row["cash"], abs=0.005
    )
    for group in groups:
        assert sum(c.charge for c in group.class_groups) == pytest.approx(group.requirement)
        for step in group.class_groups:
            mine = [p for p in explanation.positions if p.class_group == step.class_group]
            assert sum(p.share for p in mine) == pytest.approx(step.loss, abs=0.005)
            for j, pnl in enumerate(step.pnl):
                assert sum(p.pnl[j] for p in mine) == pytest.approx(pnl, abs=0.005)


def test_explanations_add_up(report: ra.Report) -> None:
    for account in ("A1", "A2", "A3", "A4"):
        check_shares(report, account)


@pytest.fixture(
    scope="module",
    params=[(a, b) for a in ("own", "common") for b in ("class_group", "portfolio_group")],
)
def rulebook(request: pytest.FixtureRequest) -> ra.Rulebook:
    point, level = map(figure, map(repr, request.param))
    return rulebook_of(f"[switches]\nworst_point = {point}\nminimum_level = {level}\n")


@settings(max_examples=15, deadline=None)
@given(
    quantity=st.lists(st.integers(-300, 300).filter(bool), min_size=7, max_size=7),
)
def test_explanations_add_up_with_offsets_under_every_switch(
    rulebook: ra.Rulebook, quantity: list[int]
) -> None:
    """Index funds of three class groups and their options, which offset each other in part."""
    tables = small_tables()
    symbols = ["SPY", "DIA", "QQQ", "ACME", SPX_PUT, ACME_CALL, ACME_PUT]
    funds = tables["underlyings"]
    for name, price in (("DIA", 450.0), ("QQQ", 520.0)):
        for column, values in funds.items():
            values.append({"underlying": name, "price": price}.get(column))
    tables["positions"] = {
        "account": ["A1"] * len(symbols),
        "symbol": symbols,
        "quantity": [float(q) for q in quantity],
    }
    check_shares(ra.margin(book_of(tables, rulebook=rulebook)), "A1")


def test_an_explanation_shows_itself_and_survives_json(report: ra.Report) -> None:
    explanation = report.explain("A3")
    text = str(explanation)
    assert repr(explanation) == text
    assert "\x1b" not in text
    assert json.loads(explanation.to_json())["account"] == "A3"
    with pytest.raises(ValueError, match="account must be one of the 4 of the report, got 'ZZ'"):
        report.explain("ZZ")


def test_products_outside_portfolio_margin_are_explained_too() -> None:
    tables = small_tables()
    for column, values in tables["underlyings"].items():
        values.append({"underlying": "NOTE", "price": 20.0, "product_type": "etn"}.get(column))
    tables["positions"] = {
        "account": ["A1", "A1"],
        "symbol": ["NOTE", "ACME"],
        "quantity": [1000.0, 10.0],
    }
    report = ra.margin(book_of(tables))
    row = row_of(report, "A1")
    assert row["strategy_requirement"] == 5_000.0
    assert row["requirement"] == 5_000.0 + 750.0
    explanation = report.explain("A1")
    assert {p.symbol: p.share for p in explanation.positions} == {"ACME": 750.0, "NOTE": 0.0}
    assert "outside portfolio margin" in str(explanation)


def test_json_reads_back_as_the_tables(report: ra.Report) -> None:
    result = json.loads(report.to_json())
    rows = json.loads(json.dumps(report.accounts.to_pylist(), default=str))
    assert result["accounts"] == rows
    assert result["groups"] == report.groups.to_pylist()


def test_written_tables_read_back_and_are_the_same_bytes(report: ra.Report, tmp_path: Path) -> None:
    again = ra.margin(book_of(small_tables()), threads=1)
    report.write(tmp_path / "one")
    again.write(tmp_path / "two")
    for name in RESULT_NAMES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert pq.read_table(tmp_path / "one" / "accounts.parquet").equals(report.accounts)
    assert json.loads((tmp_path / "one" / "manifest.json").read_text()) == report.manifest


def test_a_failed_write_leaves_the_earlier_result_and_no_rest(
    report: ra.Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    report.write(out)
    before = {entry.name: entry.read_bytes() for entry in out.iterdir()}
    broken = replace(report, manifest={"bad": float("nan")})
    with pytest.raises(ValueError, match="JSON compliant"):
        broken.write(out)
    assert {entry.name: entry.read_bytes() for entry in out.iterdir()} == before

    def no_rename(self: Path, target: Path) -> Path:
        if str(self).endswith(".partial"):
            msg = f"no way to {target}"
            raise OSError(msg)
        return rename(self, target)

    rename = Path.rename
    monkeypatch.setattr(Path, "rename", no_rename)
    with pytest.raises(OSError, match="no way"):
        report.write(out)
    assert {entry.name: entry.read_bytes() for entry in out.iterdir()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def interrupted(target: Path) -> None:
    with new_file(target) as path:
        path.write_text("half")
        raise KeyboardInterrupt


def test_a_folder_and_a_file_appear_only_when_whole(tmp_path: Path) -> None:
    with new_folder(tmp_path / "deep" / "folder") as partial:
        (partial / "x").write_text("x")
        assert not (tmp_path / "deep" / "folder").exists()
    assert (tmp_path / "deep" / "folder" / "x").read_text() == "x"
    with new_file(tmp_path / "table.csv") as path:
        write_table(pa.table({"a": pa.array(["x"]).dictionary_encode()}), path)
        assert not (tmp_path / "table.csv").exists()
    assert (tmp_path / "table.csv").read_text() == '"a"\n"x"\n'
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "other.csv")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["deep", "table.csv"]


def test_a_folder_that_is_not_a_result_is_refused(report: ra.Report, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="must be new, empty or an earlier result"):
        report.write(tmp_path)
    with pytest.raises(ValueError, match="must be a folder"):
        report.write(tmp_path / "mine.txt")


def test_no_table_has_dust_or_a_negative_zero(report: ra.Report) -> None:
    for table in (report.accounts, report.groups, report.strategies, report.add_ons):
        for name in table.column_names:
            if not pa.types.is_floating(table.schema.field(name).type):
                continue
            values = np.asarray(table[name].drop_null())
            assert not (np.signbit(values) & (values == 0)).any(), name
            assert not ((np.abs(values) < 1e-6) & (values != 0)).any(), name


def test_dust_is_nothing() -> None:
    table = pa.table(
        {"requirement": [5.46e-12, -0.0, -1e-9, 0.01, None], "rate": [-0.0, 1e-9, 0.1, 1.0, None]}
    )
    clean = without_dust("add_ons", table)
    assert clean["requirement"].to_pylist() == [0.0, 0.0, 0.0, 0.01, None]
    assert clean["rate"].to_pylist() == [0.0, 1e-9, 0.1, 1.0, None]
    assert not np.signbit(np.asarray(clean["rate"].drop_null())).any()
