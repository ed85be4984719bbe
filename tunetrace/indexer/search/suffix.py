"""The suffix array of a stream of symbols: where a figure stands, how far a match goes.

A suffix array lists the positions of a stream in the order of what follows them, so that all
occurrences of a figure are neighbours in it and two binary searches find them (Manber and Myers
1993). The searches run on bytes with the standard library's bisect: a handful of comparisons in C.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tunetrace.tokenizer.vocabulary import SEPARATOR

Symbols = NDArray[np.uint8]
Positions = NDArray[np.int32]


def suffix_array(stream: bytes) -> Positions:
    """The suffix array of a stream: (n,) int32, built by libdivsufsort."""
    from pydivsufsort import divsufsort

    # A copy, since the library takes no read-only arrays.
    return cast(Positions, divsufsort(np.frombuffer(stream, dtype=np.uint8).copy()))


def words(stream: bytes) -> NDArray[np.uint64]:
    """The eight symbols from each position on as one number, the first in its lowest byte: (n,).

    Past the end there are zeros. It is a view, so that only what is taken from it is read.
    """
    return np.ndarray(len(stream), dtype="<u8", buffer=stream + bytes(7), strides=(1,))


def unsorted_at(index: SuffixIndex, ranks: Sequence[int] | None = None) -> int | None:
    """The first place of a suffix array whose suffix is not below the next one; None if sorted.

    ranks: which places to look at, from 0 up to the last but one; None for all. The array must
    hold each position once. Two suffixes that begin with the same symbol are in the order of those
    one symbol on, so that looking one rank up settles each pair (Burkhardt and Kaerkkaeinen 2003).
    """
    symbols, suffixes = index.symbols, index.suffixes
    rank_of = np.empty(len(suffixes) + 1, dtype=np.int32)
    rank_of[suffixes] = np.arange(len(suffixes), dtype=np.int32)
    rank_of[-1] = -1  # what follows the last symbol is less than all
    at = np.arange(len(suffixes) - 1) if ranks is None else np.sort(np.asarray(ranks, dtype=int))
    low, high = suffixes[at], suffixes[at + 1]
    in_order = (symbols[low] < symbols[high]) | (
        (symbols[low] == symbols[high]) & (rank_of[low + 1] < rank_of[high + 1])
    )
    wrong = np.flatnonzero(~in_order)
    return int(at[wrong[0]]) if len(wrong) else None


def common_prefix(left: bytes, right: bytes) -> int:
    """How many symbols two strings share from their beginnings."""
    shared = min(len(left), len(right))
    # As numbers, first symbol lowest, they differ from the lowest bit on in which they differ.
    difference = int.from_bytes(left[:shared], "little") ^ int.from_bytes(right[:shared], "little")
    return (difference & -difference).bit_length() - 1 >> 3 if difference else shared


class SuffixIndex:
    """A stream and its suffix array, to be searched.

    stream: the symbols, SEPARATOR between tunes. suffixes: (n,) int32, little-endian, as bytes.
    """

    def __init__(self, stream: bytes, suffixes: bytes) -> None:
        self.stream = stream
        self.symbols: Symbols = np.frombuffer(stream, dtype=np.uint8)
        self.suffixes: Positions = np.frombuffer(suffixes, dtype="<i4").astype(np.int32, copy=False)
        self._suffixes = self.suffixes.data
        self._triples: dict[bytes, tuple[int, int]] = {}

    @cached_property
    def longest_tune(self) -> int:
        """The length of the longest tune, which no match can exceed."""
        separators = np.flatnonzero(self.symbols == SEPARATOR)
        return int(np.diff(separators).max(initial=1)) - 1

    @cached_property
    def _buckets(self) -> list[int]:
        """Where the suffixes that begin with each symbol begin in the array: (257,)."""
        first = self.stream.__getitem__
        # The array is in order, so that no symbol needs to be counted.
        return [bisect_left(self._suffixes, symbol, key=first) for symbol in range(257)]

    def interval(self, figure: bytes) -> tuple[int, int]:
        """The half-open range of the suffix array whose suffixes begin with figure, not empty."""
        if len(figure) > 3:
            return self._search(figure, *self._triple(figure))
        return self._search(figure, self._buckets[figure[0]], self._buckets[figure[0] + 1])

    def _search(self, figure: bytes, start: int, stop: int) -> tuple[int, int]:
        """The interval of a figure, which lies between start and stop if it is not empty."""
        stream, suffixes, length = self.stream, self._suffixes, len(figure)

        def prefix(position: int) -> bytes:
            return stream[position : position + length]

        low = bisect_left(suffixes, figure, start, stop, key=prefix)
        # Most figures are rare: their range ends soon after it begins.
        reach, step = low, 1
        while reach < stop and prefix(suffixes[reach]) == figure:
            low_end, reach, step = reach, reach + step, step * 2
        if reach == low:
            return low, low
        return low, bisect_right(suffixes, figure, low_end, min(reach, stop), key=prefix)

    def narrow(self, interval: tuple[int, int], depth: int, symbol: int) -> tuple[int, int]:
        """The part of a figure's interval whose suffixes have a symbol after the figure.

        interval: half-open, of a figure of depth symbols without SEPARATOR; not looked at where
        depth is 0. A figure that grows symbol by symbol need not be searched for anew.
        """
        if depth == 0:
            return self._buckets[symbol], self._buckets[symbol + 1]
        stream, suffixes = self.stream, self._suffixes
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
        """Where figure stands in the stream, in the suffix array's order; a view, not a copy."""
        low, high = self.interval(figure)
        return self.suffixes[low:high]

    def _triple(self, figure: bytes) -> tuple[int, int]:
        """The range of the suffixes that begin with a figure's first three symbols, remembered.

        Where there is none it is empty, and where the figure would be.
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
        """The length of the longest prefix of figure that occurs in the stream, and where it does.

        admitted: (n,) bool, which positions of the stream a match may begin at; None for all.
        known: a prefix of which it is known that it occurs, and where.
        """
        suffixes, stream, length = self._suffixes, self.stream, len(figure)

        def prefix(position: int) -> bytes:
            return stream[position : position + length]

        low, high = self._triple(figure)
        at = bisect_left(suffixes, figure, low, high, key=prefix)
        best, where = known
        # The longest match is with a nearest neighbour in the array on either side.
        for neighbour, step in ((at - 1, -1), (at, 1)):
            if admitted is not None:
                start, stop = self._buckets[figure[0]], self._buckets[figure[0] + 1]
                while start <= neighbour < stop and not admitted[suffixes[neighbour]]:
                    neighbour += step
                if not start <= neighbour < stop:
                    continue
            elif not 0 <= neighbour < len(suffixes):
                continue
            position = suffixes[neighbour]
            if best < length and stream[position : position + best + 1] == figure[: best + 1]:
                best = common_prefix(figure, stream[position : position + length])
                where = position
        return best, where


def longest_matches(
    stream: bytes, index: SuffixIndex, admitted: NDArray[np.bool_] | None = None
) -> tuple[Positions, Positions]:
    """Length of the longest corpus match that starts at each symbol, and a place where it occurs.

    stream: n symbols; SEPARATOR stands where no match may pass. Returns two (n,) int32: lengths in
    symbols, 0 where the symbol is not in the corpus, and positions in the index's stream. admitted
    as for SuffixIndex.longest_match.
    Method: matching statistics (Chang and Lawler 1994) over a suffix array.
    """
    lengths = np.zeros(len(stream), dtype=np.int32)
    positions = np.zeros(len(stream), dtype=np.int32)
    start = 0
    for piece in stream.split(bytes([SEPARATOR])):
        found: list[tuple[int, int]] = []
        length = where = 0
        for offset in range(len(piece)):
            # What occurs from one symbol on occurs from the next one on, one symbol shorter.
            known = (length - 1, where + 1) if length > 1 else (0, 0)
            ahead = piece[offset : offset + index.longest_tune]
            length, where = index.longest_match(ahead, admitted, known)
            found.append((length, where))
        if found:
            columns = np.array(found, dtype=np.int32).T
            lengths[start : start + len(piece)], positions[start : start + len(piece)] = columns
        start += len(piece) + 1
    return lengths, positions
