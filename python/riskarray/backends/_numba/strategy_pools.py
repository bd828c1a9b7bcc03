"""Columns of spreads and straddles, and the program's tableau.

The twin of cpp/src/isa/strategy_pools.hpp.
"""

import numpy as np

from riskarray.array_types import F64
from riskarray.backends._numba.jit import jit
from riskarray.backends._numba.strategy_legs import (
    EUROPEAN,
    INITIAL,
    IS_SPREAD_ALLOWED,
    IS_SPREAD_INDEX,
    IS_SPREAD_SAME_EXPIRY,
    IS_SPREAD_SAME_STYLE,
    IS_STRADDLE_ALLOWED,
    MAINTENANCE,
    OPTION,
    SPREAD_RATE,
    STOCK,
    Leg,
    Legs,
    intrinsic,
    shares_of,
)
from riskarray.backends._numba.strategy_program import (
    COVER,
    FIRST_OPTION,
    INDEX,
    IS_TOO_LARGE,
    IS_WHOLE,
    LAST_OPTION,
    LOSS,
    MAX_POINTS,
    MAX_POOLS,
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
    add_boxes,
    add_column,
    add_stock_columns,
    weight,
)
from riskarray.backends._numba.strategy_simplex import (
    INFINITE,
    TOLERANCE,
    Tableau,
    clear,
    stride_of,
    tableau_size,
)

__all__ = ["add_columns", "make_tableau", "number_rows", "underlying_end"]


@jit
def is_of_pool(leg: Leg, cutoff: float, exercise: int, regime: F64) -> bool:
    """Whether an option may stand in a pool."""
    if regime[IS_SPREAD_INDEX] != 0.0 and leg["role"] != INDEX:
        return False
    if exercise != 0 and leg["exercise"] != exercise:
        return False
    if regime[IS_SPREAD_SAME_EXPIRY] != 0.0:
        return bool(leg["time"] == cutoff)
    return bool(leg["time"] >= cutoff if leg["is_long"] else leg["time"] <= cutoff)


@jit
def add_point(w: Workspace, p: int, point: float) -> None:
    """Add a price to a pool's points, kept rising and distinct."""
    first = w.pools[p]["first_point"]
    at = w.pools[p]["n_points"]
    while at > 0 and w.points[first + at - 1] >= point:
        if w.points[first + at - 1] == point:
            return
        at -= 1
    if w.counts[N_POINTS] == MAX_POINTS:
        w.counts[IS_TOO_LARGE] = 1
        return
    for k in range(w.pools[p]["n_points"], at, -1):
        w.points[first + k] = w.points[first + k - 1]
    w.points[first + at] = point
    w.pools[p]["n_points"] += 1
    w.counts[N_POINTS] += 1


@jit
def add_pool(w: Workspace, regime: F64, cutoff: float, exercise: int, begin: int, end: int) -> None:
    """Add a pool's columns if it has long and short options of one right."""
    legs = w.legs
    counts = np.zeros((2, 2), np.int64)
    for i in range(begin, end):
        if is_of_pool(legs[i], cutoff, exercise, regime):
            counts[int(legs[i]["right"] < 0), int(legs[i]["is_long"])] += 1
    has_calls = counts[0, 0] > 0 and counts[0, 1] > 0
    has_puts = counts[1, 0] > 0 and counts[1, 1] > 0
    if not has_calls and not has_puts:
        return
    p = w.counts[N_POOLS]
    if p == MAX_POOLS:
        w.counts[IS_TOO_LARGE] = 1
        return
    w.pools[p]["cutoff"] = cutoff
    w.pools[p]["exercise"] = exercise
    w.pools[p]["first_point"] = w.counts[N_POINTS]
    w.pools[p]["n_points"] = 0
    w.pools[p]["first_column"] = w.counts[N_COLUMNS]
    low, high = INFINITE, 0.0
    for i in range(begin, end):
        is_in = is_of_pool(legs[i], cutoff, exercise, regime)
        if not is_in or not (has_puts if legs[i]["right"] < 0 else has_calls):
            continue
        j = add_column(w, SPREAD, 1, i, 0, 0, 0)
        if j >= 0:
            w.columns[j]["pool"] = p
            cost = legs[i]["loan_value"] if legs[i]["is_long"] else -legs[i]["uncovered"]
            w.columns[j]["cost"][INITIAL] = cost
            w.columns[j]["cost"][MAINTENANCE] = cost
            w.columns[j]["upper"] = legs[i]["quantity"]
        low = min(low, legs[i]["strike"])
        high = max(high, legs[i]["strike"])
        if legs[i]["is_long"]:
            add_point(w, p, legs[i]["strike"])
    if has_puts:
        add_point(w, p, low)
    if has_calls:
        add_point(w, p, high)
    w.pools[p]["loss_column"] = w.counts[N_COLUMNS]
    j = add_column(w, LOSS, 0, 0, 0, 0, 0)
    if j >= 0:
        w.columns[j]["pool"] = p
    w.pools[p]["balance_row"][0] = 0 if has_calls else -1
    w.pools[p]["balance_row"][1] = 0 if has_puts else -1
    w.counts[N_POOLS] = p + 1


@jit
def add_pools(w: Workspace, regime: F64, begin: int, end: int, exercise: int) -> None:
    """One pool for each last expiry of short options before a long option expires."""
    legs = w.legs
    is_same_expiry = regime[IS_SPREAD_SAME_EXPIRY] != 0.0
    cutoff = -INFINITE
    is_open = False
    for i in range(begin, end + 1):
        is_end = i == end
        if not is_end and exercise != 0 and legs[i]["exercise"] != exercise:
            continue
        is_next_short = not is_end and not legs[i]["is_long"] and legs[i]["time"] != cutoff
        if is_open and (is_end or is_next_short):
            is_needed = is_end or is_same_expiry
            for k in range(begin, i):
                if not is_needed:
                    is_needed = (
                        legs[k]["is_long"]
                        and (exercise == 0 or legs[k]["exercise"] == exercise)
                        and legs[k]["time"] >= cutoff
                        and legs[k]["time"] < legs[i]["time"]
                    )
            if is_needed:
                add_pool(w, regime, cutoff, exercise, begin, end)
        if is_next_short:
            cutoff = legs[i]["time"]
            is_open = True


@jit
def add_spread_columns(w: Workspace, regime: F64, begin: int, end: int) -> None:
    """Pools of the options of one underlying."""
    if regime[IS_SPREAD_ALLOWED] == 0.0:
        return
    if regime[IS_SPREAD_INDEX] != 0.0:
        add_pools(w, regime, begin, end, EUROPEAN)
    elif regime[IS_SPREAD_SAME_STYLE] == 0.0:
        add_pools(w, regime, begin, end, 0)
    else:
        for exercise in range(1, 3):
            has = False
            for i in range(begin, end):
                has = has or w.legs[i]["exercise"] == exercise
            if has:
                add_pools(w, regime, begin, end, exercise)


@jit
def requires_more(legs: Legs, a: int, b: int) -> bool:
    """Order of short options by requirement."""
    need_a = legs[a]["uncovered"] / legs[a]["multiplier"]
    need_b = legs[b]["uncovered"] / legs[b]["multiplier"]
    if need_a != need_b:
        return need_a > need_b  # type: ignore[no-any-return]
    if legs[a]["right"] != legs[b]["right"]:
        return legs[a]["right"] > legs[b]["right"]  # type: ignore[no-any-return]
    return a < b


@jit
def rank_shorts(w: Workspace, begin: int, end: int) -> int:
    """Rank the short options of an underlying, the greatest requirement first; return how many."""
    count = 0
    for i in range(begin, end):
        if w.legs[i]["is_long"]:
            continue
        at = count
        count += 1
        while at > 0 and requires_more(w.legs, i, w.slots[begin + at - 1]["by_rank"]):
            w.slots[begin + at]["by_rank"] = w.slots[begin + at - 1]["by_rank"]
            at -= 1
        w.slots[begin + at]["by_rank"] = i
    for rank in range(count):
        w.slots[w.slots[begin + rank]["by_rank"]]["rank"] = rank
    return count


@jit
def add_straddle_columns(w: Workspace, regime: F64, begin: int, end: int) -> None:
    """A short option may stand sheltered when one of the other right requires more."""
    legs = w.legs
    count = rank_shorts(w, begin, end)
    if regime[IS_STRADDLE_ALLOWED] == 0.0:
        return
    has_other = False
    for rank in range(count):
        i = w.slots[begin + rank]["by_rank"]
        has_other = has_other or legs[i]["right"] != legs[w.slots[begin]["by_rank"]]["right"]
        if not has_other:
            continue
        j = add_column(w, SHELTERED, 1, i, 0, 0, 0)
        if j >= 0:
            cost = legs[i]["value"] - legs[i]["uncovered"]
            w.columns[j]["cost"][INITIAL] = cost
            w.columns[j]["cost"][MAINTENANCE] = cost
            w.columns[j]["upper"] = legs[i]["quantity"]
        if (
            rank + 1 == count
            or legs[w.slots[begin + rank + 1]["by_rank"]]["right"] != legs[i]["right"]
        ):
            s = w.counts[N_SHELTERS]
            w.shelters[s]["leg"] = begin
            w.shelters[s]["right"] = legs[i]["right"]
            w.shelters[s]["rank"] = rank
            w.shelters[s]["row"] = -1
            w.counts[N_SHELTERS] = s + 1


@jit
def underlying_end(w: Workspace, begin: int) -> int:
    """One past the last option of an underlying."""
    end = begin + 1
    legs = w.legs
    while end < w.counts[LAST_OPTION] and legs[end]["underlying"] == legs[begin]["underlying"]:
        end += 1
    return end


@jit
def add_columns(w: Workspace, regime: F64) -> None:
    """Add the columns, in the order that settles ties."""
    w.counts[N_COLUMNS] = 0
    w.counts[N_POOLS] = 0
    w.counts[N_POINTS] = 0
    w.counts[N_SHELTERS] = 0
    w.counts[IS_TOO_LARGE] = 0
    begin = w.counts[FIRST_OPTION]
    while begin < w.counts[LAST_OPTION]:
        end = underlying_end(w, begin)
        add_spread_columns(w, regime, begin, end)
        add_straddle_columns(w, regime, begin, end)
        begin = end
    add_stock_columns(w, regime)
    add_boxes(w, regime)


@jit
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
        w.pools[p]["first_row"] = rows
        rows += w.pools[p]["n_points"]
    for s in range(w.counts[N_SHELTERS]):
        w.shelters[s]["row"] = rows
        rows += 1
    w.counts[N_ROWS] = rows
    if tableau_size(rows, n_columns) > TABLEAU_DOUBLES:
        w.counts[IS_TOO_LARGE] = 1


@jit
def is_shelter_of(w: Workspace, s: int, i: int) -> bool:
    """Whether an option gives shelter in a row when it stands uncovered."""
    legs = w.legs
    return bool(
        legs[i]["kind"] == OPTION
        and not legs[i]["is_long"]
        and legs[i]["right"] != w.shelters[s]["right"]
        and legs[i]["underlying"] == legs[w.shelters[s]["leg"]]["underlying"]
        and w.slots[i]["rank"] < w.shelters[s]["rank"]
    )


@jit
def is_sheltered_by(w: Workspace, s: int, i: int) -> bool:
    """Whether a sheltered option takes shelter in a row."""
    legs = w.legs
    return bool(
        legs[i]["right"] == w.shelters[s]["right"]
        and w.slots[i]["rank"] <= w.shelters[s]["rank"]
        and legs[i]["underlying"] == legs[w.shelters[s]["leg"]]["underlying"]
    )


@jit
def fill_spread(w: Workspace, t: Tableau, j: int) -> None:
    """Fill a pool's rows in one column."""
    p = w.columns[j]["pool"]
    if w.columns[j]["use"] == LOSS:
        for k in range(w.pools[p]["n_points"]):
            t.cell[w.pools[p]["first_row"] + k, j] = -1.0
        return
    legs, i = w.legs, w.columns[j]["leg"][0]
    short_weight = -weight(w, i) if legs[i]["is_long"] else weight(w, i)
    t.cell[w.pools[p]["balance_row"][int(legs[i]["right"] < 0)], j] = short_weight
    loss = short_weight / w.number[SCALE]
    for k in range(w.pools[p]["n_points"]):
        t.cell[w.pools[p]["first_row"] + k, j] = loss * intrinsic(
            legs[i], w.points[w.pools[p]["first_point"] + k]
        )


@jit
def fill_column(w: Workspace, t: Tableau, j: int) -> None:
    """Fill one column."""
    legs = w.legs
    if w.columns[j]["use"] in (SPREAD, LOSS):
        fill_spread(w, t, j)
    total_row = w.slots[w.columns[j]["leg"][0]]["total_row"]
    if w.columns[j]["use"] in (COVER, TOTAL) and total_row >= 0:
        t.cell[total_row, j] = 1.0 if w.columns[j]["use"] == COVER else -1.0
    for k in range(w.columns[j]["n_legs"]):
        i = w.columns[j]["leg"][k]
        if w.slots[i]["capacity_row"] >= 0:
            share = 1.0
            if legs[i]["kind"] == STOCK:
                share = shares_of(legs, w.columns[j]["leg"][0], i) / w.number[REFERENCE_MULTIPLIER]
            t.cell[w.slots[i]["capacity_row"], j] = share
        if legs[i]["kind"] != OPTION:
            continue
        for s in range(w.counts[N_SHELTERS]):
            if is_shelter_of(w, s, i) or (
                w.columns[j]["use"] == SHELTERED and is_sheltered_by(w, s, i)
            ):
                t.cell[w.shelters[s]["row"], j] = weight(w, i)


@jit
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


@jit
def view_tableau(w: Workspace, rows: int, columns: int) -> Tableau:
    """Lay a tableau out in a worker's memory."""
    variables = rows + columns
    cells = (rows + 1) * stride_of(columns)
    label = w.labels[0]
    return Tableau(
        rows,
        columns,
        w.tableau[:cells].reshape((rows + 1, stride_of(columns))),
        w.tableau[cells : cells + variables],
        w.tableau[cells + variables : cells + 2 * variables],
        label[:variables],
        label[variables : variables + rows],
        label[variables + rows : 2 * variables],
    )


@jit
def make_tableau(w: Workspace, regime: F64, basis: int) -> Tableau:
    """Fill the tableau for one basis, every leg standing by itself."""
    rows, columns = w.counts[N_ROWS], w.counts[N_COLUMNS]
    t = view_tableau(w, rows, columns)
    clear(t)
    unit = w.number[UNIT]
    for i in range(w.counts[N_LEGS]):
        if w.slots[i]["capacity_row"] >= 0:
            t.cell[w.slots[i]["capacity_row"], columns] = capacity(w, i) / unit
        for s in range(w.counts[N_SHELTERS]):
            if is_shelter_of(w, s, i):
                t.cell[w.shelters[s]["row"], columns] += weight(w, i) * w.legs[i]["quantity"] / unit
    for i in range(w.counts[FIRST_OPTION], w.counts[LAST_OPTION]):
        if w.slots[i]["total_row"] >= 0:
            t.upper[columns + w.slots[i]["total_row"]] = 0.0
    for p in range(w.counts[N_POOLS]):
        for side in range(2):
            if w.pools[p]["balance_row"][side] >= 0:
                t.upper[columns + w.pools[p]["balance_row"][side]] = 0.0
    money = w.number[REFERENCE_MULTIPLIER] * w.number[SCALE]
    for j in range(columns):
        fill_column(w, t, j)
        if w.columns[j]["use"] == LOSS:
            t.upper[j] = INFINITE
            t.cell[rows, j] = regime[SPREAD_RATE]
        else:
            t.upper[j] = w.columns[j]["upper"] / unit
            t.cell[rows, j] = w.columns[j]["cost"][basis] / money
    return t
