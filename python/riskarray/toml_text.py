# SPDX-License-Identifier: Apache-2.0
"""Writes values as TOML."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["toml_key", "toml_name", "toml_value"]

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def toml_value(value: object) -> str:
    """Return a value as TOML: text, numbers, dates, lists and inline tables of them.

    Parameters
    ----------
    value : object
        As `tomllib` reads it; tuples are lists.

    Raises
    ------
    TypeError
        If TOML has no such value.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        items = (f"{toml_key(key)} = {toml_value(part)}" for key, part in value.items())
        return f"{{ {', '.join(items)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    msg = f"toml_value: value must be one that TOML has, got {value!r}"
    raise TypeError(msg)


def _text(value: str) -> str:
    """Return a TOML basic string: JSON's escapes are TOML's, which escapes DEL as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(name: str) -> str:
    """Return a key, bare where TOML allows it."""
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def toml_name(path: Iterable[str]) -> str:
    """Return a dotted key."""
    return ".".join(map(toml_key, path))
