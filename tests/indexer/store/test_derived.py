"""The tables of the back-off model, which are kept in a file beside the cached arrays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, index_of
from tunetrace import add_to_index, open_index
from tunetrace.indexer.store.arrays import derived

pytestmark = pytest.mark.file

FIGURES = ["G, C C", "C", "c 2 B c", "E D E"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small index, whose tables are kept as those of a large one are."""
    monkeypatch.setattr(derived, "CACHED_BYTES", 0)
    return index_of(tmp_path, KESH, MORRISONS)


def expected(place: Path) -> list[float | None]:
    with open_index(place) as index:
        return [index.figure(figure).expected for figure in FIGURES]


def files(place: Path) -> list[Path]:
    return sorted(Path(f"{place}.arrays").glob("*.tokens-backoff"))


def test_tables_are_counted_once_and_answer_alike_from_then_on(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = expected(place)
    (file,) = files(place)
    written = file.stat().st_mtime_ns
    assert expected(place) == before
    assert file.stat().st_mtime_ns == written
    monkeypatch.setattr(derived, "CACHED_BYTES", 1 << 30)
    file.unlink()
    assert expected(place) == before
    assert files(place) == []


@pytest.mark.parametrize("damage", [b"", b"[]", b"no JSON", bytes(20_000)])
def test_a_file_that_is_not_whole_is_counted_again(place: Path, damage: bytes) -> None:
    before = expected(place)
    (file,) = files(place)
    whole = file.read_bytes()
    for content in (damage, whole[:-1], whole + b"\0"):
        file.write_bytes(content)
        assert expected(place) == before
        assert file.read_bytes() == whole


def test_a_change_of_the_tunes_counts_anew_and_leaves_one_file(place: Path) -> None:
    before, of_before = expected(place), files(place)
    book = place.with_name("more.abc")
    book.write_text(KESH.replace("X:1", "X:7"), encoding="utf-8")
    add_to_index(book, place)
    after = expected(place)
    assert after != before
    assert len(files(place)) == 1
    assert files(place) != of_before


def test_without_a_folder_beside_the_index_the_answers_are_the_same(place: Path) -> None:
    before = expected(place)
    (file,) = files(place)
    file.unlink()
    folder = file.parent
    for other in folder.iterdir():
        other.unlink()
    folder.rmdir()
    folder.write_text("not a folder")
    assert expected(place) == before
