"""Books of real closing quotes, which are not part of the repository (CONTRIBUTING.md).

The one place that says what becomes of a test or benchmark marked `market` without them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

__all__ = ["write_real_book"]


def write_real_book(folder: Path, *options: str, timeout: float = 600.0) -> Path:
    """Write a book of the quotes that RISKARRAY_MARKET_DATA names and return its folder.

    Without them the test is skipped: a clone of the repository alone is to pass.
    """
    named = os.environ.get("RISKARRAY_MARKET_DATA", "")
    source = Path(named)
    maker = source / "tools" / "real_book.py"
    if not maker.is_file():
        pytest.skip(
            "needs real closing quotes, which are not part of the repository: "
            f"RISKARRAY_MARKET_DATA must name their folder, got {named!r}"
        )
    command = [sys.executable, "-W", "ignore", str(maker), str(folder), *options]
    subprocess.run([*command, "--data", str(source / "data")], check=True, timeout=timeout)
    return folder
