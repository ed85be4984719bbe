"""A back-off n-gram model of the corpus: how probable a symbol is after the symbols before it.

It gives the number of hits of a figure that are expected by chance. The suffixes of a segment are
sorted, so that equal n-grams are neighbours, and the index keeps where each begins. The tables of a
large corpus are kept in files that are mapped (indexer.store.arrays.derived).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache, reduce
from itertools import pairwise
from typing import Any, Final, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import BEYOND_GRAM, GRAM, Symbols, words
from tunetrace.indexer.search.views import Alphabet
from tunetrace.tokenizer.vocabulary import SEPARATOR

ORDER: Final = GRAM
"""The probability of a symbol depends on up to four symbols before it."""

Packed = NDArray[np.uint64]
"""n-grams as numbers: one byte a symbol, the first symbol in the highest byte."""

Floats = NDArray[np.float64]

_BITS: Final = np.uint64(8)

_NO_GRAM: Final = np.uint64(2**64 - 1)
_CHUNK: Final = 1 << 18
"""How many symbols are looked up together, so that their arrays fit into the CPU's cache."""

_FIXED_POINT: Final = 2.0**32
"""Logarithms are summed as whole multiples of one bit divided by this."""

_KEPT: Final = 1 << 16
"""How many probabilities of single symbols are remembered."""


Tables: TypeAlias = Mapping[str, NDArray[Any]]
"""What a model is made of: `size`, (1,), how many symbols of the corpus a figure can begin with;
and for each length the arrays of _Grams, by their names followed by the length."""


@dataclass(frozen=True, slots=True)
class _Grams:
    """The n n-grams of one length that the corpus has, sorted, and what follows each: (n + 1,).

    The last row stands for all n-grams that the corpus lacks. Of the longest n-grams it is not
    known what follows them: their last three arrays are empty.
    """

    packed: Packed
    """The n-grams as numbers."""
    symbols: Symbols
    """(n,) the last symbol of each."""
    shares: Floats
    """c(hw) / (c(h) + T(h)), where the n-gram is hw."""
    backoffs: Floats
    """T(h) / (c(h) + T(h)), where the n-gram is h."""
    lengthening: Floats
    """The sum of the shares of all symbols that lengthen a note, after the n-gram."""
    longer: NDArray[np.int32]
    """The row of the first n-gram one symbol longer, in the table of those."""

    def find(self, wanted: Packed) -> NDArray[np.intp]:
        """The rows of n-grams; n for those that the corpus lacks."""
        at = self.packed.searchsorted(wanted)
        return np.where(self.packed[at] == wanted, at, len(self.packed) - 1)


class BackoffModel:
    """An interpolated n-gram model with Witten-Bell smoothing, of all segments together.

    P(w|h) = (c(hw) + T(h) P(w|h')) / (c(h) + T(h)). Here c(h) is how often a symbol follows h,
    T(h) is how many different symbols do, and h' is h without its first symbol. At the end of the
    recursion all symbols of the alphabet are equally probable. Boundaries (in tokens: headers and
    the ends of tunes) are neither counted nor part of a context. So a figure that continues after
    a `:|`, where many tunes end, is expected somewhat too often.
    Method: Witten and Bell, The Zero-Frequency Problem, 1991, which is method C of Moffat's PPM
    (1990); interpolated as in Chen and Goodman 1999.
    """

    symbols: int
    """How many symbols of the corpus a figure can begin with: all but boundaries."""

    def __init__(self, tables: Tables, alphabet: Alphabet) -> None:
        """tables: as backoff_tables gives them for the same alphabet."""
        self._is_boundary = _are_boundaries(alphabet)
        self._boundaries = bytes(np.flatnonzero(self._is_boundary).tolist())
        different = int(np.count_nonzero(~self._is_boundary))
        self._uniform = 1 / different
        self._uniform_lengthening = len(set(alphabet.continuing)) / different
        self.symbols = int(tables["size"][0])
        self._grams = [
            _Grams(**{field.name: tables[f"{field.name}{length}"] for field in fields(_Grams)})
            for length in range(ORDER + 1)
        ]
        # memoryviews give plain numbers, and faster than arrays.
        self._steps = [
            (grams.backoffs.data, grams.longer.data, longer.symbols.data, longer.shares.data)
            for grams, longer in pairwise(self._grams)
        ]
        # The same few symbols are asked for again and again.
        self._log2_probability = lru_cache(maxsize=_KEPT)(self._log2_last_probability)
        self._going_on = lru_cache(maxsize=_KEPT)(self._lengthening)

    @classmethod
    def counted(cls, segments: Iterable[Segment], alphabet: Alphabet) -> Self:
        """The model of some segments, whose n-grams are counted here."""
        return cls(backoff_tables(segments, alphabet), alphabet)

    def log2_probabilities(self, symbols: bytes) -> Floats:
        """log2 of how probable each symbol is after the symbols before it: (ORDER, n).

        Row m - 1 takes the m - 1 symbols before into account, or fewer if a boundary or the start
        is nearer. Boundaries, and symbols outside the alphabet, have 0.
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
            # The n-gram that begins at a symbol ends order - 1 symbols later.
            ends = slice(order - 1, n)
            stop = max(n - order + 1, 0)
            row[:] = shorter
            row[ends] *= backoff[:stop]
            row[ends] += share[:stop]
            shorter, context = row, longer
        probabilities[:, self._is_boundary[np.frombuffer(symbols, dtype=np.uint8)]] = 1
        return np.log2(probabilities, out=probabilities)

    def log2_going_no_further(
        self, symbols: bytes, firsts: NDArray[np.int32], stops: NDArray[np.int32]
    ) -> Floats:
        """log2 of how probable it is that no length follows each stretch: (m,)."""
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
        """How many hits of a figure the corpus would have if the model had written it.

        As log2_expected. Counts below about 2**-1074, which no float can hold, are 0.
        """
        return natural(self.log2_expected(figure, open_end=open_end))[0]

    def log2_expected(self, figure: bytes, *, open_end: bool = False) -> float:
        """log2 of how many hits of a figure the corpus would have if the model had written it.

        figure: its symbols; minus infinity if one of them is a boundary. open_end: count it inside
        a longer last note too. Each symbol's context is within the figure.
        Method: expected counts under a Markov model (Prum, Rodolphe and de Turckheim 1995).
        """
        has_boundary = len(figure.translate(None, delete=self._boundaries)) < len(figure)
        if has_boundary or not self.symbols:
            return -math.inf
        hits = math.log2(self.symbols)
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
        """The probability of a symbol after its contexts, and the contexts of the next symbol.

        contexts: the rows of the last 0, 1, … symbols in their tables, as far as they are known.
        """
        probability, seen = self._uniform, [0]
        for (backoffs, longer, symbols, shares), at in zip(self._steps, contexts, strict=False):
            probability *= backoffs[at]
            first = longer[at]
            found = bytes(symbols[first : longer[at + 1]]).find(symbol)
            if found >= 0:
                probability += shares[first + found]
                seen.append(first + found)
        return probability, seen

    def _lengthening(self, symbols: bytes) -> float:
        """How probable it is that a length or a broken rhythm follows up to ORDER - 1 symbols.

        The smoothing is linear, so that the recursion holds for a class of symbols together.
        """
        contexts = [0]
        for symbol in symbols:
            _, contexts = self._step(contexts, symbol)
        probability = self._uniform_lengthening
        for grams, at in zip(self._grams[:ORDER], contexts, strict=False):
            probability = grams.lengthening.item(at) + grams.backoffs.item(at) * probability
        return probability


def natural(log2: float) -> tuple[float, float | None]:
    """A count and its base-10 logarithm, from its base-2 logarithm.

    The count of something very improbable underflows to 0, its logarithm does not. The logarithm is
    None if no hit is possible, which is minus infinity.
    """
    if log2 == -math.inf:
        return 0.0, None
    return 2.0**log2, log2 * math.log10(2)


class ExpectedHits:
    """How many hits the stretches of a stream would have in the corpus by chance.

    The probabilities of the stream's symbols are looked up once. They are summed in fixed point, so
    that equal stretches have equal sums.
    """

    def __init__(self, model: BackoffModel, symbols: bytes) -> None:
        self._model = model
        self._symbols = symbols
        self._logs = model.log2_probabilities(symbols)
        whole = np.rint(self._logs[ORDER - 1] * _FIXED_POINT).astype(np.int64)
        self._sums = np.concatenate([[0], np.cumsum(whole)])

    def log2(self, firsts: NDArray[np.int32], stops: NDArray[np.int32]) -> Floats:
        """log2 of how many hits each stretch would have: (m,); minus infinity in an empty corpus.

        firsts, stops: (m,) the first symbol of each stretch and the one past its last. No stretch
        contains a boundary.
        """
        if not self._model.symbols:
            return np.full(len(firsts), -np.inf)
        sums = self._sums
        whole = firsts + ORDER - 1  # the first symbol whose whole context is in the stretch
        inside = sums[stops] - sums[np.minimum(whole, len(sums) - 1)]
        hits = np.where(whole < stops, inside / _FIXED_POINT, 0.0)
        for before in range(ORDER - 1):
            is_inside = firsts + before < stops
            hits[is_inside] += self._logs[before][firsts[is_inside] + before]
        ending = self._model.log2_going_no_further(self._symbols, firsts, stops)
        return cast(Floats, np.log2(self._model.symbols) + hits + ending)


def backoff_tables(segments: Iterable[Segment], alphabet: Alphabet) -> Tables:
    """Count the n-grams of segments, one segment after another: what a model is made of."""
    none = np.empty(0, dtype=np.uint64), np.empty(0)
    windows = reduce(_added, map(_segment_windows, segments), none)
    counted = _without_boundaries(*windows, _are_boundaries(alphabet))
    goes_on = np.zeros(256, dtype=bool)
    goes_on[list(alphabet.continuing)] = True
    tables: dict[str, NDArray[Any]] = {"size": np.array([counted[1][1].sum()], dtype=np.int64)}
    for length, grams in enumerate(_tables(counted, goes_on)):
        for field in fields(_Grams):
            tables[f"{field.name}{length}"] = getattr(grams, field.name)
    return tables


def _are_boundaries(alphabet: Alphabet) -> NDArray[np.bool_]:
    """Whether each symbol is a boundary, or none of the alphabet: (256,)."""
    found = np.ones(256, dtype=bool)
    found[: len(alphabet.names)] = False
    found[list(alphabet.boundaries)] = True
    return found


def _added(left: tuple[Packed, Floats], right: tuple[Packed, Floats]) -> tuple[Packed, Floats]:
    """The different windows of both, sorted, and how many there are of each."""
    if not len(left[0]):
        return right
    packed = np.concatenate([left[0], right[0]])
    counts = np.concatenate([left[1], right[1]])
    in_order = packed.argsort(kind="stable")  # which is fastest for two sorted runs
    packed, counts = packed[in_order], counts[in_order]
    first = _firsts(packed)
    return packed[first], np.add.reduceat(counts, first)


def _segment_windows(segment: Segment) -> tuple[Packed, Floats]:
    """The different windows of ORDER symbols, sorted, and how many there are of each."""
    first = segment.gram_firsts
    windows = segment.words[segment.suffixes.take(first)]
    return _packed(windows), np.diff(first, append=len(segment.suffixes)).astype(np.float64)


def _packed(windows: NDArray[np.uint64]) -> Packed:
    """The first ORDER symbols of words that were read from a stream."""
    return windows.astype(np.uint64).byteswap() >> BEYOND_GRAM


def _firsts(packed: Packed) -> NDArray[np.intp]:
    """Where each different n-gram begins among sorted ones."""
    is_new = np.ones(len(packed), dtype=bool)
    np.not_equal(packed[1:], packed[:-1], out=is_new[1:])
    return np.flatnonzero(is_new)


def _without_boundaries(
    packed: Packed, counts: Floats, is_boundary: NDArray[np.bool_]
) -> list[tuple[Packed, Floats]]:
    """The n-grams of 0, 1, … ORDER symbols without a boundary, and how many there are of each."""
    # How many symbols each window has before its first boundary.
    clear = np.zeros(len(packed), dtype=np.int8)
    is_clear = np.ones(len(packed), dtype=bool)
    for place in reversed(range(ORDER)):
        is_clear &= ~is_boundary[(packed >> (_BITS * np.uint64(place))).astype(np.uint8)]
        clear += is_clear
    found: list[tuple[Packed, Floats]] = []
    for length in range(ORDER, 0, -1):
        is_whole = clear >= length
        found.append((packed[is_whole], counts[is_whole]))
        packed = packed >> _BITS
        first = _firsts(packed)
        counts = np.add.reduceat(counts, first) if len(first) else counts
        packed, clear = packed[first], clear[first]
    empty = np.zeros(1, dtype=np.uint64), np.zeros(1)
    return [empty, *reversed(found)]


def _tables(counted: Sequence[tuple[Packed, Floats]], goes_on: NDArray[np.bool_]) -> list[_Grams]:
    """The tables of the n-grams of 0, 1, … ORDER symbols, from what _without_boundaries gives."""
    tables: list[_Grams] = []
    shares = np.zeros(1)
    nothing = np.empty(0, dtype=np.uint64), np.empty(0)
    for (packed, _), (longer, counts) in zip(counted, [*counted[1:], nothing], strict=True):
        n = len(packed)
        known = n + 1 if len(tables) < ORDER else 0  # rows of which it is known what follows
        first = _firsts(longer >> _BITS)
        followed = packed.searchsorted(longer[first] >> _BITS)  # the n-grams that something follows
        context = np.repeat(followed, np.diff(first, append=len(longer)))
        kinds = np.bincount(context, minlength=n)
        divisors = np.bincount(context, weights=counts, minlength=n) + kinds
        longer_shares = counts / divisors[context]
        of_lengths = longer_shares * goes_on[longer.astype(np.uint8)]
        # An n-gram that nothing follows leaves everything to the shorter context.
        backoffs = np.divide(kinds, divisors, out=np.ones(n), where=kinds > 0)
        tables.append(
            _Grams(
                packed=np.append(packed, _NO_GRAM),
                symbols=packed.astype(np.uint8),
                shares=np.append(shares, 0.0),
                backoffs=np.append(backoffs, 1.0)[:known],
                lengthening=np.append(np.bincount(context, weights=of_lengths, minlength=n), 0.0)[
                    :known
                ],
                longer=np.append(np.int32(0), np.cumsum(kinds, dtype=np.int32))[:known],
            )
        )
        shares = longer_shares
    return tables
