"""A writer of schema 6, which stays as it is: the file that an older version had for an index."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import numpy as np

from tunetrace.indexer.music.sameness import music_hashes
from tunetrace.indexer.search.views import VIEWS
from tunetrace.indexer.store.arrays.pieces import load_arrays
from tunetrace.indexer.store.arrays.streams import GRAPH, load_near, load_segments
from tunetrace.indexer.store.database.connection import Database
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.meta import load_vocabulary
from tunetrace.tokenizer.layout.bars import lay_out

TABLES = """
CREATE TABLE meta (name VARCHAR NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE corpus (
    id INTEGER NOT NULL, name VARCHAR NOT NULL, source VARCHAR NOT NULL, licence VARCHAR,
    version VARCHAR, sha256 VARCHAR NOT NULL, added VARCHAR NOT NULL, tunes BIGINT NOT NULL,
    tokens BIGINT NOT NULL, bars BIGINT NOT NULL, set_aside BIGINT NOT NULL,
    PRIMARY KEY (id), UNIQUE (name));
CREATE TABLE tune (
    id INTEGER NOT NULL, corpus_id INTEGER NOT NULL, number BIGINT NOT NULL,
    title VARCHAR NOT NULL, meter VARCHAR, "key" VARCHAR, original_key VARCHAR, work VARCHAR,
    link VARCHAR, remarks TEXT, text TEXT NOT NULL,
    PRIMARY KEY (id), FOREIGN KEY(corpus_id) REFERENCES corpus (id));
CREATE INDEX tune_corpus_number ON tune (corpus_id, number);
CREATE INDEX tune_work ON tune (work);
CREATE TABLE title (
    tune_id INTEGER NOT NULL, position INTEGER NOT NULL, title VARCHAR NOT NULL,
    title_key VARCHAR NOT NULL,
    PRIMARY KEY (tune_id, position), FOREIGN KEY(tune_id) REFERENCES tune (id)) WITHOUT ROWID;
CREATE INDEX title_title_key ON title (title_key);
CREATE TABLE reject (
    id INTEGER NOT NULL, corpus_id INTEGER NOT NULL, number BIGINT, title VARCHAR NOT NULL,
    input VARCHAR NOT NULL, line BIGINT, "column" BIGINT, reason TEXT NOT NULL,
    kind VARCHAR NOT NULL,
    PRIMARY KEY (id), FOREIGN KEY(corpus_id) REFERENCES corpus (id));
CREATE TABLE bar (
    id INTEGER NOT NULL, hash BIGINT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (id));
CREATE INDEX bar_hash ON bar (hash);
CREATE TABLE bar_hit (
    bar_id INTEGER NOT NULL, tune_id INTEGER NOT NULL, token INTEGER NOT NULL,
    part INTEGER NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (bar_id, tune_id, token), FOREIGN KEY(bar_id) REFERENCES bar (id),
    FOREIGN KEY(tune_id) REFERENCES tune (id)) WITHOUT ROWID;
CREATE TABLE music (
    hash BIGINT NOT NULL, tune_id INTEGER NOT NULL, part INTEGER NOT NULL,
    PRIMARY KEY (hash, tune_id, part), FOREIGN KEY(tune_id) REFERENCES tune (id)) WITHOUT ROWID;
CREATE TABLE segment (
    id INTEGER NOT NULL, tune_ids BLOB NOT NULL, tune_ids_crc32 BIGINT NOT NULL,
    PRIMARY KEY (id));
CREATE TABLE "view" (
    segment_id INTEGER NOT NULL, name VARCHAR NOT NULL, stream BLOB NOT NULL,
    stream_crc32 BIGINT NOT NULL, suffixes BLOB NOT NULL, suffixes_crc32 BIGINT NOT NULL,
    grams BLOB NOT NULL, grams_crc32 BIGINT NOT NULL,
    PRIMARY KEY (segment_id, name), FOREIGN KEY(segment_id) REFERENCES segment (id));
CREATE TABLE near (
    segment_id INTEGER NOT NULL, name VARCHAR NOT NULL, numbers BLOB NOT NULL,
    numbers_crc32 BIGINT NOT NULL,
    PRIMARY KEY (segment_id, name), FOREIGN KEY(segment_id) REFERENCES segment (id));
CREATE TABLE neighbours (
    name VARCHAR NOT NULL, numbers BLOB NOT NULL, numbers_crc32 BIGINT NOT NULL,
    PRIMARY KEY (name));
CREATE TABLE baseline (
    name VARCHAR NOT NULL, numbers BLOB NOT NULL, numbers_crc32 BIGINT NOT NULL,
    PRIMARY KEY (name));
"""

NEIGHBOURS = ("tunes", "pairs", "ups", "probabilities", "families")
"""The arrays of the neighbour graph."""

AS_NOW = ("corpus", "tune", "title", "reject")
"""The tables that have the same rows in the later version."""


def write_schema_6(index: Path, path: Path) -> None:
    """Write a file of schema 6 that holds what an index of this version holds."""
    with closing(sqlite3.connect(path)) as old:
        old.execute("PRAGMA page_size = 8192")
        old.execute(f"PRAGMA application_id = {int.from_bytes(b'tune', 'big')}")
        old.execute("PRAGMA user_version = 6")
        old.executescript(TABLES)
        old.execute("ATTACH ? AS now", (str(index),))
        for table in AS_NOW:
            old.execute(f"INSERT INTO main.{table} SELECT * FROM now.{table}")
        meta = "name IN ('tunetrace_version', 'vocabulary', 'generation')"
        old.execute(f"INSERT INTO main.meta SELECT * FROM now.meta WHERE {meta}")
        with closing(Database(storage_of(index))) as database, database.connected() as connection:
            _write_segments(old, connection)
            for table, purpose in (("neighbours", GRAPH), ("baseline", "baseline")):
                for arrays in load_arrays(connection, None, purpose).values():
                    rows = [
                        (name, *_sealed(array))
                        for name, array in arrays.by_name.items()
                        if table == "baseline" or name in NEIGHBOURS
                    ]
                    old.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", rows)
        old.commit()


def _write_segments(old: sqlite3.Connection, connection: object) -> None:
    vocabulary = load_vocabulary(connection)  # type: ignore[arg-type]
    near = load_near(connection)  # type: ignore[arg-type]
    bars: dict[str, int] = {}
    in_views = {name: load_segments(connection, view) for name, view in VIEWS.items()}  # type: ignore[arg-type]
    for number in near:
        views = {name: segments[number] for name, segments in in_views.items()}
        ids = views["tokens"].tune_ids
        old.execute("INSERT INTO segment VALUES (?, ?, ?)", (number, *_sealed(ids)))
        for name, view in views.items():
            arrays = (view.symbols, view.suffixes, view.gram_firsts)
            sealed = [value for array in arrays for value in _sealed(array)]
            old.execute("INSERT INTO view VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (number, name, *sealed))
        for name, array in near[number].arrays().items():
            old.execute("INSERT INTO near VALUES (?, ?, ?, ?)", (number, name, *_sealed(array)))
        tunes = ids.tolist()
        layouts = [lay_out(vocabulary.decode(views["tokens"].symbols_of(tune))) for tune in tunes]
        for tune, layout in zip(tunes, layouts, strict=True):
            for bar in layout.bars:
                hit = (bars.setdefault(bar.text, len(bars) + 1), tune, bar.start, bar.part,
                       bar.number)  # fmt: skip
                old.execute("INSERT INTO bar_hit VALUES (?, ?, ?, ?, ?)", hit)
        forms = [(hash_, tunes[tune], part) for tune, part, hash_ in music_hashes(layouts).tolist()]
        old.executemany("INSERT INTO music VALUES (?, ?, ?)", forms)
    rows = [(number, _hash(text), text) for text, number in bars.items()]
    old.executemany("INSERT INTO bar VALUES (?, ?, ?)", rows)


def _hash(text: str) -> int:
    """The first 64 bits of a text's BLAKE2b, as a signed integer."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _sealed(array: np.ndarray) -> tuple[bytes, int]:  # type: ignore[type-arg]
    """An array as little-endian bytes, with their checksum."""
    content = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return content, zlib.crc32(content)
