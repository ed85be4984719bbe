"""The segments of an index, each with all that a check looks at in it, and how they are asked.

A question is answered by each segment on its own. The answers are merged, in any grouping, as long
as the segments keep their order. So processes that each have some of the segments answer together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.bars.segment import AskedBars, SegmentBars
from tunetrace.indexer.index import Index
from tunetrace.indexer.music.segment import SegmentMusic
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.search.places import SegmentPlaces
from tunetrace.indexer.search.segment import Mask, Segment
from tunetrace.indexer.search.views import View

Answer = TypeVar("Answer")


class SegmentQuestion(Protocol[Answer]):
    """What segments are asked. It is sent to other processes, so it holds arrays and no index."""

    def in_segment(self, segment: AskedSegment) -> Answer:
        """The answer of one segment."""

    def merged(self, answers: Iterable[Answer]) -> Answer:
        """The answer of several segments together, given in their order. There may be none."""


class SegmentsAsked(Protocol):
    """The segments of an index, in this process or in others."""

    def ask(self, question: SegmentQuestion[Answer]) -> Answer:
        """The answer of all segments together."""


class AskedIndex:
    """An index as it is asked: in a view, with the tunes that count.

    admitted: which tunes count, as a mask by id; None for all.
    """

    def __init__(self, index: Index, admitted: Mask | None, view: View) -> None:
        self.index = index
        self.admitted = admitted
        self.view = view
        search = index.in_view(view)
        self.goes_on = search.goes_on
        """(256,) whether each symbol lengthens the note before it."""
        self.segments = [AskedSegment(self, number) for number in range(len(search.segments))]
        """In the order of their tunes."""

    def ask(self, question: SegmentQuestion[Answer]) -> Answer:
        """The answer of all segments together."""
        return answer(question, self.segments)


def answer(question: SegmentQuestion[Answer], segments: Sequence[AskedSegment]) -> Answer:
    """The answer of some segments together, each asked in this process."""
    return question.merged(question.in_segment(segment) for segment in segments)


class AskedSegment:
    """A segment, and all that a check looks at in it. What is not looked at is not read."""

    def __init__(self, of: AskedIndex, number: int) -> None:
        """number: its place among the segments."""
        self.of = of
        self._number = number
        self._found: tuple[AskedBars, NDArray[np.int64]] | None = None

    @property
    def text(self) -> Segment:
        """Its tunes in the view."""
        return self.of.index.in_view(self.of.view).segments[self._number]

    @property
    def tokens(self) -> Segment:
        """Its tunes as tokens."""
        return self.of.index.figures.segments[self._number]

    @property
    def places(self) -> SegmentPlaces:
        """Where the symbols of a view of events are in its tunes."""
        return self.of.index.places_in(self.of.view).segments[self._number]

    @property
    def music(self) -> SegmentMusic:
        """The forms of its tunes."""
        return self.of.index.music[self._number]

    @property
    def near(self) -> NearSegment:
        """Its tunes, to be searched for near copies."""
        return self.of.index.near.candidates.segments[self._number]

    @cached_property
    def bars(self) -> SegmentBars:
        """The bars of its tunes that count."""
        every, admitted = self.of.index.bars_of(self.of.view, self._number), self.of.admitted
        return every if admitted is None else every.select(np.flatnonzero(admitted[every.ids]))

    def find_bars(self, asked: AskedBars) -> NDArray[np.int64]:
        """Which of its bars each asked bar is; -1 for none: (bars,).

        The same bars are asked for twice in a row. Several threads may ask.
        """
        found = self._found
        if found is None or found[0] is not asked:
            found = self._found = asked, self.bars.find(asked)[asked.of]
        return found[1]
