"""Batches of which the truth is known: transcriptions into which music of a corpus was planted.

Each says which of its stretches was taken from which corpus tune. What it has else is a host, whose
music is found in the corpus by chance alone (see shuffled). A planted stretch ends where it was
cut: the note before and the note after are other ones than in its source.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.shuffled import shuffled
from benchmarks.text_search import Corpus, Stretch, notes_in, whole_notes
from tests import brute
from tunetrace.tokenizer.folkrnn import to_folkrnn
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.timeline import Bar
from tunetrace.tokenizer.vocabulary import is_header

NOTHING: Final = "nothing"
BAR: Final = "bar"
PART: Final = "part"
HALVES: Final = "halves"
COPY: Final = "copy"
KINDS: Final = (NOTHING, BAR, PART, HALVES, COPY)
"""What is planted: nothing, one bar, eight bars, two halves of tunes (and no host), a whole tune
under another title."""

FEW: Final = 3
"""A planted stretch is found in at most this many tunes, so that its source is known."""

_BAR_NOTES: Final = 8
_PART_BARS: Final = 8
_LEAST_BARS: Final = 12
_ATTEMPTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Planting:
    """A stretch that was taken from a corpus tune, from first up to stop in the tokens.

    source: that tune's place in the corpus, from 1; tunes: those of all that have the stretch, none
    of which has more of it; notes: how many it has.
    """

    first: int
    stop: int
    notes: int
    source: int
    tunes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Planted:
    """A transcription and what was planted in it, in the order of its tokens."""

    kind: str
    title: str
    tokens: tuple[str, ...]
    plantings: tuple[Planting, ...]

    @property
    def text(self) -> str:
        """The transcription as folk-rnn's files have them."""
        return to_folkrnn(self.tokens, title=self.title)


def plant(
    corpus: Sequence[Sequence[str]],
    sources: Sequence[int],
    held_out: Sequence[Sequence[str]],
    count: int,
    seed: int,
) -> list[Planted]:
    """A batch of transcriptions, of the five kinds in turn.

    corpus: the tunes that are indexed, one sequence of tokens each; sources: the places, from 1, of
    those that are planted from; held_out: tunes that are not indexed, of which hosts are made.
    Tunes that are not well-formed or have headers inside are passed over, and for hosts those with
    chords. ValueError where the tunes have nothing to plant.
    """
    planter = _Planter(corpus, sources, held_out, random.Random(seed))
    return [planter.next(KINDS[k % len(KINDS)], f"Planted {k + 1}") for k in range(count)]


def write_batch(path: Path, batch: Sequence[Planted]) -> None:
    """Write a batch as one folk-rnn file, an empty line after each transcription."""
    path.write_text("\n".join(planted.text for planted in batch), encoding="utf-8")


@dataclass
class _Sheet:
    """A tune laid out. place: in the corpus, from 1; 0 for a host."""

    place: int
    tokens: tuple[str, ...]

    @cached_property
    def bars(self) -> list[Bar]:
        return lay_out(self.tokens).bars

    @property
    def meter(self) -> str:
        return next((token for token in self.tokens if token.startswith("M:")), "")

    @property
    def is_usable(self) -> bool:
        """Whether its headers stand at its head and two readers agree on its notes."""
        body = [k for k, token in enumerate(self.tokens) if not is_header(token)]
        if len(self.bars) < _LEAST_BARS or body != list(range(body[0], len(self.tokens))):
            return False
        laid_out = [
            (bar.start + start, bar.start + stop)
            for bar in self.bars
            for start, stop, sounds in zip(*bar.events[:2], bar.events.sounds, strict=True)
            if sounds
        ]
        try:
            return brute.notes(self.tokens) == laid_out
        except ValueError:  # an open chord
            return False

    def full_bars(self) -> list[Bar]:
        return [bar for bar in self.bars if bar.full is not None and bar.duration == bar.full]

    def goes_plainly_into(self, k: int) -> bool:
        """Whether nothing but a bar line stands before a bar."""
        return self.bars[k].lines == ("|",)

    def middles(self) -> list[int]:
        """The bars that begin a second half and have a bar line alone before them."""
        inside = range(len(self.bars) // 3, 2 * len(self.bars) // 3)
        return [k for k in inside if self.goes_plainly_into(k)]


_Taken = tuple[tuple[str, ...], list[tuple[int, Stretch]]]
"""A transcription's tokens, and which of its stretches is from which corpus tune."""


class _Planter:
    """Makes transcriptions one after another, each a new draw until its truth is exact."""

    def __init__(
        self,
        corpus: Sequence[Sequence[str]],
        sources: Sequence[int],
        held_out: Sequence[Sequence[str]],
        chance: random.Random,
    ) -> None:
        self._chance = chance
        self._tunes = corpus
        self._corpus = Corpus(corpus)
        every = (_Sheet(place, tuple(corpus[place - 1])) for place in sources)
        self._sources = [sheet for sheet in every if sheet.is_usable]
        # Two chords that follow each other are rare enough to be a tune's own music.
        every = (_Sheet(0, tuple(tokens)) for tokens in held_out if "[" not in tokens)
        self._held_out = [sheet for sheet in every if sheet.is_usable]
        if not (self._sources and self._held_out):
            raise ValueError("there are no tunes to plant, or none to plant them in")
        self._of_meter: dict[str, list[_Sheet]] = {}
        for sheet in self._sources:
            self._of_meter.setdefault(sheet.meter, []).append(sheet)
        self._draw: dict[str, Callable[[], _Taken | None]] = {
            NOTHING: lambda: (self._host().tokens, []),
            BAR: self._bar,
            PART: self._part,
            HALVES: self._halves,
            COPY: self._copy,
        }

    def next(self, kind: str, title: str) -> Planted:
        for taken in islice(iter(self._draw[kind], object()), _ATTEMPTS):
            if taken is None:
                continue
            tokens, stretches = taken
            plantings = tuple(self._plantings(tokens, stretches))
            if len(plantings) == len(stretches):
                return Planted(kind, title, tokens, plantings)
        raise ValueError(f"the tunes have nothing to plant as '{kind}'")

    def _plantings(
        self, tokens: tuple[str, ...], stretches: Sequence[tuple[int, Stretch]]
    ) -> Iterator[Planting]:
        """The plantings whose truth is exact."""
        for source, stretch in stretches:
            cut = whole_notes(tokens, stretch)
            if cut is None:
                continue
            tunes = self._corpus.tunes(tokens[cut[0] : cut[1]])
            # No tune must have more of it, or the span would be another.
            if len(tunes) <= FEW and self._corpus.spans_around(tokens, cut) == [cut]:
                yield Planting(*cut, len(notes_in(tokens, cut)), source, tuple(tunes))

    def _host(self) -> _Sheet:
        return _Sheet(0, shuffled(self._chance.choice(self._held_out).tokens, self._chance))

    def _source_for(self, host: _Sheet) -> _Sheet | None:
        sheets = self._of_meter.get(host.meter)
        return self._chance.choice(sheets) if sheets else None

    def _bar(self) -> _Taken | None:
        host = self._host()
        source = self._source_for(host)
        if source is None or not host.full_bars() or not source.full_bars():
            return None
        bar = self._chance.choice(source.full_bars())
        place = self._chance.choice(host.full_bars())
        if len(notes_in(source.tokens, (bar.start, bar.stop))) < _BAR_NOTES:
            return None
        return _planted(host, (place.start, place.stop), source, (bar.start, bar.stop))

    def _part(self) -> _Taken | None:
        host = self._host()
        source = self._source_for(host)
        if source is None:
            return None
        k = self._chance.randrange(len(source.bars) - _PART_BARS + 1)
        at = self._chance.randrange(len(host.bars) - _PART_BARS + 1)
        last, last_place = source.bars[k + _PART_BARS - 1], host.bars[at + _PART_BARS - 1]
        if not all(source.goes_plainly_into(i) for i in range(k + 1, k + _PART_BARS)):
            return None
        replaced = (host.bars[at].start, last_place.stop)
        return _planted(host, replaced, source, (source.bars[k].start, last.stop))

    def _halves(self) -> _Taken | None:
        first = self._chance.choice(self._sources)
        second = self._chance.choice(self._of_meter[first.meter])
        if first is second or not first.middles() or not second.middles():
            return None
        stop = first.bars[self._chance.choice(first.middles()) - 1].stop
        start = second.bars[self._chance.choice(second.middles())].start
        tokens = (*first.tokens[:stop], "|", *second.tokens[start:])
        body = next(k for k, token in enumerate(tokens) if not is_header(token))
        halves = [(first.place, (body, stop)), (second.place, (stop + 1, len(tokens)))]
        return tokens, halves

    def _copy(self) -> _Taken:
        source = self._chance.choice(self._sources)
        return source.tokens, [(source.place, (0, len(source.tokens)))]


def _planted(host: _Sheet, replaced: Stretch, source: _Sheet, taken: Stretch) -> _Taken:
    """A host with one of its stretches replaced by one of a corpus tune."""
    start, stop = replaced
    music = source.tokens[slice(*taken)]
    tokens = (*host.tokens[:start], *music, *host.tokens[stop:])
    return tokens, [(source.place, (start, start + len(music)))]
