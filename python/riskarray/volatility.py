# SPDX-License-Identifier: Apache-2.0
"""The volatility of every option of a market, and where it comes from.

In this order, per option:

1. `given`: the column `implied_volatility`.
2. `solved`: from its price, with the model that it is priced with.
3. `neighbours`: between the nearest strikes of its underlying and expiry that have a source.
4. `underlying`: from the nearest expiry of its underlying that has one, at the same number of
   standard deviations from the forward.
5. `market`: the median over the underlyings of its portfolio type, when at least 100 of them have
   a source; for a listed series of which no quote of any strike or expiry is left.

A volatility that is given is a source for others. One that is solved is a source when the option is
out of the money, or within 5 % of the forward: closing files hold stale quotes deep in the money.
Where call and put of a strike are both sources the one out of the money counts. Deep in-the-money
solutions are sources only for what none of the others reaches.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import pyarrow as pa

from riskarray import kernels
from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends import BackendName
from riskarray.kernel_codes import VolatilityStatus
from riskarray.market import KIND_OPTION, Market
from riskarray.smiles import Smiles

__all__ = [
    "OptionTerms",
    "Volatilities",
    "VolatilitySource",
    "dividend_value",
    "option_terms",
    "volatilities",
]

NEAR_THE_MONEY: Final = 0.05
"""Greatest |ln(strike / forward)| of a solved in-the-money option that is a source for others."""

MIN_UNDERLYINGS: Final = 100
"""Fewest underlyings of a portfolio type whose median is a source for the others."""

NO_CODE: Final = -1
"""Stands for null: the instrument needs no volatility, or none was looked for in a price."""


class VolatilitySource(IntEnum):
    """Where the volatility of an option comes from, best first."""

    GIVEN = 0
    SOLVED = 1
    NEIGHBOURS = 2
    UNDERLYING = 3
    MARKET = 4
    NONE = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionTerms:
    """Terms of the instruments in the form that the kernels take; linear ones hold placeholders.

    Attributes
    ----------
    underlying : ndarray of int32, shape (n,)
        Row of the underlying.
    model : ndarray of int8, shape (n,)
        `riskarray.kernel_codes.Model`.
    right : ndarray of int8, shape (n,)
        +1 or -1.
    strike, rate, dividend_yield, time_to_expiry : ndarray, shape (n,)
        As in the contract.
    """

    underlying: I32
    model: I8
    right: I8
    strike: F64
    rate: F64
    dividend_yield: F64
    time_to_expiry: F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volatilities:
    """The volatility of every instrument.

    Attributes
    ----------
    volatility : ndarray, shape (n,)
        NaN where the instrument needs none or has no source.
    source : ndarray of int8, shape (n,)
        `VolatilitySource`; -1 where the instrument needs none: stock, futures, expired options.
    status : ndarray of int8, shape (n,)
        `riskarray.kernel_codes.VolatilityStatus` of the search in its price; -1 where there was
        none.
    """

    volatility: F64
    source: I8
    status: I8

    def sources(self) -> pa.DictionaryArray:
        """Return the sources in words, null for what needs none."""
        return _in_words(self.source, VolatilitySource)

    def statuses(self) -> pa.DictionaryArray:
        """Return the statuses in words, null where no price was inverted."""
        return _in_words(self.status, VolatilityStatus)


def _in_words(code: I8, names: type[IntEnum]) -> pa.DictionaryArray:
    index = pa.array(code, mask=code == NO_CODE)
    return pa.DictionaryArray.from_arrays(index, pa.array([name.name.lower() for name in names]))


def option_terms(market: Market) -> OptionTerms:
    """Return the instruments of a market as the kernels take them.

    Parameters
    ----------
    market : Market
        The snapshot.

    Returns
    -------
    OptionTerms
        Options keep their exercise style as model; stock and futures are linear.
    """
    instruments = market.instruments
    is_option = instruments.kind == KIND_OPTION
    time = market.time_to_expiry()
    return OptionTerms(
        underlying=np.ascontiguousarray(instruments.underlying),
        model=np.where(is_option, instruments.exercise, 0).astype(np.int8),
        right=np.where(is_option, instruments.right, 1).astype(np.int8),
        strike=np.where(is_option, instruments.strike, 1.0),
        rate=market.rates.at(time),
        dividend_yield=market.underlyings.dividend_yield[instruments.underlying],
        time_to_expiry=time,
    )


def volatilities(
    market: Market,
    terms: OptionTerms,
    *,
    backend: BackendName | None = None,
    threads: int = 0,
) -> Volatilities:
    """Return the volatility of every option, with its source.

    Parameters
    ----------
    market : Market
        The snapshot.
    terms : OptionTerms
        Its instruments, from `option_terms`.
    backend : {"native", "numba"}, optional
        Backend of the kernel.
    threads : int
        0 for all processors. The result does not depend on it.

    Returns
    -------
    Volatilities
        Per instrument; the order of instruments and underlyings does not matter.
    """
    needs = (terms.model != 0) & (terms.time_to_expiry > 0.0)
    given = market.instruments.implied_volatility
    is_given = needs & ~np.isnan(given)
    volatility = np.where(is_given, given, np.nan)
    source = np.where(needs, VolatilitySource.NONE, NO_CODE).astype(np.int8)
    source[is_given] = VolatilitySource.GIVEN
    status = np.full(len(needs), NO_CODE, np.int8)

    row = np.flatnonzero(needs & ~is_given)
    volatility[row], status[row] = _solve(market, terms, row, backend, threads)
    source[row[status[row] == VolatilityStatus.OK]] = VolatilitySource.SOLVED
    _fill(market, terms, np.flatnonzero(needs), volatility, source)
    return Volatilities(volatility=volatility, source=source, status=status)


def _solve(
    market: Market, terms: OptionTerms, row: I64, backend: BackendName | None, threads: int
) -> tuple[F64, I8]:
    dividends = market.dividends
    return kernels.implied_volatility(
        market.instruments.price[row],
        terms.model[row],
        np.ascontiguousarray(market.underlyings.price[:, None]),
        terms.underlying[row],
        terms.right[row],
        terms.strike[row],
        terms.rate[row],
        terms.dividend_yield[row],
        terms.time_to_expiry[row],
        dividends.offset,
        dividends.time,
        dividends.amount,
        backend=backend,
        threads=threads,
    )


def _fill(market: Market, terms: OptionTerms, option: I64, volatility: F64, source: I8) -> None:
    """Give a volatility and a source to the options without one."""
    log_moneyness = np.full(len(source), np.nan)
    log_moneyness[option] = _log_moneyness(market, terms, option)
    is_sourced = source[option] <= VolatilitySource.SOLVED
    out_of_the_money = terms.right[option] * log_moneyness[option] >= 0.0
    is_near = np.abs(log_moneyness[option]) <= NEAR_THE_MONEY
    is_given = source[option] == VolatilitySource.GIVEN
    is_trusted = is_sourced & (is_given | out_of_the_money | is_near)
    preference = np.where(is_given, 0, 2) + np.where(out_of_the_money, 0, 1)
    n_underlyings = len(market.underlyings)
    for is_source in (is_trusted, is_sourced):
        missing = option[np.isnan(volatility[option])]
        wanted = np.zeros(n_underlyings, np.bool_)
        wanted[terms.underlying[missing]] = True
        is_point = is_source & wanted[terms.underlying[option]]
        points = option[is_point]
        smiles = Smiles.of(
            underlying=terms.underlying[points].astype(np.int64),
            time=terms.time_to_expiry[points],
            log_moneyness=log_moneyness[points],
            volatility=volatility[points],
            preference=preference[is_point],
            n_underlyings=n_underlyings,
        )
        found, is_own = smiles.at(
            terms.underlying[missing].astype(np.int64),
            terms.time_to_expiry[missing],
            log_moneyness[missing],
        )
        volatility[missing] = found
        code = np.where(is_own, VolatilitySource.NEIGHBOURS, VolatilitySource.UNDERLYING)
        source[missing] = np.where(np.isnan(found), VolatilitySource.NONE, code)
    _fill_from_market(market, terms, option[is_trusted], option, volatility, source)


def _fill_from_market(
    market: Market, terms: OptionTerms, points: I64, option: I64, volatility: F64, source: I8
) -> None:
    """Give the median of their portfolio type to what no quote of the underlying reaches."""
    missing = option[np.isnan(volatility[option])]
    if not len(missing) or not len(points):
        return
    known, median = _medians(terms.underlying[points], volatility[points])
    codes = market.underlyings.portfolio_type.dictionary_encode()
    portfolio_type = codes.indices.to_numpy()
    of_type = np.full(len(codes.dictionary), np.nan)
    for code in range(len(of_type)):
        of_members = median[portfolio_type[known] == code]
        if len(of_members) >= MIN_UNDERLYINGS:
            of_type[code] = np.sort(of_members)[(len(of_members) - 1) // 2]
    found = of_type[portfolio_type[terms.underlying[missing]]]
    volatility[missing] = found
    source[missing[~np.isnan(found)]] = VolatilitySource.MARKET


def _medians(group: I32, value: F64) -> tuple[I32, F64]:
    """Return the distinct groups and the (lower) median of each."""
    order = np.lexsort((value, group))
    ordered = group[order]
    begin = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    middle = begin + (np.diff(np.append(begin, len(order))) - 1) // 2
    return ordered[begin], value[order[middle]]


def _log_moneyness(market: Market, terms: OptionTerms, row: I64) -> F64:
    """Return ln(strike / forward); where dividends take all of the spot, they are left out."""
    u = terms.underlying[row]
    time = terms.time_to_expiry[row]
    growth = terms.rate[row] - terms.dividend_yield[row]
    spot = market.underlyings.price[u]
    escrowed = spot - dividend_value(market, u, growth, time)
    forward = np.where(escrowed > 0.0, escrowed, spot) * np.exp(growth * time)
    log_moneyness: F64 = np.log(terms.strike[row] / forward)
    return log_moneyness


def dividend_value(market: Market, underlying: I32, growth: F64, time: F64) -> F64:
    """Return the present value of the dividends that count for each series, as the kernels do.

    Parameters
    ----------
    market : Market
        The snapshot.
    underlying : ndarray of int32, shape (m,)
        Row of each series' underlying.
    growth, time : ndarray, shape (m,)
        Rate less yield, per year, and years to expiry.

    Returns
    -------
    ndarray, shape (m,)
        USD per share.
    """
    dividends = market.dividends
    total = np.zeros(len(time))
    begin, end = dividends.offset[underlying], dividends.offset[underlying + 1]
    row = np.flatnonzero(begin < end)
    k = begin[row]
    while len(row):  # one round per dividend of the underlying that has most
        counts = dividends.time[k] <= time[row]
        total[row] += np.where(
            counts, dividends.amount[k] * np.exp(-growth[row] * dividends.time[k]), 0.0
        )
        k = k + 1
        is_left = counts & (k < end[row])
        row, k = row[is_left], k[is_left]
    return total
