# SPDX-License-Identifier: Apache-2.0
"""What an instrument is worth, for account equity and for rules that speak of market value."""

import numpy as np

from riskarray.array_types import F64
from riskarray.market import Market

__all__ = ["market_price"]


def market_price(market: Market, base: F64) -> F64:
    """Return the market value per share of every instrument.

    The price that the book gives is the market value. Where it gives none (a quarter of the series
    of a real file), the theoretical value stands in for it.

    Parameters
    ----------
    market : Market
        Instruments with their prices.
    base : ndarray, shape (n,)
        Theoretical value per share (`RiskArrays.base`); NaN where a series nobody holds has none.

    Returns
    -------
    ndarray, shape (n,)
        In USD per share; NaN only where both are.
    """
    price = market.instruments.price
    return np.where(np.isnan(price), base, price)
