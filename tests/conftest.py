"""Fixtures that every test may use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from command import Command, Outcome
from riskarray.backends import BACKEND_NAMES, BackendName
from riskarray.cli import app

# The first call of a kernel may compile it, and a test is to fail today if it fails tomorrow.
settings.register_profile("riskarray", deadline=None, derandomize=True)
settings.load_profile("riskarray")


@pytest.fixture(params=BACKEND_NAMES)
def backend(request: pytest.FixtureRequest) -> BackendName:
    """Each backend in turn; a missing one fails."""
    name: BackendName = request.param
    return name


@pytest.fixture(scope="session")
def core_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventy underlyings of a real close with made-up accounts, as a book's folder."""
    source = Path(os.environ.get("RISKARRAY_MARKET_DATA", ""))
    maker = source / "tools" / "real_book.py"
    if not maker.is_file():
        pytest.skip("needs real closing quotes: RISKARRAY_MARKET_DATA must name their folder")
    folder = tmp_path_factory.mktemp("core")
    command = [sys.executable, "-W", "ignore", str(maker), str(folder), "--core"]
    subprocess.run([*command, "--data", str(source / "data")], check=True, timeout=600)
    return folder


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command in this process, which is quicker than in one of its own."""

    def run(*args: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            app([str(arg) for arg in args], prog_name="riskarray")
        code = stop.value.code
        assert isinstance(code, int)
        return Outcome(code, *capsys.readouterr())

    return run
