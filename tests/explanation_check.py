# SPDX-License-Identifier: Apache-2.0
"""Works out an account's requirement again from the JSON of its explanation, in plain Python.

Written from the description of the method (docs/conventions.md), not from the program: positions
are added up, offsets taken point by point, the points chosen and the minimum charges compared.
"""

from typing import Any

Rows = list[list[float]]


def requirement_from(explanation: dict[str, Any]) -> float:
    """Return the requirement that positions, offsets, switches and add-ons lead to."""
    total = sum(portfolio_requirement(explanation, g) for g in explanation["portfolio_groups"])
    total += sum(p["charge"] for p in explanation["positions"] if p["is_outside"])
    return float(total + sum(row["amount"] for row in explanation["add_ons"]))


def shares_of(explanation: dict[str, Any]) -> float:
    """Return the sum of the positions' shares and of the add-ons."""
    shares = sum(position["charge"] for position in explanation["positions"])
    return float(shares + sum(row["amount"] for row in explanation["add_ons"]))


def portfolio_requirement(explanation: dict[str, Any], group: dict[str, Any]) -> float:
    names = [c["class_group"] for c in group["class_groups"]]
    held = [p for p in explanation["positions"] if not p["is_outside"]]
    pnl: Rows = []
    minimum = []
    for name in names:
        mine = [p for p in held if p["class_group"] == name]
        pnl.append([sum(column) for column in zip(*(p["pnl"] for p in mine), strict=True)])
        minimum.append(sum(p["minimum_charge"] for p in mine))
    switches = explanation["switches"]
    products = [c["product_group"] for c in group["class_groups"]]
    offsets = {c["product_group"]: c["product_offset"] for c in group["class_groups"]}
    residual = group["offset"] if switches["is_residual_discounted"] else 1.0
    left = [
        losses_left(pnl, products, offsets, residual, j) for j in range(len(explanation["points"]))
    ]
    by_class = list(zip(*left, strict=True))
    if switches["is_own_worst"]:
        losses = [max(row) for row in by_class]
    elif switches["is_minimum_per_class"]:
        charges = [[max(a, m) for a, m in zip(row, minimum, strict=True)] for row in left]
        return float(max(sum(row) for row in charges))
    else:
        return float(max(sum(minimum), *(sum(row) for row in left)))
    if switches["is_minimum_per_class"]:
        return float(sum(max(a, m) for a, m in zip(losses, minimum, strict=True)))
    return float(max(sum(losses), sum(minimum)))


def losses_left(
    pnl: Rows, products: list[str], offsets: dict[str, float], residual: float, j: int
) -> list[float]:
    """Return what is left of each class group's loss at one point, credits spread in proportion."""
    loss = dict.fromkeys(offsets, 0.0)
    gain = dict.fromkeys(offsets, 0.0)
    for row, product in zip(pnl, products, strict=True):
        loss[product] += max(-row[j], 0.0)
        gain[product] += max(row[j], 0.0)
    net = {name: offsets[name] * gain[name] - loss[name] for name in offsets}
    all_loss = sum(max(-value, 0.0) for value in net.values())
    all_gain = sum(max(value, 0.0) for value in net.values())
    kept = max(all_loss - residual * all_gain, 0.0) / all_loss if all_loss > 0.0 else 0.0
    return [
        max(-row[j], 0.0) / loss[name] * max(-net[name], 0.0) * kept if row[j] < 0.0 else 0.0
        for row, name in zip(pnl, products, strict=True)
    ]
