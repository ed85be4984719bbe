"""The commands on a small corpus: what they print, what their JSON has, how they end."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.processes import COMMAND, complaint, run
from tunetrace import build_index

TUNES = """\
X:1
T:The Kesh
M:6/8
L:1/8
K:G
|:G3 GAB|A3 ABd|edd gdd|edB dBA|
G3 GAB|A3 ABd|edd gdB|AGF G3:|

X:2
T:Cooley's
M:4/4
L:1/8
K:Edor
EBBA B2EB|B2AB dBAG|FDAD BDAD|FDAD dAFD|
"""

# Twelve notes of The Kesh, then twelve of nobody's.
HALF = "X:7\nT:Half\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3 ABd|edd g^cc|^cAF ^cEE|^cAF|\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    (folder / "tunes.abc").write_text(TUNES)
    (folder / "half.abc").write_text(HALF)
    build_index([folder / "tunes.abc"], folder / "tunes.db")
    return folder


def asked(place: Path, *arguments: str | Path, stdin: str = "", code: int = 0) -> str:
    result = run(*arguments, "--index", place / "tunes.db", stdin=stdin)
    assert (result.returncode, result.stderr) == (code, "")
    assert all(len(line) <= 80 for line in result.stdout.splitlines() if "{" not in line)
    return result.stdout


def as_json(place: Path, *arguments: str | Path, stdin: str = "", code: int = 0) -> Any:
    result = run(*arguments, "--json", "--index", place / "tunes.db", stdin=stdin)
    assert (result.returncode, result.stderr) == (code, "")
    return json.loads(result.stdout)


HIT = {"tune", "title", "corpus", "number", "meter", "key", "original_key", "part", "bar",
       "ending", "onset", "context"}  # fmt: skip
SPAN = {"notes", "tokens", "bars", "text", "part", "bar", "onset", "tunes", "hits", "examples"}


def test_figure_says_where_a_figure_stands(place: Path) -> None:
    # The Kesh on C: |: C 3 C D E | D 3 D E G | A G G c G G | ...
    found = as_json(place, "figure", "C D E | D 3")
    assert set(found) == {"query", "tunes", "hits", "of", "results"}
    assert (found["query"], found["tunes"], found["hits"], found["of"]) == ("C D E | D 3", 1, 2, 2)
    first, second = found["results"]
    assert set(first) == HIT
    assert first == {
        "tune": 1, "title": "The Kesh", "corpus": "tunes", "number": 1, "meter": "6/8",
        "key": "Cmaj", "original_key": "Gmaj", "part": 1, "bar": 1, "ending": None, "onset": "3",
        "context": "C 3 C D E | D 3 D E G",
    }  # fmt: skip
    assert (second["bar"], second["onset"]) == (5, "3")
    shown = asked(place, "figure", "C D E | D 3")
    assert "stands in 1 of 2 tunes, twice" in shown
    assert "The Kesh" in shown
    assert "stands in none of 2 tunes" in asked(place, "figure", "^f ^f")


def test_bar_says_where_a_bar_stands(place: Path) -> None:
    found = as_json(place, "bar", "C 3 C D E")
    assert (found["tunes"], found["hits"]) == (1, 2)
    assert [hit["bar"] for hit in found["results"]] == [1, 5]
    assert found["results"][0]["context"] == "C 3 C D E | D 3 D E G"
    assert as_json(place, "bar", "C 3 * * E")["hits"] == 2
    assert as_json(place, "bar", "C 3 C D")["hits"] == 0
    assert "stands in 1 of 2 tunes, twice" in asked(place, "bar", "C? C D E")


def test_filters_are_taken_from_the_command_line(place: Path) -> None:
    for options, hits in (
        (["--bar", "5"], 1),
        (["--bar", "5", "--onset", "3"], 1),
        (["--onset", "7/2"], 0),
        (["--part", "2"], 0),
        (["--meter", "6/8", "--key", "maj", "--corpus", "tunes", "--title", "kesh"], 2),
        (["--key", "dor"], 0),
    ):
        assert as_json(place, "figure", "C D E", *options)["hits"] == hits, options
    assert as_json(place, "figure", "C D E", "--key", "dor")["of"] == 1
    assert len(as_json(place, "figure", "C D E", "--limit", "1")["results"]) == 1


def test_check_says_what_is_copied(place: Path) -> None:
    report = as_json(place, "check", place / "half.abc")
    assert set(report) == {"tunes", "set_aside"}
    assert report["set_aside"] == []
    (tune,) = report["tunes"]
    assert set(tune) == {
        "title", "number", "meter", "key", "original_key", "notes", "identical_to",
        "longest_span", "spans", "copied_share", "novelty", "bars", "sources", "music",
    }  # fmt: skip
    assert (tune["title"], tune["number"], tune["original_key"]) == ("Half", 7, "Gmaj")
    # G3 GAB|A3 ABd|edd g stand in The Kesh: 4 + 4 + 4 of 23 notes.
    assert tune["notes"] == 23
    assert set(tune["longest_span"]) == SPAN
    assert tune["longest_span"]["notes"] == 12
    assert tune["longest_span"]["text"] == "C 3 C D E | D 3 D E G | A G G c"
    assert tune["copied_share"] == {
        "8": pytest.approx(12 / 23), "12": pytest.approx(12 / 23), "16": 0, "24": 0, "32": 0,
    }  # fmt: skip
    assert all(set(span) == SPAN for span in tune["spans"])
    assert all(set(hit) == HIT for span in tune["spans"] for hit in span["examples"])
    assert all(set(point) == {"n", "absent"} for point in tune["novelty"])
    bar = tune["bars"][0]
    assert set(bar) == {"part", "bar", "ending", "text", "tunes", "hits", "same_position",
                        "rarest_figure", "examples"}  # fmt: skip
    assert (bar["text"], bar["tunes"], bar["hits"], bar["same_position"]) == ("C 3 C D E", 1, 2, 1)
    assert set(bar["rarest_figure"]) == {"text", "tunes", "hits"}
    assert tune["sources"][0] == {
        "tune": 1, "title": "The Kesh", "corpus": "tunes", "number": 1, "bars_shared": 2,
        "longest_span_notes": 12, "notes_shared": 12,
    }  # fmt: skip


def test_check_prints_a_report_in_the_tunes_own_key(place: Path) -> None:
    shown = asked(place, "check", place / "half.abc")
    assert "shown in Gmaj; compared on C" in shown
    assert "G 3 G A B | A 3 A B d | e d d g" in shown
    assert "52% of its notes in spans of 8 or more, 52% of 12, 0% of 16" in shown
    assert "The Kesh (tunes:1)" in shown


def test_brief_prints_a_line_a_tune(place: Path) -> None:
    lines = asked(place, "check", place / "tunes.abc", place / "half.abc", "--brief").splitlines()
    assert len(lines) == 2 + 3
    assert "= The Kesh" in lines[2]
    assert "Half" in lines[4]


def test_check_reads_standard_input(place: Path) -> None:
    for arguments in (["check"], ["check", "-"]):
        assert as_json(place, *arguments, stdin=HALF)["tunes"][0]["title"] == "Half"


def test_tunes_that_cannot_be_read_are_listed_and_the_others_checked(place: Path) -> None:
    text = HALF + "\nX:8\nT:Bad\nK:G\nG[AB|\n"
    report = as_json(place, "check", stdin=text)
    assert len(report["tunes"]) == 1
    assert report["set_aside"] == [
        {
            "input": "standard input", "line": 11, "column": 2,
            "reason": "the chord opened with '[' is never closed; add ']' before the bar line",
        }
    ]  # fmt: skip
    shown = run("check", "--index", place / "tunes.db", stdin=text).stdout
    assert "1 tune set aside:" in shown
    assert "standard input:11:2: the chord" in shown


def test_with_no_tune_left_json_still_lists_what_was_set_aside(place: Path) -> None:
    result = run("check", "--json", "--index", place / "tunes.db", stdin="X:1\nK:G\nG[AB\n")
    assert result.returncode == 2
    assert len(json.loads(result.stdout)["set_aside"]) == 1
    assert result.stderr.startswith("tunetrace: no tune can be checked")


@pytest.mark.parametrize(
    ("share", "code"), [("0.5", 1), ("0.52", 1), ("0.53", 0), ("1", 0), ("0", 1)]
)
def test_fail_over_exits_1_where_more_is_copied(place: Path, share: str, code: int) -> None:
    # 12 of 23 notes are 0.5217…
    asked(place, "check", place / "half.abc", "--fail-over", share, code=code)


def test_what_is_excluded_is_not_found(place: Path) -> None:
    for options in (
        ["--exclude-tune", "1"],
        ["--exclude-tune", "tunes:1"],
        ["--exclude-tune", "Kesh"],
        ["--exclude-title", "Kesh, The"],
    ):
        (tune,) = as_json(place, "check", place / "half.abc", *options)["tunes"]
        assert tune["copied_share"]["12"] == 0
        assert "The Kesh" not in [source["title"] for source in tune["sources"]]


def test_index_info_counts_what_is_there(place: Path) -> None:
    info = as_json(place, "index", "info")
    assert set(info) == {"path", "tunes", "tokens", "bars", "distinct_bars", "segments", "corpora"}
    # The Kesh has 8 bars, 1 + 7 + 1 bar lines; two of them come twice. Cooley's has 4, all its own.
    assert (info["tunes"], info["bars"], info["distinct_bars"], info["segments"]) == (2, 12, 10, 1)
    (corpus,) = info["corpora"]
    assert (corpus["name"], corpus["tunes"], corpus["set_aside"]) == ("tunes", 2, 0)
    assert "2 tunes" in run("index", "info", "--index", place / "tunes.db").stdout


def test_the_environment_names_the_index(place: Path) -> None:
    result = run("figure", "C D E", env={"TUNETRACE_INDEX": str(place / "tunes.db")})
    assert "stands in 1 of 2 tunes" in result.stdout


def test_check_imports_no_heavy_library_and_the_package_none(place: Path) -> None:
    script = (
        "import sys, tunetrace\n"
        "assert not {'sqlalchemy', 'numpy', 'rich', 'click'} & set(sys.modules)\n"
        f"with tunetrace.open_index({str(place / 'tunes.db')!r}) as index:\n"
        f"    tunetrace.check_files([{str(place / 'half.abc')!r}], index)\n"
        "heavy = {'torch', 'music21', 'matplotlib', 'pydivsufsort', 'verovio', 'dask'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# Building


def test_build_prints_what_it_built(place: Path, tmp_path: Path) -> None:
    result = run("index", "build", place / "tunes.abc", "--json", "--index", tmp_path / "i.db")
    record = json.loads(result.stdout)
    assert (record["tunes"], record["set_aside"], result.stderr) == (2, [], "")
    result = run("index", "build", "-", "--index", tmp_path / "j.db", stdin=TUNES)
    assert "2 tunes" in result.stdout
    assert "stdin" in result.stdout


def test_progress_is_shown_on_a_terminal_and_only_there(place: Path, tmp_path: Path) -> None:
    main, other = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "index", "build", "oneills", "--index", str(tmp_path / "i.db")],
        stdout=subprocess.PIPE, stderr=other, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(other)
    shown = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:  # the other end was closed
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    assert process.stdout is not None
    process.stdout.read()
    process.stdout.close()
    assert process.wait() == 0
    assert b"oneills" in shown
    quiet = run("index", "build", place / "tunes.abc", "--index", tmp_path / "j.db")
    assert quiet.stderr == ""


def started_build(folder: Path, *options: str) -> subprocess.Popen[str]:
    """A build that has begun to write: of standard input, which stays open."""
    process = subprocess.Popen(
        [*COMMAND, "index", "build", "-", "--index", str(folder / "i.db"), *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list(folder.glob("i.db.building-*")):
        assert process.poll() is None
        time.sleep(0.02)
    return process


def test_an_interrupted_build_ends_quietly_and_leaves_nothing(tmp_path: Path) -> None:
    process = started_build(tmp_path)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors.strip()) == (130, "", "")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_build_leaves_the_old_index_and_the_next_clears_up(
    place: Path, tmp_path: Path
) -> None:
    old = (place / "tunes.db").read_bytes()
    (tmp_path / "i.db").write_bytes(old)
    process = started_build(tmp_path, "--force")
    process.kill()
    process.communicate()
    assert (tmp_path / "i.db").read_bytes() == old
    assert len(list(tmp_path.iterdir())) == 2
    assert "--force" in complaint(run("index", "build", place / "tunes.abc",
                                      "--index", tmp_path / "i.db"))  # fmt: skip
    run("index", "build", place / "tunes.abc", "--index", tmp_path / "i.db", "--force")
    assert [entry.name for entry in tmp_path.iterdir()] == ["i.db"]
