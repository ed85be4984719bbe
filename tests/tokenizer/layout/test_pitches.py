"""How notes sound: signatures, accidentals to the end of their bar, transposition in semitones."""

from __future__ import annotations

import pytest

from tunetrace.tokenizer.keys import parse_key
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.music import NotePlace, describe_music
from tunetrace.tokenizer.layout.pitches import semitones, sounding
from tunetrace.tokenizer.transpose import interval_to_c


@pytest.mark.parametrize(
    ("tokens", "heard"),
    [
        ("C c c' C,", [60, 72, 84, 48]),
        ("K:Cmaj E A B", [64, 69, 71]),
        ("K:Cmin E A B", [63, 68, 70]),
        ("K:Cdor E A B", [63, 69, 70]),
        ("K:Clyd F f", [66, 78]),
        ("K:dor E", [63]),  # folk-rnn v3 leaves the tonic out
        ("^F F f G | F", [66, 66, 78, 67, 65]),  # in every octave, until the bar line
        ("^F =F F :| F |2 _F F", [66, 65, 65, 65, 64, 64]),
        ("K:Cmin =E E | E K:Cmaj E", [64, 64, 63, 64]),
        ("[ ^C E ] 2 z C", [61, 64, 61]),
        ("^^C __D", [62, 60]),
    ],
)
def test_notes_sound_as_signature_and_accidentals_say(tokens: str, heard: list[int]) -> None:
    assert list(sounding(tokens.split()).values()) == heard


@pytest.mark.parametrize(
    ("key", "moved"),
    [("C", 0), ("D", -2), ("Em", -4), ("F", -5), ("G", -7), ("A", 3), ("B", 1), ("Bb", 2),
     ("Eb", -3), ("Ab", 4), ("F#m", -6), ("C#m", -1), ("Cb", 1)],
)  # fmt: skip
def test_a_tune_is_moved_to_c_by_so_many_semitones(key: str, moved: int) -> None:
    assert semitones(interval_to_c(parse_key(key))) == moved


def test_the_highest_note_heeds_an_accidental_that_holds_on() -> None:
    said = describe_music(lay_out(["M:2/4", "^e", "e", "f", "f", "|", "e", "4", "|"]), "Cmin")
    assert said.highest == NotePlace("^e", 1, 1)
    # In C minor b is flat; raised once in a bar it stays raised, and is higher than the next bar's.
    said = describe_music(lay_out(["M:2/4", "b", "4", "|", "=B", "2", "b", "2", "|"]), "Cmin")
    assert said.highest == NotePlace("b", 1, 2)
