"""The near-copy arrays of an index: those of its segments, read and written."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import sqlalchemy as sa

from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.meta import DamagedError
from tunetrace.indexer.store.schema import insert_rows


def load_near(connection: sa.Connection, segments: Mapping[int, Segment]) -> dict[int, NearSegment]:
    """The near-copy arrays of segments, by the ids of these; DamagedError if they are not whole."""
    found: dict[int, dict[str, bytes]] = {number: {} for number in segments}
    rows = connection.execute(
        sa.select(schema.near).where(schema.near.c.segment_id.in_(list(segments)))
    )
    for number, name, numbers, checksum in rows:
        if numbers is None or zlib.crc32(numbers) != checksum:
            raise DamagedError(
                f"the array '{name}' of the near copies of segment {number} does not match its "
                "checksum"
            )
        found[number][name] = numbers
    read = {}
    for number, arrays in found.items():
        try:
            read[number] = NearSegment.read(arrays, len(segments[number].tune_ids))
        except ValueError as error:
            raise DamagedError(f"segment {number} is damaged: {error}") from None
    return read


def insert_near(connection: sa.Connection, segment: int, near: NearSegment) -> None:
    """Write the near-copy arrays of a segment, given by its id."""
    rows = [
        (segment, name, numbers, zlib.crc32(numbers)) for name, numbers in near.arrays().items()
    ]
    insert_rows(connection, schema.near, rows)


def delete_near(connection: sa.Connection, segment: int) -> None:
    """Delete the near-copy arrays of a segment, given by its id."""
    connection.execute(sa.delete(schema.near).where(schema.near.c.segment_id == segment))
