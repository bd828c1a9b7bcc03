# SPDX-License-Identifier: Apache-2.0
"""The table of strategies."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I32, I64, AnyArray, Bool
from riskarray.book import Book
from riskarray.kernels import StrategyRequirement
from riskarray.label_columns import label_column, name_column
from riskarray.market import KIND_OPTION, KIND_STOCK
from riskarray.rulebook import Rulebook
from riskarray.strategy_names import NAMES, Legs, name_strategies, unit_count
from riskarray.strategy_terms import Terms
from riskarray.sums import totals

__all__ = ["strategies_table"]

_INITIAL: Final = 1
_MAINTENANCE: Final = 2


def strategies_table(
    book: Book, terms: Terms, result: StrategyRequirement, account: I32, *, is_cash: Bool
) -> pa.Table:
    """Return one row per strategy of some groups; see `riskarray.strategy_margin.StrategyMargin`.

    Parameters
    ----------
    book : Book
        Names of the accounts, instruments and underlyings.
    terms : Terms
        Of the instruments.
    result : StrategyRequirement
        Of the groups.
    account : ndarray of int32, shape (g,)
        Account of each group.
    is_cash : ndarray of bool, shape (g,)
        Whether it is a cash account.
    """
    group = np.repeat(np.arange(len(account)), result.strategy_count)
    result = _stock_first(result, terms)
    offset = np.concatenate([[0], np.cumsum(result.strategy_legs, dtype=np.int64)])
    instrument, quantity = result.leg_instrument, result.leg_quantity
    is_option = terms.kind[instrument] == KIND_OPTION
    legs = Legs(
        offset,
        is_option,
        terms.right[instrument],
        quantity,
        terms.strike[instrument],
        terms.time_to_expiry[instrument],
    )
    units = unit_count(legs)
    named = name_strategies(result.strategy_code, is_cash[group], legs, units)
    of_leg = np.repeat(np.arange(len(group)), result.strategy_legs)
    value = totals(of_leg, np.where(is_option, quantity * terms.value[instrument], 0.0), len(group))
    # The underlying of the last leg: that of an option, where there is one.
    underlying = book.market.instruments.underlying[instrument[offset[1:] - 1]]
    return pa.table(
        {
            "account": name_column(account[group], book.account),
            "underlying": label_column(underlying, book.market.underlyings.name),
            "strategy": label_column(named, pa.array([name.name for name in NAMES])),
            "legs": _legs(book, offset, instrument, quantity),
            "quantity": units,
            "initial": _counted(result.strategy_initial, result.strategy_basis, _INITIAL),
            "maintenance": _counted(
                result.strategy_maintenance, result.strategy_basis, _MAINTENANCE
            ),
            "option_value": value,
            "rule": label_column(named, pa.array([name.definition.rule for name in NAMES])),
            "source": _source(book, named, underlying),
        }
    )


def _counted(amount: F64, basis: AnyArray, bit: int) -> pa.DoubleArray:
    """Return amounts, null where the strategy is not one of that basis."""
    return pa.array(amount, mask=(basis & bit) == 0)


def _stock_first(result: StrategyRequirement, terms: Terms) -> StrategyRequirement:
    """Return the same strategies, in each the stock before the options."""
    is_stock = terms.kind[result.leg_instrument] == KIND_STOCK
    strategy = np.repeat(np.arange(len(result.strategy_legs)), result.strategy_legs)
    order = np.argsort(2 * strategy + ~is_stock, kind="stable")
    return result._replace(
        leg_instrument=result.leg_instrument[order], leg_quantity=result.leg_quantity[order]
    )


def _legs(book: Book, offset: I64, instrument: I32, quantity: F64) -> pa.StringArray:
    """Return the legs as text: `+100 ACME, -1 ACME260821C00510000`."""
    known, number = np.unique(quantity, return_inverse=True)
    counts = pa.array([f"{amount:+.10g}" for amount in known.tolist()], pa.string())
    symbols = book.market.instruments.symbol.take(pa.array(instrument))
    legs = pc.binary_join_element_wise(counts.take(pa.array(number)), symbols, " ")
    lists = pa.ListArray.from_arrays(pa.array(offset.astype(np.int32)), legs)
    return pc.binary_join(lists, ", ")


def _source(book: Book, named: I32, underlying: I32) -> pa.DictionaryArray:
    classes = list(book.rulebook.strategy.short_option)
    of_class = pc.index_in(book.market.underlyings.strategy_class, pa.array(classes))
    row = named * len(classes) + of_class.to_numpy()[underlying]
    return label_column(row, pa.array(_sources(book.rulebook)))


def _sources(rulebook: Rulebook) -> list[str]:
    """Return the sources behind each pair of name and strategy class."""
    sources = {
        row.key.removeprefix("strategy."): row.source
        for row in rulebook.figures()
        if row.key.startswith("strategy.")
    }
    texts = []
    for name in NAMES:
        for strategy_class in rulebook.strategy.short_option:
            keys = [key.format(strategy_class=strategy_class) for key in name.definition.figures]
            texts.append("; ".join(dict.fromkeys(sources[key] for key in keys)))
    return texts
