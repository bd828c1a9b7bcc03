# SPDX-License-Identifier: Apache-2.0
"""Reads a rulebook file: inheritance, what is dropped of the base, and versions in force."""

import datetime as dt
import hashlib
import tomllib
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from riskarray.rulebook_consistency import inconsistencies
from riskarray.rulebook_messages import problems_of, value_text
from riskarray.rulebook_schema import RulebookFile
from riskarray.rulebook_versions import (
    KeyPath,
    Problem,
    Resolved,
    Tables,
    Version,
    Versions,
    figures,
    key_text,
    layered,
    merged,
    resolved,
    without,
)

_MAX_DEPTH = 8
_NOTE = "etn"


class RulebookError(Exception):
    """A rulebook that cannot be found or read, or a figure in it that is not right.

    The message names the file, the key, the value and what would be right; `problems` holds one
    line for each thing that is wrong.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class RulebookSource(NamedTuple):
    """A checked rulebook file and what it was read from.

    Attributes
    ----------
    file : RulebookFile
        Its figures.
    label, sha256 : str
        The name it goes by, and the digest of the file and its bases.
    resolved : Resolved
        Its tables, and the file that each place of them comes from.
    dropped_products : tuple of str
        Exchange-traded notes and leveraged products that a base lists and this file does without.
    """

    file: RulebookFile
    label: str
    sha256: str
    resolved: Resolved
    dropped_products: tuple[str, ...]


class _Chain(NamedTuple):
    """A file on top of its bases: what they hold together, the digest, what the bases list."""

    label: str
    tables: Tables
    digest: str
    special: tuple[str, ...]


def list_rulebooks() -> tuple[str, ...]:
    """Return the names of the built-in rulebooks."""
    folder = resources.files("riskarray") / "rulebooks"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_rulebook_file(name: str | Path, as_of: dt.date | None) -> RulebookSource:
    """Read and check a rulebook file; see `riskarray.rulebook.load_rulebook`."""
    try:
        chain = _read(name, None, ())
        in_force = resolved(chain.tables, lambda versions: versions.in_force(as_of))
        file = _checked(chain.tables, in_force, as_of)
    except RecursionError:
        raise RulebookError((f"rulebook {name}: must be nested less deeply",)) from None
    listed = {symbol for symbol, _ in _listed(chain.tables)}
    dropped = tuple(symbol for symbol in chain.special if symbol not in listed)
    return RulebookSource(file, chain.label, chain.digest, in_force, dropped)


def _checked(tables: Tables, in_force: Resolved, as_of: dt.date | None) -> RulebookFile:
    """Return the figures in force; report what is wrong with these or any other version."""
    file, found = _validated(in_force.tables)
    lines = [_line(in_force.label(problem.path), problem) for problem in found]
    for problem in inconsistencies(in_force.tables):
        label = in_force.label(problem.path)
        both = label if label == tables.label else f"{tables.label} with {label}"
        lines.append(_line(both, problem))
    lines += _other_versions(tables, as_of)
    if lines or file is None:
        raise RulebookError(tuple(dict.fromkeys(lines)))
    return file


def _validated(tables: dict[str, Any]) -> tuple[RulebookFile | None, tuple[Problem, ...]]:
    try:
        return RulebookFile.model_validate(tables), ()
    except ValidationError as error:
        return None, tuple(problems_of(error))


def _line(label: str, problem: Problem) -> str:
    return f"rulebook {label}: {key_text(problem.path)} {problem.words}"


def _other_versions(tables: Tables, as_of: dt.date | None) -> Iterator[str]:
    """Yield what is wrong with versions of figures that are not the ones in force."""
    others = {}
    for path, versions in figures(tables):
        chosen = versions.in_force(as_of)
        rest = [version for version in versions if version is not chosen]
        if rest:
            others[path] = rest
    for number in range(max(map(len, others.values()), default=0)):
        turn = {path: rest[number] for path, rest in others.items() if number < len(rest)}
        _, found = _validated(resolved(tables, _instead(turn, as_of)).tables)
        for path, words in found:
            place = next((path[:k] for k in range(len(path) + 1) if path[:k] in turn), None)
            if place is not None:
                day = turn[place].effective
                where = f"{key_text(path)} (version of {day})"
                yield f"rulebook {turn[place].label}: {where} {words}"


def _instead(turn: dict[KeyPath, Version], as_of: dt.date | None) -> Callable[[Versions], Version]:
    """Return a choice of the versions of a turn, and of those in force for other figures."""
    wanted = {id(version) for version in turn.values()}

    def choose(versions: Versions) -> Version:
        found = (version for version in versions if id(version) in wanted)
        return next(found, None) or versions.in_force(as_of)

    return choose


def _listed(tables: Tables) -> Iterator[tuple[str, bool]]:
    """Yield the underlyings that tables list, and whether each is a note or leveraged."""
    for path, versions in figures(tables):
        is_member = path[0] == "class_groups" and path[2:3] == ("members",)
        if is_member or path[0] == "stand_alone":
            rows = [version.table for version in versions]
            is_plain = all(r.get("product_type") != _NOTE and r.get("value") == 1.0 for r in rows)
            yield path[-1], not is_plain


def rulebook_text(name: str | Path) -> str:
    """Return the text of a rulebook's file as it stands, unchecked.

    Parameters
    ----------
    name : str or Path
        A built-in name or the path of a file.

    Raises
    ------
    RulebookError
        If there is no such file, or it is not text in UTF-8.
    """
    label, data, _ = _bytes(name, None, "rulebook")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RulebookError((f"rulebook {label}: must be TOML in UTF-8: {error}",)) from None


def _read(name: str | Path, folder: Path | None, seen: tuple[str, ...]) -> _Chain:
    """Return a file on top of its bases."""
    asked = f"rulebook {seen[-1]}: base" if seen else "rulebook"
    label, data, parent = _bytes(name, folder, asked)
    if label in seen or len(seen) >= _MAX_DEPTH:
        chain = " -> ".join((*seen, label))
        raise RulebookError((f"rulebook {label}: base must not lead back to itself, got {chain}",))
    raw = _toml(label, data)
    digest = hashlib.sha256(data)
    dropped = raw.pop("drop", [])
    problems: list[Problem] = []
    tables = layered(raw, label, problems)
    if problems:
        raise RulebookError(tuple(_line(label, problem) for problem in problems))
    if "base" not in raw:
        if dropped:
            raise RulebookError((f"rulebook {label}: drop must not be given without a base",))
        return _Chain(label, tables, digest.hexdigest(), ())
    base = raw["base"]
    if not isinstance(base, str):
        got = value_text(base)
        raise RulebookError((f"rulebook {label}: base must be a name or path, got {got}",))
    if "id" not in raw:
        raise RulebookError((f"rulebook {label}: id must be given, it is missing",))
    under = _read(base, parent, (*seen, label))
    digest.update(under.digest.encode())
    listed = [symbol for symbol, is_special in _listed(under.tables) if is_special]
    special = tuple(dict.fromkeys((*under.special, *listed)))
    left = _without(under.tables, dropped, label)
    return _Chain(label, merged(left, tables), digest.hexdigest(), special)


def _toml(label: str, data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulebookError((f"rulebook {label}: must be TOML in UTF-8: {error}",)) from None
    except RecursionError:
        raise RulebookError((f"rulebook {label}: must be nested less deeply",)) from None


def _bytes(name: str | Path, folder: Path | None, asked: str) -> tuple[str, bytes, Path | None]:
    """Return (label, content, folder for relative bases) of a built-in rulebook or a file."""
    built_in = list_rulebooks()
    if str(name) in built_in:
        entry = resources.files("riskarray") / "rulebooks" / f"{name}.toml"
        return f"riskarray:{name}", entry.read_bytes(), None
    path = Path(name) if folder is None else folder / name
    try:
        return str(path), path.read_bytes(), path.parent
    except (OSError, ValueError):  # ValueError: a NUL in the path
        known = ", ".join(built_in)
        problem = f"{asked} must be one of {known}, or a readable TOML file, got {str(name)!r}"
        raise RulebookError((problem,)) from None


def _without(tables: Tables, dropped: object, label: str) -> Tables:
    """Return the base's tables without the entries that a file drops, named by dotted keys."""
    if not (isinstance(dropped, list) and all(isinstance(key, str) for key in dropped)):
        got = value_text(dropped)
        problem = f"rulebook {label}: drop must be a list of keys of the base, got {got}"
        raise RulebookError((problem,))
    problems = []
    for key in dropped:
        try:
            tables = without(tables, _path(key))
        except (KeyError, tomllib.TOMLDecodeError):
            problems.append(f"rulebook {label}: drop must name a key of the base, got {key!r}")
    if problems:
        raise RulebookError(tuple(problems))
    return tables


def _path(key: str) -> list[str]:
    """Return the parts of a dotted key, each bare or quoted as TOML has it."""
    if "\n" in key or "=" in key:
        raise KeyError(key)
    node: Any = tomllib.loads(f"{key} = 0")
    path = []
    while isinstance(node, dict):
        name, node = next(iter(node.items()))
        path.append(name)
    return path
