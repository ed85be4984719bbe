"""A tune as it is played as a MIDI file, by mido."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from tunetrace._version import __version__
from tunetrace.errors import OutputError
from tunetrace.score.playback import Playback
from tunetrace.score.staff.records import NO_SIGNS, Meter, Signs, Staff
from tunetrace.tokenizer.keys import tonic_at
from tunetrace.tokenizer.layout.timeline import eighths

if TYPE_CHECKING:
    import mido

TICKS: Final = 960
"""Ticks of a quarter note: a triplet of sixteenths is 160."""
_LOUD: Final = 80
_SLOWEST: Final = (1 << 24) - 1
"""Microseconds of a quarter note. Meters such as 1/256 would be played slower than MIDI can say."""
_MOST_BEATS: Final = 255
_UNITS: Final = (1, 2, 4, 8, 16, 32, 64, 128)

_AT_A_TIME: Final = {"note_off": 1, "note_on": 2}
"""What comes first of the same moment: signs, then what ends, then what begins."""


def to_midi(staff: Staff, playback: Playback, *, is_swung: bool = False) -> bytes:
    """A tune as a MIDI file: repeats unfolded, with its tempo, its meters and its keys.

    The sharps of a key are kept. MIDI has only major and minor, so every mode but minor is written
    as the major key of these sharps. Raises OutputError if mido is not installed.
    """
    try:
        import mido
    except ImportError as error:
        raise OutputError(
            "MIDI needs mido, which is not installed; install tunetrace[score]"
        ) from error

    swung = playback.swung_clock()
    begins = min(swung(0), 0)  # a swung pickup may begin early

    def tick(quarters: float) -> int:
        return round((swung(quarters) - begins if is_swung else quarters) * TICKS)

    file = mido.MidiFile(type=0, ticks_per_beat=TICKS)
    track = mido.MidiTrack()
    file.tracks.append(track)
    # A file of MIDI has bytes for names, and programs read them as UTF-8 or as ASCII.
    name = staff.title.encode("utf-8").decode("latin-1")
    track.append(mido.MetaMessage("track_name", name=name))
    track.append(mido.MetaMessage("text", text=f"Written by tunetrace {__version__}"))
    microseconds = round(60_000_000 / (playback.bpm * playback.beat))
    track.append(mido.MetaMessage("set_tempo", tempo=min(microseconds, _SLOWEST)))
    timed = [(tick(at), 0, message) for at, message in _signs(staff, playback)]
    ends: dict[tuple[int, int], int] = {}  # a chord that has a note twice plays it once
    for start, duration, pitch, _ in playback.notes:
        first = tick(start)
        note = first, min(max(pitch, 0), 127)
        ends[note] = max(tick(start + duration), first + 1, ends.get(note, 0))
    for (first, pitch), last in ends.items():
        for moment, kind in ((first, "note_on"), (last, "note_off")):
            message = mido.Message(kind, note=pitch, velocity=_LOUD)
            timed.append((moment, _AT_A_TIME[kind], message))
    timed.sort(key=lambda one: one[:2])
    before = 0
    for moment, _, message in timed:
        track.append(message.copy(time=moment - before))
        before = moment
    track.append(mido.MetaMessage("end_of_track"))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _signs(staff: Staff, playback: Playback) -> Iterator[tuple[float, mido.MetaMessage]]:
    """The meters and keys of a tune, each when it is played, in quarter notes."""
    in_force = staff.signs_in_force()
    now = NO_SIGNS
    played = sorted((at, place) for place, bar in enumerate(playback.bars) for at in bar.at)
    for k, (at, place) in enumerate(played):
        measure, due = staff.measures[place], in_force[place]
        if k == 0 and measure.phase:
            # The pickup has a meter of its own, so that the bar lines after it are right.
            due = due._replace(meter=_as_meter(eighths(measure.bar.duration) / 8))
        yield from ((at, message) for message in _messages(now, due))
        now = due
        for event in measure.events:
            due = now.then(event.signs)
            moment = at + float(event.onset / 2)
            yield from ((moment, message) for message in _messages(now, due))
            now = due


def _as_meter(wholes: Fraction) -> Meter | None:
    """A length as the meter of a bar; None if it is none, or no meter."""
    unit = max(wholes.denominator, 4)
    beats = wholes * unit
    is_meter = 0 < beats <= _MOST_BEATS and beats.denominator == 1 and unit in _UNITS
    return (int(beats), unit) if is_meter else None


def _messages(before: Signs, signs: Signs) -> Iterator[mido.MetaMessage]:
    """What a MIDI file says of a change of signs."""
    import mido

    if signs.sharps is not None and (signs.key, signs.sharps) != (before.key, before.sharps):
        is_minor = signs.key is not None and signs.key.endswith("min")
        tonic = tonic_at(signs.sharps + (3 if is_minor else 0))
        yield mido.MetaMessage("key_signature", key=f"{tonic}{'m' if is_minor else ''}")
    if signs.meter is not None and signs.meter != before.meter:
        beats, unit = signs.meter
        if beats <= _MOST_BEATS and unit in _UNITS:
            yield mido.MetaMessage("time_signature", numerator=beats, denominator=unit)
