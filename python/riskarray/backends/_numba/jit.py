"""The one decorator and the thread loop of the Numba backend."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import numba
from numba.extending import register_jitable

__all__ = ["for_blocks", "jit", "jit_inlined", "jit_part"]

Function = TypeVar("Function", bound=Callable[..., Any])

# The default error model raises on 1/0 where C++ gives inf.
_OPTIONS: Final = {"nogil": True, "cache": True, "error_model": "numpy"}


def jit(function: Function) -> Function:
    """Compile a kernel function; no fastmath, so that NaN survives."""
    return numba.njit(**_OPTIONS)(function)  # type: ignore[no-any-return]  # Numba is untyped


# Only compiled functions call a part, so it needs no wrappers.
_OF_PART: Final = {
    "nogil": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


def jit_part(function: Function) -> Function:
    """Let compiled functions call this one; it is compiled once, whatever constants they pass."""
    return register_jitable(**_OF_PART)(function)  # type: ignore[no-any-return]  # Numba is untyped


def jit_inlined(function: Function) -> Function:
    """Compile a function as a part of its caller, for one of few callers.

    LLVM optimises a function together with all that it calls, so that code at the bottom of a
    chain of calls is optimised anew for each function of the chain.
    """
    return numba.njit(inline="always", **_OF_PART)(function)  # type: ignore[no-any-return]  # Numba is untyped


def for_blocks(size: int, block: int, threads: int, work: Callable[[int, int], object]) -> None:
    """Call ``work(begin, end)`` on blocks of ``range(size)``, dealt out to the threads.

    A block writes to its own part of the output only, so that results do not depend on `threads`.
    """
    n_threads = threads or os.cpu_count() or 1
    blocks = [(begin, min(begin + block, size)) for begin in range(0, size, block)]
    if n_threads == 1 or len(blocks) <= 1:
        for begin, end in blocks:
            work(begin, end)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for done in [pool.submit(work, begin, end) for begin, end in blocks]:
            done.result()
