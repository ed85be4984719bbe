"""Transposition to C and back: no interval changes, spelled or sounding."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.tokenizer.abc.test_abc import body
from tunetrace.tokenizer.keys import (
    FIFTHS,
    LETTERS,
    MODES,
    Key,
)
from tunetrace.tokenizer.transpose import Pitch, in_own_key, interval_to_c

tonics = st.builds(
    lambda letter, sign: letter + sign, st.sampled_from(LETTERS), st.sampled_from(["", "b", "#"])
)
pitches = st.builds(
    Pitch,
    st.sampled_from(LETTERS),
    st.integers(-1, 2),
    st.sampled_from([None, -1, 0, 1]),
)

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def sounding(pitch: Pitch, key: Key) -> int:
    """Semitones above C, by the keyboard."""
    alteration = key.signature()[pitch.letter] if pitch.alteration is None else pitch.alteration
    return 12 * pitch.octave + SEMITONES[pitch.letter] + alteration


def steps(pitch: Pitch) -> int:
    return 7 * pitch.octave + LETTERS.index(pitch.letter)


@given(tonics, st.sampled_from(sorted(MODES)), pitches, pitches)
def test_transposition_changes_no_interval_spelled_or_sounding(
    tonic: str, mode: str, low: Pitch, high: Pitch
) -> None:
    key, on_c = Key(tonic, mode), Key("C", mode)
    interval = interval_to_c(key)
    try:
        moved_low, moved_high = interval.move(low), interval.move(high)
    except ValueError:
        return  # more than a double accidental, which is refused
    assert steps(moved_high) - steps(moved_low) == steps(high) - steps(low)
    assert sounding(moved_high, on_c) - sounding(moved_low, on_c) == (
        sounding(high, key) - sounding(low, key)
    )
    assert (-interval).move(moved_low) == low


def test_a_tune_reads_in_its_own_key_again() -> None:
    tokens = body("G3 =F ^c2 | B,", key="G").split()
    assert " ".join(in_own_key(tokens, "Gmaj")) == "G 3 =F ^c 2 | B,"
    assert " ".join(in_own_key(tokens, None)) == " ".join(tokens)


def test_the_line_of_fifths_is_in_order() -> None:
    assert sorted(FIFTHS, key=FIFTHS.__getitem__) == list("FCGDAEB")
