"""The suffix array of a stream of symbols: where a figure is found, how long a match is.

A suffix array lists the positions of a stream in the order of what follows them. All occurrences of
a figure are neighbours in it, so that two binary searches find them (Manber and Myers 1993). The
searches run on bytes with the standard library's bisect, which compares in C.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from tunetrace.tokenizer.vocabulary import SEPARATOR

Symbols = NDArray[np.uint8]
Positions = NDArray[np.int32]

GRAM: Final = 5
"""The length of the runs of symbols that are counted once for a whole stream."""

BEYOND_GRAM: Final = np.uint64(64 - 8 * GRAM)
"""The bits that eight symbols have more than GRAM symbols."""

_AT_ONCE: Final = 1 << 22
"""Ranks that are looked at together, where all are looked at."""


def suffix_array(stream: bytes) -> Positions:
    """The suffix array of a stream: (n,) int32, built by libdivsufsort."""
    from pydivsufsort import divsufsort

    # A copy, since the library takes no read-only arrays. Python reads numbers only through the
    # type that is this machine's own, though the library's is the same.
    suffixes = divsufsort(np.frombuffer(stream, dtype=np.uint8).copy())
    return cast(Positions, suffixes.view(np.int32))


def words(stream: bytes) -> NDArray[np.uint64]:
    """The eight symbols from each position on as one number, the first in the lowest byte: (n,).

    Past the end there are zeros. The array overlaps itself, and only what is taken from it is read.
    """
    return np.ndarray(len(stream), dtype="<u8", buffer=stream + bytes(7), strides=(1,))


def gram_firsts(every: NDArray[np.uint64], suffixes: Positions) -> Positions:
    """Where in a suffix array each different run of GRAM symbols begins: (n,), ascending.

    every: the words of the stream. The suffixes that begin with one run are neighbours, so it is
    found as often as there are places up to the next run's. At the end of the stream, zeros follow.
    """
    firsts = []
    before = ~every[suffixes[:1]]  # unlike the first run
    for start in range(0, len(suffixes), _AT_ONCE):
        # Not take, which would copy all words first.
        runs = every[suffixes[start : start + _AT_ONCE]]
        # The first symbol is the lowest byte; shifting removes those past GRAM.
        is_new = (runs ^ np.concatenate([before, runs[:-1]])) << BEYOND_GRAM != 0
        firsts.append((np.flatnonzero(is_new) + start).astype(np.int32))
        before = runs[-1:]
    return np.concatenate([np.empty(0, np.int32), *firsts])


def holds_each_once(suffixes: Positions) -> bool:
    """Whether a suffix array holds each position of its stream exactly once."""
    is_there = np.zeros(len(suffixes), dtype=bool)
    if len(suffixes) and not 0 <= int(suffixes.min()) <= int(suffixes.max()) < len(suffixes):
        return False
    is_there[suffixes] = True
    return bool(is_there.all())


def unsorted_at(index: SuffixIndex, ranks: Sequence[int] | None = None) -> int | None:
    """The first place of a suffix array whose suffix is not below the next one; None if sorted.

    ranks: the places to compare with the next one, from 0 up to the last but one; None for all.
    The array must hold each position once. Two suffixes that begin with the same symbol have the
    order of the suffixes one symbol later, whose ranks are known (Burkhardt and Kaerkkaeinen 2003).
    """
    symbols, suffixes = index.symbols, index.suffixes
    rank_of = np.empty(len(suffixes) + 1, dtype=np.int32)
    rank_of[suffixes] = np.arange(len(suffixes), dtype=np.int32)
    rank_of[-1] = -1  # the end of the stream sorts before everything
    places = range(len(suffixes) - 1) if ranks is None else sorted(ranks)
    for start in range(0, len(places), _AT_ONCE):
        at = np.array(places[start : start + _AT_ONCE], dtype=np.int64)
        low, high = suffixes[at], suffixes[at + 1]
        in_order = (symbols[low] < symbols[high]) | (
            (symbols[low] == symbols[high]) & (rank_of[low + 1] < rank_of[high + 1])
        )
        wrong = np.flatnonzero(~in_order)
        if len(wrong):
            return int(at[wrong[0]])
    return None


def common_prefix(left: bytes, right: bytes) -> int:
    """How many symbols two strings have in common from the start."""
    shared = min(len(left), len(right))
    # Read as numbers with the first symbol lowest, they agree below the lowest bit that differs.
    difference = int.from_bytes(left[:shared], "little") ^ int.from_bytes(right[:shared], "little")
    return (difference & -difference).bit_length() - 1 >> 3 if difference else shared


class SuffixIndex:
    """A stream of n symbols and its suffix array, to be searched.

    text: the stream, with SEPARATOR between tunes. Of a mapped file the first n bytes are the
    stream, and at least seven zeros follow. suffixes: (n,) int32.
    """

    def __init__(self, text: bytes | mmap.mmap, suffixes: Positions) -> None:
        self.text = text
        self.symbols: Symbols = np.frombuffer(text, dtype=np.uint8, count=len(suffixes))
        self.suffixes = suffixes
        self._suffixes = suffixes.data
        self._triples: dict[bytes, tuple[int, int]] = {}

    @cached_property
    def words(self) -> NDArray[np.uint64]:
        """The eight symbols from each position on, as `words` has them: (n,)."""
        if isinstance(self.text, bytes):
            return words(self.text)
        return np.ndarray(len(self.symbols), dtype="<u8", buffer=self.text, strides=(1,))

    @cached_property
    def longest_tune(self) -> int:
        """The length of the longest tune; no match is longer."""
        separators = np.flatnonzero(self.symbols == SEPARATOR)
        return int(np.diff(separators).max(initial=1)) - 1

    @cached_property
    def _buckets(self) -> list[int]:
        """The first rank of the suffixes that begin with each symbol: (257,)."""
        first = self.text.__getitem__
        return [bisect_left(self._suffixes, symbol, key=first) for symbol in range(257)]

    def interval(self, figure: bytes) -> tuple[int, int]:
        """The half-open range of ranks whose suffixes begin with a figure, which is not empty."""
        if len(figure) > 3:
            return self._search(figure, *self._triple(figure))
        return self._search(figure, self._buckets[figure[0]], self._buckets[figure[0] + 1])

    def _search(self, figure: bytes, start: int, stop: int) -> tuple[int, int]:
        """The interval of a figure, which is between start and stop unless it is empty."""
        stream, suffixes, length = self.text, self._suffixes, len(figure)

        def prefix(position: int) -> bytes:
            return stream[position : position + length]

        low = bisect_left(suffixes, figure, start, stop, key=prefix)
        # Most figures are rare: their range is short.
        reach, step = low, 1
        while reach < stop and prefix(suffixes[reach]) == figure:
            low_end, reach, step = reach, reach + step, step * 2
        if reach == low:
            return low, low
        return low, bisect_right(suffixes, figure, low_end, min(reach, stop), key=prefix)

    def narrow(self, interval: tuple[int, int], depth: int, symbol: int) -> tuple[int, int]:
        """The part of a figure's interval in which this symbol follows the figure.

        interval: of a figure of `depth` symbols without SEPARATOR; ignored if depth is 0. So a
        figure that grows symbol by symbol is not searched again from its start.
        """
        if depth == 0:
            return self._buckets[symbol], self._buckets[symbol + 1]
        stream, suffixes = self.text, self._suffixes
        low, high = interval

        def following(position: int) -> int:
            return stream[position + depth]

        if high - low == 1:
            return (low, high) if following(suffixes[low]) == symbol else (low, low)
        low = bisect_left(suffixes, symbol, low, high, key=following)
        if low == high or following(suffixes[low]) != symbol:
            return low, low
        return low, bisect_right(suffixes, symbol, low, high, key=following)

    def positions(self, figure: bytes) -> Positions:
        """Where a figure is found in the stream, in the order of the suffix array; not a copy."""
        low, high = self.interval(figure)
        return self.suffixes[low:high]

    def _triple(self, figure: bytes) -> tuple[int, int]:
        """The interval of a figure's first three symbols, which is remembered.

        An empty one lies where the figure would be.
        """
        first = figure[:3]
        found = self._triples.get(first)
        if found is None:
            found = self._triples[first] = self._search(
                first, self._buckets[first[0]], self._buckets[first[0] + 1]
            )
        return found

    def longest_match(
        self,
        figure: bytes,
        admitted: NDArray[np.bool_] | None = None,
        known: tuple[int, int] = (0, 0),
    ) -> tuple[int, int]:
        """The length of the longest prefix of a figure that the stream has, and its position.

        admitted: (n,) bool, the positions of the stream where a match may begin; None for all.
        known: the length and the position of a match that is known already.
        """
        suffixes, stream, length = self._suffixes, self.text, len(figure)

        def prefix(position: int) -> bytes:
            return stream[position : position + length]

        low, high = self._triple(figure)
        at = bisect_left(suffixes, figure, low, high, key=prefix)
        best, where = known
        start, stop = self._buckets[figure[0]], self._buckets[figure[0] + 1]
        # The longest match is with one of the two nearest neighbours in the array.
        for neighbour, step in ((at - 1, -1), (at, 1)):
            if admitted is not None:
                while start <= neighbour < stop and not admitted[suffixes[neighbour]]:
                    neighbour += step
            if not start <= neighbour < stop:
                continue
            position = suffixes[neighbour]
            if best < length and stream[position : position + best + 1] == figure[: best + 1]:
                best = common_prefix(figure, stream[position : position + length])
                where = position
        return best, where


class NativeSearch:
    """libdivsufsort's search in a suffix array.

    It takes about a microsecond; pydivsufsort's own wrapper takes ten times as long. To load the
    library takes as long as some hundred searches of SuffixIndex.
    """

    def __init__(self, index: SuffixIndex) -> None:
        import ctypes

        from pydivsufsort.dll import PATH_LIBDIVSUFSORT

        # PyDLL keeps Python's lock: to let go of it and take it again is as long as a search.
        self.search = ctypes.PyDLL(str(PATH_LIBDIVSUFSORT)).sa_search
        """How often a figure is found: of text, size, the figure, its length, ranks, size, and a
        reference to a number, which becomes the figure's first rank."""
        self.text = ctypes.c_void_p(index.symbols.ctypes.data)
        self.size = ctypes.c_int32(len(index.symbols))
        self.ranks = ctypes.c_void_p(index.suffixes.ctypes.data)
        self.number, self.reference = ctypes.c_int32, ctypes.byref
        self._index = index  # whose arrays must stay

    def interval(self, figure: bytes) -> tuple[int, int]:
        """As SuffixIndex.interval."""
        first = self.number()
        found = self.search(
            self.text, self.size, figure, len(figure), self.ranks, self.size, self.reference(first)
        )
        low: int = first.value
        return low, low + found


def longest_matches(
    stream: bytes, index: SuffixIndex, admitted: NDArray[np.bool_] | None = None
) -> tuple[Positions, Positions]:
    """Length of the longest corpus match that starts at each symbol, and where it is found.

    stream: n symbols, with SEPARATOR where no match may cross. admitted: as for longest_match.
    Returns two (n,) int32: the lengths in symbols, 0 if the symbol is not in the corpus; and the
    positions in the stream of the index.
    Method: matching statistics (Chang and Lawler 1994) over a suffix array.
    """
    lengths = np.zeros(len(stream), dtype=np.int32)
    positions = np.zeros(len(stream), dtype=np.int32)
    if not index.longest_tune:
        return lengths, positions  # in some views a tune of rests has no symbol
    start = 0
    for piece in stream.split(bytes([SEPARATOR])):
        found: list[tuple[int, int]] = []
        length = where = 0
        for offset in range(len(piece)):
            # A match from one symbol on is, without that symbol, a match from the next one on.
            known = (length - 1, where + 1) if length > 1 else (0, 0)
            ahead = piece[offset : offset + index.longest_tune]
            length, where = index.longest_match(ahead, admitted, known)
            found.append((length, where))
        if found:
            columns = np.array(found, dtype=np.int32).T
            lengths[start : start + len(piece)], positions[start : start + len(piece)] = columns
        start += len(piece) + 1
    return lengths, positions
