"""The arrays of an index, read and written: segments with all that they hold, and the graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.indexer.bars.segment import SegmentBars
from tunetrace.indexer.music.segment import SegmentMusic
from tunetrace.indexer.near.graph import NearGraph
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.views import TOKENS, View
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.arrays.pieces import delete_arrays, load_arrays, store_arrays
from tunetrace.indexer.store.meta import DamagedError, take_ids
from tunetrace.indexer.store.schema import insert_rows
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

SEGMENT_SYMBOLS: Final = 200_000_000
"""The most symbols of a segment: its suffixes are sorted in memory, five bytes for each symbol."""

SEGMENT_TUNES: Final = 1 << 17
"""The most tunes of a segment, so that an index of more tunes needs no more memory for sorting.
Every question asks every segment, so that fewer ones answer sooner."""

STREAM: Final = "stream"
"""The name of the array of a view that has the symbols."""

TUNES: Final = "tunes"
NEAR: Final = "near"
BARS: Final = "bars"
MUSIC: Final = "music"
GRAPH: Final = "graph"
"""What arrays are read together for, besides the views by their names."""

_PURPOSES: Final[dict[type, str]] = {NearSegment: NEAR, SegmentBars: BARS, SegmentMusic: MUSIC}


Kind = TypeVar("Kind", NearSegment, SegmentBars, SegmentMusic)
"""What a segment holds of its tunes besides their streams."""


@dataclass(frozen=True, slots=True)
class Besides:
    """What a segment holds of its tunes besides their streams."""

    near: NearSegment
    bars: SegmentBars
    music: SegmentMusic

    @classmethod
    def of(cls, ids: Sequence[int], layouts: Sequence[Layout], vocabulary: Vocabulary) -> Besides:
        """That of some tunes, whose tokens the vocabulary has."""
        return cls(
            NearSegment.of(layouts),
            SegmentBars.of_layouts(ids, layouts, vocabulary),
            SegmentMusic.of(ids, layouts),
        )

    @classmethod
    def join(cls, pieces: Sequence[Besides]) -> Besides:
        """That of the tunes of several, in their order."""
        return cls(
            NearSegment.join([piece.near for piece in pieces]),
            SegmentBars.join([piece.bars for piece in pieces]),
            SegmentMusic.join([piece.music for piece in pieces]),
        )

    def select(self, places: Sequence[int]) -> Besides:
        """That of some of the tunes, given by their places in ascending order."""
        return Besides(
            self.near.select(places), self.bars.select(places), self.music.select(places)
        )


def segment_numbers(connection: sa.Connection) -> list[int]:
    """The ids of the segments, in the order of their tunes."""
    column = schema.segment.c
    return list(connection.scalars(sa.select(column.id).order_by(column.first_tune)))


def segment_sizes(connection: sa.Connection) -> dict[int, tuple[int, int]]:
    """How many tunes a segment has, and how many symbols in the view that has most, by its id.

    The segments are in the order of their tunes.
    """
    segment, array = schema.segment.c, schema.array.c
    select = (
        sa.select(segment.id, segment.tunes, sa.func.max(array.bytes))
        .join_from(schema.segment, schema.array)
        .where(array.name == STREAM)
        .group_by(segment.id, segment.tunes, segment.first_tune)
        .order_by(segment.first_tune)
    )
    return {row[0]: (row[1], int(row[2])) for row in connection.execute(select)}


def load_tune_ids(connection: sa.Connection, number: int) -> NDArray[np.int32]:
    """The ids of the tunes of a segment, ascending; DamagedError if they are not whole."""
    stored = load_arrays(connection, [number], TUNES)
    if number not in stored:
        raise DamagedError(f"segment {number} has no list of its tunes")
    return stored[number]["ids"]


def load_segments(
    connection: sa.Connection, view: View = TOKENS, among: Sequence[int] | None = None
) -> dict[int, Segment]:
    """Segments in a view by id, in the order of their tunes; DamagedError if not whole.

    among: the ids of the segments; None for all.
    """
    numbers = [one for one in segment_numbers(connection) if among is None or one in among]
    tunes = load_arrays(connection, numbers, TUNES)
    stored = load_arrays(connection, numbers, view.name)
    segments = {}
    for number in numbers:
        if number not in tunes or number not in stored or "stream" not in stored[number].by_name:
            raise DamagedError(f"segment {number} has no stream of the view {view.name}")
        arrays = stored[number]
        try:
            segments[number] = Segment(
                tunes[number]["ids"], arrays.text, arrays["suffixes"], arrays["bounds"],
                arrays["grams"],
            )  # fmt: skip
        except ValueError as error:
            raise DamagedError(f"segment {number} is damaged: {error}") from None
    return segments


def insert_segment(connection: sa.Connection, tune_ids: NDArray[np.int32]) -> int:
    """Write that there is a segment of these tunes; gives its id. All else of it is stored after.

    tune_ids: (tunes,) ascending.
    """
    number = take_ids(connection, schema.segment)
    insert_rows(connection, schema.segment, [(number, int(tune_ids[0]), len(tune_ids))])
    store_arrays(connection, number, TUNES, {"ids": tune_ids})
    return number


def sort_view(tunes: int, stream: bytes) -> dict[str, NDArray[Any]]:
    """Sort the suffixes of a segment's stream in a view: the arrays that are stored with it.

    tunes: how many the segment has. stream: with a SEPARATOR before each tune and after the last.
    """
    sorted_ = Segment.of(range(tunes), stream)
    return {
        "suffixes": sorted_.suffixes,
        "bounds": sorted_.bounds,
        "grams": sorted_.gram_firsts,
    }


def store_view(
    connection: sa.Connection,
    number: int,
    name: str,
    stream: bytes,
    sorted_: Mapping[str, NDArray[Any]],
) -> None:
    """Write the stream of a segment in a view, and what sort_view gives for it.

    number: the id of the segment. name: of the view.
    """
    arrays = {STREAM: np.frombuffer(stream, np.uint8), **sorted_}
    store_arrays(connection, number, name, arrays)


def store_held(
    connection: sa.Connection, number: int, held: NearSegment | SegmentBars | SegmentMusic
) -> None:
    """Write what a segment, given by its id, holds of its tunes besides their streams."""
    store_arrays(connection, number, _PURPOSES[type(held)], held.arrays())


def delete_segments(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Delete the segments of these ids with all their arrays."""
    for number in numbers:
        delete_arrays(connection, number)
        connection.execute(sa.delete(schema.segment).where(schema.segment.c.id == number))


def load_besides(
    connection: sa.Connection, among: Sequence[int] | None = None
) -> dict[int, Besides]:
    """What segments hold besides their streams, as load_near gives their near-copy arrays."""
    near, bars = load_near(connection, among), load_bars(connection, among)
    music = load_music(connection, among)
    return {number: Besides(near[number], bars[number], music[number]) for number in near}


def load_near(
    connection: sa.Connection,
    among: Sequence[int] | None = None,
    hidden: Collection[int] = (),
) -> dict[int, NearSegment]:
    """The near-copy arrays of segments by the ids of these, in the order of their tunes.

    among: the ids of the segments; None for all. hidden: the ids of tunes that are left out; a
    segment without any other tune is absent. DamagedError if the arrays are not whole.
    """
    return _load(connection, NEAR, NearSegment, among, hidden)


def load_bars(
    connection: sa.Connection,
    among: Sequence[int] | None = None,
    hidden: Collection[int] = (),
) -> dict[int, SegmentBars]:
    """The bars of segments, as load_near gives their near-copy arrays."""
    return _load(connection, BARS, SegmentBars, among, hidden)


def load_music(
    connection: sa.Connection,
    among: Sequence[int] | None = None,
    hidden: Collection[int] = (),
) -> dict[int, SegmentMusic]:
    """The forms of segments, as load_near gives their near-copy arrays."""
    return _load(connection, MUSIC, SegmentMusic, among, hidden)


def _load(
    connection: sa.Connection,
    purpose: str,
    kind: type[Kind],
    among: Sequence[int] | None,
    hidden: Collection[int],
) -> dict[int, Kind]:
    wanted = [one for one in segment_numbers(connection) if among is None or one in among]
    tunes = load_arrays(connection, wanted, TUNES)
    stored = load_arrays(connection, wanted, purpose)
    found: dict[int, Kind] = {}
    for number in wanted:
        if number not in tunes or number not in stored:
            raise DamagedError(f"segment {number} has no arrays for '{purpose}'")
        ids = tunes[number]["ids"]
        try:
            found[number] = kind.read(stored[number].by_name, ids)
        except ValueError as error:
            raise DamagedError(f"segment {number} is damaged: {error}") from None
        kept = np.flatnonzero(~np.isin(ids, list(hidden))).tolist() if hidden else range(len(ids))
        if not kept:
            del found[number]
        elif len(kept) < len(ids):
            found[number] = found[number].select(kept)
    return found


def load_graph(connection: sa.Connection) -> NearGraph | None:
    """The neighbour graph, None if the tunes were not compared; DamagedError if it is not whole."""
    stored = load_arrays(connection, None, GRAPH)
    if not stored:
        return None
    try:
        return NearGraph.read(stored[None].by_name)
    except ValueError as error:
        raise DamagedError(f"the neighbour graph is damaged: {error}") from None


def store_graph(connection: sa.Connection, graph: NearGraph) -> None:
    """Write the neighbour graph in place of the one there is."""
    delete_arrays(connection, None, GRAPH)
    store_arrays(connection, None, GRAPH, graph.arrays())


def joined(tunes: Sequence[bytes]) -> bytes:
    """The stream of tunes, given by their symbols."""
    separator = bytes([SEPARATOR])
    return separator + b"".join(symbols + separator for symbols in tunes)
