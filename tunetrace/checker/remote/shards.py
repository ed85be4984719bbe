"""The segments of an index as shards: runs of segments, each of which a worker of a cluster owns.

A task asks the owners of all shards. An owner looks at the segments of its shards alone, so that
their arrays stay in the memory of its machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import RLock
from typing import Final

import numpy as np

from tunetrace.arguments import ViewName
from tunetrace.checker.asking.segments import Answer, AskedIndex, SegmentQuestion, answer
from tunetrace.checker.remote.index import IndexElsewhere
from tunetrace.cluster.owners import Owners
from tunetrace.cluster.tasks import Cluster
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import view_named

_MAPPED_SHARE: Final = 0.5
"""The share of a machine's memory that the arrays of an index may fill. Tasks need the rest."""

_AT_ONCE: Final = 2
"""How many tasks a worker has at a time: while one waits for owners, another one works."""

_asked: Final[dict[AskedElsewhere, AskedIndex]] = {}
"""What a worker has of the index that is asked."""

_lock: Final = RLock()


@dataclass(frozen=True, slots=True)
class AskedElsewhere:
    """An index as it is asked, in the form that is sent to workers."""

    index: IndexElsewhere
    admitted: bytes | None
    """Which tunes of the index count, as a mask by id in bits; None for all."""
    view: ViewName
    shards: int = 1
    """How many shards have an owner each; with 1 every worker looks at all segments."""

    @classmethod
    def of(cls, index: Index, admitted: Mask | None, view: ViewName) -> AskedElsewhere:
        """An open index. admitted: which tunes count, as a mask by id; None for all."""
        bits = None if admitted is None else np.packbits(admitted).tobytes()
        return cls(IndexElsewhere.of(index), bits, view)

    def sharded(
        self, index: Index, cluster: Cluster, shards: int | None, size: int
    ) -> AskedElsewhere:
        """The same index with as many shards as are wanted, at most one for each segment.

        It also sets how many tasks the workers of the cluster have at a time. index: in this
        process. cluster: runs the tasks that ask. shards: None to choose. size: of the arrays that
        are looked at, in bytes.
        """
        if shards is None:
            shards = shards_for(size, *cluster.machines())
        shards = min(shards, len(index.figures.segments))
        cluster.at_once = 1 if shards == 1 else _AT_ONCE
        return replace(self, shards=shards)

    def opened(self) -> AskedIndex:
        """The index, open in this process, which keeps it until it is asked another way.

        Raises ClusterError if this process cannot open it.
        """
        with _lock:
            index = self.index.opened()
            if self not in _asked or _asked[self].index is not index:
                _asked.clear()
                _asked[self] = AskedIndex(
                    index, self._mask(len(index.mask([]))), view_named(self.view)
                )
            return _asked[self]

    def _mask(self, size: int) -> Mask | None:
        if self.admitted is None:
            return None
        bits = np.frombuffer(self.admitted, dtype=np.uint8)
        return np.unpackbits(bits, count=size).astype(bool)


@dataclass(frozen=True, slots=True)
class SegmentsOfOwners:
    """The segments of an index, asked by way of the owners of its shards."""

    asked: AskedElsewhere
    owners: Owners

    def ask(self, question: SegmentQuestion[Answer]) -> Answer:
        """The answer of all segments together."""
        return question.merged(self.owners.ask(_answer, self.asked, question))


def _answer(shard: int, asked: AskedElsewhere, question: SegmentQuestion[Answer]) -> Answer:
    """The answer of the segments of a shard, in its owner."""
    segments = asked.opened().segments
    first, stop = (one * len(segments) // asked.shards for one in (shard, shard + 1))
    return answer(question, segments[first:stop])


def shards_for(size: int, workers: int, machines: int, memory: int) -> int:
    """How many shards an index is cut into for workers, if nobody says.

    size: of its arrays, in bytes. machines: how many the workers are on. memory: of the smallest of
    these, in bytes. All processes of a machine share what is mapped there, so that shards on one
    machine save nothing.
    """
    return workers if machines > 1 and size > _MAPPED_SHARE * memory else 1
