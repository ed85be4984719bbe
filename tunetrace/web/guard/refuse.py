"""Requests that are refused before anything is asked: from other web sites, for other hosts, with
too large a body, or sent too slowly."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunetrace.web.guard.watch import send_problem
from tunetrace.web.problems import Problem, ProblemError, too_large
from tunetrace.web.settings import Limits, Settings

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

_BATCHES: Final = ("/api/report",)
"""Addresses that take a batch."""

_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:]*)(?::[0-9]*)?")

_BYTES_A_SECOND: Final = 5_000
"""Whoever sends a body more slowly than this is refused."""


class GuardedApp:
    """The service, without the requests that it refuses."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        problem = _wrong_host(headers, self._settings.hosts) or _other_site(scope, headers)
        if problem is not None:
            await send_problem(problem, send)
            return
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            body = _Body(receive, headers, scope["path"], self._settings.limits)
            await self._app(scope, body.receive, send_noted)
        except ProblemError as error:
            # One that the handler of the application did not see.
            if started:
                raise
            await send_problem(error.problem, send)


class _Body:
    """What a request sends, up to its limits."""

    def __init__(self, receive: Receive, headers: Headers, path: str, limits: Limits) -> None:
        """Raises ProblemError if the request says itself that it is too large."""
        self._receive = receive
        self._is_batch = path in _BATCHES
        self._most = limits.batch if self._is_batch else limits.body
        self._seconds = limits.send_seconds
        self._began = asyncio.get_running_loop().time()
        self._size = 0
        self._is_whole = False
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next piece. Raises ProblemError if it is too much, or comes too late."""
        if self._is_whole:
            return await self._receive()  # which waits until whoever sent it has gone
        until = self._began + self._seconds + self._size / _BYTES_A_SECOND
        try:
            async with asyncio.timeout_at(until):
                message = await self._receive()
        except TimeoutError:
            raise ProblemError(
                Problem(
                    HTTPStatus.REQUEST_TIMEOUT, "too-slow", "The body comes too slowly",
                    f"of the body there are {self._size:,} bytes after "
                    f"{until - self._began:.0f} seconds; send it faster",
                    headers={"Connection": "close"},
                )
            ) from None  # fmt: skip
        if message["type"] != "http.request":
            return message
        self._size += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._size > self._most:
            raise self._too_large()
        return message

    def _too_large(self) -> ProblemError:
        advice = "send fewer tunes" if self._is_batch else "ask for a report on many tunes"
        return too_large(f"the body has more than {self._most:,} bytes; {advice}")


def _wrong_host(headers: Headers, hosts: frozenset[str] | None) -> Problem | None:
    """A page of another site can give its own name the address of this machine (DNS rebinding).
    Its requests then have that name as their host."""
    if hosts is None:
        return None
    name = host_name(headers.get("host", ""))
    if name in hosts:
        return None
    return Problem(
        HTTPStatus.MISDIRECTED_REQUEST, "host", "The host is another one",
        "the request is for a host that this service does not answer for; ask for localhost, or "
        "start the service with --allow-host and the name",
    )  # fmt: skip


def _other_site(scope: Scope, headers: Headers) -> Problem | None:
    """Browsers say which site a request comes from; what changes something comes from our page."""
    if scope["method"] in _READING:
        return None
    origin = headers.get("origin")
    is_ours = origin is None or (
        "://" in origin and _place(origin.split("://", 1)[1]) == _place(headers.get("host", ""))
    )
    if is_ours and headers.get("sec-fetch-site") != "cross-site":
        return None
    return Problem(
        HTTPStatus.FORBIDDEN, "other-site", "The request comes from another site",
        "a page of another web site may not send this; send it from the page of this service or "
        "from a program",
    )  # fmt: skip


def host_name(host: str) -> str:
    """The name in a Host header, without its port and in lower case; empty if it is malformed."""
    found = _HOST.fullmatch(host.strip().lower())
    return found[1] if found else ""


def _place(host: str) -> str:
    """A host with its port, if it is not the usual one."""
    return host.strip().lower().removesuffix(":80").removesuffix(":443")
