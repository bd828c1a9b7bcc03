# SPDX-License-Identifier: Apache-2.0
"""Portfolio margin written to be read, not to be fast: the oracle of the kernel's tests.

Everything is a dictionary by name. It follows the words of the method: sum P&L in each class group,
offset at each valuation point, take the worst point, compare with the minimum charge.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["ClassGroup", "Position", "Switches", "account_requirement"]

Points: TypeAlias = list[float]


@dataclass(frozen=True)
class Position:
    """So many units of something with a risk array and a minimum charge per unit."""

    class_group: str
    quantity: float
    risk_array: Sequence[float]
    minimum_long: float
    minimum_short: float


@dataclass(frozen=True)
class ClassGroup:
    """Where a class group stands; the offsets are those of the groups it stands in."""

    product_group: str
    product_offset: float
    portfolio_group: str
    portfolio_offset: float


@dataclass(frozen=True)
class Switches:
    is_own_worst: bool = False
    is_minimum_per_class: bool = False
    is_residual_discounted: bool = True


def account_requirement(
    positions: Iterable[Position],
    groups: Mapping[str, ClassGroup],
    scenario_sets: Sequence[range],
    switches: Switches,
) -> float:
    """The greatest of the scenario sets."""
    pnl, minimum = class_figures(positions, scenario_sets[-1].stop)
    portfolios = {groups[name].portfolio_group for name in pnl}
    totals = []
    for points in scenario_sets:
        total = 0.0
        for portfolio in portfolios:
            members = [name for name in pnl if groups[name].portfolio_group == portfolio]
            part = {name: [pnl[name][j] for j in points] for name in members}
            total += portfolio_requirement(part, minimum, groups, switches)
        totals.append(total)
    return max(totals)


def class_figures(
    positions: Iterable[Position], n_points: int
) -> tuple[dict[str, Points], dict[str, float]]:
    """P&L at each point and minimum charge of every class group."""
    pnl: dict[str, Points] = {}
    minimum: dict[str, float] = {}
    for p in positions:
        row = pnl.setdefault(p.class_group, [0.0] * n_points)
        for j in range(n_points):
            row[j] += p.quantity * p.risk_array[j]
        charge = p.minimum_long if p.quantity > 0 else p.minimum_short
        minimum[p.class_group] = minimum.get(p.class_group, 0.0) + abs(p.quantity) * charge
    return pnl, minimum


def portfolio_requirement(
    pnl: Mapping[str, Points],
    minimum: Mapping[str, float],
    groups: Mapping[str, ClassGroup],
    switches: Switches,
) -> float:
    n_points = len(next(iter(pnl.values())))
    left = [losses_left(pnl, groups, switches, j) for j in range(n_points)]
    floor = sum(minimum[name] for name in pnl)
    if switches.is_own_worst:
        worst = {name: max(at_point[name] for at_point in left) for name in pnl}
        if switches.is_minimum_per_class:
            return sum(max(worst[name], minimum[name]) for name in pnl)
        return max(sum(worst.values()), floor)
    if switches.is_minimum_per_class:
        return max(sum(max(at_point[name], minimum[name]) for name in pnl) for at_point in left)
    return max(floor, *(sum(at_point.values()) for at_point in left))


def losses_left(
    pnl: Mapping[str, Points], groups: Mapping[str, ClassGroup], switches: Switches, j: int
) -> dict[str, float]:
    """Each class group's loss at a point after both levels of offsets.

    The credit of a level goes to its losses in proportion to them.
    """
    loss = {name: max(-pnl[name][j], 0.0) for name in pnl}
    product_loss: dict[str, float] = {}
    product_gain: dict[str, float] = {}
    for product in {groups[name].product_group for name in pnl}:
        members = [name for name in pnl if groups[name].product_group == product]
        total = sum(loss[name] for name in members)
        credit = groups[members[0]].product_offset * sum(max(pnl[name][j], 0.0) for name in members)
        product_loss[product] = max(total - credit, 0.0)
        product_gain[product] = max(credit - total, 0.0)
        for name in members:
            loss[name] *= product_loss[product] / total if total else 0.0
    any_group = groups[next(iter(pnl))]
    passed_up = any_group.portfolio_offset if switches.is_residual_discounted else 1.0
    total = sum(product_loss.values())
    left = max(total - passed_up * sum(product_gain.values()), 0.0)
    return {name: loss[name] * (left / total if total else 0.0) for name in pnl}
