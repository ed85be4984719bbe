"""Leakage as a table: a row for each tune of a test set."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from tunetrace.checker.similar.families.leakage import LeakageTune
from tunetrace.checker.tables import NUMBER, TEXT, Column

LEAKAGE_COLUMNS: Final[tuple[Column[LeakageTune], ...]] = (
    Column("tune", TEXT, "where the tune of the test set is", attrgetter("tune")),
    Column("title", TEXT, "its title", attrgetter("title")),
    Column("probability", NUMBER, "that it is a setting of the nearest training tune",
           attrgetter("probability")),
    Column("leaked", TEXT, "yes if the probability is at least the threshold, otherwise no",
           lambda tune: "yes" if tune.is_leaked else "no"),
    Column("nearest", TEXT, "where the nearest training tune is", attrgetter("nearest")),
    Column("nearest_title", TEXT, "its title", attrgetter("nearest_title")),
)  # fmt: skip
