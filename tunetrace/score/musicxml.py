"""A tune on a staff as MusicXML (version 4.0), which notation programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from tunetrace._version import __version__
from tunetrace.score.staff.records import NO_SIGNS, Event, Meter, Signs, Staff, StaffBar, StaffNote
from tunetrace.score.staff.values import PLAIN, Value
from tunetrace.tokenizer.keys import MODES_IN_WORDS, named_key

_TYPES: Final = {0: "breve", 1: "whole", 2: "half", 4: "quarter", 8: "eighth", 16: "16th",
                 32: "32nd", 64: "64th", 128: "128th", 256: "256th"}  # fmt: skip
_ACCIDENTALS: Final = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_MOST_DIVISIONS: Final = 16_383
_DOCTYPE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
    '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def to_musicxml(staff: Staff) -> str:
    """A tune as MusicXML. A program that unfolds its repeats plays what tunetrace plays.

    So its signs are those of the order in which tunetrace plays it: a `|:` is added where one is
    missing, and a sign that repeats nothing is left out.
    """
    root = Element("score-partwise", version="4.0")
    work = SubElement(root, "work")
    SubElement(work, "work-title").text = staff.title
    identification = SubElement(root, "identification")
    encoding = SubElement(identification, "encoding")
    SubElement(encoding, "software").text = f"tunetrace {__version__}"
    parts = SubElement(root, "part-list")
    SubElement(SubElement(parts, "score-part", id="P1"), "part-name").text = "Melody"
    part = SubElement(root, "part", id="P1")
    writer = _PartWriter(staff)
    for measure in staff.measures:
        writer.measure(part, measure)
    return _DOCTYPE + tostring(root, encoding="unicode")


def _divisions(staff: Staff) -> int:
    """Divisions of a quarter note, so that durations are whole numbers where possible."""
    found = 1
    for measure in staff.measures:
        for event in measure.events:
            whole = lcm(found, (event.eighths / 2).denominator)
            for value in event.values:
                whole = lcm(whole, _lasts(value, event).denominator)
            found = whole if whole <= _MOST_DIVISIONS else found
    return found


def _lasts(value: Value, event: Event) -> Fraction:
    """The length of one of an event's values in quarters."""
    return value.eighths / 2 * event.ratio.time / event.ratio.notes


class _PartWriter:
    def __init__(self, staff: Staff) -> None:
        self._divisions = _divisions(staff)
        self._signs = _repeats(staff)

    def measure(self, part: Element, measure: StaffBar) -> None:
        """One measure, with its bar lines."""
        k, bar = measure.place, measure.bar
        element = SubElement(part, "measure", number=str(bar.number))
        if bar.number == 0 or bar.duration != bar.full:
            element.set("implicit", "yes")
        self._left(element, k)
        self._attributes(element, measure.signs, is_first=k == 0)
        for i, event in enumerate(measure.events):
            if event.signs != NO_SIGNS:
                self._attributes(element, event.signs)
            self._event(element, measure.events, i)
        self._right(element, measure)

    def _left(self, element: Element, k: int) -> None:
        ending, opens = self._signs.begins.get(k), k in self._signs.forward
        if not ending and not opens:
            return
        line = SubElement(element, "barline", location="left")
        if opens:
            SubElement(line, "bar-style").text = "heavy-light"
        if ending:
            SubElement(line, "ending", number=ending, type="start")
        if opens:
            SubElement(line, "repeat", direction="forward")

    def _right(self, element: Element, measure: StaffBar) -> None:
        k = measure.place
        ending, closes = self._signs.ends.get(k), k in self._signs.backward
        if not (ending or closes or measure.is_last or measure.closes_part):
            return
        line = SubElement(element, "barline", location="right")
        if closes or measure.is_last:
            SubElement(line, "bar-style").text = "light-heavy"
        elif measure.closes_part:
            SubElement(line, "bar-style").text = "light-light"
        if ending:
            kind = "stop" if closes or measure.is_last else "discontinue"
            SubElement(line, "ending", number=ending, type=kind)
        if closes:
            SubElement(line, "repeat", direction="backward")

    def _attributes(self, element: Element, signs: Signs, *, is_first: bool = False) -> None:
        if signs == NO_SIGNS and not is_first:
            return
        attributes = SubElement(element, "attributes")
        if is_first:
            SubElement(attributes, "divisions").text = str(self._divisions)
        if signs.sharps is not None:
            key = SubElement(attributes, "key")
            SubElement(key, "fifths").text = str(signs.sharps)
            known = named_key(signs.key)
            if known is not None:
                SubElement(key, "mode").text = MODES_IN_WORDS[known.mode]
        if signs.meter is not None:
            _time(attributes, signs.meter)
        elif is_first:
            time = SubElement(attributes, "time", {"print-object": "no"})
            SubElement(time, "senza-misura")
        if is_first:
            clef = SubElement(attributes, "clef")
            SubElement(clef, "sign").text = "G"
            SubElement(clef, "line").text = "2"

    def _event(self, element: Element, events: Sequence[Event], i: int) -> None:
        event = events[i]
        for k, grace in enumerate(event.graces):
            note = SubElement(element, "note", id=f"g{event.token}-{k}")
            SubElement(note, "grace", slash="yes" if len(event.graces) == 1 else "no")
            _pitch(note, grace)
            SubElement(note, "voice").text = "1"
            SubElement(note, "type").text = _TYPES[event.grace_part]
            _accidental(note, grace.shown)
        pieces = len(event.values)
        for k, value in enumerate(event.values):
            last = k + 1 == pieces
            duration = str(round(_lasts(value, event) * self._divisions))
            for n, sounding in enumerate(event.notes or (None,)):
                # An id is of the first piece only; the others are tied to it.
                name = event.token if sounding is None else sounding.token
                ident = f"{'r' if sounding is None else 'n'}{name}" + (f"-{k + 1}" if k else "")
                note = SubElement(element, "note", id=ident)
                if n:
                    SubElement(note, "chord")
                if sounding is None:
                    SubElement(note, "rest")
                else:
                    _pitch(note, sounding)
                SubElement(note, "duration").text = duration
                ends = sounding is not None and (k > 0 or sounding.ends_tie)
                begins = sounding is not None and (not last or sounding.is_tied)
                for is_there, kind in ((ends, "stop"), (begins, "start")):
                    if is_there:
                        SubElement(note, "tie", type=kind)
                SubElement(note, "voice").text = "1"
                SubElement(note, "type").text = _TYPES[value.part]
                for _ in range(value.dots):
                    SubElement(note, "dot")
                if sounding is not None and k == 0:
                    _accidental(note, sounding.shown)
                if event.ratio != PLAIN:
                    change = SubElement(note, "time-modification")
                    SubElement(change, "actual-notes").text = str(event.ratio.notes)
                    SubElement(change, "normal-notes").text = str(event.ratio.time)
                if not n:
                    _beams(note, events, i)
                notations = Element("notations")
                for is_there, kind in ((ends, "stop"), (begins, "start")):
                    if is_there:
                        SubElement(notations, "tied", type=kind)
                if not n:
                    _tuplet_marks(notations, events, i, is_first=k == 0, is_last=last)
                if len(notations):
                    note.append(notations)


@dataclass(slots=True)
class _Repeats:
    """The signs of repeats and endings, by the places of measures."""

    forward: set[int] = field(default_factory=set)
    backward: set[int] = field(default_factory=set)
    begins: dict[int, str] = field(default_factory=dict)
    """The numbers of the ending that begins with a measure."""
    ends: dict[int, str] = field(default_factory=dict)


def _repeats(staff: Staff) -> _Repeats:
    """The signs that make a program play the sections in the order of `staff.played`."""
    sections, found = staff.sections, _Repeats()
    jumps = [(last, to) for last, to in pairwise(staff.played) if to <= last]
    repeated = {k for last, to in jumps for k in range(to, last + 1)}
    for last, to in jumps:
        found.backward.add(sections[last].stop - 1)
        if to > 0 or staff.measures[0].opens_repeat:
            found.forward.add(sections[to].first)
    is_after_ending = False  # the section before is an ending that is played
    for k, section in enumerate(sections):
        numbers = "" if section.ending is None else _numbers(section.ending)
        is_played = bool(numbers) and (k in repeated or is_after_ending)
        stop = section.stop
        if not numbers and is_after_ending and section.first not in found.forward:
            # `|1 A :| B |`: what follows a first ending is the second.
            before = sections[k - 1]
            is_first = before.ending == "1" and before.stop - 1 in found.backward
            numbers, is_played = ("2", True) if is_first else ("", False)
            stop = min(stop, section.first + before.stop - before.first)
        if is_played:
            before_it = section.first - 1
            if found.ends.get(before_it) == numbers and before_it not in found.backward:
                del found.ends[before_it]  # `|1 A |1 B :|` is one ending
            else:
                found.begins[section.first] = numbers
            found.ends[stop - 1] = numbers
        is_after_ending = is_played
    return found


def _numbers(ending: str) -> str:
    """The numbers of an ending as MusicXML writes them: `1, 2, 3` for 1–3."""
    numbers: list[str] = []
    for part in ending.split(", "):
        first, _, last = part.partition("–")
        low, high = sorted((int(first), int(last or first)))
        numbers += map(str, range(low, high + 1))
    return ", ".join(numbers)


def _time(attributes: Element, meter: Meter) -> None:
    time = SubElement(attributes, "time")
    SubElement(time, "beats").text = str(meter[0])
    SubElement(time, "beat-type").text = str(meter[1])


def _pitch(note: Element, sounding: StaffNote) -> None:
    pitch = SubElement(note, "pitch")
    SubElement(pitch, "step").text = sounding.letter
    if sounding.alteration:
        SubElement(pitch, "alter").text = str(sounding.alteration)
    SubElement(pitch, "octave").text = str(sounding.octave + 4)


def _accidental(note: Element, accidental: int | None) -> None:
    if accidental is not None:
        SubElement(note, "accidental").text = _ACCIDENTALS[accidental]


def _beams(note: Element, events: Sequence[Event], i: int) -> None:
    """The beams of an event: one for an eighth, two for a sixteenth, and so on."""
    event = events[i]
    if event.beam is None:
        return

    def levels(k: int) -> int:
        """How many beams an event in the same group has; 0 for one that is not in it."""
        if not 0 <= k < len(events) or events[k].beam != event.beam:
            return 0
        return events[k].values[0].part.bit_length() - 3

    before, own, after = levels(i - 1), levels(i), levels(i + 1)
    for level in range(1, own + 1):
        has_left, has_right = before >= level, after >= level
        if has_left:
            kind = "continue" if has_right else "end"
        else:
            hook = "backward hook" if before else "forward hook"
            kind = "begin" if has_right else hook
        SubElement(note, "beam", number=str(level)).text = kind


def _tuplet_marks(
    notations: Element, events: Sequence[Event], i: int, *, is_first: bool, is_last: bool
) -> None:
    number = events[i].tuplet
    if number is None:
        return
    if is_first and (i == 0 or events[i - 1].tuplet != number):
        SubElement(notations, "tuplet", type="start")
    if is_last and (i + 1 == len(events) or events[i + 1].tuplet != number):
        SubElement(notations, "tuplet", type="stop")
