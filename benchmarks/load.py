"""Clients of a service on this machine, over HTTP, and what they meet.

They write and read bytes themselves, since a library for HTTP takes more processor time for a
request than the service needs for a figure. Each keeps its connection.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from benchmarks.measure import percentile

_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for a request."""

    status: int
    body: bytes


@dataclass(slots=True)
class Load:
    """What clients met."""

    begun: float
    """When they began, by time.perf_counter."""
    seconds: float = 0.0
    """How long they asked."""
    processor_seconds: float = 0.0
    """The processor time that they took themselves."""
    replies: list[tuple[float, float]] = field(default_factory=list)
    """When each good answer came, by time.perf_counter, and how long it took."""
    errors: Counter[str] = field(default_factory=Counter)
    """What else came, and how often."""

    @property
    def each_second(self) -> float:
        """Good answers for each second."""
        return len(self.replies) / self.seconds

    def between(self, first: float, last: float) -> list[float]:
        """How long the answers took that came between two moments."""
        return [took for at, took in self.replies if first <= at <= last]

    @property
    def times(self) -> list[float]:
        """How long each good answer took."""
        return [took for _, took in self.replies]

    def percentile(self, percent: int) -> float:
        """The time that this percentage of the good answers did not exceed."""
        return percentile(self.times, percent) if len(self.replies) > 1 else 0.0


def request(method: str, path: str, body: bytes = b"", **query: str | int | bool) -> bytes:
    """A request as it is sent. query: its parameters; True and False as words."""
    values = {k: str(v).lower() if isinstance(v, bool) else v for k, v in query.items()}
    target = f"{path}?{urlencode(values)}" if values else path
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Client:
    """A connection to the service, which is opened anew where the service has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, data: bytes) -> Reply:
        """The reply to a request."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        try:
            writer.write(data)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
        except BaseException:
            self.close()
            raise
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return Reply(int(head[9:12]), body)

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def ask_for(
    port: int,
    requests: Iterator[bytes],
    clients: int,
    goes_on: Callable[[], bool],
) -> Load:
    """Let clients ask one request after the other for as long as goes_on says.

    requests: taken by whichever client is free.
    """
    load = Load(time.perf_counter())
    own = time.process_time()

    async def ask() -> None:
        client = Client(port)
        while goes_on():
            begun = time.perf_counter()
            try:
                reply = await client.send(next(requests))
            except (OSError, EOFError) as error:  # IncompleteReadError is an EOFError
                load.errors[type(error).__name__] += 1
                await asyncio.sleep(0.01)
                continue
            now = time.perf_counter()
            if reply.status == 200:
                load.replies.append((now, now - begun))
            else:
                load.errors[f"{reply.status} {reply.body[:300].decode(errors='replace')}"] += 1
        client.close()

    await asyncio.gather(*(ask() for _ in range(clients)))
    load.seconds = time.perf_counter() - load.begun
    load.processor_seconds = time.process_time() - own
    return load


def for_seconds(seconds: float) -> Callable[[], bool]:
    """Goes on for so long, from now."""
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() < end


def again_and_again(items: Sequence[bytes]) -> Iterator[bytes]:
    """The items in their order, from the first again after the last."""
    while True:
        yield from items


async def wait_until_ready(port: int, seconds: float) -> None:
    """Wait until the service says that it is well; SystemExit if it does not."""
    goes_on, client = for_seconds(seconds), Client(port)
    while goes_on():
        with suppress(OSError, EOFError):
            if (await client.send(request("GET", "/healthz"))).status == 200:
                client.close()
                return
        await asyncio.sleep(0.1)
    raise SystemExit(f"the service did not answer within {seconds:g} s")
