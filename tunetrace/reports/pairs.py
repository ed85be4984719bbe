"""Pairs of near copies as a table: a row for each pair."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from tunetrace.checker.similar.pairs import SimilarPair
from tunetrace.checker.tables import NUMBER, TEXT, WHOLE, Column

PAIR_COLUMNS: Final[tuple[Column[SimilarPair], ...]] = (
    Column("probability", NUMBER, "that both are settings of one melody, or have a part in common",
           attrgetter("probability")),
    Column("first", TEXT, "the one tune, as corpus:number", attrgetter("first.reference")),
    Column("first_title", TEXT, "its chief title", attrgetter("first.title")),
    Column("second", TEXT, "the other tune, as corpus:number", attrgetter("second.reference")),
    Column("second_title", TEXT, "its chief title", attrgetter("second.title")),
    Column("first_family", WHOLE, "the number of the family of the one tune",
           attrgetter("first_family")),
    Column("second_family", WHOLE, "the number of the family of the other tune",
           attrgetter("second_family")),
)  # fmt: skip
