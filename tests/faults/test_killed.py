"""A command that changes an index is killed: the old index is there, or the new one, whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.forked import Forked, Writing
from tests.faults.places import File, Place, in_schema, state, write_tunes
from tests.faults.rounds import Record, Rounds
from tests.indexer.build.schema_6 import write_schema_6
from tests.storages import database
from tests.web.running import until
from tunetrace import add_to_index, build_index

pytestmark = pytest.mark.fault


@dataclass(frozen=True)
class Books:
    """The files that commands work with."""

    base: Path
    """An index."""
    old: Path
    """An index of the same tunes, of schema 6."""
    book: Path
    """A tunebook that it lacks."""
    both: Path
    """An index that has the tunebook too."""
    alone: Path
    """An index of the tunebook alone."""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("books")
    base, book = (write_tunes(folder / f"{name}.abc", len(name), 150) for name in ("base", "more"))
    made = Books(folder / "base.db", folder / "old.db", book, folder / "both.db", folder / "a.db")
    for path in (made.base, made.both):
        build_index([base], path)
    add_to_index([book], made.both)
    build_index([book], made.alone)
    write_schema_6(made.base, made.old)
    return made


@pytest.fixture(params=["file", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place."""
    if request.param == "file":
        yield File(tmp_path / "place")
    else:
        with in_schema(database()) as schema:
            yield schema


@pytest.fixture(scope="module")
def forked() -> Iterator[Forked]:
    with Forked() as server:
        yield server


def test_a_build_that_is_killed_leaves_the_old_index_or_the_new_one(
    books: Books, place: Place, forked: Forked, record_property: Record
) -> None:
    work = f"tunetrace.build_index([{str(books.book)!r}], {place.name!r}, force=True)"
    with Rounds("a build is killed", place.where, record_property) as rounds:
        kill_each(rounds, forked, work, place, [books.base, None], books.alone)


def test_an_addition_that_is_killed_leaves_the_old_index_or_the_new_one(
    books: Books, place: Place, forked: Forked, record_property: Record
) -> None:
    work = f"tunetrace.add_to_index([{str(books.book)!r}], {place.name!r})"
    with Rounds("an addition is killed", place.where, record_property) as rounds:
        kill_each(rounds, forked, work, place, [books.base], books.both)


def test_a_copy_that_is_killed_leaves_the_old_index_or_the_new_one(
    books: Books, place: Place, forked: Forked, record_property: Record
) -> None:
    work = f"tunetrace.copy_index({str(books.both)!r}, {place.name!r}, force=True)"
    before = books.both.read_bytes()
    with Rounds("a copy is killed", place.where, record_property) as rounds:
        kill_each(rounds, forked, work, place, [books.base, None], books.both)
        assert books.both.read_bytes() == before


@pytest.mark.parametrize("place", ["file"], indirect=True)
def test_an_upgrade_that_is_killed_leaves_the_old_index_or_the_new_one(
    books: Books, place: Place, forked: Forked, record_property: Record
) -> None:
    work = f"tunetrace.migrate_index({place.name!r})"
    with Rounds("an upgrade is killed", place.where, record_property) as rounds:
        kill_each(rounds, forked, work, place, [books.old], books.base)


def kill_each(
    rounds: Rounds, forked: Forked, work: str, place: Place, olds: list[Path | None], new: Path
) -> None:
    """Kill work at moments that are spread over all the time that it takes.

    olds: the indexes that are there before, one in a round after the other. new: the index that is
    there afterwards.
    """
    befores = [None if old is None else state(str(old)) for old in olds]
    after = state(str(new))
    writing = Writing(forked, work, lambda: place.is_written)
    for _ in range(2):  # the second is as fast as those to come
        place.put(olds[0])
        times = writing.times()
    assert state(place.name) == after
    for number in rounds:
        which = number // 4 % len(olds)
        before = befores[which]
        place.put(olds[which])
        child = writing.paused(rounds, *times)
        is_writing = place.is_written
        child.kill()
        found = state(place.name)
        assert found in (before, after), number
        rounds.count("during" if is_writing else "after" if found == after else "before")
        forked.start(work).done()
        assert state(place.name) == after, number
        until(lambda: not place.left())
