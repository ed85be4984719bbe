"""What a user can get wrong: each ends in one sentence that says what to do, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, index_of, run


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("session"), KESH, MORRISONS)


# Inputs

BAD_FILES = {
    "binary": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
    "utf-16 without a mark": (KESH.encode("utf-16-le"), "binary"),
    "empty": (b"", "empty"),
    "blank": (b" \n\t\r\n\n", "empty"),
    "a letter": (b"Dear Sir,\n\nplease find no tune in this.\n", "the input has no tune"),
    "no key": (b"X:1\nT:Keyless\nM:4/4\nL:1/8\nGABc|\n", "no K: field"),
    "a header": (b"X:1\nT:Silent\nM:4/4\nL:1/8\nK:G\n", "no notes"),
    "a folk-rnn header": (b"M:4/4\nK:Cmaj\n", "but no notes"),
}


@pytest.mark.parametrize(("content", "says"), BAD_FILES.values(), ids=BAD_FILES)
@pytest.mark.parametrize("command", [("check",), ("index", "build")], ids=["check", "build"])
def test_a_file_without_a_tune_is_refused_by_its_name(
    tmp_path: Path, index: Path, command: tuple[str, ...], content: bytes, says: str
) -> None:
    path = tmp_path / "bad.abc"
    path.write_bytes(content)
    place = index if command == ("check",) else tmp_path / "new.db"
    refusal = call(*command, path, "--index", place).refusal
    assert says in refusal
    assert str(path) in refusal
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("content", "says"), BAD_FILES.values(), ids=BAD_FILES)
def test_standard_input_without_a_tune_is_refused_as_such(
    index: Path, content: bytes, says: str
) -> None:
    refusal = call("check", "--index", index, stdin=content).refusal
    assert says in refusal
    assert "standard input" in refusal


def test_a_missing_file_is_named_and_exits_2(tmp_path: Path, index: Path) -> None:
    missing = tmp_path / "no  where.abc"
    for ended in (
        run("check", missing, "--index", index),
        call("index", "build", missing, "--index", tmp_path / "new.db"),
    ):
        assert str(missing) in ended.refusal
        assert "no such file" in ended.refusal


def test_a_name_that_is_neither_file_nor_corpus_is_told_the_corpora(tmp_path: Path) -> None:
    refusal = call("index", "build", "oneils", "--index", tmp_path / "new.db").refusal
    assert refusal.startswith("oneils: ")
    assert refusal.endswith("the nearest is oneills")
    refusal = call("index", "build", "xyzzy", "--index", tmp_path / "new.db").refusal
    assert "oneills, airds, ryans" in refusal


@pytest.mark.parametrize("command", [("check",), ("index", "build")], ids=["check", "build"])
@pytest.mark.parametrize("name", ["", "C" * 3000], ids=["no name", "a name too long"])
def test_a_name_that_no_file_can_have_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    index: Path,
    command: tuple[str, ...],
    name: str,
) -> None:
    # "$FILE" of a variable that is not set, and a tune where its file is asked for.
    (tmp_path / "kesh.abc").write_text(KESH)
    monkeypatch.chdir(tmp_path)
    place = index if command == ("check",) else tmp_path / "new.db"
    assert call(*command, name, "--index", place).refusal


@pytest.mark.parametrize("command", [("check",), ("index", "build")], ids=["check", "build"])
def test_a_folder_without_tunebooks_is_refused(
    tmp_path: Path, index: Path, command: tuple[str, ...]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"\x89PNG")
    place = index if command == ("check",) else tmp_path / "new.db"
    refusal = call(*command, folder, "--index", place).refusal
    assert str(folder) in refusal
    assert ".abc" in refusal


def test_a_check_of_nothing_but_unreadable_tunes_names_the_first(
    tmp_path: Path, index: Path
) -> None:
    path = tmp_path / "bad.abc"
    path.write_text("X:1\nT:A\nK:G\nGA[B|\n\nX:2\nT:B\nK:G\nG A {B\n")
    ended = run("check", path, "--index", index)
    assert f"{path}:4:3" in ended.refusal
    assert "the chord opened with '['" in ended.refusal


def test_a_check_of_nothing_but_unreadable_tunes_fails_as_json_too(
    tmp_path: Path, index: Path
) -> None:
    path = tmp_path / "bad.abc"
    path.write_text("X:1\nT:A\nK:G\nGA[B|\n")
    ended = call("check", path, "--json", "--index", index)
    assert ended.code == 2
    assert ended.err.startswith(f"tunetrace: no tune can be checked; {path}:4:3: ")


# Figures, bars and filters

BAD_FIGURES = {
    "unknown token": ("C D ^^^F", "'^^^F' is not a token; the nearest are ^F"),
    "words": ("the kesh", "'the' is not a token"),
    "a chord that is not closed": ("GA[Bc", "column 3: the chord opened with '['"),
    "a length without a note": ("GAB |2/0", "cannot be read"),
    "two keys": ("K:G GAB [K:D] c", "the key changes inside the figure"),
    "a key that is none": ("K:H GAB", "cannot be read"),
    "only a length": ("2", "no note"),
    "only lengths and bar lines": ("| /2 >", "no note"),
    "empty": ("", "empty"),
    "blank": (" \t ", "empty"),
    "meter": ("C D M:4/4", "--meter"),
    "key": ("C K:Cmaj", "'K:Cmaj'"),
    "frame": ("<s> C", "'<s>'"),
    "choice not closed": ("{c C", "column"),
    "choice not opened": ("c C}", "column 4"),
    "empty choice": ("{} C", "column"),
    "question mark alone": ("? C", "column 1"),
    "any token of any length": ("C *?", "column"),
    "length of any length": ("C 2?", "'2?' has no length"),
    "bar line of any length": ("C {| G}?", "'|?' has no length"),
    "unknown token in a choice": ("{c H}", "'H' is not a token"),
    "too long": ("C " * 1001, "1,001 tokens"),
}


@pytest.mark.parametrize(("figure", "says"), BAD_FIGURES.values(), ids=BAD_FIGURES)
@pytest.mark.parametrize("command", ["figure", "bar"])
def test_a_figure_that_means_nothing_is_refused(
    index: Path, command: str, figure: str, says: str
) -> None:
    assert says in call(command, figure, "--index", index).refusal


@pytest.mark.parametrize("text", ["C D | E", "|: C | D", "CD|EF", "C {| D}"])
def test_a_bar_with_a_bar_line_in_it_is_refused(index: Path, text: str) -> None:
    assert "searched without its bar lines" in call("bar", text, "--index", index).refusal


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--corpus", "nowhere"), "no corpus 'nowhere'; its corpora are session"),
        (("--key", "H"), "'H' is not a key"),
        (("--key", ""), "maj, min, dor"),
        (("--key", "Edor"), "or give the key in its source (--original-key)"),
        (("--original-key", "h moll"), "'h moll' is not a key; write this German name as Bm"),
        (("--meter", "4/x"), "'4/x' is not a meter; write M: as 6/8, 4/4, C, C| or none"),
        (("--meter", "waltz"), "'waltz' is not a meter, but a dance; its meter is 3/4"),
        (("--meter", "Reels"), "'Reels' is not a meter, but a dance; its meter is 4/4 or C|"),
        (("--meter", "4/0"), "4/0"),
        (("--onset", "x"), "'x'"),
        (("--onset", "1/0"), "'1/0'"),
        (("--onset", "nan"), "'nan'"),
        (("--onset", "-1"), "-1"),
        (("--part", "0"), "--part"),
        (("--part", "one"), "--part"),
        (("--bar", "-1"), "--bar"),
        (("--limit", "-1"), "--limit"),
    ],
)
@pytest.mark.parametrize("command", ["figure", "bar"])
def test_a_filter_that_means_nothing_is_refused(
    index: Path, command: str, options: tuple[str, ...], says: str
) -> None:
    assert says in call(command, "C D E", *options, "--index", index).refusal


def test_a_figure_that_means_nothing_ends_a_real_process_so_too(index: Path) -> None:
    assert "'^^^F' is not a token" in run("figure", "C D ^^^F", "--index", index).refusal


# The options of check


@pytest.mark.parametrize("name", ["99", "session:99", "nowhere:3", "The Cash", "\udcff:1"])
def test_an_excluded_tune_that_the_index_lacks_is_named(index: Path, name: str) -> None:
    ended = call("check", "--exclude-tune", name, "--index", index, stdin=KESH.encode())
    assert "there is no tune" in ended.refusal


@pytest.mark.parametrize("share", ["1.5", "-0.1", "half", "nan"])
def test_a_share_that_is_none_is_refused(index: Path, share: str) -> None:
    ended = call("check", "--fail-over", share, "--index", index, stdin=KESH.encode())
    assert "--fail-over" in ended.refusal


# No index

NEEDS_INDEX = {
    "figure": ("figure", "C"),
    "bar": ("bar", "C"),
    "check": ("check",),
    "info": ("index", "info"),
}


@pytest.mark.parametrize("arguments", NEEDS_INDEX.values(), ids=NEEDS_INDEX)
def test_without_an_index_it_is_said_how_to_get_one(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    named = tmp_path / "none.db"
    home = tmp_path / "home"
    for ended, place in (
        (call(*arguments, "--index", named, stdin=KESH.encode()), named),
        (call(*arguments, stdin=KESH.encode(), env={"TUNETRACE_INDEX": str(named)}), named),
        (call(*arguments, stdin=KESH.encode(), env={"XDG_DATA_HOME": str(home)}), home),
    ):
        assert ended.refusal.startswith(str(place))
        assert "tunetrace index build" in ended.refusal
    assert list(tmp_path.iterdir()) == []


def test_without_an_index_a_real_process_says_how_to_get_one(tmp_path: Path) -> None:
    ended = run("figure", "C", env={"TUNETRACE_INDEX": str(tmp_path / "none.db")})
    assert "tunetrace index build" in ended.refusal


@pytest.mark.parametrize("arguments", NEEDS_INDEX.values(), ids=NEEDS_INDEX)
def test_a_folder_is_no_index(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = call(*arguments, "--index", tmp_path, stdin=KESH.encode())
    assert ended.refusal.startswith(str(tmp_path))


# The command line itself


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("chek",), "'chek'"),
        (("index", "bild"), "'bild'"),
        (("--indx", "a.db"), "'--indx'"),
        (("figure", "C", "--ky", "dor"), "'--ky'"),
        (("figure",), "'FIGURE'"),
        (("bar",), "'BAR'"),
        (("figure", "C", "D"), "(D)"),
        (("figure", "C", "--index"), "'--index'"),
        (("check", "--format", "mei"), "'mei'"),
        (("index", "info", "extra"), "(extra)"),
    ],
)
def test_a_command_line_that_is_none_is_refused_with_the_way_to_help(
    arguments: tuple[str, ...], says: str
) -> None:
    refusal = call(*arguments).refusal
    assert says in refusal
    assert "--help" in refusal


def test_an_unknown_option_ends_a_real_process_so_too() -> None:
    assert "--help" in run("check", "--fast").refusal
