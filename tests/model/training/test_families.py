"""Training and families: a melody is trained on or held out, whatever its titles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import V2_SAMPLE
from tests.model.networks import tiny_model
from tunetrace import (
    build_index,
    evaluate_model,
    find_families,
    model_info,
    open_index,
    resume_training,
    train_model,
)
from tunetrace.errors import QueryError
from tunetrace.model.training import tunes
from tunetrace.model.training.recipe import MODERN
from tunetrace.model.training.tunes import gather, setting_groups

HEADER = "M:4/4\nL:1/8\nK:Cmaj\n"
REEL = "CDEF GABc|dcBA GFED|CEGc edcB|AGFE D2C2|"
OTHER = "c4 G4|c'2g2 e2c2|a2f2 A2F2|G3B d2f2|"


@pytest.fixture(scope="module")
def some(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 300 training transcriptions, compared with one another."""
    folder = tmp_path_factory.mktemp("held")
    text = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")[:300]
    (folder / "some.txt").write_text("\n\n".join(text), encoding="utf-8")
    build_index([folder / "some.txt"], folder / "some.db")
    find_families(folder / "some.db")
    return folder / "some.db"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Settings of one melody under two titles, and a tune that shares a title with one of them."""
    titles = {"One": REEL, "Two": REEL.replace("CEGc", "CEGB"), "Two ": OTHER, "Last": "A8|B8|"}
    book = "\n".join(
        f"X:{k}\nT:{title}\n{HEADER}{body}\n" for k, (title, body) in enumerate(titles.items(), 1)
    )
    (tmp_path / "two.abc").write_text(book)
    build_index([tmp_path / "two.abc"], tmp_path / "two.db")
    find_families(tmp_path / "two.db")
    return tmp_path / "two.db"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_families_and_titles_are_wholly_trained_on_or_held_out(some: Path, seed: int) -> None:
    with open_index(some) as index:
        found = gather(index, (), 0.2, seed)
        held = {tune for name in found.held_out_names for tune in index.resolve(name)}
        assert found.by_family
        assert 60 <= len(held) < 90
        assert len(found.training) + len(held) == 300
        families = [{tune.tune for tune in one.tunes} for one in find_families(some).families]
        titles: dict[int, set[int]] = {}
        for tune, group in index.catalogue.setting_groups().items():
            titles.setdefault(group, set()).add(tune)
        for together in (*families, *titles.values()):
            assert together <= held or together.isdisjoint(held)
        by_title = gather(index, (), 0.2, seed, by_family=False)
        assert not by_title.by_family
        assert by_title.held_out_names != found.held_out_names


def test_titles_and_families_join(two: Path) -> None:
    with open_index(two) as index:
        groups = setting_groups(index, by_family=True)
        assert groups[1] == groups[2] == groups[3] != groups[4]
        assert len(set(setting_groups(index, by_family=False).values())) == 3


def test_a_chain_of_many_tunes_is_trained_on(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(two) as index:
        held = {tuple(gather(index, (), 0.25, seed).held_out_names) for seed in range(20)}
        assert held == {("two:4",), ("two:1", "two:2", "two:3")}
        monkeypatch.setattr(tunes, "_CHAIN", 2)
        held = {tuple(gather(index, (), 0.25, seed).held_out_names) for seed in range(20)}
        assert held == {("two:4",)}


def test_without_families_titles_decide_as_ever(tmp_path: Path, two: Path) -> None:
    build_index([two.with_name("two.abc")], tmp_path / "bare.db")
    with open_index(tmp_path / "bare.db") as index, open_index(two) as compared:
        bare = gather(index, (), 0.25, 5)
        assert not bare.by_family
        assert bare == gather(compared, (), 0.25, 5, by_family=False)
        with pytest.raises(QueryError, match="find them with 'tunetrace families'"):
            gather(index, (), 0.25, 5, by_family=True)


@pytest.mark.usefixtures("one_thread")
def test_a_training_says_by_what_settings_were_told_and_goes_on_with_it(
    some: Path, tmp_path: Path
) -> None:
    build_index([some.with_name("some.txt")], tmp_path / "bare.db")
    recipe = replace(MODERN, epochs=1, batch=100, validation=0.1)
    small = {"recipe": recipe, "layers": 1, "units": 4}
    train_model(tmp_path / "by_title", index=tmp_path / "bare.db", **small)  # type: ignore[arg-type]
    train_model(tmp_path / "by_family", index=some, **small)  # type: ignore[arg-type]
    told = {
        name: model_info(tmp_path / name).provenance["training"]["settings_by"]
        for name in ("by_title", "by_family")
    }
    assert told == {"by_title": "titles", "by_family": "families and titles"}
    # The index was compared after the training had begun.
    find_families(tmp_path / "bare.db")
    resume_training(tmp_path / "by_title", index=tmp_path / "bare.db")
    resume_training(tmp_path / "by_family", index=tmp_path / "bare.db")


def test_an_evaluation_leaves_out_the_families_of_held_out_tunes(two: Path, tmp_path: Path) -> None:
    model = tiny_model(corpora=["two"], held_out=["two:1"])
    found = evaluate_model(model, index=two, held_out=True)
    assert (found.settings_by, found.counted_on, found.left_out) == ("families and titles", 1, 3)
    build_index([two.with_name("two.abc")], tmp_path / "bare.db")
    found = evaluate_model(model, index=tmp_path / "bare.db", held_out=True)
    assert (found.settings_by, found.counted_on, found.left_out) == ("titles", 3, 1)
