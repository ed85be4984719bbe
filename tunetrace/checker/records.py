"""What a check says, in Python and, field for field, in JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from tunetrace.corpus.records import Rejected
from tunetrace.indexer.records import Hit, Tune
from tunetrace.indexer.store.baseline import Standing
from tunetrace.tokenizer.layout.music import Music
from tunetrace.tokenizer.transcription import Transcription

CHANCE: Final = 0.01
"""A span is beyond chance where fewer transcriptions than this share would have one like it."""


@dataclass(frozen=True, slots=True)
class TuneName:
    """A tune of the index by its names. link: its page on the web, where its corpus gives one."""

    tune: int
    title: str
    corpus: str
    number: int
    link: str | None

    @classmethod
    def of(cls, tune: Tune | TuneName) -> TuneName:
        """The names of a tune."""
        return TuneName(tune.tune, tune.title, tune.corpus, tune.number, tune.link)

    @property
    def reference(self) -> str:
        """What commands name it by: `corpus:number`."""
        return f"{self.corpus}:{self.number}"


@dataclass(frozen=True, slots=True)
class LikeTune(TuneName):
    """A corpus tune that is like the checked one."""

    meter: str | None
    key: str | None
    """Its meter and its key, on C, where they differ from the checked tune's."""


@dataclass(frozen=True, slots=True)
class SameTune(LikeTune):
    """A corpus tune that is the same music as the checked tune, as a whole or in a part.

    The same pitches, counted from the tonic, sound for the same lengths, relative to one another,
    with repeats written out or not; bar lines, endings and rests at the ends may differ.
    """

    own_part: int
    """Which part of the checked tune; 0 for all of it."""
    part: int
    """Which part of the corpus tune; 0 for all of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says in one sentence."""

    kind: Literal["whole", "part", "most", "pieces", "none"]
    """whole: it is a corpus tune; part: a whole part of it, or of the corpus tune, is the same;
    most: one corpus tune has most of its notes; pieces: the corpus has more of it than real tunes
    share; none: nothing beyond that."""
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """A maximal stretch of the checked tune that occurs verbatim in the corpus."""

    notes: int
    """Its notes; a chord is one, a rest none."""
    tokens: int
    bars: int
    """How many bars it touches."""
    text: str
    part: int
    bar: int
    onset: Fraction
    """Where in the checked tune it begins; onset in eighths from the start of the bar."""
    tunes: int
    """In how many corpus tunes it occurs."""
    hits: int
    """How often it occurs in all."""
    expected: float
    """How many hits there would be by chance, under a back-off n-gram model of the corpus; 0 where
    that is too small for a number; log10_expected is its logarithm all the same."""
    log10_expected: float
    by_chance: float
    """How many spans as improbable a transcription of its length would have: expected times its
    notes, since a span may begin at each (the E-value of Karlin and Altschul 1990)."""
    examples: tuple[TuneName, ...]
    """The first three tunes that have it."""
    first_token: int
    stop_token: int
    first_note: int
    stop_note: int
    """Its tokens and its notes in the checked tune, counted from 0: from first up to stop."""
    places: tuple[Hit, ...] | None = None
    """Its first hit in each of the examples; None where details were not asked for."""
    example_tokens: tuple[int, ...] = field(default=(), metadata={"json": False})
    """The first token of that hit, counted from the first of the tune."""

    @property
    def is_beyond_chance(self) -> bool:
        """Whether fewer than one transcription in a hundred would have such a span by chance."""
        return self.by_chance < CHANCE


@dataclass(frozen=True, slots=True)
class SharedStretch:
    """A stretch that the checked tune and a source have both, verbatim.

    It lies within no other of the same source. Tokens and notes are counted from 0, from first up
    to stop, in the checked tune; source_token: its first token in the source.
    """

    first_token: int
    stop_token: int
    first_note: int
    stop_note: int
    source_token: int


@dataclass(frozen=True, slots=True)
class Source(TuneName):
    """A corpus tune that the checked tune shares stretches with.

    A stretch counts from eight notes on, and a shorter one where it is an improbable span.
    """

    notes_shared: int
    """Notes of the checked tune inside shared stretches of at least eight notes."""
    longest_span_notes: int
    """The notes of the longest shared stretch."""
    bars_shared: int
    """How many bars of the checked tune occur in the source."""
    bits: float
    """What the stretches say together, by which sources are ranked: each -log2 of its expected
    count, and nothing where that is above one; notes that two of them share count once."""
    stretches: tuple[SharedStretch, ...]


@dataclass(frozen=True, slots=True)
class RareFigure:
    """The shortest figure of three or more notes in a bar that occurs in the fewest tunes."""

    text: str
    tunes: int
    hits: int


@dataclass(frozen=True, slots=True)
class CheckedBar:
    """One bar of the checked tune: in how many tunes it occurs as a whole, and how often.

    same_position: in how many tunes as the same bar of the same part. rarest_figure is None in a
    bar of fewer than three notes. examples: first those at the same position.
    """

    part: int
    bar: int
    ending: int | None
    text: str
    tunes: int
    hits: int
    same_position: int
    rarest_figure: RareFigure | None
    examples: tuple[TuneName, ...]


@dataclass(frozen=True, slots=True)
class CheckedTune:
    """What a check says of one transcription.

    The last two fields, and the places of its spans, are details: None where they were not asked
    for.
    """

    transcription: Transcription = field(metadata={"json": False})
    place: int
    """Which of the input it is, from 1; those set aside count too."""
    input: str
    line: int
    """The file that it was read from, and the line on which it begins there."""
    number: int | None
    """What its X: field says."""
    title: str
    meter: str | None
    key: str | None
    original_key: str | None
    """meter and key as compared, on C; original_key as written."""
    remarks: tuple[str, ...]
    """What was left out of it or taken for granted in reading."""
    notes: int
    bar_count: int
    verdict: Verdict
    identical_to: tuple[SameTune, ...]
    """The corpus tunes that it is as a whole."""
    same_parts: tuple[SameTune, ...]
    """Those others of which a whole part is one of its parts, or it itself, or that are one."""
    longest_notes: int
    """The notes of its longest span, 0 if none of its notes occurs in the corpus."""
    longest_span: Span | None
    """The span with most notes; of several the least expected one."""
    copied_share: dict[int, float]
    """For 8, 12, 16, 24 and 32 notes, the share of its notes in spans of at least so many."""
    copied_from: int
    """From how few corpus tunes the notes in spans of eight or more can be, by a greedy cover."""
    most_from: LikeTune | None
    """The corpus tune that has most of its notes in shared stretches of eight or more."""
    most_share: float
    """The share of its notes that this tune has."""
    uniqueness: tuple[float, ...]
    """For L from 1 to 32, the share of its notes outside spans of L notes or more."""
    novelty: tuple[float, ...]
    """For n from 1 to 32, as far as it has any, the share of its token n-grams that occur nowhere
    in the corpus (McCoy et al. 2023)."""
    creativity: float
    originality: float
    bars_in_corpus: int
    bars_same_position: int
    """How many of its bars occur in the corpus, and as the same bar of the same part."""
    duplicate_of: int | None
    near_duplicate_of: int | None
    """The place of an earlier transcription of the input that is the same, or nearly."""
    standing: Standing | None
    """Where it lies among people's tunes; None where the index has no baseline."""
    spans: tuple[Span, ...]
    """Those of eight notes or more, the improbable ones and the longest, in its order."""
    sources: tuple[Source, ...]
    bars: tuple[CheckedBar, ...] | None = None
    music: Music | None = None

    @property
    def nearest(self) -> TuneName | None:
        """The corpus tune that comes nearest: one that it is, one with a part of it, the first
        source; None where it has none of these."""
        return next(iter((*self.identical_to, *self.same_parts, *self.sources)), None)

    @property
    def share_of_one(self) -> float:
        """The share of its notes that one corpus tune has; all where it is one as a whole."""
        return 1.0 if self.identical_to else self.most_share

    @property
    def is_beyond_chance(self) -> bool:
        """Whether it has a span beyond chance."""
        return any(span.is_beyond_chance for span in self.spans)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check says of its input: each tune, and those that could not be read."""

    tunes: tuple[CheckedTune, ...]
    set_aside: tuple[Rejected, ...]
