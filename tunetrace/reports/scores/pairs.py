"""Bars of a tune over those of another: which are shown, and which of their notes differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from tunetrace.checker.records import Source
from tunetrace.checker.similar.records import Alignment
from tunetrace.reports.page.near_copies import NAMES
from tunetrace.score.aligned import Over, Under
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.pitches import MIDDLE_C, SEMITONES, signature_of, sounding
from tunetrace.tokenizer.transpose import Pitch
from tunetrace.tokenizer.vocabulary import BAR_LINE, MEANINGS, NOTE, is_header

ALONE: Final = "not shared"
"""The word below notes that a source does not have, or that only the source has."""


class AlignedRows(NamedTuple):
    """Some bars of a tune, and what is under each. All is on C."""

    over: Over
    under: list[Under]

    @property
    def words(self) -> set[str]:
        """The words below the notes."""
        return {*self.over.words.values(), *(w for one in self.under for w in one.words.values())}


@dataclass(slots=True)
class _Side:
    """How the notes of one of two tunes differ, while they are gathered."""

    differs: set[int] = field(default_factory=set)
    words: dict[int, str] = field(default_factory=dict)


def shared_rows(layout: Layout, source: Source, other: Layout) -> AlignedRows:
    """The bars of a checked tune that have notes of a source.

    Under each is the bar of the source that has most of them. layout, other: of the tune and of
    the source. A note differs if it is in no shared stretch.
    """
    own, theirs = list(_notes(layout)), list(_notes(other))
    pairs: dict[int, int] = {}
    for shared in source.stretches:
        first = next((k for k, note in enumerate(theirs) if note.token >= shared.source_token), 0)
        for k in range(shared.stop_note - shared.first_note):
            if first + k < len(theirs):
                pairs.setdefault(shared.first_note + k, first + k)
    given = set(pairs.values())
    spelled = _in_scale_of(layout, other)
    over, rows = _Side(), list[Under]()
    for place in range(len(layout.bars)):
        mine = [k for k, note in enumerate(own) if note.bar == place]
        bars = Counter(theirs[pairs[k]].bar for k in mine if k in pairs)
        if not bars:
            continue
        most = max(bars, key=lambda bar: (bars[bar], -bar))
        bar = other.bars[most]
        kept = [k for k in range(bar.start, bar.stop) if not is_header(other.tokens[k])]
        place_of = {token: k for k, token in enumerate(kept)}
        under = _Side()
        _add([own[k] for k in mine], [k in pairs for k in mine], over)
        below = [k for k, note in enumerate(theirs) if note.bar == most]
        moved = [theirs[k].moved(place_of) for k in below]
        _add(moved, [k in given for k in below], under)
        rows.append(Under(place, [spelled[k] for k in kept], under.differs, under.words))
    return AlignedRows(Over(over.differs, over.words), rows)


def aligned_rows(layout: Layout, alignment: Alignment) -> AlignedRows:
    """All bars of a tune over a near copy. layout: of the tune."""
    over, rows = _Side(), list[Under]()
    for place, (bar, aligned) in enumerate(zip(layout.bars, alignment.bars, strict=True)):
        own = [k for k in range(bar.start, bar.stop) if not is_header(layout.tokens[k])]
        at, under, under_tokens = 0, _Side(), list[str]()
        for notes in aligned.notes:
            count, tokens = len(notes.text.split()), notes.other.split()
            mine = own[at : at + count]
            first = len(under_tokens)
            at += count
            under_tokens += tokens
            if notes.difference is None:
                continue
            word = NAMES[notes.difference][0]
            for side, named in (
                (under, dict(enumerate(tokens, first))),
                (over, {k: layout.tokens[k] for k in mine}),
            ):
                played = [k for k, token in named.items() if MEANINGS[token].kind == NOTE]
                side.differs.update(played)
                if played and word:
                    side.words[_event_of(played[0], named)] = word
                    word = ""  # it is below the lower of the two
        rows.append(Under(place, under_tokens, under.differs, under.words))
    return AlignedRows(Over(over.differs, over.words), rows)


def _event_of(token: int, tokens: dict[int, str]) -> int:
    """The first token of the event of a note: that of its chord, if it is in one."""
    return token - 1 if tokens.get(token - 1) == "[" else token


@dataclass(frozen=True, slots=True)
class _Event:
    """A note or a chord."""

    bar: int
    token: int
    """Its first token."""
    notes: tuple[int, ...]
    """The tokens of its notes."""

    def moved(self, places: dict[int, int]) -> _Event:
        """It with other numbers for its tokens."""
        notes = tuple(places[note] for note in self.notes)
        return _Event(self.bar, places[self.token], notes)


def _notes(layout: Layout) -> Iterator[_Event]:
    for place, bar in enumerate(layout.bars):
        for start, stop, sounds in zip(
            bar.events.starts, bar.events.stops, bar.events.sounds, strict=True
        ):
            if sounds:
                tokens = range(bar.start + start, bar.start + stop)
                notes = tuple(k for k in tokens if MEANINGS[layout.tokens[k]].kind == NOTE)
                yield _Event(place, bar.start + start, notes)


def _add(events: Sequence[_Event], are_shared: Sequence[bool], side: _Side) -> None:
    """Note the events that are not shared; the first in a row has a word."""
    for event, (was_shared, is_shared) in zip(events, pairwise([True, *are_shared]), strict=True):
        if not is_shared:
            side.differs.update(event.notes)
            if was_shared:
                side.words[event.token] = ALONE


def _in_scale_of(layout: Layout, other: Layout) -> list[str]:
    """The tokens of another tune, with accidentals so that they sound the same in the key that a
    tune begins in."""
    signature = signature_of(next((t[2:] for t in layout.tokens if t.startswith("K:")), None))
    midi = sounding(other.tokens)
    in_bar: dict[str, int] = {}
    found = []
    for k, token in enumerate(other.tokens):
        if MEANINGS[token].kind == BAR_LINE:
            in_bar.clear()
        if k in midi:
            pitch = Pitch.parse(token)
            natural = MIDDLE_C + 12 * pitch.octave + SEMITONES[pitch.letter]
            alteration = midi[k] - natural
            sign = alteration if alteration != in_bar.get(pitch.letter, signature[pitch.letter]) \
                else None  # fmt: skip
            if sign is not None:
                in_bar[pitch.letter] = sign
            token = str(Pitch(pitch.letter, pitch.octave, sign))
        found.append(token)
    return found
