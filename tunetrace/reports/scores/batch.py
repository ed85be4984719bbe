"""The scores of a report on a batch: those of the transcriptions whose music it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tunetrace.checker.records import CheckedTune
from tunetrace.reports.page.near_copies import ShownNear
from tunetrace.reports.scores.checked import score_of, shown_similar
from tunetrace.reports.scores.page import ScoreBlock
from tunetrace.reports.scores.sheet import Sheet
from tunetrace.score.engraving import Engraving
from tunetrace.score.marks import DASHES
from tunetrace.tokenizer.layout.bars import lay_out

PAIRS: Final = 10
"""Near copies that are shown on two staves; more would make the page large and slow to write."""


class BatchScores:
    """The scores of a batch, by the places of its transcriptions."""

    dashes = DASHES
    pairs = PAIRS

    def __init__(
        self, most_copied: Iterable[CheckedTune], near_copies: Sequence[ShownNear]
    ) -> None:
        """Raises OutputError without verovio."""
        sheet = Sheet()
        self.most_copied: dict[int, ScoreBlock] = {}
        self.near_copies: dict[int, ScoreBlock] = {}
        engraved: dict[int, Engraving | None] = {}
        for tune in most_copied:
            engraving = engraved[tune.place] = sheet.engraved(tune.transcription)
            if engraving is not None:
                self.most_copied[tune.place] = score_of(tune, engraving, sheet)
        for shown in near_copies[:PAIRS]:
            tune = shown.tune
            if tune.place not in engraved:
                engraved[tune.place] = sheet.engraved(tune.transcription)
            engraving = engraved[tune.place]
            if engraving is not None:
                layout = lay_out(tune.transcription.tokens)
                pair = shown_similar(shown.near, layout, engraving, sheet).score
                if pair is not None:
                    self.near_copies[tune.place] = pair
        self.shapes = sheet.shapes()
