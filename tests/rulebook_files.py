# SPDX-License-Identifier: Apache-2.0
"""Rulebook files for tests: figures, overlays of a built-in rulebook, what is wrong with a file."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from riskarray.rulebook import Rulebook, RulebookError, load_rulebook

__all__ = ["figure", "overlay", "problems_of", "rulebook_of", "write_rulebook"]


def figure(value: str, effective: str = "2020-01-01", **more: str) -> str:
    """Return a figure of a value in TOML; `more` adds keys or changes those it has."""
    rows = {"source": '"a test"', "effective": effective, "mark": '"memory"', **more}
    rest = ", ".join(f"{key} = {text}" for key, text in rows.items())
    return f"{{ value = {value}, {rest} }}"


def write_rulebook(folder: Path, text: str, name: str = "mine.toml") -> Path:
    """Write a rulebook and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def overlay(folder: Path, text: str, name: str = "mine.toml", *, base: str = "finra-4210g") -> Path:
    """Write a rulebook that changes another and return its path; its id is the file's stem."""
    head = f'base = "{base}"\nid = "{Path(name).stem}"\n'
    return write_rulebook(folder, head + text, name)


@cache
def rulebook_of(text: str) -> Rulebook:
    """Return the built-in rulebook `finra-4210g` with an overlay."""
    with TemporaryDirectory() as folder:
        return load_rulebook(overlay(Path(folder), text))


def problems_of(path: Path) -> tuple[str, ...]:
    """Return what keeps a rulebook from being loaded."""
    with pytest.raises(RulebookError) as caught:
        load_rulebook(path)
    return caught.value.problems
