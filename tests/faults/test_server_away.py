"""A database that goes away and comes back: questions are answered again, and no change is lost."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.forked import Forked, Writing
from tests.faults.places import FIGURES, in_schema, state, write_tunes
from tests.faults.rounds import Record, Rounds
from tests.storages import Server, database
from tunetrace import IndexFileError, add_to_index, build_index, open_index

pytestmark = pytest.mark.fault

STOPS = ("fast", "immediate")
"""How the server is stopped: it ends what is under way, or it crashes."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that tests may stop, with the settings that people have."""
    database()  # which skips the test where there are no programs
    with tempfile.TemporaryDirectory() as folder:  # whose path is short enough for a socket's
        Path(folder).chmod(0o755)
        made = Server(Path(folder) / "own", is_durable=True)
        made.make()
        yield made
        made.stop()


class Asker:
    """A thread that asks an open index one question after another."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.answered = self.refused = 0
        self.mistakes: list[BaseException] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        try:
            with open_index(self._name) as index:
                expected = [index.figure(figure) for figure in FIGURES], index.info()
                while not self._is_over.is_set():
                    try:
                        found = [index.figure(figure) for figure in FIGURES], index.info()
                        assert found == expected
                        self.answered += 1
                    except IndexFileError as error:
                        if "the database cannot be reached" not in str(error):
                            raise
                        self.refused += 1
        except BaseException as error:
            self.mistakes.append(error)

    def wait_for(self, what: str, more: int = 1) -> None:
        """Wait until it was `answered` or `refused` again."""
        wanted = getattr(self, what) + more
        while getattr(self, what) < wanted and not self.mistakes:
            time.sleep(0.001)
        assert self.mistakes == []

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()


def test_questions_are_answered_again_when_the_server_is_back(
    server: Server, tmp_path: Path, record_property: Record
) -> None:
    book = write_tunes(tmp_path / "book.abc", 1, 150)
    with (
        in_schema(server.url()) as place,
        Rounds("the server goes away in questions", place.where, record_property, 3, ("during",))
        as rounds,
    ):  # fmt: skip
        build_index([book], place.name)
        before = state(place.name)
        with Asker(place.name) as asker:
            for number in rounds:
                asker.wait_for("answered")
                time.sleep(rounds.moment(0.02))
                server.stop(STOPS[number % 2])
                asker.wait_for("refused")
                with pytest.raises(IndexFileError, match="the database cannot be reached"):
                    open_index(place.name)
                server.start()
                asker.wait_for("answered")
                assert state(place.name) == before
                rounds.count("during")


def test_a_change_whose_server_goes_away_is_done_or_leaves_the_index_as_it_was(
    server: Server, tmp_path: Path, record_property: Record
) -> None:
    base, book = (
        write_tunes(tmp_path / f"{name}.abc", len(name), 150) for name in ("base", "more")
    )
    files = tmp_path / "before.db", tmp_path / "after.db"
    for path in files:
        build_index([base], path)
    add_to_index([book], files[1])
    before, after = map(state, map(str, files))
    with (
        in_schema(server.url()) as place,
        Forked() as forked,
        Rounds("the server goes away in a change", place.where, record_property, 3) as rounds,
    ):
        work = f"tunetrace.add_to_index([{str(book)!r}], {place.name!r})"
        writing = Writing(forked, work, lambda: place.is_written)
        for _ in range(2):  # the second is as fast as those to come
            place.put(files[0])
            times = writing.times()
        for number in rounds:
            place.put(files[0])
            child = writing.paused(rounds, *times)
            is_writing = place.is_written
            server.stop(STOPS[number % 2])
            child.go_on()
            code, said = child.wait()
            server.start()
            found = state(place.name)
            if code:
                assert "the database cannot be reached" in said, number
                assert found in (before, after), number
            else:  # what was said to be done is done
                assert found == after, number
            rounds.count("during" if is_writing else "before" if code else "after")
            forked.start(work).done()
            assert state(place.name) == after, number
