"""The pricing kernels over all series; the twin of cpp/src/pricing.cpp."""

import numpy as np

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends._numba.block_value import block_value
from riskarray.backends._numba.jit import for_blocks

__all__ = ["american_value", "european_value", "risk_arrays"]

_BLOCK = 4096  # large enough to make the calls from Python cheap
_EUROPEAN, _AMERICAN = 1, 2


def _value_all(
    model: int,
    spot: F64,
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
    threads: int,
) -> None:
    def work(begin: int, end: int) -> None:
        part = slice(begin, end)
        block_value(
            spot,
            np.full(end - begin, model, dtype=np.int8),
            underlying[part],
            right[part],
            strike[part],
            volatility[part],
            rate[part],
            dividend_yield[part],
            time_to_expiry[part],
            dividend_offset,
            dividend_time,
            dividend_amount,
            value[part],
        )

    for_blocks(underlying.shape[0], _BLOCK, threads, work)


def european_value(
    spot: F64,
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
    threads: int,
) -> None:
    """See `riskarray.kernels.european_value`."""
    _value_all(
        _EUROPEAN,
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
        value,
        threads,
    )


def american_value(
    spot: F64,
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
    threads: int,
) -> None:
    """See `riskarray.kernels.american_value`."""
    _value_all(
        _AMERICAN,
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
        value,
        threads,
    )


def risk_arrays(
    spot: F64,
    model: I8,
    underlying: I32,
    right: I8,
    strike: F64,
    volatility: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    multiplier: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    base: F64,
    pnl: F64,
    threads: int,
) -> None:
    """See `riskarray.kernels.risk_arrays`."""

    def work(begin: int, end: int) -> None:
        part = slice(begin, end)
        value = np.empty((end - begin, spot.shape[1]))
        block_value(
            spot,
            model[part],
            underlying[part],
            right[part],
            strike[part],
            volatility[part],
            rate[part],
            dividend_yield[part],
            time_to_expiry[part],
            dividend_offset,
            dividend_time,
            dividend_amount,
            value,
        )
        base[part] = value[:, 0]
        pnl[part] = multiplier[part, None] * (value[:, 1:] - value[:, :1])

    for_blocks(underlying.shape[0], _BLOCK, threads, work)
