"""The description of the service (OpenAPI), made when it is first asked for, and a page of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from tunetrace.checker.records import CheckReport
from tunetrace.checker.similar.records import SimilarReport
from tunetrace.indexer.records import Continuations, Found, IndexInfo, Matches
from tunetrace.indexer.tune import TuneDetail
from tunetrace.reports.write import Report
from tunetrace.web.api.operation import schema_of
from tunetrace.web.api.schemas import schemas_of
from tunetrace.web.jobs.records import EXAMPLE, Job
from tunetrace.web.page.questions import HTML, templates
from tunetrace.web.work.answers import JSON
from tunetrace.web.work.models import ModelTunes
from tunetrace.web.work.questions import ReadTunes

router = APIRouter(include_in_schema=False)

ANSWERS: Final = (
    CheckReport, Continuations, Found, IndexInfo, Matches, ReadTunes, SimilarReport, TuneDetail,
    ModelTunes,
)  # fmt: skip
"""The records that are answers."""

_IN_JOBS: Final = {"index": "Origin", "problem": "Problem", "report": "Report"}
"""What a job has in its fields that may be empty. It is kept as JSON."""

EXAMPLES: Final = Path(__file__).with_name("examples.json")
"""The answers to the examples of the description, by the name of the operation."""

_PAGE: Final = Path(__file__).with_name("api.html.jinja")

_ABOUT: Final = """\
Where a folk tune comes from, asked over HTTP.

An answer is that of the command line with `--json`, with one field more: `index` names the index by
its fingerprint, and the corpora whose tunes are quoted, with their licences. Parameters are named
as the options of the command line, with `_` for `-`, and the text that is searched is `q`. A
parameter that is misspelt is refused. An error is a problem detail (RFC 9457), whose `detail` is
one sentence.
"""


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    """The description as JSON."""
    return Response(_as_json(request.app), media_type=JSON)


@router.get("/api")
def page(request: Request) -> Response:
    """The description as a page."""
    described = description_of(request.app)
    template = templates().from_string(_PAGE.read_text(encoding="utf-8"))
    html = template.render(
        here="/api",
        title="For programs",
        info=described["info"],
        operations=_listed(described),
        statuses=_statuses(described),
        base=str(request.base_url).rstrip("/"),
    )
    return Response(html, media_type=HTML)


@cache
def description_of(app: FastAPI) -> dict[str, Any]:
    """The description of a service. It takes half a second the first time, and a thread."""
    described = get_openapi(
        title=app.title, version=app.version, description=_in_paragraphs(_ABOUT), routes=app.routes
    )
    schemas = schemas_of(ANSWERS, (Job, Report))
    for name, kind in _IN_JOBS.items():
        field = schemas["Job"]["properties"][name]
        field["anyOf"] = [{"$ref": schema_of(kind)}, {"type": "null"}]
    described.setdefault("components", {})["schemas"] = schemas
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    job = {"$ref": schema_of("Job")}
    for operation in (one for path in described["paths"].values() for one in path.values()):
        operation["description"] = _in_paragraphs(operation["description"])
        for parameter in operation.get("parameters", ()):
            parameter["description"] = _in_paragraphs(parameter["description"])
        operation.get("parameters", []).sort(key=lambda parameter: not parameter["required"])
        if operation["operationId"] in examples:
            content = operation["responses"]["200"]["content"][JSON]
            content["example"] = examples[operation["operationId"]]
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                if content.get("schema") == job:
                    content["example"] = EXAMPLE.to_dict()
    return described


def _in_paragraphs(text: str) -> str:
    """A docstring with each of its paragraphs on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


@cache
def _as_json(app: FastAPI) -> bytes:
    return json.dumps(description_of(app), ensure_ascii=False, separators=(",", ":")).encode()


def _statuses(described: dict[str, Any]) -> dict[str, list[str]]:
    """The statuses of errors in their order, each with what the operations say of it."""
    found: dict[str, list[str]] = {}
    for operation in (one for path in described["paths"].values() for one in path.values()):
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                found.setdefault(status, []).append(answer["description"])
    return {status: list(dict.fromkeys(found[status])) for status in sorted(found)}


def _listed(described: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The operations by their tag, each with its method and path, and an example of its address and
    of its answer."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            example, query = path, {}
            for parameter in operation.get("parameters", ()):
                given = parameter["schema"].get("examples", [None])[0]
                if given is not None and parameter["in"] == "path":
                    example = example.replace(f"{{{parameter['name']}}}", given)
                elif given is not None:
                    query[parameter["name"]] = given
            example += f"?{urlencode(query)}" if query else ""
            listed = {
                **operation,
                "path": path,
                "method": method.upper(),
                "example": example,
                "answer": _answer(operation),
            }
            (tag,) = operation.get("tags", ["The service itself"])
            found.setdefault(tag, []).append(listed)
    return found


def _answer(operation: dict[str, Any]) -> str | None:
    """The example of what an operation answers, as JSON; None if it has none."""
    for status, answer in operation["responses"].items():
        example = answer.get("content", {}).get(JSON, {}).get("example")
        if status[0] == "2" and example is not None:
            return json.dumps(example, ensure_ascii=False, indent=2)
    return None
