"""Matching by bisection: each question is a search in the suffix arrays of the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.matching import FigureHits
from tunetrace.checker.batch.stream import BatchStream, Numbers
from tunetrace.indexer.index import Index
from tunetrace.indexer.sameness import SameMusic
from tunetrace.indexer.search.bars import NOWHERE, BarPlaces
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.suffix import longest_matches
from tunetrace.tokenizer.bars import Layout

_FEW_HITS: Final = 64

Places = tuple[Numbers, Numbers]
"""The tunes and the tokens of a figure's hits, in their order."""


class SearchMatcher:
    """An index, searched for each question. admitted: which of its tunes count; None for all."""

    def __init__(self, index: Index, admitted: Mask | None = None) -> None:
        self._index = index
        self._admitted = admitted
        self._positions = [some.admitted_positions(admitted) for some in index.figures.segments]

    def match(self, stream: BatchStream) -> SearchMatches:
        return SearchMatches(self._index, stream, self._admitted, self._positions)


class SearchLongest:
    """The longest matches of a stream with the segments of an index, and the figures in it.

    admitted: which tunes count, as a mask by id; positions: which positions of each segment.
    """

    def __init__(
        self,
        figures: FigureSearch,
        stream: BatchStream,
        admitted: Mask | None = None,
        positions: Sequence[Mask | None] | None = None,
    ) -> None:
        self._figures = figures
        self._admitted = admitted
        self._symbols = stream.symbols.tobytes()
        self._found: dict[bytes, Places] = {}
        self._counts: dict[bytes, tuple[int, int]] = {}
        self.longest: Numbers = np.zeros(len(self._symbols), dtype=np.int32)
        # What follows one of the longest matches in the corpus.
        self._following: NDArray[np.uint8] = np.zeros(len(self._symbols), dtype=np.uint8)
        for segment, mask in zip(
            figures.segments, positions or [None] * len(figures.segments), strict=True
        ):
            lengths, places = longest_matches(self._symbols, segment, mask)
            is_longer = lengths > self.longest
            self.longest[is_longer] = lengths[is_longer]
            following = segment.symbols.take(places + lengths, mode="clip")
            self._following[is_longer] = following[is_longer]

    def match_has_ended(self, firsts: Numbers) -> NDArray[np.bool_]:
        has_ended = ~self._figures.goes_on[self._following[firsts]]
        # Other matches as long may be followed by something else.
        for k in np.flatnonzero(~has_ended).tolist():
            first = int(firsts[k])
            has_ended[k] = self.count(first, first + int(self.longest[first]))[1] > 0
        return has_ended

    def places(self, first: int, stop: int) -> Places:
        """Where the figure from first up to stop occurs; each figure is looked up once."""
        figure = self._symbols[first:stop]
        if figure not in self._found:
            found = self._figures.find(figure, admitted=self._admitted)
            self._found[figure] = _in_order([some.segment.places(some.positions) for some in found])
        return self._found[figure]

    def count(self, first: int, stop: int) -> tuple[int, int]:
        """In how many tunes, and how often, the figure from first up to stop occurs."""
        figure = self._symbols[first:stop]
        if figure not in self._counts:
            self._counts[figure] = self._figures.count(figure, admitted=self._admitted)
        return self._counts[figure]

    def occurs_in_more(self, first: int, stop: int, tunes: int) -> bool:
        """Whether the figure from first up to stop occurs in more than so many tunes."""
        # A few hits of a common figure tell.
        figure = self._symbols[first:stop]
        few = self._figures.find(figure, admitted=self._admitted, most=_FEW_HITS)
        return self._figures.distinct_tunes(few) > tunes or self.count(first, stop)[0] > tunes

    def find(self, firsts: Numbers, stops: Numbers) -> _SearchedFigures:
        bounds = zip(firsts.tolist(), stops.tolist(), strict=True)
        return _SearchedFigures([self.places(first, stop) for first, stop in bounds])


class SearchMatches(SearchLongest):
    """A stream matched with an index. bar_places: where each of its bars occurs, by its text."""

    def __init__(
        self,
        index: Index,
        stream: BatchStream,
        admitted: Mask | None,
        positions: Sequence[Mask | None],
    ) -> None:
        super().__init__(index.figures, stream, admitted, positions)
        self._index = index
        self._stream = stream
        self.model = index.backoff
        self.bar_places: dict[str, BarPlaces] = index.bar_places(stream.bar_texts, admitted)

    def same_music(self, layouts: Sequence[Layout]) -> list[SameMusic]:
        return self._index.same_music(layouts, self._admitted)

    def bars_found(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        stream = self._stream
        found = [self.bar_places.get(text, NOWHERE) for text in stream.bar_texts]
        places = zip(found, stream.bar_parts.tolist(), stream.bar_numbers.tolist(), strict=True)
        return (
            np.array([some.hits > 0 for some in found], dtype=bool),
            np.array([(part, number) in some.at for some, part, number in places], dtype=bool),
        )

    def bars_shared(self, of: Numbers, tunes: Numbers) -> Numbers:
        bounds = self._stream.first_bars.tolist()
        places = [self.bar_places.get(text, NOWHERE).tunes for text in self._stream.bar_texts]
        shared = [
            sum(tune in some for some in places[bounds[k] : bounds[k + 1]])
            for k, tune in zip(of.tolist(), tunes.tolist(), strict=True)
        ]
        return np.array(shared, dtype=np.int32)


class _SearchedFigures:
    def __init__(self, places: list[Places]) -> None:
        self._places = places
        self.sizes = np.array([len(tunes) for tunes, _ in places], dtype=np.int64)

    def hits(self, some: slice) -> FigureHits:
        numbers = np.arange(len(self._places), dtype=np.int32)[some]
        places = self._places[some]
        none: list[Numbers] = [np.empty(0, dtype=np.int32)]
        return FigureHits(
            of=np.repeat(numbers, self.sizes[some]),
            tunes=np.concatenate(none + [tunes for tunes, _ in places]),
            tokens=np.concatenate(none + [tokens for _, tokens in places]),
        )


def _in_order(found: list[Places]) -> Places:
    """The hits of several segments, by tune and token."""
    tunes, tokens = (np.concatenate(some) for some in zip(*found, strict=True)) if found else (
        np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))  # fmt: skip
    if len(tunes) > 1:
        in_order = np.lexsort((tokens, tunes))
        tunes, tokens = tunes[in_order], tokens[in_order]
    return tunes, tokens
