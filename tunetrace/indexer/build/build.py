"""Building an index: beside its place, which it takes when it is whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunetrace.arguments import Format, Reading, many_paths, public
from tunetrace.cluster.connecting import ClusterName
from tunetrace.corpus.registry import DEFAULT_CORPORA
from tunetrace.garbage import collector_paused
from tunetrace.indexer.build.sources import find_sources
from tunetrace.indexer.build.steps import steps_on
from tunetrace.indexer.build.writer import Writer
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import IndexInfo, Reject
from tunetrace.indexer.store.arrays.pieces import remove_unused
from tunetrace.indexer.store.database.naming import storage_of
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
    cluster: ClusterName | None = None,
    progress: Progress = silent,
) -> BuildReport:
    """Build an index of files, folders, `-` (standard input) and named corpora.

    sources: default: the default corpora. A named corpus that is missing is fetched. path: as for
    open_index. force: replace an index that is there. name: what to call the corpus of the only
    source; default: the name of its file. cluster: read tunes and sort suffixes on a Dask cluster:
    the address of its scheduler, or how many workers to start on this machine. The index is the
    same. progress: called with what is being done and the number of tunes so far.

    IndexFileError if an index is in the way or the place cannot be written. InputError if the only
    source cannot be read, or no tune is usable. Of several sources, one that cannot be read is set
    aside. ClusterError if the cluster cannot do the work.
    """
    storage = storage_of(path)
    given = many_paths(sources, "sources") or DEFAULT_CORPORA
    failures: tuple[type[Exception], ...] = (OSError, *storage.errors)
    try:
        with storage.replacing(force=force) as connection, collector_paused():
            found = find_sources(given, Reading(format, voice, column), progress, name=name)
            with steps_on(cluster, progress) as steps:
                # On a cluster the steps report their own progress.
                told = progress if cluster is None else silent
                writer = Writer(connection, steps, told)
                for source in found:
                    writer.add(source, source.cut(is_only=len(found) == 1))
                writer.close()
            remove_unused(connection)
            with Index(storage, connection) as index:
                return BuildReport(index.info(), index.rejects())
    except failures as error:
        raise storage.unwritable(error) from None
