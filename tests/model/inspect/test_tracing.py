"""Tracing tunes of files and of an index, and what memory alone would predict of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.commands import KESH, MORRISONS, index_of
from tests.model.networks import tiny_model
from tests.model.tiny import make_model
from tunetrace import InputError, QueryError, load_trace, open_index, trace_tunes, with_memory
from tunetrace.model.records import Model
from tunetrace.tokenizer.vocabulary import V2_TOKENS

pytestmark = pytest.mark.usefixtures("one_thread")

KESH_TOKENS = ["M:6/8", "K:Cmaj", "C", "3", "C", "D", "E", "|", "D", "3", "D", "E", "G", "|"]
MORRISONS_TOKENS = ["M:6/8", "K:Cdor", "C", "3", "G", "3", "|", "C", "G", "C", "F", "D", "B,", "|"]


@pytest.fixture(scope="module")
def model() -> Model:
    return tiny_model()


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return index_of(tmp_path, KESH, MORRISONS)


def test_memory_is_counted_by_hand(model: Model, index: Path) -> None:
    traced = model.trace(["M:6/8", "K:Cmaj", "C", "3", "G", "3", "|", "C", "D", "E", "F"])
    memory = with_memory(traced, index).memory
    assert memory is not None
    # Read:  <s> M:6/8 K:Cmaj C 3  G 3 | C  D E F. In the index: all of it up to `3`, then `C 3 G 3
    # | C` of the other tune, `C D E` of the first; F is there once.
    assert memory.lengths.tolist() == [1, 2, 3, 4, 5, 3, 4, 5, 6, 2, 3, 1]
    assert memory.tunes.tolist() == [2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    names = traced.names
    expected = np.zeros((12, len(names)))
    follows: list[dict[str, float]] = [
        {"M:6/8": 1}, {"K:Cmaj": 1 / 2, "K:Cdor": 1 / 2}, {"C": 1}, {"3": 1}, {"C": 1}, {"3": 1},
        {"|": 1}, {"C": 1}, {"G": 1}, {"E": 1}, {"|": 1}, {"D": 1},
    ]  # fmt: skip
    for row, following in zip(expected, follows, strict=True):
        for token, share in following.items():
            row[names.index(token)] = share
    assert memory.probabilities == pytest.approx(expected)


def test_the_end_of_a_tune_can_be_predicted(model: Model, index: Path) -> None:
    memory = with_memory(model.trace(KESH_TOKENS), index).memory
    assert memory is not None
    assert memory.lengths.tolist() == list(range(1, len(KESH_TOKENS) + 2))
    assert memory.probabilities[-1, V2_TOKENS.index("</s>")] == 1
    without = with_memory(model.trace(KESH_TOKENS), index, exclude_titles="The Kesh").memory
    assert without is not None
    assert without.lengths.tolist()[:5] == [1, 2, 0, 1, 2]
    assert without.tunes.max() == 1


def test_the_probabilities_of_tokens_that_the_model_lacks_are_missing(index: Path) -> None:
    small = make_model(("<s>", "</s>", "M:6/8", "K:Cmaj", "C", "3"))
    memory = with_memory(small.trace(["M:6/8"]), index).memory
    assert memory is not None
    assert memory.probabilities[1].tolist() == [0, 0, 0, 0.5, 0, 0]  # and half is K:Cdor


def test_tunes_of_an_index_and_of_files_go_into_one_file(
    model: Model, index: Path, tmp_path: Path
) -> None:
    book = tmp_path / "book.abc"
    book.write_text(KESH + "\nX:4\nT:Bad\nK:?\nnonsense\n\n" + MORRISONS)
    report = trace_tunes(["session:7", str(book), "1"], tmp_path / "t.npz", model, index)
    traced = load_trace(tmp_path / "t.npz")
    tunes = [MORRISONS_TOKENS, KESH_TOKENS, MORRISONS_TOKENS, KESH_TOKENS]
    assert [one.tokens for one in traced] == tunes
    assert traced.header["tunes"] == [
        {"title": "Morrison's", "tune": "session:7"},
        {"title": "The Kesh", "source": f"{book}:1"},
        {"title": "Morrison's", "source": f"{book}:13"},
        {"title": "The Kesh", "tune": "session:3"},
    ]
    # A tune of the index is compared with the others, and the same tune of a file with all.
    assert [int(one.memory.lengths.max()) for one in traced if one.memory] == [2, 15, 15, 2]
    assert (report.tunes, report.steps, report.longest_match) == (4, 60, 15)
    assert report.bits_per_token == pytest.approx(float(traced.surprisal.mean()), rel=1e-5)
    assert [rejected.title for rejected in report.set_aside] == ["Bad"]
    for one, tokens in zip(traced, tunes, strict=True):
        alone = model.trace(tokens)
        assert np.abs(one.hidden - alone.hidden).max() < 1e-6
        assert np.abs(one.probabilities - alone.probabilities).max() < 1e-6


def test_an_index_is_asked_only_where_it_is_needed(model: Model, tmp_path: Path) -> None:
    book = tmp_path / "book.abc"
    book.write_text(KESH)
    absent = tmp_path / "absent.db"
    report = trace_tunes(book, tmp_path / "t.npz", model, absent, memory=False, gates=True)
    assert (report.index, report.longest_match) == (None, None)
    traced = load_trace(tmp_path / "t.npz")
    assert traced.memory is None
    assert traced.gates is not None
    assert traced.gates.shape == (2, 15, 4, 6)


def test_what_cannot_be_traced_is_refused_in_a_sentence(
    model: Model, index: Path, tmp_path: Path
) -> None:
    path = tmp_path / "t.npz"
    with pytest.raises(InputError, match="no tune is given to trace; give a file"):
        trace_tunes([], path, model, index)
    with pytest.raises(QueryError, match="session:99"):
        trace_tunes("session:99", path, model, index)
    with pytest.raises(InputError, match=r"absent\.abc: there is no such file"):
        trace_tunes("absent.abc", path, model, index)
    (tmp_path / "bad.abc").write_text("X:4\nT:Bad\nK:?\nnonsense\n")
    with pytest.raises(InputError, match="none of the 1 tunes can be read; the first is set"):
        trace_tunes(tmp_path / "bad.abc", path, model, index)
    with pytest.raises(QueryError, match="does not write on C, but the tunes of an index are on C"):
        trace_tunes("1", path, make_model(("<s>", "</s>", "[L:1/8]", "C")), index)
    small = make_model(("<s>", "</s>", "M:6/8", "K:Cmaj", "C", "3"))
    with pytest.raises(InputError, match="the first is set aside because the model has no token"):
        trace_tunes("session:3", path, small, index)
    assert not path.exists()
    with open_index(index) as opened, pytest.raises(QueryError, match="Nothing"):
        with_memory(model.trace(["C"]), opened, exclude_titles="Nothing")
