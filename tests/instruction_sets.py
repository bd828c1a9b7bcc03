"""Instruction sets of the build that this processor has, and code run on one of them."""

import os
import subprocess
import sys

from riskarray.build import build_info

__all__ = ["SUPPORTED", "output_on"]

SUPPORTED = [s["name"] for s in build_info()["instruction_sets"] if s["supported"]]
_IS_IN_USE = """
import os
from riskarray.build import build_info
assert build_info()["active"] == os.environ["RISKARRAY_ISA"]
"""


def output_on(isa: str, code: str) -> bytes:
    """Return what Python code writes in a process of its own that an instruction set is forced on.

    The code may import the tests' helper modules.
    """
    done = subprocess.run(
        [sys.executable, "-c", _IS_IN_USE + code],
        env={**os.environ, "RISKARRAY_ISA": isa, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout
