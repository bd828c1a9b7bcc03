"""The Numba backend: the twins of the C++ kernels, file for file."""

from riskarray.backends._numba.implied_volatility import implied_volatility
from riskarray.backends._numba.portfolio_requirement import portfolio_requirement
from riskarray.backends._numba.position_pnl import position_pnl
from riskarray.backends._numba.pricing import american_value, european_value, risk_arrays
from riskarray.backends._numba.strategy_requirement import strategy_requirement

__all__ = [
    "american_value",
    "european_value",
    "implied_volatility",
    "portfolio_requirement",
    "position_pnl",
    "risk_arrays",
    "strategy_requirement",
]
