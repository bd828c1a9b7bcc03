# SPDX-License-Identifier: Apache-2.0
"""What the values in a rulebook file may be: kinds of numbers, texts and lists, with their bounds.

The bounds are wide. They refuse what cannot be meant, such as per cent for a fraction.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

Mark = Literal["rule", "secondary", "memory", "derived"]
ProductType = Literal["equity", "etf", "index", "etn", "adr"]


def _as_tuple(value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return a TOML array as a tuple, the immutable form that strict validation asks for."""
    return tuple(value) if isinstance(value, list) else value


def _as_symbol(value: str) -> str:
    """Return a ticker; refuse one in small letters, which no book spells so."""
    if value.islower():
        msg = "must be a ticker in capitals"
        raise ValueError(msg)
    return value


ID_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]*$"
"""What the id of a rulebook is made of."""
Text = Annotated[str, Field(pattern=r"\S")]
StrategyClass = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
"""A row of the strategy-based table of short options."""
Symbol = Annotated[str, Field(pattern=r"\S"), AfterValidator(_as_symbol)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Part = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0.0, le=1e15, allow_inf_nan=False)]
Multiplier = Annotated[float, Field(ge=1.0, le=100.0, allow_inf_nan=False)]
Leverage = Annotated[float, Field(ge=-100.0, le=100.0, allow_inf_nan=False)]
Move = Annotated[float, Field(ge=0.0, le=5.0, allow_inf_nan=False)]
Scale = Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]
Shift = Annotated[float, Field(ge=-2.0, le=2.0, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=0, le=3650)]
PerPoint = Annotated[tuple[Number, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
Scales = Annotated[tuple[Scale, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
Shifts = Annotated[tuple[Shift, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
Rates = Annotated[tuple[Fraction, ...], BeforeValidator(_as_tuple), Field(min_length=2)]
Reach = Annotated[tuple[Move, Move], BeforeValidator(_as_tuple)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
Symbols = Annotated[tuple[Symbol, ...], BeforeValidator(_as_tuple)]
ProductTypes = Annotated[tuple[ProductType, ...], BeforeValidator(_as_tuple)]
MoveUnit = Literal["fraction", "standard_deviation"]
WorstPoint = Literal["own", "common"]
MinimumLevel = Literal["class_group", "portfolio_group"]
ResidualGain = Literal["discounted", "full"]
Measure = Literal["long_share_of_equity", "short_share_of_equity", "days_to_liquidate"]
Monitoring = Literal["real_time", "end_of_day", "executed_away", "unlisted"]

_KINDS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "Amount": Amount,
        "Boolean": bool,
        "Days": Days,
        "Fraction": Fraction,
        "Leverage": Leverage,
        "Measure": Measure,
        "MinimumLevel": MinimumLevel,
        "Monitoring": Monitoring,
        "Move": Move,
        "MoveUnit": MoveUnit,
        "Multiplier": Multiplier,
        "Names": Names,
        "Part": Part,
        "PerPoint": PerPoint,
        "ProductTypes": ProductTypes,
        "Rates": Rates,
        "Reach": Reach,
        "ResidualGain": ResidualGain,
        "Scales": Scales,
        "Shifts": Shifts,
        "StrategyClass": StrategyClass,
        "Symbols": Symbols,
        "Text": str,
        "WorstPoint": WorstPoint,
    }
)
"""What the value of a figure may be, by the name that the schema gives it."""


def kind_name(kind: object) -> str:
    """Return the name of a kind of value."""
    return next((name for name, known in _KINDS.items() if known is kind), str(kind))
