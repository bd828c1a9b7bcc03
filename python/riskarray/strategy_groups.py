# SPDX-License-Identifier: Apache-2.0
"""Which positions are margined together by the strategy rules."""

from typing import Final, NamedTuple

import numpy as np

from riskarray.array_types import F64, I32, I64, Bool
from riskarray.kernel_codes import StrategyRule
from riskarray.market import KIND_OPTION, KIND_STOCK
from riskarray.strategy_terms import FUND, INDEX, MARGIN, Terms
from riskarray.sums import totals

__all__ = ["StrategyGroups", "strategy_groups"]

_ROUNDING: Final = 1e-9


class StrategyGroups(NamedTuple):
    """Runs of positions of one account in one underlying."""

    order: I64
    """Rows of the positions, group by group."""
    offset: I64
    """Group i is ``order[offset[i]:offset[i + 1]]``."""
    account: I32
    """Account of each group."""


def strategy_groups(account: I32, instrument: I32, quantity: F64, terms: Terms) -> StrategyGroups:
    """Group positions by account and underlying.

    An index and the funds on it are one group where the account holds fund shares enough to cover
    one of its short index options: long shares calls, short shares puts. With fewer, nothing that
    they do touches the other, and groups stay as small as they can be.

    Parameters
    ----------
    account : ndarray of int32, shape (m,)
        Account of each position, rising.
    instrument, quantity : ndarray, shape (m,)
        What it is, and contracts or shares, signed.
    terms : Terms
        Of the instruments.
    """
    size = len(terms.spot)
    underlying = terms.underlying[instrument]
    in_class = account * np.int64(size) + terms.index_group[underlying]
    is_joint = _is_joint(in_class, instrument, quantity, terms)
    group = np.where(is_joint, size + terms.index_group[underlying], underlying)
    key = account * np.int64(2 * size) + group
    order = np.arange(len(key))
    if (np.diff(key) < 0).any():
        order = np.argsort(key, kind="stable")
        key = key[order]
    is_first = np.ones(len(key), np.bool_)
    is_first[1:] = np.diff(key) != 0
    first = np.flatnonzero(is_first)
    return StrategyGroups(order, np.append(first, len(key)), account[order[first]])


def _is_joint(in_class: I64, instrument: I32, quantity: F64, terms: Terms) -> Bool:
    """Return which positions in an index or a fund on it stand in one group with the other."""
    role = terms.role[terms.underlying[instrument]]
    joint = np.zeros(len(in_class), np.bool_)
    if not terms.rules[MARGIN, StrategyRule.IS_FUND_COVER_ALLOWED]:
        return joint
    kind, right = terms.kind[instrument], terms.right[instrument]
    is_short = (kind == KIND_OPTION) & (role == INDEX) & (quantity < 0)
    is_fund = (kind == KIND_STOCK) & (role == FUND)
    spot = terms.spot[terms.underlying[instrument]]
    for sign in (1, -1):
        options, shares = is_short & (right == sign), is_fund & (quantity * sign > 0)
        contract = terms.multiplier[instrument][options] * spot[options]
        held = np.abs(quantity[shares]) * spot[shares]
        joint |= np.isin(in_class, _covered(in_class[options], contract, in_class[shares], held))
    return joint & (role > 0)


def _covered(option_class: I64, contract: F64, share_class: I64, held: F64) -> I64:
    """Return the classes whose shares are worth a contract at least, of the least ones there."""
    classes, row = np.unique(option_class, return_inverse=True)
    least = np.full(len(classes), np.inf)
    np.minimum.at(least, row, contract)
    is_here = np.isin(share_class, classes)
    place = np.searchsorted(classes, share_class[is_here])
    value = totals(place, held[is_here], len(classes))
    return classes[value >= least * (1.0 - _ROUNDING)]
