"""Public array functions, one per kernel: check through the contract, allocate, call a backend."""

from riskarray.portfolio_kernel import PortfolioRequirement, portfolio_requirement
from riskarray.pricing_kernel import (
    american_value,
    european_value,
    implied_volatility,
    position_pnl,
    risk_arrays,
)
from riskarray.strategy_kernel import StrategyRequirement, strategy_requirement

__all__ = [
    "PortfolioRequirement",
    "StrategyRequirement",
    "american_value",
    "european_value",
    "implied_volatility",
    "portfolio_requirement",
    "position_pnl",
    "risk_arrays",
    "strategy_requirement",
]
