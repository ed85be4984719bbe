"""The arrays of an index in its file: segments and the vocabulary, read and written."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import suffix_array
from tunetrace.indexer.search.views import TOKENS, VIEWS, View
from tunetrace.indexer.store import schema
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, is_token

SEGMENT_SYMBOLS: Final = 200_000_000
"""The most symbols of a segment; four bytes each in the suffix array stay below SQLite's limit of
10^9 bytes for a BLOB."""


class DamagedError(ValueError):
    """What an index file holds is not what was written."""


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, given in the order of the table's columns, through the driver."""
    statement = f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})"
    connection.connection.cursor().executemany(statement, rows)


def load_vocabulary(connection: sa.Connection) -> Vocabulary:
    """The vocabulary; DamagedError where it is not as it was written."""
    meta = schema.meta.c
    value = connection.scalar(sa.select(meta.value).where(meta.name == "vocabulary"))
    try:
        extensions = json.loads(value or "")
        if not all(map(is_token, extensions)):
            raise DamagedError("the vocabulary has words that are no tokens")
    except (TypeError, ValueError):
        raise DamagedError("the vocabulary is no list of tokens") from None
    return Vocabulary(extensions)


def store_state(connection: sa.Connection) -> None:
    """Write what tells an index from itself before a change."""
    connection.exec_driver_sql(
        f"INSERT OR REPLACE INTO {schema.meta.name} VALUES ('state', lower(hex(randomblob(8))))"
    )


def load_segments(connection: sa.Connection, view: View = TOKENS) -> dict[int, Segment]:
    """The segments in a view by id, in the order of their tunes; DamagedError if not whole."""
    segment, written_view = schema.segment.c, schema.view.c
    rows = connection.execute(
        sa.select(
            segment.id, segment.tune_ids, segment.tune_ids_crc32,
            written_view.stream, written_view.stream_crc32,
            written_view.suffixes, written_view.suffixes_crc32,
        )
        .join_from(
            schema.segment,
            schema.view,
            (written_view.segment_id == segment.id) & (written_view.name == view.name),
            isouter=True,
        )
    )  # fmt: skip
    segments = {}
    for number, *written in rows:
        for array, checksum in zip(written[::2], written[1::2], strict=True):
            if array is None or zlib.crc32(array) != checksum:
                raise DamagedError(f"an array of segment {number} is not what was written")
        try:
            segments[number] = Segment(*written[::2])
        except ValueError as error:
            raise DamagedError(f"segment {number} is not whole: {error}") from None
    return dict(sorted(segments.items(), key=lambda item: item[1].tune_ids[0]))


def load_all_views(connection: sa.Connection) -> dict[int, dict[str, Segment]]:
    """The segments by id, in the order of their tunes, each in every view by its name."""
    in_views = {name: load_segments(connection, view) for name, view in VIEWS.items()}
    return {
        number: {name: segments[number] for name, segments in in_views.items()}
        for number in in_views[TOKENS.name]
    }


def insert_segment(
    connection: sa.Connection, tune_ids: Sequence[int], streams: Mapping[str, bytes]
) -> None:
    """Sort the suffixes of the streams of these tunes and write them as a segment.

    streams: by view, each with a SEPARATOR before each tune and after the last.
    """
    ids = np.array(tune_ids, dtype="<i4").tobytes()
    last = connection.scalar(sa.select(sa.func.max(schema.segment.c.id))) or 0
    insert(connection, schema.segment, [(last + 1, ids, zlib.crc32(ids))])
    for name, stream in streams.items():
        suffixes = suffix_array(stream).astype("<i4").tobytes()
        checksums = zlib.crc32(stream), zlib.crc32(suffixes)
        insert(
            connection,
            schema.view,
            [(last + 1, name, stream, checksums[0], suffixes, checksums[1])],
        )


def delete_segments(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Delete the segments of these ids and their views."""
    for number in numbers:
        connection.execute(sa.delete(schema.view).where(schema.view.c.segment_id == number))
        connection.execute(sa.delete(schema.segment).where(schema.segment.c.id == number))


def joined(tunes: Sequence[bytes]) -> bytes:
    """The stream of some tunes' symbols."""
    separator = bytes([SEPARATOR])
    return separator + b"".join(symbols + separator for symbols in tunes)
