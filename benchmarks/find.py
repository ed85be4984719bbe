"""Queries of several conditions, compared with the slowest of their figures asked alone.

python -m benchmarks.find [INDEX]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.measure import median_seconds
from benchmarks.output import duration, say, show_table
from tunetrace import Filters, Index, find, open_index
from tunetrace.indexer.index import DEFAULT_LIMIT
from tunetrace.indexer.queries.conditions import (
    SamePart,
    Sought,
    leaves_of,
    parse_conditions,
    written,
)

_QUERIES: Final = (
    'opening "G, C C 2" and cadence "D E F D C 3"',
    'opening "c 2 B c" and cadence "C 3"',
    'opening "C D E" or opening "E D C"',
    'opening "C" and not cadence "C"',
    'part 2 bar 1 "c 2 B c" and not opening "C"',
    'bar 4 "C D E" or cadence "E D C"',
    '"C D E" same part as "E D C"',
    '"G, C C 2" and "c 2 B c"',
    '"C D E" and "E D C"',
    '"C" or "D"',
)
_REPETITIONS: Final = 5
_MOST: Final = 1.5


def measure(index: Index) -> None:
    """Print the table: each query, its slowest figure alone, and the ratio of both."""
    rows = [_row(query, index) for query in _QUERIES]
    show_table(
        "   Queries of several conditions, in process",
        ("query", "first", "ratio", "again", "ratio"),
        rows,
    )
    say(
        "The ratio is to the slowest figure of the query asked alone: Index.figure at its place, "
        "or for a cadence a query of nothing else. A query shows all hits of ten tunes, and the "
        "figure alone shows as many. First is without a tune laid out, again is "
        f"after the same query. The budget is {_MOST}. Medians of {_REPETITIONS}."
    )


def _row(query: str, index: Index) -> tuple[str, ...]:
    figures = list(_figures(query))
    shown = sum(len(tune.hits) for tune in find(query, index=index).results)
    times = []
    for is_warm in (False, True):

        def ask(one: str | Sought, is_warm: bool = is_warm) -> object:
            if not is_warm:
                index.layout.cache_clear()
            alone = isinstance(one, Sought)
            return _alone(one, index, shown) if alone else find(one, index=index)

        slowest = max(median_seconds(lambda one=one: ask(one), _REPETITIONS) for one in figures)
        times.append((median_seconds(lambda: ask(query), _REPETITIONS), slowest))
    (first, first_alone), (again, again_alone) = times
    ratios = (f"{first / first_alone:.2f}", f"{again / again_alone:.2f}")
    return (query, duration(first), ratios[0], duration(again), ratios[1])


def _figures(query: str) -> Iterator[Sought]:
    for leaf in leaves_of(parse_conditions(query)):
        yield from leaf.of if isinstance(leaf, SamePart) else (leaf,)


def _alone(sought: Sought, index: Index, shown: int) -> object:
    if sought.is_cadence:
        return find(written(sought, lambda one: one.figure), index=index)
    place = Filters(part=sought.part, bar=sought.bar, onset=sought.onset)
    return index.figure(sought.figure, place, limit=max(shown, DEFAULT_LIMIT))


def main(paths: Sequence[str]) -> None:
    """Measure on an index, by default the user's own."""
    with open_index(*paths) as index:
        measure(index)


if __name__ == "__main__":
    main(sys.argv[1:])
