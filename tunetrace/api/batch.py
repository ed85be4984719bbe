"""The report on a batch of transcriptions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunetrace.arguments import many_paths, public
from tunetrace.checker.verdict import COPY_SHARE
from tunetrace.corpus.readers import Format
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.progress import Progress, silent

if TYPE_CHECKING:
    from tunetrace.reports.write import Report


@public
def report(
    paths: str | Path | Sequence[str | Path],
    folder: str | Path,
    index: Index | str | Path | None = None,
    *,
    versus: str | Path | Sequence[str | Path] = (),
    format: Format | None = None,
    copy_share: float = COPY_SHARE,
    progress: Progress = silent,
    workers: int = 0,
) -> Report:
    """Check a batch against an index (the default one if none is given) and write a report on it.

    paths: files, folders, and standard input for `-`. versus: another batch, to compare it with.
    copy_share: as for check_batch. progress: told how many tunes are done. workers: extra processes
    that match slices; the main module of the program must then be one that can be imported. Raises
    InputError where an input cannot be read or holds nothing usable, OutputError where the folder
    cannot be written or has other files of a report's names, or the extra `report` is missing.
    """
    from tunetrace.reports.write import write_report

    with given_or_default(index) as opened:
        return write_report(
            many_paths(paths, "paths"),
            folder,
            opened,
            versus=many_paths(versus, "versus"),
            format=format,
            copy_share=copy_share,
            progress=progress,
            workers=workers,
        )
