"""The command: exit codes, what goes to which stream, and that nothing is written on an error."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

import riskarray as ra
from command import Command, run_command
from small_book import small_tables, write_book

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


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_book(tmp_path / "book", small_tables())


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
