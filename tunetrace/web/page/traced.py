"""What the first page shows of a tune: what it shares with the corpus, bar by bar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tunetrace.checker.records import CheckedTune, TuneName
from tunetrace.reports.scores.checked import checked_alone
from tunetrace.reports.scores.page import TuneBlock
from tunetrace.reports.scores.sheet import PageScores
from tunetrace.text import times, tunes_and_families
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transpose import in_own_key
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE
from tunetrace.web.page.corpus.address import AskedFigure

WIDTHS: Final = {360: 700, 480: 950, 640: 1250, 800: 1600}
"""How wide lines of music are, in tenths of a millimetre, in a view of at most this many pixels."""

WIDEST: Final = 1200
"""The width of a view for which lines of music are as wide as they ever are."""

_FEW_BARS: Final = 48
"""Up to this many bars are listed without being asked for."""


@dataclass(frozen=True, slots=True)
class TracedBar:
    """A bar of a tune, for who chooses it."""

    said: str
    """In how many tunes it is found."""
    examples: tuple[TuneName, ...]
    unnamed: int
    """Further tunes that have it."""
    spans: tuple[int, ...]
    """The numbers of the spans that have notes of it."""
    address: str | None
    """Where it is searched as a figure; None for a bar without notes."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A tune with its bars."""

    block: TuneBlock
    bars: tuple[TracedBar, ...]
    text: str
    """The tune as it was sent."""
    shapes: str
    """The definitions of the glyphs of all its drawings."""

    @property
    def lists_bars(self) -> bool:
        """Whether its bars are listed at once."""
        return len(self.bars) <= _FEW_BARS


def sheet_for(width: int) -> PageScores:
    """The scores of a view. width: of the view, in pixels."""
    wide = next((page for view, page in WIDTHS.items() if width <= view), None)
    return PageScores() if wide is None else PageScores(wide)


def traced(tune: CheckedTune, width: int) -> Traced:
    """What the page shows of a checked tune at first. width: of the view, in pixels."""
    sheet = sheet_for(width)
    block = checked_alone(tune, sheet)
    return Traced(block, tuple(_bars(tune)), tune.transcription.text, sheet.shapes())


def _bars(tune: CheckedTune) -> Iterator[TracedBar]:
    layout = lay_out(tune.transcription.tokens)
    for bar, found in zip(layout.bars, tune.bars or (), strict=True):
        said = "No tune of the corpus has this bar."
        if found.tunes:
            where = tunes_and_families(found.tunes, found.families)
            same = found.same_position
            there = f"; in {same:,} of them as the same bar" if same else ""
            said = f"Found in {where}, {times(found.hits)}{there}."
        spans = tuple(
            number
            for number, span in enumerate(tune.spans, 1)
            if span.first_token < bar.stop and bar.start < span.stop_token
        )
        unnamed = found.tunes - len(found.examples)
        yield TracedBar(said, found.examples, unnamed, spans, _address(found.text, tune))


def _address(bar: str, tune: CheckedTune) -> str | None:
    """Where a bar is searched, spelled as the player of the tune would type it."""
    tokens = bar.split()
    if not any(MEANINGS[token].kind == NOTE for token in tokens):
        return None
    moved = in_own_key(tokens, tune.original_key)
    if moved == tokens:
        return AskedFigure(bar).address()
    return AskedFigure("".join(moved), tune.original_key or "").address()
