"""Processes beside this one that match slices with the corpus.

Threads would wait for the interpreter's lock. The processes are begun anew rather than as copies,
which no process with threads should be.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType

from tunetrace.checker.batch.joint import JointMatcher
from tunetrace.checker.batch.match import MatchedSlice, match_together
from tunetrace.errors import TunetraceError
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.segment import Mask


class Workers(AbstractContextManager["Workers"]):
    """Some processes that have the index at a path open; none where count is 0."""

    def __init__(self, index: Path, admitted: Mask | None, count: int) -> None:
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        self._processes = (
            ProcessPoolExecutor(count, context, _begin, (index, admitted)) if count else None
        )

    def match(self, tunes: Sequence[Sequence[str]]) -> Future[MatchedSlice] | None:
        """Begin to match a slice, given as tokens; None where there is no process for it."""
        if self._processes is None:
            return None
        texts = [" ".join(tokens) for tokens in tunes]  # smaller than the tokens
        with _uninterrupted():  # since the first slice begins the processes
            return self._processes.submit(_match_texts, texts)

    def result(self, matching: Future[MatchedSlice]) -> MatchedSlice:
        """What came of it; TunetraceError where the process was ended."""
        try:
            return matching.result()
        except BrokenProcessPool:
            raise TunetraceError(
                "a process that matches the batch was ended from outside; see that there is memory "
                "for it, about 1 GB, and try again"
            ) from None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._processes is not None:
            self._processes.shutdown(wait=error is None, cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """An interrupt waits until this is left; processes that are begun in it never meet one, not
    even before they can say so themselves."""
    if os.name == "nt":
        yield  # where signals cannot wait
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_matchers: list[JointMatcher] = []  # of a worker: the one that it matches with


def _begin(index: Path, admitted: Mask | None) -> None:
    """Open the index in a worker, which leaves it to its parent to be interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _matchers.append(JointMatcher(Index(index), admitted))


def _end_with_parent() -> None:
    """End this process when its parent has ended, which may have been killed."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _match_texts(texts: Sequence[str]) -> MatchedSlice:
    """Match tunes whose tokens are set apart by spaces."""
    return match_together((text.split(" ") for text in texts), _matchers[0])
