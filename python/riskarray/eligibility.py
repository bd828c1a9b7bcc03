# SPDX-License-Identifier: Apache-2.0
"""Which underlyings a rulebook keeps outside portfolio margin."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import Bool
from riskarray.rulebook import Rulebook
from riskarray.symbols import class_share_name

__all__ = ["is_outside"]


def is_outside(name: pa.StringArray, product_type: pa.StringArray, rulebook: Rulebook) -> Bool:
    """Return which underlyings stand outside portfolio margin.

    Parameters
    ----------
    name, product_type : StringArray, shape (u,)
        Underlyings; a class share may be spelled with any separator.
    rulebook : Rulebook
        Its product types outside, and the underlyings that it includes.

    Returns
    -------
    ndarray of bool, shape (u,)
        Whether each is margined strategy by strategy.
    """
    types = pa.array(rulebook.outside_product_types, pa.string())
    outside = np.asarray(pc.is_in(product_type, types), np.bool_)
    if rulebook.included is None:
        return outside
    listed = class_share_name(pa.array(rulebook.included, pa.string()))
    is_listed = np.asarray(pc.is_in(class_share_name(name), listed), np.bool_)
    return np.logical_or(outside, ~is_listed)
