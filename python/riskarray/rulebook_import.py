# SPDX-License-Identifier: Apache-2.0
"""Reads the OCC's tables of products and groups, as CSV, into a rulebook with a base.

Four tables, told apart by their columns; columns may stand in any order, headings in any case and
with any separator, and columns that are not listed are passed over:

- included products: `symbol`, `class_group`; may have `name`, `product_type`, `leverage`
- class groups: `class_group`, `product_group` (empty for none); may have `name`
- product groups: `product_group`, `offset`, `down_move`, `up_move`; may have `name`,
  `portfolio_group`, `account_type`
- portfolio groups: `portfolio_group`, `offset`; may have `name`

Offsets and moves are in per cent; one that is not nought and no more than 1 needs a % sign, for it
may be a fraction. Every cell is checked, every name must be defined, and all defects are reported.
"""

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, get_args

from riskarray.rulebook import RulebookError
from riskarray.rulebook_values import ProductType

__all__ = [
    "ACCOUNT_TYPES",
    "OccClassGroup",
    "OccProduct",
    "OccProductGroup",
    "OccTables",
    "read_occ",
]

ACCOUNT_TYPES: Final = ("customer", "broker", "market_maker")

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "symbol": ("product_symbol", "ticker", "underlying", "underlying_symbol"),
        "class_group": ("class_group_id", "class_grp", "class_group_number"),
        "product_group": ("product_group_id", "prod_group", "product_grp"),
        "portfolio_group": ("portfolio_group_id", "portfolio_grp"),
        "offset": ("offset_percent", "offset_pct", "offset_percentage"),
        "down_move": ("down", "low", "low_move", "down_percent", "market_move_down"),
        "up_move": ("up", "high", "high_move", "up_percent", "market_move_up"),
        "name": ("description", "title", "class_group_name", "product_group_name", "product_name"),
        "leverage": ("multiple", "factor", "leverage_factor"),
        "product_type": ("type",),
        "account_type": ("account", "account_kind"),
    }
)
_TABLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {  # in the order in which they are tried
        "included products": frozenset({"symbol", "class_group"}),
        "product groups": frozenset({"product_group", "offset", "down_move", "up_move"}),
        "class groups": frozenset({"class_group", "product_group"}),
        "portfolio groups": frozenset({"portfolio_group", "offset"}),
    }
)


class OccProduct(NamedTuple):
    """A product, its class group, and what else its row says (None where it says nothing)."""

    symbol: str
    class_group: str
    product_type: str | None
    leverage: float | None


class OccClassGroup(NamedTuple):
    """A class group; `product_group` is None where it stands alone."""

    title: str
    product_group: str | None


class OccProductGroup(NamedTuple):
    """A product group: offset and the ends of its moves as fractions."""

    title: str
    offset: float
    down: float
    up: float
    portfolio_group: str | None


class OccTables(NamedTuple):
    """What the files hold, by name; and the file of each table, for the source of its figures."""

    products: tuple[OccProduct, ...]
    class_groups: Mapping[str, OccClassGroup]
    product_groups: Mapping[str, OccProductGroup]
    portfolio_groups: Mapping[str, tuple[str, float]]
    files: Mapping[str, str]


def read_occ(paths: Iterable[Path], *, account_type: str = "customer") -> OccTables:
    """Read and check the tables.

    Parameters
    ----------
    paths : iterable of Path
        One CSV file per table, in any order.
    account_type : str
        Which rows of the product groups to take, when they say so: `customer`, `broker` or
        `market_maker`.

    Returns
    -------
    OccTables
        Without contradictions.

    Raises
    ------
    RulebookError
        With one line for each thing that is wrong: file, row, column, what is right, the value.
    """
    reader = _Reader(account_type)
    for path in paths:
        reader.read(path)
    reader.check_names()
    if reader.problems:
        raise RulebookError(tuple(reader.problems))
    return OccTables(
        products=tuple(reader.products.values()),
        class_groups=reader.class_groups,
        product_groups=reader.product_groups,
        portfolio_groups=reader.portfolio_groups,
        files=reader.files,
    )


def _heading(text: str) -> str:
    """Return the name that a heading stands for."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.strip().lstrip("\ufeff").lower()).strip("_")
    return next((name for name, others in _ALIASES.items() if plain in others), plain)


class _Row(NamedTuple):
    """A row of a file, and where what is wrong with it goes."""

    file: str
    number: int
    cells: Mapping[str, str]
    problems: list[str]

    def refuse(self, column: str, message: str) -> None:
        value = self.cells.get(column, "")
        place = f"{self.file} row {self.number}, column {column}"
        self.problems.append(f"{place}: {message}, got {value!r}")

    def text(self, column: str) -> str:
        value = self.cells.get(column, "")
        if not value:
            self.refuse(column, "must be given")
        return value

    def choice(self, column: str, allowed: tuple[str, ...]) -> str | None:
        value = re.sub(r"[^a-z]+", "_", self.cells.get(column, "").lower()).strip("_")
        if value and value not in allowed:
            self.refuse(column, f"must be one of {', '.join(allowed)}")
        return value or None

    def ticker(self, column: str) -> str:
        value = self.cells[column]
        if value.islower():
            self.refuse(column, "must be a ticker in capitals")
        return value

    def times(self, column: str, low: float, high: float) -> float:
        """Return a number within bounds."""
        return self._number(column, self.cells.get(column, ""), low, high)

    def per_cent(self, column: str, low: float, high: float) -> float:
        """Return a number of per cent within bounds, as a fraction."""
        text = self.cells.get(column, "")
        value = self._number(column, text.removesuffix("%").rstrip(), low, high)
        if 0.0 < abs(value) <= 1.0 and not text.endswith("%"):
            self.refuse(column, "must be in per cent, 90 and not 0.9 (with a % sign if 1 or less)")
        return value / 100.0

    def _number(self, column: str, text: str, low: float, high: float) -> float:
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not low <= value <= high:
            self.refuse(column, f"must be a number from {low:g} to {high:g}")
            return math.nan
        return value


class _Reader:
    """Rows of all files by name, and what is wrong with them."""

    def __init__(self, account_type: str) -> None:
        self.account_type = account_type
        self.problems: list[str] = []
        self.files: dict[str, str] = {}
        self.products: dict[str, OccProduct] = {}
        self.class_groups: dict[str, OccClassGroup] = {}
        self.product_groups: dict[str, OccProductGroup] = {}
        self.portfolio_groups: dict[str, tuple[str, float]] = {}
        self._seen: dict[tuple[str, str], tuple[int, str]] = {}
        self._adders: Mapping[str, Callable[[_Row], None]] = {
            "included products": self._add_product,
            "class groups": self._add_class_group,
            "product groups": self._add_product_group,
            "portfolio groups": self._add_portfolio_group,
        }

    def read(self, path: Path) -> None:
        """Read one file."""
        try:
            with path.open(newline="", encoding="utf-8-sig") as stream:
                lines = list(csv.reader(stream, strict=True))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            self.problems.append(f"{path}: must be a readable CSV file in UTF-8: {error}")
            return
        headings = [_heading(cell) for cell in lines[0]] if lines else []
        table = next((name for name, needed in _TABLES.items() if needed <= set(headings)), None)
        if table is None:
            kinds = "; ".join(f"{name}: {', '.join(sorted(c))}" for name, c in _TABLES.items())
            self.problems.append(f"{path}: must have the columns of one table ({kinds})")
        elif table in self.files:
            self.problems.append(f"{path}: must be the only file of {table}, got another before")
        elif len(set(headings)) < len(headings):
            self.problems.append(f"{path}: must have each column once, got {', '.join(headings)}")
        else:
            self.files[table] = path.name
            for row in self._rows(path.name, headings, lines[1:]):
                self._adders[table](row)

    def _rows(self, file: str, headings: list[str], lines: list[list[str]]) -> Iterator[_Row]:
        for number, line in enumerate(lines, start=1):
            if not any(cell.strip() for cell in line):
                continue
            if len(line) != len(headings):
                problem = f"{file} row {number}: must have {len(headings)} cells, got {len(line)}"
                self.problems.append(problem)
                continue
            cells = dict(zip(headings, (cell.strip() for cell in line), strict=True))
            yield _Row(file, number, cells, self.problems)

    def _is_new(self, row: _Row, column: str) -> bool:
        """Return whether no row before names the same, in small letters or capitals."""
        name = row.text(column)
        number, other = self._seen.setdefault((column, name.casefold()), (row.number, name))
        is_new = number == row.number
        if name and not is_new:
            spelled = "" if other == name else f", {other} stands before it"
            row.refuse(column, f"must be unique{spelled}")
        return bool(name) and is_new

    def _add_product(self, row: _Row) -> None:
        has_leverage = bool(row.cells.get("leverage"))
        leverage = row.times("leverage", -10.0, 10.0) if has_leverage else None
        if leverage == 0.0:
            row.refuse("leverage", "must not be zero")
        product = OccProduct(
            symbol=row.ticker("symbol"),
            class_group=row.text("class_group"),
            product_type=row.choice("product_type", get_args(ProductType)),
            leverage=leverage,
        )
        if self._is_new(row, "symbol"):
            self.products[product.symbol] = product

    def _add_class_group(self, row: _Row) -> None:
        name = row.cells["class_group"]
        if self._is_new(row, "class_group"):
            title = row.cells.get("name") or f"Class group {name}"
            self.class_groups[name] = OccClassGroup(title, row.cells["product_group"] or None)

    def _add_product_group(self, row: _Row) -> None:
        if row.choice("account_type", ACCOUNT_TYPES) not in (None, self.account_type):
            return
        name = row.cells["product_group"]
        group = OccProductGroup(
            title=row.cells.get("name") or f"Product group {name}",
            offset=row.per_cent("offset", 0.0, 100.0),
            down=row.per_cent("down_move", -100.0, 0.0),
            up=row.per_cent("up_move", 0.0, 500.0),
            portfolio_group=row.cells.get("portfolio_group") or None,
        )
        for column, end in (("down_move", group.down), ("up_move", group.up)):
            if end == 0.0:
                row.refuse(column, "must not be zero")
        if self._is_new(row, "product_group"):
            self.product_groups[name] = group

    def _add_portfolio_group(self, row: _Row) -> None:
        offset = row.per_cent("offset", 0.0, 100.0)
        name = row.cells["portfolio_group"]
        if self._is_new(row, "portfolio_group"):
            title = row.cells.get("name") or f"Portfolio group {name}"
            self.portfolio_groups[name] = (title, offset)

    def check_names(self) -> None:
        """Report names that no table defines, and tables that are missing."""
        for table in ("included products", "class groups"):
            if table not in self.files:
                needed = ", ".join(sorted(_TABLES[table]))
                self.problems.append(f"import-occ: a file of {table} must be given ({needed})")
        named = [
            *(("class group", p.class_group, "product", p.symbol) for p in self.products.values()),
            *(
                ("product group", g.product_group, "class group", name)
                for name, g in self.class_groups.items()
            ),
            *(
                ("portfolio group", g.portfolio_group, "product group", name)
                for name, g in self.product_groups.items()
            ),
        ]
        known: dict[str, Mapping[str, object]] = {
            "class group": self.class_groups,
            "product group": self.product_groups,
            "portfolio group": self.portfolio_groups,
        }
        for table, name, kind, of in named:
            if name and name not in known[table] and f"{table}s" in self.files:
                problem = f"{kind} {of}: must stand in a {table} of the file, got {name!r}"
                self.problems.append(problem)
            elif name and f"{table}s" not in self.files:
                self.problems.append(f"{kind} {of}: no file of {table}s was given, got {name!r}")
