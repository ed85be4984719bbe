"""Verifying an index: is the file whole, are its arrays sorted, do tables and streams agree.

Each fault is a sentence. A sound index has none. A sample is enough for a file that was cut,
overwritten or written by something else. The full check reads every tune.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tunetrace.arguments import public
from tunetrace.garbage import collector_paused
from tunetrace.indexer.build.writer import digest
from tunetrace.indexer.near.candidates import Candidates
from tunetrace.indexer.near.search import NearSearch, melodies_of
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import gram_firsts, holds_each_once, unsorted_at
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.indexer.store.arrays.baseline import load_baseline
from tunetrace.indexer.store.arrays.pieces import check_arrays
from tunetrace.indexer.store.arrays.streams import (
    Besides,
    load_bars,
    load_besides,
    load_graph,
    load_near,
    load_segments,
    segment_numbers,
)
from tunetrace.indexer.store.database.connection import Database
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.database.storage import Connection, Storage
from tunetrace.indexer.store.meta import DamagedError, load_vocabulary
from tunetrace.indexer.store.rows.corpora import (
    StoredTune,
    reject_reasons,
    stored_corpora,
    stored_tunes,
    tune_ids,
    tune_texts,
)
from tunetrace.indexer.store.rows.titles import title_key
from tunetrace.indexer.store.schema import faults_of_tables
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.text import counted, printable
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, is_header

_BESIDES: Final = {
    "near": "what near copies are found by",
    "bars": "what is known of the bars",
    "music": "what is known of the forms",
}
"""What a segment holds besides its streams, in words."""

_SAMPLE: Final = 1000
"""How many tunes, and suffixes of each segment, are compared if not all are."""

_TOGETHER: Final = 500
"""The rows of this many tunes are read together."""

_SAMPLE_OF_GRAPH: Final = 100
"""The near copies of this many tunes are sought again, where checking all takes too long."""

_ROUNDED: Final = 1e-4
"""Two probabilities that differ less are the same: other processors may round in another way."""


@dataclass(frozen=True, slots=True, repr=False)
class VerifyReport(Record):
    """What a verification looked at, and the faults that it found."""

    path: str
    """The index."""
    is_full: bool
    """Whether every tune and every suffix was compared."""
    tunes: int
    """How many tunes were compared."""
    suffixes: int
    """How many suffixes were compared."""
    faults: tuple[str, ...]
    """What is wrong, in sentences. A sound index has none."""
    altered_files: tuple[str, ...]
    """Cached files that held something else than the index. They were removed, and are made again
    when they are needed."""


@public
def verify_index(
    path: str | Path | None = None, *, full: bool = False, progress: Progress = silent
) -> VerifyReport:
    """Check that an index is whole, and that its tables and its streams say the same.

    full: every suffix and every tune, not a sample of a thousand each. IndexFileError if the file
    is no index of this version at all.
    """
    storage = storage_of(path)
    with (
        closing(Database(storage)) as database,
        database.connected() as connection,
        collector_paused(),
    ):
        return _Verification(storage, connection, full, progress).report()


class _Verification:
    """One verification under way: faults are collected, not raised."""

    def __init__(
        self, storage: Storage, connection: Connection, full: bool, progress: Progress
    ) -> None:
        self._storage = storage
        self._connection = connection
        self._progress = progress
        self._full = full
        self._random = random.Random(1)
        self._faults: list[str] = []
        self._altered_files: list[str] = []
        self._tunes = self._suffixes = 0

    def report(self) -> VerifyReport:
        """Look at everything."""
        self._progress("reading the file", 0)
        with self._faults_of("the file"):
            self._faults += self._storage.faults(self._connection, is_full=self._full)
        with self._faults_of("the schema"):
            faults = list(faults_of_tables(self._connection))
            self._faults += faults
            if not any(fault.startswith("the table") for fault in faults):
                with self._faults_of("the segments"):
                    self._check_content()
        faults_once = tuple(dict.fromkeys(self._faults))  # several questions may find the same one
        return VerifyReport(
            self._storage.shown, self._full, self._tunes, self._suffixes, faults_once,
            tuple(self._altered_files),
        )  # fmt: skip

    def _check_content(self) -> None:
        """Look at the arrays, and at the tables that say the same."""
        vocabulary = load_vocabulary(self._connection)
        for what, is_in_database in check_arrays(self._connection):
            (self._faults if is_in_database else self._altered_files).append(what)
        for number in segment_numbers(self._connection):
            for name, view in VIEWS.items():
                array = f"the suffix array of segment {number} in the view {name}"
                with self._faults_of(array):
                    (segment,) = load_segments(self._connection, view, [number]).values()
                    self._check_suffixes(array, segment)
        segments = load_segments(self._connection)
        with self._faults_of("the corpora"):
            self._check_corpora(list(segments.values()), vocabulary)
        with self._faults_of("the tunes"):
            self._check_tunes(segments, vocabulary)
        with self._faults_of("the bars"):
            for number, segment in segments.items():
                (besides,) = load_besides(self._connection, [number]).values()
                self._check_besides(number, besides, segment, vocabulary)
        with self._faults_of("the neighbour graph"):
            self._check_graph(list(segments.values()), vocabulary)
        with self._faults_of("the baseline"):
            load_baseline(self._connection)

    @contextmanager
    def _faults_of(self, what: str) -> Iterator[None]:
        """Note whatever goes wrong in a check as a fault: an altered file can hold anything."""
        try:
            yield
        except DamagedError as error:
            self._faults.append(f"{error}")
        except Exception as error:
            if isinstance(error, self._storage.errors) and not self._storage.is_damage(error):
                raise  # it cannot be read now, which is no fault of the file
            reason = " ".join(self._storage.reason(error).split()) or type(error).__name__
            self._faults.append(f"{what} cannot be read ({printable(reason)})")

    def _check_suffixes(self, array: str, segment: Segment) -> None:
        """Whether the suffix array holds each position once, in the order of the suffixes, and the
        places are right where runs of symbols begin."""
        if not holds_each_once(segment.suffixes):
            self._faults.append(f"{array} does not have each position exactly once")
            return
        ranks: Sequence[int] | None = None
        if not self._full and len(segment.symbols) > _SAMPLE:
            ranks = self._random.sample(range(len(segment.symbols) - 1), _SAMPLE)
        self._suffixes += len(segment.symbols) if ranks is None else len(ranks)
        at = unsorted_at(segment, ranks)
        if at is not None:
            self._faults.append(f"{array} is out of order at position {at:,}")
        elif not np.array_equal(segment.gram_firsts, gram_firsts(segment.words, segment.suffixes)):
            self._faults.append(f"the runs of symbols do not begin where {array} has them")

    def _check_corpora(self, segments: Sequence[Segment], vocabulary: Vocabulary) -> None:
        """Whether the counts and digests of the corpora are those of their tunes."""
        held = np.concatenate([np.empty(0, np.int32), *(one.tune_ids for one in segments)])
        rows = tune_ids(self._connection)
        if not np.array_equal(held, rows):
            self._faults.append(
                f"the segments have {len(held):,} tunes, but the table 'tune' has {len(rows):,}"
                if len(held) != len(rows)
                else "the segments and the table 'tune' have different tunes"
            )
            return
        counted_symbols = np.ones(SEPARATOR + 1, dtype=bool)
        counted_symbols[[*vocabulary.headers, SEPARATOR]] = False
        tokens_of = np.concatenate(
            [np.empty(0, np.int64)]
            + [
                np.add.reduceat(counted_symbols[one.symbols], one.bounds[:-1], dtype=np.int64)
                for one in segments
            ]
        )
        bars_of = np.concatenate(
            [np.empty(0, np.int32)]
            + [np.diff(some.tunes) for some in load_bars(self._connection).values()]
        )
        for corpus in stored_corpora(self._connection):
            ids = tune_ids(self._connection, corpus.id)
            at = np.searchsorted(held, ids)
            tokens, bars = int(tokens_of[at].sum()), int(bars_of[at].sum())
            texts = tune_texts(self._connection, corpus.id)
            rejects = list(reject_reasons(self._connection, corpus.id))
            counts = (len(ids), tokens, bars, len(rejects))
            if counts != (corpus.tunes, corpus.tokens, corpus.bars, corpus.set_aside):
                self._faults.append(
                    f"the counts of the corpus {corpus.name} do not agree with its tunes"
                )
            if digest(texts, rejects) != corpus.sha256:
                self._faults.append(f"the transcriptions of the corpus {corpus.name} were altered")

    def _check_tunes(self, segments: Mapping[int, Segment], vocabulary: Vocabulary) -> None:
        """Whether the rows, titles and other views of tunes are those of their tokens.

        segments: their tokens, by the segments' ids.
        """
        total = sum(len(segment.tune_ids) for segment in segments.values())
        chosen = np.arange(total)
        if not self._full:
            chosen = np.sort(self._random.sample(range(total), min(total, _SAMPLE)))
        self._tunes = len(chosen)
        wrong: Counter[str] = Counter()
        first = looked_at = 0
        for number, segment in segments.items():
            stop = first + len(segment.tune_ids)
            places = chosen[np.searchsorted(chosen, first) : np.searchsorted(chosen, stop)] - first
            first = stop
            in_views = {
                name: load_segments(self._connection, view, [number])[number]
                for name, view in VIEWS.items()
            }
            for at in range(0, len(places), _TOGETHER):
                self._progress("comparing the tunes", looked_at)
                some = segment.tune_ids[places[at : at + _TOGETHER]].tolist()
                wrong += self._wrong_tunes(some, in_views, vocabulary)
                looked_at += len(some)
        for what, count in (+wrong).items():
            self._faults.append(
                f"the {what} of {count:,} of the {len(chosen):,} tunes checked do not agree "
                "with the stream"
            )

    def _wrong_tunes(
        self, tunes: Sequence[int], in_views: Mapping[str, Segment], vocabulary: Vocabulary
    ) -> Counter[str]:
        """What does not agree in some tunes of a segment, and in how many of them.

        in_views: the segment in every view, by the view's name.
        """
        rows = stored_tunes(self._connection, tunes)
        wrong: Counter[str] = Counter()
        for tune in tunes:
            symbols = in_views[TOKENS.name].symbols_of(tune)
            if tune not in rows:
                continue  # that the segments hold other tunes is a fault found before
            if max(symbols, default=0) >= len(vocabulary):
                wrong["tokens"] += 1
                continue
            layout = lay_out(vocabulary.decode(symbols))
            wrong.update(_disagreements(rows[tune], layout))
            for name, view in VIEWS.items():
                if in_views[name].symbols_of(tune) != view.symbols(layout, symbols):
                    wrong[f"symbols in the view {name}"] += 1
        return wrong

    def _check_besides(
        self, number: int, besides: Besides, segment: Segment, vocabulary: Vocabulary
    ) -> None:
        """Whether the bars, the forms and the near-copy arrays of a segment are those of its tunes.

        number: the id of the segment. segment: its tokens.
        """
        if not besides.bars.has_order():
            self._faults.append(f"the arrays of the bars of segment {number} do not fit together")
            return
        if not besides.music.has_order():
            self._faults.append(
                f"the forms of segment {number} are not in order, or of other tunes"
            )
            return
        places: Sequence[int] = range(len(segment.tune_ids))
        if not self._full:
            places = sorted(self._random.sample(places, min(len(places), _SAMPLE)))
            besides = besides.select(places)
        pieces = []
        for first in range(0, len(places), _SAMPLE):
            ids = segment.tune_ids[list(places[first : first + _SAMPLE])].tolist()
            tokens = (vocabulary.decode(segment.symbols_of(tune)) for tune in ids)
            pieces.append(Besides.of(ids, [lay_out(one) for one in tokens], vocabulary))
        expected = Besides.join(pieces)
        for name, what in _BESIDES.items():
            stored, right = (getattr(one, name).arrays() for one in (besides, expected))
            if not all(np.array_equal(stored[array], right[array]) for array in right):
                self._faults.append(f"{what} in segment {number} does not agree with the stream")

    def _check_graph(self, segments: Sequence[Segment], vocabulary: Vocabulary) -> None:
        """Whether the neighbour graph, if there is one, is of these tunes and fits together."""
        graph = load_graph(self._connection)
        if graph is None:
            return
        ids = np.concatenate([np.empty(0, np.int32), *(one.tune_ids for one in segments)])
        tunes = np.sort(ids).tolist()
        if tunes != graph.tunes.tolist():
            self._faults.append("the neighbour graph is of other tunes")
            return
        if not graph.is_in_order():
            self._faults.append("the arrays of the neighbour graph do not agree with its pairs")
            return
        near = Candidates(list(load_near(self._connection).values()))
        search = NearSearch(near, [segment.tune_ids for segment in segments])
        chosen = tunes
        if not self._full:
            chosen = self._random.sample(tunes, min(len(tunes), _SAMPLE_OF_GRAPH))

        def found(tune: int, other: int | None = None) -> dict[int, float]:
            """The probabilities of what a search for a tune finds, among all or one other tune."""
            segment = next(one for one in segments if tune in one)
            layout = lay_out(vocabulary.decode(segment.symbols_of(tune)))
            admitted = None if other is None else np.arange(tunes[-1] + 1) == other
            (melody,) = melodies_of([layout])
            return {near.tune: near.probability for near in search.near(melody, admitted)}

        wrong: set[frozenset[int]] = set()
        for looked_at, tune in enumerate(chosen):
            if looked_at % _SAMPLE_OF_GRAPH == 0:
                self._progress("comparing the near copies", looked_at)
            own = found(tune)
            for other, probability, *_ in graph.neighbours(tune):
                if abs(own.get(other, 0) - probability) <= _ROUNDED:
                    continue
                # Tunes that were added or removed since may have changed which are compared.
                both = [*found(tune, other).values(), *found(other, tune).values()]
                if both and min(abs(one - probability) for one in both) > _ROUNDED:
                    wrong.add(frozenset((tune, other)))
        if wrong:
            self._faults.append(
                f"the probabilities of {counted(len(wrong), 'pair')} of the neighbour graph are "
                "not those of the tunes"
            )


def _disagreements(rows: StoredTune, layout: Layout) -> Iterator[str]:
    """Which rows of a tune are not as its tokens have it."""
    headers = [token for token in layout.tokens if is_header(token)]
    stated = [f"M:{rows.meter}"] * (rows.meter is not None)
    stated += [f"K:{rows.key}"] * (rows.key is not None)
    if not set(stated) <= set(headers):
        yield "headers"
    chief = rows.titles[0][0] if rows.titles else ""
    if chief != rows.title or any(title_key(title) != key for title, key in rows.titles):
        yield "titles"
