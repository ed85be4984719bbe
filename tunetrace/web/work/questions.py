"""The questions that are answered in other processes, each with the index as its first argument."""

from __future__ import annotations

from typing import Any

from tunetrace.arguments import Reading
from tunetrace.checker.check import admitted_without, check_transcriptions
from tunetrace.checker.records import CheckReport
from tunetrace.corpus.readers import read_bytes
from tunetrace.errors import InputError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import Matches
from tunetrace.indexer.search.views import view_named

NAME = "input"
"""What messages call the text that was sent."""


def figure(index: Index, text: str, filters: Filters, **options: Any) -> Matches:
    """Where a figure is found."""
    return index.figure(text, filters, **options)


def check(index: Index, data: bytes, reading: Reading, **options: Any) -> CheckReport:
    """What of the tunes in a text or file is in the index. InputError if none can be checked."""
    report = checked(index, data, reading, **options)
    if not report.tunes:
        first = report.set_aside[0]
        raise InputError(f"no tune can be checked; {first.place}: {first.reason}")
    return report


def checked(index: Index, data: bytes, reading: Reading, **options: Any) -> CheckReport:
    """The same, where there may be no tune that can be checked."""
    exclude = [options.pop(f"exclude_{what}", ()) for what in ("tunes", "titles", "families")]
    return CheckReport.gather(
        check_transcriptions(
            read_bytes(data, NAME, reading),
            index,
            admitted_without(index, *exclude),
            details=True,
            view=view_named(options.pop("view")),
            **options,
        )
    )
