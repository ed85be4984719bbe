"""The check command: what it reads, leaves out, sets aside and fails on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, index_of, run

BAD = "X:9\nT:Bad\nK:G\nGAB|\nG [AB|\n"

# Twelve notes that are all the corpus has.
TWELVE = "T:Twelve\nM:2/4\nK:Cmaj\nC D E F | G A B c | d e f g |\n"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of The Kesh (session:3) and Morrison's (session:7)."""
    return index_of(tmp_path_factory.mktemp("session"), KESH, MORRISONS)


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Path:
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


def test_a_tune_goes_by_its_number_or_else_by_its_place(index: Path) -> None:
    text = f"{KESH}\nX:\nT:Second\nK:G\nGAB|\n\nX:{'9' * 30}\nT:Third\nK:G\nGAB|\n"
    report = call("check", "--json", "--index", index, stdin=text.encode()).json
    assert [tune["number"] for tune in report["tunes"]] == [3, 2, 3]


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
    rows = [line.split() for line in shown.out.splitlines() if line.strip()]
    # Number, title, notes, longest span, and the shares in spans of 8, 12 and 16 or more.
    assert rows[2] == ["3", "The", "Kesh", "8", "8", "100%", "0%", "0%", "=", "The", "Kesh"]
    assert rows[3] == ["8", "New", "1", "0", "0%", "0%", "0%"]
    assert len(rows) == 4


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
    assert {point["absent"] for point in report["tunes"][0]["novelty"]} == {1.0}


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
    assert (ended.code, ended.err) == (code, "")
    assert "Mine" in ended.out


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
    assert (ended.code, ended.err) == (1, "")


def test_what_is_excluded_is_no_copy(twelve: Path) -> None:
    options = ("--fail-over", "0", "--exclude-title", "Twelve", "--index", twelve)
    assert call("check", *options, stdin=TWELVE.encode()).code == 0


def test_tunes_set_aside_are_no_copy(twelve: Path) -> None:
    text = f"{BAD}\n{KESH}"
    ended = call("check", "--fail-over", "0", "--index", twelve, stdin=text.encode())
    assert (ended.code, ended.err) == (0, "")
