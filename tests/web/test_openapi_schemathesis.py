"""Requests made up from the description: none ends in a mistake, and all answers are described."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.commands import KESH, MORRISONS
from tests.web.conftest import LIMITS
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.web.api.openapi import description_of
from tunetrace.web.app import make_app
from tunetrace.web.settings import Settings


def is_no_mistake(context: Any, response: Any, case: Any) -> None:
    """A service may be busy, but it may make no mistake."""
    assert response.status_code != 500, response.text


CHECKS = [
    is_no_mistake,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def address(served: Path) -> Iterator[str]:
    """The address of a service on loopback."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            make_app(Settings(storage_of(served), workers=2, limits=LIMITS)),
            log_level="error",
            access_log=False,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def described(address: str) -> Any:
    """What schemathesis knows of the service."""
    return schemathesis.openapi.from_url(f"{address}/openapi.json")


DESCRIPTION = description_of(make_app(Settings(storage_of("none.db"), 1)))
OPERATIONS = [
    (path, method) for path, operations in DESCRIPTION["paths"].items() for method in operations
]
WITH_QUERY = [
    (path, method)
    for path, method in OPERATIONS
    if any(one["in"] == "query" for one in DESCRIPTION["paths"][path][method].get("parameters", ()))
]
MADE_UP = settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))

MEANT: dict[str, Sequence[Any]] = {
    "q": ["C 3", "G3 GAB", "{c C} 3 *", "0 0", "+2 -1", "U D", 'opening "C 3"', "session:3", "2"],
    "id": ["session:3", "1", "book:1", "The Kesh", "kesh", "An%20%22Cat%22%2FDubh"],
    "in": ["G", "Edor"],
    "meter": ["6/8", "C"],
    "key": ["dor", "major"],
    "original_key": ["G", "Edor"],
    "corpus": ["session", "book"],
    "title": ["The Kesh"],
    "onset": ["0", "3/2"],
    "voice": ["1"],
    "transpose": ["A", "Bb"],
    "exclude_tune": [["session:3"]],
    "exclude_title": [["The Kesh", "Kincora"]],
    "exclude_family": [["session:9"]],
}
"""Values that mean something. Those that are made up seldom do, and end at the first check."""

SENT = [KESH, KESH + MORRISONS, KESH.replace("A3", "[A"), "M:4/4 K:Cmaj C 2 D 2 |", "K:"]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_described(described: Any, path: str, method: str) -> None:
    # A model takes some seconds for each.
    @settings(MADE_UP, max_examples=3 if path == "/api/sample" else MADE_UP.max_examples)
    @given(case=described[path][method].as_strategy(), data=st.data())
    def ask(case: Any, data: st.DataObject) -> None:
        if path == "/api/sample":
            case.query = {**(case.query or {}), "n": 1, "max_tokens": 20}
        for given_ in (case.query, case.path_parameters) if "report" not in path else ():
            for name in sorted(set(given_ or ()) & set(MEANT)):
                if data.draw(st.integers(0, 3)):
                    given_[name] = data.draw(st.sampled_from(MEANT[name]))
        if method == "post" and data.draw(st.integers(0, 3)):
            case.body = data.draw(st.sampled_from(SENT)).encode()
            case.media_type = "application/octet-stream"
        case.call_and_validate(checks=CHECKS, timeout=120)

    ask()


@pytest.mark.parametrize(("path", "method"), WITH_QUERY)
def test_wrong_parameters_are_refused_as_described(described: Any, path: str, method: str) -> None:
    wrong = described[path][method].as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @MADE_UP
    @given(case=wrong)
    def ask(case: Any) -> None:
        case.call_and_validate(checks=[*CHECKS, negative_data_rejection], timeout=120)

    ask()
