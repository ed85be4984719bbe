"""A tune on a staff as MEI, the format of the Music Encoding Initiative (version 5), for verovio.

Ids begin with a prefix, so that several scores can be on one page: `s1-b0` is the first written bar
of the score s1, `s1-n12` the note of token 12, `s1-r12` a rest, `s1-c12` a chord.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from textwrap import wrap
from typing import Final, Literal, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from tunetrace.score.staff.records import (
    Event,
    Meter,
    Section,
    Signs,
    Staff,
    StaffBar,
    StaffNote,
)
from tunetrace.score.staff.tempo import beat_of, bpm_of
from tunetrace.score.staff.values import Value

_ACCIDENTALS: Final = {-2: "ff", -1: "f", 0: "n", 1: "s", 2: "x"}
_SOUNDING: Final = {-2: "ff", -1: "f", 0: "n", 1: "s", 2: "ss"}

_TITLE_WIDTH: Final = 70  # characters of a line of the title


def bar_id(prefix: str, place: int) -> str:
    """The id of a written bar. place: from 0."""
    return f"{prefix}b{place}"


def note_id(prefix: str, token: int) -> str:
    """The id of a note by its token."""
    return f"{prefix}n{token}"


def grace_id(prefix: str, token: int, k: int) -> str:
    """The id of the k-th grace note, from 0, before the event that begins with a token."""
    return f"{prefix}g{token}-{k}"


@dataclass(frozen=True, slots=True)
class Look:
    """How the notes of one staff look. Places are those of tokens."""

    classes: Mapping[int, str] = field(default_factory=dict)
    """The classes of notes in the SVG."""
    words: Mapping[int, str] = field(default_factory=dict)
    """Words below notes."""


PLAIN_LOOK: Final = Look()


def to_mei(staff: Staff, prefix: str = "s1-", look: Look = PLAIN_LOOK, *, title: str = "") -> str:
    """A tune as MEI. Its `expansion` says in which order its sections are played."""
    measures = staff.measures
    pieces: list[str] = []
    if len(staff.played) > len(staff.sections):
        order = " ".join(f"#{prefix}p{k}" for k in staff.played)
        pieces.append(f'<expansion xml:id="{prefix}played" plist="{order}"/>')
    for k, section in enumerate(staff.sections):
        inside = measures[section.first : section.stop]
        content = "".join(
            _score_change(measure) + _measure([measure], [prefix], [look]) for measure in inside
        )
        pieces.append(_section(section, f"{prefix}p{k}", content))
    first = measures[0]
    content = f'<section xml:id="{prefix}all">{"".join(pieces)}</section>'
    return _document(first.signs, first.meter, 1, content, title)


class BarPair(NamedTuple):
    """A bar of one tune over what lies under it."""

    upper: StaffBar
    lower: StaffBar | None
    """None if nothing lies under it."""
    lower_prefix: str
    """What the ids of the lower one begin with. No two pairs have the same."""
    lower_look: Look


def aligned_mei(pairs: Sequence[BarPair], prefix: str, look: Look) -> str:
    """Bars of one tune over those of another, on two staves. prefix, look: of the upper staff.

    The signs of the upper bars are on both.
    """
    content = []
    for k, pair in enumerate(pairs):
        change = "" if k == 0 else _score_change(pair.upper)
        prefixes, looks = (prefix, pair.lower_prefix), (look, pair.lower_look)
        content.append(change + _measure([pair.upper, pair.lower], prefixes, looks))
    first = pairs[0].upper
    return _document(first.signs, first.meter, 2, f"<section>{''.join(content)}</section>", "")


def _document(signs: Signs, meter: Meter | None, staves: int, content: str, title: str) -> str:
    head = ""
    if title:
        lines = "<lb/>".join(escape(line) for line in wrap(title, _TITLE_WIDTH))
        head = (
            f'<pgHead><rend halign="center" valign="top" fontsize="large">{lines}</rend></pgHead>'
        )
    bpm = float(bpm_of(meter) * beat_of(meter) / 2)
    definition = f' midi.bpm="{bpm:g}"{_signs(signs)}'
    if meter is None:
        definition += ' meter.form="invis"'
    staff_defs = "".join(
        f'<staffDef n="{n}" lines="5" clef.shape="G" clef.line="2"/>' for n in range(1, staves + 1)
    )
    group = '<staffGrp bar.thru="true">' if staves > 1 else "<staffGrp>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0"><meiHead><fileDesc>'
        f"<titleStmt><title>{escape(title)}</title></titleStmt><pubStmt/></fileDesc></meiHead>"
        f"<music><body><mdiv><score><scoreDef{definition}>{head}{group}{staff_defs}</staffGrp>"
        f"</scoreDef>{content}</score></mdiv></body></music></mei>"
    )


def _section(section: Section, name: str, content: str) -> str:
    if section.ending is None:
        return f'<section xml:id="{name}">{content}</section>'
    number = quoteattr(section.ending)
    return f'<ending xml:id="{name}" n={number}>{content}</ending>'


def _signs(signs: Signs) -> str:
    """Key signature and meter as attributes."""
    found = ""
    if signs.sharps is not None:
        found += f' keysig="{_keysig(signs.sharps)}"'
    if signs.meter is not None:
        found += f' meter.count="{signs.meter[0]}" meter.unit="{signs.meter[1]}"'
    return found


def _keysig(sharps: int) -> str:
    return f"{abs(sharps)}{'s' if sharps > 0 else 'f' if sharps < 0 else ''}"


def _score_change(measure: StaffBar) -> str:
    """A change of key or meter at the beginning of a measure."""
    signs = "" if measure.place == 0 else _signs(measure.signs)
    return f"<scoreDef{signs}/>" if signs else ""


def _measure(
    staves: Sequence[StaffBar | None], prefixes: Sequence[str], looks: Sequence[Look]
) -> str:
    first = staves[0]
    assert first is not None
    left = ' left="rptstart"' if first.opens_repeat else ""
    right = "rptend" if first.closes_repeat else "end" if first.is_last else (
        "dbl" if first.closes_part else "")  # fmt: skip
    right = "invis" if first.is_open else right
    right = f' right="{right}"' if right else ""
    whole = "" if first.bar.duration == first.bar.full else ' metcon="false"'
    number = first.bar.number
    name = bar_id(prefixes[0], first.place)
    content, marks = "", ""
    for n, (measure, prefix, look) in enumerate(zip(staves, prefixes, looks, strict=True), 1):
        layer = "<mSpace/>" if measure is None else _layer(measure, prefix, look)
        content += f'<staff n="{n}"><layer n="1">{layer}</layer></staff>'
        if measure is not None and look.words:
            marks += "".join(_words(measure, prefix, look, n))
    return f'<measure xml:id="{name}" n="{number}"{whole}{left}{right}>{content}{marks}</measure>'


def _words(measure: StaffBar, prefix: str, look: Look, staff: int) -> Iterator[str]:
    for event in measure.events:
        word = look.words.get(event.token)
        if word:
            yield (
                f'<dir place="below" staff="{staff}" startid="#{_name(event, prefix)}">'
                f"{escape(word)}</dir>"
            )


class _Markup(NamedTuple):
    """What is written for one or more events."""

    before: str
    """Signs and grace notes before it. They stand outside of a beam or a tuplet that it begins:
    inside, verovio would beam the grace notes with the others."""
    content: str


def _layer(measure: StaffBar, prefix: str, look: Look) -> str:
    """The events of a measure, those of a beam or a tuplet inside of it."""
    events = measure.events
    if _is_whole_rest(measure):
        return f'<mRest xml:id="{_name(events[0], prefix)}"/>'
    return "".join(_row([_nested(run, prefix, look) for run in _runs(events)]))


def _is_whole_rest(measure: StaffBar) -> bool:
    """Whether a measure is one rest as long as its meter asks for."""
    if measure.meter is None or len(measure.events) != 1 or measure.events[0].notes:
        return False
    beats, unit = measure.meter
    return measure.events[0].eighths * unit == 8 * beats


def _row(pieces: Sequence[_Markup]) -> _Markup:
    """Pieces in a row as one, that what stands before the first can be taken out of."""
    rest = "".join(f"{piece.before}{piece.content}" for piece in pieces[1:])
    return _Markup(pieces[0].before, pieces[0].content + rest)


def _runs(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Events that a beam or a tuplet joins, directly or by one another; every other one alone."""
    run: list[Event] = []
    for event in events:
        is_joined = run and (
            (event.beam is not None and event.beam == run[-1].beam)
            or (event.tuplet is not None and event.tuplet == run[-1].tuplet)
        )
        if run and not is_joined:
            yield run
            run = []
        run.append(event)
    if run:
        yield run


def _nested(run: Sequence[Event], prefix: str, look: Look) -> _Markup:
    """The events of a run. A beam stands around tuplets if it is longer than they are."""
    beams = {event.beam for event in run}
    tuplets = {event.tuplet for event in run}
    if len(tuplets) > 1 and len(beams) == 1:
        before, inside = _row(
            [
                _tuplet(_row([_event(event, prefix, look) for event in group]), group, number)
                for number, group in _grouped(run, "tuplet")
            ]
        )
        return _Markup(before, f"<beam>{inside}</beam>")
    return _row(
        [
            _tuplet(_beams(group, prefix, look), group, number)
            for number, group in _grouped(run, "tuplet")
        ]
    )


def _grouped(
    events: Sequence[Event], name: Literal["beam", "tuplet"]
) -> Iterator[tuple[int | None, list[Event]]]:
    for number, group in groupby(events, key=attrgetter(name)):
        yield number, list(group)


def _tuplet(inside: _Markup, events: Sequence[Event], number: int | None) -> _Markup:
    if number is None:
        return inside
    ratio = events[0].ratio
    content = f'<tuplet num="{ratio.notes}" numbase="{ratio.time}">{inside.content}</tuplet>'
    return _Markup(inside.before, content)


def _beams(events: Sequence[Event], prefix: str, look: Look) -> _Markup:
    found: list[_Markup] = []
    for beam, group in _grouped(events, "beam"):
        notes = _row([_event(event, prefix, look) for event in group])
        if beam is not None:
            notes = notes._replace(content=f"<beam>{notes.content}</beam>")
        found.append(notes)
    return _row(found)


def _name(event: Event, prefix: str) -> str:
    """The id of an event."""
    if not event.notes:
        return f"{prefix}r{event.token}"
    if len(event.notes) > 1:
        return f"{prefix}c{event.token}"
    return note_id(prefix, event.notes[0].token)


def _event(event: Event, prefix: str, look: Look) -> _Markup:
    before = ""
    signs = event.signs
    if signs.sharps is not None:
        before += f'<keySig sig="{_keysig(signs.sharps)}"/>'
    if signs.meter is not None:
        before += f'<meterSig count="{signs.meter[0]}" unit="{signs.meter[1]}"/>'
    if event.graces:
        before += _graces(event, prefix)
    found = ""
    values = event.values if event.notes else tuple(_rests(event.values))
    pieces = len(values)
    for k, value in enumerate(values):
        more = "" if k == 0 else f"-{k + 1}"  # the id of a note that is tied to itself
        if not event.notes:
            found += f'<rest xml:id="{_name(event, prefix)}{more}"{_length(value)}/>'
            continue
        notes = "".join(
            _note(
                note,
                note_id(prefix, note.token) + more,
                "" if len(event.notes) > 1 else _length(value),
                look.classes.get(note.token, ""),
                is_tied=note.is_tied or k + 1 < pieces,
                is_repeated=k > 0,
            )
            for note in event.notes
        )
        if len(event.notes) > 1:
            notes = f'<chord xml:id="{_name(event, prefix)}{more}"{_length(value)}>{notes}</chord>'
        found += notes
    return _Markup(before, found)


def _rests(values: Sequence[Value]) -> Iterator[Value]:
    """Values that rests are drawn with: verovio draws no dots beside a breve's rest."""
    for value in values:
        yield value._replace(dots=0) if value.part == 0 else value
        if value.part == 0 and value.dots:
            yield Value(1, value.dots - 1)


def _graces(event: Event, prefix: str) -> str:
    dur = f' dur="{event.grace_part}"'
    notes = "".join(
        f'<note xml:id="{grace_id(prefix, event.token, k)}" grace="unacc"{dur}{_pitch(note)}/>'
        for k, note in enumerate(event.graces)
    )
    inside = f"<beam>{notes}</beam>" if len(event.graces) > 1 else notes
    return f"<graceGrp>{inside}</graceGrp>"


def _note(
    note: StaffNote, name: str, length: str, classes: str, *, is_tied: bool, is_repeated: bool
) -> str:
    type_ = f' type="{classes}"' if classes else ""
    tie = f' tie="{"m" if is_repeated and is_tied else "i" if is_tied else "t"}"' if (
        is_tied or is_repeated or note.ends_tie) else ""  # fmt: skip
    if note.ends_tie and is_tied:
        tie = ' tie="m"'
    return f'<note xml:id="{name}"{type_}{length}{_pitch(note, is_repeated=is_repeated)}{tie}/>'


def _pitch(note: StaffNote, *, is_repeated: bool = False) -> str:
    pitch = f' pname="{note.letter.lower()}" oct="{note.octave + 4}"'
    if note.shown is not None and not is_repeated:
        return f'{pitch} accid="{_ACCIDENTALS[note.shown]}"'
    return f'{pitch} accid.ges="{_SOUNDING[note.alteration]}"' if note.alteration else pitch


def _length(value: Value) -> str:
    dots = f' dots="{value.dots}"' if value.dots else ""
    return f' dur="{value.part or "breve"}"{dots}'
