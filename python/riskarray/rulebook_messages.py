# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a value of a rulebook file, in words: what must be so, what is there."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from riskarray.rulebook_versions import KeyPath, Problem

__all__ = ["problems_of", "value_text"]

_WIDTH: Final = 80
_CONDITIONS: Final[Mapping[str, str]] = {
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} values",
}
_DATE: Final = "must be a date such as 2026-07-01, without quotes or time of day"


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """Yield what pydantic found wrong, one after the other."""
    for defect in error.errors(include_url=False):
        path = tuple(str(part) for part in defect["loc"] if part != "[key]")
        if defect["type"] == "missing":
            yield Problem(path, "must be given, it is missing")
        elif defect["type"] == "extra_forbidden":
            yield Problem(path, f"must not be given, no such key, got {_got(defect)}")
        else:
            yield Problem(path, f"{_condition(defect, path)}, got {_got(defect)}")


def _got(defect: ErrorDetails) -> str:
    return value_text(defect["input"])


def _condition(defect: ErrorDetails, path: KeyPath) -> str:
    """Return what must be so."""
    kind, context = defect["type"], defect.get("ctx", {})
    special: Mapping[str, Callable[[], str]] = {
        "value_error": lambda: str(context["error"]),
        "literal_error": lambda: _choice_condition(str(context["expected"])),
        "model_type": lambda: _table_condition(str(context["class_name"])),
        "string_pattern_mismatch": lambda: _PATTERNS.get(path[-1], "must not be blank"),
    }
    if kind in special:
        return special[kind]()
    if kind.startswith("date"):
        return _DATE
    if kind in _CONDITIONS:
        return _CONDITIONS[kind].format(**context)
    return f"must be right: {defect['msg'][:1].lower()}{defect['msg'][1:]}"


def _choice_condition(expected: str) -> str:
    """Return the condition for a list of names such as `'own' or 'common'`."""
    names = expected.replace(" or ", ", ").replace("'", "")
    return f"must be one of {names}" if "," in names else f"must be {names}"


_PATTERNS: Final[Mapping[str, str]] = {
    "id": "must be small letters, digits, dots, hyphens and underscores, a letter or digit first",
}


def _table_condition(name: str) -> str:
    if name.startswith("Figure"):
        return "must be a table with value, source, effective and mark"
    if name == "Member":
        return "must be a table with value, product_type, source, effective and mark"
    return "must be a table"


_SHOWN: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (bool, lambda value: str(value).lower()),
    (dt.date, lambda value: value.isoformat()),
    (dict, lambda value: f"{{{', '.join(f'{k} = {value_text(v)}' for k, v in value.items())}}}"),
    (list, lambda value: f"[{', '.join(map(value_text, value))}]"),
    (tuple, lambda value: f"[{', '.join(map(value_text, value))}]"),
)


def value_text(value: object) -> str:
    """Return a value nearly as the file has it, cut where it is long."""
    shown = next((show for kind, show in _SHOWN if isinstance(value, kind)), repr)
    text = shown(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 4]} ..."
