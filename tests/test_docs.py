"""The examples of the README and of docs/: each runs, and gives what stands there."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests import documentation
from tests.conftest import ROOT
from tests.documentation import PAGES, answer_of, examples, is_shown, questions
from tests.web.running import running
from tunetrace import CheckedTune, build_index, check_batch, open_index
from tunetrace.checker.measures import MEASURES, SIMILARITY
from tunetrace.checker.tables import REJECT_COLUMNS, SPAN_COLUMNS, TUNE_COLUMNS
from tunetrace.cli import cli

COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
MEASURES_PAGE = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def default_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The default index with its baseline, which TUNETRACE_INDEX names."""
    with documentation.default_index(tmp_path_factory.mktemp("default")) as path:
        yield path


@pytest.mark.usefixtures("default_index")
@pytest.mark.slow
def test_the_commands_in_the_docs_print_what_the_pages_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)  # where a report may be written
    shown = [example for page in PAGES for example in examples(page)]
    assert {shlex.split(command)[1] for command, _ in shown} == {
        "index", "corpus", "figure", "bar", "check", "baseline", "report", "sample", "model",
        "tune", "ngrams", "tokenize", "similar", "next", "find", "score",
    }  # fmt: skip
    assert [command for command, output in shown if not is_shown(command, output)] == []


def test_the_service_answers_as_the_pages_show(
    default_index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    asked = [question for page in PAGES for question in questions(page)]
    assert len(asked) >= 3
    with running(default_index) as service:
        where = service.url
        assert [(one, answer_of(one, where)) for one, _ in asked] == asked


@pytest.mark.usefixtures("default_index")
def test_the_python_examples_of_the_docs_give_what_the_pages_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    for page, least in (("README.md", 4), ("docs/python.md", 8), ("docs/notation.md", 5)):
        failures, run = doctest.testfile(str(ROOT / page), module_relative=False)
        assert run >= least
        assert failures == 0


def test_the_page_of_measures_defines_every_measure_in_a_section_of_its_own() -> None:
    headings = re.findall(r"^### .*", MEASURES_PAGE, re.MULTILINE)
    named = [name for heading in headings for name in re.findall(r"`(\w+)`", heading)]
    assert sorted(named) == sorted(measure.name for measure in (*MEASURES, SIMILARITY))


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
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


EVERY = list(commands(cli, "tunetrace"))
assert len(EVERY) > 20  # pytest would skip a test without a parameter


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[path for path, _ in EVERY])
def test_the_page_of_commands_has_every_command_and_every_option(
    path: str, command: click.Command
) -> None:
    section = re.search(rf"^## {path}\b.*?(?=^## |\Z)", COMMANDS, re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/commands.md lacks {path}"
    assert re.search(rf"^{path}", section.group(), re.MULTILINE), f"{path} lacks an example"
    # Those that every command or every search has are explained once.
    common = {"--json", "--jsonl", "--index", "--help"}
    if path in ("tunetrace bar", "tunetrace next"):
        common |= {"--part", "--bar", "--onset", "--meter", "--key", "--original-key", "--corpus",
                   "--title", "--exclude-family", "--limit"}  # fmt: skip
    for option in command.params:
        if isinstance(option, click.Option) and option.opts[0] not in common:
            assert option.opts[0] in section.group(), f"{path} {option.opts[0]}"


def test_the_page_of_commands_has_every_column_of_a_reports_tables() -> None:
    section = re.search(r"^## tunetrace report\b.*?(?=^## )", COMMANDS, re.MULTILINE | re.DOTALL)
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
