"""The program: its columns, rows and coefficients; the twin of cpp/src/isa/strategy_rows.hpp."""

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_combinations import add_boxes, add_stock_columns
from riskarray.backends._numba.strategy_legs import (
    OPTION,
    SPREAD_RATE,
    STOCK,
    intrinsic,
    shares_of,
)
from riskarray.backends._numba.strategy_pools import add_spread_columns
from riskarray.backends._numba.strategy_program import (
    COVER,
    FIRST_OPTION,
    IS_TOO_LARGE,
    IS_WHOLE,
    LAST_OPTION,
    LOSS,
    N_COLUMNS,
    N_LEGS,
    N_POINTS,
    N_POOLS,
    N_ROWS,
    N_SHELTERS,
    REFERENCE_MULTIPLIER,
    SCALE,
    SHELTERED,
    SPREAD,
    TABLEAU_DOUBLES,
    TOTAL,
    UNIT,
    Workspace,
    underlying_end,
    weight,
)
from riskarray.backends._numba.strategy_straddles import add_straddle_columns
from riskarray.backends._numba.strategy_tableau import (
    INFINITE,
    REDUCED,
    RIGHT_SIDE,
    SIGN,
    SLACK_UPPER,
    TOLERANCE,
    UPPER,
    Tableau,
    add_multiple,
    lay_out,
    set_sizes,
    tableau_size,
)

__all__ = ["add_columns", "make_tableau", "number_rows", "start_on"]


@jit_part
def add_columns(w: Workspace, regime: F64) -> None:
    """Add the columns, in the order that settles ties."""
    w.counts[N_COLUMNS] = 0
    w.counts[N_POOLS] = 0
    w.counts[N_POINTS] = 0
    w.counts[N_SHELTERS] = 0
    w.counts[IS_TOO_LARGE] = 0
    for i in range(w.counts[N_LEGS]):
        w.slots[i]["spread_column"] = -1
    begin = w.counts[FIRST_OPTION]
    while begin < w.counts[LAST_OPTION]:
        end = underlying_end(w, begin)
        add_spread_columns(w, regime, begin, end)
        add_straddle_columns(w, regime, begin, end)
        begin = end
    add_stock_columns(w, regime)
    add_boxes(w, regime)


@jit_part
def number_rows(w: Workspace) -> None:
    """Number the rows: capacities, balances and points of the pools, shelter."""
    n_legs, n_columns = w.counts[N_LEGS], w.counts[N_COLUMNS]
    for i in range(n_legs):
        w.slots[i]["uses"] = 0
    for j in range(n_columns):
        for k in range(w.columns[j]["n_legs"]):
            w.slots[w.columns[j]["leg"][k]]["uses"] += 1
    rows = 0
    for i in range(n_legs):
        w.slots[i]["capacity_row"] = -1
        if w.slots[i]["uses"] > 1:
            w.slots[i]["capacity_row"] = rows
            rows += 1
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        w.slots[i]["total_row"] = -1
        if w.slots[i]["total_column"] >= 0:
            w.slots[i]["total_row"] = rows
            rows += 1
    for p in range(w.counts[N_POOLS]):
        for side in range(2):
            if w.pools[p]["balance_row"][side] >= 0:
                w.pools[p]["balance_row"][side] = rows
                rows += 1
    for s in range(w.counts[N_SHELTERS]):
        w.shelters[s]["row"] = rows
        rows += 1
    for p in range(w.counts[N_POOLS]):
        w.pools[p]["first_row"] = rows
        rows += w.pools[p]["n_points"]
    w.counts[N_ROWS] = rows
    set_sizes(w.size, rows, n_columns)
    if tableau_size(w.size) > TABLEAU_DOUBLES:
        w.counts[IS_TOO_LARGE] = 1


@jit_part
def add_shelter(w: Workspace, cells: F64, i: int, is_taken: bool, amount: float) -> None:
    """Add an amount in the rows of shelter that a short option gives, or takes with its own."""
    legs = w.legs
    for s in range(w.slots[i]["first_shelter"], w.counts[N_SHELTERS]):
        last = w.shelters[s]["leg"]
        if (
            legs[last]["underlying"] != legs[i]["underlying"]
            or legs[last]["multiplier"] != legs[i]["multiplier"]
        ):
            return
        if (w.shelters[s]["right"] == legs[i]["right"]) == is_taken:
            cells[w.shelters[s]["row"]] += amount


@jit_part
def fill_spread(w: Workspace, cells: F64, j: int) -> None:
    """Fill a pool's rows in one column."""
    p = w.columns[j]["pool"]
    first, n_points = w.pools[p]["first_row"], w.pools[p]["n_points"]
    if w.columns[j]["use"] == LOSS:
        cells[first : first + n_points] = -1.0
        return
    legs, i = w.legs, w.columns[j]["leg"][0]
    short_weight = -weight(w, i) if legs[i]["is_long"] else weight(w, i)
    cells[w.pools[p]["balance_row"][int(legs[i]["right"] < 0)]] = short_weight
    loss = short_weight / w.number[SCALE]
    for k in range(n_points):
        cells[first + k] = loss * intrinsic(legs[i], w.points[w.pools[p]["first_point"] + k])


@jit_part
def fill_column(w: Workspace, cells: F64, j: int) -> None:
    """Fill a column but for the capacities."""
    legs, use = w.legs, w.columns[j]["use"]
    if use in (SPREAD, LOSS):
        fill_spread(w, cells, j)
    total_row = w.slots[w.columns[j]["leg"][0]]["total_row"]
    if use in (COVER, TOTAL) and total_row >= 0:
        cells[total_row] = 1.0 if use == COVER else -1.0
    if w.counts[N_SHELTERS] == 0:
        return
    for k in range(w.columns[j]["n_legs"]):
        i = w.columns[j]["leg"][k]
        if legs[i]["kind"] != OPTION or legs[i]["is_long"]:
            continue
        add_shelter(w, cells, i, False, weight(w, i))  # noqa: FBT003  # as the twin
        if use == SHELTERED:
            add_shelter(w, cells, i, True, weight(w, i))  # noqa: FBT003


@jit_part
def capacity(w: Workspace, i: int) -> float:
    """Contracts of a leg; whole ones of stock when every use takes the same number of shares."""
    legs = w.legs
    if legs[i]["kind"] != STOCK:
        return legs[i]["quantity"]  # type: ignore[no-any-return]
    reference = w.number[REFERENCE_MULTIPLIER]
    size = legs[i]["quantity"] * legs[i]["multiplier"] / reference
    share = 0.0
    if w.counts[IS_WHOLE]:
        for j in range(w.counts[N_COLUMNS]):
            if w.columns[j]["n_legs"] < 2 or w.columns[j]["leg"][w.columns[j]["n_legs"] - 1] != i:
                continue
            if not w.columns[j]["is_whole"]:
                return size  # type: ignore[no-any-return]
            of_column = shares_of(legs, w.columns[j]["leg"][0], i) / reference
            if share != 0.0 and share != of_column:  # noqa: PLR1714
                return size  # type: ignore[no-any-return]
            share = of_column
    if share == 0.0:
        return size  # type: ignore[no-any-return]
    return np.floor(size / share + TOLERANCE) * share  # type: ignore[no-any-return]


@jit_part
def take_rests(w: Workspace, t: Tableau) -> None:
    """Put what is left of short options by themselves in the place of what is spread."""
    rows = w.counts[N_ROWS]
    for j in range(w.counts[N_COLUMNS]):
        for k in range(w.columns[j]["n_legs"]):
            spread = w.slots[w.columns[j]["leg"][k]]["spread_column"]
            if spread >= 0 and spread != j:
                add_multiple(t.coefficient[j], t.coefficient[spread], -1.0, rows)
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        spread = w.slots[i]["spread_column"]
        if spread >= 0:
            cells = t.coefficient[spread]
            quantity = w.legs[i]["quantity"] / w.number[UNIT]
            add_multiple(t.limits[RIGHT_SIDE], cells, -quantity, rows)
            for row in range(rows):
                cells[row] = -cells[row]


@jit_part
def fill_right_sides(w: Workspace, t: Tableau) -> None:
    """Fill the right-hand sides, and say which rows are equalities."""
    right_side, slack_upper = t.limits[RIGHT_SIDE], t.limits[SLACK_UPPER]
    right_side[:] = 0.0
    slack_upper[:] = INFINITE
    legs, unit = w.legs, w.number[UNIT]
    for i in range(w.counts[N_LEGS]):
        if w.slots[i]["capacity_row"] >= 0:
            right_side[w.slots[i]["capacity_row"]] = capacity(w, i) / unit
        if legs[i]["kind"] == OPTION and not legs[i]["is_long"] and w.counts[N_SHELTERS] > 0:
            amount = weight(w, i) * legs[i]["quantity"] / unit
            add_shelter(w, right_side, i, False, amount)  # noqa: FBT003  # as the twin
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        if w.slots[i]["total_row"] >= 0:
            slack_upper[w.slots[i]["total_row"]] = 0.0
    for p in range(w.counts[N_POOLS]):
        for side in range(2):
            if w.pools[p]["balance_row"][side] >= 0:
                slack_upper[w.pools[p]["balance_row"][side]] = 0.0


@jit_part
def fill_capacities(w: Workspace, t: Tableau) -> None:
    """Fill the rows of legs that several columns want."""
    for j in range(w.counts[N_COLUMNS]):
        for k in range(w.columns[j]["n_legs"]):
            i = w.columns[j]["leg"][k]
            row = w.slots[i]["capacity_row"]
            if row < 0:
                continue
            share = 1.0
            if w.legs[i]["kind"] == STOCK:
                first = w.columns[j]["leg"][0]
                share = shares_of(w.legs, first, i) / w.number[REFERENCE_MULTIPLIER]
            t.coefficient[j, row] = share


@jit_part
def make_tableau(w: Workspace) -> Tableau:
    """Fill the coefficients."""
    t = lay_out(w.tableau, w.labels, w.size)
    t.coefficient[:] = 0.0
    for j in range(w.counts[N_COLUMNS]):
        fill_column(w, t.coefficient[j], j)
    fill_right_sides(w, t)
    take_rests(w, t)
    fill_capacities(w, t)
    return t


@jit_part
def balance_pools(w: Workspace, t: Tableau) -> None:
    """Stand long options that cost nothing in spreads until they balance the short ones."""
    legs = w.legs
    for i in range(w.counts[N_LEGS]):
        w.taken[i] = 0.0
    for p in range(w.counts[N_POOLS] - 1, -1, -1):
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
    money = w.number[REFERENCE_MULTIPLIER] * w.number[SCALE]
    t.objective[0] = 0.0
    for j in range(w.counts[N_COLUMNS]):
        if w.columns[j]["use"] == LOSS:
            t.places[REDUCED, j] = regime[SPREAD_RATE]
            t.places[UPPER, j] = INFINITE
            t.places[SIGN, j] = 1.0
            continue
        cost = w.columns[j]["cost"][basis]
        upper = w.columns[j]["upper"] / w.number[UNIT]
        for k in range(w.columns[j]["n_legs"]):
            spread = w.slots[w.columns[j]["leg"][k]]["spread_column"]
            of_spread = w.columns[spread]["cost"][basis] if spread >= 0 else 0.0
            if spread == j:
                t.objective[0] += of_spread / money * upper
                cost = 0.0
            cost -= of_spread
        t.places[REDUCED, j] = cost / money
        t.places[UPPER, j] = upper
        t.places[SIGN, j] = -1.0 if cost < 0.0 else 1.0
    balance_pools(w, t)
