"""The longest matches of one transcription, found by one search after another.

A match of a position that goes on up to a place is, without its first symbol, a match of the next
position up to there. So where a match ends, the matches of the positions before end too, or end
earlier. Positions are gone through from the last to the first. One is searched only if its match
could be longer than in the segments before: about once for each stretch that the corpus has.
Method: matching statistics (Chang and Lawler 1994) over a suffix array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.segment import Mask, Segment
from tunetrace.indexer.search.suffix import Positions, Symbols, common_prefix
from tunetrace.tokenizer.vocabulary import SEPARATOR

_FEW: Final = 64
"""So many suffixes are looked at first to find one of an admitted tune, and then twice as many."""


def longest_matches(
    stream: bytes, segments: Sequence[Segment], admitted: Mask | None = None
) -> tuple[Positions, Symbols]:
    """Length of the longest corpus match that starts at each symbol, and what follows it there.

    stream: n symbols, with SEPARATOR where no match may cross. admitted: the tunes that count, as a
    mask by id; None for all. Returns the lengths in symbols, (n,) int32, 0 if the symbol is not in
    the corpus; and the symbol that follows one of the longest matches, (n,) uint8.
    """
    lengths = [0] * len(stream)
    following = bytearray(len(stream))
    for segment in segments:
        _lengthen(lengths, following, stream, segment, admitted)
    return np.array(lengths, dtype=np.int32), np.frombuffer(following, dtype=np.uint8)


def _lengthen(
    lengths: list[int],
    following: bytearray,
    stream: bytes,
    segment: Segment,
    admitted: Mask | None,
) -> None:
    """Take over the matches in a segment that are longer than those known."""
    search, suffixes, text = segment.native.search, segment.suffixes.data, segment.text
    last = len(suffixes) - 1
    limit = len(stream) + 1  # what goes on up to there is not in the segment
    for at in range(len(stream) - 1, -1, -1):
        if stream[at] == SEPARATOR:
            limit = at + 1
            continue
        known = lengths[at]
        if at + known + 1 >= limit:
            continue
        figure = stream[at : limit - 1]
        rank, found = search(figure)
        if admitted is not None:
            length, where = _admitted_match(segment, figure, rank, admitted)
        elif found:
            length, where = len(figure), suffixes[rank]
        else:
            # The longest match is with one of the two neighbours in the array.
            length = where = 0
            for neighbour in (rank - 1, rank):
                if 0 <= neighbour <= last:
                    place = suffixes[neighbour]
                    shared = common_prefix(figure, text[place : place + len(figure)])
                    if shared > length:
                        length, where = shared, place
        limit = at + length + 1
        if length > known:
            lengths[at] = length
            following[at] = text[where + length]


def _admitted_match(segment: Segment, figure: bytes, low: int, admitted: Mask) -> tuple[int, int]:
    """The longest match of a figure in an admitted tune, and its position.

    low: the first rank of the figure, or where it would be.
    """
    best = where = 0
    for rank, step in ((low, 1), (low - 1, -1)):
        place = _nearest_admitted(segment, rank, step, admitted)
        if place is not None:
            shared = common_prefix(figure, segment.text[place : place + len(figure)])
            if shared > best:
                best, where = shared, place
    return best, where


def _nearest_admitted(segment: Segment, rank: int, step: int, admitted: Mask) -> int | None:
    """The first suffix from a rank on, up or down, that is in an admitted tune; None if none is."""
    count, size = _FEW, len(segment.suffixes)
    while 0 <= rank < size:
        stop = min(rank + count, size) if step > 0 else max(rank - count, -1)
        some: NDArray[np.int32] = segment.suffixes[rank : stop if stop >= 0 else None : step]
        at = np.flatnonzero(admitted[segment.tunes_at(some)])
        if len(at):
            return int(some[at[0]])
        rank, count = stop, count * 2
    return None
