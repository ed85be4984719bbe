"""Real tunes in other clothes: what musicians do to a tune, each from a seed.

A dressing takes a tune and gives another transcription, or None where there is nothing in the tune
to be dressed: a tune in one part has no parts to swap. Those of OTHERS make another tune of it, as
a control: whatever is named there is a false alarm.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

from benchmarks.shuffled import shuffled
from benchmarks.similar.pieces import (
    Note,
    Piece,
    full_bars,
    head_of,
    moved,
    notes_in,
    put_together,
    read_again,
    take_apart,
)
from tunetrace.tokenizer.keys import MODES, spell
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.transpose import TooFarAlteredError
from tunetrace.tokenizer.vocabulary import is_header
from tunetrace.tokenizer.write import to_abc

Dress = Callable[[Transcription, random.Random], Transcription | None]

_TONICS: Final = ("D", "E", "F", "G", "A", "Bb")
_WRITTEN_MODES: Final = ("maj", "min", "dor", "mix")
_FURTHEST: Final = 4
"""Steps of the scale by which a note is replaced, at most."""
_LEAST_BARS: Final = 8
_IN_ONE: Final = 3
"""Notes of a triplet."""
_CROTCHET: Final = Fraction(2)
_DOUBLED_METERS: Final = {"2/4": "4/4", "4/4": "4/2"}
_HALVED_METERS: Final = {"4/4": "2/4", "2/2": "2/4"}


@dataclass(frozen=True, slots=True)
class Dressing:
    """A way to write a tune otherwise."""

    kind: str
    strength: str
    """How far it goes: `30%`, `3 steps`; empty if there is one way only."""
    dress: Dress

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.strength}" if self.strength else self.kind

    def of(self, tune: Transcription, seed: int) -> Transcription | None:
        """The tune dressed, the same for the same seed; None if there is nothing to be dressed."""
        return self.dress(tune, random.Random(f"{self.name} {seed}"))


def is_dressable(tune: Transcription) -> bool:
    """Whether a tune has a meter, a key, some bars, and no headers inside its music."""
    music = tune.tokens[len(head_of(tune.tokens)) :]
    return (
        tune.meter not in (None, "none")
        and tune.key is not None
        and not any(map(is_header, music))
        and len(full_bars(tune.tokens)) >= _LEAST_BARS
    )


# Pitches: all else stays.


def _with_pitches(
    tune: Transcription, change: Callable[[int, Note], tuple[str, ...]]
) -> Transcription:
    """The tune with each pitch changed. change: called with the number of the note, from 0."""
    pieces = take_apart(tune.tokens)
    for number, place in enumerate(notes_in(pieces)):
        note = pieces[place]
        assert isinstance(note, Note)
        pieces[place] = replace(note, pitch=change(number, note))
    return put_together(tune, pieces)


def _rotated(steps: int) -> Dress:
    return lambda tune, _: _with_pitches(tune, lambda _, note: moved(note.pitch, steps, tune.key))


def _replaced(share: float) -> Dress:
    def dress(tune: Transcription, chance: random.Random) -> Transcription:
        chosen = _some(len(notes_in(take_apart(tune.tokens))), share, chance)

        def change(number: int, note: Note) -> tuple[str, ...]:
            return _another(note, tune.key, chance) if number in chosen else note.pitch

        return _with_pitches(tune, change)

    return dress


def _another(note: Note, key: str | None, chance: random.Random) -> tuple[str, ...]:
    """Another pitch up to a fifth from a note."""
    steps = chance.choice([*range(-_FURTHEST, 0), *range(1, _FURTHEST + 1)])
    return moved(note.pitch, steps, key)


def _other_ending(tune: Transcription, chance: random.Random) -> Transcription:
    pieces = take_apart(tune.tokens)
    lines = [k for k, piece in enumerate(pieces) if isinstance(piece, str)]
    bars = [(a, b) for a, b in pairwise([*lines, len(pieces)]) if b > a + 1]
    last_two = [k for a, b in bars[-2:] for k in range(a, b)]
    for place in set(notes_in(pieces)) & set(last_two):
        note = pieces[place]
        assert isinstance(note, Note)
        pieces[place] = replace(note, pitch=_another(note, tune.key, chance))
    return put_together(tune, pieces)


def _retrograde(tune: Transcription, _: random.Random) -> Transcription:
    return _reordered(tune, lambda pitches: pitches[::-1])


def _in_any_order(tune: Transcription, chance: random.Random) -> Transcription:
    return _reordered(tune, lambda pitches: chance.sample(pitches, len(pitches)))


def _reordered(
    tune: Transcription, order: Callable[[list[tuple[str, ...]]], list[tuple[str, ...]]]
) -> Transcription:
    pieces = take_apart(tune.tokens)
    notes = (pieces[place] for place in notes_in(pieces))
    pitches = order([note.pitch for note in notes if isinstance(note, Note)])
    return _with_pitches(tune, lambda number, _: pitches[number])


def _with_steps_in_another_order(tune: Transcription, chance: random.Random) -> Transcription:
    tokens = [token for piece in take_apart(tune.tokens) for token in _tokens_of(piece)]
    return read_again(tune, to_abc(shuffled(tokens, chance)))


def _tokens_of(piece: Piece) -> Iterator[str]:
    if isinstance(piece, Note):
        yield from piece.tokens()
    else:
        yield piece


# Keys: the same notes under another header.


def _transposed(tune: Transcription, chance: random.Random) -> Transcription | None:
    for tonic in chance.sample(_TONICS, len(_TONICS)):
        try:
            return read_again(tune, to_abc(tune.tokens, tonic=tonic))
        except TooFarAlteredError:
            continue
    return None


def _signature_for_mode(tune: Transcription, chance: random.Random) -> Transcription | None:
    """`K:Am` written as `K:C`: the notes stay, and the reader takes another one for the tonic."""
    mode = (tune.key or "")[-3:]
    if mode not in _WRITTEN_MODES:
        return None
    written = chance.choice([one for one in _WRITTEN_MODES if one != mode])
    letter, alteration = spell(MODES[mode] - MODES[written])
    tonic = letter + ("#" if alteration > 0 else "b") * abs(alteration)
    text = to_abc(tune.tokens)
    try:
        return read_again(tune, text.replace(f"\nK:C{mode}\n", f"\nK:{tonic}{written}\n", 1))
    except TooFarAlteredError:
        return None


# Lengths


def _scaled(factor: Fraction, meters: dict[str, str]) -> Dress:
    """All lengths times a factor, and bars too."""

    def dress(tune: Transcription, _: random.Random) -> Transcription:
        meter = f"M:{meters.get(tune.meter or '') or _scaled_meter(tune.meter, factor)}"
        pieces = [_with_meter(piece, meter) for piece in take_apart(tune.tokens)]
        return put_together(tune, (_times(piece, factor) for piece in pieces))

    return dress


def _scaled_meter(meter: str | None, factor: Fraction) -> str:
    """A meter with the same beats, each longer by a factor: 6/8 doubled is 6/4."""
    beats, _, unit = (meter or "").partition("/")
    scaled = int(unit) / factor
    return f"{beats}/{int(scaled)}" if scaled >= 1 else f"{2 * int(beats)}/1"


def _with_meter(piece: Piece, meter: str) -> Piece:
    return meter if isinstance(piece, str) and piece.startswith("M:") else piece


def _times(piece: Piece, factor: Fraction) -> Piece:
    if isinstance(piece, str):
        return piece
    return replace(piece, length=piece.length * factor, time=piece.time * factor)


def _doubled_in_twice_as_many_bars(tune: Transcription, _: random.Random) -> Transcription | None:
    """Lengths doubled under the same meter, with a bar line in the middle of each bar.

    A note over the new bar line is divided.
    """
    full = _full_length(tune)
    written: list[Piece] = []
    elapsed = Fraction(0)
    for piece in take_apart(tune.tokens):
        if isinstance(piece, str):
            elapsed = Fraction(0)
            written.append(piece)
            continue
        note = _times(piece, Fraction(2))
        assert isinstance(note, Note)
        if elapsed < full < elapsed + note.time:
            if not note.is_free:
                return None
            written += [note.lasting(full - elapsed), "|", note.lasting(elapsed + note.time - full)]
        else:
            written += ["|", note] if elapsed == full else [note]
        elapsed += note.time
    return put_together(tune, written)


def _halved_in_half_as_many_bars(tune: Transcription, _: random.Random) -> Transcription:
    """Lengths halved under the same meter: of two full bars in a row one is made."""
    bars = lay_out(tune.tokens).bars
    dropped = set()
    is_second = False
    for before, bar in pairwise(bars):
        is_second = (
            not is_second
            and bar.lines == ("|",)
            and all(one.full == one.duration for one in (before, bar))
        )
        if is_second:
            dropped.add(bar.start - 1)
    kept = [token for k, token in enumerate(tune.tokens) if k not in dropped]
    return put_together(tune, (_times(piece, Fraction(1, 2)) for piece in take_apart(kept)))


def _full_length(tune: Transcription) -> Fraction:
    """How long a bar of the meter is, in eighths."""
    beats, _, unit = (tune.meter or "").partition("/")
    return Fraction(8 * int(beats), int(unit))


# Notes: more or fewer of them, in the same time.


def _split_or_joined(share: float) -> Dress:
    """So many of the notes are divided into two, or one note is made of one and the next."""

    def dress(tune: Transcription, chance: random.Random) -> Transcription | None:
        pieces = take_apart(tune.tokens)
        notes = [k for k in notes_in(pieces) if _is_free(pieces[k])]
        wanted = max(1, round(share * len(notes_in(pieces))))
        changed: dict[int, list[Piece]] = {}
        for k in chance.sample(notes, len(notes)):
            if len(changed) >= wanted:
                break
            note, after = pieces[k], pieces[k + 1] if k + 1 < len(pieces) else "|"
            if k in changed or not isinstance(note, Note):
                continue
            can_join = _is_free(after) and k + 1 not in changed and k + 1 in notes
            if can_join and isinstance(after, Note) and chance.random() < 0.5:
                changed[k] = [note.lasting(note.length + after.length)]
                changed[k + 1] = []
            else:
                changed[k] = [note.lasting(note.length / 2)] * 2
        return _changed(tune, pieces, changed)

    return dress


def _ornamented(share: float) -> Dress:
    """So many of the notes are given a turn, or a passing note before the next.

    A crotchet and longer begins with itself and its upper neighbour; a shorter note gives its
    second half to a note on the way to the next, or to its upper neighbour.
    """

    def dress(tune: Transcription, chance: random.Random) -> Transcription | None:
        pieces = take_apart(tune.tokens)
        notes = [k for k in notes_in(pieces) if _is_free(pieces[k])]
        changed: dict[int, list[Piece]] = {}
        for k in _chosen(notes, round(share * len(notes_in(pieces))), chance):
            note = pieces[k]
            assert isinstance(note, Note)
            if note.length >= _CROTCHET:
                upper = replace(note, pitch=moved(note.pitch, 1, tune.key))
                turn = note.lasting(Fraction(1, 2)), upper.lasting(Fraction(1, 2))
                changed[k] = [*turn, note.lasting(note.length - 1)]
            else:
                after = next((pieces[i] for i in notes_in(pieces) if i > k), None)
                steps = chance.choice((1, -1)) if after is None else _onward(note, after, tune.key)
                passing = replace(note, pitch=moved(note.pitch, steps, tune.key))
                half = note.length / 2
                changed[k] = [note.lasting(half), passing.lasting(half)]
        return _changed(tune, pieces, changed)

    return dress


def _onward(note: Note, after: Piece, key: str | None) -> int:
    """A step up or down: to the next note if that is a third away, or else up."""
    assert isinstance(after, Note)
    return -1 if after.pitch == moved(note.pitch, -2, key) else 1


def _triplets(tune: Transcription, chance: random.Random) -> Transcription | None:
    """Half of the crotchets become triplets with their upper neighbour."""
    pieces = take_apart(tune.tokens)
    crotchets = [k for k in notes_in(pieces) if _is_crotchet(pieces[k])]
    changed: dict[int, list[Piece]] = {}
    for k in _chosen(crotchets, len(crotchets) / 2, chance):
        note = pieces[k]
        assert isinstance(note, Note)
        one = Note(note.pitch, Fraction(1), Fraction(2, 3))
        upper = replace(one, pitch=moved(note.pitch, 1, tune.key))
        changed[k] = [replace(one, before=(f"({_IN_ONE}",)), upper, one]
    return _changed(tune, pieces, changed)


def _one_for_two(tune: Transcription, _: random.Random) -> Transcription | None:
    """`C 2` for `C C`, wherever a bar has the same note twice."""
    pieces = take_apart(tune.tokens)
    changed: dict[int, list[Piece]] = {}
    for k, (note, after) in enumerate(pairwise(pieces)):
        if not (isinstance(note, Note) and isinstance(after, Note)) or k in changed:
            continue
        is_pair = note.sounds and note.is_free and after.is_free and note.pitch == after.pitch
        if is_pair and note.length == after.length:
            changed |= {k: [note.lasting(2 * note.length)], k + 1: []}
    return _changed(tune, pieces, changed)


def _is_free(piece: Piece) -> bool:
    return isinstance(piece, Note) and piece.sounds and piece.is_free


def _is_crotchet(piece: Piece) -> bool:
    return isinstance(piece, Note) and _is_free(piece) and piece.length == _CROTCHET


def _chosen(places: Sequence[int], count: float, chance: random.Random) -> list[int]:
    return chance.sample(places, min(len(places), max(1, round(count))))


def _some(count: int, share: float, chance: random.Random) -> set[int]:
    return set(_chosen(range(count), share * count, chance))


def _changed(
    tune: Transcription, pieces: Sequence[Piece], changed: dict[int, list[Piece]]
) -> Transcription | None:
    """The tune with some of its pieces changed for others; None if none is."""
    if not changed:
        return None
    return put_together(tune, (one for k, p in enumerate(pieces) for one in changed.get(k, [p])))


# Bars and parts


def _parts(tokens: Sequence[str]) -> list[list[str]]:
    """The parts of a tune without headers, each with its bar lines and one at its end.

    A tune in one part is divided in its middle.
    """
    head = head_of(tokens)
    bars = lay_out(tokens).bars
    cuts = [len(head)]
    for before, bar in pairwise(bars):
        if bar.part != before.part:
            lines = tokens[before.stop : bar.start]
            opening = lines.index("|:") if "|:" in lines else len(lines)
            cuts.append(before.stop + opening)
    if len(cuts) == 1:
        cuts.append(bars[len(bars) // 2].start)
    parts = [list(tokens[a:b]) for a, b in pairwise([*cuts, len(tokens)])]
    return [part if part[-1] in ("|", ":|") else [*part, "|"] for part in parts]


def _parts_swapped(tune: Transcription, _: random.Random) -> Transcription | None:
    first, *others = _parts(tune.tokens)
    return _of_parts(tune, [*others, first])


def _one_part(tune: Transcription, chance: random.Random) -> Transcription | None:
    return _of_parts(tune, [chance.choice(_parts(tune.tokens))])


def _of_parts(tune: Transcription, parts: Sequence[Sequence[str]]) -> Transcription | None:
    """A tune of these parts; None if nothing sounds in them."""
    head = head_of(tune.tokens)
    pieces = take_apart([*head, *(token for part in parts for token in part)])
    return put_together(tune, pieces) if notes_in(pieces) else None


def _half(*, is_second: bool) -> Dress:
    def dress(tune: Transcription, _: random.Random) -> Transcription | None:
        bars = lay_out(tune.tokens).bars
        middle = len(bars) // 2
        head = head_of(tune.tokens)
        start, stop = len(head), bars[middle - 1].stop
        if is_second:
            start, stop = bars[middle].start, bars[-1].stop
        return _of_parts(tune, [[*tune.tokens[start:stop], "|"]])

    return dress


def _bars_in_another_order(tune: Transcription, chance: random.Random) -> Transcription:
    bars = full_bars(tune.tokens)
    music = [tune.tokens[bar.start : bar.stop] for bar in bars]
    tokens: list[str] = []
    at = 0
    for bar, other in zip(bars, chance.sample(music, len(music)), strict=True):
        tokens += [*tune.tokens[at : bar.start], *other]
        at = bar.stop
    return put_together(tune, take_apart([*tokens, *tune.tokens[at:]]))


DRESSINGS: Final = (
    *(Dressing("rotation", f"{k} step{'s' * (k > 1)}", _rotated(k)) for k in range(1, 7)),
    Dressing("octave", "up", _rotated(7)),
    Dressing("octave", "down", _rotated(-7)),
    Dressing("another key", "", _transposed),
    Dressing("signature for mode", "", _signature_for_mode),
    Dressing("parts swapped", "", _parts_swapped),
    Dressing("half a tune", "first half", _half(is_second=False)),
    Dressing("half a tune", "second half", _half(is_second=True)),
    Dressing("half a tune", "one part", _one_part),
    Dressing("doubled lengths", "longer bars", _scaled(Fraction(2), _DOUBLED_METERS)),
    Dressing("doubled lengths", "more bars", _doubled_in_twice_as_many_bars),
    Dressing("halved lengths", "shorter bars", _scaled(Fraction(1, 2), _HALVED_METERS)),
    Dressing("halved lengths", "fewer bars", _halved_in_half_as_many_bars),
    *(Dressing("split or joined", f"{share:.0%}", _split_or_joined(share)) for share in (0.1, 0.3)),
    Dressing("ornamented", "20%", _ornamented(0.2)),
    Dressing("one note for two", "", _one_for_two),
    Dressing("triplets", "", _triplets),
    Dressing("other ending", "", _other_ending),
    *(Dressing("replaced", f"{share:.0%}", _replaced(share)) for share in (0.1, 0.2, 0.3, 0.4)),
)
"""What musicians do to a tune, which leaves it the same tune."""

OTHERS: Final = (
    Dressing("retrograde", "", _retrograde),
    Dressing("shuffled", "notes", _in_any_order),
    Dressing("shuffled", "steps", _with_steps_in_another_order),
    Dressing("shuffled", "bars", _bars_in_another_order),
)
"""What makes another tune: the notes backwards; in any order; so that each goes on to the next as
often as before; and the bars in any order, which leaves whole bars as they were. The rhythm
stays."""
