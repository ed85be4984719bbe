"""Extra processes: those that match slices with the corpus, and what all of them need.

Threads would wait for the interpreter's lock. The processes are started by spawn, since a process
with threads must not be copied.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from functools import cache, partial
from types import TracebackType
from typing import TypeVar

from tunetrace.checker.asking.segments import AskedIndex
from tunetrace.checker.batch.joint import JointMatcher
from tunetrace.checker.batch.match import MatchedSlice, match_together
from tunetrace.errors import TunetraceError
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import VIEWS, View
from tunetrace.indexer.store.database.storage import Storage
from tunetrace.interrupts import uninterrupted

Answer = TypeVar("Answer")


class Workers(AbstractContextManager["Workers"]):
    """Processes that have an index open; none if count is 0."""

    def __init__(
        self, index: Index, admitted: Mask | None, view: View, count: int, *, verbatim: bool
    ) -> None:
        """index: the one that they open too. verbatim: do not seek near copies."""
        self._verbatim = verbatim
        given = (index.storage, index.hidden, admitted, view.name)
        self._processes = started(count, _begin, *given) if count else None

    def match(self, tunes: Sequence[Sequence[str]]) -> Callable[[], MatchedSlice] | None:
        """Start to match a slice, given as tokens; None if there are no processes.

        Returns a function that waits for the matched slice. It raises TunetraceError if the process
        was ended.
        """
        if self._processes is None:
            return None
        with uninterrupted():  # the first slice starts the processes
            return partial(result_of, self._processes.submit(_match, tunes, self._verbatim))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._processes is not None:
            self._processes.shutdown(wait=error is None, cancel_futures=True)


def started(count: int, begin: Callable[..., None], *given: object) -> ProcessPoolExecutor:
    """Extra processes that call `begin` first, which must call `ends_with_parent`."""
    import multiprocessing

    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), begin, given)


def result_of(task: Future[Answer]) -> Answer:
    """The result of a task of an extra process; TunetraceError if the process was ended."""
    try:
        return task.result()
    except BrokenProcessPool:
        raise TunetraceError(
            "one of the extra processes was stopped from outside; free about 1 GB of memory and "
            "try again"
        ) from None


# What the matcher of a worker process is made of.
_given: list[tuple[Storage, frozenset[str], Mask | None, str]] = []


def _begin(index: Storage, hidden: frozenset[str], admitted: Mask | None, view: str) -> None:
    ends_with_parent()
    _given.append((index, hidden, admitted, view))


@cache
def _matcher() -> JointMatcher:
    """The matcher of a worker process. It is made for the first slice, whose result then has the
    error if the index cannot be opened."""
    ((index, hidden, admitted, view),) = _given
    opened = Index(index, hidden=hidden, may_lack=True)
    return JointMatcher(AskedIndex(opened, admitted, VIEWS[view]))


def ends_with_parent() -> None:
    """Let this process end with its parent. Only the parent is interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent has ended or was killed."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _match(tunes: Sequence[Sequence[str]], verbatim: bool) -> MatchedSlice:
    return match_together(tunes, _matcher(), verbatim=verbatim)
