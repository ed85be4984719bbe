"""What is in a corpus: its keys and meters, the lengths of its tunes, its commonest bars and
figures, and how many of its bars add up."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path
from typing import Final

import numpy as np

from tunetrace.arguments import public
from tunetrace.errors import QueryError
from tunetrace.garbage import collector_paused
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.statistics.commonest import (
    DEFAULT_TOP,
    CountedText,
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
    vocabulary = index.vocabulary
    tunes: list[int] = []
    counts: list[dict[str, int]] = []  # a dict a tune
    bar_hits, bar_tunes = Counter[str](), Counter[str]()
    stream, bounds = bytearray(), array("i")  # of each note the first symbol and the end
    with collector_paused():
        for segment in index.figures.segments:
            for tune in segment.tune_ids.tolist():
                if admitted is not None and not admitted[tune]:
                    continue
                symbols = segment.symbols_of(tune)
                layout = lay_out(vocabulary.decode(symbols))
                own = _note_bounds(layout, len(stream))
                tunes.append(tune)
                tokens = len(symbols.translate(None, delete=vocabulary.headers))
                counts.append(_counts(layout) | {"tokens": tokens, "notes": len(own) // 2})
                whole = [b.text for b in layout.bars if b.full is None or b.duration == b.full]
                bar_hits.update(whole)
                bar_tunes.update(set(whole))
                bounds.extend(own)
                stream += symbols
                stream.append(SEPARATOR)
    total = Counter[str]()
    for some in counts:
        total.update(some)
    starts, stops = np.array(bounds, dtype=np.int32).reshape(-1, 2).T
    boundaries = index.figures.alphabet.boundaries
    figures = commonest_figures(bytes(stream), starts, stops, notes, boundaries, top)
    records = index.catalogue.tunes(tunes).values()
    common = nsmallest(top, bar_hits, key=lambda text: (-bar_tunes[text], -bar_hits[text]))
    names = tuple(one.name for one in index.catalogue.corpora())
    return CorpusStats(
        corpus=corpus,
        corpora=names if corpus is None else (corpus,),
        tunes=len(tunes),
        tokens=total["tokens"],
        notes=total["notes"],
        bars=total["bars"],
        modes=_groups(tune.key and tune.key[-3:] for tune in records),
        original_keys=_groups(tune.original_key for tune in records),
        meters=_groups(tune.meter for tune in records),
        bars_a_tune=_spread([some["numbered_bars"] for some in counts]),
        notes_a_tune=_spread([some["notes"] for some in counts]),
        parts_a_tune=_spread([some["parts"] for some in counts]),
        metered_tunes=total["metered_tunes"],
        tunes_adding_up=total["tunes_adding_up"],
        metered_bars=total["metered_bars"],
        bars_adding_up=total["bars_adding_up"],
        tunes_with_pickup=total["tunes_with_pickup"],
        tunes_with_repeat=total["tunes_with_repeat"],
        tunes_with_endings=total["tunes_with_endings"],
        common_bars=tuple(CountedText(text, bar_tunes[text], bar_hits[text]) for text in common),
        figure_notes=notes,
        common_figures=tuple(
            CountedText(" ".join(vocabulary.decode(symbols)), in_tunes, hits)
            for symbols, in_tunes, hits in figures
        ),
    )


def _counts(layout: Layout) -> dict[str, int]:
    bars = layout.bars
    adding_up = [bar.adds_up for bar in bars if bar.adds_up is not None]
    return {
        "bars": len(bars),
        "numbered_bars": len({(bar.part, bar.number) for bar in bars if bar.number}),
        "parts": len({bar.part for bar in bars}),
        "metered_tunes": bool(adding_up),
        "tunes_adding_up": bool(adding_up) and all(adding_up),
        "metered_bars": len(adding_up),
        "bars_adding_up": sum(adding_up),
        "tunes_with_pickup": any(bar.is_pickup for bar in bars),
        "tunes_with_repeat": ":|" in layout.tokens,
        "tunes_with_endings": any(bar.ending is not None for bar in bars),
    }


def _note_bounds(layout: Layout, first: int) -> list[int]:
    """Where each note of a tune begins and ends, in turn. first: the place of its first token."""
    return [
        first + bar.start + at
        for bar in layout.bars
        for *bounds, sounds in zip(
            bar.events.starts, bar.events.stops, bar.events.sounds, strict=True
        )
        if sounds
        for at in bounds
    ]


def _groups(names: Iterable[str | None]) -> tuple[TuneGroup, ...]:
    return tuple(TuneGroup(name, tunes) for name, tunes in Counter(names).most_common())


def _spread(values: Sequence[int]) -> Spread | None:
    if not values:
        return None
    marks = np.quantile(values, [0, 0.25, 0.5, 0.75, 1], method="inverted_cdf").tolist()
    least, lower, median, upper, most = map(int, marks)
    return Spread(least, lower, median, upper, most, dict(sorted(Counter(values).items())))
