"""What each measure means, in words for a reader of the report, and where it is from."""

from __future__ import annotations

from typing import Final

from tunetrace.checker.measures import COPIED_LENGTHS, CREATIVITY_LENGTHS, ORIGINALITY_WINDOW

CREATIVITY_SOURCE: Final = (
    "Lu et al., AI as Humanity's Salieri: Quantifying Linguistic Creativity of Language Models "
    "via Systematic Attribution of Machine Text against Web Text, 2024"
)
NOVELTY_SOURCE: Final = (
    "McCoy et al., How Much Do Language Models Copy From Their Training Data?, 2023"
)
_ORIGINALITY_SOURCE: Final = (
    "after Yin, Reuben, Stepney and Collins, Measuring When a Music Generation Algorithm Copies "
    "Too Much, 2022, with the longest stretch in common as what makes two windows alike"
)
_OWN: Final = "tunetrace's own count"

DEFINITIONS: Final[dict[str, tuple[str, str]]] = {
    "longest_notes": (
        "The notes of the longest span of a transcription: of the longest stretch of it that "
        "stands note for note, lengths and bar lines included, in some corpus tune.",
        _OWN,
    ),
    **{
        f"copied_{notes}": (
            f"Of all notes of a transcription, the share that lies inside spans of {notes} notes "
            "or more.",
            _OWN,
        )
        for notes in COPIED_LENGTHS
    },
    "creativity": (
        "Uniqueness at a length L is the share of notes outside every span of L notes or more. "
        f"The index is its mean for L from {CREATIVITY_LENGTHS.start} to "
        f"{CREATIVITY_LENGTHS.stop - 1}: the shaded area of the picture, as a share of all there "
        "is. The more of it, the less stands in the corpus.",
        CREATIVITY_SOURCE,
    ),
    "originality": (
        f"The originality of {ORIGINALITY_WINDOW} notes in a row is 1 less the share of them that "
        "the longest stretch in common with a corpus tune takes: 0% where such a tune has all of "
        "them, 100% where none has any. The measure is the mean over all places where they can "
        "begin.",
        _ORIGINALITY_SOURCE,
    ),
    "bars_in_corpus": (
        "Of all bars of a transcription, the share that stands as a whole, from bar line to bar "
        "line, in some corpus tune. Many bars are common property: a high share is no sign of "
        "copying by itself.",
        _OWN,
    ),
    "bars_same_position": (
        "The share of bars that stand in the corpus as the same bar of the same part: bar 5 of "
        "the second part as a bar 5 of a second part.",
        _OWN,
    ),
}
"""For each measure by its name: what it is, and its source."""
