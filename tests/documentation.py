"""The examples of the README and of docs/: finding them, running them, and renewing them.

`python -m tests.documentation` builds the default index, runs every command whose output a page
shows, and writes the new output into the pages.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.commands import call_in_terminal
from tests.conftest import ROOT
from tests.programs import needed
from tests.web.running import running
from tunetrace import build_index, measure_baseline

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_BLOCK = re.compile(r"```console\n\$ (tunetrace [^\n]*)\n(.*?)```", re.DOTALL)
_ASKED = re.compile(r"```console\n\$ (curl [^\n]*)\n(.*?)```", re.DOTALL)
_SERVICE = "http://127.0.0.1:8000"

_CUT = "…"
"""A last line that says: the page shows the beginning of the output only."""

_SHOWN_OF_A_CUT = 12
"""Lines that a page shows of an output that it cuts, if it shows none yet."""


def examples(page: Path) -> list[tuple[str, str]]:
    """(command, output) of each block of a page that shows the output of one command."""
    return [(found[1], found[2].rstrip("\n")) for found in _BLOCK.finditer(_text(page))]


def questions(page: Path) -> list[tuple[str, str]]:
    """(command, output) of each block of a page that asks the service."""
    return [(found[1], found[2].rstrip("\n")) for found in _ASKED.finditer(_text(page))]


def answer_of(command: str, service: str) -> str:
    """What a command that asks the service prints. service: where it is."""
    ended = subprocess.run(
        [needed("bash"), "-c", command.replace(_SERVICE, service)], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    return ended.stdout.rstrip("\n")


def is_shown(command: str, shown: str) -> bool:
    """Whether a command prints what a page shows, apart from dates, speeds and places."""
    return _comparable(_as_shown(output_of(command), shown)) == _comparable(shown)


def output_of(command: str) -> str:
    """What a command prints in a terminal of 80 columns, without spaces at line ends."""
    index = {"TUNETRACE_INDEX": os.environ["TUNETRACE_INDEX"]}
    ended = call_in_terminal(*shlex.split(command)[1:], env=index)
    assert ended.code == 0, ended.err
    return "\n".join(line.rstrip() for line in f"{ended.out}{ended.err}".rstrip().split("\n"))


@contextmanager
def default_index(folder: Path) -> Iterator[Path]:
    """The default index with its baseline; TUNETRACE_INDEX names it meanwhile."""
    path = folder / "tunetrace.db"
    build_index(path=path)
    measure_baseline(path)
    before = os.environ.get("TUNETRACE_INDEX")
    os.environ["TUNETRACE_INDEX"] = str(path)
    try:
        yield path
    finally:
        del os.environ["TUNETRACE_INDEX"]
        if before is not None:
            os.environ["TUNETRACE_INDEX"] = before


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _as_shown(output: str, shown: str) -> str:
    """An output, cut where the page cuts it."""
    lines = shown.split("\n")
    if lines[-1] != _CUT:
        return output
    kept = len(lines) - 1 or _SHOWN_OF_A_CUT
    return "\n".join([*output.split("\n")[:kept], _CUT])


def _comparable(text: str) -> str:
    """Without what differs from day to day and from place to place."""
    text = re.sub(r"\d{4}-\d\d-\d\d", "DATE", text)
    text = re.sub(r"[\d,]+ tokens/s", "SPEED", text)
    return re.sub(r"^\S+tunetrace\.db$", "PATH", text, flags=re.MULTILINE)


def _renewed(found: re.Match[str]) -> str:
    command, shown = found[1], found[2].rstrip("\n")
    output = _as_shown(output_of(command), shown)
    if _comparable(output) == _comparable(shown):
        return found[0]
    output = re.sub(r"^\S+/tunetrace\.db$", "~/.local/share/tunetrace/tunetrace.db", output,
                    flags=re.MULTILINE)  # fmt: skip
    return f"```console\n$ {command}\n{output}\n```"


def _renew() -> None:
    with TemporaryDirectory() as name, default_index(Path(name)):
        shutil.copytree(ROOT / "examples", Path(name) / "examples")
        with chdir(name):
            for page in PAGES:
                page.write_text(_BLOCK.sub(_renewed, _text(page)), encoding="utf-8")
            with running(Path(os.environ["TUNETRACE_INDEX"])) as service:
                where = service.url

                def renewed(found: re.Match[str]) -> str:
                    return f"```console\n$ {found[1]}\n{answer_of(found[1], where)}\n```"

                for page in PAGES:
                    page.write_text(_ASKED.sub(renewed, _text(page)), encoding="utf-8")


if __name__ == "__main__":
    _renew()
