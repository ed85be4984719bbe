"""`tunetrace next`: what it prints, for people and for programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, index_of
from tests.model.networks import tiny_model
from tunetrace.model.library.store import save_model

KESH_HIT = {"tune": 1, "title": "The Kesh", "corpus": "session", "number": 3, "meter": "6/8",
            "key": "Cmaj", "original_key": "Gmaj", "link": None, "part": 1,
            "ending": None}  # fmt: skip


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """C 3 C D E | D 3 D E G | and C 3 G 3 | C G C F D B, |."""
    return index_of(tmp_path_factory.mktemp("session"), KESH, MORRISONS)


def lines(*arguments: str | Path) -> list[str]:
    """What the command prints, each line with single spaces and without its rule."""
    ended = call("next", *arguments)
    assert (ended.code, ended.err) == (0, "")
    return [" ".join(line.split()) for line in ended.out.splitlines() if "──" not in line]


def test_the_next_tokens_are_shown_with_counts_and_an_example(index: Path) -> None:
    assert lines("C", "--index", index) == [
        "C",
        "found in 2 of 2 tunes, 5 times",
        "",
        "next token hits tunes share example context (on C)",
        "3 2 2 40% session:3 C 3 C D E",
        "D 1 1 20% session:3 C 3 C D E",
        "G 1 1 20% session:7 C G C F D B,",
        "F 1 1 20% session:7 C G C F D B,",
    ]


def test_the_answer_as_json_has_these_fields(index: Path) -> None:
    assert call("next", "^f D E", "--bars", "1", "--index", index, "--json").json == {
        "query": "^f D E",
        "context": "D E",
        "context_length": 2,
        "length": 3,
        "backward": False,
        "notes": None,
        "bars": 1,
        "hits": 2,
        "tunes": 1,
        "families": None,
        "of": 2,
        "different": 2,
        "results": [
            {"text": "| D 3 D E G", "is_end": False, "hits": 1, "tunes": 1, "families": None,
             "probability": 0.5, "smoothed_probability": None, "model_probability": None,
             "example": {**KESH_HIT, "bar": 1, "onset": "4", "context": "C 3 C D E | D 3 D E G"}},
            {"text": "G", "is_end": False, "hits": 1, "tunes": 1, "families": None,
             "probability": 0.5, "smoothed_probability": None, "model_probability": None,
             "example": {**KESH_HIT, "bar": 2, "onset": "3", "context": "D 3 D E G"}},
        ],
        "view": "tokens",
        "model": None,
        "model_headers": [],
        "asked": "^f D E",
        "read_as": "tokens",
        "in_key": None,
        "remarks": [],
    }  # fmt: skip


def test_a_figure_that_is_found_nowhere_is_shortened_and_says_so(index: Path) -> None:
    assert lines("^f C D", "--index", index) == [
        "^f C D",
        "found in none of 2 tunes",
        "its longest end that is found, 2 of 3 tokens: C D",
        "found in 1 of 2 tunes, once",
        "",
        "next token hits tunes share example context (on C)",
        "E 1 1 100% session:3 C 3 C D E",
    ]
    shown = lines("D E ^f", "--before", "--bars", "1", "--index", index)
    assert shown[2] == "its longest beginning that is found, 2 of 3 tokens: D E"
    assert shown[5] == "bar before hits tunes share example context (on C)"
    nothing = lines("_B", "--index", index)
    assert nothing[1:4] == [
        "found in none of 2 tunes",
        "no end of it is found either, so all places of the music are counted:",
        "24 places in 2 tunes",
    ]


def test_the_ends_of_tunes_are_named(index: Path) -> None:
    assert lines("E G", "--notes", "2", "--index", index)[-1].startswith("| (end of tune) 1 1 100%")
    first = lines("C 3 C", "--notes", "1", "--before", "--index", index)
    assert first[3:] == ["note before hits tunes share example context (on C)",
                         "(start of tune) 1 1 100% session:3 C 3 C D E"]  # fmt: skip


def test_the_view_and_what_is_not_shown_are_named(index: Path) -> None:
    shown = lines("U", "--view", "contour", "--notes", "2", "--limit", "1", "--index", index)
    assert shown[0] == "U in the view contour"
    assert shown[3].startswith("next 2 notes ")
    assert shown[-1] == "… and 5 more; show more with --limit"


def test_no_tune_that_passes_the_filters_is_said(index: Path) -> None:
    assert lines("C", "--title", "Kesh", "--key", "dor", "--index", index) == [
        "C", "no tune of the index passes all filters",
    ]  # fmt: skip


@pytest.mark.usefixtures("one_thread")
def test_a_model_s_share_is_beside_that_of_the_tunes(index: Path, tmp_path: Path) -> None:
    save_model(tiny_model(None), tmp_path / "tiny.safetensors")
    shown = lines("C D", "--model", tmp_path / "tiny.safetensors", "--index", index)
    assert shown == [
        "C D",
        "found in 1 of 2 tunes, once",
        "the model tiny reads: M:6/8 K:Cmaj C D",
        "",
        "next token hits tunes share model example context (on C)",
        "E 1 1 100% 1% session:3 C 3 C D E",  # 1/137
    ]


def test_mistakes_are_refused_in_a_sentence(index: Path) -> None:
    assert call("next", "C", "--notes", "1", "--bars", "1", "--index", index).refusal == (
        "notes and bars cannot both be given; leave out one of them"
    )
    assert call("next", "C", "--bars", "0", "--index", index).refusal == (
        "Invalid value for '--bars': 0 is not in the range 1<=x<=1000; see 'tunetrace next --help'"
    )
    assert call("next", "C", "--model", "none", "--index", index).refusal.startswith(
        "there is no model 'none'; give one of"
    )
