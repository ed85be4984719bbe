"""Forms as arrays of segments: joined, cut, stored and searched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import corpora
from tunetrace.indexer.music import segment as segment_module
from tunetrace.indexer.music.sameness import MOST_SAME, music_hashes
from tunetrace.indexer.music.segment import FoundForms, SegmentMusic, find_forms, same_music
from tunetrace.tokenizer.layout.bars import Layout, lay_out

pytestmark = pytest.mark.file

repeated = corpora.flatmap(lambda tunes: st.lists(st.sampled_from(tunes), min_size=1, max_size=8))
"""Tunes of which several are the same music."""


def in_full(music: SegmentMusic) -> dict[str, tuple[str, list[Any]]]:
    """The type and the numbers of each array."""
    arrays = {"ids": music.ids} | music.arrays()
    return {name: (one.dtype.str, one.tolist()) for name, one in arrays.items()}


def segments_of(layouts: list[Layout], in_segment: int = 100) -> list[SegmentMusic]:
    """The forms of tunes with the ids 1, 2 …, cut into segments."""
    ids = range(1, len(layouts) + 1)
    return [
        SegmentMusic.of(ids[k : k + in_segment], layouts[k : k + in_segment])
        for k in range(0, len(layouts), in_segment)
    ]


@given(repeated, st.data())
@settings(max_examples=40)
def test_segments_joined_cut_and_stored_are_those_of_their_tunes(
    tunes: list[list[str]], data: st.DataObject
) -> None:
    layouts = [lay_out(tune) for tune in tunes]
    (whole,) = segments_of(layouts)
    forms = sorted(
        (hashed, tune + 1, part) for tune, part, hashed in music_hashes(layouts).tolist()
    )
    columns = (whole.hashes.tolist(), whole.tunes.tolist(), whole.parts.tolist())
    assert list(zip(*columns, strict=True)) == forms
    assert whole.has_order()
    pieces = segments_of(layouts, data.draw(st.integers(1, 4)))
    assert in_full(SegmentMusic.join(pieces)) == in_full(whole)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(tunes) - 1), min_size=1)))
    some = SegmentMusic.of([k + 1 for k in chosen], [layouts[k] for k in chosen])
    assert in_full(whole.select(chosen)) == in_full(some)
    assert in_full(SegmentMusic.read(whole.arrays(), whole.ids)) == in_full(whole)
    of_others = SegmentMusic(whole.ids + 99, whole.hashes, whole.tunes, whole.parts)
    assert of_others.has_order() == (not forms)


@given(repeated, st.integers(1, 3), st.integers(1, 3), st.data())
@settings(max_examples=60)
def test_the_same_music_is_that_of_brute_force(
    tunes: list[list[str]], in_segment: int, most: int, data: st.DataObject
) -> None:
    layouts = [lay_out(tune) for tune in tunes]
    is_admitted = data.draw(st.lists(st.booleans(), min_size=len(tunes), max_size=len(tunes)))
    forms = music_hashes(layouts)
    known = sorted((hashed, tune + 1, part) for tune, part, hashed in forms.tolist())
    expected = set()
    for place, own_part, hashed in forms.tolist():
        same = [one[1:] for one in known if one[0] == hashed and is_admitted[one[1] - 1]]
        expected |= {(place, own_part, *one) for one in same[:most]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_module, "MOST_SAME", most)
        of_segments = [
            find_forms(segment, forms[:, 2], np.array([False, *is_admitted]))
            for segment in segments_of(layouts, in_segment)
        ]
        found = same_music(forms, FoundForms.merged(of_segments))
    assert found == sorted(expected)
    assert MOST_SAME == 100
