"""Comparing every tune of an index with all others: in this process and extra ones, or on a
cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import cache
from typing import Final

from tunetrace.checker.asking.near import near_in
from tunetrace.checker.batch.workers import ends_with_parent, result_of, started
from tunetrace.checker.remote.shards import AskedElsewhere, SegmentsOfOwners
from tunetrace.cluster.connecting import ClusterName, connected
from tunetrace.cluster.owners import asking_owners
from tunetrace.cluster.tasks import Task
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
    cluster: ClusterName,
    index: Index,
    tunes: Sequence[int],
    *,
    shards: int | None = None,
    progress: Progress = silent,
) -> Iterator[Rows]:
    """What `compared` finds, by the workers of a cluster. ClusterError if they cannot do it.

    shards: as for find_families.
    """
    asked = AskedElsewhere.of(index, None, TOKENS.name)
    with connected(cluster) as workers:
        asked = asked.sharded(index, workers, shards, index.bytes_of_near)
        groups = (tunes[first : first + _TOGETHER] for first in range(0, len(tunes), _TOGETHER))
        tasks = (
            Task(number, f"tunes {some[0]} to {some[-1]} of the index", len(some), (asked, some))
            for number, some in enumerate(groups, 1)
        )
        for _, rows in workers.run(
            _compare_elsewhere, tasks, "comparing", progress, at_once=asked.at_once
        ):
            yield rows


def _compare_elsewhere(asked: AskedElsewhere, tunes: Sequence[int]) -> Rows:
    index = asked.opened().index
    if asked.shards == 1:
        return _found(index, tunes)
    melodies = list(melodies_of([index.layout(tune) for tune in tunes]))
    with asking_owners(asked.shards) as owners:
        return as_rows(tunes, near_in(SegmentsOfOwners(asked, owners), melodies, index.tunes))


def _found(index: Index, tunes: Sequence[int]) -> Rows:
    return rows_of(index.near, tunes, [index.layout(tune) for tune in tunes])


_opened = cache(Index)
"""The index of an extra process, by where it is kept."""


def _compare(storage: Storage, tunes: Sequence[int]) -> Rows:
    return _found(_opened(storage), tunes)
