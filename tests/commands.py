"""Running tunetrace's command line, as a process of its own or, where that shows the same, in ours.

Either way it is `tunetrace.cli.main` that runs, with the arguments, the standard streams and the
environment of one command, 80 columns wide and with no index, no models and no fetched corpora
but those that a test names.
"""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tests import storages
from tunetrace import build_index
from tunetrace.cli import cli, main

PYTHON = (sys.executable, "-m", "tunetrace")

_ESCAPES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\\\")
"""What sets a terminal's colours and links."""

KESH = "X:3\nT:The Kesh\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3 ABd|\n"
"""Transposed to C: C 3 C D E | D 3 D E G |, which is 8 notes."""

MORRISONS = "X:7\nT:Morrison's\nM:6/8\nL:1/8\nK:Edor\nE3 B3|EBE AFD|\n"
"""Transposed to C: C 3 G 3 | C G C F D B, |, which is 8 notes too."""


def every_command(
    group: click.Group = cli, name: str = "tunetrace"
) -> Iterator[tuple[str, click.Command]]:
    """Every command of a group, with the groups in it, by the words that call it."""
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        yield f"{name} {word}", command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{name} {word}")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        assert storages.SECRET not in self.out + self.err

    @property
    def json(self) -> Any:
        """What it printed, as JSON; the command must have ended well."""
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """The sentence that it was refused with, and that is all there is to see."""
        assert self.err.startswith("tunetrace: "), self.err
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1, self.err
        assert (self.code, self.out) == (2, "")
        return self.err.removeprefix("tunetrace: ").rstrip("\n")


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: ours without index, models, cache; 80 columns; variables."""
    named = ("TUNETRACE_INDEX", "TUNETRACE_MODELS")
    ours = {name: value for name, value in os.environ.items() if name not in named}
    nowhere = {"XDG_DATA_HOME": os.devnull, "TUNETRACE_CACHE": os.devnull}
    return {**ours, "COLUMNS": "80", **nowhere, **(variables or {})}


def call(*arguments: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ended:
    """Run a command in this process, with its output in a pipe as it were."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    code, err = _call(out, arguments, stdin, env)
    return Ended(code, _printed(out), err)


def call_in_terminal(
    *arguments: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> Ended:
    """Run a command in this process, with its output to a terminal of 80 columns.

    What the terminal would show as colours and links is left out.
    """
    master, slave = pty.openpty()
    tty.setraw(slave)  # so that line ends come out as they went in
    drained: list[bytes] = []
    drain = threading.Thread(target=lambda: drained.extend(_drained(master)))
    drain.start()
    with os.fdopen(slave, "w", encoding="utf-8") as out:
        terminal = {"TERM": "xterm-256color", **(env or {})}
        code, err = _call(out, arguments, stdin, terminal)
    drain.join()
    os.close(master)
    return Ended(code, _ESCAPES.sub("", b"".join(drained).decode()), err)


def _drained(master: int) -> Iterator[bytes]:
    """What is written to a terminal until it is closed."""
    try:
        while some := os.read(master, 1 << 16):
            yield some
    except OSError:  # as Linux says that it is closed
        return


def _printed(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def _call(
    out: io.TextIOWrapper,
    arguments: Sequence[str | Path],
    stdin: bytes,
    env: Mapping[str, str] | None,
) -> tuple[Any, str]:
    """The exit code of a command and what it printed on standard error."""
    before = sys.argv, sys.stdin, dict(os.environ)
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    code: Any = 0
    sys.argv = ["tunetrace", *map(str, arguments)]
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    os.environ.clear()
    os.environ.update(environment(env))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv, sys.stdin = before[:2]
        os.environ.clear()
        os.environ.update(before[2])
    return code, _printed(err)


def run(
    *arguments: str | Path,
    stdin: bytes = b"",
    timeout: float = 60,
    env: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command in a process of its own."""
    ended = subprocess.run(
        [*PYTHON, *map(storages.outside, arguments)],
        input=stdin,
        capture_output=True,
        timeout=timeout,
        env=environment(env),
        check=False,
    )
    encoding = (env or {}).get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    out, err = (
        storages.inside(printed.decode(encoding), arguments)
        for printed in (ended.stdout, ended.stderr)
    )
    return Ended(ended.returncode, out, err)


def index_of(folder: Path, *tunes: str, name: str = "session") -> Path:
    """Build an index of a tunebook `session.abc` in a folder; gives its path."""
    book = folder / f"{name}.abc"
    book.write_text("\n".join(tunes), encoding="utf-8")
    build_index([book], folder / f"{name}.db")
    return folder / f"{name}.db"
