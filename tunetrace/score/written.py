"""A tune as it is written on a staff: from tokens to note values, beams, tuplets and signs.

What engraves a tune (mei.py) and what exports it (musicxml.py) start from the same measures. All
places are those of tokens, so that a note on the staff can be found, coloured and played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

from tunetrace.score.values import PLAIN, Ratio, Value, ratio_of, values_of
from tunetrace.tokenizer.abc.ornaments import Ornaments
from tunetrace.tokenizer.keys import FIFTHS, LETTERS, named_key
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.layout.forms import forms_of
from tunetrace.tokenizer.layout.pitches import MIDDLE_C, signature_of
from tunetrace.tokenizer.layout.timeline import Bar, eighths, tuplet
from tunetrace.tokenizer.transpose import Pitch
from tunetrace.tokenizer.vocabulary import HEADER, MEANINGS, NOTE, TUPLET

_SEMITONES: Final = dict(zip(LETTERS, (0, 2, 4, 5, 7, 9, 11), strict=True))
_MOST_SIGNS: Final = 7  # sharps or flats of a key signature
_LONGEST_BEAM: Final = 4  # in eighths

Meter = tuple[int, int]
"""Beats and unit, as 6 and 8."""


class StaffNote(NamedTuple):
    """A note on the staff."""

    token: int
    """Its place among the tune's tokens."""
    letter: str
    octave: int
    """0 for the octave that begins with middle C."""
    alteration: int
    """How it sounds: +1 is a sharp."""
    accidental: int | None
    """The accidental that it needs before it, unless a tie carries it over; None without one."""
    is_tied: bool
    """Whether it is tied to the same note of the next event."""
    ends_tie: bool
    """Whether the same note of the event before is tied to it."""

    @property
    def shown(self) -> int | None:
        """The accidental that is shown before it."""
        return None if self.ends_tie else self.accidental

    @property
    def midi(self) -> int:
        """Its MIDI number."""
        return MIDDLE_C + 12 * self.octave + _SEMITONES[self.letter] + self.alteration


@dataclass(slots=True)
class Event:
    """A note, a chord or a rest."""

    token: int
    """Its first token."""
    notes: tuple[StaffNote, ...]
    """From low to high; empty for a rest."""
    graces: tuple[StaffNote, ...]
    onset: Fraction
    """In eighths from the start of the measure."""
    eighths: Fraction
    """How long it sounds."""
    ratio: Ratio
    """The tuplet that it is in; PLAIN outside."""
    values: tuple[Value, ...]
    """Its note values, tied to one another."""
    signs: Signs
    """What changes before it, inside the measure."""
    tuplet: int | None = None
    """The number of its tuplet in the measure."""
    beam: int | None = None
    """The number of its beam in the measure."""

    @property
    def grace_part(self) -> int:
        """Of which part of a whole note its grace notes are drawn: one alone is an eighth with a
        stroke, several are sixteenths."""
        return 8 if len(self.graces) == 1 else 16


class Signs(NamedTuple):
    """A key signature or a meter that is written at a place. None where it does not change."""

    key: str | None = None
    """As in tokens."""
    sharps: int | None = None
    """Sharps of its signature, or flats if negative."""
    meter: Meter | None = None


NO_SIGNS: Final = Signs()


@dataclass(slots=True)
class StaffBar:
    """A bar of the layout on the staff."""

    bar: Bar
    place: int
    """Its place among the written bars, from 0."""
    events: list[Event]
    signs: Signs
    """What is written at its beginning; the first measure has the tune's own key and meter."""
    meter: Meter | None
    """The meter in force; None if the music is free."""
    phase: Fraction
    """In eighths: where in a whole bar it begins. More than 0 for a pickup."""
    opens_repeat: bool
    closes_repeat: bool
    closes_part: bool
    """Whether a part ends with it, but not the tune."""
    is_last: bool


class Section(NamedTuple):
    """Measures that are always played in a row."""

    first: int
    stop: int
    ending: str | None
    """The numbers of the ending that it is in, as `1` or `1, 3`."""


@dataclass(slots=True)
class Staff:
    """A tune on one staff."""

    title: str
    key: str | None
    """As in tokens, in the key that it is written in."""
    measures: list[StaffBar]
    sections: list[Section]
    played: list[int]
    """The order in which the sections are played."""
    layout: Layout = field(repr=False)
    ornaments: Ornaments = field(repr=False)
    """The grace notes and ties that its text has, in the key that it is written in."""


def write_under(tokens: Sequence[str], key: str | None, over: StaffBar) -> StaffBar | None:
    """Loose notes as they are written under a bar of another tune; None if there are none.

    tokens: with `|` where a bar of theirs ends. key: that they are written in.
    """
    meter = "M:none" if over.meter is None else f"M:{over.meter[0]}/{over.meter[1]}"
    layout = lay_out([meter, *tokens])
    if not layout.bars:
        return None
    writer = _Writer(layout, key, Ornaments())
    events: list[Event] = []
    onset, tuplets = Fraction(0), 0
    for k in range(len(layout.bars)):
        found = writer.measure(k).events
        for event in found:
            event.onset += onset
            event.token -= 1  # the meter
            event.notes = tuple(note._replace(token=note.token - 1) for note in event.notes)
            event.tuplet = None if event.tuplet is None else event.tuplet + tuplets
        onset += sum((event.eighths for event in found), Fraction(0))
        tuplets += len(found)  # at least as many as there are tuplets
        events += found
    under = replace(over, events=events)
    set_beams(under)
    return under


def write_staff(layout: Layout, key: str | None, ornaments: Ornaments, title: str = "") -> Staff:
    """A tune as it is written on a staff.

    layout: in the key in which it is to be written, as is `key` and as are the grace notes.
    """
    writer = _Writer(layout, key, ornaments)
    measures = [writer.measure(k) for k in range(len(layout.bars))]
    sections, played = _sections(layout)
    _untie(measures, {section.first for section in sections})
    _sign_endings(measures)
    return Staff(title, key, measures, sections, played, layout, ornaments)


@dataclass(slots=True)
class _Accidentals:
    """The accidentals in force, as they sound and as the staff shows them."""

    sounding: dict[str, int]
    """By letter, in the key."""
    shown: dict[str, int]
    """By letter, in the key signature on the staff."""
    in_bar: dict[str, int] = field(default_factory=dict)
    """By letter: an accidental of ABC holds in every octave."""
    on_staff: dict[tuple[str, int], int] = field(default_factory=dict)
    """By letter and octave: an accidental on the staff holds in its own only."""

    def write(
        self,
        token: int,
        text: str,
        *,
        is_tied: bool = False,
        ends_tie: bool = False,
        is_grace: bool = False,
    ) -> StaffNote:
        """A note token on the staff. What a grace note alters holds for itself alone."""
        pitch = Pitch.parse(text)
        letter, octave = pitch.letter, pitch.octave
        alteration = self.in_bar.get(letter, self.sounding[letter])
        if pitch.alteration is not None:
            alteration = pitch.alteration
            if not is_grace:
                self.in_bar[letter] = alteration
        in_force = self.on_staff.get((letter, octave))  # by a sign in this bar
        accidental = None if pitch.alteration == in_force else pitch.alteration
        if alteration != (self.shown[letter] if in_force is None else in_force):
            accidental = alteration
        if accidental is not None and not ends_tie:  # a tie carries it for its note alone
            self.on_staff[letter, octave] = accidental
        return StaffNote(token, letter, octave, alteration, accidental, is_tied, ends_tie)


class _Writer:
    """Writes the measures of a tune one after another."""

    def __init__(self, layout: Layout, key: str | None, ornaments: Ornaments) -> None:
        self._layout = layout
        self._ornaments = ornaments
        self._meter: Meter | None = None
        sharps = sharps_of(key)
        self._sharps = sharps
        self._key = key
        self._accidentals = _Accidentals(signature_of(key), _signature(sharps))
        self._read = 0  # tokens before this one are done
        self._tied: set[tuple[str, int]] = set()  # notes that a tie leads to

    def measure(self, k: int) -> StaffBar:
        """The k-th bar as a measure."""
        layout = self._layout
        bar = layout.bars[k]
        after = layout.bars[k + 1].lines if k + 1 < len(layout.bars) else layout.closing_lines
        self._accidentals.in_bar.clear()
        self._accidentals.on_staff.clear()
        signs = self._signs(bar.start + bar.events.starts[0])
        if k == 0:
            signs = Signs(self._key, self._sharps, self._meter)
        meter, full = self._meter, bar.full
        events = self._events(bar)
        phase = bar.offset
        if bar.is_pickup and full is not None:
            phase = full - bar.duration
        is_last = k + 1 == len(layout.bars)
        measure = StaffBar(
            bar=bar,
            place=k,
            events=events,
            signs=signs,
            meter=meter,
            phase=eighths(phase),
            opens_repeat="|:" in bar.lines,
            closes_repeat=":|" in after,
            closes_part=not is_last and bar.part != layout.bars[k + 1].part,
            is_last=is_last,
        )
        set_beams(measure)
        return measure

    def _signs(self, stop: int) -> Signs:
        """What the headers from the last token read up to stop change."""
        key: str | None = None
        sharps: int | None = None
        meter: Meter | None = None
        for token in self._layout.tokens[self._read : stop]:
            if MEANINGS[token].kind != HEADER:
                continue
            if token[0] == "K":
                key = token[2:]
                sharps = self._sharps = sharps_of(key)
                self._key = key
                self._accidentals.sounding = signature_of(key)
                self._accidentals.shown = _signature(sharps)
            else:
                _, beats, unit, _ = MEANINGS[token]
                meter = self._meter = (
                    None if token == "M:none" or not beats or not unit else (beats, unit)
                )
        self._read = max(stop, self._read)
        return Signs(key, sharps, meter)

    def _events(self, bar: Bar) -> list[Event]:
        tokens, ornaments = self._layout.tokens, self._ornaments
        found: list[Event] = []
        onset = Fraction(0)
        is_compound = self._meter is not None and self._meter[0] > 3 and self._meter[0] % 3 == 0
        ratio, left, number = PLAIN, 0, -1
        after = bar.start  # the token after the last event
        for start, stop, ticks in zip(
            bar.events.starts, bar.events.stops, bar.events.durations, strict=True
        ):
            first, last = bar.start + start, bar.start + stop
            opened = [t for t in tokens[after:first] if MEANINGS[t].kind == TUPLET]
            if opened:
                p, q, left = tuplet(opened[-1], is_compound)
                ratio, number = Ratio(p, q), number + 1
            signs = self._signs(first)
            graces = tuple(
                self._accidentals.write(first, note, is_grace=True)
                for note in ornaments.graces.get(first, ())
            )
            written = [i for i in range(first, last) if MEANINGS[tokens[i]].kind == NOTE]
            names = [(Pitch.parse(tokens[i]).letter, Pitch.parse(tokens[i]).octave)
                     for i in written]  # fmt: skip
            notes = [
                self._accidentals.write(
                    i, tokens[i], is_tied=i in ornaments.ties, ends_tie=name in self._tied
                )
                for i, name in zip(written, names, strict=True)
            ]
            self._tied = {(note.letter, note.octave) for note in notes if note.is_tied}
            notes.sort(key=lambda note: note.midi)
            duration = eighths(ticks)
            inside = left > 0 and ratio != PLAIN
            own = ratio if inside else ratio_of(duration)
            event = Event(
                token=first,
                notes=tuple(notes),
                graces=graces,
                onset=onset,
                eighths=duration,
                ratio=own,
                values=values_of(duration * own.notes / own.time),
                signs=signs if found else NO_SIGNS,
                tuplet=number if inside else None,
            )
            after = last
            left -= 1
            onset += duration
            found.append(event)
        _group_tuplets(found, number + 1)
        return found


def _group_tuplets(events: Sequence[Event], number: int) -> None:
    """Number the tuplets that are not written as such (`C/3 D/3 E/3`), from number on."""
    length, ratio, is_open = Fraction(0), PLAIN, False
    for event in events:
        if event.tuplet is not None or event.ratio == PLAIN:
            is_open = False
            continue
        if not is_open or event.ratio != ratio:
            number += is_open
            length, ratio, is_open = Fraction(0), event.ratio, True
        event.tuplet = number
        length += event.eighths
        if ratio_of(length) == PLAIN:
            number += 1
            is_open = False


def _untie(measures: Sequence[StaffBar], firsts: set[int]) -> None:
    """Take away ties that lead to another note, or over a sign of repeat.

    firsts: the first measure of each section.
    """
    before: Event | None = None
    for measure in measures:
        for k, event in enumerate(measure.events):
            if before is not None and any(note.is_tied for note in before.notes):
                is_cut = k == 0 and measure.place in firsts
                reached = set() if is_cut else {note[1:4] for note in event.notes}
                before.notes = tuple(
                    note._replace(is_tied=note.is_tied and note[1:4] in reached)
                    for note in before.notes
                )
            tied = {note[1:4] for note in before.notes if note.is_tied} if before else set()
            event.notes = tuple(
                note if note.ends_tie == (note[1:4] in tied) else note._replace(ends_tie=False)
                for note in event.notes
            )
            before = event
    if before is not None:
        before.notes = tuple(note._replace(is_tied=False) for note in before.notes)


def _sign_endings(measures: Sequence[StaffBar]) -> None:
    """Write again, in the later endings, a key or meter that the first ending changed.

    Who comes from before the endings has not read its sign.
    """
    now = before = NO_SIGNS  # in force, and before the endings
    last: int | None = None  # the ending of the measure before
    for measure in measures:
        ending = measure.bar.ending
        if ending is not None and last is None:
            before = now
        elif ending is not None and ending != last:
            own = measure.signs
            if own.sharps is None and now.sharps != before.sharps:
                own = own._replace(key=now.key, sharps=now.sharps)
            if own.meter is None and now.meter != before.meter:
                own = own._replace(meter=now.meter)
            measure.signs = own
        last = ending
        for signs in (measure.signs, *(event.signs for event in measure.events)):
            if signs.sharps is not None:
                now = now._replace(key=signs.key, sharps=signs.sharps)
            if signs.meter is not None:
                now = now._replace(meter=signs.meter)


# Beams


def beat_of(meter: Meter | None) -> Fraction:
    """The length of a beat in eighths: 3 in 6/8, 2 in 4/4."""
    if meter is None:
        return Fraction(2)
    beats, unit = meter
    is_compound = beats % 3 == 0 and unit >= 8
    return Fraction(8, unit) * (3 if is_compound else 1)


def _stretch(meter: Meter | None, at: Fraction, *, is_short: bool) -> tuple[int, int]:
    """Which stretch of a bar a moment is in. A beam joins notes of one stretch only.

    at: in eighths from the start of a whole bar. A stretch is half a bar of 4/4, a beat of 6/8, a
    quarter otherwise; in 5/8 and 7/8 the last three eighths are one. is_short: that 4/4 and 2/2 are
    divided into quarters as well, as shorter notes and tuplets need it.
    """
    if meter is None:
        return 0, int(at // 2)
    beats, unit = meter
    if unit == 8 and beats % 2 and beats % 3:
        whole, rest = divmod(at, beats)
        return int(whole), min(int(rest // 2), max(beats // 2 - 1, 0))
    if beats % 3 == 0 and unit >= 8:
        return 0, int(at // beat_of(meter))
    is_long = not is_short and (unit <= 2 or meter == (4, 4))
    return 0, int(at // (4 if is_long else 2))


def set_beams(measure: StaffBar) -> None:
    """Join the notes shorter than a quarter by beams, by the meter.

    In 4/4 two beats of eighths are joined; with shorter notes or tuplets among them each beat has
    its own. A tuplet has one beam, unless it is longer than a half note.
    """
    groups: dict[tuple[int, tuple[int, int]], list[tuple[Event, Fraction]]] = {}
    row = 0  # a rest, a longer note or a sign ends a beam
    for event, place in zip(measure.events, _beam_places(measure.events), strict=True):
        event.beam = None
        row += event.signs != NO_SIGNS
        if not event.notes or len(event.values) > 1 or event.values[0].part < 8:
            row += 1
            continue
        at = measure.phase + place
        stretch = _stretch(measure.meter, at, is_short=False)
        groups.setdefault((row, stretch), []).append((event, at))
    number = 0
    for joined in groups.values():
        is_short = any(e.values[0].part > 8 or e.tuplet is not None for e, _ in joined)
        parts: dict[tuple[int, int], list[Event]] = {}
        for event, at in joined:
            stretch = _stretch(measure.meter, at, is_short=is_short)
            parts.setdefault(stretch, []).append(event)
        for part in parts.values():
            for run in _beside_tuplets(part, measure.events):
                if len(run) > 1:
                    for event in run:
                        event.beam = number
                    number += 1


def _beam_places(events: Sequence[Event]) -> list[Fraction]:
    """Where in the measure each event counts for beams, in eighths: where its tuplet begins, unless
    that is longer than a half note."""
    starts: dict[int, Fraction] = {}
    lengths: dict[int, Fraction] = {}
    for event in events:
        if event.tuplet is not None:
            starts.setdefault(event.tuplet, event.onset)
            lengths[event.tuplet] = lengths.get(event.tuplet, Fraction(0)) + event.eighths
    return [
        event.onset
        if event.tuplet is None or lengths[event.tuplet] > _LONGEST_BEAM
        else starts[event.tuplet]
        for event in events
    ]


def _beside_tuplets(part: Sequence[Event], events: Sequence[Event]) -> list[list[Event]]:
    """The events of a beam, divided so that no tuplet is partly inside of it."""
    sizes: dict[int | None, int] = {}
    for event in events:
        sizes[event.tuplet] = sizes.get(event.tuplet, 0) + 1
    inside: dict[int | None, int] = {}
    for event in part:
        inside[event.tuplet] = inside.get(event.tuplet, 0) + 1

    def group(event: Event) -> int | None:
        is_whole = event.tuplet is not None and inside[event.tuplet] == sizes[event.tuplet]
        return None if is_whole else event.tuplet

    runs: list[list[Event]] = []
    for event in part:
        if not runs or group(event) != group(runs[-1][-1]):
            runs.append([])
        runs[-1].append(event)
    return runs


# Keys


def sharps_of(key: str | None) -> int:
    """The sharps of a key's signature; flats are negative.

    0 for a key that no signature can write: its accidentals then stand before the notes.
    """
    known = named_key(key)
    if known is None:
        return 0
    sharps = sum(known.signature().values())
    return sharps if abs(sharps) <= _MOST_SIGNS else 0


def _signature(sharps: int) -> dict[str, int]:
    """The alteration of each letter in a signature of so many sharps."""
    return {letter: (sharps + 5 - at) // 7 for letter, at in FIFTHS.items()}


# The order in which it is played


def _sections(layout: Layout) -> tuple[list[Section], list[int]]:
    """The sections of a tune, and the order in which they are played."""
    bars = layout.bars
    forms = forms_of(layout)
    runs = list(zip(forms.starts, forms.stops, strict=True))
    at = 0
    played = runs[: forms.runs[0]] if forms.runs else []
    for part, is_played, count in zip(forms.parts, forms.are_played, forms.runs, strict=True):
        if part == 0 and is_played:
            played = runs[at : at + count]
        at += count
    played = [(start, stop) for start, stop in played if start < stop]
    cuts = {0, len(bars), *(edge for run in played for edge in run)}
    cuts.update(
        k for k in range(1, len(bars))
        if (bars[k].part, bars[k].ending) != (bars[k - 1].part, bars[k - 1].ending)
    )  # fmt: skip
    sections = [
        Section(first, stop, _ending(bars[first])) for first, stop in pairwise(sorted(cuts))
    ]
    order = [
        k
        for start, stop in played
        for k, section in enumerate(sections)
        if start <= section.first and section.stop <= stop
    ]
    return sections, order


def _ending(bar: Bar) -> str | None:
    """The numbers of the ending that a bar is in, as its sign has them."""
    if bar.ending is None:
        return None
    for line in bar.lines:
        if line[1:2].isdigit():
            return line[1:].replace(",", ", ").replace("-", "–")
    return str(bar.ending)
