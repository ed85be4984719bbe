"""What a batch check says of each transcription, in Python and in the report's files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunetrace.checker.records import TuneName
from tunetrace.indexer.baseline import Standing as Standing
from tunetrace.tokenizer.transcription import Transcription

CHANCE: Final = 0.01
"""A span is beyond chance where fewer transcriptions than this share would have one like it."""


@dataclass(frozen=True, slots=True)
class BatchSpan:
    """A maximal stretch of a transcription that stands verbatim in the corpus.

    first_token and stop_token bound it in the transcription's tokens, first_note and stop_note in
    its notes (chords count as one, rests as none). part and bar say where it begins. tunes and
    hits: where it stands; expected: how many hits the corpus would have by chance, under a
    back-off n-gram model of it. by_chance: how many spans as improbable a transcription of its
    length would have, which is expected times its notes, since a span may begin at each (as the
    E-value of Karlin and Altschul 1990 counts). examples: the ids of the first few tunes that have
    it.
    """

    first_token: int
    stop_token: int
    first_note: int
    stop_note: int
    part: int
    bar: int
    tunes: int
    hits: int
    expected: float
    by_chance: float
    examples: tuple[int, ...]

    @property
    def is_beyond_chance(self) -> bool:
        """Whether fewer than one transcription in a hundred would have such a span by chance."""
        return self.by_chance < CHANCE

    @property
    def notes(self) -> int:
        return self.stop_note - self.first_note


@dataclass(frozen=True, slots=True)
class BatchSource(TuneName):
    """A corpus tune that has spans of the transcription.

    notes_shared: how many of the transcription's notes lie in those spans; longest_span_notes:
    those of the longest; bits: what the spans say together, each -log2 of its expected count.
    """

    notes_shared: int
    longest_span_notes: int
    bits: float


@dataclass(frozen=True, slots=True)
class BatchTune:
    """What a batch check says of one transcription.

    place: which of the batch it is, from 1, those set aside counted too. notes: how many it has.
    longest_notes: those of its longest span, 0 if none of its notes stands in the corpus.
    copied_share: for 8, 12, 16, 24 and 32 notes, the share of its notes inside spans of at least
    so many. uniqueness: for L from 1 to 32, the share of its notes outside spans of L notes or
    more. novelty: for n from 1 to 32, the share of its token n-grams that stand nowhere in the
    corpus, as far as it has any. creativity and originality: see measures. bars: how many it has;
    bars_in_corpus, bars_same_position: how many of them stand there, and as the same bar of the
    same part. duplicate_of, near_duplicate_of: the place of an earlier transcription of the batch
    that is the same, or nearly. standing: None where the index has no baseline. spans: those of
    eight notes or more, those beyond chance and the longest, in the order of the tune.
    """

    place: int
    transcription: Transcription
    notes: int
    longest_notes: int
    copied_share: dict[int, float]
    uniqueness: tuple[float, ...]
    novelty: tuple[float, ...]
    creativity: float
    originality: float
    bars: int
    bars_in_corpus: int
    bars_same_position: int
    identical_to: tuple[TuneName, ...]
    duplicate_of: int | None
    near_duplicate_of: int | None
    standing: Standing | None
    spans: tuple[BatchSpan, ...]
    sources: tuple[BatchSource, ...]

    @property
    def longest_span(self) -> BatchSpan | None:
        """The span with most notes; of those, the one that is least expected."""
        return max(self.spans, key=lambda span: (span.notes, -span.expected), default=None)

    def text(self, span: BatchSpan) -> str:
        """The tokens of one of its spans."""
        return " ".join(self.transcription.tokens[span.first_token : span.stop_token])
