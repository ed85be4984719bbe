"""Comparing all tunes of an index with one another in the workers of a cluster.

Each slice has some of the tunes. Its rows are one Parquet file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tunetrace.checker.remote.index import IndexElsewhere
from tunetrace.cluster.parts import PARQUET, Parts, digest_of
from tunetrace.cluster.tasks import Task
from tunetrace.indexer.index import Index


def parts_of(
    index: Index,
    asked: Mapping[str, Any],
    table: str,
    *,
    resume: bool,
    data_set: str | Path | None,
) -> Parts:
    """The finished slices of the tunes of an open index.

    asked: the `command` and what its slices depend on besides the index, by the words of a message.
    table: the folder of the rows. data_set: the folder in which the slices are kept; by default
    they are beside the cached arrays of the index until the command is done.
    Raises OutputError if the folder cannot be used, as Parts says.
    """
    beside = index.storage.cache_folders[0].with_suffix(f".{asked['command']}")
    return Parts(
        beside if data_set is None else Path(data_set),
        {**asked, "index": IndexElsewhere.of(index).state},
        {table: PARQUET},
        resume=resume,
        keep=data_set is not None,
    )


def tasks_of(
    asked: object, tunes: Sequence[int], together: int, *given: object
) -> Iterator[tuple[Task, str]]:
    """A task for each slice of tunes of an index, given by their ids, with its digest.

    asked: the index, as the function of the tasks takes it. together: how many tunes a slice
    has. given: what the function is given after the index and the tunes of its slice.
    """
    for number, first in enumerate(range(0, len(tunes), together), 1):
        some = tunes[first : first + together]
        named = f"tunes {some[0]} to {some[-1]} of the index"
        yield (
            Task(number, named, len(some), (asked, some, *given)),
            digest_of(map(str, some)),
        )
