"""The measures of copying: each has its name, its label and where its value comes from.

Everything that lists measures takes them from MEASURES: tables, pictures, the baseline of an
index, and the comparison of two batches. docs/measures.md defines them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tunetrace.arguments import ViewName
from tunetrace.indexer.search.views import VIEWS

COPIED_LENGTHS: Final = (8, 12, 16, 24, 32)
"""The span lengths, in notes, whose copied share is reported."""

CREATIVITY_LENGTHS: Final = range(5, 13)
"""The Creativity Index is the mean of the uniqueness at these span lengths, in notes."""

FAIL_LENGTH: Final = 12
"""`check --fail-over` looks at the notes in spans of at least this many notes."""


def run_lengths(view: ViewName) -> tuple[int, int]:
    """The two span lengths whose copied share is shown first, in notes: 8 and 12 for tokens.

    They begin with the length from which a stretch counts as shared in the view, unless it is the
    last.
    """
    first = min(COPIED_LENGTHS.index(VIEWS[view].shared_notes), len(COPIED_LENGTHS) - 2)
    return COPIED_LENGTHS[first], COPIED_LENGTHS[first + 1]


ORIGINALITY_WINDOW: Final = 16
"""The length, in notes, of the windows whose originality is measured."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number for each transcription."""

    name: str
    """Its name in files and columns, one word."""
    label: str
    """Its name in tables and pictures."""
    is_share: bool
    """Whether it lies between 0 and 1 and is shown in percent. Otherwise it is a count."""
    more_is_copied: bool
    """Whether a higher value means more copying."""
    value: Callable[[Any], Any]
    """Its value: a number for a CheckedTune, an array for SliceMeasures."""


def _copied(notes: int) -> Measure:
    label = f"notes in spans of {notes} or more"
    return Measure(f"copied_{notes}", label, True, True, lambda tune: tune.copied_share[notes])


LONGEST: Final = Measure(
    "longest_notes", "longest span, in notes", False, True, lambda tune: tune.longest_notes
)
COPIED: Final = {notes: _copied(notes) for notes in COPIED_LENGTHS}
CREATIVITY: Final = Measure(
    "creativity", "Creativity Index", True, False, lambda tune: tune.creativity
)

SIMILARITY: Final = Measure(
    "similarity", "most similar tune, as a probability", True, True, lambda tune: tune.similarity
)
"""It is not among MEASURES, since a verbatim check does not have it."""

MEASURES: Final = (
    LONGEST,
    *COPIED.values(),
    CREATIVITY,
    Measure("originality", "originality", True, False, lambda t: t.originality),
    Measure("bars_in_corpus", "bars found in the corpus", True, True,
            lambda t: t.share_of_bars(t.bars_in_corpus)),
    Measure("bars_same_position", "bars found at the same position", True, True,
            lambda t: t.share_of_bars(t.bars_same_position)),
)  # fmt: skip
"""All measures, in the order in which they are shown."""
