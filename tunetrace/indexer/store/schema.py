"""The tables of an index.

Rows where people ask questions (tunes, bars, where each bar stands), arrays where machines do
(token streams and suffix arrays, as BLOBs of a segment).
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import sqlite

SCHEMA_VERSION: Final = 4
APPLICATION_ID: Final = int.from_bytes(b"tune", "big")
"""SQLite's application_id, by which a database of another program is told apart."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
"""tunetrace_version; vocabulary, the tokens beyond v2 as a JSON list, from symbol 137 up; state, a
random number that is another after every change."""

corpus = Table(
    "corpus",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("source", String, nullable=False),
    Column("licence", String),
    Column("version", String),
    Column("sha256", String, nullable=False),
    Column("added", String, nullable=False),
    Column("tunes", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("bars", Integer, nullable=False),
    Column("set_aside", Integer, nullable=False),
)
"""sha256 is that of the transcriptions as found, in order, and of what was set aside
(writer.Digest); added an ISO date and time in UTC."""

tune = Table(
    "tune",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("corpus_id", ForeignKey("corpus.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("title", String, nullable=False),
    Column("meter", String),
    Column("key", String),
    Column("original_key", String),
    Column("work", String),
    Column("link", String),
    Column("remarks", Text),
    Column("text", Text, nullable=False),
    Index("tune_corpus_number", "corpus_id", "number"),
    Index("tune_work", "work"),
)
"""An id is never another tune's while its own is there; remarks are a JSON list, or null."""

title = Table(
    "title",
    metadata,
    Column("tune_id", ForeignKey("tune.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("title", String, nullable=False),
    Column("title_key", String, nullable=False),
    Index("title_title_key", "title_key"),
    sqlite_with_rowid=False,
)
"""All titles of each tune, the chief one at position 0; title_key is what they are found by."""

reject = Table(
    "reject",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("corpus_id", ForeignKey("corpus.id"), nullable=False),
    Column("number", Integer),
    Column("title", String, nullable=False),
    Column("input", String, nullable=False),
    Column("line", Integer),
    Column("column", Integer),
    Column("reason", Text, nullable=False),
    Column("kind", String, nullable=False),
)
"""The tunes that were set aside, in the order in which they were met."""

bar = Table(
    "bar",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Index("bar_hash", "hash"),
)
"""The distinct bars. hash is the first 64 bits of the text's BLAKE2b, as a signed integer."""

bar_hit = Table(
    "bar_hit",
    metadata,
    Column("bar_id", ForeignKey("bar.id"), primary_key=True),
    Column("tune_id", ForeignKey("tune.id"), primary_key=True),
    Column("token", Integer, primary_key=True),
    Column("part", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Where each bar stands; token is the first of it, counted from the tune's first. Rows of one bar
lie together, which is how they are asked for."""

music = Table(
    "music",
    metadata,
    Column("hash", Integer, primary_key=True),
    Column("tune_id", ForeignKey("tune.id"), primary_key=True),
    Column("part", Integer, primary_key=True),
    sqlite_with_rowid=False,
)
"""The forms of each tune and of its parts (sameness.py), by their hash, a signed integer of 64
bits; part 0 is the whole tune."""

segment = Table(
    "segment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tune_ids", LargeBinary, nullable=False),
    Column("tune_ids_crc32", Integer, nullable=False),
)
"""tune_ids: the tunes of the stream in its order, ascending, as little-endian int32."""

view = Table(
    "view",
    metadata,
    Column("segment_id", ForeignKey("segment.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("stream", LargeBinary, nullable=False),
    Column("stream_crc32", Integer, nullable=False),
    Column("suffixes", LargeBinary, nullable=False),
    Column("suffixes_crc32", Integer, nullable=False),
)
"""The tunes of a segment in a view, by the view's name (search/views.py). stream is uint8 with a
SEPARATOR before each tune and after the last; suffixes its suffix array, little-endian int32."""

baseline = Table(
    "baseline",
    metadata,
    Column("name", String, primary_key=True),
    Column("numbers", LargeBinary, nullable=False),
    Column("numbers_crc32", Integer, nullable=False),
)
"""What was measured of each tune against all others, a column a row: `tune`, the ids, ascending,
and `notes`, little-endian int32; each measure by its name, little-endian float32. No rows until
that is done, and none after the index has changed."""


def as_text(select: Select[Any]) -> str:
    """A statement as SQLite's driver takes it, with `?` for its values, in their order."""
    return str(select.compile(dialect=sqlite.dialect()))


def text_hash(text: str) -> int:
    """The first 64 bits of the text's BLAKE2b, as a signed integer: how a bar is looked up."""
    return int.from_bytes(
        hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True
    )
