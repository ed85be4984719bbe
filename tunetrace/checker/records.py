"""What a check answers, in Python and, field for field, in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias

from tunetrace.arguments import ViewName
from tunetrace.checker.baseline.percentiles import Percentiles
from tunetrace.checker.similar.records import Aspect, Scope, SimilarTune
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.records import Hit, Tune
from tunetrace.records import Record
from tunetrace.tokenizer.layout.music import Music
from tunetrace.tokenizer.transcription import Transcription

CHANCE: Final = 0.01
"""A span is beyond chance if fewer than this share of transcriptions would have one like it."""
FAR_BEYOND_CHANCE: Final = 1e-6
"""A span is far beyond chance if fewer than this share of transcriptions would have one like it."""

VerdictKind: TypeAlias = Literal["whole", "part", "most", "near", "pieces", "none"]


@dataclass(frozen=True, slots=True, repr=False)
class TuneName(Record):
    """A tune of the index by its names."""

    tune: int
    """Its id in the index."""
    title: str
    """Its chief title; empty if it has none."""
    corpus: str
    """The name of its corpus."""
    number: int
    """Its number in the corpus."""
    link: str | None
    """Its page on the web, if its corpus gives one."""

    @classmethod
    def of(cls, tune: Tune | TuneName) -> TuneName:
        """The names of a tune."""
        return TuneName(*names_of(tune))

    @property
    def reference(self) -> str:
        """`corpus:number`, as commands take it."""
        return f"{self.corpus}:{self.number}"

    @property
    def label(self) -> str:
        """It in a sentence: `The Kesh (oneills:12)`."""
        return f"{self.title.removesuffix('.') or '(untitled)'} ({self.reference})"


def names_of(tune: Tune | TuneName) -> tuple[int, str, str, int, str | None]:
    """The fields of a TuneName."""
    return tune.tune, tune.title, tune.corpus, tune.number, tune.link


@dataclass(frozen=True, slots=True, repr=False)
class LikeTune(TuneName):
    """A corpus tune that is like the checked tune."""

    meter: str | None
    """Its meter, if the checked tune has another one."""
    key: str | None
    """Its key on C, if the checked tune has another one."""


@dataclass(frozen=True, slots=True, repr=False)
class SameTune(LikeTune):
    """A corpus tune that is the same music as the checked tune, as a whole or in a part.

    The same music has the same pitches, counted from the tonic, with the same relative lengths.
    Repeats may be written out or not. Bar lines, endings and rests at the ends may differ.
    """

    own_part: int
    """The part of the checked tune; 0 for all of it."""
    part: int
    """The part of the corpus tune; 0 for all of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Record):
    """What a check found, in one sentence."""

    kind: VerdictKind
    """whole: it is a corpus tune. part: a whole part is the same music. most: one corpus tune has
    most of its notes. near: it is a near copy of one. pieces: more of it is in the corpus than real
    tunes share. none: no more."""
    text: str
    """The sentence."""


@dataclass(frozen=True, slots=True, repr=False)
class Span(Record):
    """A stretch of the checked tune that is found verbatim in the corpus and cannot be extended."""

    notes: int
    """Its notes; a chord is one note, a rest none."""
    tokens: int
    """Its tokens."""
    bars: int
    """The bars that it touches."""
    text: str
    """Its tokens as text."""
    part: int
    """The part of the checked tune where it begins."""
    bar: int
    """The bar of that part."""
    onset: Fraction
    """Where it begins in the bar, in eighths."""
    tunes: int
    """The number of corpus tunes in which it is found."""
    families: int | None
    """The number of families that these tunes are of; None before the tunes of the index were
    compared (`find_families`)."""
    hits: int
    """The number of its hits in these tunes."""
    expected: float
    """The hits expected by chance, under a back-off n-gram model of the corpus; 0 if too small for
    a float."""
    log10_expected: float
    """log10 of the expected hits."""
    by_chance: float
    """Expected number of spans as improbable in a transcription of its length: expected hits times
    notes, since a span may begin at each note (the E-value of Karlin and Altschul 1990)."""
    examples: tuple[TuneName, ...]
    """The first three corpus tunes that have it."""
    first_token: int
    """Its first token in the checked tune, from 0."""
    stop_token: int
    """The token after its last."""
    first_note: int
    """Its first note in the checked tune, from 0."""
    stop_note: int
    """The note after its last."""
    places: tuple[Hit, ...] | None = None
    """Its first hit in each of the examples; None without details."""
    example_tokens: tuple[int, ...] = field(default=(), metadata={"json": False})
    """The first token of each of these hits, counted in its tune."""

    @property
    def is_beyond_chance(self) -> bool:
        """Whether fewer than one transcription in a hundred would have such a span by chance."""
        return self.by_chance < CHANCE

    @property
    def level(self) -> int:
        """How telling it is: 1 may be chance, 2 is beyond chance, 3 is far beyond it."""
        return 1 + self.is_beyond_chance + (self.by_chance < FAR_BEYOND_CHANCE)


@dataclass(frozen=True, slots=True, repr=False)
class SharedStretch(Record):
    """A stretch that the checked tune and a source share verbatim and that cannot be extended."""

    first_token: int
    """Its first token in the checked tune, from 0."""
    stop_token: int
    """The token after its last."""
    first_note: int
    """Its first note in the checked tune, from 0."""
    stop_note: int
    """The note after its last."""
    source_token: int
    """Its first token in the source, from 0."""


@dataclass(frozen=True, slots=True, repr=False)
class Source(TuneName):
    """A corpus tune that the checked tune shares stretches with.

    A stretch has at least eight notes, or in other views than tokens as many as docs/commands.md
    says. A shorter one counts if it is an improbable span.
    """

    notes_shared: int
    """Notes of the checked tune in shared stretches of at least eight notes (or as many)."""
    longest_span_notes: int
    """Notes of the longest shared stretch."""
    bars_shared: int
    """Bars of the checked tune that are found in the source."""
    aspect: Aspect
    """In what it agrees with the checked tune: exact, or as a near copy in another aspect."""
    scope: Scope
    """How much of the two tunes agrees: the whole, a part, or bars."""
    bits: float
    """Sum of -log2 of the expected count of each stretch; sources are ranked by it. An expected
    count above 1 adds nothing. Notes that two stretches share count once."""
    stretches: tuple[SharedStretch, ...]
    """What the two tunes share."""
    family: int | None = None
    """The number of its family, which all settings of its melody have; None before the tunes of the
    index were compared."""


@dataclass(frozen=True, slots=True, repr=False)
class RareFigure(Record):
    """The shortest figure of three or more notes in a bar that is found in the fewest tunes."""

    text: str
    """Its tokens."""
    tunes: int
    """The number of corpus tunes in which it is found."""
    hits: int
    """The number of its hits in these tunes."""


@dataclass(frozen=True, slots=True, repr=False)
class CheckedBar(Record):
    """One bar of the checked tune, and how often the corpus has the whole bar."""

    part: int
    """Its part, from 1."""
    bar: int
    """Its number in the part; 0 for the pickup."""
    ending: int | None
    """Its ending, if it is in one."""
    text: str
    """Its tokens."""
    tunes: int
    """The number of corpus tunes that have it."""
    families: int | None
    """The number of families that these tunes are of; None before they were compared."""
    hits: int
    """The number of its hits in these tunes."""
    same_position: int
    """The number of corpus tunes that have it as the same bar of the same part."""
    rarest_figure: RareFigure | None
    """Its rarest figure; None in a bar of fewer than three notes."""
    examples: tuple[TuneName, ...]
    """Some corpus tunes that have it, first those that have it at the same position."""


@dataclass(frozen=True, slots=True, repr=False)
class CheckedTune(Record):
    """What a check found out about one transcription.

    Without details, bars, music and the places of spans are None.
    """

    transcription: Transcription = field(metadata={"json": False})
    """The transcription that was checked."""
    place: int
    """Its place in the input, from 1; tunes set aside count too."""
    input: str
    """The file that it was read from."""
    line: int | None
    """The line of the file where it begins."""
    number: int | None
    """The number of its X: field."""
    title: str
    """Its chief title; empty if it has none."""
    meter: str | None
    """Its meter."""
    key: str | None
    """Its key on C, in which it is compared."""
    original_key: str | None
    """Its key as written."""
    remarks: tuple[str, ...]
    """What the reader left out or assumed."""
    notes: int
    """Its notes; a chord is one note, a rest none."""
    bar_count: int
    """Its bars."""
    verdict: Verdict
    """What was found, in one sentence."""
    identical_to: tuple[SameTune, ...]
    """The corpus tunes that are the same music as a whole."""
    same_parts: tuple[SameTune, ...]
    """Other corpus tunes that are the same music in a part, of either tune."""
    longest_notes: int
    """Notes of its longest span; 0 if none of its notes is in the corpus."""
    longest_span: Span | None
    """The span with most notes; of several, the least expected one."""
    copied_share: dict[int, float]
    """For 8, 12, 16, 24 and 32 notes, the share of its notes in spans of at least that length."""
    copied_from: int
    """The number of corpus tunes that together have all notes of its spans of eight or more (in
    other views than tokens: of as many as count as shared), by a greedy cover."""
    most_from: LikeTune | None
    """The corpus tune that has most of its notes in shared stretches of eight or more."""
    most_share: float
    """The share of its notes that this tune has."""
    uniqueness: tuple[float, ...]
    """For L from 1 to 32, the share of its notes outside spans of L notes or more."""
    novelty: tuple[float, ...]
    """For n from 1 to 32, the share of its n-grams of tokens, or of symbols of the view, that are
    nowhere in the corpus (McCoy et al. 2023); shorter if it has no longer n-grams."""
    creativity: float
    """The Creativity Index (Lu et al. 2024): the mean of its uniqueness at 5 to 12 notes."""
    originality: float
    """The mean originality of its windows of 16 notes (Yin et al. 2022)."""
    bars_in_corpus: int
    """Its bars that are found in the corpus."""
    bars_same_position: int
    """Its bars that are found as the same bar of the same part."""
    duplicate_of: int | None
    """The place of an earlier transcription of the input that is the same."""
    near_duplicate_of: int | None
    """The place of an earlier transcription of the input that is nearly the same."""
    standing: Percentiles | None
    """How it compares with real tunes; None if the index has no baseline."""
    spans: tuple[Span, ...]
    """The longest span, all spans of eight notes or more, and the improbable shorter ones."""
    sources: tuple[Source, ...]
    """The ten best sources."""
    similarity: float | None = None
    """The probability that the most similar corpus tune is a near copy; None if none was sought."""
    most_similar: TuneName | None = None
    """This tune; None if no tune has a passage like one of it, or none was sought."""
    near_copies: tuple[SimilarTune, ...] | None = None
    """The three most probable near copies; empty if there is none, None if none was sought."""
    bars: tuple[CheckedBar, ...] | None = None
    """Each of its bars; None without details."""
    music: Music | None = None
    """Its parts, range, accidentals and repeated bars; None without details."""
    view: ViewName = "tokens"
    """What was compared: `tokens`, or its `melody`, `intervals`, `rhythm` or `contour` alone."""

    @property
    def nearest(self) -> TuneName | None:
        """The nearest corpus tune: the same tune, else one with the same part, else a near copy,
        else a source."""
        near = [TuneName.of(tune) for tune in self.near_copies or ()]
        return next(iter((*self.identical_to, *self.same_parts, *near, *self.sources)), None)

    @property
    def share_of_one(self) -> float:
        """The largest share of its notes in one corpus tune; 1 if it is one as a whole."""
        return 1.0 if self.identical_to else self.most_share

    @property
    def is_beyond_chance(self) -> bool:
        """Whether it has a span beyond chance."""
        return any(span.is_beyond_chance for span in self.spans)

    def share_of_bars(self, count: int) -> float:
        """A count of its bars as a share of all its bars; 0 if it has no bar."""
        return count / self.bar_count if self.bar_count else 0.0

    def _repr_html_(self) -> str:
        """The verdict, the measures and the sources, for notebooks."""
        from tunetrace.checker.tables import tune_html

        return tune_html(self)


@dataclass(frozen=True, slots=True, repr=False)
class CheckReport(Record):
    """What a check found out about its input.

    pyarrow.table, polars.from_arrow and the like make a table of it, with one row for each checked
    tune and the columns of a report's tunes.parquet, without `batch`.
    """

    tunes: tuple[CheckedTune, ...]
    """The checked tunes."""
    set_aside: tuple[Rejected, ...]
    """The tunes that could not be read."""

    @classmethod
    def gather(cls, answers: Iterable[CheckedTune | Rejected]) -> CheckReport:
        """A report on all answers of a batch, as check_batch gives them one by one."""
        every = list(answers)
        return cls(
            tuple(answer for answer in every if not isinstance(answer, Rejected)),
            tuple(answer for answer in every if isinstance(answer, Rejected)),
        )

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        """The checked tunes as a stream of Arrow; raises OutputError without pyarrow."""
        from tunetrace.checker.tables import checked_table

        return checked_table(self.tunes).__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        """Each checked tune and what was set aside, for notebooks."""
        from tunetrace.checker.tables import report_html

        return report_html(self)
