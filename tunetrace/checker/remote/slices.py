"""Checking slices of a batch in the workers of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tunetrace.checker.check import FEW, Checking, Slice
from tunetrace.checker.compare.duplicates import Repeat
from tunetrace.checker.records import CheckedTune
from tunetrace.checker.remote.shards import AskedElsewhere, SegmentsOfOwners
from tunetrace.cluster.owners import asking_owners
from tunetrace.corpus.records import Rejected


@dataclass(frozen=True, slots=True)
class CheckElsewhere:
    """How a batch is checked, in the form that is sent to workers."""

    asked: AskedElsewhere
    """The index that it is checked against."""
    copy_share: float
    verbatim: bool

    def answers(
        self, slice_: Slice, repeats: Sequence[Repeat | None]
    ) -> list[CheckedTune | Rejected]:
        """The answers on a slice, as check_transcriptions gives them.

        repeats: what each of its usable transcriptions repeats. Raises ClusterError if this
        process cannot open the index.
        """
        checking = Checking(self.asked.opened(), False, self.copy_share, self.verbatim)
        if self.asked.shards == 1 or not slice_.usable:
            match = partial(checking.match, slice_) if len(slice_.usable) > FEW else None
            return list(checking.answers(slice_, repeats, match))
        with asking_owners(self.asked.shards) as owners:
            match = partial(checking.match, slice_, SegmentsOfOwners(self.asked, owners))
            return list(checking.answers(slice_, repeats, match))
