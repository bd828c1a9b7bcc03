"""The build: its instruction sets, and what RISKARRAY_ISA and RISKARRAY_BACKEND do."""

import os
import subprocess
import sys

import pytest

import riskarray

ISA_NAMES = [s["name"] for s in riskarray.build_info()["instruction_sets"]]


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_build_info_says_what_a_bug_report_needs() -> None:
    info = riskarray.build_info()
    assert info["version"] == riskarray.__version__
    assert info["compiler"]
    assert info["flags"]
    assert info["active"] in ISA_NAMES
    assert ISA_NAMES[-1] == "baseline"


@pytest.mark.parametrize("name", ISA_NAMES)
def test_a_forced_instruction_set_is_the_one_in_use(name: str) -> None:
    supported = {s["name"]: s["supported"] for s in riskarray.build_info()["instruction_sets"]}
    code = "import riskarray; print(riskarray.build_info()['active'])"
    result = run(code, RISKARRAY_ISA=name)
    if supported[name]:
        assert result.stdout.strip() == name
    else:
        assert "RISKARRAY_ISA must be one of" in result.stderr


def test_an_impossible_instruction_set_is_an_error() -> None:
    result = run("import riskarray; riskarray.build_info()", RISKARRAY_ISA="v9")
    assert result.returncode == 1
    assert "RISKARRAY_ISA must be one of" in result.stderr
    assert "got 'v9'" in result.stderr
    kernel = run(
        "from riskarray.backends import get_backend; get_backend('native')", RISKARRAY_ISA="v9"
    )
    assert "got 'v9'" in kernel.stderr


def test_the_backend_variable_chooses_and_refuses() -> None:
    code = "from riskarray.backends import get_backend; print(get_backend().__name__)"
    assert run(code, RISKARRAY_BACKEND="numba").stdout.strip().endswith("_numba")
    assert run(code, RISKARRAY_BACKEND="native").stdout.strip().endswith("_cpp")
    assert "must be one of native, numba, got 'fpga'" in run(code, RISKARRAY_BACKEND="fpga").stderr
