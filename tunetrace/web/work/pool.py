"""The processes that answer questions, and how many questions may wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request

from tunetrace.text import counted
from tunetrace.web.mistakes import MistakeError
from tunetrace.web.problems import CLIENT_GONE, Problem, ProblemError, busy
from tunetrace.web.settings import Settings
from tunetrace.web.work.answers import Answer
from tunetrace.web.work.process import Failure
from tunetrace.web.work.turns import PushedOutError, Turns, client_of
from tunetrace.web.work.worker import LostProcessError, Question, QuestionProcess

_GRACE_SECONDS: Final = 1.0
"""A question that is nearly answered is not worth a new process, though nobody waits for it."""

_LAST_SECONDS: Final = 3.0
"""How long questions are still answered when the service is to end."""

_TRIES: Final = 2
"""How often a question is asked whose process is stopped from outside. No question changes
anything, so that it may be asked again; one that takes all memory must not go on for ever."""


_AT_HAND: Final = 2
"""Questions that have their turn for each process: the one that it works on, and the next. It would
be idle while the loop of the service hands the next one over."""


@dataclass(slots=True)
class GivenQuestion:
    """A question that has its turn."""

    question: Question
    process: QuestionProcess | None = None
    """The process that works on it, while one does."""


@dataclass(slots=True)
class PoolCounts:
    """What happened to questions since the service began."""

    refused: int = 0
    """Refused, since too many waited."""
    late: int = 0
    """Without an answer when their time was up."""
    given_up: int = 0
    """Without an answer when whoever asked had gone."""
    lost: int = 0
    """Processes that were stopped from outside at work."""
    index_changes: int = 0
    """How often answers came from a changed index."""


class Pool:
    """Processes that answer questions. It is made and used in one event loop."""

    def __init__(self, settings: Settings, *, starts_at_once: bool = True) -> None:
        """starts_at_once: begin the processes now, not with their first questions."""
        self._settings = settings
        self._limits = settings.limits
        self._turns = Turns(settings.workers * _AT_HAND)
        self._idle = [QuestionProcess(settings) for _ in range(settings.workers)]
        self._all = set(self._idle)
        self._threads = ThreadPoolExecutor(settings.workers, "tunetrace-question")
        self._ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._fingerprints: tuple[str, ...] = ()  # the last two
        self.waiting = 0
        """Questions that were asked and have no answer yet."""
        self._is_closed = False
        self.counts = PoolCounts()
        for process in self._idle if starts_at_once else ():
            self._threads.submit(process.start)

    async def ask(
        self, request: Request, question: Callable[..., Any], *given: Any, **named: Any
    ) -> Answer:
        """The answer to a question of `questions.py`.

        Its work ends when the time is up, or when whoever asked has gone. Raises ProblemError.
        """
        client = client_of(request.client.host if request.client else None)
        if self.waiting >= self._limits.waiting and not self._turns.push_out_for(client):
            raise self._refused()
        self.waiting += 1
        work = asyncio.ensure_future(self._work(client, Question(question, given, named)))
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait(
                (work, gone, self._ending),
                timeout=self._limits.seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if gone.done() and not work.done():
                await asyncio.wait((work,), timeout=_GRACE_SECONDS)
            if not work.done():
                raise self._unanswered(gone)
            found = work.result()
        except PushedOutError:
            raise self._refused() from None
        finally:
            self.waiting -= 1
            gone.cancel()
            work.cancel()
            await asyncio.gather(gone, work, return_exceptions=True)
        if isinstance(found, Problem):
            raise ProblemError(found)
        if isinstance(found, Failure):
            raise MistakeError(found.trace)
        self._note(found.headers.get("Tunetrace-Index", ""))
        return found

    async def _work(self, client: str, question: Question) -> Answer | Problem | Failure:
        """Wait for a turn, and for an answer. Cancelled, it ends the process that works on it."""
        await self._turns.take(client)
        try:
            for _ in range(_TRIES):
                given = GivenQuestion(question)
                try:
                    return await asyncio.wrap_future(self._threads.submit(self._answer, given))
                except LostProcessError:
                    self.counts.lost += 1
                except asyncio.CancelledError:
                    if given.process is not None:
                        given.process.end()
                    raise
        finally:
            self._turns.give_back()
        return Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "stopped", "The work was stopped",
            f"the process that worked on this was stopped from outside, {_TRIES} times; ask for "
            "less at once",
        )  # fmt: skip

    def _answer(self, given: GivenQuestion) -> Answer | Problem | Failure:
        """The answer of a process. LostProcessError if it was ended; another takes its place.

        It is called in one of as many threads as there are processes, so that one is idle.
        """
        process = given.process = self._idle.pop()
        try:
            return process.ask(given.question)
        except LostProcessError:
            process.end()
            self._all.discard(process)
            process = QuestionProcess(self._settings)
            self._all.add(process)
            if self._is_closed:
                process.end()  # it is not begun any more
            else:
                self._threads.submit(process.start)
            raise
        finally:
            given.process = None
            self._idle.append(process)

    def _refused(self) -> ProblemError:
        self.counts.refused += 1
        return busy(
            f"the service already has {counted(self._limits.waiting, 'question')} to answer; ask "
            "again in a second"
        )

    def _unanswered(self, gone: asyncio.Future[None]) -> ProblemError:
        if self._ending.done():
            return busy("the service is being stopped; ask again in a minute")
        if gone.done():
            self.counts.given_up += 1
            return ProblemError(
                Problem(CLIENT_GONE, "gone", "Nobody waits for this", "the client has gone")
            )
        self.counts.late += 1
        return ProblemError(
            Problem(
                HTTPStatus.GATEWAY_TIMEOUT, "too-long", "This takes too long",
                f"there is no answer after {self._limits.seconds:g} seconds; ask for less at once, "
                "or build an index of your own",
            )
        )  # fmt: skip

    def _note(self, fingerprint: str) -> None:
        """Count a change of the index. A process may still answer from the index before it."""
        if fingerprint and fingerprint not in self._fingerprints:
            self.counts.index_changes += bool(self._fingerprints)
            self._fingerprints = (*self._fingerprints[-1:], fingerprint)

    def end_soon(self) -> None:
        """Answer what was asked for a few seconds more; then refuse it."""

        def end() -> None:
            if not self._ending.done():
                self._ending.set_result(None)

        asyncio.get_running_loop().call_later(_LAST_SECONDS, end)

    def close(self) -> None:
        """End the processes, whatever they do. It may be called again."""
        self._is_closed = True
        processes = tuple(self._all)
        for process in processes:
            process.end()
        for process in processes:
            process.wait()
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _gone(request: Request) -> None:
    """Wait until whoever sent a request has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
