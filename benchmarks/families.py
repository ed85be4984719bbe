"""Families compared with titles: how the tunes of a corpus are grouped, and by other rules.

python -m benchmarks.families [FILE_OR_CORPUS...]

Default: the first 3,000 transcriptions that folk-rnn v2 was trained on, where ../shared stands
beside the checkout, and then music21's three tunebooks.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmarks.corpus import TRAINING
from benchmarks.output import say, show_table
from tunetrace import build_index, find_families, open_index
from tunetrace.corpus.registry import DEFAULT_CORPORA
from tunetrace.indexer.near.families import JOINED, families_of
from tunetrace.indexer.near.graph import NearGraph
from tunetrace.indexer.store.rows.titles import title_key

_CHAINED: Final = (0.5, 0.9, 0.97, 0.99)
_JOINED: Final = (0.3, 0.4, JOINED, 0.6, 0.7)

_KIND: Final = re.compile(r"\s*-{1,2}\s.*|[.,]? *\d(st|nd|rd|th) setting.*", re.IGNORECASE)
"""What Ryan's titles say after the name (`-- Reel`), and O'Neill's of settings."""

Labels = Sequence[Hashable]


def main(sources: Sequence[str]) -> None:
    """Print a table for the sources together, or for the two corpora one after the other."""
    if sources:
        compare(sources)
        return
    if TRAINING.exists():
        compare([str(TRAINING)])
    compare(DEFAULT_CORPORA)


def compare(sources: Iterable[str]) -> None:
    """Group the tunes of sources in several ways and compare each with their titles."""
    given = list(sources)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tunes.db"
        build_index(given, path)
        find_families(path)
        with open_index(path) as index:
            graph = index.graph
            records = index.catalogue.tunes(index.catalogue.setting_groups())
    assert graph is not None
    tunes = graph.tunes.tolist()
    titles = [title_key(_KIND.sub("", records[tune].title)) or tune for tune in tunes]
    rows = [_row("title", titles, titles)]
    for least in _CHAINED:
        rows.append(_row(f"single linkage, {least}", chained(graph, least), titles))
    for joined in _JOINED:
        places = np.searchsorted(graph.tunes, graph.pairs)
        labels = families_of(len(tunes), places, graph.probabilities, joined).tolist()
        mark = " (used)" if joined == JOINED else ""
        rows.append(_row(f"average linkage, {joined}{mark}", labels, titles))
    names = ", ".join(Path(one).name for one in given)
    show_table(
        f"{names}: {len(tunes):,} tunes, {len(graph.pairs):,} pairs",
        ("grouped by", "groups", "tunes", "largest", "prec.", "recall", "Rand"),
        rows,
    )
    say(
        "groups: those of two tunes or more, and the tunes in them. prec.: precision, of the pairs "
        "in one group those of one title. recall: of the pairs of one title those in one group. "
        "Rand: the adjusted Rand index."
    )


def chained(graph: NearGraph, least: float) -> list[int]:
    """Groups by single linkage: tunes that are joined by pairs of at least this probability."""
    chief = {tune: tune for tune in graph.tunes.tolist()}

    def of(tune: int) -> int:
        while chief[tune] != tune:
            chief[tune] = tune = chief[chief[tune]]
        return tune

    for one, two in graph.pairs[graph.probabilities >= least].tolist():
        chief[of(one)] = of(two)
    return [of(tune) for tune in chief]


def _row(name: str, labels: Labels, titles: Labels) -> tuple[str, ...]:
    sizes = sorted(size for size in Counter(labels).values() if size > 1)
    precision, recall, rand = agreement(labels, titles)
    return (
        name, f"{len(sizes):,}", f"{sum(sizes):,}", f"{max(sizes, default=1):,}",
        f"{precision:.3f}", f"{recall:.3f}", f"{rand:.3f}",
    )  # fmt: skip


def agreement(labels: Labels, truth: Labels) -> tuple[float, float, float]:
    """Precision and recall by pairs, and the adjusted Rand index (Hubert and Arabie 1985)."""
    both = _pairs(list(zip(labels, truth, strict=True)))
    found, true = _pairs(labels), _pairs(truth)
    by_chance = found * true / _pairs([0] * len(labels))
    rand = (both - by_chance) / ((found + true) / 2 - by_chance)
    return both / max(found, 1), both / max(true, 1), rand


def _pairs(labels: Labels) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(labels).values())


if __name__ == "__main__":
    main(sys.argv[1:])
