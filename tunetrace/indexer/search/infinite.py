"""The infinite-gram: what follows the longest context that the corpus has, and all shorter ones.

An n-gram model looks at the last n - 1 symbols. This one looks at as many as the corpus has in a
row, and says what follows them there, and how often. So it is what memory alone predicts.
Method: Liu et al., Infini-gram: Scaling Unbounded n-gram Language Models to a Trillion Tokens
(2024), over the suffix arrays of an index. Smoothed, it is an interpolated n-gram model of
unbounded order (Witten and Bell 1991).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.counting.tree import SuffixTree
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.joint import Figures
from tunetrace.indexer.search.segment import Mask, Segment
from tunetrace.tokenizer.vocabulary import SEPARATOR

Counts = NDArray[np.int64]

_END: Final = bytes([SEPARATOR])

_MANY: Final = 1 << 14
"""If a context has more places in a segment, what follows it is counted by ranges of ranks."""

_ZEROS: Final = np.zeros(256, dtype=np.int64)
"""A copy of it is made faster than zeros."""


class Following:
    """What follows the longest context that the corpus has."""

    __slots__ = ("_gram", "context", "counts")

    def __init__(self, context: bytes, counts: Counts, gram: InfiniteGram) -> None:
        self.context = context
        """The context. It may begin with the SEPARATOR before a tune."""
        self.counts = counts
        """(256,) how often each symbol follows it; SEPARATOR is the end of a tune."""
        self._gram = gram

    @property
    def length(self) -> int:
        """The symbols of the context; a SEPARATOR in front counts."""
        return len(self.context)

    @property
    def tunes(self) -> int:
        """In how many tunes the context is found. They are counted when they are asked for."""
        return self._gram.count_tunes(self.context)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """(256,) the share of each symbol, exactly its count by the sum; zeros in an empty
        corpus."""
        return self.counts / max(int(self.counts.sum()), 1)


class InfiniteGram:
    """The segments of an index in one view, asked for what follows.

    admitted: the tunes that count, as a mask by id; None for all.
    """

    def __init__(self, search: FigureSearch, admitted: Mask | None = None) -> None:
        self._search = search
        self._admitted = admitted
        self._tree: SuffixTree | None = None
        """The tree of a search of one segment, when it is there."""

    def counts(self, context: bytes) -> Counts:
        """How often each symbol follows a context: (256,), all 0 where the corpus lacks it.

        context: as for after.
        """
        tree = self._tree
        if tree is not None and context:
            return tree.following(context)[1]
        return self._following(context)[1] if context else self._anything.copy()

    def after(self, context: bytes) -> Following:
        """What follows the longest end of a context that the corpus has.

        context: symbols, with a SEPARATOR in front if it begins a tune, and nowhere else.
        """
        hits, counts = self._following(context)
        if hits:
            return Following(context, counts, self)
        # Where a context is found, its ends are found too.
        found, lacking, counts = 0, len(context), self._anything.copy()
        while lacking - found > 1:
            middle = (found + lacking) // 2
            hits, longer = self._following(context[-middle:])
            if hits:
                found, counts = middle, longer
            else:
                lacking = middle
        return Following(context[len(context) - found :], counts, self)

    def along(self, symbols: bytes) -> Iterator[Following]:
        """What follows each symbol and those before it.

        symbols: of a tune, with a SEPARATOR in front. A later SEPARATOR stands for a symbol that
        the corpus lacks, so that no context reaches over it.
        """
        length = 0
        for stop, symbol in enumerate(symbols, 1):
            if symbol == SEPARATOR and stop > 1:
                length = 0
                yield self.after(b"")
                continue
            # A context without its last symbol is a context of the symbol before.
            found = self.after(symbols[stop - length - 1 : stop])
            length = found.length
            yield found

    def smoothed(self, context: bytes) -> NDArray[np.float64]:
        """How probable each symbol is after a context: (256,), which sum to 1.

        context: as for after. P(w|h) = (c(hw) + T(h) P(w|h')) / (c(h) + T(h)), from no context at
        all up to the longest end of the context that the corpus has. Here c(h) is how often a
        symbol follows h, T(h) is how many different symbols do, and h' is h without its first
        symbol. Before all that, the symbols of the alphabet and the end of a tune are equally
        probable, so that none of them ever has 0. The back-off model
        (indexer.statistics.backoff) has the same formula, with up to four symbols of context and
        without headers and the ends of tunes.
        Method: Witten and Bell, The Zero-Frequency Problem, 1991; interpolated as in Chen and
        Goodman 1999.
        """
        smoothed = self._without_context.copy()
        length = 1
        hits, counts = self._following(context[-length:])
        while hits:
            # Contexts with as many hits as a shorter one have the same, so the same follows them.
            stop, next_hits, next_counts = self._next_fewer(context, length, hits)
            kinds = int(np.count_nonzero(counts))
            left = (kinds / (hits + kinds)) ** (stop - length)
            smoothed = smoothed * left
            smoothed += counts * ((1 - left) / hits)
            length, hits, counts = stop, next_hits, next_counts
        return smoothed

    def _next_fewer(self, context: bytes, length: int, hits: int) -> tuple[int, int, Counts]:
        """The shortest longer end of a context that fewer than these places have, with what
        _following gives for it; the whole context's length and one more where all have as many."""
        last, fewer, step = length, len(context) + 1, 1
        found: tuple[int, Counts] = (0, _ZEROS)
        while fewer - last > 1:
            at = min(last + step, fewer - 1) if fewer > len(context) else (last + fewer) // 2
            longer = self._following(context[-at:])
            if longer[0] == hits:
                last, step = at, step * 2
            else:
                fewer, found = at, longer
        return fewer, *found

    def _following(self, context: bytes) -> tuple[int, Counts]:
        """In how many places a symbol follows a context, and how often each does: (256,)."""
        if not context:
            return 0, _ZEROS
        if self._tree is not None:
            return self._tree.following(context)
        trees = self._search.trees(questions=1) if self._admitted is None else None
        if trees is not None and len(trees) == 1:
            self._tree = trees[0]
        total, hits = _ZEROS.copy(), 0
        for number, segment in enumerate(self._search.segments):
            if trees is not None:
                found, counts = trees[number].following(context)
            else:
                counts = self._counts_in(segment, context)
                found = int(counts.sum())
            hits += found
            total += counts
        return hits, total

    def _counts_in(self, segment: Segment, context: bytes) -> Counts:
        """How often each symbol follows a context in the admitted tunes of a segment: (256,)."""
        places = segment.positions(context)
        if len(places) > _MANY and self._admitted is None and context != _END:
            return _counts_of_all(segment, context)
        # The last SEPARATOR of a stream begins no tune.
        places = places[places + len(context) < len(segment.symbols)]
        if self._admitted is not None and len(places):
            places = places[self._admitted[segment.tunes_at(places)]]
        return np.bincount(segment.symbols[places + len(context)], minlength=256)

    def count_tunes(self, context: bytes) -> int:
        """In how many of the tunes that count a context is found."""
        if context not in (b"", _END):  # which are in every tune
            return self._search.count(context, open_end=True, admitted=self._admitted)[0]
        if self._admitted is None:
            return self._search.tunes
        return sum(int(self._admitted[one.tune_ids].sum()) for one in self._search.segments)

    @cached_property
    def _anything(self) -> Counts:
        """How often each symbol follows another, whatever that is: (256,)."""
        counts = np.zeros(256, dtype=np.int64)
        for segment in self._search.segments:
            if self._admitted is None:
                counts += _counts_of_all(segment, b"")
                counts[SEPARATOR] -= 1  # the first symbol of a stream follows none
            else:
                # The end of a tune belongs to the tune before it.
                are_admitted = self._admitted[segment.tunes_of_all()[:-1]]
                counts += np.bincount(segment.symbols[1:][are_admitted], minlength=256)
        return counts

    @cached_property
    def _without_context(self) -> NDArray[np.float64]:
        """How probable each symbol is where nothing is known of those before: (256,)."""
        uniform = np.zeros(256)
        uniform[: len(self._search.alphabet.names)] = 1
        uniform[SEPARATOR] = 1
        uniform /= uniform.sum()
        hits, kinds = int(self._anything.sum()), np.count_nonzero(self._anything)
        return (self._anything + kinds * uniform) / (hits + kinds) if hits else uniform


def _counts_of_all(segment: Segment, context: bytes) -> Counts:
    """How often each symbol follows a context in all tunes of a segment: (256,).

    In the suffix array what follows is in order, so that each symbol has a range of its own.
    """
    longer = b"".join(context + bytes([symbol]) for symbol in range(256))
    firsts = np.arange(256, dtype=np.int32) * np.int32(len(context) + 1)
    figures = Figures(longer, firsts, np.full(256, len(context) + 1, dtype=np.int32))
    low, high = figures.intervals(segment)
    counts = np.zeros(256, dtype=np.int64)
    counts[figures.order] = high - low
    return counts
