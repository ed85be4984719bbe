"""Many processes that change one index and ask it at the same time: what each of them does."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from tests.commands import KESH, call
from tunetrace import (
    Index,
    IndexFileError,
    add_to_index,
    check,
    compact_index,
    open_index,
    remove_from_index,
)

MARK: Final = "C, D, E, F, G,"
"""A figure that each tune has once, so that the number of its hits is the number of tunes."""

TUNES: Final = 6
"""How many tunes a book has."""

BOOKS: Final = 5
"""How many corpora a writer has at most."""

_PAUSE: Final = 0.2
"""Seconds, at most, that a reader waits before it asks again."""


def write_book(folder: Path, writer: int, book: int, edition: int) -> Path:
    """Write an edition of a writer's tunebook; gives the path, whose stem names the corpus."""
    path = folder / f"edition{edition}" / f"w{writer}b{book}.abc"
    path.parent.mkdir(exist_ok=True)
    chance = random.Random(f"{writer} {book} {edition}")
    tunes = []
    for number in range(1, TUNES + 1):
        bars = ["".join(chance.choices("CDEFGABcde", k=8)) for _ in range(7)]
        bars.append(MARK.replace(" ", ""))
        tunes.append(f"X:{number}\nT:T{number}\nM:4/4\nL:1/8\nK:C\n{'|'.join(bars)}|\n")
    path.write_text("\n".join(tunes))
    return path


def write(name: str, folder: str, writer: int, seconds: float) -> str:
    """Add, replace, remove and compact for some time.

    Gives JSON: how many changes that were, and the paths of the tunebooks that are there in the
    end, by the names of their corpora.
    """
    chance = random.Random(writer)
    there: dict[str, str] = {}
    changes = edition = 0
    ends = time.monotonic() + seconds
    while not changes or time.monotonic() < ends:
        edition += 1
        what = chance.random()
        if there and what < 0.25:
            removed = chance.choice(sorted(there))
            remove_from_index([removed], name)
            del there[removed]
        elif what < 0.3:
            compact_index(name)
        else:  # which replaces the corpus if it is there
            book = write_book(Path(folder), writer, chance.randrange(BOOKS), edition)
            add_to_index([book], name, replace=True)
            there[book.stem] = str(book)
        changes += 1
    return json.dumps([changes, there])


def read(name: str, how: str, reader: int, seconds: float) -> str:
    """Ask one question after another for some time, each about one state of the index.

    how: by the `library`, by the `command` line, or the URL of a service. Gives how many answers
    there were.
    """
    chance = random.Random(f"reader {reader}")
    asker = {"library": _Library, "command": _Command}.get(how, _Service)(name, how)
    ends = time.monotonic() + seconds
    answers = 0
    while not answers or time.monotonic() < ends:
        time.sleep(chance.uniform(0, _PAUSE))
        answers += asker.ask(chance.randrange(3))
    return str(answers)


@dataclass
class _Library:
    """Asks an index that stays open until it was changed."""

    name: str
    how: str
    index: Index | None = None

    def ask(self, which: int) -> int:
        try:
            if self.index is None:
                self.index = open_index(self.name)
            self._ask(self.index, which)
            return 1
        except IndexFileError as error:
            if self.index is None or "changed after it was opened" not in str(error):
                raise
            self.index.close()
            self.index = None
            return 0

    def _ask(self, index: Index, which: int) -> None:
        if which == 0:
            found = index.figure(MARK, limit=1)
            assert found.hits == found.tunes == found.of == index.tunes
        elif which == 1:
            info = index.info()
            assert info.tunes == index.tunes == sum(one.tunes for one in info.corpora)
            assert {one.tunes for one in info.corpora} == {TUNES}
        else:
            assert [tune.notes for tune in check(KESH, index=index).tunes] == [8]


@dataclass
class _Command:
    """Asks by the command line, which opens the index each time."""

    name: str
    how: str

    def ask(self, which: int) -> int:
        asked = (("figure", MARK, "--limit", "1"), ("index", "info"), ("check",))[which]
        ended = call(*asked, "--index", self.name, "--json", stdin=KESH.encode())
        if ended.code:
            assert "changed after it was opened" in ended.refusal
            return 0
        found = ended.json
        if which == 0:
            assert found["hits"] == found["tunes"] == found["of"]
        elif which == 1:
            assert found["tunes"] == sum(one["tunes"] for one in found["corpora"])
        else:
            assert [tune["notes"] for tune in found["tunes"]] == [8]
        return 1


@dataclass
class _Service:
    """Asks a service of the index."""

    name: str
    how: str

    def ask(self, which: int) -> int:
        if which == 0:
            found = self._answer(f"/api/figure?q={MARK.replace(' ', '+')}&limit=1")
            assert found["hits"] == found["tunes"] == found["of"]
        elif which == 1:
            info = self._answer("/api/corpora")
            assert info["tunes"] == sum(one["tunes"] for one in info["corpora"])
        else:
            checked = self._answer("/api/check", KESH.encode())
            assert [tune["notes"] for tune in checked["tunes"]] == [8]
        return 1

    def _answer(self, path: str, body: bytes | None = None) -> Any:
        while True:
            connection = HTTPConnection(self.how.removeprefix("http://"), timeout=120)
            connection.request("POST" if body else "GET", path, body)
            response = connection.getresponse()
            content = json.loads(response.read())
            connection.close()
            if response.status == 200:
                return content
            # The index was changed again and again while it was asked: the client is to ask later.
            assert (response.status, "was changed" in content["detail"]) == (503, True), content
            assert response.headers["Retry-After"]
            time.sleep(0.2)
