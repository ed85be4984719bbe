"""Schema 6, the first that can be upgraded: rows for bars and forms, an array in one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from tunetrace.progress import Progress

if TYPE_CHECKING:
    from alembic.operations import Operations

revision = "0006"
down_revision = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

corpus = sa.Table(
    "corpus",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("licence", sa.String),
    sa.Column("version", sa.String),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("added", sa.String, nullable=False),
    sa.Column("tunes", sa.BigInteger, nullable=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.Column("bars", sa.BigInteger, nullable=False),
    sa.Column("set_aside", sa.BigInteger, nullable=False),
)

tune = sa.Table(
    "tune",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("corpus_id", sa.ForeignKey("corpus.id"), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("meter", sa.String),
    sa.Column("key", sa.String),
    sa.Column("original_key", sa.String),
    sa.Column("work", sa.String),
    sa.Column("link", sa.String),
    sa.Column("remarks", sa.Text),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("tune_corpus_number", "corpus_id", "number"),
    sa.Index("tune_work", "work"),
)

title = sa.Table(
    "title",
    metadata,
    sa.Column("tune_id", sa.ForeignKey("tune.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("title_key", sa.String, nullable=False),
    sa.Index("title_title_key", "title_key"),
    sqlite_with_rowid=False,
)

reject = sa.Table(
    "reject",
    metadata,
    sa.Column("id", _BIG_ID, primary_key=True, autoincrement=False),
    sa.Column("corpus_id", sa.ForeignKey("corpus.id"), nullable=False),
    sa.Column("number", sa.BigInteger),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("input", sa.String, nullable=False),
    sa.Column("line", sa.BigInteger),
    sa.Column("column", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
)

bar = sa.Table(
    "bar",
    metadata,
    sa.Column("id", _BIG_ID, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.BigInteger, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("bar_hash", "hash"),
)

bar_hit = sa.Table(
    "bar_hit",
    metadata,
    sa.Column("bar_id", sa.ForeignKey("bar.id"), primary_key=True),
    sa.Column("tune_id", sa.ForeignKey("tune.id"), primary_key=True),
    sa.Column("token", sa.Integer, primary_key=True),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

music = sa.Table(
    "music",
    metadata,
    sa.Column("hash", sa.BigInteger, primary_key=True),
    sa.Column("tune_id", sa.ForeignKey("tune.id"), primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sqlite_with_rowid=False,
)

segment = sa.Table(
    "segment",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tune_ids", sa.LargeBinary, nullable=False),
    sa.Column("tune_ids_crc32", sa.BigInteger, nullable=False),
)

view = sa.Table(
    "view",
    metadata,
    sa.Column("segment_id", sa.ForeignKey("segment.id"), primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("stream", sa.LargeBinary, nullable=False),
    sa.Column("stream_crc32", sa.BigInteger, nullable=False),
    sa.Column("suffixes", sa.LargeBinary, nullable=False),
    sa.Column("suffixes_crc32", sa.BigInteger, nullable=False),
    sa.Column("grams", sa.LargeBinary, nullable=False),
    sa.Column("grams_crc32", sa.BigInteger, nullable=False),
)

near = sa.Table(
    "near",
    metadata,
    sa.Column("segment_id", sa.ForeignKey("segment.id"), primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("numbers", sa.LargeBinary, nullable=False),
    sa.Column("numbers_crc32", sa.BigInteger, nullable=False),
)

neighbours = sa.Table(
    "neighbours",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("numbers", sa.LargeBinary, nullable=False),
    sa.Column("numbers_crc32", sa.BigInteger, nullable=False),
)

baseline = sa.Table(
    "baseline",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("numbers", sa.LargeBinary, nullable=False),
    sa.Column("numbers_crc32", sa.BigInteger, nullable=False),
)


def upgrade(op: Operations, progress: Progress) -> None:
    """Make the tables in an empty database."""
    progress("making the tables", 0)
    metadata.create_all(op.get_bind())
