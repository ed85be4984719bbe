"""Checking slices of a batch in the workers of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import RLock
from typing import Final

import numpy as np

from tunetrace.arguments import ViewName
from tunetrace.checker.check import FEW, Checking, Slice
from tunetrace.checker.compare.duplicates import Repeat
from tunetrace.checker.records import CheckedTune
from tunetrace.checker.remote.index import IndexElsewhere
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import view_named


@dataclass(frozen=True, slots=True)
class CheckElsewhere:
    """How a batch is checked, as it is told to workers."""

    index: IndexElsewhere
    admitted: bytes | None
    """Which tunes of the index count, as a mask by id in bits; None for all."""
    copy_share: float
    verbatim: bool
    view: ViewName

    @classmethod
    def of(
        cls,
        index: Index,
        admitted: Mask | None,
        copy_share: float,
        *,
        verbatim: bool,
        view: ViewName,
    ) -> CheckElsewhere:
        """A check against an open index; the arguments are those of check_transcriptions."""
        bits = None if admitted is None else np.packbits(admitted).tobytes()
        return cls(IndexElsewhere.of(index), bits, copy_share, verbatim, view)

    def answers(
        self, slice_: Slice, repeats: Sequence[Repeat | None]
    ) -> list[CheckedTune | Rejected]:
        """The answers on a slice, as check_transcriptions gives them.

        repeats: what each of its usable transcriptions repeats. Raises ClusterError if this
        process cannot open the index.
        """
        checking = self._checking()
        match = partial(checking.match, slice_) if len(slice_.usable) > FEW else None
        return list(checking.answers(slice_, repeats, match))

    def _checking(self) -> Checking:
        with _lock:
            index = self.index.opened()
            if self not in _kept or _kept[self].index is not index:
                _kept.clear()
                _kept[self] = Checking(
                    index,
                    self._mask(len(index.mask([]))),
                    False,
                    self.copy_share,
                    self.verbatim,
                    view_named(self.view),
                )
            return _kept[self]

    def _mask(self, size: int) -> Mask | None:
        if self.admitted is None:
            return None
        bits = np.frombuffer(self.admitted, dtype=np.uint8)
        return np.unpackbits(bits, count=size).astype(bool)


_kept: Final[dict[CheckElsewhere, Checking]] = {}
"""What a worker has of the check that it works for."""

_lock: Final = RLock()
