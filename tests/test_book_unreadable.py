"""Books whose files cannot be read as their tables: none is quarantined."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskarray.book import BookError, check_book, read_book
from small_book import arrow, small_tables, write_book


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / f"{name}.csv").unlink()


def replace(name: str, text: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        stem = name.rsplit(".", maxsplit=1)[0]
        (folder / f"{stem}.csv").unlink(missing_ok=True)
        (folder / name).write_bytes(text)

    return change


def duplicate(folder: Path) -> None:
    table = arrow("accounts", small_tables()["accounts"])
    pq.write_table(table, folder / "accounts.parquet")


def truncate(folder: Path) -> None:
    replace("accounts.parquet", b"")(folder)
    table = arrow("accounts", small_tables()["accounts"])
    pq.write_table(table, folder / "accounts.parquet")
    whole = (folder / "accounts.parquet").read_bytes()
    (folder / "accounts.parquet").write_bytes(whole[: len(whole) // 2])


def wrong_types(folder: Path) -> None:
    replace("positions.parquet", b"")(folder)
    table = pa.table({"account": [1.5], "symbol": [True], "quantity": [[1]]})
    pq.write_table(table, folder / "positions.parquet")


def empty_folder(folder: Path) -> None:
    (folder / "positions.csv").unlink()
    (folder / "positions").mkdir()


UNUSABLE: dict[str, tuple[Callable[[Path], None], list[tuple[str, int | None, str, str]]]] = {
    "no underlyings": (remove("underlyings"), [("underlyings", None, "", "must be given as")]),
    "no instruments": (remove("instruments"), [("instruments", None, "", "must be given as")]),
    "no positions": (remove("positions"), [("positions", None, "", "must be given as")]),
    "not Parquet": (
        replace("positions.parquet", b"account,symbol,quantity\n"),
        [("positions", None, "", "must be a readable Parquet file, got positions.parquet")],
    ),
    "half a Parquet file": (
        truncate,
        [("accounts", None, "", "must be a readable Parquet file, got accounts.parquet")],
    ),
    "two forms": (duplicate, [("accounts", None, "", "must be given once")]),
    "empty CSV": (replace("rates.csv", b""), [("rates", None, "", "must have a header line")]),
    "no rates in the table": (
        replace("rates.csv", b"date,rate\n"),
        [("rates", None, "", "must have at least one row, got an empty table")],
    ),
    "not UTF-8": (
        replace("accounts.csv", b"account,cash\n\xff\xfe,1\n"),
        [("accounts", None, "", "must be a readable CSV file")],
    ),
    "missing columns": (
        replace("positions.csv", b"account,sym,qty\nA1,ACME,1\n"),
        [
            ("positions", None, "quantity", "must be there, got the columns account, sym, qty"),
            ("positions", None, "symbol", "must be there, got the columns account, sym, qty"),
        ],
    ),
    "a column twice": (
        replace("accounts.csv", b"account,cash,cash\nA2,1,2\n"),
        [("accounts", None, "cash", "must be there once, got account, cash, cash")],
    ),
    "ragged rows": (
        replace("accounts.csv", b"account,cash\nA2,1\nA3,1,2\nA4\n"),
        [("accounts", 2, "", "must have 2 cells, got 3"), ("accounts", 3, "", "2 cells, got 1")],
    ),
    "wrong types": (
        wrong_types,
        [
            ("positions", None, "account", "must hold text, got double"),
            ("positions", None, "symbol", "must hold text, got bool"),
            ("positions", None, "quantity", "must hold numbers, got list"),
        ],
    ),
    "an empty folder of parts": (
        empty_folder,
        [("positions", None, "", "must be given as")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("on_error", ["fail", "quarantine"])
@pytest.mark.parametrize(("change", "defects"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_read_stops_the_book_in_both_modes(
    tmp_path: Path,
    change: Callable[[Path], None],
    defects: list[tuple[str, int | None, str, str]],
    on_error: Any,
) -> None:
    folder = write_book(tmp_path, small_tables())
    change(folder)
    with pytest.raises(BookError) as caught:
        read_book(folder, on_error=on_error)
    found = caught.value.defects
    assert sorted((d.table, d.row or 0, d.column) for d in found) == sorted(
        (table, row or 0, column) for table, row, column, _ in defects
    )
    for _, _, _, message in defects:
        assert any(message in str(defect) for defect in found)


def test_a_book_that_is_not_there_is_a_defect(tmp_path: Path) -> None:
    (defect,) = check_book(tmp_path / "nowhere")
    assert "must be a folder that holds a book" in str(defect)
    defects = check_book(tmp_path)
    assert [d.table for d in defects][:2] == ["book.toml", "underlyings"]
