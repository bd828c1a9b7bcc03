from typing import TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

_F64: TypeAlias = npt.NDArray[np.float64]
_I64: TypeAlias = npt.NDArray[np.int64]
_I32: TypeAlias = npt.NDArray[np.int32]
_I8: TypeAlias = npt.NDArray[np.int8]

class InstructionSet(TypedDict):
    name: str
    supported: bool

class BuildInfo(TypedDict):
    version: str
    compiler: str
    flags: str
    openmp: bool
    instruction_sets: list[InstructionSet]
    active: str | None

def build_info() -> BuildInfo: ...
def european_value(
    spot: _F64,
    underlying: _I32,
    right: _I8,
    strike: _F64,
    volatility: _F64,
    rate: _F64,
    dividend_yield: _F64,
    time_to_expiry: _F64,
    dividend_offset: _I64,
    dividend_time: _F64,
    dividend_amount: _F64,
    value: _F64,
    threads: int,
) -> None: ...
def american_value(
    spot: _F64,
    underlying: _I32,
    right: _I8,
    strike: _F64,
    volatility: _F64,
    rate: _F64,
    dividend_yield: _F64,
    time_to_expiry: _F64,
    dividend_offset: _I64,
    dividend_time: _F64,
    dividend_amount: _F64,
    value: _F64,
    threads: int,
) -> None: ...
def implied_volatility(
    price: _F64,
    exercise: _I8,
    spot: _F64,
    underlying: _I32,
    right: _I8,
    strike: _F64,
    rate: _F64,
    dividend_yield: _F64,
    time_to_expiry: _F64,
    dividend_offset: _I64,
    dividend_time: _F64,
    dividend_amount: _F64,
    volatility: _F64,
    status: _I8,
    threads: int,
) -> None: ...
def risk_arrays(
    spot: _F64,
    model: _I8,
    underlying: _I32,
    right: _I8,
    strike: _F64,
    volatility: _F64,
    rate: _F64,
    dividend_yield: _F64,
    time_to_expiry: _F64,
    multiplier: _F64,
    dividend_offset: _I64,
    dividend_time: _F64,
    dividend_amount: _F64,
    base: _F64,
    pnl: _F64,
    threads: int,
) -> None: ...
def position_pnl(
    instrument: _I32, quantity: _F64, pnl: _F64, position_pnl: _F64, threads: int
) -> None: ...
def portfolio_requirement(
    account_offset: _I64,
    group_class: _I32,
    group_offset: _I64,
    instrument: _I32,
    quantity: _F64,
    pnl: _F64,
    minimum_charge_long: _F64,
    minimum_charge_short: _F64,
    class_product: _I32,
    product_offset: _F64,
    product_portfolio: _I32,
    portfolio_offset: _F64,
    set_offset: _I32,
    is_own_worst: bool,
    is_minimum_per_class: bool,
    is_residual_discounted: bool,
    group_pnl: _F64,
    group_minimum: _F64,
    group_requirement: _F64,
    group_point: _I32,
    account_requirement: _F64,
    set_requirement: _F64,
    account_loss: _F64,
    account_minimum: _F64,
    account_set: _I32,
    account_group: _I32,
    account_point: _I32,
    threads: int,
) -> None: ...
def strategy_requirement(
    group_offset: _I64,
    group_regime: _I32,
    instrument: _I32,
    quantity: _F64,
    kind: _I8,
    underlying: _I32,
    right: _I8,
    strike: _F64,
    time_to_expiry: _F64,
    exercise: _I8,
    multiplier: _F64,
    value: _F64,
    uncovered: _F64,
    loan_value: _F64,
    spot: _F64,
    index_group: _I32,
    role: _I8,
    initial_long: _F64,
    maintenance_long: _F64,
    initial_short: _F64,
    maintenance_short: _F64,
    rules: _F64,
    group_initial: _F64,
    group_maintenance: _F64,
    group_initial_bound: _F64,
    group_maintenance_bound: _F64,
    strategy_count: _I32,
    leg_count: _I32,
    strategy_code: _I8,
    strategy_basis: _I8,
    strategy_initial: _F64,
    strategy_maintenance: _F64,
    strategy_legs: _I32,
    leg_instrument: _I32,
    leg_quantity: _F64,
    threads: int,
) -> None: ...
