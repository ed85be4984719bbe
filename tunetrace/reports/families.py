"""Families as a table: a row for each tune of a family."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from tunetrace.checker.similar.families.records import Family, FamilyTune
from tunetrace.checker.tables import NUMBER, TEXT, WHOLE, Column


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """A tune and its family."""

    family: Family
    tune: FamilyTune

    @property
    def nearest(self) -> FamilyTune | None:
        """The tune of the family that is nearest to it, if it is one of those that count."""
        return next((one for one in self.family.tunes if one.tune == self.tune.nearest), None)


FAMILY_COLUMNS: Final[tuple[Column[FamilyRow], ...]] = (
    Column("family", WHOLE, "the number of the family", attrgetter("family.family")),
    Column("name", TEXT, "the commonest title of the family", attrgetter("family.name")),
    Column("size", WHOLE, "how many tunes the family has", lambda r: len(r.family.tunes)),
    Column("tune", TEXT, "the tune, as corpus:number", attrgetter("tune.reference")),
    Column("title", TEXT, "its chief title", attrgetter("tune.title")),
    Column("nearest", TEXT, "the tune of the family that is nearest to it, as corpus:number",
           lambda r: r.nearest and r.nearest.reference),
    Column("nearest_title", TEXT, "the title of the nearest tune",
           lambda r: r.nearest and r.nearest.title),
    Column("probability", NUMBER, "that the nearest tune is the same melody, or has a part of it",
           attrgetter("tune.probability")),
    Column("link", TEXT, "its page on the web", attrgetter("tune.link")),
)  # fmt: skip


def family_rows(families: Iterable[Family]) -> list[FamilyRow]:
    """The rows of families: those of a family together, in the order of the index."""
    return [FamilyRow(family, tune) for family in families for tune in family.tunes]
