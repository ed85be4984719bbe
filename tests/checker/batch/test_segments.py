"""The same tunes in one segment or in several: the same answers, field for field."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import tunetrace.checker.check
from tests.conftest import GENERATED, V2_SAMPLE
from tunetrace import Index, build_index, measure_baseline, open_index
from tunetrace.checker.check import check_transcriptions
from tunetrace.corpus.readers import read
from tunetrace.indexer.search.views import VIEWS
from tunetrace.indexer.store.arrays import streams

TUNES = 60
IN_SEGMENT = {1: 60, 2: 30, 5: 12}
"""The most tunes of a segment, by how many segments there are then."""

Answers = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def places(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Indexes of the same tunes, by their number of segments."""
    folder = tmp_path_factory.mktemp("segments")
    source = folder / "sample.txt"
    source.write_text("\n\n".join((shared / V2_SAMPLE).read_text().split("\n\n")[:TUNES]))
    found = {}
    for count, most in IN_SEGMENT.items():
        found[count] = folder / f"{count}.db"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(streams, "SEGMENT_TUNES", most)
            build_index([source], found[count])
            measure_baseline(found[count])
    return found


def together(tunes: Iterable[Any], index: Index, **options: Any) -> list[Any]:
    """The answers where all figures of a slice are looked up together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tunetrace.checker.check, "FEW", 0)
        return list(check_transcriptions(tunes, index, is_prompt=False, verbatim=True, **options))


def one_by_one(tunes: Iterable[Any], index: Index, **options: Any) -> list[Any]:
    """The answers where the index is searched for each transcription."""
    return list(check_transcriptions(tunes, index, slice_tokens=1, verbatim=True, **options))


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("answers", [together, one_by_one])
def test_a_check_answers_alike_however_the_corpus_is_cut(
    places: dict[int, Path], shared: Path, answers: Answers, name: str
) -> None:
    # Tunes of the index have matches that go on over all of it; every third of them is left out.
    tunes = [*islice(read(shared / V2_SAMPLE), 6), *islice(read(shared / GENERATED), 12)]
    found = {}
    for count, place in places.items():
        with open_index(place) as index:
            assert len(index.figures.segments) == count
            admitted = ~index.mask([*range(1, TUNES, 3)])
            options = {"view": VIEWS[name]}
            found[count] = [
                answers(tunes, index, **options),
                answers(tunes, index, admitted=admitted, **options),
            ]
    assert found[2] == found[1]
    assert found[5] == found[1]
    assert found[1][0] != found[1][1]


def test_a_baseline_is_the_same_however_the_corpus_is_cut(places: dict[int, Path]) -> None:
    measured = []
    for place in places.values():
        with open_index(place) as index:
            assert index.baseline is not None
            measured.append({k: v.tolist() for k, v in index.baseline.values.items()})
    assert measured[1] == measured[0]
    assert measured[2] == measured[0]


def test_what_is_expected_by_chance_is_the_same(places: dict[int, Path]) -> None:
    with open_index(places[1]) as one, open_index(places[5]) as five:
        figures = ["G, C C", "c 2 B c", "=B", "C", "(3 G A B"]
        expected = [one.figure(figure).expected for figure in figures]
        assert [five.figure(figure).expected for figure in figures] == expected
