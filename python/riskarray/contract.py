"""The kernels' contracts: arguments, dimensions, units and parity bounds, as data.

Conventions that every kernel shares: money in USD per share unless said otherwise; time in years,
ACT/365 from instant to instant; rates and yields continuous per year; volatility per square root of
a year. Dimensions are named: ``n`` instruments or series, ``u`` underlyings, ``s`` spots,
``p`` valuation points, ``d`` dividends, ``m`` positions, ``g`` class groups held, ``a`` accounts,
``c`` class groups, ``k`` product groups, ``q`` portfolio groups, ``z`` scenario sets,
``r`` regimes of strategy-based rules. A digit is a fixed size, ``m*4`` four rows for each position.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from riskarray.kernel_codes import (
    LEGS_PER_POSITION,
    MAX_RATE,
    MAX_YEARS,
    STRATEGIES_PER_POSITION,
    StrategyRule,
)

__all__ = ["KERNELS", "Argument", "Kernel", "Range", "kernel"]

Dtype = Literal["float64", "int64", "int32", "int8"]


class Range(Enum):
    """Values that an argument may take; the text completes "must be ..."."""

    ANY = "any value"
    FINITE = "finite"
    POSITIVE = "positive and finite"
    NONNEGATIVE = "not negative and finite"
    NONNEGATIVE_OR_NAN = "not negative and finite, or NaN for none"
    POSITIVE_OR_NAN = "positive and finite, or NaN for none"
    SIGN = "+1 or -1"
    MODEL = "0, 1 or 2"
    EXERCISE = "1 or 2"
    FRACTION = "in [0, 1]"
    RATE = f"between -{MAX_RATE:g} and {MAX_RATE:g} (per year, as a fraction)"
    TIME = f"at most {MAX_YEARS:g} (years) and finite"
    INDEX = "a row index"
    OFFSETS = "offsets that rise from 0"
    SETS = "offsets that rise from 0, each set with a point at least"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One array argument: its name, element type, named dimensions, unit and range."""

    name: str
    dims: tuple[str, ...]
    unit: str
    dtype: Dtype = "float64"
    range: Range = Range.FINITE
    target: str = ""
    """Dimension that an index or the last offset refers to."""
    rises_within: str = ""
    """Offsets of the runs that it must not fall in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """One kernel: inputs, switches, outputs and how closely two backends agree.

    ``tolerance`` is the absolute bound between backends in units of ``spot + strike`` (pricing) or
    USD (requirements); 0 means equal bits. For an implied volatility it bounds the difference
    between the values at the two backends' volatilities.
    """

    name: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    flags: tuple[str, ...] = ()
    tolerance: float = 0.0


def _array(name: str, dims: str, unit: str, rng: Range = Range.FINITE) -> Argument:
    return Argument(name=name, dims=tuple(dims.split()), unit=unit, range=rng)


def _index(name: str, dims: str, target: str) -> Argument:
    return Argument(
        name=name,
        dims=(dims,),
        unit=f"row of {target}",
        dtype="int32",
        range=Range.INDEX,
        target=target,
    )


def _offsets(name: str, dims: str, target: str) -> Argument:
    return Argument(
        name=name,
        dims=(dims,),
        unit=f"offset into {target}",
        dtype="int64",
        range=Range.OFFSETS,
        target=target,
    )


def _code(name: str, unit: str, rng: Range) -> Argument:
    return Argument(name=name, dims=("n",), unit=unit, dtype="int8", range=rng)


_SPOT = _array("spot", "u s", "USD per share", Range.NONNEGATIVE)
_UNDERLYING = _index("underlying", "n", "u")
_RIGHT = _code("right", "+1 call, -1 put", Range.SIGN)
_STRIKE = _array("strike", "n", "USD per share", Range.POSITIVE)
_VOLATILITY = _array("volatility", "n", "per sqrt(year)", Range.NONNEGATIVE_OR_NAN)
_TERMS = (
    _array("rate", "n", "per year", Range.RATE),
    _array("dividend_yield", "n", "per year", Range.RATE),
    _array("time_to_expiry", "n", "years", Range.TIME),
)
_DIVIDENDS = (
    _offsets("dividend_offset", "u+1", "d"),
    Argument(
        name="dividend_time", dims=("d",), unit="years, rising", rises_within="dividend_offset"
    ),
    _array("dividend_amount", "d", "USD per share", Range.NONNEGATIVE),
)
_OPTION = (_SPOT, _UNDERLYING, _RIGHT, _STRIKE, _VOLATILITY, *_TERMS, *_DIVIDENDS)
_VALUE = (_array("value", "n s", "USD per share", Range.ANY),)
_PNL = _array("pnl", "n p", "USD per unit held")

_PORTFOLIO_INPUTS = (
    _offsets("account_offset", "a+1", "g"),
    _index("group_class", "g", "c"),
    _offsets("group_offset", "g+1", "m"),
    _index("instrument", "m", "n"),
    _array("quantity", "m", "contracts or shares, signed"),
    _PNL,
    _array("minimum_charge_long", "n", "USD per unit held", Range.NONNEGATIVE),
    _array("minimum_charge_short", "n", "USD per unit held", Range.NONNEGATIVE),
    _index("class_product", "c", "k"),
    _array("product_offset", "k", "fraction", Range.FRACTION),
    _index("product_portfolio", "k", "q"),
    _array("portfolio_offset", "q", "fraction", Range.FRACTION),
    Argument(
        name="set_offset",
        dims=("z+1",),
        unit="offset into p",
        dtype="int32",
        range=Range.SETS,
        target="p",
    ),
)


def _result(name: str, dims: str, unit: str, dtype: Dtype = "float64") -> Argument:
    return Argument(name=name, dims=tuple(dims.split()), unit=unit, dtype=dtype, range=Range.ANY)


_PORTFOLIO_OUTPUTS = (
    _result("group_pnl", "g p", "USD"),
    _result("group_minimum", "g", "USD"),
    _result("group_requirement", "g", "USD"),
    _result("group_point", "g", "point, -1: the minimum binds", "int32"),
    _result("account_requirement", "a", "USD"),
    _result("set_requirement", "a z", "USD"),
    _result("account_loss", "a", "USD"),
    _result("account_minimum", "a", "USD"),
    _result("account_set", "a", "scenario set", "int32"),
    _result("account_group", "a", "row of g charged most, -1: none", "int32"),
    _result("account_point", "a", "where it is, -1: its minimum binds", "int32"),
)

_TERMS_OF_STRATEGY = (
    _code("kind", "0 stock, 1 option, 2 future", Range.MODEL),
    _UNDERLYING,
    _RIGHT,
    _array("strike", "n", "USD per share", Range.NONNEGATIVE),
    _array("time_to_expiry", "n", "years, to the instant: orders the expiries"),
    _code("exercise", "0 none, 1 European, 2 American", Range.MODEL),
    _array("multiplier", "n", "shares per unit held", Range.POSITIVE),
    _array("value", "n", "USD per unit held", Range.NONNEGATIVE),
    _array("uncovered", "r n", "USD per unit held", Range.NONNEGATIVE),
    _array("loan_value", "r n", "USD per long option", Range.NONNEGATIVE),
    _array("spot", "u", "USD per share", Range.POSITIVE),
    _index("index_group", "u", "u"),
    Argument(
        name="role",
        dims=("u",),
        unit="0 neither, 1 index, 2 fund",
        dtype="int8",
        range=Range.MODEL,
    ),
    _array("initial_long", "r u", "fraction of market value", Range.NONNEGATIVE),
    _array("maintenance_long", "r u", "fraction of market value", Range.NONNEGATIVE),
    _array("initial_short", "r u", "USD per share", Range.NONNEGATIVE),
    _array("maintenance_short", "r u", "USD per share", Range.NONNEGATIVE),
    _array("rules", f"r {len(StrategyRule)}", "see StrategyRule", Range.NONNEGATIVE),
)
_STRATEGY_INPUTS = (
    _offsets("group_offset", "g+1", "m"),
    _index("group_regime", "g", "r"),
    _index("instrument", "m", "n"),
    _array("quantity", "m", "contracts or shares, signed"),
    *_TERMS_OF_STRATEGY,
)
_STRATEGY_ROWS = f"m*{STRATEGIES_PER_POSITION}"
_LEG_ROWS = f"m*{LEGS_PER_POSITION}"
_STRATEGY_OUTPUTS = (
    _result("group_initial", "g", "USD"),
    _result("group_maintenance", "g", "USD"),
    _result("group_initial_bound", "g", "USD"),
    _result("group_maintenance_bound", "g", "USD"),
    _result("strategy_count", "g", "strategies of the group", "int32"),
    _result("leg_count", "g", "legs of all of them", "int32"),
    _result("strategy_code", _STRATEGY_ROWS, "StrategyCode", "int8"),
    _result("strategy_basis", _STRATEGY_ROWS, "1 initial, 2 maintenance, 3 both", "int8"),
    _result("strategy_initial", _STRATEGY_ROWS, "USD"),
    _result("strategy_maintenance", _STRATEGY_ROWS, "USD"),
    _result("strategy_legs", _STRATEGY_ROWS, "number of legs", "int32"),
    _result("leg_instrument", _LEG_ROWS, "row of n", "int32"),
    _result("leg_quantity", _LEG_ROWS, "contracts or shares, signed"),
)

KERNELS: Final[tuple[Kernel, ...]] = (
    Kernel(name="european_value", inputs=_OPTION, outputs=_VALUE, tolerance=1e-9),
    Kernel(name="american_value", inputs=_OPTION, outputs=_VALUE, tolerance=1e-9),
    Kernel(
        name="implied_volatility",
        inputs=(
            _array("price", "n", "USD per share", Range.NONNEGATIVE_OR_NAN),
            _code("exercise", "1 European, 2 American", Range.EXERCISE),
            _array("spot", "u 1", "USD per share", Range.NONNEGATIVE),
            _UNDERLYING,
            _RIGHT,
            _STRIKE,
            *_TERMS,
            *_DIVIDENDS,
        ),
        outputs=(
            _result("volatility", "n", "per sqrt(year)"),
            _result("status", "n", "VolatilityStatus", "int8"),
        ),
        tolerance=2e-7,
    ),
    Kernel(
        name="risk_arrays",
        inputs=(
            _SPOT,
            _code("model", "0 linear, 1 European, 2 American", Range.MODEL),
            _UNDERLYING,
            _RIGHT,
            _STRIKE,
            _VOLATILITY,
            *_TERMS,
            _array("multiplier", "n", "shares per unit held", Range.POSITIVE),
            *_DIVIDENDS,
        ),
        outputs=(
            _result("base", "n", "USD per share"),
            _result("pnl", "n s-1", "USD per unit held"),
        ),
        tolerance=1e-9,
    ),
    Kernel(
        name="position_pnl",
        inputs=(
            _index("instrument", "m", "n"),
            _array("quantity", "m", "contracts or shares, signed"),
            _PNL,
        ),
        outputs=(_result("position_pnl", "m p", "USD"),),
    ),
    Kernel(
        name="portfolio_requirement",
        inputs=_PORTFOLIO_INPUTS,
        outputs=_PORTFOLIO_OUTPUTS,
        flags=("is_own_worst", "is_minimum_per_class", "is_residual_discounted"),
    ),
    Kernel(
        name="strategy_requirement",
        inputs=_STRATEGY_INPUTS,
        outputs=_STRATEGY_OUTPUTS,
    ),
)


def kernel(name: str) -> Kernel:
    """Return the contract of the kernel called `name`; a KeyError when there is none."""
    for candidate in KERNELS:
        if candidate.name == name:
            return candidate
    raise KeyError(name)
