# SPDX-License-Identifier: Apache-2.0
"""From a market to risk arrays: the P&L of each instrument at every valuation point."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from riskarray.array_types import F64, I64, Bool
from riskarray.backends import BackendName
from riskarray.class_groups import class_groups
from riskarray.class_moves import class_moves
from riskarray.market import Market
from riskarray.rulebook import DEFAULT_RULEBOOK, Rulebook, load_rulebook
from riskarray.scenario_pricing import Progress, ScenarioPricing
from riskarray.table_data import InstrumentOrigin
from riskarray.tables import BookError, Defect
from riskarray.volatility import (
    VolatilitySource,
    option_terms,
    volatilities,
)

__all__ = ["Progress", "RiskArrays", "risk_arrays", "shocked_spots", "source_defects"]

_NO_VOLATILITY: Final = "no volatility gives this price"
_REASONS: Final[Mapping[str, str]] = {
    "no_price": "there is none",
    "below_intrinsic": "this is no more than exercise is worth",
    "above_bound": "this is more than the option can be worth",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskArrays:
    """The P&L of one unit of each instrument at every valuation point.

    Attributes
    ----------
    symbol : StringArray, shape (n,)
        As in the market's instruments.
    underlying : StringArray, shape (n,)
        Name of its underlying.
    points : tuple of str
        Numbers of the valuation points: `01`, `02`, ...
    base : ndarray, shape (n,)
        Theoretical value at the market's prices, in USD per share; NaN without a volatility.
    pnl : ndarray, shape (n, p)
        USD per contract or share held; NaN without a volatility, and in scenario sets after the
        first where only what is held was priced.
    volatility : ndarray, shape (n,)
        Per square root of a year, before any shift of a scenario set; NaN where there is none.
    volatility_source : DictionaryArray, shape (n,)
        `given`, `solved`, `neighbours`, `underlying`, `market` or `none`
        (`riskarray.volatility`); null for what needs no volatility: stock, futures and options at
        or past expiry.
    status : DictionaryArray, shape (n,)
        How the search in the price ended (`riskarray.kernel_codes.VolatilityStatus`, lower case);
        null where no price was inverted.
    """

    symbol: pa.StringArray
    underlying: pa.StringArray
    points: tuple[str, ...]
    base: F64
    pnl: F64
    volatility: F64
    volatility_source: pa.DictionaryArray
    status: pa.DictionaryArray

    @property
    def symbols(self) -> pa.StringArray:
        """The symbols, as `symbol`."""
        return self.symbol

    def __len__(self) -> int:
        """Return the number of instruments."""
        return len(self.symbol)

    def source_counts(self) -> dict[str, int]:
        """Return the number of options by source of their volatility.

        Returns
        -------
        dict of str to int
            Every source in the order of `VolatilitySource`, absent ones with 0.
        """
        index = self.volatility_source.indices.drop_null().to_numpy()
        counts = np.bincount(index, minlength=len(VolatilitySource)).tolist()
        return {source.name.lower(): counts[source] for source in VolatilitySource}

    def to_table(self) -> pa.Table:
        """Return the instrument × point table.

        Returns
        -------
        pyarrow.Table
            `symbol`, `underlying`, `base`, `volatility`, `volatility_source`, `status` and a column
            `pnl_NN` per valuation point; null where there is no number.
        """
        columns = {
            "symbol": self.symbol,
            "underlying": self.underlying,
            "base": _nullable(self.base),
            "volatility": _nullable(self.volatility),
            "volatility_source": self.volatility_source,
            "status": self.status,
        }
        for j, point in enumerate(self.points):
            columns[f"pnl_{point}"] = _nullable(self.pnl[:, j])
        return pa.table(columns)


def _nullable(values: F64) -> pa.DoubleArray:
    return pa.array(values, from_pandas=True)


def risk_arrays(
    market: Market,
    *,
    rulebook: Rulebook | None = None,
    backend: BackendName | None = None,
    threads: int = 0,
    required: Bool | None = None,
    held: Bool | None = None,
    progress: Progress | None = None,
) -> RiskArrays:
    """Return the risk arrays of all instruments of a market.

    Parameters
    ----------
    market : Market
        The snapshot.
    rulebook : Rulebook, optional
        Gives the moves and volatility shifts of the valuation points; `finra-4210g` by default.
    backend : {"native", "numba"}, optional
        Backend of the kernels.
    threads : int
        0 for all processors. The result does not depend on it.
    required : ndarray of bool, shape (n,), optional
        Instruments that must have a source of volatility.
    held : ndarray of bool, shape (n,), optional
        Instruments that somebody holds: scenario sets after the first are priced for these only,
        and are NaN for the others. Default: all.
    progress : callable, optional
        Told of the stages `volatility` and `risk arrays`.

    Returns
    -------
    RiskArrays
        In the order of the market's instruments.

    Raises
    ------
    BookError
        If a required instrument has no source of volatility; it names all of them.
    RuntimeError
        If a required instrument has a value or P&L that is not a number: it would be a defect of
        this program.
    """
    rules = rulebook if rulebook is not None else _default_rules(market)
    report = progress if progress is not None else _report_nothing
    terms = option_terms(market)
    n = len(terms.strike)
    report("volatility", 0, n)
    found = volatilities(market, terms, backend=backend, threads=threads)
    report("volatility", n, n)
    is_missing = found.source == VolatilitySource.NONE
    if required is not None and (required & is_missing).any():
        raise BookError(
            source_defects(market, found.statuses(), np.flatnonzero(required & is_missing))
        )
    spot = shocked_spots(market, rules)
    priced = ScenarioPricing(
        market=market, terms=terms, held=held, backend=backend, threads=threads
    )
    base, pnl = priced.risk_arrays(found, spot, rules, report)
    if required is not None:
        _check_finite(market, base, pnl, required)
    names = market.underlyings.name
    return RiskArrays(
        symbol=market.instruments.symbol,
        underlying=names.take(pa.array(terms.underlying)),
        points=rules.points,
        base=base,
        pnl=pnl,
        volatility=found.volatility,
        volatility_source=found.sources(),
        status=found.statuses(),
    )


def _check_finite(market: Market, base: F64, pnl: F64, required: Bool) -> None:
    """Stop rather than let what is not a number into a requirement."""
    is_bad = required & ~(np.isfinite(base) & np.isfinite(pnl).all(axis=1))
    if is_bad.any():
        row = int(np.argmax(is_bad))
        symbol = market.instruments.symbol[row]
        msg = f"{symbol}: value or P&L must be finite, got {base[row]}, {pnl[row].tolist()}"
        raise RuntimeError(msg)


def _default_rules(market: Market) -> Rulebook:
    return load_rulebook(DEFAULT_RULEBOOK, as_of=market.as_of.date())


def _report_nothing(_stage: str, _done: int, _total: int) -> None:
    pass


def shocked_spots(market: Market, rulebook: Rulebook) -> F64:
    """Return the spots of each underlying, today's and those at the valuation points.

    A leveraged product moves by its leverage times the move of its class group; no price falls
    below zero.

    Parameters
    ----------
    market : Market
        The snapshot.
    rulebook : Rulebook
        Gives the moves of each class group.

    Returns
    -------
    ndarray, shape (u, 1 + p)
        USD per share; column 0 is the market's price.
    """
    underlyings = market.underlyings
    groups = class_groups(underlyings, rulebook)
    move = class_moves(market, groups, rulebook).move[groups.of_underlying]
    factor = np.maximum(1.0 + underlyings.leverage[:, None] * move, 0.0)
    return np.hstack((underlyings.price[:, None], underlyings.price[:, None] * factor))


def source_defects(market: Market, status: pa.DictionaryArray, row: I64) -> tuple[Defect, ...]:
    """Return the defects of a book that some instruments without a volatility amount to.

    Parameters
    ----------
    market : Market
        The snapshot.
    status : DictionaryArray, shape (n,)
        How the search in each price ended, as in `RiskArrays`.
    row : ndarray of int64, shape (m,)
        Instruments whose volatility has no source.

    Returns
    -------
    tuple of Defect
        One per instrument, at its row of the book; at that of the market's instruments, from 1,
        for a market that does not come from a book.
    """
    symbol = market.instruments.symbol.take(pa.array(row)).to_pylist()
    why = status.take(pa.array(row)).to_pylist()
    price = market.instruments.price[row].tolist()
    return tuple(
        _source_defect(market.origin, *one)
        for one in zip(row.tolist(), symbol, price, why, strict=True)
    )


def _source_defect(
    origin: InstrumentOrigin | None, row: int, symbol: str, price: float, why: str | None
) -> Defect:
    """Return the defect of one instrument, at its row of the book where that is known."""
    if origin is not None and origin.row[row] < 0:
        table, number = origin.positions.place(int(origin.position[row]))
        message = (
            "must have a row in instruments with a price or an implied_volatility, for no other "
            "series of its underlying has a volatility to take"
        )
        return Defect(table=table, row=number, column="symbol", value=symbol, message=message)
    table, number = "instruments", row + 1
    if origin is not None:
        table, number = origin.instruments.place(int(origin.row[row]))
    message = (
        f"must be a price that a volatility of {symbol}, which is held, explains, or the row "
        f"must have an implied_volatility: {_REASONS.get(why or '', _NO_VOLATILITY)}, and no "
        "other series of its underlying has a volatility to take"
    )
    value = "" if np.isnan(price) else repr(price)
    return Defect(table=table, row=number, column="price", value=value, message=message)
