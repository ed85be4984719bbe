"""A real HTTP server on loopback that behaves, or misbehaves, as a test asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]
"""Answers one request."""


class Server:
    """Gives the answers that it was told in their order, and the last one to whoever still asks."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/data_v2_withtitles"
        self.requests = 0
        self.released = threading.Event()
        self._answers: tuple[Answer, ...] = ()

    def answers(self, *answers: Answer) -> None:
        self._answers = answers

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests += 1
        self._answers[min(self.requests, len(self._answers)) - 1](request)

    def stalled_after(self, data: bytes) -> Answer:
        """Sends a part and then nothing until the test is over."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            _start(request, 200, len(data) + 1000)
            request.wfile.write(data)
            request.wfile.flush()
            self.released.wait()

        return answer


def whole(data: bytes) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        _start(request, 200, len(data))
        request.wfile.write(data)

    return answer


def cut_off(data: bytes, *, says_length: bool) -> Answer:
    """Half of the data, with the length of all of it or without any."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        _start(request, 200, len(data) if says_length else None)
        request.wfile.write(data[: len(data) // 2])

    return answer


def status(code: int) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        _start(request, code, 0)

    return answer


def _start(request: BaseHTTPRequestHandler, code: int, length: int | None) -> None:
    request.close_connection = True
    request.send_response(code)
    if length is not None:
        request.send_header("Content-Length", str(length))
    request.end_headers()


@contextmanager
def serving() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the test's output is not the server's."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    served = Server(listening.server_address[1])
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.released.set()
        listening.shutdown()
        listening.server_close()
        thread.join()
