# SPDX-License-Identifier: Apache-2.0
"""Reading the tables of a book: one Parquet or CSV file, or parts, or an object in memory."""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pyarrow.types as pt

from riskarray.array_types import Bool
from riskarray.columns import (
    ColumnTypeError,
    DateColumn,
    NumberColumn,
    date_column,
    number_column,
)
from riskarray.defects import DefectLog
from riskarray.table_data import InputFile, TableData, TablePart, arrow_table
from riskarray.tables import Column, ColumnKind, Defect, TableSchema
from riskarray.text_columns import TextColumn, merge_text, text_column

__all__ = ["read_table", "sha256_of", "table_from_object"]

SUFFIXES: Final = (".parquet", ".csv")
MUST_BE: Final = {
    ColumnKind.NUMBER: "must be a number",
    ColumnKind.DATE: "must be a date, YYYY-MM-DD",
}
UNCLEAN: Final = "must have no blanks around it and no control or invisible characters"

Read = tuple[TableData | None, tuple[InputFile, ...]]


class _UnusableError(Exception):
    """A table that cannot be read; says why."""

    def __init__(self, *defects: Defect) -> None:
        super().__init__()
        self.defects = defects


def read_table(folder: Path, schema: TableSchema, log: DefectLog) -> Read:
    """Read one table of a book.

    Parameters
    ----------
    folder : Path
        The book.
    schema : TableSchema
        The table: `NAME.parquet` or `NAME.csv`, a folder `NAME` of parts, or parts named
        `NAME-*.parquet` or `NAME-*.csv`.
    log : DefectLog
        Takes what is wrong.

    Returns
    -------
    table : TableData or None
        The table; None when it is absent or cannot be used.
    inputs : tuple of InputFile
        The files it was read from.
    """
    try:
        paths = _find_parts(folder, schema)
    except _UnusableError as error:
        log.add_structural(*error.defects)
        return None, ()
    parts: list[TablePart] = []
    ignored: set[str] = set()
    for path in paths:
        name = path.relative_to(folder).as_posix()
        label = schema.name if len(paths) == 1 else f"{schema.name} ({name})"
        try:
            data, extra = _read_file(path, schema, label)
        except _UnusableError as error:
            log.add_structural(*error.defects)
            continue
        parts.append(TablePart(name=name, data=data))
        ignored.update(extra)
    if not paths or len(parts) < len(paths):
        return None, ()
    inputs = tuple(
        InputFile(name=part.name, sha256=sha256_of(path), rows=part.data.num_rows)
        for part, path in zip(parts, paths, strict=True)
    )
    return _table(schema, parts, tuple(sorted(ignored)), log), inputs


def table_from_object(source: Any, schema: TableSchema, log: DefectLog) -> Read:  # noqa: ANN401
    """Take one table of a book from memory.

    Parameters
    ----------
    source : object
        Anything that speaks the Arrow PyCapsule interface.
    schema : TableSchema
        The table.
    log : DefectLog
        Takes what is wrong.

    Returns
    -------
    table : TableData or None
        The table; None when it cannot be used.
    inputs : tuple of InputFile
        One entry without a digest.
    """
    try:
        data = arrow_table(source)
        known, ignored = _check_names(data.column_names, schema, schema.name)
    except TypeError as error:
        message = str(error).partition(", got ")[0]
        log.add_structural(_defect(schema.name, "", type(source).__name__, message))
        return None, ()
    except _UnusableError as error:
        log.add_structural(*error.defects)
        return None, ()
    part = TablePart(name=schema.name, data=data.select([c.name for c in known]))
    inputs = (InputFile(name=schema.name, sha256=None, rows=data.num_rows),)
    return _table(schema, [part], tuple(sorted(ignored)), log), inputs


def sha256_of(path: Path) -> str:
    """Return the SHA-256 digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _defect(table: str, column: str, value: str, message: str) -> Defect:
    return Defect(table=table, row=None, column=column, value=value, message=message)


def _find_parts(folder: Path, schema: TableSchema) -> tuple[Path, ...]:
    """Return the files of a table in the order of their names; none for an absent optional one."""
    name = schema.name
    forms = [_existing(folder / f"{name}{suffix}") for suffix in SUFFIXES]
    is_folder = (folder / name).is_dir()
    forms.append(_parts_in(sorted((folder / name).rglob("*")), name) if is_folder else ())
    forms.append(_parts_in(sorted(folder.glob(f"{name}-*")), name))
    found = [form for form in forms if form]
    if len(found) > 1:
        names = ", ".join(form[0].relative_to(folder).as_posix() for form in found)
        raise _UnusableError(_defect(name, "", names, _single_form(name)))
    if not found and (schema.is_required or is_folder):
        raise _UnusableError(
            _defect(name, "", "", f"must be given as {name}.parquet or {name}.csv")
        )
    return found[0] if found else ()


def _existing(path: Path) -> tuple[Path, ...]:
    return (path,) if path.is_file() else ()


def _parts_in(paths: Sequence[Path], name: str) -> tuple[Path, ...]:
    """Return those paths that are parts of a table; all of them must be of one format."""
    parts = tuple(p for p in paths if p.suffix in SUFFIXES and p.name[0] not in "._")
    if len({p.suffix for p in parts}) > 1:
        raise _UnusableError(_defect(name, "", "Parquet and CSV parts", _single_form(name)))
    return parts


def _single_form(name: str) -> str:
    return f"must be given once: {name}.parquet, {name}.csv, parts in {name}/ or parts {name}-*"


def _read_file(path: Path, schema: TableSchema, label: str) -> tuple[pa.Table, list[str]]:
    """Return the columns of the schema that a file has, and the names of its others."""
    is_parquet = path.suffix == ".parquet"
    read = _read_parquet if is_parquet else _read_csv
    try:
        return read(path, schema, label)
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        reason = str(error).split("\n", maxsplit=1)[0]
        message = f"must be a readable {'Parquet' if is_parquet else 'CSV'} file"
        defect = _defect(label, "", f"{path.name} ({reason})", message)
        raise _UnusableError(defect) from error


def _read_parquet(path: Path, schema: TableSchema, label: str) -> tuple[pa.Table, list[str]]:
    with pa.parquet.ParquetFile(path) as file:
        found = file.schema_arrow
    known, extra = _check_names(found.names, schema, label)
    encoded = [c.name for c in known if c.is_repeated and _is_text(found.field(c.name).type)]
    with pa.parquet.ParquetFile(path, read_dictionary=encoded, memory_map=True) as file:
        return file.read(columns=[c.name for c in known]), extra


def _is_text(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind))


def _read_csv(path: Path, schema: TableSchema, label: str) -> tuple[pa.Table, list[str]]:
    """Read a CSV file as text, so that no ticker is taken for a number, a truth or a null."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    if not header:
        raise _UnusableError(_defect(label, "", f"{path.name} (empty)", "must have a header line"))
    known, extra = _check_names(header, schema, label)
    encoded = pa.dictionary(pa.int32(), pa.string())
    kinds = {c.name: encoded if _is_encoded(c) else pa.string() for c in known}
    convert = pa.csv.ConvertOptions(
        column_types=kinds,
        include_columns=list(kinds),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    try:
        return pa.csv.read_csv(path, convert_options=convert), extra
    except pa.ArrowInvalid as error:
        _raise_ragged(path, convert, label)
        raise error from None


def _is_encoded(column: Column) -> bool:
    return column.kind is ColumnKind.TEXT and column.is_repeated


def _raise_ragged(path: Path, convert: pa.csv.ConvertOptions, label: str) -> None:
    """Raise _UnusableError for the rows with too few or too many cells, if there are any."""
    ragged: list[Any] = []

    def note(row: Any) -> str:  # noqa: ANN401 - pyarrow.csv.InvalidRow
        ragged.append(row)
        return "skip"

    pa.csv.read_csv(
        path,
        read_options=pa.csv.ReadOptions(use_threads=False),
        parse_options=pa.csv.ParseOptions(invalid_row_handler=note),
        convert_options=convert,
    )
    defects = (
        Defect(
            table=label,
            row=None if row.number is None else row.number - 1,
            column="",
            value=f"{row.actual_columns}",
            message=f"must have {row.expected_columns} cells",
        )
        for row in ragged
    )
    if ragged:
        raise _UnusableError(*defects)


def _check_names(
    names: Sequence[str], schema: TableSchema, label: str
) -> tuple[list[Column], list[str]]:
    """Return the columns of the schema that are there, and the names of the others."""
    known = [column for column in schema.columns if column.name in names]
    header = ", ".join(names) or "no columns"
    missing = [c.name for c in schema.columns if c.is_required and c not in known]
    repeated = [c.name for c in known if names.count(c.name) > 1]
    if missing or repeated:
        raise _UnusableError(
            *(_defect(label, name, f"the columns {header}", "must be there") for name in missing),
            *(_defect(label, name, f"{header}", "must be there once") for name in repeated),
        )
    return known, [name for name in names if name not in {c.name for c in known}]


def _table(
    schema: TableSchema, parts: list[TablePart], ignored: tuple[str, ...], log: DefectLog
) -> TableData | None:
    """Convert the columns of all parts; what cannot be converted goes to the log."""
    text: dict[str, TextColumn] = {}
    number: dict[str, NumberColumn] = {}
    date: dict[str, DateColumn] = {}
    table = TableData(
        name=schema.name, parts=tuple(parts), text=text, number=number, date=date, ignored=ignored
    )
    is_usable = True
    for column in schema.columns:
        try:
            if column.kind is ColumnKind.TEXT:
                text[column.name] = merge_text([text_column(c) for c in _chunks(column, parts)])
                if column.is_name:
                    log.add(table, column.name, text[column.name].is_unclean(), UNCLEAN)
                continue
            if column.kind is ColumnKind.NUMBER:
                numbers = [number_column(c) for c in _chunks(column, parts)]
                number[column.name], is_bad = _merge_numbers(numbers)
            else:
                dates = [date_column(c) for c in _chunks(column, parts)]
                date[column.name], is_bad = _merge_dates(dates)
            log.add(table, column.name, is_bad, MUST_BE[column.kind])
            if column.kind is ColumnKind.NUMBER:
                _check_limit(table, column, log)
        except ColumnTypeError as error:
            message, _, value = str(error).partition(", got ")
            log.add_structural(_defect(schema.name, column.name, value, message))
            is_usable = False
    return table if is_usable else None


def _check_limit(table: TableData, column: Column, log: DefectLog) -> None:
    """Report finite numbers beyond what a column may hold."""
    size = np.abs(table.number[column.name].value)
    is_beyond = (size > column.limit) & np.isfinite(size)
    message = f"must be between {-column.limit:,.0f} and {column.limit:,.0f}"
    log.add(table, column.name, is_beyond, message)


def _chunks(column: Column, parts: list[TablePart]) -> list[pa.ChunkedArray]:
    """Return the column of each part; all null where a part lacks it."""
    return [
        part.data[column.name]
        if column.name in part.data.column_names
        else pa.chunked_array([pa.nulls(part.data.num_rows)])
        for part in parts
    ]


def _merge_numbers(
    columns: list[tuple[NumberColumn, Bool]],
) -> tuple[NumberColumn, Bool]:
    if len(columns) == 1:
        return columns[0]
    value = np.concatenate([c.value for c, _ in columns])
    is_null = np.concatenate([c.is_null for c, _ in columns])
    is_bad = np.concatenate([bad for _, bad in columns])
    return NumberColumn(value=value, is_null=is_null), is_bad


def _merge_dates(columns: list[tuple[DateColumn, Bool]]) -> tuple[DateColumn, Bool]:
    if len(columns) == 1:
        return columns[0]
    value = np.concatenate([c.value for c, _ in columns])
    return DateColumn(value=value), np.concatenate([bad for _, bad in columns])
