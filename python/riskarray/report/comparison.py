# SPDX-License-Identifier: Apache-2.0
"""Portfolio margin beside Regulation T, and why they differ.

Both on the basis of net liquidation: `net_deposit` against `requirement`. Between the two lie steps
that add up to the difference, each with a reason of its own:

1. *moves*: from the strategy-based deposit to every position's worst loss by itself, as if nothing
   hedged anything;
2. *hedges*: to the class groups, in which gains offset losses at each point, and where the minimum
   charge is compared;
3. *offsets*: to the portfolio groups, in which a fraction of one group's gains counts against
   another's losses, all at one scenario set;
4. *add-ons* of the house, which only portfolio margin has.

Products outside portfolio margin count with their strategy-based figure from step 1 on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from riskarray.array_types import F64
from riskarray.engine.local import Margin
from riskarray.report.terminal import money

__all__ = ["COLUMNS", "Comparison", "compare"]

_REASONS: Final = (
    "stressed moves ask for less than the strategy-based percentages",
    "hedges within class groups count in full",
    "offsets between class groups",
    "house add-ons",
    "stressed moves ask for more than the strategy-based percentages",
    "minimum charges",
    "they do not differ",
)
_CENT: Final = 0.005
COLUMNS: Final = (
    *("account", "requirement", "net_deposit", "saving", "saving_fraction"),
    *("leverage", "reg_t_leverage", "why"),
)
"""What is shown of the comparison."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Portfolio margin beside Regulation T.

    Attributes
    ----------
    accounts : pyarrow.Table
        One row per account, in USD: `account`, `requirement`, `net_deposit`, `maintenance_net`,
        `saving` (`net_deposit` - `requirement`), `saving_fraction` (of `net_deposit`; null where
        that is not positive), `by_moves`, `by_hedges`, `by_offsets`, `by_add_ons` (the parts of
        the saving, which they add up to), `gross_value`, `leverage` and `reg_t_leverage` (gross
        market value over the requirement of either kind; null where nothing is required), `why`.
    totals : dict
        Number of accounts, sums of the amounts, and `saving_fraction`, `leverage` and
        `reg_t_leverage` of the whole.
    """

    accounts: pa.Table
    totals: dict[str, object]

    def to_dict(self) -> dict[str, object]:
        """Return rows and totals as plain dictionaries, lists, texts and numbers."""
        return {"accounts": self.accounts.to_pylist(), "totals": self.totals}

    def rows(self, count: int) -> Iterator[tuple[str, ...]]:
        """Yield the cells of the first accounts and of the totals, as `COLUMNS` has them."""
        head = self.accounts.slice(0, count)
        for row in head.to_pylist():
            yield tuple(_cell(name, row[name]) for name in COLUMNS)
        if self.accounts.num_rows > count:
            yield (f"and {self.accounts.num_rows - count:,} more", *[""] * (len(COLUMNS) - 1))
        cells = [_cell(name, self.totals.get(name, "")) for name in COLUMNS]
        yield (f"all {self.accounts.num_rows:,}", *cells[1:])

    def lines(self) -> Iterator[str]:
        """Yield what the totals say, in words."""
        amount = {name: money(v) for name, v in self.totals.items() if isinstance(v, float)}
        yield (
            f"Regulation T asks for {amount['net_deposit']} in all, portfolio margin for "
            f"{amount['requirement']}: {amount['saving']} less"
        )
        yield f"  by stressed moves in place of percentages: {amount['by_moves']}"
        yield f"  by hedges within class groups: {amount['by_hedges']}"
        yield f"  by offsets between class groups: {amount['by_offsets']}"
        yield f"  by house add-ons: {amount['by_add_ons']}"


def compare(result: Margin, accounts: pa.Table) -> Comparison:
    """Return portfolio margin beside Regulation T; see `Report.compare`."""
    column = {name: np.asarray(accounts[name]) for name in _AMOUNTS}
    alone = _alone(result)
    by_class = _by_class(result)
    margined = column["requirement"] - column["add_ons"]
    saving = column["net_deposit"] - column["requirement"]
    parts = {
        "by_moves": column["net_deposit"] - alone,
        "by_hedges": alone - by_class,
        "by_offsets": by_class - margined,
        "by_add_ons": 0.0 - column["add_ons"],
    }
    gross = column["long_market_value"] + column["short_market_value"]
    table = pa.table(
        {
            "account": accounts["account"],
            "requirement": column["requirement"],
            "net_deposit": column["net_deposit"],
            "maintenance_net": column["maintenance_net"],
            "saving": saving,
            "saving_fraction": _ratio(saving, column["net_deposit"]),
            **parts,
            "gross_value": gross,
            "leverage": _ratio(gross, column["requirement"]),
            "reg_t_leverage": _ratio(gross, column["net_deposit"]),
            "why": _why(saving, *parts.values()),
        }
    )
    sums = {name: float(np.sum(np.asarray(table[name]))) for name in (*_SUMS, *parts)}
    ratios = {
        "saving_fraction": _ratio_of(sums["saving"], sums["net_deposit"]),
        "leverage": _ratio_of(sums["gross_value"], sums["requirement"]),
        "reg_t_leverage": _ratio_of(sums["gross_value"], sums["net_deposit"]),
    }
    totals = {"accounts": table.num_rows, **sums, **ratios}
    return Comparison(accounts=table, totals=totals)


_AMOUNTS: Final = (
    *("requirement", "add_ons", "net_deposit", "maintenance_net"),
    *("long_market_value", "short_market_value"),
)
_SUMS: Final = ("requirement", "net_deposit", "maintenance_net", "saving", "gross_value")


def _alone(result: Margin) -> F64:
    """Return the sum of each account's worst losses, position by position."""
    book, portfolio = result.book, result.portfolio
    n_accounts = len(book.account)
    pnl = result.arrays.pnl
    long = np.maximum(-pnl, 0.0).max(axis=1, initial=0.0)
    short = np.maximum(pnl, 0.0).max(axis=1, initial=0.0)
    unit = np.where(book.quantity > 0.0, long[book.instrument], short[book.instrument])
    is_outside = portfolio.classes.is_outside[portfolio.group_class][portfolio.position_group]
    loss = np.where(is_outside, 0.0, np.abs(book.quantity) * unit)
    account = np.repeat(np.arange(n_accounts, dtype=np.int64), np.diff(book.account_offset))
    inside = np.bincount(account, loss, minlength=n_accounts).astype(np.float64)
    return inside + portfolio.strategy_requirement


def _by_class(result: Margin) -> F64:
    """Return the sum of the requirements of each account's class groups, before offsets."""
    portfolio = result.portfolio
    n_accounts = len(result.book.account)
    account = np.repeat(np.arange(n_accounts, dtype=np.int64), np.diff(portfolio.group_offset))
    required = np.asarray(portfolio.groups["requirement"])
    return np.bincount(account, required, minlength=n_accounts).astype(np.float64)


def _ratio(amount: F64, of: F64) -> pa.DoubleArray:
    """Return a ratio; null where it has no meaning."""
    has_meaning = of > _CENT
    return pa.array(amount / np.where(has_meaning, of, 1.0), mask=~has_meaning)


def _ratio_of(amount: float, of: float) -> float | None:
    return amount / of if of > _CENT else None


def _why(saving: F64, moves: F64, hedges: F64, offsets: F64, add_ons: F64) -> pa.StringArray:
    """Return the reason that weighs most in the direction of the difference."""
    less = np.argmax([moves, hedges, offsets], axis=0)
    more = np.array([4, 5, 5, 3])[np.argmin([moves, hedges, offsets, add_ons], axis=0)]
    row = np.where(saving > 0.0, less, more)
    row = np.where(np.abs(saving) < _CENT, len(_REASONS) - 1, row)
    return pa.array(_REASONS, pa.string()).take(pa.array(row.astype(np.int32)))


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    if name == "saving_fraction":
        return f"{100.0 * value:.1f}%"
    return f"{value:,.2f}" if "leverage" in name else money(value)
