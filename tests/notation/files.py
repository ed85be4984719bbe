"""Writers of MusicXML and MIDI for tests, which share no code with what reads them.

They write a tune from its tokens, as a notation program would: all pitches by their sound, all
lengths by numbers, accidentals where a staff needs them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

DIVISIONS = 5040
"""Of a quarter note: every length that a tune has is a whole number of these."""

MODES = {"maj": "major", "min": "minor", "dor": "dorian", "mix": "mixolydian", "phr": "phrygian",
         "lyd": "lydian", "loc": "locrian"}  # fmt: skip
SHARPS = {"maj": 0, "min": -3, "dor": -2, "mix": -1, "phr": -4, "lyd": 1, "loc": -5}
TYPES = {32: "breve" , 8: "whole", 4: "half", 2: "quarter", 1: "eighth", Fraction(1, 2): "16th",
         Fraction(1, 4): "32nd", Fraction(1, 8): "64th", 16: "breve"}  # fmt: skip
ALTERS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
SIGNS = {2: "double-sharp", 1: "sharp", 0: "natural", -1: "flat", -2: "flat-flat"}


@dataclass
class Event:
    """A note, chord or rest of a tune."""

    pitches: list[tuple[str, int, int, bool]] = field(default_factory=list)
    """Letter, octave (C is 4), alteration, and whether an accidental is printed."""
    length: Fraction = Fraction(1)
    """In eighths, as written in its tuplet."""
    scale: Fraction = Fraction(1)
    tuplet: tuple[int, int] | None = None
    begins: bool = False
    ends: bool = False


@dataclass
class Bar:
    events: list[Event] = field(default_factory=list)
    key: str = ""
    meter: str = ""
    forward: bool = False
    backward: bool = False
    ending: str = ""


def bars_of(tokens: Sequence[str]) -> list[Bar]:
    """The bars of the tokens of a tune on C, read from scratch."""
    bars = [Bar()]
    signature = dict.fromkeys("ABCDEFG", 0)
    in_bar: dict[str, int] = {}
    on_staff: dict[tuple[str, int], int] = {}
    chord: Event | None = None
    left = p = q = 0
    carry = Fraction(1)
    is_compound = False

    def begin() -> Event:
        nonlocal left, carry
        event = Event(length=carry)
        carry = Fraction(1)
        if left:
            event.scale, event.tuplet = Fraction(q, p), (p, q)
            event.begins, event.ends = is_new, left == 1
            left -= 1
        bars[-1].events.append(event)
        return event

    is_new = False
    for token in tokens:
        bar = bars[-1]
        if token[0] in "|:":
            left = 0
            if token == "|:":
                if bar.events:
                    bars.append(Bar())
                bars[-1].forward = True
            elif token == "|" or token == ":|":
                if bar.events or bar.forward or bar.ending:
                    bars.append(
                        Bar(),
                    )
                    bar.backward = token == ":|"
                elif token == ":|" and len(bars) > 1:
                    bars[-2].backward = True
            else:
                if bar.events:
                    bars.append(Bar())
                bars[-1].ending = token[1:]
            in_bar.clear()
            on_staff.clear()
        elif token[0] == "M":
            bar.meter = token[2:]
            top = int(token[2:].split("/")[0]) if "/" in token else 4
            is_compound = top > 3 and top % 3 == 0
        elif token[0] == "K":
            bar.key = token[2:]
            sharps = (
                "FCGDAEB".index(bar.key[0])
                - 1
                + 7 * (bar.key.count("#") - bar.key[1:-3].count("b"))
            )
            sharps += SHARPS[bar.key[-3:]]
            signature = {one: (sharps + 6 - "FCGDAEB".index(one)) // 7 for one in "FCGDAEB"}
        elif token[0] == "(":
            p, _, rest = token[1:].partition(":")
            q, _, r = rest.partition(":")
            p = int(p)
            q = int(q or {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p) or (3 if is_compound else 2))
            left, is_new = int(r or p), True
        elif token == "[":
            chord = begin()
            is_new = False
        elif token == "]":
            chord = None
        elif re.match(r"[\^_=]*[A-Ga-g]", token) or token == "z":
            event = chord or begin()
            is_new = False
            if token != "z":
                sign = re.match(r"[\^_=]*", token)[0]
                letter = token[len(sign)]
                octave = 4 + letter.islower() + token.count("'") - token.count(",")
                letter = letter.upper()
                if sign:
                    in_bar[letter] = ALTERS[sign]
                alter = in_bar.get(letter, signature[letter])
                shown = bool(sign) or alter != on_staff.get((letter, octave), signature[letter])
                on_staff[letter, octave] = alter
                event.pitches.append((letter, octave, alter, shown))
        else:
            event = bar.events[-1]
            number = token.rstrip("<>")
            top, slash, bottom = number.partition("/")
            factor = Fraction(int(top or 1), int(bottom or 2) if slash else 1)
            sign = token[len(number) :]
            if sign:
                long = Fraction(2 ** (len(sign) + 1) - 1, 2 ** len(sign))
                short = 2 - long
                factor, carry = (factor * long, short) if sign[0] == ">" else (factor * short, long)
            if chord is None or len(chord.pitches) == 1:
                event.length *= factor
    if not bars[-1].events:
        bars.pop()
    return bars


def pieces_of(length: Fraction) -> list[tuple[Fraction, int]]:
    """A length in eighths as tied notes, each a plain length and its dots."""
    pieces = []
    while length:
        for base in sorted(TYPES, reverse=True):
            for dots in (2, 1, 0):
                value = base * (2 - Fraction(1, 2**dots))
                if value <= length:
                    break
            else:
                continue
            break
        else:
            raise ValueError(length)
        pieces.append((Fraction(base), dots))
        length -= value
    return pieces


def musicxml_of(tokens: Sequence[str], title: str = "A tune", mode: bool = True) -> str:
    """A tune as MusicXML."""
    out = [
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0">'
        f'<work><work-title>{title}</work-title></work><part-list><score-part id="P1">'
        '<part-name>Fiddle</part-name></score-part></part-list><part id="P1">'
    ]
    bars = bars_of(tokens)
    open_ending = ""
    for number, bar in enumerate(bars, 1):
        out.append(f'<measure number="{number}">')
        left = (
            f'<ending number="{bar.ending.replace("-", ",")}" type="start"/>' if bar.ending else ""
        )
        left += '<repeat direction="forward"/>' if bar.forward else ""
        if left:
            out.append(f'<barline location="left">{left}</barline>')
        if number == 1 or bar.key or bar.meter:
            out.append("<attributes>")
            if number == 1:
                out.append(f"<divisions>{DIVISIONS}</divisions>")
            if bar.key:
                sharps = "FCGDAEB".index(bar.key[0]) - 1 + SHARPS[bar.key[-3:]]
                sharps += 7 * (bar.key.count("#") - bar.key[1:-3].count("b"))
                stated = f"<mode>{MODES[bar.key[-3:]]}</mode>" if mode else ""
                out.append(f"<key><fifths>{sharps}</fifths>{stated}</key>")
            if bar.meter and bar.meter != "none":
                top, bottom = bar.meter.split("/")
                out.append(f"<time><beats>{top}</beats><beat-type>{bottom}</beat-type></time>")
            out.append("</attributes>")
        for event in bar.events:
            pieces = pieces_of(event.length)
            for k, (base, dots) in enumerate(pieces):
                out += note_xml(event, base, dots, k > 0, k + 1 < len(pieces))
        right = ""
        open_ending = bar.ending or open_ending
        is_last = number == len(bars) or bars[number].ending or bars[number].forward
        if open_ending and (bar.backward or is_last):
            right = f'<ending number="{open_ending.replace("-", ",")}" type="stop"/>'
            open_ending = ""
        right += '<repeat direction="backward"/>' if bar.backward else ""
        if right:
            out.append(f'<barline location="right">{right}</barline>')
        out.append("</measure>")
    return "".join(out) + "</part></score-partwise>"


def note_xml(event: Event, base: Fraction, dots: int, tied: bool, ties: bool) -> Iterable[str]:
    duration = base * (2 - Fraction(1, 2**dots)) * event.scale / 2 * DIVISIONS
    assert duration.denominator == 1
    for k, (letter, octave, alter, shown) in enumerate(event.pitches or [("", 0, 0, False)]):
        yield "<note>" + ("<chord/>" if k else "")
        yield (
            "<rest/>"
            if not letter
            else (
                f"<pitch><step>{letter}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>"
            )
        )
        yield f"<duration>{duration}</duration>"
        yield from (
            f'<tie type="{what}"/>'
            for what, is_so in (("stop", tied), ("start", ties))
            if is_so and letter
        )
        yield f"<voice>1</voice><type>{TYPES[base]}</type>" + "<dot/>" * dots
        if shown and not tied:
            yield f"<accidental>{SIGNS[alter]}</accidental>"
        if event.tuplet:
            p, q = event.tuplet
            yield (
                f"<time-modification><actual-notes>{p}</actual-notes><normal-notes>{q}"
                "</normal-notes></time-modification>"
            )
            marks = [
                what
                for what, is_so in (
                    ("start", event.begins and not tied),
                    ("stop", event.ends and not ties),
                )
                if is_so
            ]
            if marks and not k:
                yield (
                    "<notations>" + "".join(f'<tuplet type="{m}"/>' for m in marks) + "</notations>"
                )
        yield "</note>"


def midi_file(
    tracks: Sequence[Sequence[tuple[int, bytes]]], ticks: int = 480, format: int = 1
) -> bytes:
    """A MIDI file. tracks: events, each with its time since the one before."""
    data = b"MThd" + struct.pack(">LHHH", 6, format, len(tracks), ticks)
    for track in tracks:
        body = b"".join(number(delta) + event for delta, event in [*track, (0, b"\xff\x2f\0")])
        data += b"MTrk" + struct.pack(">L", len(body)) + body
    return data


def number(value: int) -> bytes:
    """A number of variable length."""
    digits = [value & 127]
    while value := value >> 7:
        digits.append(128 | value & 127)
    return bytes(reversed(digits))


def on(pitch: int, channel: int = 1) -> bytes:
    return bytes([0x90 | channel - 1, pitch, 80])


def off(pitch: int, channel: int = 1) -> bytes:
    return bytes([0x80 | channel - 1, pitch, 64])


def named(text: str) -> bytes:
    return b"\xff\x03" + number(len(text.encode())) + text.encode()


def meter(top: int, power: int) -> bytes:
    return bytes([0xFF, 0x58, 4, top, power, 24, 8])


def key(sharps: int, is_minor: bool = False) -> bytes:
    return bytes([0xFF, 0x59, 2, sharps % 256, is_minor])
