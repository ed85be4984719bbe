"""`tunetrace similar`: what it prints for people and for programs, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tunetrace
from tests.checker.similar.tunes import MAGGIE, WASHERWOMAN, higher, written
from tests.commands import KESH, MORRISONS, call, call_in_terminal, index_of

BAD = "X:4\nT:Bad\nK:G\nG[A|\n"
OCTAVE = written(WASHERWOMAN, higher(7)).replace("X:1", "X:1\nT:Mine")
"""The Irish Washerwoman an octave higher."""

CHANGED = written(MAGGIE, lambda line: line.replace("E2BE AFDF", "(3EFEBE AGDF", 1))
"""Drowsy Maggie with two differences in bar 2."""


@pytest.fixture(scope="module")
def folder(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("similar")
    index_of(folder, WASHERWOMAN, MAGGIE, KESH, MORRISONS)
    (folder / "octave.abc").write_text(OCTAVE)
    (folder / "changed.abc").write_text(CHANGED)
    (folder / "book.abc").write_text("\n".join([OCTAVE, BAD, CHANGED.replace("X:2", "X:3")]))
    return folder


def similar(folder: Path, *arguments: str) -> list[str]:
    """What the command shows in a terminal, each line with single spaces."""
    files = [folder / one if one.endswith(".abc") else one for one in arguments]
    ended = call_in_terminal("similar", *files, "--index", folder / "session.db")
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    return [" ".join(line.split()) for line in ended.out.splitlines()]


def test_the_first_line_says_what_the_tune_is(folder: Path) -> None:
    title, said, facts, *_ = similar(folder, "octave.abc")
    assert title.strip("─ ") == "Mine"
    assert said == "This is The Irish Washerwoman (session:1), an octave higher."
    assert facts.startswith("6/8, Gmaj (")


def test_both_tunes_are_shown_bar_under_bar_with_marks_and_names(folder: Path) -> None:
    ended = call_in_terminal("similar", folder / "changed.abc", "--index", folder / "session.db")
    lines = ended.out.splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("   1.1  "))
    assert [line.rstrip() for line in lines[at : at + 3]] == [
        "   1.1  E 2 B E d E B E | (3 E F E B E A G D F | E 2 B E d E B E",
        "   1.1  E 2 B E d E B E | E 2      B E A F D F | E 2 B E d E B E",
        "                          ^^^^^^^^       ^",
    ]
    assert "• 1.2: a triplet, (3 E F E for E 2; G for F" in lines


def test_how_many_tunes_are_shown_and_aligned_can_be_said(folder: Path) -> None:
    def headings(*options: str) -> int:
        shown = similar(folder, "octave.abc", *options)
        return sum(line.startswith("Bar under bar with ") for line in shown)

    assert headings() == 1
    assert headings("--align", "0") == 0
    assert headings("--align", "2", "--min-probability", "0") == 2
    assert headings("--exclude-title", "The Irish Washerwoman") == 0
    rows = [line for line in similar(folder, "octave.abc", "--limit", "1") if "session:" in line]
    assert rows[1].startswith(">99% The Irish session:1 transposed whole an octave ")
    assert len(rows) == 3  # the sentence, the table and the alignment


def test_parts_are_answered_one_by_one(folder: Path) -> None:
    shown = similar(folder, "octave.abc", "--parts")
    first, second = (
        next(k for k, line in enumerate(shown) if line.startswith(f"{word} part: "))
        for word in ("First", "Second")
    )
    assert any("transposed part 1 = " in line for line in shown[first:second])
    assert any("transposed part 2 = " in line for line in shown[second:])


def test_a_tune_of_the_index_is_compared_with_the_others(folder: Path) -> None:
    shown = similar(folder, "session:1")
    assert shown[1].startswith("No near copy; ")
    assert shown[2] == "6/8, Gmaj (session:1)"
    assert shown[3].startswith("compared with 3 tunes; ")


def test_json_has_the_fields_of_the_records(folder: Path) -> None:
    place = ("--index", folder / "session.db")
    document = call("similar", folder / "book.abc", *place, "--json").json
    assert [one["title"] for one in document["tunes"]] == ["Mine", ""]
    assert [one["reason"] for one in document["set_aside"]] == [
        "the chord opened with '[' is never closed; add ']' before the bar line"
    ]
    found = document["tunes"][0]["tunes"][0]
    assert (found["title"], found["steps"], found["length_ratio"]) == (
        "The Irish Washerwoman", 7, "1",
    )  # fmt: skip
    assert len(found["alignment"]["bars"]) == 16
    with tunetrace.open_index(folder / "session.db") as index:
        (tune, _, _) = tunetrace.read(folder / "book.abc")
        assert isinstance(tune, tunetrace.Transcription)
        answer = tunetrace.similar(tune, index, limit=10, least=0.01, alignment=True)
    assert found == answer.tunes[0].to_dict()

    ended = call("similar", folder / "book.abc", *place, "--jsonl")
    assert (ended.code, ended.err) == (0, "")
    first, bad, last = map(json.loads, ended.out.splitlines())
    assert [first, last] == document["tunes"]
    assert [bad] == document["set_aside"]


def test_tunes_come_from_standard_input_and_from_several_names(folder: Path) -> None:
    place = ("--index", folder / "session.db")
    ended = call("similar", "-", "session:2", *place, stdin=OCTAVE.encode())
    assert (ended.code, ended.err) == (0, "")
    said = [line for line in ended.out.splitlines() if line.startswith(("This is ", "No near"))]
    assert said[0] == "This is The Irish Washerwoman (session:1), an octave higher."
    assert said[1].startswith("No near copy; ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("session:99",), None),
        (("none.abc",), "none.abc: there is no such file; check the path"),
        (
            ("The Kesh",),
            "The Kesh: there is no such file; check the path, or give a tune of the "
            "index as corpus:number, which 'tunetrace tune TITLE' shows",
        ),
        (("octave.abc", "--limit", "0"), None),
        (("octave.abc", "--min-probability", "2"), None),
        (("octave.abc", "--exclude-title", "Nobody's"), None),
        ((), "no tune is given; give a file, corpus:number or -, or --all"),
        (("octave.abc", "--json", "--jsonl"), None),
    ],
)
def test_what_means_nothing_is_refused_in_one_sentence(
    arguments: tuple[str, ...], sentence: str | None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    refusal = call("similar", *arguments, "--index", folder / "session.db").refusal
    assert sentence is None or refusal == sentence


def test_an_input_of_which_no_tune_can_be_compared_is_refused(folder: Path) -> None:
    ended = call("similar", "-", "--index", folder / "session.db", stdin=BAD.encode())
    assert ended.refusal == (
        "no tune can be compared; standard input:4:2: the chord opened with '[' is never closed; "
        "add ']' before the bar line"
    )
