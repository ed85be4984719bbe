"""The processes that answer questions, and how many questions may wait for them."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from pebble import ProcessExpired, ProcessPool
from starlette.requests import Request

from tunetrace.text import counted
from tunetrace.web.problems import Problem, ProblemError
from tunetrace.web.settings import Settings
from tunetrace.web.work.answers import Answer
from tunetrace.web.work.process import answered, begin

_PRELOADED: Final = ("tunetrace.web.page.questions",)
"""What the processes have in common is imported once, before they are made as copies."""

_GRACE_SECONDS: Final = 1.0
"""A question that is nearly answered is not worth a new process, though nobody waits for it."""


class Pool:
    """Processes that answer questions."""

    def __init__(self, settings: Settings) -> None:
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:
            context.set_forkserver_preload(list(_PRELOADED))
        self._limits = settings.limits
        self._processes = ProcessPool(
            max_workers=settings.workers,
            context=context,
            initializer=begin,
            initargs=(settings.index, settings.hidden),
        )
        _ = self._processes.active  # which starts them, so that the first question need not wait
        self.waiting = 0
        """Questions that were asked and have no answer yet."""

    async def ask(
        self, request: Request, question: Callable[..., Any], *given: Any, **named: Any
    ) -> Answer:
        """The answer to a question of `questions.py`.

        Its work ends when the time is up, or when whoever asked has gone. Raises ProblemError.
        """
        if self.waiting >= self._limits.waiting:
            raise ProblemError(
                Problem(
                    HTTPStatus.SERVICE_UNAVAILABLE, "busy", "The service is busy",
                    f"the service already has {counted(self.waiting, 'question')} to answer; ask "
                    "again in a second",
                    headers={"Retry-After": "1"},
                )
            )  # fmt: skip
        self.waiting += 1
        task = asyncio.wrap_future(
            self._processes.schedule(answered, args=(question, *given), kwargs=named)
        )
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait(
                (task, gone), timeout=self._limits.seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if gone.done() and not task.done():
                await asyncio.wait((task,), timeout=_GRACE_SECONDS)
            if not task.done():
                raise ProblemError(
                    Problem(
                        HTTPStatus.GATEWAY_TIMEOUT, "too-long", "This takes too long",
                        f"there is no answer after {self._limits.seconds:g} seconds; ask for less "
                        "at once, or build an index of your own",
                    )
                )  # fmt: skip
            found = task.result()
        except ProcessExpired:
            raise ProblemError(
                Problem(
                    HTTPStatus.INTERNAL_SERVER_ERROR, "stopped", "The work was stopped",
                    "the process that worked on this was stopped from outside; ask again",
                )
            ) from None  # fmt: skip
        finally:
            self.waiting -= 1
            gone.cancel()
            task.cancel()  # which ends the process if it still works on it
            with suppress(asyncio.CancelledError):
                await gone
        if isinstance(found, Problem):
            raise ProblemError(found)
        answer: Answer = found
        return answer

    def close(self) -> None:
        """End the processes."""
        self._processes.stop()  # type: ignore[no-untyped-call]
        self._processes.join()


async def _gone(request: Request) -> None:
    """Wait until whoever sent a request has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
