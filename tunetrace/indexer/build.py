"""Building an index: sources read, tunes tokenized, bars counted, the suffix array sorted.

The index is written beside the place where it belongs and renamed into it when it is whole, so
that whoever opens that place finds the old index or the new one and nothing between.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import json
import os
import re
import sqlite3
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from tunetrace._version import __version__
from tunetrace.corpus.readers import (
    STDIN,
    Format,
    Rejected,
    exists,
    printable,
    read_source,
    unreadable,
)
from tunetrace.corpus.registry import (
    DEFAULT_CORPORA,
    NAMED_CORPORA,
    NamedCorpus,
    nearest_names,
)
from tunetrace.errors import IndexFileError, InputError
from tunetrace.indexer import schema
from tunetrace.indexer.storage import may_be_replaced
from tunetrace.indexer.suffix import suffix_array
from tunetrace.indexer.titles import title_key
from tunetrace.tokenizer.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, VocabularyFullError

Progress = Callable[[str, int], None]
"""Told what is being done and how many tunes are done with."""

SEGMENT_SYMBOLS: Final = 200_000_000
"""The most symbols of a segment; four bytes each in the suffix array stay below SQLite's limit of
10^9 bytes for a BLOB."""

_BATCH: Final = 1000
_ROWS: Final = 100_000


@dataclass(slots=True)
class _Source:
    """One input and the name of the corpus that it becomes.

    where: the path it is read from; described: what the index keeps of where it is from.
    """

    name: str
    where: str
    described: str
    tunes: Iterator[Transcription | Rejected]
    licence: str | None = None

    def shortened(self, rejected: Rejected) -> Rejected:
        """A reject of a named corpus without the path to where its files happen to lie."""
        if self.licence is None:
            return rejected
        return replace(rejected, input=rejected.input.replace(self.where, self.name, 1))


@dataclass(slots=True)
class _CorpusCounts:
    """What is known of a corpus once its last tune was read."""

    digest: Any = field(default_factory=hashlib.sha256)
    tunes: int = 0
    tokens: int = 0
    bars: int = 0
    set_aside: int = 0


def build_index(
    path: Path,
    sources: Sequence[str | Path] = (),
    *,
    force: bool = False,
    format: Format | None = None,
    progress: Progress | None = None,
    segment_symbols: int = SEGMENT_SYMBOLS,
) -> tuple[Rejected, ...]:
    """Build the index of sources at path.

    sources: files, folders, `-` for standard input, names of corpora, which are fetched if they are
    missing; none for the default corpora. force: replace an index that is there. Gives the tunes
    that were set aside. Raises IndexFileError where an index is there without force or the place
    cannot be written, InputError where the only source cannot be read or no tune is usable.
    """
    if not path.name or (exists(path) and path.is_dir()):
        raise IndexFileError(f"{path}: this is a folder; name a file in it with --index")
    if exists(path) and not may_be_replaced(path):
        raise IndexFileError(f"{path}: this is no index of tunetrace; name another place")
    if exists(path) and not force:
        raise _in_the_way(path)
    opened = _sources(sources or DEFAULT_CORPORA, format, progress)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    _remove_leftovers(path)
    beside = path.with_name(f"{path.name}.building-{os.getpid()}")
    try:
        rejected = _write(beside, opened, progress or (lambda what, tunes: None), segment_symbols)
        if exists(path) and not force:  # another build may have been faster
            raise _in_the_way(path)
        beside.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    except sa.exc.OperationalError as error:
        raise IndexFileError(f"{path}: cannot be written ({error.orig}); name another") from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return rejected


def _in_the_way(path: Path) -> IndexFileError:
    return IndexFileError(f"{path}: there is an index already; replace it with --force")


def _unwritable(path: Path, error: OSError) -> IndexFileError:
    reason = (error.strerror or "unwritable").lower()
    return IndexFileError(f"{path}: cannot be written ({reason}); name another place with --index")


def _remove_leftovers(path: Path) -> None:
    """Remove what builds that were killed left beside the index."""
    if os.name == "nt":
        return  # where asking after a process would end it
    beginning = f"{path.name}.building-"
    for left in path.parent.iterdir():
        process = left.name.removeprefix(beginning)
        if process != left.name and process.isdigit() and not _is_running(int(process)):
            left.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True  # somebody else's
    except (OSError, OverflowError):
        return False
    return True


def _sources(
    names: Sequence[str | Path], format: Format | None, progress: Progress | None
) -> list[_Source]:
    """The inputs behind names; all are looked at, and fetched, before the first is read."""
    tell = None if progress is None else lambda what: progress(what, 0)
    sources = []
    taken: set[str] = set()
    for name in map(str, names):
        named: NamedCorpus | None = None
        where = name
        if name != STDIN and not exists(name):
            named = NAMED_CORPORA.get(name)
            if named is None:
                raise InputError(
                    f"{name}: there is no such file and no corpus of that name; "
                    f"{nearest_names(name)}"
                )
            where = str(named.locate(tell))
        corpus = name if named else "stdin" if name == STDIN else _corpus_name(Path(name))
        corpus = _free_name(corpus, taken)
        taken.add(corpus)
        licence = named.licence if named else None
        shown = named.citation if named else "standard input" if name == STDIN else printable(where)
        tunes = named.read() if named else read_source(where, format)
        sources.append(_Source(corpus, where, shown, tunes, licence))
    return sources


def _free_name(name: str, taken: set[str]) -> str:
    """A name, or the first of name-2, name-3 ... that is not taken."""
    following = (f"{name}-{k}" for k in itertools.count(2))
    return name if name not in taken else next(n for n in following if n not in taken)


def _corpus_name(path: Path) -> str:
    """The name of a file or folder without its ending, fit for `corpus:number`."""
    name = path.resolve().stem if path.is_file() else path.resolve().name
    return re.sub(r"[\s:]+", "_", printable(name)) or "corpus"


def _write(
    path: Path, sources: list[_Source], progress: Progress, segment_symbols: int
) -> tuple[Rejected, ...]:
    # A creator, since in a URL `?` and `%` of a path would mean something else.
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(path))
    try:
        with engine.connect() as connection, _collector_paused():
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "page_size = 8192"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            connection.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")
            schema.metadata.create_all(connection)
            rejected = _Builder(connection, progress, segment_symbols).build(sources)
            connection.commit()
    finally:
        engine.dispose()
    with path.open("r+b") as written:
        os.fsync(written.fileno())
    return rejected


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the cyclic garbage collector: a build makes millions of objects and no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Builder:
    """One build: rows go out in batches, bars and the stream of the open segment are kept."""

    def __init__(self, connection: sa.Connection, progress: Progress, segment_symbols: int) -> None:
        self._connection = connection
        self._progress = progress
        self._segment_symbols = segment_symbols
        self._vocabulary = Vocabulary()
        self._bars: dict[str, int] = {}
        self._bar_hits = array("q")  # in the order of the table's columns, row after row
        self._tunes = 0
        self._segments = 0
        self._first_tune = 1
        self._stream = bytearray([SEPARATOR])
        self._rejected: list[Rejected] = []
        self._is_only_source = False

    def build(self, sources: Sequence[_Source]) -> tuple[Rejected, ...]:
        self._is_only_source = len(sources) == 1
        for corpus_id, source in enumerate(sources, 1):
            self._add_corpus(corpus_id, source)
        if not self._tunes:
            first = self._rejected[0]
            place = f"{first.input}:{first.line}" if first.line else first.input
            raise InputError(
                f"none of the {len(self._rejected):,} tunes can be read; the first is set aside "
                f"because {first.reason} ({place})"
            )
        self._close_segment()
        self._progress("writing the bars", self._tunes)
        self._insert(
            schema.bar,
            [(number, schema.text_hash(text), text) for text, number in self._bars.items()],
        )
        hits = np.frombuffer(self._bar_hits, dtype=np.int64).reshape(-1, 5)
        # They come by tune and token; sorted by bar they are in the order of the table, so that
        # SQLite appends.
        in_order = hits[np.argsort(hits[:, 0], kind="stable")]
        for k in range(0, len(in_order), _ROWS):
            self._insert(schema.bar_hit, in_order[k : k + _ROWS].tolist())
        self._insert(
            schema.meta,
            [
                ("tunetrace_version", __version__),
                ("vocabulary", json.dumps(self._vocabulary.extensions)),
            ],
        )
        return tuple(self._rejected)

    def _add_corpus(self, corpus_id: int, source: _Source) -> None:
        counts = _CorpusCounts()
        rows: list[tuple[Any, ...]] = []
        for tune in self._read(source):
            row = tune if isinstance(tune, Rejected) else self._add_tune(tune, counts)
            if isinstance(row, Rejected):
                self._rejected.append(source.shortened(row))
                counts.set_aside += 1
                continue
            rows.append(row)
            if self._tunes % _BATCH == 0:
                self._progress(f"reading {source.name}", self._tunes)
        numbers = _settled_numbers([row[1] for row in rows])
        self._insert(
            schema.tune,
            [(row[0], corpus_id, number, *row[2:])
             for row, number in zip(rows, numbers, strict=True)],
        )  # fmt: skip
        added = datetime.now(UTC).isoformat(timespec="seconds")
        self._insert(
            schema.corpus,
            [(corpus_id, source.name, source.described, source.licence, None,
              counts.digest.hexdigest(), added, counts.tunes, counts.tokens, counts.bars,
              counts.set_aside)],
        )  # fmt: skip

    def _read(self, source: _Source) -> Iterator[Transcription | Rejected]:
        """The tunes of a source; one of several that cannot be read at all is set aside."""
        try:
            yield from source.tunes
        except InputError as error:
            if self._is_only_source:
                raise
            yield unreadable(source.where, error)

    def _add_tune(self, tune: Transcription, counts: _CorpusCounts) -> tuple[Any, ...] | Rejected:
        """Take in one tune; gives its row, without the corpus and with the number as found."""
        try:
            symbols = self._vocabulary.learn(tune.tokens)
        except VocabularyFullError as full:
            return Rejected(tune.input, tune.line, None, str(full), "vocabulary full",
                            tune.number, tune.title)  # fmt: skip
        if len(self._stream) + len(symbols) > self._segment_symbols and len(self._stream) > 1:
            self._close_segment()
        first_token = len(self._stream)
        self._stream += symbols
        self._stream.append(SEPARATOR)
        self._tunes += 1
        layout = lay_out(tune.tokens)
        bars, bar_hits, tune_id = self._bars, self._bar_hits, self._tunes
        for bar in layout.bars:
            number = bars.setdefault(bar.text, len(bars) + 1)
            bar_hits.extend((number, tune_id, first_token + bar.start, bar.part, bar.number))
        counts.digest.update(tune.text.encode() + b"\0")
        counts.tunes += 1
        counts.tokens += len(symbols.translate(None, delete=self._vocabulary.headers))
        counts.bars += len(layout.bars)
        return (tune_id, tune.number, tune.title, title_key(tune.title), tune.meter, tune.key,
                tune.original_key, tune.text, first_token, len(symbols))  # fmt: skip

    def _close_segment(self) -> None:
        """Sort the suffixes of the open segment, write it and begin the next."""
        if len(self._stream) == 1:
            return
        self._progress("sorting the suffixes", self._tunes)
        self._segments += 1
        stream = bytes(self._stream)
        suffixes = suffix_array(stream).astype("<i4").tobytes()
        tunes = self._tunes - self._first_tune + 1
        self._insert(schema.segment, [(self._segments, self._first_tune, tunes)])
        self._insert(
            schema.view,
            [(self._segments, "tokens", stream, zlib.crc32(stream), suffixes,
              zlib.crc32(suffixes))],
        )  # fmt: skip
        self._first_tune = self._tunes + 1
        self._stream = bytearray([SEPARATOR])

    def _insert(self, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, given in the order of the table's columns, through the driver."""
        statement = f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})"
        self._connection.connection.cursor().executemany(statement, rows)


def _settled_numbers(numbers: Sequence[int | None]) -> Iterator[int]:
    """The numbers of a corpus's tunes, those of their X: fields, made unique.

    Where a tunebook uses a number twice, or gives none, the later tunes are numbered on after the
    highest, so that `corpus:number` names one tune and most keep the number they have in print.
    """
    taken: set[int] = set()
    following = max((number for number in numbers if number is not None), default=0)
    for number in numbers:
        if number is None or number in taken:
            following += 1
            yield following
        else:
            taken.add(number)
            yield number
