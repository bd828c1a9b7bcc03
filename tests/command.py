"""Runs the command `riskarray` as its users do: a process of its own, with pipes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Command", "Outcome", "run_command"]

_MAIN = "import sys; sys.argv[0] = 'riskarray'; from riskarray.cli import main; main()"


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]
"""Runs the command in the test's own process: arguments in, outcome out."""


def run_command(*args: str | Path, cwd: Path | None = None, **environment: str) -> Outcome:
    """Run the command in a process of its own, both outputs on pipes."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("RISKARRAY_")}
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=cwd,
        env={**variables, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
