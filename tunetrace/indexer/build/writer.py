"""Writing corpora into an index: tunes tokenized, bars counted, suffixes sorted.

Tunes are written block by block. In memory are the open segment, on a cluster also the one that is
being sorted, and a bit for each number of a tune. Nothing else grows with the corpus.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.corpus.records import Rejected
from tunetrace.corpus.unread import Cut
from tunetrace.errors import InputError
from tunetrace.indexer.bars.segment import OpenBars
from tunetrace.indexer.build.sources import CorpusSource
from tunetrace.indexer.build.steps import (
    HERE,
    Pending,
    PreparedTunes,
    Steps,
    Streams,
    TuneArrays,
    prepare,
)
from tunetrace.indexer.music.segment import SegmentMusic
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.indexer.store.arrays import streams
from tunetrace.indexer.store.database.storage import Connection
from tunetrace.indexer.store.meta import load_vocabulary, store_vocabulary
from tunetrace.indexer.store.rows.corpora import (
    complete_corpus,
    insert_corpus,
    insert_rejects,
    insert_tunes,
    next_tune_id,
    number_on,
    reject_reasons,
)
from tunetrace.progress import Progress, silent
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, VocabularyFullError

_BATCH: Final = 1000
"""How many tunes are prepared in one step, and read between two reports of progress."""

_BLOCK: Final = 1 << 12
"""How many successive numbers of tunes are kept as bits together."""


class Digest:
    """The SHA-256 of a corpus: its transcriptions as found, in order, then the tunes set aside.

    A zero byte follows each transcription. A tune set aside is `line:reason` and a zero byte. So a
    corpus without such tunes has the digest of its transcriptions.
    """

    def __init__(self) -> None:
        self._whole = hashlib.sha256()

    def add(self, text: str) -> None:
        """Take in the text of the next tune."""
        self._whole.update(text.encode() + b"\0")

    def finish(self, rejects: Iterable[tuple[int | None, str]]) -> str:
        """The digest, once all texts are taken in. rejects: the line and the reason of each."""
        for line, reason in rejects:
            self.add(f"{line}:{reason}")
        return self._whole.hexdigest()


def digest(texts: Iterable[str], rejects: Iterable[tuple[int | None, str]]) -> str:
    """The Digest of a corpus whose texts are at hand."""
    whole = Digest()
    for text in texts:
        whole.add(text)
    return whole.finish(rejects)


def read_corpus(
    source: CorpusSource, *, is_only: bool = False, progress: Progress = silent
) -> Iterator[Transcription | Rejected]:
    """Read a corpus; InputError if it cannot be read at all and is the only one."""
    for count, tune in enumerate(source.read(is_only=is_only), 1):
        yield tune
        if count % _BATCH == 0:
            progress(f"reading {source.name}", count)


def encoded(tune: Transcription, vocabulary: Vocabulary) -> tuple[Transcription, bytes] | Rejected:
    """A tune with its symbols. The vocabulary learns them; if it is full, the tune is set aside."""
    try:
        return tune, vocabulary.learn(tune.tokens)
    except VocabularyFullError as full:
        return Rejected(tune.input, tune.line, None, str(full), "vocabulary full",
                        tune.number, tune.title)  # fmt: skip


def nothing_usable(rejected: Sequence[Rejected], count: int | None = None) -> InputError:
    """The error for sources of which no tune can be read. count: how many tunes there are."""
    first = rejected[0]
    tunes = len(rejected) if count is None else count
    return InputError(
        f"none of the {tunes:,} tunes can be read; the first is set aside because "
        f"{first.reason} ({first.place})"
    )


class Writer:
    """Adds corpora to an index. It holds the segments that are not written yet."""

    def __init__(
        self, connection: Connection, steps: Steps = HERE, progress: Progress = silent
    ) -> None:
        """connection: inside a transaction that changes the index, so that nobody else gives the
        same ids. steps: where tunes are read and suffixes are sorted."""
        self._connection = connection
        self._steps = steps
        self._progress = progress
        self.tunes = 0
        """How many tunes were written."""
        self.set_aside = 0
        """How many tunes were set aside."""
        self.first_set_aside: Rejected | None = None
        self._vocabulary = load_vocabulary(connection)
        self._next_tune = next_tune_id(connection)
        self._open = _OpenSegment()
        self._whole: deque[_WholeSegment] = deque()  # not written yet, in their order

    def add(self, source: CorpusSource, tunes: Iterable[Cut]) -> None:
        """Write a corpus. tunes: its tunes, read or not, and those set aside."""
        corpus = _OpenCorpus(self._connection, source)
        waiting: deque[Pending[PreparedTunes]] = deque()
        left, first = iter(tunes), 1
        while block := list(islice(left, _BATCH)):
            named = f"tunes {first:,} to {first + len(block) - 1:,} of {source.name}"
            waiting.append(self._steps.begin(named, len(block), prepare, block))
            first += len(block)
            while waiting and (waiting[0].is_ready or len(waiting) > self._steps.ahead):
                self._take(waiting.popleft().answer(), corpus)
            self._write_whole(most=1)
        while waiting:
            self._take(waiting.popleft().answer(), corpus)
        corpus.complete()
        self.tunes += corpus.tunes
        self.set_aside += corpus.set_aside
        self.first_set_aside = self.first_set_aside or corpus.first_set_aside

    def close(self) -> None:
        """Write the open segment and the vocabulary; InputError if there is no tune."""
        if not self.tunes and self.first_set_aside is not None:
            raise nothing_usable([self.first_set_aside], self.set_aside)
        self._end_segment()
        self._write_whole(most=0)
        store_vocabulary(self._connection, self._vocabulary)

    def _take(self, block: PreparedTunes, corpus: _OpenCorpus) -> None:
        """Take the next tunes of a corpus: write their rows, and put their arrays into segments."""
        taken: list[tuple[int, Transcription]] = []
        symbols: list[bytes] = []
        places: list[int] = []  # of the taken ones among those that could be read
        readable = 0
        for tune in block.read:
            one = tune if isinstance(tune, Rejected) else encoded(tune, self._vocabulary)
            readable += isinstance(tune, Transcription)
            if isinstance(one, Rejected):
                corpus.reject(one)
                continue
            taken.append((self._next_tune + len(taken), one[0]))
            symbols.append(one[1])
            places.append(readable - 1)
        if block.arrays is not None and taken:
            arrays = block.arrays
            if len(places) < readable:
                arrays = arrays.select(places)
            arrays = replace(arrays, streams=arrays.streams | Streams.of({TOKENS.name: symbols}))
            self._fill(arrays)
            headers = self._vocabulary.headers
            tokens = sum(len(some.translate(None, delete=headers)) for some in symbols)
            corpus.add(taken, tokens, len(arrays.bars))
        self._progress(f"indexing {corpus.name}", corpus.tunes)

    def _fill(self, arrays: TuneArrays) -> None:
        """Give the next tunes their ids, and put them into segments."""
        tunes = len(arrays.near)
        ids = np.arange(self._next_tune, self._next_tune + tunes, dtype=np.int32)
        self._next_tune += tunes
        first = 0
        while first < tunes:
            stop = first + self._open.room(arrays.streams, first)
            some = arrays if stop - first == tunes else arrays.select(range(first, stop))
            if first < stop:
                self._open.add(ids[first:stop], some)
            if stop < tunes:
                self._end_segment()
            first = stop

    def _end_segment(self) -> None:
        """Sort the suffixes of the open segment, and begin the next one."""
        ended, self._open = self._open, _OpenSegment()
        if not ended.ids:
            return
        self._progress("sorting the suffixes", self._next_tune - 1)
        tunes = len(ended.ids)
        between = f"tunes {ended.ids[0]:,} to {ended.ids[-1]:,} of the index"
        views: deque[tuple[str, bytes, Pending[Mapping[str, NDArray[Any]]]]] = deque()
        for name in VIEWS:
            stream = bytes(ended.streams.pop(name))
            named = f"{between} in the view {name}"
            views.append(
                (name, stream, self._steps.begin(named, 0, streams.sort_view, tunes, stream))
            )
        self._whole.append(_WholeSegment(ended, views))
        self._write_whole(most=1)

    def _write_whole(self, *, most: int) -> None:
        """Write what is sorted of whole segments.

        most: how many segments may stay unfinished; the others are waited for.
        """
        while self._whole:
            segment = self._whole[0]
            waits = len(self._whole) > most
            of = segment.of
            while segment.views and (waits or segment.views[0][2].is_ready):
                if not segment.number:
                    ids = np.array(of.ids, dtype=np.int32)
                    segment.number = streams.insert_segment(self._connection, ids)
                name, stream, sorted_ = segment.views.popleft()
                streams.store_view(self._connection, segment.number, name, stream, sorted_.answer())
            if segment.views:
                return
            self._whole.popleft()
            bars = of.bars.close(of.ids, self._vocabulary)
            for held in (NearSegment.join(of.near), bars, SegmentMusic.join(of.music)):
                streams.store_held(self._connection, segment.number, held)


class _OpenSegment:
    """The tunes of a segment that may get more."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.streams = {name: bytearray([SEPARATOR]) for name in VIEWS}
        self.bars = OpenBars()
        self.near: list[NearSegment] = []
        self.music: list[SegmentMusic] = []

    def room(self, tunes: Streams, first: int) -> int:
        """How many of the tunes from `first` on it can take. An empty one takes one of any size."""
        size = len(tunes.ends[TOKENS.name]) - 1 - first
        is_over = np.arange(len(self.ids), len(self.ids) + size) >= streams.SEGMENT_TUNES
        for name, stream in self.streams.items():
            ends = tunes.ends[name][first:]
            # The separator after a tune does not count.
            is_over |= len(stream) + ends[1:] - ends[0] - 1 > streams.SEGMENT_SYMBOLS
        is_over[:1] &= bool(self.ids)
        return int(is_over.argmax()) if is_over.any() else size

    def add(self, ids: NDArray[np.int32], arrays: TuneArrays) -> None:
        """Take tunes."""
        self.ids += ids.tolist()
        for name, stream in self.streams.items():
            stream += arrays.streams.symbols[name]
        self.bars.take(arrays.bars, range(len(ids)))
        self.near.append(arrays.near)
        self.music.append(arrays.music.numbered(ids))


@dataclass(slots=True)
class _WholeSegment:
    """A segment that takes no more tunes, and is being sorted."""

    of: _OpenSegment
    views: deque[tuple[str, bytes, Pending[Mapping[str, NDArray[Any]]]]]
    """Those that are not written yet: the name, the stream, and what sorts it."""
    number: int = 0
    """Its id; 0 until its row is written."""


class _OpenCorpus:
    """The rows of a corpus that is being written."""

    def __init__(self, connection: Connection, source: CorpusSource) -> None:
        self._connection = connection
        self._id = insert_corpus(
            connection,
            name=source.name,
            source=source.described,
            licence=source.licence,
            version=source.version,
        )
        self.name = source.name
        self.first_set_aside: Rejected | None = None
        self.tunes = self.set_aside = self._tokens = self._bars = 0
        self._digest, self._numbers = Digest(), _TuneNumbers()
        self._rejected: list[Rejected] = []

    def add(self, tunes: Sequence[tuple[int, Transcription]], tokens: int, bars: int) -> None:
        """Write the next tunes, given with their ids. tokens, bars: how many they have."""
        for _, tune in tunes:
            self._digest.add(tune.text)
        numbered = [(id_, self._numbers.settle(tune.number), tune) for id_, tune in tunes]
        insert_tunes(self._connection, self._id, numbered)
        self.tunes += len(tunes)
        self._tokens += tokens
        self._bars += bars

    def reject(self, tune: Rejected) -> None:
        """Write that a tune is set aside."""
        self.first_set_aside = self.first_set_aside or tune
        self.set_aside += 1
        self._rejected.append(tune)
        if len(self._rejected) == _BATCH:
            self._write_rejects()

    def complete(self) -> None:
        """Write what it holds, once all its tunes are written."""
        self._write_rejects()
        number_on(self._connection, self._id, self._numbers.highest)
        complete_corpus(
            self._connection,
            self._id,
            sha256=self._digest.finish(reject_reasons(self._connection, self._id)),
            tunes=self.tunes,
            tokens=self._tokens,
            bars=self._bars,
            set_aside=self.set_aside,
        )

    def _write_rejects(self) -> None:
        insert_rejects(self._connection, self._id, self._rejected)
        self._rejected = []


class _TuneNumbers:
    """The numbers of a corpus's tunes, those of their X: fields, made unique.

    A tunebook may use a number twice, or give none. Such tunes are numbered on after the highest.
    So `corpus:number` names one tune, and most tunes keep the number that they have in print.
    """

    def __init__(self) -> None:
        self.highest = 0
        """The highest number that a tune has of its own."""
        self._taken: dict[int, bytearray] = {}  # a bit for each number, of _BLOCK successive ones
        self._unsettled = 0

    def settle(self, number: int | None) -> int:
        """The number of the next tune. Below 0 it counts the tunes that number_on will number."""
        self.highest = max(self.highest, number or 0)
        if number is None or not self._take(number):
            self._unsettled += 1
            return -self._unsettled
        return number

    def _take(self, number: int) -> bool:
        """Take a number, if no tune has it."""
        block, bit = divmod(number, _BLOCK)
        taken = self._taken.get(block)
        if taken is None:
            taken = self._taken[block] = bytearray(_BLOCK // 8)
        if taken[bit >> 3] >> (bit & 7) & 1:
            return False
        taken[bit >> 3] |= 1 << (bit & 7)
        return True
