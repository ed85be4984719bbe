"""Eight processes that change an index in a database while thirty-two ask it: nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.faults.crowd import MARK, write_book
from tests.faults.forked import INDEXING, Forked
from tests.faults.places import FIGURES, in_schema
from tests.faults.rounds import Record, Rounds, rounds_of
from tests.storages import database
from tests.web.running import running
from tunetrace import build_index, open_index, verify_index

pytestmark = pytest.mark.fault

SECONDS = 6 * rounds_of(1)
"""How long they work: five minutes in fifty rounds."""

WRITERS = 8
READERS = ["library"] * 24 + ["command"] * 4 + ["service"] * 4


def said_by(name: str | Path) -> object:
    """What an index says of its tunes, in an order that does not depend on their ids."""
    with open_index(name) as index:
        info = index.info()
        figures = {
            figure: sorted(
                (hit.corpus, hit.number, hit.part, hit.bar, hit.onset)
                for hit in index.figure(figure, limit=10**6).results
            )
            for figure in (*FIGURES, MARK)
        }
        corpora = {(one.name, one.sha256, one.tunes, one.tokens) for one in info.corpora}
        return corpora, info.tokens, info.bars, info.distinct_bars, figures


def test_writers_and_readers_lose_nothing_and_see_whole_states(
    tmp_path: Path, record_property: Record
) -> None:
    first = write_book(tmp_path, WRITERS, 0, 0)
    with (
        in_schema(database()) as place,
        Forked(f"{INDEXING}\nimport tests.faults.crowd") as forked,
        Rounds("8 writers, 32 readers", place.where, record_property, 1, ()) as rounds,
    ):
        build_index([first], place.name)
        with running(place.name, "--most-seconds", "120", workers=2) as service:
            writers = [
                f"said = write({place.name!r}, {str(tmp_path)!r}, {number}, {SECONDS})"
                for number in range(WRITERS)
            ]
            readers = [
                f"said = read({place.name!r}, {service.url if how == 'service' else how!r}, "
                f"{number}, {SECONDS})"
                for number, how in enumerate(READERS)
            ]
            begun = [
                forked.start(f"from tests.faults.crowd import read, write\n{work}")
                for work in (*writers, *readers)
            ]
            ended = [child.done() for child in begun]
        books = {first.stem: str(first)}
        changes = 0
        for said in ended[:WRITERS]:
            changed, there = json.loads(said)
            changes += changed
            books |= there
        answers = sum(map(int, ended[WRITERS:]))
        rounds.row.fault = f"{WRITERS} writers, {len(READERS)} readers: {answers:,} answers"
        rounds.row.rounds = rounds.row.during = changes
        assert verify_index(place.name, full=True).faults == ()
        build_index(list(books.values()), tmp_path / "anew.db")
        assert said_by(place.name) == said_by(tmp_path / "anew.db")
