"""An operation of the description (OpenAPI): what may be sent to an address, and its answers.

Nothing is worked out here: a record is only named, and `openapi.py` makes its schema when the
description is first asked for.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import Response

from tunetrace.web.problems import MEDIA_TYPE
from tunetrace.web.work.answers import JSON

TUNE: Final = "X:1\nT:The Kesh\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3 ABd|gag fed|\n"
"""The tune that examples send."""

_ALWAYS: Final = {
    HTTPStatus.UNPROCESSABLE_ENTITY: "The question has no answer, or a parameter is wrong.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A mistake of the service.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The service is busy, or its index cannot be read.",
    HTTPStatus.GATEWAY_TIMEOUT: "There was no answer in time.",
}
_AT_SOME: Final = {
    HTTPStatus.NOT_FOUND: "The index has no such tune.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "What was sent is too large.",
    HTTPStatus.NOT_IMPLEMENTED: "The service lacks what this needs.",
}
_HEADERS: Final = {
    "Tunetrace-Index": {
        "description": "The fingerprint of the index that gave the answer.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
    "Tunetrace-Corpora": {
        "description": "The corpora that the answer quotes, as JSON, with their licences.",
        "schema": {"type": "string", "contentMediaType": JSON},
    },
}


def operation(
    summary: str, tag: str, answer: type | str, *may_end: HTTPStatus, sends: str | None = None
) -> dict[str, Any]:
    """The arguments of a route that describe it as an operation.

    answer: a record, or the media type of a file. may_end: statuses besides those that every
    question may end with. sends: what is sent, if something is.
    """
    if isinstance(answer, str):
        content = {answer: {"schema": {"type": "string", "format": "binary"}}}
    else:
        content = {JSON: {"schema": {"$ref": schema_of(answer.__name__)}}}
    extra = {} if sends is None else {"requestBody": _body(sends)}
    return {
        "summary": summary,
        "tags": [tag],
        "response_class": Response,
        "responses": {
            200: {"description": "The answer.", "headers": _HEADERS, "content": content},
            **{int(status): problem(_AT_SOME[status]) for status in may_end},
            **{int(status): problem(what) for status, what in _ALWAYS.items()},
        },
        "openapi_extra": extra,
    }


def problem(what: str) -> dict[str, Any]:
    """The description of an answer that is a problem."""
    return {
        "description": what,
        "content": {MEDIA_TYPE: {"schema": {"$ref": schema_of("Problem")}}},
    }


def schema_of(name: str) -> str:
    """Where the schema of a record is in the description."""
    return f"#/components/schemas/{name}"


def _body(what: str) -> dict[str, Any]:
    """What is sent: a file, as it is."""
    return {
        "required": True,
        "description": what,
        "content": {
            "text/vnd.abc": {"example": TUNE},
            "application/octet-stream": {},
        },
    }
