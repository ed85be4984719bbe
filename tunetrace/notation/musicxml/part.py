"""One voice of a MusicXML file as a written part, by music21."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from tunetrace.errors import AbcError
from tunetrace.notation.choice import chosen_voice, refuse_long
from tunetrace.notation.musicxml.tree import xml_root
from tunetrace.notation.musicxml.voices import (
    cut_to,
    others_left_out,
    partwise,
    titles_of,
    voices_of,
)
from tunetrace.notation.quiet import music21_at_work
from tunetrace.notation.written import WrittenBar, WrittenNote, WrittenTune
from tunetrace.tokenizer.keys import ACCIDENTAL_SIGNS, MODES, tonic_at
from tunetrace.tokenizer.transpose import Pitch

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MIDDLE_OCTAVE: Final = 4
"""The number that MusicXML and music21 give to the octave of the note `C` of ABC."""

_OCTAVES: Final = range(10)


def musicxml_tune(data: bytes | str, name: str, voice: str | None) -> WrittenTune:
    """A voice of a MusicXML file.

    name: stands for the file in messages. voice: as in Reading. InputError if the file cannot be
    read, or music21 is not installed; AbcError if there is nothing to read in it.
    """
    score = partwise(xml_root(data, name))
    voices = voices_of(score)
    chosen = voices[chosen_voice([one.names for one in voices], voice)]
    refuse_long(chosen.notes)
    refuse_long(len(chosen.part.findall("measure")), "bars")
    cut, left_out = cut_to(score, chosen)
    refuse_long(sum(1 for _ in cut.iter("note")), "notes and rests")
    remarks = others_left_out(voices, chosen) + left_out
    with music21_at_work(name, "MusicXML"):
        bars = _bars(cut)
    first = bars[0]
    tune = WrittenTune(titles_of(score), first.meter, first.key or "C", bars, remarks)
    stated = {child.tag for child in cut.iter() if child.tag in ("key", "mode")}
    if "key" not in stated:
        remarks.append("the file states no key; C major is assumed")
    elif "mode" not in stated:
        remarks.append(f"the file states no mode; {tune.key} major is assumed")
    first.key = first.meter = None
    return tune


def _bars(score: Element) -> list[WrittenBar]:
    """The bars of a score of one voice. The first states key and meter, if the file does."""
    from music21.musicxml.xmlToM21 import MusicXMLImporter
    from music21.spanner import RepeatBracket
    from music21.stream import Measure

    (part,) = MusicXMLImporter().xmlRootToScore(score).parts
    endings = {
        id(bracket.getFirst()): _ending(bracket.numberRange)
        for bracket in part.recurse().getElementsByClass(RepeatBracket)
    }
    bars: list[WrittenBar] = []
    key = meter = None
    for measure in part.getElementsByClass(Measure):
        bar = WrittenBar(list(_notes(measure)), ending=endings.get(id(measure), ""))
        if measure.keySignature is not None:
            bar.key = _key(measure.keySignature)
        if measure.timeSignature is not None:
            bar.meter = _meter(measure.timeSignature)
        bar.key, key = (None, key) if bar.key in (None, key) else (bar.key, bar.key)
        bar.meter, meter = (None, meter) if bar.meter in (None, meter) else (bar.meter, bar.meter)
        if bars and _repeats(measure.leftBarline, "end"):
            bars[-1].ends_repeat = True
        bar.begins_repeat = _repeats(measure.leftBarline, "start")
        bar.ends_repeat = _repeats(measure.rightBarline, "end")
        bar.is_open = getattr(measure.rightBarline, "type", None) == "none"
        bars.append(bar)
    return bars


def _repeats(barline: Any, direction: str) -> bool:
    return getattr(barline, "direction", None) == direction


def _ending(numbers: Sequence[int]) -> str:
    """The numbers of an ending as ABC writes them: `1`, `1,2`, `1-3`."""
    first, last = (numbers[0], numbers[-1]) if numbers else (1, 1)
    if len(numbers) > 2 and list(numbers) == list(range(first, last + 1)):
        return f"{first}-{last}"
    return ",".join(map(str, numbers or [1]))


def _key(signature: Any) -> str:
    """The text of a K: field."""
    mode = str(getattr(signature, "mode", None))
    name = {"major": "", "minor": "m", "ionian": "", "aeolian": "m"}.get(mode, mode[:3])
    if name in MODES or len(name) < 2:
        return f"{signature.tonic.name.replace('-', 'b')}{name}"
    if signature.isNonTraditional:
        signs = (
            f"{ACCIDENTAL_SIGNS[int(one.alter)]}{one.step}" for one in signature.alteredPitches
        )
        return " ".join(["C exp", *signs])
    return tonic_at(signature.sharps)


def _meter(signature: Any) -> str:
    return f"{signature.numerator}/{signature.denominator}"


def _notes(measure: Any) -> Iterator[WrittenNote]:
    """The notes of a measure, with the groups of its tuplets."""
    notes = []
    times = []
    for element in measure.notesAndRests:
        sounding = Fraction(element.duration.quarterLength) * 2
        if not sounding:
            continue
        tuplets = element.duration.tuplets
        scale = Fraction(1)
        for tuplet in tuplets:
            scale *= Fraction(tuplet.tupletMultiplier())
        pitches = getattr(element, "pitches", ())
        notes.append(WrittenNote(
            tuple(map(_pitch, pitches)), sounding / scale, tuple(map(_is_signed, pitches)),
            element.tie is not None and element.tie.type in ("start", "continue"), scale=scale,
        ))  # fmt: skip
        times.append(tuplets[0] if tuplets else None)
    _group(notes, times)
    return _joined(notes)


def _pitch(pitch: Any) -> Pitch:
    if int(pitch.alter) != pitch.alter or int(pitch.alter) not in ACCIDENTAL_SIGNS:
        raise AbcError(
            f"the note {pitch.unicodeName} is altered by {pitch.alter:+g} semitones, for which "
            "there is no token; give whole semitones, at most two",
            kind="outside the tokens",
        )
    if pitch.octave not in _OCTAVES:
        raise AbcError(
            f"a note is in the octave {pitch.octave}, and MusicXML has the octaves 0 to 9; give "
            "one of these",
            kind="outside the tokens",
        )
    return Pitch(pitch.step, pitch.octave - MIDDLE_OCTAVE, int(pitch.alter))


def _is_signed(pitch: Any) -> bool:
    """Whether an accidental is printed, and not in parentheses or brackets as a mere reminder."""
    sign = pitch.accidental
    return sign is not None and bool(sign.displayStatus) and sign.displayStyle == "normal"


def _group(notes: Sequence[WrittenNote], times: Sequence[Any]) -> None:
    """Mark where tuplets begin. times: what music21 knows of the tuplet of each note, if any.

    A file may bracket its tuplets. Without brackets a tuplet ends when it is full: p times its
    shortest note.
    """
    k = 0
    while k < len(notes):
        if times[k] is None:
            k += 1
            continue
        p, q = times[k].numberNotesActual, times[k].numberNotesNormal
        is_bracketed = times[k].type in ("start", "startStop")
        end, length, shortest = k, Fraction(0), notes[k].length
        while end < len(notes) and notes[end].scale == notes[k].scale:
            kind = times[end].type
            if end > k and kind in ("start", "startStop"):
                break
            length += notes[end].length
            shortest = min(shortest, notes[end].length)
            end += 1
            if kind in ("stop", "startStop") or (not is_bracketed and length >= p * shortest):
                break
        notes[k].tuplet = (p, q, end - k)
        k = end


def _joined(notes: Sequence[WrittenNote]) -> Iterator[WrittenNote]:
    """The notes, with those joined that are tied only because no single sign says their length.

    ABC writes five eighths as one note, a staff as 4 + 1. Tied in another way, as 3 + 2, they are
    two notes in ABC too.
    """
    k = 0
    while k < len(notes):
        note, end = notes[k], k + 1
        while notes[end - 1].is_tied and end < len(notes) and notes[end].scale == note.scale:
            end += 1
        lengths = [one.length for one in notes[k:end]]
        if len(lengths) > 1 and note.scale == 1 and lengths == _signs_of(sum(lengths)):
            note.length, note.is_tied = sum(lengths, Fraction(0)), notes[end - 1].is_tied
            k = end
        else:
            k += 1
        yield note


def _signs_of(length: Fraction | int) -> list[Fraction]:
    """The lengths of the notes that a staff needs for a length, the longest first."""
    signs = []
    left = Fraction(length)
    for base in (Fraction(32) / 2**k for k in range(10)):
        for value in (base * 7 / 4, base * 3 / 2, base):
            if left >= value:
                signs.append(value)
                left -= value
    return signs
