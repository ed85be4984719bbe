"""Checking the batches of a report on a cluster, slice by slice.

This process reads, finds what repeats what, and writes the files of each slice as they come
(cluster.parts). The workers match and make the answers, the rows and the sums. The report is put
together from the files, one slice at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from tunetrace.arguments import Reading
from tunetrace.checker.check import Slice, cut
from tunetrace.checker.compare.duplicates import Repeats
from tunetrace.checker.remote.slices import CheckElsewhere
from tunetrace.cluster.connecting import ClusterName
from tunetrace.cluster.parts import Parts, digest_of
from tunetrace.cluster.tasks import Task
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


def sums_on_cluster(
    cluster: ClusterName,
    batches: Sequence[tuple[Batch, Tunes]],
    check: CheckElsewhere,
    folder: Path,
    tables: Tables,
    *,
    reading: Reading,
    resume: bool = False,
    keep: bool = False,
    progress: Progress = silent,
) -> list[BatchSums]:
    """Check batches on a cluster; gives what is summed up of each, and adds their rows to tables.

    check: how they are checked. folder: of the finished slices. reading: how the tunes were read,
    to be compared. resume: go on with the slices that are finished. keep: keep them at the end.
    Raises ClusterError if the cluster cannot do the work, OutputError if the folder cannot be used,
    and InputError if nothing of a batch can be read.
    """
    parts = Parts(folder, _asked(batches, check, reading), ENDINGS, resume=resume, keep=keep)
    all_sums = [BatchSums(batch) for batch, _ in batches]
    batches_of: list[int] = []  # the number of the batch of each slice

    def tasks() -> Iterator[tuple[Task, str]]:
        for which, (batch, tunes) in enumerate(batches):
            repeats = Repeats()
            place = 1
            for slice_ in cut(enumerate(tunes, 1), SLICE_TOKENS):
                batches_of.append(which)
                stop = place + len(slice_.tunes)
                named = f"tunes {place:,} to {stop - 1:,} of {batch.name}"
                given = (check, batch, slice_, repeats.add(slice_.usable))
                yield Task(len(batches_of), named, len(slice_.tunes), given), _digest(slice_)
                place = stop

    for number in parts.finish(cluster, make_part, tasks(), "checking", progress):
        sums, rows = read_part(parts, number)
        all_sums[batches_of[number - 1]].merge(sums)
        tables.add_rows(rows)
    try:
        for sums in all_sums:
            sums.see_usable()
    except InputError:
        parts.remove()
        raise
    parts.end()
    return all_sums


def _asked(
    batches: Sequence[tuple[Batch, Tunes]],
    check: CheckElsewhere,
    reading: Reading,
) -> dict[str, Any]:
    """The command and what its slices depend on, by the words of a message."""
    admitted = None if check.admitted is None else hashlib.sha256(check.admitted).hexdigest()
    return {
        "command": "report",
        "batch": [[batch.name, *batch.inputs] for batch, _ in batches],
        "index": [check.index.fingerprint, check.index.generation, sorted(check.index.hidden)],
        "choice of families to leave out": admitted,
        "--copy-share": check.copy_share,
        "--verbatim": check.verbatim,
        "--view": check.view,
        **{f"--{field.name}": getattr(reading, field.name) for field in fields(reading)},
        "size of slices": SLICE_TOKENS,
    }


def _digest(slice_: Slice) -> str:
    return digest_of(
        text
        for tune in slice_.tunes
        for text in (
            tune.input,
            str(tune.line),
            tune.reason if isinstance(tune, Rejected) else tune.text,
        )
    )
