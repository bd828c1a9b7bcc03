"""Every kernel of the contract, on every backend, against bad arguments and corner sizes."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from riskarray import kernels
from riskarray.array_types import AnyArray
from riskarray.backends import BackendName, get_backend
from riskarray.contract import KERNELS, Argument, Kernel, Range, kernel

NAMES = [k.name for k in KERNELS]
SIZES = {
    "n": 7,
    "u": 3,
    "s": 4,
    "p": 5,
    "d": 4,
    "m": 6,
    "g": 4,
    "a": 2,
    "c": 3,
    "k": 2,
    "q": 1,
    "z": 2,
    "r": 2,
}


def size(dim: str, sizes: Mapping[str, int]) -> int:
    if dim.isdigit():
        return int(dim)
    return sizes[dim[:-2]] + 1 if dim.endswith("+1") else sizes[dim]


def example(argument: Argument, sizes: Mapping[str, int], rng: np.random.Generator) -> AnyArray:
    """Values in range for one argument."""
    shape = tuple(size(dim, sizes) for dim in argument.dims)
    values: AnyArray
    match argument.range:
        case Range.INDEX:
            values = np.sort(rng.integers(0, max(sizes[argument.target], 1), shape))
        case Range.OFFSETS | Range.SETS:
            values = np.linspace(0, sizes[argument.target], shape[0]).astype(np.int64)
        case Range.SIGN:
            values = rng.choice([-1, 1], shape)
        case Range.MODEL:
            values = rng.integers(0, 3, shape)
        case Range.EXERCISE:
            values = rng.integers(1, 3, shape)
        case Range.FRACTION:
            values = rng.uniform(0, 1, shape)
        case _:
            values = rng.uniform(0.05, 0.9, shape)
    if argument.rises_within:
        values = np.sort(values)
    return np.ascontiguousarray(values, dtype=argument.dtype)


def inputs(contract: Kernel, seed: int = 0, **sizes: int) -> dict[str, AnyArray]:
    rng = np.random.default_rng(seed)
    return {a.name: example(a, {**SIZES, **sizes}, rng) for a in contract.inputs}


def call(name: str, arrays: Mapping[str, AnyArray], **options: Any) -> list[AnyArray]:
    function: Callable[..., Any] = getattr(kernels, name)
    result = function(*arrays.values(), **options)
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("name", NAMES)
def test_public_function_takes_the_contract_in_order(name: str) -> None:
    contract = kernel(name)
    parameters = inspect.signature(getattr(kernels, name)).parameters
    positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == [a.name for a in contract.inputs]
    keywords = {p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert keywords == {*contract.flags, "threads", "backend"}


@pytest.mark.parametrize("name", NAMES)
def test_numba_twin_has_the_contract_s_parameters(name: str) -> None:
    contract = kernel(name)
    expected = {a.name for a in (*contract.inputs, *contract.outputs)} | {
        *contract.flags,
        "threads",
    }
    assert set(inspect.signature(getattr(get_backend("numba"), name)).parameters) == expected


@pytest.mark.parametrize("name", NAMES)
def test_backends_agree_and_threads_change_no_bit(name: str) -> None:
    contract = kernel(name)
    arrays = inputs(contract)
    native = call(name, arrays, backend="native", threads=1)
    twin = call(name, arrays, backend="numba", threads=1)
    for output, one, other in zip(contract.outputs, native, twin, strict=True):
        assert one.dtype == np.dtype(output.dtype)
        np.testing.assert_allclose(
            one, other, rtol=0, atol=2 * contract.tolerance, err_msg=output.name
        )
    for backend, result in (("native", native), ("numba", twin)):
        for one, two in zip(result, call(name, arrays, backend=backend, threads=2), strict=True):
            assert_array_equal(one, two)


@pytest.mark.parametrize("name", NAMES)
def test_empty_and_single_inputs_are_fine(name: str, backend: BackendName) -> None:
    contract = kernel(name)
    empty = dict.fromkeys(("n", "u", "d", "m", "g", "a", "c", "k", "q"), 0)
    for result in call(name, inputs(contract, **empty), backend=backend):
        assert result.shape[0] == 0
    single = {
        **dict.fromkeys(("n", "u", "d", "m", "g", "a", "c", "k", "q"), 1),
        "p": 1,
        "s": 2,
        "z": 1,
    }
    for result in call(name, inputs(contract, **single), backend=backend):
        assert result.shape[0] == 1


def argument_of(name: str, argument_name: str) -> Argument:
    return next(a for a in kernel(name).inputs if a.name == argument_name)


BAD_VALUES: dict[Range, list[float]] = {
    Range.FINITE: [np.nan, np.inf],
    Range.POSITIVE: [0.0, -1.0, np.nan, np.inf],
    Range.POSITIVE_OR_NAN: [0.0, -1.0, np.inf],
    Range.NONNEGATIVE: [-1.0, np.nan, np.inf],
    Range.NONNEGATIVE_OR_NAN: [-1.0, np.inf],
    Range.FRACTION: [-0.1, 1.1, np.nan],
    Range.RATE: [-1.1, 4.5, np.nan, np.inf],
    Range.TIME: [100.1, -np.inf, np.nan, np.inf],
    Range.SIGN: [0, 2],
    Range.MODEL: [-1, 3],
    Range.EXERCISE: [0, 3],
}


EVERY_ARGUMENT = [(k.name, a.name) for k in KERNELS for a in k.inputs]


@pytest.mark.parametrize(("name", "argument_name"), EVERY_ARGUMENT)
def test_a_bad_value_is_named(name: str, argument_name: str, backend: BackendName) -> None:
    argument = argument_of(name, argument_name)
    for bad in BAD_VALUES.get(argument.range, [-1, 99]):
        arrays = inputs(kernel(name))
        arrays[argument_name].flat[-1] = bad
        with pytest.raises(
            ValueError, match=f"^{name}: {argument_name} must be .*, got .* at index"
        ):
            call(name, arrays, backend=backend)


@pytest.mark.parametrize(("name", "argument_name"), EVERY_ARGUMENT)
def test_a_wrong_type_or_shape_is_named(name: str, argument_name: str) -> None:
    arrays = inputs(kernel(name))
    good = arrays[argument_name]
    with pytest.raises(
        TypeError, match=f"^{name}: {argument_name} must be an ndarray of {good.dtype}"
    ):
        call(name, {**arrays, argument_name: good.astype(np.float32)})
    with pytest.raises(ValueError, match=f"^{name}: {argument_name} must be C-contiguous"):
        call(name, {**arrays, argument_name: good[None]})
    shared = [d.removesuffix("+1") for a in kernel(name).inputs for d in a.dims]
    if shared.count(size_name := argument_of(name, argument_name).dims[0].removesuffix("+1")) == 1:
        assert size_name in {"a", "d", "c", "n", "q", "z"}  # nothing else to compare it with
        return
    longer = np.concatenate([good, good[-1:]])
    with pytest.raises(ValueError, match=f"^{name}: "):
        call(name, {**arrays, argument_name: longer})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("threads", [-1, 1025])
def test_threads_out_of_range_are_refused(name: str, threads: int) -> None:
    with pytest.raises(ValueError, match=rf"from 0 \(all\) to 1024, got {threads}"):
        call(name, inputs(kernel(name)), threads=threads)


@pytest.mark.parametrize("threads", [1.5, "2", None])
def test_threads_of_another_type_are_refused(backend: BackendName, threads: object) -> None:
    with pytest.raises(TypeError, match=f"position_pnl: threads must be an int, got {threads!r}"):
        call("position_pnl", inputs(kernel("position_pnl")), threads=threads, backend=backend)


FALLS = [k.name for k in KERNELS if any(a.rises_within for a in k.inputs)]


@pytest.mark.parametrize("name", FALLS)
def test_dividends_out_of_order_are_refused(name: str, backend: BackendName) -> None:
    """Those of one underlying; the next underlying begins anew."""
    arrays = inputs(kernel(name), d=6, u=2)
    arrays["dividend_offset"] = np.array([0, 3, 6])
    arrays["dividend_time"] = np.array([0.1, 0.2, 0.3, 0.1, 0.1, 0.2])
    call(name, arrays, backend=backend)
    arrays["dividend_time"][4] = 0.05
    match = f"^{name}: dividend_time must rise within each .*, got 0.05 at index 4 after 0.1"
    with pytest.raises(ValueError, match=match):
        call(name, arrays, backend=backend)


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(ValueError, match="name must be one of native, numba, got 'gpu'"):
        get_backend("gpu")
