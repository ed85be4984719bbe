"""A transcription seen as a tune.

Answers what a musician asks at first sight: bars that are too short or too long, pickups, repeat
signs, final notes against the key, the range, accidentals, and bars that are repeated or varied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import groupby
from typing import Final, TypeGuard

from tunetrace.records import Record
from tunetrace.tokenizer.keys import LETTERS, MODES
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.pitches import signature_of, sounding
from tunetrace.tokenizer.layout.timeline import Bar, eighths
from tunetrace.tokenizer.transpose import Pitch
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE

_ALIKE: Final = 0.5


@dataclass(frozen=True, slots=True, repr=False)
class BadBar(Record):
    """A bar that does not add up."""

    part: int
    bar: int
    ending: int | None
    text: str
    eighths: Fraction
    """How long it is."""
    expected: Fraction
    """How long it should be, in eighths."""


@dataclass(frozen=True, slots=True, repr=False)
class PartMusic(Record):
    """What there is to say about one part."""

    part: int
    bars: int
    """The number of its bars, without the pickup and further endings."""
    pickup: str | None
    """The text of its pickup."""
    endings: int
    is_repeated: bool
    """Whether it ends with `:|`."""
    misses_repeat_sign: bool
    """Whether it ends with `:|`, but no `|:` opens it."""
    final: str | None
    """Its last note."""
    ends_on_tonic: bool | None
    """Whether its last note is the tonic of the key, in any octave."""
    final_degree: int | None
    """The degree of the last note in the key: 1 for the tonic, up to 7. None if the note is altered
    or there is no key."""


@dataclass(frozen=True, slots=True, repr=False)
class NotePlace(Record):
    """A note, and where it is found first."""

    note: str
    part: int
    bar: int


@dataclass(frozen=True, slots=True, repr=False)
class Accidental(Record):
    """A note with a written accidental, and where it is found first."""

    note: str
    hits: int
    """How often it is written."""
    part: int
    bar: int


@dataclass(frozen=True, slots=True, repr=False)
class RepeatedBar(Record):
    """A bar that is found more than once in the tune."""

    text: str
    places: tuple[tuple[int, int], ...]
    """The part and the bar number of each."""


@dataclass(frozen=True, slots=True, repr=False)
class VariedBar(Record):
    """Two similar bars at the same place of neighbouring parts."""

    bar: int
    parts: tuple[int, int]
    texts: tuple[str, str]
    shared: float
    """Twice the number of matching tokens, over the tokens of both bars; at least a half (difflib's
    ratio; Ratcliff and Metzener 1988)."""


@dataclass(frozen=True, slots=True, repr=False)
class Music(Record):
    """A transcription seen as a tune."""

    adds_up: bool | None
    """Whether every bar adds up; None without a meter."""
    bars_not_adding_up: tuple[BadBar, ...]
    parts: tuple[PartMusic, ...]
    highest: NotePlace | None
    lowest: NotePlace | None
    range_semitones: int | None
    """From the lowest note to the highest; None without notes."""
    accidentals: tuple[Accidental, ...]
    repeated: tuple[RepeatedBar, ...]
    varied: tuple[VariedBar, ...]


def describe_music(layout: Layout, key: str | None) -> Music:
    """Describe a tune from its bars and parts. key: as in the tokens (`Cdor`)."""
    bad = tuple(
        BadBar(
            part=bar.part,
            bar=bar.number,
            ending=bar.ending,
            text=bar.text,
            eighths=eighths(bar.duration),
            expected=eighths(bar.full),
        )
        for bar in layout.bars
        if bar.adds_up is False and bar.full is not None
    )
    is_metered = any(bar.full is not None for bar in layout.bars)
    heights = sounding(layout.tokens, key)
    notes = [(i, bar) for bar in layout.bars for i in range(bar.start, bar.stop) if i in heights]
    highest = max(notes, key=lambda note: heights[note[0]], default=None)
    lowest = min(notes, key=lambda note: heights[note[0]], default=None)
    return Music(
        adds_up=not bad if is_metered else None,
        bars_not_adding_up=bad,
        parts=_parts(layout, key),
        highest=None if highest is None else _place(layout, highest),
        lowest=None if lowest is None else _place(layout, lowest),
        range_semitones=(heights[highest[0]] - heights[lowest[0]] if highest and lowest else None),
        accidentals=_accidentals(layout, notes),
        repeated=_repeated(layout),
        varied=_varied(layout),
    )


def _place(layout: Layout, note: tuple[int, Bar]) -> NotePlace:
    i, bar = note
    return NotePlace(layout.tokens[i], bar.part, bar.number)


def _accidentals(layout: Layout, notes: Sequence[tuple[int, Bar]]) -> tuple[Accidental, ...]:
    written = [(layout.tokens[i], bar) for i, bar in notes if layout.tokens[i][0] in "^_="]
    hits = Counter(note for note, _ in written)
    first = dict(reversed(written))
    return tuple(
        Accidental(note, count, first[note].part, first[note].number)
        for note, count in hits.most_common()
    )


def _parts(layout: Layout, key: str | None) -> tuple[PartMusic, ...]:
    described = []
    after = 0
    for part, group in groupby(layout.bars, key=lambda bar: bar.part):
        bars = list(group)
        after += len(bars)
        inner_lines = [line for bar in bars[1:] for line in bar.lines]
        closing = layout.bars[after].lines if after < len(layout.bars) else (
            layout.closing_lines)  # fmt: skip
        is_repeated = ":|" in inner_lines or ":|" in closing[:1]
        # The `|:` may be before the pickup or after it.
        opening = bars[0].lines + (bars[1].lines if len(bars) > 1 and bars[0].is_pickup else ())
        written = layout.tokens[bars[0].start : bars[-1].stop]
        final = next((t for t in reversed(written) if MEANINGS[t].kind == NOTE), None)
        degree = _degree(final, key)
        described.append(
            PartMusic(
                part=part,
                bars=len({bar.number for bar in bars if not bar.is_pickup}),
                pickup=bars[0].text if bars[0].is_pickup else None,
                endings=len({bar.ending for bar in bars} - {None}),
                is_repeated=is_repeated,
                misses_repeat_sign=is_repeated and "|:" not in opening,
                final=final,
                ends_on_tonic=degree == 1 if final and _has_tonic(key) else None,
                final_degree=degree,
            )
        )
    return tuple(described)


def _has_tonic(key: str | None) -> TypeGuard[str]:
    return key is not None and key[-3:] in MODES


def _degree(note: str | None, key: str | None) -> int | None:
    """The degree of a note in a key, from 1; None if the note is altered."""
    if note is None or not _has_tonic(key):
        return None
    pitch = Pitch.parse(note)
    if pitch.alteration not in (None, signature_of(key)[pitch.letter]):
        return None
    tonic = key[:-3] or "C"
    return (LETTERS.index(pitch.letter) - LETTERS.index(tonic[0])) % 7 + 1


def _repeated(layout: Layout) -> tuple[RepeatedBar, ...]:
    places: dict[str, list[tuple[int, int]]] = {}
    for bar in layout.bars:
        if not bar.is_pickup:
            places.setdefault(bar.text, []).append((bar.part, bar.number))
    return tuple(RepeatedBar(text, tuple(at)) for text, at in places.items() if len(at) > 1)


def _varied(layout: Layout) -> tuple[VariedBar, ...]:
    """Bars of the same number in neighbouring parts that are similar but not the same."""
    texts: dict[tuple[int, int], str] = {}
    for bar in layout.bars:
        if not bar.is_pickup:
            texts.setdefault((bar.part, bar.number), bar.text)
    found = []
    for (part, number), text in texts.items():
        other = texts.get((part + 1, number), text)
        if other != text:
            matcher = SequenceMatcher(None, text.split(), other.split(), autojunk=False)
            # The quick ratio is never less.
            if matcher.quick_ratio() >= _ALIKE and (shared := matcher.ratio()) >= _ALIKE:
                found.append(VariedBar(number, (part, part + 1), (text, other), shared))
    return tuple(found)
