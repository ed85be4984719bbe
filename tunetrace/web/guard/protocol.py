"""HTTP/1.1 with limits: for heads that never end, and for clients that send nothing.

uvicorn waits for a request's head for ever, and keeps a head of any size in memory.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tunetrace.web.guard.headers import harmless
from tunetrace.web.problems import MEDIA_TYPE, Problem

MOST_IN_HEAD: Final = 65_536
"""Bytes of a request's first line and its headers."""

HEAD_SECONDS: Final = 10.0
"""The time for them, from the first byte of a connection or of a further request."""

_MOST_AROUND_BODY: Final = 65_536
"""Bytes of trailers and of what chunks are marked with, beyond eight a byte of the body."""

_MOST_UNREAD: Final = 128_000_000
"""Bytes of a body that go on coming after its request was refused."""


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on what is not a body. Bodies are limited by the service."""

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _received = 0
    _body = 0

    def connection_made(self, transport: Any) -> None:
        """Wait for a head."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in some bytes, unless they are too many."""
        while data and not self.transport.is_closing():
            room = MOST_IN_HEAD - self._received if self._in_head else len(data)
            if not room:
                self._refuse(_LARGE_HEAD)
                return
            if self._in_head and self._timer is None:
                self._wait_for_head()
            piece, data = data[:room], data[room:]
            self._received += len(piece)
            super().data_received(piece)
            if not self._in_head and self._is_too_much():
                self.transport.close()

    def _is_too_much(self) -> bool:
        if self.cycle.response_complete:
            return self._received > _MOST_UNREAD
        return self._received - self._body > _MOST_AROUND_BODY + 8 * self._body

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._stop_waiting()
        self._in_head = False
        self._received = self._body = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body is there."""
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there; a further one may follow."""
        self._in_head = True
        self._received = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(_NO_HTTP)

    def _refuse(self, problem: Problem) -> None:
        """Send a problem and close. If an earlier request has no answer yet, only close."""
        if self.cycle is None or self.cycle.response_complete:
            body = problem.body()
            headers = harmless(
                (
                    (b"content-type", MEDIA_TYPE.encode()),
                    (b"content-length", str(len(body)).encode()),
                    (b"connection", b"close"),
                )
            )
            lines = [b"%s: %s\r\n" % header for header in headers]
            self.transport.write(b"".join((STATUS_LINE[problem.status], *lines, b"\r\n", body)))
        self.transport.close()

    def _wait_for_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._close_waiting)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_waiting(self) -> None:
        """Close a connection without a head, unless an earlier request of it has no answer yet."""
        self._timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


_LARGE_HEAD: Final = Problem(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too-large", "This is too large",
    f"the address and the headers have more than {MOST_IN_HEAD:,} bytes; send a tune as the body",
)  # fmt: skip

_NO_HTTP: Final = Problem(
    HTTPStatus.BAD_REQUEST, "no-http", "This is no HTTP",
    "this is no request of HTTP/1.1; ask with a browser or a library for HTTP",
)  # fmt: skip
