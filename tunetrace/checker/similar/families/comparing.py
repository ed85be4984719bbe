"""Comparing every tune of an index with all others: in this process and extra ones, or on a
cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import cache
from typing import Final

from tunetrace.checker.batch.workers import ends_with_parent, result_of, started
from tunetrace.checker.remote.index import IndexElsewhere
from tunetrace.cluster.connecting import ClusterName, connected
from tunetrace.cluster.tasks import Task
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.graph import Rows, rows_of
from tunetrace.indexer.store.database.storage import Storage
from tunetrace.interrupts import uninterrupted
from tunetrace.progress import Progress, silent

_TOGETHER: Final = 200
"""How many tunes are compared between two reports of progress."""

_WAITING: Final = 2
"""How many such groups of tunes wait for each extra process."""


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


def compared_on_cluster(
    cluster: ClusterName, index: Index, tunes: Sequence[int], *, progress: Progress = silent
) -> Iterator[Rows]:
    """What `compared` finds, by the workers of a cluster. ClusterError if they cannot do it."""
    elsewhere = IndexElsewhere.of(index)
    groups = (tunes[first : first + _TOGETHER] for first in range(0, len(tunes), _TOGETHER))
    tasks = (
        Task(number, f"tunes {some[0]} to {some[-1]} of the index", len(some), (elsewhere, some))
        for number, some in enumerate(groups, 1)
    )
    with connected(cluster) as workers:
        for _, rows in workers.run(_compare_elsewhere, tasks, "comparing", progress):
            yield rows


def _compare_elsewhere(index: IndexElsewhere, tunes: Sequence[int]) -> Rows:
    return _found(index.opened(), tunes)


def _found(index: Index, tunes: Sequence[int]) -> Rows:
    return rows_of(index.near, tunes, [index.layout(tune) for tune in tunes])


_opened = cache(Index)
"""The index of an extra process, by where it is kept."""


def _compare(storage: Storage, tunes: Sequence[int]) -> Rows:
    return _found(_opened(storage), tunes)
