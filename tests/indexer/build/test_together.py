"""Commands that change one index at the same time, and threads that read it meanwhile.

Whatever meets, the index is whole afterwards and holds what it would if one had come after the
other. `make faults` does it all many times over.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from tests.commands import environment
from tests.conftest import ROOT
from tests.faults.places import write_tunes
from tests.faults.rounds import Record, Rounds
from tunetrace import (
    Index,
    IndexFileError,
    add_to_index,
    build_index,
    measure_baseline,
    open_index,
    remove_from_index,
    verify_index,
)
from tunetrace.indexer.store.database.connection import changing
from tunetrace.indexer.store.database.naming import storage_of

pytestmark = pytest.mark.file

SHORT = 2
"""How often each pair is started in a run of all tests."""
SEED = 11

LOCKED = "database is locked\n"
TAKE_THE_LOCK = """
import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0).execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
"""


@dataclass(frozen=True)
class Held:
    """What an index holds: a letter for each corpus's content, by its name; and its baseline."""

    corpora: frozenset[tuple[str, str]]
    has_baseline: bool


Outcome = tuple[int, Held]
"""A command's exit code, and what the index holds then."""


def built(held: Held) -> Outcome:
    return 0, Held(frozenset({("whole", "w")}), has_baseline=False)


def added(held: Held, name: str = "more", content: str = "m") -> Outcome:
    if (name, content) in held.corpora:
        return 0, held
    others = {corpus for corpus in held.corpora if corpus[0] != name}
    return 0, Held(frozenset({*others, (name, content)}), has_baseline=False)


def replaced(held: Held) -> Outcome:
    return added(held, "book", "c")


def removed(held: Held) -> Outcome:
    others = frozenset(corpus for corpus in held.corpora if corpus[0] != "gone")
    return (0, Held(others, has_baseline=False)) if others != held.corpora else (2, held)


def compacted(held: Held) -> Outcome:
    return 0, held


def measured(held: Held) -> Outcome:
    return 0, replace(held, has_baseline=True)


@dataclass(frozen=True)
class Command:
    """A command that changes an index, and what becomes of an index by it."""

    arguments: tuple[str, ...]
    does: Callable[[Held], Outcome]


COMMANDS = {
    "build": Command(("index", "build", "whole.abc", "--force"), built),
    "add": Command(("index", "add", "more.abc"), added),
    "replace": Command(("index", "add", "new.abc", "--name", "book", "--replace"), replaced),
    "remove": Command(("index", "remove", "gone"), removed),
    "compact": Command(("index", "compact"), compacted),
    "baseline": Command(("baseline",), measured),
}  # fmt: skip

REFUSALS = {
    "build": "another process changed the index meanwhile, so it was not replaced; "
    "try again to replace it",
    "remove": "the index has no corpus 'gone'",
}
"""What a command may say that comes second."""


@pytest.fixture(scope="module")
def books(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tunebooks, and start.db, an index of three of them with a baseline."""
    folder = tmp_path_factory.mktemp("books")
    books = {"base": 1200, "book": 20, "gone": 30, "more": 20, "whole": 200, "new": 40}
    for seed, (name, tunes) in enumerate(books.items()):
        write_tunes(folder / f"{name}.abc", seed, tunes)
    build_index([folder / f"{name}.abc" for name in ("base", "book", "gone")], folder / "start.db")
    measure_baseline(folder / "start.db")
    return folder


START = Held(frozenset({("base", "b"), ("book", "o"), ("gone", "g")}), has_baseline=True)


def held_by(path: Path) -> Held:
    """What an index holds, told by the numbers of the tunes."""
    letters = {
        ("base", 1200): "b", ("book", 20): "o", ("gone", 30): "g", ("more", 20): "m",
        ("whole", 200): "w", ("book", 40): "c",
    }  # fmt: skip
    with open_index(path) as index:
        info = index.info()
    corpora = frozenset((one.name, letters[one.name, one.tunes]) for one in info.corpora)
    return Held(corpora, info.has_baseline)


def outcomes(first: str, second: str) -> Iterator[tuple[int, int, Held]]:
    """How two commands may end, one after the other: their exit codes, and what is held then."""
    code, held = COMMANDS[first].does(START)
    yield code, *COMMANDS[second].does(held)
    if second == "build":  # it may have begun before the other ended
        yield code, 2, held


SERVER = """
import json, os, sys, tempfile, time
import pydivsufsort, tunetrace.indexer.build.change
import tunetrace.checker.baseline.measure
from tunetrace.cli import main

def run(arguments, delay, errors):
    time.sleep(delay)
    os.dup2(errors.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.argv = ["tunetrace", *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code or 0

for line in sys.stdin:
    begun = []
    for arguments, delay in json.loads(line):
        errors = tempfile.TemporaryFile()
        process = os.fork()
        if not process:
            code = 3
            try:
                code = run(arguments, delay, errors)
                sys.stderr.flush()
            finally:
                os._exit(code)
        begun.append((process, errors))
    ended = []
    for process, errors in begun:
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        errors.seek(0)
        ended.append((code, errors.read().decode()))
    print(json.dumps(ended), flush=True)
"""
"""Runs commands at the same time, each in a process of its own that has imported all it needs: a
line has the arguments of each and when it begins, in seconds; exit codes and errors come back."""

AtOnce = Callable[[list[tuple[list[str], float]]], list[tuple[int, str]]]
"""Runs commands at the same time, given the arguments of each and when it begins, in seconds; gives
the exit code of each and what it wrote on standard error."""


@pytest.fixture(scope="module")
def at_once(books: Path) -> Iterator[AtOnce]:
    """Runs commands in the folder of the tunebooks at the same time."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], cwd=books, text=True,
        env=environment({"PYTHONPATH": str(ROOT)}), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip

    def run(commands: list[tuple[list[str], float]]) -> list[tuple[int, str]]:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(f"{json.dumps(commands)}\n")
        server.stdin.flush()
        return [(code, error) for code, error in json.loads(server.stdout.readline())]

    yield run
    server.communicate()


@pytest.mark.fault
@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(COMMANDS, 2)))
def test_two_commands_started_together_leave_what_one_after_the_other_would(
    books: Path, tmp_path: Path, at_once: AtOnce, one: str, other: str, record_property: Record
) -> None:
    with Rounds("two changes at once", "file", record_property, SHORT, ()) as rounds:
        start_together(rounds, books, tmp_path, at_once, one, other)


def start_together(
    rounds: Rounds, books: Path, tmp_path: Path, at_once: AtOnce, one: str, other: str
) -> None:
    """Start two commands together again and again, each time on the same index."""
    path = tmp_path / "i.db"
    possible = set(outcomes(one, other))
    possible |= {(one_s, other_s, held) for other_s, one_s, held in outcomes(other, one)}
    chance = random.Random(f"{SEED} {one} {other}")
    for number in rounds:
        shutil.copy(books / "start.db", path)
        # The first time at the same moment, then so that other moments meet.
        delays = [chance.uniform(0, 0.1) if number > 1 else 0.0 for _ in range(2)]
        ended = at_once(
            [
                ([*COMMANDS[name].arguments, "--index", str(path)], delay)
                for name, delay in zip((one, other), delays, strict=True)
            ]
        )
        for name, (code, error) in zip((one, other), ended, strict=True):
            is_refused = name in REFUSALS and REFUSALS[name] in error
            assert code == 0 or is_refused, (number, error)
            assert error.count("\n") == (code != 0), (number, error)
        assert verify_index(path, full=True).faults == (), number
        assert (ended[0][0], ended[1][0], held_by(path)) in possible, number
        left = {file.name for file in tmp_path.iterdir()}
        assert left - {"i.db.arrays"} == {"i.db"}  # beside it are its cached arrays, if any


WRITE = """
import sys
from tunetrace import add_to_index, remove_from_index
for line in sys.stdin:
    add_to_index(["gone.abc"], sys.argv[1], name="theirs")
    remove_from_index(["theirs"], sys.argv[1])
    print("done", flush=True)
"""


@pytest.mark.fault
def test_threads_that_open_ask_and_close_disturb_no_one_who_writes(
    books: Path, tmp_path: Path, record_property: Record
) -> None:
    path = tmp_path / "i.db"
    shutil.copy(books / "start.db", path)
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE, path], cwd=books, text=True,
        env=environment({"PYTHONPATH": str(ROOT)}), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    is_over = threading.Event()
    faults: list[BaseException] = []
    opened: list[Path] = []

    def read() -> None:
        while not is_over.is_set() and not faults:
            try:
                ask(open_index(path))
                opened.append(path)
            except BaseException as error:
                faults.append(error)

    def ask(index: Index) -> None:
        with index:
            try:
                assert index.info().tunes == index.tunes
                assert index.figure("C D", limit=3).of == index.tunes
            except IndexFileError as error:
                if "changed after it was opened" not in str(error):
                    raise

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    assert process.stdin is not None
    assert process.stdout is not None
    with Rounds("two write, two threads ask", "file", record_property, SHORT, ()) as rounds:
        try:
            for number in rounds:
                process.stdin.write("\n")
                process.stdin.flush()
                add_to_index([books / "more.abc"], path)
                remove_from_index(["more"], path)
                assert process.stdout.readline() == "done\n"
                assert verify_index(path, full=True).faults == (), number
        finally:
            is_over.set()
            for reader in readers:
                reader.join()
            process.communicate()
        assert faults == []
        assert len(opened) > rounds.row.rounds
        assert held_by(path) == replace(START, has_baseline=False)


def test_whoever_looks_at_an_index_keeps_the_lock_of_a_change_in_its_process(
    books: Path, tmp_path: Path
) -> None:
    path = tmp_path / "i.db"
    shutil.copy(books / "start.db", path)

    def tried() -> str:
        return subprocess.run(
            [sys.executable, "-c", TAKE_THE_LOCK, path], capture_output=True, text=True, check=True
        ).stdout

    with changing(storage_of(path)):
        assert tried() == LOCKED
        with open_index(path) as index:
            index.info()
        assert tried() == LOCKED
        verify_index(path)
        assert tried() == LOCKED
        with pytest.raises(IndexFileError, match="there is an index already"):
            build_index([books / "more.abc"], path)
        assert tried() == LOCKED
    assert tried() == ""


def test_an_index_that_is_being_written_is_waited_for_and_never_called_damaged(
    books: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "i.db"
    shutil.copy(books / "start.db", path)
    opened = open_index(path)
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN EXCLUSIVE")
    ending = threading.Timer(0.3, writer.execute, ["ROLLBACK"])
    ending.start()
    with open_index(path) as index:  # which waits
        assert index.tunes == 1250
    assert opened.info().tunes == 1250
    ending.join()
    opened.close()
    monkeypatch.setattr("tunetrace.indexer.store.database.sqlite.LOCK_WAIT_SECONDS", 0.1)
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(IndexFileError) as raised:
        open_index(path)
    assert str(raised.value) == f"{path}: another process is changing the index; try again later"
    writer.execute("ROLLBACK")
    writer.close()


def test_a_change_is_told_where_the_times_of_files_are_too_coarse_for_it(
    books: Path, tmp_path: Path
) -> None:
    path = tmp_path / "i.db"
    shutil.copy(books / "start.db", path)
    # So that the file has room for what the next change writes, and keeps its size.
    remove_from_index(["book"], path)
    with open_index(path) as index:
        before = path.stat()
        remove_from_index(["gone"], path)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (
            before.st_size, before.st_mtime_ns,
        )  # fmt: skip
        with pytest.raises(IndexFileError, match="changed after it was opened"):
            index.info()
