"""The table of transcriptions: one short row each, and the JSON in which they stand in the page.

A page of 30,000 transcriptions must open on a phone. So the rows are written column by column,
shares as whole numbers, and the name of a source once, however many transcriptions have it.
"""

from __future__ import annotations

import heapq
from typing import Any, Final, Generic, NamedTuple, TypeVar

from tunetrace.checker.records import CheckedTune, TuneName
from tunetrace.text import plain

Kept = TypeVar("Kept")

LONGEST_TITLE: Final = 120
"""The characters of a title that the page shows."""

PARTS: Final = 100_000
"""The whole that shares are counted in; so fine that a percentage comes out as it does in text."""


class Row(NamedTuple):
    """What the table shows of one transcription.

    Shares are counted in PARTS. nearest: the tune that it is identical to, else the source that
    shares most, None where there is none. same_as, nearly_as: the place of the earlier
    transcription that it repeats, 0 where it repeats none.
    """

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
    nearest: tuple[str, str] | None
    is_identical: bool
    same_as: int
    nearly_as: int


def order(tune: CheckedTune) -> tuple[bool, float, float, int, int]:
    """What transcriptions are put in order by, the most copied having most of it.

    First those that are a corpus tune as a whole; then the share of notes in spans of twelve and
    of eight notes, then the longest span, then the place in the batch, the earlier first.
    """
    copied = tune.copied_share
    return (bool(tune.identical_to), copied[12], copied[8], tune.longest_notes, -tune.place)


class Most(Generic[Kept]):
    """The things of highest rank, so many at most. No two are of one rank."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[Any, Kept]] = []  # the lowest rank first

    def has_room_for(self, rank: Any) -> bool:
        """Whether a thing of this rank belongs to them."""
        if len(self._heap) < self._most:
            return True
        return bool(self._heap) and rank > self._heap[0][0]

    def add(self, rank: Any, thing: Kept) -> None:
        """Take in a thing that there is room for."""
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, (rank, thing))
        else:
            heapq.heapreplace(self._heap, (rank, thing))

    def in_order(self) -> list[Kept]:
        """The highest rank first."""
        return [thing for _, thing in sorted(self._heap, key=lambda some: some[0], reverse=True)]


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
        nearest=name_of(tune.nearest) if tune.nearest else None,
        is_identical=bool(tune.identical_to),
        same_as=tune.duplicate_of or 0,
        nearly_as=tune.near_duplicate_of or 0,
    )


def parts(share: float) -> int:
    """A share in whole PARTS; only what is 0 or 1 is rounded to none or all of them."""
    if share <= 0 or share >= 1:
        return PARTS if share >= 1 else 0
    return min(max(round(share * PARTS), 1), PARTS - 1)


def shortened(title: str) -> str:
    """A title from a file, on one line and not too long for a table."""
    title = plain(title[: 2 * LONGEST_TITLE])
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"


def name_of(tune: TuneName) -> tuple[str, str]:
    """A corpus tune as the table names it: `Banish Misfortune`, `session:9`."""
    return shortened(tune.title) or "(untitled)", f"{shortened(tune.corpus)}:{tune.number}"


def columns(rows: list[Row]) -> dict[str, Any]:
    """Rows as the page's script reads them: a list for each field.

    nearest holds numbers of names, -1 for none; the fields after it are 0 or 1, or a place.
    """
    names: dict[tuple[str, str] | None, int] = {None: -1}
    found: dict[str, Any] = {field: [row[k] for row in rows] for k, field in enumerate(Row._fields)}
    found["nearest"] = [names.setdefault(row.nearest, len(names) - 1) for row in rows]
    found["is_identical"] = [int(row.is_identical) for row in rows]
    return {**found, "names": list(names)[1:]}
