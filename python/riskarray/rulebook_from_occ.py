# SPDX-License-Identifier: Apache-2.0
"""Writes what the OCC's tables hold as a rulebook file that changes a base."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Final

from riskarray.rulebook import Rulebook
from riskarray.rulebook_import import OccClassGroup, OccProduct, OccProductGroup, OccTables

__all__ = ["rulebook_toml"]

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STEPS: Final = 5
_REPLACED: Final = ("class_groups", "product_groups", "portfolio_groups")
_SAME: Final = 1e-9


def rulebook_toml(
    tables: OccTables, base: Rulebook, *, base_name: str, rulebook_id: str, effective: dt.date
) -> str:
    """Return a rulebook file with the groups of the OCC's tables in place of the base's.

    Parameters
    ----------
    tables : OccTables
        As read.
    base : Rulebook
        Gives the kind of product and the leverage where the tables do not say, the stress table,
        and everything else.
    base_name : str
        What the file calls it.
    rulebook_id : str
        Of the new rulebook.
    effective : datetime.date
        Day from which the tables hold.

    Returns
    -------
    str
        TOML. A class group of one plain share without a product group is left out, for that is
        what a symbol that no rulebook lists is taken for. What the products do not include stands
        outside portfolio margin. Moves that the base's stress table does
        not have become portfolio types of their own.
    """
    return "\n".join(_Writer(tables, base, effective).lines(base_name, rulebook_id)) + "\n"


class _Writer:
    """The lines of the file."""

    def __init__(self, tables: OccTables, base: Rulebook, effective: dt.date) -> None:
        self.tables = tables
        self.base = base
        self.effective = effective
        self.members: dict[str, list[OccProduct]] = {name: [] for name in tables.class_groups}
        for product in tables.products:
            self.members[product.class_group].append(product)
        self.types = {name: self._type_of(g) for name, g in tables.product_groups.items()}

    def lines(self, base_name: str, rulebook_id: str) -> Iterator[str]:
        """Yield the file's lines."""
        listed = {product.symbol for product in self.tables.products}
        dropped = [name for name in _REPLACED if getattr(self.base.file, name)]
        dropped += [f"stand_alone.{_key(s)}" for s in self.base.file.stand_alone if s in listed]
        yield "schema_version = 1"
        yield f"base = {_text(base_name)}"
        yield f"id = {_text(rulebook_id)}"
        yield f"title = {_text(f'Groups of the OCC tables on {self.base.title}')}"
        yield f"effective = {self.effective}"
        yield f"drop = [{', '.join(_text(key) for key in dropped)}]"
        symbols = ", ".join(_text(product.symbol) for product in self.tables.products)
        yield from ("", "[eligibility]")
        yield f"included = {self._figure(f'[{symbols}]', 'included products')}"
        yield from self._new_types()
        for name, group in self.tables.class_groups.items():
            yield from self._class_group(name, group)
        for name, product_group in self.tables.product_groups.items():
            yield from self._product_group(name, product_group)
        for name, (title, offset) in self.tables.portfolio_groups.items():
            yield from ("", f"[portfolio_groups.{_key(name)}]", f"title = {_text(title)}")
            yield f"offset = {self._figure(repr(offset), 'portfolio groups')}"

    def _figure(self, value: str, table: str, *, extra: str = "", mark: str = "secondary") -> str:
        source = _text(f"OCC, {table}: {self.tables.files[table]}")
        rest = f"source = {source}, effective = {self.effective}, mark = {_text(mark)}"
        return f"{{ value = {value}, {extra}{rest} }}"

    def _type_of(self, group: OccProductGroup) -> str:
        """Return the portfolio type with a product group's moves: the base's, or a new one."""
        first = self.base.scenario_sets[0]
        for name, row in self.base.portfolio_types.items():
            moves = row.moves[first.begin : first.end]
            if abs(min(moves) - group.down) < _SAME and abs(max(moves) - group.up) < _SAME:
                return name
        return f"down_{-100 * group.down:g}_up_{100 * group.up:g}".replace(".", "_")

    def _new_types(self) -> Iterator[str]:
        """Yield the portfolio types that the base lacks, with a row in each of its sets."""
        new = {
            self.types[name]: group
            for name, group in self.tables.product_groups.items()
            if self.types[name] not in self.base.portfolio_types
        }
        model = self.base.file.portfolio_types["equity"]
        for name, group in new.items():
            yield from ("", f"[portfolio_types.{name}]")
            yield f"title = {_text(f'From {group.down:+.4g} to {group.up:+.4g}')}"
            for key in ("strategy_class", "index_strategy_class"):
                value = _text(getattr(model, key).value)
                yield f"{key} = {self._figure(value, 'product groups', mark='memory')}"
        for scenarios in self.base.scenario_sets if new else ():
            yield from ("", f"[scenario_sets.{_key(scenarios.name)}.moves]")
            for name, group in new.items():
                moves = self._moves(group, scenarios.begin, scenarios.end)
                yield f"{name} = {self._figure(moves, 'product groups')}"

    def _moves(self, group: OccProductGroup, begin: int, end: int) -> str:
        """Return five equal steps either way; in other sets than the first, the base's equity."""
        if begin > 0:
            moves = self.base.portfolio_types["equity"].moves[begin:end]
        else:
            down = [round(group.down * k / _STEPS, 12) for k in range(_STEPS, 0, -1)]
            moves = (*down, *(round(group.up * k / _STEPS, 12) for k in range(1, _STEPS + 1)))
        return f"[{', '.join(map(repr, moves))}]"

    def _class_group(self, name: str, group: OccClassGroup) -> Iterator[str]:
        members = self.members[name]
        if not members or (group.product_group is None and self._is_plain(members)):
            return
        portfolio_type = self._portfolio_type(members, group)
        yield from ("", f"[class_groups.{_key(name)}]", f"title = {_text(group.title)}")
        yield f"portfolio_type = {self._figure(_text(portfolio_type), 'class groups')}"
        if group.product_group is not None:
            value = _text(group.product_group)
            yield f"product_group = {self._figure(value, 'class groups')}"
        yield from ("", f"[class_groups.{_key(name)}.members]")
        for product in members:
            yield f"{_key(product.symbol)} = {self._member(product)}"

    def _is_plain(self, members: list[OccProduct]) -> bool:
        """Return whether a class group is one plain share that needs no mention."""
        (first, *others) = members
        known = self.base.underlyings.get(first.symbol)
        is_share = (first.product_type or "equity") == "equity" and first.leverage in (None, 1.0)
        return not others and is_share and known is None

    def _portfolio_type(self, members: list[OccProduct], group: OccClassGroup) -> str:
        if group.product_group is not None:
            return self.types[group.product_group]
        found = (self.base.underlyings.get(product.symbol) for product in members)
        return next((known.portfolio_type for known in found if known), "equity")

    def _member(self, product: OccProduct) -> str:
        known = self.base.underlyings.get(product.symbol)
        leverage = product.leverage or (known.leverage if known else 1.0)
        product_type = product.product_type or (known.product_type if known else "equity")
        extra = f"product_type = {_text(product_type)}, "
        if known and known.strategy_class:
            extra += f"strategy_class = {_text(known.strategy_class)}, "
        return self._figure(repr(leverage), "included products", extra=extra)

    def _product_group(self, name: str, group: OccProductGroup) -> Iterator[str]:
        yield from ("", f"[product_groups.{_key(name)}]", f"title = {_text(group.title)}")
        yield f"offset = {self._figure(repr(group.offset), 'product groups')}"
        if group.portfolio_group is not None:
            value = _text(group.portfolio_group)
            yield f"portfolio_group = {self._figure(value, 'product groups')}"


def _text(value: str) -> str:
    """Return a TOML basic string: JSON's escapes are a part of TOML's."""
    return json.dumps(value, ensure_ascii=True)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)
