"""`tunetrace serve` as a process on the loopback address, seen from outside."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

import psutil

from tests.commands import PYTHON, environment

PATIENCE: Final = 60.0
"""Seconds after which a test no longer waits for what does not come."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class Reply:
    """An answer of a service."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The last word of the type of the problem that it is."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["status"] == self.status
        return str(self.json["type"]).rpartition(":")[2]


@dataclass(frozen=True)
class Running:
    """A service that was started."""

    process: subprocess.Popen[str]
    first_line: str
    """What it printed when it began to listen."""
    address: tuple[str, int]
    log: Path

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """The answer to one request."""
        connection = HTTPConnection(*self.address, timeout=PATIENCE)
        try:
            method = method or ("GET" if body is None else "POST")
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """A connection, on which nothing was sent."""
        return socket.create_connection(self.address, timeout=PATIENCE)

    def send(self, sent: bytes) -> bytes:
        """What comes back for some bytes until the service closes the connection."""
        with self.connect() as connection:
            with suppress(ConnectionResetError, BrokenPipeError):
                connection.sendall(sent)
            return until_closed(connection)

    def lines(self) -> list[dict[str, Any]]:
        """What it wrote into its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def line_of(self, request: str) -> dict[str, Any]:
        """The line of a request in the log, by its id."""
        return until(lambda: [x for x in self.lines() if x.get("request") == request])[0]

    def family(self) -> list[psutil.Process]:
        """All processes that it began."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def workers(self) -> dict[int, float]:
        """The processes that answer questions, with the seconds that each has computed."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            for one in child.children():
                times = one.cpu_times()
                found[one.pid] = times.user + times.system
        return found


def until_closed(connection: socket.socket) -> bytes:
    """What comes from a connection until the other side closes it."""
    received = b""
    try:
        while some := connection.recv(1 << 16):
            received += some
    except ConnectionResetError:
        pass
    return received


def until(is_so: Callable[[], Found]) -> Found:
    """What a question answers once that is true."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        found = is_so()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it never came to be so")


@contextmanager
def running(index: Path, *options: str, host: str = "127.0.0.1") -> Iterator[Running]:
    """A service that listens. It must end well when it is asked to, with all its processes."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [*PYTHON, "serve", "--host", host, "--port", "0", "--index", str(index), *options],
                stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment(),
            )  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("http://"), log.read_text()
            port = int(line.split()[0].rstrip("/").rpartition(":")[2])
            service = Running(process, line, (host, port), log)
            until(lambda: service.workers() or process.poll() is not None)
            yield service
            if process.poll() is None:
                family = service.family()
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE) == 0
                until(lambda: not any(one.is_running() for one in family))
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def long_tunes(tunes: int, tokens: int = 9000) -> bytes:
    """Tunes that are long to check: 19 of them take some seconds with near copies."""
    draw = random.Random(1)
    bars = ["".join(draw.choices("CDEFGABcdefgab", k=8)) for _ in range(tokens // 9)]
    music = "|".join(bars)
    return "\n".join(
        f"X:{number}\nT:Long\nM:4/4\nL:1/8\nK:C\n{music}|\n" for number in range(1, tunes + 1)
    ).encode()
