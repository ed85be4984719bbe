"""The scores of one page: their ids, their drawings and the shapes that they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Final

from tunetrace.errors import InputError
from tunetrace.reports.scores.page import ScoreBlock
from tunetrace.reports.scores.pairs import AlignedRows
from tunetrace.score.aligned import draw_aligned
from tunetrace.score.engraver import PAGE_WIDTH, Drawing, define
from tunetrace.score.engraving import Engraving, Written, engrave
from tunetrace.score.marks import Mark
from tunetrace.score.staff.records import Staff
from tunetrace.tokenizer.transpose import TooFarAlteredError, interval_to, move_token

_WIDEST_LINE: Final = 1300
"""Of a few bars, in tenths of a millimetre: two bars, or three short ones."""

_SCALE: Final = 0.47
"""Pixels for a tenth of a millimetre of a few bars: their staff is as high as two lines of text."""


class PageScores:
    """The scores of one page."""

    def __init__(self, width: int = PAGE_WIDTH) -> None:
        """width: of its lines of music, as for Engraver."""
        self._width = width
        self._ids = (f"s{number}" for number in count(1))
        self._glyphs: dict[str, str] = {}

    def shapes(self) -> str:
        """The definitions that the drawings use, once for the page."""
        return define(self._glyphs)

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
        marks: Sequence[Mark] = (),
        remarks: Iterable[str] = (),
    ) -> ScoreBlock:
        """A whole tune with its marks. remarks: what is said of each bar, if anything is."""
        drawing, playback = tune.drawn_and_played(marks, width=self._width)
        return ScoreBlock(
            id=tune.id,
            title=title,
            svg=self._kept(drawing).svg,
            playback=playback.to_dict(),
            remarks=tuple(remarks),
        )

    def small(self, staff: Staff, marks: Sequence[Mark] = ()) -> str:
        """A few bars as SVG with a size of its own, without a player.

        They are one line of music, or several if it were too wide.
        """
        engraving = Engraving(staff, next(self._ids))
        drawing = engraving.drawing(marks, is_line=True)
        if drawing.width > _WIDEST_LINE:
            drawing = engraving.drawing(marks, width=_WIDEST_LINE)
        size = f'<svg width="{drawing.width * _SCALE:.0f}" height="{drawing.height * _SCALE:.0f}" '
        return self._kept(drawing).svg.replace("<svg ", size, 1)

    def pair(self, own: Engraving, rows: AlignedRows, title: str) -> ScoreBlock | None:
        """Bars of a tune over those of another; None if there are none, or if these cannot be
        written in the key of the tune."""
        interval = interval_to(own.staff.key)
        under = rows.under
        try:
            if interval is not None:
                under = [
                    one._replace(tokens=[move_token(token, interval) for token in one.tokens])
                    for one in under
                ]
        except TooFarAlteredError:
            return None
        if not under:
            return None
        drawing, playback = draw_aligned(
            own.staff, rows.over, under, next(self._ids), width=self._width
        )
        return ScoreBlock(
            id=playback.id,
            title=title,
            svg=self._kept(drawing).svg,
            playback={**playback.to_dict(), "title": title},
            is_pair=True,
        )

    def _kept(self, drawing: Drawing) -> Drawing:
        """A drawing, whose glyphs are defined once for all."""
        self._glyphs |= drawing.glyphs
        return drawing
