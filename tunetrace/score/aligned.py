"""Two tunes bar under bar, on two staves: one drawing, and how both are played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import NamedTuple

from tunetrace.score.engraver import PAGE_WIDTH, Drawing, Engraver, stack
from tunetrace.score.mei import BarPair, Look, aligned_mei
from tunetrace.score.playback import Playback, playback_of
from tunetrace.score.staff.records import NO_SIGNS, Staff
from tunetrace.score.staff.written import write_under

DIFFERS = "differs"
"""The class of notes that the other tune does not have in their place."""


class Under(NamedTuple):
    """What lies under one bar of a tune."""

    place: int
    """Which of the written bars of the tune it is, from 0."""
    tokens: Sequence[str]
    """What lies under it, in the key of the tune; empty if nothing does. `|` ends a bar of it."""
    differs: Set[int]
    """The places in these tokens of the notes that differ."""
    words: Mapping[int, str]
    """Words under some of these notes, by their places."""


class Over(NamedTuple):
    """How the notes of the upper tune differ. Places are those of its tokens."""

    differs: Set[int]
    words: Mapping[int, str]


def draw_aligned(
    staff: Staff, over: Over, under: Sequence[Under], id: str, *, width: int = PAGE_WIDTH
) -> tuple[Drawing, Playback]:
    """Some bars of a tune, each over what lies under it.

    staff: the tune. under: each of these bars once, in their order. id: the beginning of all ids.
    The notes of the lower staff are in `Playback.under`.
    """
    prefix = f"{id}-"
    pairs = []
    in_force = staff.signs_in_force()
    before = NO_SIGNS
    for row, one in enumerate(under):
        # Bars between may be left out, and a sign inside a bar is on the upper staff alone. So each
        # bar has what is in force there and was not at the beginning of the bar before it.
        now = in_force[one.place]
        upper = replace(
            staff.measures[one.place], signs=now.since(before), opens_repeat=False,
            closes_repeat=False, closes_part=False, is_last=row + 1 == len(under),
        )  # fmt: skip
        before = now
        pairs.append(
            BarPair(
                upper,
                write_under(one.tokens, staff.key, now.sharps or 0, upper),
                f"{id}u{row}-",
                Look(dict.fromkeys(one.differs, DIFFERS), one.words),
            )
        )
    look = Look(dict.fromkeys(over.differs, DIFFERS), over.words)
    engraver = Engraver(aligned_mei(pairs, prefix, look), width=width)
    lower = {pair.lower_prefix: pair.lower for pair in pairs if pair.lower is not None}
    bars = [pair.upper for pair in pairs]
    playback = playback_of(staff, bars, engraver.timemap(), prefix, lower)
    return stack(engraver.drawings()), playback
