"""Searching the segments of an index for figures: every hit, and the number of tunes.

A figure ends where its last note ends. A place where a length or a broken rhythm follows is no hit,
unless an open end is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.query import Element, FigureQuery
from tunetrace.indexer.search.segment import Mask, Segment
from tunetrace.indexer.search.suffix import Positions
from tunetrace.indexer.search.views import TOKENS, Alphabet, View
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

_RARE = 16
"""Up to this many places, Python lists are faster than arrays."""

_FEW = 256
"""Up to this many tunes, a Python set counts them faster than a mask of all tunes."""


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The hits of a figure in one segment."""

    segment: Segment
    """The segment that was searched."""
    positions: Positions
    """Where each hit begins in the segment's stream: (hits,)."""
    lengths: NDArray[np.int32] | int
    """How many symbols each hit has: (hits,), or one number for all."""

    def length(self, k: int) -> int:
        """How many symbols hit k has."""
        return self.lengths if isinstance(self.lengths, int) else int(self.lengths[k])

    def select(self, chosen: Mask | NDArray[np.integer]) -> Occurrences:
        """The hits that a mask or a list of their numbers chooses."""
        lengths = self.lengths if isinstance(self.lengths, int) else self.lengths[chosen]
        return Occurrences(self.segment, self.positions[chosen], lengths)

    def admitted(self, admitted: Mask | None) -> Occurrences:
        """The hits in admitted tunes."""
        if admitted is None or not len(self.positions):
            return self
        return self.select(admitted[self.segment.tunes_at(self.positions)])


class FigureSearch:
    """The segments of an index in one view, to be searched for figures.

    Masks say which tunes are admitted, by id; None admits all.
    """

    def __init__(
        self, segments: Sequence[Segment], vocabulary: Vocabulary, view: View = TOKENS
    ) -> None:
        self.segments = segments
        self.vocabulary = vocabulary
        self.view = view
        self.alphabet = view.alphabet(vocabulary)
        self.tunes = sum(len(segment.tune_ids) for segment in segments)
        self.last_id = max((int(segment.tune_ids[-1]) for segment in segments), default=0)
        self.goes_on = np.zeros(256, dtype=bool)
        """(256,) whether each symbol lengthens the note before it."""
        self.goes_on[list(self.alphabet.continuing)] = True
        self._continuing = frozenset(self.alphabet.continuing)

    @cached_property
    def _symbols_of_tunes(self) -> NDArray[np.int64]:
        """How many symbols each tune has, without boundaries: (last id + 1,), by id."""
        is_counted = np.ones(256, dtype=bool)
        is_counted[list(self.alphabet.boundaries)] = False
        counts = np.zeros(self.last_id + 1, dtype=np.int64)
        for segment in self.segments:
            counts[segment.tune_ids] = segment.counts_in_tunes(is_counted)
        return counts

    def share_of_symbols(self, admitted: Mask) -> float:
        """The share of all symbols that admitted tunes have, without boundaries; 0 of none."""
        counts = self._symbols_of_tunes
        return float(counts[admitted].sum() / max(1, int(counts.sum())))

    def occurrences(
        self, query: FigureQuery, *, open_end: bool = False, admitted: Mask | None = None
    ) -> list[Occurrences]:
        """Every hit of a query, segment by segment."""
        literal = query.literal
        if literal is not None:
            symbols = self.alphabet.encode(literal)
            return [] if SEPARATOR in symbols else self.find(symbols, open_end, admitted)
        pattern = _pattern(query.elements, self.alphabet, open_end=open_end)
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

        most: look at no more than this many places in each segment; None for all.
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
        """The hits among the places of a segment where the symbols of a figure are found."""
        if not open_end and len(places):
            following = segment.symbols.take(places + length, mode="clip")
            places = places[~self.goes_on[following]]
        return Occurrences(segment, places, length).admitted(admitted)

    def distinct_tunes(self, found: Sequence[Occurrences]) -> int:
        """How many tunes have these hits."""
        count = 0
        for some in found:
            if len(some.positions) < 2:  # most figures of a check
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
        """In how many tunes, and how often, a figure given as symbols is found."""
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
        """The tune of each hit of a rare figure."""
        return [
            segment.tune_at(place)
            for place in places.tolist()
            if open_end or segment.stream[place + length] not in self._continuing
        ]

    def first(self, found: Sequence[Occurrences], limit: int) -> list[tuple[int, int, int]]:
        """The first hits in the order of tunes: the tune, the first symbol in it, how many."""
        places: list[tuple[int, int, int]] = []
        for some in found:
            wanted = min(limit - len(places), len(some.positions))
            if wanted > 0:
                nearest = np.argpartition(some.positions, wanted - 1)[:wanted]
                chosen = some.select(nearest[np.argsort(some.positions[nearest])])
                tunes, firsts = chosen.segment.places(chosen.positions)
                for k, (tune, at) in enumerate(zip(tunes.tolist(), firsts.tolist(), strict=True)):
                    places.append((tune, at, chosen.length(k)))
        return places


def _pattern(
    elements: Sequence[Element], alphabet: Alphabet, *, open_end: bool
) -> re.Pattern[bytes] | None:
    """A regular expression over streams; None if no stream of the alphabet can match.

    It consumes the first symbol of a hit and captures the whole hit in group 1 by looking ahead,
    so that hits may overlap.
    """
    continuing = _one_of(alphabet.continuing)
    any_length = continuing + b"*+" if continuing else b""
    has_ended = b"(?!" + continuing + b")" if continuing and not open_end else b""
    parts = []
    for element in elements:
        symbols = alphabet.encode(element.names).replace(bytes([SEPARATOR]), b"")
        if element.names and not symbols:
            return None
        one = _one_of(symbols) if symbols else _one_of(alphabet.boundaries, is_negated=True)
        parts.append(one + any_length if element.has_any_length else one)
    first = parts[0][: parts[0].index(b"]") + 1]
    return re.compile(b"(?=(" + b"".join(parts) + b")" + has_ended + b")" + first, re.DOTALL)


def _one_of(symbols: bytes, *, is_negated: bool = False) -> bytes:
    """The expression for one symbol of these, or of all others; empty if there are none."""
    escaped = b"".join(b"\\x%02x" % symbol for symbol in symbols)
    return b"[" + b"^" * is_negated + escaped + b"]" if symbols else b""
