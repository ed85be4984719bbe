"""The transcriptions with the most probable near copies, as the page shows each over its near copy.

Both tunes are in the transcription's key, bar under bar and note under note.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tunetrace.checker.measures import SIMILARITY
from tunetrace.checker.records import CheckedTune
from tunetrace.checker.similar.alignment.rows import bars_in_words
from tunetrace.checker.similar.answers import similar_tunes
from tunetrace.checker.similar.records import AlignedBar, Alignment, DifferenceKind, SimilarTune
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.checker.similar.words import interval_in_words, naming
from tunetrace.indexer.index import Index
from tunetrace.reports.page.marks import MOST_TOKENS
from tunetrace.reports.page.most_copied import facts_of, peers_in_words
from tunetrace.text import share, share_in_words
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transpose import in_own_key

NAMES: Final[dict[DifferenceKind, tuple[str, str]]] = {
    "octave": ("octave", "the same note in another octave"),
    "accidental": ("accidental", "the same note, raised or lowered by an accidental"),
    "joined": ("joined", "one long note where the corpus tune repeats a note"),
    "split": ("repeated", "a repeated note where the corpus tune has one long note"),
    "triplet": ("triplet", "one of the tunes has a triplet or another tuplet"),
    "passing": ("passing", "one of the tunes has passing notes"),
    "ornament": ("ornament", "one of the tunes has more short notes"),
    "rhythm": ("rhythm", "the same notes in other lengths"),
    "note": ("changed", "different notes"),
    "added": ("added", "notes that only the transcription has"),
    "left out": ("left out", "notes that only the corpus tune has"),
    "ending": ("ending", "different notes at the end of a part"),
    "absent": ("not in it", "nothing in the corpus tune fits there"),
}
"""What the page calls each kind of difference, below the notes that differ; and what it means."""


@dataclass(frozen=True, slots=True)
class ShownNotes:
    """Some notes of a transcription, and those of the corpus tune under them."""

    text: str
    other: str
    """Either text is empty where a tune has nothing there."""
    kind: DifferenceKind | None
    """In what they differ; None if they do not."""


@dataclass(frozen=True, slots=True)
class NearBar:
    """A bar of a transcription over what is under it."""

    number: int
    """Counted from 1 in its part; 0 for a pickup."""
    under: str
    """The part and the bar of the corpus tune that are under it, `2.3`; empty if they are the same
    as its own, or if nothing is."""
    notes: tuple[ShownNotes, ...]


@dataclass(frozen=True, slots=True)
class NearPart:
    """A part of a transcription, bar by bar."""

    number: int
    """Counted from 1."""
    bars: tuple[NearBar, ...]


@dataclass(frozen=True, slots=True)
class ShownNear:
    """A transcription over its most probable near copy."""

    tune: CheckedTune
    near: SimilarTune
    said: str
    """What is said of the near copy, in one sentence."""
    facts: str
    """Meter, key and length."""
    probability: str
    standing: str | None
    """How that compares with real tunes; None if their similarity was not measured."""
    others: tuple[tuple[str, str], ...]
    """The other near copies: the probability of each, and what is said of it."""
    moved: str
    """How the corpus tune was moved to the degree of the transcription, if it was."""
    parts: tuple[NearPart, ...]
    missing: str
    """The bars of the corpus tune that are under no bar; empty if there is none."""
    is_cut: bool
    """It is too long, and only its beginning is shown."""


def near_order(tune: CheckedTune) -> tuple[bool, float, int]:
    """A sort key: the more probable the near copy of a transcription, the higher.

    Of equally probable ones, the first of the batch is higher. Those that are the same as a corpus
    tune are last: their music is among what is shared most, and two equal tunes have no difference
    to show.
    """
    return (not tune.identical_to, tune.similarity or 0.0, -tune.place)


def describe_near(tune: CheckedTune, index: Index) -> ShownNear:
    """What the page shows of a transcription with near copies.

    index: that which it was checked against.
    """
    assert tune.near_copies
    best, *others = tune.near_copies
    layout = lay_out(tune.transcription.tokens)
    search = SimilarSearch(index)
    (found,) = search.near([layout], index.mask([best.tune]))
    (near,) = similar_tunes(layout, tune.original_key, found, index, alignment=True)
    assert near.alignment is not None
    bars, is_cut = _first(near.alignment.bars)
    return ShownNear(
        tune=tune,
        near=near,
        said=naming(near),
        facts=facts_of(tune),
        probability=share_in_words(near.probability),
        standing=similarity_in_words(tune),
        others=tuple((share(other.probability), naming(other)) for other in others),
        moved=moved_in_words(near.alignment),
        parts=tuple(_parts(bars, tune.original_key)),
        missing=bars_in_words(near.alignment.unmatched),
        is_cut=is_cut,
    )


def similarity_in_words(tune: CheckedTune) -> str | None:
    """How its similarity compares with real tunes; None if that was not measured."""
    standing = tune.standing
    below = standing.below.get(SIMILARITY.name) if standing else None
    if standing is None or below is None:
        return None
    whose = f"{share_in_words(below)} of {peers_in_words(standing)}"
    return f"It is more similar to a corpus tune than {whose} are to another tune."


def moved_in_words(alignment: Alignment) -> str:
    """How the corpus tune was moved: `raised by a fourth`; empty if it was not."""
    return interval_in_words(alignment.steps, "raised by {}", "lowered by {}")


def _first(bars: Sequence[AlignedBar]) -> tuple[Sequence[AlignedBar], bool]:
    """As many bars as are shown, and whether there are more."""
    tokens = 0
    for place, bar in enumerate(bars):
        tokens += len(bar.text.split()) + len(bar.other_text.split())
        if tokens > MOST_TOKENS and place:
            return bars[:place], True
    return bars, False


def _parts(bars: Sequence[AlignedBar], key: str | None) -> Iterator[NearPart]:
    """Bars in the key of the transcription, part by part."""
    texts = [text for bar in bars for notes in bar.notes for text in (notes.text, notes.other)]
    own = _in_own_key(texts, key)
    for part, some in groupby(bars, key=lambda bar: bar.part):
        yield NearPart(
            part,
            tuple(
                NearBar(
                    bar.bar,
                    _under(bar),
                    tuple(ShownNotes(next(own), next(own), one.difference) for one in bar.notes),
                )
                for bar in some
            ),
        )


def _under(bar: AlignedBar) -> str:
    place = bar.other_part, bar.other_bar
    if place in ((None, None), (bar.part, bar.bar)):
        return ""
    return f"{bar.other_part}.{bar.other_bar}"


def _in_own_key(texts: Sequence[str], key: str | None) -> Iterator[str]:
    """Texts on C in the key of a tune: all of them, or none if a note cannot be written there."""
    pieces = [text.split() for text in texts]
    moved = iter(in_own_key([token for piece in pieces for token in piece], key))
    for piece in pieces:
        yield " ".join(next(moved) for _ in piece)
