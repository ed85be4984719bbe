"""Building an index: beside its place, which it takes when it is whole.

Where there is no index, the new file is renamed to its place. Where there is one, SQLite copies the
new one over it in one transaction: others may have that file open. Either way whoever opens that
place finds the old index or the new one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tunetrace.arguments import Format, Reading, many_paths, public
from tunetrace.corpus.registry import DEFAULT_CORPORA
from tunetrace.errors import IndexFileError
from tunetrace.files import beside, exists, remove_leftovers
from tunetrace.garbage import collector_paused
from tunetrace.indexer.build.sources import CorpusSource, find_sources
from tunetrace.indexer.build.writer import Writer, nothing_usable, read_corpus
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import IndexInfo, Reject
from tunetrace.indexer.store.connection import default_path
from tunetrace.indexer.store.sqlite import (
    OperationalErrors,
    copy_over,
    generation_at,
    journal,
    locked,
    may_be_replaced,
    new_file,
    readable_generation,
    unwritable,
)
from tunetrace.progress import Progress, silent
from tunetrace.records import Record


@dataclass(frozen=True, slots=True, repr=False)
class BuildReport(Record):
    """What building an index gave."""

    info: IndexInfo
    """What is in the index."""
    set_aside: tuple[Reject, ...]
    """The tunes set aside."""


@public
def build_index(
    sources: str | Path | Sequence[str | Path] = (),
    path: str | Path | None = None,
    *,
    force: bool = False,
    name: str | None = None,
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    progress: Progress = silent,
) -> BuildReport:
    """Build an index of files, folders, `-` (standard input) and named corpora.

    sources: default: the default corpora. A named corpus that is missing is fetched. path: as for
    open_index. force: replace an index that is there. name: what to call the corpus of the only
    source; default: the name of its file. progress: called with what is being done and the number
    of tunes so far.

    IndexFileError if an index is in the way or the place cannot be written. InputError if the only
    source cannot be read, or no tune is usable. Of several sources, one that cannot be read is set
    aside.
    """
    path = default_path() if path is None else Path(path)
    if not path.name or (exists(path) and path.is_dir()):
        raise IndexFileError(
            f"{path}: this is a folder; give the name of a file in it with --index"
        )
    if exists(path) and not may_be_replaced(path):
        raise IndexFileError(f"{path}: this file is not a tunetrace index; give another file name")
    if exists(path) and not force:
        raise _in_the_way(path)
    before = generation_at(path)
    given = many_paths(sources, "sources") or DEFAULT_CORPORA
    found = find_sources(given, Reading(format, voice, column), progress, name=name)
    place = Path(os.path.realpath(path))  # a link stays, and what it leads to is replaced
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(place)
        new = beside(place)
        try:
            report = _write(new, path, found, progress)
            _put_in_place(new, path, force=force, before=before)
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)
    except (OSError, *OperationalErrors) as error:
        raise unwritable(path, error) from None
    return report


def _in_the_way(path: Path) -> IndexFileError:
    return IndexFileError(
        f"{path}: there is an index already; replace it with --force, or add to it with "
        "'tunetrace index add'"
    )


def _put_in_place(new: Path, path: Path, *, force: bool, before: int | None) -> None:
    """Let a new index take its place. before: the generation of the index that was there."""
    with locked(path) as old:
        if exists(path) and not force:
            raise _in_the_way(path)
        if (None if old is None else readable_generation(old)) != before:
            raise IndexFileError(
                f"{path}: another process changed the index during the build, so it was not "
                "replaced; build again to replace it"
            )
        if old is None:
            journal(path).unlink(missing_ok=True)
            new.replace(os.path.realpath(path))
        else:
            copy_over(old, new)


def _write(
    new: Path, path: Path, sources: Sequence[CorpusSource], progress: Progress
) -> BuildReport:
    """Write a new file with the index that will be at path."""
    with new_file(new) as connection, collector_paused():
        writer = Writer(connection, progress)
        tunes, rejected = 0, []
        for source in sources:
            read = read_corpus(source, is_only=len(sources) == 1, progress=progress)
            count, aside = writer.add(source, writer.encoded(read))
            tunes += count
            rejected += aside
        if not tunes:
            raise nothing_usable(rejected)
        writer.close()
        with Index(path, connection) as index:
            return BuildReport(index.info(), index.rejects())
