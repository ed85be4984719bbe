"""Bars and parts: their numbers, from the tokens alone.

A part begins at the start, at `|:`, and after `:|` (if endings follow, after the last bar of the
last ending). A short first bar of a part is its pickup, bar 0; the other bars count from 1. Two
neighbouring short bars that together make one bar share a number. A later ending repeats the
numbers of the first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from tunetrace.tokenizer.layout.timeline import Bar, eighths, split_bars


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a note in a tune."""

    part: int
    bar: int
    ending: int | None
    onset: Fraction
    """In eighths from the start of the bar."""


@dataclass(slots=True, eq=False)  # what is derived from a layout can be remembered by it
class Layout:
    """A tune divided into numbered bars."""

    tokens: Sequence[str]
    bars: list[Bar]
    """In the order of the tokens."""
    closing_lines: tuple[str, ...]
    """The bar lines after the last bar."""

    def bar_at(self, token: int) -> Bar:
        """The bar with a token. Between bars, the one before; before the first bar, the first."""
        at = bisect_right(self.bars, token, key=lambda bar: bar.start) - 1
        return self.bars[max(at, 0)]

    def position(self, token: int, stop: int | None = None) -> Position:
        """The position of the first note at or after a token and before stop.

        Without such a note, the position of the next event of any kind. In a tune without events,
        its beginning.
        """
        if not self.bars:
            return Position(1, 1, None, Fraction(0))
        at = max(bisect_right(self.bars, token, key=lambda bar: bar.start) - 1, 0)
        first: tuple[Bar, int] | None = None
        for k in range(at, len(self.bars)):  # a slice would copy a long tune each time
            bar = self.bars[k]
            for event, end in enumerate(bar.events.stops):
                if bar.start + end <= token:
                    continue
                first = first or (bar, event)
                if stop is not None and bar.start + bar.events.starts[event] >= stop:
                    return _position(*first)
                if bar.events.sounds[event]:
                    return _position(bar, event)
        return _position(*(first or (self.bars[-1], len(self.bars[-1].events.starts) - 1)))

    def context(self, start: int, stop: int, neighbours: int = 0) -> tuple[str, tuple[int, int]]:
        """The text of the bars that the tokens from start up to stop touch.

        neighbours: how many bars to add on either side. Also returns the place of the tokens in
        that text, as (start, end) in characters.
        """
        low = bisect_right(self.bars, start, key=lambda bar: bar.stop)
        high = bisect_left(self.bars, stop, key=lambda bar: bar.start)
        first, last = start, stop
        if low < high:
            touched = self.bars[max(low - neighbours, 0) : high + neighbours]
            first, last = min(start, touched[0].start), max(stop, touched[-1].stop)
        before = " ".join(self.tokens[first:start])
        inside = " ".join(self.tokens[start:stop])
        after = " ".join(self.tokens[stop:last])
        at = len(before) + 1 if before else 0
        text = " ".join(piece for piece in (before, inside, after) if piece)
        return text, (at, at + len(inside))


def _position(bar: Bar, event: int) -> Position:
    onset = sum(bar.events.durations[:event], start=bar.offset)
    return Position(bar.part, bar.number, bar.ending, eighths(onset))


def lay_out(tokens: Sequence[str]) -> Layout:
    """Number the bars and parts of a transcription. tokens: all, with the headers."""
    bars, closing_lines = split_bars(tokens)
    _set_parts(bars)
    firsts = [k for k, bar in enumerate(bars) if k == 0 or bar.part != bars[k - 1].part]
    for first, last in pairwise([*firsts, len(bars)]):
        _number(bars, first, last)
    return Layout(tokens, bars, closing_lines)


def _ending(lines: Sequence[str]) -> int | None:
    """The ending that bar lines open: 2 for `|2`, 1 for `|1,3`."""
    for token in reversed(lines):
        if len(token) > 1 and token[1].isdigit():
            return int(token[1:].replace("-", ",").split(",")[0])
    return None


def _set_parts(bars: Sequence[Bar]) -> None:
    """Fill in the part and the ending of each bar."""
    part, ending = 1, None
    part_start = 0  # the first bar of the part
    ending_start = 0  # the first bar of the ending that is open
    first_ending_bars: int | None = None
    for k, bar in enumerate(bars):
        lines = bar.lines
        is_plain = len(lines) == 1 and lines[0] == "|"
        opened = None if is_plain else _ending(lines)
        begins = False
        if k == 0:
            ending = opened
        elif opened is not None and (ending is not None or ":|" not in lines or opened > 1):
            if ending is not None and first_ending_bars is None:
                first_ending_bars = k - ending_start
            ending, ending_start = opened, k
        elif ":|" in lines or "|:" in lines:
            before = bars[k - 1]
            begins = True
            if ":|" not in lines and before.is_short and ending is None:
                if k - 1 == part_start:
                    begins = False  # `:| D |: E`: the part has begun with its pickup
                elif not _completes(bars, part_start, k):
                    part, begins, part_start = part + 1, False, k - 1
                    before.part = part
        elif first_ending_bars is not None:
            begins = k - ending_start >= first_ending_bars
        if begins:
            part, part_start = part + 1, k
            ending, ending_start, first_ending_bars = opened, k, None
        bar.part, bar.ending = part, ending


def _completes(bars: Sequence[Bar], part_start: int, k: int) -> bool:
    """Whether the short bar before the `|:` of bar k ends its part. Otherwise it begins the next.

    It ends the part if the pickup of the part, or a short bar right after the `|:`, makes it full.
    But after another short bar it begins the next part, as the pickup (`C 3 | D |:`).
    """
    following, last, before, first = bars[k], bars[k - 1], bars[k - 2], bars[part_start]
    if before.is_short and before is not first:
        return False
    pickups = [bar for bar in (first, following) if bar.is_short]
    return any(pickup.duration + last.duration == last.full for pickup in pickups)


def _number(bars: Sequence[Bar], first: int, last: int) -> None:
    """Number the bars of one part, and decide which of its short bars add up."""
    number = 0 if bars[first].is_short else 1
    if number == 0:
        bars[first].adds_up = True
    before_ending: Bar | None = None  # the bar before the first ending of this part
    first_ending_number = number
    for k in range(first, last):
        bar = bars[k]
        begins_ending = bar.ending is not None and (k == first or bars[k - 1].ending != bar.ending)
        if number == 0 and bar.is_short and "|:" in bar.lines:
            bar.adds_up = True  # `G |: c e | f`: first a lead-in, then the repeated pickup
        elif begins_ending and before_ending is not None:
            number = first_ending_number
            _joins(before_ending, bar)
        elif k > first:
            number += not _joins(bars[k - 1], bar)
            if begins_ending:
                before_ending, first_ending_number = bars[k - 1], number
        bar.number = number
    _complete_ends(bars, first, last)


def _joins(left: Bar, right: Bar) -> bool:
    """Whether two neighbouring short bars make one bar. If so, both are marked as adding up."""
    is_free = left.number > 0 and left.offset == 0 and left.is_short and right.is_short
    if not is_free or left.duration + right.duration != right.full:
        return False
    left.adds_up = right.adds_up = True
    right.offset = left.duration
    return True


def _complete_ends(bars: Sequence[Bar], first: int, last: int) -> None:
    """Mark a short last bar, of the part or of an ending, that adds up with a pickup."""
    pickups = [bar for bar in bars[first:last] if bar.is_pickup]
    if last < len(bars) and bars[last].is_short:
        pickups.append(bars[last])
    for k in range(first, last):
        bar = bars[k]
        is_end = k + 1 == last or (bar.ending is not None and bars[k + 1].ending != bar.ending)
        if is_end and bar.is_short and not bar.adds_up:
            bar.adds_up = any(bar.duration + pickup.duration == bar.full for pickup in pickups)
