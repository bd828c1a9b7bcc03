"""Whole contracts near an answer with fractions; the twin of cpp/src/isa/strategy_rounding.hpp."""

from typing import Final

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_legs import SPREAD_RATE, intrinsic
from riskarray.backends._numba.strategy_program import (
    COVER,
    LOSS,
    N_COLUMNS,
    N_LEGS,
    N_POOLS,
    TOTAL,
    Workspace,
)

__all__ = ["FRACTION", "allocation_cost", "round_allocation"]

FRACTION: Final = 1e-6
"""Of a contract: closer to a whole number is whole."""


@jit_part
def loss_at(w: Workspace, p: int, x: F64, point: int) -> float:
    """Loss at a point of the options that an allocation puts into a pool, in USD."""
    pool = w.pools[p]
    price = w.points[pool["first_point"] + point]
    loss = 0.0
    for j in range(pool["first_column"], pool["loss_column"]):
        leg = w.legs[w.columns[j]["leg"][0]]
        value = intrinsic(leg, price) * leg["multiplier"] * x[j]
        loss += -value if leg["is_long"] else value
    return loss


@jit_part
def pool_loss(w: Workspace, regime: F64, p: int, x: F64) -> float:
    """Greatest loss of what stands in a pool, in USD times the spread rate."""
    greatest = 0.0
    for k in range(w.pools[p]["n_points"]):
        greatest = max(greatest, loss_at(w, p, x, k))
    return greatest * regime[SPREAD_RATE]  # type: ignore[no-any-return]


@jit_part
def allocation_cost(w: Workspace, regime: F64, x: F64, basis: int) -> float:
    """What an allocation saves (below 0) against every leg by itself."""
    cost = 0.0
    for j in range(w.counts[N_COLUMNS]):
        if w.columns[j]["use"] != LOSS:
            cost += w.columns[j]["cost"][basis] * x[j]
        else:
            cost += pool_loss(w, regime, w.columns[j]["pool"], x)
    return cost


@jit_part
def find_left(w: Workspace, x: F64) -> None:
    """Contracts that stand outside all columns."""
    for i in range(w.counts[N_LEGS]):
        w.slots[i]["left"] = w.legs[i]["quantity"]
    for j in range(w.counts[N_COLUMNS]):
        for k in range(w.columns[j]["n_legs"]):
            w.slots[w.columns[j]["leg"][k]]["left"] -= x[j]


@jit_part
def is_alike(w: Workspace, j: int, like: int) -> bool:
    """Whether an option in a pool is of the right and multiplier of another."""
    of = w.legs[w.columns[j]["leg"][0]]
    return bool(
        of["right"] == w.legs[like]["right"] and of["multiplier"] == w.legs[like]["multiplier"]
    )


@jit_part
def balance(w: Workspace, p: int, like: int, x: F64) -> None:
    """Take options like one out of a pool, from its end, until it balances."""
    first, last = w.pools[p]["first_column"], w.pools[p]["loss_column"]
    longs, shorts = 0.0, 0.0
    for j in range(first, last):
        if is_alike(w, j, like):
            if w.legs[w.columns[j]["leg"][0]]["is_long"]:
                longs += x[j]
            else:
                shorts += x[j]
    surplus = abs(longs - shorts)
    for j in range(last - 1, first - 1, -1):
        if not surplus > 0.0:
            break
        i = w.columns[j]["leg"][0]
        if is_alike(w, j, like) and bool(w.legs[i]["is_long"]) == (longs > shorts):
            taken = min(surplus, x[j])
            surplus -= taken
            x[j] -= taken
            w.slots[i]["left"] += taken


@jit_part
def best_partner(w: Workspace, p: int, sold: int, rate: float) -> int:
    """Column of the long option that a short one needs least with; -1: less by itself."""
    s = w.legs[sold]
    least = s["uncovered"]
    best = -1
    for j in range(w.pools[p]["first_column"], w.pools[p]["loss_column"]):
        i = w.columns[j]["leg"][0]
        b = w.legs[i]
        if not b["is_long"] or not is_alike(w, j, sold) or w.slots[i]["left"] < 1.0:
            continue
        loss = s["multiplier"] * max(s["right"] * (b["strike"] - s["strike"]), 0.0)
        if rate * loss + b["loan_value"] < least:
            least = rate * loss + b["loan_value"]
            best = j
    return best


@jit_part
def pair_left(w: Workspace, p: int, rate: float, x: F64) -> None:
    """Spread short options that the answer had not left by themselves in pairs."""
    for j in range(w.pools[p]["first_column"], w.pools[p]["loss_column"]):
        i = w.columns[j]["leg"][0]
        if w.legs[i]["is_long"]:
            continue
        while w.slots[i]["left"] - w.slots[i]["alone"] >= 1.0:
            partner = best_partner(w, p, i, rate)
            if partner < 0:
                break
            of = w.columns[partner]["leg"][0]
            contracts = min(w.slots[i]["left"] - w.slots[i]["alone"], w.slots[of]["left"])
            x[j] += contracts
            x[partner] += contracts
            w.slots[i]["left"] -= contracts
            w.slots[of]["left"] -= contracts


@jit_part
def round_total(w: Workspace, total: int, x: F64) -> None:
    """Cover as many contracts of an option that several stocks share as are covered in full."""
    rest = x[total]
    option = w.columns[total]["leg"][0]
    for j in range(w.counts[N_COLUMNS]):
        if w.columns[j]["use"] == COVER and w.columns[j]["leg"][0] == option:
            x[j] = min(x[j], rest)
            rest -= x[j]


@jit_part
def round_allocation(w: Workspace, regime: F64, x: F64) -> None:
    """Make an allocation whole, pools in balance by each multiplier."""
    find_left(w, x)
    for i in range(w.counts[N_LEGS]):
        w.slots[i]["alone"] = np.ceil(w.slots[i]["left"] - FRACTION)
    for j in range(w.counts[N_COLUMNS]):
        if w.columns[j]["is_whole"]:
            x[j] = np.floor(x[j] + FRACTION)
        if w.columns[j]["use"] == TOTAL:
            round_total(w, j, x)
    find_left(w, x)
    for p in range(w.counts[N_POOLS]):
        for j in range(w.pools[p]["first_column"], w.pools[p]["loss_column"]):
            balance(w, p, w.columns[j]["leg"][0], x)
    for p in range(w.counts[N_POOLS]):
        pair_left(w, p, regime[SPREAD_RATE], x)
