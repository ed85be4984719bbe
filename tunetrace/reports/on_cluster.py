"""Checking the batches of a report on a cluster, slice by slice.

This process reads, finds what repeats what, and writes the files of each slice as they come
(cluster.parts). The workers match and make the answers, the rows and the sums. The report is put
together from the files, one slice at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

from tunetrace.arguments import Reading
from tunetrace.checker.check import Slice, cut
from tunetrace.checker.compare.duplicates import Repeats
from tunetrace.checker.remote.shards import AskedElsewhere
from tunetrace.checker.remote.slices import CheckElsewhere
from tunetrace.cluster.connecting import ClusterName
from tunetrace.cluster.parts import Parts, digest_of
from tunetrace.cluster.tasks import Cluster, Task
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.progress import Progress, silent
from tunetrace.reports.parts import ENDINGS, make_part, read_part
from tunetrace.reports.sums import Batch, BatchSums
from tunetrace.reports.tables import Tables
from tunetrace.tokenizer.transcription import Transcription

SLICE_TOKENS: Final = 500_000
"""A slice has about this many tokens, some 3,000 tunes. To look up a slice in an index takes some
time however short it is."""

Tunes = Iterable[Transcription | Rejected]


def parts_of_report(
    folder: Path,
    batches: Sequence[Batch],
    check: CheckElsewhere,
    reading: Reading,
    *,
    resume: bool,
    keep: bool,
) -> Parts:
    """The finished slices of a report.

    check: how the batches are checked. reading: how they are read. resume: go on with the slices in
    the folder. keep: leave them there at the end. Raises OutputError if the folder cannot be used.
    """
    against = check.asked
    admitted = None if against.admitted is None else hashlib.sha256(against.admitted).hexdigest()
    asked = {
        "command": "report",
        "batch": [[batch.name, *batch.inputs] for batch in batches],
        "index": against.index.state,
        "choice of families to leave out": admitted,
        "--copy-share": check.copy_share,
        "--verbatim": check.verbatim,
        "--view": against.view,
        **{f"--{field.name}": getattr(reading, field.name) for field in fields(reading)},
        "size of slices": SLICE_TOKENS,
    }
    return Parts(folder, asked, ENDINGS, resume=resume, keep=keep)


def sums_on_cluster(
    cluster: ClusterName,
    batches: Sequence[tuple[Batch, Tunes]],
    check: CheckElsewhere,
    parts: Parts,
    tables: Tables,
    shard: Callable[[Cluster], AskedElsewhere],
    progress: Progress = silent,
) -> list[BatchSums]:
    """Check batches on a cluster; gives what is summed up of each, and adds their rows to tables.

    check: how they are checked. parts: the finished slices. shard: gives the index of the check,
    cut into shards as the connected cluster needs them. Raises ClusterError if the cluster
    cannot do the work, OutputError if a slice cannot be written or read, and InputError if nothing
    of a batch can be read.
    """
    all_sums = [BatchSums(batch) for batch, _ in batches]
    batches_of: list[int] = []  # the number of the batch of each slice

    def tasks(workers: Cluster) -> Iterator[tuple[Task, str]]:
        told = replace(check, asked=shard(workers))
        for which, (batch, tunes) in enumerate(batches):
            repeats = Repeats()
            place = 1
            digest = ""
            for slice_ in cut(enumerate(tunes, 1), SLICE_TOKENS):
                batches_of.append(which)
                stop = place + len(slice_.tunes)
                named = f"tunes {place:,} to {stop - 1:,} of {batch.name}"
                given = (told, batch, slice_, repeats.add(slice_.usable))
                digest = _digest(digest, slice_)
                yield Task(len(batches_of), named, len(slice_.tunes), given), digest
                place = stop

    for number in parts.finish(cluster, make_part, tasks, "checking", progress):
        sums, rows = read_part(parts, number)
        all_sums[batches_of[number - 1]].merge(sums)
        tables.add_rows(rows)
    try:
        for sums in all_sums:
            sums.see_usable()
    except InputError:
        parts.end()
        raise
    return all_sums


def _digest(before: str, slice_: Slice) -> str:
    """The digest of a slice and all slices before it, which its tunes may repeat."""
    texts = [before]
    for tune in slice_.tunes:
        said = tune.reason if isinstance(tune, Rejected) else tune.text
        texts += (tune.input, str(tune.line), said)
    return digest_of(texts)
