"""The server: where it listens, and how it ends."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from typing import Final

import uvicorn
from fastapi import FastAPI

from tunetrace.errors import InputError
from tunetrace.web.guard.lines import log_to_standard_error
from tunetrace.web.guard.protocol import LimitedProtocol
from tunetrace.web.work.pool import Pool

_BACKLOG: Final = 1024

_UNREAD_MILLISECONDS: Final = 60_000
"""A client that takes nothing of its answer for longer is cut off."""

_SHUTDOWN_SECONDS: Final = 8
"""Connections that are still there this long after the end was asked for are closed."""

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises InputError if the address cannot be had."""
    place = f"{bracketed(host)}:{port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise InputError(f"--host {host}: no such address; give one such as 127.0.0.1") from None
    try:
        made = socket.create_server(
            address,
            family=family,
            backlog=_BACKLOG,
            dualstack_ipv6=family == socket.AF_INET6
            and address[0] == "::"
            and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        reason = (error.strerror or "it cannot be used").lower()
        reason = reason.partition(" (while")[0]
        raise InputError(
            f"{place}: cannot listen there ({reason}); give another --host or --port"
        ) from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)
    return made


def bracketed(host: str) -> str:
    """An address as it is written before a port: in brackets if it is of IPv6."""
    return f"[{host}]" if ":" in host else host


def run_server(app: FastAPI, listening: socket.socket) -> None:
    """Serve until the process is asked to end, by SIGTERM or SIGINT."""
    log_to_standard_error()
    _allow_many_connections()
    config = uvicorn.Config(
        app,
        http=LimitedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    # uvicorn sends itself the signal again when it has ended.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    _EndingServer(config, app).run(sockets=[listening])


class _EndingServer(uvicorn.Server):
    """uvicorn's server, which tells the pool when it is to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End within seconds; close the pool also if the end was asked for twice."""
        pool: Pool = self._app.state.pool
        pool.end_soon()
        try:
            await super().shutdown(sockets)
        finally:
            pool.close()


def _allow_many_connections() -> None:
    """Each connection is an open file, of which systems allow few unless they are asked."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
