# SPDX-License-Identifier: Apache-2.0
"""Every check of a book's tables, and what is left when accounts with a defect are taken out."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from riskarray.array_types import F64, I32, I64
from riskarray.class_groups import class_groups
from riskarray.curve_rows import (
    check_dividends,
    dividend_schedule,
    flat_rate,
    rate_curve,
)
from riskarray.defects import NO_DEFECT, DefectLog
from riskarray.instrument_rows import InstrumentRows, instrument_rows
from riskarray.market import KIND_STOCK, Instruments, Market, Rates, Underlyings
from riskarray.position_rows import (
    AccountRows,
    account_rows,
    check_positions,
    resolve_symbols,
    sort_positions,
)
from riskarray.rulebook import Rulebook
from riskarray.symbols import rows_in
from riskarray.table_data import InstrumentOrigin, TableData
from riskarray.tables import Defect
from riskarray.text_columns import clean_text
from riskarray.underlying_rows import UnderlyingRows, underlying_rows

__all__ = ["CheckedTables", "Holdings", "check_tables", "holdings"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedTables:
    """The tables of a book after all checks, wrong rows included.

    Parameters
    ----------
    as_of : datetime
        Instant of the snapshot.
    underlyings, instruments, accounts
        Rows with defaults and terms resolved.
    instrument_table, dividends, positions, account_table : TableData
        The tables themselves; None for an optional one that is absent.
    dividend_row : ndarray of int32
        Underlying of each dividend.
    instrument_row : ndarray of int32
        Instrument of each position.
    rates : Rates
        The zero curve.
    """

    as_of: dt.datetime
    underlyings: UnderlyingRows
    instruments: InstrumentRows
    instrument_table: TableData
    dividends: TableData | None
    dividend_row: I32
    rates: Rates
    positions: TableData
    instrument_row: I32
    account_table: TableData | None
    accounts: AccountRows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holdings:
    """A market and the accounts in it, free of defects."""

    market: Market
    account: pa.StringArray
    cash: F64
    account_type: pa.StringArray
    monitoring: pa.StringArray | None
    account_offset: I64
    instrument: I32
    quantity: F64
    rejects: pa.Table


def check_tables(
    tables: Mapping[str, TableData | None],
    as_of: dt.datetime,
    rate: float | None,
    rulebook: Rulebook,
    log: DefectLog,
) -> CheckedTables | None:
    """Check the tables of a book against themselves, each other and the rulebook.

    Parameters
    ----------
    tables : mapping of str to TableData
        The tables by name; None for one that is absent or cannot be used.
    as_of : datetime
        Instant of the snapshot.
    rate : float or None
        Flat rate, in the place of the table `rates`.
    rulebook : Rulebook
        Names its portfolio types and product groups.
    log : DefectLog
        Takes what is wrong.

    Returns
    -------
    CheckedTables or None
        None when a table that is needed cannot be used; the log says why.
    """
    rates = _rates(tables["rates"], as_of, rate, log)
    positions, account_table = tables["positions"], tables["accounts"]
    accounts = None
    if positions is not None:
        check_positions(positions, log)
        accounts = account_rows(positions, account_table, log)
    if tables["underlyings"] is None:
        return None
    underlyings = underlying_rows(tables["underlyings"], rulebook, log)
    dividends, dividend_row = tables["dividends"], np.zeros(0, np.int32)
    if dividends is not None:
        dividend_row = check_dividends(dividends, underlyings, log)
    instrument_table = tables["instruments"]
    if instrument_table is None:
        return None
    instruments = instrument_rows(instrument_table, underlyings, as_of, log)
    if positions is None or accounts is None:
        return None
    instruments, row = resolve_symbols(positions, instruments, underlyings, as_of, log)
    _check_held(instrument_table, instruments, row, as_of, log)
    _check_whole(positions, instruments, row, log)
    if rates is None:
        return None
    return CheckedTables(
        as_of=as_of,
        underlyings=underlyings,
        instruments=instruments,
        instrument_table=instrument_table,
        dividends=dividends,
        dividend_row=dividend_row,
        rates=rates,
        positions=positions,
        instrument_row=row,
        account_table=account_table,
        accounts=accounts,
    )


def holdings(checked: CheckedTables, rulebook: Rulebook, log: DefectLog) -> Holdings:
    """Return the market and the accounts that no defect touches.

    A defect of an underlying touches whoever holds anything on it, one of an instrument whoever
    holds that. An account with a defect is left out as a whole.

    Parameters
    ----------
    checked : CheckedTables
        What the checks left.
    rulebook : Rulebook
        Gives the order of class groups.
    log : DefectLog
        Defects of rows; none of them structural.

    Returns
    -------
    Holdings
        With one row of `rejects` for each account left out, which says its first defect.
    """
    of_underlying = _underlying_places(checked, log)
    of_instrument = _instrument_places(checked, of_underlying, log)
    of_account, nameless = _account_places(checked, of_instrument, log)
    underlying = np.flatnonzero(of_underlying == NO_DEFECT)
    instrument = np.flatnonzero(of_instrument == NO_DEFECT)
    account = np.flatnonzero(of_account == NO_DEFECT)
    market = _market(checked, underlying, instrument)
    groups = class_groups(market.underlyings, rulebook).of_underlying
    by_group = np.argsort(groups[market.instruments.underlying], kind="stable")
    rank = _renumbered(by_group, len(by_group)).astype(np.int64)
    new_account = _renumbered(account, len(of_account))
    kept = _kept_positions(checked, new_account, len(account) == len(of_account))
    new_instrument = _renumbered(instrument, len(of_instrument))
    offset, held, quantity = sort_positions(
        new_account[checked.accounts.of_position[kept]],
        new_instrument[checked.instrument_row[kept]],
        checked.positions.number["quantity"].value[kept],
        rank,
        len(account),
    )
    left = pa.array(account)
    return Holdings(
        market=market,
        account=checked.accounts.name.take(left),
        cash=checked.accounts.cash[account],
        account_type=checked.accounts.account_type.take(left),
        monitoring=_of_accounts(checked.accounts.monitoring, left),
        account_offset=offset,
        instrument=held,
        quantity=quantity,
        rejects=_rejects(checked.accounts.name, of_account, nameless, log),
    )


def _of_accounts(column: pa.StringArray | None, row: pa.IntegerArray) -> pa.StringArray | None:
    return None if column is None else column.take(row)


def _rates(
    table: TableData | None, as_of: dt.datetime, rate: float | None, log: DefectLog
) -> Rates | None:
    """Return the zero curve: the table, the flat rate, or zero when a book gives neither."""
    if table is None:
        return flat_rate(rate)
    if rate is not None:
        message = "must not be given beside the table rates"
        log.add_structural(
            Defect(table="book.toml", row=None, column="rate", value=str(rate), message=message)
        )
    return rate_curve(table, as_of, log)


def _check_held(
    table: TableData, instruments: InstrumentRows, row: I32, as_of: dt.datetime, log: DefectLog
) -> None:
    """Report instruments that expired on the day of the snapshot and are still held."""
    n = len(table)
    is_held = np.bincount(row[(row >= 0) & (row < n)], minlength=n) > 0
    is_late = instruments.has_expired(as_of)[:n] & is_held
    message = f"must be after {as_of:%Y-%m-%d %H:%M} (expired)"
    log.add(table, "expiry", is_late, message, value=lambda row: str(instruments.expiry[row]))


def _check_whole(
    positions: TableData, instruments: InstrumentRows, row: I32, log: DefectLog
) -> None:
    """Report parts of a contract: shares may be held in fractions, options and futures may not."""
    quantity = positions.number["quantity"].value
    is_contract = np.append(instruments.kind != KIND_STOCK, np.False_)[row]
    is_part = is_contract & np.isfinite(quantity) & (quantity != np.rint(quantity))
    log.add(positions, "quantity", is_part, "must be a whole number of contracts")


def _underlying_places(checked: CheckedTables, log: DefectLog) -> I64:
    """Return the place of the first defect of each underlying, its dividends included."""
    rows = checked.underlyings
    place = log.first_place(rows.table)
    np.minimum.at(place, rows.first, place.copy())
    if checked.dividends is not None:
        of_dividend = log.first_place(checked.dividends)
        known = checked.dividend_row >= 0
        np.minimum.at(place, checked.dividend_row[known], of_dividend[known])
    return place[rows.first]


def _instrument_places(checked: CheckedTables, of_underlying: I64, log: DefectLog) -> I64:
    """Return the place of the first defect of each instrument, its underlying's included."""
    rows = checked.instruments
    place = np.full(len(rows), NO_DEFECT, np.int64)
    place[: len(checked.instrument_table)] = log.first_place(checked.instrument_table)
    np.minimum.at(place, rows.first, place.copy())
    inherited = np.append(of_underlying, NO_DEFECT)[rows.underlying]
    worst: I64 = np.minimum(place[rows.first], inherited)
    return worst


def _account_places(checked: CheckedTables, of_instrument: I64, log: DefectLog) -> tuple[I64, I64]:
    """Return the place of each account's first defect, and the places that concern no account."""
    accounts = checked.accounts
    of_position = log.first_place(checked.positions)
    touching = np.append(of_instrument, NO_DEFECT)[checked.instrument_row]
    sources = [(accounts.of_position, np.minimum(of_position, touching))]
    if checked.account_table is not None:
        sources.append((accounts.of_account, log.first_place(checked.account_table)))
    place = np.full(len(accounts.name), NO_DEFECT, np.int64)
    nameless = []
    for account, defect in sources:
        is_named = account >= 0
        np.minimum.at(place, account[is_named], defect[is_named])
        nameless.append(defect[~is_named])
    _spread_to_namesakes(accounts.name, place)
    return place, np.concatenate(nameless)


def _spread_to_namesakes(name: pa.StringArray, place: I64) -> None:
    """Let a misspelt name touch the account that is meant too: it would lack the positions."""
    bad = np.flatnonzero(place != NO_DEFECT)
    meant = rows_in(clean_text(name.take(pa.array(bad))), name)
    is_other = (meant >= 0) & (meant != bad)
    np.minimum.at(place, meant[is_other], place[bad[is_other]])


def _market(checked: CheckedTables, underlying: I64, instrument: I64) -> Market:
    """Return the market of the underlyings and instruments that are left."""
    new = _renumbered(underlying, len(checked.underlyings.columns))
    rows = checked.instruments
    columns = {
        name: _taken(getattr(rows, name), instrument)
        for name in Instruments.__slots__
        if name != "underlying"
    }
    of_dividend = np.append(new, np.int32(-1))[checked.dividend_row]
    given = checked.underlyings.columns
    classified = {name: _taken(getattr(given, name), underlying) for name in given.__slots__}
    return Market(
        as_of=checked.as_of,
        underlyings=Underlyings(**classified),
        instruments=Instruments(underlying=new[rows.underlying[instrument]], **columns),
        dividends=dividend_schedule(checked.dividends, of_dividend, len(underlying), checked.as_of),
        rates=checked.rates,
        origin=_origin(checked, instrument),
    )


def _origin(checked: CheckedTables, instrument: I64) -> InstrumentOrigin:
    """Return where the instruments that are left come from."""
    n_listed = len(checked.instrument_table)
    position = np.full(len(checked.instruments) + 1, -1, np.int64)
    position[checked.instrument_row[::-1]] = np.arange(len(checked.positions))[::-1]
    return InstrumentOrigin(
        instruments=checked.instrument_table.places,
        positions=checked.positions.places,
        row=np.where(instrument < n_listed, instrument, -1),
        position=position[:-1][instrument],
    )


def _taken(column: Any, row: I64) -> Any:  # noqa: ANN401 - an array of NumPy or of Arrow
    """Return some rows of a column, the column itself when they are all of them."""
    if len(row) == len(column):
        return column
    return column[row] if isinstance(column, np.ndarray) else column.take(pa.array(row))


def _renumbered(row: I64, n: int) -> I32:
    """Return the place of each of n rows among those that are left; -1 for the others."""
    place = np.full(n, -1, np.int32)
    place[row] = np.arange(len(row), dtype=np.int32)
    return place


def _kept_positions(checked: CheckedTables, account: I32, is_all: bool) -> slice | I64:  # noqa: FBT001
    """Return the positions of the accounts that are left."""
    if is_all:
        return slice(None)
    kept: I64 = np.flatnonzero(np.append(account, np.int32(-1))[checked.accounts.of_position] >= 0)
    return kept


def _rejects(name: pa.StringArray, place: I64, nameless: I64, log: DefectLog) -> pa.Table:
    """Return the accounts left out, each with its first defect; no name where a row has none."""
    account = np.flatnonzero(place != NO_DEFECT)
    names = name.take(pa.array(account)).to_pylist()
    places = place[account]
    if (nameless != NO_DEFECT).any():
        names, places = ["", *names], np.insert(places, 0, nameless.min())
    distinct, row = np.unique(places, return_inverse=True)
    defects = log.defects_at(distinct)
    table = pa.table(
        {
            "table": pa.array([d.table for d in defects], pa.string()),
            "row": pa.array([d.row for d in defects], pa.int64()),
            "column": pa.array([d.column for d in defects], pa.string()),
            "value": pa.array([d.value for d in defects], pa.string()),
            "message": pa.array([d.message for d in defects], pa.string()),
        }
    ).take(pa.array(row))
    return table.add_column(0, "account", pa.array(names, pa.string()))
