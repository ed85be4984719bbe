"""A process that answers questions: it has the index open, and opens it again once it was changed.

A question is a function whose first argument is the index. It gives a record, a File, or raises a
TunetraceError, which becomes a Problem here, since not every error can travel between processes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from multiprocessing.connection import Connection
from typing import Any, Final

from tunetrace.checker.batch.workers import ends_with_parent
from tunetrace.checker.check import check_transcriptions
from tunetrace.errors import IndexChangedError, InputError, TunetraceError
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import fingerprint_of
from tunetrace.indexer.store.database.storage import Storage
from tunetrace.indexer.tune import transcriptions_of
from tunetrace.score.engraving import engrave
from tunetrace.web.mistakes import where_it_failed
from tunetrace.web.problems import Problem, ProblemError, problem_of
from tunetrace.web.work.answers import Answer, File, Origin, without_folders
from tunetrace.web.work.bounds import bound_memory

TRIES: Final = 20
"""How often a question is asked again, because the index was changed meanwhile."""

_PAUSE_SECONDS: Final = 0.05

_NEW_OBJECTS: Final = 20_000
"""After this many new objects Python looks for garbage. A check makes some thousands."""


class ServedIndex:
    """The index that this process answers from."""

    def __init__(self, storage: Storage, hidden: frozenset[str]) -> None:
        self._storage = storage
        self._hidden = hidden
        self._opened: tuple[Index, Origin] | None = None

    def current(self) -> tuple[Index, Origin]:
        """The index, open, and what answers say of it.

        IndexChangedError if it was changed since it was opened, IndexFileError if it cannot be
        opened. A tune that is to be hidden may have left the index meanwhile.
        """
        if self._opened is not None:
            # Not every question reads a row, and only whoever reads one meets a change.
            self._opened[0].see_whether_changed()
        else:
            index = Index(self._storage, hidden=self._hidden, may_lack=True, counts_ahead=False)
            try:
                corpora = index.catalogue.corpora()
            except BaseException:
                index.close()
                raise
            self._opened = (
                index,
                Origin(
                    fingerprint_of(corpora),
                    {
                        one.name: {
                            "name": one.name,
                            "source": without_folders(one.source),
                            "version": one.version,
                            "licence": one.licence,
                        }
                        for one in corpora
                    },
                ),
            )
        return self._opened

    def problem(self, error: TunetraceError) -> Problem:
        """The problem that an error is. It names the index, but no folder and no machine."""
        problem = problem_of(error)
        return replace(problem, detail=self._storage.told(problem.detail))

    def forget(self) -> None:
        """Let go of the index; the next question opens what is there then."""
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None
            gc.collect()  # what an index remembers refers to the index


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that met a mistake in the service."""

    trace: str
    """Where, as where_it_failed gives it."""


_TOO_MUCH: Final = Problem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "This is too large",
    "this takes more memory than the service has for one question; ask for less at once",
)  # fmt: skip


def serve_questions(pipe: Connection, storage: Storage, hidden: frozenset[str]) -> None:
    """Answer questions from a pipe until the other end is closed: the work of a process.

    What is sent is a function of `questions.py` with its arguments and its named arguments.
    """
    ends_with_parent()
    # What this process shares with its parent is never garbage. To look through it would take time,
    # and memory, since what is looked at is copied.
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    served = ServedIndex(storage, hidden)
    answer_of(served, warmed)  # an index that cannot be opened is told to whoever asks
    with suppress(EOFError, OSError):
        while True:
            question, given, named = pipe.recv()
            bound_memory(storage)  # each time, since the index may have grown
            try:
                answer: Answer | Problem | Failure = answer_of(served, question, *given, **named)
            except MemoryError:
                served.forget()
                answer = _TOO_MUCH
            except Exception as error:
                answer = Failure(where_it_failed(error))
            pipe.send(answer)


def warmed(index: Index) -> File:
    """Ask what most questions need, so that the first of them does not wait for it."""
    figures = index.figures
    if figures.tunes:
        (tune,) = transcriptions_of([int(figures.segments[0].tune_ids[0])], index)
        list(check_transcriptions([tune], index, details=True))
        with suppress(InputError):  # it has no notes
            engrave(tune).svg()
    return File(b"", "text/plain")


def answer_of(
    served: ServedIndex, question: Callable[..., Any], *given: Any, **named: Any
) -> Answer | Problem:
    """The answer to a question from an index that may be changed meanwhile."""
    for tries_left in reversed(range(TRIES)):
        try:
            index, origin = served.current()
            return origin.answer(question(index, *given, **named))
        except IndexChangedError as error:
            served.forget()
            if not tries_left:
                return served.problem(error)
            time.sleep(_PAUSE_SECONDS)
        except TunetraceError as error:
            return served.problem(error)
        except ProblemError as error:
            return error.problem
    raise AssertionError("unreachable")
