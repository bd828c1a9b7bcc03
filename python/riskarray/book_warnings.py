# SPDX-License-Identifier: Apache-2.0
"""What a reader of results must know of the rulebook: early figures, lost products, other ones.

A rulebook is read for the book's date. A figure of which no file gives a version in force is used
all the same, for without it there is no number; which ones these are is said here.
"""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.book import Book
from riskarray.eligibility import is_outside
from riskarray.market import Underlyings
from riskarray.rulebook import Rulebook
from riskarray.rulebook_figures import figures_by_path
from riskarray.rulebook_versions import KeyPath, key_text
from riskarray.symbols import rows_in

__all__ = ["book_warnings", "early_figures", "rulebook_warnings", "short_warnings"]

_SHOWN: Final = 3
"""Figures or symbols that a short warning names."""
_INDEX: Final = "index"
_NOTE: Final = "etn"


def early_figures(rulebook: Rulebook, as_of: dt.date) -> Iterator[tuple[KeyPath, dt.date]]:
    """Yield the figures that are not in force yet, with their days, that of the whole first.

    Parameters
    ----------
    rulebook : Rulebook
        Read for that day or any other.
    as_of : datetime.date
        The day.
    """
    if rulebook.effective > as_of:
        yield ("effective",), rulebook.effective
    for path, figure in figures_by_path(rulebook.file):
        if figure.effective > as_of:
            yield path, figure.effective


def rulebook_warnings(rulebook: Rulebook, as_of: dt.date | None) -> Iterator[str]:
    """Yield what to know of a rulebook, whatever the book, in a line each.

    Parameters
    ----------
    rulebook : Rulebook
        Any.
    as_of : datetime.date, optional
        The day that it is meant for.
    """
    if as_of is not None:
        yield from _early_lines(rulebook, list(early_figures(rulebook, as_of)), as_of)
    if rulebook.dropped_products and rulebook.included is None:
        yield _dropped_line(rulebook, rulebook.dropped_products)


def short_warnings(book: Book) -> Iterator[str]:
    """Yield the warnings on a book in a line each, the first few figures or symbols named.

    Parameters
    ----------
    book : Book
        With its rulebook.
    """
    yield from _early_lines(book.rulebook, _early_in_use(book), book.market.as_of.date())
    yield from _product_lines(book)


def book_warnings(book: Book) -> tuple[str, ...]:
    """Return the warnings on a book in full, a line for each figure that is not in force yet.

    Parameters
    ----------
    book : Book
        With its rulebook. Figures on underlyings and groups that the book does not have are left
        out, for nothing rests on them.
    """
    as_of = book.market.as_of.date()
    name = book.rulebook.id
    return (
        *(
            f"{key_text(path)} of {name} is used on {as_of}, before it is in force: {day}"
            for path, day in _early_in_use(book)
        ),
        *_product_lines(book),
    )


def _early_lines(
    rulebook: Rulebook, early: list[tuple[KeyPath, dt.date]], as_of: dt.date
) -> Iterator[str]:
    """Yield one line for the figures that are not in force yet."""
    if early:
        named = ", ".join(f"{key_text(path)} ({day})" for path, day in early[:_SHOWN])
        more = f", and {len(early) - _SHOWN:,} more" if len(early) > _SHOWN else ""
        yield f"{rulebook.id} used on {as_of}, before these are in force: {named}{more}"


def _product_lines(book: Book) -> Iterator[str]:
    """Yield what to know of products that the rulebook no longer lists, or does not include."""
    underlyings, rulebook = book.market.underlyings, book.rulebook
    is_inside = ~is_outside(underlyings.name, underlyings.product_type, rulebook)
    if rulebook.included is not None and len(underlyings) and not is_inside.any():
        yield f"{rulebook.id} includes none of the book's underlyings in portfolio margin"
    lost = pc.is_in(underlyings.name, pa.array(rulebook.dropped_products, pa.string()))
    is_plain = np.asarray(pc.not_equal(underlyings.product_type, _NOTE), np.bool_)
    is_plain &= underlyings.leverage == 1.0
    row = np.flatnonzero(np.asarray(lost, np.bool_) & is_inside & is_plain)
    if row.size:
        names = underlyings.name.take(pa.array(row)).to_pylist()
        yield _dropped_line(rulebook, tuple(names))
    yield from _other_type_lines(underlyings, rulebook)


def _other_type_lines(underlyings: Underlyings, rulebook: Rulebook) -> Iterator[str]:
    """Yield the underlyings that are an index or a note only by the list, or only by the book.

    Another product of that ticker, such as a fund called MID, is margined in the class group of the
    one that is listed unless the book gives its own.
    """
    known = rows_in(underlyings.name, pa.array(rulebook.underlyings, pa.string()))
    types = pa.array([u.product_type for u in rulebook.underlyings.values()], pa.string())
    listed = types.take(pa.array(known, mask=known < 0))
    given = underlyings.product_type
    is_special = [pc.is_in(column, pa.array((_INDEX, _NOTE))) for column in (listed, given)]
    is_other = pc.and_(pc.not_equal(listed, given), pc.or_(*is_special))
    row = np.flatnonzero(np.asarray(pc.fill_null(is_other, fill_value=False), np.bool_))
    if row.size:
        columns = (underlyings.name, given, underlyings.class_group, listed)
        first = zip(*(c.take(pa.array(row[:_SHOWN])).to_pylist() for c in columns), strict=True)
        named = ", ".join("{} as {} in class group {}, not {}".format(*cells) for cells in first)
        more = f", and {len(row) - _SHOWN:,} more" if len(row) > _SHOWN else ""
        yield f"the book has products otherwise than {rulebook.id} lists them: {named}{more}"


def _dropped_line(rulebook: Rulebook, names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return (
        f"{rulebook.id} drops notes or leveraged products of its base, which then count as plain "
        f"shares unless a book says otherwise: {shown}{more}"
    )


def _early_in_use(book: Book) -> list[tuple[KeyPath, dt.date]]:
    """Return the figures not in force yet that the book's underlyings can rest on."""
    early = list(early_figures(book.rulebook, book.market.as_of.date()))
    if not early:
        return early
    used = _names_in_use(book.market.underlyings, book.rulebook)
    return [(path, day) for path, day in early if _is_in_use(path, used)]


def _is_in_use(path: KeyPath, used: dict[str, set[str]]) -> bool:
    """Return whether a figure is of what a book has: of a symbol, a group or a type."""
    return all(name in used.get(key, (name,)) for key, name in pairwise(path))


def _names_in_use(underlyings: Underlyings, rulebook: Rulebook) -> dict[str, set[str]]:
    """Return what a book has, by the table of the rulebook that lists such things."""
    symbols = set(underlyings.name.to_pylist())
    groups = set(pc.unique(underlyings.class_group).to_pylist())
    products = set(pc.unique(underlyings.product_group.drop_null()).to_pylist())
    types = set(pc.unique(underlyings.portfolio_type).to_pylist())
    return {
        "members": symbols,
        "stand_alone": symbols,
        "floors": symbols | groups,
        "class_groups": groups,
        "product_groups": products,
        "portfolio_groups": {
            group.portfolio_group
            for name, group in rulebook.product_groups.items()
            if name in products and group.portfolio_group
        },
        "portfolio_types": types,
        "moves": types,
    }
