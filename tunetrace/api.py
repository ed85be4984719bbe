"""The functions of the public API, with the index found where it is by default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tunetrace.checker import inputs
from tunetrace.checker.records import CheckReport
from tunetrace.corpus import fetch, registry
from tunetrace.corpus.readers import Format, Rejected, read_source, read_sources, read_tunes
from tunetrace.corpus.records import CorpusEntry
from tunetrace.errors import AbcError
from tunetrace.indexer import build, change, stats, verify
from tunetrace.indexer.change import CorpusChange
from tunetrace.indexer.filters import NO_FILTERS, Filters
from tunetrace.indexer.index import DEFAULT_LIMIT, Index
from tunetrace.indexer.records import IndexInfo, Matches, Reject
from tunetrace.indexer.stats import DEFAULT_NOTES, DEFAULT_TOP, CorpusStats
from tunetrace.indexer.storage import default_path
from tunetrace.indexer.tune import TuneDetail, describe_tune
from tunetrace.indexer.verify import VerifyReport
from tunetrace.indexer.writer import Progress, silent
from tunetrace.tokenizer.explain import Explanation, Watcher
from tunetrace.tokenizer.transcription import Transcription


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What building an index gave: what is in it, and the tunes that were set aside."""

    info: IndexInfo
    set_aside: tuple[Reject, ...]


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """What changing an index gave: what became of each corpus that was named, and what is in it.

    set_aside: the tunes of the corpora that were added or replaced which could not be read.
    """

    changes: tuple[CorpusChange, ...]
    info: IndexInfo
    set_aside: tuple[Reject, ...]


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
    progress: Progress = silent,
) -> BuildReport:
    """Build an index of files, folders, `-` and named corpora; of the default ones without any.

    A named corpus that is missing is fetched. path: where, as for open_index. force: replace the
    index that is there. progress is called with what is being done and the number of tunes so far.
    Raises IndexFileError where an index is in the way or the place cannot be written, InputError
    where the only source cannot be read (of several it is set aside) or no tune is usable.
    """
    place = default_path() if path is None else Path(path)
    build.build_index(place, sources, force=force, format=format, progress=progress)
    with Index(place) as index:
        return BuildReport(index.info(), index.rejects())


def add_to_index(
    sources: Sequence[str | Path],
    path: str | Path | None = None,
    *,
    replace: bool = False,
    format: Format | None = None,
    progress: Progress = silent,
) -> ChangeReport:
    """Add files, folders, `-` and named corpora to an index, all in one transaction.

    A corpus that is there with the same content stays as it is. replace: one that is there with
    another gives way. Raises IndexFileError where there is no index, it cannot be written, or a
    corpus is in the way without replace; InputError as build_index.
    """
    place = default_path() if path is None else Path(path)
    changes = change.add_corpora(place, sources, replace=replace, format=format, progress=progress)
    return _changed(place, changes)


def remove_from_index(
    corpora: Sequence[str], path: str | Path | None = None, *, progress: Progress = silent
) -> ChangeReport:
    """Remove corpora from an index, all in one transaction; QueryError where it lacks one."""
    place = default_path() if path is None else Path(path)
    return _changed(place, change.remove_corpora(place, corpora, progress=progress))


def compact_index(path: str | Path | None = None, *, progress: Progress = silent) -> ChangeReport:
    """Merge the segments of an index, which makes searches faster, and shrink its file."""
    place = default_path() if path is None else Path(path)
    change.compact_index(place, progress=progress)
    return _changed(place, ())


def verify_index(path: str | Path | None = None, *, full: bool = False) -> VerifyReport:
    """Check that an index is whole and that its tables and its streams say the same.

    full: every suffix and every tune, not a sample. IndexFileError where it is no index at all.
    """
    return verify.verify_index(default_path() if path is None else Path(path), full=full)


def _changed(place: Path, changes: tuple[CorpusChange, ...]) -> ChangeReport:
    with Index(place) as index:
        new = {change.name for change in changes if change.change in ("added", "replaced")}
        aside = tuple(reject for reject in index.rejects() if reject.corpus in new)
        return ChangeReport(changes, index.info(), aside)


def corpora() -> tuple[CorpusEntry, ...]:
    """Every corpus that goes by a name: what is declared of it, and whether it is here."""
    return tuple(corpus.entry() for corpus in registry.NAMED_CORPORA.values())


def find_corpus(name: str) -> CorpusEntry:
    """The corpus of a name; InputError, with the nearest names, where there is none."""
    return registry.find_corpus(name).entry()


def fetch_corpus(
    name: str, *, refresh: bool = False, progress: fetch.Progress = fetch.silent
) -> CorpusEntry:
    """Fetch a corpus unless it is here and whole; its path says where it lies.

    refresh: fetch it anyway. progress is called with what is being done. Raises InputError where
    it cannot be fetched, with the address and the place to put it by hand, or is not installed.
    """
    corpus = registry.find_corpus(name)
    corpus.locate(progress, refresh=refresh)
    return corpus.entry()


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


def tune(reference: str, index: Index | None = None) -> TuneDetail:
    """The first tune that a reference names, whole; from the default index if none is given.

    reference: an id, `corpus:number` or a title. QueryError where it names no tune.
    """
    with _opened(index) as opened:
        return describe_tune(opened, reference)


def corpus_stats(
    corpus: str | None = None,
    index: Index | None = None,
    *,
    notes: int = DEFAULT_NOTES,
    top: int = DEFAULT_TOP,
) -> CorpusStats:
    """What is in a corpus of an index, or in all of it; in the default index if none is given.

    notes: how many notes the figures have that are counted, from 1 to 32; top: how many of the
    commonest bars and figures to give. QueryError for a corpus that the index lacks.
    """
    with _opened(index) as opened:
        return stats.corpus_stats(opened, corpus, notes=notes, top=top)


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
