"""Writing corpora into an index: tunes tokenized, bars counted, suffixes sorted.

Tunes are written as they are read. What is sorted of one segment is in memory, and nothing else
that grows with the corpus but a bit for each number of a tune.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.indexer.bars.segment import OpenBars
from tunetrace.indexer.build.sources import CorpusSource
from tunetrace.indexer.music.segment import SegmentMusic
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.search.views import VIEWS
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
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, VocabularyFullError

_BATCH: Final = 1000
"""Tunes between two reports of progress. Their forms are hashed together."""

_BLOCK: Final = 1 << 12
"""So many successive numbers of tunes are kept as bits together."""


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
    """Adds corpora to an index. What it holds is of the open segment, until that is written."""

    def __init__(self, connection: Connection, progress: Progress = silent) -> None:
        """connection: inside a transaction that changes the index, so that nobody else gives the
        same ids."""
        self._connection = connection
        self._progress = progress
        self.tunes = 0
        """How many tunes were written."""
        self.set_aside = 0
        """How many tunes were set aside."""
        self.first_set_aside: Rejected | None = None
        self.vocabulary = load_vocabulary(connection)
        self._layouts: list[Layout] = []  # the last tunes, of which no arrays are made yet
        self._next_tune = next_tune_id(connection)
        self._open_segment()

    def add(
        self, source: CorpusSource, taken: Iterable[tuple[Transcription, bytes] | Rejected]
    ) -> None:
        """Write a corpus.

        taken: its tunes with their symbols in this writer's vocabulary, and those set aside.
        """
        corpus_id = insert_corpus(
            self._connection,
            name=source.name,
            source=source.described,
            licence=source.licence,
            version=source.version,
        )
        whole, numbers = Digest(), _TuneNumbers()
        tunes = tokens = bars = set_aside = 0
        rejected: list[Rejected] = []
        batch: list[tuple[int, int, Transcription]] = []
        for one in taken:
            if isinstance(one, Rejected):
                self.first_set_aside = self.first_set_aside or one
                set_aside += 1
                rejected.append(one)
                if len(rejected) == _BATCH:
                    insert_rejects(self._connection, corpus_id, rejected)
                    rejected = []
                continue
            tune, symbols = one
            whole.add(tune.text)
            batch.append((self._next_tune, numbers.settle(tune.number), tune))
            tokens += len(symbols.translate(None, delete=self.vocabulary.headers))
            bars += self._take(tune, symbols)
            tunes += 1
            if len(batch) == _BATCH:
                insert_tunes(self._connection, corpus_id, batch)
                batch = []
                self._take_layouts()
                self._progress(f"indexing {source.name}", tunes)
        insert_tunes(self._connection, corpus_id, batch)
        self._take_layouts()
        number_on(self._connection, corpus_id, numbers.highest)
        insert_rejects(self._connection, corpus_id, rejected)
        complete_corpus(
            self._connection,
            corpus_id,
            sha256=whole.finish(reject_reasons(self._connection, corpus_id)),
            tunes=tunes,
            tokens=tokens,
            bars=bars,
            set_aside=set_aside,
        )
        self.tunes += tunes
        self.set_aside += set_aside

    def encoded(
        self, read: Iterable[Transcription | Rejected]
    ) -> Iterator[tuple[Transcription, bytes] | Rejected]:
        """Tunes as they are read, with their symbols. The vocabulary grows with them."""
        for tune in read:
            yield tune if isinstance(tune, Rejected) else encoded(tune, self.vocabulary)

    def close(self) -> None:
        """Write the open segment and the vocabulary; InputError if there is no tune."""
        if not self.tunes and self.first_set_aside is not None:
            raise nothing_usable([self.first_set_aside], self.set_aside)
        self._close_segment()
        store_vocabulary(self._connection, self.vocabulary)

    def _take(self, tune: Transcription, symbols: bytes) -> int:
        """Take a tune into the open segment; gives how many bars it has."""
        layout = lay_out(tune.tokens)
        in_views = {name: view.symbols(layout, symbols) for name, view in VIEWS.items()}
        longest = max(len(self._streams[name]) + len(some) for name, some in in_views.items())
        is_full = len(self._segment_tunes) >= streams.SEGMENT_TUNES
        if is_full or longest > streams.SEGMENT_SYMBOLS:
            self._close_segment()
        tune_id = self._next_tune
        self._next_tune += 1
        for name, some in in_views.items():
            self._streams[name] += some
            self._streams[name].append(SEPARATOR)
        self._segment_tunes.append(tune_id)
        self._bars.add(layout)
        self._layouts.append(layout)
        return len(layout.bars)

    def _take_layouts(self) -> None:
        """Make the arrays of the last tunes: their forms, and what near copies are found by."""
        if not self._layouts:
            return
        ids = self._segment_tunes[-len(self._layouts) :]
        self._music.append(SegmentMusic.of(ids, self._layouts))
        self._near.append(NearSegment.of(self._layouts))
        self._layouts = []

    def _close_segment(self) -> None:
        """Sort the suffixes of the open segment, write it and begin the next one."""
        if not self._segment_tunes:
            return
        self._take_layouts()
        self._progress("sorting the suffixes", self._next_tune - 1)
        ids = np.array(self._segment_tunes, dtype=np.int32)
        number = streams.insert_segment(self._connection, ids)
        for name in VIEWS:
            # A view is let go of once it is written.
            streams.store_view(self._connection, number, ids, name, bytes(self._streams.pop(name)))
        bars = self._bars.close(self._segment_tunes, self.vocabulary)
        for held in (NearSegment.join(self._near), bars, SegmentMusic.join(self._music)):
            streams.store_held(self._connection, number, held)
        self._open_segment()

    def _open_segment(self) -> None:
        self._streams = {name: bytearray([SEPARATOR]) for name in VIEWS}
        self._segment_tunes: list[int] = []
        self._bars = OpenBars()
        self._near: list[NearSegment] = []
        self._music: list[SegmentMusic] = []


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
