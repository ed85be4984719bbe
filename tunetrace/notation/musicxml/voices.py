"""The voices of a MusicXML file, and the file cut down to one of them.

What is left is one part with one voice, without gaps, so that no reader has to find its way among
voices. What gives no token is counted and taken out too.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as field_of
from fractions import Fraction
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from tunetrace.errors import AbcError
from tunetrace.notation.choice import ONLY_PERCUSSION
from tunetrace.text import counted, plain
from tunetrace.tokenizer.abc.dropped import bars_left_out, number_left_out

_SIGNS_ON_NOTES: Final = ("articulations", "ornaments", "technical")
_MOST_COUNTED: Final = 400
"""The sum of the numbers of a key, a meter or an ending. music21 would count up to any."""
_DURATION: Final = re.compile(r"[0-9.+]{1,12}")
"""Without exponents: a Fraction would have all digits of 1e99999999."""
_SINGLE_SIGNS: Final = ("fermata", "arpeggiate", "non-arpeggiate", "glissando", "slide")


@dataclass(slots=True)
class MusicXmlVoice:
    """A voice of a part: the notes that follow one another on a staff."""

    part: Element
    part_id: str
    part_name: str
    staff: str
    voice: str
    names: tuple[str, ...] = ()
    """What it may be asked for by. The first is used in messages: the part's name, and the number
    of the voice if the part has several."""
    bars: set[int] = field_of(default_factory=set)
    """The bars in which it has notes."""
    notes: int = 0
    unpitched: int = 0


def partwise(root: Element) -> Element:
    """A score ordered by parts; the other order, by bars (`score-timewise`), is turned round."""
    if root.tag != "score-timewise":
        return root
    score = Element("score-partwise", root.attrib)
    parts: dict[str, Element] = {}
    for child in root:
        if child.tag != "measure":
            score.append(child)
            continue
        for part in child.findall("part"):
            part_id = part.get("id", "")
            if part_id not in parts:
                parts[part_id] = Element("part", {"id": part_id})
            SubElement(parts[part_id], "measure", child.attrib).extend(part)
    score.extend(parts.values())
    return score


def voices_of(score: Element) -> list[MusicXmlVoice]:
    """The voices of a score that have notes of a pitch, in their order."""
    names = {
        part.get("id", ""): " ".join((part.findtext("part-name") or "").split())
        for part in score.iterfind("part-list/score-part")
    }
    found: list[MusicXmlVoice] = []
    for part in score.iterfind("part"):
        part_id = part.get("id", "")
        voices: dict[tuple[str, str], MusicXmlVoice] = {}
        for number, measure in enumerate(part.iterfind("measure")):
            for note in measure.iterfind("note"):
                if _is_extra(note) or note.find("rest") is not None:
                    continue
                place = _place_of(note)
                if place not in voices:
                    voices[place] = MusicXmlVoice(part, part_id, names.get(part_id, ""), *place)
                voice = voices[place]
                voice.notes += 1
                voice.unpitched += note.find("pitch") is None
                voice.bars.add(number)
        found += sorted(voices.values(), key=lambda one: (_order(one.staff), _order(one.voice)))
    if found and all(voice.unpitched == voice.notes for voice in found):
        raise AbcError(ONLY_PERCUSSION, kind="no notes")
    found = [voice for voice in found if voice.unpitched < voice.notes]
    of_part = Counter(id(voice.part) for voice in found)
    for voice in found:
        name = plain(voice.part_name or voice.part_id)
        label = name if of_part[id(voice.part)] == 1 else f"{name} voice {voice.voice}"
        own = (voice.voice,) if len(of_part) == 1 else ()  # otherwise a number is a place
        voice.names = (label, voice.part_name, voice.part_id, *own)
    return found


def others_left_out(voices: Sequence[MusicXmlVoice], chosen: MusicXmlVoice) -> list[str]:
    """The remark that the other voices were left out, if there are others."""
    return bars_left_out(
        [(voice.names[0], len(voice.bars)) for voice in voices if voice is not chosen]
    )


def cut_to(score: Element, voice: MusicXmlVoice) -> tuple[Element, list[str]]:
    """A score of this voice alone, and remarks on what of the voice was left out.

    Rests fill the places where other voices sound. AbcError if a duration is no number, or if a
    key, a meter or an ending has a number that no tune has.
    """
    cut = Element("score-partwise", {"version": score.get("version", "4.0")})
    score_part = SubElement(SubElement(cut, "part-list"), "score-part", {"id": "P1"})
    SubElement(score_part, "part-name").text = "P1"
    part = SubElement(cut, "part", {"id": "P1"})
    cutter = _Cutter(voice)
    for measure in voice.part.iterfind("measure"):
        part.append(cutter.measure(measure))
    return cut, cutter.remarks()


class _Cutter:
    """Cuts the measures of a part down to a voice, one after another."""

    def __init__(self, voice: MusicXmlVoice) -> None:
        self._voice = (voice.staff, voice.voice)
        self._dropped: defaultdict[str, int] = defaultdict(int)
        self._words = self._jumps = self._overlaps = 0

    def measure(self, measure: Element) -> Element:
        cut = Element("measure", measure.attrib)
        now = end = last = Fraction(0)  # in divisions; now: of all voices; end: of this one
        length = Fraction(0)
        is_in = False  # whether the last note, to which chord notes belong, is taken
        for child in measure:
            if child.tag == "attributes":
                self._attributes(child, cut)
            elif child.tag == "barline":
                for ending in child.findall("ending"):
                    _check_numbers("an ending", [ending.get("number", "")])
                cut.append(child)
            elif child.tag == "harmony":
                self._dropped["a chord symbol"] += 1
            elif child.tag in ("direction", "sound"):
                self._direction(child)
            elif child.tag == "backup":
                now -= _duration(child)
            elif child.tag == "forward":
                now += _duration(child)
            elif child.tag == "note" and not _is_extra(child):
                is_chord = child.find("chord") is not None
                if not is_chord:
                    last, now = now, now + _duration(child)
                    is_in = _place_of(child) == self._voice
                    if is_in and last < end:
                        is_in = False
                        self._overlaps += child.find("rest") is None
                    elif is_in:
                        if last > end:
                            cut.append(_rest(last - end))
                        end = now
                if is_in:
                    self._count(child)
                    cut.append(_plain_note(child))
            elif child.tag == "note" and _place_of(child) == self._voice:
                self._dropped["grace notes"] += child.find("grace") is not None
            length = max(length, now)
        if length > end:
            cut.append(_rest(length - end))
        return cut

    def _attributes(self, attributes: Element, cut: Element) -> None:
        """Key, meter and divisions; not what concerns another staff, or how it is printed."""
        kept = SubElement(cut, "attributes")
        for child in attributes:
            staff = child.attrib.pop("number", self._voice[0])
            if child.tag in ("divisions", "key", "time") and staff == self._voice[0]:
                if child.tag != "divisions":
                    what = "a key" if child.tag == "key" else "a meter"
                    _check_numbers(what, [one.text or "" for one in child])
                kept.append(child)

    def _direction(self, child: Element) -> None:
        words = child.findall("direction-type/words")
        self._dropped["an annotation"] += any((one.text or "").strip() for one in words)
        sound = child if child.tag == "sound" else child.find("sound")
        if sound is not None:
            jumps = ("dacapo", "dalsegno", "tocoda", "fine")
            self._jumps += any(sound.get(one) not in (None, "no") for one in jumps)

    def _count(self, note: Element) -> None:
        self._words += note.find("lyric") is not None
        for signs in note.iterfind("notations/*"):
            if signs.tag == "slur":
                self._dropped["a slur"] += signs.get("type") == "start"
            elif signs.tag in _SIGNS_ON_NOTES:
                self._dropped["a decoration"] += len(signs)
            elif signs.tag in _SINGLE_SIGNS and signs.get("type") != "stop":
                self._dropped["a decoration"] += 1

    def remarks(self) -> list[str]:
        """What was left out of the measures, one sentence for each kind."""
        remarks = [number_left_out(what, n) for what, n in sorted(self._dropped.items()) if n]
        if self._words:
            remarks.append(f"the words under {counted(self._words, 'note')} were left out")
        if self._jumps:
            remarks.append("the jumps (D.C., D.S., coda, fine) are not followed")
        if self._overlaps:
            were = "was" if self._overlaps == 1 else "were"
            remarks.append(
                f"{counted(self._overlaps, 'note')} that overlap{'s' * (self._overlaps == 1)} "
                f"others {were} left out"
            )
        return remarks


def _is_extra(note: Element) -> bool:
    """Whether a note takes no time of its own: a grace note or a cue note."""
    return note.find("grace") is not None or note.find("cue") is not None


def _place_of(note: Element) -> tuple[str, str]:
    """The staff and the voice of a note."""
    staff, voice = note.findtext("staff") or "1", note.findtext("voice") or "1"
    return staff.strip(), voice.strip()


def _order(number: str) -> tuple[int, str]:
    return (int(number) if number.isascii() and number.isdigit() else 0, number)


def _check_numbers(what: str, texts: Sequence[str]) -> None:
    """Raise AbcError if the numbers in texts are too large together."""
    numbers = re.findall(r"\d+", " ".join(texts))
    if any(len(number) > 4 for number in numbers) or sum(map(int, numbers)) > _MOST_COUNTED:
        raise AbcError(
            f"{what} has the number '{plain(max(numbers, key=len))[:20]}'; give a smaller one",
            kind="outside the tokens",
        )


def _duration(element: Element) -> Fraction:
    text = (element.findtext("duration") or "").strip()
    try:
        duration = Fraction(text if _DURATION.fullmatch(text) else -1)
    except ValueError:
        duration = Fraction(-1)
    if duration < 0:
        raise AbcError(
            f"a note has the duration '{plain(text)[:20]}'; give it a number",
            kind="bad note length",
        )
    return duration


def _rest(duration: Fraction) -> Element:
    note = Element("note")
    SubElement(note, "rest")
    is_whole = duration.denominator == 1
    SubElement(note, "duration").text = str(duration if is_whole else float(duration))
    return note


_KEPT: Final = ("chord", "pitch", "unpitched", "rest", "duration", "tie", "type", "dot",
                "accidental", "time-modification")  # fmt: skip


def _plain_note(note: Element) -> Element:
    """A note with its pitch and its time, and nothing else."""
    plain_note = Element("note")
    plain_note.extend(
        child for child in note if child.tag in _KEPT and child.get("cautionary") != "yes"
    )
    tuplets = note.findall("notations/tuplet")
    if tuplets:
        SubElement(plain_note, "notations").extend(tuplets)
    return plain_note


def titles_of(score: Element) -> list[str]:
    """The titles that a score states: of the work, and of the movement."""
    stated = (score.findtext(path) or "" for path in ("work/work-title", "movement-title"))
    return list(dict.fromkeys(filter(None, (" ".join(plain(title).split()) for title in stated))))
