"""Writing a report: a batch is checked once, and what comes by goes to the page and the tables."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tunetrace._version import __version__
from tunetrace.checker.check import check_transcriptions
from tunetrace.checker.compare.records import BatchSummary
from tunetrace.checker.compare.summary import BatchTally
from tunetrace.checker.verdict import COPY_SHARE
from tunetrace.corpus.readers import Format, read_sources
from tunetrace.corpus.records import Rejected
from tunetrace.corpus.streams import STDIN
from tunetrace.errors import IndexFileError, InputError
from tunetrace.indexer.build.writer import nothing_usable
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import IndexInfo
from tunetrace.indexer.store.connection import default_path
from tunetrace.progress import Progress, silent
from tunetrace.records import to_plain
from tunetrace.reports.folder import FILES, ReportFolder
from tunetrace.reports.page import Page
from tunetrace.reports.tables import Tables
from tunetrace.reports.words import summary_in_words
from tunetrace.text import printable
from tunetrace.tokenizer.transcription import Transcription

_SHOWN: Final = 10
_TOGETHER: Final = 500


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was written.

    path: its folder; files: what it consists of. index: what was checked against. batch: what
    was checked, in numbers; versus: what it is compared with, if anything; words: both in words.
    set_aside: the first of those that could not be read.
    """

    tunetrace: str
    created: str
    path: str
    files: tuple[str, ...]
    index: IndexInfo
    batch: BatchSummary
    versus: BatchSummary | None
    words: tuple[str, ...]
    set_aside: tuple[Rejected, ...]


def write_report(
    paths: Sequence[str | Path],
    folder: str | Path,
    index: Index,
    *,
    versus: Sequence[str | Path] = (),
    format: Format | None = None,
    progress: Progress = silent,
    copy_share: float = COPY_SHARE,
    workers: int = 0,
) -> Report:
    """Check a batch against an index and write a report on it into a folder.

    paths: files, folders, and standard input for `-`. versus: another batch, to compare it with.
    copy_share: the share of notes from one corpus tune from which on it is said to be most.
    progress: told what is being done, and how many tunes were read. workers: extra processes to
    match, as check_transcriptions. Raises InputError where an input cannot be read or holds nothing
    usable, OutputError where the folder cannot be written or has other files of a report's names. A
    report that is there already is replaced when the new one is whole.
    """
    if not index.tunes:
        raise IndexFileError(
            f"{printable(str(index.path))}: the index holds no tune to check against; add a corpus "
            "with 'tunetrace index add'"
        )
    if [str(path) for path in (*paths, *versus)].count(STDIN) > 1:
        raise InputError(
            "standard input can be read once, and is named twice; give a file for one of them"
        )
    names = _names(paths, versus)
    with ReportFolder(folder, [*paths, *versus]) as into:
        page = Page()
        with Tables(into) as tables:
            writing = _Writing(index, tables, format, progress, copy_share, workers)
            tally = writing.check(paths, names[0], page)
            other_tally = writing.check(versus, names[1]) if versus else None
        progress("summing up", writing.done)
        baseline = index.baseline
        other = other_tally.summary(baseline) if other_tally else None
        summary = tally.summary(baseline, other_tally)
        created = datetime.now(UTC)
        info = index.info()
        words = summary_in_words(summary, info, other)
        report = Report(
            tunetrace=__version__,
            created=created.isoformat(timespec="seconds"),
            path=printable(str(folder)),
            files=tuple(FILES),
            index=info,
            batch=summary,
            versus=other,
            words=tuple(words),
            set_aside=tuple(writing.set_aside),
        )
        progress("drawing the page", writing.done)
        command = _command(paths, index, format, copy_share)
        html = page.html(summary, words, index, when=created, command=command, other=other)
        content = json.dumps(to_plain(report), ensure_ascii=False, allow_nan=False, indent=2)
        with into.writing():
            into.beside("report.html").write_text(html, encoding="utf-8")
            into.beside("summary.json").write_text(content + "\n", encoding="utf-8")
    return report


class _Writing:
    """A report under way: batches are checked, and their answers go to tables and pages.

    set_aside: the first few tunes that could not be read; done: how many tunes were read.
    """

    def __init__(
        self,
        index: Index,
        tables: Tables,
        format: Format | None,
        progress: Progress,
        copy_share: float,
        workers: int,
    ) -> None:
        self.set_aside: list[Rejected] = []
        self.done = 0
        self._index = index
        self._tables = tables
        self._format = format
        self._progress = progress
        self._copy_share = copy_share
        self._workers = workers

    def check(self, paths: Sequence[str | Path], name: str, page: Page | None = None) -> BatchTally:
        """Check a batch, which may be shown on a page; InputError where nothing in it is usable."""
        inputs = [printable(str(path)) for path in paths]
        tally = BatchTally(name, inputs, self._copy_share)
        aside: list[Rejected] = []
        is_empty = True
        answers = check_transcriptions(
            self._read(paths),
            self._index,
            copy_share=self._copy_share,
            is_prompt=False,
            workers=self._workers,
        )
        for answer in answers:
            tally.add(answer)
            if page is not None:
                page.add(answer)
            self._tables.add(name, answer)
            if not isinstance(answer, Rejected):
                is_empty = False
            elif len(aside) < _SHOWN:
                aside.append(answer)
        if is_empty:
            raise nothing_usable(aside, tally.set_aside)
        self.set_aside += aside
        return tally

    def _read(self, paths: Sequence[str | Path]) -> Iterator[Transcription | Rejected]:
        for tune in read_sources(paths, self._format):
            yield tune
            self.done += 1
            if self.done % _TOGETHER == 0:
                self._progress("checking", self.done)


def _command(
    paths: Sequence[str | Path], index: Index, format: Format | None, copy_share: float
) -> str:
    """The command that checks one transcription of a batch again, all but its place."""
    words = ["tunetrace", "check", *map(str, paths)]
    if index.path != default_path():
        words += ["--index", str(index.path)]
    if format is not None:
        words += ["--format", format]
    if copy_share != COPY_SHARE:
        words += ["--copy-share", f"{copy_share:g}"]
    return printable(f"{shlex.join(words)} --only")


def _names(paths: Sequence[str | Path], versus: Sequence[str | Path]) -> tuple[str, str]:
    """What to call two batches: by their files, and otherwise where that is the same."""
    name, other = _name(paths), _name(versus)
    return (name, f"{other} (2)") if name == other else (name, other)


def _name(paths: Sequence[str | Path]) -> str:
    """A batch by its first file, as `generated` or `a and 2 more`."""
    if not paths:
        return ""
    first = "standard input" if str(paths[0]) == "-" else printable(Path(paths[0]).stem)
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
