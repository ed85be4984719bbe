"""Writing corpora into an index: tunes tokenized, bars counted, the suffix array sorted.

A corpus is gathered first, in memory, and then written, so that whoever adds one can see what it
holds before the index changes.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.indexer.store import schema
from tunetrace.indexer.sameness import music_hashes, token_codes
from tunetrace.indexer.build.sources import CorpusSource
from tunetrace.indexer.search.views import VIEWS
from tunetrace.indexer.store.streams import (SEGMENT_SYMBOLS, insert, insert_segment, load_vocabulary)
from tunetrace.indexer.store.titles import title_key
from tunetrace.progress import Progress, silent
from tunetrace.tokenizer.bars import Layout, lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, VocabularyFullError

_BATCH: Final = 1000
_ROWS: Final = 100_000


class Digest:
    """The SHA-256 of a corpus: its transcriptions as found, in order, then what was set aside.

    Each transcription is followed by a zero byte, each tune set aside stands as `line:reason` and
    a zero byte, so that a corpus without such tunes has the digest of its transcriptions.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._aside: list[str] = []

    def take(self, text: str) -> None:
        """A transcription as found."""
        self._hash.update(text.encode() + b"\0")

    def set_aside(self, line: int | None, reason: str) -> None:
        """A tune that was set aside."""
        self._aside.append(f"{line}:{reason}\0")

    def hexdigest(self) -> str:
        """The digest of what was taken in so far."""
        whole = self._hash.copy()
        whole.update("".join(self._aside).encode())
        return whole.hexdigest()


@dataclass(slots=True)
class Gathered:
    """A corpus as it was read: its tunes with their symbols, and those that were set aside."""

    source: CorpusSource
    vocabulary: Vocabulary
    tunes: list[tuple[Transcription, bytes]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    sha256: str = ""


def read_corpus(
    source: CorpusSource, *, is_only: bool = False, progress: Progress = silent
) -> list[Transcription | Rejected]:
    """Read a corpus. InputError where it cannot be read at all and is the only one."""
    tunes = []
    for tune in source.read(is_only=is_only):
        tunes.append(tune)
        if len(tunes) % _BATCH == 0:
            progress(f"reading {source.name}", len(tunes))
    return tunes


def gather(
    source: CorpusSource, read: Iterable[Transcription | Rejected], vocabulary: Vocabulary
) -> Gathered:
    """What was read of a corpus, as symbols of a vocabulary that grows with it.

    vocabulary stays as it is; what it has become comes with the answer.
    """
    gathered = Gathered(source, Vocabulary(vocabulary.extensions))
    digest = Digest()
    for tune in read:
        taken = tune if isinstance(tune, Rejected) else encoded(tune, gathered.vocabulary)
        if isinstance(taken, Rejected):
            digest.set_aside(taken.line, taken.reason)
            gathered.rejected.append(taken)
        else:
            digest.take(taken[0].text)
            gathered.tunes.append(taken)
    gathered.sha256 = digest.hexdigest()
    return gathered


def encoded(tune: Transcription, vocabulary: Vocabulary) -> tuple[Transcription, bytes] | Rejected:
    """A tune with its symbols, which the vocabulary takes in; set aside where it has no room."""
    try:
        return tune, vocabulary.learn(tune.tokens)
    except VocabularyFullError as full:
        return Rejected(tune.input, tune.line, None, str(full), "vocabulary full",
                        tune.number, tune.title)  # fmt: skip


def nothing_usable(rejected: Sequence[Rejected], count: int | None = None) -> InputError:
    """The error for sources of which no tune can be read; count: how many those are."""
    first = rejected[0]
    tunes = len(rejected) if count is None else count
    return InputError(
        f"none of the {tunes:,} tunes can be read; the first is set aside because "
        f"{first.reason} ({first.place})"
    )


class Writer:
    """Adds corpora to an index; bars and the open segment's streams are kept until close."""

    def __init__(
        self,
        connection: sa.Connection,
        progress: Progress = silent,
        segment_symbols: int = SEGMENT_SYMBOLS,
    ) -> None:
        self._connection = connection
        self._progress = progress
        self._segment_symbols = segment_symbols
        self.vocabulary = load_vocabulary(connection)
        every = connection.execute(sa.select(schema.bar.c.text, schema.bar.c.id))
        self._bars: dict[str, int] = {row.text: row.id for row in every}
        self._next_bar = self._first_new_bar = max(self._bars.values(), default=0) + 1
        self._bar_hits = array("q")  # in the order of the table's columns, row after row
        self._music: list[NDArray[np.int64]] = []  # hash, tune and part of each form
        # The last tunes, whose forms are not hashed yet, and their symbols.
        self._layouts: list[Layout] = []
        self._symbols = bytearray()
        self._next_tune = self._next_id(schema.tune)
        self._begin_segment()

    def add(self, gathered: Gathered) -> None:
        """Write a corpus that was gathered with this writer's vocabulary."""
        self.vocabulary = gathered.vocabulary
        corpus_id = self._next_id(schema.corpus)
        name = gathered.source.name
        tokens = bars = 0
        rows: list[tuple[Any, ...]] = []
        titles: list[tuple[Any, ...]] = []
        numbers = _settled_numbers([tune.number for tune, _ in gathered.tunes])
        for (tune, symbols), number in zip(gathered.tunes, numbers, strict=True):
            tune_id = self._next_tune
            self._next_tune += 1
            tokens += len(symbols.translate(None, delete=self.vocabulary.headers))
            bars += self._take(tune_id, tune, symbols)
            remarks = json.dumps(tune.remarks, ensure_ascii=False) if tune.remarks else None
            rows.append((tune_id, corpus_id, number, tune.title, tune.meter, tune.key,
                         tune.original_key, tune.work, tune.link, remarks, tune.text))  # fmt: skip
            titles += [
                (tune_id, place, title, title_key(title)) for place, title in enumerate(tune.titles)
            ]
            if len(rows) % _BATCH == 0:
                self._take_music()
                self._progress(f"laying out {name}", len(rows))
        self._take_music()
        insert(self._connection, schema.tune, rows)
        insert(self._connection, schema.title, titles)
        first_reject = self._next_id(schema.reject)
        insert(
            self._connection,
            schema.reject,
            [(first_reject + k, corpus_id, r.number, r.title, r.input, r.line, r.column, r.reason,
              r.kind) for k, r in enumerate(gathered.rejected)],
        )  # fmt: skip
        source = gathered.source
        added = datetime.now(UTC).isoformat(timespec="seconds")
        insert(
            self._connection,
            schema.corpus,
            [(corpus_id, name, source.described, source.licence, source.version, gathered.sha256,
              added, len(rows), tokens, bars, len(gathered.rejected))],
        )  # fmt: skip

    def close(self) -> None:
        """Write the open segment, the bars and the vocabulary."""
        self._close_segment()
        self._progress("writing the bars", self._next_tune - 1)
        new = [
            (number, schema.text_hash(text), text)
            for text, number in self._bars.items()
            if number >= self._first_new_bar
        ]
        insert(self._connection, schema.bar, new)
        hits = np.frombuffer(self._bar_hits, dtype=np.int64).reshape(-1, 5)
        # They come by tune and token; sorted by bar they are in the order of the table, so that
        # SQLite appends.
        in_order = hits[np.argsort(hits[:, 0], kind="stable")]
        for k in range(0, len(in_order), _ROWS):
            insert(self._connection, schema.bar_hit, in_order[k : k + _ROWS].tolist())
        music = np.concatenate([np.empty((0, 3), dtype=np.int64), *self._music])
        in_order = music[np.lexsort(music.T[::-1])]
        insert(self._connection, schema.music, in_order.tolist())
        store_vocabulary(self._connection, self.vocabulary)

    def _take(self, tune_id: int, tune: Transcription, symbols: bytes) -> int:
        """Take a tune into the stream and its bars into the table; gives how many bars it has."""
        layout = lay_out(tune.tokens)
        in_views = {view.name: view.symbols(layout, symbols) for view in VIEWS.values()}
        if any(
            len(self._streams[name]) + len(some) > self._segment_symbols
            for name, some in in_views.items()
        ):
            self._close_segment()
        for name, some in in_views.items():
            self._streams[name] += some
            self._streams[name].append(SEPARATOR)
        self._segment_tunes.append(tune_id)
        bars, bar_hits = self._bars, self._bar_hits
        for bar in layout.bars:
            number = bars.setdefault(bar.text, self._next_bar)
            self._next_bar += number == self._next_bar
            bar_hits.extend((number, tune_id, bar.start, bar.part, bar.number))
        self._layouts.append(layout)
        self._symbols += symbols
        return len(layout.bars)

    def _take_music(self) -> None:
        """Hash the forms of the last tunes."""
        codes = token_codes(self.vocabulary.tokens)[np.frombuffer(self._symbols, dtype=np.uint8)]
        places, parts, hashes = music_hashes(self._layouts, codes=codes).T
        tunes = places + (self._next_tune - len(self._layouts))
        self._music.append(np.stack([hashes, tunes, parts], axis=1))
        self._layouts, self._symbols = [], bytearray()

    def _close_segment(self) -> None:
        """Sort the suffixes of the open segment, write it and begin the next."""
        if not self._segment_tunes:
            return
        self._progress("sorting the suffixes", self._next_tune - 1)
        streams = {name: bytes(stream) for name, stream in self._streams.items()}
        insert_segment(self._connection, self._segment_tunes, streams)
        self._begin_segment()

    def _begin_segment(self) -> None:
        self._streams = {name: bytearray([SEPARATOR]) for name in VIEWS}
        self._segment_tunes: list[int] = []

    def _next_id(self, table: sa.Table) -> int:
        return (self._connection.scalar(sa.select(sa.func.max(table.c.id))) or 0) + 1


def store_vocabulary(connection: sa.Connection, vocabulary: Vocabulary) -> None:
    """Write the tokens beyond v2."""
    connection.execute(
        sa.update(schema.meta)
        .where(schema.meta.c.name == "vocabulary")
        .values(value=json.dumps(vocabulary.extensions))
    )


def _settled_numbers(numbers: Iterable[int | None]) -> Iterator[int]:
    """The numbers of a corpus's tunes, those of their X: fields, made unique.

    Where a tunebook uses a number twice, or gives none, the later tunes are numbered on after the
    highest, so that `corpus:number` names one tune and most keep the number they have in print.
    """
    found = list(numbers)
    taken: set[int] = set()
    following = max((number for number in found if number is not None), default=0)
    for number in found:
        if number is None or number in taken:
            following += 1
            yield following
        else:
            taken.add(number)
            yield number
