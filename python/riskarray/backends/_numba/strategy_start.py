"""Where the dual simplex starts; the twin of cpp/src/isa/strategy_start.hpp."""

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_legs import (
    SPREAD_RATE,
)
from riskarray.backends._numba.strategy_program import (
    N_COLUMNS,
    N_LEGS,
    N_POOLS,
    N_SIZES,
    PER_MONEY,
    SHELTERED,
    UNIT,
    Workspace,
    is_parted,
    weight,
)
from riskarray.backends._numba.strategy_tableau import (
    INFINITE,
    REDUCED,
    RIGHT_SIDE,
    SIGN,
    UPPER,
    Tableau,
)

__all__ = ["start_on"]


@jit_part
def cost_pool(w: Workspace, t: Tableau, p: int, basis: int) -> float:
    """Set the costs of a pool's columns; return what those that start there cost alone."""
    per_money = w.number[PER_MONEY]
    of_starts = 0.0
    for j in range(w.pools[p]["first_column"], w.pools[p]["loss_column"]):
        i = w.columns[j]["leg"][0]
        start = w.slots[i]["spread_column"]
        own = w.columns[j]["cost"][basis] * per_money
        upper = w.columns[j]["upper"] / w.number[UNIT]
        cost = own
        if start == j:
            of_starts += own * upper
            sheltered = w.slots[i]["sheltered_column"]
            cost = w.columns[sheltered]["cost"][basis] * per_money if sheltered >= 0 else 0.0
        if start >= 0:
            cost -= w.columns[start]["cost"][basis] * per_money
        t.places[REDUCED, j] = cost
        t.places[UPPER, j] = upper
        t.places[SIGN, j] = 1.0
    return of_starts


@jit_part
def cost_others(w: Workspace, t: Tableau, first: int, last: int, basis: int) -> None:
    """Set the costs of columns outside the pools."""
    per_money = w.number[PER_MONEY]
    for j in range(first, last):
        cost = w.columns[j]["cost"][basis] * per_money
        if w.columns[j]["use"] == SHELTERED and is_parted(w, w.columns[j]["leg"][0]):
            cost = -cost
        else:
            for k in range(w.columns[j]["n_legs"]):
                start = w.slots[w.columns[j]["leg"][k]]["spread_column"]
                if start >= 0:
                    cost -= w.columns[start]["cost"][basis] * per_money
        t.places[REDUCED, j] = cost
        t.places[UPPER, j] = w.columns[j]["upper"] / w.number[UNIT]
        t.places[SIGN, j] = -1.0 if cost < 0.0 else 1.0


@jit_part
def balance_pool(w: Workspace, t: Tableau, p: int) -> None:
    """Stand long options that cost nothing in spreads until they balance the short ones."""
    legs = w.legs
    first = w.pools[p]["first_column"]
    size = w.pools[p]["loss_column"] - first
    for side in range(2):
        row = w.pools[p]["balance_row"][side]
        missing = 0.0 if row < 0 else -t.limits[RIGHT_SIDE, row]
        for k in range(size):
            if not missing > 0.0:
                break
            j = first + (k if side == 0 else size - 1 - k)
            i = w.columns[j]["leg"][0]
            if (
                legs[i]["is_long"]
                and (legs[i]["right"] < 0) == (side == 1)
                and w.taken[i] == 0.0
                and t.places[REDUCED, j] == 0.0
            ):
                w.taken[i] = 1.0
                t.places[SIGN, j] = -1.0
                missing -= t.places[UPPER, j] * weight(w, i)


@jit_part
def start_on(w: Workspace, regime: F64, t: Tableau, basis: int) -> None:
    """Set the costs of one basis, and start from all that may be spread in spreads."""
    for i in range(w.counts[N_LEGS]):
        w.taken[i] = 0.0
    t.objective[0] = 0.0
    last = w.counts[N_COLUMNS]
    for p in range(w.counts[N_POOLS] - 1, -1, -1):
        loss = w.pools[p]["loss_column"]
        cost_others(w, t, loss + 1, last, basis)
        t.objective[0] += cost_pool(w, t, p, basis)
        t.places[REDUCED, loss] = regime[SPREAD_RATE]
        t.places[UPPER, loss] = INFINITE
        t.places[SIGN, loss] = 1.0
        if w.counts[N_SIZES] == 1:
            balance_pool(w, t, p)
        last = w.pools[p]["first_column"]
    cost_others(w, t, 0, last, basis)
