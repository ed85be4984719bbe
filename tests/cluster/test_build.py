"""An index built on a cluster has the rows and the arrays of one that one process builds."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cluster.conftest import UNREADABLE
from tests.cluster.running import Running, started, wait_until
from tests.commands import KESH, call
from tests.conftest import V2_SAMPLE
from tests.storages import rows
from tunetrace import build_index, verify_index
from tunetrace.indexer.build import writer
from tunetrace.indexer.search.views import VIEWS
from tunetrace.indexer.store.arrays import streams
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.schema import metadata

LEFT_OUT = {"corpus": "added", "meta": "value"}
"""When it was built, and the random generation."""


def content(path: Path) -> dict[str, Sequence[tuple[Any, ...]]]:
    """All rows of an index with all its arrays, but for when it was built."""
    found = {}
    for table in metadata.sorted_tables:
        columns = [c.name for c in table.columns if c.name != LEFT_OUT.get(table.name)]
        listed = ", ".join(f'"{name}"' for name in columns)
        found[table.name] = rows(path, f'SELECT {listed} FROM "{table.name}" ORDER BY {listed}')
    found["vocabulary"] = rows(path, "SELECT value FROM meta WHERE name = 'vocabulary'")
    return found


@pytest.fixture(scope="module")
def sources(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """300 training transcriptions in a file, and a folder of files of several kinds of which some
    cannot be read."""
    folder = tmp_path_factory.mktemp("sources")
    tunes = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")[:320]
    (folder / "tunes.txt").write_text("\n\n".join(tunes[:300]), encoding="utf-8")
    mixed = folder / "mixed"
    mixed.mkdir()
    (mixed / "kesh.abc").write_text(KESH)
    (mixed / "empty.abc").write_text("")
    (mixed / "more.txt").write_text("\n\n".join(tunes[300:]), encoding="utf-8")
    (mixed / "unreadable.abc").write_text(UNREADABLE)
    (mixed / "with header.abc").write_text("M:3/4\nL:1/4\n\nX:5\nK:G\nGAB|dBG|\n\nX:6\nK:D\nd3|\n")
    return [folder / "tunes.txt", mixed]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 60 tunes and segments of at most 100, so that blocks cross their ends."""
    monkeypatch.setattr(writer, "_BATCH", 60)
    monkeypatch.setattr(streams, "SEGMENT_TUNES", 100)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("workers", [1, 2, pytest.param(4, marks=pytest.mark.slow)])
def test_local_workers_build_the_index_of_one_process(
    workers: int, sources: list[Path], tmp_path: Path
) -> None:
    ours, plain = tmp_path / "ours.db", tmp_path / "plain.db"
    told: list[str] = []
    found = build_index(
        sources, ours, cluster=workers, progress=lambda what, tunes: told.append(what)
    )
    expected = build_index(sources, plain)
    assert found.set_aside == expected.set_aside
    assert {reject.input.rpartition("/")[2] for reject in found.set_aside} == {
        "empty.abc", "unreadable.abc",
    }  # fmt: skip
    assert found.info.segments == 4
    assert content(ours) == content(plain)
    assert verify_index(ours, full=True).faults == ()
    assert re.match(r"indexing on \d workers?", told[0])
    assert re.search(r": 6 slices done, [\d,]+ tunes a second$", told[-1])


@pytest.mark.file
@pytest.mark.parametrize(
    ("tunes", "symbols"), [(5, 100_000), (1, 100_000), (100, 1_000), (100, 150)]
)
def test_a_segment_ends_before_the_first_tune_that_is_too_much(
    tunes: int, symbols: int, sources: list[Path], scheduler: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(streams, "SEGMENT_TUNES", tunes)
    monkeypatch.setattr(streams, "SEGMENT_SYMBOLS", symbols)
    ours, plain = tmp_path / "ours.db", tmp_path / "plain.db"
    build_index(sources[1:], ours, cluster=scheduler)
    build_index(sources[1:], plain)
    assert content(ours) == content(plain)
    ended = 0
    filled, lengths = 0, dict.fromkeys(VIEWS, 1)  # of the segment so far
    held = held_by_segments(plain)
    for segment, place, sizes in held:
        is_full = filled == tunes or any(
            lengths[view] + size > symbols for view, size in sizes.items()
        )
        if is_full and filled:
            ended += 1
            filled, lengths = 0, dict.fromkeys(VIEWS, 1)
        assert (segment, place) == (ended, filled)
        filled += 1
        lengths = {view: lengths[view] + size + 1 for view, size in sizes.items()}
    assert ended >= 3


def held_by_segments(path: Path) -> list[tuple[int, int, dict[str, int]]]:
    """The segment of each tune, its place there, and how many symbols it has in each view."""
    engine = storage_of(path).engine("read")
    with engine.connect() as connection:
        views = {
            name: list(streams.load_segments(connection, view).values())
            for name, view in VIEWS.items()
        }
    engine.dispose()
    return [
        (
            number,
            place,
            {name: len(segments[number].symbols_of(tune)) for name, segments in views.items()},
        )
        for number, segment in enumerate(views["tokens"])
        for place, tune in enumerate(segment.tune_ids.tolist())
    ]


def test_a_vocabulary_that_is_full_sets_the_same_tunes_aside(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # There is room for 118 lengths that v2 lacks. The third tunes need two, and the last none.
    lengths = iter(range(100, 400))
    tunes = [f"M:4/4\nK:Cmaj\nC {next(lengths)} |\n" for _ in range(117)]
    tunes += [f"M:4/4\nK:Cmaj\nC {next(lengths)} D {next(lengths)} |\n" for _ in range(3)]
    tunes += [f"M:4/4\nK:Cmaj\nC {next(lengths)} |\n" for _ in range(3)]
    tunes += ["M:4/4\nK:Cmaj\nC 2 D |\n", "M:4/4\nK:Cmaj\nE 100 |\n"]
    book = tmp_path / "a.txt"
    book.write_text("\n".join(tunes))
    monkeypatch.setattr(writer, "_BATCH", 50)
    monkeypatch.setattr(streams, "SEGMENT_TUNES", 70)
    ours, plain = tmp_path / "ours.db", tmp_path / "plain.db"
    report = build_index([book], ours, cluster=scheduler)
    build_index([book], plain)
    assert report.info.tunes == 118 + 2
    assert [reject.kind for reject in report.set_aside] == ["vocabulary full"] * 5
    assert content(ours) == content(plain)


def test_the_command_builds_on_a_cluster(
    sources: list[Path], scheduler: str, tmp_path: Path
) -> None:
    for name, cluster in (("ours.db", ("--scheduler", scheduler)), ("plain.db", ())):
        ended = call("index", "build", *sources, "--index", tmp_path / name, *cluster)
        assert (ended.code, ended.err) == (0, "")
    assert content(tmp_path / "ours.db") == content(tmp_path / "plain.db")


@pytest.mark.file
@pytest.mark.slow  # of waiting
def test_without_a_scheduler_nothing_is_built(sources: list[Path], tmp_path: Path) -> None:
    place = ("--index", tmp_path / "i.db")
    ended = call("index", "build", *sources, *place, "--scheduler", "tcp://127.0.0.1:9")
    assert ended.refusal.startswith("tcp://127.0.0.1:9: no Dask scheduler answers at this address")
    assert list(tmp_path.iterdir()) == []
    assert call("index", "build", sources[1], *place).code == 0


def test_nothing_usable_is_refused_and_leaves_nothing(scheduler: str, tmp_path: Path) -> None:
    book = tmp_path / "book.abc"
    book.write_text(UNREADABLE)
    ended = call("index", "build", book, "--index", tmp_path / "i.db", "--scheduler", scheduler)
    assert ended.refusal.startswith("none of the 2 tunes can be read; the first is set aside")
    assert list(tmp_path.iterdir()) == [book]


# What dies


@pytest.mark.usefixtures("small")
@pytest.mark.file
def test_a_worker_that_is_killed_changes_nothing(sources: list[Path], tmp_path: Path) -> None:
    ours, plain = tmp_path / "ours.db", tmp_path / "plain.db"
    told: list[str] = []

    with Running(tmp_path, workers=2) as running:

        def kill_one(what: str, tunes: int) -> None:
            told.append(what)
            if tunes > 100 and running.processes[1].poll() is None:
                running.kill(1)

        build_index(sources, ours, cluster=running.address, progress=kill_one)
        assert running.processes[1].poll() is not None
    build_index(sources, plain)
    assert content(ours) == content(plain)
    assert told[-1].startswith("indexing on 1 worker: 6 slices done")


class Pipe:
    """A named pipe that a build reads tunes from as they are written into it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "pipe.abc"
        os.mkfifo(self.path)

    def begin(self) -> None:
        """Write the first tunes, once the build reads them."""
        self._file = self.path.open("wb", buffering=0)
        self._file.write(f"{KESH}\n".encode() * 5_000)

    def end(self) -> None:
        """Write more tunes, and end."""
        with self._file, suppress(BrokenPipeError):  # the build has ended
            self._file.write(f"{KESH}\n".encode() * 5_000)


@pytest.mark.file
@pytest.mark.slow
def test_a_scheduler_that_is_killed_leaves_no_index(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    pipe = Pipe(tmp_path)
    build = ("index", "build", pipe.path, "--index", place / "i.db")
    with Running(tmp_path, workers=1) as running:
        client = started(*build, "--scheduler", running.address)
        pipe.begin()
        running.kill(0)
        pipe.end()
        output, errors = client.communicate(timeout=120)
    assert (client.returncode, output) == (2, b"")
    assert errors.decode() == (
        f"tunetrace: the scheduler at {running.address} no longer answers; start it and its "
        "workers again, and repeat the command\n"
    )
    assert list(place.iterdir()) == []


@pytest.mark.file
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_ended_ends_its_workers_and_is_in_nobodys_way(
    how: signal.Signals, tmp_path: Path
) -> None:
    place, book = tmp_path / "place", tmp_path / "book.abc"
    place.mkdir()
    book.write_text(KESH)
    pipe = Pipe(tmp_path)
    client = started("index", "build", pipe.path, "--index", place / "i.db", "--workers", "1")
    pipe.begin()
    group = [psutil.Process(client.pid), *psutil.Process(client.pid).children(recursive=True)]
    assert len(group) > 1
    os.killpg(client.pid, how) if how == signal.SIGINT else client.send_signal(how)
    _, errors = client.communicate(timeout=120)
    pipe.end()
    # A shell shows 130 for both.
    expected = (130, -signal.SIGINT) if how == signal.SIGINT else (-signal.SIGKILL,)
    assert client.returncode in expected
    if how == signal.SIGINT:
        assert errors.decode().strip() == ""
    wait_until(lambda: not any(process.is_running() for process in group))
    assert not (place / "i.db").exists()
    assert build_index([book], place / "i.db").info.tunes == 1
    assert [path.name for path in place.iterdir()] == ["i.db"]
