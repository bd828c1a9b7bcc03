# SPDX-License-Identifier: Apache-2.0
"""Rulebooks: the rules as data, read from TOML, with a source and a date for every figure."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from riskarray.array_types import F64, I32
from riskarray.rulebook_figures import FigureRow, figure_rows
from riskarray.rulebook_file import (
    RulebookError,
    RulebookSource,
    list_rulebooks,
    read_rulebook_file,
)
from riskarray.rulebook_schema import (
    AccountTable,
    AddOnTable,
    ClassGroupTable,
    Member,
    MinimumChargeTable,
    RulebookFile,
    StrategyTable,
    SwitchesTable,
)
from riskarray.scenario_sets import ScenarioSet, resolved_sets

DEFAULT_RULEBOOK = "finra-4210g"

__all__ = [
    "DEFAULT_RULEBOOK",
    "FigureRow",
    "PortfolioType",
    "ProductGroup",
    "Rulebook",
    "RulebookError",
    "ScenarioSet",
    "UnderlyingDefaults",
    "list_rulebooks",
    "load_rulebook",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderlyingDefaults:
    """What a rulebook says about an underlying when a book does not.

    Attributes
    ----------
    product_type : str
        `equity`, `etf`, `index`, `etn` or `adr`.
    portfolio_type : str
        Row of the stress table.
    class_group : str
        Class group whose gains and losses it shares in full.
    leverage : float
        Signed multiple of the class group's moves.
    strategy_class : str or None
        Row of the strategy-based table; None leaves it to `Rulebook.strategy_class`.
    """

    product_type: str
    portfolio_type: str
    class_group: str
    leverage: float
    strategy_class: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioType:
    """A row of the stress table.

    Attributes
    ----------
    title : str
        Its name in words.
    moves : tuple of float
        Move of the underlying at each valuation point, all scenario sets in turn, as fractions.
    labels : tuple of str
        The same as text: `-15%`, `+1.2%`.
    """

    title: str
    moves: tuple[float, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductGroup:
    """Class groups of which a fraction of the gains offsets losses at the same point.

    Attributes
    ----------
    offset : float
        That fraction.
    portfolio_group : str or None
        Portfolio group it stands in, or None when it stands alone.
    class_groups : tuple of str
        The class groups that the rulebook places in it.
    """

    offset: float
    portfolio_group: str | None
    class_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The rules that a book is margined by.

    Attributes
    ----------
    id, title : str
        Key and name in words.
    effective : datetime.date
        Date from which the rulebook as a whole is meant to hold.
    path : str
        File it was read from; a built-in one is named `riskarray:NAME`.
    sha256 : str
        Digest of the file, and of those that it is based on.
    points : tuple of str
        Numbers of the valuation points: `01`, `02`, ...
    portfolio_types : mapping of str to PortfolioType
        The stress table.
    scenario_sets : tuple of ScenarioSet
        Consecutive runs of the points.
    underlyings : mapping of str to UnderlyingDefaults
        Defaults for the underlyings that the rulebook knows.
    product_groups : mapping of str to ProductGroup
        Product groups.
    portfolio_groups : mapping of str to float
        Offset between the product groups of each portfolio group.
    minimum_charge : MinimumChargeTable
        Floor per contract.
    switches : SwitchesTable
        What the rule texts leave open: `worst_point` (`own`: each class group counts at its own
        worst point after offsets; `common`: one worst point for a whole portfolio group),
        `minimum_level` (the minimum charge is compared for each `class_group` or for each
        `portfolio_group`), `residual_gain` (what is left of a product group's gain is `discounted`
        again by the portfolio group's offset or passes up in `full`), `cross_class_offsets`
        (False takes every product and portfolio offset as nought).
    outside_product_types : tuple of str
        Product types that are margined strategy by strategy within a portfolio-margin account.
    included : tuple of str or None
        Underlyings that are not, whatever else there is; None for all.
    add_ons : mapping of str to AddOnTable
        Amounts beside the scenarios, by concentration or by days to liquidate.
    account : AccountTable
        Minimum equity and call periods.
    strategy : StrategyTable
        Figures of Regulation T and of strategy-based maintenance.
    file : RulebookFile
        The figures as they stand in the file, with their sources.
    dropped_products : tuple of str
        Exchange-traded notes and leveraged products that the rulebook's base lists and the rulebook
        itself does not.
    """

    id: str
    title: str
    effective: dt.date
    path: str
    sha256: str
    points: tuple[str, ...]
    portfolio_types: Mapping[str, PortfolioType]
    scenario_sets: tuple[ScenarioSet, ...]
    underlyings: Mapping[str, UnderlyingDefaults]
    product_groups: Mapping[str, ProductGroup]
    portfolio_groups: Mapping[str, float]
    minimum_charge: MinimumChargeTable
    switches: SwitchesTable
    outside_product_types: tuple[str, ...]
    included: tuple[str, ...] | None
    add_ons: Mapping[str, AddOnTable]
    account: AccountTable
    strategy: StrategyTable
    file: RulebookFile
    dropped_products: tuple[str, ...] = ()

    def market_moves(self, portfolio_type: str) -> F64:
        """Return the moves of a portfolio type.

        Parameters
        ----------
        portfolio_type : str
            Row of the stress table.

        Returns
        -------
        ndarray, shape (n_points,)
            Relative change of an unleveraged underlying at each valuation point.
        """
        return np.array(self.portfolio_types[portfolio_type].moves, dtype=np.float64)

    def point_labels(self, portfolio_type: str) -> tuple[str, ...]:
        """Return the moves of a portfolio type as text, such as `-15%` or `+1.2%`."""
        return self.portfolio_types[portfolio_type].labels

    def set_offset(self) -> I32:
        """Return where each scenario set begins among the points, and where the last one ends."""
        return np.array([0, *(s.end for s in self.scenario_sets)], dtype=np.int32)

    def strategy_class(self, product_type: str, portfolio_type: str) -> str:
        """Return the row of the strategy-based table for a kind of underlying."""
        row = self.file.portfolio_types[portfolio_type]
        own = {"index": row.index_strategy_class, "etn": row.etn_strategy_class}
        return (own.get(product_type) or row.strategy_class).value

    def product_group_of(self, class_group: str) -> str | None:
        """Return the product group of a class group, or None.

        A class group that a book names after one of the rulebook's underlyings (`DIA` for the
        group of the Dow Jones index) stands in the product group of that underlying.
        """
        table = self._class_group_table(class_group)
        return table.product_group.value if table and table.product_group else None

    def portfolio_type_of(self, class_group: str) -> str | None:
        """Return the portfolio type of a class group (named as in `product_group_of`), or None."""
        table = self._class_group_table(class_group)
        return table.portfolio_type.value if table else None

    def _class_group_table(self, class_group: str) -> ClassGroupTable | None:
        known = self.underlyings.get(class_group)
        tables = self.file.class_groups
        return tables.get(class_group) or (tables.get(known.class_group) if known else None)

    def figures(self) -> Iterator[FigureRow]:
        """Yield every figure with its key, source, effective date and mark."""
        yield from figure_rows(self.file)


def load_rulebook(name: str | Path, *, as_of: dt.date | None = None) -> Rulebook:
    """Read a rulebook.

    Parameters
    ----------
    name : str or Path
        A built-in name (see `list_rulebooks`) or the path of a TOML file. A file with
        `base = NAME` holds only what differs from that rulebook.
    as_of : datetime.date, optional
        Day for which figures are read. Of the versions that a file gives of a figure the latest in
        force is taken; where it has none in force yet, the base's; where no file has one, the
        earliest of all, of which `riskarray.book_warnings` warns. Default: the latest of each.

    Returns
    -------
    Rulebook
        Checked in full.

    Raises
    ------
    RulebookError
        If there is no such rulebook, or a key or value in it is not right.
    """
    return _resolve(read_rulebook_file(name, as_of))


def _resolve(source: RulebookSource) -> Rulebook:
    file = source.file
    scenario_sets = tuple(resolved_sets(file))
    n_points = scenario_sets[-1].end
    width = max(2, len(str(n_points)))
    return Rulebook(
        id=file.id,
        title=file.title,
        effective=file.effective,
        path=source.label,
        sha256=source.sha256,
        points=tuple(f"{k:0{width}d}" for k in range(1, n_points + 1)),
        portfolio_types=MappingProxyType(
            {name: _portfolio_type(file, name, scenario_sets) for name in file.portfolio_types}
        ),
        scenario_sets=scenario_sets,
        underlyings=MappingProxyType(dict(_underlyings(file))),
        product_groups=MappingProxyType(
            {name: _product_group(file, name) for name in file.product_groups}
        ),
        portfolio_groups=MappingProxyType(
            {
                name: group.offset.value if file.switches.cross_class_offsets.value else 0.0
                for name, group in file.portfolio_groups.items()
            }
        ),
        minimum_charge=file.minimum_charge,
        switches=file.switches,
        outside_product_types=file.eligibility.outside_product_types.value,
        included=file.eligibility.included.value if file.eligibility.included else None,
        add_ons=MappingProxyType(file.add_ons),
        account=file.account,
        strategy=file.strategy,
        file=file,
        dropped_products=source.dropped_products,
    )


def _portfolio_type(
    file: RulebookFile, name: str, scenario_sets: tuple[ScenarioSet, ...]
) -> PortfolioType:
    moves = tuple(
        m for scenarios in file.scenario_sets.values() for m in scenarios.moves[name].value
    )
    labels = tuple(label for s in scenario_sets for label in s.labels(moves[s.begin : s.end]))
    return PortfolioType(title=file.portfolio_types[name].title, moves=moves, labels=labels)


def _underlyings(file: RulebookFile) -> Iterator[tuple[str, UnderlyingDefaults]]:
    for name, group in file.class_groups.items():
        for symbol, member in group.members.items():
            yield symbol, _defaults(member, name, group.portfolio_type.value)
    for symbol, member in file.stand_alone.items():
        yield symbol, _defaults(member, symbol, "equity")


def _defaults(member: Member, class_group: str, portfolio_type: str) -> UnderlyingDefaults:
    return UnderlyingDefaults(
        product_type=member.product_type,
        portfolio_type=portfolio_type,
        class_group=class_group,
        leverage=member.value,
        strategy_class=member.strategy_class,
    )


def _product_group(file: RulebookFile, name: str) -> ProductGroup:
    group = file.product_groups[name]
    members = tuple(
        key
        for key, table in file.class_groups.items()
        if table.product_group and table.product_group.value == name
    )
    return ProductGroup(
        offset=group.offset.value if file.switches.cross_class_offsets.value else 0.0,
        portfolio_group=group.portfolio_group.value if group.portfolio_group else None,
        class_groups=members,
    )
