"""What is answered about tunes that are alike, in Python and, field for field, in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from tunetrace.corpus.records import Rejected
from tunetrace.indexer.records import Tune
from tunetrace.records import Record
from tunetrace.text import html_table, share
from tunetrace.tokenizer.transcription import Transcription

Aspect = Literal["exact", "melody", "transposed", "contour", "rhythm"]
"""In what two tunes agree."""

Scope = Literal["whole", "part", "bars"]
"""How much of two tunes agrees."""

DifferenceKind = Literal[
    "octave", "accidental", "joined", "split", "triplet", "passing", "ornament", "rhythm", "note",
    "added", "left out", "ending", "absent",
]  # fmt: skip
"""In what notes of the asked tune differ from those of the other tune that lie under them."""


@dataclass(frozen=True, slots=True, repr=False)
class AlignedNotes(Record):
    """Some notes of a bar of the asked tune, and those of the other tune that lie under them."""

    text: str
    """The tokens of the asked tune; empty if it has nothing there."""
    other: str
    """The tokens of the other tune, moved to the degree of the asked tune; empty if it has none."""
    difference: DifferenceKind | None
    """In what they differ; None if they do not.

    octave, accidental: the same degree sounds otherwise. joined, split: a note is repeated in the
    other tune, or in the asked one. triplet: one has a triplet or another tuplet. passing: one has
    notes more that lead by steps from one shared note to the next. ornament: one has other short
    notes more, in the time of a shared note. rhythm: the same notes have other lengths. note: other
    notes. added, left out: notes more, or fewer, in the asked tune. ending: one of these three in
    an ending or at the end of a part. absent: nothing of the other tune fits there."""


@dataclass(frozen=True, slots=True, repr=False)
class AlignedBar(Record):
    """A bar of the asked tune, and what lies under it. All is on C."""

    part: int
    """Its part, from 1."""
    bar: int
    """Its number in the part; 0 for the pickup."""
    ending: int | None
    """Its ending, if it is in one."""
    text: str
    """Its tokens."""
    other_part: int | None
    """The part of the other tune that lies under most of it; None if nothing does."""
    other_bar: int | None
    """The bar of that part."""
    other_ending: int | None
    """The ending of the other tune, if it is in one."""
    other_text: str
    """What lies under it, moved to the degree of the asked tune. `|` is a bar line between."""
    notes: tuple[AlignedNotes, ...]
    """The same, group by group."""


@dataclass(frozen=True, slots=True, repr=False)
class UnmatchedBar(Record):
    """A bar of the other tune that lies under none of the asked tune and repeats none that does."""

    part: int
    """Its part, from 1."""
    bar: int
    """Its number in the part."""
    ending: int | None
    """Its ending, if it is in one."""
    text: str
    """Its tokens on C."""


@dataclass(frozen=True, slots=True, repr=False)
class Alignment(Record):
    """Two tunes, bar under bar."""

    steps: int
    """By how many diatonic steps the other tune was raised, on C, so that its notes can be compared
    with those of the asked tune."""
    bars: tuple[AlignedBar, ...]
    """The bars of the asked tune."""
    unmatched: tuple[UnmatchedBar, ...]
    """The bars of the other tune that lie under none of them."""


@dataclass(frozen=True, slots=True, repr=False)
class SimilarTune(Tune):
    """A tune of the index that is like the asked tune.

    It is compared on C. What is said of a change is said of the asked tune: +3 steps mean that it
    is a fourth higher than this one.
    """

    probability: float
    """That both are settings of one melody, or have a part of it."""
    aspect: Aspect
    """exact: the same music, as SameTune has it. melody: most notes that lie under one another have
    the same degree of the scale. transposed: they have it on another degree or in another octave.
    contour: only the directions agree. rhythm: only the lengths do."""
    scope: Scope
    """whole: most of both tunes. part: most of one of them, or of a part. bars: less."""
    own_part: int | None
    """The part of the asked tune; 0 for all of it, None for several parts or less than a part."""
    part: int | None
    """The part of this tune, in the same way."""
    steps: int
    """By how many diatonic steps the asked tune is higher, counted from the tonic: 7 is an octave,
    -3 a fourth lower."""
    length_ratio: Fraction
    """By how much the notes of the asked tune are longer: 2 in doubled lengths."""
    change: str
    """What is changed in the asked tune, in words: `a fourth higher, in doubled lengths`; empty if
    nothing is."""
    alignment: Alignment | None = None
    """Both tunes bar under bar; None unless asked for."""
    by_way_of: Tune | None = None
    """The tune between the two, if the probability is that of a step over the neighbour graph: 0.7
    times the product of the probabilities of both pairs. None if it is that of the pair itself."""


@dataclass(frozen=True, slots=True, repr=False)
class SimilarPart(Record):
    """A part of the asked tune, and the tunes that are like it."""

    part: int
    """The part, from 1."""
    text: str
    """Its tokens on C."""
    tunes: tuple[SimilarTune, ...]
    """The tunes that are like it, best first. Their own_part is this part; None for less of it."""


@dataclass(frozen=True, slots=True, repr=False)
class SimilarTunes(Record):
    """The tunes of an index that are like one tune."""

    transcription: Transcription = field(metadata={"json": False})
    """The tune that was asked about."""
    title: str
    """Its chief title; empty if it has none."""
    key: str | None
    """Its key on C, in which it is compared."""
    original_key: str | None
    """Its key as written."""
    text: str
    """What was found, in one sentence."""
    of: int
    """The number of tunes that it was compared with."""
    threshold: float
    """From this probability on a tune is named as a near copy. It grows with the index."""
    has_graph: bool
    """Whether tunes were also found by way of others, over the neighbour graph of the index. False
    before `find_families` has compared its tunes."""
    tunes: tuple[SimilarTune, ...]
    """The tunes that are like it, best first: those that are named, then the others. Each come by
    their probability; those from 0.92 on come by how well they fit, which tells more there."""
    parts: tuple[SimilarPart, ...] | None = None
    """The same for each of its parts; None unless asked for."""

    @property
    def named(self) -> int:
        """How many tunes are named as near copies. They are the first."""
        return sum(tune.probability >= self.threshold for tune in self.tunes)

    def aligned(self, count: int | None) -> SimilarTunes:
        """It with the alignments of its first tunes only, and of the first tunes of each part.

        count: how many; None for the first tune, if that is named as a near copy.
        """
        count = min(self.named, 1) if count is None else count
        parts = None
        if self.parts is not None:
            parts = tuple(replace(part, tunes=_first(part.tunes, count)) for part in self.parts)
        return replace(self, tunes=_first(self.tunes, count), parts=parts)

    def _repr_html_(self) -> str:
        """The sentence, the notation and the tunes, for notebooks."""
        from tunetrace.score.notebook import notation_html

        rows = [
            [share(tune.probability), tune.title, tune.reference, tune.aspect, tune.scope,
             tune.change, tune.by_way_of.reference if tune.by_way_of else ""]
            for tune in self.tunes
        ]  # fmt: skip
        heads = ["probability", "title", "tune", "aspect", "scope", "change", "by way of"]
        shown = notation_html(self.transcription)
        return html_table(["found"], [[self.text]]) + shown + html_table(heads, rows)


def _first(tunes: Sequence[SimilarTune], count: int) -> tuple[SimilarTune, ...]:
    """Tunes of which the first few keep their alignments."""
    rest = (replace(tune, alignment=None) for tune in tunes[count:])
    return (*tunes[:count], *rest)


@dataclass(frozen=True, slots=True, repr=False)
class SimilarReport(Record):
    """What is like each of some tunes."""

    tunes: tuple[SimilarTunes, ...]
    """The answer on each tune."""
    set_aside: tuple[Rejected, ...]
    """The tunes that could not be read, or have no notes."""
