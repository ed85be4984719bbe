"""The measures of a whole slice at once: the same for a batch and for people's own tunes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.spans import (
    SpanArrays,
    note_cover,
    novelty_curves,
    originality,
    uniqueness,
)
from tunetrace.checker.batch.stream import BatchStream, Numbers
from tunetrace.checker.measures import COPIED_LENGTHS, CREATIVITY_LENGTHS, ORIGINALITY_WINDOW

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SliceMeasures:
    """What is measured of each transcription of a slice: (tunes,) each, curves (tunes, 32).

    The fields are those of CheckedTune; novelty_lengths: up to which n each has n-grams.
    """

    notes: Numbers
    longest_notes: Numbers
    uniqueness: Floats
    novelty: Floats
    novelty_lengths: NDArray[np.intp]
    originality: Floats
    bars: Numbers
    bars_in_corpus: Numbers
    bars_same_position: Numbers

    @property
    def copied_share(self) -> Floats:
        """(tunes, lengths) for each of COPIED_LENGTHS."""
        return 1 - self.uniqueness[:, [n - 1 for n in COPIED_LENGTHS]]

    @property
    def creativity(self) -> Floats:
        """The Creativity Index of Lu et al. 2024: the mean of the uniqueness at 5 to 12 notes."""
        # Column by column, so that one transcription's mean is rounded as many others' are.
        total = np.zeros(len(self.uniqueness))
        for notes in CREATIVITY_LENGTHS:
            total += self.uniqueness[:, notes - 1]
        return total / len(CREATIVITY_LENGTHS)

    def by_name(self) -> dict[str, NDArray[np.float32]]:
        """The values of all MEASURES by their names, as they are compared: (tunes,) float32."""
        bars = np.maximum(self.bars, 1)
        columns = {
            "longest_notes": self.longest_notes,
            **{f"copied_{n}": self.copied_share[:, k] for k, n in enumerate(COPIED_LENGTHS)},
            "creativity": self.creativity,
            "originality": self.originality,
            "bars_in_corpus": self.bars_in_corpus / bars,
            "bars_same_position": self.bars_same_position / bars,
        }
        return {name: np.asarray(values, dtype=np.float32) for name, values in columns.items()}


def measure_slice(
    stream: BatchStream,
    spans: SpanArrays,
    longest: Numbers,
    bars_found: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> SliceMeasures:
    """Measure the transcriptions of a slice.

    longest: the longest match from each position of the stream on. bars_found: which bars stand in
    the corpus, and which at the same position.
    """
    longest_notes = np.zeros(stream.tunes, dtype=np.int32)
    np.maximum.at(longest_notes, stream.tune_of_notes(spans.first_notes), spans.notes)
    curves, lengths = novelty_curves(stream, longest)
    in_corpus, same_position = bars_found
    return SliceMeasures(
        notes=stream.notes,
        longest_notes=longest_notes,
        uniqueness=uniqueness(note_cover(spans, len(stream.note_begins)), stream),
        novelty=curves,
        novelty_lengths=lengths,
        originality=originality(spans, stream, ORIGINALITY_WINDOW),
        bars=stream.bars,
        bars_in_corpus=stream.sum_of_bars(in_corpus),
        bars_same_position=stream.sum_of_bars(same_position),
    )
