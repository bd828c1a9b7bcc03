# SPDX-License-Identifier: Apache-2.0
"""The settings of a book: `book.toml`."""

import datetime as dt
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from riskarray.defects import DefectLog
from riskarray.market import CLOSE, NEW_YORK
from riskarray.table_data import InputFile
from riskarray.table_files import sha256_of
from riskarray.tables import Defect

__all__ = ["SETTINGS_FILE", "Settings", "as_of_instant", "read_settings", "settings_from"]

SETTINGS_FILE: Final = "book.toml"
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
NOT_A_DATE: Final = "must be a date such as 2026-07-10, or a timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a book says of itself.

    Parameters
    ----------
    as_of : datetime
        Instant of the snapshot, in New York time.
    rulebook : str or None
        Name or path of a rulebook.
    rate : float or None
        Flat continuous rate.
    net_capital : float or None
        Of the firm that carries the accounts, in USD.
    """

    as_of: dt.datetime
    rulebook: str | None = None
    rate: float | None = None
    net_capital: float | None = None


def as_of_instant(value: object) -> dt.datetime:
    """Return the instant that `as_of` means.

    Parameters
    ----------
    value : str, date or datetime
        A date means 16:00 New York; a timestamp without an offset is in New York.

    Returns
    -------
    datetime
        In New York time.

    Raises
    ------
    ValueError
        If the value is none of these.
    """
    if isinstance(value, str):
        if DATE.fullmatch(value):
            value = dt.date.fromisoformat(value)
        elif DATE.match(value):
            value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(NEW_YORK) if value.tzinfo else value.replace(tzinfo=NEW_YORK)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, CLOSE, NEW_YORK)
    raise ValueError(NOT_A_DATE)


def read_settings(folder: Path, log: DefectLog) -> tuple[Settings | None, tuple[InputFile, ...]]:
    """Read `book.toml`.

    Parameters
    ----------
    folder : Path
        The book.
    log : DefectLog
        Takes what is wrong: all of it is structural.

    Returns
    -------
    settings : Settings or None
        None when they cannot be used.
    inputs : tuple of InputFile
        The file itself.
    """
    path = folder / SETTINGS_FILE
    if not folder.is_dir():
        log.add_structural(_defect("", str(folder), "must be a folder that holds a book"))
        return None, ()
    if not path.is_file():
        log.add_structural(_defect("", "", f"must be given, a file {SETTINGS_FILE} with as_of"))
        return None, ()
    inputs = (InputFile(name=SETTINGS_FILE, sha256=sha256_of(path), rows=0),)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        log.add_structural(_defect("", str(error), "must be TOML in UTF-8"))
        return None, inputs
    return _settings(raw, log), inputs


def settings_from(raw: Mapping[str, Any], log: DefectLog) -> Settings | None:
    """Return the settings of a book from memory, checked as those of a file are.

    Parameters
    ----------
    raw : mapping of str to object
        The keys of `book.toml`; one that is None is not given.
    log : DefectLog
        Takes what is wrong: all of it is structural.

    Returns
    -------
    Settings or None
        None when they cannot be used.
    """
    return _settings({key: value for key, value in raw.items() if value is not None}, log)


def _settings(raw: Mapping[str, Any], log: DefectLog) -> Settings | None:
    readers: dict[str, Callable[[Any], Any]] = {
        "as_of": as_of_instant,
        "rulebook": _rulebook,
        "rate": _rate,
        "net_capital": _net_capital,
    }
    found: dict[str, Any] = {}
    defects = [
        _defect(key, str(raw[key]), f"must be one of the keys {', '.join(readers)}")
        for key in raw
        if key not in readers
    ]
    for key, reader in readers.items():
        if key not in raw:
            continue
        try:
            found[key] = reader(raw[key])
        except ValueError as error:
            message = NOT_A_DATE if key == "as_of" else str(error)
            defects.append(_defect(key, str(raw[key]), message))
    if "as_of" not in raw:
        defects.append(_defect("as_of", "", "must be given"))
    if defects:
        log.add_structural(*defects)
        return None
    return Settings(**found)


def _rulebook(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    message = "must be the name or the path of a rulebook"
    raise ValueError(message)


def _rate(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(rate := float(str(value))) and abs(rate) < 1:
        return rate
    message = "must be a fraction such as 0.04, between -1 and 1"
    raise ValueError(message)


def _net_capital(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(amount := float(str(value))) and amount >= 0:
        return amount
    message = "must be an amount in USD, zero or positive"
    raise ValueError(message)


def _defect(key: str, value: str, message: str) -> Defect:
    return Defect(table=SETTINGS_FILE, row=None, column=key, value=value, message=message)
