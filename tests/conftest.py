"""Fixtures that every test may use."""

import pytest

from riskarray.backends import BACKEND_NAMES, BackendName


@pytest.fixture(params=BACKEND_NAMES)
def backend(request: pytest.FixtureRequest) -> BackendName:
    """Each backend in turn; a missing one fails."""
    name: BackendName = request.param
    return name
