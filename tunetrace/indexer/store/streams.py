"""The arrays of an index, read and written: its segments, their near-copy arrays, the graph."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.indexer.near.graph import NearGraph
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import gram_firsts, suffix_array
from tunetrace.indexer.search.views import TOKENS, VIEWS, View
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.meta import DamagedError
from tunetrace.indexer.store.schema import insert_rows
from tunetrace.tokenizer.vocabulary import SEPARATOR

SEGMENT_SYMBOLS: Final = 200_000_000
"""The most symbols of a segment. A suffix takes four bytes, and SQLite's BLOBs end at 10^9."""

SEGMENT_TUNES: Final = 1 << 15
"""The most tunes of a segment, so that an index of more tunes needs no more memory for sorting."""


def load_segments(connection: sa.Connection, view: View = TOKENS) -> dict[int, Segment]:
    """The segments in a view by id, in the order of their tunes; DamagedError if not whole."""
    segment, stored = schema.segment.c, schema.view.c
    rows = connection.execute(
        sa.select(
            segment.id, segment.tune_ids, segment.tune_ids_crc32,
            stored.stream, stored.stream_crc32, stored.suffixes, stored.suffixes_crc32,
            stored.grams, stored.grams_crc32,
        )
        .join_from(
            schema.segment,
            schema.view,
            (stored.segment_id == segment.id) & (stored.name == view.name),
            isouter=True,
        )
    )  # fmt: skip
    segments = {}
    for number, *written in rows:
        arrays = [
            _checked(array, checksum, f"an array of segment {number}")
            for array, checksum in zip(written[::2], written[1::2], strict=True)
        ]
        try:
            segments[number] = Segment(*arrays)
        except ValueError as error:
            raise DamagedError(f"segment {number} is damaged: {error}") from None
    return dict(sorted(segments.items(), key=lambda item: item[1].tune_ids[0]))


def _checked(array: object, checksum: int, named: str) -> bytes:
    """An array as it is stored; DamagedError if it does not match its checksum."""
    if not isinstance(array, bytes) or zlib.crc32(array) != checksum:
        raise DamagedError(f"{named} does not match its checksum")
    return array


def load_all_views(connection: sa.Connection) -> dict[int, dict[str, Segment]]:
    """The segments by id, in the order of their tunes; each in every view, by the view's name."""
    in_views = {name: load_segments(connection, view) for name, view in VIEWS.items()}
    return {
        number: {name: segments[number] for name, segments in in_views.items()}
        for number in in_views[TOKENS.name]
    }


def insert_segment(
    connection: sa.Connection,
    tune_ids: Sequence[int],
    streams: Mapping[str, bytes],
    near: NearSegment,
) -> None:
    """Sort the suffixes of the streams of these tunes and write their segment.

    streams: by the view's name, each with a SEPARATOR before each tune and after the last. near:
    their near-copy arrays.
    """
    ids = np.array(tune_ids, dtype="<i4").tobytes()
    last = connection.scalar(sa.select(sa.func.max(schema.segment.c.id))) or 0
    insert_rows(connection, schema.segment, [(last + 1, ids, zlib.crc32(ids))])
    for name, stream in streams.items():
        suffixes = suffix_array(stream)
        grams = gram_firsts(stream, suffixes)
        arrays = (stream, *(some.astype("<i4").tobytes() for some in (suffixes, grams)))
        with_checksums = (part for array in arrays for part in (array, zlib.crc32(array)))
        insert_rows(connection, schema.view, [(last + 1, name, *with_checksums)])
    _insert_near(connection, last + 1, near)


def delete_segments(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Delete the segments of these ids, their views and their near-copy arrays."""
    for number in numbers:
        connection.execute(sa.delete(schema.near).where(schema.near.c.segment_id == number))
        connection.execute(sa.delete(schema.view).where(schema.view.c.segment_id == number))
        connection.execute(sa.delete(schema.segment).where(schema.segment.c.id == number))


def load_near(
    connection: sa.Connection,
    among: Sequence[int] | None = None,
    hidden: Collection[int] = (),
) -> dict[int, NearSegment]:
    """The near-copy arrays of segments by the ids of these, in the order of their tunes.

    among: the ids of the segments; None for all. hidden: the ids of tunes that are left out; a
    segment without any other tune is absent. DamagedError if the arrays are not whole.
    """
    tunes = _tunes_of_segments(connection)
    wanted = [number for number in tunes if among is None or number in among]
    found: dict[int, dict[str, bytes]] = {number: {} for number in wanted}
    rows = connection.execute(sa.select(schema.near).where(schema.near.c.segment_id.in_(wanted)))
    for number, name, numbers, checksum in rows:
        named = f"the array '{name}' of the near copies of segment {number}"
        found[number][name] = _checked(numbers, checksum, named)
    read = {}
    for number, arrays in found.items():
        ids = tunes[number]
        try:
            read[number] = NearSegment.read(arrays, len(ids))
        except ValueError as error:
            raise DamagedError(f"segment {number} is damaged: {error}") from None
        kept = np.flatnonzero(~np.isin(ids, list(hidden))).tolist()
        if not kept:
            del read[number]
        elif len(kept) < len(ids):
            read[number] = read[number].select(kept)
    return read


def _tunes_of_segments(connection: sa.Connection) -> dict[int, NDArray[np.int32]]:
    """The ids of the tunes of each segment, by its id, in the order of their tunes."""
    segment = schema.segment.c
    rows = connection.execute(sa.select(segment.id, segment.tune_ids))
    ids = {number: np.frombuffer(tunes, dtype="<i4") for number, tunes in rows}
    return {number: ids[number] for number in sorted(ids, key=lambda one: ids[one][0])}


def _insert_near(connection: sa.Connection, segment: int, near: NearSegment) -> None:
    """Write the near-copy arrays of a segment, given by its id."""
    rows = [
        (segment, name, numbers, zlib.crc32(numbers)) for name, numbers in near.arrays().items()
    ]
    insert_rows(connection, schema.near, rows)


def load_graph(connection: sa.Connection) -> NearGraph | None:
    """The neighbour graph, None if the tunes were not compared; DamagedError if it is not whole."""
    arrays: dict[str, bytes] = {}
    for name, numbers, checksum in connection.execute(sa.select(schema.neighbours)):
        arrays[name] = _checked(numbers, checksum, f"the array '{name}' of the neighbour graph")
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


def joined(tunes: Sequence[bytes]) -> bytes:
    """The stream of tunes, given by their symbols."""
    separator = bytes([SEPARATOR])
    return separator + b"".join(symbols + separator for symbols in tunes)
