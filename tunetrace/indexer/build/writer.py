"""Writing corpora into an index: tunes tokenized, bars counted, suffixes sorted.

A build writes tunes as they are read, so that it holds in memory only the arrays of one segment. An
addition gathers its corpora in memory first, so that it can compare them with what is there before
the index changes.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.indexer.bars.segment import OpenBars
from tunetrace.indexer.build.sources import CorpusSource
from tunetrace.indexer.music.segment import SegmentMusic
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.search.views import VIEWS
from tunetrace.indexer.store import streams
from tunetrace.indexer.store.corpora import (
    complete_corpus,
    insert_corpus,
    insert_rejects,
    insert_tunes,
    next_tune_id,
    number_tunes,
)
from tunetrace.indexer.store.meta import load_vocabulary, store_vocabulary
from tunetrace.indexer.store.storage import Connection
from tunetrace.progress import Progress, silent
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, VocabularyFullError

_BATCH: Final = 1000
"""Tunes between two reports of progress. Their forms are hashed together."""


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


@dataclass(frozen=True, slots=True)
class Gathered:
    """A corpus as it was read: its tunes with their symbols, and the tunes set aside."""

    source: CorpusSource
    vocabulary: Vocabulary
    tunes: list[tuple[Transcription, bytes]]
    rejected: list[Rejected]
    sha256: str


def read_corpus(
    source: CorpusSource, *, is_only: bool = False, progress: Progress = silent
) -> Iterator[Transcription | Rejected]:
    """Read a corpus; InputError if it cannot be read at all and is the only one."""
    for count, tune in enumerate(source.read(is_only=is_only), 1):
        yield tune
        if count % _BATCH == 0:
            progress(f"reading {source.name}", count)


def gather(
    source: CorpusSource, read: Iterable[Transcription | Rejected], vocabulary: Vocabulary
) -> Gathered:
    """What was read of a corpus, as symbols of a vocabulary that grows with it.

    vocabulary stays as it is. The answer has the one that has grown.
    """
    grown = Vocabulary(vocabulary.extensions)
    taken = [tune if isinstance(tune, Rejected) else encoded(tune, grown) for tune in read]
    tunes = [one for one in taken if not isinstance(one, Rejected)]
    rejected = [one for one in taken if isinstance(one, Rejected)]
    sha256 = digest(
        (tune.text for tune, _ in tunes), ((reject.line, reject.reason) for reject in rejected)
    )
    return Gathered(source, grown, tunes, rejected, sha256)


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
        self.vocabulary = load_vocabulary(connection)
        self._layouts: list[Layout] = []  # the last tunes, of which no arrays are made yet
        self._next_tune = next_tune_id(connection)
        self._open_segment()

    def add(
        self, source: CorpusSource, taken: Iterable[tuple[Transcription, bytes] | Rejected]
    ) -> tuple[int, list[Rejected]]:
        """Write a corpus: how many tunes it has, and the tunes that were set aside.

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
        tunes = tokens = bars = 0
        rejected: list[Rejected] = []
        batch: list[tuple[int, int, Transcription]] = []
        for one in taken:
            if isinstance(one, Rejected):
                rejected.append(one)
                continue
            tune, symbols = one
            whole.add(tune.text)
            batch.append((self._next_tune, numbers.settle(self._next_tune, tune.number), tune))
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
        number_tunes(self._connection, numbers.following())
        insert_rejects(self._connection, corpus_id, rejected)
        complete_corpus(
            self._connection,
            corpus_id,
            sha256=whole.finish((one.line, one.reason) for one in rejected),
            tunes=tunes,
            tokens=tokens,
            bars=bars,
            set_aside=len(rejected),
        )
        return tunes, rejected

    def encoded(
        self, read: Iterable[Transcription | Rejected]
    ) -> Iterator[tuple[Transcription, bytes] | Rejected]:
        """Tunes as they are read, with their symbols. The vocabulary grows with them."""
        for tune in read:
            yield tune if isinstance(tune, Rejected) else encoded(tune, self.vocabulary)

    def close(self) -> None:
        """Write the open segment and the vocabulary."""
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
        of_views = {name: bytes(stream) for name, stream in self._streams.items()}
        besides = streams.Besides(
            NearSegment.join(self._near),
            self._bars.close(self._segment_tunes, self.vocabulary),
            SegmentMusic.join(self._music),
        )
        streams.insert_segment(self._connection, self._segment_tunes, of_views, besides)
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
        self._taken: set[int] = set()
        self._highest = 0
        self._unsettled = array("q")

    def settle(self, tune_id: int, number: int | None) -> int:
        """The number of the next tune; 0 if it gets one only after all tunes are read."""
        self._highest = max(self._highest, number or 0)
        if number is None or number in self._taken:
            self._unsettled.append(tune_id)
            return 0
        self._taken.add(number)
        return number

    def following(self) -> list[tuple[int, int]]:
        """The id and the number of each tune that got none, after all tunes are read."""
        return [(tune_id, self._highest + k) for k, tune_id in enumerate(self._unsettled, 1)]
