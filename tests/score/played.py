"""Tunes as they are played, worked out from the tokens, and read from files by other programs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import mido
import music21

from tunetrace import Engraving
from tunetrace.tokenizer.layout.forms import forms_of
from tunetrace.tokenizer.layout.pitches import sounding
from tunetrace.tokenizer.layout.timeline import eighths


class Played(NamedTuple):
    """A note as it is played. Times are quarter notes."""

    start: float
    midi: int
    duration: float


def from_tokens(engraved: Engraving) -> list[Played]:
    """The notes of a tune as its tokens say, by the tokenizer's own layout, ties joined."""
    staff = engraved.staff
    layout = staff.layout
    heights = sounding(layout.tokens, staff.key)
    tied = {
        note.token
        for bar in staff.measures
        for event in bar.events
        for note in event.notes
        if note.is_tied
    }
    forms = forms_of(layout)
    runs = list(zip(forms.starts, forms.stops, strict=True))
    at, played = 0, runs[: forms.runs[0]]
    for part, is_played, count in zip(forms.parts, forms.are_played, forms.runs, strict=True):
        if part == 0 and is_played:
            played = runs[at : at + count]
        at += count
    found: list[list[Any]] = []
    now = Fraction(0)
    held: dict[int, list[Any]] = {}  # by MIDI number, the notes that are tied on
    for first, stop in played:
        for bar in layout.bars[first:stop]:
            events = bar.events
            for start, end, ticks in zip(
                events.starts, events.stops, events.durations, strict=True
            ):
                quarters = eighths(ticks) / 2
                held_on: dict[int, list[Any]] = {}
                for token in range(bar.start + start, bar.start + end):
                    if token not in heights:
                        continue
                    note = held.get(heights[token])
                    if note is None:
                        note = [now, heights[token], Fraction(0)]
                        found.append(note)
                    note[2] += quarters
                    if token in tied:
                        held_on[heights[token]] = note
                held = held_on
                now += quarters
    return as_sorted(Played(float(start), midi, float(length)) for start, midi, length in found)


def from_music21(stream: Any) -> list[Played]:
    """The notes of a stream of music21, ties joined, without grace notes."""
    found: list[list[Any]] = []
    held: dict[int, list[Any]] = {}
    for element in stream.flatten().notes:
        if element.duration.isGrace:
            continue
        for note in element.notes if element.isChord else [element]:
            start, length = float(element.offset), float(element.quarterLength)
            kind = note.tie.type if note.tie else ""
            last = held.get(note.pitch.midi)
            if kind in ("stop", "continue") and last and abs(last[0] + last[2] - start) < 1e-3:
                last[2] += length
            else:
                last = [start, note.pitch.midi, length]
                found.append(last)
            if kind in ("start", "continue"):
                held[note.pitch.midi] = last
            else:
                held.pop(note.pitch.midi, None)
    return as_sorted(Played(*note) for note in found)


def musicxml_unfolded(text: str) -> list[Played]:
    """The notes of MusicXML as music21 plays them, repeats unfolded."""
    part = music21.converter.parse(text, format="musicxml").parts[0]
    return from_music21(part.expandRepeats())


def midi_by_music21(content: bytes, folder: Path) -> list[Played]:
    """The notes of a MIDI file as music21 reads them, unrounded."""
    path = folder / "played.mid"
    path.write_bytes(content)
    return from_music21(music21.converter.parse(path, quantizePost=False))


def midi_by_mido(content: bytes) -> list[Played]:
    """The notes of a MIDI file as mido reads them."""
    file = mido.MidiFile(file=io.BytesIO(content))
    found: list[Played] = []
    now = 0
    begun: dict[int, int] = {}
    for message in file.tracks[0]:
        now += message.time
        if message.type == "note_on" and message.velocity:
            assert message.note not in begun, "the note before has not ended"
            begun[message.note] = now
        elif message.type in ("note_on", "note_off"):
            start = begun.pop(message.note)
            ticks = file.ticks_per_beat
            found.append(Played(start / ticks, message.note, (now - start) / ticks))
    assert not begun
    return as_sorted(found)


def as_sorted(notes: Iterator[Played] | list[Played]) -> list[Played]:
    """Notes by start and height. A chord with a note twice sounds as with it once."""
    found = sorted(notes)
    return [
        note
        for k, note in enumerate(found)
        if k == 0 or note[1] != found[k - 1][1] or abs(note[0] - found[k - 1][0]) > 1e-6
    ]


def difference(wanted: list[Played], found: list[Played], within: float) -> str:
    """The first difference between two lists of notes; empty if there is none."""
    for want, have in zip(wanted, found, strict=False):
        is_near = abs(want.start - have.start) <= within
        is_as_long = abs(want.duration - have.duration) <= within
        if want.midi != have.midi or not is_near or not is_as_long:
            return f"{want} was played as {have}"
    if len(wanted) != len(found):
        return f"{len(wanted)} notes were played as {len(found)}"
    return ""
