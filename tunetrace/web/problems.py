"""Errors as RFC 9457 problem details: the sentence that the command line prints, and a status.

A problem's type is a URN, so that a program can tell problems apart without reading sentences.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from tunetrace.corpus.records import Rejected
from tunetrace.errors import (
    AbcError,
    IndexFileError,
    ModelFileError,
    OutputError,
    TunetraceError,
)
from tunetrace.text import plain

MEDIA_TYPE: Final = "application/problem+json"
CLIENT_GONE: Final = 499
"""What logs of servers say of a client that did not wait for its answer; nobody is sent it."""

_URN: Final = "urn:tunetrace:problem:"
_LONGEST_DETAIL: Final = 600


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with a request."""

    status: int
    """The HTTP status."""
    kind: str
    """What kind of problem it is, as `query` or `too-large`."""
    title: str
    """The kind in a few words, the same for all problems of it."""
    detail: str
    """One sentence that names what was given, and what would be right."""
    line: int | None = None
    """The line of the mistake in the text that was sent, from 1."""
    column: int | None = None
    """The column of the mistake, from 1."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers that its answer has, as Retry-After."""

    def body(self) -> bytes:
        """It as a JSON document."""
        content: dict[str, object] = {
            "type": _URN + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": _readable(self.detail),
        }
        if self.line is not None:
            content |= {"line": self.line, "column": self.column}
        return json.dumps(content, ensure_ascii=False).encode(errors="replace")


def _readable(detail: str) -> str:
    """A sentence without the middle, if it repeats a long text that was given."""
    if len(detail) <= _LONGEST_DETAIL:
        return detail
    half = _LONGEST_DETAIL // 2
    return f"{detail[:half]}…{detail[-half:]}"


class ProblemError(Exception):
    """A request that cannot be answered."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def problem_of(error: TunetraceError) -> Problem:
    """The problem that an error of tunetrace is to whoever asked."""
    detail = plain(str(error))
    if isinstance(error, IndexFileError):
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "index", "The index cannot be read", detail,
            headers={"Retry-After": "5"},
        )  # fmt: skip
    if isinstance(error, ModelFileError | OutputError):
        return Problem(HTTPStatus.NOT_IMPLEMENTED, "missing", "This service lacks it", detail)
    if isinstance(error, AbcError):
        kind, title = "transcription", "The transcription cannot be read"
        return Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, kind, title, detail, error.line, error.column
        )
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "question", "This has no answer", detail)


def too_large(what: str) -> ProblemError:
    """The error for a request that is too large. what: a sentence with the limit in it."""
    return ProblemError(
        Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "This is too large", what)
    )


def busy(detail: str, seconds: int = 1) -> ProblemError:
    """The error for what waits too long already. seconds: after which to ask again."""
    return ProblemError(
        Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "busy", "The service is busy", detail,
            headers={"Retry-After": str(seconds)},
        )
    )  # fmt: skip


def not_found(detail: str) -> ProblemError:
    """The error for something that is not there."""
    return ProblemError(
        Problem(HTTPStatus.NOT_FOUND, "not-found", "There is no such thing", detail)
    )


def wrong_parameter(detail: str) -> ProblemError:
    """The error for a parameter that is missing, unknown or wrong."""
    return ProblemError(
        Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "parameter", "A parameter cannot be used", detail)
    )


def unreadable(tune: Rejected, done: str) -> ProblemError:
    """The error for a text of which no tune can be used.

    tune: the first of them. done: what was to be done with it, as `checked`.
    """
    return ProblemError(
        Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "transcription",
            "The transcription cannot be read",
            plain(f"no tune can be {done}; {tune.place}: {tune.reason}"),
            tune.line,
            tune.column,
        )
    )
