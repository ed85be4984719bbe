"""Where a bar is found in an index: in which tunes, how often, and as which bar of which part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self


@dataclass(slots=True)
class BarPlaces:
    """Where one bar is found. Its dicts are ordered sets."""

    hits: int = 0
    """How often it is found."""
    tunes: dict[int, None] = field(default_factory=dict)
    """The ids of the tunes that have it, in their order."""
    at: dict[tuple[int, int], dict[int, None]] = field(default_factory=dict)
    """The tunes that have it at each place, which is a part and the number of a bar in it."""

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> Self:
        """From rows (tune, part, number), sorted by tune."""
        places = cls()
        at, tunes = places.at, places.tunes
        for tune, part, number in rows:
            places.hits += 1
            tunes[tune] = None
            place = (part, number)
            if place in at:
                at[place][tune] = None
            else:
                at[place] = {tune: None}
        return places

    def first(self, place: tuple[int, int], limit: int) -> list[int]:
        """The first tunes that have it; those that have it at this place come first."""
        return list(dict.fromkeys([*self.at.get(place, ()), *self.tunes]))[:limit]


NOWHERE = BarPlaces()
