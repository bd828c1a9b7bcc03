# SPDX-License-Identifier: Apache-2.0
"""Reads a rulebook file: inheritance, versions in force, and checks that span its tables."""

import datetime as dt
import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from riskarray.rulebook_schema import Figure, RulebookFile

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
    try:
        file = RulebookFile.model_validate(in_force)
    except ValidationError as error:
        raise RulebookError(tuple(_describe(label, error))) from None
    problems = tuple(f"rulebook {label}: {problem}" for problem in _inconsistencies(file))
    if problems:
        raise RulebookError(problems)
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


def n_points_of(file: RulebookFile, set_name: str) -> int:
    """Return the number of valuation points of a scenario set."""
    return len(next(iter(file.scenario_sets[set_name].moves.values())).value)


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
    if "base" not in raw:
        return label, raw, digest.hexdigest()
    base = raw["base"]
    if not isinstance(base, str):
        raise RulebookError((f"rulebook {label}: base must be a name or path, got {base!r}",))
    if "id" not in raw:
        raise RulebookError((f"rulebook {label}: id must be given, it is missing",))
    _, under, base_digest = _read(base, parent, (*seen, label))
    digest.update(base_digest.encode())
    return label, _merged(under, raw), digest.hexdigest()


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


def _inconsistencies(file: RulebookFile) -> Iterator[str]:
    yield from _unknown_names(file)
    yield from _uneven_points(file)
    seen: dict[str, str] = {}
    for place, symbol in _placements(file):
        if symbol in seen:
            yield f"{place} must name an underlying once, got it in {seen[symbol]} too"
        seen[symbol] = place
    missing = {"equity", "broad_index", "narrow_index", "volatility_index"} - set(
        file.strategy.short_option
    )
    for name in sorted(missing):
        yield f"strategy.short_option.{name} must be given, it is missing"


def _placements(file: RulebookFile) -> Iterator[tuple[str, str]]:
    for name, group in file.class_groups.items():
        for symbol in group.members:
            yield f"class_groups.{name}.members.{symbol}", symbol
    for symbol in file.stand_alone:
        yield f"stand_alone.{symbol}", symbol


def _unknown_names(file: RulebookFile) -> Iterator[str]:
    """Yield every name of a type or group that the file does not define."""
    named = [
        (f"scenario_sets.{key}.moves.{name}", name, set(file.portfolio_types))
        for key, scenarios in file.scenario_sets.items()
        for name in scenarios.moves
    ]
    for key, group in file.class_groups.items():
        figure = group.portfolio_type
        named.append(
            (f"class_groups.{key}.portfolio_type", figure.value, set(file.portfolio_types))
        )
        if group.product_group:
            place = f"class_groups.{key}.product_group"
            named.append((place, group.product_group.value, set(file.product_groups)))
    for key, product in file.product_groups.items():
        if product.portfolio_group:
            place = f"product_groups.{key}.portfolio_group"
            named.append((place, product.portfolio_group.value, set(file.portfolio_groups)))
    for key, value, known in named:
        if value not in known:
            yield f"{key} must be one of {', '.join(sorted(known))}, got {value!r}"
    if "equity" not in file.portfolio_types:
        yield "portfolio_types.equity must be given, it is missing"


def _uneven_points(file: RulebookFile) -> Iterator[str]:
    """Yield scenario sets whose rows differ in number of points or miss a portfolio type."""
    for name, scenarios in file.scenario_sets.items():
        key = f"scenario_sets.{name}"
        for missing in sorted(set(file.portfolio_types) - set(scenarios.moves)):
            yield f"{key}.moves.{missing} must be given, it is missing"
        n_points = n_points_of(file, name)
        for row, figure in scenarios.moves.items():
            if len(figure.value) != n_points:
                yield f"{key}.moves.{row} must have {n_points} points, got {len(figure.value)}"
        for row in ("volatility_scale", "volatility_shift"):
            shock: Figure[tuple[float, ...]] | None = getattr(scenarios, row)
            if shock and len(shock.value) not in (1, n_points):
                yield f"{key}.{row} must have 1 or {n_points} values, got {len(shock.value)}"
