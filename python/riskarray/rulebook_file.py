# SPDX-License-Identifier: Apache-2.0
"""Reads a rulebook file: inheritance, what is dropped of the base, and versions in force."""

import datetime as dt
import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from riskarray.rulebook_consistency import inconsistencies
from riskarray.rulebook_schema import RulebookFile

_MAX_DEPTH = 8


class RulebookError(Exception):
    """A rulebook that cannot be found or read, or a figure in it that is not right.

    The message names the file, the key, the value and what would be right; `problems` holds one
    line for each thing that is wrong.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class RulebookSource(NamedTuple):
    """A checked rulebook file, the name it goes by and the digest of what it was read from."""

    file: RulebookFile
    label: str
    sha256: str


def list_rulebooks() -> tuple[str, ...]:
    """Return the names of the built-in rulebooks."""
    folder = resources.files("riskarray") / "rulebooks"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_rulebook_file(name: str | Path, as_of: dt.date | None) -> RulebookSource:
    """Read and check a rulebook file; see `riskarray.rulebook.load_rulebook`."""
    label, raw, digest = _read(name, None, ())
    in_force = _in_force(raw, as_of, label)
    spanning = tuple(f"rulebook {label}: {problem}" for problem in inconsistencies(in_force))
    try:
        file = RulebookFile.model_validate(in_force)
    except ValidationError as error:
        raise RulebookError((*_describe(label, error), *spanning)) from None
    if spanning:
        raise RulebookError(spanning)
    return RulebookSource(file, label, digest)


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
    label, data, _ = _bytes(name, None)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RulebookError((f"rulebook {label}: must be TOML in UTF-8: {error}",)) from None


def _read(
    name: str | Path, folder: Path | None, seen: tuple[str, ...]
) -> tuple[str, dict[str, Any], str]:
    """Return (label, raw tables with the base's under them, digest of the chain of files)."""
    label, data, parent = _bytes(name, folder)
    if label in seen or len(seen) >= _MAX_DEPTH:
        chain = " -> ".join((*seen, label))
        raise RulebookError((f"rulebook {label}: base must not lead back to itself, got {chain}",))
    try:
        raw = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulebookError((f"rulebook {label}: must be TOML in UTF-8: {error}",)) from None
    digest = hashlib.sha256(data)
    dropped = raw.pop("drop", [])
    if "base" not in raw:
        if dropped:
            raise RulebookError((f"rulebook {label}: drop must not be given without a base",))
        return label, raw, digest.hexdigest()
    base = raw["base"]
    if not isinstance(base, str):
        raise RulebookError((f"rulebook {label}: base must be a name or path, got {base!r}",))
    if "id" not in raw:
        raise RulebookError((f"rulebook {label}: id must be given, it is missing",))
    _, under, base_digest = _read(base, parent, (*seen, label))
    digest.update(base_digest.encode())
    return label, _merged(_without(under, dropped, label), raw), digest.hexdigest()


def _bytes(name: str | Path, folder: Path | None) -> tuple[str, bytes, Path | None]:
    """Return (label, content, folder for relative bases) of a built-in rulebook or a file."""
    built_in = list_rulebooks()
    if str(name) in built_in:
        entry = resources.files("riskarray") / "rulebooks" / f"{name}.toml"
        return f"riskarray:{name}", entry.read_bytes(), None
    path = Path(name) if folder is None else folder / name
    try:
        return str(path), path.read_bytes(), path.parent
    except OSError:
        known = ", ".join(built_in)
        problem = f"rulebook must be one of {known}, or a readable TOML file, got {str(name)!r}"
        raise RulebookError((problem,)) from None


def _without(tables: dict[str, Any], dropped: object, label: str) -> dict[str, Any]:
    """Return the base's tables without the entries that a file drops, named by dotted keys."""
    if not (isinstance(dropped, list) and all(isinstance(key, str) for key in dropped)):
        problem = f"rulebook {label}: drop must be a list of keys of the base, got {dropped!r}"
        raise RulebookError((problem,))
    problems = []
    for key in dropped:
        try:
            path = _path(key)
            tables = _without_entry(tables, path)
        except (KeyError, tomllib.TOMLDecodeError):
            problems.append(f"rulebook {label}: drop must name a key of the base, got {key!r}")
    if problems:
        raise RulebookError(tuple(problems))
    return tables


def _path(key: str) -> list[str]:
    """Return the parts of a dotted key, each bare or quoted as TOML has it."""
    node: Any = tomllib.loads(f"{key} = 0")
    path = []
    while isinstance(node, dict):
        name, node = next(iter(node.items()))
        path.append(name)
    return path


def _without_entry(tables: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """Return nested tables without one entry; KeyError if there is none."""
    name, *rest = path
    if name not in tables or (rest and not isinstance(tables[name], dict)):
        raise KeyError(name)
    left = {key: value for key, value in tables.items() if key != name}
    if rest:
        left = {**tables, name: _without_entry(tables[name], rest)}
    return left


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return tables with those of `over` on top; a figure is replaced as a whole."""
    merged = dict(under)
    for key, value in over.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not _is_figure(old):
            merged[key] = _merged(old, value)
        else:
            merged[key] = value
    return merged


def _is_figure(table: Mapping[str, Any]) -> bool:
    return isinstance(table.get("mark"), str)


def _in_force(node: Any, as_of: dt.date | None, label: str, key: str = "") -> Any:  # noqa: ANN401
    """Return the tables with one version of each figure that has several."""
    if isinstance(node, dict):
        return {k: _in_force(v, as_of, label, f"{key}.{k}" if key else k) for k, v in node.items()}
    if not (isinstance(node, list) and node and all(isinstance(v, dict) for v in node)):
        return node
    if not all(isinstance(v.get("effective"), dt.date) for v in node):
        problem = f"rulebook {label}: {key} must give each version an effective date, got {node!r}"
        raise RulebookError((problem,))
    versions = sorted(node, key=lambda version: version["effective"])
    past = [v for v in versions if as_of is None or v["effective"] <= as_of]
    return past[-1] if past else versions[0]


def _describe(label: str, error: ValidationError) -> Iterator[str]:
    """Yield one line per defect: file, key, what is right, the value that stands there."""
    for defect in error.errors(include_url=False):
        key = ".".join(str(part) for part in defect["loc"])
        if defect["type"] == "missing":
            yield f"rulebook {label}: {key} must be given, it is missing"
        elif defect["type"] == "extra_forbidden":
            yield f"rulebook {label}: {key} must not be given, no such key, got {defect['input']!r}"
        else:
            message = defect["msg"][:1].lower() + defect["msg"][1:]
            yield f"rulebook {label}: {key}: {message}, got {defect['input']!r}"
