"""The command: exit codes, what goes to which stream, and that nothing is written on an error."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

import riskarray as ra
from command import Outcome, run_command
from riskarray.cli import app
from small_book import ACME_CALL, small_tables, with_cell, with_row, write_book

ROOT = Path(__file__).parents[1]
ACME = ROOT / "examples" / "acme"
FILES = {
    "accounts.parquet",
    "groups.parquet",
    "strategies.parquet",
    "add_ons.parquet",
    "rejects.parquet",
    "manifest.json",
}
Command = Callable[..., Outcome]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command in this process, which is quicker than in one of its own."""

    def run(*args: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            app([str(arg) for arg in args], prog_name="riskarray")
        code = stop.value.code
        assert isinstance(code, int)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_book(tmp_path / "book", small_tables())


@pytest.fixture
def bad_book(tmp_path: Path) -> Path:
    """A3 holds a symbol that nothing explains."""
    tables = with_row("positions", account="A3", symbol="NOSUCH", quantity=1.0)
    return write_book(tmp_path / "bad", tables)


def test_version_is_one_line_and_quick() -> None:
    outcome = run_command("--version")
    assert outcome == (0, f"riskarray {ra.__version__}\n", "")


def test_version_loads_no_compiler_and_no_table_library() -> None:
    code = (
        "import sys\nfrom riskarray.cli import app\n"
        "try: app(['--version'])\nexcept SystemExit: pass\n"
        "heavy = {'numba', 'pyarrow', 'numpy', 'rich.progress'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == ra.__version__ == ra.build_info()["version"]


def test_public_names_all_load() -> None:
    assert all(getattr(ra, name) is not None for name in ra.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ra.nothing


def test_margin_on_a_pipe_is_plain_text_without_a_bar() -> None:
    outcome = run_command("margin", ACME)
    assert (outcome.code, outcome.err) == (0, "")
    assert "\x1b" not in outcome.out
    assert "\r" not in outcome.out
    for text in ("A1", "-15%", "25,000.00", "all 1", "1 solved", "price", "strategies", "in all"):
        assert text in outcome.out


def read_to_the_end(terminal: int) -> bytes:
    """Return all that is written to a terminal; its end is an error on some systems."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as stream, contextlib.suppress(OSError):
        while part := stream.read(4096):
            shown += part
    return shown


def test_margin_on_a_terminal_shows_a_bar_on_the_standard_error() -> None:
    main, terminal = pty.openpty()
    code = "from riskarray.cli import app; app()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "margin", str(ACME)],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        os.close(terminal)
        shown = read_to_the_end(main)
        assert process.stdout is not None
        out = process.stdout.read()
        assert process.wait(timeout=120) == 0
    assert b"price" in shown
    assert b"\x1b" not in out


def test_margin_writes_its_files_and_nothing_else(
    command: Command, book: Path, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "out"
    outcome = command("margin", book, "--out", out)
    assert (outcome.code, outcome.err) == (0, "")
    assert {entry.name for entry in out.iterdir()} == FILES
    assert [entry.name for entry in out.parent.iterdir()] == ["out"]
    assert pq.read_table(out / "accounts.parquet").num_rows == 4
    assert f"written to {out}" in outcome.out


def test_json_is_one_object_and_holds_what_the_files_hold(
    command: Command, book: Path, tmp_path: Path
) -> None:
    outcome = command("margin", book, "--json", "--out", tmp_path / "out")
    result = json.loads(outcome.out)
    assert (outcome.code, outcome.err, outcome.out.count("\n")) == (0, "", 1)
    assert list(result) == ["accounts", "groups", "totals", "manifest"]
    for name in ("accounts", "groups"):
        rows = pq.read_table(tmp_path / "out" / f"{name}.parquet").to_pylist()
        assert result[name] == json.loads(json.dumps(rows, default=str))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert result["manifest"] == manifest
    assert result["totals"] == manifest["totals"]


def test_files_are_the_same_bytes_for_any_number_of_threads(book: Path, tmp_path: Path) -> None:
    for threads in ("1", "2"):
        run_command("margin", book, "--out", tmp_path / threads, "--threads", threads)
    for name in FILES:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_result_is_replaced_and_anything_else_is_not(
    command: Command, book: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert command("margin", ACME, "--out", out).code == 0
    assert command("margin", book, "--out", out).code == 0
    assert pq.read_table(out / "accounts.parquet").num_rows == 4
    (out / "notes.txt").write_text("mine")
    outcome = command("margin", ACME, "--out", out)
    assert outcome.code == 2
    assert "notes.txt" in outcome.err
    assert pq.read_table(out / "accounts.parquet").num_rows == 4


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


def test_explain_is_text_on_a_pipe_and_json_on_request(command: Command, book: Path) -> None:
    outcome = command("explain", book, "A3")
    assert (outcome.code, outcome.err) == (0, "")
    assert "\x1b" not in outcome.out
    for text in (
        "Account A3",
        "equity = cash",
        "SPY",
        "requirement =",
        "reg_t_initial",
        "switches",
    ):
        assert text in outcome.out
    result = json.loads(command("explain", book, "A3", "--json").out)
    assert result["account"] == "A3"
    assert result["amounts"]["requirement"] > 0
    assert sum(g["requirement"] for g in result["portfolio_groups"]) == pytest.approx(
        result["amounts"]["requirement"], abs=0.005
    )


def test_risk_arrays_and_pnl_are_tables_of_either_kind(
    command: Command, book: Path, tmp_path: Path
) -> None:
    points = [f"pnl_{k:02d}" for k in range(1, 11)]
    for suffix, read in ((".csv", pacsv.read_csv), (".parquet", pq.read_table)):
        arrays, pnl, one = (tmp_path / f"{n}{suffix}" for n in ("arrays", "pnl", "one"))
        assert command("risk-arrays", book, "--out", arrays).code == 0
        assert command("pnl", book, "--out", pnl).code == 0
        assert command("pnl", book, "A3", "--out", one).code == 0
        assert read(arrays).column_names[-10:] == points
        assert read(arrays).num_rows == 6
        assert read(pnl).column_names == ["account", "symbol", "quantity", *points]
        assert read(pnl).num_rows == 6
        assert read(one)["account"].to_pylist() == ["A3"] * 3
    assert command("pnl", book, "A4", "--out", tmp_path / "none.csv").code == 0
    assert (tmp_path / "none.csv").read_text().count("\n") == 1


def test_pnl_adds_up_to_the_groups(command: Command, book: Path, tmp_path: Path) -> None:
    command("pnl", book, "--out", tmp_path / "pnl.parquet")
    command("margin", book, "--out", tmp_path / "out")
    pnl = pq.read_table(tmp_path / "pnl.parquet")
    groups = pq.read_table(tmp_path / "out" / "groups.parquet")
    for point in ("pnl_01", "pnl_10"):
        assert sum(pnl[point].to_pylist()) == pytest.approx(sum(groups[point].to_pylist()))


def test_a_rulebook_that_was_printed_can_be_read_again(command: Command, tmp_path: Path) -> None:
    text = command("rulebook", "show").out
    (tmp_path / "copy.toml").write_text(text)
    copy, original = ra.load_rulebook(tmp_path / "copy.toml"), ra.load_rulebook("finra-4210g")
    assert copy.sha256 == original.sha256
    listed = command("rulebook", "list").out
    assert "finra-4210g" in listed
