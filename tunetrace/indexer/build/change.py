"""Changing an index: corpora added, replaced and removed, segments merged.

Every change is one transaction. Whoever is killed in it, or reads meanwhile, has the index as it
was. The report on a change is made before the commit, through the change's own connection: nothing
else is opened then, and what is committed is never reported as failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from tunetrace.arguments import Format, Reading, many_paths, many_texts, public
from tunetrace.errors import IndexFileError
from tunetrace.indexer.build.sources import find_sources
from tunetrace.indexer.build.writer import (
    Gathered,
    Writer,
    gather,
    nothing_usable,
    read_corpus,
)
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.graph import NearGraph, rows_of
from tunetrace.indexer.records import IndexInfo, Reject
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.indexer.store import streams
from tunetrace.indexer.store.baseline import delete_baseline
from tunetrace.indexer.store.connection import Database, changing
from tunetrace.indexer.store.corpora import (
    StoredCorpus,
    check_corpus,
    delete_corpus,
    stored_corpora,
    tune_ids,
)
from tunetrace.indexer.store.meta import DamagedError, load_vocabulary, store_vocabulary
from tunetrace.indexer.store.storage import Connection, Storage, storage_of
from tunetrace.indexer.store.streams import (
    Besides,
    delete_segments,
    insert_segment,
    joined,
    load_all_views,
    load_besides,
    load_graph,
    load_segments,
    store_graph,
)
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.tokenizer.vocabulary import V2_TOKENS, Vocabulary

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
    # Reading may take long, so it is done before others are kept from changing the index.
    read = [list(read_corpus(one, is_only=len(opened) == 1, progress=progress)) for one in opened]
    changes: list[CorpusChange] = []
    with changing(storage) as connection:
        corpora = {corpus.name: corpus for corpus in stored_corpora(connection)}
        vocabulary = load_vocabulary(connection)
        gathered: list[Gathered] = []
        for source, tunes in zip(opened, read, strict=True):
            one = gather(source, tunes, vocabulary)
            there = corpora.get(source.name)
            if there is None:
                changes.append(CorpusChange(source.name, "added"))
            elif _has_content(connection, there, one):
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
            gathered.append(one)
            vocabulary = one.vocabulary
        if gathered and not any(one.tunes for one in gathered):
            raise nothing_usable([reject for one in gathered for reject in one.rejected])
        for done in changes:
            if done.change == "replaced":
                _remove(connection, corpora[done.name], progress)
        if gathered:
            delete_baseline(connection)
            writer = Writer(connection, progress)
            for one in gathered:
                writer.vocabulary = one.vocabulary
                writer.add(one.source, [*one.tunes, *one.rejected])
            writer.close()
            _compare_added(storage, connection, progress)
        return _report(storage, connection, changes)


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


def _has_content(connection: Connection, there: StoredCorpus, gathered: Gathered) -> bool:
    """Whether a corpus of the index has the content of one that was gathered."""
    if there.sha256 != gathered.sha256:
        return False
    # The same text is another content if this version reads other tokens from it.
    segments = list(load_segments(connection).values())
    held = []
    for tune_id in tune_ids(connection, there.id):
        segment = next((segment for segment in segments if tune_id in segment), None)
        if segment is None:
            raise DamagedError("the segments do not have all tunes")
        held.append(segment.symbols_of(tune_id))
    return held == [symbols for _, symbols in gathered.tunes]


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
        for corpus in stored_corpora(connection):
            if corpus.name in names:
                _remove(connection, corpus, progress)
        if names:
            delete_baseline(connection)
        return _report(storage, connection, [CorpusChange(name, "removed") for name in names])


def _remove(connection: Connection, corpus: StoredCorpus, progress: Progress) -> None:
    progress(f"removing {corpus.name}", 0)
    ids = set(tune_ids(connection, corpus.id))
    touched = {
        number: in_views
        for number, in_views in load_all_views(connection).items()
        if not ids.isdisjoint(in_views[TOKENS.name].tune_ids.tolist())
    }
    besides = load_besides(connection, list(touched))
    delete_segments(connection, list(touched))
    for number, in_views in touched.items():
        tunes = in_views[TOKENS.name].tune_ids.tolist()
        places = [place for place, tune in enumerate(tunes) if tune not in ids]
        if places:
            kept = [tunes[place] for place in places]
            of_views = {
                name: joined([segment.symbols_of(tune) for tune in kept])
                for name, segment in in_views.items()
            }
            insert_segment(connection, kept, of_views, besides[number].select(places))
    delete_corpus(connection, corpus.name)
    graph = load_graph(connection)
    if graph is not None:
        store_graph(connection, graph.without(ids))


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
        tunes = [tune for tune in tune_ids(connection) if tune not in known]
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
        segments = load_all_views(connection)
        before = load_vocabulary(connection)
        besides = Besides.join(list(load_besides(connection).values()))
        tunes = [
            (tune, {name: segment.symbols_of(tune) for name, segment in in_views.items()})
            for in_views in segments.values()
            for tune in in_views[TOKENS.name].tune_ids.tolist()
        ]
        used = set().union(*(symbols[TOKENS.name] for _, symbols in tunes))
        kept = [
            symbol for symbol in range(len(before)) if symbol < len(V2_TOKENS) or symbol in used
        ]
        vocabulary = Vocabulary(before.tokens[symbol] for symbol in kept[len(V2_TOKENS) :])
        if len(segments) > 1 or len(vocabulary) < len(before):
            progress("merging the segments", len(tunes))
            # For each view, the symbol that each symbol's name has from now on: 256 bytes.
            tables = {}
            for name, view in VIEWS.items():
                names = view.alphabet(before).names
                renumbered = view.alphabet(vocabulary).encode(names)
                tables[name] = renumbered + bytes(range(len(names), 256))
            delete_segments(connection, list(segments))
            first = 0
            for some in _runs_of_a_segment(tunes):
                of_views = {
                    name: joined([symbols[name].translate(table) for _, symbols in some])
                    for name, table in tables.items()
                }
                ids = [tune for tune, _ in some]
                of_run = besides.select(range(first, first + len(some)))
                recoded = replace(of_run, bars=of_run.bars.recoded(tables[TOKENS.name]))
                insert_segment(connection, ids, of_views, recoded)
                first += len(some)
            store_vocabulary(connection, vocabulary)
        report = _report(storage, connection, ())
        progress("shrinking the file", 0)
    return report


def _runs_of_a_segment(
    tunes: Sequence[tuple[int, dict[str, bytes]]],
) -> Iterator[list[tuple[int, dict[str, bytes]]]]:
    """Tunes, as ids and symbols by view, in runs that a segment can hold."""
    run: list[tuple[int, dict[str, bytes]]] = []
    size = 1
    for tune in tunes:
        longest = max(map(len, tune[1].values()))
        is_full = size + longest + 1 > streams.SEGMENT_SYMBOLS
        if run and (is_full or len(run) == streams.SEGMENT_TUNES):
            yield run
            run, size = [], 1
        run.append(tune)
        size += longest + 1
    if run:
        yield run
