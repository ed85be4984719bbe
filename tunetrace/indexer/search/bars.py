"""Where a bar occurs in an index: in which tunes, how often, and at which places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self


@dataclass(slots=True)
class BarPlaces:
    """Where a bar occurs. tunes: each once, in their order; at: those that have it as a bar
    (part, number); hits: how often it occurs in all."""

    hits: int = 0
    tunes: dict[int, None] = field(default_factory=dict)
    at: dict[tuple[int, int], dict[int, None]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> Self:
        """Of rows (tune, part, number), by tune."""
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
        """The first few tunes that have it, those at a place before others."""
        return list(dict.fromkeys([*self.at.get(place, ()), *self.tunes]))[:limit]


NOWHERE = BarPlaces()
