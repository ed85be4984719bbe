"""Changing an index that is there: corpora added, replaced and removed, segments merged.

Every change is one transaction of SQLite's: whoever is killed in the midst of it, or reads
meanwhile, has the index as it was. What a change gave is described before it is committed, through
its own connection: nothing else is opened then, and what is committed is never told as failed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

import sqlalchemy as sa

from tunetrace.corpus.readers import Format
from tunetrace.errors import IndexFileError
from tunetrace.indexer.store import schema
from tunetrace.collector import collector_paused
from tunetrace.indexer.filters import check_corpus
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import IndexInfo, Reject
from tunetrace.indexer.build.sources import find_sources
from tunetrace.indexer.search.views import TOKENS, VIEWS, Alphabet
from tunetrace.indexer.store.connection import (PATIENCE, Database, DatabaseErrors, check_file, check_whole, damaged, database_uri, is_damage)
from tunetrace.indexer.store.streams import (SEGMENT_SYMBOLS, DamagedError, delete_segments, insert_segment, joined, load_all_views, load_segments, load_vocabulary, store_state)
from tunetrace.indexer.build.writer import (Gathered, Writer, gather, nothing_usable, read_corpus, store_vocabulary)
from tunetrace.progress import (Progress, silent)
from tunetrace.tokenizer.vocabulary import V2_TOKENS, Vocabulary

_OF_A_TUNE: Final = (schema.bar_hit, schema.title, schema.music)


@dataclass(frozen=True, slots=True)
class CorpusChange:
    """What became of a corpus: unchanged where it was there with the same content."""

    name: str
    change: Literal["added", "replaced", "unchanged", "removed"]


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """What changing an index gave: what became of each corpus that was named, and what is in it.

    set_aside: the tunes of the corpora that were added or replaced which could not be read.
    """

    changes: tuple[CorpusChange, ...]
    info: IndexInfo
    set_aside: tuple[Reject, ...]


def add_corpora(
    path: Path,
    sources: Sequence[str | Path],
    *,
    replace: bool = False,
    name: str | None = None,
    format: Format | None = None,
    progress: Progress = silent,
    segment_symbols: int = SEGMENT_SYMBOLS,
) -> ChangeReport:
    """Add corpora to the index at path, all in one transaction.

    sources and name: as for build_index. A corpus that is there with the same content stays as it
    is; one that is there with another is replaced if that is asked for. Raises IndexFileError
    where there is no index, it cannot be written, or a corpus is in the way; InputError where the
    only source cannot be read or no tune is usable.
    """
    known = _known(path)
    opened = find_sources(sources, format, progress, name=name, known=known)
    # Read before others are kept from changing the index, since it may take long.
    read = [read_corpus(one, is_only=len(opened) == 1, progress=progress) for one in opened]
    changes: list[CorpusChange] = []
    with changing(path) as connection:
        vocabulary = load_vocabulary(connection)
        gathered: list[Gathered] = []
        for source, tunes in zip(opened, read, strict=True):
            one = gather(source, tunes, vocabulary)
            change = _change_by(connection, one)
            if change == "replaced" and not replace:
                raise _other_content(connection, path, source.name)
            changes.append(CorpusChange(source.name, change))
            if change != "unchanged":
                gathered.append(one)
                vocabulary = one.vocabulary
        if gathered and not any(one.tunes for one in gathered):
            raise nothing_usable([reject for one in gathered for reject in one.rejected])
        for done in changes:
            if done.change == "replaced":
                _remove(connection, done.name, progress)
        if gathered:
            _forget_baseline(connection)
            writer = Writer(connection, progress, segment_symbols)
            for one in gathered:
                writer.add(one)
            writer.close()
        return _described(path, connection, changes)


def _known(path: Path) -> dict[str, str]:
    """The names of an index's corpora by where they are from."""
    database = Database(path)
    try:
        with database.connected() as connection:
            return {row.source: row.name for row in connection.execute(sa.select(schema.corpus))}
    finally:
        database.close()


def _described(
    path: Path, connection: sa.Connection, changes: Sequence[CorpusChange]
) -> ChangeReport:
    """What a change gave that is about to be committed."""
    with Index(path, connection) as index:
        new = {change.name for change in changes if change.change in ("added", "replaced")}
        aside = tuple(reject for reject in index.rejects() if reject.corpus in new)
        return ChangeReport(tuple(changes), index.info(), aside)


def _change_by(
    connection: sa.Connection, gathered: Gathered
) -> Literal["added", "replaced", "unchanged"]:
    """What becomes of an index's corpora by one that was gathered with its vocabulary."""
    corpus, tune = schema.corpus.c, schema.tune.c
    there = connection.execute(
        sa.select(corpus.id, corpus.sha256).where(corpus.name == gathered.source.name)
    ).first()
    if there is None:
        return "added"
    if there.sha256 != gathered.sha256:
        return "replaced"
    # The same text is another content where this version reads other tokens from it.
    ids = connection.scalars(sa.select(tune.id).where(tune.corpus_id == there.id).order_by(tune.id))
    segments = list(load_segments(connection).values())
    held = []
    for tune_id in ids:
        segment = next((segment for segment in segments if tune_id in segment), None)
        if segment is None:
            raise DamagedError("the segments do not hold the tunes")
        held.append(segment.symbols_of(tune_id))
    return "unchanged" if held == [symbols for _, symbols in gathered.tunes] else "replaced"


def _other_content(connection: sa.Connection, path: Path, name: str) -> IndexFileError:
    corpus = schema.corpus.c
    source = connection.scalar(sa.select(corpus.source).where(corpus.name == name))
    return IndexFileError(
        f"{path}: the corpus '{name}' is there with another content (from {source}); replace it "
        "with --replace, or call this one otherwise with --name"
    )


def remove_corpora(
    path: Path, names: Sequence[str], *, progress: Progress = silent
) -> ChangeReport:
    """Remove corpora from the index at path, all in one transaction.

    Raises QueryError where the index lacks one.
    """
    names = list(dict.fromkeys(names))
    with changing(path) as connection:
        for name in names:
            check_corpus(name, connection)
        for name in names:
            _remove(connection, name, progress)
        if names:
            _forget_baseline(connection)
        return _described(path, connection, [CorpusChange(name, "removed") for name in names])


def compact_index(
    path: Path, *, progress: Progress = silent, segment_symbols: int = SEGMENT_SYMBOLS
) -> ChangeReport:
    """Merge the segments of the index at path, and give back the room that removals left.

    Tokens beyond v2 that no tune has any longer are forgotten. Tunes keep their ids.
    """
    with changing(path, shrink=True) as connection:
        segments = load_all_views(connection)
        before = load_vocabulary(connection)
        tunes = [
            (tune, {name: segment.symbols_of(tune) for name, segment in in_views.items()})
            for in_views in segments.values()
            for tune in in_views[TOKENS.name].tune_ids.tolist()
        ]
        used = set().union(*(symbols[TOKENS.name] for _, symbols in tunes))
        kept = [
            symbol for symbol in range(len(before)) if symbol < len(V2_TOKENS) or symbol in used
        ]
        vocabulary = Vocabulary(before.tokens[symbol] for symbol in kept[len(V2_TOKENS) :])
        if len(segments) > 1 or len(vocabulary) < len(before):
            progress("merging the segments", len(tunes))
            moved = {
                name: _renumbering(view.alphabet(before), view.alphabet(vocabulary))
                for name, view in VIEWS.items()
            }
            delete_segments(connection, list(segments))
            for some in _within(tunes, segment_symbols):
                streams = {
                    name: joined([symbols[name].translate(table) for _, symbols in some])
                    for name, table in moved.items()
                }
                insert_segment(connection, [tune for tune, _ in some], streams)
            store_vocabulary(connection, vocabulary)
        report = _described(path, connection, ())
        progress("giving back room", 0)
    return report


def _renumbering(before: Alphabet, after: Alphabet) -> bytes:
    """The symbol of each name in another alphabet, by its symbol in this one: (256,)."""
    return after.encode(before.names) + bytes(range(len(before.names), 256))


def _within(
    tunes: Sequence[tuple[int, dict[str, bytes]]], segment_symbols: int
) -> Iterator[list[tuple[int, dict[str, bytes]]]]:
    """Tunes, with their symbols by view, in runs of which each fits into a segment."""
    some: list[tuple[int, dict[str, bytes]]] = []
    size = 1
    for tune in tunes:
        longest = max(map(len, tune[1].values()))
        if some and size + longest + 1 > segment_symbols:
            yield some
            some, size = [], 1
        some.append(tune)
        size += longest + 1
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
        number: in_views
        for number, in_views in load_all_views(connection).items()
        if not ids.isdisjoint(in_views[TOKENS.name].tune_ids.tolist())
    }
    delete_segments(connection, list(touched))
    for in_views in touched.values():
        kept = [tune for tune in in_views[TOKENS.name].tune_ids.tolist() if tune not in ids]
        if kept:
            streams = {
                name: joined([segment.symbols_of(tune) for tune in kept])
                for name, segment in in_views.items()
            }
            insert_segment(connection, kept, streams)
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


def _forget_baseline(connection: sa.Connection) -> None:
    """What was measured of the tunes against one another holds no longer."""
    connection.execute(sa.delete(schema.baseline))


@contextmanager
def changing(path: Path, *, shrink: bool = False) -> Iterator[sa.Connection]:
    """A connection inside one transaction, which ends with the block: committed, or undone.

    shrink: give back what is free in the file then, before anybody else may change it. Raises
    IndexFileError where the file is no index of this version, or cannot be changed.
    """
    check_file(path)
    file = _inode(path)
    uri = database_uri(path, "mode=rw")

    def connect() -> sqlite3.Connection:
        # Transactions begin and end where they are said to, not where the driver thinks fit.
        return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)

    engine = sa.create_engine("sqlite://", creator=connect)
    is_committed = False
    try:
        # Where anything fails, closing the connection undoes the transaction.
        with engine.connect() as connection, collector_paused():
            # What is changed stays in memory until the end, so that others can read till then.
            connection.exec_driver_sql("PRAGMA cache_spill = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if shrink:  # which is no part of a transaction: its lock is kept until the end
                connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
            if _inode(path) != file:
                raise _replaced_meanwhile(path)
            driver = cast(sqlite3.Connection, connection.connection.driver_connection)
            check_whole(driver.cursor(), path)
            before = driver.total_changes
            yield connection
            if driver.total_changes != before:
                store_state(connection)
            connection.exec_driver_sql("COMMIT")
            is_committed = True
            if shrink:
                connection.exec_driver_sql("VACUUM")
    except DatabaseErrors as error:
        reason = getattr(error, "orig", error)
        if is_committed:
            raise IndexFileError(
                f"{path}: the segments are merged, but the room that is free in the file cannot be "
                f"given back ({reason}); make room on the disk and compact the index again"
            ) from None
        if _inode(path) != file:
            raise _replaced_meanwhile(path) from None
        if is_damage(error):
            raise damaged(path) from None
        raise IndexFileError(
            f"{path}: cannot be changed ({reason}); see that it is writable, that there is room, "
            "and that nothing else changes it"
        ) from None
    except DamagedError:
        raise damaged(path) from None
    finally:
        engine.dispose()


def _inode(path: Path) -> int | None:
    """What tells the file at a path from another that takes its place, None where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _replaced_meanwhile(path: Path) -> IndexFileError:
    return IndexFileError(
        f"{path}: another index took its place meanwhile, and that one is not changed; try again"
    )
