"""What is said of tunes that are alike: sentences, intervals, keys."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from tunetrace import SimilarTune
from tunetrace.checker.similar.keys import degrees, key_change, meant_key
from tunetrace.checker.similar.words import (
    interval_in_words,
    lengths_in_words,
    naming,
    scope_in_words,
    sentence,
)
from tunetrace.tokenizer.keys import named_key

YORK = SimilarTune(
    tune=5, title="The Merry Girls of York", corpus="airds", number=288, meter="6/8", key="Cmaj",
    original_key="Gmaj", link=None, probability=0.97, aspect="transposed", scope="part",
    own_part=0, part=1, steps=3, length_ratio=Fraction(1), change="a fourth higher",
)  # fmt: skip
NAME = "The Merry Girls of York (airds:288)"


@pytest.mark.parametrize(
    ("changes", "said", "scope"),
    [
        ({}, f"This is {NAME}, first part, a fourth higher.", "all = part 1"),
        ({"scope": "whole", "part": 0}, f"This is {NAME}, a fourth higher.", "whole"),
        ({"scope": "whole", "part": 0, "change": ""}, f"This is {NAME}.", "whole"),
        ({"own_part": 2}, f"Its second part is the first part of {NAME}, a fourth higher.",
         "part 2 = part 1"),
        ({"own_part": 1, "part": 0}, f"Its first part is {NAME}, a fourth higher.",
         "part 1 = all"),
        ({"own_part": 7, "part": None}, f"Its part 7 is in {NAME}, a fourth higher.",
         "part 7 = some"),
        ({"own_part": None}, f"A part of it is the first part of {NAME}, a fourth higher.",
         "some = part 1"),
        ({"own_part": None, "part": 0}, f"A part of it is {NAME}, a fourth higher.", "some = all"),
        ({"part": None}, f"This is a part of {NAME}, a fourth higher.", "all = some"),
        ({"own_part": None, "part": None}, f"Parts of it are in {NAME}, a fourth higher.",
         "parts"),
        ({"scope": "bars", "own_part": None, "part": None},
         f"Some of its bars are in {NAME}, a fourth higher.", "bars"),
        ({"aspect": "rhythm", "scope": "whole", "part": 0, "change": ""},
         f"It has the rhythm of {NAME}.", "whole"),
        ({"aspect": "contour", "change": ""}, f"It has the contour of a passage of {NAME}.",
         "all = part 1"),
        ({"title": "", "change": ""}, "This is (untitled) (airds:288), first part.",
         "all = part 1"),
    ],
)  # fmt: skip
def test_a_near_copy_is_named_in_a_sentence(
    changes: dict[str, object], said: str, scope: str
) -> None:
    tune = replace(YORK, **changes)  # type: ignore[arg-type]
    assert naming(tune) == said
    assert scope_in_words(tune) == scope


def test_the_sentence_names_a_tune_from_the_threshold_on() -> None:
    assert sentence([YORK], 0.97) == naming(YORK)
    assert sentence([YORK], 0.98) == f"No near copy; the most alike is {NAME}, at 97%."
    # One that is below the threshold never looks as if it were at it.
    nearly = replace(YORK, probability=0.8984)
    assert sentence([nearly], 0.9) == f"No near copy; the most alike is {NAME}, at less than 90%."


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (0, ""), (1, "a second higher"), (3, "a fourth higher"), (-5, "a sixth lower"),
        (7, "an octave higher"), (-7, "an octave lower"), (14, "two octaves higher"),
        (-9, "an octave and a third lower"), (35, "5 octaves higher"),
    ],
)  # fmt: skip
def test_intervals_are_in_words(steps: int, words: str) -> None:
    assert interval_in_words(steps) == words


def test_lengths_are_in_words() -> None:
    assert [
        lengths_in_words(Fraction(*one)) for one in ((1, 1), (2, 1), (1, 2), (4, 1), (3, 2), (3, 1))
    ] == ["", "in doubled lengths", "in halved lengths", "in fourfold lengths",
          "in notes 3/2 times as long", "in notes 3 times as long"]  # fmt: skip


# Tonics on C: D, E, F and G move down to C, A and B up to c.
@pytest.mark.parametrize(
    ("steps", "own", "key", "higher"),
    [
        (7, "Gmaj", "Gmaj", 7),  # the same key: an octave is an octave
        (3, "Gmaj", "Gmaj", 3),
        (7, "Amaj", "Gmaj", 0),  # A B c# is written one step above G A B
        (-7, "Gmaj", "Amaj", 0),
        (7, "Dmaj", "Gmaj", 0),  # d e f# is written four steps above G A B
        (14, "Dmaj", "Gmaj", 7),
        (0, "Dmaj", "Gmaj", 0),
        (3, "Dmaj", "Gmaj", 3),
        (7, None, "Gmaj", 7),
    ],
)  # fmt: skip
def test_between_keys_the_octave_is_that_of_the_written_notes(
    steps: int, own: str | None, key: str, higher: int
) -> None:
    assert degrees(steps, named_key(own), named_key(key)) == higher


@pytest.mark.parametrize(
    ("steps", "own", "key", "words"),
    [
        (0, "Gmaj", "Gmaj", ""),
        (0, "Dmaj", "Gmaj", "in D instead of G"),
        (0, "Cmaj", "Gmaj", ""),  # as folk-rnn writes all tunes
        (0, "Dmaj", "Cmaj", "in D instead of C"),
        (0, "Ddor", "Gmin", "in D dorian instead of G minor"),
        (0, "Cdor", "Gmin", "in dorian instead of minor"),
        (-2, "Cmaj", "Amin", "written as K:Cmaj for K:Amin"),
        (5, "Cmaj", "Amin", "written as K:Cmaj for K:Amin"),
        (-2, "Gmaj", "Amin", "written as K:Gmaj for K:Emin"),
        (2, "Emin", "Gmaj", "written as K:Emin for K:Gmaj"),
        (1, "Bbmaj", "Cdor", "written as K:Bbmaj for K:Cdor"),
        (3, "Gmaj", "Gmaj", ""),  # C major is not G major
        (3, "Gmaj", "Gmix", "in major instead of mixolydian"),
        (4, "Gmaj", "Gmix", "written as K:Gmaj for K:Dmix"),
        (0, None, "Gmaj", ""),
        (0, "maj", "Gmaj", ""),
    ],
)  # fmt: skip
def test_what_is_said_of_keys(steps: int, own: str | None, key: str, words: str) -> None:
    keys = named_key(own), named_key(key)
    assert key_change(*keys, meant_key(steps, *keys)) == words
