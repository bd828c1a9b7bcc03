"""Codes and limits of the kernels, the same in C++ and Python."""

from enum import IntEnum
from typing import Final

__all__ = [
    "EQUAL_LOSSES",
    "GROUPS_PER_BLOCK",
    "LEGS_PER_POSITION",
    "MAX_POINTS",
    "MAX_RATE",
    "MAX_THREADS",
    "MAX_VOLATILITY",
    "MAX_YEARS",
    "MIN_VOLATILITY",
    "NETTED_ROWS",
    "STRATEGIES_PER_POSITION",
    "Model",
    "StrategyCode",
    "StrategyRule",
    "VolatilityStatus",
]

MAX_POINTS: Final = 64
"""Most valuation points that one solve prices beside the base."""
EQUAL_LOSSES: Final = 1e-6
"""USD: losses that differ by less are equal, so that the point named does not hang on rounding."""
MAX_THREADS: Final = 1024
"""Greatest number of threads that a kernel may be asked for."""
MIN_VOLATILITY: Final = 1e-4
MAX_VOLATILITY: Final = 10.0
"""The range in which an implied volatility is searched for."""
MAX_RATE: Final = 1.0
"""Greatest size of a rate or a yield; beyond it somebody wrote per cent."""
MAX_YEARS: Final = 100.0
"""Longest time to expiry: with it, growth at any rate or yield stays a number."""
STRATEGIES_PER_POSITION: Final = 4
LEGS_PER_POSITION: Final = 6
"""Room in the outputs of `strategy_requirement` for a block's strategies, per position of it."""
GROUPS_PER_BLOCK: Final = 256
"""Groups whose strategies follow each other in the outputs of `strategy_requirement`."""
NETTED_ROWS: Final = 4096
"""Rows of a group that `strategy_requirement` nets and margins together in a backend."""


class Model(IntEnum):
    """How an instrument is valued."""

    LINEAR = 0
    EUROPEAN = 1
    AMERICAN = 2


class VolatilityStatus(IntEnum):
    """How the search for an implied volatility ended; the volatility is NaN unless `OK`."""

    OK = 0
    """Found: the value there is within 1e-7 of spot of the price."""
    BELOW_INTRINSIC = 1
    """Price at or below what exercise now, or the least volatility of the range, is worth."""
    ABOVE_BOUND = 2
    """Price at or above the no-arbitrage bound, or the value at the greatest volatility."""
    NO_TIME = 3
    """Expired."""
    NO_PRICE = 4
    """Price NaN."""
    NOT_CONVERGED = 5
    """No volatility gives the price to the tolerance."""


class StrategyRule(IntEnum):
    """Columns of the figures of a regime (margin account, cash account)."""

    HEDGE_RATE = 0
    """Of the strike, for stock hedged by a long option."""
    HEDGE_CAP_RATE = 1
    """Of the price, the most that hedged long stock needs; 0: its own rate."""
    SPREAD_RATE = 2
    """Of the greatest loss of a spread."""
    BOX_RATE = 3
    """Of the strike difference of a long European box on an index; 1 gives no relief."""
    IS_IN_THE_MONEY_FULL = 4
    """A covered option's in-the-money amount stands beside the full initial rate."""
    IS_STRADDLE_ALLOWED = 5
    """The greater side of a short straddle or strangle carries the other."""
    IS_SPREAD_ALLOWED = 6
    IS_SPREAD_INDEX = 7
    """Only spreads of European options on an index."""
    IS_SPREAD_SAME_EXPIRY = 8
    IS_SPREAD_SAME_STYLE = 9
    """No spreads of American against European options."""
    IS_HEDGE_ALLOWED = 10
    """Long options relieve stock."""
    IS_FUND_COVER_ALLOWED = 11
    """Shares of a fund cover options on its index."""
    IS_LONG_CALL_RELIEF = 12
    """An American call with its strike at or below the price frees the 50 % on short stock."""
    IS_COLLAR_SAME_EXPIRY = 13
    IS_PUT_COVER_ALLOWED = 14
    """Short stock covers short puts."""


class StrategyCode(IntEnum):
    """How a strategy is charged."""

    LONG_STOCK = 0
    SHORT_STOCK = 1
    COVERED_CALL = 2
    COVERED_PUT = 3
    PROTECTIVE_PUT = 4
    PROTECTIVE_CALL = 5
    COLLAR = 6
    CONVERSION = 7
    REVERSE_CONVERSION = 8
    SPREAD = 9
    LONG_BOX = 10
    SHORT_STRADDLE = 11
    UNCOVERED_CALL = 12
    UNCOVERED_PUT = 13
    LONG_OPTION = 14
    FUTURE = 15
