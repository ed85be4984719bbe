"""What a MIDI file has: its notes by voices, and what it states of meter and key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from tunetrace.errors import InputError
from tunetrace.notation.quiet import music21_at_work
from tunetrace.text import plain

_DRUMS: Final = 10
"""The channel of percussion in General MIDI, counted from 1."""


@dataclass(slots=True)
class KeyPress:
    """A note as it is played. Times are in quarter notes from the start of the file."""

    onset: Fraction
    end: Fraction
    number: int
    """MIDI's number of the pitch; 60 is middle C."""


@dataclass(slots=True)
class MidiVoice:
    """The notes of one channel of one track, in the order of their onsets."""

    track: int
    """Counted from 1."""
    channel: int
    """Counted from 1."""
    name: str = ""
    """The track's."""
    notes: list[KeyPress] = field(default_factory=list)
    label: str = ""
    """What it is called in messages: its track's name, and the channel if the track has several."""


@dataclass(slots=True)
class MidiScore:
    """What is read of a MIDI file."""

    voices: list[MidiVoice] = field(default_factory=list)
    """Those with notes, in their order, without percussion."""
    has_drums: bool = False
    title: str = ""
    meters: list[tuple[Fraction, str]] = field(default_factory=list)
    """Meters as in M:, each with the time from which it holds."""
    keys: list[tuple[Fraction, int, bool]] = field(default_factory=list)
    """Key signatures, each with the time from which it holds: sharps, and whether it is minor."""


def midi_score(data: bytes, name: str) -> MidiScore:
    """Read a MIDI file. name: stands for it in messages. InputError if it cannot be read."""
    _refuse_damaged(data, name)
    score = MidiScore()
    with music21_at_work(name, "MIDI"):
        from music21.midi import MidiFile

        file = MidiFile()
        file.readstr(data)
        titles = [
            _read_track(place, track.events, file.ticksPerQuarterNote, score)
            for place, track in enumerate(file.tracks, 1)
        ]
    score.title = titles[0] if titles else ""
    score.meters.sort(key=lambda meter: meter[0])
    score.keys.sort(key=lambda key: key[0])
    in_track = Counter(voice.track for voice in score.voices)
    for voice in score.voices:
        label = voice.name or f"track {voice.track}"
        is_alone = in_track[voice.track] == 1
        voice.label = label if is_alone else f"{label} channel {voice.channel}"
    return score


def _read_track(place: int, events: Iterable[Any], ticks_per_quarter: int, score: MidiScore) -> str:
    """Add what a track has to a score, and give the track's name."""
    from music21.midi import MetaEvents

    voices: dict[int, MidiVoice] = {}
    held: dict[tuple[int, int], KeyPress] = {}  # the keys that are down, by channel and number
    ticks, name = 0, ""
    for event in events:
        now = Fraction(ticks, ticks_per_quarter)
        data = event.data if isinstance(event.data, bytes) else b""
        if event.isDeltaTime():
            ticks += event.time
        elif event.isNoteOn() or event.isNoteOff():
            before = held.pop((event.channel, event.pitch), None)
            if before is not None:
                before.end = now  # also if the same key goes down again before it went up
            if event.isNoteOn() and event.channel == _DRUMS:
                score.has_drums = True
            elif event.isNoteOn():
                press = held[event.channel, event.pitch] = KeyPress(now, now, event.pitch)
                voice = voices.setdefault(event.channel, MidiVoice(place, event.channel))
                voice.notes.append(press)
        elif event.type == MetaEvents.SEQUENCE_TRACK_NAME:
            name = name or _text(data)
        elif event.type == MetaEvents.TIME_SIGNATURE and len(data) > 1:
            score.meters.append((now, f"{data[0]}/{2 ** min(data[1], 10)}"))
        elif event.type == MetaEvents.KEY_SIGNATURE and len(data) > 1:
            score.keys.append((now, (data[0] + 128) % 256 - 128, data[1] == 1))
    for press in held.values():
        press.end = Fraction(ticks, ticks_per_quarter)  # its key never went up
    for channel in sorted(voices):
        voices[channel].name = name
        score.voices.append(voices[channel])
    return name


def _text(data: bytes) -> str:
    """A name in the file: UTF-8, or Windows-1252 as in older files."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    return " ".join(plain(text).split())


def _refuse_damaged(data: bytes, name: str) -> None:
    """Raise InputError for a file that is not whole, or that music21 would misread."""
    kind, division = int.from_bytes(data[8:10]), int.from_bytes(data[12:14])
    at, tracks = 14, 0
    while at + 8 <= len(data) and tracks < int.from_bytes(data[10:12]):
        tracks += 1
        at += 8 + int.from_bytes(data[at + 4 : at + 8])
    if len(data) < 14 or at > len(data) or tracks < int.from_bytes(data[10:12]):
        raise InputError(f"{name}: this MIDI file is cut off; save or get it again")
    if kind > 1:
        raise InputError(
            f"{name}: this MIDI file has the rare format {kind}; save it in format 0 or 1"
        )
    if division & 0x8000 or not division:
        raise InputError(
            f"{name}: this MIDI file counts time in frames of film, not in beats; save it with "
            "ticks per quarter note"
        )
