"""Building an index, changing it, and looking it over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunetrace.arguments import many_paths, many_texts, public
from tunetrace.corpus.readers import Format
from tunetrace.indexer.build import build, change, verify
from tunetrace.indexer.build.build import BuildReport
from tunetrace.indexer.build.change import ChangeReport
from tunetrace.indexer.build.verify import VerifyReport
from tunetrace.indexer.store.connection import default_path
from tunetrace.progress import Progress, silent


@public
def build_index(
    sources: str | Path | Sequence[str | Path] = (),
    path: str | Path | None = None,
    *,
    force: bool = False,
    name: str | None = None,
    format: Format | None = None,
    progress: Progress = silent,
) -> BuildReport:
    """Build an index of files, folders, `-` and named corpora; of the default ones without any.

    A named corpus that is missing is fetched. path: where, as for open_index. force: replace the
    index that is there. name: what to call the corpus of the only source, else it has the name of
    its file. progress is called with what is being done and the number of tunes so far.
    Raises IndexFileError where an index is in the way or the place cannot be written, InputError
    where the only source cannot be read (of several it is set aside) or no tune is usable.
    """
    place = default_path() if path is None else Path(path)
    return build.build_index(
        place,
        many_paths(sources, "sources"),
        force=force,
        name=name,
        format=format,
        progress=progress,
    )


@public
def add_to_index(
    sources: str | Path | Sequence[str | Path],
    path: str | Path | None = None,
    *,
    replace: bool = False,
    name: str | None = None,
    format: Format | None = None,
    progress: Progress = silent,
) -> ChangeReport:
    """Add files, folders, `-` and named corpora to an index, all in one transaction.

    A corpus that is there with the same content stays as it is. replace: one that is there with
    another gives way. name: as for build_index. Raises IndexFileError where there is no index, it
    cannot be written, or a corpus is in the way without replace; InputError as build_index.
    """
    place = default_path() if path is None else Path(path)
    return change.add_corpora(
        place,
        many_paths(sources, "sources"),
        replace=replace,
        name=name,
        format=format,
        progress=progress,
    )


@public
def remove_from_index(
    corpora: str | Sequence[str], path: str | Path | None = None, *, progress: Progress = silent
) -> ChangeReport:
    """Remove corpora from an index, all in one transaction; QueryError where it lacks one."""
    place = default_path() if path is None else Path(path)
    return change.remove_corpora(place, many_texts(corpora, "corpora"), progress=progress)


@public
def compact_index(path: str | Path | None = None, *, progress: Progress = silent) -> ChangeReport:
    """Merge the segments of an index, which makes searches faster, and shrink its file."""
    place = default_path() if path is None else Path(path)
    return change.compact_index(place, progress=progress)


@public
def verify_index(
    path: str | Path | None = None, *, full: bool = False, progress: Progress = silent
) -> VerifyReport:
    """Check that an index is whole and that its tables and its streams say the same.

    full: every suffix and every tune, not a sample. IndexFileError where it is no index at all.
    """
    place = default_path() if path is None else Path(path)
    return verify.verify_index(place, full=full, progress=progress)
