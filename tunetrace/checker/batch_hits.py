"""Where the spans of a slice stand: how often, in which tunes, and the sources that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch_corpus import BatchCorpus
from tunetrace.checker.batch_spans import SpanArrays
from tunetrace.checker.batch_stream import Numbers
from tunetrace.checker.spans import COPIED_LENGTHS
from tunetrace.indexer.joint import JointArrays

Floats = NDArray[np.float64]

_TOGETHER: Final = 1 << 23
"""About so many hits are looked at at once."""


@dataclass(frozen=True, slots=True)
class SpanTunes:
    """How often each span stands in the corpus, and in which tunes.

    hits: (spans,). first: (spans,) where the ids of its tunes begin in ids; tunes: (spans,) how
    many those are, in ascending order.
    """

    hits: Numbers
    first: Numbers
    tunes: Numbers
    ids: Numbers

    def examples(self, limit: int) -> Numbers:
        """The ids of the first few tunes of each span, 0 where there are fewer: (spans, limit)."""
        rank = np.arange(limit, dtype=np.int32)
        at = np.minimum(self.first[:, None] + rank, max(len(self.ids) - 1, 0))
        found = self.ids[at] if len(self.ids) else np.zeros_like(at)
        return np.where(rank < self.tunes[:, None], found, np.int32(0))


def find_tunes(spans: SpanArrays, joint: JointArrays, corpus: BatchCorpus) -> SpanTunes:
    """Where spans stand. joint: of the corpus and, after it, the slice."""
    offset = np.int32(len(corpus.symbols))
    lengths = spans.stop_tokens - spans.first_tokens
    low, high = joint.intervals(spans.first_tokens + offset, lengths)
    low = _past_longer_notes(joint, low, high, lengths, corpus.order.going_on)
    # Many spans are one and the same figure.
    figures, of_span = np.unique(low.astype(np.int64) << 32 | high, return_inverse=True)
    low, high = (figures >> 32).astype(np.int32), figures.astype(np.int32)
    hits = np.zeros(len(figures), dtype=np.int32)
    tunes = np.zeros(len(figures), dtype=np.int32)
    ids: list[Numbers] = []
    sizes = (high - low).astype(np.int64)
    for some in np.split(
        np.arange(len(figures)),
        np.flatnonzero(np.diff(np.cumsum(sizes) // _TOGETHER)) + 1,
    ):
        of_figure = np.repeat(some, sizes[some])
        skipped = np.cumsum(sizes[some]) - sizes[some]
        ranks = np.arange(len(of_figure)) + np.repeat(low[some] - skipped, sizes[some])
        positions = joint.suffixes[ranks]
        is_corpus = positions < offset
        of_figure, found = of_figure[is_corpus], corpus.tune_of[positions[is_corpus]]
        hits += np.bincount(of_figure, minlength=len(figures)).astype(np.int32)
        pairs = np.unique(of_figure.astype(np.int64) << 32 | found)
        tunes += np.bincount(pairs >> 32, minlength=len(figures)).astype(np.int32)
        ids.append(pairs.astype(np.int32))
    first = np.cumsum(tunes) - tunes
    together = np.concatenate([np.empty(0, dtype=np.int32), *ids])
    return SpanTunes(hits[of_span], first[of_span].astype(np.int32), tunes[of_span], together)


def _past_longer_notes(
    joint: JointArrays, low: Numbers, high: Numbers, lengths: Numbers, going_on: int
) -> Numbers:
    """The first ranks of intervals where the last note has ended: those that go on come first."""
    low, stop = low.copy(), high.copy()
    while (is_open := low < stop).any():
        middle = (low + stop) >> 1
        following = joint.symbols[joint.suffixes[np.minimum(middle, len(joint.symbols) - 1)]
                                  + lengths]  # fmt: skip
        goes_on = is_open & (following < going_on)
        low = np.where(goes_on, middle + 1, low)
        stop = np.where(is_open & ~goes_on, middle, stop)
    return low


@dataclass(frozen=True, slots=True)
class SourceArrays:
    """The tunes that transcriptions have spans of, the best of each first: (pairs,) each.

    of: which transcription of the slice; ids: of the tune; bits, notes and longest: what its spans
    say, how many notes they have together, and the longest.
    """

    of: Numbers
    ids: Numbers
    bits: Floats
    notes: Numbers
    longest: Numbers


def find_sources(
    spans: SpanArrays, of: Numbers, bits: Floats, found: SpanTunes, limit: int
) -> SourceArrays:
    """The few best sources of each transcription: by what the spans say, then by notes.

    of: (spans,) the transcription of each span; bits: (spans,) what each says, -log2 of its
    expected count. One that says nothing names no source unless it has eight notes or more. Notes
    that two spans of a tune share are counted once.
    """
    telling = np.flatnonzero((bits > 0) | (spans.notes >= COPIED_LENGTHS[0]))
    span = np.repeat(telling, found.tunes[telling])
    skipped = np.cumsum(found.tunes[telling]) - found.tunes[telling]
    at = np.arange(len(span)) + np.repeat(found.first[telling] - skipped, found.tunes[telling])
    ids = found.ids[at]
    in_order = np.lexsort((spans.first_notes[span], ids, of[span]))
    span, ids = span[in_order], ids[in_order]
    if not len(span):
        nothing = np.empty(0, dtype=np.int32)
        return SourceArrays(nothing, nothing, np.empty(0), nothing, nothing)
    is_new = np.ones(len(span), dtype=bool)
    is_new[1:] = (ids[1:] != ids[:-1]) | (of[span[1:]] != of[span[:-1]])
    first = np.flatnonzero(is_new)
    # Spans ascend in both their ends, so that one overlaps with the one before it alone.
    begins = spans.first_notes[span].copy()
    stops = spans.stop_notes[span]
    begins[1:] = np.where(is_new[1:], begins[1:], np.maximum(begins[1:], stops[:-1]))
    added = stops - begins
    notes = np.add.reduceat(added, first)
    said = np.add.reduceat(bits[span] * added / spans.notes[span], first)
    longest = np.maximum.reduceat(spans.notes[span], first)
    of, ids = of[span[first]], ids[first]
    in_order = np.lexsort((ids, -longest, -notes, -said, of))
    of = of[in_order]
    place = np.arange(len(of)) - np.searchsorted(of, of)
    best = in_order[place < limit]
    return SourceArrays(of[place < limit], ids[best], said[best], notes[best], longest[best])
