"""Arrays of an index mapped from files, beside pages of the index that are read when asked for.

python -m benchmarks.mapping [TUNES]

SQLite can open a value and read some bytes of it (sqlite3.Blob). The same searches run here on
either: a figure of eight tokens, and the longest match at each token of a tune.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from benchmarks.corpus import SEED, TUNES, make_tunes
from benchmarks.output import duration, say, show_table
from tunetrace import build_index, open_index
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import SuffixIndex, longest_matches
from tunetrace.indexer.store.schema import PIECE_BYTES
from tunetrace.tokenizer.folkrnn import to_folkrnn

_FIGURES: Final = 200
_CHECKED: Final = 10


class _Pages:
    """An array in the database, of which items are read when they are asked for."""

    def __init__(self, connection: sqlite3.Connection, name: str, item: int) -> None:
        pieces = connection.execute(
            "SELECT piece.rowid FROM piece JOIN array ON array.id = array_id WHERE purpose = "
            "'tokens' AND name = ? AND segment_id = 1 ORDER BY piece.place",
            (name,),
        )
        self._pieces = [
            connection.blobopen("piece", "content", row, readonly=True) for (row,) in pieces
        ]
        self._item = item
        self.length = sum(map(len, self._pieces)) // item

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return self._read(at.start, min(at.stop, self.length) - at.start)
        return int.from_bytes(self._read(at * self._item, self._item), "little")

    def _read(self, at: int, size: int) -> bytes:
        number, offset = divmod(at, PIECE_BYTES)
        self._pieces[number].seek(offset)
        found = self._pieces[number].read(size)
        return (
            found if len(found) == size else found + self._read(at + len(found), size - len(found))
        )


class _PagedIndex(SuffixIndex):
    """A suffix array that is searched where it is stored."""

    def __init__(self, connection: sqlite3.Connection, longest_tune: int) -> None:
        self.text: Any = _Pages(connection, "stream", 1)
        self._suffixes: Any = _Pages(connection, "suffixes", 4)
        self._triples = {}
        self.__dict__["longest_tune"] = longest_tune


def main(tunes: int) -> None:
    """Print a row for each way to read."""
    with TemporaryDirectory() as folder:
        path, corpus = Path(folder) / "i.db", Path(folder) / "corpus.txt"
        corpus.write_text("\n\n".join(to_folkrnn(one) for one in islice(make_tunes(tunes), tunes)))
        build_index([corpus], path)
        with open_index(path) as index, closing(sqlite3.connect(path)) as connection:
            segment = index.figures.segments[0]
            _compare(segment, _PagedIndex(connection, segment.longest_tune))


def _compare(segment: Segment, paged: SuffixIndex) -> None:
    chance = random.Random(SEED)
    stream = segment.symbols.tobytes()
    places = [chance.randrange(len(stream) - 8) for _ in range(_FIGURES)]
    figures = [stream[at : at + 8] for at in places]
    checked = [segment.symbols_of(tune) for tune in segment.tune_ids[:_CHECKED].tolist()]
    rows = []
    found = []
    for name, index in (("mapped", segment), ("pages of the index", paged)):
        figure, of_figures = _timed(index.interval, figures)
        check, of_checks = _timed(partial(longest_matches, index=index), checked)
        found.append((of_figures, np.concatenate([lengths for lengths, _ in of_checks]).tolist()))
        rows.append((name, duration(figure), duration(check)))
    assert found[0] == found[1]
    show_table(
        f"{len(stream):,} tokens in one segment, warm",
        ("array", "a figure", "longest matches of a tune"),
        rows,
    )
    say("Both give the same answers. Times are of the processor, after a first round.")


def _timed(work: Callable[[bytes], Any], given: Sequence[bytes]) -> tuple[float, list[Any]]:
    """The seconds that each of some questions takes, and the answers, after a first round."""
    for one in given:
        work(one)
    begun = time.process_time()
    answers = [work(one) for one in given]
    return (time.process_time() - begun) / len(given), answers


if __name__ == "__main__":
    main(int(sys.argv[1].replace(",", "")) if sys.argv[1:] else TUNES)
