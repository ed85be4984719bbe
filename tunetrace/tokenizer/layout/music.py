"""The tune as music: does it add up, how do its parts relate, where does it rest.

The questions are those a musician asks of a transcription on sight: bars that are too short or too
long, pickups, repeat signs, the final notes against the key, the range, accidentals, and which
bars come again as they were or varied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import groupby
from typing import Final, TypeGuard

from tunetrace.tokenizer.keys import LETTERS, MODES
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.pitches import signature_of, sounding
from tunetrace.tokenizer.layout.timeline import Bar, eighths
from tunetrace.tokenizer.transpose import Pitch
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE

_ALIKE: Final = 0.5


@dataclass(frozen=True, slots=True)
class BadBar:
    """A bar that does not add up: how long it is and how long it should be, in eighths."""

    part: int
    bar: int
    ending: int | None
    text: str
    eighths: Fraction
    expected: Fraction


@dataclass(frozen=True, slots=True)
class PartMusic:
    """One part. bars: how many numbered ones; pickup: its text; endings: how many.

    is_repeated: it ends with `:|`. misses_repeat_sign: it does, and no `|:` opens it. final: its
    last note; ends_on_tonic: whether that is the key's tonic, in any octave; final_degree: which
    degree of the key it is, 1 for the tonic up to 7, None where it is altered or there is no key.
    """

    part: int
    bars: int
    pickup: str | None
    endings: int
    is_repeated: bool
    misses_repeat_sign: bool
    final: str | None
    ends_on_tonic: bool | None
    final_degree: int | None


@dataclass(frozen=True, slots=True)
class NotePlace:
    """A note and where it first sounds."""

    note: str
    part: int
    bar: int


@dataclass(frozen=True, slots=True)
class Accidental:
    """A note with a written accidental, how often it is written and where first."""

    note: str
    hits: int
    part: int
    bar: int


@dataclass(frozen=True, slots=True)
class Return:
    """A bar that comes again: its text, and the bars (part, bar) that have it."""

    text: str
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Variation:
    """Two bars at the same place of neighbouring parts that are alike.

    shared: twice the tokens that match over the tokens of both, at least a half (difflib's ratio;
    Ratcliff and Metzener 1988).
    """

    bar: int
    parts: tuple[int, int]
    texts: tuple[str, str]
    shared: float


@dataclass(frozen=True, slots=True)
class Music:
    """What is to be said of a transcription as a tune. adds_up is None without a meter.

    range_semitones: from the lowest note to the highest, None without notes.
    """

    adds_up: bool | None
    bars_not_adding_up: tuple[BadBar, ...]
    parts: tuple[PartMusic, ...]
    highest: NotePlace | None
    lowest: NotePlace | None
    range_semitones: int | None
    accidentals: tuple[Accidental, ...]
    repeated: tuple[Return, ...]
    varied: tuple[Variation, ...]


def describe_music(layout: Layout, key: str | None) -> Music:
    """What is to be said of a tune whose bars and parts are laid out. key as indexed: `Cdor`."""
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
    notes = _notes(layout)
    heights = sounding(layout.tokens, key)
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


def _notes(layout: Layout) -> list[tuple[int, Bar]]:
    """Every written note, by its place among the tokens, with its bar; those of chords too."""
    return [
        (i, bar)
        for bar in layout.bars
        for i in range(bar.start, bar.stop)
        if MEANINGS[layout.tokens[i]].kind == NOTE
    ]


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
        # The `|:` may stand before the pickup or after it.
        opening = bars[0].lines + (bars[1].lines if len(bars) > 1 and bars[0].is_pickup else ())
        final = _final_note(layout, bars)
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


def _final_note(layout: Layout, bars: Sequence[Bar]) -> str | None:
    for bar in reversed(bars):
        for token in reversed(layout.tokens[bar.start : bar.stop]):
            if MEANINGS[token].kind == NOTE:
                return token
    return None


def _has_tonic(key: str | None) -> TypeGuard[str]:
    return key is not None and key[-3:] in MODES


def _degree(note: str | None, key: str | None) -> int | None:
    """Which degree of a key a note is, from 1; None where it is altered against the key."""
    if note is None or not _has_tonic(key):
        return None
    pitch = Pitch.parse(note)
    if pitch.alteration not in (None, signature_of(key)[pitch.letter]):
        return None
    tonic = key[:-3] or "C"
    return (LETTERS.index(pitch.letter) - LETTERS.index(tonic[0])) % 7 + 1


def _repeated(layout: Layout) -> tuple[Return, ...]:
    places: dict[str, list[tuple[int, int]]] = {}
    for bar in layout.bars:
        if not bar.is_pickup:
            places.setdefault(bar.text, []).append((bar.part, bar.number))
    return tuple(Return(text, tuple(at)) for text, at in places.items() if len(at) > 1)


def _varied(layout: Layout) -> tuple[Variation, ...]:
    """Bars of the same number in two neighbouring parts that are alike but not the same."""
    texts: dict[tuple[int, int], str] = {}
    for bar in layout.bars:
        if not bar.is_pickup:
            texts.setdefault((bar.part, bar.number), bar.text)
    found = []
    for (part, number), text in texts.items():
        other = texts.get((part + 1, number), text)
        if other != text:
            matcher = SequenceMatcher(None, text.split(), other.split(), autojunk=False)
            if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
                shared = matcher.ratio()
                if shared >= _ALIKE:
                    found.append(Variation(number, (part, part + 1), (text, other), shared))
    return tuple(found)
