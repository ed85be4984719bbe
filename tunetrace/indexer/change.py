"""Changing an index that is there: corpora added, replaced and removed, segments merged.

Every change is one transaction of SQLite's: whoever is killed in the midst of it, or reads
meanwhile, has the index as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import sqlalchemy as sa

from tunetrace.corpus.readers import Format
from tunetrace.errors import IndexFileError
from tunetrace.indexer import schema
from tunetrace.indexer.build import collector_paused
from tunetrace.indexer.filters import check_corpus
from tunetrace.indexer.sources import find_sources
from tunetrace.indexer.storage import PATIENCE, check_file, damaged
from tunetrace.indexer.streams import (
    SEGMENT_SYMBOLS,
    DamagedError,
    delete_segments,
    insert_segment,
    joined,
    load_segments,
    load_vocabulary,
)
from tunetrace.indexer.writer import (
    Progress,
    Writer,
    gather,
    nothing_usable,
    silent,
    store_vocabulary,
)
from tunetrace.tokenizer.vocabulary import V2_TOKENS, Vocabulary

_OF_A_TUNE: Final = (schema.bar_hit, schema.title)


@dataclass(frozen=True, slots=True)
class CorpusChange:
    """What became of a corpus: unchanged where it was there with the same content."""

    name: str
    change: Literal["added", "replaced", "unchanged", "removed"]


def add_corpora(
    path: Path,
    sources: Sequence[str | Path],
    *,
    replace: bool = False,
    format: Format | None = None,
    progress: Progress = silent,
    segment_symbols: int = SEGMENT_SYMBOLS,
) -> tuple[CorpusChange, ...]:
    """Add corpora to the index at path, all in one transaction.

    sources: as for build_index. A corpus that is there with the same content stays as it is; one
    that is there with another is replaced if that is asked for. Raises IndexFileError where there
    is no index, it cannot be written, or a corpus is in the way; InputError where the only source
    cannot be read or no tune is usable.
    """
    opened = find_sources(sources, format, progress)
    changes: list[CorpusChange] = []
    with _changing(path) as connection:
        corpus = schema.corpus.c
        rows = connection.execute(sa.select(corpus.name, corpus.sha256))
        there = {row.name: row.sha256 for row in rows}
        vocabulary = load_vocabulary(connection)
        gathered, rejected = [], []
        for source in opened:
            one = gather(source, vocabulary, is_only=len(opened) == 1, progress=progress)
            rejected += one.rejected
            if there.get(source.name) == one.sha256:
                changes.append(CorpusChange(source.name, "unchanged"))
                continue
            if source.name in there and not replace:
                raise IndexFileError(
                    f"{path}: the corpus '{source.name}' is there with another content; "
                    "replace it with --replace"
                )
            changes.append(
                CorpusChange(source.name, "replaced" if source.name in there else "added")
            )
            vocabulary = one.vocabulary
            gathered.append(one)
        if gathered:
            if not any(one.tunes for one in gathered):
                raise nothing_usable(rejected)
            for one in gathered:
                if one.source.name in there:
                    _remove(connection, one.source.name, progress)
            writer = Writer(connection, progress, segment_symbols)
            for one in gathered:
                writer.add(one)
            writer.close()
    return tuple(changes)


def remove_corpora(
    path: Path, names: Sequence[str], *, progress: Progress = silent
) -> tuple[CorpusChange, ...]:
    """Remove corpora from the index at path, all in one transaction.

    Raises QueryError where the index lacks one.
    """
    names = list(dict.fromkeys(names))
    with _changing(path) as connection:
        for name in names:
            check_corpus(name, connection)
        for name in names:
            _remove(connection, name, progress)
    return tuple(CorpusChange(name, "removed") for name in names)


def compact_index(
    path: Path, *, progress: Progress = silent, segment_symbols: int = SEGMENT_SYMBOLS
) -> None:
    """Merge the segments of the index at path, and give back the room that removals left.

    Tokens beyond v2 that no tune has any longer are forgotten. Tunes keep their ids.
    """
    with _changing(path) as connection:
        segments = load_segments(connection)
        before = load_vocabulary(connection)
        tunes = [
            (tune, segment.tokens_of(tune)[1])
            for segment in segments.values()
            for tune in segment.tune_ids.tolist()
        ]
        used = set().union(*(symbols for _, symbols in tunes)) if tunes else set()
        kept = [
            symbol for symbol in range(len(before)) if symbol < len(V2_TOKENS) or symbol in used
        ]
        vocabulary = Vocabulary(before.tokens[symbol] for symbol in kept[len(V2_TOKENS) :])
        if len(segments) > 1 or len(vocabulary) < len(before):
            progress("merging the segments", len(tunes))
            moved = bytearray(range(256))
            for symbol, was in enumerate(kept):
                moved[was] = symbol
            delete_segments(connection, list(segments))
            for some in _within(tunes, segment_symbols):
                stream = joined([symbols.translate(bytes(moved)) for _, symbols in some])
                insert_segment(connection, [tune for tune, _ in some], stream)
            store_vocabulary(connection, vocabulary)
    progress("giving back room", 0)
    with _connected(path) as connection:
        connection.exec_driver_sql("VACUUM")


def _within(
    tunes: Sequence[tuple[int, bytes]], segment_symbols: int
) -> Iterator[list[tuple[int, bytes]]]:
    """Tunes in runs that a segment holds each."""
    some: list[tuple[int, bytes]] = []
    size = 1
    for tune in tunes:
        if some and size + len(tune[1]) + 1 > segment_symbols:
            yield some
            some, size = [], 1
        some.append(tune)
        size += len(tune[1]) + 1
    if some:
        yield some


def _remove(connection: sa.Connection, name: str, progress: Progress) -> None:
    """Remove a corpus that is there: its rows, its tunes in the segments, and bars left over."""
    progress(f"removing {name}", 0)
    is_of_it = (
        schema.tune.c.corpus_id
        == sa.select(schema.corpus.c.id).where(schema.corpus.c.name == name).scalar_subquery()
    )
    ids = set(connection.scalars(sa.select(schema.tune.c.id).where(is_of_it)))
    touched = {
        number: segment
        for number, segment in load_segments(connection).items()
        if not ids.isdisjoint(segment.tune_ids.tolist())
    }
    delete_segments(connection, list(touched))
    for segment in touched.values():
        kept = [tune for tune in segment.tune_ids.tolist() if tune not in ids]
        if kept:
            stream = joined([segment.tokens_of(tune)[1] for tune in kept])
            insert_segment(connection, kept, stream)
    tunes = sa.select(schema.tune.c.id).where(is_of_it)
    for table in _OF_A_TUNE:
        connection.execute(sa.delete(table).where(table.c.tune_id.in_(tunes)))
    standing = sa.select(schema.bar_hit.c.bar_id)
    connection.execute(sa.delete(schema.bar).where(schema.bar.c.id.not_in(standing)))
    connection.execute(sa.delete(schema.tune).where(is_of_it))
    corpus_id = sa.select(schema.corpus.c.id).where(schema.corpus.c.name == name)
    connection.execute(
        sa.delete(schema.reject).where(schema.reject.c.corpus_id == corpus_id.scalar_subquery())
    )
    connection.execute(sa.delete(schema.corpus).where(schema.corpus.c.name == name))


@contextmanager
def _changing(path: Path) -> Iterator[sa.Connection]:
    """A connection inside one transaction, which ends with the block: committed, or undone."""
    with _connected(path) as connection, collector_paused():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


@contextmanager
def _connected(path: Path) -> Iterator[sa.Connection]:
    """A connection that may write; IndexFileError where the file is no index or cannot be."""
    check_file(path)
    uri = f"{path.absolute().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        # Transactions begin and end where they are said to, not where the driver thinks fit.
        return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)

    engine = sa.create_engine("sqlite://", creator=connect)
    try:
        with engine.connect() as connection:
            # What is changed stays in memory until the end, so that others can read till then.
            connection.exec_driver_sql("PRAGMA cache_spill = OFF")
            yield connection
    except sa.exc.OperationalError as error:
        raise IndexFileError(
            f"{path}: cannot be changed ({error.orig}); see that it is writable, that there is "
            "room, and that nothing else changes it"
        ) from None
    except (sa.exc.DatabaseError, sqlite3.DatabaseError, DamagedError):
        raise damaged(path) from None
    finally:
        engine.dispose()
