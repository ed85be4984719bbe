"""What a report keeps of a batch while it is checked. Two of them, of successive slices, merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tunetrace.arguments import ViewName
from tunetrace.checker.compare.summary import BatchTally
from tunetrace.checker.records import CheckedTune
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.build.writer import nothing_usable
from tunetrace.reports.page.page import Page

_LISTED_REJECTS: Final = 10


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of a report, and how it is summed up."""

    name: str
    inputs: tuple[str, ...]
    """The files that it is read from."""
    copy_share: float
    named_from: float | None
    """The probability from which on near copies are named; None if none are sought."""
    view: ViewName
    has_page: bool
    """Whether the page is about it. It is not about the batch that it is compared with."""


class BatchSums:
    """The answers on a batch, or on a slice of one, summed up."""

    def __init__(self, batch: Batch) -> None:
        self.tally = BatchTally(
            batch.name, batch.inputs, batch.copy_share, batch.named_from, batch.view
        )
        self.page = Page() if batch.has_page else None
        self.rejects: list[Rejected] = []
        """The first tunes that could not be read, at most ten."""

    def add(self, answer: CheckedTune | Rejected) -> None:
        """Add the answer for the next transcription."""
        self.tally.add(answer)
        if self.page is not None:
            self.page.add(answer)
        if isinstance(answer, Rejected):
            self._list([answer])

    def merge(self, later: BatchSums) -> None:
        """Add what was summed up of the transcriptions after these."""
        self.tally.merge(later.tally)
        if self.page is not None and later.page is not None:
            self.page.merge(later.page)
        self._list(later.rejects)

    def _list(self, rejects: Sequence[Rejected]) -> None:
        self.rejects += rejects[: max(_LISTED_REJECTS - len(self.rejects), 0)]

    def see_usable(self) -> None:
        """Raise InputError if no tune of the batch could be read."""
        if not self.tally.transcriptions:
            raise nothing_usable(self.rejects, self.tally.set_aside)
