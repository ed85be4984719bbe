"""The process that makes one report: it has the lowest priority, and tells how far it is.

It works in the folder of its job, so that no answer has a path of the file system in it.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from tunetrace.checker.batch.workers import ends_with_parent
from tunetrace.corpus.readers import estimate_tunes
from tunetrace.errors import IndexChangedError, OutputError, TunetraceError
from tunetrace.files import write_whole
from tunetrace.indexer.store.database.storage import Storage
from tunetrace.records import to_plain
from tunetrace.reports.write import report
from tunetrace.web.guard.lines import log, log_to_standard_error
from tunetrace.web.jobs.records import BATCH, REPORT, no_room
from tunetrace.web.mistakes import where_it_failed
from tunetrace.web.work.process import ServedIndex
from tunetrace.web.work.questions import corpora

TRIES: Final = 10
"""How often a report is begun anew, because the index was changed meanwhile."""

_PAUSE_SECONDS: Final = 0.5
_LOWEST_PRIORITY: Final = 19


@dataclass(frozen=True, slots=True)
class ReportProgress:
    """How far the work is."""

    doing: str
    """What is being done."""
    tunes: int
    """How many tunes were read."""
    expected: int | None
    """About how many there are."""


@dataclass(frozen=True, slots=True)
class ReportDone:
    """The work is done."""

    report: dict[str, Any]
    """The record of the report."""
    files: tuple[str, ...]
    """The names of its files."""
    index: dict[str, Any]
    """The index that it was checked against."""


@dataclass(frozen=True, slots=True)
class ReportTask:
    """What the process is to do."""

    folder: Path
    """The folder of the job, with the batch in it."""
    index: Storage
    """The index, by its whole path."""
    hidden: frozenset[str]
    """The tunes of the index that do not count."""
    options: dict[str, Any]
    """The options of the report."""


def make_report(task: ReportTask, sender: Connection) -> None:
    """Make a report.

    Sends a ReportProgress now and then, and at the end a ReportDone or a Problem.
    """
    ends_with_parent()
    if hasattr(os, "nice"):
        os.nice(_LOWEST_PRIORITY)
    os.chdir(task.folder)
    served = ServedIndex(task.index, task.hidden)
    try:
        sender.send(_made(task, served, sender.send))
    except TunetraceError as error:
        is_of_disk = isinstance(error, OutputError) and isinstance(error.__context__, OSError)
        sender.send(no_room() if is_of_disk else served.problem(error))
    except OSError:
        sender.send(no_room())
    except Exception as error:  # of which Python itself would print the message
        log_to_standard_error()
        log(logging.ERROR, {"work": "report"}, where_it_failed(error))


def _made(
    task: ReportTask, served: ServedIndex, send: Callable[[ReportProgress], None]
) -> ReportDone:
    expected = estimate_tunes([BATCH])
    for tries_left in reversed(range(TRIES)):
        send(ReportProgress("opening the index", 0, expected))
        try:
            index, origin = served.current()
            index.named = task.index.name  # which is what the report says of it
            written = report(
                BATCH,
                REPORT,
                index,
                progress=lambda what, tunes: send(ReportProgress(what, tunes, expected)),
                **task.options,
            )
        except IndexChangedError:
            served.forget()
            if not tries_left:
                raise
            time.sleep(_PAUSE_SECONDS)
            continue
        content = {**written.to_dict(), "index": to_plain(corpora(index))}
        _tell_no_folders(content)
        told = {"fingerprint": origin.fingerprint, "corpora": list(origin.corpora.values())}
        return ReportDone(content, written.files, told)
    raise AssertionError("unreachable")


def _tell_no_folders(content: dict[str, Any]) -> None:
    """Write the summary again with sources that name no folder of this machine."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    write_whole(Path(REPORT) / "summary.json", text.encode(), "the report")
