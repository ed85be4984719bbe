"""The forms of a tune and of its parts: the bars as they are written, and as they are played."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from tunetrace.tokenizer.layout.bars import Layout

_MOST_PASSES: Final = 8  # no tune is played more often, and a hostile file could grow without end
_Run = tuple[int, int]
"""Bars in a row: the first, and the one past the last."""


class Forms(NamedTuple):
    """The forms of a tune and of its parts. A form as played follows the form as written."""

    parts: list[int]
    """The part of each form; 0 is the whole."""
    are_played: list[bool]
    """Whether each form is as played."""
    runs: list[int]
    """How many runs of bars each form consists of."""
    starts: list[int]
    """The first bar of each run of all forms."""
    stops: list[int]
    """The bar past the last of each run."""


def forms_of(layout: Layout) -> Forms:
    """The forms of a tune."""
    bars = layout.bars
    marked = [(k, bar.lines) for k, bar in enumerate(bars) if bar.lines != ("|",)]
    marked.append((len(bars), layout.closing_lines))
    return _forms(tuple([bar.part for bar in bars]), tuple(marked))


@lru_cache(maxsize=2**12)  # many tunes have the same parts
def _forms(part_of: tuple[int, ...], marked: tuple[tuple[int, tuple[str, ...]], ...]) -> Forms:
    """The forms of a tune. part_of: the part of each bar. marked: as for _played."""
    places = [k for k, _ in marked]
    parts: list[tuple[_Run, list[_Run]]] = []
    first = 0
    while first < len(part_of):
        stop = bisect_right(part_of, part_of[first], first)
        inside = marked[bisect_left(places, first) : bisect_right(places, stop)]
        parts.append(((first, stop), _played(inside, first, stop)))
        first = stop
    whole = [run for _, played in parts for run in played]
    own: list[tuple[int, bool, list[_Run]]] = [(0, False, [(0, len(part_of))])]
    if len(whole) > len(parts):
        own.append((0, True, whole))
    if len(parts) > 1:
        for part, (written, played) in enumerate(parts, 1):
            own.append((part, False, [written]))
            if len(played) > 1:
                own.append((part, True, played))
    runs = [run for _, _, some in own for run in some]
    return Forms(
        parts=[part for part, _, _ in own],
        are_played=[is_played for _, is_played, _ in own],
        runs=[len(some) for _, _, some in own],
        starts=[start for start, _ in runs],
        stops=[stop for _, stop in runs],
    )


def _played(marked: Sequence[tuple[int, Sequence[str]]], first: int, stop: int) -> list[_Run]:
    """The bars of a part, from first up to stop, as they are played.

    What follows the last `|:` of the part is played again; without `|:`, the whole part is. It is
    played twice at a `:|`, and once for each number of its endings.

    marked: the bars of the part, and the one after it, that follow other bar lines than a plain
    one, with these lines.
    """
    begins, is_repeated = first, False
    endings: list[tuple[int, frozenset[int]]] = []  # where each begins, and its numbers
    for k, lines in marked:
        is_repeated = is_repeated or (k > first and ":|" in lines)
        if k < stop:
            begins = k if "|:" in lines else begins
            numbers = frozenset[int]().union(*map(_ending_numbers, lines))
            if numbers:
                endings.append((k, numbers))
    if not endings:
        return [(first, begins), (begins, stop), (begins, stop)] if is_repeated else [(first, stop)]
    bounds = [max(begins, k) for k, _ in endings]
    passes = frozenset({1, 2} if is_repeated else {1}).union(*(numbers for _, numbers in endings))
    runs = [(first, begins)]
    for number in sorted(passes)[:_MOST_PASSES]:
        runs.append((begins, bounds[0]))
        for (_, numbers), *run in zip(endings, bounds, [*bounds[1:], stop], strict=True):
            if number in numbers:
                runs.append((run[0], run[1]))
    return runs


@lru_cache(maxsize=256)
def _ending_numbers(line: str) -> frozenset[int]:
    """The numbers of the ending that a bar line opens: 1, 3 and 4 for `|1,3-4`."""
    numbers: set[int] = set()
    for bounds in line[1:].split(",") if line[1:2].isdigit() else ():
        ends = sorted(map(int, bounds.split("-")))
        numbers.update(range(ends[0], ends[-1] + 1))
    return frozenset(numbers)
