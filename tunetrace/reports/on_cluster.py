"""Checking the batches of a report on a cluster, slice by slice.

This process reads, finds what repeats what, and writes the files of each slice as they come. The
workers match and make the answers, the rows and the sums. The report is put together from the
files, one slice at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from tunetrace._version import __version__
from tunetrace.arguments import Reading
from tunetrace.checker.check import Slice, cut
from tunetrace.checker.compare.duplicates import Repeats
from tunetrace.checker.remote.shards import AskedElsewhere
from tunetrace.checker.remote.slices import CheckElsewhere
from tunetrace.cluster.connecting import ClusterName, connected
from tunetrace.cluster.tasks import Cluster, Task
from tunetrace.corpus.records import Rejected
from tunetrace.errors import ClusterError, InputError
from tunetrace.progress import Progress, silent
from tunetrace.reports.parts import Parts, make_part
from tunetrace.reports.sums import Batch, BatchSums
from tunetrace.reports.tables import Tables
from tunetrace.tokenizer.transcription import Transcription

SLICE_TOKENS: Final = 500_000
"""A slice has about this many tokens, some 3,000 tunes. To look up a slice in an index takes some
time however short it is."""

Tunes = Iterable[Transcription | Rejected]


def sums_on_cluster(
    cluster: ClusterName,
    batches: Sequence[tuple[Batch, Tunes]],
    check: CheckElsewhere,
    folder: Path,
    tables: Tables,
    shard: Callable[[Cluster], AskedElsewhere],
    *,
    reading: Reading,
    resume: bool = False,
    keep: bool = False,
    progress: Progress = silent,
) -> list[BatchSums]:
    """Check batches on a cluster; gives what is summed up of each, and adds their rows to tables.

    check: how they are checked. folder: of the finished slices. shard: cuts the index
    into shards, as the cluster needs them. reading: how the tunes were read,
    to be compared. resume: go on with the slices that are finished. keep: keep them at the end.
    Raises ClusterError if the cluster cannot do the work, OutputError if the folder cannot be used,
    and InputError if nothing of a batch can be read.
    """
    parts = Parts(folder, _made(batches, check, reading), resume=resume)
    joined = _Joined([batch for batch, _ in batches], parts, tables)
    digests: dict[int, str] = {}
    skipped = 0  # tunes of slices that were finished before

    def tasks() -> Iterator[Task]:
        nonlocal skipped
        number = 0
        for which, (batch, tunes) in enumerate(batches):
            repeats = Repeats()
            place = 1
            for slice_ in cut(enumerate(tunes, 1), SLICE_TOKENS):
                number += 1
                repeated = repeats.add(slice_.usable)
                digest = _digest(slice_)
                stop = place + len(slice_.tunes)
                is_finished = parts.has(number, digest)
                joined.batches_of.append(which)
                if is_finished:
                    skipped += len(slice_.tunes)
                else:
                    digests[number] = digest
                    named = f"tunes {place:,} to {stop - 1:,} of {batch.name}"
                    given = (check, batch, slice_, repeated)
                    yield Task(number, named, len(slice_.tunes), given)
                place = stop

    def show(what: str, tunes: int) -> None:
        progress(what, tunes + skipped)

    with connected(cluster) as workers:
        check = replace(check, asked=shard(workers))
        at_once = check.asked.at_once
        try:
            for task, files in workers.run(make_part, tasks(), "checking", show, at_once=at_once):
                parts.keep(task.number, digests.pop(task.number), files)
                joined.go_on()
        except ClusterError as error:
            raise ClusterError(f"{error}; --resume goes on with the finished slices") from None
    joined.go_on()
    parts.see_all(len(joined.batches_of))
    try:
        for sums in joined.sums:
            sums.see_usable()
    except InputError:
        parts.remove()
        raise
    if not keep:
        parts.remove()
    return joined.sums


class _Joined:
    """The finished slices of batches, put together in order while others are being checked."""

    def __init__(self, batches: Sequence[Batch], parts: Parts, tables: Tables) -> None:
        self.sums = [BatchSums(batch) for batch in batches]
        self.batches_of: list[int] = []
        """The number of the batch of each slice that was read so far."""
        self._parts = parts
        self._tables = tables
        self._next = 1

    def go_on(self) -> None:
        """Add the next slices that were read and are finished."""
        while self._next <= len(self.batches_of) and self._parts.is_finished(self._next):
            sums, rows = self._parts.read(self._next)
            self.sums[self.batches_of[self._next - 1]].merge(sums)
            self._tables.add_rows(rows)
            self._next += 1


def _made(
    batches: Sequence[tuple[Batch, Tunes]],
    check: CheckElsewhere,
    reading: Reading,
) -> dict[str, Any]:
    """What slices depend on, by the words of a message."""
    asked, index = check.asked, check.asked.index
    admitted = None if asked.admitted is None else hashlib.sha256(asked.admitted).hexdigest()
    return {
        "version of tunetrace": __version__,
        "batch": [[batch.name, *batch.inputs] for batch, _ in batches],
        "index": [index.fingerprint, index.generation, sorted(index.hidden)],
        "choice of families to leave out": admitted,
        "--copy-share": check.copy_share,
        "--verbatim": check.verbatim,
        "--view": asked.view,
        **{f"--{field.name}": getattr(reading, field.name) for field in fields(reading)},
        "size of slices": SLICE_TOKENS,
    }


def _digest(slice_: Slice) -> str:
    """The SHA-256 of what a slice has."""
    digest = hashlib.sha256()
    for tune in slice_.tunes:
        said = tune.reason if isinstance(tune, Rejected) else tune.text
        for text in (tune.input, str(tune.line), said):
            digest.update(text.encode("utf-8", errors="surrogatepass") + b"\0")
    return digest.hexdigest()
