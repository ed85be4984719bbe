"""The examples in the docstrings of public names: each runs and gives what it shows.

They run where a checkout's `examples/` is, and with a default index of the tunes in it.
"""

from __future__ import annotations

import doctest
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

import tunetrace
from tests.conftest import ROOT

FOUND: Final = {
    name: [
        test
        for test in doctest.DocTestFinder().find(getattr(tunetrace, name), name)
        if test.examples
    ]
    for name in tunetrace.__all__
    if name != "__version__"
}
"""The examples by public name; those of a class's methods too."""


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of examples/ and an index of it."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(ROOT / "examples", folder / "examples")
    sources = sorted(
        path
        for path in (folder / "examples").iterdir()
        if path.suffix != ".db" and "answer" not in path.name
    )
    tunetrace.build_index(sources, folder / "tunetrace.db")
    return folder


@pytest.mark.parametrize("name", sorted(name for name, tests in FOUND.items() if tests))
def test_the_examples_of_a_docstring_give_what_they_show(
    name: str, examples: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNETRACE_INDEX", str(examples / "tunetrace.db"))
    monkeypatch.setenv("TUNETRACE_CACHE", str(examples / "cache"))
    monkeypatch.chdir(examples)
    names: dict[str, Any] = {one: getattr(tunetrace, one) for one in tunetrace.__all__}
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for test in FOUND[name]:
        test.globs = {"tunetrace": tunetrace, **names}
        failed, _ = runner.run(test, clear_globs=False)
        assert not failed, capsys.readouterr().out


def test_the_functions_that_people_begin_with_have_examples() -> None:
    for name in ("tokenize", "read", "explain", "corpora", "find_corpus"):
        assert FOUND[name], name
