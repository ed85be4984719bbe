"""The commands on a small corpus: what they print for people and for programs, and their help."""

from __future__ import annotations

import fcntl
import importlib
import math
import os
import pkgutil
import re
import struct
import subprocess
import termios
from pathlib import Path
from typing import Any

import click
import pytest
from rich.cells import cell_len

from tests import brute
from tests.commands import (
    KESH,
    MORRISONS,
    PYTHON,
    call,
    call_in_terminal,
    environment,
    every_command,
    index_of,
    run,
)
from tests.conftest import POST, ROOT
from tunetrace import __version__, commands
from tunetrace.tokenizer.vocabulary import V2_TOKENS

HIT = {"tune", "title", "corpus", "number", "meter", "key", "original_key", "link", "part",
       "bar", "ending", "onset", "context"}  # fmt: skip
NAME = {"tune", "title", "corpus", "number", "link"}
REJECT = {"corpus", "number", "title", "input", "line", "column", "reason", "kind"}
SPAN = {"notes", "tokens", "bars", "text", "part", "bar", "onset", "tunes", "families", "hits",
        "expected", "log10_expected", "by_chance", "examples", "first_token", "stop_token",
        "first_note", "stop_note", "places"}  # fmt: skip
INFO = {"path", "tunes", "tokens", "bars", "distinct_bars", "segments", "has_baseline", "corpora",
        "fingerprint", "has_families"}  # fmt: skip

KESH_HIT = {"tune": 1, "title": "The Kesh", "corpus": "session", "number": 3, "meter": "6/8",
            "key": "Cmaj", "original_key": "Gmaj", "link": None, "part": 1,
            "ending": None}  # fmt: skip
MORRISONS_HIT = {"tune": 2, "title": "Morrison's", "corpus": "session", "number": 7,
                 "meter": "6/8", "key": "Cdor", "original_key": "Edor", "link": None, "part": 1,
                 "ending": None}  # fmt: skip


ON_C = ("C 3 C D E | D 3 D E G |", "C 3 G 3 | C G C F D B, |")
MODEL = brute.BackoffModel(
    [tune.split() for tune in ON_C],
    [token for token in V2_TOKENS if not brute.is_wall(token)],
)


@pytest.fixture(scope="module")
def folder(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tunebook session.abc of two tunes and its index session.db."""
    folder = tmp_path_factory.mktemp("session")
    index_of(folder, KESH, MORRISONS)
    return folder


@pytest.fixture
def index(folder: Path) -> Path:
    return folder / "session.db"


EVERY = dict(every_command())
"""The commands and groups, by the words that call them."""

COMMANDS = [name for name, command in EVERY.items() if not isinstance(command, click.Group)]


# Figures and bars


def test_a_figure_is_shown_with_its_counts_and_places(index: Path) -> None:
    ended = call("figure", "C D E", "--index", index)
    assert (ended.code, ended.err) == (0, "")
    assert "1 of 2 tunes, once" in ended.out
    assert "expected by chance: 0.41 (rare)\n" in ended.out
    (row,) = [line for line in ended.out.splitlines() if "session:3" in line]
    assert " ".join(row.split()) == "session:3 The Kesh 1 1 3 C 3 C D E"


def test_a_figure_as_json_has_its_counts_and_places(index: Path) -> None:
    assert call("figure", "C D E", "--index", index, "--json").json == {
        "query": "C D E",
        "tunes": 1,
        "families": None,
        "hits": 1,
        "of": 2,
        "expected": pytest.approx(MODEL.expected(["C", "D", "E"], open_end=False)),
        "log10_expected": pytest.approx(
            math.log10(MODEL.expected(["C", "D", "E"], open_end=False))
        ),
        "results": [{**KESH_HIT, "bar": 1, "onset": "3", "context": "C 3 C D E"}],
        "view": "tokens",
        "asked": "C D E",
        "read_as": "tokens",
        "in_key": None,
        "remarks": [],
    }


def test_a_bar_is_shown_with_its_counts_and_places(index: Path) -> None:
    ended = call("bar", "C 3 G 3", "--index", index)
    assert (ended.code, ended.err) == (0, "")
    assert "1 of 2 tunes, once" in ended.out
    (row,) = [line for line in ended.out.splitlines() if "session:7" in line]
    assert " ".join(row.split()) == "session:7 Morrison's 1 1 0 C 3 G 3 | C G C F D B,"


def test_a_bar_as_json_has_its_counts_and_places(index: Path) -> None:
    assert call("bar", "C 3 G 3", "--index", index, "--json").json == {
        "query": "C 3 G 3",
        "tunes": 1,
        "families": None,
        "hits": 1,
        "of": 2,
        "expected": None,
        "log10_expected": None,
        "results": [{**MORRISONS_HIT, "bar": 1, "onset": "0", "context": "C 3 G 3 | C G C F D B,"}],
        "view": "tokens",
        "asked": "C 3 G 3",
        "read_as": "tokens",
        "in_key": None,
        "remarks": [],
    }


@pytest.mark.parametrize("command", ["figure", "bar"])
def test_what_stands_nowhere_is_no_error(index: Path, command: str) -> None:
    found = call(command, "^f ^f ^f", "--index", index, "--json").json
    expected, _ = found.pop("expected"), found.pop("log10_expected")
    assert found == {
        "query": "^f ^f ^f", "tunes": 0, "families": None, "hits": 0, "of": 2, "results": [],
        "view": "tokens", "asked": "^f ^f ^f", "read_as": "tokens", "in_key": None, "remarks": [],
    }  # fmt: skip
    assert expected is None if command == "bar" else 0 < expected < 0.1
    assert "none of 2 tunes" in call(command, "^f ^f ^f", "--index", index).out


@pytest.mark.parametrize(
    ("options", "hits", "of"),
    [
        (("--bar", "1"), 2, 2),
        (("--bar", "2"), 0, 2),
        (("--onset", "0"), 2, 2),
        (("--onset", "3/2"), 0, 2),
        (("--part", "2"), 0, 2),
        (("--key", "dor"), 1, 1),
        (("--key", "dorian"), 1, 1),
        (("--key", "C dorian"), 1, 1),
        (("--original-key", "G"), 1, 1),
        (("--original-key", "E dorian"), 1, 1),
        (("--meter", "6/8"), 2, 2),
        (("--key", "dor", "--title", "Kesh"), 0, 0),
        (("--title", "Kesh, The"), 1, 1),
        (("--corpus", "session"), 2, 2),
    ],
)
def test_filters_choose_tunes_and_places(
    index: Path, options: tuple[str, ...], hits: int, of: int
) -> None:
    found = call("figure", "C 3", *options, "--index", index, "--json").json
    assert (found["hits"], found["of"]) == (hits, of)


def test_limit_bounds_what_is_shown_and_not_what_is_counted(index: Path) -> None:
    found = call("figure", "C 3", "--limit", "1", "--index", index, "--json").json
    assert (found["tunes"], found["hits"], len(found["results"])) == (2, 2, 1)
    assert "1 more" in call("figure", "C 3", "--limit", "1", "--index", index).out


def test_open_end_counts_a_longer_last_note(index: Path) -> None:
    # C stands five times, two of them with a length: C 3 C, C 3, C and C.
    assert call("figure", "C", "--index", index, "--json").json["hits"] == 3
    assert call("figure", "C", "--open-end", "--index", index, "--json").json["hits"] == 5


# The index


def test_index_info_counts_tunes_tokens_and_bars(index: Path, folder: Path) -> None:
    info = call("index", "info", "--index", index, "--json").json
    corpora, fingerprint = info.pop("corpora"), info.pop("fingerprint")
    # 5 + 1 + 5 + 1 tokens and 4 + 1 + 6 + 1; headers do not count.
    assert info == {"path": str(index), "tunes": 2, "tokens": 24, "bars": 4, "distinct_bars": 4,
                    "segments": 1, "has_baseline": False, "has_families": False}  # fmt: skip
    (corpus,) = corpora
    added, sha256 = corpus.pop("added"), corpus.pop("sha256")
    assert corpus == {"name": "session", "tunes": 2, "tokens": 24, "bars": 4, "set_aside": 0,
                      "source": str(folder / "session.abc"), "licence": None,
                      "version": None, "set_aside_by": {}}  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", added)
    assert re.fullmatch(r"[0-9a-f]{64}", sha256)
    assert re.fullmatch(r"[0-9a-f]{64}", fingerprint)
    shown = call("index", "info", "--index", index)
    assert (shown.code, shown.err) == (0, "")
    for said in ("2 tunes", "24 tokens", "4 bars", f"fingerprint: {fingerprint}"):
        assert said in shown.out


def test_index_build_says_what_is_in_it_and_what_was_set_aside(tmp_path: Path) -> None:
    book = tmp_path / "book.abc"
    book.write_text(f"{KESH}\nX:8\nT:Bad\nK:G\nG[AB|\n")
    built = call("index", "build", book, "--index", tmp_path / "i.db", "--json").json
    assert built.keys() == INFO | {"set_aside"}
    assert (built["tunes"], built["tokens"], built["bars"]) == (1, 12, 2)
    (bad,) = built["set_aside"]
    assert bad.keys() == REJECT
    assert (bad["input"], bad["line"], bad["column"]) == (str(book), 11, 2)
    shown = call("index", "build", book, "--index", tmp_path / "j.db")
    assert (shown.code, shown.err) == (0, "")
    assert re.search(r"^book +2 +1 +1 +\w[\w ]+ 1$", shown.out, re.MULTILINE)
    assert "1 tune set aside" in shown.out
    assert f"{book}:11:2: the chord" in shown.out


# The check


def test_a_check_as_json_has_these_fields_and_no_others(index: Path, folder: Path) -> None:
    report = call("check", folder / "session.abc", "--index", index, "--json").json
    assert report.keys() == {"tunes", "set_aside"}
    assert report["set_aside"] == []
    for tune in report["tunes"]:
        assert tune.keys() == {
            "place", "input", "line", "number", "title", "meter", "key", "original_key", "remarks",
            "notes", "bar_count", "verdict", "identical_to", "same_parts", "longest_notes",
            "longest_span", "copied_share", "copied_from", "most_from", "most_share", "uniqueness",
            "novelty", "creativity", "originality", "bars_in_corpus", "bars_same_position",
            "duplicate_of", "near_duplicate_of", "standing", "spans", "sources", "bars", "music",
            "view", "similarity", "most_similar", "near_copies",
        }  # fmt: skip
        assert tune["verdict"].keys() == {"kind", "text"}
        for span in (tune["longest_span"], *tune["spans"]):
            assert span.keys() == SPAN
            assert all(name.keys() == NAME for name in span["examples"])
            assert all(hit.keys() == HIT for hit in span["places"])
        assert list(tune["copied_share"]) == ["8", "12", "16", "24", "32"]
        assert tune["most_from"].keys() == NAME | {"meter", "key"}
        for bar in tune["bars"]:
            assert bar.keys() == {"part", "bar", "ending", "text", "tunes", "families", "hits",
                                  "same_position", "rarest_figure", "examples"}  # fmt: skip
            assert bar["rarest_figure"] is None or (
                bar["rarest_figure"].keys() == {"text", "tunes", "hits"}
            )
            assert all(name.keys() == NAME for name in bar["examples"])
        for source in tune["sources"]:
            assert source.keys() == NAME | {
                "bars_shared", "family", "longest_span_notes", "notes_shared", "bits", "stretches",
                "aspect", "scope",
            }  # fmt: skip
            for stretch in source["stretches"]:
                assert stretch.keys() == {"first_token", "stop_token", "first_note", "stop_note",
                                          "source_token"}  # fmt: skip
        same = NAME | {"own_part", "part", "meter", "key"}
        assert all(name.keys() == same for name in tune["identical_to"])


def test_a_check_of_a_tune_of_the_corpus_finds_all_of_it(index: Path) -> None:
    report = call("check", "--index", index, "--json", stdin=KESH.encode()).json
    (tune,) = report["tunes"]
    name = {"tune": 1, "title": "The Kesh", "corpus": "session", "number": 3, "link": None}
    assert {key: tune[key] for key in ("title", "number", "meter", "key", "original_key")} == {
        "title": "The Kesh", "number": 3, "meter": "6/8", "key": "Cmaj", "original_key": "Gmaj",
    }  # fmt: skip
    assert tune["notes"] == 8
    assert tune["verdict"] == {"kind": "whole", "text": "This is The Kesh (session:3)."}
    whole = {"own_part": 0, "part": 0, "meter": None, "key": None}
    assert tune["identical_to"] == [{**name, **whole}]
    assert tune["same_parts"] == []
    like = {**name, "meter": None, "key": None}
    assert (tune["most_from"], tune["most_share"], tune["copied_from"]) == (like, 1.0, 1)
    assert tune["standing"] is None
    assert tune["spans"] == [tune["longest_span"]]
    expected = tune["longest_span"].pop("expected")
    assert 0 < expected < 1
    assert tune["longest_span"] == {
        "notes": 8, "tokens": 11, "bars": 2, "text": "C 3 C D E | D 3 D E G", "part": 1, "bar": 1,
        "onset": "0", "tunes": 1, "families": None, "hits": 1,
        "log10_expected": pytest.approx(math.log10(expected)),
        "by_chance": pytest.approx(8 * expected), "examples": [name],
        "first_token": 2, "stop_token": 13, "first_note": 0, "stop_note": 8,
        "places": [{**KESH_HIT, "bar": 1, "onset": "0", "context": "C 3 C D E | D 3 D E G"}],
    }  # fmt: skip
    assert tune["copied_share"] == {"8": 1.0, "12": 0.0, "16": 0.0, "24": 0.0, "32": 0.0}
    assert tune["novelty"] == [0.0] * 12
    assert [
        (bar["text"], bar["tunes"], bar["hits"], bar["same_position"]) for bar in tune["bars"]
    ] == [("C 3 C D E", 1, 1, 1), ("D 3 D E G", 1, 1, 1)]
    assert tune["sources"][0].pop("bits") == pytest.approx(-math.log2(expected))
    assert tune["sources"][0] == {
        **name, "aspect": "exact", "scope": "whole",
        "bars_shared": 2, "family": None, "longest_span_notes": 8, "notes_shared": 8,
        "stretches": [{"first_token": 2, "stop_token": 13, "first_note": 0, "stop_note": 8,
                       "source_token": 2}],
    }  # fmt: skip


def test_a_tune_of_which_nothing_stands_in_the_corpus_has_no_longest_span(index: Path) -> None:
    new = b"M:4/4\nK:Cmaj\n^f ^f ^f ^f ^f ^f ^f ^f |\n"
    (tune,) = call("check", "--index", index, "--json", stdin=new).json["tunes"]
    assert tune["longest_span"] is None
    assert tune["spans"] == tune["sources"] == tune["identical_to"] == []
    assert tune["bars"][0]["rarest_figure"] == {"text": "^f ^f ^f", "tunes": 0, "hits": 0}
    shown = call("check", "--index", index, stdin=new)
    assert (shown.code, shown.err) == (0, "")
    assert "none" in shown.out


def test_a_check_is_shown_in_the_tune_s_own_key(index: Path) -> None:
    shown = call("check", "--index", index, stdin=KESH.encode())
    assert (shown.code, shown.err) == (0, "")
    assert "G 3 G A B" in shown.out
    assert "The Kesh (session:3)" in shown.out


# All of them


def test_a_real_process_prints_the_same(index: Path) -> None:
    arguments = ("figure", "C D E", "--index", index)
    assert run(*arguments) == call(*arguments)


def test_a_missing_choice_is_told_with_the_choices_on_one_line() -> None:
    assert call("model", "plot").refusal == (
        "Missing argument 'KIND'. Choose from: softmax, tokens, layer, histogram, sorted, "
        "extremes, spectrum, units, gramian, memory, weights; see 'tunetrace model plot --help'"
    )


def test_the_version_is_told() -> None:
    assert call("--version").out.split()[-1] == __version__


def test_a_command_that_a_file_defines_can_be_called() -> None:
    names = [
        found.name for found in pkgutil.walk_packages(commands.__path__, "tunetrace.commands.")
    ]
    defined = {
        value.callback
        for module in map(importlib.import_module, names)
        for value in vars(module).values()
        if isinstance(value, click.Command)
    }
    assert {command.callback for command in EVERY.values()} == defined


@pytest.mark.parametrize("name", EVERY)
def test_a_group_lists_each_command_with_a_whole_sentence(name: str) -> None:
    *group, word = name.split()[1:]
    listed = call(*group, "--help").out.partition("Commands:\n")[2]
    (line,) = [line for line in listed.splitlines() if line.split()[0] == word]
    assert line.endswith(".")
    assert not line.endswith("..")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example(name: str) -> None:
    ended = call(*name.split()[1:], "--help")
    assert (ended.code, ended.err) == (0, "")
    examples = [line for line in ended.out.splitlines() if line.strip().startswith(name)]
    assert examples


@pytest.mark.parametrize("arguments", [(), ("index",)])
def test_a_group_without_a_command_shows_its_help_as_it_is(arguments: tuple[str, ...]) -> None:
    ended = call(*arguments)
    assert ended.out + ended.err == call(*arguments, "--help").out


def lines_too_wide(printed: str, *paths: Any) -> list[str]:
    """The lines of more than 80 columns that show none of the paths."""
    return [
        line
        for line in printed.splitlines()
        if cell_len(line) > 80 and not any(str(path) in line for path in paths)
    ]


PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
         if page.stem != "benchmarks"]  # fmt: skip
"""The pages that show commands; the one on benchmarks has tables of programs."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_that_the_docs_show_can_be_called(page: Path) -> None:
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    shown = re.findall(r"(?:^|^\$ |\| )(tunetrace [^|>#\n]+)", "\n".join(blocks), re.MULTILINE)
    for line in shown:
        path = [name for name in EVERY if f"{line} ".startswith(f"{name} ")]
        assert path, line
        known = {option for param in EVERY[path[-1]].params for option in param.opts}
        assert set(re.findall(r"(?<= )--[a-z-]+", line)) <= known | {"--help"}, line


def test_an_option_that_the_docs_name_can_be_given() -> None:
    known = {option for command in EVERY.values() for param in command.params
             for option in param.opts}  # fmt: skip
    for page in PAGES:
        named = re.findall(r"`(?:tunetrace[^`]* )?(--[a-z][a-z-]*)", page.read_text("utf-8"))
        assert set(named) <= known | {"--help", "--version"}, page


@pytest.mark.parametrize("name", [*EVERY, "tunetrace"])
def test_help_fits_80_columns(name: str) -> None:
    assert lines_too_wide(call(*name.split()[1:], "--help").out) == []


LONG = "The Humours of Ballyloughlin and of Every Other Place, as Played by the Whole Session"


@pytest.fixture(scope="module")
def long_names(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of a tune with a long title in a corpus with a long name, 14 notes."""
    folder = tmp_path_factory.mktemp("long")
    tune = KESH.replace("The Kesh", LONG).replace("X:3", "X:1234567")
    wide = KESH.replace("The Kesh", "漢字" * 40).replace("X:3", "X:4")
    return index_of(
        folder, tune.replace("ABd|\n", "ABd|dcd efg|\n"), wide, MORRISONS,
        name="every_tune_that_the_session_in_ballyloughlin_plays",
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ("figure", "C 3 C D E"),
        ("bar", "C 3 C D E"),
        ("find", 'opening "C 3 C D E" and "D E G"'),
        ("next", "C", "--bars", "2"),
        ("next", "^f ^f", "--notes", "9", "--before"),
        ("index", "info"),
        ("check", "BOOK"),
        ("check", "BOOK", "--brief"),
        ("check", str(POST)),
        ("tune", LONG),
        ("tokenize", "BOOK", "--explain"),
    ],
)
def test_what_is_shown_in_a_terminal_fits_its_80_columns(
    long_names: Path, arguments: tuple[str, ...]
) -> None:
    book = long_names.with_suffix(".abc")
    arguments = tuple(word.replace("BOOK", str(book)) for word in arguments)
    index = () if arguments[0] == "tokenize" else ("--index", long_names)
    ended = call_in_terminal(*arguments, *index)
    assert (ended.code, ended.err) == (0, "")
    # Paths and a tune's text as it was found stay whole, so that they can be copied.
    assert lines_too_wide(ended.out, long_names, book, f"T:{LONG}") == []


@pytest.mark.parametrize("options", [(), ("--limit", "1")])
def test_a_hit_in_a_pipe_is_a_line_with_its_whole_title_and_what_finds_it_again(
    long_names: Path, options: tuple[str, ...]
) -> None:
    name = f"{long_names.stem}:1234567"
    shown = call("figure", "C 3 C D E", *options, "--index", long_names).out
    (row,) = [line for line in shown.splitlines() if name in line]
    assert re.split(r" {2,}", row.strip()) == [name, LONG, "1", "1", "0", "C 3 C D E"]
    assert f"─ {LONG} ─" in call("tune", name, "--index", long_names).out


def test_a_pipe_gets_whole_lines_whatever_colours_and_columns_are_asked_for(
    long_names: Path,
) -> None:
    shown = call("figure", "C 3 C D E", "--index", long_names,
                 env={"FORCE_COLOR": "1", "COLUMNS": "40", "TERM": "dumb"}).out  # fmt: skip
    assert LONG in shown
    assert f"{long_names.stem}:4 " in shown


def test_a_hit_in_a_terminal_is_named_by_its_corpus_and_number_however_long(
    long_names: Path,
) -> None:
    shown = call_in_terminal("figure", "C 3 C D E", "--limit", "1", "--index", long_names).out
    table = shown[shown.index("─\n") :].splitlines()[1:]
    first = "".join(line.split(" ")[0] for line in table if line[:1] != "…")
    assert first == f"{long_names.stem}:1234567"


def test_the_width_of_a_table_is_that_of_the_terminal(long_names: Path) -> None:
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    env = {name: value for name, value in environment().items() if name != "COLUMNS"}
    command = [*PYTHON, "figure", "C 3 C D E", "--index", long_names]
    subprocess.run(command, stdin=slave, stdout=slave, env={**env, "TERM": "xterm"}, check=True)
    os.close(slave)
    shown = os.read(master, 1 << 16).decode()
    os.close(master)
    ruled = max(re.findall("─+", shown), key=len)
    assert 50 < len(ruled) <= 60


def test_the_brief_table_cuts_no_number_where_titles_are_long(long_names: Path) -> None:
    book = long_names.with_suffix(".abc")
    shown = call("check", book, "--brief", "--index", long_names).out
    row = next(line for line in shown.splitlines() if "Humours" in line)
    # Place, notes, longest span, and the shares in spans of 8 and 12 notes or more.
    assert row.split()[:5] == ["1", "14", "14", "100%", "100%"]
