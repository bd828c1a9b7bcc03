"""Known values with their sources: tests/cases/NAME.csv."""

import csv
from pathlib import Path

__all__ = ["read_cases"]


def read_cases(name: str) -> list[dict[str, str]]:
    """Rows of tests/cases/NAME.csv, each with its ``source``."""
    path = Path(__file__).parent / "cases" / f"{name}.csv"
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
