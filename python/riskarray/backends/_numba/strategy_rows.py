"""The program: its columns, rows and coefficients; the twin of cpp/src/isa/strategy_rows.hpp."""

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit_part
from riskarray.backends._numba.strategy_combinations import add_boxes, add_stock_columns
from riskarray.backends._numba.strategy_excess import balance_row, balance_rows, fill_excess
from riskarray.backends._numba.strategy_legs import (
    OPTION,
    STOCK,
    intrinsic,
    shares_of,
)
from riskarray.backends._numba.strategy_pools import add_spread_columns
from riskarray.backends._numba.strategy_program import (
    COVER,
    EXCESS,
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
    TABLEAU_ROOM,
    TOTAL,
    UNIT,
    Workspace,
    is_parted,
    underlying_end,
    weight,
)
from riskarray.backends._numba.strategy_straddles import add_straddle_columns
from riskarray.backends._numba.strategy_tableau import (
    INFINITE,
    RIGHT_SIDE,
    SLACK_UPPER,
    TOLERANCE,
    Tableau,
    lay_out,
    set_sizes,
    tableau_size,
)

__all__ = ["add_columns", "make_tableau", "number_rows"]


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
        w.slots[i]["sheltered_column"] = -1
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
        if w.slots[i]["uses"] - int(is_parted(w, i)) > 1:
            w.slots[i]["capacity_row"] = rows
            rows += 1
    for i in range(n_legs):
        w.slots[i]["part_row"] = -1
        if is_parted(w, i):
            w.slots[i]["part_row"] = rows
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
                rows += balance_rows(w)
    for s in range(w.counts[N_SHELTERS]):
        w.shelters[s]["row"] = rows
        rows += 1
    for p in range(w.counts[N_POOLS]):
        w.pools[p]["first_row"] = rows
        rows += w.pools[p]["n_points"]
    w.counts[N_ROWS] = rows
    set_sizes(w.size, rows, n_columns)
    if tableau_size(w.size) > w.counts[TABLEAU_ROOM]:
        w.counts[IS_TOO_LARGE] = 1


@jit_part
def add_shelter(w: Workspace, cells: F64, i: int, own: float, other: float) -> None:
    """Add amounts in the rows of shelter of a short option: of its own right, of the other."""
    legs = w.legs
    for s in range(w.slots[i]["first_shelter"], w.counts[N_SHELTERS]):
        last = w.shelters[s]["leg"]
        if (
            legs[last]["underlying"] != legs[i]["underlying"]
            or legs[last]["multiplier"] != legs[i]["multiplier"]
        ):
            return
        cells[w.shelters[s]["row"]] += own if w.shelters[s]["right"] == legs[i]["right"] else other


@jit_part
def add_spread(w: Workspace, cells: F64, p: int, i: int, sign: float) -> None:
    """Add what one contract loses in a pool and its weight in the balance, times a sign."""
    leg = w.legs[i]
    first = w.pools[p]["first_row"]
    signed_weight = -sign * weight(w, i) if leg["is_long"] else sign * weight(w, i)
    cells[balance_row(w, p, i)] += signed_weight
    loss = signed_weight / w.number[SCALE]
    for k in range(w.pools[p]["n_points"]):
        cells[first + k] += loss * intrinsic(leg, w.points[w.pools[p]["first_point"] + k])


@jit_part
def fill_pools(w: Workspace, t: Tableau) -> None:
    """Fill the columns of the pools; a short option's first counts what leaves its spread."""
    for p in range(w.counts[N_POOLS]):
        first, last = w.pools[p]["first_column"], w.pools[p]["loss_column"]
        for j in range(first, last):
            i = w.columns[j]["leg"][0]
            start = w.slots[i]["spread_column"]
            add_spread(w, t.coefficient[j], p, i, -1.0 if start == j else 1.0)
            if 0 <= start < first:
                add_spread(w, t.coefficient[j], w.columns[start]["pool"], i, -1.0)
        row = w.pools[p]["first_row"]
        t.coefficient[last, row : row + w.pools[p]["n_points"]] = -1.0
    if w.counts[N_SHELTERS] == 0:
        return
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        start = w.slots[i]["spread_column"]
        if start >= 0:
            size = weight(w, i)
            own, other = (size, 0.0) if is_parted(w, i) else (0.0, -size)
            add_shelter(w, t.coefficient[start], i, own, other)


@jit_part
def fill_column(w: Workspace, cells: F64, j: int) -> None:
    """Fill a column outside the pools: its short options leave the spread they start in."""
    legs, use = w.legs, w.columns[j]["use"]
    first = w.columns[j]["leg"][0]
    if use == EXCESS:
        fill_excess(w, cells, j)
        return
    if use == SHELTERED and is_parted(w, first):
        add_shelter(w, cells, first, -weight(w, first), -weight(w, first))
        return
    for k in range(w.columns[j]["n_legs"]):
        i = w.columns[j]["leg"][k]
        start = w.slots[i]["spread_column"]
        if start >= 0:
            add_spread(w, cells, w.columns[start]["pool"], i, -1.0)
        if w.counts[N_SHELTERS] > 0 and legs[i]["kind"] == OPTION and not legs[i]["is_long"]:
            own = weight(w, i) if use == SHELTERED else 0.0
            add_shelter(w, cells, i, own, weight(w, i) if start < 0 else 0.0)
    total_row = w.slots[first]["total_row"]
    if use in (COVER, TOTAL) and total_row >= 0:
        cells[total_row] = 1.0 if use == COVER else -1.0


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
def add_starts(w: Workspace, t: Tableau, p: int) -> None:
    """Add up what the short options that start in a pool lose there."""
    right_side = t.limits[RIGHT_SIDE]
    first = w.pools[p]["first_row"]
    for j in range(w.pools[p]["first_column"], w.pools[p]["loss_column"]):
        i = w.columns[j]["leg"][0]
        if w.slots[i]["spread_column"] != j:
            continue
        contracts = w.columns[j]["upper"] / w.number[UNIT]
        for row in range(first, first + w.pools[p]["n_points"]):
            right_side[row] += contracts * t.coefficient[j, row]
        row = balance_row(w, p, i)
        right_side[row] += contracts * t.coefficient[j, row]


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
        is_short = legs[i]["kind"] == OPTION and not legs[i]["is_long"]
        if is_short and w.slots[i]["spread_column"] < 0 and w.counts[N_SHELTERS] > 0:
            add_shelter(w, right_side, i, 0.0, weight(w, i) * legs[i]["quantity"] / unit)
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        if w.slots[i]["total_row"] >= 0:
            slack_upper[w.slots[i]["total_row"]] = 0.0
    for p in range(w.counts[N_POOLS]):
        for side in range(2):
            row = w.pools[p]["balance_row"][side]
            if row >= 0:
                slack_upper[row : row + balance_rows(w)] = 0.0
        add_starts(w, t, p)


@jit_part
def fill_capacities(w: Workspace, t: Tableau) -> None:
    """Fill the rows of legs that several columns want."""
    for j in range(w.counts[N_COLUMNS]):
        for k in range(w.columns[j]["n_legs"]):
            i = w.columns[j]["leg"][k]
            row = w.slots[i]["capacity_row"]
            if w.columns[j]["use"] == SHELTERED and w.slots[i]["part_row"] >= 0:
                row = w.slots[i]["part_row"]
            if row < 0:
                continue
            share = 1.0
            if w.legs[i]["kind"] == STOCK:
                first = w.columns[j]["leg"][0]
                share = shares_of(w.legs, first, i) / w.number[REFERENCE_MULTIPLIER]
            t.coefficient[j, row] = share
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        if w.slots[i]["part_row"] >= 0:
            t.coefficient[w.slots[i]["spread_column"], w.slots[i]["part_row"]] = -1.0


@jit_part
def make_tableau(w: Workspace) -> Tableau:
    """Fill the coefficients."""
    t = lay_out(w.tableau, w.labels, w.size)
    t.coefficient[:] = 0.0
    fill_pools(w, t)
    for j in range(w.counts[N_COLUMNS]):
        if w.columns[j]["use"] not in (SPREAD, LOSS):
            fill_column(w, t.coefficient[j], j)
    fill_right_sides(w, t)
    fill_capacities(w, t)
    return t
