"""Real tunes in other clothes are found, and what was done to them is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import tunetrace
from benchmarks.similar.dressing import DRESSINGS, is_dressable
from tests.conftest import V2_SAMPLE
from tunetrace import Index, SimilarTune, Transcription
from tunetrace.corpus.readers import read_sources

TUNES = 12
APART = 211
"""One tune in this many tunes of the sample is dressed."""

SAID: dict[str, Callable[[SimilarTune], bool]] = {
    "rotation, 1 step": lambda tune: "a second higher" in tune.change and tune.steps == 1,
    "rotation, 3 steps": lambda tune: "a fourth higher" in tune.change and tune.steps == 3,
    "octave, up": lambda tune: "an octave higher" in tune.change and tune.steps == 7,
    "octave, down": lambda tune: "an octave lower" in tune.change and tune.steps == -7,
    "another key": lambda tune: "instead of C" in tune.change and tune.aspect == "exact",
    "signature for mode": lambda tune: "written as K:" in tune.change,
    "parts swapped": lambda tune: "its parts in another order" in tune.change,
    "doubled lengths, longer bars": lambda tune: "in doubled lengths" in tune.change,
    "doubled lengths, more bars": lambda tune: tune.length_ratio == 2,
    "halved lengths, shorter bars": lambda tune: "in halved lengths" in tune.change,
    "one note for two": lambda tune: "repeated notes joined" in tune.change,
    "triplets": lambda tune: "with triplets" in tune.change,
    "other ending": lambda tune: "with another ending" in tune.change,
    "half a tune, one part": lambda tune: tune.scope == "part",
    "replaced, 30%": lambda tune: tune.aspect == "melody" and tune.scope == "whole",
}


@pytest.fixture(scope="module")
def real(shared: Path) -> list[tuple[int, Transcription]]:
    """Some real tunes, with their ids in the index of the sample."""
    found = []
    for number, tune in enumerate(read_sources([shared / V2_SAMPLE]), 1):
        assert isinstance(tune, Transcription)
        if len(found) < TUNES and number > APART * len(found) and is_dressable(tune):
            found.append((number, tune))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_what_was_done_to_a_real_tune_is_said(
    name: str, real: list[tuple[int, Transcription]], v2_index: Index
) -> None:
    dressing = next(one for one in DRESSINGS if one.name == name)
    dressed = [(number, dressing.of(tune, seed=1)) for number, tune in real]
    asked = [(number, tune) for number, tune in dressed if tune is not None]
    missed = []
    for number, tune in asked:
        found = tunetrace.similar(tune, v2_index, limit=20).tunes
        original = next(one for one in found if one.tune == number)
        if not SAID[name](original):
            missed.append((original.title, original.aspect, original.scope, original.change))
    assert len(asked) >= TUNES // 2
    assert len(missed) <= 1, missed
