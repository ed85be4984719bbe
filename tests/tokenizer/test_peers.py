"""Our tokens beside music21's and abcnotes' reading, on a thousand tunes that people wrote."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.conftest import V2_SAMPLE
from tests.peers import (
    CAUSES,
    SAMPLE,
    Comparison,
    Tune,
    cause_of,
    compare,
    sample,
    written,
)
from tunetrace import Transcription, read
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.keys import FIFTHS, LETTERS, MODES
from tunetrace.tokenizer.layout.pitches import sounding
from tunetrace.tokenizer.transpose import Pitch, TooFarAlteredError, interval_from_c, move_token
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE
from tunetrace.tokenizer.write import to_abc

OUR_CAUSES = {"voices", "grace notes", "empty line"}
"""Why we read a tune otherwise than two programs that agree."""


@pytest.fixture(scope="module")
def compared() -> list[tuple[Tune, Comparison]]:
    return [(tune, compare(tune)) for tune in sample()]


@pytest.mark.slow
def test_where_two_other_programs_agree_we_agree_or_it_is_explained(
    compared: list[tuple[Tune, Comparison]],
) -> None:
    assert len(compared) == SAMPLE
    others_agree = [
        (tune, found)
        for tune, found in compared
        if found.ours is not None and found.music21 is not None and found.music21 == found.abcnotes
    ]
    assert len(others_agree) > 0.95 * SAMPLE
    for tune, found in others_agree:
        if found.ours != found.music21:
            assert cause_of(tune) in OUR_CAUSES, tune.name


def test_where_other_programs_differ_it_is_explained_and_we_agree_with_one(
    compared: list[tuple[Tune, Comparison]],
) -> None:
    sides: Counter[str] = Counter()
    for tune, found in compared:
        if found.verdict.startswith("the others differ"):
            assert cause_of(tune) is not None, tune.name
            sides[found.verdict.rpartition(" ")[2]] += 1
    assert sides["abcnotes"] > 20 * (sides["music21"] + sides["neither"])


def test_hardly_any_tune_of_the_sample_is_refused(compared: list[tuple[Tune, Comparison]]) -> None:
    assert sum(found.ours is None for _, found in compared) <= 0.003 * SAMPLE


def test_the_agreement_is_as_it_is_written_down(
    compared: list[tuple[Tune, Comparison]],
) -> None:
    # So that a bug of ours cannot hide beside a cause that is another program's.
    page = (Path(__file__).parents[2] / "docs" / "agreement.md").read_text(encoding="utf-8")
    ours, _, others = page.partition("## Where the others differ")
    for part, verdict in ((ours, "the others agree"), (others, "the others differ")):
        rows = re.findall(r"^\| \*\*([^*]+)\*\* \| (\d+) \|", part, re.MULTILINE)
        counted = Counter(
            cause_of(tune) for tune, found in compared if found.verdict.startswith(verdict)
        )
        assert counted == Counter({cause: int(count) for cause, count in rows})
        assert {cause for cause, _ in rows} <= {*CAUSES, "several"}


# Transposition


def steps(tokens: list[str]) -> list[int]:
    """Each note's place on the staff, in steps above C."""
    pitches = [Pitch.parse(token) for token in tokens]
    return [7 * pitch.octave + LETTERS.index(pitch.letter) for pitch in pitches]


def fifths(tokens: list[str]) -> list[int | None]:
    """Each note's place on the line of fifths, None for one without an accidental of its own."""
    pitches = [Pitch.parse(token) for token in tokens]
    return [
        None if pitch.alteration is None else FIFTHS[pitch.letter] + 7 * pitch.alteration
        for pitch in pitches
    ]


def differences(values: list[int]) -> list[int]:
    return [after - before for before, after in pairwise(values)]


def notes_of(tokens: list[str]) -> list[str]:
    return [token for token in tokens if MEANINGS[token].kind == NOTE]


def assert_same_intervals(on_c: list[str], names: list[str], heard: list[int]) -> None:
    """The same intervals between successive notes, on the staff, in fifths, and as they sound.

    names: the notes before transposition, as written; heard: as MIDI numbers.
    """
    here = notes_of(on_c)
    assert differences(steps(here)) == differences(steps(names))
    moved = {
        a - b
        for a, b in zip(fifths(here), fifths(names), strict=True)
        if a is not None and b is not None
    }
    assert len(moved) <= 1  # all written accidentals move by the same number of fifths
    assert differences(list(sounding(on_c).values())) == differences(heard)


def test_transposition_to_c_changes_no_interval_of_the_sample(
    compared: list[tuple[Tune, Comparison]],
) -> None:
    moved = 0
    for tune, found in compared:
        if not found.is_unanimous:
            continue
        assert isinstance(tune.read, Transcription)
        # The notes as they are written, by abcnotes, against ours on C.
        assert_same_intervals(list(tune.read.tokens), *written(tune.text))
        moved += tune.read.original_key != tune.read.key
    assert moved > 0.7 * SAMPLE


notes = st.builds(
    str.__add__, st.sampled_from(["", "", "", "^", "_", "="]), st.sampled_from("CDEFGABcdefgab")
)


@given(
    st.sampled_from(["C", "D", "E", "F", "G", "A", "B", "Bb", "Eb", "Ab", "F#", "C#"]),
    st.sampled_from(sorted(MODES)),
    st.lists(st.one_of(notes, st.just("|")), min_size=2, max_size=20),
)
def test_transposition_from_any_key_changes_no_interval(
    tonic: str, mode: str, music: list[str]
) -> None:
    assume(notes_of(music))
    read = tokenize_abc(f"X:1\nL:1/8\nK:{tonic}{mode}\n{' '.join(music)}")
    in_own_key = [f"K:{tonic}{mode}", *music]
    names = notes_of(music)
    assert_same_intervals(list(read.tokens), names, list(sounding(in_own_key).values()))
    here = notes_of(list(read.tokens))
    assert [a is None for a in fifths(here)] == [a is None for a in fifths(names)]
    interval = interval_from_c(f"{tonic}{mode}")
    assert [move_token(token, interval) for token in here] == names


@pytest.mark.parametrize("tonic", ["D", "G", "A"])
def test_the_sample_written_in_another_key_is_read_as_the_same_tokens(
    shared: Path, tonic: str
) -> None:
    tunes = [tune for tune in read(shared / V2_SAMPLE) if isinstance(tune, Transcription)]
    for number, tune in enumerate(tunes, 1):
        text = to_abc(tune.tokens, title=tune.title, number=number, tonic=tonic)
        assert f"\nK:{tonic}{str(tune.key)[1:]}\n" in text
        again = tokenize_abc(text)
        assert again.tokens == tune.tokens
        assert (again.number, again.title, again.meter) == (number, tune.title, tune.meter)
        assert again.original_key == f"{tonic}{str(tune.key)[1:]}"


def test_a_note_that_would_need_three_sharps_cannot_be_written() -> None:
    assert "^^f" in to_abc(["K:Cmaj", "^e"], tonic="D")
    with pytest.raises(TooFarAlteredError):
        to_abc(["K:Cmaj", "^^e"], tonic="D")
