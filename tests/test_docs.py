"""The examples of the README and of docs/: each runs, and gives what stands there."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.commands import call_in_terminal
from tests.conftest import ROOT
from tunetrace import CheckedTune, build_index, check_batch, measure_baseline, open_index
from tunetrace.checker.columns import REJECT_COLUMNS, SPAN_COLUMNS, TUNE_COLUMNS
from tunetrace.checker.measures import MEASURES
from tunetrace.cli import cli

README = (ROOT / "README.md").read_text(encoding="utf-8")
MANUAL = (ROOT / "docs" / "manual.md").read_text(encoding="utf-8")
MEASURES_PAGE = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def default_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The default index with its baseline, where TUNETRACE_INDEX names it."""
    path = tmp_path_factory.mktemp("default") / "tunetrace.db"
    build_index(path=path)
    measure_baseline(path)
    before = os.environ.get("TUNETRACE_INDEX")
    os.environ["TUNETRACE_INDEX"] = str(path)
    yield path
    del os.environ["TUNETRACE_INDEX"]
    if before is not None:
        os.environ["TUNETRACE_INDEX"] = before


def output_of(command: str) -> str:
    """What a command shows in a terminal, without spaces at line ends."""
    index = {"TUNETRACE_INDEX": os.environ["TUNETRACE_INDEX"]}
    ended = call_in_terminal(*shlex.split(command)[1:], env=index)
    assert ended.code == 0, ended.err
    return "\n".join(line.rstrip() for line in f"{ended.out}{ended.err}".rstrip().split("\n"))


def consoles(text: str) -> list[tuple[str, str]]:
    """(command, output) of each console block that shows one command's output."""
    blocks = re.findall(r"```console\n\$ (tunetrace [^\n]*)\n([^$].*?)\n```", text, re.DOTALL)
    return [(command, output) for command, output in blocks]


def comparable(text: str) -> str:
    """Without what differs from day to day and from place to place."""
    text = re.sub(r"\d{4}-\d\d-\d\d", "DATE", text)
    text = re.sub(r"[\d,]+ tokens/s", "SPEED", text)
    return re.sub(r"^\S+tunetrace\.db$", "PATH", text, flags=re.MULTILINE)


@pytest.mark.usefixtures("default_index")
def test_the_readmes_commands_print_what_stands_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)  # where a report may be written
    shown = consoles(README)
    assert {shlex.split(command)[1] for command, _ in shown} == {
        "index", "corpus", "figure", "bar", "check", "baseline", "report", "sample", "model",
        "tune", "ngrams", "tokenize",
    }  # fmt: skip
    for command, output in shown:
        assert comparable(output_of(command)) == comparable(output), command


@pytest.mark.usefixtures("default_index")
def test_the_demos_report_is_the_one_in_the_readme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert output_of("tunetrace check examples/post.txt") in README


@pytest.mark.usefixtures("default_index")
def test_the_readmes_python_gives_what_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failures, examples = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert examples >= 8
    assert failures == 0


def test_the_page_of_measures_defines_every_measure_in_a_section_of_its_own() -> None:
    headings = re.findall(r"^### .*", MEASURES_PAGE, re.MULTILINE)
    named = [name for heading in headings for name in re.findall(r"`(\w+)`", heading)]
    assert sorted(named) == sorted(measure.name for measure in MEASURES)


def test_the_example_of_the_measures_comes_out_as_worked_out_by_hand(tmp_path: Path) -> None:
    corpus, transcription = re.findall(r"^```\n(T:.*?\n)```$", MEASURES_PAGE, re.M | re.S)
    (tmp_path / "corpus.txt").write_text(corpus, encoding="utf-8")
    (tmp_path / "new.txt").write_text(transcription, encoding="utf-8")
    build_index([tmp_path / "corpus.txt"], tmp_path / "index.db")
    with open_index(tmp_path / "index.db") as index:
        (tune,) = check_batch([tmp_path / "new.txt"], index)
        expected = index.figure("C D").expected
    assert isinstance(tune, CheckedTune)
    shown = re.findall(r"^\| `(\w+)` \| ([\d./]+) \|$", MEASURES_PAGE, re.MULTILINE)
    assert {name: float(Fraction(value)) for name, value in shown} == pytest.approx(
        {measure.name: measure.value(tune) for measure in MEASURES}
    )
    assert tune.novelty[3] == pytest.approx(11 / 19)
    assert (tune.novelty[0], tune.novelty[11]) == (pytest.approx(10 / 22), 1)
    # The page rounds what it works out of the model to three digits.
    assert expected == pytest.approx(0.377, abs=5e-4)
    assert tune.spans[0].expected == pytest.approx(0.109, abs=5e-4)
    assert tune.sources[0].bits == pytest.approx(3.2, abs=0.05)


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


EVERY = list(commands(cli, "tunetrace"))


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[path for path, _ in EVERY])
def test_the_manual_has_every_command_and_every_option(path: str, command: click.Command) -> None:
    section = re.search(rf"^## {path}\b.*?(?=^## |\Z)", MANUAL, re.MULTILINE | re.DOTALL)
    assert section is not None, f"the manual lacks {path}"
    assert re.search(rf"^{path}", section.group(), re.MULTILINE), f"{path} lacks an example"
    # Those that every command or both searches have are explained once.
    common = {"--json", "--jsonl", "--index", "--help", "--format"}
    if path == "tunetrace bar":
        common |= {"--part", "--bar", "--onset", "--meter", "--key", "--corpus", "--title",
                   "--limit"}  # fmt: skip
    for option in command.params:
        if isinstance(option, click.Option) and option.opts[0] not in common:
            assert option.opts[0] in section.group(), f"{path} {option.opts[0]}"


def test_the_manual_has_every_column_of_a_reports_tables() -> None:
    section = re.search(r"^## tunetrace report\b.*?(?=^## )", MANUAL, re.MULTILINE | re.DOTALL)
    assert section is not None
    rows = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| `.*", section.group(), re.M))))
    for column in (*TUNE_COLUMNS, *SPAN_COLUMNS, *REJECT_COLUMNS):
        assert column.name in rows


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[path for path, _ in EVERY])
def test_every_commands_help_has_an_example(path: str, command: click.Command) -> None:
    result = CliRunner().invoke(cli, [*path.split()[1:], "--help"])
    assert re.search(rf"^\s+{path}", result.output, re.MULTILINE)
    assert max(map(len, result.output.splitlines())) <= 80


def test_no_link_of_the_docs_leads_nowhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert link.startswith("https://") or (page.parent / link).exists(), (page, link)
