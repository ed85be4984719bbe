"""The top of the suffix tree of a stream: every common figure, with its counts.

A common figure has many places, which take long to look at. The tree has its counts, and what
follows it. Below the tree a figure has so few places that each can be looked at.
Method: a suffix tree (Weiner 1973), read off the suffix array level by level, and cut off where
figures are rare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain, pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.segment import Segment
from tunetrace.tokenizer.vocabulary import SEPARATOR

RARE: Final = 16
"""A figure with up to this many places has no longer ones in the tree."""

DEEPEST: Final = 16
"""The longest figures of the tree, so that no stream has many more rows than symbols."""

_BLOCK: Final = 1 << 18
"""About as many places are sorted out together, so that their arrays fit into the CPU's cache."""

Numbers = NDArray[np.intp]
Counts = NDArray[np.int64]

_END: Final = bytes([SEPARATOR])

_zeros: Final = np.zeros(256, dtype=np.int64).copy
"""Copies zeros, which takes half as long as to make them."""

_DEPTHS: Final = 32
"""More than DEEPEST, so that a first rank and a length make one number."""

_TUNE: Final = 32
"""The bits of a rank, below those of a tune."""


class _Level(NamedTuple):
    """The figures of one length that begin with some symbols: fields of SuffixTree."""

    symbols: Numbers
    hits: Numbers
    firsts: NDArray[np.int32]
    tunes: NDArray[np.int32]
    closed_hits: NDArray[np.int32]
    closed_tunes: NDArray[np.int32]
    longer: NDArray[np.int32]
    """How many figures of the next level begin with each."""


class SuffixTree:
    """The common figures of a segment, and each figure that is one symbol longer than one of them.

    A row is a figure. Rows are ordered by length and then as in the suffix array, so that the
    figures one symbol longer than a row are the rows children[row] up to children[row + 1]. A row
    has none if it has up to RARE places or DEEPEST symbols, or ends with a tune.

    A stream of tunes has a row for each three or four symbols, and a row takes 45 bytes.
    """

    firsts: NDArray[np.int32]
    """(rows,) the first rank of each row in the suffix array."""
    hits: Numbers
    """(rows,) in how many places it is found."""
    tunes: NDArray[np.int32]
    """(rows,) in how many tunes."""
    closed_hits: NDArray[np.int32]
    """(rows,) in how many places no symbol follows that lengthens its last note."""
    closed_tunes: NDArray[np.int32]
    """(rows,) in how many tunes there is such a place."""
    symbols: Numbers
    """(rows,) the last symbol of each."""
    children: NDArray[np.int32]
    """(rows + 1,) the first of the rows one symbol longer."""
    levels: list[int]
    """The first row of each length, from length 1 on, and the number of rows."""

    def __init__(self, segment: Segment, goes_on: NDArray[np.bool_]) -> None:
        """goes_on: (256,) whether each symbol lengthens the note before it."""
        blocks = [list(_levels(segment, goes_on, *block)) for block in _blocks(segment)]
        depths = range(max(map(len, blocks), default=0))
        levels = [[block[depth] for block in blocks if depth < len(block)] for depth in depths]
        self.levels = np.cumsum(
            [0, *(sum(len(level.symbols) for level in same) for same in levels)]
        ).tolist()
        rows = _Level(*map(np.concatenate, zip(*chain.from_iterable(levels), strict=True)))
        self.symbols, self.hits, self.firsts, self.tunes = rows[:4]
        self.closed_hits, self.closed_tunes = rows.closed_hits, rows.closed_tunes
        # The longer figures of the first row come after all rows of length 1.
        self.children = np.cumsum(np.append(self.levels[1], rows.longer), dtype=np.int32)
        # Dicts and memoryviews give single numbers faster than arrays.
        self._counts = self.tunes.data, self.hits.data
        self._closed_counts = self.closed_tunes.data, self.closed_hits.data
        self._children = self.children.data
        self._common = self._find_common()
        self._stream = segment.text
        self.words = segment.words
        """(n,) the eight symbols from each position of the stream on, as suffix.words has them."""
        self._native = segment.native
        self._places = segment.suffixes.data
        self._tune_of = segment.tunes_at(segment.suffixes).data
        self._continuing = frozenset(np.flatnonzero(goes_on).tolist())
        self.following = self._find_following()
        """In how many places a symbol follows a context, and how often each does: (256,). The
        context is not empty, and has a SEPARATOR in front at most."""

    @cached_property
    def has_longer(self) -> NDArray[np.bool_]:
        """(rows,) whether there are rows one symbol longer."""
        return self.children[1:] > self.children[:-1]

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        """(rows,) what finds a row: 256 times the row that is one symbol shorter, and its last
        symbol; ascending from length 2 on. A row of length 1 has its symbol alone."""
        shorter = np.repeat(np.arange(len(self.symbols)), np.diff(self.children))
        keys = self.symbols.astype(np.int64)
        keys[len(keys) - len(shorter) :] += shorter * 256
        return keys

    def _find_common(self) -> dict[int, int]:
        """The rows that have longer ones, by their first rank times _DEPTHS plus their length."""
        has_longer = np.flatnonzero(self.has_longer)
        depths = np.repeat(np.arange(1, len(self.levels)), np.diff(self.levels))
        keys = self.firsts[has_longer].astype(np.int64) * _DEPTHS + depths[has_longer]
        return dict(zip(keys.tolist(), has_longer.tolist(), strict=True))

    def count(self, figure: bytes, open_end: bool) -> tuple[int, int]:
        """In how many tunes, and how often, a figure is found."""
        low, found = self._native.search(figure)
        high, length = low + found, len(figure)
        if high - low > RARE:
            row = self._common.get(low * _DEPTHS + length) if length <= DEEPEST else None
            if row is not None:
                tunes, hits = self._counts if open_end else self._closed_counts
                return tunes[row], hits[row]
        few = self._tune_of[low:high].tolist()
        if not open_end:
            stream, continuing = self._stream, self._continuing
            few = [
                tune
                for place, tune in zip(self._places[low:high], few, strict=True)
                if stream[place + length] not in continuing
            ]
        return len(set(few)), len(few)

    def _find_following(self) -> Callable[[bytes], tuple[int, Counts]]:
        """What answers `following`. As a closure it takes a fifth less time than as a method."""
        native = self._native
        search, text, size, ranks = native.sa_search, native.text, native.size, native.ranks
        number, reference = native.number, native.reference
        stream, places = self._stream, self._places
        common, children, symbols, hits = self._common, self._children, self.symbols, self.hits

        def following(context: bytes) -> tuple[int, Counts]:
            length, first = len(context), number()
            found = search(text, size, context, length, ranks, size, reference(first))
            low = first.value
            counts = _zeros()
            if found == 1:
                counts[stream[places[low] + length]] = 1
                return 1, counts
            if length == 1 and context == _END:
                # The last SEPARATOR of a stream, the first of all, begins no tune.
                found, low = found - 1, low + 1
            if found > RARE and length <= DEEPEST:
                row = common.get(low * _DEPTHS + length)
                if row is not None:
                    start, stop = children[row], children[row + 1]
                    counts[symbols[start:stop]] = hits[start:stop]
                    return found, counts
            if found < 4:
                for place in places[low : low + found]:
                    counts[stream[place + length]] += 1
                return found, counts
            ahead = [stream[place + length] for place in places[low : low + found]]
            for symbol in set(ahead):
                counts[symbol] = ahead.count(symbol)
            return found, counts

        return following


def _blocks(segment: Segment) -> Iterator[tuple[int, int]]:
    """The suffix array in pieces of about _BLOCK ranks, none of which parts a first symbol.

    The last SEPARATOR, which nothing follows, is left out. It is the first of its kind.
    """
    starts = np.searchsorted(segment.symbols[segment.suffixes], np.arange(257)).tolist()
    first = 0
    for symbol, (start, stop) in enumerate(pairwise(starts)):
        if symbol == SEPARATOR:
            if first < start:
                yield first, start
            if start + 1 < stop:
                yield start + 1, stop
        elif stop - first > _BLOCK:
            yield first, stop
            first = stop


def _levels(
    segment: Segment, goes_on: NDArray[np.bool_], start: int, stop: int
) -> Iterator[_Level]:
    """The levels of a block of ranks."""
    symbols = segment.symbols
    ranks = np.arange(start, stop, dtype=np.int32)
    places = segment.suffixes[start:stop]
    # The places in the order of their tunes, and those of a tune by rank: then the places of one
    # row in one tune are neighbours at every level.
    keys = segment.tunes_at(places).astype(np.int64) << _TUNE | np.arange(len(places))
    keys.sort()
    by_tune, tunes = (keys & ((1 << _TUNE) - 1)).astype(np.intp), keys >> _TUNE
    is_first = np.zeros(len(places), dtype=bool)
    is_first[:1] = True
    before: _Level | None = None
    of_parents = np.empty(0, np.intp)
    for depth in range(1, DEEPEST + 1):
        last = symbols[places + (depth - 1)]
        is_first[1:] |= last[1:] != last[:-1]
        firsts = np.flatnonzero(is_first)
        row = np.cumsum(is_first) - 1
        # Where a tune ends, what follows does not matter.
        is_closed = ~goes_on[symbols.take(places + depth, mode="clip")]
        rows_by_tune, is_closed_by_tune = row[by_tune], is_closed[by_tune]
        level = _Level(
            symbols=last[firsts].astype(np.intp),
            firsts=ranks[firsts],
            hits=np.diff(firsts, append=len(places)),
            tunes=_count_pairs(rows_by_tune, tunes, len(firsts)),
            closed_hits=np.add.reduceat(is_closed, firsts, dtype=np.int32),
            closed_tunes=_count_pairs(
                rows_by_tune[is_closed_by_tune], tunes[is_closed_by_tune], len(firsts)
            ),
            longer=np.zeros(len(firsts), dtype=np.int32),
        )
        if before is not None:
            longer = np.bincount(of_parents[firsts], minlength=len(before.longer))
            yield before._replace(longer=longer.astype(np.int32))
        before = level
        is_common = level.hits > RARE
        if depth > 1:
            is_common &= level.symbols != SEPARATOR
        kept = is_common[row]
        if not kept.any():
            break
        kept_by_tune = by_tune[kept[by_tune]]
        tunes = tunes[kept[by_tune]]
        by_tune = (np.cumsum(kept) - 1)[kept_by_tune]
        ranks, places, is_first, of_parents = ranks[kept], places[kept], is_first[kept], row[kept]
    if before is not None:
        yield before


def _count_pairs(rows: Numbers, tunes: NDArray[np.int64], count: int) -> NDArray[np.int32]:
    """How many different tunes each of some rows is paired with: (count,). Equal pairs are
    neighbours."""
    is_new = np.ones(len(rows), dtype=bool)
    np.not_equal(rows[1:], rows[:-1], out=is_new[1:])
    is_new[1:] |= tunes[1:] != tunes[:-1]
    return np.bincount(rows[is_new], minlength=count).astype(np.int32)
