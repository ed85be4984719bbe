"""A process that answers questions: it has the index open, and opens it again once it was changed.

A question is a function whose first argument is the index. It gives a record, a File, or raises a
TunetraceError, which becomes a Problem here, since not every error can travel between processes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tunetrace.checker.batch.workers import ends_with_parent
from tunetrace.errors import IndexChangedError, TunetraceError
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import fingerprint_of
from tunetrace.web.problems import Problem, ProblemError, problem_of
from tunetrace.web.work.answers import Answer, Origin, without_folders

TRIES: Final = 20
"""How often a question is asked again, because the index was changed meanwhile."""

_PAUSE_SECONDS: Final = 0.05


class ServedIndex:
    """The index that this process answers from."""

    def __init__(self, path: Path, hidden: frozenset[str]) -> None:
        self._path = path
        self._hidden = hidden
        self._opened: tuple[Index, Origin] | None = None

    def current(self) -> tuple[Index, Origin]:
        """The index, open, and what answers say of it. IndexFileError if it cannot be opened."""
        if self._opened is None:
            index = Index(self._path)
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
        """The problem that an error is. It names the file of the index, but not its folder."""
        problem = problem_of(error)
        return replace(problem, detail=problem.detail.replace(str(self._path), self._path.name))

    def forget(self) -> None:
        """Let go of the index; the next question opens what is there then."""
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None


_served: list[ServedIndex] = []  # of a process that was begun


def begin(path: Path, hidden: frozenset[str]) -> None:
    """Begin a process: it ends with its parent, and opens the index."""
    ends_with_parent()
    _served[:] = [ServedIndex(path, hidden)]


def answered(question: Callable[..., Any], *given: Any, **named: Any) -> Answer | Problem:
    """The answer of this process to a question."""
    (served,) = _served
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
