"""Searching the segments of an index for figures: every hit, and the number of tunes.

A figure ends where its last note ends. A place where a length or a broken rhythm follows is no hit,
unless an open end is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.counting.tree import SuffixTree
from tunetrace.indexer.queries.symbols import Element, FigureQuery
from tunetrace.indexer.search.segment import Mask, Segment
from tunetrace.indexer.search.suffix import Positions
from tunetrace.indexer.search.views import TOKENS, Alphabet, View
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

_RARE = 16
"""Up to this many places, Python lists are faster than arrays."""

_FEW_QUESTIONS = 1000
"""The common figures are not counted before so many questions were asked,"""

_SYMBOLS = 64
"""nor before one was asked for each so many symbols of the index: to count them takes about as long
as to answer those."""

_MOST_SYMBOLS = 1 << 24
"""The common figures of an index of more symbols are not counted: it would take minutes, and 20
bytes for each symbol."""

_FEW_PLACES = 256
"""Up to this many places are sorted to find their different tunes; of more the tunes are marked."""

_AT_ONCE = 64
"""At least so many hits are looked at together."""

_PLACES = 4096
"""Looking at so many places is as much work as another question."""


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The hits of a figure in one segment."""

    segment: Segment
    """The segment that was searched."""
    positions: Positions
    """Where each hit begins in the segment's stream: (hits,)."""
    lengths: Positions
    """How many symbols each hit has: (hits,)."""

    def select(self, chosen: Mask | NDArray[np.integer]) -> Occurrences:
        """The hits that a mask or a list of their numbers chooses."""
        return Occurrences(self.segment, self.positions[chosen], self.lengths[chosen])


class FigureSearch:
    """The segments of an index in one view, to be searched for figures.

    Masks say which tunes are admitted, by id; None admits all.
    """

    def __init__(
        self,
        segments: Sequence[Segment],
        vocabulary: Vocabulary,
        view: View = TOKENS,
        *,
        counts_ahead: bool = True,
    ) -> None:
        """counts_ahead: count the common figures once that pays, as trees does."""
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
        self._symbols = sum(len(segment.symbols) for segment in segments)
        self._counts_ahead = counts_ahead
        self._asked = 0
        self._trees: list[SuffixTree] | None = None
        self._lock = Lock()

    @cached_property
    def symbols_of_tunes(self) -> NDArray[np.int64]:
        """How many symbols each tune has, without boundaries: (last id + 1,), by id."""
        is_counted = np.ones(256, dtype=bool)
        is_counted[list(self.alphabet.boundaries)] = False
        counts = np.zeros(self.last_id + 1, dtype=np.int64)
        for segment in self.segments:
            counted = is_counted[segment.symbols]
            counts[segment.tune_ids] = np.add.reduceat(counted, segment.bounds[:-1], dtype=np.int64)
        return counts

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
            spans = [
                match.span(1) for match in pattern.finditer(segment.text, 0, len(segment.symbols))
            ]
            bounds = np.array(spans, dtype=np.int32).reshape(-1, 2)
            some = Occurrences(segment, bounds[:, 0], bounds[:, 1] - bounds[:, 0])
            if admitted is not None:
                some = some.select(admitted[segment.tunes_at(some.positions)])
            found.append(some)
        return found

    def find(
        self,
        figure: bytes,
        open_end: bool = False,
        admitted: Mask | None = None,
    ) -> list[Occurrences]:
        """Every hit of a figure given as symbols, of each segment that has it, in no order."""
        found = []
        for segment in self.segments:
            every = segment.positions(figure)
            if not len(every):
                continue
            places = self._hits(segment, every, len(figure), open_end, admitted)
            lengths = np.full(len(places), len(figure), dtype=np.int32)
            found.append(Occurrences(segment, places, lengths))
        return found

    def _hits(
        self,
        segment: Segment,
        places: Positions,
        length: int,
        open_end: bool,
        admitted: Mask | None,
    ) -> Positions:
        """The hits among the places of a segment where the symbols of a figure are found."""
        if not open_end and len(places):
            following = segment.symbols.take(places + length, mode="clip")
            places = places[~self.goes_on[following]]
        if admitted is not None and len(places):
            places = places[admitted[segment.tunes_at(places)]]
        return places

    def tunes_with(self, found: Sequence[Occurrences]) -> NDArray[np.int32]:
        """The ids of the tunes that have these hits, ascending."""
        none = np.empty(0, dtype=np.int32)
        # Segments have their tunes in order.
        return np.concatenate(
            [none, *(self._different(some.segment, some.positions) for some in found)]
        )

    def count_tunes(self, segment: Segment, places: Positions) -> int:
        """How many tunes have these places of a segment."""
        if len(places) < 2:  # most figures of a check
            return len(places)
        return len(self._different(segment, places))

    def _different(self, segment: Segment, places: Positions) -> NDArray[np.int32]:
        """The ids of the tunes that have these places of a segment, ascending."""
        if len(places) <= _FEW_PLACES:
            after = segment.separators_up_to(np.sort(places))
            is_new = np.ones(len(after), dtype=bool)
            np.not_equal(after[1:], after[:-1], out=is_new[1:])
            return segment.tune_ids.take(after[is_new] - 1, mode="clip")
        has_one = np.zeros(len(segment.tune_ids) + 2, dtype=bool)
        has_one[segment.separators_up_to(places)] = True
        has_one[-2] |= has_one[-1]  # the last SEPARATOR belongs to the tune before it
        return segment.tune_ids[np.flatnonzero(has_one[1:-1])]

    def occurs(self, figure: bytes, admitted: Mask | None = None) -> bool:
        """Whether a figure given as symbols has a hit."""
        return self.occurs_in_more(figure, 0, admitted)

    def occurs_in_more(self, figure: bytes, tunes: int, admitted: Mask | None = None) -> bool:
        """Whether a figure given as symbols is found in more than this number of tunes.

        For a common figure, a few hits of the first segments are enough.
        """
        found = [(segment, segment.positions(figure)) for segment in self.segments]
        if sum(len(places) for _, places in found) <= tunes:
            return False
        for segment, places in found:
            few = places[: max(_AT_ONCE, 4 * (tunes + 1))]
            if len(few) < len(places):
                hits = self._hits(segment, few, len(figure), False, admitted)
                if self.count_tunes(segment, hits) > tunes:
                    return True
            hits = self._hits(segment, places, len(figure), False, admitted)
            tunes -= self.count_tunes(segment, hits)
            if tunes < 0:
                return True
        return False

    def count(
        self, figure: bytes, open_end: bool = False, admitted: Mask | None = None
    ) -> tuple[int, int]:
        """In how many tunes, and how often, a figure given as symbols is found."""
        tunes = hits = 0
        if self._trees is not None and admitted is None:
            for tree in self._trees:
                of_segment = tree.count(figure, open_end)
                tunes += of_segment[0]
                hits += of_segment[1]
            return tunes, hits
        for segment in self.segments:
            places = segment.positions(figure)
            if admitted is None and len(places) <= _RARE:
                few = [
                    segment.tune_at(place)
                    for place in places.tolist()
                    if open_end or segment.text[place + len(figure)] not in self._continuing
                ]
                tunes += len(set(few))
                hits += len(few)
            else:
                found = self._hits(segment, places, len(figure), open_end, admitted)
                tunes += self.count_tunes(segment, found)
                hits += len(found)
                if admitted is None:
                    self.trees(questions=1 + len(places) // _PLACES)
        return tunes, hits

    def trees(self, questions: int) -> list[SuffixTree] | None:
        """The common figures of each segment; None before they are counted.

        They are counted once enough questions were asked that it would have paid, unless that was
        ruled out or the index is too large. questions: that are asked now, and that the trees
        answer faster.
        """
        if self._trees is None and self._counts_ahead and self._symbols <= _MOST_SYMBOLS:
            self._asked += questions
            if self._asked > max(_FEW_QUESTIONS, self._symbols // _SYMBOLS):
                self.plant()
        return self._trees

    def plant(self) -> list[SuffixTree]:
        """Count the common figures of each segment, unless that is done: some 0.4 s and 50 MB for
        each million symbols. Questions are answered in microseconds from then on."""
        with self._lock:  # or several threads would count at the same time
            if self._trees is None:
                self._trees = [SuffixTree(segment, self.goes_on) for segment in self.segments]
        return self._trees

    def first(self, found: Sequence[Occurrences], limit: int) -> list[tuple[int, int, int]]:
        """The first hits in the order of tunes: the tune, the first symbol in it, how many."""
        places: list[tuple[int, int, int]] = []
        for some in found:
            wanted = min(limit - len(places), len(some.positions))
            if wanted > 0:
                nearest = np.argpartition(some.positions, wanted - 1)[:wanted]
                chosen = some.select(nearest[np.argsort(some.positions[nearest])])
                tunes, firsts = chosen.segment.places(chosen.positions)
                columns = (tunes.tolist(), firsts.tolist(), chosen.lengths.tolist())
                places += zip(*columns, strict=True)
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
