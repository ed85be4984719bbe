"""What comes after a figure in the tunes of an index, or before it: each continuation, counted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import ViewName, none_or_more, public, refused
from tunetrace.errors import ModelFileError, QueryError
from tunetrace.indexer.filters import NO_FILTERS, Filters
from tunetrace.indexer.following.pieces import (
    FoundTunes,
    Numbers,
    Unit,
    count_pieces,
    equal_pieces,
    has_bars,
    kinds_in,
    pieces_after,
    pieces_before,
    stretches,
    tunes_with_hits,
)
from tunetrace.indexer.following.predictions import Piece, check_reads, headers_for, predicted
from tunetrace.indexer.index import DEFAULT_LIMIT, Index, given_or_default
from tunetrace.indexer.queries.spelling import found_elsewhere
from tunetrace.indexer.queries.symbols import FigureQuery
from tunetrace.indexer.records import Continuation, Continuations, Hit, Tune
from tunetrace.indexer.search.figures import FigureSearch, Occurrences
from tunetrace.indexer.search.infinite import InfiniteGram
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS, View, view_named
from tunetrace.tokenizer.vocabulary import SEPARATOR

if TYPE_CHECKING:
    from tunetrace.indexer.following.predictions import TranscriptionModel

MOST: Final = 1000
"""The most notes or bars of a continuation. A whole tune has a few hundred notes."""


@public
def continuations(
    text: str,
    filters: Filters = NO_FILTERS,
    index: Index | str | Path | None = None,
    *,
    notes: int | None = None,
    bars: int | None = None,
    backward: bool = False,
    limit: int = DEFAULT_LIMIT,
    view: ViewName = TOKENS.name,
    in_key: str | None = None,
    model: TranscriptionModel | None = None,
) -> Continuations:
    """What comes after a figure, or before it: each continuation with its exact counts.

    A continuation is the next symbol of the view, or with `notes` the next so many notes, chords
    and rests with their lengths, or with `bars` all up to the last note of the next so many bars. A
    bar that the figure begins counts as one. Bar lines and headers on the way are part of it. The
    end of the tune is a continuation too. backward: what comes before, in the same units.

    The figure ends where its last note ends, as for `figure`; but if the next symbol is asked,
    that may be a length of this note. If the figure is found nowhere, its longest end that is found
    is searched instead, and backward its longest beginning. A continuation's probability is its
    share of all hits (infinite-gram: Liu et al., Infini-gram, 2024). Nothing is sampled.

    filters: which tunes count, and at which places the figure, or the part that is searched, is to
    be. index: open, or its path; default: your own. limit: how many continuations to give. view:
    in which the figure is searched. in_key: the key in which the figure is written, as for
    `figure`. model: an open model (`open_model`) that says how probable it
    finds each. It reads the figure after the meter and the key that most of the tunes have.

    Raises QueryError for a figure, a filter, a number or a view that has no meaning, and for a
    model where it cannot be asked: backward, in another view than tokens, or for a figure with
    wildcards.
    """
    unit, count = _unit_of(notes, bars)
    none_or_more(limit, "limit")
    chosen = view_named(view)
    with given_or_default(index) as opened:
        query = chosen.parse(text, opened.vocabulary, in_key)
        _check_model(model, query, chosen, backward=backward)
        admitted = opened.admitted(filters)
        asked = _Question(opened, chosen, query, filters, admitted, unit, count, backward)
        length, occurrences = asked.longest_context()
        tunes = asked.search.tunes_with(occurrences)
        found = asked.counted(occurrences, limit)
        records = opened.catalogue.tunes(tunes.tolist() if model else found.example_tunes)
        headers: tuple[str, ...] = ()
        if model is not None and found.shown:
            headers = headers_for(model, records.values())
            found = found.beside(model, (*headers, *(query.literal or ())), unit)
        smoothed = asked.smoothed()
        places = len(query.elements)
        return Continuations(
            query=query.text,
            context=asked.part(length).text,
            context_length=length,
            length=places,
            backward=backward,
            notes=notes,
            bars=bars,
            hits=found.hits,
            tunes=len(tunes),
            families=opened.count_families(tunes),
            of=opened.tunes if admitted is None else int(admitted.sum()),
            different=found.different,
            results=tuple(asked.record(one, found.hits, records, smoothed) for one in found.shown),
            view=chosen.name,
            model=None if model is None else model.name,
            model_headers=headers,
            asked=text,
            read_as=query.read_as,
            in_key=query.key,
            remarks=query.remarks + (() if length == places else asked.found_elsewhere()),
        )


def _unit_of(notes: int | None, bars: int | None) -> tuple[Unit, int]:
    """What a continuation is made of, and how many of these it has."""
    if notes is not None and bars is not None:
        raise QueryError("notes and bars cannot both be given; leave out one of them")
    for name, count in (("notes", notes), ("bars", bars)):
        if count is not None and not 1 <= count <= MOST:
            raise refused(name, count, f"a number from 1 to {MOST:,}")
    return ("note", notes) if notes else ("bar", bars) if bars else ("symbol", 1)


def _check_model(
    model: TranscriptionModel | None, query: FigureQuery, view: View, *, backward: bool
) -> None:
    """QueryError, or ModelFileError, if a model is given that cannot be asked."""
    if model is None:
        return
    if isinstance(model, str | Path):
        raise refused("model", str(model), "an open model, as open_model gives it", ModelFileError)
    if backward:
        raise QueryError(
            "a model says what comes after a figure, not what comes before; leave the model out"
        )
    if view is not TOKENS:
        raise QueryError(
            f"a model reads tokens, but the figure is in the view {view.name}; leave the model "
            "out, or search the view tokens"
        )
    if query.literal is None:
        raise QueryError(
            f"a model reads one figure, but '{query.text}' has wildcards; leave the model out, or "
            "write the figure without wildcards"
        )
    check_reads(model, query.literal)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A continuation that the answer gives, and its first hit."""

    piece: Piece
    hits: int
    tunes: int
    families: int | None
    tune: int
    """The id of the tune of its first hit."""
    first: int
    """The first symbol of that hit, counted in its tune."""
    length: int
    """The symbols of that hit."""
    model_probability: float | None = None


@dataclass(frozen=True, slots=True)
class _Counted:
    """How often a context is found, how many continuations it has, and the commonest."""

    hits: int
    different: int
    shown: tuple[_Shown, ...] = ()

    @property
    def example_tunes(self) -> list[int]:
        """The tunes of the first hits."""
        return [one.tune for one in self.shown]

    def beside(self, model: TranscriptionModel, read: Sequence[str], unit: Unit) -> _Counted:
        """The same with what a model that reads these tokens gives each of those shown."""
        found = predicted(model, read, [one.piece for one in self.shown], unit)
        both = zip(self.shown, found, strict=True)
        return replace(
            self, shown=tuple(replace(one, model_probability=value) for one, value in both)
        )


class _Question:
    """What is asked of an index, and how it is answered."""

    def __init__(
        self,
        index: Index,
        view: View,
        query: FigureQuery,
        filters: Filters,
        admitted: Mask | None,
        unit: Unit,
        count: int,
        backward: bool,
    ) -> None:
        self._index, self._view, self._query = index, view, query
        self._filters, self._admitted = filters, admitted
        self._unit, self._count, self._backward = unit, count, backward
        self.search = index.in_view(view)
        if unit == "bar" and not has_bars(self.search):
            raise QueryError(
                f"the view {view.name} has no bar lines, so it has no bars to show; give a number "
                "of notes, or search the view tokens or rhythm"
            )

    # The context

    def part(self, length: int) -> FigureQuery:
        """The end of the figure that has so many of its places; backward, its beginning."""
        places = len(self._query.elements)
        if length == places:
            return self._query
        first = 0 if self._backward else places - length
        return self._query.part(first, first + length)

    def longest_context(self) -> tuple[int, list[Occurrences]]:
        """How many places the longest part of the figure that is found has, and its hits."""
        places = len(self._query.elements)
        found = self._hits(places)
        if found:
            return places, found
        if self._filters.has_place:  # which an empty part has not, and a shorter one has its own
            tried = ((length, self._hits(length)) for length in range(places - 1, 0, -1))
            return next(((length, some) for length, some in tried if some), (0, []))
        # Every part of what is found is found.
        too_long = bisect_left(range(places), True, key=lambda length: not self._hits(length))
        longest = max(too_long - 1, 0)
        return longest, self._hits(longest)

    def _hits(self, length: int) -> list[Occurrences]:
        """The hits of a part of the figure, segment by segment; empty if there are none."""
        is_whole = length == len(self._query.elements)
        # A beginning of the figure ends within it, and the next symbol may be a length.
        open_end = not is_whole if self._backward else self._unit == "symbol"
        if length:
            found = self.search.occurrences(
                self.part(length), open_end=open_end, admitted=self._admitted
            )
        else:
            found = _everywhere(self.search, self._admitted, open_end=open_end)
        if self._filters.has_place:
            found = self._index.at_place(found, self._filters, self._view)
        return [some for some in found if len(some.positions)]

    def found_elsewhere(self) -> tuple[str, ...]:
        """Remarks on other octaves and keys in which the whole figure of tokens is found."""
        if self._view is not TOKENS:
            return ()
        open_end = self._unit == "symbol" and not self._backward
        return found_elsewhere(
            self._query,
            lambda tokens: self._index.tunes_that_have(tokens, open_end, self._admitted),
        )

    # The continuations

    def counted(self, occurrences: Sequence[Occurrences], limit: int) -> _Counted:
        """The continuations of hits, of which so many are shown."""
        boundaries = self.search.alphabet.boundaries if self._view.units is None else b""
        found = tunes_with_hits(occurrences, boundaries.replace(bytes([SEPARATOR]), b""))
        if not found.hits:
            return _Counted(0, 0)
        starts, stops = self._pieces(found)
        numbers = equal_pieces(found.stream, starts, stops)
        counts = count_pieces(numbers, found.tunes, self._index.family_of)
        shown = []
        for row, hit in enumerate(counts.firsts[:limit].tolist()):
            symbols = found.stream[starts[hit] : stops[hit]]
            names = [self.search.alphabet.names[one] for one in symbols if one != SEPARATOR]
            families = None if counts.families is None else int(counts.families[row])
            shown.append(
                _Shown(
                    Piece(tuple(names), SEPARATOR in symbols),
                    int(counts.hits[row]),
                    int(counts.tunes[row]),
                    families,
                    int(found.tunes[hit]),
                    int(found.firsts[hit]),
                    int(found.stops[hit] - found.starts[hit]),
                )
            )
        return _Counted(found.hits, len(counts.hits), tuple(shown))

    def _pieces(self, found: FoundTunes) -> tuple[Numbers, Numbers]:
        parts = None
        if self._unit != "symbol":
            parts = stretches(found.stream, kinds_in(self.search), self._unit)
        cut = pieces_before if self._backward else pieces_after
        return cut(found, parts, self._count)

    def smoothed(self) -> NDArray[np.float64] | None:
        """The smoothed probability of each symbol after the figure: (256,); None if unknown."""
        literal = self._query.literal
        if self._unit != "symbol" or self._backward or self._filters.has_place or literal is None:
            return None
        gram = InfiniteGram(self.search, self._admitted)
        return gram.smoothed(self.search.alphabet.encode(literal))

    def record(
        self,
        one: _Shown,
        hits: int,
        tunes: dict[int, Tune],
        smoothed: NDArray[np.float64] | None,
    ) -> Continuation:
        """What the answer says of a continuation. hits: of the context."""
        (symbol,) = self.search.alphabet.encode(one.piece.tokens or ("",))[:1]
        return Continuation(
            text=" ".join(one.piece.tokens),
            is_end=one.piece.is_end,
            hits=one.hits,
            tunes=one.tunes,
            families=one.families,
            probability=one.hits / hits,
            smoothed_probability=None if smoothed is None else float(smoothed[symbol]),
            model_probability=one.model_probability,
            example=self._example(one, tunes[one.tune]),
        )

    def _example(self, one: _Shown, tune: Tune) -> Hit:
        """The first hit of a continuation, with both in its context."""
        layout = self._index.layout(tune.tune)
        symbols = len(one.piece.tokens)
        before, after = (symbols, 0) if self._backward else (0, symbols)
        stop = one.first + one.length
        figure = self._view.extent(layout, one.first, stop)
        first, last = self._view.extent(layout, one.first - before, stop + after)
        context, (at, _) = layout.context(first, last)
        marked = (first, figure[0]) if self._backward else (figure[1], last)
        begin, end = (len(" ".join(layout.tokens[first:token])) for token in marked)
        if begin < end and begin:
            begin += 1  # the space before it
        return replace(
            self._index.hit(tune, *figure), context=context, found=(at + begin, at + end)
        )


def _everywhere(
    search: FigureSearch, admitted: Mask | None, *, open_end: bool
) -> list[Occurrences]:
    """Every symbol of the music as a hit. open_end: also where a length follows it."""
    is_music = np.ones(256, dtype=bool)
    is_music[list(search.alphabet.boundaries)] = False
    found = []
    for segment in search.segments:
        kept = is_music[segment.symbols[:-1]]
        if not open_end:
            kept &= ~search.goes_on[segment.symbols[1:]]
        positions = np.flatnonzero(kept).astype(np.int32)
        some = Occurrences(segment, positions, np.ones_like(positions))
        if admitted is not None:
            some = some.select(admitted[segment.tunes_at(positions)])
        found.append(some)
    return found
