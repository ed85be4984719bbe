"""How often each fault is tried, when it strikes, and the table of what came of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Final

import pytest

ENVIRONMENT: Final = "TUNETRACE_FAULT_ROUNDS"
"""The variable that says how often each fault is tried."""

Record = Callable[[str, object], None]
"""What pytest's `record_property` is."""

_PROPERTY: Final = "fault"
_COUNTS: Final = ("rounds", "before", "during", "after", "lost")
_GOLDEN: Final = 0.6180339887498949
"""Multiples of it, without their whole part, are spread evenly however many there are."""


def rounds_of(short: int) -> int:
    """How often a fault is tried: as the environment says, and `short` times if it does not."""
    return int(os.environ.get(ENVIRONMENT, short))


@dataclass
class Row:
    """A row of the table: a fault, how often it was tried, and what came of it."""

    fault: str
    where: str
    rounds: int = 0
    before: int = 0
    """Rounds in which it struck before the critical part of the work."""
    during: int = 0
    """Rounds in which it struck in that part."""
    after: int = 0
    """Rounds in which it struck after that part."""
    lost: int = 0
    """Rounds after which anything was missing, wrong or in the way."""


@dataclass
class Rounds:
    """The rounds in which one fault is tried; the table gets its row at the end.

    It is a context manager, and gives the numbers of the rounds. More rounds follow, up to five
    times the number, until enough of them struck in each part of the work: otherwise nothing would
    be known of that part.
    """

    fault: str
    where: str
    record: Record
    short: int = 12
    """How often it is tried if the environment does not say so."""
    parts: tuple[str, ...] = ("before", "during", "after")
    """The parts of the work in which it must strike."""
    row: Row = field(init=False)

    def __post_init__(self) -> None:
        self.row = Row(self.fault, self.where)
        self._wanted = rounds_of(self.short)

    def __iter__(self) -> Iterator[int]:
        while self.row.rounds < self._wanted or (
            not self._is_spread and self.row.rounds < 5 * self._wanted
        ):
            self.row.rounds += 1
            yield self.row.rounds

    @property
    def _is_spread(self) -> bool:
        # A few rounds cannot meet every part.
        return all(
            getattr(self.row, part) >= (self._wanted // 12 or int(part == "during"))
            for part in self.parts
        )

    def share(self) -> float:
        """At which share of the work the fault of this round strikes: from 0 to 1, spread."""
        return self.row.rounds * _GOLDEN % 1

    def moment(self, seconds: float) -> float:
        """When it strikes, in seconds, if the work takes about as many: until some time after it.

        The further rounds reach further: the machine may have become slower.
        """
        return self.share() * seconds * 1.3 * (1 + self.row.rounds // (self._wanted + 1))

    def count(self, part: str) -> None:
        """Count the round: it struck `before`, `during` or `after` the critical part."""
        setattr(self.row, part, getattr(self.row, part) + 1)

    def __enter__(self) -> Rounds:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.row.lost = int(kind is not None)
        self.record(_PROPERTY, asdict(self.row))
        assert kind or self._is_spread, f"not every part of the work was met: {self.row}"


def rows_in(reports: Iterable[pytest.TestReport]) -> list[Row]:
    """The rows that tests recorded, in the order of their names; rows of one fault are added."""
    found: dict[tuple[str, str], Row] = {}
    for one in sorted(reports, key=lambda report: report.nodeid):
        for name, value in one.user_properties:
            if name == _PROPERTY:
                row = Row(**value)  # type: ignore[arg-type]
                same = found.setdefault((row.fault, row.where), Row(row.fault, row.where))
                for count in _COUNTS:
                    setattr(same, count, getattr(same, count) + getattr(row, count))
    return list(found.values())


def table_of(rows: list[Row]) -> str:
    """The rows as a table of Markdown."""
    lines = [["fault", "where", *_COUNTS], ["---", "---", *["---:"] * len(_COUNTS)]]
    lines += [
        [row.fault, row.where, *(f"{getattr(row, count):,}" for count in _COUNTS)] for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
