"""Whole commands from a cold start: the time from starting a process to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.corpus import ROOT
from benchmarks.measure import median_seconds
from benchmarks.output import duration, ratio, say, show_table
from benchmarks.peers import ENVIRONMENT, grep_command

_CHECK: Final = "tunetrace check examples/post.txt"
_FIGURE: Final = "G, C C 2"
_REPETITIONS: Final = 11


def measure(index: Path, lines: Path) -> None:
    """Print the table."""
    trace = [sys.executable, "-m", "tunetrace"]
    checking = [*trace, "check", "examples/post.txt", "--index", str(index)]
    check, verbatim = _seconds(checking), _seconds([*checking, "--verbatim"])
    figure = _seconds([*trace, "figure", _FIGURE, "--index", str(index)])
    grep = _seconds(grep_command(_FIGURE.split(), lines))
    nothing = _seconds([sys.executable, "-c", "pass"])
    imports = _seconds([sys.executable, "-c", "import sqlalchemy, numpy, click"])
    show_table(
        "4. Whole commands, each in a new process",
        ("", "budget", "time", "tunetrace is"),
        [
            (_CHECK, "2.2x slower", duration(check), ratio(check, imports)),
            (f"{_CHECK} --verbatim", "1.4x slower", duration(verbatim), ratio(verbatim, imports)),
            (f'tunetrace figure "{_FIGURE}"', "", duration(figure), ""),
            (f'grep -cF " {_FIGURE} "', "", duration(grep), ratio(figure, grep)),
            ("import sqlalchemy, numpy, click", "", duration(imports), ""),
            ("python -c pass", "", duration(nothing), ""),
        ],
    )
    say(
        "The files are in the system's cache. check is compared with the imports, figure with "
        f"grep. Medians of {_REPETITIONS}."
    )


def _seconds(command: list[str]) -> float:
    # Through a pipe, since grep stops at the first line it finds when it writes to /dev/null.
    return median_seconds(
        lambda: subprocess.run(
            command, cwd=ROOT, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE
        ),
        _REPETITIONS,
    )
