"""Checking a batch: any number of transcriptions against an index, a slice of them at a time.

Each slice is sorted together with the corpus, which costs the same whether it holds one
transcription or ten thousand; all else is arrays over the slice. What a batch needs in memory is
what two slices do, and some hundred bytes for each transcription, by which duplicates are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from tunetrace.checker.batch_corpus import BatchCorpus
from tunetrace.checker.batch_records import BatchTune
from tunetrace.checker.batch_slice import SliceCheck
from tunetrace.checker.batch_stream import BatchStream, lay_out_stream
from tunetrace.checker.duplicates import Duplicates, Repeat
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import is_header

SLICE_TOKENS: Final = 2_000_000
"""About so many tokens are checked together."""


def check_transcriptions(
    tunes: Iterable[Transcription | Rejected], index: Index, *, slice_tokens: int = SLICE_TOKENS
) -> Iterator[BatchTune | Rejected]:
    """Check each transcription of a batch, in its order; those set aside are handed on.

    A slice is matched in a thread of its own while the next one is read and laid out.
    """
    checker = _BatchChecker(index)
    with ThreadPoolExecutor(max_workers=1) as beside:
        matching: Future[_Matched] | None = None
        for tunes_of_slice in _slices(tunes, slice_tokens):
            laid_out = checker.lay_out(tunes_of_slice)
            following = beside.submit(checker.match, laid_out)
            if matching is not None:
                yield from matching.result().records()
            matching = following
        if matching is not None:
            yield from matching.result().records()


def _slices(
    tunes: Iterable[Transcription | Rejected], slice_tokens: int
) -> Iterator[list[tuple[int, Transcription | Rejected]]]:
    """The tunes of a batch with their places, in slices of about so many tokens."""
    waiting: list[tuple[int, Transcription | Rejected]] = []
    tokens = 0
    for place, tune in enumerate(tunes, 1):
        waiting.append((place, tune))
        # One that was set aside takes room too.
        tokens += 1 if isinstance(tune, Rejected) else len(tune.tokens)
        if tokens >= slice_tokens:
            yield waiting
            waiting, tokens = [], 0
    if waiting:
        yield waiting


@dataclass(frozen=True, slots=True)
class _LaidOut:
    """A slice as it was read, its usable transcriptions with their places, and these laid out."""

    tunes: Sequence[tuple[int, Transcription | Rejected]]
    usable: Sequence[tuple[int, Transcription]]
    stream: BatchStream


@dataclass(frozen=True, slots=True)
class _Matched:
    """A slice that was matched with the corpus and with the batch before it."""

    slice: _LaidOut
    checked: SliceCheck
    repeats: Sequence[tuple[int, Repeat] | None]

    def records(self) -> Iterator[BatchTune | Rejected]:
        """What is said of each tune, in their order."""
        records = self.checked.records(self.slice.usable, self.repeats)
        for _, tune in self.slice.tunes:
            yield tune if isinstance(tune, Rejected) else next(records)


class _BatchChecker:
    """Checks the slices of one batch."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._corpus = BatchCorpus(index)
        self._duplicates = Duplicates()
        self._places: list[int] = []  # of the transcriptions that were compared so far
        self._numbers = _TokenNumbers()

    def lay_out(self, tunes: Sequence[tuple[int, Transcription | Rejected]]) -> _LaidOut:
        """The usable transcriptions of a slice as one stream."""
        usable = [(place, tune) for place, tune in tunes if not isinstance(tune, Rejected)]
        tokens = (tune.tokens for _, tune in usable)
        return _LaidOut(tunes, usable, lay_out_stream(tokens, self._index.vocabulary))

    def match(self, slice_: _LaidOut) -> _Matched:
        """Match a slice with the corpus and the batch before it."""
        self._places += [place for place, _ in slice_.usable]
        bodies = [self._numbers.body(tune.tokens) for _, tune in slice_.usable]
        repeats = [
            None if repeat is None else (self._places[repeat.of], repeat)
            for repeat in self._duplicates.add(bodies)
        ]
        checked = SliceCheck(slice_.stream, self._index, self._corpus)
        return _Matched(slice_, checked, repeats)


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
