# SPDX-License-Identifier: Apache-2.0
"""Volatilities by expiry and strike, and what they say of series without one.

Rows are never looped over: every search below halves all of its intervals at once.
"""

from dataclasses import dataclass

import numpy as np

from riskarray.array_types import F64, I64, Bool

__all__ = ["Smiles", "lower_bound"]


def lower_bound(values: F64, begin: I64, end: I64, wanted: F64) -> I64:
    """Return the first place in each interval of rising values that is not below the wanted one.

    Parameters
    ----------
    values : ndarray, shape (k,)
        Rising within each interval.
    begin, end : ndarray of int64, shape (m,)
        The intervals, `end` excluded.
    wanted : ndarray, shape (m,)
        What to look for.

    Returns
    -------
    ndarray of int64, shape (m,)
        From `begin` to `end`.
    """
    low, high = begin.copy(), end.copy()
    longest = int((end - begin).max(initial=0))
    for _ in range(longest.bit_length()):
        middle = (low + high) >> 1
        is_open = low < high
        is_below = is_open & (values[np.minimum(middle, len(values) - 1)] < wanted)
        low = np.where(is_below, middle + 1, low)
        high = np.where(is_open & ~is_below, middle, high)
    return low


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Smiles:
    """Sourced volatilities, sorted by underlying, expiry and log-moneyness.

    Attributes
    ----------
    expiry_begin : ndarray of int64, shape (u + 1,)
        Expiries of each underlying.
    time : ndarray, shape (e,)
        Years to each expiry, rising within an underlying.
    point_begin : ndarray of int64, shape (e + 1,)
        Points of each expiry.
    log_moneyness, variance : ndarray, shape (k,)
        Of each point: ln(strike / forward), rising within an expiry, and squared volatility.
    """

    expiry_begin: I64
    time: F64
    point_begin: I64
    log_moneyness: F64
    variance: F64

    @classmethod
    def of(
        cls,
        *,
        underlying: I64,
        time: F64,
        log_moneyness: F64,
        volatility: F64,
        preference: I64,
        n_underlyings: int,
    ) -> "Smiles":
        """Build the smiles of some series; of equal strikes the least preference counts.

        Of equal preferences the lower volatility counts, so that the order of the series does not
        matter.
        """
        order = np.lexsort((volatility, preference, log_moneyness, time, underlying))
        u, t, x = underlying[order], time[order], log_moneyness[order]
        is_new_expiry = np.r_[True, (u[1:] != u[:-1]) | (t[1:] != t[:-1])][: len(order)]
        is_point = is_new_expiry | np.r_[True, x[1:] != x[:-1]][: len(order)]
        point = order[is_point]
        begin = np.flatnonzero(is_new_expiry[is_point])
        first = point[begin]
        return cls(
            expiry_begin=np.searchsorted(underlying[first], np.arange(n_underlyings + 1)),
            time=time[first],
            point_begin=np.append(begin, len(point)),
            log_moneyness=log_moneyness[point],
            variance=np.square(volatility[point]),
        )

    def at(self, underlying: I64, time: F64, log_moneyness: F64) -> tuple[F64, Bool]:
        """Return volatilities between the points of the nearest expiry of each underlying.

        The expiry nearest in time counts, the earlier of two that are as near. Within it, total
        variance is linear in log-moneyness and flat beyond the first and last point. At another
        expiry the log-moneyness is scaled by the square root of the times, so that the same number
        of standard deviations gives the same volatility.

        Parameters
        ----------
        underlying : ndarray of int64, shape (m,)
            Row of the underlying.
        time : ndarray, shape (m,)
            Years to expiry; positive.
        log_moneyness : ndarray, shape (m,)
            ln(strike / forward).

        Returns
        -------
        volatility : ndarray, shape (m,)
            NaN where the underlying has no point.
        is_own : ndarray of bool, shape (m,)
            Whether it comes from the series' own expiry.
        """
        volatility = np.full(len(time), np.nan)
        is_own = np.zeros(len(time), np.bool_)
        begin, end = self.expiry_begin[underlying], self.expiry_begin[underlying + 1]
        row = np.flatnonzero(begin < end)
        if len(row):
            expiry = self._nearest_expiry(begin[row], end[row], time[row])
            scale = np.sqrt(self.time[expiry] / time[row])
            volatility[row] = self._between_points(expiry, log_moneyness[row] * scale)
            is_own[row] = self.time[expiry] == time[row]
        return volatility, is_own

    def _nearest_expiry(self, begin: I64, end: I64, time: F64) -> I64:
        after = lower_bound(self.time, begin, end, time)
        later = np.minimum(after, end - 1)
        earlier = np.maximum(after - 1, begin)
        is_earlier = (time - self.time[earlier]) <= np.abs(self.time[later] - time)
        return np.where((after > begin) & is_earlier, earlier, later)

    def _between_points(self, expiry: I64, log_moneyness: F64) -> F64:
        begin, end = self.point_begin[expiry], self.point_begin[expiry + 1]
        after = lower_bound(self.log_moneyness, begin, end, log_moneyness)
        right = np.minimum(after, end - 1)
        left = np.maximum(after - 1, begin)
        width = self.log_moneyness[right] - self.log_moneyness[left]
        part = (log_moneyness - self.log_moneyness[left]) / np.where(width > 0, width, 1.0)
        part = np.clip(part, 0.0, 1.0)
        variance = self.variance[left] * (1.0 - part) + self.variance[right] * part
        volatility: F64 = np.sqrt(variance)
        return volatility
