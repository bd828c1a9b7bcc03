# SPDX-License-Identifier: Apache-2.0
"""Writes what the OCC's tables hold as a rulebook file that changes a base."""

import datetime as dt
from collections.abc import Iterator
from typing import Final, NamedTuple

from riskarray.rulebook import Rulebook, RulebookError
from riskarray.rulebook_import import OccClassGroup, OccProduct, OccProductGroup, OccTables
from riskarray.toml_text import toml_key, toml_value

__all__ = ["rulebook_toml"]

_REPLACED: Final = ("class_groups", "product_groups", "portfolio_groups")
_SAME: Final = 1e-9
_DEFAULT_TYPE: Final = "equity"


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
        outside portfolio margin. A class group keeps the portfolio type that the base knows its
        members by if the ends of the moves are the same; else it takes one with these ends, and
        moves that the base's stress table does not have become portfolio types of their own.

    Raises
    ------
    RulebookError
        If the base's first scenario set is not one of fractions down and up.
    """
    return "\n".join(_Writer(tables, base, effective).lines(base_name, rulebook_id)) + "\n"


class _NewType(NamedTuple):
    """A portfolio type with other ends than the base's, and the one that it follows else."""

    down: float
    up: float
    model: str

    def name(self) -> str:
        """Return what it is called."""
        ends = f"down_{-100 * self.down:g}_up_{100 * self.up:g}".replace(".", "_")
        return ends if self.model == _DEFAULT_TYPE else f"{ends}_{self.model}"


class _Writer:
    """The lines of the file."""

    def __init__(self, tables: OccTables, base: Rulebook, effective: dt.date) -> None:
        self.tables = tables
        self.base = base
        self.effective = effective
        self.members: dict[str, list[OccProduct]] = {name: [] for name in tables.class_groups}
        for product in tables.products:
            self.members[product.class_group].append(product)
        self.ends = {name: self._ends_of(name) for name in base.portfolio_types}
        self.new: dict[str, _NewType] = {}
        self.types = {name: self._type_of(name) for name in tables.class_groups}

    def lines(self, base_name: str, rulebook_id: str) -> Iterator[str]:
        """Yield the file's lines."""
        listed = {product.symbol for product in self.tables.products}
        dropped = [name for name in _REPLACED if getattr(self.base.file, name)]
        dropped += [f"stand_alone.{toml_key(s)}" for s in self.base.file.stand_alone if s in listed]
        yield "schema_version = 1"
        yield f"base = {toml_value(base_name)}"
        yield f"id = {toml_value(rulebook_id)}"
        yield f"title = {toml_value(f'Groups of the OCC tables on {self.base.title}')}"
        yield f"effective = {self.effective}"
        yield f"drop = [{', '.join(toml_value(key) for key in dropped)}]"
        symbols = ", ".join(toml_value(product.symbol) for product in self.tables.products)
        yield from ("", "[eligibility]")
        yield f"included = {self._figure(f'[{symbols}]', 'included products')}"
        yield from self._new_types()
        for name, group in self.tables.class_groups.items():
            yield from self._class_group(name, group)
        for name, product_group in self.tables.product_groups.items():
            yield from self._product_group(name, product_group)
        for name, (title, offset) in self.tables.portfolio_groups.items():
            yield from ("", f"[portfolio_groups.{toml_key(name)}]", f"title = {toml_value(title)}")
            yield f"offset = {self._figure(repr(offset), 'portfolio groups')}"

    def _figure(self, value: str, table: str, *, extra: str = "", mark: str = "secondary") -> str:
        source = toml_value(f"OCC, {table}: {self.tables.files[table]}")
        rest = f"source = {source}, effective = {self.effective}, mark = {toml_value(mark)}"
        return f"{{ value = {value}, {extra}{rest} }}"

    def _ends_of(self, portfolio_type: str) -> tuple[float, float]:
        """Return the furthest moves of a portfolio type in the first scenario set."""
        first = self.base.scenario_sets[0]
        moves = self.base.portfolio_types[portfolio_type].moves[first.begin : first.end]
        ends = (min(moves), max(moves))
        if first.standard_deviation is not None or not ends[0] < 0.0 < ends[1]:
            key = f"scenario_sets.{first.name}.moves.{portfolio_type}"
            words = "must be fractions down and up, for the tables to change their ends"
            raise RulebookError((f"rulebook {self.base.path}: {key} {words}",))
        return ends

    def _type_of(self, class_group: str) -> str:
        """Return the portfolio type of a class group: the base's, or a new one."""
        found = (self.base.underlyings.get(p.symbol) for p in self.members[class_group])
        model = next((known.portfolio_type for known in found if known), _DEFAULT_TYPE)
        product_group = self.tables.class_groups[class_group].product_group
        if product_group is None:
            return model
        group = self.tables.product_groups[product_group]
        for name in (model, *self.base.portfolio_types):
            down, up = self.ends[name]
            if abs(down - group.down) < _SAME and abs(up - group.up) < _SAME:
                return name
        new = _NewType(group.down, group.up, model)
        return self.new.setdefault(new.name(), new).name()

    def _new_types(self) -> Iterator[str]:
        """Yield the portfolio types that the base lacks, with a row in each of its sets."""
        for name, new in self.new.items():
            model = self.base.file.portfolio_types[new.model]
            yield from ("", f"[portfolio_types.{toml_key(name)}]")
            title = f"From {new.down:+.4g} to {new.up:+.4g}, else {model.title}"
            yield f"title = {toml_value(title)}"
            for key in ("strategy_class", "index_strategy_class", "etn_strategy_class"):
                figure = getattr(model, key)
                if figure is not None:
                    value = toml_value(figure.value)
                    yield f"{key} = {self._figure(value, 'product groups', mark='memory')}"
        for scenarios in self.base.scenario_sets if self.new else ():
            yield from ("", f"[scenario_sets.{toml_key(scenarios.name)}.moves]")
            for name, new in self.new.items():
                moves = self._moves(new, scenarios.begin, scenarios.end)
                yield f"{toml_key(name)} = {self._figure(moves, 'product groups')}"

    def _moves(self, new: "_NewType", begin: int, end: int) -> str:
        """Return the moves of the type that a new one follows, stretched in the first set."""
        moves = self.base.portfolio_types[new.model].moves[begin:end]
        if begin == 0:
            down, up = self.ends[new.model]
            moves = tuple(
                round(m / down * new.down if m < 0.0 else m / up * new.up, 12) for m in moves
            )
        return f"[{', '.join(map(repr, moves))}]"

    def _class_group(self, name: str, group: OccClassGroup) -> Iterator[str]:
        members = self.members[name]
        if not members or (group.product_group is None and self._is_plain(members)):
            return
        portfolio_type = self.types[name]
        yield from ("", f"[class_groups.{toml_key(name)}]", f"title = {toml_value(group.title)}")
        yield f"portfolio_type = {self._figure(toml_value(portfolio_type), 'class groups')}"
        if group.product_group is not None:
            value = toml_value(group.product_group)
            yield f"product_group = {self._figure(value, 'class groups')}"
        yield from ("", f"[class_groups.{toml_key(name)}.members]")
        for product in members:
            yield f"{toml_key(product.symbol)} = {self._member(product)}"

    def _is_plain(self, members: list[OccProduct]) -> bool:
        """Return whether a class group is one plain share that needs no mention."""
        (first, *others) = members
        known = self.base.underlyings.get(first.symbol)
        is_share = (first.product_type or "equity") == "equity" and first.leverage in (None, 1.0)
        return not others and is_share and known is None

    def _member(self, product: OccProduct) -> str:
        known = self.base.underlyings.get(product.symbol)
        leverage = product.leverage or (known.leverage if known else 1.0)
        product_type = product.product_type or (known.product_type if known else "equity")
        extra = f"product_type = {toml_value(product_type)}, "
        if known and known.strategy_class:
            extra += f"strategy_class = {toml_value(known.strategy_class)}, "
        return self._figure(repr(leverage), "included products", extra=extra)

    def _product_group(self, name: str, group: OccProductGroup) -> Iterator[str]:
        yield from ("", f"[product_groups.{toml_key(name)}]", f"title = {toml_value(group.title)}")
        yield f"offset = {self._figure(repr(group.offset), 'product groups')}"
        if group.portfolio_group is not None:
            value = toml_value(group.portfolio_group)
            yield f"portfolio_group = {self._figure(value, 'product groups')}"
