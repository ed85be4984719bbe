"""What a MIDI file has: its notes by voices, and what it states of meter and key."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from tunetrace.errors import InputError
from tunetrace.notation.quiet import music21_at_work
from tunetrace.text import plain

MIDI_MAGIC: Final = b"MThd"

_LARGEST: Final = 500_000
"""Bytes. The MIDI file of a tune has a few thousand; music21 takes seconds for more than this."""

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
    name: str
    notes: list[KeyPress] = field(default_factory=list)
    label: str = ""
    """What it is called in messages: its track's name, and the channel if the track has several."""


@dataclass(slots=True)
class MidiScore:
    """What is read of a MIDI file."""

    voices: list[MidiVoice]
    """Those with notes, in their order, without percussion."""
    has_drums: bool
    title: str
    meters: list[tuple[Fraction, str]]
    """Meters as in M:, each with the time from which it holds."""
    keys: list[tuple[Fraction, int, bool]]
    """Key signatures, each with the time from which it holds: sharps, and whether it is minor."""


def midi_score(data: bytes, name: str) -> MidiScore:
    """Read a MIDI file. name: stands for it in messages. InputError if it cannot be read."""
    _refuse_damaged(data, name)
    with music21_at_work(name, "MIDI"):
        from music21.midi import MetaEvents, MidiFile

        file = MidiFile()
        file.readstr(data)
        score = MidiScore([], False, "", [], [])
        names: dict[int, str] = {}
        for place, track in enumerate(file.tracks, 1):
            voices: dict[int, MidiVoice] = {}
            sounding: dict[tuple[int, int], list[KeyPress]] = {}
            ticks = 0
            for event in track.events:
                now = Fraction(ticks, file.ticksPerQuarterNote)
                if event.isDeltaTime():
                    ticks += event.time
                elif event.isNoteOn() or event.isNoteOff():
                    held = sounding.setdefault((event.channel, event.pitch), [])
                    if event.isNoteOff():
                        if held:
                            held.pop(0).end = now
                        continue
                    if event.channel == _DRUMS:
                        score.has_drums = True
                        continue
                    for left in held:  # the same key again before it went up
                        left.end = now
                    press = KeyPress(now, Fraction(-1), event.pitch)
                    held[:] = [press]
                    voice = voices.setdefault(
                        event.channel, MidiVoice(place, event.channel, "")
                    )
                    voice.notes.append(press)
                elif event.type == MetaEvents.SEQUENCE_TRACK_NAME:
                    names.setdefault(place, _text(event.data))
                elif event.type == MetaEvents.TIME_SIGNATURE and len(event.data) >= 2:
                    score.meters.append((now, f"{event.data[0]}/{2 ** min(event.data[1], 9)}"))
                elif event.type == MetaEvents.KEY_SIGNATURE and len(event.data) >= 2:
                    sharps = (event.data[0] + 128) % 256 - 128
                    score.keys.append((now, sharps, event.data[1] == 1))
            end = Fraction(ticks, file.ticksPerQuarterNote)
            for left in (one for held in sounding.values() for one in held if one.end < 0):
                left.end = end  # its key never went up
            score.voices += [voices[channel] for channel in sorted(voices)]
    score.meters.sort(key=lambda meter: meter[0])
    score.keys.sort(key=lambda key: key[0])
    score.title = names.get(1, "")
    for voice in score.voices:
        voice.name = names.get(voice.track, "")
        is_alone = sum(one.track == voice.track for one in score.voices) == 1
        label = voice.name or f"track {voice.track}"
        voice.label = label if is_alone else f"{label} channel {voice.channel}"
    return score


def _text(data: bytes) -> str:
    """A name in the file: UTF-8, or Windows-1252 as in older files."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    return " ".join(plain(text).split())


def _refuse_damaged(data: bytes, name: str) -> None:
    """Raise InputError for a file that is not whole, or that music21 would misread."""
    if len(data) > _LARGEST:
        raise InputError(
            f"{name}: this MIDI file has more than {_LARGEST:,} bytes, as no tune has; give one tune"
        )
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
