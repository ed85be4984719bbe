"""What a check says, as it stands in Python and, field for field, in JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tunetrace.corpus.readers import Rejected
from tunetrace.indexer.baseline import Standing
from tunetrace.indexer.records import Hit
from tunetrace.tokenizer.music import Music


@dataclass(frozen=True, slots=True)
class TuneName:
    """A tune of the index by its names. link: its page on the web, where its corpus gives one."""

    tune: int
    title: str
    corpus: str
    number: int
    link: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """A maximal stretch of the checked tune that stands verbatim in the corpus.

    notes counts chords as one and rests as none; bars is how many bars it touches; part, bar and
    onset say where in the checked tune it begins; tunes and hits where it stands; expected: how
    many hits there would be by chance, under a back-off n-gram model of the corpus. examples are
    the first few hits, for spans of eight notes or more and for the longest. first_token and
    stop_token bound it in the tune's tokens.
    """

    notes: int
    tokens: int
    bars: int
    text: str
    part: int
    bar: int
    onset: Fraction
    tunes: int
    hits: int
    expected: float
    examples: tuple[Hit, ...]
    first_token: int = field(default=0, metadata={"json": False})
    stop_token: int = field(default=0, metadata={"json": False})


@dataclass(frozen=True, slots=True)
class NoveltyPoint:
    """The share of the tune's token n-grams that are absent from the corpus."""

    n: int
    absent: float


@dataclass(frozen=True, slots=True)
class RareFigure:
    """The shortest figure of three or more notes in a bar that stands in the fewest tunes."""

    text: str
    tunes: int
    hits: int


@dataclass(frozen=True, slots=True)
class CheckedBar:
    """One bar of the checked tune: in how many tunes it stands as a whole, and how often.

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
class Source(TuneName):
    """A corpus tune that the checked tune shares material with.

    bars_shared: how many of the checked tune's bars stand in it. notes_shared: how many of the
    checked tune's notes lie in stretches of eight notes or more that it has too.
    longest_span_notes: the notes of the longest stretch that it has too, however short. bits: what
    those stretches say, by which sources are ranked: each -log2 of its expected count.
    """

    bars_shared: int
    longest_span_notes: int
    notes_shared: int
    bits: float


@dataclass(frozen=True, slots=True)
class CheckedTune:
    """What a check says of one transcription.

    meter and key are as indexed, original_key as written. notes: how many it has. copied_share:
    for each length, the share of its notes inside spans of at least so many notes. spans are in
    the order of the tune; the longest has most notes, and of those stands in the fewest tunes.
    standing: where it lies among people's tunes, None where the index has no baseline.
    """

    title: str
    number: int
    meter: str | None
    key: str | None
    original_key: str | None
    notes: int
    identical_to: tuple[TuneName, ...]
    longest_span: Span | None
    spans: tuple[Span, ...]
    copied_share: dict[int, float]
    novelty: tuple[NoveltyPoint, ...]
    bars: tuple[CheckedBar, ...]
    sources: tuple[Source, ...]
    music: Music
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check says of its input: each tune, and those that could not be read."""

    tunes: tuple[CheckedTune, ...]
    set_aside: tuple[Rejected, ...]
