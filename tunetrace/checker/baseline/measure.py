"""Measuring how much people borrow: every tune of an index against all other tunes.

Generated transcriptions are compared with this baseline. Settings of a tune are left out: what two
settings have in common is not borrowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public
from tunetrace.checker.batch.arrays import Numbers
from tunetrace.checker.batch.joint import JointLongest, SymbolOrder
from tunetrace.checker.batch.spans import SliceMeasures, find_spans, measure_slice
from tunetrace.checker.batch.stream import BatchStream, join_layouts
from tunetrace.checker.measures import SIMILARITY
from tunetrace.errors import IndexFileError
from tunetrace.indexer.bars.segment import packed_places
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.search import melodies_of
from tunetrace.indexer.search.joint import JointArrays
from tunetrace.indexer.store.baseline import store_baseline
from tunetrace.indexer.store.connection import changing
from tunetrace.indexer.store.storage import storage_of
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.tokenizer.layout.bars import lay_out

_TOGETHER: Final = 1000
"""So many tunes are laid out together."""


@dataclass(frozen=True, slots=True, repr=False)
class BaselineReport(Record):
    """What a baseline was measured from, and how the measures are distributed."""

    path: str
    """The index."""
    tunes: int
    """The tunes that were measured."""
    groups: int
    """The different tunes among them; the settings of a tune count once."""
    quantiles: dict[str, tuple[float, float, float]]
    """For each measure, by its name: what 10%, 50% and 90% of the tunes have at most."""


@public
def measure_baseline(
    path: str | Path | None = None, *, similar: bool = False, progress: Progress = silent
) -> BaselineReport:
    """Measure every tune of an index against all others, and store that as its baseline.

    path: the index; the default one if none is given. similar: also how probable it is that the
    most similar other tune is a near copy, which takes some milliseconds for each tune. Settings of
    the same tune are left out. The index cannot be changed meanwhile. Raises IndexFileError if
    there is no index, it cannot be written, or it has no two different tunes.
    """
    storage = storage_of(path)
    with changing(storage) as connection, Index(storage, connection) as index:
        groups = index.catalogue.setting_groups()
        different = len(set(groups.values()))
        if different < 2:
            raise IndexFileError(
                f"{storage.shown}: the index has fewer than two different tunes, so tunes cannot "
                "be compared; add a corpus with 'tunetrace index add'"
            )
        tunes = np.array(sorted(groups), dtype=np.int32)
        measured = _measure(index, tunes, groups, progress)
        values = dict(measured.by_name())
        if similar:
            values[SIMILARITY.name] = _similarity(index, tunes, groups, progress)
        store_baseline(connection, tunes, measured.notes, values)
    return BaselineReport(
        path=storage.shown,
        tunes=len(tunes),
        groups=different,
        quantiles={name: _quantiles(column) for name, column in values.items()},
    )


def _quantiles(values: NDArray[np.float32]) -> tuple[float, float, float]:
    """What 10%, 50% and 90% of the tunes have at most. These are values of actual tunes."""
    low, median, high = np.quantile(values, (0.1, 0.5, 0.9), method="inverted_cdf").tolist()
    return low, median, high


def _measure(
    index: Index, tunes: Numbers, groups: Mapping[int, int], progress: Progress
) -> SliceMeasures:
    """Measure tunes, given by their ids, each against the tunes of other groups."""
    progress("laying out the tunes", 0)
    layouts = (lay_out(index.tokens(tune)) for tune in tunes.tolist())
    stream = join_layouts(layouts, index.vocabulary)
    progress("matching the tunes with one another", len(tunes))
    order = SymbolOrder(index.vocabulary)
    joint = JointArrays(order.places[stream.symbols])
    group = np.array([groups[tune] for tune in tunes.tolist()], dtype=np.int32)
    everywhere = slice(0, len(joint.symbols))
    lengths = joint.matches(np.repeat(group, np.diff(stream.starts)), everywhere)
    matches = JointLongest(joint, lengths, order)
    spans = find_spans(stream, matches)
    progress("measuring them", len(tunes))
    return measure_slice(stream, spans, matches.longest, _bars_of_others(stream, group))


def _similarity(
    index: Index, tunes: Numbers, groups: Mapping[int, int], progress: Progress
) -> NDArray[np.float32]:
    """The probability of the most probable near copy of each tune in another group: (tunes,)."""
    group = np.full(int(tunes.max()) + 1, -1)
    group[tunes] = [groups[tune] for tune in tunes.tolist()]
    found = np.zeros(len(tunes), dtype=np.float32)
    for first in range(0, len(tunes), _TOGETHER):
        progress("seeking similar tunes", first)
        some = tunes[first : first + _TOGETHER]
        melodies = melodies_of([lay_out(index.tokens(tune)) for tune in some.tolist()])
        for place, (tune, melody) in enumerate(zip(some.tolist(), melodies, strict=True), first):
            near = index.near.near(melody, group != group[tune])
            found[place] = max((one.probability for one in near), default=0.0)
    return found


def _bars_of_others(
    stream: BatchStream, group: Numbers
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each bar is in a tune of another group, and whether at the same position."""
    numbers: dict[str, int] = {}
    bars = np.array(
        [numbers.setdefault(text, len(numbers)) for text in stream.bar_keys], dtype=np.int64
    )
    of = np.repeat(group, stream.bars)
    places = packed_places(bars, stream.bar_parts, stream.bar_numbers)
    return _in_several(bars, of), _in_several(places, of)


def _in_several(keys: NDArray[np.int64], groups: Numbers) -> NDArray[np.bool_]:
    """Whether each key is found in more than one group: (n,)."""
    _, key = np.unique(keys, return_inverse=True)
    pairs = np.unique(key.astype(np.int64) << 32 | groups)
    return np.asarray(np.bincount(pairs >> 32)[key] > 1)
