"""What is in a corpus: its keys and meters, how long its tunes are, which bars and figures are
common, and how many of its bars add up."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Final

import numpy as np

from tunetrace.collector import collector_paused
from tunetrace.errors import QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.query import boundaries
from tunetrace.indexer.statistics.commonest import Notes, commonest_figures
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import SEPARATOR

DEFAULT_NOTES: Final = 4
MOST_NOTES: Final = 32
DEFAULT_TOP: Final = 10


@dataclass(frozen=True, slots=True)
class Group:
    """The tunes that have something in common, a meter say; name is None where none is stated."""

    name: str | None
    tunes: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number differs from tune to tune; counts is how many tunes have each value.

    Quartiles and median are values that tunes have: the least that a quarter, a half, three
    quarters of them do not exceed.
    """

    least: int
    lower_quartile: int
    median: int
    upper_quartile: int
    most: int
    counts: dict[int, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """A bar or a figure, in how many tunes it stands and how often."""

    text: str
    tunes: int
    hits: int


@dataclass(frozen=True, slots=True)
class CorpusStats:
    """What is in a corpus of an index, or in all of it (corpus is None; corpora names them).

    tokens and bars are those of all tunes, headers left out, as in `index info`. modes are as
    indexed (`dor`), original_keys as written (`Edor`); both, and meters, with the most tunes
    first. bars_a_tune counts numbered bars: no pickups, and second endings share the numbers of
    the first. A bar adds up alone or with those that complete it; metered are those under a
    meter. common_bars: bars that fill their meter, counted where they do. common_figures: those of
    figure_notes notes.
    """

    corpus: str | None
    corpora: tuple[str, ...]
    tunes: int
    tokens: int
    notes: int
    bars: int
    modes: tuple[Group, ...]
    original_keys: tuple[Group, ...]
    meters: tuple[Group, ...]
    bars_a_tune: Spread | None
    notes_a_tune: Spread | None
    parts_a_tune: Spread | None
    metered_tunes: int
    tunes_adding_up: int
    metered_bars: int
    bars_adding_up: int
    tunes_with_pickup: int
    tunes_with_repeat: int
    tunes_with_endings: int
    common_bars: tuple[Counted, ...]
    figure_notes: int
    common_figures: tuple[Counted, ...]


def corpus_stats(
    index: Index,
    corpus: str | None = None,
    *,
    notes: int = DEFAULT_NOTES,
    top: int = DEFAULT_TOP,
) -> CorpusStats:
    """What is in a corpus of an index, or in all of it.

    notes: how many notes the figures have that are counted, from 1 to 32; top: how many of the
    commonest bars and figures to give. QueryError for a corpus that the index lacks and for
    numbers that mean nothing.
    """
    if not 1 <= notes <= MOST_NOTES:
        raise QueryError(f"figures of {notes} notes are not counted; give 1 to {MOST_NOTES}")
    if top < 0:
        raise QueryError(f"the top {top} cannot be shown; give 0 or more")
    tunes = index.catalogue.admitted(Filters(corpus=corpus))
    tally = _Tally(index.vocabulary.headers)
    wanted = None if tunes is None else frozenset(tunes)
    with collector_paused():
        for segment in index.figures.segments:
            for tune in segment.tune_ids.tolist():
                if wanted is None or tune in wanted:
                    symbols = segment.tokens_of(tune)[1]
                    tally.take(tune, symbols, lay_out(index.vocabulary.decode(symbols)))
    records = index.catalogue.tunes(tally.tunes).values()
    figures = commonest_figures(
        bytes(tally.stream), tally.all_notes(), notes, boundaries(index.vocabulary), top
    )
    return CorpusStats(
        corpus=corpus,
        corpora=tuple(
            c.name for c in index.catalogue.corpora() if corpus is None or c.name == corpus
        ),
        tunes=len(tally.tunes),
        tokens=tally.tokens,
        notes=sum(tally.notes_a_tune),
        bars=tally.bars,
        modes=_groups(tune.key and tune.key[-3:] for tune in records),
        original_keys=_groups(tune.original_key for tune in records),
        meters=_groups(tune.meter for tune in records),
        bars_a_tune=_spread(tally.bars_a_tune),
        notes_a_tune=_spread(tally.notes_a_tune),
        parts_a_tune=_spread(tally.parts_a_tune),
        metered_tunes=tally.metered_tunes,
        tunes_adding_up=tally.tunes_adding_up,
        metered_bars=tally.metered_bars,
        bars_adding_up=tally.bars_adding_up,
        tunes_with_pickup=tally.with_pickup,
        tunes_with_repeat=tally.with_repeat,
        tunes_with_endings=tally.with_endings,
        common_bars=tally.common_bars(top),
        figure_notes=notes,
        common_figures=tuple(
            Counted(" ".join(index.vocabulary.decode(symbols)), in_tunes, hits)
            for symbols, in_tunes, hits in figures
        ),
    )


@dataclass(slots=True)
class _Tally:
    """What was counted in the tunes so far; lists and arrays by tune, or by note.

    headers: the symbols of all headers.
    """

    headers: bytes
    tunes: list[int] = field(default_factory=list)
    stream: bytearray = field(default_factory=bytearray)
    starts: array[int] = field(default_factory=lambda: array("i"))
    stops: array[int] = field(default_factory=lambda: array("i"))
    notes_a_tune: list[int] = field(default_factory=list)
    bars_a_tune: list[int] = field(default_factory=list)
    parts_a_tune: list[int] = field(default_factory=list)
    bar_hits: Counter[str] = field(default_factory=Counter)
    bar_tunes: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    bars: int = 0
    metered_tunes: int = 0
    tunes_adding_up: int = 0
    metered_bars: int = 0
    bars_adding_up: int = 0
    with_pickup: int = 0
    with_repeat: int = 0
    with_endings: int = 0

    def take(self, tune: int, symbols: bytes, layout: Layout) -> None:
        """Count one tune."""
        bars = layout.bars
        self.tunes.append(tune)
        self.tokens += len(symbols.translate(None, delete=self.headers))
        self.bars += len(bars)
        self.bars_a_tune.append(len({(bar.part, bar.number) for bar in bars if bar.number}))
        self.parts_a_tune.append(len({bar.part for bar in bars}))
        self.with_pickup += any(bar.is_pickup for bar in bars)
        self.with_repeat += ":|" in layout.tokens
        self.with_endings += any(bar.ending is not None for bar in bars)
        metered = [bar.adds_up for bar in bars if bar.adds_up is not None]
        self.metered_bars += len(metered)
        self.bars_adding_up += sum(metered)
        self.metered_tunes += bool(metered)
        self.tunes_adding_up += bool(metered) and all(metered)
        whole = [bar.text for bar in bars if bar.full is None or bar.duration == bar.full]
        self.bar_hits.update(whole)
        self.bar_tunes.update(set(whole))
        self._take_notes(layout)
        self.stream += symbols
        self.stream.append(SEPARATOR)

    def _take_notes(self, layout: Layout) -> None:
        """Keep where the notes of a tune stand in the stream."""
        before, first = len(self.starts), len(self.stream)
        for bar in layout.bars:
            at, events = first + bar.start, bar.events
            self.starts.extend(
                [at + k for k, sounds in zip(events.starts, events.sounds, strict=True) if sounds]
            )
            self.stops.extend(
                [at + k for k, sounds in zip(events.stops, events.sounds, strict=True) if sounds]
            )
        self.notes_a_tune.append(len(self.starts) - before)

    def all_notes(self) -> Notes:
        """The notes of all tunes."""
        tunes = np.repeat(np.array(self.tunes, dtype=np.int32), self.notes_a_tune)
        starts, stops = (np.array(places, dtype=np.int32) for places in (self.starts, self.stops))
        return Notes(starts, stops, tunes)

    def common_bars(self, top: int) -> tuple[Counted, ...]:
        """The commonest whole bars: most tunes, then most hits, then met first."""
        hits = self.bar_hits
        best = nsmallest(top, hits, key=lambda text: (-self.bar_tunes[text], -hits[text]))
        return tuple(Counted(text, self.bar_tunes[text], hits[text]) for text in best)


def _groups(names: Iterable[str | None]) -> tuple[Group, ...]:
    return tuple(Group(name, tunes) for name, tunes in Counter(names).most_common())


def _spread(values: Sequence[int]) -> Spread | None:
    if not values:
        return None
    marks = np.quantile(values, [0, 0.25, 0.5, 0.75, 1], method="inverted_cdf").tolist()
    least, lower, median, upper, most = map(int, marks)
    return Spread(least, lower, median, upper, most, dict(sorted(Counter(values).items())))
