# SPDX-License-Identifier: Apache-2.0
"""The tables `positions` and `accounts`: symbols resolved, rows checked and sorted by account."""

import datetime as dt
from dataclasses import dataclass, fields
from typing import Final, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I32, I64, Bool
from riskarray.defects import DefectLog
from riskarray.instrument_rows import OPTION_MULTIPLIER, STOCK_MULTIPLIER, InstrumentRows
from riskarray.market import KIND_OPTION, KIND_STOCK
from riskarray.roots import (
    EXERCISE_AMERICAN,
    EXERCISE_NONE,
    SETTLEMENT_NONE,
    SETTLEMENT_PM,
    match_roots,
)
from riskarray.rulebook_values import Monitoring
from riskarray.symbols import class_share_name, compact_symbol, parse_osi, rows_in
from riskarray.table_data import TableData
from riskarray.text_columns import as_text, first_rows
from riskarray.underlying_rows import UnderlyingRows

__all__ = [
    "ACCOUNT_TYPES",
    "MONITORING",
    "AccountRows",
    "account_rows",
    "check_positions",
    "resolve_symbols",
    "sort_positions",
]

ACCOUNT_TYPES: Final = ("portfolio", "reg_t", "cash")
MONITORING: Final = get_args(Monitoring)
UNKNOWN: Final = (
    "must be a symbol of instruments, an OSI symbol on one of the underlyings, or an underlying"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccountRows:
    """The accounts of both tables together, sorted by name.

    Parameters
    ----------
    name : StringArray, shape (a,)
        Names, each once.
    cash : ndarray of float64, shape (a,)
        USD; 0 for an account that only `positions` names.
    account_type : StringArray, shape (a,)
        `portfolio` where none is given.
    monitoring : StringArray or None, shape (a,)
        How the account is monitored, null where the rulebook says it; None where it always does.
    of_position : ndarray of int32, shape (m,)
        Account of each row of `positions`; -1 where it has none.
    of_account : ndarray of int32
        Account of each row of `accounts`; -1 where it has none.
    """

    name: pa.StringArray
    cash: F64
    account_type: pa.StringArray
    monitoring: pa.StringArray | None
    of_position: I32
    of_account: I32


def check_positions(table: TableData, log: DefectLog) -> None:
    """Report positions without an account, a symbol or a quantity.

    Parameters
    ----------
    table : TableData
        The table `positions`.
    log : DefectLog
        Takes what is wrong.
    """
    log.add(table, "account", table.text["account"].is_null, "must be given")
    log.add(table, "symbol", table.text["symbol"].is_null, "must be given")
    quantity = table.number["quantity"].value
    log.add(table, "quantity", ~np.isfinite(quantity), "must be a finite number")


def resolve_symbols(
    table: TableData,
    instruments: InstrumentRows,
    underlyings: UnderlyingRows,
    as_of: dt.datetime,
    log: DefectLog,
) -> tuple[InstrumentRows, I32]:
    """Find the instrument of each position, one hash look-up per distinct symbol.

    Parameters
    ----------
    table : TableData
        The table `positions`.
    instruments : InstrumentRows
        The table `instruments`.
    underlyings : UnderlyingRows
        The table `underlyings`.
    as_of : datetime
        Instant of the snapshot.
    log : DefectLog
        Takes symbols that name nothing, and options that have expired.

    Returns
    -------
    instruments : InstrumentRows
        With a row more for each option or stock that only `positions` names, sorted by symbol.
    row : ndarray of int32, shape (m,)
        Instrument of each position; -1 where it has none.
    """
    text = table.text["symbol"]
    key = compact_symbol(text.value)
    found = _find(key, instruments)
    new = np.flatnonzero((found < 0) & pc.not_equal(key, "").to_numpy(zero_copy_only=False))
    if new.size:
        new = new[pc.sort_indices(key.take(pa.array(new))).to_numpy()]
        new_key = key.take(pa.array(new))
        first = first_rows(as_text(class_share_name(new_key)))
        more, flaw = _spelled_out(text.value.take(pa.array(new)), new_key, underlyings, as_of)
        is_known = flaw < 0
        row = np.cumsum(is_known & (first == np.arange(len(new)))) - 1 + len(instruments)
        found[new] = np.where(is_known, row[first], -1)
        is_added = is_known & (first == np.arange(len(new)))
        instruments = _joined(instruments, more, np.flatnonzero(is_added))
        flaw_of_value = np.full(len(key) + 1, -1)
        flaw_of_value[new] = flaw
        flaw_of_row = flaw_of_value[text.code]
        for number, message in enumerate(_flaws(as_of)):
            log.add(table, "symbol", flaw_of_row == number, message)
    return instruments, np.append(found, np.int32(-1))[text.code].astype(np.int32)


def account_rows(positions: TableData, accounts: TableData | None, log: DefectLog) -> AccountRows:
    """Check the table of accounts and put all accounts in order.

    Parameters
    ----------
    positions : TableData
        The table `positions`; may name further accounts, which have no cash.
    accounts : TableData or None
        The table `accounts`.
    log : DefectLog
        Takes what is wrong: an account missing or twice, cash that is not finite, a type that does
        not exist.

    Returns
    -------
    AccountRows
        Sorted by name.
    """
    holders = positions.text["account"]
    if accounts is None:
        order, rank = _sorted_names(holders.value)
        portfolio = pa.array(["portfolio"] * len(order), pa.string())
        return AccountRows(
            name=order,
            cash=np.zeros(len(order)),
            account_type=portfolio,
            monitoring=None,
            of_position=np.append(rank, np.int32(-1))[holders.code],
            of_account=np.zeros(0, np.int32),
        )
    text, cash = accounts.text["account"], accounts.number["cash"].value
    log.add(accounts, "account", text.is_null, "must be given")
    first = first_rows(text)
    again = first != np.arange(len(accounts))
    log.add(accounts, "account", again, lambda row: f"must be unique, row {first[row] + 1} has it")
    log.add(accounts, "cash", ~np.isfinite(cash), "must be a finite number")
    code, is_unknown = accounts.text["account_type"].coded(
        {name: k for k, name in enumerate(ACCOUNT_TYPES)}, 0
    )
    log.add(accounts, "account_type", is_unknown, f"must be one of {', '.join(ACCOUNT_TYPES)}")
    both = pa.chunked_array([text.value, holders.value]).combine_chunks()
    order, rank = _sorted_names(both)
    of_account = np.append(rank[: len(text.value)], np.int32(-1))[text.code]
    of_position = np.append(rank[len(text.value) :], np.int32(-1))[holders.code]
    all_cash, all_types = np.zeros(len(order)), np.zeros(len(order), np.int8)
    is_named = of_account >= 0
    all_cash[of_account[is_named]] = cash[is_named]
    all_types[of_account[is_named]] = np.where(is_unknown, 0, code)[is_named]
    return AccountRows(
        name=order,
        cash=all_cash,
        account_type=pa.array(ACCOUNT_TYPES).take(pa.array(all_types)),
        monitoring=_monitoring(accounts, of_account, len(order), log),
        of_position=of_position,
        of_account=of_account,
    )


def _monitoring(
    accounts: TableData, of_account: I32, n_accounts: int, log: DefectLog
) -> pa.StringArray | None:
    """Return how each account is monitored; None where the table never says it."""
    code, is_unknown = accounts.text["monitoring"].coded(
        {name: k for k, name in enumerate(MONITORING)}, len(MONITORING)
    )
    log.add(accounts, "monitoring", is_unknown, f"must be one of {', '.join(MONITORING)}")
    if accounts.text["monitoring"].is_null.all():
        return None
    found = np.full(n_accounts, len(MONITORING), np.int8)
    is_named = of_account >= 0
    found[of_account[is_named]] = code[is_named]
    return pa.array([*MONITORING, None], pa.string()).take(pa.array(found))


def sort_positions(
    account: I32, instrument: I32, quantity: F64, rank: I64, n_accounts: int
) -> tuple[I64, I32, F64]:
    """Sort positions into one run per account, and add up what is held twice.

    Parameters
    ----------
    account, instrument : ndarray of int32, shape (m,)
        Account and instrument of each position.
    quantity : ndarray of float64, shape (m,)
        Contracts or shares.
    rank : ndarray of int64, shape (n,)
        Place of each instrument within an account.
    n_accounts : int
        Number of accounts.

    Returns
    -------
    offset : ndarray of int64, shape (a + 1,)
        Positions of account `i` are the rows from `offset[i]` to `offset[i + 1]`.
    instrument : ndarray of int32
        Instrument of each position that is left, by rank.
    quantity : ndarray of float64
        Its quantity; never zero.
    """
    key = account.astype(np.int64) * max(len(rank), 1) + rank[instrument]
    if len(key) and not (key[1:] >= key[:-1]).all():
        order = np.argsort(key, kind="stable")
        key, account = key[order], account[order]
        instrument, quantity = instrument[order], quantity[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, int)
    if len(starts) < len(key):
        quantity = np.add.reduceat(quantity, starts)
        account, instrument = account[starts], instrument[starts]
    if not quantity.all():
        held = quantity != 0
        account, instrument, quantity = account[held], instrument[held], quantity[held]
    count = np.bincount(account, minlength=n_accounts)
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64), instrument, quantity


def _sorted_names(name: pa.StringArray) -> tuple[pa.StringArray, I32]:
    """Return the distinct names in order, and the place of each name among them."""
    encoded = name.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return encoded.dictionary.take(pa.array(order)), rank[encoded.indices.to_numpy()]


def _find(key: pa.StringArray, instruments: InstrumentRows) -> I32:
    """Return the instrument of each key, -1 where there is none.

    The keys are the smaller side, so the instruments are looked up in them.
    """
    value = rows_in(instruments.key, key)
    row = np.flatnonzero(value >= 0)[::-1]
    found = np.full(len(key), -1, np.int32)
    found[value[row]] = row  # of several rows with one key, the first is written last
    first = first_rows(as_text(key))
    return np.where(found >= 0, found, found[first]).astype(np.int32)


def _flaws(as_of: dt.datetime) -> tuple[str, ...]:
    """Return what is said of a symbol that names nothing that can be held, by number."""
    return (
        UNKNOWN,
        "must have a row in instruments: the root of an adjusted contract does not say its terms",
        "must have a row in instruments: the exercise style of this index root is not known",
        "must have a positive strike",
        f"must expire after {as_of:%Y-%m-%d %H:%M} (expired)",
        "must name an option or future: an index has no shares",
    )


def _spelled_out(
    symbol: pa.StringArray, key: pa.StringArray, underlyings: UnderlyingRows, as_of: dt.datetime
) -> tuple[InstrumentRows, I64]:
    """Return the instruments that symbols spell, and the number of what is wrong with each."""
    terms = parse_osi(key)
    roots = match_roots(terms.root, underlyings.columns.name)
    is_option = terms.is_osi
    named = np.where(is_option, roots.underlying, underlyings.find(symbol)).astype(np.int32)
    is_index = np.append(underlyings.is_index, np.False_)[named]
    n = len(symbol)
    pm = np.where(roots.settlement == SETTLEMENT_NONE, SETTLEMENT_PM, roots.settlement)
    american = np.where(roots.exercise == EXERCISE_NONE, EXERCISE_AMERICAN, roots.exercise)
    spot = np.append(underlyings.columns.price, np.nan)[named]
    rows = InstrumentRows(
        key=key,
        first=np.arange(n, dtype=np.int32),
        symbol=symbol,
        underlying=named,
        kind=np.where(is_option, KIND_OPTION, KIND_STOCK).astype(np.int8),
        right=terms.right,
        strike=np.where(is_option, terms.strike, 0.0),
        expiry=terms.expiry,
        exercise=np.where(is_option, american, EXERCISE_NONE).astype(np.int8),
        settlement=np.where(is_option, pm, SETTLEMENT_NONE).astype(np.int8),
        multiplier=np.where(is_option, OPTION_MULTIPLIER, STOCK_MULTIPLIER),
        price=np.where(is_option, np.nan, spot),
        implied_volatility=np.full(n, np.nan),
    )
    flaw = np.full(n, -1)
    wrong: tuple[Bool, ...] = (
        (named < 0) & ~roots.is_adjusted,
        roots.is_adjusted,
        is_option & is_index & (roots.exercise == EXERCISE_NONE),
        is_option & ~(rows.strike > 0),
        is_option & rows.has_expired(as_of),
        ~is_option & is_index,
    )
    for number, is_wrong in enumerate(wrong):
        flaw = np.where((flaw < 0) & is_wrong, number, flaw)
    return rows, flaw


def _joined(one: InstrumentRows, other: InstrumentRows, row: I64) -> InstrumentRows:
    """Return the rows of one followed by some rows of the other."""
    index = pa.array(row)
    columns = {}
    for field in fields(InstrumentRows):
        above, below = getattr(one, field.name), getattr(other, field.name)
        if isinstance(above, np.ndarray):
            columns[field.name] = np.concatenate([above, below[row]])
        else:
            both = pa.chunked_array([above, below.take(index)], pa.string())
            columns[field.name] = both.combine_chunks()
    columns["first"] = np.concatenate(
        [one.first, np.arange(len(one), len(one) + len(row), dtype=np.int32)]
    )
    return InstrumentRows(**columns)
