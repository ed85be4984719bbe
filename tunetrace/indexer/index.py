"""An open index: what is in it, and where figures and bars are found."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import ViewName, given_filters, many_figures, none_or_more, public
from tunetrace.errors import QueryError
from tunetrace.indexer.counting.many import count_many
from tunetrace.indexer.filters import NO_FILTERS, Filters
from tunetrace.indexer.find.placed import Placed
from tunetrace.indexer.near.graph import graph_of
from tunetrace.indexer.opened import OpenedIndex
from tunetrace.indexer.queries.conditions import Sought
from tunetrace.indexer.queries.spelling import found_elsewhere
from tunetrace.indexer.queries.symbols import FigureQuery, whole_bar_pattern
from tunetrace.indexer.records import (
    FigureCounts,
    Hit,
    IndexInfo,
    Matches,
    Reject,
    Tune,
    fingerprint_of,
)
from tunetrace.indexer.search.figures import FigureSearch, Occurrences
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS, View, view_named
from tunetrace.indexer.statistics.backoff import natural
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.tokenizer.vocabulary import SEPARATOR

DEFAULT_LIMIT: Final = 10
"""How many hits an answer shows."""


class Index(OpenedIndex):
    """An open index. Close it, or use it in a with statement. Any number of threads may ask it."""

    # What is in it

    def info(self) -> IndexInfo:
        """Counts of the whole index and of each corpus."""
        corpora = self.catalogue.corpora()
        return IndexInfo(
            path=self.named,
            tunes=self.tunes,
            tokens=sum(corpus.tokens for corpus in corpora),
            bars=sum(corpus.bars for corpus in corpora),
            distinct_bars=self.bar_table.distinct,
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

    def in_families(self, references: Iterable[str | int]) -> list[int]:
        """The ids of the tunes that are of one family with tunes that references name.

        QueryError before the tunes of the index were compared, and as resolve.
        """
        named = [tune for reference in references for tune in self.resolve(reference)]
        if not named:
            return []
        tunes: list[int] = graph_of(self.graph, self.named).in_families_of(named).tolist()
        return tunes

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
        none_or_more(limit, "limit")
        admitted = self.admitted(filters)
        search = self.in_view(chosen)
        _check_open_end(open_end, search)
        found = self._found(query, search, filters, open_end, admitted)
        expected, log10 = None, None
        if not filters.has_place:  # which the model does not know
            expected, log10 = self._expected(query, admitted, open_end, chosen)
        tunes = search.tunes_with(found)
        remarks = query.remarks
        if not len(tunes) and chosen is TOKENS:
            remarks += found_elsewhere(
                query, lambda other: self.tunes_that_have(other, open_end, admitted)
            )
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

    def count_many(
        self,
        figures: Iterable[str | Sequence[str]],
        filters: Filters = NO_FILTERS,
        *,
        open_end: bool = False,
        view: ViewName = TOKENS.name,
        in_key: str | None = None,
    ) -> FigureCounts:
        """In how many tunes, and how often, each of many figures is found, as figure counts them.

        figures: each as text, or as a sequence of symbols of the view. The other parameters are
        those of figure. Where there are thousands of figures, one of plain symbols takes a
        microsecond. With a wildcard, in ABC, at a place or with a key it takes as long as a figure
        by itself. QueryError, with its number from 1, for a figure that has no meaning; QueryError
        for a filter or a view that has none.
        """
        chosen = view_named(view)
        texts = many_figures(figures, "figures")
        admitted = self.admitted(filters)
        search = self.in_view(chosen)
        _check_open_end(open_end, search)
        self.see_whether_changed()
        plain = None if in_key or filters.has_place else self.plain_figures(search).read(texts)
        if plain is not None:
            tunes, hits = count_many(search, plain, open_end=open_end, admitted=admitted)
        else:
            tunes, hits = np.zeros((2, len(texts)), dtype=np.intp)
            symbols: dict[int, bytes] = {}
            for number, text in enumerate(texts):
                try:
                    query = chosen.parse(text, self.vocabulary, in_key)
                except QueryError as error:
                    raise QueryError(f"figure {number + 1}: {error}") from None
                if query.literal is None or filters.has_place:
                    found = self._found(query, search, filters, open_end, admitted)
                    tunes[number] = len(search.tunes_with(found))
                    hits[number] = sum(len(some.positions) for some in found)
                else:
                    symbols[number] = search.alphabet.encode(query.literal)
            end = bytes([SEPARATOR])
            asked = {number: one for number, one in symbols.items() if end not in one}
            tunes[list(asked)], hits[list(asked)] = count_many(
                search,
                b"".join(one + end for one in asked.values()),
                open_end=open_end,
                admitted=admitted,
            )
        return FigureCounts(
            tunes=tuple(tunes.tolist()),
            hits=tuple(hits.tolist()),
            of=self.tunes if admitted is None else int(admitted.sum()),
            view=chosen.name,
        )

    def _found(
        self,
        query: FigureQuery,
        search: FigureSearch,
        filters: Filters,
        open_end: bool,
        admitted: Mask | None,
    ) -> list[Occurrences]:
        """Where a figure is found, segment by segment."""
        found = search.occurrences(query, open_end=open_end, admitted=admitted)
        return self.at_place(found, filters, search.view) if filters.has_place else found

    def tunes_that_have(self, tokens: Sequence[str], open_end: bool, admitted: Mask | None) -> int:
        """In how many tunes a figure of tokens is found."""
        symbols = self.vocabulary.encode_known(tokens)
        return 0 if SEPARATOR in symbols else self.figures.count(symbols, open_end, admitted)[0]

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

    def at_place(
        self, found: Sequence[Occurrences], filters: Filters, view: View
    ) -> list[Occurrences]:
        """The hits at the place that filters ask for, segment by segment."""
        sought = Sought("", part=filters.part, bar=filters.bar, onset=filters.onset)
        with_tunes = [(some, some.segment.tunes_at(some.positions)) for some in found]
        placed = Placed(sought, sought.place, with_tunes, self.figures.last_id)
        placed.settle(placed.possibly, self, view)
        return [some for some, _ in placed.found]

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
        none_or_more(limit, "limit")
        admitted = self.admitted(filters)
        self.see_whether_changed()
        found = self._whole_bars(query, chosen, admitted)
        if admitted is not None:
            found = found[admitted[found[:, 0]]]
        for column, wanted in ((2, filters.part), (3, filters.bar)):
            if wanted is not None:
                found = found[found[:, column] == wanted]
        if filters.onset is not None:
            is_there = [
                self.layout(tune).position(token).onset == filters.onset
                for tune, token in found[:, :2].tolist()
            ]
            found = found[np.array(is_there, dtype=bool)]
        shown = found[:limit, :2].tolist()
        records = self.catalogue.tunes(tune for tune, _ in shown)
        tunes = np.unique(found[:, 0])
        remarks = query.remarks
        if not len(tunes) and chosen is TOKENS:
            remarks += found_elsewhere(query, lambda other: self._count_bar(other, admitted))
        return Matches(
            query=query.text,
            tunes=len(tunes),
            families=self.count_families(tunes),
            hits=len(found),
            of=self.tunes if admitted is None else int(admitted.sum()),
            expected=None,
            log10_expected=None,
            results=tuple(self._bar_hit(records[tune], token) for tune, token in shown),
            view=chosen.name,
            asked=text,
            read_as=query.read_as,
            in_key=query.key,
            remarks=remarks,
        )

    def _count_bar(self, tokens: Sequence[str], admitted: Mask | None) -> int:
        """In how many tunes a whole bar is found."""
        places = self.bar_table.find([" ".join(tokens)], admitted).places(0)
        return len(places.tunes)

    def _whole_bars(
        self, query: FigureQuery, view: View, admitted: Mask | None
    ) -> NDArray[np.int64]:
        """The hits of a bar, by tune: (hits, 4), the tune, the token, the part, the number."""
        if view.units is not None:
            hits = self.in_view(view).occurrences(query, admitted=admitted)
            whole = self.places_in(view).whole_bars(hits)
            bars = [self.layout(tune).bar_at(token) for tune, token in whole]
            rows = [(*at, bar.part, bar.number) for at, bar in zip(whole, bars, strict=True)]
            return np.array(rows, dtype=np.int64).reshape(-1, 4)
        if query.literal is not None:
            return self.bar_table.matching(query.text)
        pattern = whole_bar_pattern(query.elements, self.vocabulary)
        if pattern is None:
            return np.empty((0, 4), dtype=np.int64)
        return self.bar_table.matching(pattern)

    def _bar_hit(self, tune: Tune, token: int) -> Hit:
        bar = self.layout(tune.tune).bar_at(token)
        return self.hit(tune, bar.start, bar.stop, neighbours=1)


def _check_open_end(open_end: bool, search: FigureSearch) -> None:
    if open_end and not search.alphabet.continuing:
        raise QueryError(
            f"an open end has no meaning in the view {search.view.name}, where a note is never "
            "longer than it is written; leave it out"
        )


@public
def open_index(path: str | Path | None = None) -> Index:
    """Open the index at path, or the default one: TUNETRACE_INDEX's, else the user's own.

    path: of a file, or the URL of a PostgreSQL database (postgresql+psycopg://USER@HOST/DATABASE).
    IndexFileError if it is absent, cut off, another program's or of another version.
    """
    return Index(storage_of(path))


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
