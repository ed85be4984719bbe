"""Whether the service is well, and its numbers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from tunetrace._version import __version__
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import fingerprint_of
from tunetrace.records import Record
from tunetrace.web.guard.metrics import Metrics
from tunetrace.web.problems import MEDIA_TYPE, Problem, ProblemError
from tunetrace.web.settings import Settings
from tunetrace.web.work.answers import Answer
from tunetrace.web.work.process import ServedIndex, answer_of

router = APIRouter()

_SECONDS: Final = 5.0
"""A disk that takes longer to answer is not well."""

_KEPT_SECONDS: Final = 1.0
"""How long an answer is given again, since to open the index takes work."""


@dataclass(frozen=True, slots=True)
class Health(Record):
    """A service that is well."""

    status: str
    """`ok`."""
    version: str
    """The version of tunetrace."""
    tunes: int
    """How many tunes it answers from."""
    fingerprint: str
    """The digest of the index that it answers from."""


class HealthCheck:
    """Opens the index in the service's own process, so that it need not wait for the others."""

    def __init__(self, settings: Settings) -> None:
        self._served = ServedIndex(settings.index, settings.hidden)
        self._turn = asyncio.Lock()
        self._answer: Answer | Problem | None = None
        self._answered_at = 0.0

    async def answer(self) -> Answer:
        """The answer of a service that is well. Raises ProblemError."""
        now = asyncio.get_running_loop().time
        async with self._turn:
            if self._answer is None or now() - self._answered_at > _KEPT_SECONDS:
                self._answer = await self._opened_in_time()
                self._answered_at = now()
            answer = self._answer
        if isinstance(answer, Problem):
            raise ProblemError(answer)
        return answer

    async def _opened_in_time(self) -> Answer | Problem:
        try:
            async with asyncio.timeout(_SECONDS):
                return await asyncio.to_thread(self._opened)
        except TimeoutError:
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "index", "The index cannot be read",
                f"the index could not be read in {_SECONDS:g} seconds; look at its disk",
            )  # fmt: skip

    def _opened(self) -> Answer | Problem:
        try:
            return answer_of(self._served, _health)
        finally:
            self._served.forget()


def _health(index: Index) -> Health:
    return Health("ok", __version__, index.tunes, fingerprint_of(index.catalogue.corpora()))


@router.get(
    "/healthz",
    summary="Whether the service works",
    operation_id="healthz",
    responses={
        200: {
            "description": "The service is well.",
            "content": {
                "application/json": {
                    "example": {
                        "status": "ok", "version": __version__, "tunes": 7235,
                        "fingerprint": "3f0c4a", "index": {"fingerprint": "3f0c4a", "corpora": []},
                    }
                }
            },
        },
        503: {"description": "The index cannot be opened.", "content": {MEDIA_TYPE: {}}},
    },
)  # fmt: skip
async def healthz(request: Request) -> Response:
    """Whether the service can answer, and from which index."""
    health: HealthCheck = request.app.state.health
    answer = await health.answer()
    headers = {**answer.headers, "Cache-Control": "no-store"}
    return Response(answer.body, headers=headers, media_type=answer.media_type)


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"description": "Numbers for Prometheus.", "content": {"text/plain": {}}}},
)
async def metrics(request: Request) -> Response:
    """Requests, questions and the process in numbers, in the text format of Prometheus."""
    numbers: Metrics = request.app.state.metrics
    headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    return Response(numbers.page(), headers=headers)
