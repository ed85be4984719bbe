"""The command as a process: signals, pipes, terminals, closed and narrow streams, imports."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, PYTHON, environment, index_of, run


@pytest.fixture(scope="module")
def folder(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tunebook of 200 tunes, session.abc, and its index session.db."""
    folder = tmp_path_factory.mktemp("session")
    tunes = [(KESH, MORRISONS)[n % 2].replace("T:", f"T:{n} ") for n in range(200)]
    index_of(folder, *tunes)
    return folder


# Pipes

QUIET_ENDS = (0, -signal.SIGPIPE)
"""The exit codes of a command whose reader has gone; 1 would say that a tune is a copy."""


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "session.abc"),
        ("check", "session.abc", "--json"),
        ("figure", "C", "--limit", "9999"),
        ("figure", "C", "--limit", "9999", "--json"),
        ("index", "info"),
    ],
    ids=" ".join,
)
def test_a_reader_that_goes_away_ends_a_command_quietly(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    # `| head -1`, which has gone before all of a long output is written.
    process = subprocess.Popen(
        [*PYTHON, *arguments, "--index", "session.db"], cwd=folder, env=environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) in QUIET_ENDS
    assert errors == b""


def test_a_reader_that_was_never_there_ends_a_command_quietly(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [*PYTHON, "index", "info", "--index", folder / "session.db"], env=environment(),
        stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(writing)
    assert ended.returncode in QUIET_ENDS
    assert ended.stderr == b""


# Terminals


def test_a_build_shows_its_progress_on_a_terminal(folder: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PYTHON, "index", "build", str(folder / "session.abc"), "--index", str(tmp_path / "i.db")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
        env=environment({"TERM": "xterm-256color"}),
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux says so where the other end of a terminal is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(timeout=60) == 0
    assert b"tunes" in shown
    assert b"Traceback" not in shown


def test_a_build_shows_no_progress_where_there_is_no_terminal(folder: Path, tmp_path: Path) -> None:
    ended = run("index", "build", folder / "session.abc", "--index", tmp_path / "i.db")
    assert (ended.code, ended.err) == (0, "")


# Streams that are closed, full or narrow


def shell(
    script: str, *arguments: str | Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A tunetrace command as `$@` of a shell script."""
    return subprocess.run(
        ["sh", "-c", script, "sh", *PYTHON, *map(str, arguments)], env=environment(variables),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_check_without_a_standard_input_is_refused(folder: Path) -> None:
    ended = shell('"$@" <&-', "check", "--index", folder / "session.db")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("tunetrace: ")
    assert ended.stderr.count("\n") == 1


def test_a_build_needs_no_standard_error(folder: Path, tmp_path: Path) -> None:
    ended = shell('"$@" 2>&-', "index", "build", folder / "session.abc", "--index",
                  tmp_path / "i.db")  # fmt: skip
    assert ended.returncode == 0
    assert "200 tunes" in ended.stdout


def test_a_command_needs_no_standard_output(folder: Path) -> None:
    ended = shell('"$@" >&-', "index", "info", "--index", folder / "session.db")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["people", "programs"])
def test_output_that_cannot_be_written_is_said_in_a_sentence(
    folder: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    # A limit of no bytes a file, in place of a disk that is full.
    ended = shell('ulimit -f 0; "$@" >"$OUT"', "index", "info", *options,
                  "--index", folder / "session.db", OUT=str(tmp_path / "out"))  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith("tunetrace: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(
    "arguments", [("check", "-"), ("check", "-", "--brief"), ("check", "-", "--json"),
                  ("index", "info")], ids=" ".join,
)  # fmt: skip
def test_an_output_without_all_letters_is_written_with_others(
    folder: Path, arguments: tuple[str, ...], encoding: str
) -> None:
    title = "Ďúbhglas ♯ 漢字"
    ended = run(*arguments, "--index", folder / "session.db",
                stdin=KESH.replace("The Kesh", title).encode(),
                env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    assert ended.out


# Imports


def modules_after(script: str, *arguments: str | Path) -> set[str]:
    """The top-level modules that a script has imported at its end."""
    listing = "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    script = f"import sys\ntry:\n    {script}\nfinally:\n    {listing}"
    ended = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], env=environment(),
        input=KESH, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return set(ended.stderr.split())


HEAVY = {"torch", "music21", "matplotlib", "scipy", "pyarrow", "jinja2", "verovio", "fastapi",
         "dask", "pooch", "requests"}  # fmt: skip


def test_import_tunetrace_imports_no_library() -> None:
    modules = modules_after("import tunetrace")
    assert "tunetrace" in modules
    assert not modules & (HEAVY | {"sqlalchemy", "numpy", "click", "rich", "pyparsing"})


def test_a_check_imports_no_heavy_library(folder: Path) -> None:
    script = "from tunetrace.cli import main; main()"
    modules = modules_after(script, "check", "--index", folder / "session.db")
    assert {"tunetrace", "sqlalchemy", "numpy"} <= modules
    assert not modules & (HEAVY | {"pydivsufsort"})


@pytest.mark.parametrize("group", [(), ("index",), ("corpus",), ("model",)], ids=" ".join)
def test_a_help_imports_nothing_that_it_does_not_print_with(group: tuple[str, ...]) -> None:
    modules = modules_after("from tunetrace.cli import main; main()", *group, "--help")
    assert {"tunetrace", "click"} <= modules
    assert not modules & (HEAVY | {"sqlalchemy", "numpy", "pydivsufsort", "pyparsing"})
