"""Fetching: from a real server that serves, stalls, cuts off, corrupts, refuses and recovers."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands import KESH, Ended, call, run
from tests.corpus.server import Server, cut_off, serving, status, whole
from tunetrace import InputError, Transcription, fetch_corpus, find_corpus
from tunetrace.corpus import fetch
from tunetrace.corpus.origins import PublishedFile, PublishedFiles
from tunetrace.corpus.registry import NAMED_CORPORA

NAME = "folkrnn-v2"
TUNE = b"T:One\nM:4/4\nK:Cmaj\nC 2 E G c 4 |\n"
DATA = b"\n".join([TUNE] * 10_000)
"""More than a socket holds at a time."""

BLOB = hashlib.sha1(b"blob %d\0" % len(DATA) + DATA).hexdigest()

HEADER = b"tune_id,setting_id,name,type,meter,mode,abc,date,username,composer\n"
SETTING = b'1,2,One,jig,6/8,Gmajor,"G3 GAB|",2001-01-01,me,\n'


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as served:
        yield served


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of a test, with little patience for servers."""
    monkeypatch.setenv("TUNETRACE_CACHE", str(tmp_path / "cache"))
    limits = fetch.FetchLimits(connect=2, read=0.3, attempts=2, wait=0)
    monkeypatch.setattr(fetch, "LIMITS", limits)
    return tmp_path / "cache" / "corpora"


@pytest.fixture
def pinned(cache: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file of a corpus goes that the server has and whose checksum is known."""
    _declare(monkeypatch, NAME, server.url, BLOB)
    return cache / "data_v2_withtitles"


@pytest.fixture
def moving(cache: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where The Session's file goes, which has no checksum."""
    _declare(monkeypatch, "thesession", server.url.replace("data_v2_withtitles", "tunes.csv"), None)
    return cache / "tunes.csv"


def _declare(monkeypatch: pytest.MonkeyPatch, name: str, url: str, blob: str | None) -> None:
    corpus = NAMED_CORPORA[name]
    assert isinstance(corpus.origin, PublishedFile)
    origin = replace(corpus.origin, url=url, git_blob=blob)
    monkeypatch.setitem(NAMED_CORPORA, name, replace(corpus, origin=origin))


def command(cache: Path, *arguments: str) -> Ended:
    return call(*arguments, env={"TUNETRACE_CACHE": str(cache.parent)})


def left_behind(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


# What is served whole


def test_a_whole_file_is_kept_and_read_from_then_on(pinned: Path, server: Server) -> None:
    server.answers(whole(DATA), status(500))
    assert not find_corpus(NAME).is_here
    for _ in range(2):
        entry = fetch_corpus(NAME)
        assert (entry.path, entry.is_here, entry.version) == (str(pinned), True, "bc45ed7")
    assert pinned.read_bytes() == DATA
    assert server.requests == 1
    assert left_behind(pinned.parent) == [pinned.name]
    assert len(list(NAMED_CORPORA[NAME].read())) == 10_000


def test_git_itself_gives_a_file_the_id_that_we_compare(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    by_git = subprocess.run(["git", "hash-object", path], capture_output=True, check=True)
    assert fetch.git_blob(path) == by_git.stdout.decode().strip()


def test_an_index_fetches_the_corpus_that_it_is_built_of(
    pinned: Path, server: Server, tmp_path: Path
) -> None:
    server.answers(whole(DATA))
    built = command(pinned.parent, "index", "build", NAME, "--json",
                    "--index", str(tmp_path / "i.db")).json  # fmt: skip
    (corpus,) = built["corpora"]
    assert (corpus["name"], corpus["tunes"], corpus["version"]) == (NAME, 10_000, "bc45ed7")
    assert "thesession.org" in corpus["licence"]


def test_an_index_fetches_the_corpus_that_is_added_to_it(
    pinned: Path, server: Server, tmp_path: Path
) -> None:
    server.answers(whole(DATA))
    index = str(tmp_path / "i.db")
    book = tmp_path / "book.abc"
    book.write_text(KESH)
    command(pinned.parent, "index", "build", str(book), "--index", index)
    added = command(pinned.parent, "index", "add", NAME, "--index", index)
    assert (added.code, added.err) == (0, "")
    assert pinned.read_bytes() == DATA


def test_nothing_is_fetched_beside_a_name_that_is_none(
    pinned: Path, server: Server, tmp_path: Path
) -> None:
    server.answers(whole(DATA))
    ended = command(pinned.parent, "index", "build", NAME, "onells", "--index",
                    str(tmp_path / "i.db"))  # fmt: skip
    assert ended.refusal.startswith("onells: there is no such file and no corpus with this name")
    assert "oneills" in ended.refusal
    assert server.requests == 0


def test_nothing_is_fetched_for_an_index_that_may_not_be_written(
    pinned: Path, server: Server, tmp_path: Path
) -> None:
    server.answers(whole(DATA))
    ended = command(pinned.parent, "index", "build", NAME, "--index", str(tmp_path))
    assert "this is a folder" in ended.refusal
    assert server.requests == 0


def test_the_command_says_where_the_file_is_and_nothing_else(pinned: Path, server: Server) -> None:
    server.answers(whole(DATA))
    for _ in range(2):
        ended = command(pinned.parent, "corpus", "fetch", NAME)
        assert ended == Ended(0, f"{NAME} (bc45ed7) is at {pinned}\n", "")
    (entry,) = command(pinned.parent, "corpus", "fetch", NAME, "--json").json
    assert (entry["name"], entry["path"], entry["is_here"]) == (NAME, str(pinned), True)
    assert entry["checksum"] == f"git-blob:{BLOB}"


def test_progress_says_what_is_fetched_and_how_much_is_there(pinned: Path, server: Server) -> None:
    server.answers(whole(DATA))
    told: list[str] = []
    fetch_corpus(NAME, progress=told.append)
    assert told[-1] == f"fetching {NAME}, {len(DATA) / 1e6:.1f} MB"


# What goes wrong once, and what goes wrong for good


def test_what_fails_once_is_tried_again(pinned: Path, server: Server) -> None:
    for failure in (
        status(500),
        status(503),
        cut_off(DATA, says_length=True),
        cut_off(DATA, says_length=False),
        server.stalled_after(DATA[:1000]),
        whole(DATA[:-1] + b"x"),
    ):
        server.requests = 0
        server.answers(failure, whole(DATA))
        fetch_corpus(NAME)
        assert server.requests == 2
        assert pinned.read_bytes() == DATA
        pinned.unlink()


def refusal(cache: Path) -> str:
    """The one sentence of a fetch that failed, and that nothing of it is left."""
    sentence = command(cache, "corpus", "fetch", NAME).refusal
    with pytest.raises(InputError) as raised:
        fetch_corpus(NAME)
    assert str(raised.value) == sentence
    assert left_behind(cache) == []
    assert not find_corpus(NAME).is_here
    return sentence


def test_each_failure_is_one_sentence_with_the_address_and_the_place(
    pinned: Path, server: Server
) -> None:
    for failure, reason in (
        (status(404), "the server answers 404 Not Found"),
        (status(500), "the server answers 500 Internal Server Error"),
        (cut_off(DATA, says_length=True), "the connection ended before the end of the file"),
        (cut_off(DATA, says_length=False), f"but should be {BLOB}"),
        (server.stalled_after(DATA[:1000]), "the server sent nothing for 0.3 s"),
        (server.stalled_after(b""), "the server sent nothing for 0.3 s"),
        (whole(b""), "the server sent a wrong file: its git blob id is e69de29"),
        (whole(b"<html>"), f"but should be {BLOB}"),
    ):
        server.answers(failure)
        sentence = refusal(pinned.parent)
        assert sentence.startswith(f"{NAME}: the download failed (")
        assert reason in sentence
        assert server.url in sentence
        assert str(pinned) in sentence


def test_what_the_server_has_not_is_not_asked_for_twice(pinned: Path, server: Server) -> None:
    server.answers(status(404))
    with pytest.raises(InputError, match="404"):
        fetch_corpus(NAME)
    assert server.requests == 1


def test_a_server_that_does_not_speak_http_is_one_sentence(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        _declare(monkeypatch, NAME, f"http://127.0.0.1:{listening.getsockname()[1]}/data", BLOB)

        def babble() -> None:
            for _ in range(4):
                connection, _address = listening.accept()
                connection.recv(1000)
                connection.sendall(b"\0\1\2 this is no HTTP\r\n\r\n")
                connection.close()

        babbling = threading.Thread(target=babble)
        babbling.start()
        assert "the download failed" in refusal(cache)
        babbling.join()


def test_a_refused_connection_is_one_sentence(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    _declare(monkeypatch, NAME, f"http://127.0.0.1:{port}/data", BLOB)
    assert "there is no connection to the server" in refusal(cache)


def test_a_name_that_no_network_knows_is_one_sentence(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _declare(monkeypatch, NAME, "http://nowhere.invalid/data", BLOB)
    assert "there is no connection to the server" in refusal(cache)


# The place it goes to


def test_a_cache_that_cannot_be_a_folder_is_one_sentence(
    tmp_path: Path, pinned: Path, server: Server
) -> None:
    server.answers(whole(DATA))
    file = tmp_path / "file"
    file.write_bytes(b"")
    sentence = call("corpus", "fetch", NAME, env={"TUNETRACE_CACHE": str(file)}).refusal
    assert sentence.startswith(f"{NAME}: {file / 'corpora' / pinned.name} cannot be written (")
    assert "TUNETRACE_CACHE" in sentence


def test_a_file_put_there_by_hand_is_used_without_the_network(pinned: Path, server: Server) -> None:
    pinned.parent.mkdir(parents=True)
    pinned.write_bytes(DATA)
    assert fetch_corpus(NAME).is_here
    assert server.requests == 0


def test_a_wrong_file_put_there_by_hand_is_refused_until_it_is_replaced(
    pinned: Path, server: Server, tmp_path: Path
) -> None:
    server.answers(whole(DATA))
    pinned.parent.mkdir(parents=True)
    pinned.write_bytes(DATA[:-1])
    entry = find_corpus(NAME)
    assert not entry.is_here
    assert BLOB in (entry.problem or "")
    for arguments in (
        ("corpus", "fetch", NAME),
        ("index", "build", NAME, "--index", str(tmp_path / "i.db")),
    ):
        sentence = command(pinned.parent, *arguments).refusal
        assert sentence.startswith(f"{NAME}: {pinned} is not the published file (")
        assert sentence.endswith(f", or with: tunetrace corpus fetch {NAME} --refresh")
    assert "wrong" in command(pinned.parent, "corpus", "list").out
    assert (
        "the file at this path is not the published one"
        in command(pinned.parent, "corpus", "show", NAME).out
    )
    assert command(pinned.parent, "corpus", "fetch", NAME, "--refresh").code == 0
    assert pinned.read_bytes() == DATA


def test_two_fetches_at_once_leave_one_whole_file(pinned: Path, server: Server) -> None:
    server.answers(whole(DATA))
    fetching = [
        threading.Thread(target=fetch_corpus, args=(NAME,), kwargs={"refresh": True})
        for _ in range(4)
    ]
    for thread in fetching:
        thread.start()
    for thread in fetching:
        thread.join()
    assert pinned.read_bytes() == DATA
    assert left_behind(pinned.parent) == [pinned.name]


def test_a_killed_fetch_leaves_nothing_that_is_taken_for_the_file(
    pinned: Path, server: Server
) -> None:
    server.answers(server.stalled_after(DATA[:200_000]))
    code = (
        "from pathlib import Path; from tunetrace.corpus.fetch import fetch\n"
        f"fetch({NAME!r}, {server.url!r}, Path({str(pinned)!r}), lambda path: None)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as killed:
        while not pinned.parent.is_dir() or not any(
            path.stat().st_size for path in pinned.parent.iterdir()
        ):
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
    (half,) = pinned.parent.iterdir()
    assert half != pinned
    assert not find_corpus(NAME).is_here
    server.answers(whole(DATA))
    fetch_corpus(NAME)
    assert half.exists()  # another fetch might be at work on it
    os.utime(half, (0, 0))
    fetch_corpus(NAME, refresh=True)
    assert left_behind(pinned.parent) == [pinned.name]


# What changes from week to week


def test_the_sessions_version_is_the_day_of_its_file(moving: Path, server: Server) -> None:
    server.answers(whole(HEADER + SETTING), whole(HEADER + SETTING * 2))
    assert find_corpus("thesession").version is None
    fetch_corpus("thesession")
    os.utime(moving, (0, 86400 * 365))
    assert fetch_corpus("thesession").version == "1971-01-01"
    assert len(list(NAMED_CORPORA["thesession"].read())) == 1
    fetch_corpus("thesession", refresh=True)
    assert len(list(NAMED_CORPORA["thesession"].read())) == 2
    assert find_corpus("thesession").version != "1971-01-01"


def test_a_refresh_that_fails_leaves_the_file_that_is_there(moving: Path, server: Server) -> None:
    server.answers(
        whole(HEADER + SETTING), status(500), status(500), whole(b"<html>"), whole(b"<html>")
    )
    fetch_corpus("thesession")
    for reason in ("500", "does not begin as The Session's"):
        with pytest.raises(InputError, match=reason):
            fetch_corpus("thesession", refresh=True)
        assert moving.read_bytes() == HEADER + SETTING
        assert find_corpus("thesession").is_here


def test_a_session_file_that_was_cut_off_is_not_kept(moving: Path, server: Server) -> None:
    for whole_file, part in (
        (HEADER + SETTING * 3, HEADER + SETTING * 2 + SETTING[:27]),
        (b'[{"abc": "GAB|"}, {"abc": "GAB|"}]\n', b'[{"abc": "GAB|"}, {"ab'),
    ):
        server.requests = 0
        server.answers(whole(part), whole(whole_file))
        fetch_corpus("thesession", refresh=True)
        assert server.requests == 2
        assert moving.read_bytes() == whole_file


# Names, and corpora that are installed


def test_a_name_that_is_none_names_the_nearest(cache: Path) -> None:
    for arguments in (("show", "oneill"), ("fetch", "oneill"), ("fetch", "airds", "oneill")):
        sentence = call("corpus", *arguments).refusal
        assert sentence == "oneill: there is no corpus with this name; the nearest is oneills"
    sentence = call("corpus", "show", "xyzzy").refusal
    assert sentence.endswith(f"the corpora are {', '.join(NAMED_CORPORA)}")
    assert "NAME" in call("corpus", "fetch").refusal


def test_an_installed_corpus_is_fetched_by_saying_where_it_is() -> None:
    ended = run("corpus", "fetch", "airds", "--refresh")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.rstrip().endswith("airdsAirs")


def test_a_fetched_tune_says_where_it_is_from(moving: Path, server: Server) -> None:
    server.answers(whole(HEADER + SETTING))
    (tune,) = NAMED_CORPORA["thesession"].read()
    assert isinstance(tune, Transcription)
    assert tune.link == "https://thesession.org/tunes/1#setting2"
    assert tune.tokens[:4] == ("M:6/8", "K:Cmaj", "C", "3")


# A corpus of several files


@pytest.fixture
def two_files(cache: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files of IrishMAN go, of which the server has others of the same names."""
    corpus = NAMED_CORPORA["irishman"]
    assert isinstance(corpus.origin, PublishedFiles)
    published = tuple(
        replace(file, url=server.url.replace("data_v2_withtitles", Path(file.url).name),
                sha256=hashlib.sha256(content).hexdigest())
        for file, content in zip(corpus.origin.published, IRISHMAN, strict=True)
    )  # fmt: skip
    origin = replace(corpus.origin, published=published)
    monkeypatch.setitem(NAMED_CORPORA, "irishman", replace(corpus, origin=origin))
    return cache / "irishman"


IRISHMAN = [
    json.dumps([{"control code": "S:1\n", "abc notation": f"X:{k}\nL:1/8\nM:6/8\nK:G\nG3 GAB |"}
                for k in numbers]).encode()
    for numbers in ((1, 2, 3), (4, 5))
]  # fmt: skip


def test_a_corpus_of_several_files_is_fetched_file_by_file(
    two_files: Path, server: Server, tmp_path: Path
) -> None:
    server.answers(*map(whole, IRISHMAN), status(500))
    assert not find_corpus("irishman").is_here
    for _ in range(2):
        entry = fetch_corpus("irishman")
        assert (entry.path, entry.is_here, entry.problem) == (str(two_files), True, None)
    assert server.requests == 2
    assert left_behind(two_files) == ["train.json", "validation.json"]
    built = command(two_files.parent, "index", "build", "irishman", "--json",
                    "--index", str(tmp_path / "i.db")).json  # fmt: skip
    (corpus,) = built["corpora"]
    assert (corpus["name"], corpus["tunes"], corpus["version"]) == ("irishman", 5, "30902e6")
    found = list(NAMED_CORPORA["irishman"].read())
    assert [tune.place for tune in found] == (
        [f"{two_files}/train.json:1"] * 3 + [f"{two_files}/validation.json:1"] * 2
    )


def test_a_file_that_cannot_be_fetched_is_named_with_its_place(
    two_files: Path, server: Server
) -> None:
    server.answers(whole(IRISHMAN[0]), status(404))
    ended = command(two_files.parent, "corpus", "fetch", "irishman")
    url = server.url.replace("data_v2_withtitles", "validation.json")
    assert ended.refusal == (
        "irishman: the download failed (the server answers 404 Not Found); try again later, or "
        f"download {url} yourself and save it as {two_files}/validation.json"
    )
    assert left_behind(two_files) == ["train.json"]
    entry = find_corpus("irishman")
    assert (entry.is_here, entry.problem) == (False, None)
    (two_files / "validation.json").write_bytes(IRISHMAN[1])  # by hand
    assert find_corpus("irishman").is_here
    (two_files / "train.json").write_bytes(IRISHMAN[1])
    entry = find_corpus("irishman")
    assert not entry.is_here
    assert (entry.problem or "").startswith("train.json: its SHA-256 is ")
    assert (
        "is not the published file"
        in command(two_files.parent, "corpus", "fetch", "irishman").refusal
    )
