"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from riskarray.backends import BACKEND_NAMES, BackendName

# The first call of a kernel may compile it, and a test is to fail today if it fails tomorrow.
settings.register_profile("riskarray", deadline=None, derandomize=True)
settings.load_profile("riskarray")


@pytest.fixture(params=BACKEND_NAMES)
def backend(request: pytest.FixtureRequest) -> BackendName:
    """Each backend in turn; a missing one fails."""
    name: BackendName = request.param
    return name


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of real closing quotes and the tool that makes a book of them."""
    folder = Path(os.environ.get("RISKARRAY_MARKET_DATA", ""))
    if not (folder / "tools" / "real_book.py").is_file():
        pytest.skip("needs real closing quotes: RISKARRAY_MARKET_DATA must name their folder")
    return folder
