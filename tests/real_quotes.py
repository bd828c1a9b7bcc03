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

    Where it names none the test is skipped: a clone of the repository alone is to pass. A folder
    without them fails the test.
    """
    named = os.environ.get("RISKARRAY_MARKET_DATA")
    if named is None:
        pytest.skip(
            "needs real closing quotes, which are not part of the repository: "
            "RISKARRAY_MARKET_DATA must name their folder"
        )
    source = Path(named)
    maker = source / "tools" / "real_book.py"
    if not maker.is_file():
        msg = f"RISKARRAY_MARKET_DATA is {named!r}, where there is no tools/real_book.py"
        raise FileNotFoundError(msg)
    command = [sys.executable, "-W", "ignore", str(maker), str(folder), *options]
    subprocess.run([*command, "--data", str(source / "data")], check=True, timeout=timeout)
    return folder
