"""An index that is open: its arrays and rows, each read from the file when it is first needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tunetrace.errors import QueryError
from tunetrace.indexer.bars.segment import SegmentBars
from tunetrace.indexer.bars.table import BarTable
from tunetrace.indexer.counting.reading import PlainFigures
from tunetrace.indexer.music.sameness import SameMusic, music_hashes
from tunetrace.indexer.music.segment import (
    FoundForms,
    SegmentMusic,
    find_forms,
    same_music,
)
from tunetrace.indexer.near.candidates import Candidates
from tunetrace.indexer.near.graph import NearGraph
from tunetrace.indexer.near.search import NearSearch
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.places import SymbolPlaces
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS, View
from tunetrace.indexer.statistics.backoff import BackoffModel, Tables, backoff_tables
from tunetrace.indexer.store.arrays.baseline import BaselineTunes, load_baseline
from tunetrace.indexer.store.arrays.derived import derived_arrays
from tunetrace.indexer.store.arrays.pieces import array_bytes
from tunetrace.indexer.store.arrays.streams import (
    BARS,
    MUSIC,
    NEAR,
    load_bars,
    load_graph,
    load_music,
    load_near,
    load_segments,
)
from tunetrace.indexer.store.database.connection import Database
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.database.storage import Connection, Storage
from tunetrace.indexer.store.meta import DamagedError, generation_of, load_vocabulary
from tunetrace.indexer.store.rows.catalogue import Catalogue
from tunetrace.indexer.store.rows.corpora import count_tunes, numbered
from tunetrace.text import printable
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import Vocabulary

_LAYOUTS: Final = 1024
"""So many tunes that were laid out are kept, of some 6 kB each."""


class OpenedIndex:
    """The file of an index that is open, and what was read of it. Any number of threads may ask."""

    def __init__(
        self,
        index: str | Path | Storage,
        change: Connection | None = None,
        *,
        hidden: Iterable[str] = (),
        may_lack: bool = False,
        counts_ahead: bool = True,
    ) -> None:
        """Open an index, given by its path or its URL; IndexFileError if it is absent, cut
        off or another program's.

        change: the connection of a change that is under way. Everything is read through it then.
        hidden: tunes, as `corpus:number`, that are in no answer and no count, as if the index did
        not have them. QueryError for one that it lacks, unless may_lack. counts_ahead: count all
        common figures after some ten thousand questions; that takes seconds, and makes many later
        questions a little faster.
        """
        self.storage = storage_of(index)
        """Where it is kept."""
        self.named = self.storage.shown
        """What answers call it."""
        self.hidden = frozenset(hidden)
        """The tunes that are in no answer, as `corpus:number`; some may not be in the index."""
        self._hidden: frozenset[int] = frozenset()  # their ids
        self._counts_ahead = counts_ahead
        self._database = Database(self.storage, change)
        self._catalogue = Catalogue(self._database)
        self._searches: dict[str, FigureSearch] = {}  # by view; empty if it was closed
        self.layout = lru_cache(maxsize=_LAYOUTS)(self._layout)
        self._backoffs: dict[str, BackoffModel] = {}  # by view
        self._backoff_lock = Lock()
        self._symbol_places: dict[str, SymbolPlaces] = {}  # by view
        self._plain_figures: dict[str, PlainFigures] = {}  # by view
        try:
            if self.hidden:
                self._hide(may_lack=may_lack)
            self._searches[TOKENS.name] = self._load(TOKENS)
        except BaseException:
            self.close()
            raise

    def _load(self, view: View) -> FigureSearch:
        """Read the vocabulary and the segments, and see that they hold the tunes."""
        with self._database.connected() as connection:
            vocabulary = load_vocabulary(connection)
            every = load_segments(connection, view).values()
            segments = [some for one in every if (some := one.without(self._hidden)) is not None]
            figures = FigureSearch(segments, vocabulary, view, counts_ahead=self._counts_ahead)
            if figures.tunes != count_tunes(connection):
                raise DamagedError("the segments do not have all tunes")
        return figures

    def _hide(self, *, may_lack: bool) -> None:
        """Leave out the hidden tunes of all that is read from now on."""
        with self._database.connected() as connection:
            ids = numbered(connection, sorted(self.hidden))
            for name in sorted(self.hidden - ids.keys() if not may_lack else ()):
                raise QueryError(
                    f"'{printable(name)}' cannot be hidden, since the index has no such tune; give "
                    "corpus:number"
                )
            self._hidden = frozenset(tune for some in ids.values() for tune in some)
            if not self._hidden:
                return
            headers = load_vocabulary(connection).headers
            symbols = {
                tune: segment.symbols_of(tune)
                for segment in load_segments(connection).values()
                for tune in self._hidden
                if tune in segment
            }
            bars = {
                tune: count
                for segment in load_bars(connection).values()
                for tune, count in zip(
                    segment.ids.tolist(), np.diff(segment.tunes).tolist(), strict=True
                )
                if tune in self._hidden
            }
        # As a corpus counts its tokens.
        self._database.hide(
            {
                tune: (len(one.translate(None, delete=headers)), bars[tune])
                for tune, one in symbols.items()
            }
        )

    @property
    def path(self) -> Path | str:
        """Its path, or its URL without a password."""
        return self.storage.place

    def close(self) -> None:
        """Let go of the index and of what was read from it. Later questions are refused."""
        self._database.close()
        self._searches = {}
        with self._backoff_lock:
            self._backoffs = {}
        self.layout.cache_clear()
        self._symbol_places = {}
        self._plain_figures = {}
        for cached in ("baseline", "near", "graph", "bar_table", "music"):
            self.__dict__.pop(cached, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def figures(self) -> FigureSearch:
        """Its tokens, to be searched; IndexFileError if it was closed."""
        return self.in_view(TOKENS)

    def in_view(self, view: View) -> FigureSearch:
        """Its tunes in a view, to be searched. They are read when they are first asked for."""
        searches = self._searches  # another thread may let go of them
        if not searches:
            raise self.storage.closed()
        if view.name not in searches:
            searches[view.name] = self._load(view)
        return searches[view.name]

    def see_whether_changed(self) -> None:
        """IndexFileError if the file was changed. Questions that read no rows ask this first."""
        with self._database.connected():
            pass

    @property
    def generation(self) -> int | None:
        """The number that every change of it raises."""
        with self._database.connected() as connection:
            return generation_of(connection)

    def plain_figures(self, search: FigureSearch) -> PlainFigures:
        """What reads many figures of plain symbols in the view of a search."""
        name = search.view.name
        if name not in self._plain_figures:
            self._plain_figures[name] = PlainFigures(search)
        return self._plain_figures[name]

    @property
    def catalogue(self) -> Catalogue:
        """Its rows; IndexFileError if it was closed."""
        if not self._searches:
            raise self.storage.closed()
        return self._catalogue

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens of its tunes and their symbols."""
        return self.figures.vocabulary

    @property
    def tunes(self) -> int:
        """How many tunes it has."""
        return self.figures.tunes

    def tokens(self, tune: int) -> list[str]:
        """The tokens of a tune, given by its id."""
        return self.vocabulary.decode(self.symbols(tune))

    def symbols(self, tune: int) -> bytes:
        """The tokens of a tune, given by its id, as symbols."""
        segment = next(segment for segment in self.figures.segments if tune in segment)
        return segment.symbols_of(tune)

    def _layout(self, tune: int) -> Layout:
        return lay_out(self.tokens(tune))

    def mask(self, tunes: Sequence[int]) -> Mask:
        """A mask by tune id that admits only these tunes."""
        mask = np.zeros(self.figures.last_id + 1, dtype=bool)
        mask[list(tunes)] = True
        return mask

    @cached_property
    def baseline(self) -> BaselineTunes | None:
        """What was measured of its tunes against one another; None before that is done."""
        with self._database.connected() as connection:
            return load_baseline(connection, self._hidden)

    @property
    def backoff(self) -> BackoffModel:
        """The back-off model of the tokens of all its tunes."""
        return self.backoff_in(TOKENS)

    def backoff_in(self, view: View) -> BackoffModel:
        """The back-off model of all its tunes in a view.

        It is counted when it is first asked for after a change, and read from then on.
        """
        search = self.in_view(view)
        with self._backoff_lock:  # or several threads would count at the same time
            if view.name not in self._backoffs:
                self._backoffs[view.name] = BackoffModel(self._tables(search), search.alphabet)
            return self._backoffs[view.name]

    def _tables(self, search: FigureSearch) -> Tables:
        """What the back-off model of a view is made of."""

        def count() -> Tables:
            return backoff_tables(search.segments, search.alphabet)

        if self._hidden:
            return count()
        with self._database.connected() as connection:
            given = repr(search.alphabet)
            return derived_arrays(connection, search.view.name, given, "backoff", count)

    def same_music(
        self, layouts: Sequence[Layout], admitted: Mask | None = None
    ) -> list[SameMusic]:
        """Which tunes and parts are the same music as transcriptions or their parts, in order."""
        forms = music_hashes(layouts)
        found = [find_forms(segment, forms[:, 2], admitted) for segment in self.music]
        return same_music(forms, FoundForms.merged(found))

    @cached_property
    def music(self) -> list[SegmentMusic]:
        """The forms of the tunes of each segment. The arrays are mapped when first asked for."""
        with self._database.connected() as connection:
            return list(load_music(connection, hidden=self._hidden).values())

    @cached_property
    def bar_table(self) -> BarTable:
        """Where its bars are. The arrays are mapped when first asked for."""
        with self._database.connected() as connection:
            segments = list(load_bars(connection, hidden=self._hidden).values())
        return BarTable(segments, self.vocabulary)

    @cached_property
    def near(self) -> NearSearch:
        """Its tunes, to be searched for near copies. The arrays are read when first asked for."""
        ids = [segment.tune_ids for segment in self.figures.segments]
        with self._database.connected() as connection:
            of_segments = load_near(connection, hidden=self._hidden)
        return NearSearch(Candidates(list(of_segments.values())), ids)

    @cached_property
    def graph(self) -> NearGraph | None:
        """Which of its tunes are near copies of one another; None before they were compared."""
        tunes = [segment.tune_ids for segment in self.figures.segments]
        with self._database.connected() as connection:
            graph = load_graph(connection)
            if graph is not None and self._hidden:
                graph = graph.without(self._hidden)
            if graph is not None and not np.array_equal(
                np.concatenate([np.empty(0, np.int32), *tunes]), graph.tunes
            ):
                raise DamagedError("the neighbour graph is of other tunes")
        return graph

    @property
    def family_of(self) -> NDArray[np.int32] | None:
        """The family of each tune by its id, (last id + 1,); None before they were compared."""
        return None if self.graph is None else self.graph.family_of

    def count_families(self, tunes: Iterable[int] | NDArray[np.integer]) -> int | None:
        """How many families tunes are of, given by their ids; None before they were compared."""
        return None if self.graph is None else self.graph.count_families(tunes)

    def bars_in(self, view: View) -> list[SegmentBars]:
        """The bars of each segment: by text in the view of tokens, in others by their symbols."""
        return [self.bars_of(view, number) for number in range(len(self.in_view(view).segments))]

    def bars_of(self, view: View, number: int) -> SegmentBars:
        """The bars of a segment, given by its place among the segments, as bars_in has them."""
        by_text = self.bar_table.segments[number]
        if view.units is None:
            return by_text
        places = self.places_in(view)
        with self._database.connected():  # which says of what index damage is
            return places.bars_of(number, by_text)

    def bytes_to_check(self, view: View, *, near: bool) -> int:
        """The size of the arrays of all segments that a check in a view looks at.

        near: also of those for near copies.
        """
        with self._database.connected() as connection:
            size = array_bytes(connection, {TOKENS.name, view.name, BARS, MUSIC})
        return size + self.bytes_of_near if near else size

    @property
    def bytes_of_near(self) -> int:
        """The size of the arrays of all segments that a search for near copies looks at."""
        with self._database.connected() as connection:
            return array_bytes(connection, {NEAR})

    def places_in(self, view: View) -> SymbolPlaces:
        """The notes and bars in a view of events. They are counted when first asked for."""
        tokens, search = self.figures, self.in_view(view)  # which refuse a closed index
        if view.name not in self._symbol_places:
            assert view.units is not None, "symbols are tokens"
            self._symbol_places[view.name] = SymbolPlaces(tokens, search, view.units)
        return self._symbol_places[view.name]
