"""A service whose index is in a PostgreSQL database."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.storages import SECRET, connecting, database
from tests.web.conftest import LIMITS
from tunetrace import copy_index
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.web.app import make_app
from tunetrace.web.settings import Settings

QUESTIONS = (
    "/api/figure?q=C+D+E",
    "/api/bar?q=C+3+C+D+E",
    "/api/next?q=C+D",
    "/api/find?q=opening+%22C+3%22",
    "/api/tunes/session:3",
    "/api/similar?q=session:3",
)


@pytest.fixture
def schema() -> Iterator[str]:
    """The name of a schema that is not there yet."""
    name = f"test_{secrets.token_hex(6)}"
    yield name
    with psycopg.connect(**connecting(database()), autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


def test_it_answers_as_on_a_file_and_tells_nobody_of_the_server(
    served: Path, client: TestClient, schema: str
) -> None:
    url = database().update_query_dict({"schema": schema}).render_as_string(hide_password=False)
    copy_index(served, url)
    settings = Settings(storage_of(url), workers=1, limits=LIMITS)
    secrets_of_server = (SECRET, str(database().username), *map(str, database().query.values()))
    with TestClient(make_app(settings), raise_server_exceptions=False) as asked:
        for question in QUESTIONS:
            answer = asked.get(question)
            assert answer.status_code == 200, question
            assert answer.json() == client.get(question).json(), question
        told = asked.get("/api/corpora").json()
        expected = client.get("/api/corpora").json()
        assert told == {**expected, "path": f"{database().database}/{schema}"}
        with psycopg.connect(**connecting(database()), autocommit=True) as connection:
            connection.execute("SET client_min_messages = error")
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
        gone = asked.get(QUESTIONS[0])
        assert gone.status_code == 503
        assert gone.json()["detail"].startswith(f"{database().database}/{schema}: ")
        assert not any(one in gone.text for one in secrets_of_server)
