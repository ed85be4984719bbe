"""Near copies in a check: which are named, and that all ways to check name the same ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import tunetrace
from benchmarks.similar.dressing import DRESSINGS, OTHERS, is_dressable
from tests.checker.similar.tunes import MAGGIE, WASHERWOMAN, higher, parts, written
from tests.commands import KESH, MORRISONS, index_of
from tests.conftest import GENERATED
from tunetrace import CheckedTune, Index, Transcription, build_index, open_index
from tunetrace.checker.batch.match import NEAR, find_near
from tunetrace.checker.check import FEW, check_transcriptions
from tunetrace.checker.similar.answers import similar_tunes
from tunetrace.corpus.readers import read_sources
from tunetrace.indexer.near.search import MOST_PITCHES, Near
from tunetrace.indexer.tune import transcriptions_of
from tunetrace.tokenizer.layout.bars import lay_out

IRISH, DROWSY = "The Irish Washerwoman (session:1)", "Drowsy Maggie (session:2)"
VERBATIM = {"similarity", "most_similar", "near_copies", "verdict", "sources"}
"""The fields in which a verbatim check may differ from another one."""


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = index_of(tmp_path_factory.mktemp("near"), WASHERWOMAN, MAGGIE, KESH, MORRISONS)
    with open_index(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def dressed(v2_index: Index) -> list[Transcription]:
    """Real tunes of the index in other clothes, and other tunes made of some."""
    ids = v2_index.catalogue.tunes(range(1, 61))
    tunes = [tune for tune in transcriptions_of(list(ids), v2_index) if is_dressable(tune)]
    every = (*DRESSINGS, *OTHERS)
    made = [every[k % len(every)].of(tune, k) for k, tune in enumerate(tunes)]
    found = [tune for tune in made if tune is not None]
    assert len(found) > 40
    return found


def checked(text: str, index: Index, **options: Any) -> CheckedTune:
    (tune,) = tunetrace.check(text, index, **options).tunes
    return tune


def checked_all(tunes: Sequence[Transcription], index: Index, **options: Any) -> list[CheckedTune]:
    answers = list(check_transcriptions(tunes, index, **options))
    assert all(isinstance(answer, CheckedTune) for answer in answers)
    return answers  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "verdict", "aspect", "scope", "steps", "ratio"),
    [
        (written(WASHERWOMAN, higher(7)), f"This is {IRISH}, an octave higher.",
         "transposed", "whole", 7, 1),
        (written(WASHERWOMAN, higher(-3)), f"This is {IRISH}, a fourth lower.",
         "transposed", "whole", -3, 1),
        (written(MAGGIE, str, key="D"), f"This is {DROWSY}, written as K:Dmaj for K:Edor.",
         "transposed", "whole", 1, 1),
        (written(WASHERWOMAN, lambda line: re.sub(r"([A-Ga-g])([A-Ga-g]{2})", r"\1>\2", line)),
         f"This is {IRISH}, in another rhythm.", "melody", "whole", 0, 1),
    ],
)  # fmt: skip
def test_a_tune_in_other_clothes_has_the_verdict_near(
    text: str, verdict: str, aspect: str, scope: str, steps: int, ratio: int, index: Index
) -> None:
    found = checked(text, index)
    assert (found.verdict.kind, found.verdict.text) == ("near", verdict)
    assert found.near_copies
    near = found.near_copies[0]
    assert (near.aspect, near.scope, near.steps, near.length_ratio) == (aspect, scope, steps, ratio)
    assert (near.own_part, near.part) == (0, 0)
    assert found.similarity == near.probability >= 0.9
    assert found.nearest is not None
    assert found.nearest.tune == near.tune
    source = next((one for one in found.sources if one.tune == near.tune), None)
    assert source is None or (source.aspect, source.scope) == (aspect, scope)


def test_a_tune_in_doubled_lengths_is_the_same_music(index: Index) -> None:
    """So it is no near copy first of all, but the verdict says what was changed."""
    found = checked(written(WASHERWOMAN, str).replace("L:1/8", "L:1/4"), index)
    assert (found.verdict.kind, found.verdict.text) == (
        "whole", f"This is {IRISH}, in doubled lengths.",
    )  # fmt: skip
    assert found.near_copies
    assert (found.near_copies[0].aspect, found.near_copies[0].length_ratio) == ("exact", 2)


def test_a_near_copy_of_a_part_is_told_with_its_part(index: Index) -> None:
    """The first part is that of no tune, and the second is one a third higher."""
    first, second = parts(MAGGIE)
    new = "|:cBAc BGBd|fedf ecAc|dAFA GBdg|fafd ecAc|cBAc BGBd|fgaf edBd|gfeg fdAd|BdAF ECA,C:|"
    found = checked(written(MAGGIE, {first: new, second: higher(2)(second)}.__getitem__), index)
    assert found.near_copies
    near = found.near_copies[0]
    assert (near.title, near.aspect, near.scope) == ("Drowsy Maggie", "transposed", "part")
    assert (near.own_part, near.part, near.steps) == (2, 2, 2)
    assert (found.verdict.kind, found.verdict.text) == (
        "near",
        f"Its second part is the second part of {DROWSY}, a third higher.",
    )


def test_sources_have_the_aspect_and_the_scope_in_which_they_are_alike(index: Index) -> None:
    whole = checked(WASHERWOMAN, index).sources[0]
    assert (whole.tune, whole.aspect, whole.scope) == (1, "exact", "whole")
    first, _ = parts(WASHERWOMAN)
    part = checked(written(WASHERWOMAN, lambda line: line if line == first else "|:G6|"), index)
    assert (part.sources[0].tune, part.sources[0].scope) == (1, "part")
    bars = checked("X:1\nM:6/8\nL:1/8\nK:G\nBGG DGG|BGB dcB|c6|", index).sources[0]
    assert (bars.tune, bars.aspect, bars.scope) == (1, "exact", "bars")


def test_a_tune_that_is_left_out_is_no_near_copy(index: Index) -> None:
    text = written(WASHERWOMAN, higher(7))
    for options in ({"exclude_titles": "The Irish Washerwoman"}, {"exclude_tunes": "session:1"}):
        found = checked(text, index, **options)
        assert found.similarity is not None
        assert found.similarity < 0.5
        assert found.near_copies == ()
        assert found.verdict.kind == "none"


def test_a_verbatim_check_differs_in_near_copies_alone(
    v2_index: Index, dressed: list[Transcription]
) -> None:
    near = checked_all(dressed, v2_index)
    verbatim = checked_all(dressed, v2_index, verbatim=True)
    for ours, plain in zip(near, verbatim, strict=True):
        assert plain.similarity is plain.most_similar is plain.near_copies is None
        for field in fields(CheckedTune):
            if field.name not in VERBATIM:
                assert getattr(ours, field.name) == getattr(plain, field.name), field.name
        for mine, theirs in zip(ours.sources, plain.sources, strict=True):
            for field in fields(mine):
                if field.name not in ("aspect", "scope"):
                    assert getattr(mine, field.name) == getattr(theirs, field.name)
        assert plain.verdict.kind != "near"
        if not ours.near_copies:
            assert ours.verdict == plain.verdict
        elif ours.verdict.kind == "near":
            assert plain.verdict.kind in ("pieces", "none")
        else:
            assert ours.verdict.kind == plain.verdict.kind
            # A near copy adds a sentence, or says what was changed in a tune that is the same.
            changes = [near.change for near in ours.near_copies if near.change]
            assert ours.verdict.text.startswith(plain.verdict.text) or (
                plain.verdict.kind == "whole" and any(c in ours.verdict.text for c in changes)
            )


def test_one_by_one_and_in_slices_near_copies_are_the_same(
    v2_index: Index, dressed: list[Transcription], monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = checked_all(dressed, v2_index)
    assert len(dressed) < FEW
    monkeypatch.setattr("tunetrace.checker.check.FEW", 0)
    for workers, slice_tokens in ((0, 10**6), (0, 5_000), (1, 5_000)):
        options = {"slice_tokens": slice_tokens, "workers": workers, "is_prompt": False}
        together = checked_all(dressed, v2_index, **options)
        for alone, one in zip(one_by_one, together, strict=True):
            assert alone.similarity == one.similarity
            assert alone.near_copies == one.near_copies
            assert alone.verdict == one.verdict
            assert alone.sources == one.sources


def test_a_check_names_what_similar_names(v2_index: Index, dressed: list[Transcription]) -> None:
    named = 0
    for tune, found in zip(dressed, checked_all(dressed, v2_index), strict=True):
        alike = tunetrace.similar(tune, v2_index)
        assert found.similarity == max((one.probability for one in alike.tunes), default=0.0)
        near = [one for one in alike.tunes if one.probability >= alike.threshold][:NEAR]
        assert list(found.near_copies or ()) == near
        named += bool(near)
    assert named > len(dressed) / 2


def test_a_batch_of_generated_tunes_has_the_similarity_of_each(
    v2_index: Index, shared: Path
) -> None:
    tunes = list(islice(read_sources([shared / GENERATED]), FEW + 44))
    together = checked_all(tunes, v2_index, is_prompt=False)  # type: ignore[arg-type]
    some = [0, 99, FEW, FEW + 43]
    alone = checked_all([tunes[k] for k in some], v2_index)  # type: ignore[misc]
    assert [one.similarity for one in alone] == [together[k].similarity for k in some]


# Hostile tunes


def of_notes(count: int) -> str:
    """A tune of so many notes, in one part, which repeats nothing for long."""
    names = "CDEFGABcdefgab"
    notes = [names[(k * k // 7 + k % 5) % len(names)] for k in range(count)]
    bars = [" ".join(notes[k : k + 8]) for k in range(0, count, 8)]
    return f"M:4/4\nK:Cmaj\n{' | '.join(bars)} |"


@pytest.fixture(scope="module")
def huge(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of a tune of a million notes, and one of a hundred thousand."""
    folder = tmp_path_factory.mktemp("huge")
    tunes = "\n\n".join(map(of_notes, (1_000_000, 100_000)))
    (folder / "huge.txt").write_text(tunes, encoding="utf-8")
    build_index([folder / "huge.txt"], folder / "huge.db")
    with open_index(folder / "huge.db") as opened:
        yield opened


def test_a_huge_tune_is_compared_by_its_beginning(huge: Index) -> None:
    """All of two tunes of a million notes would be a million times a million steps, or hours."""
    (found,) = find_near([huge.layout(1)], huge, None)
    assert {near.tune for near in found.named} == {1, 2}
    beginning = lay_out(of_notes(MOST_PITCHES).split())
    (found,) = find_near([beginning], huge, None)
    assert {near.tune for near in found.named} == {1, 2}
    (near,) = similar_tunes(huge.layout(2), None, [Near(2, 1.0, 0)], huge, [])
    assert near.aspect == "melody"


@pytest.mark.parametrize(
    "text",
    [
        "X:1\nM:4/4\nL:1/8\nK:C\nC|\n",
        "X:1\nM:none\nL:1/8\nK:C\n[CEG][CEG]|\n",
        "X:1\nM:4/4\nL:1/8\nK:C\n" + "C" * 3000 + "|\n",
        "X:1\nM:4/4\nL:1/8\nK:C\n" + "|:C:|" * 500 + "\n",
        "X:1\nM:4/4\nL:1/8\nK:C\n" + "C9999/7 " * 40 + "|\n",
        "X:1\nM:4/4\nL:1/8\nK:C\n" + "(9C" * 99 + "|\n",
    ],
    ids=["one note", "chords", "one bar", "parts", "long notes", "tuplets"],
)
def test_strange_tunes_have_a_similarity(text: str, index: Index) -> None:
    found = checked(text, index)
    assert found.similarity is not None
    assert 0 <= found.similarity <= 1
    assert found.near_copies == ()


def test_in_an_index_of_such_tunes_they_are_found(tmp_path: Path) -> None:
    many, one_bar = "|:C:|" * 500, "CDEFGABc" * 400 + "|"
    tunes = [f"X:{k}\nT:{k}\nM:4/4\nL:1/8\nK:C\n{body}\n" for k, body in enumerate((many, one_bar))]
    with open_index(index_of(tmp_path, *tunes)) as opened:
        higher_octave = one_bar.replace("c", "c'").replace("C", "c")
        for body in (many, one_bar, higher_octave):
            assert checked(f"X:1\nM:4/4\nL:1/8\nK:C\n{body}\n", opened).similarity is not None
