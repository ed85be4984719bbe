"""Fixtures: one scheduler with two workers for all tests, and batches to check on them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.running import Running
from tests.conftest import GENERATED, SWEDISH
from tunetrace import Index, report
from tunetrace.reports.folder import FILES

UNREADABLE = "X:1\nK:C\n[CEG\n\nX:2\nT:No key\nABC\n"


@pytest.fixture(scope="session")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler that has two workers."""
    pytest.importorskip("distributed")
    with Running(tmp_path_factory.mktemp("scheduler"), workers=2) as running:
        yield running.address


@pytest.fixture(scope="session")
def batch(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """6,000 generated transcriptions, which make three slices, and two that cannot be read."""
    folder = tmp_path_factory.mktemp("batch")
    tunes = (shared / GENERATED).read_text(encoding="utf-8").split("\n\n")
    (folder / "generated.txt").write_text("\n\n".join(tunes), encoding="utf-8")
    (folder / "unreadable.abc").write_text(UNREADABLE, encoding="utf-8")
    return [folder / "unreadable.abc", folder / "generated.txt"]


@pytest.fixture(scope="session")
def other_batch(shared: Path) -> Path:
    """A batch to compare it with."""
    return shared / SWEDISH


@pytest.fixture(scope="session")
def plain(
    batch: list[Path], other_batch: Path, v2_index: Index, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The report on both that one process makes."""
    folder = tmp_path_factory.mktemp("plain")
    report(batch, folder, v2_index, versus=other_batch, verbatim=True)
    return folder


def same_files(ours: Path, theirs: Path) -> bool:
    """Whether two reports have the same bytes in all files, but for dates and their own paths."""
    return all(_undated(ours, name) == _undated(theirs, name) for name in FILES)


def _undated(folder: Path, name: str) -> bytes:
    content = (folder / name).read_bytes()
    if name == "summary.json":
        found = json.loads(content)
        assert found.pop("created")
        assert found.pop("path") == str(folder)
        return json.dumps(found).encode()
    if name == "report.html":
        content, count = re.subn(rb"<time datetime=.*?</time>", b"", content)
        assert count
    return content
