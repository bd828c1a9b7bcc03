# SPDX-License-Identifier: Apache-2.0
"""The figures of a rulebook file as a list: key, value, source, effective date and mark."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import BaseModel

from riskarray.rulebook_schema import Figure, Mark, Member, RulebookFile

__all__ = ["FigureRow", "figure_rows"]


class FigureRow(NamedTuple):
    """One line of the table of figures."""

    key: str
    value: object
    source: str
    effective: dt.date
    mark: Mark


def figure_rows(file: RulebookFile) -> Iterator[FigureRow]:
    """Yield every figure of a file with its key, source, effective date and mark."""
    yield from _figures(file, "")


def _figures(node: BaseModel | Mapping[str, object], prefix: str) -> Iterator[FigureRow]:
    items = node.items() if isinstance(node, Mapping) else iter(node)
    for name, value in items:
        key = f"{prefix}.{name}" if prefix else name
        if isinstance(value, Member):
            shown = f"{value.product_type} {value.value:+g}x"
            yield FigureRow(key, shown, value.source, value.effective, value.mark)
        elif isinstance(value, Figure):
            yield FigureRow(key, value.value, value.source, value.effective, value.mark)
        elif isinstance(value, BaseModel | Mapping):
            yield from _figures(value, key)
