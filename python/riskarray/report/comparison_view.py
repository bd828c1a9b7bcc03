# SPDX-License-Identifier: Apache-2.0
"""What `riskarray compare` shows: the first accounts, the totals, and what they are made of."""

import json
import sys
from typing import Final

from riskarray.report.comparison import COLUMNS, Comparison
from riskarray.report.terminal import console, table, text

__all__ = ["show_comparison"]

_ACCOUNTS: Final = 20


def show_comparison(comparison: Comparison, *, is_json: bool) -> None:
    """Print a comparison: as one JSON object, or the first accounts and the totals.

    Parameters
    ----------
    comparison : Comparison
        Any.
    is_json : bool
        Whether to print all of it as JSON, and nothing else.
    """
    if is_json:
        sys.stdout.write(json.dumps(comparison.to_dict(), allow_nan=False) + "\n")
        return
    shown = console()
    columns = {
        name.replace("_", " "): "left" if name in {"account", "why"} else "right"
        for name in COLUMNS
    }
    shown.print(table(columns, comparison.rows(_ACCOUNTS)))
    for line in comparison.lines():
        shown.print(text(line))
