"""`tunetrace serve` as a process of its own on the loopback address."""

from __future__ import annotations

import os
import random
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests

from tests.commands import PYTHON, environment

PATIENCE: Final = 120.0
"""Seconds after which a test no longer waits for what does not come."""


class Service:
    """A service that was started."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    def get(self, path: str, **options: Any) -> requests.Response:
        """The answer to a request for a path."""
        return requests.get(self.address + path, timeout=PATIENCE, **options)

    def post(self, path: str, body: bytes = b"", **options: Any) -> requests.Response:
        """The answer to a request that sends a body."""
        return requests.post(self.address + path, body, timeout=PATIENCE, **options)

    def delete(self, path: str) -> requests.Response:
        """The answer to a request to delete something."""
        return requests.delete(self.address + path, timeout=PATIENCE)

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.kill()
        self.process.wait()

    def processes(self) -> int:
        """How many processes it has begun that are still there, and those that they have begun."""
        return len(_below(self.process.pid, _parents()))

    def until(self, is_so: Callable[[], Any]) -> Any:
        """What a question answers once that is true."""
        return until(is_so)


def until(is_so: Callable[[], Any]) -> Any:
    """What a question answers once that is true."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        answer = is_so()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError("it never came to be so")


@contextmanager
def serving(
    index: Path, *options: str | Path, largest_file: int | None = None, **variables: str
) -> Iterator[Service]:
    """A service that answers. largest_file: bytes that it may write to a file; variables: of its
    environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*PYTHON, "serve", "--port", str(port), "--workers", "1", "--index", str(index),
         *map(str, options)],
        env=environment(variables),
        start_new_session=True,
    )  # fmt: skip
    if largest_file is not None:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest_file, largest_file))
    service = Service(process, port)
    try:
        until(lambda: process.poll() is not None or _answers(service))
        assert process.poll() is None, "the service did not start"
        yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()


def _answers(service: Service) -> bool:
    try:
        return service.get("/healthz").ok
    except requests.ConnectionError:
        return False


def _parents() -> dict[int, int]:
    """The parent of each process of this machine that is not a zombie."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, parent = (folder / "stat").read_text().rpartition(") ")[2].split()[:2]
            except OSError:
                continue  # it has just ended
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    return parents


def _below(process: int, parents: dict[int, int]) -> list[int]:
    children = [one for one, parent in parents.items() if parent == process]
    return children + [one for child in children for one in _below(child, parents)]


def is_running(process: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def many_tunes(count: int) -> bytes:
    """So many different tunes in ABC."""
    draw = random.Random(7)
    tunes = []
    for number in range(1, count + 1):
        bars = ["".join(draw.choices("CDEFGABcdefg", k=8)) for _ in range(16)]
        tunes.append(f"X:{number}\nT:Tune {number}\nM:4/4\nL:1/8\nK:C\n{'|'.join(bars)}|\n")
    return "\n".join(tunes).encode()
