"""Changing an index: corpora added, replaced and removed, segments merged.

Every change is one transaction. Whoever is killed in it, or reads meanwhile, has the index as it
was. The report on a change is made before the commit, through the change's own connection: nothing
else is opened then, and what is committed is never reported as failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import Format, Reading, many_paths, many_texts, public
from tunetrace.corpus.records import Rejected
from tunetrace.errors import IndexFileError
from tunetrace.indexer.build.merge import Part, Size, rewrite, tiers
from tunetrace.indexer.build.sources import CorpusSource, find_sources
from tunetrace.indexer.build.spool import Spool
from tunetrace.indexer.build.writer import Digest, Writer, encoded, read_corpus
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.graph import NearGraph, rows_of
from tunetrace.indexer.records import IndexInfo, Reject
from tunetrace.indexer.search.views import VIEWS
from tunetrace.indexer.store.arrays.baseline import delete_baseline
from tunetrace.indexer.store.arrays.streams import (
    delete_segments,
    load_graph,
    load_segments,
    load_tune_ids,
    segment_sizes,
    store_graph,
)
from tunetrace.indexer.store.database.connection import Database, changing
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.database.storage import Connection, Storage
from tunetrace.indexer.store.meta import DamagedError, load_vocabulary, store_vocabulary
from tunetrace.indexer.store.rows.corpora import (
    StoredCorpus,
    check_corpus,
    delete_corpus,
    stored_corpora,
    tune_ids,
)
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.text import listed
from tunetrace.tokenizer.vocabulary import SEPARATOR, V2_TOKENS, Vocabulary

_TOGETHER: Final = 200
"""How many added tunes are compared between two reports of progress."""


@dataclass(frozen=True, slots=True, repr=False)
class CorpusChange(Record):
    """What became of a corpus."""

    name: str
    """The name of the corpus."""
    change: Literal["added", "replaced", "unchanged", "removed"]
    """What was done. A corpus that is there with the same content is unchanged."""


@dataclass(frozen=True, slots=True, repr=False)
class ChangeReport(Record):
    """What changing an index gave."""

    changes: tuple[CorpusChange, ...]
    """What became of each corpus that was named."""
    info: IndexInfo
    """What is in the index now."""
    set_aside: tuple[Reject, ...]
    """The tunes set aside in the corpora that were added or replaced."""


@public
def add_to_index(
    sources: str | Path | Sequence[str | Path],
    path: str | Path | None = None,
    *,
    replace: bool = False,
    name: str | None = None,
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    progress: Progress = silent,
) -> ChangeReport:
    """Add files, folders, `-` (standard input) and named corpora to an index, in one transaction.

    A corpus that is there with the same content stays as it is. replace: replace a corpus that is
    there with another content. The other arguments are those of build_index.

    IndexFileError if there is no index, if it cannot be written, or if a corpus is in the way.
    InputError as build_index.
    """
    storage = storage_of(path)
    given = many_paths(sources, "sources")
    opened = find_sources(
        given, Reading(format, voice, column), progress, name=name, known=_names_by_source(storage)
    )
    with ExitStack() as spools:
        # Reading may take long, so it is done before others are kept from changing the index.
        read = [
            spools.enter_context(
                Spool(read_corpus(one, is_only=len(opened) == 1, progress=progress))
            )
            for one in opened
        ]
        with changing(storage) as connection:
            changes, added = _decide(storage, connection, zip(opened, read, strict=True), replace)
            there = {corpus.name: corpus for corpus in stored_corpora(connection)}
            replaced = [there[one.name] for one in changes if one.change == "replaced"]
            if replaced:
                _remove(connection, replaced, progress)
            if added:
                delete_baseline(connection)
                writer = Writer(connection, progress=progress)
                for source, tunes in added:
                    writer.add(source, tunes)
                writer.close()
                _merge_tiers(connection, progress)
                _compare_added(storage, connection, progress)
            return _report(storage, connection, changes)


def _decide(
    storage: Storage,
    connection: Connection,
    read: Iterable[tuple[CorpusSource, Spool]],
    replace: bool,
) -> tuple[list[CorpusChange], list[tuple[CorpusSource, Spool]]]:
    """What becomes of each source, and those that are to be written.

    replace: whether a corpus that is there with another content is replaced; otherwise it is in the
    way, which is an IndexFileError.
    """
    changes: list[CorpusChange] = []
    added: list[tuple[CorpusSource, Spool]] = []
    corpora = {corpus.name: corpus for corpus in stored_corpora(connection)}
    for source, tunes in read:
        there = corpora.get(source.name)
        if there is None:
            changes.append(CorpusChange(source.name, "added"))
        elif _has_content(connection, there, tunes):
            changes.append(CorpusChange(source.name, "unchanged"))
            continue
        elif replace:
            changes.append(CorpusChange(source.name, "replaced"))
        else:
            raise IndexFileError(
                f"{storage.shown}: the index has a corpus '{there.name}' with other content "
                f"(from {there.source}); replace that corpus with --replace, or give the new "
                "one another name with --name"
            )
        added.append((source, tunes))
    return changes, added


def _names_by_source(storage: Storage) -> dict[str, str]:
    with closing(Database(storage)) as database, database.connected() as connection:
        return {corpus.source: corpus.name for corpus in stored_corpora(connection)}


def _report(
    storage: Storage, connection: Connection, changes: Sequence[CorpusChange]
) -> ChangeReport:
    """The report on a change that is about to be committed."""
    with Index(storage, connection) as index:
        new = {change.name for change in changes if change.change in ("added", "replaced")}
        aside = tuple(reject for reject in index.rejects() if reject.corpus in new)
        return ChangeReport(tuple(changes), index.info(), aside)


def _has_content(connection: Connection, there: StoredCorpus, read: Spool) -> bool:
    """Whether a corpus of the index has the content that was read."""
    vocabulary = load_vocabulary(connection)
    held = _symbols_of(connection, there)
    whole, rejects = Digest(), []
    for tune in read:
        one = tune if isinstance(tune, Rejected) else encoded(tune, vocabulary)
        if isinstance(one, Rejected):
            rejects.append((one.line, one.reason))
            continue
        whole.add(one[0].text)
        # The same text is another content if this version reads other tokens from it.
        if one[1] != next(held, None):
            return False
    return next(held, None) is None and whole.finish(rejects) == there.sha256


def _symbols_of(connection: Connection, corpus: StoredCorpus) -> Iterator[bytes]:
    """The symbols of the tunes of a corpus; DamagedError if the segments do not have them all."""
    ids = tune_ids(connection, corpus.id)
    found = 0
    for segment in load_segments(connection).values():
        for tune in np.intersect1d(ids, segment.tune_ids, assume_unique=True).tolist():
            yield segment.symbols_of(tune)
            found += 1
    if found != len(ids):
        raise DamagedError("the segments do not have all tunes")


@public
def remove_from_index(
    corpora: str | Sequence[str], path: str | Path | None = None, *, progress: Progress = silent
) -> ChangeReport:
    """Remove corpora from an index, in one transaction; QueryError for a corpus that it lacks."""
    storage = storage_of(path)
    names = list(dict.fromkeys(many_texts(corpora, "corpora")))
    with changing(storage) as connection:
        for name in names:
            check_corpus(name, connection)
        removed = [corpus for corpus in stored_corpora(connection) if corpus.name in names]
        if removed:
            _remove(connection, removed, progress)
            _merge_tiers(connection, progress)
            delete_baseline(connection)
        return _report(storage, connection, [CorpusChange(name, "removed") for name in names])


def _remove(connection: Connection, corpora: Sequence[StoredCorpus], progress: Progress) -> None:
    """Remove corpora, at least one. The segments that held nothing of them stay."""
    progress(f"removing {listed([corpus.name for corpus in corpora])}", 0)
    ids = np.concatenate([tune_ids(connection, corpus.id) for corpus in corpora])
    targets = []
    for segment in segment_sizes(connection):
        is_removed = np.isin(load_tune_ids(connection, segment), ids)
        if is_removed.all():
            delete_segments(connection, [segment])
        elif is_removed.any():
            targets.append([Part(segment, np.flatnonzero(~is_removed))])
    rewrite(connection, targets, progress)
    for corpus in corpora:
        delete_corpus(connection, corpus.name)
    graph = load_graph(connection)
    if graph is not None:
        store_graph(connection, graph.without(ids.tolist()))


def _merge_tiers(connection: Connection, progress: Progress) -> None:
    """Merge small segments that are neighbours, so that there are few."""
    whole = [
        (Part(segment, np.arange(tunes)), Size(tunes, symbols))
        for segment, (tunes, symbols) in segment_sizes(connection).items()
    ]
    groups = tiers([size for _, size in whole])
    merged = [[whole[place][0] for place in some] for some in groups if len(some) > 1]
    rewrite(connection, merged, progress)


def _compare_added(storage: Storage, connection: Connection, progress: Progress) -> None:
    """Compare the tunes that the neighbour graph lacks with all others, if there is a graph.

    Pairs that were compared before keep their probabilities, although the terms of the new tunes
    would change them a little.
    """
    graph = load_graph(connection)
    if graph is None:
        return
    known = set(graph.tunes.tolist())
    rows = [graph.rows()]
    with Index(storage, connection) as index:
        tunes = np.setdiff1d(tune_ids(connection), graph.tunes, assume_unique=True).tolist()
        for first in range(0, len(tunes), _TOGETHER):
            progress("comparing the added tunes", first)
            some = tunes[first : first + _TOGETHER]
            rows.append(rows_of(index.near, some, [index.layout(tune) for tune in some]))
        # A pair may be more probable if the other tune is asked.
        found = sorted({int(tune) for some in rows[1:] for tune in some[:, 1]} & known)
        added = index.mask(tunes)
        for first in range(0, len(found), _TOGETHER):
            some = found[first : first + _TOGETHER]
            layouts = [index.layout(tune) for tune in some]
            rows.append(rows_of(index.near, some, layouts, added))
    store_graph(connection, NearGraph.of([*known, *tunes], np.concatenate(rows)))


@public
def compact_index(path: str | Path | None = None, *, progress: Progress = silent) -> ChangeReport:
    """Merge the segments of an index, which makes searches faster, and shrink its file.

    Tokens beyond v2 that no tune has any longer are forgotten. Tunes keep their ids.
    """
    storage = storage_of(path)
    with changing(storage, shrink="the segments are merged") as connection:
        before = load_vocabulary(connection)
        used = _used_symbols(connection)
        vocabulary = Vocabulary(
            before.tokens[symbol] for symbol in used if symbol >= len(V2_TOKENS)
        )
        symbols = None
        if len(vocabulary) < len(before):
            symbols = _renumbered(before, vocabulary)
            store_vocabulary(connection, vocabulary)
        targets = _cut_anew(connection)
        sizes = segment_sizes(connection)
        rewrite(
            connection,
            [
                parts for parts in targets
                if symbols or len(parts) > 1 or len(parts[0].places) < sizes[parts[0].segment][0]
            ],
            progress,
            symbols,
        )  # fmt: skip
        report = _report(storage, connection, ())
        progress("shrinking the file", 0)
    return report


def _used_symbols(connection: Connection) -> list[int]:
    """The symbols of tokens that tunes have, ascending."""
    counts = np.zeros(SEPARATOR + 1, dtype=np.int64)
    for segment in load_segments(connection).values():
        counts += np.bincount(segment.symbols, minlength=len(counts))
    return np.flatnonzero(counts[:SEPARATOR]).tolist()


def _renumbered(before: Vocabulary, vocabulary: Vocabulary) -> dict[str, bytes]:
    """For each view the symbol that each symbol's name has in another vocabulary: 256 bytes."""
    tables = {}
    for name, view in VIEWS.items():
        names = view.alphabet(before).names
        renumbered = view.alphabet(vocabulary).encode(names)
        tables[name] = renumbered + bytes(range(len(names), 256))
    return tables


def _cut_anew(connection: Connection) -> list[list[Part]]:
    """All tunes in segments as large as they may be: the parts that each is made of."""
    targets: list[list[Part]] = [[]]
    filled = Size(0, 1)
    for segment in segment_sizes(connection):
        first = 0
        for place, symbols in enumerate(_lengths(connection, segment).tolist()):
            tune = Size(1, symbols)
            if not (filled + tune).fits and filled.tunes:
                targets[-1].append(Part(segment, np.arange(first, place)))
                targets.append([])
                filled, first = Size(0, 1), place
            filled += tune
        targets[-1].append(Part(segment, np.arange(first, place + 1)))
    whole = [[part for part in parts if len(part.places)] for parts in targets]
    return [parts for parts in whole if parts]


def _lengths(connection: Connection, segment: int) -> NDArray[np.int32]:
    """How many symbols each tune of a segment has, its separator too, in the view with most."""
    of_views = [
        load_segments(connection, view, [segment])[segment].bounds for view in VIEWS.values()
    ]
    lengths: NDArray[np.int32] = np.diff(np.stack(of_views)).max(axis=0)
    return lengths
