"""Questions that take long, clients that go away, processes that are killed, and the end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from starlette.requests import Request

from tests.commands import KESH, MORRISONS, index_of
from tests.web.running import PATIENCE, Running, many_tunes, running, until, until_closed
from tests.web.test_guard import samples
from tunetrace import Index
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.web.problems import ProblemError
from tunetrace.web.settings import Limits, Settings
from tunetrace.web.work.answers import File
from tunetrace.web.work.pool import Pool

LONG = many_tunes(15, bars=1000)
"""Takes some seconds to check, as a musician would never ask it."""

PATIENT = ("--most-seconds", "120")
"""However busy this machine is, LONG is answered."""

Given = TypeVar("Given")


def rests(service: Running) -> bool:
    """Whether no process of a service computes anything for a third of a second."""
    before = service.workers()
    time.sleep(0.3)
    after = service.workers()
    return before.keys() == after.keys() and sum(after.values()) - sum(before.values()) < 0.05


def count_of(service: Running, name: str) -> float:
    """A number of the service that has no labels."""
    return samples(service)[f"tunetrace_{name}", frozenset()]


def begin_long(service: Running) -> socket.socket:
    """A connection on which a long check was asked, and which is worked on."""
    before = sum(service.workers().values())
    connection = service.connect()
    head = b"POST /api/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(LONG)
    connection.sendall(head + LONG)
    until(lambda: sum(service.workers().values()) - before > 0.2)
    return connection


def is_well(service: Running) -> None:
    """It answers as ever."""
    assert service.ask("/api/figure?q=C").status == 200
    assert service.ask("/api/check", KESH.encode()).status == 200
    assert count_of(service, "questions_waiting") == 0


# The time


@pytest.mark.slow
def test_a_question_ends_with_its_work_when_the_time_is_up(v2_index: Index) -> None:
    with running(v2_index.path, "--most-seconds", "0.5") as service:
        until(lambda: rests(service))
        (worked,) = service.workers()
        reply = service.ask("/api/check", LONG)
        assert (reply.status, reply.problem) == (504, "too-long")
        assert "after 0.5 seconds" in reply.json["detail"]
        until(lambda: worked not in service.workers())
        until(lambda: rests(service))
        until(lambda: service.ask("/api/figure?q=C").status == 200)
        assert count_of(service, "questions_timed_out_total") >= 1


@pytest.mark.slow
def test_a_question_ends_with_its_work_when_its_client_has_gone(v2_index: Index) -> None:
    with running(v2_index.path, *PATIENT) as service:
        (worked,) = service.workers()
        begin_long(service).close()
        until(lambda: worked not in service.workers())
        until(lambda: rests(service))
        is_well(service)
        assert count_of(service, "questions_given_up_total") == 1
        line = until(lambda: [x for x in service.lines() if x.get("status") == 499])[0]
        assert line["path"] == "/api/check"


@pytest.mark.slow
def test_who_waits_and_goes_costs_no_process(v2_index: Index) -> None:
    with running(v2_index.path, *PATIENT) as service:
        with begin_long(service) as first:
            (worked,) = service.workers()
            for _ in range(20):
                with service.connect() as impatient:
                    impatient.sendall(b"GET /api/figure?q=C HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert first.recv(100).startswith(b"HTTP/1.1 200 ")
        assert list(service.workers()) == [worked]
        is_well(service)


# The queue


@pytest.mark.slow
def test_a_full_queue_refuses_politely_and_loses_none(v2_index: Index) -> None:
    with running(v2_index.path, "--most-waiting", "2", *PATIENT) as service:
        with begin_long(service) as first, ThreadPoolExecutor(10) as clients:
            replies = list(clients.map(service.ask, ["/api/figure?q=C%20D"] * 10))
            assert first.recv(100).startswith(b"HTTP/1.1 200 ")
        refused = [reply for reply in replies if reply.status == 503]
        assert [reply.status for reply in replies if reply.status != 503] == [200]
        assert {reply.problem for reply in refused} == {"busy"}
        assert {reply.headers["retry-after"] for reply in refused} == {"1"}
        assert count_of(service, "questions_refused_total") == len(refused) == 9
        is_well(service)


@pytest.mark.slow
def test_health_and_numbers_do_not_wait_for_questions(v2_index: Index) -> None:
    options = ("--most-waiting", "1", *PATIENT)
    with running(v2_index.path, *options) as service, begin_long(service) as first:
        assert service.ask("/healthz").status == 200
        assert count_of(service, "questions_waiting") == 1
        assert first.recv(100).startswith(b"HTTP/1.1 200 ")


# Processes that are killed


@pytest.mark.slow
def test_a_question_whose_process_is_killed_is_asked_again(v2_index: Index) -> None:
    with running(v2_index.path, *PATIENT) as service:
        expected = service.ask("/api/check", LONG)
        with begin_long(service) as asked:
            (worked,) = service.workers()
            os.kill(worked, signal.SIGKILL)
            head = b""
            while b"\r\n\r\n" not in head:
                head += asked.recv(1)
            assert head.startswith(b"HTTP/1.1 200 ")
            body = b""
            while len(body) < len(expected.body):
                body += asked.recv(1 << 16)
            assert body == expected.body
        assert worked not in service.workers()
        assert count_of(service, "processes_lost_total") == 1
        is_well(service)


@pytest.mark.slow
def test_a_question_whose_process_is_killed_twice_fails_alone(v2_index: Index) -> None:
    with running(v2_index.path, *PATIENT) as service:
        with begin_long(service) as asked:
            for _ in range(2):
                (worked,) = until(service.workers)
                until(lambda: sum(service.workers().values()) > 0.2)
                os.kill(worked, signal.SIGKILL)
                until(lambda worked=worked: worked not in service.workers())  # type: ignore[misc]
            assert asked.recv(100).startswith(b"HTTP/1.1 500 ")
        is_well(service)


@pytest.mark.slow
def test_a_process_that_is_killed_while_it_rests_is_replaced(v2_index: Index) -> None:
    with running(v2_index.path, workers=2) as service:
        is_well(service)
        for worked in until(lambda: (all_ := service.workers()) and len(all_) == 2 and all_):
            os.kill(worked, signal.SIGKILL)
        for _ in range(4):
            is_well(service)


# The end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.slow
def test_the_service_ends_well_when_it_is_asked_to(v2_index: Index, number: signal.Signals) -> None:
    with running(v2_index.path, workers=2) as service:
        family = service.family()
        assert len(family) >= 3
        with begin_long(service) as asked:
            service.process.send_signal(number)
            answer = until_closed(asked)
        # The work is done within the last seconds, or refused.
        assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 503 "))
        assert service.process.wait(PATIENCE) == 0
        until(lambda: not any(one.is_running() for one in family))
        with pytest.raises(ConnectionRefusedError):
            service.connect()


@pytest.mark.slow
def test_the_service_ends_at_once_when_it_is_asked_twice(v2_index: Index) -> None:
    with running(v2_index.path, *PATIENT) as service:
        family = service.family()
        with begin_long(service):
            service.process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            service.process.send_signal(signal.SIGINT)
            assert service.process.wait(PATIENCE) == 0
        until(lambda: not any(one.is_running() for one in family))


@pytest.mark.slow
def test_no_process_is_left_when_the_service_is_killed(v2_index: Index) -> None:
    with running(v2_index.path, workers=2) as service:
        family = service.family()
        with begin_long(service):
            service.process.kill()
            service.process.wait()
            until(lambda: not any(_computes(one) for one in family))


def _computes(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# The pool itself


def fails(index: Index) -> File:
    """A question with a mistake in it."""
    raise ZeroDivisionError("one and only")


def tells_process(index: Index) -> File:
    """The number of the process that answers."""
    return File(str(os.getpid()).encode(), "text/plain")


def of_pool(index: Path, limits: Limits, use: Callable[[Pool], Awaitable[Given]]) -> Given:
    """What some use of a pool with one process gives."""

    async def used() -> Given:
        pool = Pool(Settings(storage_of(index), 1, limits=limits))
        try:
            return await use(pool)
        finally:
            pool.close()

    # In a thread, since Playwright's browser has a loop in this one that goes on until the end.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(used())).result()


def a_request(address: str = "192.0.2.1") -> Request:
    """A request whose client waits. address: of the client."""

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError

    scope = {"type": "http", "method": "GET", "headers": [], "client": (address, 1)}
    return Request(scope, receive)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("pool"), KESH, MORRISONS)


def takes_memory(index: Index, size: int) -> File:
    """A question that needs this many bytes."""
    return File(str(len(bytearray(size))).encode(), "text/plain")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_question_takes_not_all_memory_and_costs_no_process(small: Path) -> None:
    async def use(pool: Pool) -> tuple[bytes, int, bytes, bytes]:
        before = await pool.ask(a_request(), tells_process)
        with pytest.raises(ProblemError) as failed:
            await pool.ask(a_request(), takes_memory, 4_000_000_000)
        less = await pool.ask(a_request(), takes_memory, 500_000_000)
        after = await pool.ask(a_request(), tells_process)
        return before.body, failed.value.problem.status, less.body, after.body

    before, status, less, after = of_pool(small, Limits(), use)
    assert status == 413
    assert less == b"500000000"
    assert before == after


def rests_for(index: Index, seconds: float) -> File:
    """A question that takes so long."""
    time.sleep(seconds)
    return File(b"", "text/plain")


def order_of(pool: Pool, *addresses: str) -> Awaitable[list[str]]:
    """Which clients are answered, in their order, where one asks after the other at once."""

    async def answered() -> list[str]:
        order: list[str] = []

        async def one(address: str) -> None:
            try:
                await pool.ask(a_request(address), rests_for, 0.2)
            except ProblemError as error:
                order.append(f"{address} {error.problem.kind}")
            else:
                order.append(address)

        await pool.ask(a_request(), tells_process)
        async with asyncio.TaskGroup() as asking:
            for address in addresses:
                asking.create_task(one(address))
                for _ in range(5):
                    await asyncio.sleep(0)  # so that it waits before the next one asks
        return order

    return answered()


def test_one_client_with_many_questions_delays_no_other(small: Path) -> None:
    asked = ("192.0.2.1",) * 5 + ("192.0.2.2", "192.0.2.3")

    async def use(pool: Pool) -> list[str]:
        return await order_of(pool, *asked)

    # Two have their turn when the others ask; then each client has one.
    assert [one[-1] for one in of_pool(small, Limits(), use)] == list("1112311")


def test_a_network_of_ipv6_is_one_client(small: Path) -> None:
    asked = (*(f"2001:db8::{number}" for number in (1, 2, 3, 4)), "2001:db8:0:1::5")

    async def use(pool: Pool) -> list[str]:
        return await order_of(pool, *asked)

    assert [one[-1] for one in of_pool(small, Limits(), use)] == list("12354")


def test_a_full_queue_refuses_whoever_fills_it(small: Path) -> None:
    asked = ("192.0.2.1",) * 4 + ("192.0.2.2",) * 3

    async def use(pool: Pool) -> list[str]:
        order = await order_of(pool, *asked)
        assert pool.waiting == 0
        assert pool.counts.refused == 3
        return order

    # Of the 4 that wait, 2 have their turn. Of the others the first client loses one to the second;
    # then each has one, and neither may push out another.
    order = of_pool(small, Limits(waiting=4), use)
    answered = [one[-1] for one in order if "busy" not in one]
    assert answered == list("1112")
    assert sorted(one for one in order if "busy" in one) == [
        "192.0.2.1 busy", "192.0.2.2 busy", "192.0.2.2 busy"
    ]  # fmt: skip


def test_a_mistake_in_a_question_costs_no_process(small: Path) -> None:
    async def use(pool: Pool) -> tuple[bytes, str, bytes]:
        before = await pool.ask(a_request(), tells_process)
        with pytest.raises(RuntimeError) as failed:
            await pool.ask(a_request(), fails)
        after = await pool.ask(a_request(), tells_process)
        return before.body, str(failed.value), after.body

    before, failed, after = of_pool(small, Limits(), use)
    assert "in fails" in failed
    assert "ZeroDivisionError" in failed
    assert "one and only" not in failed.replace('("one and only")', "")  # but for the code itself
    assert before == after


def test_an_index_that_is_not_there_is_a_problem_until_it_is(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "later.db"

    async def use(pool: Pool) -> tuple[int, bytes]:
        with pytest.raises(ProblemError) as failed:
            await pool.ask(a_request(), tells_process)
        path.write_bytes(small.read_bytes())
        return failed.value.problem.status, (await pool.ask(a_request(), tells_process)).body

    status, answer = of_pool(path, Limits(), use)
    assert status == 503
    assert int(answer) != os.getpid()
