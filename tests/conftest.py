"""Fixtures: the shared sample of real tunes, and small indexes built for one test or for all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests import storages
from tests.faults.rounds import rows_in, table_of
from tunetrace import Index, build_index, open_index

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long an example takes is the machine's affair.
hypothesis.settings.register_profile("without deadlines", deadline=None)
hypothesis.settings.load_profile("without deadlines")

ROOT = Path(__file__).parent.parent
POST = ROOT / "examples" / "post.txt"

V2_SAMPLE = "folkrnn_v2_withtitles_first3000.txt"
GENERATED = "generated_6k.txt"
SWEDISH = "folkrnn_swedish_1000.txt"


WITH_BOTH = re.compile(
    r"indexer/|checker/|cluster/test_(build|families|report)\b|"
    r"cli/test_(check|find|index|near|next|ngrams|report|similar|stats|tune)\b"
)
"""The tests that are run with an index in a file, and with one in a database, by their paths."""


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # which a process of xdist has
        storages.prepare()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        storages.end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was tried against faults, and what was lost, as a table."""
    ended = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind)]
    rows = rows_in(one for one in ended if one.when == "call")
    if rows:
        terminalreporter.section("faults")
        terminalreporter.write_line(table_of(rows))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    path = metafunc.definition.path.relative_to(ROOT / "tests").as_posix()
    is_of_file = metafunc.definition.get_closest_marker("file")
    has_both = WITH_BOTH.match(path) and not is_of_file
    metafunc.parametrize(
        "storage",
        storages.STORAGES if has_both else storages.STORAGES[:1],
        ids=[pytest.HIDDEN_PARAM, "postgresql"] if has_both else [pytest.HIDDEN_PARAM],
        indirect=True,
        scope="session",
    )


@pytest.fixture(scope="session", autouse=True)
def storage(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the indexes of a test are kept: `file` or `postgresql`."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "postgresql":
            storages.in_database(patch)
        yield request.param
        storages.drop()


@pytest.fixture(autouse=True)
def schemas_end_with_their_test(request: pytest.FixtureRequest, storage: str) -> Iterator[None]:
    """What a test keeps in a database is deleted when it ends."""
    yield
    if "tmp_path" in request.node.funcargs:
        storages.drop(request.node.funcargs["tmp_path"])


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real tunes beside the checkout; a user's clone has none and skips.

    Where TUNETRACE_SHARED names it, as in CI, its absence is a failure.
    """
    named = os.environ.get("TUNETRACE_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        if named:
            pytest.fail(f"TUNETRACE_SHARED names {folder}, and no data is there")
        pytest.skip("the shared sample of real tunes is not beside this checkout")
    return folder / "data"


@pytest.fixture(scope="session")
def v2_index(
    shared: Path, storage: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Index]:
    """An index of the first 3,000 training transcriptions of folk-rnn v2."""
    path = tmp_path_factory.mktemp("v2") / "v2.db"
    build_index([shared / V2_SAMPLE], path)
    with open_index(path) as index:
        yield index


@pytest.fixture
def make_index(tmp_path: Path) -> Iterator[Callable[..., Index]]:
    """Builds and opens an index of transcriptions given as folk-rnn text."""
    opened: list[Index] = []

    def make(*tunes: str, **options: object) -> Index:
        source = tmp_path / f"corpus{len(opened)}.txt"
        source.write_text("\n\n".join(tunes), encoding="utf-8")
        path = tmp_path / f"index{len(opened)}.db"
        build_index([source], path, **options)  # type: ignore[arg-type]
        opened.append(open_index(path))
        return opened[-1]

    yield make
    for index in opened:
        index.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of pages, since starting it takes longer than a test."""
    from tests.reports.browser import chromium

    with chromium() as running:
        yield running


@pytest.fixture
def one_thread() -> Iterator[None]:
    """PyTorch with one thread: on a busy machine several wait for each other at every step."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
