"""The description: it is whole, its examples are true, and it needs no other host."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from tests.web.examples import example_answers, example_requests
from tunetrace.checker.records import CheckedTune
from tunetrace.indexer.records import Hit
from tunetrace.web.api.openapi import EXAMPLES


@pytest.fixture(scope="module")
def description(client: TestClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    content: dict[str, Any] = answer.json()
    return content


def operations(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in description["paths"].values():
        yield from path.values()


def test_every_example_request_is_answered(client: TestClient, description: dict[str, Any]) -> None:
    asked = list(example_requests(description))
    assert len(asked) > 15
    for one in asked:
        answer = one.send(client)
        expected = 202 if one.operation == "ask_for_report" else 200
        assert answer.status_code == expected, (one, answer.text)


def test_the_answers_to_the_examples_are_what_the_service_answers(client: TestClient) -> None:
    assert json.loads(EXAMPLES.read_text(encoding="utf-8")) == example_answers(client)


def test_the_answers_to_the_examples_fit_their_schemas(description: dict[str, Any]) -> None:
    fitted = 0
    for operation in operations(description):
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                if "example" in content:
                    schema = {**content["schema"], "components": description["components"]}
                    Draft202012Validator.check_schema(schema)
                    Draft202012Validator(schema).validate(content["example"])
                    fitted += 1
    assert fitted >= len(json.loads(EXAMPLES.read_text(encoding="utf-8"))) > 10


def test_a_field_more_or_less_does_not_fit(description: dict[str, Any]) -> None:
    content = description["paths"]["/api/check"]["post"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": description["components"]}
    is_valid = Draft202012Validator(schema).is_valid
    answer = content["application/json"]["example"]
    assert is_valid(answer)
    tune = answer["tunes"][0]
    assert not is_valid({**answer, "tunes": [{**tune, "more": 1}]})
    assert not is_valid({**answer, "tunes": [{**tune, "title": None}]})
    assert not is_valid({name: value for name, value in answer.items() if name != "index"})


def test_everything_that_is_referred_to_is_there_and_nothing_else(
    description: dict[str, Any],
) -> None:
    schemas = description["components"]["schemas"]
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(description)))
    assert referred <= set(schemas)
    assert not {"HTTPValidationError", "ValidationError", "Transcription"} & set(schemas)


def test_every_operation_says_what_it_is_and_how_it_may_end(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(description)]
    assert len(set(names)) == len(names)
    of_questions = {path: one for path, one in description["paths"].items() if "/api/" in path}
    for operation in operations({"paths": of_questions}):
        assert operation["summary"]
        assert operation["description"].endswith(".")
        assert len(operation["tags"]) == 1
        ends = operation["responses"]
        assert {"422", "500", "503"} <= set(ends)
        assert sum(status.startswith("2") for status in ends) == 1
        assert ("413" in ends) == ("requestBody" in operation)
        for status, end in ends.items():
            if not status.startswith("2"):
                assert list(end["content"]) == ["application/problem+json"]
        for parameter in operation.get("parameters", ()):
            assert parameter["description"].endswith("."), parameter


def test_fields_are_described_where_their_records_describe_them(
    description: dict[str, Any],
) -> None:
    schemas = description["components"]["schemas"]
    hit, checked = schemas["Hit"]["properties"], schemas["CheckedTune"]["properties"]
    assert hit["onset"] == {
        "type": "string", "format": "fraction", "description": "Eighths from the start of the bar.",
    }  # fmt: skip
    assert hit["corpus"]["description"] == "The name of its corpus."  # of the record it extends
    assert hit["ending"]["description"] == "The number of its ending; null outside endings."
    assert list(hit) == [name for name in Hit.__dataclass_fields__ if name != "found"]
    assert set(CheckedTune.__dataclass_fields__) - set(checked) == {"transcription"}
    assert schemas["Hit"]["additionalProperties"] is False


def test_the_page_of_the_description_lists_everything_and_loads_nothing(
    client: TestClient, description: dict[str, Any]
) -> None:
    answer = client.get("/api")
    assert answer.headers["content-type"].startswith("text/html")
    for path in description["paths"]:
        assert f" {path}</code>" in answer.text
    for operation in operations(description):
        assert operation["summary"] in answer.text
    loaded = re.findall(r"""(?:src|href)=["']?([^"' >]+)""", answer.text)
    assert all(one.startswith(("/", "#", "data:,")) for one in loaded)
    assert not re.search(r"<script(?![^>]*src)|<style| style=| on\w+=|�|`", answer.text)


def test_the_examples_of_addresses_on_the_page_are_answered_by_every_index(
    client: TestClient,
) -> None:
    page = client.get("/api").text
    examples = re.findall(r'Example: <a href="([^"]+)"', page)
    assert len(examples) > 10
    for example in examples:
        assert client.get(html.unescape(example)).status_code == 200
        assert "session" not in example  # a corpus that another index may lack


def test_the_table_of_the_page_leads_to_each_address(
    client: TestClient, description: dict[str, Any]
) -> None:
    page = client.get("/api").text
    linked = re.findall(r'<td><a href="#([^"]+)"><code>([A-Z]+) ([^<]+)</code>', page)
    assert linked == [
        (operation["operationId"], method.upper(), path)
        for tag in dict.fromkeys(one.get("tags", [None])[0] for one in operations(description))
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if operation.get("tags", [None])[0] == tag
    ]
    for name, _, _ in linked:
        assert page.count(f'<h3 id="{name}"') == 1
    # The statuses of errors are listed once.
    statuses = re.findall(r"<td><code>(\d+)</code>", page)
    assert statuses == sorted(set(statuses))
    assert {"404", "413", "422", "501", "503", "504"} <= set(statuses)


def test_there_is_no_page_that_loads_scripts_of_another_host(client: TestClient) -> None:
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert client.get(path).status_code == 404
