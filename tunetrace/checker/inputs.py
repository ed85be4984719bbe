"""What a check is asked: which tunes of the index count, and which of the input."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tunetrace.arguments import many_references, many_texts
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.segment import Mask

FAIL_LENGTH: Final = 12
"""A check fails on what is copied in spans of at least so many notes."""


def admitted_without(
    index: Index,
    exclude_tunes: str | int | Iterable[str | int] = (),
    exclude_titles: str | Iterable[str] = (),
) -> Mask | None:
    """The tunes of an index without those that are to be left out; None for all.

    Titles are whole ones. QueryError, with the nearest titles, for one that excludes nothing.
    """
    references = many_references(exclude_tunes, "exclude_tunes")
    titles = many_texts(exclude_titles, "exclude_titles")
    left_out = [tune for reference in references for tune in index.resolve(reference)]
    left_out += [tune for title in titles for tune in index.catalogue.titled(title)]
    return ~index.mask(left_out) if left_out else None


@dataclass(frozen=True, slots=True)
class Places:
    """Some places of an input, counted from 1: single ones, and ranges."""

    ranges: tuple[range, ...]

    @classmethod
    def read(cls, texts: str | Iterable[str]) -> Places | None:
        """Of texts such as `13201`, `5-9` or `1,3,5-9`; None for no text, which means all places.

        QueryError for what is none of these.
        """
        found = list(_ranges(many_texts(texts, "only")))
        return cls(tuple(found)) if found else None

    @property
    def last(self) -> int:
        return max(some.stop - 1 for some in self.ranges)

    def __iter__(self) -> Iterator[int]:
        """The places in their order, each once."""
        before = 0
        for place in heapq.merge(*self.ranges):
            if place != before:
                yield place
            before = place

    def __contains__(self, place: int) -> bool:
        return any(place in some for some in self.ranges)


def _ranges(texts: Iterable[str]) -> Iterator[range]:
    for text in texts:
        for piece in text.split(","):
            bounds = re.fullmatch(r"\s*([1-9][0-9]{0,11})(?:\s*-\s*([1-9][0-9]{0,11}))?\s*", piece)
            first, last = (int(bounds[1]), int(bounds[2] or bounds[1])) if bounds else (1, 0)
            if last < first:
                raise QueryError(
                    f"'{piece.strip()}' names no places of the input; give a number from 1, or a "
                    "range as 5-9"
                )
            yield range(first, last + 1)
