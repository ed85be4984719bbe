"""The command as its users run it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "tunetrace"]


def run(
    *arguments: str | Path,
    stdin: str | bytes = b"",
    env: dict[str, str] | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run tunetrace with arguments and give what it printed and its exit code."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin.decode() if isinstance(stdin, bytes) else stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})},
        timeout=timeout,
        check=False,
    )


def complaint(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that was refused; fails where it was not, or said more."""
    assert result.returncode == 2, (result.returncode, result.stdout, result.stderr)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("tunetrace: ")
    return line.removeprefix("tunetrace: ")
