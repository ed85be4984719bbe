"""From schema 6 to 7: arrays in pieces with SHA-256; bars and forms as arrays of their segments.

The arrays of one view of one segment are in memory at a time, or the bars of one segment. What has
been moved is deleted at once, so that its place in the file is used for what comes next.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.indexer.store.meta import DamagedError
from tunetrace.indexer.store.migrations import schema_0006 as old
from tunetrace.indexer.store.schema import insert_rows
from tunetrace.progress import Progress
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

if TYPE_CHECKING:
    from alembic.operations import Operations

revision = "0007"
down_revision = "0006"

_PIECE_BYTES: Final = 1 << 22
_VIEWS: Final = ("tokens", "melody", "intervals", "rhythm", "contour")
_NEAR: Final = {
    "terms": "<u4", "starts": "<i4", "tunes": "", "sizes": "<f4", "headers": "<i4",
    "notes": "|u1", "ends of notes": "<i4", "quavers": "|u1", "ends of quavers": "<i4",
    "beats": "|u1", "ends of beats": "<i4",
}  # fmt: skip
"""The types of the arrays of near copies, in their order. That of the tunes depends on how many
there are."""
_GRAPH: Final = {
    "tunes": "<i4", "pairs": "<i4", "ups": "|i1", "probabilities": "<f4", "families": "<i4",
}  # fmt: skip
_BASELINE: Final = {
    "tune": "<i4", "notes": "<i4",
    **dict.fromkeys(
        ("longest_notes", "copied_8", "copied_12", "copied_16", "copied_24", "copied_32",
         "creativity", "originality", "bars_in_corpus", "bars_same_position", "similarity"),
        "<f4",
    ),
}  # fmt: skip
_COUNTED: Final = ("corpus", "tune", "reject", "segment", "array")

metadata = sa.MetaData()
sa.Table("segment", metadata, sa.Column("id", sa.Integer, primary_key=True))

array = sa.Table(
    "array",
    metadata,
    sa.Column("id", old._BIG_ID, primary_key=True, autoincrement=False),
    sa.Column("segment_id", sa.ForeignKey("segment.id")),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("dtype", sa.String, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Index("array_segment_purpose", "segment_id", "purpose", "place"),
)

piece = sa.Table(
    "piece",
    metadata,
    sa.Column("array_id", sa.ForeignKey("array.id"), primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

counter = sa.Table(
    "counter",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)

Numbers: TypeAlias = NDArray[np.signedinteger[Any]]


def upgrade(op: Operations, progress: Progress) -> None:
    """Upgrade an index; DamagedError if it is not whole."""
    connection = op.get_bind()
    metadata.create_all(connection, tables=[array, piece, counter])
    # By tune, so that the bars and forms of a segment are found without a look at all of them.
    progress("sorting the bars", 0)
    op.create_index("bar_hit_tune", "bar_hit", ["tune_id", "token", "bar_id", "part", "number"])
    op.create_index("music_tune", "music", ["tune_id", "hash", "part"])
    op.add_column("segment", sa.Column("first_tune", sa.Integer))
    op.add_column("segment", sa.Column("tunes", sa.Integer))
    try:
        _Upgrade(connection, progress).run()
    except (TypeError, ValueError, OverflowError) as error:  # numbers and texts that are none
        raise DamagedError(f"a value cannot be read: {error}") from None
    for table in ("bar_hit", "bar", "music", "view", "near", "neighbours", "baseline"):
        op.drop_table(table)
    with op.batch_alter_table("segment") as segment:
        segment.alter_column("first_tune", nullable=False)
        segment.alter_column("tunes", nullable=False)
        segment.drop_column("tune_ids")
        segment.drop_column("tune_ids_crc32")


class _Upgrade:
    """The rows of one index on their way."""

    def __init__(self, connection: sa.Connection, progress: Progress) -> None:
        self._connection = connection
        self._progress = progress
        self._vocabulary = _vocabulary(connection)
        self._last_array = 0
        self._tunes = 0

    def run(self) -> None:
        """Write all arrays and the counters."""
        segment = old.segment.c
        numbers = list(self._connection.scalars(sa.select(segment.id).order_by(segment.id)))
        for number in numbers:
            self._take_segment(number)
        graph = self._moved(None, old.neighbours, _GRAPH)
        if graph:
            self._write(None, "graph", graph | _sides(graph))
        self._take(None, "baseline", old.baseline, _BASELINE)
        for hits in (old.bar_hit, old.music):
            tunes = sa.select(old.tune.c.id)
            of_none = sa.select(sa.func.count()).where(hits.c.tune_id.not_in(tunes))
            if self._connection.scalar(of_none):
                raise DamagedError(f"the table {hits.name} has rows of tunes that are missing")
        for name in _COUNTED:
            last = self._last_array
            if name != "array":
                last = self._connection.scalar(sa.select(sa.func.max(sa.column("id"))).select_from(
                    old.metadata.tables[name])) or 0  # fmt: skip
            insert_rows(self._connection, counter, [(name, last)])

    def _take_segment(self, number: int) -> None:
        """Move all of a segment."""
        segment = old.segment
        is_this = segment.c.id == number
        ids = np.frombuffer(self._content(segment, "tune_ids", is_this), "<i4")
        if not len(ids) or (np.diff(ids) <= 0).any():
            raise DamagedError(f"the tunes of segment {number} are not in order")
        # The columns are added by this migration; the tables of schema 6 do not have them.
        update = sa.text("UPDATE segment SET first_tune = :first, tunes = :tunes WHERE id = :id")
        values = {"first": int(ids[0]), "tunes": len(ids), "id": number}
        self._connection.execute(update, values)
        self._write(number, "tunes", {"ids": ids})
        for name in _VIEWS:
            self._report("moving the arrays")
            self._take_view(number, name)
        near = _NEAR | {"tunes": "<u2" if len(ids) <= 1 << 16 else "<u4"}
        self._take(number, "near", old.near, near)
        self._report("moving the bars")
        self._write(number, "bars", self._bars(ids))
        self._write(number, "music", self._music(ids))
        self._tunes += len(ids)

    def _take_view(self, number: int, name: str) -> None:
        view = old.view
        is_this = (view.c.segment_id == number) & (view.c.name == name)
        stream = np.frombuffer(self._content(view, "stream", is_this), np.uint8)
        arrays = {
            "stream": stream,
            "suffixes": np.frombuffer(self._content(view, "suffixes", is_this), "<i4"),
            "bounds": np.flatnonzero(stream == SEPARATOR).astype("<i4"),
            "grams": np.frombuffer(self._content(view, "grams", is_this), "<i4"),
        }
        self._connection.execute(sa.delete(view).where(is_this))
        self._write(number, name, arrays)

    def _take(
        self, number: int | None, purpose: str, table: sa.Table, types: Mapping[str, str]
    ) -> None:
        """Move arrays that are a row each: those of a segment, or of the whole index."""
        arrays = self._moved(number, table, types)
        if arrays:
            self._write(number, purpose, arrays)

    def _moved(
        self, number: int | None, table: sa.Table, types: Mapping[str, str]
    ) -> dict[str, NDArray[Any]]:
        """Arrays that are a row each, of a segment or of the whole index; their rows are deleted.

        Empty if the whole index has none.
        """
        of = sa.true() if number is None else table.c.segment_id == number
        names = set(self._connection.scalars(sa.select(table.c.name).where(of)))
        if not names and number is None:
            return {}
        if names - {"similarity"} != types.keys() - {"similarity"}:
            raise DamagedError(f"the table {table.name} has the wrong arrays")
        arrays = {
            name: np.frombuffer(self._content(table, "numbers", of & (table.c.name == name)), dtype)
            for name, dtype in types.items()
            if name in names
        }
        self._connection.execute(sa.delete(table).where(of))
        return arrays

    def _content(self, table: sa.Table, column: str, is_meant: sa.ColumnElement[bool]) -> bytes:
        """A value of a row; DamagedError if it does not match its checksum."""
        columns = table.c[column], table.c[f"{column}_crc32"]
        row = self._connection.execute(sa.select(*columns).where(is_meant)).first()
        content, checksum = (None, None) if row is None else row
        if not isinstance(content, bytes) or zlib.crc32(content) != checksum:
            raise DamagedError(f"a value of {table.name} does not match its checksum")
        return content

    def _bars(self, ids: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
        """The bars of the tunes of a segment."""
        hit = old.bar_hit.c
        rows = self._numbers(
            sa.select(hit.tune_id, hit.token, hit.part, hit.number, hit.bar_id)
            .where(hit.tune_id.between(int(ids[0]), int(ids[-1])))
            .order_by(hit.tune_id, hit.token),
            5,
        )
        tunes, tokens, parts, numbers, bars = rows.T
        if not np.isin(tunes, ids).all():
            raise DamagedError("the table bar_hit has bars of tunes that no segment has")
        distinct, of = np.unique(bars, return_inverse=True)
        bar = old.bar.c
        these = sa.select(hit.bar_id).where(hit.tune_id.between(int(ids[0]), int(ids[-1])))
        select = sa.select(bar.id, bar.hash, bar.text).where(bar.id.in_(these)).order_by(bar.id)
        found = [(row[0], row[1], row[2]) for row in self._connection.execute(select)]
        if [row[0] for row in found] != distinct.tolist():
            raise DamagedError("the table bar_hit has hits of bars that are missing")
        order = sorted(range(len(found)), key=lambda place: found[place][1:])
        rank = np.empty(len(found), np.int32)
        rank[order] = np.arange(len(found), dtype=np.int32)
        ranks = rank[of]
        texts = [_symbols(self._vocabulary, found[place][2]) for place in order]
        return {
            "symbols": np.frombuffer(b"".join(texts), np.uint8),
            "starts": _firsts([*map(len, texts)]),
            "hashes": np.array([found[place][1] for place in order], "<i8"),
            "firsts": _firsts(np.bincount(ranks, minlength=len(found))),
            "hits": np.argsort(ranks, kind="stable").astype("<i4"),
            "of": ranks,
            "tokens": _narrow(tokens),
            "parts": _narrow(parts),
            "numbers": _narrow(numbers),
            "tunes": np.searchsorted(tunes, np.append(ids, ids[-1] + 1)).astype("<i4"),
        }

    def _music(self, ids: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
        """The forms of the tunes of a segment."""
        music = old.music.c
        rows = self._numbers(
            sa.select(music.hash, music.tune_id, music.part).where(
                music.tune_id.between(int(ids[0]), int(ids[-1]))
            ),
            3,
        )
        hashes, tunes, parts = rows[np.lexsort(rows.T[::-1])].T
        if not np.isin(tunes, ids).all():
            raise DamagedError("the table music has forms of tunes that no segment has")
        return {
            "hashes": hashes.astype("<i8"),
            "tunes": _narrow(tunes),
            "parts": _narrow(parts),
        }

    def _numbers(self, select: sa.Select[Any], columns: int) -> NDArray[np.int64]:
        """The rows that a question finds: (rows, columns)."""
        rows = self._connection.execute(select)
        return np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, columns)

    def _write(self, number: int | None, purpose: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the arrays of a segment, or of the whole index, for a purpose."""
        for place, (name, numbers) in enumerate(arrays.items()):
            self._last_array += 1
            content = memoryview(np.ascontiguousarray(numbers).view(np.uint8))  # type: ignore[arg-type]
            checksum = hashlib.sha256(content).hexdigest()
            row = (self._last_array, number, purpose, place, name, numbers.dtype.str, len(content),
                   checksum)  # fmt: skip
            insert_rows(self._connection, array, [row])
            for at, start in enumerate(range(0, len(content), _PIECE_BYTES)):
                some = bytes(content[start : start + _PIECE_BYTES])
                insert_rows(self._connection, piece, [(self._last_array, at, some)])

    def _report(self, what: str) -> None:
        self._progress(what, self._tunes)


def _vocabulary(connection: sa.Connection) -> Vocabulary:
    named = sa.select(old.meta.c.value).where(old.meta.c.name == "vocabulary")
    try:
        return Vocabulary(json.loads(connection.scalar(named) or ""))
    except (TypeError, ValueError):
        raise DamagedError("the vocabulary is not a list of tokens") from None


def _symbols(vocabulary: Vocabulary, text: str) -> bytes:
    """The symbols of a bar, and a SEPARATOR."""
    try:
        return vocabulary.encode(text.split()) + bytes([SEPARATOR])
    except (AttributeError, KeyError):
        raise DamagedError("a bar has tokens that the vocabulary lacks") from None


def _narrow(numbers: NDArray[np.int64]) -> NDArray[np.int32]:
    """Numbers in four bytes each; DamagedError if one needs more."""
    narrow = numbers.astype("<i4")
    if not np.array_equal(narrow, numbers):
        raise DamagedError("a number is too large")
    return narrow


def _sides(graph: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.int32]]:
    """The neighbours of each tune of the graph: where they begin, and each pair from both sides."""
    tunes, pairs = graph["tunes"], graph["pairs"].reshape(-1, 2)
    if len(pairs) != len(graph["probabilities"]) or not np.isin(pairs, tunes).all():
        raise DamagedError("the arrays of the neighbour graph do not fit together")
    of, others = pairs.ravel(), pairs[:, ::-1].ravel()
    order = np.lexsort((others, -np.repeat(graph["probabilities"], 2), of))
    starts = np.append(np.searchsorted(of[order], tunes), len(of))
    return {"starts": starts.astype("<i4"), "sides": order.astype("<i4")}


def _firsts(counts: Sequence[int] | Numbers) -> NDArray[np.int32]:
    """Where each of several runs begins, and the end of the last: (runs + 1,)."""
    return np.concatenate([[0], np.cumsum(counts)]).astype("<i4")
