"""The native backend: the C++ kernels of the extension module."""

from riskarray._core import (
    american_value,
    european_value,
    implied_volatility,
    portfolio_requirement,
    position_pnl,
    risk_arrays,
    strategy_requirement,
)
from riskarray.build import build_info

__all__ = [
    "american_value",
    "european_value",
    "implied_volatility",
    "portfolio_requirement",
    "position_pnl",
    "risk_arrays",
    "strategy_requirement",
]

build_info()  # refuses an impossible RISKARRAY_ISA before the first kernel runs
