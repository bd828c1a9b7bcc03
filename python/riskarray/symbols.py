# SPDX-License-Identifier: Apache-2.0
"""Option symbols in both spellings, and the names of class shares.

An OSI symbol names an option series: root, expiry (yymmdd), right (C or P) and strike in
thousandths of a dollar (eight digits). The official form pads the root to six characters with
spaces (21 characters in all); the compact form leaves the padding out. Everything here works on
whole columns.

References
----------
OCC, Options Symbology Initiative (2010).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import F64, I8, I32, I64, Bool

TERMS_LENGTH: Final = 15  # yymmdd, C or P, eight digits of strike
ROOT_LENGTH: Final = 6
PADDED_LENGTH: Final = ROOT_LENGTH + TERMS_LENGTH
CLASS_SEPARATOR: Final = r"[-./ ]"
CENTURY: Final = np.datetime64("2000-01", "M")  # of the two-digit year

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class OsiTerms:
    """The terms that a column of symbols spells out.

    Parameters
    ----------
    is_osi : ndarray of bool, shape (n,)
        Whether the symbol is an OSI symbol with a valid date; the rest holds only where it is.
    root : StringArray, shape (n,)
        Root without padding; null elsewhere.
    expiry : ndarray of datetime64[D], shape (n,)
        Expiry; NaT elsewhere.
    right : ndarray of int8, shape (n,)
        +1 call, -1 put; 0 elsewhere.
    strike : ndarray of float64, shape (n,)
        Strike in USD; NaN elsewhere. Zero is possible: it is the caller's to refuse.
    """

    is_osi: Bool
    root: pa.StringArray
    expiry: npt.NDArray[np.datetime64]
    right: I8
    strike: F64


def parse_osi(symbol: pa.StringArray) -> OsiTerms:
    """Read the terms out of a column of symbols.

    Parameters
    ----------
    symbol : StringArray, shape (n,)
        Symbols of any kind; what is not an OSI symbol is marked so, never an error.

    Returns
    -------
    OsiTerms
        Terms of each row.
    """
    symbol = _plain_strings(symbol)
    n = len(symbol)
    is_osi = np.zeros(n, np.bool_)
    expiry = np.full(n, np.datetime64("NaT"), "datetime64[D]")
    right = np.zeros(n, np.int8)
    strike = np.full(n, np.nan)
    start, end, data = _extents(symbol)
    length = end - start
    candidate = np.flatnonzero((length > TERMS_LENGTH) & (length <= PADDED_LENGTH))
    if candidate.size:
        start, end = start[candidate], end[candidate]
        terms = [data[end - TERMS_LENGTH + k] for k in range(TERMS_LENGTH)]
        ok, day, sign, price = _read_terms(terms)
        ok &= _is_root(data, start, end - start - TERMS_LENGTH)
        row = candidate[ok]
        is_osi[row] = True
        expiry[row], right[row], strike[row] = day[ok], sign[ok], price[ok]
    sliced = pc.utf8_rtrim(pc.utf8_slice_codeunits(symbol, 0, -TERMS_LENGTH), " ")
    root = pc.if_else(pa.array(is_osi), sliced, pa.scalar(None, pa.string()))
    return OsiTerms(is_osi=is_osi, root=root, expiry=expiry, right=right, strike=strike)


def compact_symbol(symbol: pa.StringArray) -> pa.StringArray:
    """Return the symbols with the padding of OSI roots removed and all others as they are.

    Parameters
    ----------
    symbol : StringArray, shape (n,)
        Symbols of any kind.

    Returns
    -------
    StringArray, shape (n,)
        One spelling per series, fit for look-ups.
    """
    symbol = _plain_strings(symbol)
    padded = pc.fill_null(pc.match_substring(symbol, " "), fill_value=False)
    row = np.flatnonzero(padded.to_numpy(zero_copy_only=False))
    if not row.size:
        return symbol
    row = row[parse_osi(symbol.take(pa.array(row))).is_osi]
    mask = np.zeros(len(symbol), np.bool_)
    mask[row] = True
    return pc.if_else(pa.array(mask), pc.replace_substring(symbol, " ", ""), symbol)


def padded_symbol(symbol: pa.StringArray) -> pa.StringArray:
    """Return the symbols with OSI roots padded to six characters and all others as they are.

    Parameters
    ----------
    symbol : StringArray, shape (n,)
        Symbols of any kind.

    Returns
    -------
    StringArray, shape (n,)
        OSI symbols have 21 characters.
    """
    symbol = _plain_strings(symbol)
    terms = parse_osi(symbol)
    root = pc.utf8_rpad(terms.root, ROOT_LENGTH, " ")
    tail = pc.utf8_slice_codeunits(symbol, -TERMS_LENGTH)
    joined = pc.binary_join_element_wise(root, tail, "")
    return pc.if_else(pa.array(terms.is_osi), joined, symbol)


def class_share_name(name: pa.StringArray) -> pa.StringArray:
    """Return ticker names with one separator before the class letter: BRK-B, BRK/B -> BRK.B.

    Parameters
    ----------
    name : StringArray, shape (n,)
        Tickers in any of the usual spellings.

    Returns
    -------
    StringArray, shape (n,)
        Names that are equal when they mean the same share.
    """
    return pc.replace_substring_regex(_plain_strings(name), CLASS_SEPARATOR, ".")


def option_root(name: pa.StringArray) -> pa.StringArray:
    """Return the root under which options on a ticker are listed: BRK-B -> BRKB.

    Parameters
    ----------
    name : StringArray, shape (n,)
        Tickers of underlyings.

    Returns
    -------
    StringArray, shape (n,)
        Standard roots.
    """
    return pc.replace_substring_regex(_plain_strings(name), CLASS_SEPARATOR, "")


def rows_in(value: pa.StringArray, names: pa.StringArray) -> I32:
    """Return the row of each value in a column of names.

    Parameters
    ----------
    value : StringArray, shape (n,)
        What is looked up, in one hash look-up each.
    names : StringArray
        Where it is looked up.

    Returns
    -------
    ndarray of int32, shape (n,)
        The first row of that name; -1 where the value is null or not among them.
    """
    row = pc.index_in(value, value_set=names, skip_nulls=True)
    found: I32 = pc.fill_null(row, -1).to_numpy(zero_copy_only=False)
    return found


def _plain_strings(column: pa.Array) -> pa.StringArray:
    """Return the column as one string array (not chunked, dictionary-encoded or large)."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if column.type == pa.string() else pc.cast(column, pa.string())


def _extents(
    symbol: pa.StringArray,
) -> tuple[I64, I64, Bytes]:
    """Return where each string starts and ends in the bytes behind the column; nulls are empty."""
    _, offsets, data = symbol.buffers()
    n = len(symbol)
    if n == 0 or data is None:
        return np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(0, np.uint8)
    first = symbol.offset
    extent = np.frombuffer(offsets, np.int32)[first : first + n + 1].astype(np.int64)
    start, end = extent[:-1], extent[1:]
    if symbol.null_count:
        end = np.where(pc.is_null(symbol).to_numpy(zero_copy_only=False), start, end)
    return start, end, np.frombuffer(data, np.uint8)


def _read_terms(
    byte: list[Bytes],
) -> tuple[Bool, npt.NDArray[np.datetime64], I8, F64]:
    """Read yymmdd, right and strike from the last fifteen bytes of each symbol."""
    is_call = byte[6] == ord("C")
    ok: Bool = is_call | (byte[6] == ord("P"))
    digit = [b - np.uint8(ord("0")) for b in byte]  # a byte below '0' wraps to a large number
    for k in (*range(6), *range(7, TERMS_LENGTH)):
        ok &= digit[k] <= 9  # noqa: PLR2004
    year, month, day = (_number(digit[k : k + 2]) for k in (0, 2, 4))
    ok &= (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004
    first = (CENTURY + np.arange(1201)).astype("datetime64[D]")
    row = np.where(ok, year * 12 + month - 1, 0)
    ok &= day <= np.diff(first).astype(np.int64)[row]
    expiry: npt.NDArray[np.datetime64] = first[row] + (day - 1).astype("timedelta64[D]")
    return ok, expiry, np.where(is_call, 1, -1).astype(np.int8), _number(digit[7:]) / 1000


def _number(digit: list[Bytes]) -> I32:
    """Return the number that columns of decimal digits spell (at most eight of them)."""
    total = digit[0].astype(np.int32)
    for d in digit[1:]:
        total = total * np.int32(10) + d
    return total


def _is_root(data: Bytes, start: I64, length: I64) -> Bool:
    """Say whether the leading bytes are letters and digits, padded only to the full six."""
    is_letter = np.zeros(256, np.bool_)
    is_letter[[*range(ord("A"), ord("Z") + 1), *range(ord("0"), ord("9") + 1)]] = True
    is_full = length == ROOT_LENGTH
    before = np.ones(len(start), np.bool_)  # the character before is a letter
    ok = before.copy()
    for k in range(ROOT_LENGTH):
        inside = length > k
        byte = data[start + k]  # fifteen more bytes follow, so this stays within the column
        letter = is_letter[byte]
        padding = is_full & (byte == ord(" ")) if k else np.False_
        ok &= ~inside | (letter & before) | padding
        before = letter
    return ok
