"""A back-off n-gram model of the corpus: how probable a token is after those before it.

It says what is to be expected by chance, against which the hits of a figure can be held. The
suffixes of a segment are sorted already, so that equal n-grams are neighbours there and counting
them is comparing neighbours; nothing is sorted or hashed again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.query import boundaries, continues_note
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import words
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

ORDER: Final = 5
"""A token's probability depends on up to four before it."""

Packed = NDArray[np.uint64]
"""n-grams as numbers: a byte a symbol, the first one the most significant."""

Floats = NDArray[np.float64]

_BITS: Final = np.uint64(8)
_BEYOND: Final = np.uint64(64 - 8 * ORDER)
"""The bits of a word of eight symbols that are beyond ORDER symbols."""

_NO_GRAM: Final = np.uint64(2**64 - 1)
_CHUNK: Final = 1 << 18
"""So many symbols are looked up together, so that what is worked on stays in the cache."""

_FIXED_POINT: Final = 2.0**32
"""The parts of a bit in which the logarithms of a stream are summed up."""

_KEPT: Final = 1 << 16
"""So many probabilities of single figures' symbols are remembered."""


@dataclass(frozen=True, slots=True)
class _Grams:
    """The n n-grams of one length that the corpus has, sorted; and how each is followed.

    The last of n + 1 places is that of all n-grams that the corpus lacks.

    packed: (n + 1,). symbols: the last symbol of each. shares: (n + 1,), c(hw) / (c(h) + T(h)),
    where hw is the n-gram. backoffs: (n + 1,), T(h) / (c(h) + T(h)), where it is h. lengthening:
    (n + 1,), the shares of all that lengthens a note, together. longer: (n + 1,), where those that
    are one symbol longer begin in their own table.
    """

    packed: Packed
    symbols: bytes
    shares: Floats
    backoffs: Floats
    lengthening: Floats
    longer: NDArray[np.intp]

    def find(self, wanted: Packed) -> NDArray[np.intp]:
        """Where n-grams stand in this table; n for those that the corpus lacks."""
        at = self.packed.searchsorted(wanted)
        return np.where(self.packed[at] == wanted, at, len(self.packed) - 1)


class BackoffModel:
    """An interpolated n-gram model with Witten-Bell smoothing, of all segments together.

    P(w|h) = (c(hw) + T(h) P(w|h')) / (c(h) + T(h)), where c(h) is how often the symbols h are
    followed by a token, T(h) by how many different ones, and h' is h without its first symbol. At
    the end of the recursion each token of the vocabulary is as probable as any. Headers and the
    ends of tunes are walls: neither counted nor part of a context, so that a figure that goes on
    after a `:|`, where many tunes end, is expected somewhat too often.
    Method: Witten and Bell, The Zero-Frequency Problem, 1991, which is method C of Moffat's PPM
    (1990); interpolated as in Chen and Goodman 1999.

    tokens: how many tokens of the corpus can begin a figure: all but the walls.
    """

    tokens: int

    def __init__(self, segments: Sequence[Segment], vocabulary: Vocabulary) -> None:
        self._is_wall = np.ones(256, dtype=bool)
        self._is_wall[: len(vocabulary)] = False
        self._is_wall[list(boundaries(vocabulary))] = True
        self._walls = bytes(np.flatnonzero(self._is_wall).tolist())
        goes_on = np.zeros(256, dtype=bool)
        goes_on[list(continues_note(vocabulary))] = True
        different = int(np.count_nonzero(~self._is_wall))
        self._uniform = 1 / different
        self._uniform_lengthening = int(np.count_nonzero(goes_on)) / different
        counted = _without_walls(*_windows(segments), self._is_wall)
        self.tokens = int(counted[1][1].sum())
        self._grams = _tables(counted, goes_on)
        # What a figure takes its steps by; memoryviews give plain numbers, and faster.
        self._steps = [
            (grams.backoffs.data, grams.longer.data, longer.symbols.find, longer.shares.data)
            for grams, longer in pairwise(self._grams)
        ]
        # The same few symbols come again and again.
        self._log2_probability = lru_cache(maxsize=_KEPT)(self._log2_last_probability)
        self._going_on = lru_cache(maxsize=_KEPT)(self._lengthening)

    def log2_probabilities(self, symbols: bytes) -> Floats:
        """How probable each symbol is after those before it: (ORDER, n), base-2 logarithms.

        Row m - 1 has the probability after the m - 1 symbols before, or after fewer where a wall or
        the beginning is nearer. Walls (headers, SEPARATOR, what is no token) have 0 there.
        """
        logs = np.empty((ORDER, len(symbols)))
        for start in range(0, len(symbols), _CHUNK):
            before = max(0, start - ORDER + 1)
            chunk = symbols[before : start + _CHUNK]
            logs[:, start : start + _CHUNK] = self._logs(chunk)[:, start - before :]
        return logs

    def _logs(self, symbols: bytes) -> Floats:
        n = len(symbols)
        probabilities = np.empty((ORDER, n))
        windows, place = np.unique(_packed(words(symbols)), return_inverse=True)
        shorter = np.full(n, self._uniform)
        context = np.zeros(len(windows), dtype=np.intp)
        for order, row in enumerate(probabilities, 1):
            longer = self._grams[order].find(windows >> (_BITS * np.uint64(ORDER - order)))
            share = self._grams[order].shares[longer][place]
            backoff = self._grams[order - 1].backoffs[context][place]
            # The n-gram that begins at a symbol ends order - 1 symbols further on.
            ends = slice(order - 1, n)
            stop = max(n - order + 1, 0)
            row[:] = shorter
            row[ends] *= backoff[:stop]
            row[ends] += share[:stop]
            shorter, context = row, longer
        probabilities[:, self._is_wall[np.frombuffer(symbols, dtype=np.uint8)]] = 1
        return np.log2(probabilities, out=probabilities)

    def log2_going_no_further(
        self, symbols: bytes, firsts: NDArray[np.int32], stops: NDArray[np.int32]
    ) -> Floats:
        """log2 of how probable it is that no length follows each of some stretches: (m,)."""
        most = ORDER - 1  # symbols of context
        ahead = bytes([SEPARATOR]) * most + symbols
        windows = _packed(words(ahead))[stops] >> _BITS
        contexts, place = np.unique(windows, return_inverse=True)
        going_on = np.empty((ORDER, len(contexts)))
        shorter = np.full(len(contexts), self._uniform_lengthening)
        for length, row in enumerate(going_on):
            grams = self._grams[length]
            at = grams.find(contexts & np.uint64((1 << 8 * length) - 1))
            shorter = row[:] = grams.lengthening[at] + grams.backoffs[at] * shorter
        return cast(Floats, np.log2(1 - going_on[np.minimum(stops - firsts, most), place]))

    def expected(self, figure: bytes, *, open_end: bool = False) -> float:
        """How many hits of a figure the corpus would have if it were written by the model.

        As log2_expected; 0 too where that is below what a float can hold, some 2**-1074.
        """
        return natural(self.log2_expected(figure, open_end=open_end))[0]

    def log2_expected(self, figure: bytes, *, open_end: bool = False) -> float:
        """log2 of how many hits of a figure the corpus would have if the model had written it.

        figure: symbols; one with a wall in it has none, which is minus infinity. open_end: count
        it inside a longer last note too. Each symbol's context is within the figure.
        Method: expected counts under a Markov model (Prum, Rodolphe and de Turckheim 1995).
        """
        has_walls = len(figure.translate(None, delete=self._walls)) < len(figure)
        if has_walls or not self.tokens:
            return -math.inf
        hits = math.log2(self.tokens)
        for at in range(len(figure)):
            hits += self._log2_probability(figure[max(0, at - ORDER + 1) : at + 1])
        return hits if open_end else hits + math.log2(1 - self._going_on(figure[-ORDER + 1 :]))

    def _log2_last_probability(self, symbols: bytes) -> float:
        """log2 of the probability of the last of up to ORDER symbols after the others."""
        probability, contexts = 1.0, [0]
        for symbol in symbols:
            probability, contexts = self._step(contexts, symbol)
        return math.log2(probability)

    def _step(self, contexts: Sequence[int], symbol: int) -> tuple[float, list[int]]:
        """The probability of a symbol after contexts, and the contexts of the next.

        contexts: where the last 0, 1, ... symbols stand in their tables, as far as they do.
        """
        probability, seen = self._uniform, [0]
        for (backoffs, longer, find, shares), at in zip(self._steps, contexts, strict=False):
            probability *= backoffs[at]
            found = find(symbol, longer[at], longer[at + 1])
            if found >= 0:
                probability += shares[found]
                seen.append(found)
        return probability, seen

    def _lengthening(self, symbols: bytes) -> float:
        """How probable it is that a length or a broken rhythm follows up to ORDER - 1 symbols.

        The smoothing is linear, so that a class of symbols obeys the recursion of each.
        """
        contexts = [0]
        for symbol in symbols:
            _, contexts = self._step(contexts, symbol)
        probability = self._uniform_lengthening
        for grams, at in zip(self._grams[:ORDER], contexts, strict=False):
            probability = grams.lengthening.item(at) + grams.backoffs.item(at) * probability
        return probability


def natural(log2: float) -> tuple[float, float | None]:
    """A count by its base-2 logarithm, and its base-10 logarithm.

    The count of what is very improbable underflows to 0, its logarithm does not; there is none
    where there can be no hit at all, which is minus infinity.
    """
    if log2 == -math.inf:
        return 0.0, None
    return 2.0**log2, log2 * math.log10(2)


class ExpectedHits:
    """How many hits the stretches of a stream would have in the corpus, by chance.

    symbols: (n,) the stream, whose probabilities are looked up once for all that is asked of it.
    They are summed up in fixed point, so that a stretch has the same sum wherever it stands.
    """

    def __init__(self, model: BackoffModel, symbols: bytes) -> None:
        self._model = model
        self._symbols = symbols
        self._logs = model.log2_probabilities(symbols)
        whole = np.rint(self._logs[ORDER - 1] * _FIXED_POINT).astype(np.int64)
        self._sums = np.concatenate([[0], np.cumsum(whole)])

    def log2(self, firsts: NDArray[np.int32], stops: NDArray[np.int32]) -> Floats:
        """log2 of how many hits each stretch would have: (m,).

        firsts, stops: (m,) the first symbol of each stretch and the one past its last; no wall is
        in one. Minus infinity where the corpus has no token.
        """
        if not self._model.tokens:
            return np.full(len(firsts), -np.inf)
        sums = self._sums
        whole = firsts + ORDER - 1  # the first symbol whose whole context is in the stretch
        inside = sums[stops] - sums[np.minimum(whole, len(sums) - 1)]
        hits = np.where(whole < stops, inside / _FIXED_POINT, 0.0)
        for before in range(ORDER - 1):
            is_inside = firsts + before < stops
            hits[is_inside] += self._logs[before][firsts[is_inside] + before]
        ending = self._model.log2_going_no_further(self._symbols, firsts, stops)
        return cast(Floats, np.log2(self._model.tokens) + hits + ending)


def _windows(segments: Sequence[Segment]) -> tuple[Packed, Floats]:
    """The different windows of ORDER symbols, walls and all, sorted, and how many of each."""
    found = [_segment_windows(segment) for segment in segments]
    packed = np.concatenate([np.empty(0, dtype=np.uint64), *(some for some, _ in found)])
    counts = np.concatenate([np.empty(0), *(some for _, some in found)])
    if len(found) > 1:
        in_order = packed.argsort()
        packed, counts = _merged(packed[in_order], counts[in_order])
    return packed, counts


def _segment_windows(segment: Segment) -> tuple[Packed, Floats]:
    windows = words(segment.stream).take(segment.suffixes)
    is_new = np.ones(len(windows), dtype=bool)
    # The first symbols are the lowest bytes; those past ORDER are shifted out.
    np.not_equal((windows[1:] ^ windows[:-1]) << _BEYOND, 0, out=is_new[1:])
    first = np.flatnonzero(is_new)
    return _packed(windows[first]), np.diff(first, append=len(windows)).astype(np.float64)


def _packed(windows: NDArray[np.uint64]) -> Packed:
    """The first ORDER symbols of windows as they come from a stream."""
    return windows.astype(np.uint64).byteswap() >> _BEYOND


def _merged(packed: Packed, counts: Floats) -> tuple[Packed, Floats]:
    """Sorted n-grams, each once, with the sum of its counts."""
    is_new = np.ones(len(packed), dtype=bool)
    np.not_equal(packed[1:], packed[:-1], out=is_new[1:])
    first = np.flatnonzero(is_new)
    return packed[first], np.add.reduceat(counts, first) if len(first) else counts


def _without_walls(
    packed: Packed, counts: Floats, is_wall: NDArray[np.bool_]
) -> list[tuple[Packed, Floats]]:
    """The n-grams of 0, 1, ... ORDER symbols without a wall in them, and how often each stands."""
    found: list[tuple[Packed, Floats]] = []
    for length in range(ORDER, 0, -1):
        is_whole = np.ones(len(packed), dtype=bool)
        for place in range(length):
            symbols = (packed >> (_BITS * np.uint64(place))).astype(np.uint8)
            is_whole &= ~is_wall[symbols]
        found.append((packed[is_whole], counts[is_whole]))
        packed, counts = _merged(packed >> _BITS, counts)
    empty = np.zeros(1, dtype=np.uint64), np.zeros(1)
    return [empty, *reversed(found)]


def _tables(counted: Sequence[tuple[Packed, Floats]], goes_on: NDArray[np.bool_]) -> list[_Grams]:
    """The tables of the n-grams of 0, 1, ... ORDER symbols; counted as of _without_walls."""
    tables = []
    shares = np.zeros(1)
    nothing = np.empty(0, dtype=np.uint64), np.empty(0)
    for (packed, _), (longer, counts) in zip(counted, [*counted[1:], nothing], strict=True):
        n = len(packed)
        context = packed.searchsorted(longer >> _BITS)
        kinds = np.bincount(context, minlength=n)
        divisors = np.bincount(context, weights=counts, minlength=n) + kinds
        longer_shares = counts / divisors[context]
        of_lengths = longer_shares * goes_on[longer.astype(np.uint8)]
        # What nothing follows leaves all to the shorter context.
        backoffs = np.divide(kinds, divisors, out=np.ones(n), where=kinds > 0)
        tables.append(
            _Grams(
                packed=np.append(packed, _NO_GRAM),
                symbols=packed.astype(np.uint8).tobytes(),
                shares=np.append(shares, 0.0),
                backoffs=np.append(backoffs, 1.0),
                lengthening=np.append(np.bincount(context, weights=of_lengths, minlength=n), 0.0),
                longer=np.concatenate([[0], np.cumsum(kinds)]),
            )
        )
        shares = longer_shares
    return tables
