# SPDX-License-Identifier: Apache-2.0
"""Turns the JSON of pytest-benchmark into the tables of docs/performance.md.

pytest benchmarks --benchmark-enable --benchmark-json=results.json
python benchmarks/ratios.py results.json

Each group is a table: the median time of one value (series, group, account) and how many times that
of the group's first row it is.
"""

import json
import sys
from pathlib import Path
from typing import Any

_UNITS = ("values", "series", "groups", "accounts")


def per_unit(result: dict[str, Any]) -> tuple[float, str]:
    """Median seconds of one unit of work, and the unit's name."""
    for unit in _UNITS:
        if unit in result["extra_info"]:
            return result["stats"]["median"] / result["extra_info"][unit], unit
    return result["stats"]["median"], "rounds"


def show_time(seconds: float) -> str:
    """Three digits with a unit that suits."""
    for size, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds / 1e-9:.3g} ns"


def table(group: str, results: list[dict[str, Any]]) -> str:
    """One group as Markdown, in the order of the run."""
    first, unit = per_unit(results[0])
    lines = [f"**{group}**, median over {unit}", "", "| | time | times the first |"]
    lines.append("|---|--:|--:|")
    for result in results:
        seconds, _ = per_unit(result)
        name = result["name"].removeprefix("test_")
        lines.append(f"| `{name}` | {show_time(seconds)} | {seconds / first:.3g} |")
    return "\n".join(lines)


def main(path: Path) -> None:
    """Print the tables of one run."""
    run = json.loads(path.read_text(encoding="utf-8"))
    groups: dict[str, list[dict[str, Any]]] = {}
    for result in run["benchmarks"]:
        groups.setdefault(result["group"] or result["name"], []).append(result)
    cpu = run["machine_info"]["cpu"].get("brand_raw", "processor unknown")
    tables = (table(group, results) for group, results in groups.items())
    sys.stdout.write("\n\n".join([cpu, *tables]) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
