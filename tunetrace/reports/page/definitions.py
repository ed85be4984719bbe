"""The meaning of each measure for a reader of the report, and the source of its method."""

from __future__ import annotations

from typing import Final

from tunetrace.checker.measures import (
    COPIED,
    CREATIVITY,
    CREATIVITY_LENGTHS,
    LONGEST,
    ORIGINALITY_WINDOW,
    SIMILARITY,
)

_CREATIVITY_SOURCE: Final = (
    "Lu et al., AI as Humanity's Salieri: Quantifying Linguistic Creativity of Language Models "
    "via Systematic Attribution of Machine Text against Web Text, 2024"
)
_ORIGINALITY_SOURCE: Final = (
    "After Yin, Reuben, Stepney and Collins, Measuring When a Music Generation Algorithm Copies "
    "Too Much, 2022, with the longest shared stretch as the similarity of two windows"
)
_OWN: Final = "Defined by tunetrace"

DEFINITIONS: Final[dict[str, tuple[str, str]]] = {
    LONGEST.name: (
        "The number of notes in the longest span: the longest stretch that is found note for note "
        "in a corpus tune, with the same lengths and bar lines.",
        _OWN,
    ),
    **{
        measure.name: (
            f"The share of a transcription's notes that are inside spans of {notes} notes or more.",
            _OWN,
        )
        for notes, measure in COPIED.items()
    },
    CREATIVITY.name: (
        "Uniqueness at a length L is the share of notes outside all spans of L notes or more. The "
        f"Creativity Index is its mean for L from {CREATIVITY_LENGTHS.start} to "
        f"{CREATIVITY_LENGTHS.stop - 1}: the shaded area of the picture. The higher it is, the "
        "less is found in the corpus.",
        _CREATIVITY_SOURCE,
    ),
    "originality": (
        f"Take {ORIGINALITY_WINDOW} notes in a row. Their originality is the share of them that is "
        "outside the longest stretch they share with one corpus tune: 0% if a tune has all of "
        "them, 100% if no tune has any. The measure is the mean over all such windows.",
        _ORIGINALITY_SOURCE,
    ),
    "bars_in_corpus": (
        "The share of a transcription's bars that are found in the corpus as whole bars, from bar "
        "line to bar line. Many bars are common property, so a high share alone is no sign of "
        "copying.",
        _OWN,
    ),
    "bars_same_position": (
        "The share of bars that are found in the corpus as the same bar of the same part: bar 5 of "
        "the second part as bar 5 of a second part.",
        _OWN,
    ),
    SIMILARITY.name: (
        "The probability that the most similar corpus tune is a near copy: the same melody, or a "
        "part of it, in whatever key, octave, rhythm or version. Both tunes are compared by their "
        "pitches, counted in steps of the scale, at several points of time; a logistic regression, "
        "fitted on tunes with the same title, makes a probability of it.",
        _OWN,
    ),
}
"""The meaning and the source of each measure of checker/measures.py, by its name."""
