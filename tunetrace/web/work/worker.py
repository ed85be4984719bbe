"""A process that answers questions, as the service sees it: started, asked, ended.

Each process has a pipe of its own. In pools that libraries have, the processes share one: there a
process that is killed may end them all, and a question that waits and is no longer wanted costs a
process (docs/architecture.md).
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tunetrace.interrupts import uninterrupted
from tunetrace.web.problems import Problem
from tunetrace.web.settings import Settings
from tunetrace.web.work.answers import Answer
from tunetrace.web.work.process import Failure, serve_questions

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

_PRELOADED: Final = (
    "tunetrace.web.page.corpus.figures", "tunetrace.web.page.corpus.tunes", "verovio",
)  # fmt: skip
"""What the processes have in common is imported once, before they are made as copies."""


class Question(NamedTuple):
    """What a process is asked."""

    function: Callable[..., Any]
    """A function of `questions.py`, whose first argument is the index."""
    given: tuple[Any, ...]
    named: Mapping[str, Any]


class LostProcessError(Exception):
    """Raised when a process was stopped before it answered."""


class QuestionProcess:
    """A process that answers one question at a time. It is started when it is first asked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._is_ended = False

    def start(self) -> None:
        """Start it, unless it runs."""
        with self._turn:
            if self._process is not None or self._is_ended:
                return
            context: ForkServerContext | SpawnContext
            if "forkserver" in multiprocessing.get_all_start_methods():
                context = multiprocessing.get_context("forkserver")
                context.set_forkserver_preload(list(_PRELOADED))
            else:
                context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            self._pipe = ours
            self._process = context.Process(
                target=serve_questions,
                args=(theirs, self._settings.index, self._settings.hidden),
                daemon=True,
            )
            with uninterrupted():
                self._process.start()
            theirs.close()

    def ask(self, question: Question) -> Answer | Problem | Failure:
        """Its answer. Raises LostProcessError if it was ended meanwhile."""
        self.start()
        pipe = self._pipe
        if pipe is None:
            raise LostProcessError
        try:
            pipe.send(tuple(question))
            answer: Answer | Problem | Failure = pipe.recv()
        except (EOFError, OSError):
            raise LostProcessError from None
        return answer

    def end(self) -> None:
        """End it, whatever it does; whoever waits for its answer gets LostProcessError."""
        with self._turn:
            self._is_ended = True
            if self._process is not None:
                self._process.kill()

    def wait(self) -> None:
        """Wait until it has ended."""
        if self._process is not None:
            self._process.join()

    @property
    def process_id(self) -> int | None:
        """Its number; None before it was started."""
        return self._process.pid if self._process else None
