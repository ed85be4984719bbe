"""Checking a batch: any number of transcriptions against an index, a slice of them at a time.

Each slice is sorted together with the corpus, which costs the same whether it holds one
transcription or ten thousand; all else is arrays over the slice. What a batch needs in memory is
what a few slices do, and some hundred bytes for each transcription, by which duplicates are
known.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final

from tunetrace.checker.batch_answers import answers
from tunetrace.checker.batch_corpus import BatchCorpus
from tunetrace.checker.batch_match import MatchedSlice, match_slice
from tunetrace.checker.batch_records import BatchTune
from tunetrace.checker.duplicates import Duplicates, Repeat
from tunetrace.corpus.records import Rejected
from tunetrace.errors import TunetraceError
from tunetrace.indexer.index import Index
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import is_header

SLICE_TOKENS: Final = 1_000_000
"""About so many tokens are checked together."""


def check_transcriptions(
    tunes: Iterable[Transcription | Rejected],
    index: Index,
    *,
    slice_tokens: int = SLICE_TOKENS,
    beside: int = 0,
) -> Iterator[BatchTune | Rejected]:
    """Check each transcription of a batch, in its order; those set aside are handed on.

    beside: in how many processes beside this one slices are matched, while the next are read and
    those before are told of. The main module of the program must then be one that can be imported.
    """
    repeats = _Repeats()
    if not beside:
        corpus = BatchCorpus(index)
        for slice_ in _slices(tunes, slice_tokens):
            matched = match_slice([tune.tokens for _, tune in slice_.usable], corpus)
            yield from slice_.told(repeats, matched, index)
        return
    with _Beside(index.path, beside) as processes:
        waiting: deque[tuple[_Slice, Future[MatchedSlice]]] = deque()
        for slice_ in _slices(tunes, slice_tokens):
            waiting.append((slice_, processes.match(slice_)))
            if len(waiting) > beside:
                read, matching = waiting.popleft()
                yield from read.told(repeats, processes.result(matching), index)
        for read, matching in waiting:
            yield from read.told(repeats, processes.result(matching), index)


@dataclass(slots=True)
class _Slice:
    """A slice as it was read: its tunes with their places, and the usable ones of them."""

    tunes: list[tuple[int, Transcription | Rejected]] = field(default_factory=list)
    usable: list[tuple[int, Transcription]] = field(default_factory=list)

    def told(
        self, repeats: _Repeats, matched: MatchedSlice, index: Index
    ) -> Iterator[BatchTune | Rejected]:
        """What is said of each tune, in their order."""
        told = answers(self.usable, repeats.of(self.usable), matched, index)
        for _, tune in self.tunes:
            yield tune if isinstance(tune, Rejected) else next(told)


def _slices(tunes: Iterable[Transcription | Rejected], slice_tokens: int) -> Iterator[_Slice]:
    """The tunes of a batch with their places, in slices of about so many tokens."""
    slice_, tokens = _Slice(), 0
    for place, tune in enumerate(tunes, 1):
        slice_.tunes.append((place, tune))
        if isinstance(tune, Rejected):
            tokens += 1  # it takes room too
        else:
            slice_.usable.append((place, tune))
            tokens += len(tune.tokens)
        if tokens >= slice_tokens:
            yield slice_
            slice_, tokens = _Slice(), 0
    if slice_.tunes:
        yield slice_


class _Repeats:
    """What the transcriptions of a batch repeat of what came before them."""

    def __init__(self) -> None:
        self._duplicates = Duplicates()
        self._places: list[int] = []  # of the transcriptions that were compared so far
        self._numbers = _TokenNumbers()

    def of(self, placed: Sequence[tuple[int, Transcription]]) -> list[tuple[int, Repeat] | None]:
        """What each of the next ones repeats, with its place; None for nothing."""
        self._places += [place for place, _ in placed]
        found = self._duplicates.add([self._numbers.body(tune.tokens) for _, tune in placed])
        return [None if repeat is None else (self._places[repeat.of], repeat) for repeat in found]


class _TokenNumbers(dict[str, int]):
    """Numbers for the tokens of a batch, which need not be those of the index, as they are met.

    Headers have 0; those beyond the 254th of a batch, which no music needs, share a number.
    """

    def __missing__(self, token: str) -> int:
        number = 0 if is_header(token) else min(len(self) + 1, 255)
        self[token] = number
        return number

    def body(self, tokens: Sequence[str]) -> bytes:
        """A transcription without its headers, a byte a token."""
        return bytes(map(self.__getitem__, tokens)).translate(None, delete=b"\0")


class _Beside(AbstractContextManager["_Beside"]):
    """Processes beside this one that match slices with the corpus."""

    def __init__(self, index: Path, count: int) -> None:
        import multiprocessing

        # Begun anew rather than as a copy, which no process with threads should be.
        context = multiprocessing.get_context("spawn")
        self._processes = ProcessPoolExecutor(count, context, _begin, (index,))

    def match(self, slice_: _Slice) -> Future[MatchedSlice]:
        """Begin to match a slice."""
        texts = [" ".join(tune.tokens) for _, tune in slice_.usable]  # smaller than its tokens
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


_corpora: list[BatchCorpus] = []  # of a process beside: the one that it matches with


def _begin(index: Path) -> None:
    """Open the index in a process beside, which leaves it to its parent to be interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _corpora.append(BatchCorpus(Index(index)))


def _end_with_parent() -> None:
    """End this process when its parent has ended, which may have been killed."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _match_texts(texts: Sequence[str]) -> MatchedSlice:
    """match_slice for tokens set apart by spaces."""
    return match_slice([text.split(" ") for text in texts], _corpora[0])
