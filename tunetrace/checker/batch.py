"""Checking a batch: any number of transcriptions against an index, a slice of them at a time.

Each slice is sorted together with the corpus, which costs the same whether it holds one
transcription or ten thousand; all else is arrays over the slice. What a batch needs in memory is
what two slices do, and some hundred bytes for each transcription, by which duplicates are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tunetrace.checker.batch_corpus import BatchCorpus
from tunetrace.checker.batch_records import BatchTune
from tunetrace.checker.batch_slice import SliceCheck
from tunetrace.checker.batch_stream import BatchStream, joined, lay_out_stream
from tunetrace.checker.duplicates import Duplicates, Repeat
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import Vocabulary, is_header

SLICE_TOKENS: Final = 1_500_000
"""About so many tokens are checked together."""

_PIECES: Final = 8
"""In so many pieces a slice is laid out, each while the next is read."""


def check_transcriptions(
    tunes: Iterable[Transcription | Rejected],
    index: Index,
    *,
    slice_tokens: int = SLICE_TOKENS,
    beside: Executor | None = None,
) -> Iterator[BatchTune | Rejected]:
    """Check each transcription of a batch, in its order; those set aside are handed on.

    A slice is matched in a thread of its own while the next one is read. beside: processes in
    which transcriptions are laid out meanwhile; None for none.
    """
    checker = _BatchChecker(index)
    with ThreadPoolExecutor(max_workers=1) as matching:
        matching.submit(checker.prepare)
        waiting: Future[_Matched] | None = None
        for slice_ in _slices(tunes, slice_tokens, _Layouts(index.vocabulary, beside)):
            following = matching.submit(checker.match, slice_)
            if waiting is not None:
                yield from waiting.result().records()
            waiting = following
        if waiting is not None:
            yield from waiting.result().records()


@dataclass(slots=True)
class _Slice:
    """A slice as it was read: its tunes with their places, and the usable ones being laid out."""

    tunes: list[tuple[int, Transcription | Rejected]] = field(default_factory=list)
    usable: list[tuple[int, Transcription]] = field(default_factory=list)
    pieces: list[Future[BatchStream]] = field(default_factory=list)


class _Layouts:
    """Lays transcriptions out, here or in processes beside this one."""

    def __init__(self, vocabulary: Vocabulary, beside: Executor | None) -> None:
        self._vocabulary = vocabulary
        self._beside = beside

    def begin(self, tunes: Sequence[Transcription]) -> Future[BatchStream]:
        """Begin to lay out transcriptions."""
        if self._beside is not None:
            texts = [" ".join(tune.tokens) for tune in tunes]  # smaller than so many tokens
            return self._beside.submit(_lay_out_texts, texts, self._vocabulary.extensions)
        done: Future[BatchStream] = Future()
        done.set_result(lay_out_stream((tune.tokens for tune in tunes), self._vocabulary))
        return done


def _lay_out_texts(texts: Sequence[str], extensions: Sequence[str]) -> BatchStream:
    """lay_out_stream for tokens set apart by spaces, in another process."""
    return lay_out_stream((text.split(" ") for text in texts), Vocabulary(extensions))


def _slices(
    tunes: Iterable[Transcription | Rejected], slice_tokens: int, layouts: _Layouts
) -> Iterator[_Slice]:
    """The tunes of a batch with their places, in slices of about so many tokens."""
    piece_tokens = max(slice_tokens // _PIECES, 1)
    slice_, piece = _Slice(), list[Transcription]()
    tokens = tokens_of_piece = 0
    for place, tune in enumerate(tunes, 1):
        slice_.tunes.append((place, tune))
        if isinstance(tune, Rejected):
            tokens += 1  # it takes room too
        else:
            slice_.usable.append((place, tune))
            piece.append(tune)
            tokens += len(tune.tokens)
            tokens_of_piece += len(tune.tokens)
        if tokens_of_piece >= piece_tokens:
            slice_.pieces.append(layouts.begin(piece))
            piece, tokens_of_piece = [], 0
        if tokens >= slice_tokens:
            slice_.pieces.append(layouts.begin(piece))
            yield slice_
            slice_, piece = _Slice(), []
            tokens = tokens_of_piece = 0
    if slice_.tunes:
        slice_.pieces.append(layouts.begin(piece))
        yield slice_


@dataclass(frozen=True, slots=True)
class _Matched:
    """A slice that was matched with the corpus and with the batch before it."""

    slice: _Slice
    checked: SliceCheck
    repeats: Sequence[tuple[int, Repeat] | None]

    def records(self) -> Iterator[BatchTune | Rejected]:
        """What is said of each tune, in their order."""
        records = self.checked.records(self.slice.usable, self.repeats)
        for _, tune in self.slice.tunes:
            yield tune if isinstance(tune, Rejected) else next(records)


class _BatchChecker:
    """Matches the slices of one batch, one after another."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._corpus = BatchCorpus(index)
        self._duplicates = Duplicates()
        self._places: list[int] = []  # of the transcriptions that were compared so far
        self._numbers = _TokenNumbers()

    def prepare(self) -> None:
        """Take from the index what every slice needs, while the first is read."""
        self._corpus.prepare()

    def match(self, slice_: _Slice) -> _Matched:
        """Match a slice with the corpus and the batch before it."""
        self._places += [place for place, _ in slice_.usable]
        bodies = [self._numbers.body(tune.tokens) for _, tune in slice_.usable]
        repeats = [
            None if repeat is None else (self._places[repeat.of], repeat)
            for repeat in self._duplicates.add(bodies)
        ]
        stream = joined([piece.result() for piece in slice_.pieces])
        return _Matched(slice_, SliceCheck(stream, self._index, self._corpus), repeats)


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
