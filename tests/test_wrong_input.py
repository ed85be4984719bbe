"""Wrong input of every kind: one sentence that says what to do, exit code 2, and no traceback."""

from __future__ import annotations

import shlex
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.processes import COMMAND, complaint, run
from tunetrace import IndexFileError, build_index, open_index

TUNES = (
    "X:1\nT:The Kesh\nM:6/8\nL:1/8\nK:G\n|:G3 GAB|A3 ABd|edd gdd|edB dBA|\n"
    "G3 GAB|A3 ABd|edd gdB|AGF G3:|\n\n"
    "X:2\nT:Cooley's\nM:4/4\nL:1/8\nK:Edor\nEBBA B2EB|B2AB dBAG|\n"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tunebook, its index, and files that are neither."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "tunes.abc").write_text(TUNES)
    (folder / "empty.abc").write_text("")
    (folder / "binary.abc").write_bytes(b"\x89PNG\r\n\0\0\0")
    (folder / "letter.txt").write_text("Dear reader,\nthis is no tune.\n")
    (folder / "keyless.abc").write_text("X:1\nT:No key\nGAB|\n")
    (folder / "chord.abc").write_text("X:1\nT:A chord\nK:G\nGAB|\nG[AB|\n")
    (folder / "none").mkdir()
    build_index([folder / "tunes.abc"], folder / "tunes.db")
    return folder


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent.abc", "there is no such file"),
        ("none", "the folder holds no .abc or .txt file"),
        ("binary.abc", "this is a binary file"),
        ("empty.abc", "the file is empty"),
        ("letter.txt", "there is no tune in it"),
        ("keyless.abc", "the tune has no K: field"),
        ("chord.abc", "the chord opened with '[' is never closed; add ']'"),
    ],
)
def test_an_input_without_a_tune_is_refused_by_check_and_build(
    place: Path, name: str, sentence: str
) -> None:
    checked = complaint(run("check", place / name, "--index", place / "tunes.db"))
    built = complaint(run("index", "build", place / name, "--index", place / "new.db"))
    for said in (checked, built):
        assert sentence in said
        assert str(place / name) in said
    assert not (place / "new.db").exists()


def test_the_place_of_a_mistake_is_named(place: Path) -> None:
    said = complaint(run("check", place / "chord.abc", "--index", place / "tunes.db"))
    assert f"{place / 'chord.abc'}:5:2: the chord" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["figure", "H"], "'H' is not a token"),
        (["figure", "K:Cmajor C"], "the nearest are K:Cmaj"),
        (["figure", "GCC2"], "set tokens apart by spaces: 'G C C 2'"),
        (["figure", "2"], "has no note in it"),
        (["figure", "   "], "the figure is empty"),
        (["figure", ""], "the figure is empty"),
        (["figure", "M:4/4 C"], "filter with --meter or --key"),
        (["figure", "{C D"], "the figure cannot be read"),
        (["figure", "C }"], "the figure cannot be read"),
        (["figure", "C " * 2000], "give 1,000 at most"),
        (["bar", "C | D"], "a bar holds no bar line"),
        (["figure", "C", "--corpus", "oneils"], "the index has no corpus 'oneils'; it has tunes"),
        (["figure", "C", "--key", "blues"], "'blues' is no key"),
        (["figure", "C", "--meter", "four"], "'four' is no meter"),
        (["figure", "C", "--onset", "x"], "write 3 or 3/2"),
        (["figure", "C", "--onset", "1/0"], "write 3 or 3/2"),
        (["figure", "C", "--part", "0"], "--part"),
        (["figure", "C", "--limit", "-1"], "--limit"),
        (["figure"], "see 'tunetrace figure --help'"),
        (["figure", "C", "--nonsense"], "see 'tunetrace figure --help'"),
        (["check", "tunes.abc", "--fail-over", "1.5"], "--fail-over"),
        (["check", "tunes.abc", "--exclude-tune", "Nobody"], "'Nobody' names no tune"),
        (["check", "tunes.abc", "--exclude-tune", "tunes:99"], "'tunes:99' names no tune"),
        (["check", "tunes.abc", "--format", "midi"], "--format"),
    ],
)
def test_a_question_that_means_nothing_is_answered_with_what_would(
    place: Path, arguments: list[str], sentence: str
) -> None:
    arguments = [str(place / "tunes.abc") if a == "tunes.abc" else a for a in arguments]
    assert sentence in complaint(run(*arguments, "--index", place / "tunes.db"))


def test_an_unknown_command_is_refused() -> None:
    assert "see 'tunetrace --help'" in complaint(run("chek"))


@pytest.mark.parametrize(
    "arguments", [["figure", "C"], ["bar", "C"], ["check", "-"], ["index", "info"]]
)
def test_without_an_index_every_question_says_how_to_get_one(
    tmp_path: Path, arguments: list[str]
) -> None:
    said = complaint(run(*arguments, env={"TUNETRACE_INDEX": str(tmp_path / "no.db")}))
    assert "tunetrace index build" in said
    assert str(tmp_path / "no.db") in said


def test_an_index_cut_off_anywhere_is_refused(place: Path, tmp_path: Path) -> None:
    whole = (place / "tunes.db").read_bytes()
    cut = tmp_path / "cut.db"
    for size in (0, 1, 50, 99, 100, 512, 8192, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:size])
        with pytest.raises(IndexFileError) as raised:
            open_index(cut)
        assert str(cut) in str(raised.value)
    assert "cut off" in complaint(run("index", "info", "--index", cut))


def test_what_is_no_index_is_refused(place: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE tune (id INTEGER)")
    connection.close()
    assert "a database of another program" in complaint(run("figure", "C", "--index", foreign))
    text = place / "tunes.abc"
    assert "no index of tunetrace" in complaint(run("figure", "C", "--index", text))
    assert "cannot be read" in complaint(run("figure", "C", "--index", place))


def altered(place: Path, tmp_path: Path, *statements: str) -> Path:
    """A copy of the index after some statements."""
    path = tmp_path / "altered.db"
    path.write_bytes((place / "tunes.db").read_bytes())
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return path


def test_an_index_of_another_schema_version_is_refused(place: Path, tmp_path: Path) -> None:
    path = altered(place, tmp_path, "PRAGMA user_version = 99")
    said = complaint(run("figure", "C", "--index", path))
    assert "schema version 99" in said
    assert "tunetrace index build --force" in said


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE view SET stream = zeroblob(length(stream))",
        "UPDATE view SET suffixes = zeroblob(length(suffixes))",
        "DROP TABLE view",
        "DELETE FROM meta",
    ],
)
def test_a_damaged_index_is_refused(place: Path, tmp_path: Path, statement: str) -> None:
    said = complaint(run("figure", "C", "--index", altered(place, tmp_path, statement)))
    assert "the index is damaged" in said


def test_an_index_is_replaced_only_when_forced(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "tunes.db"
    path.write_bytes((place / "tunes.db").read_bytes())
    before = path.read_bytes()
    said = complaint(run("index", "build", place / "tunes.abc", "--index", path))
    assert "--force" in said
    assert path.read_bytes() == before
    # A build that fails leaves the old one as well, and nothing beside it.
    complaint(run("index", "build", place / "empty.abc", "--index", path, "--force"))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["tunes.db"]


def test_a_place_that_cannot_be_written_is_named(place: Path) -> None:
    below_a_file = place / "tunes.abc" / "index.db"
    said = complaint(run("index", "build", place / "tunes.abc", "--index", below_a_file))
    assert str(below_a_file) in said
    assert "cannot be written" in said


HOSTILE = {
    "parentheses": "(" * 300_000,
    "brackets": "[" * 300_000,
    "quotes": '"' * 300_001,
    "spaces": "C" + " " * 300_000 + "D",
    "one note": "C" * 300_000,
    "bar lines": "C|" * 20_000,
    "colons": ":" * 300_000,
    "lengths": "C" + "9" * 300_000,
    "slashes": "C" + "/" * 300_000,
    "huge lengths": "C9999 D9999/9999",
    "rest": "C|Z99999999|D",
    "numbers": "C0",
    "by zero": "C1/0",
    "inline": "[K:" * 100_000,
    "braces": "{" * 300_000,
    "carriage returns": "C\rD\rE",
    "marks": "C" + "," * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_music_is_checked_or_refused_in_time(place: Path, name: str) -> None:
    text = f"X:{'9' * 30}\nT:{name}\nM:4/4\nL:1/8\nK:G\n{HOSTILE[name]}\n"
    result = run("check", "--json", "--index", place / "tunes.db", stdin=text, timeout=60)
    assert result.returncode in (0, 2)
    assert "Traceback" not in result.stderr


def test_markup_in_a_title_is_printed_as_it_stands(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "markup.abc"
    path.write_text("X:1\nT:[red]x[/red] [/] :smile:\nK:G\nGAB|\n")
    result = run("check", path, "--index", place / "tunes.db")
    assert "[red]x[/red] [/] :smile:" in result.stdout
    build_index([path], tmp_path / "markup.db")
    result = run("figure", "C D", "--index", tmp_path / "markup.db")
    assert "[red]x[/red]" in result.stdout


def test_a_reader_that_goes_away_ends_the_command_quietly(place: Path) -> None:
    command = (
        f"{' '.join(map(shlex.quote, COMMAND))} check {place}/tunes.abc --index {place}/tunes.db"
    )
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 1
