"""The scores of one page: their ids, their drawings and the shapes that they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Final

from tunetrace.errors import InputError
from tunetrace.reports.page.marks import Stretch
from tunetrace.reports.scores.marks import levels, with_bands
from tunetrace.reports.scores.page import ShownScore
from tunetrace.reports.scores.pairs import Row, engrave_pair
from tunetrace.score.engraver import Drawing, define
from tunetrace.score.engraving import Engraving, Written, engrave
from tunetrace.score.mei import Look

_PATTERNS: Final = (
    '<pattern id="dots" width="160" height="160" patternUnits="userSpaceOnUse">'
    '<circle cx="40" cy="40" r="16"/><circle cx="120" cy="120" r="16"/></pattern>'
    '<pattern id="stripes" width="130" height="130" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="22" height="130"/></pattern>'
    '<pattern id="squares" width="130" height="130" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="22" height="130"/><rect width="130" height="22"/>'
    "</pattern>"
)
"""The patterns of the bands, from the least telling to the most."""


class Sheet:
    """The scores of one page."""

    def __init__(self) -> None:
        self._ids = (f"s{number}" for number in count(1))
        self._glyphs: dict[str, str] = {}

    def shapes(self) -> str:
        """The definitions that the drawings use, once for the page."""
        return define(self._glyphs) + f"<defs>{_PATTERNS}</defs>"

    def engraved(self, tune: Written) -> Engraving | None:
        """A tune as it will be drawn; None if it cannot be, having no notes or too many."""
        try:
            return engrave(tune, id=next(self._ids))
        except InputError:
            return None

    def score(
        self,
        tune: Engraving,
        title: str,
        *,
        stretches: Sequence[Stretch] = (),
        links: Mapping[int, str] | None = None,
        remarks: Iterable[str] = (),
    ) -> ShownScore:
        """A whole tune, with its spans. links, stretches: as for with_bands."""
        notes = [
            note.token
            for bar in tune.staff.measures
            for event in bar.events
            for note in event.notes
        ]
        drawing = self._kept(tune.drawing(Look(classes=levels(notes, stretches))))
        return ShownScore(
            id=tune.id,
            title=title,
            svg=with_bands(drawing.svg, tune.prefix, stretches, links or {}),
            playback=tune.playback.to_dict(),
            remarks=tuple(remarks),
        )

    def pair(
        self, own: Engraving, rows: Sequence[Row], title: str, *, key: str | None, meter: str | None
    ) -> ShownScore | None:
        """Two tunes bar under bar; None without rows. key, meter: as for engrave_pair."""
        if not rows:
            return None
        pair = engrave_pair(own, rows, next(self._ids), key=key, meter=meter)
        voices = zip(("the tune", "what is under it"), pair.voices, strict=True)
        return ShownScore(
            id=pair.playback.id,
            title=title,
            svg=self._kept(pair.drawing).svg,
            playback={**pair.playback.to_dict(), "title": title, "voices": list(voices)},
            is_pair=True,
        )

    def _kept(self, drawing: Drawing) -> Drawing:
        """A drawing, whose glyphs are defined once for all."""
        self._glyphs |= drawing.glyphs
        return drawing
