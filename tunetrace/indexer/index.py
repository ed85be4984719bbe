"""An open index: what is in it, and where figures and bars are found."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import ViewName, given_filters, public, whole_number
from tunetrace.errors import QueryError
from tunetrace.indexer.bars import BarTable
from tunetrace.indexer.filters import NO_FILTERS, Filters
from tunetrace.indexer.music.sameness import SameMusic, music_hashes, same_music
from tunetrace.indexer.near.candidates import Candidates
from tunetrace.indexer.near.graph import NearGraph, graph_of
from tunetrace.indexer.near.search import NearSearch
from tunetrace.indexer.queries.spelling import in_other_keys
from tunetrace.indexer.queries.symbols import FigureQuery, bar_text_pattern
from tunetrace.indexer.records import (
    Hit,
    IndexInfo,
    Matches,
    Reject,
    Tune,
    fingerprint_of,
)
from tunetrace.indexer.search.figures import FigureSearch, Occurrences
from tunetrace.indexer.search.places import SymbolPlaces
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS, View, view_named
from tunetrace.indexer.statistics.backoff import BackoffModel, natural
from tunetrace.indexer.store.baseline import BaselineTunes, load_baseline
from tunetrace.indexer.store.catalogue import Catalogue
from tunetrace.indexer.store.connection import Connection, Database, closed, default_path
from tunetrace.indexer.store.corpora import count_tunes
from tunetrace.indexer.store.hits import all_music, music_with
from tunetrace.indexer.store.meta import DamagedError, load_vocabulary
from tunetrace.indexer.store.streams import load_graph, load_near, load_segments
from tunetrace.text import printable
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

DEFAULT_LIMIT: Final = 10
"""How many hits an answer shows."""


class Index:
    """An open index. Close it, or use it in a with statement. Any number of threads may ask it."""

    def __init__(self, path: Path, change: Connection | None = None) -> None:
        """Open the index at path; IndexFileError if it is absent, cut off or another program's.

        change: the connection of a change that is under way. Everything is read through it then.
        """
        self.path = path
        self._database = Database(path, change)
        self._catalogue = Catalogue(self._database)
        self._searches: dict[str, FigureSearch] = {}  # by view; empty if it was closed
        self.layout = lru_cache(maxsize=4096)(self._layout)
        self._backoffs: dict[str, BackoffModel] = {}  # by view
        self._backoff_lock = Lock()
        self._symbol_places: dict[str, SymbolPlaces] = {}  # by view
        self.bar_table = BarTable(self._database)
        """Where its bars are."""
        try:
            self._searches[TOKENS.name] = self._load(TOKENS)
        except BaseException:
            self.close()
            raise

    def _load(self, view: View) -> FigureSearch:
        """Read the vocabulary and the segments, and see that they hold the tunes."""
        with self._database.connected() as connection:
            vocabulary = load_vocabulary(connection)
            segments = list(load_segments(connection, view).values())
            figures = FigureSearch(segments, vocabulary, view)
            if figures.tunes != count_tunes(connection):
                raise DamagedError("the segments do not have all tunes")
        return figures

    def close(self) -> None:
        """Let go of the file and of what was read from it. Later questions are refused."""
        self._database.close()
        self._searches = {}
        with self._backoff_lock:
            self._backoffs = {}
        self.layout.cache_clear()
        self.bar_table.forget()
        self._symbol_places = {}
        for cached in ("baseline", "near", "graph", "_music"):
            self.__dict__.pop(cached, None)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # What is in it

    @property
    def figures(self) -> FigureSearch:
        """Its tokens, to be searched; IndexFileError if it was closed."""
        return self.in_view(TOKENS)

    def in_view(self, view: View) -> FigureSearch:
        """Its tunes in a view, to be searched. They are read when they are first asked for."""
        searches = self._searches  # another thread may let go of them
        if not searches:
            raise closed(self.path)
        if view.name not in searches:
            searches[view.name] = self._load(view)
        return searches[view.name]

    @property
    def catalogue(self) -> Catalogue:
        """Its rows; IndexFileError if it was closed."""
        if not self._searches:
            raise closed(self.path)
        return self._catalogue

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens of its tunes and their symbols."""
        return self.figures.vocabulary

    @property
    def tunes(self) -> int:
        """How many tunes it has."""
        return self.figures.tunes

    def info(self) -> IndexInfo:
        """Counts of the whole index and of each corpus."""
        corpora = self.catalogue.corpora()
        return IndexInfo(
            path=printable(str(self.path)),
            tunes=self.tunes,
            tokens=sum(corpus.tokens for corpus in corpora),
            bars=sum(corpus.bars for corpus in corpora),
            distinct_bars=len(self.bar_table),
            segments=len(self.figures.segments),
            has_baseline=self.baseline is not None,
            has_families=self.graph is not None,
            corpora=corpora,
            fingerprint=fingerprint_of(corpora),
        )

    def rejects(self, corpus: str | None = None) -> tuple[Reject, ...]:
        """The tunes that were set aside, of one corpus or of all; QueryError for one it lacks."""
        return self.catalogue.rejects(corpus)

    def resolve(self, reference: str | int, *, partly: bool = False) -> list[int]:
        """The ids of the tunes that a reference names: an id, `corpus:number` or a title.

        A title may name several settings. partly: a part of a title is enough, if only settings of
        one tune have it. QueryError, with the nearest titles, if it names none.
        """
        return self.catalogue.resolve(reference, partly=partly)

    def tokens(self, tune: int) -> list[str]:
        """The tokens of a tune, given by its id."""
        return self.vocabulary.decode(self.symbols(tune))

    def symbols(self, tune: int) -> bytes:
        """The tokens of a tune, given by its id, as symbols."""
        segment = next(segment for segment in self.figures.segments if tune in segment)
        return segment.symbols_of(tune)

    def _layout(self, tune: int) -> Layout:
        return lay_out(self.tokens(tune))

    def admitted(self, filters: Filters) -> Mask | None:
        """The tunes that filters admit, as a mask by tune id; None if they admit all.

        QueryError for a title, a corpus, a key or a meter that no tune of the index has, and for a
        family before the tunes were compared.
        """
        tunes = self.catalogue.admitted(given_filters(filters, "filters"))
        if filters.exclude_families:
            left_out = set(self.in_families(filters.exclude_families))
            every = (tune for some in self.figures.segments for tune in some.tune_ids.tolist())
            tunes = [tune for tune in (every if tunes is None else tunes) if tune not in left_out]
        return None if tunes is None else self.mask(tunes)

    def mask(self, tunes: Sequence[int]) -> Mask:
        """A mask by tune id that admits only these tunes."""
        mask = np.zeros(self.figures.last_id + 1, dtype=bool)
        mask[list(tunes)] = True
        return mask

    @cached_property
    def baseline(self) -> BaselineTunes | None:
        """What was measured of its tunes against one another; None before that is done."""
        with self._database.connected() as connection:
            return load_baseline(connection)

    # Figures

    def figure(
        self,
        text: str,
        filters: Filters = NO_FILTERS,
        *,
        open_end: bool = False,
        limit: int = DEFAULT_LIMIT,
        view: ViewName = TOKENS.name,
        in_key: str | None = None,
    ) -> Matches:
        """Where a figure is found.

        text: in symbols of the view, or in ABC. open_end: also where its last note is longer, in
        tokens. limit: how many hits to show. view: in which it is searched. in_key: the key in
        which the figure is written (`G`, `Edor`), unless it says so itself (`K:G GABc`) or is on C.
        QueryError for a figure, a filter or a view that has no meaning.
        """
        chosen = view_named(view)
        query = chosen.parse(text, self.vocabulary, in_key)
        _check_limit(limit)
        if open_end and not chosen.alphabet(self.vocabulary).continuing:
            raise QueryError(
                f"an open end has no meaning in the view {chosen.name}, where a note is never "
                "longer than it is written; leave it out"
            )
        admitted = self.admitted(filters)
        search = self.in_view(chosen)
        found = search.occurrences(query, open_end=open_end, admitted=admitted)
        if filters.has_place:
            found = [self._at_place(some, filters, chosen) for some in found]
        expected, log10 = None, None
        if not filters.has_place:  # which the model does not know
            expected, log10 = self._expected(query, admitted, open_end, chosen)
        tunes = search.tunes_with(found)
        remarks = query.remarks
        if not len(tunes) and chosen is TOKENS:
            remarks += in_other_keys(query, lambda other: self._count(other, open_end, admitted))
        return Matches(
            query=query.text,
            tunes=len(tunes),
            families=self.count_families(tunes),
            hits=sum(len(some.positions) for some in found),
            of=self.tunes if admitted is None else int(admitted.sum()),
            expected=expected,
            log10_expected=log10,
            results=self.hits(search.first(found, limit), chosen),
            view=chosen.name,
            asked=text,
            read_as=query.read_as,
            in_key=query.key,
            remarks=remarks,
        )

    def _count(self, tokens: Sequence[str], open_end: bool, admitted: Mask | None) -> int:
        """In how many tunes a figure of tokens is found."""
        symbols = self.vocabulary.encode_known(tokens)
        return 0 if SEPARATOR in symbols else self.figures.count(symbols, open_end, admitted)[0]

    @property
    def backoff(self) -> BackoffModel:
        """The back-off model of the tokens of all its tunes."""
        return self.backoff_in(TOKENS)

    def backoff_in(self, view: View) -> BackoffModel:
        """The back-off model of all its tunes in a view. It is counted when first asked for."""
        search = self.in_view(view)
        with self._backoff_lock:  # or several threads would count at the same time
            if view.name not in self._backoffs:
                self._backoffs[view.name] = BackoffModel(search.segments, search.alphabet)
            return self._backoffs[view.name]

    def _expected(
        self, query: FigureQuery, admitted: Mask | None, open_end: bool, view: View
    ) -> tuple[float | None, float | None]:
        """How many hits of a figure are expected in admitted tunes, and log10 of it.

        None for a figure with wildcards. The model is of all tunes. Admitted tunes have their share
        of it by their symbols.
        """
        literal = query.literal
        if literal is None:
            return None, None
        search = self.in_view(view)
        symbols = search.alphabet.encode(literal)
        hits = self.backoff_in(view).log2_expected(symbols, open_end=open_end)
        if admitted is not None:
            counts = search.symbols_of_tunes
            share = float(counts[admitted].sum() / max(1, counts.sum()))
            hits += math.log2(share) if share else -math.inf
        return natural(hits)

    def hits(self, places: Sequence[tuple[int, int, int]], view: View = TOKENS) -> tuple[Hit, ...]:
        """What is shown of places, given as (tune, its first symbol in the tune, symbols)."""
        records = self.catalogue.tunes(tune for tune, _, _ in places)
        return tuple(
            self.hit(records[tune], *view.extent(self.layout(tune), at, at + length))
            for tune, at, length in places
        )

    def hit(self, tune: Tune, first: int, stop: int, neighbours: int = 0) -> Hit:
        """What is shown of the tokens of a tune from first up to stop.

        neighbours: how many bars on each side the context has.
        """
        layout = self.layout(tune.tune)
        place = layout.position(first, stop)
        context, found = layout.context(first, stop, neighbours)
        return Hit(  # field by field: ten hits are shown in 0.1 ms
            tune=tune.tune, title=tune.title, corpus=tune.corpus, number=tune.number,
            meter=tune.meter, key=tune.key, original_key=tune.original_key, link=tune.link,
            part=place.part, bar=place.bar, ending=place.ending, onset=place.onset,
            context=context, found=found,
        )  # fmt: skip

    def _at_place(self, some: Occurrences, filters: Filters, view: View) -> Occurrences:
        tunes, firsts = some.segment.places(some.positions)
        chosen = np.zeros(len(tunes), dtype=bool)
        hits = zip(tunes.tolist(), firsts.tolist(), some.lengths.tolist(), strict=True)
        for k, (tune, at, length) in enumerate(hits):
            layout = self.layout(tune)
            place = layout.position(*view.extent(layout, at, at + length))
            chosen[k] = filters.admits(place)
        return some.select(chosen)

    # Music

    def same_music(
        self, layouts: Sequence[Layout], admitted: Mask | None = None
    ) -> list[SameMusic]:
        """Which tunes and parts are the same music as transcriptions or their parts, in order.

        For one transcription the database is asked. For several, the table of all music is read
        once and kept.
        """
        forms = music_hashes(layouts)
        if len(layouts) == 1:
            with self._database.connected() as connection:
                known = music_with(connection, forms[:, 2].tolist())
        else:
            known = self._music
        return same_music(forms, known if admitted is None else known[admitted[known[:, 1]]])

    @cached_property
    def _music(self) -> NDArray[np.int64]:
        with self._database.connected() as connection:
            return all_music(connection)

    # Near copies

    @cached_property
    def near(self) -> NearSearch:
        """Its tunes, to be searched for near copies. The arrays are read when first asked for."""
        segments = self.figures.segments
        with self._database.connected() as connection:
            of_segments = load_near(connection)
        ids = np.concatenate([np.empty(0, np.int32), *(some.tune_ids for some in segments)])
        return NearSearch(Candidates(list(of_segments.values())), ids)

    @cached_property
    def graph(self) -> NearGraph | None:
        """Which of its tunes are near copies of one another; None before they were compared."""
        tunes = [segment.tune_ids for segment in self.figures.segments]
        with self._database.connected() as connection:
            graph = load_graph(connection)
            if graph is not None and not np.array_equal(
                np.sort(np.concatenate([np.empty(0, np.int32), *tunes])), graph.tunes
            ):
                raise DamagedError("the neighbour graph is of other tunes")
        return graph

    def in_families(self, references: Iterable[str | int]) -> list[int]:
        """The ids of the tunes that are of one family with tunes that references name.

        QueryError before the tunes of the index were compared, and as resolve.
        """
        named = [tune for reference in references for tune in self.resolve(reference)]
        if not named:
            return []
        tunes: list[int] = graph_of(self.graph, str(self.path)).in_families_of(named).tolist()
        return tunes

    @property
    def family_of(self) -> NDArray[np.int32] | None:
        """The family of each tune by its id, (last id + 1,); None before they were compared."""
        return None if self.graph is None else self.graph.family_of

    def count_families(self, tunes: Iterable[int]) -> int | None:
        """How many families tunes are of, given by their ids; None before they were compared."""
        return None if self.graph is None else self.graph.count_families(tunes)

    # Bars

    def bar(
        self,
        text: str,
        filters: Filters = NO_FILTERS,
        *,
        limit: int = DEFAULT_LIMIT,
        view: ViewName = TOKENS.name,
        in_key: str | None = None,
    ) -> Matches:
        """Where a whole bar is found, from one bar line to the next.

        text, view, in_key: as in figure; the bar is all symbols of a whole bar. QueryError for a
        bar, a filter or a view that has no meaning.
        """
        chosen = view_named(view)
        query = chosen.parse_bar(text, self.vocabulary, in_key)
        _check_limit(limit)
        admitted = self.admitted(filters)
        found = self._whole_bars(query, chosen, admitted)
        rows = [
            row
            for row in found
            if (admitted is None or admitted[row[0]])
            and (filters.part is None or row[2] == filters.part)
            and (filters.bar is None or row[3] == filters.bar)
            and (
                filters.onset is None or self.layout(row[0]).position(row[1]).onset == filters.onset
            )
        ]
        records = self.catalogue.tunes(row[0] for row in rows[:limit])
        tunes = {row[0] for row in rows}
        remarks = query.remarks
        if not tunes and chosen is TOKENS:
            remarks += in_other_keys(query, lambda other: self._count_bar(other, admitted))
        return Matches(
            query=query.text,
            tunes=len(tunes),
            families=self.count_families(tunes),
            hits=len(rows),
            of=self.tunes if admitted is None else int(admitted.sum()),
            expected=None,
            log10_expected=None,
            results=tuple(self._bar_hit(records[row[0]], row[1]) for row in rows[:limit]),
            view=chosen.name,
            asked=text,
            read_as=query.read_as,
            in_key=query.key,
            remarks=remarks,
        )

    def _count_bar(self, tokens: Sequence[str], admitted: Mask | None) -> int:
        """In how many tunes a whole bar is found."""
        found = {row[0] for row in self.bar_table.matching(" ".join(tokens))}
        return len(found) if admitted is None else sum(admitted[tune] for tune in found)

    def _whole_bars(
        self, query: FigureQuery, view: View, admitted: Mask | None
    ) -> list[tuple[int, int, int, int]]:
        """The hits of a bar: (tune, token, part, number), by tune."""
        if view.units is not None:
            hits = self.in_view(view).occurrences(query, admitted=admitted)
            whole = self.places_in(view).whole_bars(hits)
            bars = [self.layout(tune).bar_at(token) for tune, token in whole]
            return [(*at, bar.part, bar.number) for at, bar in zip(whole, bars, strict=True)]
        is_literal = query.literal is not None
        wanted = query.text if is_literal else re.compile(bar_text_pattern(query.elements))
        return self.bar_table.matching(wanted)

    def places_in(self, view: View) -> SymbolPlaces:
        """The notes and bars in a view of events. They are counted when first asked for."""
        tokens, search = self.figures, self.in_view(view)  # which refuse a closed index
        if view.name not in self._symbol_places:
            assert view.units is not None, "symbols are tokens"
            places = SymbolPlaces(tokens, search, view.units, self.bar_table.in_order)
            self._symbol_places[view.name] = places
        return self._symbol_places[view.name]

    def _bar_hit(self, tune: Tune, token: int) -> Hit:
        bar = self.layout(tune.tune).bar_at(token)
        return self.hit(tune, bar.start, bar.stop, neighbours=1)


def _check_limit(limit: int) -> None:
    if whole_number(limit, "limit") < 0:
        raise QueryError(f"the limit cannot be {limit}; give the number of hits to show, 0 or more")


@public
def open_index(path: str | Path | None = None) -> Index:
    """Open the index at path, or the default one: TUNETRACE_INDEX's, else the user's own.

    IndexFileError if it is absent, cut off, another program's or of another version.
    """
    return Index(default_path() if path is None else Path(path))


def given_or_default(index: Index | str | Path | None) -> AbstractContextManager[Index]:
    """An open index, which stays open; or the index at a path or the default one, until the end."""
    return nullcontext(index) if isinstance(index, Index) else open_index(index)


@public
def figure(
    text: str,
    filters: Filters = NO_FILTERS,
    index: Index | str | Path | None = None,
    *,
    open_end: bool = False,
    limit: int = DEFAULT_LIMIT,
    view: ViewName = TOKENS.name,
    in_key: str | None = None,
) -> Matches:
    """Where a figure is found; see Index.figure.

    index: open, or its path; default: your own. view: in which the figure is searched. in_key: the
    key in which the figure is written.
    """
    with given_or_default(index) as opened:
        return opened.figure(
            text, filters, open_end=open_end, limit=limit, view=view, in_key=in_key
        )


@public
def bar(
    text: str,
    filters: Filters = NO_FILTERS,
    index: Index | str | Path | None = None,
    *,
    limit: int = DEFAULT_LIMIT,
    view: ViewName = TOKENS.name,
    in_key: str | None = None,
) -> Matches:
    """Where a whole bar is found; see Index.bar.

    index: open, or its path; default: your own. view: in which the bar is searched. in_key: the
    key in which the bar is written.
    """
    with given_or_default(index) as opened:
        return opened.bar(text, filters, limit=limit, view=view, in_key=in_key)
