"""One voice of a MIDI file as a written part.

A MIDI file says when keys go down and up. Bar lines follow from the meter, lengths from the grid of
grid.py. What is assumed or left out is told in remarks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from statistics import median
from typing import Final

from tunetrace.errors import AbcError
from tunetrace.notation.choice import ONLY_PERCUSSION, chosen_voice, refuse_long
from tunetrace.notation.midi.events import KeyPress, MidiScore, midi_score
from tunetrace.notation.midi.grid import EIGHTH, ROLLED, Cell, cells_of_bar
from tunetrace.notation.midi.keys import MidiKey, keys_of
from tunetrace.notation.written import WrittenBar, WrittenNote, WrittenTune
from tunetrace.text import counted
from tunetrace.tokenizer.abc.dropped import bars_left_out, number_left_out
from tunetrace.tokenizer.vocabulary import is_token

_MOST_BARS: Final = 10_000
_ASSUMED_METER: Final = "4/4"


def midi_tune(data: bytes, name: str, voice: str | None) -> WrittenTune:
    """A voice of a MIDI file.

    name: stands for the file in messages. voice: as in Reading. InputError if the file cannot be
    read, or music21 is not installed; AbcError if there is nothing to read in it.
    """
    score = midi_score(data, name)
    voices = score.voices
    if not voices and score.has_drums:
        raise AbcError(ONLY_PERCUSSION, kind="no notes")
    chosen = voices[chosen_voice([(one.label, one.name) for one in voices], voice)]
    refuse_long(len(chosen.notes))
    # An onset just before the last bar line moves behind it, so one bar more is laid out.
    times, remarks = _bars_in_time(score, max(press.end for press in chosen.notes) + EIGHTH)
    starts = [bar.start for bar in times]
    others = [
        (other.label, len({bisect_right(starts, press.onset) for press in other.notes}))
        for other in score.voices
        if other is not chosen
    ]
    keys, of_key = keys_of(score, chosen, name)
    sounds, cells, of_grid = _on_grid(chosen.notes, times)
    bars, of_bars = _written(sounds, cells, times, keys)
    remarks = [*bars_left_out(others), *remarks, *of_key, *of_grid, *of_bars]
    if score.has_drums:
        remarks.append("percussion (channel 10) was left out")
    remarks.append("MIDI has no repeat signs; the tune is read as it is played")
    titles = [score.title] if score.title else []
    return WrittenTune(titles, times[0].meter, keys[0].text, bars, remarks)


# Bars


@dataclass(slots=True)
class _BarTime:
    """When a bar begins and ends, in quarter notes, and its meter."""

    start: Fraction
    end: Fraction
    meter: str


def _bars_in_time(score: MidiScore, end: Fraction) -> tuple[list[_BarTime], list[str]]:
    """The bars up to a time, and what was assumed. A change of meter begins a new bar.

    A first meter of one bar that is shorter than the next meter is that of a pickup: programs write
    a pickup of an eighth in 6/8 as a bar of 1/8.
    """
    remarks = []
    changes = [
        (at, meter) for at, meter in score.meters if is_token(f"M:{meter}") and meter[0] != "0"
    ]
    if not changes or changes[0][0] > 0:
        changes.insert(0, (Fraction(0), _ASSUMED_METER))
        remarks.append(f"the file states no meter; {_ASSUMED_METER} is assumed")
    bars: list[_BarTime] = []
    at, k = Fraction(0), 0
    while at < end:
        while k + 1 < len(changes) and changes[k + 1][0] <= at:
            k += 1
        bar_end = at + 4 * Fraction(changes[k][1])
        if k + 1 < len(changes):
            bar_end = min(bar_end, changes[k + 1][0])
        bars.append(_BarTime(at, bar_end, changes[k][1]))
        if len(bars) > _MOST_BARS:
            raise AbcError(
                f"the file lasts more than {_MOST_BARS:,} bars; divide it into tunes, or cut out "
                "its silence",
                kind="too long",
            )
        at = bar_end
    if len(bars) > 1 and Fraction(bars[0].meter) < Fraction(bars[1].meter):
        bars[0].meter = bars[1].meter
    return bars, remarks


# Onsets and lengths


@dataclass(slots=True)
class _Sound:
    """A note or chord where it is written. Times are in quarter notes."""

    onset: Fraction
    end: Fraction
    numbers: list[int]


def _on_grid(
    presses: Sequence[KeyPress], bars: Sequence[_BarTime]
) -> tuple[list[_Sound], list[Cell], list[str]]:
    """The sounds of the notes, the cells that divide the time, and what was changed."""
    presses = sorted(presses, key=lambda press: press.onset)
    onsets = [press.onset for press in presses]
    cells = [cell for bar in bars for cell in cells_of_bar(bar.start, bar.end, onsets)]
    starts = [cell.start for cell in cells]

    def cell_at(time: Fraction) -> Cell:
        return cells[max(bisect_right(starts, time) - 1, 0)]

    placed = [(cell_at(press.onset).nearest(press.onset), press) for press in presses]
    sounds: list[_Sound] = []
    grace_notes = 0
    for onset, group in groupby(placed, key=lambda one: one[0]):
        together = [press for _, press in group]
        kept = [one for one in together if together[-1].onset - one.onset <= ROLLED]
        grace_notes += len(together) - len(kept)
        numbers = sorted({press.number for press in kept})
        sounds.append(_Sound(onset, max(press.end for press in kept), numbers))
    shortened, closed = _end_on_grid(sounds, cell_at)
    remarks = []
    shift = max(abs(onset - press.onset) for onset, press in placed)
    if shift:
        remarks.append(
            "onsets were moved to sixteenths and triplets, by at most "
            f"{max(float(shift), 0.01):.2f} of a quarter note"
        )
    if shortened:
        remarks.append(f"{_notes(shortened)} shortened to end where the next begins")
    if closed:
        remarks.append(f"{_notes(closed)} lengthened over a gap of less than an eighth")
    if grace_notes:
        remarks.append(number_left_out("grace notes", grace_notes))
    return sounds, cells, remarks


def _end_on_grid(sounds: Sequence[_Sound], cell_at: Callable[[Fraction], Cell]) -> tuple[int, int]:
    """Set where sounds end: at the next onset, or before a rest of an eighth or more.

    Returns how many were shortened, and how many lengthened.
    """
    shortened = closed = 0
    held = []  # for which part of the time until the next onset, where no rest follows
    for sound, following in pairwise(sounds):
        cell = cell_at(sound.end)
        end = cell.nearest(sound.end)
        is_rest = following.onset - end >= EIGHTH
        shortened += end > following.onset
        closed += end < following.onset and not is_rest
        if not is_rest:
            held.append((sound.end - sound.onset) / (following.onset - sound.onset))
        if is_rest and cell.is_triplet and cell.start < end:
            end = cell.end
        least = _end_in(cell_at(sound.onset), sound.onset)
        sound.end = max(end, least) if is_rest else following.onset
    last = sounds[-1]
    # Nothing follows the last sound. Its key is down for the part of its length that others are.
    usual = median(held) if held else Fraction(1)
    length = (last.end - last.onset) / (usual if 0 < usual < 1 else 1)
    unit = EIGHTH if length >= EIGHTH else EIGHTH / 2
    least = _end_in(cell_at(last.onset), last.onset)
    last.end = max(last.onset + unit * round(length / unit), least)
    return shortened, closed


def _end_in(cell: Cell, onset: Fraction) -> Fraction:
    """The earliest end of a note that begins in a cell: the next point, or the triplet's end."""
    return cell.end if cell.is_triplet else onset + (cell.end - cell.start) / cell.parts


def _notes(count: int) -> str:
    return f"{counted(count, 'note')} {'was' if count == 1 else 'were'}"


# Notation


def _written(
    sounds: Sequence[_Sound], cells: Sequence[Cell], times: Sequence[_BarTime],
    keys: Sequence[MidiKey],
) -> tuple[list[WrittenBar], list[str]]:  # fmt: skip
    """The bars from the first with a note to the last, and what was left out before them."""
    remarks = []
    bars: list[WrittenBar] = []
    pieces = list(_pieces(sounds, [time.end for time in times], cells))
    meter, key = times[0].meter, keys[0]
    at = 0
    for time in times:
        start = at
        while at < len(pieces) and pieces[at].onset < time.end:
            at += 1
        inside = pieces[start:at]
        key_now = [one for one in keys if one.at <= time.start][-1:] or [key]
        if not bars and not any(piece.numbers for piece in inside):
            continue
        if not inside:
            break
        if not bars:
            if time is not times[0]:
                remarks.append("the silent bars before the first note were left out")
            rest = inside[0]
            if not rest.numbers and 2 * (rest.end - rest.onset) >= 4 * Fraction(time.meter):
                inside = inside[1:]
                remarks.append("the rest before the first note was left out; it begins a pickup")
        bar = WrittenBar()
        if time.meter != meter:
            bar.meter = meter = time.meter
        if key_now[0] != key:
            key = key_now[0]
            bar.key = key.text
        bar.notes = [_note(piece, key) for piece in inside]
        bars.append(bar)
    return bars, remarks


@dataclass(slots=True)
class _CutSound:
    """A sound or a rest, or what of it is inside one bar and inside or outside a triplet."""

    onset: Fraction
    end: Fraction
    numbers: list[int]
    is_tied: bool
    cell: Cell | None
    """The triplet that it is in."""


def _pieces(
    sounds: Sequence[_Sound], bar_ends: Sequence[Fraction], cells: Sequence[Cell]
) -> Iterator[_CutSound]:
    """The sounds and the rests between them, cut at bar lines and at the edges of triplets."""
    triplets = [cell for cell in cells if cell.is_triplet]
    edges = sorted({*bar_ends, *(edge for cell in triplets for edge in (cell.start, cell.end))})
    of_start = {cell.start: cell for cell in triplets}
    with_rests: list[_Sound] = []
    now = Fraction(0)
    for sound in sounds:
        if sound.onset > now:
            with_rests.append(_Sound(now, sound.onset, []))
        with_rests.append(sound)
        now = sound.end
    for sound in with_rests:
        onset = sound.onset
        while onset < sound.end:
            at = bisect_right(edges, onset)
            end = min(sound.end, edges[at]) if at < len(edges) else sound.end
            is_tied = bool(sound.numbers) and end < sound.end
            inside = of_start.get(edges[at - 1]) if at else None
            inside = inside if inside is not None and onset < inside.end else None
            yield _CutSound(onset, end, sound.numbers, is_tied, inside)
            onset = end


def _note(piece: _CutSound, key: MidiKey) -> WrittenNote:
    length = 2 * (piece.end - piece.onset)
    pitches = tuple(map(key.spell, piece.numbers))
    if piece.cell is None:
        return WrittenNote(pitches, length, is_tied=piece.is_tied)
    scale = Fraction(2, 3)
    begins = (3, 2, 3) if piece.onset == piece.cell.start else None
    return WrittenNote(pitches, length / scale, (), piece.is_tied, begins, scale)
