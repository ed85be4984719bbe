"""Leakage: each tune of a test set and its nearest training tune, compared with a search."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, index_of
from tests.conftest import V2_SAMPLE
from tunetrace import InputError, QueryError, build_index, leakage, open_index, read
from tunetrace.checker.similar.search import SimilarSearch, named_from
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription

HEADER = "M:4/4\nL:1/8\nK:Cmaj\n"
REEL = "CDEF GABc|dcBA GFED|CEGc edcB|AGFE D2C2|"
SETTING = REEL.replace("CEGc", "CEGB")
OTHER = "c4 G4|c'2g2 e2c2|a2f2 A2F2|G3B d2f2|"


@pytest.fixture
def books(tmp_path: Path) -> tuple[Path, Path]:
    """Two training tunes; and a test set of a setting, the same tune, and another tune."""
    train, test = tmp_path / "train.abc", tmp_path / "test.abc"
    train.write_text(f"X:1\nT:The Reel\n{HEADER}{REEL}\n\n{KESH}")
    test.write_text(
        f"X:1\nT:Another\n{HEADER}{OTHER}\n\nX:2\nT:New Name\n{HEADER}{SETTING}\n\n"
        f"X:3\nT:Reel, The\n{HEADER}{REEL}\n\nX:4\nT:Bad\nK:C\nC[D|\n"
    )
    return train, test


def test_settings_of_training_tunes_are_found_whatever_their_titles(
    books: tuple[Path, Path],
) -> None:
    train, test = books
    found = leakage(train, test)
    assert (found.train_tunes, found.test_tunes, len(found.set_aside)) == (2, 3, 1)
    assert (found.leaked, found.leaked_share, found.leaked_with_title) == (2, 2 / 3, 1)
    assert found.threshold == named_from(2)
    same, setting, other = found.tunes
    assert (same.title, same.tune, same.nearest) == ("Reel, The", f"{test}:15", f"{train}:1")
    assert (same.is_leaked, same.same_title) == (True, True)
    assert (setting.title, setting.nearest_title) == ("New Name", "The Reel")
    assert (setting.is_leaked, setting.same_title) == (True, False)
    assert (other.title, other.is_leaked) == ("Another", False)
    assert same.probability >= setting.probability > 0.9 > other.probability
    assert leakage(train, test, threshold=0).leaked == 3


def halves(shared: Path, folder: Path, count: int) -> tuple[Path, Path]:
    """The first tunes of the training data in turn in two files; an index of the first of them."""
    tunes = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")[:count]
    train, test = folder / "train.txt", folder / "test.txt"
    train.write_text("\n\n".join(tunes[::2]), encoding="utf-8")
    test.write_text("\n\n".join(tunes[1::2]), encoding="utf-8")
    build_index([train], folder / "train.db")
    return train, test


def test_each_tune_has_the_answer_of_a_search_among_the_training_tunes(
    shared: Path, tmp_path: Path
) -> None:
    train, test = halves(shared, tmp_path, 240)
    with open_index(tmp_path / "train.db") as index:
        search = SimilarSearch(index)
        expected = {}
        for tune in read(test):
            assert isinstance(tune, Transcription)
            (near,) = search.near([lay_out(tune.tokens)])
            expected[tune.place] = near[0].probability if near else 0
        titles = {tune.tune: tune.title for tune in index.catalogue.tunes(range(1, 121)).values()}
    found = leakage(train, test)
    assert {tune.tune: tune.probability for tune in found.tunes} == pytest.approx(expected)
    assert found.leaked == sum(p >= search.default_threshold for p in expected.values()) > 20
    assert {tune.nearest_title for tune in found.tunes} <= {*titles.values(), ""}
    # The same as corpora of an index.
    build_index([train, test], tmp_path / "both.db")
    of_index = leakage("train", "test", tmp_path / "both.db")
    assert [tune.probability for tune in of_index.tunes] == pytest.approx(
        [tune.probability for tune in found.tunes]
    )
    assert all(tune.tune.startswith("test:") for tune in of_index.tunes)


def test_no_leaked_tune_of_many_is_missed(shared: Path, tmp_path: Path) -> None:
    train, test = halves(shared, tmp_path, 1000)
    with open_index(tmp_path / "train.db") as index:
        layouts = [lay_out(tune.tokens) for tune in read(test) if isinstance(tune, Transcription)]
        found = list(SimilarSearch(index).near(layouts))
        titles = {tune.tune: tune.title for tune in index.catalogue.tunes(range(1, 501)).values()}
    # Of sure tunes, the one that fits best over both lengths comes first, not the most probable.
    assert any(
        near and near[0].probability < 0.97 <= max(one.probability for one in near)
        for near in found
    )
    leaked = leakage(train, test, threshold=0.97)
    first = [next((one for one in near if one.probability >= 0.97), None) for near in found]
    assert leaked.leaked == sum(map(bool, first)) > 20
    assert sorted(tune.nearest_title or "" for tune in leaked.tunes if tune.is_leaked) == sorted(
        titles[one.tune] for one in first if one
    )


def test_what_cannot_be_compared_is_refused_in_a_sentence(
    books: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNETRACE_INDEX", str(tmp_path / "none.db"))
    train, test = books
    with pytest.raises(InputError, match="none: there is no such file, and no index whose corpus"):
        leakage(train, "none")
    path = index_of(tmp_path, MORRISONS)
    with pytest.raises(InputError, match="no corpus with this name; its corpora are session"):
        leakage("none", test, path)
    with pytest.raises(QueryError, match="no tunes were given"):
        leakage([], test, path)
    (tmp_path / "empty.abc").write_text("X:1\nK:?\n")
    with pytest.raises(InputError, match=r"^none of the 1 tunes can be read; the first is "):
        leakage(tmp_path / "empty.abc", test)


def test_the_command_prints_the_leaked_tunes_and_writes_all(
    books: tuple[Path, Path], tmp_path: Path
) -> None:
    train, test = books
    shown = call("leakage", train, test, "-o", tmp_path / "all.csv").out.splitlines()
    assert shown[0] == f"3 tunes of {test}, compared with 2 training tunes of {train}"
    assert shown[1:3] == [
        "2 (67%) are settings of training tunes, with a probability of at least 90%",
        "1 of these share a title with the training tune",
    ]
    head, *rows = (tmp_path / "all.csv").read_text().splitlines()
    assert head == "tune,title,probability,leaked,nearest,nearest_title"
    assert [row.split(",")[1:4:2] for row in rows[1:]] == [["New Name", "yes"], ["Another", "no"]]
    document = call("leakage", train, test, "--json").json
    assert document == leakage(train, test).to_dict()
    assert "1 more; -o FILE.csv writes them all" in call("leakage", train, test, "--top", "1").out
    again = call("leakage", train, test, "-o", tmp_path / "all.csv")
    assert again.refusal.endswith("there is a table already; replace it with --force")
