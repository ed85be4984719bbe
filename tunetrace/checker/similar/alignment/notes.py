"""The notes of a tune as an alignment needs them: how high, how long, where they are written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import groupby
from typing import NamedTuple

from tunetrace.indexer.near.sequences import OCTAVE, letters
from tunetrace.tokenizer.keys import ACCIDENTAL_SIGNS, LETTERS
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.pitches import signature_of
from tunetrace.tokenizer.layout.timeline import Bar, Ticks
from tunetrace.tokenizer.transpose import Pitch
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE, is_header

_parse = lru_cache(maxsize=1024)(Pitch.parse)


class Note(NamedTuple):
    """A note of a tune. A chord is its highest note."""

    step: int
    """How high it is, in diatonic steps on C: `C` is 0, `D` is 1, `c` is 7."""
    alteration: int
    """The semitones by which it sounds above its letter."""
    signature: int
    """The same if only the signature held of the key that the tune begins in."""
    duration: Ticks
    time: Ticks
    """When it begins, from the beginning of the tune."""
    bar: int
    """Its bar, by its place in the tune."""
    start: int
    """Its first token in the tune. The sign of a tuplet before it belongs to it."""
    stop: int
    """The token after its last. Rests after it belong to it."""

    @property
    def is_altered(self) -> bool:
        """Whether an accidental, or another key from some bar on, changes how it sounds."""
        return self.alteration != self.signature


class Line:
    """The notes of a tune in their order, and its parts."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.notes = _notes_of(layout)
        self.parts: list[tuple[int, int, int]] = []
        """Each part, its first note, and the note past its last."""
        numbered = enumerate(layout.bars[note.bar].part for note in self.notes)
        for part, group in groupby(numbered, key=lambda one: one[1]):
            places = [place for place, _ in group]
            self.parts.append((part, places[0], places[-1] + 1))

    @cached_property
    def letters(self) -> bytes:
        """How high each note is modulo an octave, a letter each, as the index has them."""
        return letters([note.step for note in self.notes])

    @cached_property
    def key(self) -> str | None:
        """The key on C that the tune begins in; None if it states none."""
        return next((token[2:] for token in self.layout.tokens if token[:2] == "K:"), None)

    def bar_of(self, note: int) -> Bar:
        """The bar of a note."""
        return self.layout.bars[self.notes[note].bar]

    def part_of(self, note: int) -> int:
        """The part of a note."""
        return self.bar_of(note).part

    def tokens(self, note: int) -> list[str]:
        """The tokens of a note."""
        one = self.notes[note]
        return [token for token in self.layout.tokens[one.start : one.stop] if not is_header(token)]


def _notes_of(layout: Layout) -> list[Note]:
    notes: list[Note] = []
    opening = signature = signature_of(None)
    at = 0  # the tokens before are read for their keys
    time: Ticks = 0
    for place, bar in enumerate(layout.bars):
        in_bar: dict[str, int] = {}
        first = len(notes)
        start = bar.start
        events = zip(bar.events.stops, bar.events.durations, bar.events.sounds, strict=True)
        for end, duration, sounds in events:
            stop = bar.start + end
            time += duration
            if not sounds:
                if len(notes) > first:
                    notes[-1] = notes[-1]._replace(stop=stop)
                    start = stop
                continue  # a rest at the start of a bar belongs to the next note
            highest: tuple[int, Pitch] | None = None
            for token in layout.tokens[at:stop]:
                if token[:2] == "K:":
                    signature = signature_of(token[2:])
                    opening = opening if notes else signature
                elif MEANINGS[token].kind == NOTE:
                    pitch = _parse(token)
                    if pitch.alteration is not None:
                        in_bar[pitch.letter] = pitch.alteration
                    step = OCTAVE * pitch.octave + LETTERS.index(pitch.letter)
                    if highest is None or step > highest[0]:
                        highest = step, pitch
            at = stop
            assert highest is not None, "an event that sounds has a note"
            step, pitch = highest
            altered = in_bar.get(pitch.letter, signature[pitch.letter])
            usual = opening[pitch.letter]
            notes.append(Note(step, altered, usual, duration, time - duration, place, start, stop))
            start = stop
        if len(notes) > first:
            notes[-1] = notes[-1]._replace(stop=bar.stop)
    return notes


def raised(tokens: Sequence[str], steps: int, key: str | None, own_key: str | None) -> list[str]:
    """Tokens of one tune moved by diatonic steps into the scale of another.

    key: the key that they are in. own_key: that of the other tune. By whole octaves, accidentals
    stay as they are. Otherwise a note that is a semitone above the signature of its key is so
    afterwards.
    """
    return [_raised(token, steps, key, own_key) for token in tokens]


@lru_cache(maxsize=4096)
def _raised(token: str, steps: int, key: str | None, own_key: str | None) -> str:
    if MEANINGS[token].kind != NOTE:
        return token
    pitch = _parse(token)
    octave, place = divmod(LETTERS.index(pitch.letter) + steps, OCTAVE)
    letter, alteration = LETTERS[place], pitch.alteration
    if alteration is not None and place != LETTERS.index(pitch.letter):
        alteration += signature_of(own_key)[letter] - signature_of(key)[pitch.letter]
        alteration = min(max(alteration, min(ACCIDENTAL_SIGNS)), max(ACCIDENTAL_SIGNS))
    return str(Pitch(letter, pitch.octave + octave, alteration))
