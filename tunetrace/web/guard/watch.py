"""The outermost layer: each request gets an id, safe headers, a line in the log, and is counted.

A mistake in the service ends here. It becomes a problem with the request's id, and its traceback
goes to the log alone.
"""

from __future__ import annotations

import logging
import re
import uuid
from http import HTTPStatus
from time import perf_counter
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunetrace.web.guard.headers import harmless
from tunetrace.web.guard.lines import log
from tunetrace.web.guard.metrics import UNMATCHED, Metrics
from tunetrace.web.mistakes import where_it_failed
from tunetrace.web.problems import CLIENT_GONE, MEDIA_TYPE, Problem

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class WatchedApp:
    """The service, watched."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        request_id = _request_id(scope)
        status: int | None = None
        sent = 0

        async def send_watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = harmless(message.get("headers", ()))
                headers.append((b"x-request-id", request_id.encode()))
                message = {**message, "headers": headers}
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        trace = None
        try:
            await self._app(scope, receive, send_watched)
        except ClientDisconnect:  # before its body was whole
            status = status or CLIENT_GONE
        except Exception as error:
            trace = where_it_failed(error)
            if status is None:
                await send_problem(_mistake(request_id), send_watched)
        finally:
            seconds = perf_counter() - began
            route = getattr(scope.get("route"), "path", UNMATCHED)
            # Without an answer the server itself sends 500.
            status = status or HTTPStatus.INTERNAL_SERVER_ERROR
            self._metrics.answered(scope["method"], route, status, seconds)
            log(
                logging.ERROR if trace else logging.INFO,
                {
                    "request": request_id,
                    "method": scope["method"],
                    "path": route,
                    "status": int(status),
                    "ms": round(1000 * seconds, 1),
                    "bytes": sent,
                },
                trace,
            )


async def send_problem(problem: Problem, send: Send) -> None:
    """Send a problem as the answer."""
    body = problem.body()
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **problem.headers}
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _request_id(scope: Scope) -> str:
    """The id that whoever asks, or a proxy, gave the request if it is well-formed, else a new."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _ID.fullmatch(given):
                return str(given)
    return uuid.uuid4().hex


def _mistake(request_id: str) -> Problem:
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "mistake", "The service made a mistake",
        f"this is a mistake in the service; tell whoever runs it the request's id {request_id}",
    )  # fmt: skip
