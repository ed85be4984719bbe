"""Verifying an index: is the file whole, are its arrays sorted, do tables and streams agree.

What is found wrong is said in sentences; an index that is sound has none. A sample shows a file
that was cut, overwritten or written by something else; the full check leaves no tune unread.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import sqlalchemy as sa

from tunetrace.text import printable
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.baseline import load_baseline
from tunetrace.collector import collector_paused
from tunetrace.indexer.sameness import music_hashes
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.store.connection import (Database, DatabaseErrors, is_damage)
from tunetrace.indexer.store.streams import (DamagedError, load_all_views, load_vocabulary)
from tunetrace.indexer.search.suffix import unsorted_at
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.indexer.store.titles import title_key
from tunetrace.indexer.build.writer import Digest
from tunetrace.progress import (Progress, silent)
from tunetrace.tokenizer.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import Vocabulary, is_header

_SAMPLE: Final = 1000
_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a verification looked at, and what it found wrong: nothing where the index is sound.

    tunes and suffixes: how many were compared one by one.
    """

    path: str
    is_full: bool
    tunes: int
    suffixes: int
    faults: tuple[str, ...]


def verify_index(path: Path, *, full: bool = False, progress: Progress = silent) -> VerifyReport:
    """Look an index over. full: every suffix and every tune, not a sample of a thousand each.

    Raises IndexFileError where the file is no whole index of this version at all.
    """
    database = Database(path)
    try:
        with database.connected() as connection, collector_paused():
            return _Verification(connection, full, progress).report(printable(str(path)))
    finally:
        database.close()


class _Verification:
    """One verification under way: faults are collected, not raised."""

    def __init__(self, connection: sa.Connection, full: bool, progress: Progress) -> None:
        self._connection = connection
        self._progress = progress
        self._full = full
        self._random = random.Random(_SEED)
        self._faults: list[str] = []
        self._tunes = self._suffixes = 0

    def report(self, path: str) -> VerifyReport:
        """Look at everything; path: what to call the index."""
        self._progress("reading the file", 0)
        with self._faults_of("the file"):
            self._check_file()
        is_whole = False
        with self._faults_of("the schema"):
            is_whole = self._check_schema()
        if is_whole:
            with self._faults_of("the segments"):
                self._check_content()
        return self._reported(path)

    def _check_content(self) -> None:
        """Look at the arrays and at the tables that say the same."""
        vocabulary = load_vocabulary(self._connection)
        in_views = list(load_all_views(self._connection).values())
        segments = [views[TOKENS.name] for views in in_views]
        for number, views in enumerate(in_views, 1):
            for name, segment in views.items():
                array = f"the suffix array of segment {number} in the view {name}"
                with self._faults_of(array):
                    self._check_suffixes(array, segment)
        with self._faults_of("the corpora"):
            self._check_corpora(segments, vocabulary)
        with self._faults_of("the tunes"):
            self._check_tunes(in_views, vocabulary)
        with self._faults_of("the bars"):
            self._check_bars()
        with self._faults_of("the baseline"):
            self._check_baseline()

    @contextmanager
    def _faults_of(self, what: str) -> Iterator[None]:
        """Take whatever goes wrong in a check as a fault: what was altered can hold anything."""
        try:
            yield
        except DamagedError as error:
            self._fault(f"{error}")
        except Exception as error:
            if isinstance(error, DatabaseErrors) and not is_damage(error):
                raise  # it cannot be had now, which says nothing of it
            reason = " ".join(str(getattr(error, "orig", error)).split()) or type(error).__name__
            self._fault(f"{what} cannot be read ({printable(reason)})")

    def _reported(self, path: str) -> VerifyReport:
        return VerifyReport(path, self._full, self._tunes, self._suffixes, tuple(self._faults))

    def _fault(self, sentence: str) -> None:
        self._faults.append(sentence)

    def _check_file(self) -> None:
        """SQLite's own check of pages, indexes and types, and of foreign keys."""
        check = "integrity_check" if self._full else "quick_check"
        for (found,) in self._connection.exec_driver_sql(f"PRAGMA {check}(10)"):
            if found != "ok":
                what = " ".join(found.replace("*** in database main ***", "").split())
                self._fault(f"SQLite finds the file damaged: {what}")
        strays = Counter(row[0] for row in self._connection.exec_driver_sql(
            "PRAGMA foreign_key_check"))  # fmt: skip
        for table, count in strays.items():
            self._fault(f"{count:,} rows of {table} belong to nothing")

    def _check_schema(self) -> bool:
        """Whether each table has the columns that it should have."""
        inspector = sa.inspect(self._connection)
        there = set(inspector.get_table_names())
        is_whole = True
        for table in schema.metadata.sorted_tables:
            is_there = table.name in there
            columns = [c["name"] for c in inspector.get_columns(table.name)] if is_there else []
            if columns != [column.name for column in table.columns]:
                self._fault(
                    f"the table {table.name} is not as schema {schema.SCHEMA_VERSION} has it"
                )
                is_whole = False
                continue
            indexes = {index["name"] for index in inspector.get_indexes(table.name)}
            for index in table.indexes:
                if index.name not in indexes:
                    self._fault(f"the index {index.name} is missing")
        return is_whole

    def _check_suffixes(self, array: str, segment: Segment) -> None:
        """Check that the suffix array holds each position once, in the order of the suffixes."""
        if not np.array_equal(np.sort(segment.suffixes), np.arange(len(segment.stream))):
            self._fault(f"{array} does not hold each position once")
            return
        ranks: Sequence[int] | None = None
        if not self._full and len(segment.stream) > _SAMPLE:
            ranks = self._random.sample(range(len(segment.stream) - 1), _SAMPLE)
        self._suffixes += len(segment.stream) if ranks is None else len(ranks)
        at = unsorted_at(segment, ranks)
        if at is not None:
            self._fault(f"{array} is out of order at {at:,}")

    def _check_corpora(self, segments: Sequence[Segment], vocabulary: Vocabulary) -> None:
        """Whether the counts and digests of the corpora are those of their tunes."""
        tune, reject = schema.tune.c, schema.reject.c
        held = [tune_id for segment in segments for tune_id in segment.tune_ids.tolist()]
        rows = list(self._connection.scalars(sa.select(tune.id).order_by(tune.id)))
        if held != rows:
            self._fault(
                f"the segments hold {len(held):,} tunes and the table tune {len(rows):,}"
                if len(held) != len(rows)
                else "the segments hold other tunes than the table tune"
            )
            return
        standing = (
            sa.select(tune.corpus_id, sa.func.count().label("bars"))
            .join_from(schema.bar_hit, schema.tune)
            .group_by(tune.corpus_id)
        )
        bars = {row.corpus_id: row.bars for row in self._connection.execute(standing)}
        places = {tune_id: s for s in segments for tune_id in s.tune_ids.tolist()}
        for row in self._connection.execute(sa.select(schema.corpus)).all():
            digest, tunes, tokens = Digest(), 0, 0
            for tune_id, text in self._connection.execute(
                sa.select(tune.id, tune.text).where(tune.corpus_id == row.id).order_by(tune.id)
            ):
                digest.take(text)
                tunes += 1
                symbols = places[tune_id].symbols_of(tune_id)
                tokens += len(symbols.translate(None, delete=vocabulary.headers))
            rejects = self._connection.execute(
                sa.select(reject.line, reject.reason)
                .where(reject.corpus_id == row.id).order_by(reject.id)
            ).all()  # fmt: skip
            for line, reason in rejects:
                digest.set_aside(line, reason)
            counts = (tunes, tokens, bars.get(row.id, 0), len(rejects))
            if counts != (row.tunes, row.tokens, row.bars, row.set_aside):
                self._fault(f"the counts of the corpus {row.name} are not those of its tunes")
            if digest.hexdigest() != row.sha256:
                self._fault(f"the transcriptions of the corpus {row.name} were altered")

    def _check_tunes(
        self, segments: Sequence[Mapping[str, Segment]], vocabulary: Vocabulary
    ) -> None:
        """Check that the rows of tunes, their titles, bars and other views agree with their tokens.

        segments: each in every view, by its name.
        """
        every = [
            (in_views, tune)
            for in_views in segments
            for tune in in_views[TOKENS.name].tune_ids.tolist()
        ]
        chosen = every if self._full else self._random.sample(every, min(len(every), _SAMPLE))
        self._tunes = len(chosen)
        rows = self._rows_of([tune for _, tune in chosen])
        wrong: Counter[str] = Counter()
        laid_out: list[tuple[_Rows, Layout]] = []
        for looked_at, (in_views, tune) in enumerate(chosen):
            if looked_at % _SAMPLE == 0:
                self._progress("comparing the tunes", looked_at)
                wrong["forms"] += _wrong_music(laid_out)
                laid_out = []
            symbols = in_views[TOKENS.name].symbols_of(tune)
            if tune not in rows:
                continue  # it was said already that the segments hold other tunes
            if max(symbols, default=0) >= len(vocabulary):
                wrong["tokens"] += 1
                continue
            layout = lay_out(vocabulary.decode(symbols))
            laid_out.append((rows[tune], layout))
            wrong.update(rows[tune].disagreements(layout))
            for view in VIEWS.values():
                is_same = in_views[view.name].symbols_of(tune) == view.symbols(layout, symbols)
                wrong[f"symbols in the view {view.name}"] += not is_same
        wrong["forms"] += _wrong_music(laid_out)
        for what, count in (+wrong).items():
            self._fault(
                f"the {what} of {count:,} of the {len(chosen):,} tunes looked at do not agree "
                "with the stream"
            )

    def _rows_of(self, ids: Sequence[int]) -> dict[int, _Rows]:
        """What the tables say of some tunes."""
        tune, title, bar, hit = (
            t.c for t in (schema.tune, schema.title, schema.bar, schema.bar_hit)
        )
        numbers = sa.func.json_each(json.dumps(ids)).table_valued("value")
        chosen = sa.select(numbers.c.value)
        select = sa.select(tune.id, tune.title, tune.meter, tune.key).where(tune.id.in_(chosen))
        rows = {row[0]: _Rows(*row[1:]) for row in self._connection.execute(select)}
        titles = sa.select(title.tune_id, title.title, title.title_key).order_by(title.position)
        for tune_id, *words in self._connection.execute(titles.where(title.tune_id.in_(chosen))):
            if tune_id in rows:
                rows[tune_id].titles.append((words[0], words[1]))
        hits = sa.select(hit.tune_id, hit.token, bar.text, hit.part, hit.number).join_from(
            schema.bar_hit, schema.bar
        )
        for tune_id, *place in self._connection.execute(hits.where(hit.tune_id.in_(chosen))):
            if tune_id in rows:
                rows[tune_id].bars.append((place[0], place[1], place[2], place[3]))
        forms = sa.select(schema.music).where(schema.music.c.tune_id.in_(chosen))
        for number, tune_id, part in self._connection.execute(forms):
            if tune_id in rows:
                rows[tune_id].music.append((part, number))
        return rows

    def _check_bars(self) -> None:
        """Whether the hashes of the bars are those of their texts, and none is written twice."""
        texts: set[str] = set()
        rows = self._connection.execute(sa.select(schema.bar.c.text, schema.bar.c.hash)).all()
        wrong = 0
        for text, hashed in rows:
            wrong += schema.text_hash(text) != hashed or text in texts
            texts.add(text)
        if wrong:
            self._fault(f"{wrong:,} of {len(rows):,} bars have another's hash or stand twice")

    def _check_baseline(self) -> None:
        """Whether the baseline, where there is one, is what was written, and of these tunes."""
        load_baseline(self._connection)


@dataclass(slots=True)
class _Rows:
    """What the tables say of a tune. titles: (title, key); bars: (token, text, part, number);
    music: (part, hash)."""

    title: str
    meter: str | None
    key: str | None
    titles: list[tuple[str, str]] = field(default_factory=list)
    bars: list[tuple[int, str, int, int]] = field(default_factory=list)
    music: list[tuple[int, int]] = field(default_factory=list)

    def disagreements(self, layout: Layout) -> Iterator[str]:
        """Which of them are not as the tune's tokens have it; its music is not looked at."""
        headers = [token for token in layout.tokens if is_header(token)]
        stated = [f"M:{self.meter}"] * (self.meter is not None)
        stated += [f"K:{self.key}"] * (self.key is not None)
        if not set(stated) <= set(headers):
            yield "headers"
        chief = self.titles[0][0] if self.titles else ""
        if chief != self.title or any(title_key(title) != key for title, key in self.titles):
            yield "titles"
        laid_out = ((bar.start, bar.text, bar.part, bar.number) for bar in layout.bars)
        if sorted(laid_out) != sorted(self.bars):
            yield "bars"


def _wrong_music(tunes: Sequence[tuple[_Rows, Layout]]) -> int:
    """Of how many tunes the forms are not those that their bars have."""
    expected: list[list[tuple[int, int]]] = [[] for _ in tunes]
    for tune, part, number in music_hashes([layout for _, layout in tunes]).tolist():
        expected[tune].append((part, number))
    return sum(
        sorted(rows.music) != sorted(forms)
        for (rows, _), forms in zip(tunes, expected, strict=True)
    )
