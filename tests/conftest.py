"""Fixtures that every test may use."""

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
