"""How far the expected counts of figures hold: python -m benchmarks.chance CORPUS OTHER.

The model is counted from the tunes of CORPUS. Figures are cut out of OTHER's tunes at random, so
that they are not chosen for standing in CORPUS, and looked for there.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import tunetrace
from benchmarks.corpus import SEED
from benchmarks.output import say, show_table

_LENGTHS: Final = range(2, 13)
_FIGURES: Final = 5_000
"""How many figures are drawn of each length; those that come twice count once."""


def main() -> None:
    """Print, for figures of each length, how often they are expected and how often they stand."""
    corpus, other = sys.argv[1:]
    with TemporaryDirectory(prefix="tunetrace-chance-") as folder:
        path = Path(folder) / "corpus.db"
        tunetrace.build_index([corpus], path)
        with tunetrace.open_index(path) as index:
            _measure(index, other)


def _measure(index: tunetrace.Index, other: str) -> None:
    walls = index.figures.alphabet.boundaries
    tunes = [
        index.vocabulary.encode_known(tune.tokens)
        for tune in tunetrace.read(other)
        if isinstance(tune, tunetrace.Transcription)
    ]
    passing = index.vocabulary.encode([":|"])
    rows = []
    for length in _LENGTHS:
        chance = random.Random(SEED)
        figures = set(_drawn(tunes, length, walls, chance))
        repeating = {figure for figure in figures if passing in figure[:-1]}
        rows.append(
            (str(length), *_row(index, figures), *_row(index, repeating)),
        )
    show_table(
        "Figures by their tokens: how often they are expected, and how often they stand",
        ("tokens", "figures", "expected", "hits", "ratio", "past :|", "expected", "hits", "ratio"),
        rows,
    )
    say(
        f"Up to {_FIGURES:,} figures of each length drawn from {len(tunes):,} tunes of {other}, "
        f"held against the {index.tunes:,} of the corpus; the last four columns are those that go "
        "on after a repeat sign."
    )


def _drawn(tunes: list[bytes], length: int, walls: bytes, chance: random.Random) -> Iterator[bytes]:
    """Figures of this many tokens that cross no wall, drawn from all places of a tune alike."""
    drawn = 0
    while drawn < _FIGURES:
        tune = chance.choice(tunes)
        start = chance.randrange(len(tune))
        figure = tune[start : start + length]
        if len(figure) == length and not any(symbol in walls for symbol in figure):
            drawn += 1
            yield figure


def _row(index: tunetrace.Index, figures: set[bytes]) -> tuple[str, ...]:
    expected = sum(index.backoff.expected(figure) for figure in figures)
    hits = sum(index.figures.count(figure)[1] for figure in figures)
    return f"{len(figures):,}", f"{expected:,.1f}", f"{hits:,}", f"{hits / expected:.2f}"


if __name__ == "__main__":
    main()
