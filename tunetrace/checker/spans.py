"""Spans: the maximal stretches of a tune that stand verbatim in the corpus, in whole notes.

A stretch begins at a note (or the tuplet sign before it) and ends where a note ends, lengths and
broken rhythm included. It stands in the corpus where it does as a figure: a hit whose last note
goes on in the corpus (`G` in `G 2`) does not count.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.backoff import ExpectedHits
from tunetrace.indexer.figures import FigureSearch, Occurrences
from tunetrace.indexer.query import boundaries
from tunetrace.indexer.segment import Mask
from tunetrace.indexer.suffix import longest_matches
from tunetrace.tokenizer.bars import Layout
from tunetrace.tokenizer.vocabulary import FRAME, HEADER, MEANINGS, SEPARATOR, TUPLET

COPIED_LENGTHS: Final = (8, 12, 16, 24, 32)
"""The span lengths, in notes, whose copied share is reported."""


@dataclass(frozen=True, slots=True)
class NoteStretch:
    """A stretch of a tune: its tokens from first up to stop, its notes from first_note up."""

    first: int
    stop: int
    first_note: int
    stop_note: int

    @property
    def notes(self) -> int:
        return self.stop_note - self.first_note


class CheckedStream:
    """A tune to be checked, as symbols of an index and as notes.

    symbols: (n,) one byte a token, SEPARATOR for headers and for tokens that the index lacks.
    begins, ends: (notes,) the first token of each note (chords count as one, rests not at all)
    and the one past its last. matches: (n,) the longest match from each token on, in tokens.
    """

    def __init__(self, layout: Layout, figures: FigureSearch, admitted: Mask | None) -> None:
        self.layout = layout
        self._figures = figures
        self._admitted = admitted
        self._found: dict[bytes, list[Occurrences]] = {}
        walls = set(boundaries(figures.vocabulary))
        encoded = figures.vocabulary.encode_known(layout.tokens)
        self.symbols = bytes(SEPARATOR if s in walls else s for s in encoded)
        self.begins: list[int] = []
        self.ends: list[int] = []
        for bar in layout.bars:
            starts, stops, _, sounds, *_ = bar.events
            self.begins += [bar.start + at for at in compress(starts, sounds)]
            self.ends += [bar.start + at for at in compress(stops, sounds)]
        self.matches = self._longest_matches()

    def _longest_matches(self) -> NDArray[np.int32]:
        longest = np.zeros(len(self.symbols), dtype=np.int32)
        for segment in self._figures.segments:
            positions = segment.admitted_positions(self._admitted)
            np.maximum(longest, longest_matches(self.symbols, segment, positions), out=longest)
        return longest

    def figure(self, stretch: NoteStretch) -> bytes:
        """The symbols of a stretch."""
        return self.symbols[stretch.first : stretch.stop]

    def stretch(self, note: int, stop_note: int) -> NoteStretch:
        """The stretch of the notes from note up to stop_note."""
        return NoteStretch(self.begins[note], self.ends[stop_note - 1], note, stop_note)

    def notes_between(self, first: int, stop: int) -> tuple[int, int]:
        """The notes that begin at or after a token and before another: [note, stop_note)."""
        return bisect_left(self.begins, first), bisect_left(self.begins, stop)

    def find(self, figure: bytes) -> list[Occurrences]:
        """Every hit of a figure in the admitted tunes; each figure is looked up once."""
        if figure not in self._found:
            self._found[figure] = self._figures.find(figure, admitted=self._admitted)
        return self._found[figure]

    def may_stand(self, stretch: NoteStretch) -> bool:
        """Whether the corpus has the stretch's tokens; False rules a hit out at no cost."""
        return stretch.stop <= stretch.first + int(self.matches[stretch.first])

    def stands(self, first: int, stop: int) -> bool:
        """Whether the tokens from first up to stop, a note's end, have a hit in the corpus.

        The index is asked only where the match ends with them: a longer one says itself what
        follows the note, and that it does not go on.
        """
        reach = first + int(self.matches[first])
        if stop != reach:
            return stop < reach
        return any(len(some.positions) for some in self.find(self.symbols[first:stop]))

    def spans(self) -> list[NoteStretch]:
        """The maximal stretches that stand in the corpus, in the order of the tune."""
        found: list[NoteStretch] = []
        reached = 0  # the notes that the stretches so far reach up to
        for note, begin in enumerate(self.begins):
            reached = max(reached, note)
            for first in self._possible_starts(begin):
                stop_note = self._reach(first, reached)
                if stop_note > reached:
                    reached = stop_note
                    found.append(NoteStretch(first, self.ends[stop_note - 1], note, stop_note))
        return found

    def _possible_starts(self, begin: int) -> Sequence[int]:
        """Where a stretch from a note on may begin: at the tuplet sign before it, and at it."""
        if begin > 0 and MEANINGS[self.layout.tokens[begin - 1]].kind == TUPLET:
            return (begin - 1, begin)
        return (begin,)

    def _reach(self, first: int, least: int) -> int:
        """The note up to which the stretch that begins at a token stands in the corpus.

        least: answer with that where the stretch reaches no further.
        """
        stop_note = bisect_right(self.ends, first + int(self.matches[first]))
        if stop_note > least and not self.stands(first, self.ends[stop_note - 1]):
            stop_note -= 1  # its last note goes on wherever the corpus has it
        return max(stop_note, least)


def log2_expected(expected: ExpectedHits, stretches: Sequence[NoteStretch]) -> list[float]:
    """log2 of how many hits of each stretch there would be by chance."""
    firsts = np.array([stretch.first for stretch in stretches], dtype=np.int32)
    stops = np.array([stretch.stop for stretch in stretches], dtype=np.int32)
    logs: list[float] = expected.log2(firsts, stops).tolist()
    return logs


def copied_share(spans: Sequence[NoteStretch], notes: int, least: int) -> float:
    """The share of a tune's notes that lie inside spans of at least so many notes."""
    copied, reached = 0, 0
    for span in spans:
        if span.notes >= least:
            copied += span.stop_note - max(span.first_note, reached)
            reached = span.stop_note
    return copied / notes if notes else 0.0


def novelty(stream: CheckedStream, lengths: Sequence[int]) -> dict[int, float]:
    """For each length n, the share of the tune's token n-grams that stand nowhere in the corpus.

    n-grams do not reach across headers; lengths of which the tune has none are left out. After
    McCoy et al., How Much Do Language Models Copy From Their Training Data?, 2023.
    """
    tokens = stream.layout.tokens
    walls = [k for k, token in enumerate(tokens) if MEANINGS[token].kind in (HEADER, FRAME)]
    walls.append(len(tokens))
    shares = {}
    for n in lengths:
        grams = absent = start = 0
        for wall in walls:
            if wall - start >= n:
                grams += wall - start - n + 1
                absent += int(np.count_nonzero(stream.matches[start : wall - n + 1] < n))
            start = wall + 1
        if grams:
            shares[n] = absent / grams
    return shares
