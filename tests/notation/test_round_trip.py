"""Tunes written as MusicXML by another hand and read back: the music or the tokens are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import V2_SAMPLE
from tests.notation.files import musicxml_of
from tunetrace import Transcription, read
from tunetrace.notation.read import tokenize_notation
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.pitches import sounding

NOTES = ("C", "^F", "_B", "=F", "g", "^f", "c'", "G,", "B", "z", "[CEG]")
LENGTHS = ("", "2", "3", "/2", "3/2", "4", "6", "7")
BARS = st.lists(st.tuples(st.sampled_from(NOTES), st.sampled_from(LENGTHS)), min_size=1, max_size=6)
KEYS = st.sampled_from(["maj", "min", "dor", "mix"])


def spelled(notes: Sequence[tuple[str, str]]) -> list[str]:
    """The tokens of notes, each accidental only where the sound changes, and no dotted pairs."""
    found = []
    before = ""
    for name, length in notes:
        # Two lengths that are a dotted pair are read as one: see the hand-written tests.
        length = "" if {before, length} in ({"3/2", "/2"}, {"3/4", "/4"}) else length
        before = length
        found += ["[", *name[1:-1], "]"] if name[0] == "[" else [name]
        found += [length] if length else []
    return found


def read_back(tokens: Sequence[str]) -> Transcription:
    return tokenize_notation(musicxml_of(tokens).encode(), "musicxml", "tune.xml")


def music(tokens: Sequence[str]) -> list[list[tuple[object, tuple[int, ...]]]]:
    """The lengths and the pitches of every bar."""
    sounds = sounding(tokens)
    return [
        [
            (length, tuple(sorted(sounds[k] for k in range(bar.start + a, bar.start + b)
                                  if k in sounds)))
            for a, b, length in zip(bar.events.starts, bar.events.stops, bar.events.durations,
                                    strict=True)
        ]
        for bar in lay_out(tokens).bars
    ]  # fmt: skip


def bare(tokens: Sequence[str]) -> list[str]:
    """The tokens without the bar line at the end, which not every tune has."""
    end = len(tokens)
    while tokens[end - 1] == "|":
        end -= 1
    return list(tokens[:end])


@settings(max_examples=60)
@given(KEYS, st.lists(BARS, min_size=1, max_size=4), st.booleans())
def test_any_bars_sound_the_same(
    mode: str, bars: list[list[tuple[str, str]]], repeats: bool
) -> None:
    lines = [token for notes in bars for token in (*spelled(notes), "|")] + ["G", "|"]
    tokens = ["M:4/4", f"K:C{mode}", *(["|:"] if repeats else []), *lines[:-1]]
    tokens += [":|" if repeats else "|"]
    found = read_back(tokens)
    assert music(found.tokens) == music(tokens)
    assert [token for token in found.tokens if token[0] in "|:MK"] == [
        token for token in tokens if token[0] in "|:MK"
    ]


def real_tunes(shared: Path, every: int) -> Iterator[Transcription]:
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    sources = [[shared / V2_SAMPLE]]
    sources += [sorted((corpus / name).rglob("*.abc")) for name in ("oneills1850", "ryansMammoth")]
    for files in sources:
        found = [tune for file in files for tune in read(file) if isinstance(tune, Transcription)]
        yield from found[::every]


@pytest.mark.slow
def test_500_real_tunes_keep_their_music_and_nine_in_ten_their_tokens(shared: Path) -> None:
    """The others have a dotted pair written as numbers (`3/2 /2`), or lengths inside a chord."""
    counts = Counter[str]()
    for tune in real_tunes(shared, 12):
        found = bare(read_back(tune.tokens).tokens)
        assert music(found) == music(tune.tokens), tune.place
        counts["same" if found == bare(tune.tokens) else "spelled otherwise"] += 1
    assert counts.total() > 500
    assert counts["same"] > 0.85 * counts.total()
