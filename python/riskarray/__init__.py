# SPDX-License-Identifier: Apache-2.0
"""Portfolio margin for US options and stocks, beside the strategy-based rules that it replaces.

The names below are the public ones. They load on first use, so that `import riskarray` and
``riskarray --version`` cost no time for compilers and table libraries that are not needed yet.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from riskarray.book import Book, read_book
    from riskarray.build import build_info
    from riskarray.greeks import Greeks, greeks
    from riskarray.market import Market
    from riskarray.pricing import RiskArrays, risk_arrays
    from riskarray.report.explanation import Explanation
    from riskarray.report.report import Report, margin
    from riskarray.rulebook import Rulebook, RulebookError, list_rulebooks, load_rulebook
    from riskarray.tables import BookError, Defect

__all__ = [
    "Book",
    "BookError",
    "Defect",
    "Explanation",
    "Greeks",
    "Market",
    "Report",
    "RiskArrays",
    "Rulebook",
    "RulebookError",
    "__version__",
    "build_info",
    "greeks",
    "list_rulebooks",
    "load_rulebook",
    "margin",
    "read_book",
    "risk_arrays",
]

__version__: Final = "0.1.0"

_HOME: Final = {
    "Book": "riskarray.book",
    "BookError": "riskarray.tables",
    "Defect": "riskarray.tables",
    "Explanation": "riskarray.report.explanation",
    "Greeks": "riskarray.greeks",
    "Market": "riskarray.market",
    "Report": "riskarray.report.report",
    "RiskArrays": "riskarray.pricing",
    "Rulebook": "riskarray.rulebook",
    "RulebookError": "riskarray.rulebook",
    "build_info": "riskarray.build",
    "greeks": "riskarray.greeks",
    "list_rulebooks": "riskarray.rulebook",
    "load_rulebook": "riskarray.rulebook",
    "margin": "riskarray.report.report",
    "read_book": "riskarray.book",
    "risk_arrays": "riskarray.pricing",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # any public name
    """Load a public name on first use."""
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
