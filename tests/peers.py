"""Other programs' reading of ABC, and ours, in one form: the notes of a tune as they sound.

A tune is a list of (pitches, duration): MIDI numbers from low to high, one for a note and several
for a chord, and eighths. Notes stand in the order in which they are written, repeats not played;
rests and grace notes are left out. `python -m tests.peers` compares all 12,947 tunes.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.tunebooks import text_of
from tunetrace.arguments import Reading
from tunetrace.corpus.readers import files_in, read_tunes
from tunetrace.corpus.records import Rejected
from tunetrace.tokenizer.layout.pitches import MIDDLE_C, semitones, sounding
from tunetrace.tokenizer.layout.timeline import eighths, split_bars
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.transpose import Pitch, interval_from_c

Notes = list[tuple[tuple[int, ...], Fraction]]

COLLECTIONS = ("oneills1850", "airdsAirs", "ryansMammoth", "essenFolksong", "miscFolk")
SAMPLE = 1000
EVERY = 12_947
_SEED = 2025
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_TUNE = re.compile(r"^X:.*?(?=^X:|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tune:
    """One tune of a collection: its text from X: on, where it stands, and how it was read."""

    name: str
    text: str
    read: Transcription | Rejected


@cache
def sample(tunes: int = SAMPLE) -> list[Tune]:
    """So many tunes of the five collections that music21 ships, the same ones every time."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    texts = [
        (f"{path.parent.name}/{path.name}:{number}", text)
        for name in COLLECTIONS
        for path in files_in(corpus / name)
        for number, text in enumerate(_TUNE.findall(text_of(path)), 1)
    ]
    chosen = random.Random(_SEED).sample(texts, tunes)
    return [Tune(name, text, next(read_tunes(text, name, Reading("abc")))) for name, text in chosen]


def ours(tune: Transcription) -> Notes:
    """The notes of our tokens, moved back to the tune's own key."""
    heights = sounding(tune.tokens)
    assert tune.original_key is not None
    up = semitones(interval_from_c(tune.original_key))
    notes: Notes = []
    for bar in split_bars(tune.tokens)[0]:
        events = bar.events
        for start, stop, duration in zip(
            events.starts, events.stops, events.durations, strict=True
        ):
            within = range(bar.start + start, bar.start + stop)
            pitches = sorted(heights[i] + up for i in within if i in heights)
            if pitches:
                notes.append((tuple(pitches), eighths(duration)))
    return notes


def music21s(text: str) -> Notes | None:
    """music21's reading under ABC 2.1, None where it refuses the tune."""
    from music21.abcFormat import ABCChord, ABCFile, ABCNote
    from music21.exceptions21 import Music21Exception

    notes: Notes = []
    try:
        tokens = ABCFile(abcVersion=(2, 1, 0)).readstr(text).tokens
        for token in tokens:
            if not isinstance(token, ABCNote) or token.inGrace or token.isRest:
                continue
            parts = token.subTokens if isinstance(token, ABCChord) else [token]
            pitches = sorted(_midi(part.pitchName) for part in parts if part.pitchName)
            if pitches:
                duration = 2 * Fraction(token.quarterLength).limit_denominator(10080)
                if token.activeTuplet is not None:
                    duration *= Fraction(token.activeTuplet.tupletMultiplier())
                notes.append((tuple(pitches), duration))
    except (Music21Exception, ValueError, TypeError, AttributeError, IndexError, KeyError,
            ZeroDivisionError):  # fmt: skip
        return None
    return notes


def _midi(name: str) -> int:
    """The MIDI number of a pitch as music21 names it: `F#5`, `B-4`, `En4`."""
    step, signs, octave = name[0], name[1:-1], name[-1]
    return 12 * (int(octave) + 1) + _STEPS[step] + signs.count("#") - signs.count("-")


def abcnotes_(text: str) -> Notes | None:
    """abcnotes' reading, None where it refuses the tune."""
    from abcnotes import ChordBracket, Note, Tune

    try:
        tokens = Tune(abc=text).tokens
    except Exception:  # it raises Exception itself where it cannot go on
        return None
    notes: Notes = []
    chord: list[Note] | None = None
    for token in tokens:
        if isinstance(token, ChordBracket):
            if chord:
                notes.append(_sounding(chord))
            chord = [] if token._text == "[" else None
        elif isinstance(token, Note) and not token.grace:
            if chord is None:
                notes.append(_sounding([token]))
            else:
                chord.append(token)
    return notes


def written(text: str) -> tuple[list[str], list[int]]:
    """The notes of a tune as they are written, by abcnotes, and their MIDI numbers."""
    from abcnotes import Note, Tune

    notes = [t for t in Tune(abc=text).tokens if isinstance(t, Note) and not t.grace]
    names = []
    for note in notes:
        pitch = Pitch(note.note.upper(), note.octave, None)
        names.append((note.accidental or "") + str(pitch))
    return names, [MIDDLE_C + note.pitch.abs_value for note in notes]


def _sounding(notes: list[Any]) -> tuple[tuple[int, ...], Fraction]:
    first = notes[0]
    top, bottom = first.length
    unit = Fraction(*first.time_sig._unit_len)
    return tuple(sorted(MIDDLE_C + note.pitch.abs_value for note in notes)), 8 * unit * top / bottom


# Why readings differ: each cause is a rewriting of a tune's music that takes it away.


def _first_voice(music: str) -> str:
    if "V:" not in music:
        return music
    kept: list[str] = []
    first = voice = None
    for line in music.split("\n"):
        turn = re.match(r"\[?V:\s*([^\s\]]+)[^\]\n]*\]?", line)
        if turn:
            voice = turn[1]
            first = first or voice
            line = line[turn.end() :] if line.startswith("[") else ""
        if voice == first and line.strip():
            kept.append(line)
    return "\n".join(kept) + "\n"


def _without_decorations(music: str) -> str:
    music = re.sub(r"![^!\n]*!", "", music)
    return re.sub(r'[~.HLMOPSTuv](?=[~.HLMOPSTuv^_=A-Ga-gz\[({"])', "", music)


CAUSES: dict[str, Callable[[str], str]] = {
    "voices": _first_voice,
    "empty line": lambda music: re.split(r"\n[ \t]*\n(?=.)", music.lstrip("\n"), maxsplit=1)[0],
    "grace notes": lambda music: re.sub(r"\{[^}]*\}", "", music),
    "decorations": _without_decorations,
    "slurs": lambda music: re.sub(r"\((?![2-9])|\)", "", music),
    "ties": lambda music: music.replace("-", ""),
    "note before ::": lambda music: music.replace("::", " :: "),
    "lines": lambda music: re.sub(r"\\\n(?!\[?[A-Za-z]:)", " ", music),
}
"""The causes that docs/agreement.md explains."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a tune is read by us, by music21, and by abcnotes (None where it is refused)."""

    ours: Notes | None
    music21: Notes | None
    abcnotes: Notes | None

    @property
    def is_unanimous(self) -> bool:
        return self.ours is not None and self.ours == self.music21 == self.abcnotes

    @property
    def verdict(self) -> str:
        if None in (self.ours, self.music21, self.abcnotes):
            who = ("tunetrace", "music21", "abcnotes")
            readings = (self.ours, self.music21, self.abcnotes)
            return "refused by " + " and ".join(
                name for name, notes in zip(who, readings, strict=True) if notes is None
            )
        if self.music21 == self.abcnotes:
            return "all agree" if self.is_unanimous else "the others agree, we do not"
        sides = [n for n in ("music21", "abcnotes") if getattr(self, n) == self.ours]
        return f"the others differ, we agree with {sides[0] if sides else 'neither'}"


def compare(tune: Tune) -> Comparison:
    read = None if isinstance(tune.read, Rejected) else ours(tune.read)
    return Comparison(read, music21s(tune.text), abcnotes_(tune.text))


def cause_of(tune: Tune) -> str | None:
    """The cause without which all three agree; `several` where it takes more than one."""
    for name, rewrite in CAUSES.items():
        if _agree(tune, [rewrite]):
            return name
    return "several" if _agree(tune, list(CAUSES.values())) else None


def _agree(tune: Tune, rewritings: list[Callable[[str], str]]) -> bool:
    head, key, rest = tune.text.partition("\nK:")
    first, _, music = rest.partition("\n")
    for rewrite in rewritings:
        music = rewrite(music)
    text = f"{head}{key}{first}\n{music}\n"
    return compare(
        Tune(tune.name, text, next(read_tunes(text, tune.name, Reading("abc"))))
    ).is_unanimous


def main(tunes: int) -> None:
    """Compare all tunes of the five collections, or the first so many of a shuffle; print why."""
    counts: Counter[tuple[str, str]] = Counter()
    for tune in sample(tunes):
        verdict = compare(tune).verdict
        differs = verdict != "all agree" and not verdict.startswith("refused")
        cause = (cause_of(tune) or "UNEXPLAINED") if differs else ""
        if cause == "UNEXPLAINED":
            print(tune.name)
        counts[verdict, cause] += 1
    for (verdict, cause), count in sorted(counts.items()):
        print(f"{count:6,}  {verdict}{', cause: ' + cause if cause else ''}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVERY)
