# SPDX-License-Identifier: Apache-2.0
"""The figures of a rulebook file as a list: key, value, source, effective date and mark."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from riskarray.rulebook_schema import Figure, Member, RulebookFile
from riskarray.rulebook_values import Mark
from riskarray.rulebook_versions import KeyPath, key_text

__all__ = ["FigureRow", "figure_rows", "figures_by_path"]


class FigureRow(NamedTuple):
    """One line of the table of figures."""

    key: str
    value: object
    source: str
    effective: dt.date
    mark: Mark


def figure_rows(file: RulebookFile) -> Iterator[FigureRow]:
    """Yield every figure of a file with its key, source, effective date and mark."""
    for path, figure in figures_by_path(file):
        value = figure.value
        if isinstance(figure, Member):
            value = f"{figure.product_type} {figure.value:+g}x"
        yield FigureRow(key_text(path), value, figure.source, figure.effective, figure.mark)


def figures_by_path(file: RulebookFile) -> Iterator[tuple[KeyPath, Figure[Any]]]:
    """Yield every figure of a file with the keys that lead to it."""
    yield from _figures(file, ())


def _figures(
    node: BaseModel | Mapping[str, object], prefix: KeyPath
) -> Iterator[tuple[KeyPath, Figure[Any]]]:
    items = node.items() if isinstance(node, Mapping) else iter(node)
    for name, value in items:
        if isinstance(value, Figure):
            yield (*prefix, name), value
        elif isinstance(value, BaseModel | Mapping):
            yield from _figures(value, (*prefix, name))
