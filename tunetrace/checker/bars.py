"""Where the bars of a checked tune stand in the corpus, counted once for each different bar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tunetrace.indexer.index import Index
from tunetrace.indexer.segment import Mask


@dataclass(slots=True)
class BarPlaces:
    """Where a bar stands. tunes: each once, in their order; at: those that have it as a bar
    (part, number); hits: how often it stands in all."""

    hits: int = 0
    tunes: dict[int, None] = field(default_factory=dict)
    at: dict[tuple[int, int], dict[int, None]] = field(default_factory=dict)

    def add(self, tune: int, part: int, number: int) -> None:
        self.hits += 1
        self.tunes[tune] = None
        self.at.setdefault((part, number), {})[tune] = None

    def first(self, place: tuple[int, int], limit: int) -> list[int]:
        """The first few tunes that have it, those at a place before others."""
        return list(dict.fromkeys([*self.at.get(place, ()), *self.tunes]))[:limit]


NOWHERE = BarPlaces()


def find_bar_places(
    texts: Iterable[str], index: Index, admitted: Mask | None
) -> dict[str, BarPlaces]:
    """Where each of several bars stands in the admitted tunes, by its text; absent if nowhere."""
    found: dict[str, BarPlaces] = {}
    for text, hits in index.bar_hits(set(texts)).items():
        places = BarPlaces()
        for tune, part, number in hits:
            if admitted is None or admitted[tune]:
                places.add(tune, part, number)
        if places.hits:
            found[text] = places
    return found
