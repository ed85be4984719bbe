"""Comparing every tune of an index with all others: in this process and extra ones, or on a
cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from tunetrace.checker.asking.near import near_in
from tunetrace.checker.batch.workers import ends_with_parent, result_of, started
from tunetrace.checker.remote.shards import AskedElsewhere, SegmentsOfOwners
from tunetrace.checker.remote.tunes import parts_of, tasks_of
from tunetrace.checker.tables import NUMBER, WHOLE, Column, batch_of_arrays
from tunetrace.cluster.connecting import ClusterName
from tunetrace.cluster.owners import asking_owners
from tunetrace.cluster.parts import Parts, parquet_of
from tunetrace.cluster.tasks import Cluster, Task
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.graph import Rows, as_rows, rows_of
from tunetrace.indexer.near.search import melodies_of
from tunetrace.indexer.search.views import TOKENS
from tunetrace.indexer.store.database.storage import Storage
from tunetrace.interrupts import uninterrupted
from tunetrace.progress import Progress, silent

_TOGETHER: Final = 200
"""How many tunes are compared between two reports of progress."""

_WAITING: Final = 2
"""How many such groups of tunes wait for each extra process."""

_TABLE: Final = "pairs"
"""The folder of what is found on a cluster."""

_COLUMNS: Final[tuple[Column[Rows], ...]] = (
    Column("tune", WHOLE, "the id of the tune that was compared with all others",
           lambda rows: rows[:, 0]),
    Column("other", WHOLE, "the id of a tune that may be the same melody", lambda rows: rows[:, 1]),
    Column("steps", WHOLE, "by how many steps the tune is raised to fit on the other one",
           lambda rows: rows[:, 2]),
    Column("probability", NUMBER, "that both are the same melody, or have a part in common",
           lambda rows: rows[:, 3]),
)  # fmt: skip


def compared(
    index: Index, tunes: Sequence[int], *, workers: int = 0, progress: Progress = silent
) -> Iterator[Rows]:
    """What is found for groups of tunes of an index, given by their ids, among all its tunes.

    The groups come in no order.

    workers: extra processes, which open the index by where it is kept.
    """
    waiting: deque[tuple[int, Future[Rows]]] = deque()
    done = 0
    with ExitStack() as stack:
        if workers:
            with uninterrupted():
                pool = stack.enter_context(started(workers, ends_with_parent))
        for first in range(0, len(tunes), _TOGETHER):
            some = tunes[first : first + _TOGETHER]
            if len(waiting) < _WAITING * workers:
                with uninterrupted():  # the first groups start the processes
                    waiting.append((len(some), pool.submit(_compare, index.storage, some)))
                continue
            yield _found(index, some)
            done += len(some)
            while waiting and waiting[0][1].done():
                count, task = waiting.popleft()
                yield result_of(task)
                done += count
            progress("comparing the tunes", done)
        for count, task in waiting:
            yield result_of(task)
            done += count
            progress("comparing the tunes", done)


def parts_of_families(index: Index, *, resume: bool, data_set: str | Path | None) -> Parts:
    """The finished slices of the comparison of all tunes; the arguments are those of parts_of."""
    asked = {"command": "families", "size of slices": _TOGETHER}
    return parts_of(index, asked, _TABLE, resume=resume, data_set=data_set)


def compared_on_cluster(
    cluster: ClusterName,
    index: Index,
    tunes: Sequence[int],
    parts: Parts,
    *,
    shards: int | None = None,
    progress: Progress = silent,
) -> Iterator[Rows]:
    """What `compared` finds, by the workers of a cluster.

    parts: the finished slices. shards: as for find_families. Raises ClusterError if the workers
    cannot do it, and OutputError as Parts says.
    """

    def tasks(workers: Cluster) -> Iterator[tuple[Task, str]]:
        asked = AskedElsewhere.of(index, None, TOKENS.name)
        return tasks_of(
            asked.sharded(index, workers, shards, index.bytes_of_near), tunes, _TOGETHER
        )

    for number in parts.finish(cluster, _compare_elsewhere, tasks, "comparing", progress):
        table = parts.table(_TABLE, number)
        yield np.stack([column.to_numpy() for column in table.columns], axis=1, dtype=np.float64)


def _compare_elsewhere(asked: AskedElsewhere, tunes: Sequence[int]) -> dict[str, bytes]:
    index = asked.opened().index
    if asked.shards == 1:
        rows = _found(index, tunes)
    else:
        melodies = list(melodies_of([index.layout(tune) for tune in tunes]))
        with asking_owners(asked.shards) as owners:
            near = near_in(SegmentsOfOwners(asked, owners), melodies, index.tunes)
            rows = as_rows(tunes, near)
    return {_TABLE: parquet_of(batch_of_arrays(rows, _COLUMNS))}


def _found(index: Index, tunes: Sequence[int]) -> Rows:
    return rows_of(index.near, tunes, [index.layout(tune) for tune in tunes])


_opened = cache(Index)
"""The index of an extra process, by where it is kept."""


def _compare(storage: Storage, tunes: Sequence[int]) -> Rows:
    return _found(_opened(storage), tunes)
