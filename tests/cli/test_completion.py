"""The shell's completion: what the command answers when a shell asks what may come next."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import call, environment, every_command, run


def completed(line: str) -> list[tuple[str, str]]:
    """What bash is told to offer for the last word of a line, which may be empty."""
    words = line.split(" ")
    ended = call(env={"_TUNETRACE_COMPLETE": "bash_complete", "COMP_WORDS": line.rstrip(),
                      "COMP_CWORD": str(len(words) - 1)})  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    offered = [line.split(",") for line in ended.out.splitlines() if line]
    return [(kind, word) for kind, word in offered]


def words(line: str) -> list[str]:
    """The words that are offered; no file among them."""
    offered = completed(line)
    assert {kind for kind, _ in offered} <= {"plain"}
    return [word for _, word in offered]


@pytest.mark.parametrize("group", ["tunetrace", "tunetrace index", "tunetrace corpus",
                                   "tunetrace model"])  # fmt: skip
def test_a_group_offers_its_commands(group: str) -> None:
    named = [name.removeprefix(f"{group} ") for name, _ in every_command()
             if name.startswith(f"{group} ")]  # fmt: skip
    assert words(f"{group} ") == [name for name in named if " " not in name]


def test_commands_and_options_are_completed_from_their_first_letters() -> None:
    assert words("tunetrace f") == ["families", "figure", "find"]
    assert words("tunetrace index re") == ["rejects", "remove"]
    assert words("tunetrace figure --co") == ["--corpus"]
    assert words("tunetrace tokenize --format f") == ["folkrnn"]


def test_corpora_are_completed_by_their_names() -> None:
    assert words("tunetrace corpus show o") == ["oneills"]
    assert words("tunetrace corpus fetch airds thes") == ["thesession", "thesession-json"]
    assert words("tunetrace figure C --corpus ry") == ["ryans"]
    assert words("tunetrace corpus show none") == []


@pytest.mark.parametrize("line", ["tunetrace index build o", "tunetrace index add airds o",
                                  "tunetrace ngrams --only-in o"])  # fmt: skip
def test_sources_are_corpora_and_files(line: str) -> None:
    assert completed(line) == [("file", "o"), ("plain", "oneills")]


@pytest.mark.parametrize("line", ["tunetrace figure --index m", "tunetrace index info --index m",
                                  "tunetrace tokenize m"])  # fmt: skip
def test_files_are_left_to_the_shell(line: str) -> None:
    assert completed(line) == [("file", "m")]


def test_an_answer_imports_no_numpy_and_no_sqlalchemy() -> None:
    script = (
        "import sys\ntry:\n    from tunetrace.cli import main; main()\nfinally:\n"
        "    print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    for line, count in (("tunetrace", "1"), ("tunetrace index build", "3")):
        ended = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True,
            env=environment({"_TUNETRACE_COMPLETE": "zsh_complete", "COMP_WORDS": line,
                             "COMP_CWORD": count}),
        )  # fmt: skip
        assert ended.stdout
        assert not set(ended.stderr.split()) & {"numpy", "sqlalchemy", "torch", "pyparsing"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str) -> None:
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("click asks bash for its version")
    ended = run(env={"_TUNETRACE_COMPLETE": f"{shell}_source"})
    assert (ended.code, ended.err) == (0, "")
    assert f"{shell}_complete" in ended.out


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_a_command(tmp_path: Path) -> None:
    (tmp_path / "tunetrace").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tunetrace "$@"\n')
    (tmp_path / "tunetrace").chmod(0o755)
    script = (
        'eval "$(_TUNETRACE_COMPLETE=bash_source tunetrace)"\n'
        "COMP_WORDS=(tunetrace corpus sh); COMP_CWORD=2\n"
        '_tunetrace_completion tunetrace; echo "${COMPREPLY[@]}"\n'
    )
    ours = environment()
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True,
                           env={**ours, "PATH": f"{tmp_path}:{ours['PATH']}"})  # fmt: skip
    assert (ended.stdout, ended.stderr) == ("show\n", "")
