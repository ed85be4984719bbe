"""A tune as it is written on a staff: from tokens to note values, beams, tuplets and signs.

What engraves a tune (mei.py) and what exports it (musicxml.py) start from the same measures. All
places are those of tokens, so that a note on the staff can be found, coloured and played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tunetrace.score.staff.beams import set_beams
from tunetrace.score.staff.order import sections_of
from tunetrace.score.staff.records import NO_SIGNS, Event, Meter, Signs, Staff, StaffBar, StaffNote
from tunetrace.score.staff.signature import sharps_of
from tunetrace.score.staff.values import PLAIN, Ratio, ratio_of, values_of
from tunetrace.tokenizer.abc.ornaments import Ornaments
from tunetrace.tokenizer.keys import signature_of_sharps
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.layout.pitches import signature_of
from tunetrace.tokenizer.layout.timeline import Bar, eighths, tuplet
from tunetrace.tokenizer.transpose import Pitch
from tunetrace.tokenizer.vocabulary import HEADER, MEANINGS, NOTE, TUPLET


def write_under(
    tokens: Sequence[str], key: str | None, sharps: int, over: StaffBar
) -> StaffBar | None:
    """Loose notes as they are written under a bar of another tune; None if there are none.

    tokens: with `|` where a bar of theirs ends. key: that they are written in. sharps: of the
    signature on the staff, which may be another one.
    """
    meter = "M:none" if over.meter is None else f"M:{over.meter[0]}/{over.meter[1]}"
    layout = lay_out([meter, *tokens])
    if not layout.bars:
        return None
    writer = _Writer(layout, key, sharps, Ornaments())
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
    writer = _Writer(layout, key, sharps_of(key), ornaments)
    measures = [writer.measure(k) for k in range(len(layout.bars))]
    sections, played = sections_of(layout)
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

    def __init__(self, layout: Layout, key: str | None, sharps: int, ornaments: Ornaments) -> None:
        """sharps: of the signature on the staff."""
        self._layout = layout
        self._ornaments = ornaments
        self._meter: Meter | None = None
        self._sharps = sharps
        self._key = key
        self._accidentals = _Accidentals(signature_of(key), signature_of_sharps(sharps))
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
                self._accidentals.shown = signature_of_sharps(sharps)
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
            now = now.then(signs)
