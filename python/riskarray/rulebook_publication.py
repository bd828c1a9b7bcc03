# SPDX-License-Identifier: Apache-2.0
"""What a rulebook file may hold, as a JSON schema, and what sets two rulebooks apart."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from riskarray.rulebook import FigureRow, Rulebook
from riskarray.rulebook_schema import RulebookFile

__all__ = ["Difference", "differences", "rulebook_json_schema"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SHOWN: Final = 20
"""Parts of a list that a difference shows."""
_FIGURES: Final = ("Figure", "Member")
_DEFINITIONS: Final = "#/$defs/"
_DROP: Final = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Dotted keys of the base's entries that this file does without.",
}


class Difference(NamedTuple):
    """A figure that two rulebooks do not share.

    Attributes
    ----------
    key : str
        Where it stands.
    before, after : FigureRow or None
        What each of them has; None where it has no such figure.
    """

    key: str
    before: FigureRow | None
    after: FigureRow | None

    def words(self) -> str:
        """Return one line: the key and the value on either side."""
        if self.before is None and self.after is not None:
            return f"+ {self.key} = {shown(self.after)}"
        if self.after is None and self.before is not None:
            return f"- {self.key} = {shown(self.before)}"
        assert self.before is not None
        assert self.after is not None
        if self.before.value == self.after.value:
            return f"~ {self.key} = {shown(self.before)}, now {_origin(self.after)}"
        return f"~ {self.key} = {shown(self.before)} -> {shown(self.after)}"


def shown(row: FigureRow) -> str:
    """Return a figure's value and where it comes from."""
    value = row.value
    text = str(value)
    if isinstance(value, tuple):
        more = f", ... {len(value):,} in all" if len(value) > _SHOWN else ""
        text = ", ".join(map(str, value[:_SHOWN])) + more
    return f"{text} [{_origin(row)}]"


def _origin(row: FigureRow) -> str:
    return f"{row.source}; {row.effective}; {row.mark}"


def differences(before: Rulebook, after: Rulebook) -> Iterator[Difference]:
    """Yield the figures in which two rulebooks differ: in value, source, date or mark.

    Parameters
    ----------
    before, after : Rulebook
        Any two.

    Yields
    ------
    Difference
        In the order of `before`, then what only `after` has.
    """
    old = {row.key: row for row in before.figures()}
    new = {row.key: row for row in after.figures()}
    for key in (*old, *(key for key in new if key not in old)):
        if old.get(key) != new.get(key):
            yield Difference(key=key, before=old.get(key), after=new.get(key))


def rulebook_json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a rulebook file.

    It holds for whole rulebooks and for those with a base alike, so it asks for no table that a
    base may give: an editor completes and checks keys and values by it, `load_rulebook` checks in
    full. A figure may stand as one table or as an array of versions.
    """
    schema = _with_short_names(RulebookFile.model_json_schema())
    definitions = schema["$defs"]
    for name, definition in definitions.items():
        if not name.startswith(_FIGURES):
            definition.pop("required", None)
    whole = [key for key in schema["required"] if key != "id"]
    schema = _with_versions(schema)
    return {
        "$schema": _DIALECT,
        **schema,
        "title": "riskarray rulebook",
        "properties": {**schema["properties"], "drop": _DROP},
        "required": ["id"],
        "anyOf": [{"required": ["base"]}, {"required": whole}],
    }


def _with_short_names(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with each kind of figure under its title: `FigureAmount`."""
    definitions = schema["$defs"]
    titles = {name: definition.get("title", name) for name, definition in definitions.items()}
    names = {name: t if t.startswith(_FIGURES) else name for name, t in titles.items()}
    short: dict[str, Any] = _renamed(schema, names)
    return {**short, "$defs": {names[key]: node for key, node in short["$defs"].items()}}


def _renamed(node: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(node, list):
        return [_renamed(part, names) for part in node]
    if not isinstance(node, dict):
        return node
    target = node.get("$ref")
    if isinstance(target, str):
        return {**node, "$ref": _DEFINITIONS + names[target.removeprefix(_DEFINITIONS)]}
    return {key: _renamed(value, names) for key, value in node.items()}


def _with_versions(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return the schema with an array of versions allowed wherever a figure is."""
    if isinstance(node, list):
        return [_with_versions(part) for part in node]
    if not isinstance(node, dict):
        return node
    target = node.get("$ref", "")
    if target.removeprefix(_DEFINITIONS).startswith(_FIGURES):
        versions = {"type": "array", "items": {"$ref": target}, "minItems": 1}
        return {"anyOf": [{"$ref": target}, versions]}
    return {key: _with_versions(value) for key, value in node.items()}
