"""Small indexes and services on them: one asked without a socket, two on the loopback address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from tests.reports.browser import Shown
from tests.web.indexes import post_index, reel_index, small_index
from tests.web.running import running
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.web.app import make_app
from tunetrace.web.settings import Limits, Settings

LIMITS = Limits(tokens=300, tunes=3, results=50, seconds=120)
"""Limits that a test can go beyond, but for the time, which is the machine's affair."""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index that is served."""
    return small_index(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def client(served: Path) -> Iterator[TestClient]:
    """Asks a service. A mistake in it is an answer with status 500, as for everyone."""
    app = make_app(Settings(storage_of(served), workers=1, limits=LIMITS))
    with TestClient(app, raise_server_exceptions=False) as asked:
        yield asked


@pytest.fixture(scope="session")
def post_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of what the tune of the blog post shares with others."""
    return post_index(tmp_path_factory.mktemp("post"))


@pytest.fixture(scope="session")
def site(post_db: Path) -> Iterator[str]:
    """The address of a service on that index."""
    with running(post_db) as service:
        yield service.url


@pytest.fixture(scope="session")
def reels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three reels and jigs, and of a tune with a page of its own."""
    return reel_index(tmp_path_factory.mktemp("reels"))


@pytest.fixture(scope="session")
def reel_site(reels: Path) -> Iterator[str]:
    """The address of a service on that index."""
    with running(reels) as service:
        yield service.url


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str], Shown]]:
    """Gives a page of a service in the browser, by its address."""
    shown: list[Shown] = []

    def go(address: str) -> Shown:
        shown.append(Shown(browser, address))
        return shown[-1]

    yield go
    for page in shown:
        page.close()
