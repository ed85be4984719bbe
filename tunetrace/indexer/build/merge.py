"""Segments written anew: merged, without some of their tunes, or with other symbols.

Every addition appends a segment, and every search goes through all segments. So neighbours are
merged in tiers, as a log-structured merge tree does it (O'Neil et al. 1996): there are few segments
then, and a tune is written again only a few times however often something is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.bars.segment import SegmentBars
from tunetrace.indexer.music.segment import SegmentMusic
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.indexer.store.arrays import streams
from tunetrace.indexer.store.database.storage import Connection
from tunetrace.progress import Progress
from tunetrace.tokenizer.vocabulary import SEPARATOR

Held = TypeVar("Held", NearSegment, SegmentBars, SegmentMusic)

TIER: Final = 8
"""So many segments of one tier are merged to one of the next."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a segment is, or some neighbouring ones are together."""

    tunes: int
    symbols: int
    """In the view that has most."""

    def __add__(self, other: Size) -> Size:
        return Size(self.tunes + other.tunes, self.symbols + other.symbols)

    @property
    def tier(self) -> int:
        """The whole part of the logarithm of its tunes to the base TIER."""
        tier, tunes = 0, self.tunes
        while tunes >= TIER:
            tier, tunes = tier + 1, tunes // TIER
        return tier

    @property
    def fits(self) -> bool:
        """Whether one segment can be as large."""
        return self.tunes <= streams.SEGMENT_TUNES and self.symbols <= streams.SEGMENT_SYMBOLS


def runs_that_fit(sizes: Iterable[Size]) -> list[tuple[range, Size]]:
    """Neighbours that fit into one segment, as many as can: their places, and their size."""
    runs: list[tuple[range, Size]] = []
    for place, size in enumerate(sizes):
        if runs and (runs[-1][1] + size).fits:
            places, before = runs[-1]
            runs[-1] = (range(places.start, place + 1), before + size)
        else:
            runs.append((range(place, place + 1), size))
    return runs


def tiers(sizes: Sequence[Size]) -> list[range]:
    """Which neighbouring segments go together, so that there are few: the places of each group.

    sizes: those of the segments in the order of their tunes. In the groups, tiers do not rise from
    one to the next, and no tier has TIER groups; where a segment could not hold more, that begins
    anew. So n tunes, with at most s in a segment, are in no more than 2 * n / s + 1 segments before
    the last such place, and (TIER - 1) * (log s + 1) after it. A tune is written again about once
    for each tier.
    """
    settled: list[tuple[range, Size]] = []
    open_: list[tuple[range, Size]] = []
    for place, size in enumerate(sizes):
        open_.append((range(place, place + 1), size))
        while (count := _together(open_)) > 1:
            whole = sum((size for _, size in open_[-count:]), Size(0, 0))
            if whole.fits:
                places = range(open_[-count][0].start, place + 1)
                open_[-count:] = [(places, whole)]
                continue
            runs = runs_that_fit([size for _, size in open_])
            joined = [
                (range(open_[run.start][0].start, open_[run.stop - 1][0].stop), size)
                for run, size in runs
            ]
            settled += joined[:-1]
            open_ = joined[-1:]
    return [places for places, _ in settled + open_]


def _together(groups: Sequence[tuple[range, Size]]) -> int:
    """How many of the last groups are to be merged; 1 if none."""
    last = groups[-1][1].tier
    lower = equal = 0
    for _, size in reversed(groups[:-1]):
        if size.tier >= last:
            break
        lower += 1
    for _, size in reversed(groups):
        if size.tier != last:
            break
        equal += 1
    return lower + 1 if lower or equal < TIER else equal


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """Some tunes of a segment, by its id."""

    segment: int
    places: NDArray[np.intp]
    """Which of its tunes: their places, ascending."""


def rewrite(
    connection: Connection,
    targets: Sequence[Sequence[Part]],
    progress: Progress,
    symbols: Mapping[str, bytes] | None = None,
) -> None:
    """Write segments in place of those whose tunes they take over.

    targets: the parts of each new segment, in the order of their tunes. What is in no part is
    forgotten, with a segment of which anything is in a part. symbols: for each view by its name,
    the symbol that each symbol becomes (256 bytes); None if they stay. One view of one new segment
    is in memory at a time.
    """
    last_target = {part.segment: place for place, parts in enumerate(targets) for part in parts}
    done = 0
    for place, parts in enumerate(targets):
        progress("merging the segments", done)
        _write(connection, parts, symbols)
        done += sum(len(part.places) for part in parts)
        over = [segment for segment, last in last_target.items() if last == place]
        streams.delete_segments(connection, over)


def _write(
    connection: Connection, parts: Sequence[Part], symbols: Mapping[str, bytes] | None
) -> None:
    ids = np.concatenate(
        [streams.load_tune_ids(connection, part.segment)[part.places] for part in parts]
    )
    number = streams.insert_segment(connection, ids)
    for name, view in VIEWS.items():
        pieces = [np.array([SEPARATOR], np.uint8)]
        for part in parts:
            (segment,) = streams.load_segments(connection, view, [part.segment]).values()
            is_kept = np.zeros(len(segment.tune_ids), dtype=bool)
            is_kept[part.places] = True
            # Each tune with the separator after it.
            pieces.append(segment.symbols[1:][np.repeat(is_kept, np.diff(segment.bounds))])
        joined = np.concatenate(pieces)
        if symbols is not None:
            joined = np.frombuffer(symbols[name], np.uint8)[joined]
        stream = joined.tobytes()
        streams.store_view(connection, number, name, stream, streams.sort_view(len(ids), stream))
    near = _joined(connection, parts, streams.load_near)
    streams.store_held(connection, number, near)
    bars = _joined(connection, parts, streams.load_bars)
    if symbols is not None:
        bars = bars.recoded(symbols[TOKENS.name])
    streams.store_held(connection, number, bars)
    streams.store_held(connection, number, _joined(connection, parts, streams.load_music))


def _joined(
    connection: Connection,
    parts: Sequence[Part],
    load: Callable[[Connection, Sequence[int]], Mapping[int, Held]],
) -> Held:
    """What a new segment holds of its tunes besides their streams, of the kind that is loaded."""
    pieces: list[Held] = []
    for part in parts:
        (held,) = load(connection, [part.segment]).values()
        if len(part.places) < len(streams.load_tune_ids(connection, part.segment)):
            held = held.select(part.places.tolist())
        pieces.append(held)
    return type(pieces[0]).join(pieces)
