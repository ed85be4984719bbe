"""A service on a small index of two corpora, asked without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.web.served import small_index
from tunetrace.web.app import make_app
from tunetrace.web.settings import Limits, Settings

LIMITS = Limits(tokens=300, tunes=3, results=50)
"""Limits that a test can go beyond."""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index that is served."""
    return small_index(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def client(served: Path) -> Iterator[TestClient]:
    """Asks a service. A mistake in it is an answer with status 500, as for everyone."""
    app = make_app(Settings(served, workers=1, limits=LIMITS))
    with TestClient(app, raise_server_exceptions=False) as asked:
        yield asked
