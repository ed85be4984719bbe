"""Writing a report: a batch is checked once; each answer goes to the page and to the tables."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tunetrace._version import __version__
from tunetrace.arguments import Format, Reading, ViewName, many_paths, many_references, public
from tunetrace.checker.check import admitted_without, check_transcriptions
from tunetrace.checker.compare.records import BatchSummary
from tunetrace.checker.remote.shards import AskedElsewhere
from tunetrace.checker.remote.slices import CheckElsewhere
from tunetrace.checker.similar.search import named_from
from tunetrace.checker.verdict import COPY_SHARE
from tunetrace.cluster.connecting import ClusterName
from tunetrace.cluster.owners import see_shards
from tunetrace.cluster.parts import check_cluster
from tunetrace.cluster.tasks import Cluster
from tunetrace.corpus.readers import read_sources
from tunetrace.corpus.records import Rejected
from tunetrace.corpus.streams import STDIN
from tunetrace.errors import IndexFileError, InputError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.records import IndexInfo
from tunetrace.indexer.search.views import TOKENS, view_named
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.progress import Progress, silent
from tunetrace.records import Record, to_plain
from tunetrace.reports.folder import FILES, ReportFolder
from tunetrace.reports.on_cluster import parts_of_report, sums_on_cluster
from tunetrace.reports.sums import Batch, BatchSums
from tunetrace.reports.tables import Tables
from tunetrace.reports.words import summary_in_words
from tunetrace.text import printable
from tunetrace.tokenizer.transcription import Transcription

_PROGRESS_EVERY: Final = 500
"""Tunes."""


@dataclass(frozen=True, slots=True, repr=False)
class Report(Record):
    """A report that was written."""

    tunetrace: str
    """The version that wrote it."""
    created: str
    """When, in UTC, as `2026-01-31T12:00:00+00:00`."""
    path: str
    """Its folder."""
    files: tuple[str, ...]
    """The names of its files in that folder."""
    index: IndexInfo
    """The index that the batch was checked against."""
    left_out: int
    """How many of its tunes were left out, as those of the families in exclude_families."""
    batch: BatchSummary
    """The batch in numbers."""
    versus: BatchSummary | None
    """The batch that it was compared with, if any."""
    words: tuple[str, ...]
    """The summary in sentences, one paragraph each."""
    set_aside: tuple[Rejected, ...]
    """The first tunes that could not be read, at most ten of each batch."""


@public
def report(
    paths: str | Path | Sequence[str | Path],
    folder: str | Path,
    index: Index | str | Path | None = None,
    *,
    versus: str | Path | Sequence[str | Path] = (),
    exclude_families: str | int | Sequence[str | int] = (),
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    copy_share: float = COPY_SHARE,
    verbatim: bool = False,
    with_scores: bool = False,
    progress: Progress = silent,
    workers: int = 0,
    cluster: ClusterName | None = None,
    shards: int | None = None,
    resume: bool = False,
    data_set: str | Path | None = None,
    view: ViewName = TOKENS.name,
) -> Report:
    """Check a batch against an index (default: your own) and write a report into a folder.

    paths: files, folders, and `-` for standard input.
    versus: another batch to compare it with.
    exclude_families: tunes of the index to leave out, with all other tunes of their families.
    copy_share: from this share of notes in one corpus tune on, a transcription counts as mostly
        that tune.
    verbatim: seek no near copies, which takes less time.
    with_scores: show notation on the page, which can be played. Needs the extra `score`.
    progress: called with what is being done and how many tunes were read.
    workers: extra processes that match slices; the main module of the program must be importable.
    cluster: check on a Dask cluster: the address of its scheduler, or how many workers to start on
        this machine. The files are the same as without.
    shards: on a cluster, how many shards the index is cut into; default: chosen by its size.
    resume: on a cluster, go on with the slices that were finished before the same call was cut off.
    data_set: on a cluster, keep the rows of each slice in this folder, as Parquet; the default is
        `parts` in the report's folder, which is removed at the end.
    view: what is compared; the baseline of real tunes is of tokens, so other views are not compared
        with it.

    An older report in the folder is replaced when the new one is complete. Raises InputError if an
    input cannot be read or contains no usable tune, and OutputError if the folder cannot be
    written, has other files with the names of a report's files, if the extra `report` (or `score`)
    is missing, or if the slices cannot be written or gone on with. Raises ClusterError if the
    cluster cannot do the work, and QueryError if shards or slices are asked for without one.
    """
    batch, others = many_paths(paths, "paths"), many_paths(versus, "versus")
    families = many_references(exclude_families, "exclude_families")
    if [str(path) for path in (*batch, *others)].count(STDIN) > 1:
        raise InputError(
            "standard input is given twice, but it can be read only once; give a file in one of "
            "the two places"
        )
    reading = Reading(format, voice, column)
    parts = None
    check_cluster(cluster, resume=resume, data_set=data_set)
    see_shards(cluster, shards)
    read = 0

    def tunes_of(inputs: Sequence[str | Path]) -> Iterator[Transcription | Rejected]:
        nonlocal read
        for tune in read_sources(inputs, reading):
            yield tune
            read += 1
            if read % _PROGRESS_EVERY == 0 and cluster is None:
                progress("checking", read)

    def check(batch: Batch, inputs: Sequence[str | Path]) -> BatchSums:
        sums = BatchSums(batch)
        for answer in check_transcriptions(
            tunes_of(inputs),
            opened,
            admitted,
            copy_share=copy_share,
            verbatim=verbatim,
            is_prompt=False,
            workers=workers,
            view=view_named(view),
        ):
            sums.add(answer)
            tables.add(batch.name, answer)
        sums.see_usable()
        return sums

    def shard(workers: Cluster) -> AskedElsewhere:
        chosen = view_named(view)
        size = opened.bytes_to_check(chosen, near=not verbatim)
        found = asked.sharded(opened, workers, shards, size)
        if found.shards > 1:  # no worker looks at all segments then
            opened.backoff_in(chosen)
        return found

    with given_or_default(index) as opened:
        if not opened.tunes:
            raise IndexFileError(
                f"{opened.named}: the index has no tune to check against; add a "
                "corpus with 'tunetrace index add'"
            )
        admitted = admitted_without(opened, exclude_families=families)
        left_out = len(opened.in_families(families))
        with ReportFolder(folder, [*batch, *others], with_scores=with_scores) as files:
            name, other_name = _name(batch), _name(others)
            if other_name == name:
                other_name += " (2)"
            given = [
                Batch(
                    name=one,
                    inputs=tuple(printable(str(path)) for path in inputs),
                    copy_share=copy_share,
                    named_from=None if verbatim else named_from(opened.tunes),
                    view=view,
                    has_page=inputs is batch,
                )
                for one, inputs in ((name, batch), (other_name, others))
                if inputs
            ]
            with Tables(files) as tables:
                if cluster is None:
                    sums = list(map(check, given, (batch, others)))
                else:
                    asked = AskedElsewhere.of(opened, admitted, view)
                    checking = CheckElsewhere(asked, copy_share, verbatim)
                    parts = parts_of_report(
                        files.path / "parts" if data_set is None else Path(data_set),
                        given,
                        checking,
                        reading,
                        resume=resume,
                        keep=data_set is not None,
                    )
                    tunes = map(tunes_of, (batch, others))
                    sums = sums_on_cluster(
                        cluster,
                        list(zip(given, tunes, strict=False)),
                        checking,
                        parts,
                        tables,
                        shard,
                        progress,
                    )
            tally, page = sums[0].tally, sums[0].page
            assert page is not None, "the first batch has a page"
            other_tally = sums[1].tally if others else None
            progress("summing up", read)
            baseline = opened.baseline if view == TOKENS.name else None
            other = other_tally.summary(baseline) if other_tally else None
            summary = tally.summary(baseline, other_tally)
            created = datetime.now(UTC)
            info = opened.info()
            words = summary_in_words(summary, info, other, left_out)
            written = Report(
                tunetrace=__version__,
                created=created.isoformat(timespec="seconds"),
                path=files.name,
                files=tuple(FILES),
                index=info,
                left_out=left_out,
                batch=summary,
                versus=other,
                words=tuple(words),
                set_aside=tuple(one for some in sums for one in some.rejects),
            )
            progress("drawing the page", read)
            command = _check_command(
                batch, opened, families, reading, copy_share, view, verbatim=verbatim
            )
            html = page.html(
                summary,
                words,
                opened,
                left_out,
                when=created,
                command=command,
                other=other,
                with_scores=with_scores,
            )
            content = json.dumps(to_plain(written), ensure_ascii=False, allow_nan=False, indent=2)
            with files.writing():
                files.beside("report.html").write_text(html, encoding="utf-8")
                files.beside("summary.json").write_text(content + "\n", encoding="utf-8")
    if parts is not None:
        parts.end()  # now that the report is whole
    return written


def _check_command(
    paths: Sequence[str | Path],
    index: Index,
    exclude_families: Sequence[str | int],
    reading: Reading,
    copy_share: float,
    view: ViewName,
    *,
    verbatim: bool,
) -> str:
    """The command that checks one transcription of the batch again, without its number."""
    words = ["tunetrace", "check", *map(str, paths)]
    if index.storage != storage_of():
        words += ["--index", index.named]
    for family in exclude_families:
        words += ["--exclude-family", str(family)]
    for option in fields(reading):
        value = getattr(reading, option.name)
        if value is not None:
            words += [f"--{option.name}", value]
    if copy_share != COPY_SHARE:
        words += ["--copy-share", f"{copy_share:g}"]
    if verbatim:
        words.append("--verbatim")
    if view != TOKENS.name:
        words += ["--view", view]
    return printable(f"{shlex.join(words)} --only")


def _name(paths: Sequence[str | Path]) -> str:
    """The name of a batch, from its first file: `generated`, `a and 2 more`."""
    if not paths:
        return ""
    first = "standard input" if str(paths[0]) == STDIN else printable(Path(paths[0]).stem)
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
