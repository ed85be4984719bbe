"""Running tunetrace's command line, as a process of its own or, where that shows the same, in ours.

Either way it is `tunetrace.cli.main` that runs, with the arguments, the standard streams and the
environment of one command, 80 columns wide and with no index, no models and no fetched corpora
but those that a test names.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunetrace import build_index
from tunetrace.cli import main

PYTHON = (sys.executable, "-m", "tunetrace")

KESH = "X:3\nT:The Kesh\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3 ABd|\n"
"""Transposed to C: C 3 C D E | D 3 D E G |, which is 8 notes."""

MORRISONS = "X:7\nT:Morrison's\nM:6/8\nL:1/8\nK:Edor\nE3 B3|EBE AFD|\n"
"""Transposed to C: C 3 G 3 | C G C F D B, |, which is 8 notes too."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

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
    """Run a command in this process."""
    before = sys.argv, sys.stdin, dict(os.environ)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
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
    printed = []
    for stream in (out, err):
        stream.flush()
        stream.seek(0)
        printed.append(stream.read())
    return Ended(code, *printed)


def run(
    *arguments: str | Path,
    stdin: bytes = b"",
    timeout: float = 60,
    env: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command in a process of its own."""
    ended = subprocess.run(
        [*PYTHON, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=timeout,
        env=environment(env),
        check=False,
    )
    encoding = (env or {}).get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    return Ended(ended.returncode, ended.stdout.decode(encoding), ended.stderr.decode(encoding))


def index_of(folder: Path, *tunes: str, name: str = "session") -> Path:
    """Build an index of a tunebook `session.abc` in a folder; gives its path."""
    book = folder / f"{name}.abc"
    book.write_text("\n".join(tunes), encoding="utf-8")
    build_index([book], folder / f"{name}.db")
    return folder / f"{name}.db"
