"""Building from the command line: what from, where to, and what a build leaves that goes wrong."""

from __future__ import annotations

import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.commands import KESH, MORRISONS, PYTHON, call, environment, run
from tunetrace import build_index, open_index
from tunetrace.indexer.store.arrays import streams

pytestmark = pytest.mark.file


def build(path: Path, *sources: str | Path, **given: Any) -> Any:
    """What `index build --json` says of an index of sources at path."""
    return call("index", "build", *sources, "--index", path, "--json", **given).json


def write(path: Path, text: str = KESH) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# Sources


def test_sources_of_all_kinds_are_corpora_in_their_order(tmp_path: Path) -> None:
    book = write(tmp_path / "book.abc")
    write(tmp_path / "folder" / "one.abc")
    write(tmp_path / "folder" / "sub" / "two.TXT", MORRISONS)
    write(tmp_path / "folder" / "notes.md", "no tune")
    built = build(tmp_path / "i.db", "airds", book, tmp_path / "folder", "-",
                  stdin=MORRISONS.encode())  # fmt: skip
    assert [(corpus["name"], corpus["tunes"]) for corpus in built["corpora"]] == [
        ("airds", 1180), ("book", 1), ("folder", 2), ("stdin", 1),
    ]  # fmt: skip
    assert "Glasgow" in built["corpora"][0]["source"]
    assert "public domain" in built["corpora"][0]["licence"]
    assert built["set_aside"] == []


def test_names_that_would_be_the_same_are_made_different(tmp_path: Path) -> None:
    books = [write(tmp_path / name) for name in
             ("a.abc", "x/a.abc", "a-2.abc", "a-2.txt", "y/a.txt")]  # fmt: skip
    names = [corpus["name"] for corpus in build(tmp_path / "i.db", *books)["corpora"]]
    assert names[:2] == ["a", "a-2"]
    assert len(set(names)) == 5


def test_a_corpus_can_be_named_with_a_number_whatever_its_file_is_called(tmp_path: Path) -> None:
    build(tmp_path / "i.db", write(tmp_path / "my: tunes 1.2.abc"))
    hit = call("figure", "C D E", "--index", tmp_path / "i.db", "--json").json["results"][0]
    name = f"{hit['corpus']}:{hit['number']}"
    assert name.split() == [name]
    ended = call("check", "--exclude-tune", name, "--index", tmp_path / "i.db", "--json",
                 stdin=KESH.encode())  # fmt: skip
    assert ended.json["tunes"][0]["longest_span"] is None


def test_a_file_whose_name_is_no_utf_8_is_a_corpus_too(tmp_path: Path) -> None:
    book = write(tmp_path / "k\udcffsh.abc")
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    ended = run("index", "build", book, "--index", tmp_path / "i.db", env=strict)
    assert (ended.code, ended.err) == (0, "")
    ended = run("check", book, "--index", tmp_path / "i.db", env=strict)
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    "data",
    [
        "X:3\nT:Pêcheur’s Dó\nM:6/8\nK:G\nG3 GAB|\n".encode("cp1252"),
        "X:3\nT:Pêcheur’s Dó\nM:6/8\nK:G\nG3 GAB|\n".encode("utf-8-sig"),
        "X:3\r\nT:Pêcheur’s Dó\r\nM:6/8\r\nK:G\r\nG3 GAB|\r\n".encode(),
        "X:3\rT:Pêcheur’s Dó\rM:6/8\rK:G\rG3 GAB|\r".encode(),
    ],
    ids=["Windows-1252", "byte order mark", "CRLF", "CR"],
)
def test_tunebooks_of_any_make_are_read_the_same(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "book.abc").write_bytes(data)
    assert build(tmp_path / "i.db", tmp_path / "book.abc")["set_aside"] == []
    hit = call("figure", "C D E", "--index", tmp_path / "i.db", "--json").json["results"][0]
    assert (hit["title"], hit["number"], hit["meter"]) == ("Pêcheur’s Dó", 3, "6/8")


def test_the_format_can_be_told(tmp_path: Path) -> None:
    # As folk-rnn text 2 and > are two tokens whose factors multiply; ABC has no K:maj.
    book = write(tmp_path / "a.txt", "M:4/4\nK:maj\nC 2 > D |\n")
    assert build(tmp_path / "i.db", book, "--format", "folkrnn")["tunes"] == 1
    refusal = call("index", "build", book, "--format", "abc", "--index", tmp_path / "j.db").refusal
    assert "'maj' is not a key" in refusal


# What does not fit


def test_of_two_tunes_the_one_with_a_token_too_many_is_set_aside(tmp_path: Path) -> None:
    # Lengths from 17 on are none of v2's; 118 more fit.
    full = " ".join(f"C {length}" for length in range(17, 17 + 118))
    folder = tmp_path / "folder"
    write(folder / "1.txt", f"T:Full\nM:4/4\nK:Cmaj\n{full} |\n")
    write(folder / "2.txt", "T:One too many\nM:4/4\nK:Cmaj\nC 200 |\n")
    write(folder / "3.txt", "T:None new\nM:4/4\nK:Cmaj\nC 134 |\n")
    built = build(tmp_path / "i.db", folder)
    assert built["tunes"] == 2
    (rejected,) = built["set_aside"]
    assert rejected["input"].endswith("2.txt")
    assert rejected["line"] == 1
    assert "118" in rejected["reason"]


# Where to


def test_an_index_is_built_and_found_where_the_environment_or_the_option_says(
    tmp_path: Path,
) -> None:
    book = write(tmp_path / "kesh.abc")
    named, other = tmp_path / "deep" / "er" / "named.db", tmp_path / "other.db"
    variables = {"TUNETRACE_INDEX": str(named)}
    assert call("index", "build", book, "--json", env=variables).json["path"] == str(named)
    assert call("index", "info", "--json", env=variables).json["path"] == str(named)
    place = ("--index", other)
    assert call("index", "build", book, *place, "--json", env=variables).json["path"] == str(other)
    assert call("index", "info", *place, "--json", env=variables).json["path"] == str(other)


def test_an_index_that_nothing_names_is_the_user_s_own(tmp_path: Path) -> None:
    book = write(tmp_path / "kesh.abc")
    home = {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path), "TUNETRACE_INDEX": ""}
    built = call("index", "build", book, "--json", env=home).json
    assert str(tmp_path) in built["path"]
    assert call("figure", "C D E", "--json", env=home).json["hits"] == 1


def test_an_index_in_the_way_is_left_as_it_is_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    build(path, write(tmp_path / "kesh.abc"))
    before = path.read_bytes()
    other = write(tmp_path / "morrisons.abc", MORRISONS)
    refusal = call("index", "build", other, "--index", path).refusal
    assert refusal.startswith(f"{path}: ")
    assert "--force" in refusal
    assert path.read_bytes() == before
    assert build(path, other, "--force")["corpora"][0]["name"] == "morrisons"


@pytest.mark.parametrize("was", ["whole", "cut off", "absent"])
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path, was: str) -> None:
    kesh, morrisons = write(tmp_path / "kesh.abc"), write(tmp_path / "m.abc", MORRISONS)
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / "big.db", tmp_path / "here" / "i.db"
    link.parent.mkdir()
    link.symlink_to(Path("..") / "disk" / "big.db")
    if was != "absent":
        build(target, kesh)
    if was == "cut off":
        target.write_bytes(target.read_bytes()[:20_000])
    report = build(link, morrisons, "--force")
    assert (report["path"], report["tunes"]) == (str(link), 1)
    assert link.is_symlink()
    assert call("figure", "C G C F D", "--index", target, "--json").json["hits"] == 1
    added = call("index", "add", kesh, "--index", link, "--json").json
    assert added["info"]["tunes"] == 2
    assert [path.name for path in (*target.parent.iterdir(), *link.parent.iterdir())] == [
        "big.db", "i.db",
    ]  # fmt: skip


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["plain", "forced"])
@pytest.mark.parametrize("name", ["kesh.abc/i.db", "kesh.abc/deeper/i.db", "folder", "i" * 300])
def test_a_place_that_cannot_hold_an_index_is_named(
    tmp_path: Path, name: str, force: tuple[str, ...]
) -> None:
    book = write(tmp_path / "kesh.abc")
    folder = tmp_path / "folder"
    folder.mkdir()
    refusal = call("index", "build", book, "--index", tmp_path / name, *force).refusal
    assert refusal.startswith(f"{tmp_path / name}: ")
    assert sorted(tmp_path.iterdir()) == [folder, book]
    assert book.read_text() == KESH


@pytest.mark.parametrize("content", ["", "Dear Sir,\n", "X:1\nK:G\nG[AB\n"])
def test_a_build_that_fails_leaves_the_old_index_and_nothing_else(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "place" / "i.db"
    build(path, write(tmp_path / "kesh.abc"))
    before = path.read_bytes()
    bad = write(tmp_path / "bad.abc", content)
    assert call("index", "build", bad, "--force", "--index", path).refusal
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_build_on_a_full_disk_leaves_the_old_index_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "place" / "i.db"
    build(path, write(tmp_path / "kesh.abc"))
    before = path.read_bytes()
    ended = subprocess.run(
        [*PYTHON, "index", "build", "ryans", "--force", "--index", str(path)],
        capture_output=True, text=True, env=environment(), check=False, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"tunetrace: {path}: the index cannot be written")
    assert ended.stderr.count("\n") == 1
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


# Builds that are ended, and two at once


def begun(path: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    """A build that has begun to write; without a source it waits for the end of its input."""
    process = subprocess.Popen(
        [*PYTHON, "index", "build", *map(str, arguments or ["-"]), "--force", "--index", str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    while not list(path.parent.glob(f"{path.name}.building-{process.pid}*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


def test_a_build_that_is_killed_leaves_the_old_index_and_the_next_one_clears_up(
    tmp_path: Path,
) -> None:
    path = tmp_path / "place" / "i.db"
    book = write(tmp_path / "kesh.abc")
    build(path, book)
    before = path.read_bytes()
    process = begun(path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 2
    build(path, book, "--force")
    assert list(path.parent.iterdir()) == [path]


def test_a_build_leaves_the_file_of_one_that_still_runs_and_that_its_index(
    tmp_path: Path,
) -> None:
    path = tmp_path / "place" / "i.db"
    path.parent.mkdir()
    process = begun(path)
    build(path, write(tmp_path / "morrisons.abc", MORRISONS), "--force")
    _, errors = process.communicate(KESH.encode(), timeout=60)
    assert process.returncode == 2
    assert b"changed the index meanwhile, so it was not replaced" in errors
    with open_index(path) as index:
        assert [corpus.name for corpus in index.info().corpora] == ["morrisons"]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("source", ["standard input", "a long file"])
def test_ctrl_c_ends_a_build_quietly_and_leaves_nothing(tmp_path: Path, source: str) -> None:
    path = tmp_path / "place" / "i.db"
    path.parent.mkdir()
    is_long = source == "a long file"
    process = begun(path, *([write(tmp_path / "long.abc", KESH * 200_000)] if is_long else []))
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors.strip()) == (130, b"", b"")
    assert list(path.parent.iterdir()) == []


# Segments


def test_a_corpus_over_several_segments_answers_as_over_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(["airds"], tmp_path / "one.db")
    monkeypatch.setattr(streams, "SEGMENT_SYMBOLS", 20_000)
    build_index(["airds"], tmp_path / "several.db")
    answers = []
    for name in ("one.db", "several.db"):
        place = ("--index", tmp_path / name, "--json")
        info = call("index", "info", *place).json
        answers.append(
            [
                *[call("figure", figure, "--limit", "9999", *place).json
                  for figure in ("C D E", "G, C C 2", "{c C} 2 B? c", "C | * D", "c")],
                call("figure", "G", "--bar", "0", "--key", "maj", "--limit", "9999", *place).json,
                call("bar", "C 2 E 2 G 2", *place).json,
                call("bar", "C? E? G?", "--limit", "9999", *place).json,
                call("check", *place, stdin=KESH.encode()).json,
                call("check", "--exclude-tune", "airds:7", *place, stdin=MORRISONS.encode()).json,
                {key: info[key] for key in ("tunes", "tokens", "bars", "distinct_bars")},
            ]
        )  # fmt: skip
    one, several = answers
    assert one == several
    # 168,803 tokens and two headers and a separator a tune, in segments of 20,000 at most.
    assert info["segments"] >= (info["tokens"] + 3 * info["tunes"]) / 20_000
