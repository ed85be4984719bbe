"""Checking a batch of transcriptions, and measuring what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tunetrace.api.search import given_or_default
from tunetrace.arguments import many_paths, public
from tunetrace.checker.baseline.borrowing import BaselineReport
from tunetrace.checker.baseline.borrowing import measure_baseline as measure
from tunetrace.checker.check import check_transcriptions
from tunetrace.checker.inputs import Places, admitted_without
from tunetrace.checker.records import CheckedTune
from tunetrace.checker.verdict import COPY_SHARE
from tunetrace.corpus.readers import Format, read_sources
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index
from tunetrace.indexer.store.connection import default_path
from tunetrace.progress import Progress, silent


@public
def check_batch(
    paths: str | Path | Sequence[str | Path],
    index: Index | str | Path | None = None,
    *,
    exclude_tunes: str | int | Sequence[str | int] = (),
    exclude_titles: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    details: bool = False,
    copy_share: float = COPY_SHARE,
    format: Format | None = None,
    workers: int = 0,
) -> Iterator[CheckedTune | Rejected]:
    """What of each transcription of a batch is in an index (the default one if none is given).

    paths: files, folders, and standard input for `-`. The answers come one by one in the order of
    the input, those that could not be read among them; a slice of the batch is in memory at a time.
    exclude_tunes, exclude_titles: as for check. only: places in the input, as `13201` or `5-9`; the
    other tunes are passed over. details: with each bar, the hits of spans and the music, as check
    has them. copy_share: the share of notes from one corpus tune from which on a verdict says most
    of it. workers: extra processes that match slices while this one reads; the main module of the
    program must then be one that can be imported.

    Raises InputError for a path where nothing is, and for the only one where it cannot be read;
    QueryError where something excludes nothing or names no place.
    """
    places = Places.read(only)
    with given_or_default(index) as opened:
        yield from check_transcriptions(
            read_sources(many_paths(paths, "paths"), format),
            opened,
            admitted_without(opened, exclude_tunes, exclude_titles),
            details=details,
            copy_share=copy_share,
            only=places,
            workers=workers,
        )


@public
def measure_baseline(
    path: str | Path | None = None, *, progress: Progress = silent
) -> BaselineReport:
    """Measure every tune of the index at path (the default one if none is given) against all
    others, settings of the same tune left out, and store that as the baseline of the index.

    Raises IndexFileError where there is no index, it cannot be written, or it holds no two
    different tunes.
    """
    return measure(default_path() if path is None else Path(path), progress)
