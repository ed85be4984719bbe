"""`tunetrace tokenize`: what it prints, for people and for programs, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, call_in_terminal, index_of
from tunetrace import Transcription, read

BAD = "X:4\nT:Bad\nK:G\nG[A|\n"


def test_tunes_are_printed_as_folk_rnns_text(tmp_path: Path) -> None:
    (tmp_path / "book.abc").write_text(f"{KESH}\n{MORRISONS}")
    ended = call("tokenize", tmp_path / "book.abc")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "X:3\nT:The Kesh\nM:6/8\nK:Cmaj\nC 3 C D E | D 3 D E G |\n"
        "\n"
        "X:7\nT:Morrison's\nM:6/8\nK:Cdor\nC 3 G 3 | C G C F D B, |\n"
    )


@pytest.mark.parametrize("key", ["G", "Em", "Ephr", "F#loc", "Clyd", "D =c"])
def test_what_is_printed_is_read_again_as_it_stands(tmp_path: Path, key: str) -> None:
    music = f"X:1\nT:One\nM:5/8\nL:1/16\nK:{key}\n^f2|[K:A]E2[M:3/4]c4>d|Z|\n"
    (tmp_path / "one.abc").write_text(music)
    (tmp_path / "again.txt").write_text(call("tokenize", tmp_path / "one.abc").out)
    (one,), (again,) = (list(read(tmp_path / name)) for name in ("one.abc", "again.txt"))
    assert isinstance(one, Transcription)
    assert isinstance(again, Transcription)
    assert again.tokens == one.tokens
    assert (again.titles, again.number) == (one.titles, one.number)


def test_tunes_that_cannot_be_read_are_named_and_the_others_printed(tmp_path: Path) -> None:
    (tmp_path / "book.abc").write_text(f"{BAD}\n{KESH}\n{BAD}")
    ended = call("tokenize", tmp_path / "book.abc")
    reason = "the chord opened with '[' is never closed; add ']' before the bar line"
    assert ended.err.splitlines() == [
        f"tunetrace: {tmp_path}/book.abc:{line}:2: {reason}" for line in (4, 16)
    ]
    assert (ended.code, ended.out.split("\n")[0]) == (0, "X:3")


def test_where_no_tune_can_be_read_one_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "bad.abc").write_text(BAD + "\n" + BAD)
    refusal = call("tokenize", tmp_path / "bad.abc").refusal
    assert refusal.startswith(f"no tune can be read; {tmp_path}/bad.abc:4:2: the chord")
    assert "no such file" in call("tokenize", tmp_path / "absent.abc").refusal


def test_files_folders_and_standard_input_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.abc").write_text(KESH)
    ended = call("tokenize", tmp_path / "folder", "-", stdin=MORRISONS.encode())
    assert [line for line in ended.out.splitlines() if line[:2] == "T:"] == [
        "T:The Kesh", "T:Morrison's",
    ]  # fmt: skip


def test_json_has_the_tokens_their_origins_and_the_remarks(tmp_path: Path) -> None:
    text = "X:1\nT:Two voices\nM:6/8\nK:D\nV:1\nD3 F3|\nV:2\nA6|\n\n" + BAD
    record = call("tokenize", "-", "--json", stdin=text.encode()).json
    (tune,) = record["tunes"]
    assert tune["tokens"] == ["M:6/8", "K:Cmaj", "C", "3", "E", "3", "|"]
    assert (tune["title"], tune["number"], tune["key"]) == ("Two voices", 1, "Cmaj")
    assert (tune["original_key"], tune["meter"]) == ("Dmaj", "6/8")
    assert tune["remarks"] == ["voice 2 (1 bar) was left out; --voice reads another one"]
    assert "origins" not in tune
    assert [(r["line"], r["kind"]) for r in record["set_aside"]] == [(13, "open bracket")]
    (tune,) = call("tokenize", "-", "--json", "--explain", stdin=text.encode()).json["tunes"]
    assert tune["origins"][4] == {"index": 4, "token": "E", "line": 6, "column": 4, "text": "F3"}


def test_an_explanation_fits_eighty_columns_and_has_no_control_characters() -> None:
    music = f'X:1\nT:Long\nK:D\n"{"Am " * 60}"D2 \x1b[2J' + "A2 F2 |" * 30 + "\n"
    text = music.replace("\x1b[2J", '"^\x1b[2J"')
    ended = call_in_terminal("tokenize", "-", "--explain", stdin=text.encode())
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    assert all(c.isprintable() for c in ended.out.replace("\n", ""))
    assert "Dmaj to Cmaj, a second down (2 semitones)" in ended.out
    assert "(a chord symbol, dropped)" in ended.out


def test_the_format_can_be_said() -> None:
    text = b"M:4/4\nK:Cmaj\nC2 D2 |\n"
    assert "C 2 D 2 |" in call("tokenize", "-", "--format", "folkrnn", stdin=text).out
    assert "C D" in call("tokenize", "-", "--format", "abc", stdin=b"X:1\nL:1/16\nK:Cmaj\nC2D2").out


def test_beside_a_tune_of_the_index_a_broken_file_is_set_aside(tmp_path: Path) -> None:
    index = index_of(tmp_path, MORRISONS)
    (tmp_path / "empty.abc").touch()
    ended = call("tokenize", "session:7", tmp_path / "empty.abc", "--index", index)
    assert ended.out == "X:7\nT:Morrison's\nM:6/8\nK:Cdor\nC 3 G 3 | C G C F D B, |\n"
    assert ended.err.startswith(f"tunetrace: {tmp_path / 'empty.abc'}: the file is empty")
    assert ended.code == 0


def test_a_path_that_does_not_exist_is_told_before_anything_is_printed(tmp_path: Path) -> None:
    index = index_of(tmp_path, MORRISONS)
    for command in ("tokenize", "check", "similar"):
        ended = call(command, "session:7", tmp_path / "none.abc", "--index", index)
        assert ended.refusal == f"{tmp_path / 'none.abc'}: there is no such file; check the path"
