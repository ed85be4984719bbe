"""The functions of the public API, with the index found where it is by default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tunetrace.checker import inputs
from tunetrace.checker.records import CheckReport
from tunetrace.corpus.readers import Format, Rejected, read_source, read_sources, read_tunes
from tunetrace.errors import AbcError
from tunetrace.indexer import build
from tunetrace.indexer.filters import NO_FILTERS, Filters
from tunetrace.indexer.index import DEFAULT_LIMIT, Index
from tunetrace.indexer.records import IndexInfo, Matches
from tunetrace.indexer.storage import default_path
from tunetrace.tokenizer.explain import Explanation, Watcher
from tunetrace.tokenizer.transcription import Transcription


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What building an index gave: what is in it, and the tunes that were set aside."""

    info: IndexInfo
    set_aside: tuple[Rejected, ...]


def open_index(path: str | Path | None = None) -> Index:
    """Open an index: the one at path, else TUNETRACE_INDEX's, else the user's own.

    Raises IndexFileError where it is absent, cut off, foreign or of another version.
    """
    return Index(default_path() if path is None else Path(path))


def build_index(
    sources: Sequence[str | Path] = (),
    path: str | Path | None = None,
    *,
    force: bool = False,
    format: Format | None = None,
    progress: build.Progress | None = None,
) -> BuildReport:
    """Build an index of files, folders, `-` and named corpora; of all named corpora by default.

    path: where, as for open_index. force: replace the index that is there. progress is called
    with what is being done and the number of tunes so far. Raises IndexFileError where an index
    is in the way or the place cannot be written, InputError where the only source cannot be read
    (of several it is set aside) or no tune is usable.
    """
    place = default_path() if path is None else Path(path)
    rejected = build.build_index(place, sources, force=force, format=format, progress=progress)
    with Index(place) as index:
        return BuildReport(index.info(), rejected)


def read(source: str | Path, format: Format | None = None) -> Iterator[Transcription | Rejected]:
    """The tunes of a file, of a folder's files, or of standard input for `-`, in their order.

    A tune that cannot be tokenized comes as a Rejected. Asking for the first raises InputError
    where the source cannot be read at all.
    """
    return read_source(source, format)


def tokenize(text: str, format: Format | None = None) -> list[str]:
    """The folk-rnn tokens of a transcription, headers first, transposed to C.

    Of several in the text the first is taken. Raises AbcError, with the line and the column of
    what cannot be read, and InputError where there is no transcription.
    """
    tune = next(read_tunes(text, "the text", format))
    if isinstance(tune, Rejected):
        raise AbcError(tune.reason, tune.line, tune.column, kind=tune.kind)
    return list(tune.tokens)


def explain(text: str, format: Format | None = None) -> Explanation:
    """How a transcription becomes tokens: where each comes from, and what gave none.

    Of several in the text the first is taken. Raises as tokenize.
    """
    watcher = Watcher()
    tune = next(read_tunes(text, "the text", format, watcher.make_reader))
    if isinstance(tune, Rejected):
        raise AbcError(tune.reason, tune.line, tune.column, kind=tune.kind)
    return watcher.explain(tune)


def figure(
    text: str,
    filters: Filters = NO_FILTERS,
    index: Index | None = None,
    *,
    open_end: bool = False,
    limit: int = DEFAULT_LIMIT,
) -> Matches:
    """Where a figure stands, as Index.figure; in the default index if none is given."""
    with _opened(index) as opened:
        return opened.figure(text, filters, open_end=open_end, limit=limit)


def bar(
    text: str,
    filters: Filters = NO_FILTERS,
    index: Index | None = None,
    *,
    limit: int = DEFAULT_LIMIT,
) -> Matches:
    """Where a whole bar stands, as Index.bar; in the default index if none is given."""
    with _opened(index) as opened:
        return opened.bar(text, filters, limit=limit)


def check(
    text: str,
    index: Index | None = None,
    *,
    exclude_tunes: Sequence[str] = (),
    exclude_titles: Sequence[str] = (),
    format: Format | None = None,
) -> CheckReport:
    """What of the transcriptions in a text stands in an index (the default one if none is given).

    exclude_tunes and exclude_titles leave tunes of the index out: by id, `corpus:number` or
    title; by title. Raises InputError where the text holds no tune, QueryError where exclude_tunes
    names none.
    """
    with _opened(index) as opened:
        admitted = inputs.admitted_without(opened, exclude_tunes, exclude_titles)
        return inputs.check_all(read_tunes(text, "the text", format), opened, admitted)


def check_files(
    paths: Sequence[str | Path],
    index: Index | None = None,
    *,
    exclude_tunes: Sequence[str] = (),
    exclude_titles: Sequence[str] = (),
    format: Format | None = None,
) -> CheckReport:
    """As check, for files, folders, and standard input for `-`."""
    with _opened(index) as opened:
        admitted = inputs.admitted_without(opened, exclude_tunes, exclude_titles)
        return inputs.check_all(read_sources(paths, format), opened, admitted)


def _opened(index: Index | None) -> AbstractContextManager[Index]:
    """The index that was given, left open; else the default one, closed afterwards."""
    return open_index() if index is None else nullcontext(index)
