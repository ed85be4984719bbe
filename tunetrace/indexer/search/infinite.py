"""The infinite-gram: what follows the longest context that the corpus has.

An n-gram model looks at the last n - 1 symbols. This one looks at as many as the corpus has in a
row, and says what follows them there, and how often. So it is what memory alone predicts.
Method: Liu et al., Infini-gram: Scaling Unbounded n-gram Language Models to a Trillion Tokens
(2024), over the suffix arrays of an index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.vocabulary import SEPARATOR


@dataclass(frozen=True, slots=True)
class Following:
    """What follows the longest context that the corpus has."""

    length: int
    """The symbols of the context. It may begin with the SEPARATOR before a tune, which counts."""
    tunes: int
    """In how many tunes it is found."""
    counts: NDArray[np.int64]
    """(256,) how often each symbol follows it; SEPARATOR is the end of a tune."""

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
        self._without_context: Following | None = None

    def after(self, context: bytes) -> Following:
        """What follows the longest end of a context that the corpus has. context: symbols, with a
        SEPARATOR in front if it begins a tune."""
        for length in range(len(context), 0, -1):
            found = self._following(context[-length:])
            if found is not None:
                return found
        return self._anything()

    def along(self, symbols: bytes) -> Iterator[Following]:
        """What follows each symbol and those before it.

        symbols: of a tune, with a SEPARATOR in front. A later SEPARATOR stands for a symbol that
        the corpus lacks, so that no context reaches over it.
        """
        length = 0
        for stop, symbol in enumerate(symbols, 1):
            if symbol == SEPARATOR and stop > 1:
                length = 0
                yield self._anything()
                continue
            # A context without its last symbol is a context of the symbol before.
            found = self.after(symbols[stop - length - 1 : stop])
            length = found.length
            yield found

    def _following(self, context: bytes) -> Following | None:
        """What follows a context, which is not empty; None where nothing does."""
        counts = np.zeros(256, dtype=np.int64)
        tunes = 0
        for segment in self._search.segments:
            places = segment.positions(context)
            # The last SEPARATOR of a stream begins no tune.
            places = places[places + len(context) < len(segment.symbols)]
            if self._admitted is not None and len(places):
                places = places[self._admitted[segment.tunes_at(places)]]
            if not len(places):
                continue
            counts += np.bincount(segment.symbols[places + len(context)], minlength=256)
            tunes += self._search.count_tunes(segment, places)
        return Following(len(context), tunes, counts) if tunes else None

    def _anything(self) -> Following:
        """How often each symbol follows another, whatever that is."""
        if self._without_context is None:
            counts = np.zeros(256, dtype=np.int64)
            tunes = 0
            for segment in self._search.segments:
                following = segment.symbols[1:]
                ids = segment.tune_ids
                if self._admitted is not None:
                    ids = ids[self._admitted[ids]]
                    # The end of a tune belongs to the tune before it.
                    following = following[self._admitted[segment.tune_of_positions[:-1]]]
                counts += np.bincount(following, minlength=256)
                tunes += len(ids)
            self._without_context = Following(0, tunes, counts)
        return self._without_context
