"""The measures of copying, each with its name, its definition and where it is from.

Whatever lists them (the report's tables and pictures, the baseline of an index, the comparison of
two batches) takes them from MEASURES, so that a measure is defined once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tunetrace.checker.records import CheckedTune

COPIED_LENGTHS: Final = (8, 12, 16, 24, 32)
"""The span lengths, in notes, whose copied share is reported."""

CREATIVITY_LENGTHS: Final = range(5, 13)
"""The span lengths, in notes, over which uniqueness is averaged to the Creativity Index."""

ORIGINALITY_WINDOW: Final = 16
"""The notes of the window whose originality is measured."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number for each transcription.

    name: in files, a word; label: in tables and pictures; is_share: whether it lies between 0 and
    1 and is shown in percent, else it counts; more_is_copied: whether more of it means more
    copying; value: takes it from a checked transcription.
    """

    name: str
    label: str
    is_share: bool
    more_is_copied: bool
    value: Callable[[CheckedTune], float]


def _copied(notes: int) -> Measure:
    return Measure(
        f"copied_{notes}",
        f"notes in spans of {notes} or more",
        True,
        True,
        lambda tune: tune.copied_share[notes],
    )


MEASURES: Final = (
    Measure("longest_notes", "longest span, in notes", False, True, lambda t: t.longest_notes),
    *map(_copied, COPIED_LENGTHS),
    Measure("creativity", "Creativity Index", True, False, lambda t: t.creativity),
    Measure("originality", "originality", True, False, lambda t: t.originality),
    Measure("bars_in_corpus", "bars that stand in the corpus", True, True,
            lambda t: t.bars_in_corpus / t.bar_count if t.bar_count else 0.0),
    Measure("bars_same_position", "bars in the corpus at the same position", True, True,
            lambda t: t.bars_same_position / t.bar_count if t.bar_count else 0.0),
)  # fmt: skip
"""All of them, in the order in which they are shown."""
