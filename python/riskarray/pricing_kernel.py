"""The pricing kernels: values, volatilities, risk arrays and the P&L of positions."""

from typing import cast

from riskarray.array_types import F64, I8, I32, I64
from riskarray.backends import BackendName
from riskarray.kernel_call import by_name, run_kernel

__all__ = ["american_value", "european_value", "implied_volatility", "position_pnl", "risk_arrays"]


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
    *,
    threads: int = 0,
    backend: BackendName | None = None,
) -> F64:
    """Return the theoretical value per share of European options at every spot of their underlying.

    Parameters
    ----------
    spot : ndarray, shape (u, s)
        Full spots of each underlying, in USD per share; 1 to 65 columns.
    underlying : ndarray of int32, shape (n,)
        Row of `spot` and `dividend_offset` of each series.
    right : ndarray of int8, shape (n,)
        +1 for a call, -1 for a put.
    strike : ndarray, shape (n,)
        In USD per share.
    volatility : ndarray, shape (n,)
        Per square root of a year; NaN where a series has none, its values are NaN then.
    rate, dividend_yield : ndarray, shape (n,)
        Continuous, per year; between -1 and 1.
    time_to_expiry : ndarray, shape (n,)
        In years, up to 100; at or below 0 the value is the intrinsic value.
    dividend_offset : ndarray of int64, shape (u + 1,)
        The dividends of underlying i are ``dividend_offset[i]:dividend_offset[i + 1]``.
    dividend_time, dividend_amount : ndarray, shape (d,)
        Years to the ex-date, not falling within an underlying, and USD per share; one counts when
        0 < time <= time to expiry.
    threads : int
        0 for all processors. The result does not depend on it.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.

    Returns
    -------
    ndarray, shape (n, s)
        In USD per share.

    Raises
    ------
    TypeError, ValueError
        If an array has the wrong type or shape, or a value is outside its range.

    References
    ----------
    Black and Scholes (1973), eq. 13; continuous yield after Merton (1973); cash dividends escrowed:
    the spot less their present value is lognormal, discounted at the rate less the yield, for the
    yield is earned on the full spot (as in QuantLib's escrowed engines).
    """
    arrays = by_name(
        "european_value",
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
    )
    (value,) = run_kernel("european_value", arrays, threads=threads, backend=backend)
    return cast("F64", value)


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
    *,
    threads: int = 0,
    backend: BackendName | None = None,
) -> F64:
    """Return the theoretical value per share of American options at every spot of their underlying.

    One solve per series prices all spots. Exercise pays on the full spot, which is the escrowed
    lognormal part plus the present value of the dividends still to come before expiry.

    Parameters
    ----------
    spot, underlying, right, strike, volatility, rate, dividend_yield, time_to_expiry : ndarray
        As for `european_value`.
    dividend_offset, dividend_time, dividend_amount : ndarray
        As for `european_value`.
    threads : int
        0 for all processors. The result does not depend on it.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.

    Returns
    -------
    ndarray, shape (n, s)
        In USD per share.

    Raises
    ------
    TypeError, ValueError
        If an array has the wrong type or shape, or a value is outside its range.

    References
    ----------
    Andersen, Lake and Offengenden (2016), "High-performance American option pricing"; a log-space
    Crank-Nicolson grid where ex-dates or two exercise boundaries come before expiry.
    """
    arrays = by_name(
        "american_value",
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
    )
    (value,) = run_kernel("american_value", arrays, threads=threads, backend=backend)
    return cast("F64", value)


def implied_volatility(
    price: F64,
    exercise: I8,
    spot: F64,
    underlying: I32,
    right: I8,
    strike: F64,
    rate: F64,
    dividend_yield: F64,
    time_to_expiry: F64,
    dividend_offset: I64,
    dividend_time: F64,
    dividend_amount: F64,
    *,
    threads: int = 0,
    backend: BackendName | None = None,
) -> tuple[F64, I8]:
    """Return the volatility at which each option is worth its price, and how the search ended.

    The value that `european_value` or `american_value` gives at the volatility is within 1e-7 of
    spot of the price. The search keeps to volatilities from 1e-4 to 10 (1,000 %).

    Parameters
    ----------
    price : ndarray, shape (n,)
        In USD per share; NaN where there is none.
    exercise : ndarray of int8, shape (n,)
        1 European, 2 American.
    spot : ndarray, shape (u, 1)
        Full spot of each underlying, in USD per share.
    underlying, right, strike, rate, dividend_yield, time_to_expiry : ndarray
        As for `european_value`.
    dividend_offset, dividend_time, dividend_amount : ndarray
        As for `european_value`.
    threads : int
        0 for all processors. The result does not depend on it.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.

    Returns
    -------
    volatility : ndarray, shape (n,)
        Per square root of a year; NaN unless the status is `VolatilityStatus.OK`.
    status : ndarray of int8, shape (n,)
        `riskarray.kernel_codes.VolatilityStatus`.

    Raises
    ------
    TypeError, ValueError
        If an array has the wrong type or shape, or a value is outside its range.

    References
    ----------
    Jaeckel (2015), "Let's be rational", for the European start; Barone-Adesi and Whaley (1987) for
    the American one.
    """
    arrays = by_name(
        "implied_volatility",
        price,
        exercise,
        spot,
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
    volatility, status = run_kernel("implied_volatility", arrays, threads=threads, backend=backend)
    return volatility, status


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
    *,
    threads: int = 0,
    backend: BackendName | None = None,
) -> tuple[F64, F64]:
    """Return the base value and the P&L of one unit of each instrument at every valuation point.

    Parameters
    ----------
    spot : ndarray, shape (u, 1 + p)
        Column 0 is today's spot, the others the spots at the valuation points, in USD per share.
    model : ndarray of int8, shape (n,)
        `riskarray.kernel_codes.Model`: linear (stock, future; worth its spot), European, American.
    underlying, right, strike, volatility, rate, dividend_yield, time_to_expiry : ndarray
        As for `european_value`; strike 1 and right +1 will do for a linear instrument.
    multiplier : ndarray, shape (n,)
        Shares per unit held.
    dividend_offset, dividend_time, dividend_amount : ndarray
        As for `european_value`.
    threads : int
        0 for all processors. The result does not depend on it.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.

    Returns
    -------
    base : ndarray, shape (n,)
        Theoretical value today, in USD per share.
    pnl : ndarray, shape (n, p)
        ``multiplier * (value at the point - base)``, in USD per unit held.

    Raises
    ------
    TypeError, ValueError
        If an array has the wrong type or shape, or a value is outside its range.
    """
    arrays = by_name(
        "risk_arrays",
        spot,
        model,
        underlying,
        right,
        strike,
        volatility,
        rate,
        dividend_yield,
        time_to_expiry,
        multiplier,
        dividend_offset,
        dividend_time,
        dividend_amount,
    )
    base, pnl = run_kernel("risk_arrays", arrays, threads=threads, backend=backend)
    return cast("F64", base), cast("F64", pnl)


def position_pnl(
    instrument: I32,
    quantity: F64,
    pnl: F64,
    *,
    threads: int = 0,
    backend: BackendName | None = None,
) -> F64:
    """Return the P&L of each position at every valuation point.

    Parameters
    ----------
    instrument : ndarray of int32, shape (m,)
        Row of `pnl` of each position.
    quantity : ndarray, shape (m,)
        Contracts or shares, signed.
    pnl : ndarray, shape (n, p)
        Risk arrays, in USD per unit held.
    threads : int
        0 for all processors. The result does not depend on it.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.

    Returns
    -------
    ndarray, shape (m, p)
        In USD.

    Raises
    ------
    TypeError, ValueError
        If an array has the wrong type or shape, or a value is outside its range.
    """
    arrays = by_name("position_pnl", instrument, quantity, pnl)
    (out,) = run_kernel("position_pnl", arrays, threads=threads, backend=backend)
    return cast("F64", out)
