"""Values of a block of instruments, sorted by method; the twin of cpp/src/block_value.cpp."""

from typing import Final

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.american_boundary import american_boundary
from riskarray.backends._numba.american_dividend_call import american_dividend_call
from riskarray.backends._numba.american_grid import american_grid
from riskarray.backends._numba.american_method import (
    BOUNDARY,
    DIVIDEND_CALL,
    EUROPEAN,
    GRID,
    american_method,
)
from riskarray.backends._numba.european_value import european_value
from riskarray.backends._numba.jit import jit

__all__ = ["LINEAR", "PRICING_METHODS", "block_value"]

LINEAR = -1
PRICING_METHODS: Final = (
    (EUROPEAN, european_value),
    (BOUNDARY, american_boundary),
    (GRID, american_grid),
    (DIVIDEND_CALL, american_dividend_call),
)
_AMERICAN = 2


@jit
def choose_method(
    model: I8,
    underlying: I32,
    right: I8,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
) -> I8:
    """Return the method of each instrument of the block; LINEAR for stocks and futures."""
    method = np.empty(model.shape[0], dtype=np.int8)
    for i in range(model.shape[0]):
        if model[i] == _AMERICAN:
            method[i] = american_method(
                right[i],
                strike[i],
                rate[i],
                dividend_yield[i],
                time_to_expiry[i],
                underlying[i],
                dividend_offset,
                dividend_time,
                dividend_amount,
            )
        else:
            method[i] = LINEAR if model[i] == 0 else EUROPEAN
    return method


@jit
def linear_value(spot: F64, underlying: I32, method: I8, value: F64) -> None:
    """A linear instrument is worth its spot."""
    for i in range(method.shape[0]):
        if method[i] == LINEAR:
            value[i] = spot[underlying[i]]


def block_value(
    spot: F64,
    model: I8,
    underlying: I32,
    right: I8,
    strike: F64,
    volatility: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    value: F64,
) -> None:
    """Fill ``value`` (n, s); each method gets the list of its rows."""
    method = choose_method(
        model,
        underlying,
        right,
        strike,
        rate,
        dividend_yield,
        time_to_expiry,
        dividend_offset,
        dividend_time,
        dividend_amount,
    )
    linear_value(spot, underlying, method, value)
    for code, price in PRICING_METHODS:
        rows = np.flatnonzero(method == code).astype(np.int32)
        if rows.size:
            price(
                spot,
                underlying,
                right,
                strike,
                volatility,
                rate,
                dividend_yield,
                time_to_expiry,
                dividend_offset,
                dividend_time,
                dividend_amount,
                rows,
                value,
            )
