"""The options of a pool as spreads of few legs; the twin of cpp/src/isa/strategy_spreads.hpp."""

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_legs import LEAST_QUANTITY, SPREAD_RATE, Leg, intrinsic
from riskarray.backends._numba.strategy_output import SPREADS, Writer, add_leg, begin_strategy
from riskarray.backends._numba.strategy_program import N_POOLS, Workspace
from riskarray.backends._numba.strategy_tableau import TOLERANCE

__all__ = ["add_member", "cut_spread", "greatest_loss", "write_spreads"]


@jit_part
def compact(w: Workspace, size: int) -> int:
    """Drop the options of which nothing is left; return how many stay."""
    kept = 0
    for k in range(size):
        w.member[kept] = w.member[k]
        w.net[kept] = w.net[k]
        kept += 1 if w.net[k] > LEAST_QUANTITY else 0
    return kept


@jit_part
def loss_without(
    w: Workspace, first_point: int, points: int, sold: Leg, bought: Leg, lots: float
) -> float:
    """Greatest loss that is left once some lots of a pair are taken out; 0: none."""
    rest = 0.0
    for k in range(points):
        price = w.points[first_point + k]
        pair = lots * (intrinsic(sold, price) - intrinsic(bought, price))
        rest = max(rest, w.loss[k] - pair)
    return rest


@jit_part
def add_member(
    w: Workspace, size: int, i: int, contracts: float, first_point: int, points: int
) -> int:
    """Add an option to a spread and to its losses if there is anything of it; return the size."""
    if contracts <= LEAST_QUANTITY:
        return size
    w.member[size] = i
    w.net[size] = contracts
    units = contracts * w.legs[i]["multiplier"]
    if w.legs[i]["is_long"]:
        units = -units
    for k in range(points):
        w.loss[k] += units * intrinsic(w.legs[i], w.points[first_point + k])
    return size + 1


@jit_part
def greatest_loss(w: Workspace, points: int) -> float:
    """Return what a spread loses most at its points; 0: nothing."""
    whole = 0.0
    for k in range(points):
        whole = max(whole, w.loss[k])
    return whole


@jit_part
def gather_spread(w: Workspace, p: int, x: F64) -> tuple[int, float]:
    """Set the losses of all that stands in a pool; return how many options, and the greatest."""
    first_point, points = w.pools[p]["first_point"], w.pools[p]["n_points"]
    for k in range(points):
        w.loss[k] = 0.0
    size = 0
    for j in range(w.pools[p]["first_column"], w.pools[p]["loss_column"]):
        size = add_member(w, size, w.columns[j]["leg"][0], x[j], first_point, points)
    return size, greatest_loss(w, points)


@jit_part
def is_one_strategy(w: Workspace, size: int) -> bool:
    """Whether a pool's options stay together: few, or a condor, iron condor, butterfly or box."""
    if size != 4:
        return size < 4
    for k in range(1, 4):
        if w.net[k] != w.net[0]:
            return False
    legs, member = w.legs, w.member
    return bool(
        legs[member[0]]["is_long"] == legs[member[3]]["is_long"]
        and legs[member[1]]["is_long"] == legs[member[2]]["is_long"]
    )


@jit_part
def is_pair(w: Workspace, first: int, second: int) -> bool:
    """Whether two options make a vertical, calendar or diagonal."""
    a, b = w.legs[w.member[first]], w.legs[w.member[second]]
    return bool(
        a["is_long"] != b["is_long"]
        and a["right"] == b["right"]
        and a["multiplier"] == b["multiplier"]
        and w.net[first] > LEAST_QUANTITY
        and w.net[second] > LEAST_QUANTITY
    )


@jit_part
def take_pair(
    w: Workspace,
    points_of: tuple[int, int],
    pair_of: tuple[int, int],
    whole: float,
    rate: float,
    out: Writer,
) -> float:
    """Take a pair out if it loses by itself what the rest then loses less; return what is left."""
    first, second = pair_of
    first_point, points = points_of
    a, b = w.member[first], w.member[second]
    is_first_long = w.legs[a]["is_long"]
    sold, bought = w.legs[b if is_first_long else a], w.legs[a if is_first_long else b]
    contracts = min(w.net[first], w.net[second])
    lots = contracts * sold["multiplier"]
    pair = lots * max(sold["right"] * (bought["strike"] - sold["strike"]), 0.0)
    most = whole + TOLERANCE * (whole + 1.0)
    if pair > most:
        return whole
    rest = loss_without(w, first_point, points, sold, bought, lots)
    if pair + rest > most:
        return whole
    for k in range(points):
        price = w.points[first_point + k]
        w.loss[k] -= lots * (intrinsic(sold, price) - intrinsic(bought, price))
    w.net[first] -= contracts
    w.net[second] -= contracts
    begin_strategy(out, SPREADS, rate * pair, rate * pair)
    add_leg(out, w.legs, a, contracts)
    add_leg(out, w.legs, b, contracts)
    return rest


@jit_part
def take_pairs(
    w: Workspace, points_of: tuple[int, int], size: int, whole: float, rate: float, out: Writer
) -> float:
    """Take out pairs that come at no cost, the nearest first; return the loss that is left."""
    for away in range(1, size):
        for first in range(size - away):
            if is_pair(w, first, first + away):
                whole = take_pair(w, points_of, (first, first + away), whole, rate, out)
    return whole


@jit_part
def cut_spread(
    w: Workspace, first_point: int, points: int, size: int, whole: float, rate: float, out: Writer
) -> None:
    """Write a spread, cut into strategies of few legs as far as that costs nothing."""
    before = 0
    while not is_one_strategy(w, size) and size != before:
        before = size
        whole = take_pairs(w, (first_point, points), size, whole, rate, out)
        size = compact(w, size)
    if size > 0:
        begin_strategy(out, SPREADS, rate * whole, rate * whole)
        for k in range(size):
            add_leg(out, w.legs, w.member[k], w.net[k])


@jit_part
def write_spreads(w: Workspace, regime: F64, x: F64, out: Writer) -> None:
    """Write the options of each pool."""
    for p in range(w.counts[N_POOLS]):
        size, whole = gather_spread(w, p, x)
        first_point, points = w.pools[p]["first_point"], w.pools[p]["n_points"]
        cut_spread(w, first_point, points, size, whole, regime[SPREAD_RATE], out)
