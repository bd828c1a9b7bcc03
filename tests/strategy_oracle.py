"""The least pairing by brute formulation: every pair and every strike, solved by HiGHS.

Written apart from the kernel: a variable for each pair of short call and short put, for each
hedge, for each option in each pool of spreads (a pool for every expiry), and a row for the loss of
each pool at every strike. `scipy.optimize.milp` is HiGHS.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

__all__ = ["Leg", "Rules", "greedy", "least"]


@dataclass(frozen=True)
class Leg:
    """A position; stock has the right "S"."""

    right: str
    quantity: float
    strike: float = 0.0
    expiry: float = 0.0
    price: float = 0.0
    is_european: bool = False
    multiplier: float = 100.0

    @property
    def is_stock(self) -> bool:
        return self.right == "S"

    def intrinsic(self, spot: float) -> float:
        return max(spot - self.strike, 0.0) if self.right == "C" else max(self.strike - spot, 0.0)


@dataclass(frozen=True)
class Rules:
    """Figures of a margin account; all on one underlying."""

    spot: float
    rate: float = 0.20
    minimum: float = 0.10
    initial_long: float = 0.5
    maintenance_long: float = 0.25
    initial_short: float = 0.5
    maintenance_short: float = 0.3
    hedge_rate: float = 0.1
    box_rate: float = 0.5
    spread_rate: float = 1.0
    legs: dict[str, float] = field(default_factory=dict)

    def naked(self, leg: Leg) -> float:
        """USD per share."""
        out = max(leg.strike - self.spot, 0) if leg.right == "C" else max(self.spot - leg.strike, 0)
        floor = self.minimum * (self.spot if leg.right == "C" else leg.strike)
        return leg.price + max(self.rate * self.spot - out, floor)

    def stock(self, basis: str, *, is_long: bool) -> float:
        rate: float = getattr(self, f"{basis}_{'long' if is_long else 'short'}")
        per_share = rate * self.spot
        if not is_long:
            low = 5.0 if self.spot >= 5.0 else 2.5
            maintenance = max((0.3 if self.spot >= 5.0 else 1.0) * self.spot, low)
            per_share = maintenance if basis == "maintenance" else max(per_share, maintenance)
        return per_share


def spread_loss(legs: Sequence[Leg], amounts: Sequence[float]) -> float:
    """USD that balanced options can lose at most."""
    points = [0.0, *(leg.strike for leg in legs), 10 * max(leg.strike for leg in legs)]
    payoff = [
        sum(q * leg.multiplier * leg.intrinsic(x) for leg, q in zip(legs, amounts, strict=True))
        for x in points
    ]
    return max(0.0, -min(payoff))


def straddled(call: Leg, put: Leg, rules: Rules) -> float:
    """USD per share: the side that requires more and the other's price, the less of equal ones."""
    need, other = rules.naked(call), rules.naked(put)
    if abs(need - other) < 1e-9:
        return need + min(call.price, put.price)
    return need + put.price if need > other else other + call.price


class Program:
    """A mixed-integer program, filled column by column."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.is_whole: list[int] = []
        self.entries: list[tuple[str, int, float]] = []
        self.limits: dict[str, tuple[float, float]] = {}

    def column(self, cost: float, entries: dict[str, float], *, is_whole: bool = True) -> int:
        self.cost.append(cost)
        self.is_whole.append(int(is_whole))
        j = len(self.cost) - 1
        self.entries += [(name, j, value) for name, value in entries.items()]
        return j

    def solve(self, *, is_relaxed: bool) -> float:
        names = list(self.limits)
        matrix = np.zeros((len(names), len(self.cost)))
        number = {name: i for i, name in enumerate(names)}
        for name, j, value in self.entries:
            matrix[number[name], j] += value
        low, high = np.array(list(self.limits.values())).T
        result = milp(
            np.array(self.cost),
            constraints=LinearConstraint(matrix, low, high),
            bounds=Bounds(0, np.inf),
            integrality=np.zeros(len(self.cost)) if is_relaxed else np.array(self.is_whole),
            options={"mip_rel_gap": 0.0},
        )
        assert result.success, result.message
        return float(result.fun)


def add_pools(program: Program, legs: Sequence[Leg], rules: Rules) -> None:
    options = [(i, leg) for i, leg in enumerate(legs) if not leg.is_stock]
    expiries = sorted({leg.expiry for _, leg in options})
    for is_european, cutoff in product((False, True), expiries):
        members = [
            (i, leg)
            for i, leg in options
            if leg.is_european == is_european
            and (leg.expiry >= cutoff if leg.quantity > 0 else leg.expiry <= cutoff)
        ]
        if not members:
            continue
        key = f"{is_european} {cutoff}"
        strikes = sorted({0.0, 10 * rules.spot + 1e4, *(leg.strike for _, leg in members)})
        for x in strikes:
            program.limits[f"loss {key} {x}"] = (-np.inf, 0.0)
        for right in "CP":
            program.limits[f"balance {key} {right}"] = (0.0, 0.0)
        program.column(
            rules.spread_rate, {f"loss {key} {x}": -1.0 for x in strikes}, is_whole=False
        )
        for i, leg in members:
            sign = 1.0 if leg.quantity < 0 else -1.0
            entries = {f"loss {key} {x}": sign * leg.multiplier * leg.intrinsic(x) for x in strikes}
            entries[f"balance {key} {leg.right}"] = sign * leg.multiplier
            program.column(0.0, {**entries, f"leg {i}": 1.0})


def add_shorts(program: Program, legs: Sequence[Leg], rules: Rules) -> None:
    shorts = [(i, leg) for i, leg in enumerate(legs) if not leg.is_stock and leg.quantity < 0]
    for i, leg in shorts:
        program.column(leg.multiplier * rules.naked(leg), {f"leg {i}": 1.0})
    for (i, call), (k, put) in product(shorts, shorts):
        if call.right == "C" and put.right == "P" and call.multiplier == put.multiplier:
            pair = straddled(call, put, rules)
            program.column(call.multiplier * pair, {f"leg {i}": 1.0, f"leg {k}": 1.0})


def add_stock(program: Program, legs: Sequence[Leg], rules: Rules, basis: str) -> None:
    spot = rules.spot
    for s, stock in enumerate(legs):
        if not stock.is_stock:
            continue
        is_long = stock.quantity > 0
        plain = rules.stock(basis, is_long=is_long)
        rate = plain / spot
        program.column(plain, {f"leg {s}": 1.0}, is_whole=False)
        for i, leg in enumerate(legs):
            if leg.is_stock:
                continue
            takes = {f"leg {s}": leg.multiplier, f"leg {i}": 1.0}
            covers = leg.quantity < 0 and (leg.right == "C") == is_long
            if covers:
                program.column(leg.multiplier * cover(leg, spot, rate, plain, is_long), takes)
            if leg.quantity > 0 and (leg.right == "P") == is_long:
                out = max(spot - leg.strike, 0.0) if is_long else max(leg.strike - spot, 0.0)
                hedge = min(rules.hedge_rate * leg.strike + out, plain)
                need = hedge if basis == "maintenance" else plain
                program.column(leg.multiplier * need, takes)
                add_collars(program, legs, rules, (s, i, basis, plain))


def cover(leg: Leg, spot: float, rate: float, plain: float, is_long: bool) -> float:
    if is_long:
        return rate * min(spot, leg.strike) + max(spot - leg.strike, 0.0)
    return plain + max(leg.strike - spot, 0.0)


def add_collars(
    program: Program, legs: Sequence[Leg], rules: Rules, of: tuple[int, int, str, float]
) -> None:
    s, i, basis, plain = of
    bought, is_long, spot = legs[i], legs[s].quantity > 0, rules.spot
    for k, sold in enumerate(legs):
        if sold.is_stock or sold.quantity > 0 or sold.right == bought.right:
            continue
        is_same = sold.strike == bought.strike
        is_placed = sold.strike >= bought.strike if is_long else is_same
        is_one_size = sold.multiplier == bought.multiplier
        if sold.expiry != bought.expiry or not is_placed or not is_one_size:
            continue
        money = sold.intrinsic(spot)
        if basis == "initial":
            need = cover(sold, spot, plain / spot, plain, is_long)
        elif is_same:
            need = rules.hedge_rate * bought.strike + money
        else:
            out = max(spot - bought.strike, 0.0)
            cap = plain / spot * sold.strike
            need = min(rules.hedge_rate * bought.strike + out, cap) + money
        takes = {f"leg {s}": sold.multiplier, f"leg {i}": 1.0, f"leg {k}": 1.0}
        program.column(sold.multiplier * need, takes)


def add_boxes(program: Program, legs: Sequence[Leg], rules: Rules) -> None:
    def some(right: str, *, is_long: bool) -> list[tuple[int, Leg]]:
        return [
            (i, leg)
            for i, leg in enumerate(legs)
            if leg.right == right and (leg.quantity > 0) == is_long and leg.is_european
        ]

    sides = [some(r, is_long=q) for r, q in (("C", True), ("C", False), ("P", True), ("P", False))]
    for box in product(*sides):
        (_, lc), (_, sc), (_, lp), (_, sp) = box
        is_one_series = len({(leg.expiry, leg.multiplier) for _, leg in box}) == 1
        if is_one_series and lc.strike == sp.strike < sc.strike == lp.strike:
            width = sc.strike - lc.strike
            value = min(lc.price - sc.price + lp.price - sp.price, width)
            takes = {f"leg {i}": 1.0 for i, _ in box}
            program.column(lc.multiplier * (rules.box_rate * width - value), takes)


def least(
    legs: Sequence[Leg], rules: Rules, basis: str = "maintenance", *, is_relaxed: bool = False
) -> float:
    """USD: the optimum in whole contracts, or of the linear relaxation."""
    program = Program()
    for i, leg in enumerate(legs):
        amount = abs(leg.quantity)
        is_free = not leg.is_stock and leg.quantity > 0  # a long option may stand by itself
        program.limits[f"leg {i}"] = (0.0 if is_free else amount, amount)
    add_pools(program, legs, rules)
    add_shorts(program, legs, rules)
    add_stock(program, legs, rules, basis)
    add_boxes(program, legs, rules)
    return program.solve(is_relaxed=is_relaxed) if program.cost else 0.0


def greedy(legs: Sequence[Leg], rules: Rules, basis: str = "maintenance") -> float:  # noqa: C901
    """USD: widest strategy first: iron condors, then verticals, covers, straddles, what is left.

    Only options of one multiplier are paired.
    """
    left = [abs(leg.quantity) for leg in legs]
    total = 0.0

    def rows(right: str, *, is_long: bool) -> list[int]:
        return [
            i for i, x in enumerate(legs)
            if x.right == right and (x.quantity > 0) == is_long and left[i] > 0
        ]  # fmt: skip

    def may_spread(long: int, short: int) -> bool:
        a, b = legs[long], legs[short]
        is_alike = a.is_european == b.is_european and a.multiplier == b.multiplier
        return is_alike and a.expiry >= b.expiry

    def take(members: tuple[int, ...], most: float) -> float:
        amount = min(most, *(left[i] for i in members))
        for i in members:
            left[i] -= amount
        return amount

    for sp, lp, sc, lc in product(
        rows("P", is_long=False), rows("P", is_long=True),
        rows("C", is_long=False), rows("C", is_long=True),
    ):  # fmt: skip
        members = (sp, lp, sc, lc)
        is_left = left[sp] and left[lp] and left[sc] and left[lc]
        if is_left and all(may_spread(a, b) for a in (lp, lc) for b in (sp, sc)):
            some = [legs[i] for i in members]
            loss = spread_loss(some, [-1, 1, -1, 1]) * rules.spread_rate
            naked = sum(x.multiplier * rules.naked(x) for x in some if x.quantity < 0)
            total += take(members, np.inf) * min(loss, naked)
    for right in "CP":
        for short, long in product(rows(right, is_long=False), rows(right, is_long=True)):
            if may_spread(long, short):
                some = [legs[short], legs[long]]
                loss = spread_loss(some, [-1, 1]) * rules.spread_rate
                naked = legs[short].multiplier * rules.naked(legs[short])
                total += take((short, long), np.inf) * min(loss, naked)
    for s, stock in enumerate(legs):
        if not stock.is_stock:
            continue
        is_long = stock.quantity > 0
        plain = rules.stock(basis, is_long=is_long)
        for i in rows("C" if is_long else "P", is_long=False):
            n = min(left[i], left[s] // legs[i].multiplier)
            need = cover(legs[i], rules.spot, plain / rules.spot, plain, is_long)
            total += n * legs[i].multiplier * need
            left[i] -= n
            left[s] -= n * legs[i].multiplier
        total += left[s] * plain
    for c, p in product(rows("C", is_long=False), rows("P", is_long=False)):
        if legs[c].multiplier != legs[p].multiplier:
            continue
        pair = straddled(legs[c], legs[p], rules)
        total += take((c, p), np.inf) * legs[c].multiplier * pair
    for i, leg in enumerate(legs):
        if not leg.is_stock and leg.quantity < 0:
            total += left[i] * leg.multiplier * rules.naked(leg)
    return total
