"""Where figures stand in the streams of an index: every hit, and in how many tunes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.query import FigureQuery, boundaries, compile_pattern, continues_note
from tunetrace.indexer.search.segment import Mask, Segment
from tunetrace.indexer.search.suffix import Positions
from tunetrace.tokenizer.vocabulary import Vocabulary

_RARE = 16
"""A figure with no more places than this is rare."""

_FEW = 256
"""Up to so many tunes a Python set counts them faster than a mask of all."""


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Where a figure stands in one segment: positions in its stream, and how many tokens each."""

    segment: Segment
    positions: Positions
    lengths: NDArray[np.int32] | int

    def length(self, k: int) -> int:
        """How many tokens hit k has."""
        return self.lengths if isinstance(self.lengths, int) else int(self.lengths[k])

    def select(self, chosen: Mask | NDArray[np.integer]) -> Occurrences:
        """Those hits that a mask or a list of their numbers chooses."""
        lengths = self.lengths if isinstance(self.lengths, int) else self.lengths[chosen]
        return Occurrences(self.segment, self.positions[chosen], lengths)

    def admitted(self, admitted: Mask | None) -> Occurrences:
        """Those hits that stand in admitted tunes."""
        if admitted is None or not len(self.positions):
            return self
        return self.select(admitted[self.segment.tunes_at(self.positions)])


class FigureSearch:
    """The segments of an index and its vocabulary, to be searched for figures.

    tunes: how many tunes there are; last_id: the highest id among them. goes_on: (256,) which
    symbols lengthen the note before them. Masks admit tunes, by id; None admits all.
    """

    def __init__(self, segments: Sequence[Segment], vocabulary: Vocabulary) -> None:
        self.segments = segments
        self.vocabulary = vocabulary
        self.tunes = sum(len(segment.tune_ids) for segment in segments)
        self.last_id = max((int(segment.tune_ids[-1]) for segment in segments), default=0)
        self.goes_on = np.zeros(256, dtype=bool)
        self._lengthening = frozenset(continues_note(vocabulary))
        self.goes_on[list(self._lengthening)] = True

    @cached_property
    def _tokens_of_tunes(self) -> NDArray[np.int64]:
        """How many tokens each tune has, headers left out: (last id + 1,), by id."""
        is_token = np.ones(256, dtype=bool)
        is_token[list(boundaries(self.vocabulary))] = False
        counts = np.zeros(self.last_id + 1, dtype=np.int64)
        for segment in self.segments:
            counts[segment.tune_ids] = segment.counts_in_tunes(is_token)
        return counts

    def token_share(self, admitted: Mask) -> float:
        """The share of all tokens that stand in admitted tunes, headers left out; 0 of none."""
        tokens = self._tokens_of_tunes
        return float(tokens[admitted].sum() / max(1, int(tokens.sum())))

    def occurrences(
        self, query: FigureQuery, *, open_end: bool = False, admitted: Mask | None = None
    ) -> list[Occurrences]:
        """Every hit of a query, segment by segment."""
        literal = query.literal
        if literal is not None:
            if not all(token in self.vocabulary for token in literal):
                return []
            return self.find(self.vocabulary.encode(literal), open_end, admitted)
        pattern = compile_pattern(query.elements, self.vocabulary, open_end=open_end)
        if pattern is None:
            return []
        found = []
        for segment in self.segments:
            spans = [match.span(1) for match in pattern.finditer(segment.stream)]
            bounds = np.array(spans, dtype=np.int32).reshape(-1, 2)
            some = Occurrences(segment, bounds[:, 0], bounds[:, 1] - bounds[:, 0])
            found.append(some.admitted(admitted))
        return found

    def find(
        self,
        figure: bytes,
        open_end: bool = False,
        admitted: Mask | None = None,
        most: int | None = None,
    ) -> list[Occurrences]:
        """Every hit of a figure given as symbols, segment by segment, in no order.

        most: look at no more of its places in each segment, whichever they are; None for all.
        """
        return [
            self._hits(segment, segment.positions(figure)[:most], len(figure), open_end, admitted)
            for segment in self.segments
        ]

    def _hits(
        self,
        segment: Segment,
        places: Positions,
        length: int,
        open_end: bool,
        admitted: Mask | None,
    ) -> Occurrences:
        """The hits among the places in a segment where the symbols of a figure stand."""
        if not open_end and len(places):
            following = segment.symbols.take(places + length, mode="clip")
            places = places[~self.goes_on[following]]
        return Occurrences(segment, places, length).admitted(admitted)

    def distinct_tunes(self, found: Sequence[Occurrences]) -> int:
        """In how many tunes occurrences stand."""
        count = 0
        for some in found:
            if len(some.positions) < 2:  # as most figures of a check
                count += len(some.positions)
                continue
            tunes = some.segment.tunes_at(some.positions)
            if len(tunes) < _FEW:
                count += len(set(tunes.tolist()))
            else:
                seen = np.zeros(self.last_id + 1, dtype=bool)
                seen[tunes] = True
                count += int(np.count_nonzero(seen))
        return count

    def count(
        self, figure: bytes, open_end: bool = False, admitted: Mask | None = None
    ) -> tuple[int, int]:
        """In how many tunes, and how often, a figure given as symbols stands."""
        tunes = hits = 0
        for segment in self.segments:
            places = segment.positions(figure)
            if admitted is None and len(places) <= _RARE:
                few = self._tunes_of_few(segment, places, len(figure), open_end)
                tunes += len(set(few))
                hits += len(few)
            else:
                found = self._hits(segment, places, len(figure), open_end, admitted)
                tunes += self.distinct_tunes([found])
                hits += len(found.positions)
        return tunes, hits

    def _tunes_of_few(
        self, segment: Segment, places: Positions, length: int, open_end: bool
    ) -> list[int]:
        """The tune of each hit of a rare figure, for which arrays would cost more than this."""
        return [
            segment.tune_at(place)
            for place in places.tolist()
            if open_end or segment.stream[place + length] not in self._lengthening
        ]

    def first(self, found: Sequence[Occurrences], limit: int) -> list[tuple[int, int, int]]:
        """The first hits in the order of tunes: (tune, position in its stream, tokens)."""
        places: list[tuple[int, int, int]] = []
        for some in found:
            wanted = min(limit - len(places), len(some.positions))
            if wanted > 0:
                nearest = np.argpartition(some.positions, wanted - 1)[:wanted]
                chosen = some.select(nearest[np.argsort(some.positions[nearest])])
                tunes = chosen.segment.tunes_at(chosen.positions).tolist()
                for k, (tune, at) in enumerate(zip(tunes, chosen.positions.tolist(), strict=True)):
                    places.append((tune, at, chosen.length(k)))
        return places
