"""What segments answer on their own, merged in any grouping, is what all of them answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import GENERATED, V2_SAMPLE
from tunetrace import Index, build_index, open_index
from tunetrace.checker.asking.near import BestAsked, PitchesAsked, TermCounts, near_in
from tunetrace.checker.asking.questions import (
    BarsAsked,
    FormsAsked,
    HitsAsked,
    LongestAsked,
    SharedBarsAsked,
    SymbolsAsked,
    TokensAsked,
)
from tunetrace.checker.asking.segments import AskedIndex, SegmentQuestion, answer
from tunetrace.checker.batch.joint import ends_of
from tunetrace.checker.batch.stream import join_layouts
from tunetrace.corpus.readers import read
from tunetrace.indexer.music.sameness import music_hashes
from tunetrace.indexer.near.search import melodies_of
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.indexer.store.arrays import streams
from tunetrace.tokenizer.layout.bars import Layout, lay_out

TUNES, SEGMENTS = 60, 6


@pytest.fixture(scope="module")
def index(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """60 training transcriptions in six segments."""
    folder = tmp_path_factory.mktemp("asking")
    source = folder / "sample.txt"
    source.write_text("\n\n".join((shared / V2_SAMPLE).read_text().split("\n\n")[:TUNES]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "SEGMENT_TUNES", TUNES // SEGMENTS)
        build_index([source], folder / "tunes.db")
    with open_index(folder / "tunes.db") as opened:
        assert len(opened.figures.segments) == SEGMENTS
        yield opened


@pytest.fixture(scope="module")
def layouts(shared: Path) -> list[Layout]:
    """Three tunes of the index and five generated ones."""
    tunes = [*islice(read(shared / V2_SAMPLE), 3), *islice(read(shared / GENERATED), 5)]
    return [lay_out(tune.tokens) for tune in tunes]


def plain(found: Any) -> Any:
    """An answer as lists and numbers, to be compared."""
    if isinstance(found, np.ndarray):
        return found.tolist()
    if is_dataclass(found):
        return [plain(getattr(found, field.name)) for field in fields(found)]
    if isinstance(found, dict):
        return {key: plain(value) for key, value in found.items()}
    return [plain(one) for one in found] if isinstance(found, list | tuple) else found


def questions(
    index: Index, layouts: list[Layout], asked: AskedIndex
) -> dict[str, SegmentQuestion[Any]]:
    """A question of each kind."""
    stream = join_layouts(layouts, index.vocabulary, asked.view)
    longest = LongestAsked(stream.text, ends_of(stream, asked.goes_on))
    lengths = asked.ask(longest).lengths
    firsts = np.flatnonzero(lengths > 2).astype(np.int32)
    tunes = np.arange(1, TUNES + 1, dtype=np.int32)
    bars = stream.asked_bars(index.vocabulary)
    which = np.arange(len(bars.of)).repeat(TUNES)
    terms = [melody.terms for melody in melodies_of(layouts)]
    weights = [np.ones(len(some), np.float32) for some in terms]
    found: dict[str, SegmentQuestion[Any]] = {
        "longest": LongestAsked(stream.text, ends_of(stream, asked.goes_on)),
        "hits": HitsAsked(stream.text, firsts, lengths[firsts], None),
        "few hits": HitsAsked(stream.text, firsts, np.minimum(lengths[firsts], 3), 2),
        "bars": BarsAsked(bars, stream.bar_parts, stream.bar_numbers),
        "shared bars": SharedBarsAsked(bars, which, np.tile(tunes, len(bars.of))),
        "forms": FormsAsked(music_hashes(layouts)[:, 2]),
        "terms": TermCounts(np.concatenate(terms)),
        "best": BestAsked(terms, weights),
        "pitches": PitchesAsked(tunes[::7]),
        "symbols": SymbolsAsked(frozenset(tunes[::5].tolist())),
    }
    if asked.view.units is not None:
        found["tokens"] = TokensAsked(tunes, np.ones(TUNES, np.int32))
    return found


@pytest.mark.parametrize("name", ["tokens", "melody", "rhythm"])
@given(st.sets(st.integers(1, SEGMENTS - 1)), st.booleans())
@settings(max_examples=6)
def test_answers_are_merged_in_any_grouping(
    name: str, index: Index, layouts: list[Layout], cuts: set[int], some: bool
) -> None:
    admitted = ~index.mask([*range(1, TUNES, 3)]) if some else None
    asked = AskedIndex(index, admitted, VIEWS[name])
    for kind, question in questions(index, layouts, asked).items():
        groups = [
            answer(question, asked.segments[first:stop])
            for first, stop in pairwise([0, *sorted(cuts), SEGMENTS])
        ]
        every = [question.in_segment(segment) for segment in asked.segments]
        assert plain(question.merged(groups)) == plain(question.merged(every)), kind


@pytest.mark.parametrize("some", [False, True])
def test_near_copies_of_many_melodies_at_once_are_those_of_each(
    some: bool, index: Index, layouts: list[Layout]
) -> None:
    admitted = ~index.mask([*range(1, TUNES, 3)]) if some else None
    asked = AskedIndex(index, admitted, TOKENS)
    melodies = list(melodies_of(layouts))
    found = list(near_in(asked, melodies, index.tunes))
    assert found == [index.near.near(melody, admitted) for melody in melodies]
    assert any(found)
    assert list(near_in(asked, [], index.tunes)) == []
