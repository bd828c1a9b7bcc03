# SPDX-License-Identifier: Apache-2.0
"""Sensitivities of each instrument at the market's prices.

Value, delta and gamma come from one solve per series, which prices the spot and one on either side;
vega takes two more at one spot, and theta follows from the pricing equation.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from riskarray import kernels
from riskarray.array_types import F64, AnyArray
from riskarray.backends import BackendName
from riskarray.kernel_codes import Model
from riskarray.market import Market
from riskarray.pricing import RiskArrays
from riskarray.valuation import future_ratio
from riskarray.volatility import OptionTerms, dividend_value, option_terms

__all__ = ["Greeks", "greeks"]

SPOT_STEPS: Final = (1e-3, 2.5e-3, 5e-3, 1e-2, 2e-2)
"""Distances of the spots on either side, as fractions of the spot: the first unless the value comes
from a grid, then the one next above `STEP_OF_DEVIATION` deviations, about a node's distance."""

STEP_OF_DEVIATION: Final = 0.08

VOLATILITY_STEP: Final = 1e-3
"""Change of the volatility on either side."""

_DAYS: Final = 365.0
_VOLATILITY_POINT: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Greeks:
    """Sensitivities of one contract or share, multiplier included; NaN without a volatility.

    Attributes
    ----------
    delta : ndarray, shape (n,)
        USD per USD of the underlying: equivalent shares.
    gamma : ndarray, shape (n,)
        Change of `delta` per USD of the underlying.
    vega : ndarray, shape (n,)
        USD per volatility point (0.01).
    theta : ndarray, shape (n,)
        USD per calendar day at an unchanged spot; 0 where exercise is due now.
    """

    delta: F64
    gamma: F64
    vega: F64
    theta: F64

    def to_columns(self) -> dict[str, pa.DoubleArray]:
        """Return the columns of a table; null where there is no number."""
        return {
            "delta": pa.array(self.delta, from_pandas=True),
            "gamma": pa.array(self.gamma, from_pandas=True),
            "vega": pa.array(self.vega, from_pandas=True),
            "theta": pa.array(self.theta, from_pandas=True),
        }


def greeks(
    market: Market,
    arrays: RiskArrays,
    *,
    backend: BackendName | None = None,
    threads: int = 0,
) -> Greeks:
    """Return the sensitivities of all instruments of a market.

    Parameters
    ----------
    market : Market
        The snapshot.
    arrays : RiskArrays
        Of that market; they give the volatilities.
    backend : {"native", "numba"}, optional
        Backend of the kernels.
    threads : int
        0 for all processors. The result does not depend on it.

    Returns
    -------
    Greeks
        In the order of the market's instruments. Delta and gamma are central differences over
        0.1 % of the spot: the gamma of a series whose standard deviation to expiry is below 0.5 %
        is that of a few cents around the strike. American options with cash dividends are priced
        on a grid; there the difference is over 0.1 to 2 % of the spot, as the deviation is, and
        gamma where exercise begins is that of the neighbourhood, not of the point.

    Raises
    ------
    ValueError
        If the risk arrays are not of this market.

    References
    ----------
    Black and Scholes (1973), eq. 7, for theta, with the yield and the growth of dividends still
    to come.
    """
    if len(arrays) != len(market.instruments.symbol):
        need = f"one row per instrument ({len(market.instruments.symbol)})"
        msg = f"greeks: arrays must have {need}, got {len(arrays)}"
        raise ValueError(msg)
    terms = option_terms(market)
    volatility = np.where(np.isnan(arrays.base), np.nan, np.nan_to_num(arrays.volatility))
    solve = _Solve(market=market, terms=terms, backend=backend, threads=threads)
    spot = market.underlyings.price[terms.underlying]
    fraction = _spot_step(market, terms, volatility)
    step = fraction * spot
    value, down, up = solve.around(volatility, fraction)
    delta = (up - down) / (2.0 * step)
    gamma = (up + down) / (step * step)
    lower = np.maximum(volatility - VOLATILITY_STEP, 0.0)
    higher = volatility + VOLATILITY_STEP
    vega = (solve.around(higher)[0] - solve.around(lower)[0]) / (higher - lower)
    theta = _theta(market, terms, volatility, value, delta, gamma)
    unit = market.instruments.multiplier
    is_linear = terms.model == Model.LINEAR
    return Greeks(
        delta=np.where(is_linear, future_ratio(market), delta) * unit,
        gamma=np.where(is_linear, 0.0, gamma) * unit,
        vega=np.where(is_linear, 0.0, vega) * unit * _VOLATILITY_POINT,
        theta=np.where(is_linear, 0.0, theta) * unit / _DAYS,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Solve:
    """A market and its instruments, ready for the kernel."""

    market: Market
    terms: OptionTerms
    backend: BackendName | None
    threads: int

    def around(self, volatility: F64, fraction: F64 | None = None) -> F64:
        """Return values per share at today's spots and what a step down and up adds, (1 or 3, n).

        `fraction` is each instrument's step; without it there is none.
        """
        if fraction is None:
            return self._values(volatility, np.arange(len(volatility)), ())
        out = np.empty((3, len(volatility)))
        for step in np.unique(fraction):
            rows = np.flatnonzero(fraction == step)
            out[:, rows] = self._values(volatility, rows, (-step, step))
        return out

    def _values(self, volatility: F64, rows: AnyArray, moves: tuple[float, ...]) -> F64:
        terms, dividends = self.terms, self.market.dividends
        factor = 1.0 + np.array((0.0, *moves))
        base, change = kernels.risk_arrays(
            self.market.underlyings.price[:, None] * factor,
            terms.model[rows],
            terms.underlying[rows],
            terms.right[rows],
            terms.strike[rows],
            volatility[rows],
            terms.rate[rows],
            terms.dividend_yield[rows],
            terms.time_to_expiry[rows],
            np.ones(len(rows)),
            dividends.offset,
            dividends.time,
            dividends.amount,
            backend=self.backend,
            threads=self.threads,
        )
        return np.vstack([base[None], change.T])


def _spot_step(market: Market, terms: OptionTerms, volatility: F64) -> F64:
    """Return the step of each instrument, as a fraction of the spot."""
    growth = terms.rate - terms.dividend_yield
    has_dividends = dividend_value(market, terms.underlying, growth, terms.time_to_expiry) > 0.0
    is_without_yield = (terms.right > 0) & (terms.dividend_yield == 0.0)
    is_double = (terms.rate < 0.0) & (terms.dividend_yield < 0.0)
    is_on_grid = (terms.model == Model.AMERICAN) & (has_dividends & ~is_without_yield | is_double)
    deviation = np.nan_to_num(volatility) * np.sqrt(np.maximum(terms.time_to_expiry, 0.0))
    wanted = np.where(is_on_grid, STEP_OF_DEVIATION * deviation, 0.0)
    steps = np.array(SPOT_STEPS)
    return steps[np.minimum(np.searchsorted(steps, wanted), len(steps) - 1)]


def _theta(
    market: Market, terms: OptionTerms, volatility: F64, value: F64, delta: F64, gamma: F64
) -> F64:
    """Per share and year, from the pricing equation of the spot less the dividends to come.

    At an unchanged spot the dividends to come grow at rate less yield, so that the spot itself
    stands in the drift term and the spot less dividends in the diffusion term.
    """
    spot = market.underlyings.price[terms.underlying]
    growth = terms.rate - terms.dividend_yield
    to_come = dividend_value(market, terms.underlying, growth, terms.time_to_expiry)
    diffusing = volatility * np.maximum(spot - to_come, 0.0)
    theta = terms.rate * value - growth * spot * delta - 0.5 * diffusing**2 * gamma
    exercise = np.maximum(terms.right * (spot - terms.strike), 0.0)
    is_exercised = (
        (terms.model == Model.AMERICAN) & (exercise > 0.0) & (value <= exercise * (1.0 + 1e-12))
    )
    return np.where(is_exercised | (terms.time_to_expiry <= 0.0), 0.0 * value, theta)
