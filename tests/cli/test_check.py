"""The check command: what it reads, leaves out, sets aside and fails on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.commands import (
    KESH,
    MORRISONS,
    call,
    call_in_terminal,
    environment,
    index_of,
    run,
)
from tests.storages import outside
from tunetrace.checker.tables import TUNE_COLUMNS

BAD = "X:9\nT:Bad\nK:G\nGAB|\nG [AB|\n"

# Twelve notes that are all the corpus has.
TWELVE = "T:Twelve\nM:2/4\nK:Cmaj\nC D E F | G A B c | d e f g |\n"


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of The Kesh (session:3) and Morrison's (session:7)."""
    return index_of(tmp_path_factory.mktemp("session"), KESH, MORRISONS)


@pytest.fixture(scope="module")
def twelve(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of twelve notes, each once."""
    return index_of(tmp_path_factory.mktemp("twelve"), TWELVE)


# Input


def test_standard_input_is_read_with_a_hyphen_and_without(index: Path) -> None:
    for arguments in (("check",), ("check", "-")):
        report = call(*arguments, "--json", "--index", index, stdin=KESH.encode()).json
        assert [tune["title"] for tune in report["tunes"]] == ["The Kesh"]


def test_files_folders_and_standard_input_are_checked_in_their_order(
    tmp_path: Path, index: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text(MORRISONS)
    (tmp_path / "b.abc").write_text(KESH)
    report = call("check", tmp_path / "b.abc", tmp_path / "folder", "-", "--json",
                  "--index", index, stdin=TWELVE.encode()).json  # fmt: skip
    assert [tune["title"] for tune in report["tunes"]] == ["The Kesh", "Morrison's", "Twelve"]


def test_a_tune_has_its_number_its_place_and_its_line(tmp_path: Path, index: Path) -> None:
    book = tmp_path / "book.abc"
    book.write_text(f"{KESH}\nX:\nT:Second\nK:G\nGAB|\n\nX:{'9' * 30}\nT:Third\nK:G\nGAB|\n")
    report = call("check", book, "--json", "--index", index).json
    assert [tune["number"] for tune in report["tunes"]] == [3, None, None]
    assert [tune["place"] for tune in report["tunes"]] == [1, 2, 3]
    assert [(tune["input"], tune["line"]) for tune in report["tunes"]] == [
        (str(book), 1), (str(book), 8), (str(book), 13),
    ]  # fmt: skip


def test_tunes_that_cannot_be_read_are_listed_and_the_others_checked(
    tmp_path: Path, index: Path
) -> None:
    path = tmp_path / "book.abc"
    path.write_text(f"{BAD}\n{KESH}\nX:10\nT:Keyless\nGAB|\n\n{MORRISONS}")
    report = call("check", path, "--json", "--index", index).json
    assert [tune["title"] for tune in report["tunes"]] == ["The Kesh", "Morrison's"]
    bad, keyless = report["set_aside"]
    assert (bad["input"], bad["line"], bad["column"]) == (str(path), 5, 3)
    assert bad["reason"].startswith("the chord opened with '[' is never closed")
    assert (keyless["input"], keyless["line"], keyless["column"]) == (str(path), 14, None)
    for options in ((), ("--brief",)):
        shown = run("check", path, *options, "--index", index)
        assert (shown.code, shown.err) == (0, "")
        assert "2 tunes set aside" in shown.out
        assert f"{path}:5:3: the chord" in shown.out
        assert f"{path}:14: the tune has no K: field" in shown.out


def test_of_several_files_one_that_is_binary_is_set_aside(tmp_path: Path, index: Path) -> None:
    (tmp_path / "kesh.abc").write_text(KESH)
    (tmp_path / "photo.abc").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    (tmp_path / "empty.abc").write_bytes(b"")
    files = [tmp_path / name for name in ("photo.abc", "kesh.abc", "empty.abc")]
    report = call("check", *files, "--json", "--index", index).json
    assert [tune["title"] for tune in report["tunes"]] == ["The Kesh"]
    assert [(reject["input"], reject["line"]) for reject in report["set_aside"]] == [
        (str(files[0]), None), (str(files[2]), None),
    ]  # fmt: skip
    assert "binary" in report["set_aside"][0]["reason"]
    assert "empty" in report["set_aside"][1]["reason"]


def test_of_several_files_one_that_is_missing_stops_the_check(tmp_path: Path, index: Path) -> None:
    (tmp_path / "kesh.abc").write_text(KESH)
    ended = call("check", tmp_path / "kesh.abc", tmp_path / "cash.abc", "--index", index)
    assert str(tmp_path / "cash.abc") in ended.refusal


def test_brief_prints_a_line_for_each_tune(tmp_path: Path, index: Path) -> None:
    new = "X:8\nT:New\nM:4/4\nL:1/8\nK:C\n^f8|\n"
    (tmp_path / "book.abc").write_text(f"{KESH}\n{new}")
    shown = call("check", tmp_path / "book.abc", "--brief", "--index", index)
    assert (shown.code, shown.err) == (0, "")
    head, kesh, last = [line.split() for line in shown.out.splitlines()]
    assert head == ["place", "notes", "longest", "8+", "12+", "input", "title", "nearest"]
    # Place, notes, longest span, the shares in spans of 8 and of 12 or more.
    where = str(tmp_path / "book.abc")
    found = ["The", "Kesh", "=", "session:3", "The", "Kesh"]
    assert kesh == ["1", "8", "8", "100%", "0%", f"{where}:1", *found]
    assert last == ["2", "1", "0", "0%", "0%", f"{where}:8", "New"]


def test_brief_fits_a_terminal_and_is_whole_in_a_pipe(tmp_path: Path, index: Path) -> None:
    long = KESH.replace("The Kesh", "The Tune Whose Title Has No End Whatsoever")
    book = tmp_path / "a_book_of_a_long_name.abc"
    book.write_text(long)
    piped = call("check", book, "--brief", "--index", index).out.splitlines()[1]
    assert f"{book}:1" in piped
    assert "The Tune Whose Title Has No End Whatsoever" in piped
    shown = call_in_terminal("check", book, "--brief", "--index", index)
    assert shown.code == 0
    line = shown.out.splitlines()[1]
    assert len(line) <= 80
    assert "…ame.abc:1  The Tune…  " in line
    assert line.endswith("  = session:3 The Kesh")


# One object a line


def test_jsonl_has_the_fields_of_the_tables(tmp_path: Path, index: Path) -> None:
    book = tmp_path / "book.abc"
    book.write_text(f"{KESH}\n{BAD}\n{MORRISONS}")
    ended = call("check", book, "--jsonl", "--index", index)
    assert (ended.code, ended.err) == (0, "")
    kesh, bad, morrisons = map(json.loads, ended.out.splitlines())
    assert list(kesh) == [column.name for column in TUNE_COLUMNS if column.name != "batch"]
    assert (kesh["place"], kesh["title"], kesh["verdict"]) == (1, "The Kesh", "whole")
    assert kesh["verdict_text"] == "This is The Kesh (session:3)."
    assert (kesh["identical_to"], kesh["nearest"]) == (["session:3"], "session:3")
    assert (morrisons["place"], morrisons["line"]) == (3, 14)
    assert (bad["place"], bad["input"], bad["line"], bad["column"]) == (2, str(book), 12, 3)
    assert bad["reason"].startswith("the chord opened with")


def test_jsonl_is_what_a_report_writes(tmp_path: Path, index: Path) -> None:
    book = tmp_path / "book.abc"
    book.write_text(f"{KESH}\n{MORRISONS}\n{TWELVE}")
    lines = call("check", book, "--jsonl", "--index", index).out.splitlines()
    assert call("report", book, "-o", tmp_path / "report", "--index", index).code == 0
    rows = pq.read_table(tmp_path / "report" / "tunes.parquet").to_pylist()
    for line, row in zip(map(json.loads, lines), rows, strict=True):
        del row["batch"]
        assert line.keys() == row.keys()
        for column, value in row.items():
            is_exact = value is None or isinstance(value, str | int) or value == []
            is_exact |= column in ("identical_to", "same_parts")
            assert line[column] == (value if is_exact else pytest.approx(value, rel=1e-6)), column


def test_jsonl_adds_bars_where_they_are_asked_for(index: Path) -> None:
    ended = call("check", "--jsonl", "--bars", "--index", index, stdin=KESH.encode())
    tune = json.loads(ended.out)
    assert [(bar["text"], bar["tunes"]) for bar in tune["each_bar"]] == [
        ("C 3 C D E", 1), ("D 3 D E G", 1),
    ]  # fmt: skip
    assert "--jsonl" in call("check", "--bars", "--index", index, stdin=KESH.encode()).refusal


@pytest.mark.parametrize("options", [("--jsonl",), ("--jsonl", "--bars"), ()])
def test_a_tune_is_answered_before_the_input_ends(index: Path, options: tuple[str, ...]) -> None:
    """Each answer comes while more of the input may follow."""
    arguments = [sys.executable, "-m", "tunetrace", "check", *options, "--index", outside(index)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{KESH}\n{MORRISONS}\n{' ' * (1 << 17)}\n\n".encode())
        process.stdin.flush()
        assert b"The Kesh" in process.stdout.readline()
        process.stdin.close()
        others = process.stdout.read()
    assert b"Morrison's" in others
    assert others.count(b"\n") == 1 or not options


# Some of the input


@pytest.mark.parametrize(
    ("only", "titles"),
    [
        (("1",), ["The Kesh"]),
        (("2-3",), ["Morrison's", "Twelve"]),
        (("3", "1"), ["The Kesh", "Twelve"]),
        (("1,3",), ["The Kesh", "Twelve"]),
    ],
)
def test_only_some_places_are_checked(
    index: Path, only: tuple[str, ...], titles: list[str]
) -> None:
    text = f"{KESH}\n{MORRISONS}\nX:4\nT:Twelve\nM:2/4\nL:1/8\nK:C\nCDEF|GABc|defg|\n"
    options = [word for some in only for word in ("--only", some)]
    report = call("check", *options, "--json", "--index", index, stdin=text.encode()).json
    assert [tune["title"] for tune in report["tunes"]] == titles
    places = {"The Kesh": 1, "Morrison's": 2, "Twelve": 3}
    assert [tune["place"] for tune in report["tunes"]] == [places[title] for title in titles]


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ("0", "'0' is not a place"),
        ("x", "'x' is not a place"),
        ("3-2", "'3-2' is not a place"),
        ("2", "there is no tune at place 2; the last tune is at 1"),
    ],
)
def test_places_that_are_none_are_refused(index: Path, only: str, said: str) -> None:
    refused = call("check", "--only", only, "--index", index, "--jsonl", stdin=KESH.encode())
    assert said in refused.refusal


# The verdict


def verdict(text: str, index: Path, *options: str) -> str:
    report = call("check", "--json", "--index", index, *options, stdin=text.encode()).json
    said: str = report["tunes"][0]["verdict"]["text"]
    return said


def test_a_copy_with_other_repeat_signs_is_the_tune(index: Path) -> None:
    text = KESH.replace("G3 GAB|A3 ABd|", "|:G3 GAB||A3 ABd:|")
    assert verdict(text, index) == "This is The Kesh (session:3)."
    shown = call("check", "--index", index, stdin=text.encode()).out.splitlines()
    assert shown[1] == "This is The Kesh (session:3)."


def test_another_meter_is_told(index: Path) -> None:
    text = KESH.replace("M:6/8", "M:12/8")
    assert verdict(text, index) == "This is The Kesh (session:3), which is in 6/8."


def test_most_of_a_tune_has_a_bound_that_can_be_set(twelve: Path) -> None:
    """Twelve notes of sixteen."""
    text = TWELVE.replace("Twelve", "Mine").rstrip() + " ^f ^f ^f ^f |\n"
    most = (
        "Most of it is in Twelve (twelve:1): 75% of its notes are found there in runs of 8 or more."
    )
    corpus = call("index", "info", "--json", "--index", twelve).json["corpora"][0]["name"]
    most = most.replace("twelve:1", f"{corpus}:1")
    assert verdict(text, twelve) == most
    assert verdict(text, twelve, "--copy-share", "0.75") == most
    above = verdict(text, twelve, "--copy-share", "0.76")
    assert not above.startswith("Most")


def test_what_has_no_note_in_the_corpus_is_not_in_it(index: Path) -> None:
    text = "X:1\nM:4/4\nL:1/8\nK:C\n^f8|\n"
    assert verdict(text, index) == "Not in the corpus: none of its notes is found there."


# How much is copied


def test_what_is_copied_is_shown_beside_real_tunes_and_by_length(tmp_path: Path) -> None:
    index = index_of(tmp_path, KESH, MORRISONS)
    shown = call("check", "--index", index, stdin=KESH.encode()).out
    assert "Copied       in runs of 8 notes or more: 100%; of 12 or more: 0%\n" in shown
    assert "not compared: the index has no baseline; 'tunetrace baseline' measures one" in shown
    assert call("baseline", "--index", index).code == 0
    lines = call("check", "--index", index, stdin=KESH.encode()).out.splitlines()
    # Neither tune of the index shares a run of 8 notes with the other.
    copied = (
        "in runs of 8 notes or more: 100% (more than in all real tunes like it); of 12 or more: 0%"
    )
    first = lines.index(f"Copied       {copied}")
    assert lines[first - 2 : first + 8] == [
        "             longer than in all real tunes like it",
        "             The Kesh (session:3), part 1, bar 1",
        f"Copied       {copied}",
        "             from 1 corpus tune: The Kesh (session:3), 100% of its notes",
        "Real tunes   compared with 2 tunes of the index",
        "",
        "Copied runs and new figures, by length",
        "runs of this many notes or more     8  12  16  24  32",
        "  share of notes in such runs    100%  0%  0%  0%  0%",
        "figures of this many tokens         4   6   8  12",
    ]


# What is left out


@pytest.mark.parametrize(
    "options",
    [
        ("--exclude-tune", "1"),
        ("--exclude-tune", "session:3"),
        ("--exclude-tune", "kesh"),
        ("--exclude-title", "The Kesh"),
        ("--exclude-title", "Kesh, The"),
        ("--exclude-title", "THE  KESH!"),
        ("--exclude-title", "The Kesh", "--exclude-title", "KESH"),
    ],
)
def test_an_excluded_tune_is_no_source(index: Path, options: tuple[str, ...]) -> None:
    report = call("check", *options, "--json", "--index", index, stdin=KESH.encode()).json
    (tune,) = report["tunes"]
    assert tune["identical_to"] == []
    # Of C 3 C D E | D 3 D E G | no two notes in a row stand in C 3 G 3 | C G C F D B, |.
    assert tune["longest_span"]["notes"] == 1
    assert all(name["tune"] == 2 for name in tune["sources"])
    assert [bar["tunes"] for bar in tune["bars"]] == [0, 0]


def test_all_tunes_can_be_excluded(index: Path) -> None:
    options = ("--exclude-tune", "1", "--exclude-tune", "session:7")
    report = call("check", *options, "--json", "--index", index, stdin=KESH.encode()).json
    assert report["tunes"][0]["longest_span"] is None
    assert set(report["tunes"][0]["novelty"]) == {1.0}


# Failing on a copy


@pytest.mark.parametrize(
    ("share", "code"), [("0", 1), ("0.5", 1), ("0.7499", 1), ("0.75", 0), ("0.76", 0), ("1", 0)]
)
def test_more_copied_than_allowed_exits_1_and_just_as_much_exits_0(
    twelve: Path, share: str, code: int
) -> None:
    # Twelve notes of sixteen.
    text = TWELVE.replace("Twelve", "Mine").rstrip() + " ^f ^f ^f ^f |\n"
    ended = call("check", "--fail-over", share, "--index", twelve, stdin=text.encode())
    assert ended.code == code
    assert "Mine" in ended.out
    bound = {"0": "0%", "0.5": "50%", "0.7499": "75%"}.get(share)
    said = f"tunetrace: 1 tune has more than {bound} of the notes in copied runs of 12 or more: "
    assert ended.err == (f"{said}standard input:1 Mine (75%)\n" if code else "")


def test_spans_of_eleven_notes_are_no_copy(twelve: Path) -> None:
    text = TWELVE.replace("C D E F |", "^f D E F |")
    ended = call("check", "--fail-over", "0", "--index", twelve, stdin=text.encode())
    assert (ended.code, ended.err) == (0, "")


def test_one_copy_among_several_tunes_is_enough(tmp_path: Path, twelve: Path) -> None:
    (tmp_path / "new.abc").write_text(KESH)
    (tmp_path / "copy.txt").write_text(TWELVE)
    place = ("--index", twelve)
    assert call("check", tmp_path / "new.abc", "--fail-over", "0.9", *place).code == 0
    ended = run("check", *tmp_path.iterdir(), "--fail-over", "0.9", "--brief", *place)
    assert ended.code == 1
    assert f"{tmp_path / 'copy.txt'}:1 Twelve (100%)" in ended.err
    assert "new.abc" not in ended.err


def test_what_is_excluded_is_no_copy(twelve: Path) -> None:
    options = ("--fail-over", "0", "--exclude-title", "Twelve", "--index", twelve)
    assert call("check", *options, stdin=TWELVE.encode()).code == 0


def test_tunes_set_aside_are_no_copy(twelve: Path) -> None:
    text = f"{BAD}\n{KESH}"
    ended = call("check", "--fail-over", "0", "--index", twelve, stdin=text.encode())
    assert (ended.code, ended.err) == (0, "")
