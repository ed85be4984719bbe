"""The examples of the description, and what a service answers to them.

`python -m tests.web.examples` renews the answers to the examples.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi.testclient import TestClient

from tests.web.indexes import small_index
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.web.api.openapi import EXAMPLES
from tunetrace.web.app import make_app
from tunetrace.web.settings import Settings


@dataclass(frozen=True)
class ExampleRequest:
    """A request that the description gives as an example."""

    operation: str
    method: str
    path: str
    query: dict[str, Any]
    body: str | None

    def send(self, client: TestClient) -> Any:
        """Ask it."""
        return client.request(self.method, self.path, params=self.query, content=self.body)


def example_requests(description: dict[str, Any]) -> Iterator[ExampleRequest]:
    """Each operation with the examples of its parameters and of what is sent.

    No example can name a report, since a report cannot be guessed.
    """
    for path, operations in description["paths"].items():
        if path.startswith("/api/report/{id}"):
            continue
        for method, operation in operations.items():
            query = {}
            for given in operation.get("parameters", ()):
                if "examples" not in given["schema"]:
                    continue
                if given["in"] == "path":
                    path = path.replace(f"{{{given['name']}}}", given["schema"]["examples"][0])
                else:
                    query[given["name"]] = given["schema"]["examples"][0]
            sent = operation.get("requestBody", {}).get("content", {})
            body = next((one["example"] for one in sent.values() if "example" in one), None)
            yield ExampleRequest(operation["operationId"], method, path, query, body)


def example_answers(client: TestClient) -> dict[str, Any]:
    """What a service on the small index answers to the examples, where that is JSON.

    A report's answer has its own example. What a model writes may differ from machine to machine.
    """
    found = {}
    for one in example_requests(client.get("/openapi.json").json()):
        if one.operation in ("ask_for_report", "sample") or not one.path.startswith("/api/"):
            continue
        answer = one.send(client)
        assert answer.status_code == 200, (one, answer.text)
        if answer.headers["content-type"] == "application/json":
            found[one.operation] = answer.json()
    for corpus in found["corpora"]["corpora"]:
        corpus["added"] = "2024-01-01T12:00:00+00:00"  # whenever it was built
    return found


def _renew() -> None:
    with TemporaryDirectory() as folder:
        app = make_app(Settings(storage_of(small_index(Path(folder))), workers=1))
        with TestClient(app) as client:
            answers = example_answers(client)
    lines = (f'"{name}": {json.dumps(one, ensure_ascii=False)}' for name, one in answers.items())
    EXAMPLES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    _renew()
