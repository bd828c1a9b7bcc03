# SPDX-License-Identifier: Apache-2.0
"""Small books written as text, for the tests of the margin rules.

An underlying is ``NAME PRICE [key=value ...]``, a leg ``QUANTITY NAME`` for stock or
``QUANTITY NAME C|P STRIKE DAYS @PRICE [key=value ...]`` for an option; both lists are separated by
semicolons.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from riskarray.book import Book
from riskarray.market import Dividends, Instruments, Market, Rates, Underlyings
from riskarray.rulebook import Rulebook

__all__ = ["Leg", "make_book", "make_market", "parse_legs", "parse_underlyings"]

AS_OF = dt.datetime(2026, 1, 5, 16, tzinfo=ZoneInfo("America/New_York"))


@dataclass(frozen=True)
class Leg:
    """A position; an option has a right."""

    quantity: float
    underlying: str
    right: str = ""
    strike: float = 0.0
    days: int = 0
    price: float = float("nan")
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def symbol(self) -> str:
        if not self.right:
            return self.underlying
        extra = "".join(f"/{key}={value}" for key, value in sorted(self.keys.items()))
        return f"{self.underlying} {self.right}{self.strike:g} {self.days}d{extra}"


def _keys(words: Iterable[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words)


def parse_underlyings(text: str) -> dict[str, dict[str, str]]:
    rows = {}
    for part in text.split(";"):
        name, price, *keys = part.split()
        rows[name] = {"price": price, **_keys(keys)}
    return rows


def parse_legs(text: str) -> list[Leg]:
    legs = []
    for part in text.split(";"):
        quantity, name, *rest = part.split()
        if rest:
            right, strike, days, price, *keys = rest
            leg = Leg(
                float(quantity),
                name,
                right,
                float(strike),
                int(days),
                float(price.removeprefix("@")),
                _keys(keys),
            )
        else:
            leg = Leg(float(quantity), name)
        legs.append(leg)
    return legs


def make_market(
    underlyings: Mapping[str, Mapping[str, str]], legs: Sequence[Leg], rulebook: Rulebook
) -> Market:
    """A market that holds the instruments of some legs, each once, in order of appearance."""
    names = list(underlyings)
    known = {leg.symbol: leg for leg in legs}
    held = list(known.values())
    expiry = [AS_OF.date() + dt.timedelta(days=leg.days) if leg.right else None for leg in held]
    price = [
        leg.price if leg.right else float(underlyings[leg.underlying]["price"]) for leg in held
    ]
    is_option = np.array([bool(leg.right) for leg in held], np.bool_)
    european = [leg.keys.get("exercise", "") == "european" for leg in held]
    is_am = [leg.keys.get("settlement", "") == "am" for leg in held]
    return Market(
        as_of=AS_OF,
        underlyings=_underlyings(underlyings, rulebook),
        instruments=Instruments(
            symbol=pa.array(list(known), pa.string()),
            underlying=np.array([names.index(leg.underlying) for leg in held], np.int32),
            kind=is_option.astype(np.int8),
            right=np.array([{"C": 1, "P": -1}.get(leg.right, 0) for leg in held], np.int8),
            strike=np.array([leg.strike for leg in held], np.float64),
            expiry=np.array(expiry, "datetime64[D]"),
            exercise=np.where(is_option, np.where(european, 1, 2), 0).astype(np.int8),
            settlement=np.where(is_option, np.where(is_am, 1, 2), 0).astype(np.int8),
            multiplier=np.array(
                [float(leg.keys.get("multiplier", 100)) if leg.right else 1.0 for leg in held]
            ),
            price=np.array(price, np.float64),
            implied_volatility=np.full(len(held), np.nan),
        ),
        dividends=Dividends(
            offset=np.zeros(len(names) + 1, np.int64),
            ex_date=np.array([], "datetime64[D]"),
            time=np.array([]),
            amount=np.array([]),
        ),
        rates=Rates(time=np.array([1.0]), rate=np.array([0.0])),
    )


def _underlyings(rows: Mapping[str, Mapping[str, str]], rulebook: Rulebook) -> Underlyings:
    """Defaults as a book takes them: from the rulebook's list, else those of an equity."""

    def column(key: str, default: Mapping[str, str | None]) -> pa.StringArray:
        return pa.array([row.get(key, default[name]) for name, row in rows.items()], pa.string())

    listed = {name: rulebook.underlyings.get(name) for name in rows}
    product_type = {n: k.product_type if k else "equity" for n, k in listed.items()}
    portfolio_type = {n: k.portfolio_type if k else "equity" for n, k in listed.items()}
    class_group = {n: k.class_group if k else n for n, k in listed.items()}
    leverage = {n: k.leverage if k else 1.0 for n, k in listed.items()}
    of_class = {n: rows[n].get("class_group", class_group[n]) for n in rows}
    strategy_class = {
        n: rulebook.strategy_class(
            rows[n].get("product_type", product_type[n]),
            rows[n].get("portfolio_type", portfolio_type[n]),
        )
        for n in rows
    }
    return Underlyings(
        name=pa.array(list(rows), pa.string()),
        price=np.array([float(row["price"]) for row in rows.values()]),
        product_type=column("product_type", product_type),
        portfolio_type=column("portfolio_type", portfolio_type),
        class_group=column("class_group", class_group),
        strategy_class=column("strategy_class", strategy_class),
        product_group=column(
            "product_group", {n: rulebook.product_group_of(of_class[n]) for n in rows}
        ),
        leverage=np.array([float(row.get("leverage", leverage[n])) for n, row in rows.items()]),
        dividend_yield=np.zeros(len(rows)),
    )


def make_book(
    market: Market,
    accounts: Mapping[str, Sequence[Leg]],
    rulebook: Rulebook,
    *,
    account_type: str = "portfolio",
) -> Book:
    """A book of some accounts: sorted by name and instrument, the same symbol summed."""
    symbols = market.instruments.symbol.to_pylist()
    names = sorted(accounts)
    offset, instrument, quantity = [0], [], []
    for name in names:
        total: dict[int, float] = {}
        for leg in accounts[name]:
            row = symbols.index(leg.symbol)
            total[row] = total.get(row, 0.0) + leg.quantity
        rows = [row for row in sorted(total) if total[row] != 0.0]
        instrument += rows
        quantity += [total[row] for row in rows]
        offset.append(len(instrument))
    return Book(
        name="test",
        path=None,
        market=market,
        rulebook=rulebook,
        account=pa.array(names, pa.string()),
        cash=np.zeros(len(names)),
        account_type=pa.array([account_type] * len(names), pa.string()),
        account_offset=np.array(offset, np.int64),
        instrument=np.array(instrument, np.int32),
        quantity=np.array(quantity, np.float64),
        rejects=pa.table({"account": pa.array([], pa.string())}),
        inputs=(),
        ignored=(),
    )
