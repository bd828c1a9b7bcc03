# SPDX-License-Identifier: Apache-2.0
"""The table `underlyings`: checked, and every default resolved with the rulebook."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I32, Bool
from riskarray.columns import NumberColumn
from riskarray.defects import DefectLog
from riskarray.eligibility import is_outside
from riskarray.market import Underlyings
from riskarray.rulebook import Rulebook
from riskarray.rulebook_values import ProductType
from riskarray.symbols import class_share_name, rows_in
from riskarray.table_data import TableData
from riskarray.text_columns import as_text, first_rows
from riskarray.underlying_risk import underlying_risk

__all__ = ["UnderlyingRows", "underlying_rows"]

PRODUCT_TYPES: Final = get_args(ProductType)
DEFAULT_PRODUCT_TYPE: Final = "equity"
DEFAULT_PORTFOLIO_TYPE: Final = "equity"
INDEX: Final = "index"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnderlyingRows:
    """Every row of the table, the wrong ones with something harmless in their place.

    Parameters
    ----------
    table : TableData
        The table.
    columns : Underlyings
        Its rows with defaults resolved; an empty name for a row without one.
    first : ndarray of int32, shape (u,)
        The first row of the same name (in any spelling of a class share).
    is_index : ndarray of bool, shape (u,)
        Whether the row is an index, which has no shares.
    """

    table: TableData
    columns: Underlyings
    first: I32
    is_index: Bool

    def find(self, name: pa.StringArray) -> I32:
        """Return the row of each name, -1 where there is none.

        Parameters
        ----------
        name : StringArray
            Tickers; a class share may be spelled with any separator.

        Returns
        -------
        ndarray of int32
            Rows of the table.
        """
        exact = rows_in(name, self.columns.name)
        spelled = rows_in(class_share_name(name), class_share_name(self.columns.name))
        row = np.where(exact >= 0, exact, spelled)
        is_named = pc.not_equal(name, "").fill_null(False).to_numpy(zero_copy_only=False)  # noqa: FBT003
        return np.where((row >= 0) & is_named, np.append(self.first, -1)[row], -1).astype(np.int32)


def underlying_rows(table: TableData, rulebook: Rulebook, log: DefectLog) -> UnderlyingRows:
    """Check the table and resolve its defaults.

    A cell that is empty takes what the rulebook's list says of the underlying; a portfolio type,
    failing that, what the list says of its class group; and the plain defaults otherwise: a class
    group of its own, an equity, leverage 1, no dividend yield.

    Parameters
    ----------
    table : TableData
        The table.
    rulebook : Rulebook
        Its list of underlyings, portfolio types and product groups.
    log : DefectLog
        Takes what is wrong.

    Returns
    -------
    UnderlyingRows
        One row per row of the table.
    """
    name = table.text["underlying"].strings().fill_null("")
    log.add(table, "underlying", table.text["underlying"].is_null, "must be given")
    first = first_rows(as_text(class_share_name(name)))
    is_again = first != np.arange(len(table))
    log.add(
        table, "underlying", is_again, lambda row: f"must be unique, row {first[row] + 1} has it"
    )
    price = table.number["price"]
    log.add(table, "price", ~(_is_finite(price) & (price.value > 0)), "must be a positive number")
    columns = _resolved(table, name, rulebook, log)
    _check_class_groups(table, columns, rulebook, log)
    is_index = pc.equal(columns.product_type, INDEX).to_numpy(zero_copy_only=False)
    return UnderlyingRows(table=table, columns=columns, first=first, is_index=is_index)


def _resolved(
    table: TableData, name: pa.StringArray, rulebook: Rulebook, log: DefectLog
) -> Underlyings:
    """Return the columns with defaults filled in, and report what no rulebook knows."""
    listed = list(rulebook.underlyings.values())
    known = rows_in(name, pa.array(rulebook.underlyings, pa.string()))
    product_type = _choice(table, "product_type", PRODUCT_TYPES, log)
    product_type = _filled(product_type, (u.product_type for u in listed), known)
    product_type = product_type.fill_null(DEFAULT_PRODUCT_TYPE)
    class_group = _filled(
        table.text["class_group"].strings(), (u.class_group for u in listed), known
    )
    class_group = pc.coalesce(class_group, name)
    kin = rows_in(class_group, pa.array(rulebook.underlyings, pa.string()))
    portfolio_type = _choice(table, "portfolio_type", tuple(rulebook.portfolio_types), log)
    for row in (known, kin):
        portfolio_type = _filled(portfolio_type, (u.portfolio_type for u in listed), row)
    portfolio_type = portfolio_type.fill_null(
        _default_portfolio_type(table, portfolio_type, rulebook, log)
    )
    strategy_class = _choice(table, "strategy_class", tuple(rulebook.strategy.short_option), log)
    strategy_class = _filled(strategy_class, (u.strategy_class for u in listed), known)
    return Underlyings(
        name=name,
        price=table.number["price"].value,
        product_type=product_type,
        portfolio_type=portfolio_type,
        class_group=class_group,
        strategy_class=pc.coalesce(
            strategy_class, _strategy_class(product_type, portfolio_type, rulebook)
        ),
        product_group=_product_group(table, class_group, rulebook, log),
        leverage=_leverage(table, [u.leverage for u in listed], known, log),
        dividend_yield=_dividend_yield(table, log),
        risk=underlying_risk(table, log),
    )


def _choice(
    table: TableData, column: str, allowed: tuple[str, ...], log: DefectLog
) -> pa.StringArray:
    """Return a column of which only some texts are allowed; null where the cell is not one."""
    text = table.text[column]
    code, is_unknown = text.coded({name: k for k, name in enumerate(allowed)}, -1)
    log.add(table, column, is_unknown, f"must be one of {', '.join(allowed) or '(none)'}")
    index = pa.array(code.astype(np.int32), mask=code < 0 | is_unknown)
    return pa.array(allowed, pa.string()).take(index)


def _filled(given: pa.StringArray, listed: Iterable[str | None], row: I32) -> pa.StringArray:
    """Return the column with empty cells taken from a row of the rulebook's list."""
    index = pa.array(row, mask=row < 0)
    return pc.coalesce(given, pa.array(listed, pa.string()).take(index))


def _default_portfolio_type(
    table: TableData, given: pa.StringArray, rulebook: Rulebook, log: DefectLog
) -> str:
    """Return the portfolio type of what no list names; a rulebook without it leaves no default."""
    if DEFAULT_PORTFOLIO_TYPE in rulebook.portfolio_types:
        return DEFAULT_PORTFOLIO_TYPE
    is_missing = given.is_null().to_numpy(zero_copy_only=False)
    names = ", ".join(rulebook.portfolio_types)
    log.add(table, "portfolio_type", is_missing, f"must be one of {names}")
    return next(iter(rulebook.portfolio_types))


def _strategy_class(
    product_type: pa.StringArray, portfolio_type: pa.StringArray, rulebook: Rulebook
) -> pa.StringArray:
    """Return the rulebook's row of the strategy-based table for each pair of types."""
    portfolio_types = list(rulebook.portfolio_types)
    table = [rulebook.strategy_class(p, q) for p in PRODUCT_TYPES for q in portfolio_types]
    row = rows_in(product_type, pa.array(PRODUCT_TYPES, pa.string()))
    column = rows_in(portfolio_type, pa.array(portfolio_types, pa.string()))
    return pa.array(table, pa.string()).take(pa.array(row * len(portfolio_types) + column))


def _product_group(
    table: TableData, class_group: pa.StringArray, rulebook: Rulebook, log: DefectLog
) -> pa.StringArray:
    """Return the product group given, else the rulebook's for the class group; null for none."""
    given = _choice(table, "product_group", tuple(rulebook.product_groups), log)
    groups = class_group.dictionary_encode()
    of_group = [rulebook.product_group_of(group) for group in groups.dictionary.to_pylist()]
    return pc.coalesce(given, pa.array(of_group, pa.string()).take(groups.indices))


def _leverage(table: TableData, listed: list[float], known: I32, log: DefectLog) -> F64:
    given = table.number["leverage"]
    is_wrong = ~given.is_null & ~(_is_finite(given) & (given.value != 0))
    log.add(table, "leverage", is_wrong, "must be a number other than zero")
    default = np.array([*listed, 1.0])[known]
    return np.where(given.is_null, default, given.value)


def _dividend_yield(table: TableData, log: DefectLog) -> F64:
    given = table.number["dividend_yield"]
    is_wrong = ~given.is_null & ~(np.abs(given.value) < 1)
    log.add(table, "dividend_yield", is_wrong, "must be a fraction such as 0.02, between -1 and 1")
    return np.where(given.is_null, 0.0, given.value)


def _check_class_groups(
    table: TableData, columns: Underlyings, rulebook: Rulebook, log: DefectLog
) -> None:
    """Report members of a class group that do not share its valuation points or product group."""
    inside = ~is_outside(columns.name, columns.product_type, rulebook)
    inside &= ~log.is_bad(table)
    row = np.flatnonzero(inside)
    first = row[first_rows(as_text(columns.class_group.take(pa.array(row))))] if row.size else row
    for name in ("portfolio_type", "product_group"):
        column = getattr(columns, name).fill_null("")
        code = column.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        differs = code[row] != code[first]
        is_wrong = np.zeros(len(table), np.bool_)
        is_wrong[row[differs]] = True
        model = dict(zip(row[differs].tolist(), first[differs].tolist(), strict=True))
        log.add(table, name, is_wrong, _same_as(columns, column, model))


def _same_as(
    columns: Underlyings, column: pa.StringArray, model: dict[int, int]
) -> Callable[[int], str]:
    """Return the words for a member of a class group that differs from another."""

    def message(row: int) -> str:
        other = model[row]
        value, name, group = column[other].as_py(), columns.name[other], columns.class_group[row]
        return f"must be {value or 'empty'}, as for {name} in the same class group {group}"

    return message


def _is_finite(column: NumberColumn) -> Bool:
    return np.isfinite(column.value)
