"""What is in a corpus: its keys and meters, the lengths of its tunes, its commonest bars and
figures, and how many of its bars add up."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from typing import Final

import numpy as np

from tunetrace.arguments import public
from tunetrace.collector import collector_paused
from tunetrace.errors import QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.statistics.commonest import (
    DEFAULT_TOP,
    CountedText,
    NotesOfStream,
    commonest_figures,
)
from tunetrace.records import Record
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import SEPARATOR

DEFAULT_NOTES: Final = 4
MOST_NOTES: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class TuneGroup(Record):
    """The tunes that have one meter, mode or key."""

    name: str | None
    """The meter, mode or key; None if a tune states none."""
    tunes: int
    """How many tunes have it."""


@dataclass(frozen=True, slots=True, repr=False)
class Spread(Record):
    """How a number varies over the tunes. Quartiles and median are values that some tune has."""

    least: int
    """The smallest value."""
    lower_quartile: int
    """The least value that a quarter of the tunes do not exceed."""
    median: int
    """The least value that half of the tunes do not exceed."""
    upper_quartile: int
    """The least value that three quarters of the tunes do not exceed."""
    most: int
    """The largest value."""
    counts: dict[int, int]
    """How many tunes have each value."""


@dataclass(frozen=True, slots=True, repr=False)
class CorpusStats(Record):
    """What is in a corpus of an index, or in all of it. Headers are not counted as tokens."""

    corpus: str | None
    """The name of the corpus; None for the whole index."""
    corpora: tuple[str, ...]
    """The names of all corpora that were counted."""
    tunes: int
    """How many tunes there are."""
    tokens: int
    """How many tokens they have."""
    notes: int
    """How many notes they have; a chord is one note."""
    bars: int
    """How many bars they have."""
    modes: tuple[TuneGroup, ...]
    """The tunes of each mode (`dor`), the commonest mode first."""
    original_keys: tuple[TuneGroup, ...]
    """The tunes of each key as it was written (`Edor`), the commonest key first."""
    meters: tuple[TuneGroup, ...]
    """The tunes of each meter, the commonest meter first."""
    bars_a_tune: Spread | None
    """Numbered bars: no pickups, and a second ending has the numbers of the first."""
    notes_a_tune: Spread | None
    """Notes of each tune."""
    parts_a_tune: Spread | None
    """Parts of each tune."""
    metered_tunes: int
    """Tunes with a meter."""
    tunes_adding_up: int
    """Those of them in which all bars add up."""
    metered_bars: int
    """Bars under a meter."""
    bars_adding_up: int
    """Those of them that add up, alone or with the bars that complete them."""
    tunes_with_pickup: int
    """Tunes with a pickup."""
    tunes_with_repeat: int
    """Tunes with a repeat."""
    tunes_with_endings: int
    """Tunes with endings."""
    common_bars: tuple[CountedText, ...]
    """The commonest bars of those that fill their meter; those in most tunes come first."""
    figure_notes: int
    """How many notes the counted figures have."""
    common_figures: tuple[CountedText, ...]
    """The commonest figures of that many notes; those in most tunes come first."""


@public
def corpus_stats(
    corpus: str | None = None,
    index: Index | str | Path | None = None,
    *,
    notes: int = DEFAULT_NOTES,
    top: int = DEFAULT_TOP,
) -> CorpusStats:
    """What is in a corpus of an index, or in all of it.

    index: open, or its path; None for the default index. notes: how many notes the counted figures
    have, from 1 to 32. top: how many of the commonest bars and figures to give. Raises QueryError
    if the index lacks the corpus or a number is out of range.
    """
    if not 1 <= notes <= MOST_NOTES:
        raise QueryError(f"notes cannot be {notes}; give a number of notes from 1 to {MOST_NOTES}")
    if top < 0:
        raise QueryError(f"top cannot be {top}; give 0 or more")
    with given_or_default(index) as opened:
        return _counted(opened, corpus, notes, top)


def _counted(index: Index, corpus: str | None, notes: int, top: int) -> CorpusStats:
    admitted = index.admitted(Filters(corpus=corpus))
    tally = _Tally(index.vocabulary.headers)
    with collector_paused():
        for segment in index.figures.segments:
            for tune in segment.tune_ids.tolist():
                if admitted is None or admitted[tune]:
                    symbols = segment.symbols_of(tune)
                    tally.take(tune, symbols, lay_out(index.vocabulary.decode(symbols)))
    records = index.catalogue.tunes(tally.tunes).values()
    figures = commonest_figures(
        bytes(tally.stream), tally.all_notes(), notes, index.figures.alphabet.boundaries, top
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
            CountedText(" ".join(index.vocabulary.decode(symbols)), in_tunes, hits)
            for symbols, in_tunes, hits in figures
        ),
    )


@dataclass(slots=True)
class _Tally:
    """What was counted in the tunes so far. Lists and arrays have an item a tune, or a note."""

    headers: bytes
    """The symbols of all headers."""
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
        """Keep the places of a tune's notes in the stream."""
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

    def all_notes(self) -> NotesOfStream:
        """The notes of all tunes."""
        tunes = np.repeat(np.array(self.tunes, dtype=np.int32), self.notes_a_tune)
        starts, stops = (np.array(places, dtype=np.int32) for places in (self.starts, self.stops))
        return NotesOfStream(starts, stops, tunes)

    def common_bars(self, top: int) -> tuple[CountedText, ...]:
        """The commonest whole bars: by tunes, then by hits, then by the first place."""
        hits = self.bar_hits
        best = nsmallest(top, hits, key=lambda text: (-self.bar_tunes[text], -hits[text]))
        return tuple(CountedText(text, self.bar_tunes[text], hits[text]) for text in best)


def _groups(names: Iterable[str | None]) -> tuple[TuneGroup, ...]:
    return tuple(TuneGroup(name, tunes) for name, tunes in Counter(names).most_common())


def _spread(values: Sequence[int]) -> Spread | None:
    if not values:
        return None
    marks = np.quantile(values, [0, 0.25, 0.5, 0.75, 1], method="inverted_cdf").tolist()
    least, lower, median, upper, most = map(int, marks)
    return Spread(least, lower, median, upper, most, dict(sorted(Counter(values).items())))
