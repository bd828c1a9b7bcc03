"""The command when something is wrong: one block, an exit code, and nothing written."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from command import Command, run_command
from small_book import ACME_CALL, small_tables, with_cell, with_row, write_book

EXAMPLES = Path(__file__).parents[1] / "examples"

ROOT = Path(__file__).parents[1]
ACME = ROOT / "examples" / "acme"


@pytest.fixture
def bad_book(tmp_path: Path) -> Path:
    """A3 holds a symbol that nothing explains."""
    tables = with_row("positions", account="A3", symbol="NOSUCH", quantity=1.0)
    return write_book(tmp_path / "bad", tables)


def test_bad_input_is_one_block_and_nothing_is_written(bad_book: Path, tmp_path: Path) -> None:
    outcome = run_command("margin", bad_book, "--json", "--out", tmp_path / "out")
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err.startswith("riskarray: bad input, nothing written\n")
    assert "positions row 7, column symbol" in outcome.err
    assert "NOSUCH" in outcome.err
    assert "Traceback" not in outcome.err
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["bad"]


@pytest.mark.parametrize(
    ("table", "row", "column", "value"),
    [
        ("positions", 1, "symbol", "NOSUCH"),
        ("positions", 2, "quantity", None),
        ("positions", 2, "quantity", "nan"),
        ("underlyings", 1, "price", -1.0),
        ("underlyings", 1, "portfolio_type", "no_such_type"),
        ("instruments", 2, "expiry", "2026-07-01"),
    ],
)
def test_each_kind_of_bad_cell_is_named(
    command: Command, table: str, row: int, column: str, value: object, tmp_path: Path
) -> None:
    folder = write_book(tmp_path / "book", with_cell(table, row, column, value))
    outcome = command("margin", folder, "--out", tmp_path / "out")
    assert outcome.code == 1
    assert f"{table} row {row}, column {column}: must " in outcome.err
    assert not (tmp_path / "out").exists()


def test_a_duplicate_instrument_is_named(command: Command, tmp_path: Path) -> None:
    tables = with_row("instruments", symbol=ACME_CALL, underlying="ACME", kind="option")
    outcome = command("margin", write_book(tmp_path / "book", tables))
    assert outcome.code == 1
    assert "instruments row 6, column symbol: must be unique, row 2 has it" in outcome.err


def test_a_file_that_is_not_parquet_and_a_missing_column_are_named(
    command: Command, tmp_path: Path
) -> None:
    tables = small_tables()
    del tables["positions"]["quantity"]
    folder = write_book(tmp_path / "book", tables)
    (folder / "underlyings.csv").unlink()
    (folder / "underlyings.parquet").write_text("no parquet")
    outcome = command("margin", folder)
    assert outcome.code == 1
    assert "underlyings" in outcome.err
    assert "positions, column quantity" in outcome.err


def test_an_option_held_without_any_source_of_volatility_stops_the_run(
    command: Command, tmp_path: Path
) -> None:
    folder = write_book(tmp_path / "book", with_cell("instruments", 4, "implied_volatility", None))
    outcome = command("margin", folder)
    assert outcome.code == 1
    assert "instruments row 4, column price" in outcome.err
    assert command("check", folder).code == 1


def test_an_option_without_a_source_is_named_where_the_book_has_it(
    command: Command, tmp_path: Path
) -> None:
    tables = with_cell("instruments", 1, "price", -1.0)  # goes, and all behind it move up
    tables["instruments"]["implied_volatility"][3] = None
    outcome = command(
        "margin", write_book(tmp_path / "a", tables), "--json", "--on-error", "quarantine"
    )
    assert "A2: instruments row 4, column price: must be" in outcome.err
    tables = with_cell("positions", 3, "symbol", "SPX260918P05100000")
    tables["instruments"]["implied_volatility"][3] = None
    outcome = command("margin", write_book(tmp_path / "b", tables))
    assert outcome.code == 1
    assert "positions row 3, column symbol: must have a row in instruments" in outcome.err
    assert "got SPX260918P05100000" in outcome.err


def test_a_wrong_key_of_a_rulebook_is_named(command: Command, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('base = "finra-4210g"\nid = "mine"\n[switches]\nno_such = 1\n')
    outcome = command("margin", ACME, "--rulebook", rules)
    assert outcome.code == 1
    assert "switches.no_such" in outcome.err


def test_quarantine_leaves_out_touched_accounts_and_exits_with_3(
    command: Command, bad_book: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    outcome = command("margin", bad_book, "--on-error", "quarantine", "--out", out)
    assert outcome.code == 3
    kept = pq.read_table(out / "accounts.parquet")["account"].to_pylist()
    rejected = pq.read_table(out / "rejects.parquet")["account"].to_pylist()
    assert (kept, rejected) == (["A1", "A2", "A4"], ["A3"])
    assert "left out: 1 account" in outcome.out
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["counts"]["accounts_rejected"] == 1


def test_quarantine_leaves_out_holders_of_what_cannot_be_priced(
    command: Command, tmp_path: Path
) -> None:
    folder = write_book(tmp_path / "book", with_cell("instruments", 4, "implied_volatility", None))
    out = tmp_path / "out"
    outcome = command("margin", folder, "--on-error", "quarantine", "--out", out)
    assert outcome.code == 3
    rejects = pq.read_table(out / "rejects.parquet").to_pylist()
    assert [(row["account"], row["table"], row["row"]) for row in rejects] == [
        ("A2", "instruments", 4)
    ]
    kept = pq.read_table(out / "accounts.parquet")["account"].to_pylist()
    assert kept == ["A1", "A3", "A4"]
    explained = command("explain", folder, "A2", "--on-error", "quarantine")
    assert explained.code == 2
    assert "left out" in explained.err


@pytest.mark.parametrize(
    "args",
    [
        ["margin"],
        ["margin", "no-such-folder"],
        ["margin", str(ACME), "--backend", "fortran"],
        ["margin", str(ACME), "--threads", "-1"],
        ["margin", str(ACME), "--threads", "1025"],
        ["margin", str(ACME), "--rulebook", "no-such-rulebook"],
        ["margin", str(ACME), "--out", str(ACME / "book.toml")],
        ["margin", str(ACME), "--no-such-option"],
        ["explain", str(ACME), "NOBODY"],
        ["pnl", str(ACME), "NOBODY", "--out", "x.csv"],
        ["risk-arrays", str(ACME), "--out", "x.txt"],
        ["no-such-command"],
    ],
)
def test_wrong_usage_exits_with_2(command: Command, args: list[str]) -> None:
    outcome = command(*args)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err


def test_an_unknown_instruction_set_or_backend_in_the_environment_is_wrong_usage() -> None:
    for outcome in (
        run_command("margin", ACME, RISKARRAY_ISA="no-such"),
        run_command("margin", ACME, RISKARRAY_BACKEND="no-such"),
    ):
        assert outcome.code == 2
        assert "no-such" in outcome.err


def test_a_broken_pipe_is_quiet() -> None:
    code = "from riskarray.cli import app; app()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "rulebook", "show"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(timeout=60) == 141
    assert err == b""


def test_a_defect_of_the_program_is_no_traceback(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_options: object) -> None:
        msg = "two and two are five"
        raise ArithmeticError(msg)

    monkeypatch.setattr("riskarray.book.read_book", broken)
    outcome = command("margin", ACME)
    assert outcome.code == 70
    assert "internal error" in outcome.err
    assert "two and two are five" in outcome.err
    assert "Traceback" not in outcome.err


def test_check_lists_all_defects_and_says_when_there_are_none(
    command: Command, tmp_path: Path
) -> None:
    tables = small_tables()
    tables["positions"] = {
        "account": ["A1"] * 30,
        "symbol": [f"BAD{k}" for k in range(30)],
        "quantity": [1.0] * 30,
    }
    outcome = command("check", write_book(tmp_path / "bad", tables))
    assert outcome.code == 1
    assert outcome.out.count("column symbol: must be") == 30
    assert outcome.out.endswith("30 defects\n")
    outcome = command("check", write_book(tmp_path / "good", small_tables()))
    assert (outcome.code, outcome.err) == (0, "")
    assert "no defects in 4 underlyings" in outcome.out
    margin = command("margin", tmp_path / "bad")
    assert "and 10 more" in margin.err


def test_check_refuses_an_unknown_instruction_set_or_backend() -> None:
    for outcome in (
        run_command("check", ACME, RISKARRAY_ISA="foo"),
        run_command("check", ACME, RISKARRAY_BACKEND="foo"),
    ):
        assert outcome.code == 2, outcome.err
        assert "foo" in outcome.err


def test_a_book_of_empty_tables_is_margined_with_a_warning_about_its_rate(
    command: Command, tmp_path: Path
) -> None:
    tables: dict[str, dict[str, list[object]]] = {
        "underlyings": {"underlying": [], "price": []},
        "instruments": {"symbol": [], "underlying": [], "kind": []},
        "positions": {"account": [], "symbol": [], "quantity": []},
    }
    folder = write_book(tmp_path / "book", tables)
    assert command("check", folder).code == 0
    outcome = command("margin", folder)
    assert outcome.code == 0
    assert "warning: rate 0 at every expiry" in outcome.out
    as_json = command("margin", folder, "--json")
    assert "riskarray: warning: rate 0 at every expiry" in as_json.err
    rates = json.loads(as_json.out)["manifest"]["rates"]
    assert rates == {"is_given": False, "nodes": [{"years": 0.0, "rate": 0.0}]}


@pytest.mark.parametrize("name", ["check", "compare", "explain", "pnl", "risk-arrays"])
def test_every_command_warns_of_a_missing_rate(command: Command, tmp_path: Path, name: str) -> None:
    """On the standard error, so that what is piped stays as it is."""
    folder = tmp_path / "book"
    shutil.copytree(EXAMPLES / "acme", folder)
    settings = (folder / "book.toml").read_text()
    kept = [line for line in settings.splitlines() if not line.startswith("rate")]
    (folder / "book.toml").write_text("\n".join(kept))
    to_file = ["--out", str(tmp_path / "table.csv")]
    after = {"explain": ["A1"], "pnl": to_file, "risk-arrays": to_file}
    outcome = command(name, folder, *after.get(name, []))
    assert outcome.code == 0
    assert outcome.err == (
        "riskarray: warning: rate 0 at every expiry, for the book gives neither rate nor rates\n"
    )


def test_json_names_the_accounts_left_out(bad_book: Path, command: Command) -> None:
    outcome = command("margin", bad_book, "--json", "--on-error", "quarantine")
    assert outcome.code == 3
    (reject,) = json.loads(outcome.out)["manifest"]["rejects"]
    assert (reject["account"], reject["row"], reject["value"]) == ("A3", 7, "NOSUCH")
    assert "left out: 1 accounts" in outcome.err
    assert "A3: positions row 7, column symbol: must be" in outcome.err


def test_only_a_rulebook_is_shown(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    file.write_text("not = 'a rulebook'\n", encoding="utf-8")
    outcome = command("rulebook", "show", file)
    assert outcome.code == 1
    assert outcome.out == ""


def test_an_explanation_has_one_form_at_a_time(command: Command) -> None:
    outcome = command("explain", ACME, "A1", "--json", "--markdown")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--json and --markdown must not be given together" in outcome.err
