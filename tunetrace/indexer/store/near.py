"""The near-copy arrays of an index: those of its segments and the neighbour graph."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from tunetrace.indexer.near.graph import NearGraph
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.meta import DamagedError
from tunetrace.indexer.store.schema import insert_rows


def load_near(
    connection: sa.Connection, among: Sequence[int] | None = None
) -> dict[int, NearSegment]:
    """The near-copy arrays of segments by the ids of these, in the order of their tunes.

    among: the ids of the segments; None for all. DamagedError if the arrays are not whole.
    """
    tunes = _tunes_of_segments(connection)
    wanted = [number for number in tunes if among is None or number in among]
    found: dict[int, dict[str, bytes]] = {number: {} for number in wanted}
    rows = connection.execute(sa.select(schema.near).where(schema.near.c.segment_id.in_(wanted)))
    for number, name, numbers, checksum in rows:
        if not isinstance(numbers, bytes) or zlib.crc32(numbers) != checksum:
            raise DamagedError(
                f"the array '{name}' of the near copies of segment {number} does not match its "
                "checksum"
            )
        found[number][name] = numbers
    read = {}
    for number, arrays in found.items():
        try:
            read[number] = NearSegment.read(arrays, tunes[number])
        except ValueError as error:
            raise DamagedError(f"segment {number} is damaged: {error}") from None
    return read


def _tunes_of_segments(connection: sa.Connection) -> dict[int, int]:
    """How many tunes each segment has, by its id, in the order of their tunes."""
    segment = schema.segment.c
    rows = connection.execute(sa.select(segment.id, segment.tune_ids))
    ids = {number: np.frombuffer(tunes, dtype="<i4") for number, tunes in rows}
    return {number: len(ids[number]) for number in sorted(ids, key=lambda one: ids[one][0])}


def insert_near(connection: sa.Connection, segment: int, near: NearSegment) -> None:
    """Write the near-copy arrays of a segment, given by its id."""
    rows = [
        (segment, name, numbers, zlib.crc32(numbers)) for name, numbers in near.arrays().items()
    ]
    insert_rows(connection, schema.near, rows)


def delete_near(connection: sa.Connection, segment: int) -> None:
    """Delete the near-copy arrays of a segment, given by its id."""
    connection.execute(sa.delete(schema.near).where(schema.near.c.segment_id == segment))


def load_graph(connection: sa.Connection) -> NearGraph | None:
    """The neighbour graph, None if the tunes were not compared; DamagedError if it is not whole."""
    arrays: dict[str, bytes] = {}
    for name, numbers, checksum in connection.execute(sa.select(schema.neighbours)):
        if not isinstance(numbers, bytes) or zlib.crc32(numbers) != checksum:
            raise DamagedError(
                f"the array '{name}' of the neighbour graph does not match its checksum"
            )
        arrays[name] = numbers
    if not arrays:
        return None
    try:
        return NearGraph.read(arrays)
    except ValueError as error:
        raise DamagedError(f"the neighbour graph is damaged: {error}") from None


def store_graph(connection: sa.Connection, graph: NearGraph) -> None:
    """Write the neighbour graph in place of the one there is."""
    connection.execute(sa.delete(schema.neighbours))
    arrays = graph.arrays()
    rows = [(name, numbers, zlib.crc32(numbers)) for name, numbers in arrays.items()]
    insert_rows(connection, schema.neighbours, rows)
