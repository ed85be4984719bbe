"""The process that makes one report: it has the lowest priority, and tells how far it is.

It works in the folder of its job, so that no answer has a path of the file system in it.
"""

from __future__ import annotations

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
from tunetrace.reports.write import report
from tunetrace.text import printable
from tunetrace.web.jobs.records import BATCH, REPORT, no_room
from tunetrace.web.problems import Problem, problem_of
from tunetrace.web.work.process import ServedIndex

TRIES: Final = 10
"""How often a report is begun anew, because the index was changed meanwhile."""

_PAUSE_SECONDS: Final = 0.5
_LOWEST_PRIORITY: Final = 19


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is."""

    doing: str
    """What is being done."""
    tunes: int
    """How many tunes were read."""
    expected: int | None
    """About how many there are."""


@dataclass(frozen=True, slots=True)
class Made:
    """The work is done."""

    report: dict[str, Any]
    """The record of the report."""
    files: tuple[str, ...]
    """The names of its files."""
    index: dict[str, Any]
    """The index that it was checked against."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the process is to do."""

    folder: Path
    """The folder of the job, with the batch in it."""
    index: Path
    """The index, by its whole path."""
    hidden: frozenset[str]
    """The tunes of the index that do not count."""
    options: dict[str, Any]
    """The options of the report."""


def make_report(work: Work, sender: Connection) -> None:
    """Make a report. Sends a Step now and then, and at the end a Made or a Problem."""
    ends_with_parent()
    if hasattr(os, "nice"):
        os.nice(_LOWEST_PRIORITY)
    os.chdir(work.folder)
    try:
        sender.send(_made(work, sender.send))
    except OutputError as error:
        is_of_disk = isinstance(error.__context__, OSError)
        sender.send(no_room() if is_of_disk else _problem(error, work))
    except TunetraceError as error:
        sender.send(_problem(error, work))
    except OSError:
        sender.send(no_room())


def _made(work: Work, send: Callable[[Step | Made | Problem], None]) -> Made:
    expected = estimate_tunes([BATCH])
    served = ServedIndex(work.index, work.hidden)
    for tries_left in reversed(range(TRIES)):
        send(Step("opening the index", 0, expected))
        try:
            index, origin = served.current()
            index.path = Path(work.index.name)  # which is what the report says of it
            written = report(
                BATCH,
                REPORT,
                index,
                progress=lambda what, tunes: send(Step(what, tunes, expected)),
                **work.options,
            )
        except IndexChangedError:
            served.forget()
            if not tries_left:
                raise
            time.sleep(_PAUSE_SECONDS)
            continue
        content = written.to_dict()
        del content["path"]
        told = {"fingerprint": origin.fingerprint, "corpora": list(origin.corpora.values())}
        return Made(content, written.files, told)
    raise AssertionError("unreachable")


def _problem(error: TunetraceError, work: Work) -> Problem:
    """The problem of an error, without the folder of the index."""
    name = printable(work.index.name)
    return problem_of(type(error)(str(error).replace(printable(str(work.index)), name)))
