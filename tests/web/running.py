"""`tunetrace serve` as a process on the loopback address, seen from outside."""

from __future__ import annotations

import json
import random
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import psutil

from tests.commands import PYTHON, environment

PATIENCE: Final = 120.0
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

    @property
    def url(self) -> str:
        """Its address as a browser has it, without a slash at the end."""
        return self.first_line.split()[0].rstrip("/")

    def ask(
        self,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The answer to one request."""
        connection = HTTPConnection(*self.address, timeout=PATIENCE)
        try:
            method = method or ("GET" if body is None else "POST")
            target = f"{path}?{urlencode(query)}" if query else path
            # It may refuse a body before all of it has come.
            with suppress(ConnectionResetError, BrokenPipeError):
                connection.request(method, target, body, headers or {})
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


def is_problem(reply: Reply, status: int, sentence: str) -> bool:
    """Whether an answer is a problem with this status, and with these words in its sentence."""
    assert reply.problem
    return reply.status == status and sentence in reply.json["detail"]


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
def running(
    index: str | Path,
    *options: str | Path,
    workers: int = 1,
    host: str = "127.0.0.1",
    largest_file: int | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """A service that listens. It must end well when it is asked to, with all its processes.

    largest_file: bytes that it may write to a file. variables: of its environment.
    """
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [*PYTHON, "serve", "--host", host, "--port", "0", "--workers", str(workers),
                 "--index", str(index), *map(str, options)],
                stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment(variables),
            )  # fmt: skip
        if largest_file is not None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest_file, largest_file))
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


def many_tunes(count: int, bars: int = 16) -> bytes:
    """Different tunes in ABC. 15 of 1,000 bars take some seconds to check."""
    draw = random.Random(7)
    tunes = []
    for number in range(1, count + 1):
        music = "|".join("".join(draw.choices("CDEFGABcdefg", k=8)) for _ in range(bars))
        tunes.append(f"X:{number}\nT:Tune {number}\nM:4/4\nL:1/8\nK:C\n{music}|\n")
    return "\n".join(tunes).encode()
