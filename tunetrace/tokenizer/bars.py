"""Bars and parts: which stretch between two bar lines is which bar of which part.

Nothing but the tokens decides. A part begins at the start, at `|:` and after `:|` (after the last
bar of the last ending where endings follow). A short first bar of a part is its pickup, bar 0; the
others count from 1. Two neighbouring short bars that make up one share a number, and a later
ending repeats the numbers of the first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tunetrace.tokenizer.timeline import Stretch, Ticks, Timeline, eighths, timeline
from tunetrace.tokenizer.vocabulary import HEADER, MEANINGS, NOTE


@dataclass(slots=True)
class Bar:
    """One bar as it stands in the tokens.

    part and number count from 1, a pickup is number 0. ending is 1 in a first ending, 2 in a
    second, None outside. start and stop bound its tokens (headers inside it included). duration
    is in ticks; offset is where it begins within its number, not 0 only for the second half of a
    bar that a repeat sign or a double bar line cuts in two. adds_up is None without a meter.
    """

    part: int
    number: int
    ending: int | None
    start: int
    stop: int
    first_event: int
    duration: Ticks
    full: Ticks | None
    offset: Ticks
    adds_up: bool | None
    lines: list[str]

    @property
    def is_pickup(self) -> bool:
        return self.number == 0

    @property
    def is_short(self) -> bool:
        return self.full is not None and self.duration < self.full


@dataclass(frozen=True, slots=True)
class Position:
    """Where a note stands: onset in eighths from the start of its bar."""

    part: int
    bar: int
    ending: int | None
    onset: Fraction


@dataclass(slots=True)
class Layout:
    """A tune laid out in bars: its tokens, its events in time, its bars in the order of tokens."""

    tokens: Sequence[str]
    time: Timeline
    bars: list[Bar]

    def text(self, bar: Bar) -> str:
        """The tokens of a bar, without headers, set apart by spaces: what the index stores."""
        return " ".join(bar_tokens(self.tokens[bar.start : bar.stop]))

    def bar_at(self, token: int) -> Bar | None:
        """The bar that holds a token, or the bar before it; None before the first."""
        at = bisect_right(self.bars, token, key=lambda bar: bar.start) - 1
        return self.bars[at] if at >= 0 else None

    def event_at(self, token: int) -> int:
        """The event that holds a token, else the next one, else the last."""
        at = bisect_right(self.time.stops, token)
        return min(at, len(self.time.starts) - 1)

    def position(self, token: int, stop: int | None = None) -> Position | None:
        """The position of the first note at or after a token and before stop.

        Where there is none, of the next event of any kind; None in a tune without events.
        """
        events = len(self.time.starts)
        if not events:
            return None
        event = first = self.event_at(token)
        last_token = len(self.tokens) if stop is None else stop
        while event < events and not self.time.sounds[event]:
            event += 1
        if event == events or self.time.starts[event] >= last_token:
            event = first
        bar = self.bar_at(self.time.starts[event])
        if bar is None:  # cannot be: every event stands in a bar
            return None
        onset = sum(self.time.durations[bar.first_event : event], start=bar.offset)
        return Position(bar.part, bar.number, bar.ending, eighths(onset))

    def context(self, start: int, stop: int, neighbours: int = 0) -> tuple[str, tuple[int, int]]:
        """The text of the bars that the tokens from start up to stop touch.

        neighbours: how many bars to add on either side. Also gives where in that text the tokens
        stand, as (start, end) in characters.
        """
        touched = [k for k, bar in enumerate(self.bars) if bar.start < stop and bar.stop > start]
        first, last = start, stop
        if touched:
            low = max(touched[0] - neighbours, 0)
            high = min(touched[-1] + neighbours, len(self.bars) - 1)
            first, last = min(start, self.bars[low].start), max(stop, self.bars[high].stop)
        before = " ".join(self.tokens[first:start])
        inside = " ".join(self.tokens[start:stop])
        after = " ".join(self.tokens[stop:last])
        at = len(before) + 1 if before else 0
        text = " ".join(piece for piece in (before, inside, after) if piece)
        return text, (at, at + len(inside))


def bar_tokens(tokens: Sequence[str]) -> list[str]:
    """Tokens without headers, which are no part of a bar."""
    return [token for token in tokens if MEANINGS[token].kind != HEADER]


def note_count(tokens: Sequence[str]) -> int:
    """How many notes sound in tokens: a chord is one, a rest none."""
    return sum(timeline(tokens).sounds)


def has_note(tokens: Sequence[str]) -> bool:
    return any(MEANINGS[token].kind == NOTE for token in tokens)


def lay_out(tokens: Sequence[str]) -> Layout:
    """Number the bars and parts of a transcription's tokens (headers among them)."""
    time = timeline(tokens)
    bars = _parts(time.stretches)
    for first, last in _part_bounds(bars):
        _number(bars, first, last)
    return Layout(tokens, time, bars)


def _ending(lines: Sequence[str]) -> int | None:
    """The ending that bar lines open: 2 for `|2`, 1 for `|1,3`."""
    for token in reversed(lines):
        if len(token) > 1 and token[1].isdigit():
            return int(token[1:].replace("-", ",").split(",")[0])
    return None


def _parts(stretches: Sequence[Stretch]) -> list[Bar]:
    """Bars with their part and ending; numbers are filled in afterwards."""
    bars: list[Bar] = []
    part, ending = 1, None
    part_start = 0  # the first bar of the part
    ending_start = 0  # the first bar of the ending that is open
    first_ending_bars: int | None = None
    has_endings = False
    for k, stretch in enumerate(stretches):
        opened = _ending(stretch.lines)
        begins = False
        if k == 0:
            ending, has_endings, ending_start = opened, opened is not None, 0
        elif opened is not None and (has_endings or ":|" not in stretch.lines or opened > 1):
            if ending is not None and first_ending_bars is None:
                first_ending_bars = k - ending_start
            ending, has_endings, ending_start = opened, True, k
        elif ":|" in stretch.lines or "|:" in stretch.lines:
            before = bars[-1]
            begins = True
            if ":|" not in stretch.lines and before.is_short and ending is None:
                if len(bars) - 1 == part_start:
                    begins = False  # `:| D |: E`: the part has begun with its pickup
                elif not _completes(bars, part_start, stretch):
                    before.part, begins, part_start = part + 1, False, len(bars) - 1
                    part += 1
        elif ending is not None and first_ending_bars is not None:
            begins = k - ending_start >= first_ending_bars
        if begins:
            part, part_start = part + 1, k
            ending, has_endings, first_ending_bars = opened, opened is not None, None
            ending_start = k
        bars.append(
            Bar(
                part=part,
                number=0,
                ending=ending,
                start=stretch.start,
                stop=stretch.stop,
                first_event=stretch.first_event,
                duration=stretch.duration,
                full=stretch.full,
                offset=0,
                adds_up=None if stretch.full is None else stretch.duration == stretch.full,
                lines=stretch.lines,
            )
        )
    return bars


def _completes(bars: Sequence[Bar], part_start: int, following: Stretch) -> bool:
    """Whether the last short bar before `|:` ends its part rather than begins the next one.

    It does where the pickup of its own part, or a short bar right after the `|:`, makes it full.
    After another short bar it is a pickup all the same: the two are that part's end and the next
    part's beginning (`C 3 | D |:`).
    """
    last, before, first = bars[-1], bars[-2], bars[part_start]
    if before.is_short and before is not first:
        return False
    own = first.is_short and first.duration + last.duration == last.full
    is_following_short = following.full is not None and following.duration < following.full
    return own or (is_following_short and following.duration + last.duration == last.full)


def _part_bounds(bars: Sequence[Bar]) -> list[tuple[int, int]]:
    """The first bar of each part and the one past its last."""
    firsts = [k for k, bar in enumerate(bars) if k == 0 or bar.part != bars[k - 1].part]
    return list(zip(firsts, [*firsts[1:], len(bars)], strict=True))


def _number(bars: Sequence[Bar], first: int, last: int) -> None:
    """Number one part's bars and settle which of its short bars add up."""
    number = 0 if bars[first].is_short else 1
    if number == 0:
        bars[first].adds_up = True
    before_ending: Bar | None = None  # the bar that every ending of this part follows
    first_ending_number = number
    for k in range(first, last):
        bar = bars[k]
        begins_ending = bar.ending is not None and (k == first or bars[k - 1].ending != bar.ending)
        if number == 0 and bar.is_short and "|:" in bar.lines:
            bar.adds_up = True  # `G |: c e | f`: what leads in, then the pickup that is repeated
        elif k > first and not begins_ending:
            number += not _joins(bars[k - 1], bar)
        elif k > first and begins_ending:
            if before_ending is None:  # the first ending
                before_ending = bars[k - 1]
                number += not _joins(before_ending, bar)
                first_ending_number = number
            else:
                number = first_ending_number
                _joins(before_ending, bar)
        bar.number = number
    _complete_ends(bars, first, last)


def _joins(left: Bar, right: Bar) -> bool:
    """Whether two neighbouring short bars are one; if so both add up and the second goes on."""
    is_free = left.number > 0 and left.offset == 0 and left.is_short and right.is_short
    if not is_free or left.duration + right.duration != right.full:
        return False
    left.adds_up = right.adds_up = True
    right.offset = left.duration
    return True


def _complete_ends(bars: Sequence[Bar], first: int, last: int) -> None:
    """A short last bar, of the part or of one of its endings, adds up with a pickup."""
    pickups = [bar for bar in bars[first:last] if bar.is_pickup]
    if last < len(bars) and bars[last].is_short:
        pickups.append(bars[last])
    for k in range(first, last):
        bar = bars[k]
        is_end = k + 1 == last or (bar.ending is not None and bars[k + 1].ending != bar.ending)
        if is_end and bar.is_short and not bar.adds_up:
            bar.adds_up = any(bar.duration + pickup.duration == bar.full for pickup in pickups)
