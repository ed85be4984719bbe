"""What is answered about tunes that are alike, in Python and, field for field, in JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from tunetrace.indexer.records import Tune
from tunetrace.records import Record
from tunetrace.text import html_table, share
from tunetrace.tokenizer.transcription import Transcription

Aspect = Literal["exact", "melody", "transposed", "contour", "rhythm"]
"""In what two tunes agree."""

Scope = Literal["whole", "part", "bars"]
"""How much of two tunes agrees."""


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


@dataclass(frozen=True, slots=True, repr=False)
class SimilarPart(Record):
    """A part of the asked tune, and the tunes that are like it."""

    part: int
    """The part, from 1."""
    text: str
    """Its tokens on C."""
    tunes: tuple[SimilarTune, ...]
    """The tunes that are like it, the most probable first. Their own_part is this part."""


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
    tunes: tuple[SimilarTune, ...]
    """The tunes that are like it, the most probable first."""
    parts: tuple[SimilarPart, ...] | None = None
    """The same for each of its parts; None unless asked for."""

    def _repr_html_(self) -> str:
        """The sentence and the tunes, for notebooks."""
        rows = [
            [share(tune.probability), tune.title, tune.reference, tune.aspect, tune.scope,
             tune.change]
            for tune in self.tunes
        ]  # fmt: skip
        heads = ["probability", "title", "tune", "aspect", "scope", "change"]
        return html_table(["found"], [[self.text]]) + html_table(heads, rows)
