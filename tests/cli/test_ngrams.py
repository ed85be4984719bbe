"""`tunetrace ngrams`: what it prints, for people and for programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, call_in_terminal, index_of


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("ngrams"), KESH, MORRISONS)


def lines(*arguments: str | Path, stdin: bytes = b"") -> list[str]:
    """What the command prints, each line with single spaces."""
    ended = call("ngrams", *arguments, stdin=stdin)
    assert (ended.code, ended.err) == (0, "")
    return [" ".join(line.split()) for line in ended.out.splitlines()]


def test_the_commonest_stand_first_with_their_ranks(index: Path) -> None:
    shown = lines("--n", "2", "--top", "2", "--index", index)
    assert shown[:2] == [
        "n-grams of 2 tokens in the whole index",
        "2 tunes, 20 different n-grams",
    ]
    assert shown[3] == "rank figure tunes hits"
    assert shown[5:] == ["1 C 3 2 2", "2 D E 1 2"]


def test_a_batch_is_held_against_the_corpora_that_it_is_not_in(index: Path, tmp_path: Path) -> None:
    batch = tmp_path / "batch.abc"
    batch.write_text(f"{KESH}\nX:9\nT:Bad\nK:G\nGA[B|\n", encoding="utf-8")
    options = ("--n", "4", "--only-in", batch, "--not-in", "session", "--index", index)
    shown = lines(*options)
    assert shown == [
        f"n-grams of 4 tokens in {batch}, not in session",
        "1 tune, 9 different n-grams, 9 of them left out",
        "",
        "1 tune set aside:",
        f"{batch}:11:3: the chord opened with '[' is never closed; add ']' before the bar line",
    ]
    assert lines(*options[:4], "--only-in", "-", "--not-in", "session", "--index", index,
                 stdin=MORRISONS.encode())[1] == (
        "2 tunes, 18 different n-grams, 18 of them left out"
    )  # fmt: skip


def test_long_ngrams_are_folded_to_the_width_of_the_terminal(index: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.abc"
    long.write_text(f"X:1\nM:4/4\nL:1/16\nK:C\n{'^c3/2 _d/2 ' * 40}|\n", encoding="utf-8")
    ended = call_in_terminal(
        "ngrams", "--n", "64", "--top", "2", "--only-in", long, "--index", index
    )
    rows = ended.out.splitlines()[5:]
    assert max(map(len, rows)) <= 80
    assert len(rows) > 4


def test_as_json_it_has_all_of_the_report(index: Path) -> None:
    report = call("ngrams", "--n", "2", "--top", "1", "--not-in", "session", "--not-in",
                  index.parent / "session.abc", "--index", index, "--json").json  # fmt: skip
    assert report == {
        "n": 2, "only_in": [], "not_in": ["session", str(index.parent / "session.abc")], "of": 2,
        "different": 20, "left_out": 20, "ngrams": [], "set_aside": [],
        "view": "tokens",
    }  # fmt: skip
    found = call("ngrams", "--n", "2", "--top", "1", "--index", index, "--json").json
    assert found["ngrams"] == [{"text": "C 3", "tunes": 2, "hits": 2}]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--only-in", "nowhere"), "nowhere: there is no such file, and the index has no corpus"),
        (
            ("--not-in", ""),
            "'': there is no such file, and the index has no corpus with this name; "
            "its corpora are session",
        ),
        (("--n", "65"), "65 is not in the range 1<=x<=64"),
        (("--top", "-1"), "-1 is not in the range"),
    ],
)
def test_a_mistake_is_one_sentence(index: Path, options: tuple[str, ...], says: str) -> None:
    assert says in call("ngrams", *options, "--index", index).refusal
