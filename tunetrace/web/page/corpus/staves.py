"""Small staves as SVG: a figure by itself, the bars around a hit, and how a tune begins."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Final, NamedTuple

from tunetrace.indexer.records import Hit, Tune
from tunetrace.reports.scores.sheet import PageScores
from tunetrace.score.engraving import LONGEST_NOTE
from tunetrace.score.marks import Mark
from tunetrace.score.staff.records import Staff
from tunetrace.score.staff.tempo import beat_of, bpm_of
from tunetrace.score.staff.written import write_staff
from tunetrace.tokenizer.abc.ornaments import Ornaments
from tunetrace.tokenizer.layout.bars import Layout, Position, lay_out
from tunetrace.tokenizer.layout.timeline import eighths
from tunetrace.tokenizer.transpose import TooFarAlteredError, interval_to, move_token
from tunetrace.tokenizer.vocabulary import is_bar_line, is_token

_FEWEST_BARS: Final = 2
_MOST_BARS: Final = 6
_MOST_TOKENS: Final = 300
"""What is longer is not drawn."""

_FOUND: Final = 3
"""The level of the band under a figure that is found."""


class SmallStaff(NamedTuple):
    """A few bars as notation, and how they sound."""

    svg: str
    notes: list[tuple[float, float, int]]
    """When each note begins and how long it sounds, in seconds, and its MIDI number."""


def figure_staff(
    tokens: Sequence[str], key: str | None, meter: str, sheet: PageScores
) -> SmallStaff | None:
    """A figure by itself; None if it has no notes or too many.

    tokens: on C. key: in which it is written. meter: that it is written in, if any.
    """
    time = f"M:{meter}"
    on_c = f"C{(key or 'Cmaj')[-3:]}"
    headers = [time if is_token(time) else "M:none", f"K:{on_c}"]
    is_open = not tokens or not is_bar_line(tokens[-1])
    return _drawn([*headers, *tokens], on_c, key, sheet, None, is_open=is_open)


def hit_staff(hit: Hit, layout: Layout, sheet: PageScores) -> SmallStaff | None:
    """The bars around a hit in the key of its tune, with its notes marked.

    layout: of its tune.
    """
    before, stop = hit.found
    sought = hit.context[before:stop].split()
    first = _first_token(sought, hit, layout)
    if first is None:
        return None
    last = first + len(sought)
    touched = [k for k, b in enumerate(layout.bars) if b.stop > first and b.start < last]
    low, high = (touched[0], touched[-1] + 1) if touched else (0, 1)
    if high - low < _FEWEST_BARS:
        low, high = (low, high + 1) if high < len(layout.bars) else (max(low - 1, 0), high)
    return _bars(layout, low, high, hit, sheet, Mark(first, last, 0, _FOUND, "", ""))


def incipit_staff(tune: Tune, layout: Layout, sheet: PageScores) -> SmallStaff | None:
    """How a tune begins in its own key: its pickup and two bars."""
    pickups = sum(bar.is_pickup for bar in layout.bars[:_FEWEST_BARS])
    return _bars(layout, 0, pickups + _FEWEST_BARS, tune, sheet, None)


def _first_token(sought: Sequence[str], hit: Hit, layout: Layout) -> int | None:
    """Where in its tune a hit begins; of equal stretches the one at its place, or the first."""
    place = Position(hit.part, hit.bar, hit.ending, hit.onset)
    tokens, length = layout.tokens, len(sought)
    found = [
        first
        for first in range(len(tokens) - length + 1)
        if list(tokens[first : first + length]) == sought
    ]
    at_place = (one for one in found if layout.position(one, one + length) == place)
    return next(at_place, found[0] if found else None)


def _bars(
    layout: Layout, low: int, high: int, tune: Tune, sheet: PageScores, mark: Mark | None
) -> SmallStaff | None:
    """Some bars of a tune, from one up to another, with a stretch marked."""
    bars = layout.bars[low : min(high, low + _MOST_BARS)]
    if not bars:
        return None
    start = bars[0].start
    before = layout.tokens[:start]
    headers = [
        next((token for token in reversed(before) if token.startswith(letter)), absent)
        for letter, absent in (("M:", "M:none"), ("K:", "K:Cmaj"))
    ]
    marks = mark and mark._replace(first=mark.first - start + 2, stop=mark.stop - start + 2)
    tokens = [*headers, *layout.tokens[start : bars[-1].stop]]
    key = tune.key or headers[1][2:]
    is_end = bars[-1] is layout.bars[-1]
    return _drawn(tokens, key, tune.original_key, sheet, marks, is_end=is_end)


def _drawn(
    tokens: Sequence[str],
    key: str,
    original_key: str | None,
    sheet: PageScores,
    mark: Mark | None,
    *,
    is_open: bool = False,
    is_end: bool = False,
) -> SmallStaff | None:
    """Tokens on C as a staff in a tune's own key. is_end: whether its tune ends with them."""
    if len(tokens) > _MOST_TOKENS:
        return None
    interval = interval_to(original_key)
    moved, moved_key = list(tokens), key
    if interval is not None:
        with suppress(TooFarAlteredError):  # then it stays on C
            moved, moved_key = [move_token(one, interval) for one in tokens], original_key or key
    layout = lay_out(moved)
    longest = max((ticks for bar in layout.bars for ticks in bar.events.durations), default=0)
    if not layout.bars or eighths(longest) / 8 > LONGEST_NOTE:
        return None
    staff = write_staff(layout, moved_key, Ornaments())
    staff.measures[-1].is_last = is_end
    staff.measures[-1].is_open = is_open
    svg = sheet.small(staff, [mark] if mark else [])
    return SmallStaff(svg, _sounding(staff))


def _sounding(staff: Staff) -> list[tuple[float, float, int]]:
    """The notes as they are written, without repeats; a tied note sounds again."""
    found = []
    now = Fraction(0)
    meter = staff.measures[0].meter
    second = 60 / (bpm_of(meter) * beat_of(meter))
    for measure in staff.measures:
        for event in measure.events:
            start = float((now + event.onset) * second)
            length = float(event.eighths * second)
            found += [(round(start, 3), round(length, 3), note.midi) for note in event.notes]
        now += sum((event.eighths for event in measure.events), Fraction(0))
    return found
