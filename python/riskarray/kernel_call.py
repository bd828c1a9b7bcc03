"""How a kernel is called: check through the contract, allocate, hand over to a backend."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from riskarray.array_types import AnyArray, Bool
from riskarray.backends import BackendName, get_backend
from riskarray.contract import Argument, Kernel, Range, kernel
from riskarray.kernel_codes import MAX_POINTS, MAX_RATE, MAX_THREADS, MAX_YEARS, Model

__all__ = ["by_name", "check_inputs", "run_checked", "run_kernel"]

_LINEAR, _EUROPEAN, _AMERICAN = map(int, (Model.LINEAR, Model.EUROPEAN, Model.AMERICAN))


def _from_nought_to(x: AnyArray, size: int, is_next_good: Bool) -> Bool:
    """Return which offsets are good: the first 0, the last `size`, and those in between."""
    is_good = np.empty(x.shape, np.bool_)
    is_good[1:] = is_next_good
    is_good[:1] = x[:1] == 0
    is_good[-1:] &= x[-1:] == size
    return is_good


_IS_GOOD: Final[Mapping[Range, Callable[[AnyArray, int], Bool]]] = {
    Range.ANY: lambda x, _: np.ones(x.shape, dtype=bool),
    Range.FINITE: lambda x, _: np.isfinite(x),
    Range.POSITIVE: lambda x, _: (x > 0) & (x < np.inf),
    Range.NONNEGATIVE: lambda x, _: (x >= 0) & (x < np.inf),
    Range.NONNEGATIVE_OR_NAN: lambda x, _: ((x >= 0) & (x < np.inf)) | np.isnan(x),
    Range.POSITIVE_OR_NAN: lambda x, _: ((x > 0) & (x < np.inf)) | np.isnan(x),
    Range.SIGN: lambda x, _: np.abs(x) == 1,
    Range.MODEL: lambda x, _: (x >= _LINEAR) & (x <= _AMERICAN),
    Range.EXERCISE: lambda x, _: (x == _EUROPEAN) | (x == _AMERICAN),
    Range.FRACTION: lambda x, _: (x >= 0) & (x <= 1),
    Range.RATE: lambda x, _: np.abs(x) <= MAX_RATE,
    Range.TIME: lambda x, _: (x <= MAX_YEARS) & (x > -np.inf),
    Range.INDEX: lambda x, size: (x >= 0) & (x < size),
    Range.OFFSETS: lambda x, size: _from_nought_to(x, size, x[1:] >= x[:-1]),
    Range.SETS: lambda x, size: _from_nought_to(x, size, x[1:] > x[:-1]) & (x.size > 1),
}
"""Where values are in range; the number is the size of the dimension that an index refers to."""


def _check_range(name: str, argument: Argument, values: AnyArray, sizes: Mapping[str, int]) -> None:
    size = sizes.get(argument.target, 0)
    is_good = _IS_GOOD[argument.range](values, size)
    count = values.size - int(np.count_nonzero(is_good))
    if count == 0:
        return
    index = np.unravel_index(int(np.argmin(is_good)), values.shape)
    where = ", ".join(str(int(i)) for i in index)
    text = argument.range.value
    if argument.range is Range.INDEX:
        text = f"in [0, {size})"
    elif argument.range in {Range.OFFSETS, Range.SETS}:
        text = text.replace("rise from 0", f"rise from 0 to {size}")
    got = f"{values[index]} at index {where} ({count} in all)"
    msg = f"{name}: {argument.name} must be {text}, got {got}"
    raise ValueError(msg)


def _check_order(
    name: str, argument: Argument, values: AnyArray, arrays: Mapping[str, AnyArray]
) -> None:
    """Check that values do not fall within the runs between offsets."""
    falls = np.diff(values) < 0
    start = arrays[argument.rises_within]
    falls[start[(start > 0) & (start < values.size)] - 1] = False
    if falls.any():
        at = int(np.argmax(falls)) + 1
        msg = (
            f"{name}: {argument.name} must rise within each run of {argument.rises_within}, got "
            f"{values[at]} at index {at} after {values[at - 1]}"
        )
        raise ValueError(msg)


def _check_shape(name: str, argument: Argument, values: AnyArray, sizes: dict[str, int]) -> None:
    dtype = getattr(values, "dtype", None)
    if not isinstance(values, np.ndarray) or dtype != np.dtype(argument.dtype):  # type: ignore[redundant-expr]  # callers without types
        got = dtype or type(values).__name__
        msg = f"{name}: {argument.name} must be an ndarray of {argument.dtype}, got {got}"
        raise TypeError(msg)
    if values.ndim != len(argument.dims) or not values.flags.c_contiguous:
        msg = (
            f"{name}: {argument.name} must be C-contiguous with {len(argument.dims)} dimension(s), "
            f"got shape {values.shape}"
        )
        raise ValueError(msg)
    for dim, size in zip(argument.dims, values.shape, strict=True):
        base, extra = (dim[:-2], 1) if dim.endswith("+1") else (dim, 0)
        if base.isdigit():
            sizes[base] = int(base)
        known = sizes.setdefault(base, size - extra)
        if size != known + extra:
            need = f"{known + extra} elements along {dim}"
            msg = f"{name}: {argument.name} must have {need}, got {size}"
            raise ValueError(msg)


def check_inputs(name: str, arrays: Mapping[str, AnyArray]) -> dict[str, int]:
    """Check every input against the kernel's contract and return the size of each dimension."""
    contract = kernel(name)
    sizes: dict[str, int] = {}
    for argument in contract.inputs:
        _check_shape(contract.name, argument, arrays[argument.name], sizes)
    for dim, limit in (("p", MAX_POINTS), ("s", MAX_POINTS + 1)):
        if dim in sizes and not 1 <= sizes[dim] <= limit:
            msg = f"{contract.name}: {dim} must be from 1 to {limit}, got {sizes[dim]}"
            raise ValueError(msg)
    for argument in contract.inputs:
        _check_range(contract.name, argument, arrays[argument.name], sizes)
    for argument in contract.inputs:
        if argument.rises_within:
            _check_order(contract.name, argument, arrays[argument.name], arrays)
    return sizes


def _check_threads(name: str, threads: object) -> None:
    if not isinstance(threads, int):
        msg = f"{name}: threads must be an int, got {threads!r}"
        raise TypeError(msg)
    if not 0 <= threads <= MAX_THREADS:
        msg = f"{name}: threads must be from 0 (all) to {MAX_THREADS}, got {threads}"
        raise ValueError(msg)


def _allocate(contract: Kernel, sizes: Mapping[str, int]) -> dict[str, AnyArray]:
    def size(dim: str) -> int:
        if "*" in dim:
            base, factor = dim.split("*")
            return sizes[base] * int(factor)
        return sizes[dim[:-2]] - 1 if dim.endswith("-1") else sizes[dim]

    return {
        out.name: np.empty([size(dim) for dim in out.dims], dtype=out.dtype)
        for out in contract.outputs
    }


def by_name(name: str, *arrays: AnyArray) -> dict[str, AnyArray]:
    """Return arrays in contract order by the contract's names."""
    return dict(zip((argument.name for argument in kernel(name).inputs), arrays, strict=True))


def run_kernel(
    name: str,
    arrays: Mapping[str, AnyArray],
    *,
    threads: int,
    backend: BackendName | None,
    **flags: bool,
) -> tuple[Any, ...]:
    """Check a kernel's inputs, allocate its outputs, call a backend and return the outputs.

    Parameters
    ----------
    name : str
        The kernel's.
    arrays : mapping of str to ndarray
        Its inputs.
    threads : int
        0 for all processors.
    backend : {"native", "numba"}, optional
        See `riskarray.backends.get_backend`.
    **flags : bool
        Its switches.

    Raises
    ------
    TypeError, ValueError
        If an array has the wrong type or shape, or a value is outside its range.
    """
    sizes = check_inputs(name, arrays)
    return run_checked(name, arrays, sizes, threads=threads, backend=backend, **flags)


def run_checked(
    name: str,
    arrays: Mapping[str, AnyArray],
    sizes: Mapping[str, int],
    *,
    threads: int,
    backend: BackendName | None,
    **flags: bool,
) -> tuple[Any, ...]:
    """Do as `run_kernel` with inputs that are in order, and the sizes of their dimensions."""
    _check_threads(name, threads)
    outputs = _allocate(kernel(name), sizes)
    getattr(get_backend(backend), name)(**arrays, **flags, **outputs, threads=threads)
    return tuple(outputs.values())
