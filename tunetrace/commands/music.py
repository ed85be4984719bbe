"""Sentences about a tune as music, which `check` and `tune` share.

Records hold tokens on C. The sentences are in the tune's own key, which every function here takes
as `key`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from tunetrace.commands.console import bar_number
from tunetrace.text import counted, listed, share, times

if TYPE_CHECKING:
    from tunetrace.tokenizer.layout.music import BadBar, Music, PartMusic

_DEGREES: Final = ("tonic", "second", "third", "fourth", "fifth", "sixth", "seventh")


def own(text: str, original_key: str | None) -> str:
    """Tokens on C, moved to the tune's own key."""
    from tunetrace.tokenizer.transpose import in_own_key

    return " ".join(in_own_key(text.split(), original_key))


def describe_bad_bar(bad: BadBar, key: str | None) -> str:
    """Which bar does not add up, and how long it is."""
    return (
        f"part {bad.part}, bar {bar_number(bad.bar, bad.ending)} has {bad.eighths} of "
        f"{bad.expected} eighths: {own(bad.text, key)}"
    )


def describe_part(part: PartMusic, key: str | None) -> str:
    """One part: its bars, pickup, endings, repeat and final note."""
    said = [f"part {part.part}: {counted(part.bars, 'bar')}"]
    if part.pickup is not None:
        said.append(f"pickup {own(part.pickup, key)}")
    if part.endings:
        said.append(counted(part.endings, "ending"))
    said.append("repeated" if part.is_repeated else "not repeated")
    if part.misses_repeat_sign:
        said.append("|: at the beginning is missing")
    if part.final is not None:
        degree = f" (the {_DEGREES[part.final_degree - 1]})" if part.final_degree else ""
        said.append(f"ends on {own(part.final, key)}{degree}")
    return ", ".join(said)


def describe_range(music: Music, key: str | None) -> Iterator[str]:
    """The highest and the lowest note, in one sentence; no sentence if there is no note."""
    if music.highest and music.lowest:
        yield (
            f"highest note {own(music.highest.note, key)} in part {music.highest.part}, bar "
            f"{music.highest.bar}; lowest {own(music.lowest.note, key)} in part "
            f"{music.lowest.part}, bar {music.lowest.bar}"
        )


def describe_accidentals(music: Music, key: str | None) -> Iterator[str]:
    """The notes with a written accidental, one sentence each."""
    for accidental in music.accidentals:
        yield (
            f"{own(accidental.note, key)} {times(accidental.hits)}, first in part "
            f"{accidental.part}, bar {accidental.bar}"
        )


def describe_returns(music: Music, key: str | None) -> Iterator[str]:
    """The bars that are repeated without a change."""
    for again in music.repeated:
        yield f"{_bar_list(again.places)} are the same: {own(again.text, key)}"


def describe_variations(music: Music) -> Iterator[str]:
    """The bars that the next part varies."""
    for varied in music.varied:
        yield (
            f"bar {varied.bar} of part {varied.parts[0]} is varied in part {varied.parts[1]} "
            f"({share(varied.shared)} of their tokens are the same)"
        )


def _bar_list(places: Sequence[tuple[int, int]]) -> str:
    """`part 1, bars 2 and 6 and part 2, bar 6`."""
    said = []
    for part, group in groupby(places, key=lambda place: place[0]):
        bars = [str(bar) for _, bar in group]
        said.append(f"part {part}, {'bar' if len(bars) == 1 else 'bars'} {listed(bars)}")
    return " and ".join(said)
