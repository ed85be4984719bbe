"""The page's table of transcriptions: a short row for each, as JSON for the page's script.

A page of 30,000 transcriptions must open on a phone. So the JSON has one list for each column,
shares are whole numbers, and the name of a corpus tune is stored only once.
"""

from __future__ import annotations

import heapq
from typing import Any, Final, Generic, NamedTuple, TypeVar

from tunetrace.checker.records import CheckedTune, TuneName
from tunetrace.reports.markup import shortened
from tunetrace.text import plain

Thing = TypeVar("Thing")

PARTS: Final = 100_000
"""Shares are counted in parts of this size, so that their percentages read as in the text."""


class Row(NamedTuple):
    """What the table shows of one transcription; shares are counted in PARTS."""

    place: int
    title: str
    meter: str
    key: str
    notes: int
    longest: int
    copied_8: int
    copied_12: int
    creativity: int
    bars: int
    similarity: int | None
    """The probability of the most similar corpus tune; None if near copies were not sought."""
    similar: tuple[str, str] | None
    """This tune: its title and its reference."""
    has_near_copy: bool
    """Whether it is probable enough to be named."""
    nearest: tuple[str, str] | None
    """The nearest corpus tune: its title and its reference."""
    is_identical: bool
    same_as: int
    """The place of an earlier transcription that is the same, or 0."""
    nearly_as: int
    """The place of an earlier transcription that is nearly the same, or 0."""


def copied_order(tune: CheckedTune) -> tuple[bool, float, float, int, int]:
    """A sort key: the more of a transcription is copied, the higher.

    It compares whether it is a corpus tune, the notes in spans of 12, those in spans of 8, the
    longest span, and the place in the batch. No two transcriptions have the same key.
    """
    copied = tune.copied_share
    return (bool(tune.identical_to), copied[12], copied[8], tune.longest_notes, -tune.place)


class HighestRanked(Generic[Thing]):
    """Keeps the things with the highest ranks, up to a limit. Every rank is different."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[tuple[Any, Thing]] = []  # the lowest rank first

    def add(self, rank: Any, thing: Thing) -> None:
        """Keep a thing, unless there are enough of higher rank."""
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, (rank, thing))
        else:
            heapq.heappushpop(self._heap, (rank, thing))

    def merge(self, other: HighestRanked[Thing]) -> None:
        """Keep the things that another one kept, as if each had been added here."""
        for rank, thing in other._heap:
            self.add(rank, thing)

    def in_order(self) -> list[Thing]:
        """The things that were kept, the highest rank first."""
        return [thing for _, thing in sorted(self._heap, key=lambda one: one[0], reverse=True)]


def row_of(tune: CheckedTune) -> Row:
    """The row of a transcription."""
    return Row(
        place=tune.place,
        title=shortened(tune.title),
        meter=plain(tune.meter or ""),
        key=plain(tune.original_key or tune.key or ""),
        notes=tune.notes,
        longest=tune.longest_notes,
        copied_8=parts(tune.copied_share[8]),
        copied_12=parts(tune.copied_share[12]),
        creativity=parts(tune.creativity),
        bars=parts(tune.bars_in_corpus / tune.bar_count if tune.bar_count else 0),
        similarity=None if tune.similarity is None else parts(tune.similarity),
        similar=_name(tune.most_similar) if tune.most_similar else None,
        has_near_copy=bool(tune.near_copies),
        nearest=_name(tune.nearest) if tune.nearest else None,
        is_identical=bool(tune.identical_to),
        same_as=tune.duplicate_of or 0,
        nearly_as=tune.near_duplicate_of or 0,
    )


def parts(share: float) -> int:
    """A share in whole PARTS; only 0 itself gives 0, and only 1 itself gives all of them."""
    if share <= 0 or share >= 1:
        return PARTS if share >= 1 else 0
    return min(max(round(share * PARTS), 1), PARTS - 1)


def _name(tune: TuneName) -> tuple[str, str]:
    return shortened(tune.title) or "(untitled)", f"{shortened(tune.corpus)}:{tune.number}"


def columns(rows: list[Row]) -> dict[str, Any]:
    """Rows as the page's script reads them: a list for each field, and the names of corpus tunes.

    `similar` and `nearest` count in these names, from 0; -1 means none. `is_identical` and
    `has_near_copy` are 0 or 1. If near copies were not sought, there is no `similarity`, no
    `similar` and no `has_near_copy`.
    """
    names: dict[tuple[str, str] | None, int] = {None: -1}
    found: dict[str, Any] = {field: [row[k] for row in rows] for k, field in enumerate(Row._fields)}
    for field in ("similar", "nearest"):
        found[field] = [names.setdefault(name, len(names) - 1) for name in found[field]]
    for field in ("is_identical", "has_near_copy"):
        found[field] = list(map(int, found[field]))
    if any(row.similarity is None for row in rows):
        del found["similarity"], found["similar"], found["has_near_copy"]
    return {**found, "names": list(names)[1:]}
