# SPDX-License-Identifier: Apache-2.0
"""Files that appear whole or not at all, and hold the same bytes for the same tables."""

import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

__all__ = [
    "TABLE_SUFFIXES",
    "check_folder",
    "check_table_path",
    "new_file",
    "new_folder",
    "write_table",
    "write_tables",
]

TABLE_SUFFIXES: Final = (".parquet", ".csv")


def check_table_path(path: Path) -> None:
    """Refuse a path that no table can be written to.

    Parameters
    ----------
    path : Path
        Where a table is to go.

    Raises
    ------
    ValueError
        If its suffix is not ``.parquet`` or ``.csv``, or a folder stands there.
    """
    if path.suffix not in TABLE_SUFFIXES:
        msg = f"must end in {' or '.join(TABLE_SUFFIXES)}, got {path}"
        raise ValueError(msg)
    if path.is_dir():
        msg = f"must be a file, got the folder {path}"
        raise ValueError(msg)


def check_folder(target: Path, names: tuple[str, ...]) -> None:
    """Refuse to replace a folder that holds anything but an earlier result.

    Parameters
    ----------
    target : Path
        Folder that is to be written; it need not exist.
    names : tuple of str
        File names that a result consists of.

    Raises
    ------
    ValueError
        If it is a file, or a folder with a file of another name.
    """
    if not target.exists():
        return
    if not target.is_dir():
        msg = f"must be a folder, got the file {target}"
        raise ValueError(msg)
    foreign = sorted(entry.name for entry in target.iterdir() if entry.name not in names)
    if foreign:
        msg = f"must be new, empty or an earlier result, got {target} with {foreign[0]} in it"
        raise ValueError(msg)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it takes the place of `target` if nothing is raised.

    Parameters
    ----------
    target : Path
        Where the folder is to appear. What stands there goes when the new one is whole, and comes
        back should the last step fail.

    Yields
    ------
    Path
        A hidden sibling of `target`, on the same file system; it is gone afterwards.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _sibling(target, "partial")
    partial.mkdir()
    try:
        yield partial
        _swap(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _swap(partial: Path, target: Path) -> None:
    """Put a finished folder in the place of another one."""
    if not target.exists():
        partial.rename(target)
        return
    old = _sibling(target, "old")
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Give a path to write to; the file takes the place of `target` if nothing is raised.

    Parameters
    ----------
    target : Path
        Where the file is to appear.

    Yields
    ------
    Path
        A hidden sibling of `target` with the same suffix; it is gone afterwards.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _sibling(target, "partial").with_suffix(target.suffix)
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _sibling(target: Path, purpose: str) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.{purpose}")


def write_tables(tables: Mapping[Path, pa.Table]) -> None:
    """Write tables side by side, each by one thread; see `write_table`."""
    with ThreadPoolExecutor(max_workers=len(tables)) as threads:
        for done in [threads.submit(write_table, table, path) for path, table in tables.items()]:
            done.result()


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet or CSV, by the suffix of the path.

    Text is packed; figures are not, for packing makes them a quarter smaller at best and takes
    three times as long.

    Parameters
    ----------
    table : Table
        Any table; dictionary columns become plain ones in CSV.
    path : Path
        Ends in ``.parquet`` or ``.csv``.
    """
    if path.suffix == ".csv":
        pc.write_csv(_plain(table), path)
    else:
        text = [field.name for field in table.schema if not pa.types.is_floating(field.type)]
        packing = {name: "zstd" if name in text else "none" for name in table.column_names}
        pq.write_table(table, path, compression=packing, use_dictionary=text)


def _plain(table: pa.Table) -> pa.Table:
    """Return the table with the values of its dictionary columns spelled out."""
    for k, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            column = table.column(k).cast(field.type.value_type)
            table = table.set_column(k, field.name, column)
    return table
