"""What this build is: version, compiler, flags, instruction sets."""

import os
from typing import TYPE_CHECKING

from riskarray import _core

if TYPE_CHECKING:
    from riskarray._core import BuildInfo

__all__ = ["build_info"]


def build_info() -> "BuildInfo":
    """Return version, compiler, flags, the table of instruction sets and the active one.

    Returns
    -------
    dict
        ``version``, ``compiler``, ``flags``, ``openmp``, ``instruction_sets`` (fastest first, each
        with ``name`` and ``supported``), ``active``.

    Raises
    ------
    ValueError
        If ``RISKARRAY_ISA`` names none of the build, or one that this processor lacks.
    """
    info = _core.build_info()
    if info["active"] is None:
        usable = ", ".join(s["name"] for s in info["instruction_sets"] if s["supported"])
        forced = os.environ.get("RISKARRAY_ISA")
        msg = f"build_info: RISKARRAY_ISA must be one of {usable} on this processor, got {forced!r}"
        raise ValueError(msg)
    return info
