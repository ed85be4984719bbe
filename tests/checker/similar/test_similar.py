"""Tunes that are alike are named, with what was done to them: cases that musicians write daily."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import tunetrace
from tests.checker.similar.tunes import MAGGIE, WASHERWOMAN, higher, parts, written
from tests.commands import KESH, MORRISONS, index_of
from tests.conftest import V2_SAMPLE
from tunetrace import AbcError, Index, InputError, QueryError, SimilarTune, Transcription
from tunetrace.checker.similar import search
from tunetrace.corpus.readers import read_tunes

IRISH, DROWSY = "This is The Irish Washerwoman (session:1)", "This is Drowsy Maggie (session:2)"


SILENCE = next(read_tunes(KESH, "the text"))
assert isinstance(SILENCE, Transcription)

NO_TUNE = (
    "the text: the input has no tune; an ABC tune begins with X: and needs K:, a folk-rnn tune has "
    "a line such as K:Cmaj"
)


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = index_of(tmp_path_factory.mktemp("similar"), WASHERWOMAN, MAGGIE, KESH, MORRISONS)
    with tunetrace.open_index(path) as opened:
        yield opened


def first(text: str, index: Index) -> SimilarTune:
    return tunetrace.similar(text, index).tunes[0]


def swapped(tune: str) -> str:
    """A tune with its second part before the first."""
    one, two = parts(tune)
    return written(tune, lambda line: two if line == one else one)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (written(WASHERWOMAN, str), f"{IRISH}."),
        (written(WASHERWOMAN, higher(7)), f"{IRISH}, an octave higher."),
        (written(WASHERWOMAN, higher(-7)), f"{IRISH}, an octave lower."),
        (written(WASHERWOMAN, higher(-3)), f"{IRISH}, a fourth lower."),
        (written(WASHERWOMAN, higher(4), key="D"), f"{IRISH}, in D instead of G."),
        (written(WASHERWOMAN, higher(1), key="A"), f"{IRISH}, in A instead of G."),
        (written(WASHERWOMAN, higher(11), key="D"),
         f"{IRISH}, in D instead of G, an octave higher."),
        (written(MAGGIE, str, key="D"), f"{DROWSY}, written as K:Dmaj for K:Edor."),
        (written(MAGGIE, higher(3), key="G"), f"{DROWSY}, written as K:Gmaj for K:Ador."),
        (written(MAGGIE, str, key="Em"), f"{DROWSY}, in minor instead of dorian."),
        (written(WASHERWOMAN, str).replace("L:1/8", "L:1/4"), f"{IRISH}, in doubled lengths."),
        (written(MAGGIE, str).replace("L:1/8", "L:1/16"), f"{DROWSY}, in halved lengths."),
        (written(WASHERWOMAN, lambda line: line.replace("GG ", "G2 ")),
         f"{IRISH}, repeated notes joined."),
        (written(MAGGIE, lambda line: line.replace("E2", "EE")), f"{DROWSY}, notes repeated."),
        (written(MAGGIE, lambda line: line.replace("E2", "(3EFE")), f"{DROWSY}, with triplets."),
        (written(WASHERWOMAN, lambda line: line.replace("BGG G3", "AFD G3")),
         f"{IRISH}, with another ending."),
        (swapped(WASHERWOMAN), f"{IRISH}, its parts in another order."),
        (swapped(MAGGIE), f"{DROWSY}, its parts in another order."),
    ],
)  # fmt: skip
def test_a_tune_in_other_clothes_is_named_with_what_was_changed(
    text: str, sentence: str, index: Index
) -> None:
    assert tunetrace.similar(text, index).text == sentence


@pytest.mark.parametrize(
    ("text", "aspect", "steps", "ratio"),
    [
        (written(WASHERWOMAN, str), "exact", 0, 1),
        (written(WASHERWOMAN, higher(7)), "transposed", 7, 1),
        (written(WASHERWOMAN, higher(-3)), "transposed", -3, 1),
        (written(WASHERWOMAN, higher(-3), key="D"), "exact", 0, 1),

        (written(WASHERWOMAN, higher(4), key="D"), "exact", 0, 1),  # an octave higher on C
        (written(WASHERWOMAN, str).replace("L:1/8", "L:1/4"), "exact", 0, 2),
        (written(MAGGIE, str).replace("L:1/8", "L:1/16"), "exact", 0, Fraction(1, 2)),
        (written(MAGGIE, lambda line: line.replace("E2", "EE")), "melody", 0, 1),
    ],
)  # fmt: skip
def test_a_record_has_the_aspect_the_steps_and_the_lengths(
    text: str, aspect: str, steps: int, ratio: Fraction, index: Index
) -> None:
    found = first(text, index)
    assert (found.aspect, found.steps, found.length_ratio) == (aspect, steps, ratio)
    assert (found.scope, found.own_part, found.part) == ("whole", 0, 0)


def test_a_part_is_named_with_the_part_of_the_other_tune(index: Index) -> None:
    one, two = parts(WASHERWOMAN)
    _, other = parts(MAGGIE)
    alone = written(WASHERWOMAN, lambda line: line if line == two else "")
    found = tunetrace.similar(alone, index)
    assert found.text == f"{IRISH}, second part."
    assert (found.tunes[0].scope, found.tunes[0].own_part, found.tunes[0].part) == ("part", 0, 2)

    both = written(WASHERWOMAN, lambda line: two if line == one else other)
    of_parts = tunetrace.similar(both, index, parts=True).parts
    assert of_parts is not None
    assert [part.part for part in of_parts] == [1, 2]
    nearest = [part.tunes[0] for part in of_parts]
    assert [(one.title, one.own_part, one.part) for one in nearest] == [
        ("The Irish Washerwoman", 1, 2), ("Drowsy Maggie", 2, 2),
    ]  # fmt: skip
    assert of_parts[0].text.startswith("|:") is False
    assert of_parts[0].text.startswith("c G c c G c |")


def test_a_tune_of_the_index_is_not_among_its_own_answers(index: Index) -> None:
    for asked in ("session:1", 1, "1"):
        found = tunetrace.similar(asked, index)
        assert found.title == "The Irish Washerwoman"
        assert "session:1" not in [tune.reference for tune in found.tunes]
        assert found.of == index.tunes - 1
        assert found.text.startswith("No near copy; ")
    assert tunetrace.similar(WASHERWOMAN, index).of == index.tunes


def test_a_transcription_is_taken_as_its_text_is(index: Index, tmp_path: Path) -> None:
    (tmp_path / "tune.abc").write_text(WASHERWOMAN)
    (tune,) = tunetrace.read(tmp_path / "tune.abc")
    assert isinstance(tune, tunetrace.Transcription)
    assert tunetrace.similar(tune, index).tunes == tunetrace.similar(WASHERWOMAN, index).tunes


def test_tunes_are_left_out_and_limited_by_number_and_probability(index: Index) -> None:
    every = tunetrace.similar(WASHERWOMAN, index)
    assert [tune.probability for tune in every.tunes] == sorted(
        (tune.probability for tune in every.tunes), reverse=True
    )
    assert tunetrace.similar(WASHERWOMAN, index, limit=1).tunes == every.tunes[:1]
    assert tunetrace.similar(WASHERWOMAN, index, least=0.9).tunes == every.tunes[:1]
    for excluded in ({"exclude_tunes": "session:1"}, {"exclude_titles": "The Irish Washerwoman"}):
        found = tunetrace.similar(WASHERWOMAN, index, least=0.9, **excluded)
        assert found.tunes == ()
        assert found.text.startswith("No near copy; ")


def test_a_tune_like_nothing_is_said_to_be_like_nothing(tmp_path: Path) -> None:
    with tunetrace.open_index(index_of(tmp_path, KESH)) as index:
        found = tunetrace.similar("X:1\nM:4/4\nL:1/8\nK:C\nC4 c4|", index)
    assert found.tunes == ()
    assert found.text == "No near copy; no tune of the index is like it."


def test_a_tune_is_found_in_an_index_of_nothing_but_its_settings(tmp_path: Path) -> None:
    # No term of the tune tells one tune of such an index from another.
    with tunetrace.open_index(index_of(tmp_path, *[WASHERWOMAN] * 60)) as index:
        found = tunetrace.similar(WASHERWOMAN, index, limit=3)
    assert [(tune.tune, tune.aspect) for tune in found.tunes] == [
        (1, "exact"), (2, "exact"), (3, "exact"),
    ]  # fmt: skip
    assert found.text.startswith("This is ")


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        ({"asked": ""}, InputError, NO_TUNE),
        ({"asked": "The Kesh"}, InputError, NO_TUNE),
        ({"asked": f"{KESH}\n{MORRISONS}"}, InputError,
         "the text has more than one tune; give one at a time, as tunetrace.read gives them"),
        ({"asked": replace(SILENCE, tokens=("K:Cmaj", "z", "4", "|"))}, InputError,
         "the text:1: the tune has no notes; give a tune with notes"),
        ({"asked": "X:1\nK:G\nG[A|"}, AbcError, None),
        ({"asked": "session:99"}, QueryError, None),
        ({"asked": KESH, "limit": 0}, QueryError,
         "limit cannot be 0; give the number of tunes to show, 1 or more"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_one_sentence(
    given: dict[str, object], error: type[Exception], sentence: str | None, index: Index
) -> None:
    with pytest.raises(error) as refused:
        tunetrace.similar(**given, index=index)  # type: ignore[arg-type]
    if sentence is not None:
        assert str(refused.value) == sentence


def test_a_short_tune_that_is_there_is_named(tmp_path: Path) -> None:
    short = "X:1\nT:Short\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3 ABd|\n"
    index = index_of(tmp_path, short, MORRISONS)
    found = tunetrace.similar(short, index)
    assert (found.tunes[0].title, found.tunes[0].aspect) == ("Short", "exact")
    assert found.tunes[0].probability > 0.99
    assert found.text == "This is Short (session:1)."
    fewer = "X:1\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3|\n"
    assert tunetrace.similar(fewer, index).tunes[0].probability < 0.9
    report = tunetrace.leakage(tmp_path / "session.abc", tmp_path / "session.abc")
    assert (report.leaked, report.leaked_with_title) == (2, 2)


def test_of_equal_melodies_the_one_in_the_same_mode_and_meter_is_first(tmp_path: Path) -> None:
    path = index_of(tmp_path, written(MAGGIE, str, key="Em"), MAGGIE)
    found = tunetrace.similar(MAGGIE, path).tunes
    assert [(tune.key, tune.aspect) for tune in found] == [("Cdor", "exact"), ("Cmin", "melody")]


def test_of_equal_melodies_the_same_music_is_first(tmp_path: Path) -> None:
    path = index_of(tmp_path, written(MAGGIE, higher(7)), MAGGIE)
    for limit in (1, 2):
        first, *_ = tunetrace.similar(MAGGIE, path, limit=limit).tunes
        assert (first.title, first.aspect, first.change) == ("Drowsy Maggie", "exact", "")
    (checked,) = tunetrace.check(MAGGIE, path).tunes
    assert checked.near_copies is not None
    assert [near.aspect for near in checked.near_copies] == ["exact", "transposed"]


def test_in_a_large_index_what_is_named_is_first(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_ODDS", 39.0)  # as among 108,000 tunes: named from 0.975 on
    tunetrace.build_index(shared / V2_SAMPLE, tmp_path / "v2.db")
    with tunetrace.open_index(tmp_path / "v2.db") as index:
        answer = tunetrace.similar(1716, index)
        only = tunetrace.similar(1716, index, limit=1)
    assert (only.text, only.tunes) == (answer.text, answer.tunes[:1])
    named = [tune.probability >= answer.threshold for tune in answer.tunes]
    assert answer.text.startswith("This is ")
    assert named == sorted(named, reverse=True)
