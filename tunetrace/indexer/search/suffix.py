"""The suffix array of a stream of symbols: where a figure is found, how long a match is.

A suffix array lists the positions of a stream in the order of what follows them. All occurrences of
a figure are neighbours in it, so that a binary search finds them (Manber and Myers 1993).
libdivsufsort, which sorts the suffixes, has that search too.
"""

from __future__ import annotations

import mmap
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import ctypes

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

    @cached_property
    def words(self) -> NDArray[np.uint64]:
        """The eight symbols from each position on, as `words` has them: (n,)."""
        if isinstance(self.text, bytes):
            return words(self.text)
        return np.ndarray(len(self.symbols), dtype="<u8", buffer=self.text, strides=(1,))

    @cached_property
    def native(self) -> NativeSearch:
        """What searches it."""
        return NativeSearch(self)

    def interval(self, figure: bytes) -> tuple[int, int]:
        """The half-open range of ranks whose suffixes begin with a figure, which is not empty.

        An empty range is where the figure would be.
        """
        low, found = self.native.search(figure)
        return low, low + found

    def narrow(self, interval: tuple[int, int], depth: int, symbol: int) -> tuple[int, int]:
        """The part of a figure's interval in which this symbol follows the figure.

        interval: of a figure of `depth` symbols without SEPARATOR; ignored if depth is 0. So a
        figure that grows symbol by symbol is not searched again from its start.
        """
        if depth == 0:
            return self.interval(bytes([symbol]))
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


@cache
def _library() -> ctypes.PyDLL:
    """libdivsufsort, without the package around it, whose import takes 20 ms."""
    import ctypes

    found = find_spec("pydivsufsort")
    assert found, "it is required by this package"
    assert found.origin
    pattern = "divsufsort.dll" if sys.platform == "win32" else "libdivsufsort.*"
    # PyDLL keeps Python's lock: to let go of it and take it again is as long as a search.
    return ctypes.PyDLL(str(next(Path(found.origin).parent.glob(pattern))))


class NativeSearch:
    """libdivsufsort's search in a suffix array. It takes about a microsecond."""

    def __init__(self, index: SuffixIndex) -> None:
        import ctypes

        self.sa_search = _library().sa_search
        """How often a figure is found: of text, size, the figure, its length, ranks, size, and a
        reference to a number, which becomes the figure's first rank."""
        self.text = ctypes.c_void_p(index.symbols.ctypes.data)
        self.size = ctypes.c_int32(len(index.symbols))
        self.ranks = ctypes.c_void_p(index.suffixes.ctypes.data)
        self.number, self.reference = ctypes.c_int32, ctypes.byref
        self.search = self._searching()
        """The first rank of a figure, or where it would be; and how often it is found."""
        self._arrays = index.symbols, index.suffixes  # which must stay

    def _searching(self) -> Callable[[bytes], tuple[int, int]]:
        """What answers `search`. As a closure it takes a fifth less time than as a method."""
        search, text, size, ranks = self.sa_search, self.text, self.size, self.ranks
        number, reference = self.number, self.reference

        def searching(figure: bytes) -> tuple[int, int]:
            first = number()
            found = search(text, size, figure, len(figure), ranks, size, reference(first))
            return first.value, found

        return searching
