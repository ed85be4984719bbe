"""500 real tunes of three corpora: what other programs read is what the tokens say."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import V2_SAMPLE
from tests.score.played import (
    difference,
    from_tokens,
    midi_by_mido,
    midi_by_music21,
    musicxml_unfolded,
)
from tests.score.schema import musicxml_mistakes
from tunetrace import Rejected, engrave, read
from tunetrace.corpus.registry import NAMED_CORPORA
from tunetrace.tokenizer.transcription import Transcription

TUNES: Final = {"the session": 170, "oneills": 165, "ryans": 165}
SLICES: Final = 5

_SHORT: Final = 1 / 8  # quarters; music21 joins notes to chords that begin nearer to one another


@cache
def _tunes(corpus: str, sample: Path) -> tuple[Transcription, ...]:
    """The tunes of a corpus that are tried, each with at least a note."""
    tunes = read(sample) if corpus == "the session" else NAMED_CORPORA[corpus].read()
    found = [tune for tune in tunes if not isinstance(tune, Rejected)]
    return tuple(random.Random(7).sample(found, TUNES[corpus]))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("corpus", TUNES)
def test_pitches_and_lengths_in_musicxml_and_midi_are_those_of_the_tokens(
    corpus: str, part: int, shared: Path, tmp_path: Path
) -> None:
    wrong = []
    for tune in _tunes(corpus, shared / V2_SAMPLE)[part::SLICES]:
        engraved = engrave(tune)
        wanted = from_tokens(engraved)
        text = engraved.musicxml()
        midi = engraved.midi()
        found = {
            "the schema": musicxml_mistakes(text),
            "MusicXML": difference(wanted, musicxml_unfolded(text), 1e-3),
        }
        has_graces = any(event.graces for bar in engraved.staff.measures for event in bar.events)
        if not has_graces:  # their time is taken from other notes
            found["MIDI by mido"] = difference(wanted, midi_by_mido(midi), 2e-3)
            if all(note.duration >= _SHORT for note in wanted):
                found["MIDI by music21"] = difference(wanted, midi_by_music21(midi, tmp_path), 2e-3)
        wrong += [(tune.place, tune.title, what, said) for what, said in found.items() if said]
    assert wrong == []


def test_500_tunes_are_tried(shared: Path) -> None:
    assert sum(len(_tunes(corpus, shared / V2_SAMPLE)) for corpus in TUNES) == 500
