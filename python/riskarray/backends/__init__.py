"""The two backends of the kernels, chosen by name and never replaced silently."""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, Literal, Protocol, cast, get_args

__all__ = ["BACKEND_NAMES", "Backend", "BackendName", "backend_name", "get_backend"]

BackendName = Literal["native", "numba"]
BACKEND_NAMES: Final[tuple[str, ...]] = get_args(BackendName)
_MODULES: Final[Mapping[str, str]] = {
    "native": "riskarray.backends._cpp",
    "numba": "riskarray.backends._numba",
}


class Backend(Protocol):
    """A module with one function per kernel of the contract.

    Each takes the contract's inputs, flags and outputs by name and ``threads``; it fills the
    outputs and neither checks nor allocates.
    """

    def __getattr__(self, name: str) -> Any: ...  # noqa: ANN401, D105  # a function per kernel


def backend_name(name: str | None = None) -> BackendName:
    """Return the name of the backend that `get_backend` would give.

    Parameters
    ----------
    name : {"native", "numba"}, optional
        Which; by default what the environment variable ``RISKARRAY_BACKEND`` says, else ``native``.

    Raises
    ------
    ValueError
        If there is no backend of that name.
    """
    chosen = name or os.environ.get("RISKARRAY_BACKEND") or "native"
    if chosen not in _MODULES:
        msg = f"get_backend: name must be one of {', '.join(BACKEND_NAMES)}, got {chosen!r}"
        raise ValueError(msg)
    return cast("BackendName", chosen)


def get_backend(name: str | None = None) -> Backend:
    """Return a backend by name.

    Parameters
    ----------
    name : {"native", "numba"}, optional
        Which; by default what the environment variable ``RISKARRAY_BACKEND`` says, else ``native``.

    Raises
    ------
    ValueError
        If there is no backend of that name.
    ImportError
        If it is not installed; the message says what to install.
    """
    chosen = backend_name(name)
    try:
        return cast("Backend", import_module(_MODULES[chosen]))
    except ImportError as error:
        need = "a build with a C++20 compiler" if chosen == "native" else "the package numba"
        msg = f"backend {chosen!r} is not installed: it needs {need} ({error})"
        raise ImportError(msg) from error
