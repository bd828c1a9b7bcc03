"""Fixtures that every test may use."""

from pathlib import Path

import pytest
from hypothesis import settings

from command import Command, Outcome
from real_quotes import write_real_book
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
    return write_real_book(tmp_path_factory.mktemp("core"), "--core")


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
