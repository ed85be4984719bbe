"""Requests that mean harm: none is answered with a mistake, and the service is well afterwards."""

from __future__ import annotations

import asyncio
import gzip
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from tests.commands import KESH, MORRISONS, index_of
from tests.web.running import Running, running, until, until_closed
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.web.guard import protocol
from tunetrace.web.guard import server as server_room
from tunetrace.web.guard.metrics import Metrics
from tunetrace.web.guard.refuse import GuardedApp
from tunetrace.web.guard.watch import WatchedApp
from tunetrace.web.settings import Limits, Settings

LARGE = 30_000_000
"""Bytes that no system keeps for a client that does not read them."""

ENDS = b"Host: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    index = index_of(tmp_path_factory.mktemp("hostile"), KESH, MORRISONS)
    with running(index) as started:
        before = memory(started)
        yield started
        assert started.ask("/healthz").status == 200
        assert memory(started) - before < 50_000_000
        assert [line for line in started.lines() if line["level"] == "error"] == []


def memory(service: Running) -> int:
    """Bytes that the process with the connections has."""
    return int(psutil.Process(service.process.pid).memory_info().rss)


def status(answer: bytes) -> int:
    """The status of what came back."""
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])


# Addresses and headers


@pytest.mark.parametrize(
    "path",
    [
        "/files/../../settings.py",
        "/files/..%2f..%2fsettings.py",
        "/files/%2e%2e/%2e%2e/settings.py",
        "/files/%2fetc%2fpasswd",
        "/files//etc/passwd",
        "/files/trace.js%00.css",
        "/files/%00",
        "/files/..%5c..%5csettings.py",
        "/files/%ff%fe",
        "/files/",
        "//files/trace.js",
        "/./files/trace.js",
        "/api/../files/../healthz",
    ],
)
def test_no_path_leads_to_a_file(service: Running, path: str) -> None:
    answer = service.send(f"GET {path} HTTP/1.1\r\n".encode() + ENDS)
    assert status(answer) == 404
    assert b"root:" not in answer
    assert b"dataclass" not in answer


@pytest.mark.parametrize("q", ["%00", "%ff", "%", "%0d%0aSet-Cookie:%20a=b", "C" * 9000, "?" * 999])
def test_no_figure_is_a_mistake_of_the_service(service: Running, q: str) -> None:
    answer = service.send(f"GET /api/figure?q={q} HTTP/1.1\r\n".encode() + ENDS)
    assert status(answer) in (200, 422)
    assert b"\nset-cookie" not in answer.lower()


def test_an_address_or_headers_without_end_are_refused(service: Running) -> None:
    long = b"x" * 100_000
    for request in (
        b"GET /" + long + b" HTTP/1.1\r\n" + ENDS,
        b"GET / HTTP/1.1\r\nX: " + long + b"\r\n" + ENDS,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + ENDS,
        b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000_000,
    ):
        answer = service.send(request)
        # What is still under way can break the answer off.
        assert answer == b"" or status(answer) == 431
    answer = service.send(b"GET /" + b"x" * 60_000 + b" HTTP/1.1\r\n" + ENDS)
    assert status(answer) == 404


def test_a_chunked_body_with_more_around_it_than_in_it_is_cut_off(service: Running) -> None:
    head = b"POST /api/check HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: localhost\r\n\r\n"
    assert service.send(head + b"1;" + b"x" * 300_000 + b"\r\nx\r\n0\r\n\r\n")[:13] in (
        b"", b"HTTP/1.1 400 ",
    )  # fmt: skip
    trailers = b"X: y\r\n" * 100_000
    assert service.send(head + b"1\r\nx\r\n0\r\n" + trailers + b"\r\n")[:13] in (
        b"", b"HTTP/1.1 400 ",
    )  # fmt: skip


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_with_a_problem(service: Running, request_: bytes) -> None:
    answer = service.send(request_)
    assert status(answer) == 400
    assert b"content-type: application/problem+json" in answer
    assert b"x-content-type-options: nosniff" in answer


@pytest.mark.parametrize("value", [b"\xff\xfe", b"," * 5000, b"[::1", b"javascript:alert(1)"])
def test_what_a_proxy_would_say_is_no_mistake_of_the_service(
    service: Running, value: bytes
) -> None:
    names = (b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Request-Id", b"Accept-Encoding")
    headers = b"".join(b"%s: %s\r\n" % (name, value) for name in names)
    assert status(service.send(b"GET /healthz HTTP/1.1\r\n" + headers + ENDS)) == 200


def test_a_title_reaches_no_header(service: Running) -> None:
    tune = KESH.replace("The Kesh", 'a"\r\nSet-Cookie: a=b\r\n<script>alert(1)</script>é')
    reply = service.ask("/api/check", tune.encode())
    assert reply.status == 200
    assert "set-cookie" not in reply.headers
    for header in reply.headers.values():
        assert header.isascii()
        assert "script>" not in header


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        bytes(range(256)) * 100,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 1000,
        gzip.compress(KESH.encode())[:-4] + b"\xff\xff\xff\x7f",
        gzip.compress(b"x" * 50_000_000),
        b"PK\x03\x04" + b"\xff" * 200,
        b"MThd\0\0\0\6\0\1\xff\xff\0\x60" + b"MTrk\xff\xff\xff\xff",
        b"X:1\nK:C\n" + b"[" * 50_000,
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"
        b"<score-partwise>&b;</score-partwise>",
        b"[" * 100_000,
    ],
    ids=["empty", "nul", "bytes", "png", "gzip", "bomb", "zip", "midi", "open", "xml", "json"],
)  # fmt: skip
def test_no_body_is_a_mistake_of_the_service(service: Running, body: bytes) -> None:
    reply = service.ask("/api/check", body)
    assert reply.status == 422, reply.body[:300]
    assert reply.headers["content-type"] == "application/problem+json"
    assert b"root:" not in reply.body
    for header in ({"Content-Encoding": "gzip"}, {"Content-Type": "application/json"}):
        assert service.ask("/api/check", body, headers=header).status == 422


def test_a_length_that_lies_harms_nobody(service: Running) -> None:
    head = b"POST /api/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    with service.connect() as short:
        short.sendall(head % 5000 + KESH.encode())
        short.shutdown(socket.SHUT_WR)
        until_closed(short)
    tune = KESH.encode()
    answer = service.send(head % len(tune) + tune + b"and more\r\n\r\n")
    assert answer == b"" or status(answer) in (200, 400)
    assert status(service.send(head % 10**18)) == 413


def test_requests_may_follow_each_other_without_waiting(service: Running) -> None:
    one = b"GET /api/figure?q=C HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = service.send(one * 19 + b"GET /healthz HTTP/1.1\r\n" + ENDS)
    assert answer.count(b"HTTP/1.1 200 ") == 20
    assert answer.count(b'"query":"C"') == 19


def test_half_requests_harm_nobody(service: Running) -> None:
    whole = (
        b"POST /api/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n" + b"x" * 499
    )
    for end in range(0, len(whole), 23):
        with service.connect() as connection:
            connection.sendall(whole[:end])
    assert service.ask("/api/figure?q=C").status == 200


@pytest.mark.slow
def test_a_thousand_idle_connections_harm_nobody(service: Running) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    idle = [service.connect() for _ in range(1000)]
    try:
        for connection in idle[::2]:
            connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert service.ask("/healthz").status == 200
        assert service.ask("/api/figure?q=C").status == 200
        # None of them sends a request, so that the service ends them.
        for connection in idle:
            assert until_closed(connection) == b""
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Slow clients, and mistakes of the service


@contextmanager
def sizes_served(limits: Limits, path: Path) -> Iterator[tuple[uvicorn.Server, tuple[str, int]]]:
    """A server in this process that answers with the size of what it is sent, and its address."""

    async def size(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/mistake":
            raise ZeroDivisionError("a secret")
        if scope["path"] == "/large":
            headers = [(b"content-length", b"%d" % LARGE)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"x" * LARGE})
            return
        received = 0
        while True:
            message = await receive()
            received += len(message["body"])
            if not message["more_body"]:
                break
        body = str(received).encode()
        headers = [(b"content-length", b"%d" % len(body)), (b"X-Title", b"a")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    app = WatchedApp(GuardedApp(size, Settings(storage_of(path), 1, limits=limits)), Metrics())
    config = uvicorn.Config(
        app, http=protocol.LimitedProtocol, ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    with server_room.listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        try:
            until(lambda: server.started)
            yield server, listening.getsockname()
        finally:
            server.should_exit = True
            thread.join()


def test_a_body_that_comes_too_slowly_is_refused(tmp_path: Path) -> None:
    with sizes_served(Limits(send_seconds=0.3), tmp_path) as (_, address):
        with socket.create_connection(address, 30) as slow:
            slow.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n")
            is_open = True
            while is_open:
                try:
                    slow.sendall(b"x")
                except OSError:
                    is_open = False
                time.sleep(0.01)
        with socket.create_connection(address, 30) as slow:
            slow.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nx")
            answer = until_closed(slow)
            assert status(answer) == 408
            assert b"urn:tunetrace:problem:too-slow" in answer
        # Whoever sends fast enough may take longer: a second for each 5,000 bytes.
        with socket.create_connection(address, 30) as steady:
            steady.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n")
            for _ in range(6):
                steady.sendall(b"x" * 10_000)
                time.sleep(0.1)
            assert steady.recv(1000).endswith(b"60000")


@pytest.mark.slow
def test_a_head_that_comes_too_slowly_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with sizes_served(Limits(), tmp_path) as (_, address):
        for sent in (b"", b"GET / HTTP/1.1\r\nX: y", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET"):
            with socket.create_connection(address, 30) as slow:
                slow.sendall(sent)
                answer = until_closed(slow)
                assert answer.count(b"HTTP/1.1 200 ") == sent.count(b"\r\n\r\n")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
@pytest.mark.slow
def test_a_client_that_takes_nothing_of_its_answer_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_room, "_UNREAD_MILLISECONDS", 500)
    with sizes_served(Limits(), tmp_path) as (server, address):
        with socket.create_connection(address, 30) as lazy:
            lazy.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until(lambda: server.server_state.connections)
            until(lambda: not server.server_state.connections)
            assert len(until_closed(lazy)) < LARGE
        with socket.create_connection(address, 30) as ready:
            ready.sendall(b"GET /large HTTP/1.1\r\n" + ENDS)
            assert len(until_closed(ready)) > LARGE


def test_a_mistake_of_the_service_says_its_id_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        sizes_served(Limits(), tmp_path) as (_, address),
        socket.create_connection(address, 30) as asked,
    ):
        asked.sendall(b"GET /mistake HTTP/1.1\r\nX-Request-Id: the-one\r\n" + ENDS)
        answer = until_closed(asked)
    assert status(answer) == 500
    assert b"x-request-id: the-one" in answer
    assert b"the request's id the-one" in answer
    assert b"secret" not in answer
    (record,) = [one for one in caplog.records if one.name == "tunetrace.web"]
    line = record.tunetrace_fields  # type: ignore[attr-defined]
    assert line["request"] == "the-one"
    assert line["traceback"].endswith("ZeroDivisionError")  # its message may repeat what was sent
    assert "ZeroDivisionError: a secret" not in line["traceback"]
